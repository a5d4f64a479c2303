"""What a person does about reminders, in a real browser against a real demo: nothing else comes.

The first mail comes by beat and worker. For what comes weeks later the demo's command plays the moment.
"""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from secrets import token_hex

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import ROOT, Demo, Visit
from tests.e2e.credentials import day_where_it_is_day
from tests.e2e.test_journey import record_credential, sign_up

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

KIND = "End of a CE cycle"
#: Days from today to the last day of the cycle; it is told of so many days before.
LEFT, STEPS = 60, (60, 30, 14, 7, 1)


def mails_about_the_cycle(demo: Demo, email: str) -> list[EmailMessage]:
    """Mails to the person that tell how short the cycle is, alone or with other things, the oldest first."""
    found = []
    for path in sorted((demo.var / "mailbox").glob("*.eml")):
        mail = message_from_bytes(path.read_bytes(), policy=default)
        body = mail.get_body(("plain",))
        if mail["To"] == email and body is not None and "CEUs short" in body.get_content():
            found.append(mail)
    return found


def wait_for(what: Callable[[], bool], seconds: int = 120) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.5)


def play(demo: Demo, email: str, days: int) -> None:
    """Plan and deliver this person's reminders as of so many days from now."""
    moment = datetime.now(UTC) + timedelta(days=days)
    environment = {name: value for name, value in os.environ.items() if name != "TESTING"}
    environment |= {"DEMO": "1", "VAR": str(demo.var), "PORT": demo.url.rpartition(":")[2]}
    command = [sys.executable, "manage.py", "reminders", "--at", moment.isoformat(), "--user", email]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)


def wish(page: Page, channel: str = "e-mail") -> Locator:
    return page.get_by_role("checkbox", name=f"{KIND}: {channel}", exact=True)


def save(visit: Visit) -> None:
    visit.page.locator("main").get_by_role("button", name="Save", exact=True).last.click()
    expect(visit.page.locator("body")).to_contain_text("Your reminders are saved.")


def unread(page: Page) -> int:
    """What the bell says."""
    name = page.locator("a.bell").get_attribute("aria-label") or ""
    found = re.search(r"\d+", name)
    return int(found[0]) if found else 0


def test_a_person_stops_pauses_and_reads_reminders_and_gets_nothing_else(visit: Visit, demo: Demo) -> None:
    email = f"rem{token_hex(4)}@example.com"
    sign_up(visit, email)
    today = day_where_it_is_day()
    record_credential(visit, today + timedelta(days=LEFT))

    def count() -> int:
        return len(mails_about_the_cycle(demo, email))

    # the first one comes by itself, into the mailbox and behind the bell
    wait_for(lambda: count() == 1)
    page = visit.go("/today/")
    before = unread(page)
    assert before >= 1
    page.locator("a.bell").click()
    page.wait_for_url("**/reminders/inbox/")
    visit.check()
    told = page.locator("main li", has_text="CEUs short").first
    told.get_by_role("button", name=re.compile("Mark as read")).click()
    expect(page.locator("a.bell")).not_to_have_attribute("aria-label", f"Inbox, {before} unread")
    assert unread(page) == before - 1
    page.locator("main li", has_text="CEUs short").first.get_by_role("link").first.click()
    page.wait_for_url("**/credentials/**")
    if before > 1:
        visit.go("/reminders/inbox/").get_by_role("button", name="Mark all as read").click()
        expect(page.locator("main")).to_contain_text("Everything is marked as read.")
    assert unread(visit.go("/today/")) == 0

    # the mail program's own button: a POST without cookies
    mail = mails_about_the_cycle(demo, email)[-1]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = mail["List-Unsubscribe"].strip(" <>")
    with urllib.request.urlopen(address, data=b"List-Unsubscribe=One-Click", timeout=10) as answer:
        assert answer.status == 200
    page = visit.go("/reminders/")
    visit.check()
    expect(wish(page)).not_to_be_checked()
    play(demo, email, LEFT - STEPS[1])
    assert count() == 1
    assert unread(visit.go("/today/")) >= 1  # the inbox is another wish

    # on again, with a pause: what waits and is still true comes when it ends
    page = visit.go("/reminders/")
    wish(page).check()
    page.get_by_label("No mail until").fill((today + timedelta(days=50)).isoformat())
    save(visit)
    expect(page.locator("main")).to_contain_text("Paused until")
    visit.check()
    play(demo, email, LEFT - STEPS[2])
    assert count() == 1
    play(demo, email, 51)
    assert count() == 2
    page.get_by_role("button", name="Start again now").click()
    expect(page.locator("main")).not_to_contain_text("Paused until")

    # the link in the mail asks first, whoever follows it; the button stops
    page = visit.go("/mailbox/")
    row = page.locator("li, tr").filter(has_text=email).first
    mail_page = row.get_by_role("link").first.get_attribute("href")
    stop = visit.go(f"{mail_page}?as=text").locator('main a[href*="/stop/"]').first.get_attribute("href")
    assert stop is not None
    page = visit.go(stop)
    expect(page.locator("main")).to_contain_text("Nothing has changed yet.")
    visit.check()
    expect(wish(visit.go("/reminders/"))).to_be_checked()
    page = visit.go(stop)
    page.get_by_role("button", name=re.compile("^Stop th")).click()
    expect(page.locator("main")).to_contain_text("You get no more mail of")
    visit.check()
    play(demo, email, LEFT - STEPS[3])
    assert count() == 2

    # undone, and turned off on the page of preferences
    page.get_by_role("button", name="Undo").click()
    page.wait_for_url("**/reminders/")
    expect(wish(page)).to_be_checked()
    wish(page).uncheck()
    save(visit)
    expect(wish(page)).not_to_be_checked()
    play(demo, email, LEFT - STEPS[4])
    assert count() == 2

    # the inbox has all five, and the history says why a mail that was planned did not go
    inbox = visit.go("/reminders/inbox/").locator("main li.note", has_text="CEUs short")
    expect(inbox).to_have_count(len(STEPS))
    page = visit.go("/reminders/history/")
    visit.check()
    expect(page.locator("main")).to_contain_text("you turned it off")
    wish_inbox = wish(visit.go("/reminders/"), "inbox")
    expect(wish_inbox).to_be_checked()
