"""The exam room's own rules: sections, breaks, pauses, explanations before the end, the books beside it."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.codesets.models import GuidelineSection, Release
from courses.exams.actions import add_time, start_attempt, submit_answer
from courses.exams.models import (
    Attempt,
    Blueprint,
    BlueprintDomain,
    BlueprintSection,
    ItemMark,
    Response,
    Sitting,
    TraceEvent,
)
from courses.exams.queries.reference import day_of_edition
from tests.exams.conftest import CANARY, CountSql, MakeBlueprint, MakeQuestion, right, wrong
from tests.exams.kinds.samples import SAMPLES

pytestmark = pytest.mark.django_db

TAB = "a" * 16


@pytest.fixture(autouse=True)
def now(at: datetime, time_machine: Any) -> Any:
    """Views look at the real clock: it stands at ``at`` until a test moves it."""
    time_machine.move_to(at, tick=False)
    return time_machine


def url(name: str, attempt: Attempt, *args: Any) -> str:
    return reverse(f"exams:{name}", args=[attempt.pk, *args])


def page(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def send(client: Client, attempt: Attempt, **sent: Any) -> Any:
    return client.post(url("answer", attempt), json.dumps(sent), content_type="application/json")


@pytest.fixture
def tutored(student: User, blueprint: Blueprint, at: datetime) -> Attempt:
    return start_attempt(user=student, blueprint=blueprint, at=at, mode="tutor")


@pytest.fixture
def make_sectioned(
    make_blueprint: MakeBlueprint, make_question: MakeQuestion, student: User, at: datetime
) -> Any:
    """An exam of three sections of two questions each; ``first`` says what is special about the first."""

    def make(second: dict[str, Any] | None = None, **first: Any) -> Attempt:
        for number in range(1, 8):
            make_question(f"q-{number}")
        blueprint = make_blueprint("sectioned", count=2, minutes=60)
        blueprint.sections.update(title="One", **first)
        domain = blueprint.sections.get().domains.get().domain
        for position, title in ((2, "Two"), (3, "Three")):
            fields = (second or {}) if position == 2 else {}
            section = BlueprintSection.objects.create(
                blueprint=blueprint, title=title, position=position, **fields
            )
            BlueprintDomain.objects.create(section=section, domain=domain, count=2)
        return start_attempt(user=student, blueprint=blueprint, at=at)

    return make


# --- starting ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("mode", "is_timed"), [("exam", True), ("tutor", False), ("practice", False)])
def test_start_takes_the_mode(
    as_student: Client, blueprint: Blueprint, student: User, mode: str, is_timed: bool
) -> None:
    as_student.post(reverse("exams:start", args=["mock"]), {"mode": mode})
    started = Attempt.objects.owned_by(student).get()
    assert (started.mode, started.deadline_at is not None) == (mode, is_timed)
    assert ("data-remaining" in page(as_student, url("attempt", started))) == is_timed


def test_start_in_no_mode_that_there_is_is_not_found(as_student: Client, blueprint: Blueprint) -> None:
    assert as_student.post(reverse("exams:start", args=["mock"]), {"mode": "x"}).status_code == 404
    assert not Attempt.objects.exists()


@pytest.mark.parametrize(("opens", "starts"), [(-1, True), (1, False)])
def test_a_scheduled_exam_starts_in_its_hours(
    as_student: Client, blueprint: Blueprint, at: datetime, opens: int, starts: bool
) -> None:
    opens_at = at + timedelta(hours=opens)
    sitting = Sitting.objects.create(
        blueprint=blueprint, title="Friday", opens_at=opens_at, closes_at=opens_at + timedelta(hours=2)
    )
    answer = as_student.post(reverse("exams:start_sitting", args=[sitting.pk]), follow=True)
    assert Attempt.objects.exists() == starts
    assert ("cannot be started now" in answer.content.decode()) != starts


# --- sections ------------------------------------------------------------------------------------------
def test_one_section_has_no_bar(as_student: Client, attempt: Attempt) -> None:
    assert 'aria-label="Sections"' not in page(as_student, url("attempt", attempt))


def test_a_page_holds_one_section_and_numbers_through_the_exam(
    as_student: Client, make_sectioned: Any
) -> None:
    attempt = make_sectioned()
    first, second = page(as_student, url("attempt", attempt)), page(as_student, url("section", attempt, 2))
    assert first.count("data-question=") == second.count("data-question=") == 2
    assert "Question 1 of 6" in first and "Question 3 of 6" in second
    assert f"{url('answer', attempt)}?section=2" in second


def test_a_form_of_a_section_comes_back_to_it(as_student: Client, make_sectioned: Any) -> None:
    attempt = make_sectioned()
    item = attempt.items.get(position=3)
    sent = {"position": 3, **right(item)}
    answer = as_student.post(f"{url('answer', attempt)}?section=2", sent)
    assert answer["Location"] == url("section", attempt, 2) + "#q-3"


def test_leaving_a_section_without_return_is_asked_about(as_student: Client, make_sectioned: Any) -> None:
    attempt = make_sectioned(no_return=True)
    send(as_student, attempt, position=1, answer=right(attempt.items.get(position=1)), client_id=TAB, seq=1)
    send(as_student, attempt, position=2, flagged=True)
    asked = page(as_student, url("section", attempt, 2))
    assert "Leave “One”?" in asked and "1 question is not answered" in asked and "1 is flagged" in asked
    assert "You cannot come back" in asked and "data-question" not in asked
    assert as_student.post(url("section", attempt, 2))["Location"] == url("section", attempt, 2)
    closed = as_student.get(url("section", attempt, 1))
    assert closed.status_code == 409 and "data-question" not in closed.content.decode()
    assert "Question 3 of 6" in page(as_student, url("attempt", attempt))
    refused = send(as_student, attempt, position=1, answer={"choice": ["1"]}, client_id=TAB, seq=2)
    assert refused.status_code == 409 and "closed" in refused.json()


def test_a_section_further_on_shows_and_takes_nothing(as_student: Client, make_sectioned: Any) -> None:
    attempt = make_sectioned(no_return=True)
    answer = as_student.get(url("section", attempt, 3))
    assert answer.status_code == 409 and "data-question" not in answer.content.decode()
    as_student.post(url("section", attempt, 3))
    assert attempt.sections.get(position=3).opened_at is None
    refused = send(as_student, attempt, position=5, answer={"choice": ["1"]}, client_id=TAB, seq=1)
    assert refused.status_code == 409 and "not open yet" in refused.json()["waits"]
    assert not Response.objects.exists()


def test_a_section_with_a_clock_shows_both(as_student: Client, make_sectioned: Any, now: Any) -> None:
    attempt = make_sectioned({"minutes": 5})
    asked = page(as_student, url("section", attempt, 2))
    assert "Go on to “Two”?" in asked and "you can come back" in asked and "5 minutes" in asked
    as_student.post(url("section", attempt, 2))
    shown = page(as_student, url("section", attempt, 2))
    assert 'data-remaining="300"' in shown and 'data-exam-remaining="3600"' in shown
    assert "data-section-clock" in shown
    saved = send(as_student, attempt, position=3, answer={"choice": ["1"]}, client_id=TAB, seq=1)
    assert saved.json()["remaining_s"] == 300


def test_a_section_whose_time_is_over_leads_on(
    as_student: Client, make_sectioned: Any, now: Any, at: datetime
) -> None:
    attempt = make_sectioned(minutes=5)
    now.move_to(at + timedelta(minutes=5, seconds=1))
    shown = page(as_student, url("attempt", attempt))
    assert "Its time was over" in shown and "Next: “Two”" in shown and "data-question" not in shown
    as_student.post(url("section", attempt, 2))
    assert "Question 3 of 6" in page(as_student, url("attempt", attempt))


def test_a_break_stands_between_sections(
    as_student: Client, make_sectioned: Any, now: Any, at: datetime
) -> None:
    attempt = make_sectioned(break_minutes=10)
    asked = page(as_student, url("section", attempt, 2))
    assert "A break of 10 minutes" in asked and "Go on without a break" in asked
    as_student.post(url("take_break", attempt, 1))
    shown = page(as_student, url("attempt", attempt))
    assert 'data-remaining="600"' in shown and "data-question" not in shown
    now.move_to(at + timedelta(minutes=4))
    as_student.post(url("section", attempt, 2))
    attempt.refresh_from_db()
    assert attempt.deadline_at == at + timedelta(minutes=64)
    assert 'data-exam-remaining="3600"' in page(as_student, url("attempt", attempt))


def test_a_break_that_ran_over_says_that_the_clock_runs(
    as_student: Client, make_sectioned: Any, now: Any, at: datetime
) -> None:
    attempt = make_sectioned(break_minutes=10)
    as_student.post(url("take_break", attempt, 1))
    now.move_to(at + timedelta(minutes=11))
    assert "has been running since" in page(as_student, url("attempt", attempt))


def test_finish_lists_what_is_open_section_by_section(as_student: Client, make_sectioned: Any) -> None:
    attempt = make_sectioned()
    send(as_student, attempt, position=1, answer=right(attempt.items.get(position=1)), client_id=TAB, seq=1)
    shown = page(as_student, url("finish", attempt))
    assert "1 question is not answered" in shown and shown.count("2 questions are not answered") == 2
    assert url("section", attempt, 2) + "#q-3" in shown


# --- time ----------------------------------------------------------------------------------------------
def test_added_time_is_said_and_counted(
    as_student: Client, attempt: Attempt, editor: User, at: datetime
) -> None:
    add_time(attempt=attempt, minutes=5, reason="Fire alarm", by=editor, at=at)
    shown = page(as_student, url("attempt", attempt))
    assert 'data-remaining="900"' in shown and "5 minutes were added to your time" in shown


def test_a_page_that_did_not_hear_of_added_time_does_not_end_the_exam(
    as_student: Client, attempt: Attempt, editor: User, now: Any, at: datetime
) -> None:
    ended = attempt.deadline_at
    add_time(attempt=attempt, minutes=5, reason="Fire alarm", by=editor, at=at)
    now.move_to(ended)
    answer = as_student.post(url("finish", attempt), {"time_over": "1"})
    assert answer["Location"] == url("attempt", attempt)
    now.move_to(ended + timedelta(minutes=5))
    answer = as_student.post(url("finish", attempt), {"time_over": "1"})
    assert answer["Location"] == url("report", attempt)


# --- pauses --------------------------------------------------------------------------------------------
def test_a_paused_set_shows_no_question_and_keeps_answers_waiting(
    as_student: Client, tutored: Attempt
) -> None:
    as_student.post(url("pause", tutored))
    shown = page(as_student, url("attempt", tutored))
    assert "Paused" in shown and "data-question" not in shown
    assert as_student.get(url("reference", tutored))["Location"] == url("attempt", tutored)
    refused = send(as_student, tutored, position=1, answer={"choice": ["1"]}, client_id=TAB, seq=1)
    assert refused.status_code == 409 and refused.json().keys() == {"waits"}
    as_student.post(url("resume", tutored))
    assert send(as_student, tutored, position=1, answer={"choice": ["1"]}, client_id=TAB, seq=1).json()[
        "is_answered"
    ]


def test_an_exam_cannot_be_paused(as_student: Client, attempt: Attempt) -> None:
    as_student.post(url("pause", attempt))
    attempt.refresh_from_db()
    assert attempt.paused_at is None
    assert "Pause" not in page(as_student, url("attempt", attempt))


# --- explained before the end --------------------------------------------------------------------------
def test_a_tutored_question_is_explained_in_its_place(as_student: Client, tutored: Attempt) -> None:
    item = tutored.items.get(position=1)
    send(as_student, tutored, position=1, answer=wrong(item), client_id=TAB, seq=1)
    explained = as_student.post(url("reveal", tutored, 1)).content.decode()
    assert explained.count(f"{CANARY} rationale") == 4 and f"{CANARY} citation" in explained
    assert "Not right" in explained and "Your answer, not right" in explained
    shown = page(as_student, url("attempt", tutored))
    assert shown.count(f"{CANARY} rationale") == 4 and shown.count("data-revealed-part") == 1
    late = send(as_student, tutored, position=1, answer=right(item), client_id=TAB, seq=2)
    assert late.status_code == 409 and "closed" in late.json()


def test_a_tutored_form_without_the_script_saves_and_explains(as_student: Client, tutored: Attempt) -> None:
    item = tutored.items.get(position=2)
    answer = as_student.post(url("reveal", tutored, 2), {"position": 2, **right(item)})
    assert answer["Location"] == url("attempt", tutored) + "#q-2"
    assert "Your answer, right" in page(as_student, url("attempt", tutored))
    again = as_student.post(url("reveal", tutored, 2), {"position": 2, **wrong(item)})
    assert again.status_code == 302 and Response.objects.count() == 1


@pytest.mark.parametrize("mode", ["exam", "practice"])
def test_nothing_is_explained_before_the_end_of_others(
    as_student: Client, blueprint: Blueprint, student: User, at: datetime, mode: str
) -> None:
    started = start_attempt(user=student, blueprint=blueprint, at=at, mode=mode)
    assert as_student.post(url("reveal", started, 1)).status_code == 404
    assert CANARY not in page(as_student, url("attempt", started))


# --- every kind ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", SAMPLES)
def test_every_kind_has_its_form_in_the_room(
    as_student: Client,
    make_question: MakeQuestion,
    make_blueprint: MakeBlueprint,
    student: User,
    at: datetime,
    kind: str,
) -> None:
    make_question("q", kind=kind, source=SAMPLES[kind])
    blueprint = make_blueprint(count=1)
    blueprint.sections.update(kinds=[kind])
    started = start_attempt(user=student, blueprint=blueprint, at=at)
    shown = page(as_student, url("attempt", started))
    assert "Question 1 of 1" in shown and "is-answered" not in shown
    emptied = send(as_student, started, position=1, answer={}, client_id=TAB, seq=1)
    assert emptied.json()["is_answered"] is False


def test_what_cannot_be_an_answer_is_said_and_not_kept(
    as_student: Client,
    make_question: MakeQuestion,
    make_blueprint: MakeBlueprint,
    student: User,
    at: datetime,
) -> None:
    make_question("q", kind="numeric", source=SAMPLES["numeric"])
    blueprint = make_blueprint(count=1)
    blueprint.sections.update(kinds=["numeric"])
    started = start_attempt(user=student, blueprint=blueprint, at=at)
    refused = send(as_student, started, position=1, answer={"number": ["many"]}, client_id=TAB, seq=1)
    assert refused.status_code == 422 and refused.json()["errors"]["answer"][0]
    assert not Response.objects.exists()


# --- marks ---------------------------------------------------------------------------------------------
def test_marks_come_back_with_the_page(as_student: Client, attempt: Attempt) -> None:
    for what in ({"note": 'Why </textarea> "so"?'}, {"highlights": [[1, 5], [9, 12]]}):
        assert send(as_student, attempt, position=2, **what).json() == {"saved_at": "15:00:00"}
    shown = page(as_student, url("attempt", attempt))
    assert "Why &lt;/textarea&gt; &quot;so&quot;?" in shown
    assert 'data-highlights="[[1, 5], [9, 12]]"' in shown
    mark = ItemMark.objects.get()
    assert (mark.note, mark.highlights) == ('Why </textarea> "so"?', [[1, 5], [9, 12]])


def test_a_note_of_a_plain_form_is_saved_with_the_answer(as_student: Client, attempt: Attempt) -> None:
    sent = {"position": 1, "note": "Look again", **right(attempt.items.get(position=1))}
    as_student.post(url("answer", attempt), sent)
    assert (ItemMark.objects.get().note, Response.objects.count()) == ("Look again", 1)


@pytest.mark.parametrize(
    "what",
    [{"highlights": [[1]]}, {"highlights": [[1, "2"]]}, {"highlights": [[-1, 2]]}, {"note": "x" * 2001}],
)
def test_marks_that_cannot_be_read_are_refused(as_student: Client, attempt: Attempt, what: Any) -> None:
    assert send(as_student, attempt, position=1, **what).status_code == 422
    assert not ItemMark.objects.exists()


# --- trace ---------------------------------------------------------------------------------------------
def tell(client: Client, attempt: Attempt, *steps: Any, client_id: str = TAB) -> Any:
    sent = {"client_id": client_id, "steps": steps}
    return client.post(url("trace", attempt), json.dumps(sent), content_type="application/json")


def test_time_of_a_question_is_kept_once(as_student: Client, attempt: Attempt) -> None:
    step = {"seq": 1, "position": 2, "seconds": 40}
    for _turn in range(2):
        assert tell(as_student, attempt, step, {"seq": 2, "position": 1, "seconds": 5}).status_code == 204
    events = TraceEvent.objects.order_by("seq").values_list("kind", "item__position", "seconds")
    assert list(events) == [("view", 2, 40), ("view", 1, 5)]


@pytest.mark.parametrize(
    "step",
    [
        {"seq": 1, "position": 1},
        {"seq": 0, "position": 1, "seconds": 1},
        {"seq": 1, "position": 1, "seconds": 10**6},
        {"seq": 2**31, "position": 1, "seconds": 1},
        "x",
    ],
)
def test_steps_that_cannot_be_read_are_refused(as_student: Client, attempt: Attempt, step: Any) -> None:
    assert tell(as_student, attempt, step).status_code == 422
    assert not TraceEvent.objects.exists()


def test_steps_of_a_stranger_are_not_found(attempt: Attempt, other: User) -> None:
    client = Client()
    client.force_login(other)
    assert tell(client, attempt, {"seq": 1, "position": 1, "seconds": 1}).status_code == 404
    assert not TraceEvent.objects.exists()


# --- the books -----------------------------------------------------------------------------------------
@pytest.fixture
def books(world: Any) -> Any:
    """A world with codes; its student sits an exam of an edition."""
    Attempt.objects.filter(pk=world.attempt.pk).update(edition="ICD-10-CM Sample")
    GuidelineSection.objects.create(
        ref="I.C.4.a", title="Diabetes", edition="FY2026", effective_from=date(2019, 10, 1), position=1
    )
    world.as_taker = Client()
    world.as_taker.force_login(world.student)
    return world


@pytest.fixture
def real_now(time_machine: Any, now: Any) -> Any:
    """The world was made when the clock already stood."""
    return now


def test_edition_names_the_day_of_its_release(books: Any) -> None:
    today = date(2026, 11, 23)
    release = Release.objects.filter(system="icd10cm", book="codes").get()
    for edition in ("ICD-10-CM Sample", "Sample"):
        assert day_of_edition(edition, today) == release.effective_from
    assert day_of_edition("FY1999", today) == day_of_edition("", today) == today


def test_reference_shows_what_is_allowed(books: Any) -> None:
    Blueprint.objects.update(books="Any book")
    shown = page(books.as_taker, url("reference", books.attempt))
    assert "Any book" in shown and "I.C.4.a" in shown and "ICD-10-CM Sample" in shown
    assert not TraceEvent.objects.exists()


def test_a_look_up_is_found_and_noted(books: Any) -> None:
    answer = books.as_taker.post(url("reference", books.attempt), {"q": "diabetes", "position": "2"})
    assert "E11.9" in answer.content.decode()
    event = TraceEvent.objects.get()
    assert (event.kind, event.detail, event.item.position) == ("lookup", "diabetes", 2)


def test_an_entry_that_is_opened_is_shown_and_noted(books: Any) -> None:
    sent = {"q": "diabetes", "code": "icd10cm E11.9"}
    answer = books.as_taker.post(url("reference", books.attempt), sent, headers={"HX-Request": "true"})
    shown = answer.content.decode()
    assert "without complications" in shown and "<html" not in shown
    assert TraceEvent.objects.values_list("kind", "detail").get() == ("open", "E11.9")


@pytest.mark.parametrize("code", ["icd10cm Z99.99", "nothing E11.9", "cpt 99213"])
def test_an_entry_that_is_not_there_says_so(books: Any, code: str) -> None:
    answer = books.as_taker.post(url("reference", books.attempt), {"code": code})
    assert answer.status_code == 200 and "in none of the books" in answer.content.decode()


def test_the_books_of_a_stranger_are_not_found(books: Any) -> None:
    assert books.client("other").get(url("reference", books.attempt)).status_code == 404
    assert books.client("other").post(url("reference", books.attempt), {"q": "x"}).status_code == 404
    assert not TraceEvent.objects.exists()


# --- cost ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [1, 5])
def test_room_takes_five_queries(
    as_student: Client, blueprint: Blueprint, student: User, at: datetime, count: int, count_sql: CountSql
) -> None:
    BlueprintDomain.objects.filter(section__blueprint=blueprint).update(count=count)
    attempt = start_attempt(user=student, blueprint=blueprint, at=at)
    for item in attempt.items.all():
        submit_answer(
            user=student,
            attempt_id=attempt.pk,
            position=item.position,
            fields=right(item),
            client_id=TAB,
            seq=1,
            received_at=at,
        )
    as_student.get(url("attempt", attempt))
    with count_sql(5):  # session, person, attempt, sections, questions
        as_student.get(url("attempt", attempt))


@pytest.mark.parametrize("count", [1, 3])
def test_tutored_room_takes_seven_queries(
    as_student: Client, tutored: Attempt, count: int, count_sql: CountSql
) -> None:
    for position in range(1, count + 1):
        as_student.post(url("reveal", tutored, position))
    with count_sql(7):  # and what was revealed, with its sources
        as_student.get(url("attempt", tutored))
