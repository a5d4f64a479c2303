"""The exam room when things break: no network, two devices, a killed tab, a wrong clock."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import Error as PlaywrightError

from tests.e2e.conftest import Demo, Visit, sign_in
from tests.e2e.exams import (
    SAVED,
    WAITING,
    attempt_of,
    cell,
    chosen,
    counting,
    ends_in,
    ready,
    responses,
    rows,
    signed_in_again,
    start,
    submit,
    wait_until_nothing_waits,
)

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]


@pytest.fixture
def student(visit: Visit, generated: Demo) -> Visit:
    sign_in(visit, "student")
    return visit


@pytest.fixture
def room(student: Visit) -> Iterator[Page]:
    """A fresh exam of ten questions."""
    page = start(student, "generated-small")
    attempt = attempt_of(page)
    yield page
    if not page.is_closed():
        page.on("dialog", lambda dialog: dialog.accept())
    submit(student, attempt)


def test_on_a_train_answers_wait_and_land_in_order(student: Visit, room: Page, generated: Demo) -> None:
    attempt, url = attempt_of(room), room.url
    room.keyboard.press("4")
    wait_until_nothing_waits(room)
    student.context.set_offline(True)
    for key in "1n2n3p4":
        room.keyboard.press(key)
    notice = room.locator("[data-offline]")
    expect(notice).to_have_text("Offline, answers waiting: 4")
    asked = []
    room.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    with suppress(PlaywrightError):  # there is no page without a network
        room.reload()
    assert asked == ["beforeunload"]

    student.context.set_offline(False)
    room.goto(url)
    ready(room)
    wait_until_nothing_waits(room)
    landed = [(position, seq) for position, _value, seq, _late in responses(generated, attempt)]
    assert [position for position, _seq in landed] == [1, 1, 2, 3, 2]
    assert [seq for _position, seq in landed] == sorted(seq for _position, seq in landed)
    for number in (1, 2, 3):
        expect(cell(room, number, "answered")).to_be_visible()
    room.locator("[data-cell='2']").click()
    assert list(chosen(room)) == [3]


def test_a_page_that_was_loaded_before_shows_what_waits(student: Visit, room: Page, generated: Demo) -> None:
    """A second tab gets its page while the first one's answers have not arrived."""
    attempt = attempt_of(room)
    room.route("**/answer/", lambda route: route.abort())
    room.keyboard.press("3")
    expect(room.locator("[data-offline]")).to_contain_text("answers waiting: 1")
    other = student.context.new_page()
    other.route("**/answer/", lambda route: route.abort())
    other.goto(room.url)
    expect(other.locator("[data-offline]")).to_contain_text("answers waiting: 1")
    assert list(chosen(other)) == [2]
    assert not responses(generated, attempt)
    other.unroute("**/answer/")
    wait_until_nothing_waits(other)
    room.unroute("**/answer/")
    assert len(responses(generated, attempt)) == 1
    other.close()


def test_of_two_tabs_the_later_choice_counts(student: Visit, room: Page) -> None:
    other = student.context.new_page()
    other.goto(room.url)
    ready(other)
    for key in ("1", "2", "3"):
        room.keyboard.press(key)
    expect(room.locator("[data-saved]")).to_have_text(SAVED)
    wait_until_nothing_waits(room)
    other.keyboard.press("4")
    expect(other.locator("[data-elsewhere]")).to_be_visible()
    wait_until_nothing_waits(other)
    room.reload()
    ready(room)
    assert list(chosen(room)) == [3]
    other.close()


def test_of_two_devices_both_land_and_the_greatest_number_counts(
    browser: Browser, student: Visit, room: Page, generated: Demo
) -> None:
    attempt = attempt_of(room)
    context = signed_in_again(browser, student)
    other = context.new_page()
    other.goto(room.url)
    ready(other)
    student.context.set_offline(True)
    for key in "1234":  # four answers to one question while there is no network
        room.keyboard.press(key)
    other.keyboard.press("1")
    other.keyboard.press("n")
    other.keyboard.press("2")
    wait_until_nothing_waits(other)
    student.context.set_offline(False)
    wait_until_nothing_waits(room)
    expect(room.locator("[data-elsewhere]")).to_be_visible()
    landed = responses(generated, attempt)
    assert len(landed) == 6 and not any(late for *_rest, late in landed)
    of_first = [(seq, value) for position, value, seq, _late in landed if position == 1]
    assert counting(generated, attempt)[1] == max(of_first)[1]
    other.reload()
    ready(other)
    other.locator("[data-cell='1']").click()
    assert list(chosen(other)) == [3]
    context.close()


def test_an_answer_three_seconds_before_the_end_counts_though_the_tab_is_killed(
    student: Visit, generated: Demo
) -> None:
    """A5, five times: no last minutes in which nothing is saved."""
    scored = 0
    for _run in range(5):
        page = start(student, "generated-small")
        attempt = attempt_of(page)
        ends_in(generated, attempt, 4.2)
        page.reload()
        ready(page)
        expect(page.locator("[data-clock]")).to_have_text("00:00:03")
        page.locator("form[data-question]:not([hidden]) .option label", has_text="which is right").click()
        page.wait_for_timeout(2000)
        page.close()
        student.page = student.context.new_page()
        submit(student, attempt)
        assert [late for *_rest, late in responses(generated, attempt)] == [False]
        [(correct,)] = rows(generated, "SELECT correct FROM exams_score WHERE attempt_id = ?", attempt)
        scored += correct
    print(f"\nA5 answered at T-3 s, tab killed at T-1 s: {scored} of 5 scored")
    assert scored == 5


