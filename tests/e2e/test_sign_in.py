"""Every way into an account, in a real browser: by code, new password, authenticator, recovery code, passkey.

The demo counts sign-ins as production does, so this file signs up at most six times and fails to sign in
three times.
"""

import re
import secrets
import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Browser, Page, expect

from portal.pages.demo import CODER, DEMO_PASSWORD, STUDENT
from tests.e2e.conftest import Demo, Visit, code_in
from tests.e2e.test_journey import PASSWORD, mail_to, sign_up

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

NEW_PASSWORD = "another four calm words"
TOTP_PERIOD = 30


def new_person(visit: Visit) -> str:
    """Sign someone up; returns their address."""
    email = f"si{secrets.token_hex(4)}@example.com"
    sign_up(visit, email)
    visit.page.wait_for_url("**/today/")
    return email


def press(page: Page, name: str) -> None:
    """Press a button and wait for the page that answers."""
    with page.expect_navigation():
        page.locator("main").get_by_role("button", name=name, exact=True).first.click()


def follow(page: Page, name: "str | re.Pattern[str]") -> None:
    """Follow a link and wait for its page."""
    with page.expect_navigation():
        page.locator("main").get_by_role("link", name=name).first.click()


def sign_out(visit: Visit) -> None:
    page = visit.go("/account/logout/")
    visit.check()
    press(page, "Sign Out")
    expect(page.get_by_role("link", name="Sign in", exact=True)).to_be_visible()


