"""The exam room in a real browser: by keys, offline, in two tabs, without JavaScript."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from portal.pages.demo import DEMO_PASSWORD, STUDENT
from tests.e2e.conftest import Demo, Visit

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

SAVED = re.compile(r"Saved \d\d:\d\d:\d\d")


def sign_in(visit: Visit) -> None:
    page = visit.go("/account/login/")
    page.get_by_label("Email").fill(STUDENT.email)
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.locator("main").get_by_role("button", name=re.compile("sign in", re.I)).first.click()
    expect(page).not_to_have_url(re.compile("login"))


@pytest.fixture
def room(visit: Visit) -> Iterator[Page]:
    """A fresh exam of ten questions."""
    sign_in(visit)
    page = visit.go("/practice/")
    page.locator("main").get_by_role("button", name=re.compile("^(Start|Sit)")).click()
    expect(page.get_by_role("group", name="Question 1 of 10")).to_be_visible()
    expect(page.get_by_role("button", name="Hide the clock")).to_be_visible()  # the script is at work
    yield page
    finish = page.url.split("#")[0] + "finish/"
    visit.context.set_offline(False)
    page = visit.go(finish)
    submit = page.get_by_role("button", name="Submit the exam")
    if submit.count():
        submit.click()


def current(page: Page) -> str:
    return page.locator("[data-where]").inner_text()


def cell(page: Page, number: int, words: str) -> Locator:
    """The grid's link to a question in a state, as a screen reader names it."""
    return page.get_by_role("link", name=re.compile(rf"^{number} ?, {words}$"))


def wait_until_nothing_waits(page: Page) -> None:
    """Until every answer of the browser's queue was acknowledged; the policy forbids polling by eval."""
    for _ in range(100):
        if not page.evaluate(
            "Object.keys(localStorage).filter((key) => key.startsWith('crosswalk.q.')).length"
        ):
            return
        page.wait_for_timeout(100)
    raise AssertionError("answers still wait in the browser")


def test_an_exam_by_keyboard(visit: Visit, room: Page) -> None:
    room.keyboard.press("2")
    expect(room.locator("[data-saved]")).to_have_text(SAVED)
    room.keyboard.press("n")
    assert current(room) == "Question 2 of 10"
    room.keyboard.press("f")
    expect(cell(room, 2, "not answered, flagged")).to_be_visible()
    room.keyboard.press("3")
    expect(cell(room, 2, "answered, flagged")).to_be_visible()
    room.keyboard.press("p")
    assert current(room) == "Question 1 of 10"
    expect(room.get_by_role("radio").nth(1)).to_be_checked()
    room.keyboard.press("2")  # the option in focus is the one that X strikes
    room.keyboard.press("x")
    expect(room.locator("[data-question='1'] .option").nth(1)).to_have_class(re.compile("is-struck"))
    room.get_by_role("button", name="Hide the clock").click()
    expect(room.locator("[data-clock]")).to_be_hidden()
    visit.check()

    wait_until_nothing_waits(room)
    room.reload()
    expect(room.locator("[data-question='1'] .option").nth(1)).to_have_class(re.compile("is-struck"))
    expect(cell(room, 2, "answered, flagged")).to_be_visible()


def test_answers_wait_while_offline_and_survive_a_reload(visit: Visit, room: Page) -> None:
    visit.context.set_offline(True)
    for key in "1n2n3":
        room.keyboard.press(key)
    notice = room.locator("[data-offline]")
    expect(notice).to_have_text("Offline, answers waiting: 3")
    assert len(room.evaluate("Object.keys(localStorage).filter((k) => k.startsWith('crosswalk.q.'))")) == 3

    visit.context.set_offline(False)
    room.on("dialog", lambda dialog: dialog.accept())
    expect(notice).to_be_hidden(timeout=10_000)
    room.reload()
    for number in (1, 2, 3):
        expect(cell(room, number, "answered")).to_be_visible()


def test_of_two_tabs_the_later_choice_counts(visit: Visit, room: Page) -> None:
    other = visit.context.new_page()
    other.goto(room.url)
    for key in ("1", "2", "3"):
        room.keyboard.press(key)
    expect(room.locator("[data-saved]")).to_have_text(SAVED)
    wait_until_nothing_waits(room)
    other.keyboard.press("4")
    expect(other.locator("[data-elsewhere]")).to_be_visible()
    wait_until_nothing_waits(other)
    room.reload()
    expect(room.get_by_role("radio").nth(3)).to_be_checked()
    other.close()


def test_an_exam_without_javascript(browser: Browser, demo: Demo, room: Page) -> None:
    context = browser.new_context(java_script_enabled=False, storage_state=room.context.storage_state())
    page = context.new_page()
    page.goto(room.url)
    form = page.locator("#q-4")
    form.get_by_role("radio").nth(2).check()
    form.get_by_role("button", name="Save answer").click()
    expect(page.locator("#q-4")).to_contain_text(SAVED)
    expect(page.locator("#q-4").get_by_role("radio").nth(2)).to_be_checked()
    page.locator("#q-5").get_by_role("button", name="Flag").click()
    expect(cell(page, 5, "not answered, flagged")).to_be_visible()
    page.get_by_role("link", name="Finish the exam").first.click()
    expect(page.locator("main")).to_contain_text("9 questions are not answered")
    page.get_by_role("button", name="Submit the exam").click()
    expect(page.locator("main")).to_contain_text("The pass line is 70 %")
    context.close()
