"""Starting, answering, finishing and sweeping attempts: each way that each action can end."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from courses.codesets.models import CodeRef
from courses.exams import kinds
from courses.exams.actions import (
    AttemptClosed,
    EmptyBank,
    NoSuchItem,
    finish_attempt,
    mark_item,
    start_attempt,
    submit_answer,
    sweep_overdue,
)
from courses.exams.models import (
    Attempt,
    AttemptItem,
    Blueprint,
    BlueprintDomain,
    ItemMark,
    Question,
    Response,
    Score,
)
from courses.exams.signals import attempt_finished
from courses.exams.tasks import sweep_attempts
from courses.progress.models import RequirementMet
from tests.exams.conftest import CountSql, MakeBlueprint, MakeQuestion, right, wrong

pytestmark = pytest.mark.django_db

TAB, OTHER_TAB = "a" * 16, "b" * 16


def answer(item: AttemptItem, fields: Any, at: datetime, **changes: Any) -> Any:
    return submit_answer(
        **{
            "user": item.attempt.user,
            "attempt_id": item.attempt_id,
            "position": item.position,
            "fields": fields,
            "client_id": TAB,
            "seq": 1,
            "received_at": at,
        }
        | changes
    )


# --- starting ----------------------------------------------------------------------------------------
def test_start_attempt_draws_the_blueprint(attempt: Attempt, at: datetime) -> None:
    items = list(attempt.items.select_related("question_revision"))
    assert (attempt.number, attempt.state, attempt.title, attempt.pass_percent) == (
        1,
        "open",
        "Mock exam",
        70,
    )
    assert attempt.deadline_at - at == timedelta(minutes=10)
    assert [item.position for item in items] == [1, 2, 3]
    for item in items:
        assert sorted(item.order) == [1, 2, 3, 4]


def test_start_attempt_returns_the_open_one(attempt: Attempt, student: User, blueprint: Blueprint) -> None:
    later = attempt.started_at + timedelta(minutes=5)
    assert start_attempt(user=student, blueprint=blueprint, at=later) == attempt


def test_start_attempt_closes_an_overdue_one_first(
    attempt: Attempt, student: User, blueprint: Blueprint
) -> None:
    later = attempt.deadline_at + timedelta(seconds=31)
    second = start_attempt(user=student, blueprint=blueprint, at=later)
    attempt.refresh_from_db()
    assert second.number == 2
    assert attempt.submitted_by_system and attempt.scores.get().total == 3


def test_start_attempt_again_prefers_unseen_questions(
    attempt: Attempt, student: User, blueprint: Blueprint, at: datetime
) -> None:
    finish_attempt(attempt_id=attempt.pk, user=student, at=at)
    second = start_attempt(user=student, blueprint=blueprint, at=at + timedelta(hours=1))
    first_seen = set(attempt.items.values_list("question_revision", flat=True))
    second_seen = set(second.items.values_list("question_revision", flat=True))
    assert len(first_seen & second_seen) == 1  # five in the bank, three an exam


def test_start_attempt_gives_more_time_to_who_needs_it(
    make_person: Any, blueprint: Blueprint, at: datetime
) -> None:
    slow = make_person("slow@example.com", time_multiplier=Decimal("1.50"))
    assert start_attempt(user=slow, blueprint=blueprint, at=at).deadline_at == at + timedelta(minutes=15)


def test_start_attempt_draws_no_draft_retired_or_stale_question(
    student: User, make_question: MakeQuestion, make_blueprint: MakeBlueprint, at: datetime
) -> None:
    good = make_question("good")
    make_question("draft", live=False)
    Question.objects.filter(pk=make_question("retired").question_id).update(retired_at=at)
    make_question("gone").code_refs.filter(code="E11.9").update(state=CodeRef.State.GONE)
    make_question("split").code_refs.filter(code="E11.9").update(state=CodeRef.State.NOT_BILLABLE)
    attempt = start_attempt(user=student, blueprint=make_blueprint(count=5), at=at)
    assert [item.question_revision for item in attempt.items.all()] == [good]
    assert attempt.lacking == [{"title": "Anatomy", "count": 4}]


def test_start_attempt_pins_the_live_revision(
    student: User, make_question: MakeQuestion, make_blueprint: MakeBlueprint, at: datetime
) -> None:
    make_question("q")
    second = make_question("q")
    make_question("q", live=False)
    attempt = start_attempt(user=student, blueprint=make_blueprint(count=1), at=at)
    assert attempt.items.get().question_revision == second


def test_start_attempt_refuses_an_empty_bank(
    student: User, make_blueprint: MakeBlueprint, at: datetime
) -> None:
    with pytest.raises(EmptyBank):
        start_attempt(user=student, blueprint=make_blueprint(), at=at)
    assert not Attempt.objects.exists()


# --- answering ---------------------------------------------------------------------------------------
def test_submit_answer_appends(attempt: Attempt, at: datetime) -> None:
    item = attempt.items.get(position=1)
    saved = answer(item, right(item), at + timedelta(minutes=1))
    assert (saved.seq, saved.remaining_s, saved.elsewhere, saved.late) == (1, 540, False, False)
    assert {"choice": [str(item.responses.get().value)]} == right(item)


def test_submit_answer_takes_two_statements(attempt: Attempt, at: datetime, count_sql: CountSql) -> None:
    item = attempt.items.select_related("attempt__user").get(position=1)
    choice = right(item)
    with count_sql(2):
        answer(item, choice, at)


def test_submit_answer_again_is_harmless(attempt: Attempt, at: datetime) -> None:
    item = attempt.items.get(position=1)
    assert answer(item, right(item), at) == answer(item, right(item), at)
    assert item.responses.count() == 1


def test_submit_answer_without_seq_comes_after_all_known(attempt: Attempt, at: datetime) -> None:
    item = attempt.items.get(position=1)
    answer(item, right(item), at, seq=41)
    saved = answer(item, wrong(item), at, seq=None, client_id=OTHER_TAB)
    assert saved.seq == 42
    assert [str(Response.objects.newest_first()[0].value)] == wrong(item)["choice"]


def test_submit_answer_tells_of_another_tab(attempt: Attempt, at: datetime) -> None:
    first, second = attempt.items.filter(position__lte=2)
    answer(first, right(first), at)
    assert answer(second, right(second), at, client_id=OTHER_TAB).elsewhere
    later = at + timedelta(minutes=6)
    assert not answer(second, right(second), later, client_id=OTHER_TAB, seq=2).elsewhere


def test_submit_answer_tells_a_slow_tab_the_greatest_seq(attempt: Attempt, at: datetime) -> None:
    item = attempt.items.get(position=1)
    answer(item, right(item), at, seq=9)
    assert answer(item, wrong(item), at, client_id=OTHER_TAB, seq=3).seq == 9
    assert [str(Response.objects.newest_first()[0].value)] == right(item)["choice"]


def test_submit_answer_of_a_stranger_is_refused(attempt: Attempt, other: User, at: datetime) -> None:
    item = attempt.items.get(position=1)
    with pytest.raises(NoSuchItem):
        answer(item, right(item), at, user=other)
    assert not Response.objects.exists()


@pytest.mark.parametrize("choice", ["5", "0", "x", "1\x00", "1" * 10_000])
def test_submit_answer_refuses_what_is_no_option(attempt: Attempt, at: datetime, choice: str) -> None:
    with pytest.raises(kinds.BadAnswer):
        answer(attempt.items.get(position=1), {"choice": [choice]}, at)
    assert not Response.objects.exists()


def test_submit_answer_taken_back_counts_as_none(attempt: Attempt, student: User, at: datetime) -> None:
    item = attempt.items.get(position=1)
    assert answer(item, right(item), at).is_answered
    assert not answer(item, {}, at, seq=2).is_answered
    score = finish_attempt(attempt_id=attempt.pk, user=student, at=at)
    assert score.correct == 0
    assert score.results.get(item=item).response is None


def test_submit_answer_refuses_an_unknown_position(attempt: Attempt, at: datetime) -> None:
    item = attempt.items.get(position=1)
    with pytest.raises(NoSuchItem):
        answer(item, right(item), at, position=99)


def test_submit_answer_refuses_a_submitted_attempt(attempt: Attempt, student: User, at: datetime) -> None:
    item = attempt.items.get(position=1)
    finish_attempt(attempt_id=attempt.pk, user=student, at=at)
    with pytest.raises(AttemptClosed):
        answer(item, right(item), at)
    assert not Response.objects.exists()


@pytest.mark.parametrize(
    ("seconds", "late", "correct"), [(-0.2, False, 1), (29.9, False, 1), (30.1, True, 0), (3600, True, 0)]
)
def test_submit_answer_is_judged_by_the_receipt_stamp(
    attempt: Attempt, student: User, seconds: float, late: bool, correct: int
) -> None:
    item = attempt.items.get(position=1)
    saved = answer(item, right(item), attempt.deadline_at + timedelta(seconds=seconds))
    score = finish_attempt(attempt_id=attempt.pk, user=student, at=attempt.deadline_at)
    assert (saved.late, saved.remaining_s) == (late, 0)
    assert item.responses.get().late is late
    assert score.correct == correct


def test_submit_answer_after_the_sweeper_is_kept_as_late(attempt: Attempt) -> None:
    item = attempt.items.get(position=1)
    now = attempt.deadline_at + timedelta(seconds=31)
    sweep_overdue(at=now)
    assert answer(item, right(item), now).late
    assert item.responses.get().late
    assert attempt.scores.get().correct == 0


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.permutations(
        [(tab, seq, n) for n, (tab, seq) in enumerate([(TAB, 1), (TAB, 3), (OTHER_TAB, 3), (OTHER_TAB, 2)])]
    )
)
def test_newest_answer_is_the_same_in_any_order(
    attempt: Attempt, at: datetime, order: list[tuple[str, int, int]]
) -> None:
    Response.objects.all().delete()
    item = attempt.items.get(position=1)
    for tab, seq, number in [*order, *order[:2]]:
        answer(item, {"choice": [str(number + 1)]}, at, client_id=tab, seq=seq)
    assert item.responses.count() == 4
    assert item.responses.newest_first()[0].value == 3


# --- flags -------------------------------------------------------------------------------------------
def test_mark_item_on_and_off(attempt: Attempt, student: User) -> None:
    for flagged in (True, True, False):
        mark_item(user=student, attempt_id=attempt.pk, position=2, flagged=flagged)
        assert ItemMark.objects.get().flagged is flagged


def test_mark_item_keeps_what_is_not_named(attempt: Attempt, student: User) -> None:
    order = attempt.items.get(position=2).order
    mark_item(user=student, attempt_id=attempt.pk, position=2, flagged=True)
    mark_item(user=student, attempt_id=attempt.pk, position=2, struck=[order[1], 10**6])
    mark = ItemMark.objects.get()
    assert (mark.flagged, mark.struck) == (True, [order[1]])


def test_mark_item_of_a_stranger_is_refused(attempt: Attempt, other: User) -> None:
    with pytest.raises(NoSuchItem):
        mark_item(user=other, attempt_id=attempt.pk, position=2, flagged=True)


def test_mark_item_of_a_submitted_attempt_is_refused(attempt: Attempt, student: User, at: datetime) -> None:
    finish_attempt(attempt_id=attempt.pk, user=student, at=at)
    with pytest.raises(AttemptClosed):
        mark_item(user=student, attempt_id=attempt.pk, position=2, flagged=True)


# --- finishing ---------------------------------------------------------------------------------------
def answer_all(attempt: Attempt, at: datetime, *, correct: int) -> None:
    for item in attempt.items.all():
        answer(item, right(item) if item.position <= correct else wrong(item), at)


def test_finish_attempt_scores_by_domain(attempt: Attempt, student: User, at: datetime) -> None:
    answer_all(attempt, at, correct=2)
    score = finish_attempt(attempt_id=attempt.pk, user=student, at=at)
    assert (score.correct, score.total, score.percent, score.passed) == (2, 3, Decimal("66.66"), False)
    assert score.domains == [
        {"key": "anatomy", "title": "Anatomy", "correct": 2, "points": "2.000", "total": 3}
    ]
    assert list(score.results.order_by("item__position").values_list("is_correct", "points")) == [
        (True, 1),
        (True, 1),
        (False, 0),
    ]
    assert not RequirementMet.objects.exists()


def test_finish_attempt_passed_meets_the_requirement(attempt: Attempt, student: User, at: datetime) -> None:
    answer_all(attempt, at, correct=3)
    assert finish_attempt(attempt_id=attempt.pk, user=student, at=at).passed
    assert RequirementMet.objects.owned_by(student).filter(kind="exam_passed", key="mock").count() == 1


def test_finish_attempt_of_a_shortened_exam_is_no_proof(
    student: User, make_question: MakeQuestion, make_blueprint: MakeBlueprint, at: datetime
) -> None:
    make_question("only")
    attempt = start_attempt(user=student, blueprint=make_blueprint(count=3), at=at)
    answer_all(attempt, at, correct=1)
    assert finish_attempt(attempt_id=attempt.pk, user=student, at=at).passed
    assert not RequirementMet.objects.exists()


def test_finish_attempt_takes_the_newest_answer(attempt: Attempt, student: User, at: datetime) -> None:
    item = attempt.items.get(position=1)
    answer(item, wrong(item), at, seq=2)
    answer(item, right(item), at, seq=1)
    score = finish_attempt(attempt_id=attempt.pk, user=student, at=at)
    assert score.correct == 0
    assert score.results.get(item=item).response.seq == 2


def test_finish_attempt_twice_gives_the_same_result_and_one_signal(
    attempt: Attempt, student: User, at: datetime
) -> None:
    told: list[Attempt] = []
    attempt_finished.connect(lambda **sent: told.append(sent["attempt"]), weak=False, dispatch_uid="test")
    try:
        first = finish_attempt(attempt_id=attempt.pk, user=student, at=at)
        second = finish_attempt(attempt_id=attempt.pk, user=student, at=at + timedelta(minutes=1))
    finally:
        attempt_finished.disconnect(dispatch_uid="test")
    assert first == second
    assert told == [attempt]
    assert Score.objects.count() == 1


def test_finish_attempt_of_a_stranger_is_refused(attempt: Attempt, other: User, at: datetime) -> None:
    with pytest.raises(Attempt.DoesNotExist):
        finish_attempt(attempt_id=attempt.pk, user=other, at=at)
    finish_attempt(attempt_id=attempt.pk, user=attempt.user, at=at)
    with pytest.raises(Attempt.DoesNotExist):
        finish_attempt(attempt_id=attempt.pk, user=other, at=at)


@pytest.mark.parametrize("count", [1, 5])
def test_finish_attempt_takes_a_constant_number_of_queries(
    student: User,
    blueprint: Blueprint,
    at: datetime,
    count: int,
    count_sql: CountSql,
) -> None:
    BlueprintDomain.objects.filter(section__blueprint=blueprint).update(count=count)
    attempt = start_attempt(user=student, blueprint=blueprint, at=at)
    answer_all(attempt, at, correct=5)
    # close, answers, score, results, what was met, requirement
    with count_sql(6):
        finish_attempt(attempt_id=attempt.pk, user=student, at=at)


def test_attempt_is_scored_by_what_held_when_it_began(
    attempt: Attempt, blueprint: Blueprint, student: User, make_question: MakeQuestion, at: datetime
) -> None:
    answer_all(attempt, at, correct=3)
    Blueprint.objects.update(pass_percent=100, title="Another")
    for number in range(1, 6):
        make_question(f"q-{number}", right=4)
    score = finish_attempt(attempt_id=attempt.pk, user=student, at=at)
    assert (score.correct, score.passed) == (3, True)


def test_deleting_a_person_takes_their_attempts_along(attempt: Attempt, student: User, at: datetime) -> None:
    answer_all(attempt, at, correct=1)
    finish_attempt(attempt_id=attempt.pk, user=student, at=at)
    student.delete()
    assert not Response.objects.exists()


# --- sweeping ----------------------------------------------------------------------------------------
def test_sweep_overdue_closes_once(attempt: Attempt) -> None:
    after = attempt.deadline_at + timedelta(seconds=31)
    assert [sweep_overdue(at=after), sweep_overdue(at=after)] == [1, 0]
    attempt.refresh_from_db()
    assert (attempt.state, attempt.submitted_by_system, attempt.submitted_at) == ("submitted", True, after)
    assert Score.objects.count() == 1


def test_sweep_overdue_leaves_time_and_grace(attempt: Attempt) -> None:
    assert sweep_overdue(at=attempt.deadline_at + timedelta(seconds=30)) == 0


def test_sweep_overdue_keeps_its_limit(
    blueprint: Blueprint, student: User, other: User, at: datetime
) -> None:
    for user in (student, other):
        start_attempt(user=user, blueprint=blueprint, at=at)
    assert [sweep_overdue(at=at + timedelta(days=1), limit=1) for _ in range(3)] == [1, 1, 0]


def test_sweep_attempts_task(attempt: Attempt, time_machine: Any) -> None:
    time_machine.move_to(attempt.deadline_at + timedelta(minutes=1))
    sweep_attempts()
    assert Score.objects.count() == 1


# --- statements through HTTP, those for session and person included --------------------------------------
@pytest.fixture
def at_work(attempt: Attempt, as_student: Client, time_machine: Any) -> Client:
    """The student's browser in the exam room."""
    time_machine.move_to(attempt.started_at, tick=False)
    assert as_student.get(reverse("exams:attempt", args=[attempt.pk])).status_code == 200
    return as_student