def give_password(visit: Visit, email: str, password: str) -> Page:
    """Send the sign-in form."""
    page = visit.go("/account/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    press(page, "Sign In")
    return page


def give_code(page: Page, code: str, button: str = "Sign In") -> None:
    page.locator("#id_code").fill(code)
    press(page, button)


def confirm_access(visit: Visit, page: Page) -> None:
    """What guards the account asks for the password of a person who has only just signed up."""
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm Access")
    visit.check()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Confirm")


def authenticator_code(secret: str) -> str:
    """What the app shows now, with enough of its thirty seconds left to type it."""
    left = TOTP_PERIOD - time.time() % TOTP_PERIOD
    if left < 4:
        time.sleep(left)
    return format_hotp_value(hotp_value(secret, int(time.time()) // TOTP_PERIOD))


def virtual_authenticator(visit: Visit) -> None:
    """A phone that knows its owner and always says yes."""
    devtools = visit.context.new_cdp_session(visit.page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def test_sign_in_by_code(visit: Visit) -> None:
    email = new_person(visit)
    sign_out(visit)

    page = visit.go("/account/login/")
    visit.check()
    follow(page, "Send me a sign-in code")
    visit.check()
    page.get_by_label("Email").fill(email)
    press(page, "Request Code")
    visit.check()
    confirm = page.url
    code = code_in(mail_to(visit, email, "sign-in code"))
    page = visit.go(confirm)
    give_code(page, code, "Confirm")

    page.wait_for_url("**/today/")
    visit.check()


def test_forgotten_password(visit: Visit) -> None:
    email = new_person(visit)
    sign_out(visit)

    page = visit.go("/account/login/")
    follow(page, re.compile("forgot", re.I))
    visit.check()
    page.get_by_label("Email").fill(email)
    press(page, "Reset My Password")
    visit.check()
    confirm = page.url
    code = code_in(mail_to(visit, email, "reset"))
    page = visit.go(confirm)
    give_code(page, code, "Confirm")
    visit.check()
    page.locator("input[type=password]").first.fill(NEW_PASSWORD)
    for again in page.locator("input[type=password]").all()[1:]:
        again.fill(NEW_PASSWORD)
    press(page, "Change Password")
    expect(page.locator("main")).to_contain_text("Your password is now changed")
    visit.check()

    visit.context.clear_cookies()
    page = give_password(visit, email, PASSWORD)
    expect(page.locator("main")).to_contain_text("not correct")
    visit.check()
    page = give_password(visit, email, NEW_PASSWORD)
    page.wait_for_url("**/today/")


def test_authenticator_and_recovery_codes(visit: Visit) -> None:
    email = new_person(visit)
    page = visit.go("/account/2fa/")
    visit.check()
    follow(page, "Activate")
    confirm_access(visit, page)
    visit.check()
    secret = page.get_by_label("Authenticator secret").input_value()
    give_code(page, authenticator_code(secret), "Activate")
    codes = page.get_by_label("Unused codes").input_value().split()
    visit.check()
    assert len(codes) == 10
    visit.go("/account/2fa/")
    visit.check()
    sign_out(visit)

    # the password alone is not enough, nor is a wrong code
    page = give_password(visit, email, PASSWORD)
    page.wait_for_url("**/2fa/authenticate/")
    visit.check()
    right = authenticator_code(secret)
    give_code(page, f"{(int(right) + 1) % 1_000_000:06}")
    expect(page.locator("main")).to_contain_text("Incorrect code")
    visit.check()
    give_code(page, authenticator_code(secret))
    page.wait_for_url("**/today/")
    sign_out(visit)

    # a recovery code lets in once
    page = give_password(visit, email, PASSWORD)
    give_code(page, codes[0])
    page.wait_for_url("**/today/")
    page = visit.go("/account/2fa/")
    expect(page.locator("main")).to_contain_text("9 out of 10")
    sign_out(visit)
    page = give_password(visit, email, PASSWORD)
    give_code(page, codes[0])
    expect(page.locator("main")).to_contain_text("Incorrect code")
    give_code(page, codes[1])
    page.wait_for_url("**/today/")


def test_passkey(visit: Visit) -> None:
    virtual_authenticator(visit)
    new_person(visit)
    page = visit.go("/account/2fa/webauthn/add/")
    confirm_access(visit, page)
    visit.check()
    page.get_by_label("Name").fill("Jo's phone")
    page.get_by_label("Passwordless").check()
    press(page, "Add")
    expect(page.get_by_label("Unused codes")).to_be_visible()
    page = visit.go("/account/2fa/webauthn/")
    expect(page.locator("main")).to_contain_text("Jo's phone")
    expect(page.locator("main")).to_contain_text("Passkey")
    visit.check()
    follow(page, "Edit")
    visit.check()
    sign_out(visit)

    page = visit.go("/account/login/")
    press(page, "Sign in with a passkey")
    page.wait_for_url("**/today/")
    page = visit.go("/account/2fa/webauthn/")
    follow(page, "Remove")
    visit.check()


def test_sign_out_elsewhere(visit: Visit, browser: Browser, demo: Demo) -> None:
    page = give_password(visit, CODER.email, DEMO_PASSWORD)
    page.wait_for_url("**/today/")
    elsewhere = browser.new_context()
    try:
        other = Visit(elsewhere, demo.url)
        give_password(other, CODER.email, DEMO_PASSWORD).wait_for_url("**/today/")

        page = visit.go("/account/sessions/")
        visit.check()
        press(page, "Sign Out Other Sessions")
        expect(page.locator("main tbody tr")).to_have_count(1)
        visit.check()

        assert "/account/login/" in other.go("/today/").url
        other.check()
        assert visit.go("/today/").url.endswith("/today/")
    finally:
        elsewhere.close()


def sign_up_answer(visit: Visit, email: str) -> tuple[str, str, str]:
    """Path, title and words of what sign-up answers, then after a wrong code, without the address."""
    visit.context.clear_cookies()
    page = visit.go("/account/signup/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Your name").fill("Jo Rivera")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("I have read and accept", exact=False).check()
    press(page, "Sign Up")
    first = page.locator("body").inner_html()
    visit.check()
    give_code(page, "WRNG-CODE", "Confirm")
    seen = first + page.locator("body").inner_html()
    visit.check()
    seen = re.sub(r'(name="csrfmiddlewaretoken" value=")\w+', r"\1", seen).replace(email, "ADDRESS")
    return page.url, page.title(), seen


def test_sign_up_tells_nobody_who_is_known(visit: Visit) -> None:
    unknown = sign_up_answer(visit, f"si{secrets.token_hex(4)}@example.com")
    known = sign_up_answer(visit, STUDENT.email)

    assert known == unknown
    text = mail_to(visit, STUDENT.email, "already exists")
    assert "/account/password/reset/" in text
