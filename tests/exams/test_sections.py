"""Sections of an attempt: their own clocks, doors that close, breaks off the clock, added time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from accounts.models import User
from courses.exams.actions import (
    AttemptClosed,
    NoSuchItem,
    NotOpenYet,
    NoWayBack,
    add_time,
    enter_section,
    finish_attempt,
    start_attempt,
    submit_answer,
    take_break,
)
from courses.exams.models import Attempt, AttemptSection, Blueprint, Response, TimeExtension
from tests.exams.conftest import right

pytestmark = pytest.mark.django_db

MakeExam = Callable[..., Blueprint]
Start = Callable[..., Attempt]


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@pytest.fixture
def start(student: User, make_exam: MakeExam, at: datetime) -> Start:
    """Start an exam of these sections at ``at``."""

    def begin(*sections: dict[str, Any], mode: str = "exam", user: User = student, **fields: Any) -> Attempt:
        return start_attempt(user=user, blueprint=make_exam(*sections, **fields), at=at, mode=mode)

    return begin


def enter(attempt: Attempt, position: int, at: datetime) -> AttemptSection:
    return enter_section(user=attempt.user, attempt_id=attempt.pk, position=position, at=at)


def rest(attempt: Attempt, position: int, at: datetime) -> AttemptSection:
    return take_break(user=attempt.user, attempt_id=attempt.pk, position=position, at=at)


def answer(attempt: Attempt, position: int, at: datetime) -> bool:
    """Answer rightly; whether it counts."""
    saved = submit_answer(
        user=attempt.user,
        attempt_id=attempt.pk,
        position=position,
        fields=right(attempt.items.get(position=position)),
        client_id="a" * 16,
        seq=1,
        received_at=at,
    )
    return not saved.late


def end(attempt: Attempt) -> datetime:
    attempt.refresh_from_db()
    assert attempt.deadline_at is not None
    return attempt.deadline_at


def opened(attempt: Attempt) -> list[bool]:
    return [one.opened_at is not None for one in attempt.sections.order_by("position")]


def closed(attempt: Attempt) -> list[bool]:
    return [one.closed_at is not None for one in attempt.sections.order_by("position")]


# --- what is open ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("first", "second", "is_open"),
    [
        ({}, {}, [True, True]),
        ({}, {"minutes": 10}, [True, False]),
        ({"minutes": 10}, {}, [True, False]),
        ({"no_return": True}, {}, [True, False]),
        ({"break_minutes": 5}, {}, [True, False]),
        ({}, {"no_return": True}, [True, True]),
    ],
)
def test_start_opens_the_first_section_and_what_nothing_parts_from_it(
    start: Start, first: dict[str, Any], second: dict[str, Any], is_open: list[bool]
) -> None:
    attempt = start(first, second)
    assert opened(attempt) == is_open
    assert list(attempt.items.values_list("position", "section__position")) == [
        (1, 1),
        (2, 1),
        (3, 2),
        (4, 2),
    ]


@pytest.mark.parametrize("mode", ["tutor", "practice"])
def test_only_an_exam_has_clocks_doors_and_breaks(start: Start, mode: str) -> None:
    attempt = start({"minutes": 10, "no_return": True, "break_minutes": 5}, {"minutes": 10}, mode=mode)
    assert opened(attempt) == [True, True]
    assert attempt.deadline_at is None
    assert set(attempt.sections.values_list("minutes", "no_return", "break_minutes", "deadline_at")) == {
        (None, False, 0, None)
    }


def test_question_of_a_section_that_is_not_open_takes_no_answer(start: Start, at: datetime) -> None:
    attempt = start({"minutes": 10}, {})
    with pytest.raises(NotOpenYet):
        answer(attempt, 3, at)
    assert not Response.objects.exists()


def test_sections_come_one_after_the_other(start: Start, at: datetime) -> None:
    attempt = start({"minutes": 10}, {"minutes": 10}, {"minutes": 10})
    with pytest.raises(NoWayBack):
        enter(attempt, 3, at)
    for position in (2, 3):
        enter(attempt, position, at)
    assert opened(attempt) == [True, True, True]


@pytest.mark.parametrize("position", [0, 4, 32767])
def test_section_that_is_not_there_cannot_be_entered(start: Start, at: datetime, position: int) -> None:
    with pytest.raises(NoSuchItem):
        enter(start({}), position, at)


def test_section_of_a_stranger_cannot_be_entered(start: Start, other: User, at: datetime) -> None:
    attempt = start({"minutes": 10, "break_minutes": 5}, {})
    for action in (enter_section, take_break):
        with pytest.raises(NoSuchItem):
            action(user=other, attempt_id=attempt.pk, position=1, at=at)


# --- doors -------------------------------------------------------------------------------------------
def test_section_without_return_closes_when_the_next_is_entered(start: Start, at: datetime) -> None:
    attempt = start({"no_return": True}, {})
    assert answer(attempt, 1, at)
    enter(attempt, 2, at + minutes(1))
    with pytest.raises(NoWayBack):
        enter(attempt, 1, at + minutes(2))
    with pytest.raises(AttemptClosed):
        answer(attempt, 2, at + minutes(2))
    assert answer(attempt, 3, at + minutes(2))
    assert finish_attempt(attempt_id=attempt.pk, user=attempt.user, at=at + minutes(3)).correct == 2


def test_answer_sent_again_after_its_section_closed_is_acknowledged(start: Start, at: datetime) -> None:
    attempt = start({"no_return": True}, {})
    answer(attempt, 1, at)
    enter(attempt, 2, at)
    assert answer(attempt, 1, at + minutes(1))
    assert Response.objects.count() == 1


def test_section_with_return_stays_open(start: Start, at: datetime) -> None:
    attempt = start({"minutes": 10}, {})
    enter(attempt, 2, at)
    assert enter(attempt, 1, at + minutes(1)).closed_at is None
    assert answer(attempt, 1, at + minutes(2))


def test_entering_twice_changes_nothing(start: Start, at: datetime) -> None:
    attempt = start({"no_return": True}, {"minutes": 10})
    first, second = enter(attempt, 2, at), enter(attempt, 2, at + minutes(5))
    assert (first.opened_at, first.deadline_at) == (second.opened_at, second.deadline_at)


# --- clocks ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("multiplier", ["1.00", "1.25", "1.50", "2.00"])
def test_section_ends_to_the_second_by_its_own_clock(
    start: Start, make_person: Any, at: datetime, multiplier: str
) -> None:
    person = make_person("slow@example.com", time_multiplier=Decimal(multiplier))
    attempt = start({"minutes": 10}, {"minutes": 7}, user=person)
    later = at + minutes(3)
    given = timedelta(seconds=600 * float(multiplier)), timedelta(seconds=420 * float(multiplier))
    assert attempt.sections.get(position=1).deadline_at == at + given[0]
    assert enter(attempt, 2, later).deadline_at == later + given[1]


@pytest.mark.parametrize(("seconds", "counts"), [(-1, True), (30, True), (31, False)])
def test_answer_after_the_end_of_its_section_is_kept_and_does_not_count(
    start: Start, at: datetime, seconds: int, counts: bool
) -> None:
    attempt = start({"minutes": 10}, {})
    assert answer(attempt, 1, at + minutes(10) + timedelta(seconds=seconds)) is counts
    score = finish_attempt(attempt_id=attempt.pk, user=attempt.user, at=at + minutes(12))
    assert (Response.objects.count(), score.correct) == (1, int(counts))


def test_section_cannot_outlast_its_exam(start: Start, at: datetime) -> None:
    attempt = start({"minutes": 90}, {})
    assert not answer(attempt, 1, at + minutes(60.6))


def test_section_whose_time_is_over_is_not_entered_again(start: Start, at: datetime) -> None:
    attempt = start({"minutes": 10}, {})
    with pytest.raises(NoWayBack):
        enter(attempt, 1, at + minutes(11))
    assert enter(attempt, 2, at + minutes(11)).opened_at == at + minutes(11)


# --- breaks ------------------------------------------------------------------------------------------
def test_break_moves_the_end_to_the_second(start: Start, at: datetime) -> None:
    attempt = start({"break_minutes": 10}, {})
    section = rest(attempt, 1, at + minutes(20))
    assert (section.closed_at, section.break_until) == (at + minutes(20), at + minutes(30))
    assert end(attempt) == at + minutes(70)


def test_break_taken_twice_is_one(start: Start, at: datetime) -> None:
    attempt = start({"break_minutes": 10}, {})
    assert rest(attempt, 1, at).break_until == rest(attempt, 1, at + minutes(3)).break_until
    assert end(attempt) == at + minutes(70)


def test_early_return_gives_the_rest_of_the_break_back(start: Start, at: datetime) -> None:
    attempt = start({"break_minutes": 10}, {"minutes": 15})
    rest(attempt, 1, at + minutes(20))
    back = at + minutes(24) + timedelta(seconds=7)
    section = enter(attempt, 2, back)
    assert (section.opened_at, section.deadline_at) == (back, back + minutes(15))
    assert end(attempt) == at + minutes(64) + timedelta(seconds=7)


def test_break_that_runs_over_is_on_the_clock_again(start: Start, at: datetime) -> None:
    attempt = start({"break_minutes": 10}, {"minutes": 15})
    rest(attempt, 1, at + minutes(20))
    section = enter(attempt, 2, at + minutes(33))
    assert (section.opened_at, section.deadline_at) == (at + minutes(30), at + minutes(45))
    assert end(attempt) == at + minutes(70)


def test_nobody_answers_while_the_clock_stands(start: Start, at: datetime) -> None:
    attempt = start({}, {"break_minutes": 10}, {})
    rest(attempt, 2, at)
    assert closed(attempt) == [True, True, False]
    for position, refusal in ((1, AttemptClosed), (3, AttemptClosed), (5, NotOpenYet)):
        with pytest.raises(refusal):
            answer(attempt, position, at + minutes(1))


def test_break_cannot_be_taken_once_the_next_section_was_entered(start: Start, at: datetime) -> None:
    attempt = start({"break_minutes": 10}, {})
    enter(attempt, 2, at)
    with pytest.raises(NoWayBack):
        rest(attempt, 1, at)
    assert end(attempt) == at + minutes(60)


def test_break_must_follow_a_section_that_was_opened_and_lead_to_another(start: Start, at: datetime) -> None:
    attempt = start({"minutes": 5}, {"break_minutes": 10}, {"break_minutes": 10})
    for position, refusal in ((1, NoSuchItem), (2, NotOpenYet), (3, NoSuchItem), (4, NoSuchItem)):
        with pytest.raises(refusal):
            rest(attempt, position, at)
    assert end(attempt) == at + minutes(60)


def test_break_after_the_end_is_refused(start: Start, at: datetime) -> None:
    attempt = start({"break_minutes": 10}, {})
    with pytest.raises(AttemptClosed):
        rest(attempt, 1, at + minutes(61))


def test_break_within_the_grace_gives_no_time(start: Start, at: datetime) -> None:
    attempt = start({"break_minutes": 10}, {})
    rest(attempt, 1, at + minutes(60) + timedelta(seconds=20))
    enter(attempt, 2, at + minutes(61))
    assert end(attempt) < at + minutes(61)


# --- added time (A14) --------------------------------------------------------------------------------
@pytest.mark.parametrize("added", [1, 15, 60, 120])
def test_add_time_moves_the_end_to_the_second_and_keeps_why(
    start: Start, editor: User, at: datetime, added: int
) -> None:
    attempt = start({"minutes": 20}, {})
    add_time(attempt=attempt, minutes=added, reason="A fire drill.", by=editor, at=at + minutes(5))
    assert end(attempt) == at + minutes(60 + added)
    assert attempt.sections.get(position=1).deadline_at == at + minutes(20 + added)
    kept = TimeExtension.objects.get()
    assert (kept.minutes, kept.reason, kept.added_by) == (added, "A fire drill.", editor)


@pytest.mark.parametrize("added", [0, -1, -600])
def test_add_time_never_takes_any(start: Start, editor: User, at: datetime, added: int) -> None:
    attempt = start({})
    with pytest.raises(ValueError, match="only ever added"):
        add_time(attempt=attempt, minutes=added, reason="Why?", by=editor, at=at)
    assert end(attempt) == at + minutes(60)


def test_add_time_without_a_reason_is_refused(start: Start, editor: User, at: datetime) -> None:
    attempt = start({})
    with pytest.raises(Exception, match="exams_timeextension_has_reason"), transaction.atomic():
        add_time(attempt=attempt, minutes=5, reason="", by=editor, at=at)
    assert end(attempt) == at + minutes(60)


def test_add_time_to_what_is_over_is_refused(start: Start, editor: User, at: datetime) -> None:
    attempt = start({})
    with pytest.raises(AttemptClosed):
        add_time(attempt=attempt, minutes=5, reason="Late", by=editor, at=at + minutes(61))
    finish_attempt(attempt_id=attempt.pk, user=attempt.user, at=at)
    with pytest.raises(AttemptClosed):
        add_time(attempt=attempt, minutes=5, reason="Late", by=editor, at=at)


def test_added_time_lets_an_answer_count(start: Start, editor: User, at: datetime) -> None:
    attempt = start({})
    add_time(attempt=attempt, minutes=5, reason="A power cut", by=editor, at=at)
    assert answer(attempt, 1, at + minutes(65))


# --- what does not count -----------------------------------------------------------------------------
def test_pretest_questions_are_asked_and_do_not_count(start: Start, at: datetime) -> None:
    attempt = start({"count": 5, "pretest": 2})
    pretest = set(attempt.items.filter(is_scored=False).values_list("position", flat=True))
    for position in range(1, 6):
        answer(attempt, position, at)
    score = finish_attempt(attempt_id=attempt.pk, user=attempt.user, at=at)
    assert len(pretest) == 2
    assert (score.correct, score.total, score.results.count()) == (3, 3, 5)


def test_thin_form_loses_its_pretest_questions_first(
    student: User, make_exam: MakeExam, make_question: Any, at: datetime
) -> None:
    blueprint = make_exam({"count": 5, "pretest": 2})
    blueprint.sections.get().domains.update(count=6)  # the bank holds five
    attempt = start_attempt(user=student, blueprint=blueprint, at=at)
    assert attempt.items.filter(is_scored=False).count() == 1
    assert attempt.lacking == [{"title": "Anatomy", "count": 1}]
