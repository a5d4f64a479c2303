"""Tutored and practice sets: explained questions, pauses, what counts afterwards; marks and traces."""

from datetime import datetime, timedelta

import pytest

from accounts.models import User
from courses.exams.actions import (
    AttemptClosed,
    NoSuchItem,
    NotOpenYet,
    Step,
    answering,
    finish_attempt,
    mark_item,
    pause_attempt,
    record_trace,
    resume_attempt,
    reveal_item,
    start_attempt,
    submit_answer,
    sweep_overdue,
)
from courses.exams.models import Attempt, Blueprint, Exposure, ItemMark, TraceEvent
from courses.progress.models import RequirementMet
from tests.exams.conftest import MakeBlueprint, right, wrong

pytestmark = pytest.mark.django_db


@pytest.fixture
def tutored(student: User, blueprint: Blueprint, at: datetime) -> Attempt:
    return start_attempt(user=student, blueprint=blueprint, at=at, mode="tutor")


def answer(attempt: Attempt, position: int, at: datetime, *, seq: int = 1, rightly: bool = True) -> None:
    item = attempt.items.get(position=position)
    submit_answer(
        user=attempt.user,
        attempt_id=attempt.pk,
        position=position,
        fields=(right if rightly else wrong)(item),
        client_id="a" * 16,
        seq=seq,
        received_at=at,
    )


# --- explaining --------------------------------------------------------------------------------------
def test_reveal_item_takes_no_later_answer(tutored: Attempt, student: User, at: datetime) -> None:
    answer(tutored, 1, at, rightly=False)
    item = reveal_item(user=student, attempt_id=tutored.pk, position=1, at=at)
    with pytest.raises(AttemptClosed):
        answer(tutored, 1, at, seq=2)
    answer(tutored, 2, at)
    assert item.revealed_at == at
    assert finish_attempt(attempt_id=tutored.pk, user=student, at=at).correct == 1


def test_reveal_item_again_keeps_the_first_moment(tutored: Attempt, student: User, at: datetime) -> None:
    for minute in (0, 5):
        item = reveal_item(user=student, attempt_id=tutored.pk, position=1, at=at + timedelta(minutes=minute))
        assert item.revealed_at == at


@pytest.mark.parametrize("mode", ["exam", "practice"])
def test_only_a_tutored_set_explains_before_its_end(
    student: User, blueprint: Blueprint, at: datetime, mode: str
) -> None:
    attempt = start_attempt(user=student, blueprint=blueprint, at=at, mode=mode)
    with pytest.raises(NoSuchItem):
        reveal_item(user=student, attempt_id=attempt.pk, position=1, at=at)


def test_reveal_item_of_a_stranger_is_refused(tutored: Attempt, other: User, at: datetime) -> None:
    with pytest.raises(NoSuchItem):
        reveal_item(user=other, attempt_id=tutored.pk, position=1, at=at)


# --- no clock, pauses --------------------------------------------------------------------------------
@pytest.mark.parametrize("mode", ["tutor", "practice"])
def test_set_without_a_clock_never_ends_by_itself(
    student: User, blueprint: Blueprint, at: datetime, mode: str
) -> None:
    attempt = start_attempt(user=student, blueprint=blueprint, at=at, mode=mode)
    year = at + timedelta(days=365)
    assert attempt.deadline_at is None
    assert sweep_overdue(at=year) == 0
    assert start_attempt(user=student, blueprint=blueprint, at=year) == attempt
    answer(attempt, 1, year)
    assert finish_attempt(attempt_id=attempt.pk, user=student, at=year).correct == 1


def test_paused_set_takes_no_answer_and_counts_its_pause(
    tutored: Attempt, student: User, at: datetime
) -> None:
    pause_attempt(user=student, attempt_id=tutored.pk, at=at)
    with pytest.raises(NotOpenYet):
        answer(tutored, 1, at)
    for minute in (90, 95):
        resume_attempt(user=student, attempt_id=tutored.pk, at=at + timedelta(minutes=minute))
    answer(tutored, 1, at + timedelta(minutes=96))
    tutored.refresh_from_db()
    assert (tutored.paused_at, tutored.paused_s) == (None, 90 * 60)


def test_pausing_twice_keeps_the_first_moment(tutored: Attempt, student: User, at: datetime) -> None:
    for minute in (0, 5):
        pause_attempt(user=student, attempt_id=tutored.pk, at=at + timedelta(minutes=minute))
    tutored.refresh_from_db()
    assert tutored.paused_at == at


def test_set_finished_in_a_pause_keeps_when_it_was_left(
    tutored: Attempt, student: User, at: datetime
) -> None:
    pause_attempt(user=student, attempt_id=tutored.pk, at=at)
    finish_attempt(attempt_id=tutored.pk, user=student, at=at + timedelta(days=1))
    tutored.refresh_from_db()
    assert (tutored.state, tutored.paused_at) == ("submitted", at)


def test_clock_of_an_exam_cannot_be_stopped(attempt: Attempt, student: User, at: datetime) -> None:
    pause_attempt(user=student, attempt_id=attempt.pk, at=at)
    attempt.refresh_from_db()
    assert attempt.paused_at is None


def test_pause_of_a_stranger_does_nothing(tutored: Attempt, other: User, at: datetime) -> None:
    pause_attempt(user=other, attempt_id=tutored.pk, at=at)
    tutored.refresh_from_db()
    assert tutored.paused_at is None


