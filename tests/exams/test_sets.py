"""Sets that people build: what fits, how many, and what is drawn."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.codesets.models import CodeRef
from courses.exams.actions import (
    EmptyBank,
    finish_attempt,
    mark_item,
    start_attempt,
    start_set,
    submit_answer,
)
from courses.exams.models import (
    Attempt,
    Blueprint,
    Domain,
    Exposure,
    PracticeSettings,
    Question,
    QuestionRevision,
)
from courses.exams.queries.sets import Choice, counts
from tests.exams.conftest import CountSql, MakeQuestion, right, wrong

pytestmark = pytest.mark.django_db

NEW = "/practice/new/"
LABELS = {"all": "All", "unseen": "Unseen", "missed": "Missed", "flagged": "Flagged"}
TAB = "a" * 16


@pytest.fixture(autouse=True)
def now(at: datetime, time_machine: Any) -> Any:
    """Views look at the real clock: it stands at ``at`` until a test moves it."""
    time_machine.move_to(at, tick=False)
    return time_machine


@pytest.fixture
def bank(make_question: MakeQuestion) -> list[QuestionRevision]:
    """Eight questions of two domains."""
    codes = Domain.objects.create(key="codes", title="Codes")
    easy = [make_question(f"q-{number}", difficulty=1) for number in range(1, 6)]
    return easy + [make_question(f"c-{number}", domain=codes, difficulty=4) for number in range(1, 4)]


def keys(attempt: Attempt) -> set[str]:
    return set(attempt.items.values_list("question_revision__question__key", flat=True))


def build(user: User, at: datetime, token: str = "t", **choice: Any) -> Attempt:
    return start_set(user=user, choice=Choice(**{"count": 5} | choice), token=token, at=at)


def sit(user: User, at: datetime, token: str = "sit", missed: tuple[str, ...] = (), **choice: Any) -> Attempt:
    """A finished set whose questions were right but for ``missed``."""
    mine = build(user, at, token, mode="practice", **choice)
    for seq, item in enumerate(mine.items.select_related("question_revision__question"), start=1):
        fields = wrong(item) if item.question_revision.question.key in missed else right(item)
        submit_answer(
            attempt_id=mine.pk,
            user=user,
            position=item.position,
            fields=fields,
            client_id=TAB,
            seq=seq,
            received_at=at,
        )
    finish_attempt(attempt_id=mine.pk, user=user, at=at)
    return mine


# --- what is drawn -----------------------------------------------------------------------------------------
def test_a_set_holds_what_was_chosen(student: User, bank: Any, at: datetime) -> None:
    mine = build(student, at, domains=("codes",), mode="tutor")
    assert keys(mine) == {"c-1", "c-2", "c-3"}
    assert (mine.blueprint, mine.deadline_at, mine.mode) == (None, None, "tutor")
    assert mine.title == "My set: Codes"
    assert mine.built == Choice(domains=("codes",), count=5).as_json()


@pytest.mark.parametrize(
    ("chosen", "drawn"),
    [
        ({"difficulties": (4, 5)}, {"c-1", "c-2", "c-3"}),
        ({"kinds": ("multiple",)}, {"m-1"}),
        ({"domains": ("codes",), "difficulties": (1,)}, None),
    ],
)
def test_a_set_keeps_to_difficulty_and_kind(
    student: User, bank: Any, make_question: MakeQuestion, at: datetime, chosen: Any, drawn: set[str] | None
) -> None:
    several = [{"text": str(n), "rationale": "r", "correct": n < 3} for n in range(1, 5)]
    make_question("m-1", kind="multiple", source={"choices": several})
    if drawn is None:
        with pytest.raises(EmptyBank):
            build(student, at, **chosen)
        assert not Attempt.objects.exists() and not PracticeSettings.objects.exists()
    else:
        assert keys(build(student, at, **chosen)) == drawn


def test_unseen_questions_come_first_then_those_met_longest_ago(
    student: User, bank: Any, at: datetime
) -> None:
    first = sit(student, at, "one")
    second = sit(student, at + timedelta(days=1), "two")
    everything = {f"q-{n}" for n in range(1, 6)} | {f"c-{n}" for n in range(1, 4)}
    assert keys(second) >= everything - keys(first)
    third = sit(student, at + timedelta(days=2), "three")
    # three were met on the second day alone, and two of the first day on both: what rests is the oldest
    assert len(keys(third) & (keys(first) - keys(second))) == len(keys(first) - keys(second))


def test_nothing_stale_retired_or_in_draft_is_drawn(
    student: User, bank: list[QuestionRevision], make_question: MakeQuestion, at: datetime
) -> None:
    make_question("draft", live=False)
    make_question("later", at=at + timedelta(days=1))
    bank[0].code_refs.update(state=CodeRef.State.GONE)
    bank[1].code_refs.update(state=CodeRef.State.NOT_BILLABLE)
    Question.objects.filter(key="q-3").update(retired_at=at)
    Question.objects.filter(key="q-4").update(retired_at=at + timedelta(days=1))
    make_question("q-5", stem="A new text of it.")
    mine = build(student, at, count=20)
    assert keys(mine) == {"q-4", "q-5", "c-1", "c-2", "c-3"}
    newest = mine.items.get(question_revision__question__key="q-5").question_revision
    assert newest.number == 2


def test_nothing_of_a_running_exam_is_drawn(
    student: User, blueprint: Blueprint, bank: Any, at: datetime
) -> None:
    exam = start_attempt(user=student, blueprint=blueprint, at=at)
    mine = build(student, at, count=20)
    assert not keys(exam) & keys(mine) and len(keys(mine)) == 5


def test_no_two_of_an_exclusion_group_are_drawn(
    student: User, make_question: MakeQuestion, at: datetime
) -> None:
    for number in range(30):
        make_question(f"g-{number}", exclusion_group="same")
    make_question("alone")
    mine = build(student, at, count=5)
    assert mine.items.count() == 2 and "alone" in keys(mine)


def test_missed_means_when_met_last(student: User, bank: Any, at: datetime) -> None:
    sit(student, at, "one", domains=("codes",), missed=("c-1", "c-2"))
    assert keys(build(student, at, "two", status="missed")) == {"c-1", "c-2"}
    sit(student, at + timedelta(days=1), "three", status="missed", missed=("c-2",))
    assert keys(build(student, at + timedelta(days=1), "four", status="missed")) == {"c-2"}


def test_flagged_counts_in_finished_and_in_running_attempts(student: User, bank: Any, at: datetime) -> None:
    mine = build(student, at, "one", domains=("codes",), mode="tutor")
    item = mine.items.select_related("question_revision__question").get(position=1)
    mark_item(attempt_id=mine.pk, user=student, position=1, flagged=True)
    flagged = {item.question_revision.question.key}
    assert keys(build(student, at, "two", status="flagged")) == flagged
    submit_answer(
        attempt_id=mine.pk, user=student, position=1, fields=right(item), client_id=TAB, seq=1, received_at=at
    )
    finish_attempt(attempt_id=mine.pk, user=student, at=at)
    assert keys(build(student, at, "three", status="flagged")) == flagged


def test_what_one_attempt_missed_can_be_tried_again(student: User, bank: Any, at: datetime) -> None:
    one = sit(student, at, "one", domains=("codes",), missed=("c-3",))
    sit(student, at, "two", domains=("anatomy",), missed=("q-1",))
    assert keys(build(student, at, "three", of_attempt=one.pk)) == {"c-3"}


def test_a_stranger_s_attempt_gives_nothing(student: User, other: User, bank: Any, at: datetime) -> None:
    theirs = sit(other, at, missed=("q-1", "q-2", "q-3", "q-4", "q-5"))
    with pytest.raises(EmptyBank):
        build(student, at, of_attempt=theirs.pk)


def test_a_timed_set_takes_the_exam_s_pace_for_the_person(
    student: User, bank: Any, make_question: MakeQuestion, at: datetime
) -> None:
    student.time_multiplier = Decimal("1.5")
    mine = build(student, at, mode="exam")
    assert mine.deadline_at == at + timedelta(seconds=5 * 144 * 1.5)


def test_a_part_of_a_case_takes_the_time_of_a_question(
    student: User, make_question: MakeQuestion, at: datetime
) -> None:
    part = {"prompt": "Which?", "kind": "numeric", "answer": "1", "tolerance": "0", "rationale": "One."}
    make_question("case", kind="case_set", source={"parts": [part, part, part]})
    mine = build(student, at, mode="exam")
    assert mine.deadline_at == at + timedelta(seconds=3 * 144)


def test_a_double_click_starts_one_set(student: User, other: User, bank: Any, at: datetime) -> None:
    assert build(student, at).pk == build(student, at).pk
    assert build(other, at).pk != build(student, at).pk
    assert Attempt.objects.owned_by(student).count() == 1


def test_the_choice_is_kept_for_the_next_time(student: User, bank: Any, at: datetime) -> None:
    build(student, at, domains=("codes",), status="unseen")
    kept = PracticeSettings.objects.get(user=student).last_set
    assert Choice.from_json(kept) == Choice(domains=("codes",), status="unseen", count=5)


def test_a_kept_choice_that_means_nothing_any_more_falls_back() -> None:
    kept = {"status": "gone", "kinds": ["gone"], "difficulties": [9], "count": 1000, "mode": "gone"}
    assert Choice.from_json(kept) == Choice(count=100)


@pytest.mark.parametrize("mode", ["exam", "practice"])
def test_starting_takes_the_same_statements_however_many_questions(
    student: User, bank: Any, at: datetime, mode: str, count_sql: CountSql
) -> None:
    for token, count in (("a", 5), ("b", 8)):
        with count_sql(10 if mode == "exam" else 9):  # an exam asks how long its cases take
            build(student, at, token, count=count, mode=mode)


# --- counts ------------------------------------------------------------------------------------------------
def test_each_count_says_what_its_box_would_give(student: User, bank: Any, at: datetime) -> None:
    sit(student, at, domains=("codes",), missed=("c-1",))
    choice = Choice(domains=("codes",), status="missed")
    found = counts(student, choice, at, labels=LABELS)
    assert found.total == 1
    assert {one.value: one.questions for one in found.domains} == {"anatomy": 0, "codes": 1}
    assert {one.value: one.questions for one in found.statuses} == {
        "all": 3,
        "unseen": 0,
        "missed": 1,
        "flagged": 0,
    }
    assert {one.value: one.questions for one in found.difficulties} == {
        "1": 0,
        "2": 0,
        "3": 0,
        "4": 1,
        "5": 0,
    }
    assert {one.value: one.questions for one in found.kinds} == {"single": 1}


def test_counts_agree_with_what_is_drawn(student: User, bank: Any, at: datetime) -> None:
    sit(student, at, missed=("q-1", "c-1"))
    for status in ("all", "unseen", "missed"):
        choice = Choice(status=status, count=100)  # type: ignore[arg-type]  # one of them
        found = counts(student, choice, at, labels=LABELS).total
        drawn = build(student, at, status, status=status, count=100).items.count() if found else 0
        assert found == drawn


@pytest.mark.parametrize("rows", [1, 3])
def test_counting_takes_one_query(
    student: User, make_question: MakeQuestion, at: datetime, rows: int, count_sql: CountSql
) -> None:
    for number in range(rows):
        domain = Domain.objects.create(key=f"d-{number}", title=str(number))
        make_question(f"q-{number}", domain=domain)
    with count_sql(1):
        assert counts(student, Choice(), at, labels=LABELS).total == rows


# --- the page ----------------------------------------------------------------------------------------------
def test_the_page_counts_without_a_script(as_student: Client, bank: Any) -> None:
    page = as_student.get(NEW).content.decode()
    assert '<span class="muted" id="n-domain-codes">3</span>' in page
    sent = {"domain": "codes", "status": "all", "count": "20", "mode": "tutor", "recount": "1", "token": "t"}
    answer = as_student.post(NEW, sent)
    assert answer["Location"] == f"{NEW}?domain=codes&status=all&count=20&mode=tutor"
    page = as_student.get(answer["Location"]).content.decode()
    assert "<strong>3</strong> questions fit: that is the whole set." in page
    assert 'value="codes" checked' in page and not Attempt.objects.exists()


def test_the_script_gets_only_the_numbers(as_student: Client, bank: Any) -> None:
    page = as_student.get(f"{NEW}?difficulty=4&count=5", HTTP_HX_REQUEST="true").content.decode()
    assert "<html" not in page and "3</strong> questions fit" in page
    assert '<span class="muted" id="n-domain-anatomy" hx-swap-oob="true">0</span>' in page


def test_start_opens_the_room_once(as_student: Client, student: User, bank: Any) -> None:
    sent = {"status": "all", "count": "5", "mode": "practice", "token": "f" * 32}
    places = {as_student.post(NEW, sent)["Location"] for _click in range(2)}
    assert places == {Attempt.objects.owned_by(student).get().get_absolute_url()}


def test_a_choice_without_questions_keeps_the_form(as_student: Client, bank: Any) -> None:
    answer = as_student.post(NEW, {"domain": "codes", "difficulty": "5", "count": "7", "mode": "exam"})
    page = answer.content.decode()
    assert answer.status_code == 422 and "No question fits this choice" in page
    assert 'value="codes" checked' in page and 'value="7"' in page and 'value="exam" checked' in page


@pytest.mark.parametrize("count", ["4", "101", "many"])
def test_a_wrong_number_is_named(as_student: Client, bank: Any, count: str) -> None:
    answer = as_student.post(NEW, {"count": count, "mode": "exam"})
    assert answer.status_code == 422 and "from 5 to 100 questions" in answer.content.decode()


def test_an_unknown_domain_starts_nothing(as_student: Client, bank: Any) -> None:
    assert as_student.post(NEW, {"domain": "gone", "count": "5"}).status_code == 422


def test_links_say_what_to_build(as_student: Client, student: User, bank: Any, at: datetime) -> None:
    mine = sit(student, at, domains=("codes",), missed=("c-1", "c-2"))
    page = as_student.get(f"{NEW}?from={mine.pk}").content.decode()
    assert "Only what was not right in" in page and "<strong>2</strong> questions fit" in page
    page = as_student.get(f"{NEW}?missed=1").content.decode()
    assert 'value="missed" checked' in page and "<strong>2</strong> questions fit" in page
    page = as_student.get(f"{NEW}?domain=codes&count=20").content.decode()
    assert 'value="codes" checked' in page


@pytest.mark.parametrize("query", ["from=0", "from=x", "from="])
def test_an_attempt_that_is_not_there_is_not_found(as_student: Client, bank: Any, query: str) -> None:
    assert as_student.get(f"{NEW}?{query}").status_code == 404


def test_a_stranger_s_attempt_is_not_found(as_student: Client, other: User, bank: Any, at: datetime) -> None:
    theirs = sit(other, at, missed=("q-1",))
    assert as_student.get(f"{NEW}?from={theirs.pk}").status_code == 404
    assert as_student.post(NEW, {"of_attempt": theirs.pk, "count": "5"}).status_code == 404


def test_an_empty_bank_teaches(as_student: Client) -> None:
    assert "No question can be asked yet" in as_student.get(NEW).content.decode()


def test_the_page_takes_five_queries(
    as_student: Client, student: User, bank: Any, count_sql: CountSql
) -> None:
    as_student.get(reverse("exams:set_new"))
    with count_sql(5):  # session, person, domains, what was chosen last, counts
        as_student.get(NEW)
    assert not Exposure.objects.exists()