def test_what_is_typed_in_the_last_seconds_is_saved_at_once(student: Visit, generated: Demo) -> None:
    page = start(student, "generated-kinds")
    attempt = attempt_of(page)
    field = page.locator("form[data-question] input[type=text][inputmode=decimal]")
    place = int(str(field.locator("xpath=ancestor::form").get_attribute("data-question")))
    ends_in(generated, attempt, 8)
    page.reload()
    ready(page)
    page.locator(f"[data-cell='{place}']").click()
    field.press("7")
    page.wait_for_timeout(300)
    page.close()
    student.page = student.context.new_page()
    assert counting(generated, attempt) == {place: "7"}
    submit(student, attempt)


def kill_renderers(browser: Browser) -> None:
    """SIGKILL for every process that draws pages of this test's browser."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    for process in processes:
        if process["type"] == "renderer":
            os.kill(process["id"], signal.SIGKILL)


def test_a_killed_renderer_loses_nothing_that_was_answered_a_second_before(
    browser: Browser, student: Visit, generated: Demo
) -> None:
    """A6: what was acknowledged is there; what was only typed while offline is sent by the next page."""
    page = start(student, "generated-small")
    attempt, url = attempt_of(page), page.url
    page.keyboard.press("1")
    expect(page.locator("[data-saved]")).to_have_text(SAVED)
    student.context.set_offline(True)
    for key in "n2n3":
        page.keyboard.press(key)
    page.wait_for_timeout(1100)
    kill_renderers(browser)
    page.close()
    student.context.set_offline(False)
    student.page = student.context.new_page()
    page = student.go(url)
    ready(page)
    wait_until_nothing_waits(page)
    assert counting(generated, attempt).keys() == {1, 2, 3}
    submit(student, attempt)


WRONG_CLOCK = """
const Real = Date, off = %d * 3600000;
globalThis.Date = class extends Real {
  constructor(...given) { given.length ? super(...given) : super(Real.now() + off); }
  static now() { return Real.now() + off; }
};
"""


@pytest.mark.parametrize("hours", [-12, 12])
def test_the_browsers_clock_decides_nothing(
    browser: Browser, student: Visit, generated: Demo, hours: int
) -> None:
    """A7: the time shown follows the server's, and what comes late does not count."""
    context = signed_in_again(browser, student)
    context.add_init_script(WRONG_CLOCK % hours)
    other = Visit(context, student.base)
    page = start(other, "generated-small")
    attempt = attempt_of(page)
    ends_in(generated, attempt, 100)
    page.keyboard.press("1")
    expect(page.locator("[data-saved]")).to_have_text(SAVED)
    expect(page.locator("[data-clock]")).to_have_text(re.compile("^00:01:3"))
    [(left,)] = rows(
        generated,
        "SELECT (julianday(deadline_at) - julianday('now')) * 86400 FROM exams_attempt WHERE id = ?",
        attempt,
    )
    minutes, seconds = page.locator("[data-clock]").inner_text().split(":")[1:]
    drift = int(minutes) * 60 + int(seconds) - left
    print(f"\nA7 browser {hours:+} h: the clock is {drift:+.1f} s off after a save")
    assert -1 <= drift <= 2  # whole seconds are shown, rounded up

    # without its timers the page never ends by itself; the server does not need it to
    page.evaluate("for (let timer = 0; timer < 100000; timer += 1) clearTimeout(timer)")
    ends_in(generated, attempt, -31)
    page.keyboard.press("n")
    page.keyboard.press("2")
    expect(page.get_by_role("heading", name="The time is over")).to_be_visible()
    assert [late for *_rest, late in responses(generated, attempt)] == [False, True]
    submit(student, attempt)
    assert rows(
        generated,
        "SELECT COUNT(*) FROM exams_itemresult result JOIN exams_score score ON"
        " score.id = result.score_id WHERE score.attempt_id = ? AND result.response_id IS NOT NULL",
        attempt,
    ) == [(1,)]
    context.close()


def test_the_end_submits_by_itself_and_added_time_is_not_cut_off(student: Visit, generated: Demo) -> None:
    page = start(student, "generated-small")
    attempt = attempt_of(page)
    ends_in(generated, attempt, 4)
    page.reload()
    ready(page)
    ends_in(generated, attempt, 9)  # somebody adds time, and the page has not heard of it
    page.wait_for_url(re.compile(rf"/attempts/{attempt}/$"), timeout=10_000)
    expect(page.locator("[data-clock]")).to_have_text(re.compile("00:00:0[1-6]"), timeout=10_000)
    page.wait_for_url("**/report/", timeout=15_000)


def test_signing_in_again_elsewhere_lets_the_answers_through(
    student: Visit, room: Page, generated: Demo
) -> None:
    attempt = attempt_of(room)
    cookies = student.context.cookies()
    student.context.clear_cookies(name="sessionid")
    room.keyboard.press("1")
    expect(room.locator("[data-offline]")).to_contain_text("You are signed out")
    assert room.evaluate(WAITING) == 1
    student.context.clear_cookies()
    again = Visit(student.context, student.base)
    sign_in(again, "student")  # with a new token
    again.page.close()
    assert cookies
    wait_until_nothing_waits(room)
    assert counting(generated, attempt).keys() == {1}
