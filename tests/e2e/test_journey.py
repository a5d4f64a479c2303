"""One person's way through the whole house, in a real browser against a real demo.

Sign-up by code, profile, path, course, lesson, checkpoint, course complete, timed exam, credential, CEUs in
the ledger, reminder in the mailbox, one-click stop; then an editor changes the lesson. Every page on the way
is checked for console errors, accessibility and sideways scrolling.
"""

import re
import secrets
from datetime import UTC, date, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visit, code_in, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

HTMX_AT_WORK = ".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added"
PASSWORD = "four quiet words together"


def zone_where_it_is_day() -> str:
    """A zone on whose clock it is about two in the afternoon now, so that a reminder may go out."""
    offset = 14 - datetime.now(UTC).hour
    offset = offset - 24 if offset > 12 else offset + 24 if offset < -11 else offset
    return f"Etc/GMT{'-' if offset > 0 else '+'}{abs(offset)}" if offset else "Etc/GMT"


def mail_to(visit: Visit, address: str, words: str, *, says: str = "") -> str:
    """Open the newest mail to ``address`` whose subject has ``words``, once it ``says`` that; its text."""
    for _ in range(60):
        page = visit.go("/mailbox/")
        row = page.locator("li, tr").filter(has_text=address).filter(has_text=re.compile(words, re.I))
        if row.count():
            mail = row.first.get_by_role("link").first.get_attribute("href")
            text = visit.go(f"{mail}?as=text").locator("main").inner_text()
            if says in text:
                return text
        page.wait_for_timeout(1000)
    raise AssertionError(f"no mail to {address} about {words}")


def sign_up(visit: Visit, email: str) -> Page:
    page = visit.go("/account/signup/")
    visit.check()
    page.get_by_label("Email").fill(email)
    page.get_by_label("Your name").fill("Jo Rivera")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Time zone").select_option(zone_where_it_is_day())
    page.get_by_label("I have read and accept", exact=False).check()
    page.locator("main").get_by_role("button", name=re.compile("sign up", re.I)).click()
    confirm = page.url
    code = code_in(mail_to(visit, email, "confirm|code|verif"))
    page = visit.go(confirm)
    page.locator("#id_code").fill(code)
    visit.check()
    page.locator("main").get_by_role("button", name=re.compile("confirm|verify|continue", re.I)).first.click()
    return page


def answer_right(page: Page) -> None:
    """Answer each checkpoint of a lesson until it is right, as a learner does."""
    for number in range(page.locator("section.checkpoint").count()):
        here = page.locator("section.checkpoint").nth(number)
        for option in range(4):
            if here.get_by_text("Right", exact=True).count():
                break
            if here.get_by_text("Answer again", exact=True).count():
                here.get_by_text("Answer again", exact=True).click()
            here.get_by_role("radio").nth(option).check()
            with page.expect_response("**/checkpoints/**"):
                here.get_by_role("button", name="Check my answer").click()
            expect(page.locator(HTMX_AT_WORK)).to_have_count(0)


def take_course(visit: Visit, key: str) -> None:
    page = visit.go(f"/courses/{key}/")
    page.get_by_role("button", name="Enrol").click()
    for _ in range(20):
        page = visit.go(f"/courses/{key}/")
        following = page.get_by_role("link", name=re.compile("^(Begin|Continue):"))
        if not following.count():
            break
        following.click()
        answer_right(page)
        page.get_by_role("button", name="Mark as complete").click()
    expect(page.locator("main")).to_contain_text("You completed")