def test_answer_takes_four_statements(attempt: Attempt, at_work: Client, count_sql: CountSql) -> None:
    document = {"position": 1, "client_id": TAB, "seq": 1, "answer": {"choice": ["1"]}}
    place = reverse("exams:answer", args=[attempt.pk])
    # session, person, the question and what decides, the answer
    with count_sql(4):
        saved = at_work.post(place, json.dumps(document), content_type="application/json")
    assert saved.status_code == 200


@pytest.mark.parametrize("count", [1, 5])
def test_finish_takes_eight_statements_on_a_pass(
    student: User,
    blueprint: Blueprint,
    as_student: Client,
    at: datetime,
    time_machine: Any,
    count_sql: CountSql,
    count: int,
) -> None:
    time_machine.move_to(at, tick=False)
    BlueprintDomain.objects.filter(section__blueprint=blueprint).update(count=count)
    attempt = start_attempt(user=student, blueprint=blueprint, at=at)
    answer_all(attempt, at, correct=5)
    as_student.get(reverse("exams:attempt", args=[attempt.pk]))
    # session, person, close, answers, score, results, what was met, requirement
    with count_sql(8):
        as_student.post(reverse("exams:finish", args=[attempt.pk]))
    assert attempt.scores.get().passed


@pytest.mark.parametrize("count", [1, 5])
def test_start_takes_a_constant_number_of_statements(
    student: User, blueprint: Blueprint, at: datetime, count_sql: CountSql, count: int
) -> None:
    BlueprintDomain.objects.filter(section__blueprint=blueprint).update(count=count)
    # open one, sections, domains, unseen (from the rank on, before it), seen, number, attempt, sections,
    # texts, questions: a bank that is not thin is read once instead of three times
    with count_sql(11):
        start_attempt(user=student, blueprint=blueprint, at=at)