# --- what it counts for ------------------------------------------------------------------------------
@pytest.mark.parametrize(("mode", "is_proof"), [("exam", True), ("tutor", False), ("practice", False)])
def test_only_an_exam_proves_that_it_was_passed(
    student: User, blueprint: Blueprint, at: datetime, mode: str, is_proof: bool
) -> None:
    attempt = start_attempt(user=student, blueprint=blueprint, at=at, mode=mode)
    for position in (1, 2, 3):
        answer(attempt, position, at)
    assert finish_attempt(attempt_id=attempt.pk, user=student, at=at).passed
    assert RequirementMet.objects.exists() is is_proof


@pytest.mark.parametrize(("mode", "met"), [("exam", 3), ("tutor", 1), ("practice", 1)])
def test_exam_shows_all_its_questions_and_a_set_those_answered(
    student: User, blueprint: Blueprint, at: datetime, mode: str, met: int
) -> None:
    attempt = start_attempt(user=student, blueprint=blueprint, at=at, mode=mode)
    answer(attempt, 2, at)
    mark_item(user=student, attempt_id=attempt.pk, position=2, flagged=True)
    finish_attempt(attempt_id=attempt.pk, user=student, at=at)
    assert Exposure.objects.count() == met
    one = Exposure.objects.get(first_item=attempt.items.get(position=2))
    assert (one.first_mode, one.first_points, one.last_points, one.times) == (mode, 1, 1, 1)
    assert (one.first_at, one.last_at, one.is_flagged) == (at, at, True)


def test_meeting_a_question_again_keeps_how_it_went_first(
    student: User, blueprint: Blueprint, at: datetime
) -> None:
    blueprint.sections.get().domains.update(count=5)
    for day, rightly in ((0, False), (1, True), (2, True)):
        now = at + timedelta(days=day)
        attempt = start_attempt(user=student, blueprint=blueprint, at=now, mode="practice" if day else "exam")
        for position in range(1, 6):
            answer(attempt, position, now, rightly=rightly)
        finish_attempt(attempt_id=attempt.pk, user=student, at=now)
    assert set(
        Exposure.objects.values_list(
            "first_mode", "first_points", "first_at", "last_points", "last_at", "times"
        )
    ) == {("exam", 0, at, 1, at + timedelta(days=2), 3)}


# --- marks and traces --------------------------------------------------------------------------------
def test_marks_are_kept_beside_each_other(attempt: Attempt, student: User) -> None:
    mark_item(user=student, attempt_id=attempt.pk, position=1, highlights=[(9, 12), (0, 3)])
    mark_item(user=student, attempt_id=attempt.pk, position=1, note="Look again")
    mark_item(user=student, attempt_id=attempt.pk, position=1, flagged=True)
    mark = ItemMark.objects.get()
    assert (mark.flagged, mark.highlights, mark.note) == (True, [[0, 3], [9, 12]], "Look again")


def test_trace_sent_twice_is_kept_once(attempt: Attempt, student: User, at: datetime) -> None:
    steps = [
        Step(1, "view", 2, seconds=40),
        Step(2, "lookup", 2, "fracture wrist"),
        Step(3, "open", None, "S62"),
    ]
    for _ in range(2):
        record_trace(user=student, attempt_id=attempt.pk, client_id="a" * 16, steps=steps, at=at)
    assert list(TraceEvent.objects.values_list("kind", "item__position", "detail", "seconds")) == [
        ("view", 2, "", 40),
        ("lookup", 2, "fracture wrist", 0),
        ("open", None, "S62", 0),
    ]


def test_trace_of_a_stranger_is_refused(attempt: Attempt, other: User, at: datetime) -> None:
    with pytest.raises(NoSuchItem):
        record_trace(user=other, attempt_id=attempt.pk, client_id="a" * 16, steps=[Step(1, "view")], at=at)


def test_trace_after_the_end_changes_nothing(attempt: Attempt, student: User, at: datetime) -> None:
    finish_attempt(attempt_id=attempt.pk, user=student, at=at)
    record_trace(user=student, attempt_id=attempt.pk, client_id="a" * 16, steps=[Step(1, "view")], at=at)
    assert not TraceEvent.objects.exists()


def test_trace_of_a_script_ends_somewhere(
    attempt: Attempt, student: User, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "MOST_STEPS", 3)
    for turn in range(4):
        steps = [Step(seq=2 * turn + n, kind="view", position=1, seconds=1) for n in (1, 2)]
        record_trace(user=student, attempt_id=attempt.pk, client_id="a" * 16, steps=steps, at=at)
    assert TraceEvent.objects.count() == 4


# --- beside an exam ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("mode", ["tutor", "practice"])
def test_a_set_that_explains_draws_nothing_of_an_exam_that_runs(
    mode: str, student: User, attempt: Attempt, make_blueprint: MakeBlueprint, at: datetime
) -> None:
    # three of the bank's five questions are being sat
    beside = start_attempt(user=student, blueprint=make_blueprint("beside"), at=at, mode=mode)
    sat, explained = (
        set(one.items.values_list("question_revision__question", flat=True)) for one in (attempt, beside)
    )
    assert (len(sat), len(explained)) == (3, 2)
    assert not sat & explained
    assert [one["count"] for one in beside.lacking] == [1]


def test_an_exam_draws_whatever_else_runs(
    student: User, attempt: Attempt, make_blueprint: MakeBlueprint, at: datetime
) -> None:
    beside = start_attempt(user=student, blueprint=make_blueprint("beside"), at=at)
    assert beside.items.count() == 3