def test_the_journey(visit: Visit) -> None:
    email = f"jo{secrets.token_hex(4)}@example.com"  # eight digits alone would look like a code
    page = sign_up(visit, email)
    page = visit.go("/account/profile/")
    page.get_by_label("Keep a credential alive").check()
    page.get_by_role("button", name="Save profile").click()
    expect(page.locator("main, [role=status]").first).to_be_visible()
    visit.check()

    # home, catalog, preview, path
    for path in ("/", "/guide/", "/catalog/?level=foundation", "/search/?q=laterality", "/today/"):
        visit.go(path)
        visit.check()
    page = visit.go("/paths/become-a-certified-coder/")
    visit.check()
    page.get_by_role("button", name="Follow this path").click()

    # course, lesson, checkpoint, completion
    take_course(visit, "what-coders-do")
    page = visit.go("/courses/what-coders-do/a-day-of-coding-work/")
    visit.check()

    # a code in a lesson opens its entry in the side panel; without JavaScript it is a page
    chip = page.locator("main a.chip").first
    code = chip.inner_text()
    chip.click()
    expect(page.get_by_role("dialog")).to_contain_text(code)
    visit.check()
    page.keyboard.press("Escape")

    # a timed practice exam: saved at once, resumed, scored by domain
    page = visit.go("/practice/")
    visit.check()
    start = page.get_by_role("button", name=re.compile("start as an exam foundations", re.I))
    if not start.count():  # folded
        page.locator("summary", has_text="Foundations practice exam").click()
    start.click()
    room = page.url
    following = page.get_by_role("button", name="Next")
    expect(following).to_be_visible()  # from then on one question is shown
    radios = page.get_by_role("radio")
    while not radios.count():  # of another kind
        following.click()
    radios.first.check()
    expect(page.locator("main")).to_contain_text(re.compile(r"saved \d\d:\d\d:\d\d", re.I))
    visit.check()
    question = page.url
    visit.go("/practice/")
    page = visit.go(question)
    expect(page.get_by_role("radio").first).to_be_checked()
    page = visit.go(f"{room}finish/")
    expect(page.locator("main")).to_contain_text(re.compile("not answered|unanswered", re.I))
    visit.check()
    page.locator("main").get_by_role("button", name=re.compile("submit|finish", re.I)).first.click()
    expect(page.locator("main")).to_contain_text("70")
    visit.check()

    # a credential whose cycle ends in a week: the course's CEUs are in its ledger
    ends = date.today() + timedelta(days=7)
    record_credential(visit, ends)
    page = visit.go("/credentials/")
    expect(page.locator("main")).to_contain_text("short")
    visit.check()

    # the reminder arrives by Celery, and one click stops it
    mail_to(visit, email, "CPC|certificate", says="CEUs short")  # alone, or with the course's certificate
    stop = visit.page.locator('main a[href*="/stop/"]').first.get_attribute("href")
    assert stop is not None
    page = visit.go(stop)
    visit.check()
    page.locator("main").get_by_role("button").first.click()
    expect(page.locator("main")).to_contain_text(re.compile("stopped|no more|will not", re.I))
    page = visit.go("/reminders/")
    visit.check()

    # the real code book, by words and by code
    page = visit.go("/codes/?q=type 2 diabetes foot ulcer")
    expect(page.locator("main")).to_contain_text("E11.621")
    visit.check()
    page = visit.go("/codes/?q=e11621")
    expect(page.locator("main")).to_contain_text("E11.621")

    visit.context.clear_cookies()
    editor_changes_a_lesson(visit)


def record_credential(visit: Visit, last_on: date) -> None:
    """Record a CPC whose running cycle ends with ``last_on``."""
    page = visit.go("/credentials/new/?certification=cpc")
    visit.check()
    page.get_by_label("Number", exact=False).first.fill("01234567")
    page.get_by_label("Certified on").fill((date.today() - timedelta(days=800)).isoformat())
    page.get_by_label("Last day of the running cycle").fill(last_on.isoformat())
    page.get_by_role("button", name="Record it").click()
    expect(page.locator("main")).to_contain_text("CPC is recorded")
    visit.check()


def editor_changes_a_lesson(visit: Visit) -> None:
    """Draft, preview as student, publish; the student sees the new text, the old completion stands."""
    page = sign_in(visit, "editor")
    page = visit.go("/admin/catalog/lesson/?q=three-code-systems")
    page.locator("#result_list tbody th a").first.click()
    expect(page.get_by_role("heading", name="Change lesson")).to_be_visible()
    visit.check()
    before = page.get_by_label("Text", exact=False).last.input_value()
    page.get_by_label("Text", exact=False).last.fill(before + "\n\nA sentence that the editor added.\n")
    page.get_by_role("button", name="Save and continue editing").first.click()
    page.get_by_role("link", name=re.compile("Preview as student")).first.click()
    expect(page.locator("main")).to_contain_text("A sentence that the editor added.")
    visit.check()
    lesson = page.get_by_role("link", name="Back to editing").get_attribute("href")
    assert lesson is not None
    page = visit.go(lesson)
    page.get_by_role("button", name=re.compile(r"^Publish \d+")).first.click()
    expect(page.locator("body")).to_contain_text("students see it now")
    visit.context.clear_cookies()
    sign_in(visit, "student")
    page = visit.go("/courses/what-coders-do/three-code-systems/")
    expect(page.locator("main")).to_contain_text("A sentence that the editor added.")
    expect(page.locator("#completion")).to_contain_text("your completion stands")
