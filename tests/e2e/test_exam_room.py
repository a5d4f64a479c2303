"""The exam room in a real browser: by keys, by touch, with sections, a tutor, books, without the script."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Demo, Visit, sign_in
from tests.e2e.exams import (
    SAVED,
    attempt_of,
    cell,
    counting,
    current,
    ready,
    responses,
    rows,
    signed_in_again,
    start,
    submit,
    tab_to,
    wait_until_nothing_waits,
)

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

QUESTION = "form[data-question]:not([hidden])"


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
    submit(student, attempt)


# --- a whole exam ----------------------------------------------------------------------------------------
def test_a_hundred_questions_by_keyboard_alone(student: Visit, generated: Demo) -> None:
    page = start(student, "generated-mock")
    attempt = attempt_of(page)
    student.check()
    for number in range(1, 101):
        assert current(page) == f"Question {number} of 100"
        page.keyboard.press(str(number % 4 + 1))
        if number % 10 == 0:
            page.keyboard.press("f")
        page.keyboard.press("n")
    wait_until_nothing_waits(page)
    assert len(counting(generated, attempt)) == 100
    student.check()

    tab_to(page, "Finish the exam")
    page.keyboard.press("Enter")
    page.wait_for_url("**/finish/")
    expect(page.locator("main")).to_contain_text("10 questions are flagged")
    student.check()
    tab_to(page, "Submit the exam")
    page.keyboard.press("Enter")
    page.wait_for_url("**/report/")
    expect(page.locator("main")).to_contain_text("of 100 right")
    student.check()


def test_a_hundred_questions_on_a_phone_by_touch(browser: Browser, student: Visit, generated: Demo) -> None:
    context = signed_in_again(
        browser, student, viewport={"width": 375, "height": 740}, has_touch=True, is_mobile=True
    )
    phone = Visit(context, student.base)
    page = start(phone, "generated-mock")
    attempt = attempt_of(page)
    for number in range(1, 101):
        page.locator(f"{QUESTION} .option label").nth(number % 4).tap()
        if number == 50:
            phone.check_rules()
            assert page.evaluate("document.documentElement.scrollWidth") <= 375
        if number < 100:
            page.get_by_role("button", name="Next").tap()
    wait_until_nothing_waits(page)
    assert len(counting(generated, attempt)) == 100
    page.locator("main").get_by_role("link", name="Finish the exam").last.tap()
    page.get_by_role("button", name="Submit the exam").tap()
    page.wait_for_url("**/report/")
    expect(page.locator("main")).to_contain_text("of 100 right")
    assert not phone.complaints, phone.complaints
    context.close()


def test_a_form_of_forty_questions_and_seven_cases(student: Visit, generated: Demo) -> None:
    page = start(student, "generated-cic")
    attempt = attempt_of(page)
    for _number in range(39):
        page.keyboard.press("1")
        page.keyboard.press("n")
    page.keyboard.press("f")
    wait_until_nothing_waits(page)
    page.get_by_role("link", name="Go to section “Fill-in cases”").click()
    expect(page.get_by_role("heading", name="Leave “Multiple choice”?")).to_be_visible()
    expect(page.locator("main")).to_contain_text("1 question is not answered, 1 is flagged")
    student.check()
    page.get_by_role("button", name="Go on").click()
    ready(page)
    assert current(page) == "Question 41 of 47"
    student.check()
    for number in range(41, 48):
        page.locator(f"{QUESTION} input[type=text]").first.fill("e11621")
        page.locator(f"{QUESTION} .option label").first.click()
        if number < 47:
            page.get_by_role("button", name="Next").click()
    wait_until_nothing_waits(page)
    answered = counting(generated, attempt)
    assert len(answered) == 39 + 7
    assert answered[41]["1"] == [{"code": "E11.621", "modifiers": [], "units": "1"}]
    closed = student.go(f"/attempts/{attempt}/sections/1/")
    expect(closed.locator("main")).to_contain_text("This section is closed")
    page = submit(student, attempt)
    expect(page.locator("main")).to_contain_text("of 47")


# --- one question ------------------------------------------------------------------------------------------
def test_keys(student: Visit, room: Page) -> None:
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
    room.keyboard.press("2")  # the option in focus is the one that X strikes
    room.keyboard.press("x")
    expect(room.locator("[data-question='1'] .option").nth(1)).to_have_class(re.compile("is-struck"))
    room.keyboard.press("m")
    room.keyboard.type("Look at n2 / 1 again")  # a field takes every key
    assert current(room) == "Question 1 of 10"
    room.keyboard.press("Shift+Tab")
    room.keyboard.press("j")
    room.keyboard.type("7")
    room.keyboard.press("Enter")
    expect(room.locator("[data-where]")).to_have_text("Question 7 of 10")
    room.keyboard.press("?")
    expect(room.get_by_role("dialog", name="Keys")).to_be_visible()
    room.keyboard.press("Escape")
    room.get_by_role("button", name="Hide the clock").click()
    expect(room.locator("[data-clock]")).to_be_hidden()
    student.check()

    wait_until_nothing_waits(room)
    room.reload()
    expect(room.locator("[data-question='1'] .option").nth(1)).to_have_class(re.compile("is-struck"))
    expect(room.locator("#note-1")).to_have_value("Look at n2 / 1 again")
    expect(cell(room, 2, "answered, flagged")).to_be_visible()


def test_highlights_come_back(room: Page) -> None:
    select = (
        "const text = document.querySelector('#stem-1 p').firstChild;"
        "getSelection().setBaseAndExtent(text, 2, text, 9);"
    )
    room.evaluate(select)
    room.keyboard.press("h")
    expect(room.locator("#stem-1 mark")).to_have_text("patient")
    wait_until_nothing_waits(room)
    room.reload()
    expect(room.locator("#stem-1 mark")).to_have_text("patient")
    room.locator(QUESTION).get_by_role("button", name="Clear highlights").click()
    expect(room.locator("#stem-1 mark")).to_have_count(0)
    room.keyboard.press("h")
    expect(room.locator(QUESTION)).to_contain_text("Select words of the question first")
    wait_until_nothing_waits(room)


def test_the_books_are_beside_the_question_and_told(student: Visit, room: Page, generated: Demo) -> None:
    attempt = attempt_of(room)
    room.keyboard.press("n")
    room.keyboard.press("/")
    pane = room.locator(".reference-pane")
    expect(pane.get_by_role("searchbox")).to_be_focused()
    room.keyboard.type("foot ulcer")
    room.keyboard.press("Enter")
    pane.get_by_role("button", name="E11.621").click()
    title = pane.locator(".code-title")
    expect(title).to_contain_text("E11.621 Type 2 diabetes mellitus with foot ulcer")
    pane.locator("a[data-panel]").first.click()
    expect(title).not_to_contain_text("E11.621")
    pane.get_by_role("button", name="Back").click()
    expect(title).to_contain_text("E11.621")
    student.check()
    pane.get_by_role("button", name="Close").click()
    expect(room.locator(QUESTION)).to_have_attribute("data-question", "2")
    told = rows(
        generated,
        "SELECT event.kind, event.detail, item.position FROM exams_traceevent event"
        " JOIN exams_attemptitem item ON item.id = event.item_id"
        " WHERE event.attempt_id = ? AND event.kind <> 'view' ORDER BY event.id",
        attempt,
    )
    assert told[:2] == [("lookup", "foot ulcer", 2), ("open", "E11.621", 2)] and len(told) == 3


def test_the_time_of_each_question_is_told(student: Visit, room: Page, generated: Demo) -> None:
    attempt = attempt_of(room)
    room.wait_for_timeout(1600)
    room.keyboard.press("n")
    room.wait_for_timeout(1600)
    student.go("/today/")  # told while the page is being left
    room.wait_for_timeout(500)
    told = rows(
        generated,
        "SELECT item.position, event.seconds FROM exams_traceevent event"
        " JOIN exams_attemptitem item ON item.id = event.item_id WHERE event.attempt_id = ? ORDER BY 1",
        attempt,
    )
    assert [position for position, _seconds in told] == [1, 2]
    assert all(1 <= seconds <= 6 for _position, seconds in told)


# --- every kind --------------------------------------------------------------------------------------------
def fill(page: Page, kind: str, scope: str) -> None:
    """Answer the question in ``scope`` somehow."""
    fields = page.locator(scope)
    for select in fields.locator("select").all():
        select.select_option(index=1)
    if kind == "ordering":
        for place, select in enumerate(fields.locator("select").all(), start=1):
            select.select_option(index=place)
    if fields.locator(".option input").count():
        fields.locator(".option input").first.check()
    for field in fields.locator("input[type=text]").all():
        label = field.locator("xpath=ancestor::label").inner_text()
        words = "2" if "Units" in label else "LT" if "Modifiers" in label else "J1100"
        field.fill("12.5" if kind == "numeric" else "e11.9" if kind == "case_set" else words)


KINDS = ("single", "true_false", "multiple", "ordering", "matching", "entry", "numeric", "case_set")


def by_kind(page: Page) -> dict[str, int]:
    """Where the question of each kind stands."""
    found = {}
    for form in page.locator("form[data-question]").all():
        text = form.locator(".stem").first.text_content() or ""
        found[text.strip().rstrip(".").split()[-1]] = int(str(form.get_attribute("data-question")))
    return found


def test_every_kind_is_saved_as_it_is_filled_in(student: Visit, generated: Demo) -> None:
    page = start(student, "generated-kinds")
    attempt, places = attempt_of(page), by_kind(page)
    for kind in KINDS:
        page.locator(f"[data-cell='{places[kind]}']").click()
        fill(page, kind, QUESTION)
        if kind == "ordering":
            page.locator(f"{QUESTION} .moves button").first.click()
    wait_until_nothing_waits(page)
    student.check()
    assert set(counting(generated, attempt)) == set(places.values())
    page.reload()
    ready(page)
    for place in places.values():
        expect(cell(page, place, "answered")).to_be_visible()
    submit(student, attempt)


def test_what_cannot_be_an_answer_is_said_at_its_question(student: Visit, generated: Demo) -> None:
    page = start(student, "generated-kinds")
    attempt, place = attempt_of(page), by_kind(page)["numeric"]
    page.locator(f"[data-cell='{place}']").click()
    field = page.locator(f"{QUESTION} input[type=text]")
    field.fill("about ten")
    expect(page.locator(QUESTION).get_by_role("alert")).to_be_visible()
    expect(field).to_have_value("about ten")
    expect(cell(page, place, "not answered")).to_be_visible()
    student.check()
    field.fill("10")
    expect(page.locator(QUESTION).get_by_role("alert")).to_be_hidden()
    expect(cell(page, place, "answered")).to_be_visible()
    wait_until_nothing_waits(page)
    assert counting(generated, attempt) == {place: "10"}
    submit(student, attempt)


def test_every_kind_without_javascript(browser: Browser, student: Visit, generated: Demo) -> None:
    context = signed_in_again(browser, student, java_script_enabled=False)
    plain = Visit(context, student.base)
    page = start(plain, "generated-kinds", is_scripted=False)
    attempt, places = attempt_of(page), by_kind(page)
    for kind in KINDS:
        form = f"#q-{places[kind]}"
        fill(page, kind, f"{form} fieldset.question")
        page.locator(form).get_by_role("button", name="Save answer").click()
        expect(page.locator(form)).to_contain_text(SAVED)
    assert set(counting(generated, attempt)) == set(places.values())
    page.locator("#q-2").get_by_role("button", name="Flag").click()
    expect(cell(page, 2, "answered, flagged")).to_be_visible()
    page.get_by_role("link", name="Reference").click()
    page.get_by_role("searchbox").last.fill("foot ulcer")
    page.get_by_role("button", name="Look up").click()
    page.get_by_role("button", name="E11.621").click()
    expect(page.locator("main")).to_contain_text("Type 2 diabetes mellitus with foot ulcer")
    page.get_by_role("link", name="Back to the questions").click()
    page.get_by_role("link", name="Finish the exam").first.click()
    expect(page.locator("main")).to_contain_text("All questions are answered")
    page.get_by_role("button", name="Submit the exam").click()
    expect(page).to_have_url(re.compile("/report/"))
    context.close()


# --- sections, tutor ----------------------------------------------------------------------------------------
def test_a_break_and_a_section_with_a_clock(student: Visit, generated: Demo) -> None:
    page = start(student, "generated-clocks")
    attempt = attempt_of(page)
    page.get_by_role("link", name="Go to section “Second”").click()
    page.get_by_role("button", name="Take the break").click()
    expect(page.locator("[data-clock]")).to_have_text(re.compile("^00:09:5|^00:10:00"))
    student.check()
    page.get_by_role("button", name="Go on").click()
    ready(page)
    expect(page.locator("[data-section-clock]")).to_have_text(re.compile("^00:04:5|^00:05:00"))
    student.check()
    # the section ends first: its questions are closed, the exam goes on
    rows(
        generated,
        "UPDATE exams_attemptsection SET deadline_at = datetime('now', '+3 seconds')"
        " WHERE attempt_id = ? AND position = 2",
        attempt,
    )
    page.keyboard.press("1")  # tells the page when it ends
    expect(page.get_by_role("heading", name="“Second” is closed")).to_be_visible(timeout=10_000)
    page.get_by_role("button", name="Go on").click()
    ready(page)
    assert current(page) == "Question 5 of 6"
    assert counting(generated, attempt).keys() == {3}
    submit(student, attempt)


def test_a_tutored_set_explains_pauses_and_goes_on(student: Visit, generated: Demo) -> None:
    page = start(student, "generated-small", "tutor")
    attempt = attempt_of(page)
    expect(page.locator("[data-clock]")).to_have_count(0)
    page.locator(f"{QUESTION} .option label").first.click()
    page.locator(QUESTION).get_by_role("button", name="Check my answer").click()
    expect(page.locator("[data-revealed-part]")).to_contain_text("Rationale 1 of question")
    expect(page.locator("[data-revealed-part]")).to_be_focused()
    student.check()
    page.keyboard.press("n")
    page.locator(QUESTION).get_by_role("button", name="Check my answer").click()
    expect(page.locator(QUESTION).get_by_role("alert")).to_contain_text("Nothing is answered yet")
    page.keyboard.press("1")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("main")).to_contain_text("Paused")
    student.check()
    page.get_by_role("button", name="Go on").click()
    ready(page)
    expect(page.locator("[data-question='1']")).to_have_attribute("data-revealed", "")
    assert [position for position, *_rest in responses(generated, attempt)] == [1, 2]
    submit(student, attempt)
