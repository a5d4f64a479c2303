"""Planted faults: with its mechanism taken out, a gate turns red. A1, A4, A9, A11 keep theirs beside it."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_UP, Decimal
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from accounts.models import User
from courses.exams import actions, scoring
from courses.exams.actions import answering, starting
from courses.exams.models import Attempt, AttemptItem, Blueprint, QuestionRevision
from courses.exams.models.attempts import ResponseQuerySet
from courses.exams.views import answering as answering_views
from tests.conftest import MakePerson
from tests.exams import test_faults as gates
from tests.exams import test_faults_golden as golden
from tests.exams import test_races as races
from tests.exams.conftest import MakeBlueprint, MakeQuestion


def silent(line: str) -> None:
    """Nobody reads the line of a gate that is to fail."""


@pytest.mark.django_db(transaction=True)
def test_a2_a_start_that_only_looks_first_meets_the_constraint(
    student: User, blueprint: Blueprint, at: datetime
) -> None:
    # both have looked, and found no open attempt
    starting._open_attempt(user=student, blueprint=blueprint, at=at, mode="exam")
    with pytest.raises(IntegrityError):
        starting._open_attempt(user=student, blueprint=blueprint, at=at, mode="exam")
    assert Attempt.objects.count() == 1
    assert AttemptItem.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_a3_gate_is_red_when_the_last_to_arrive_counts(
    attempt: Attempt,
    time_machine: Any,
    at: datetime,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        ResponseQuerySet, "newest_first", lambda responses: responses.filter(late=False).order_by("-pk")
    )
    with pytest.raises(AssertionError):
        races.test_answers_of_four_tabs_shuffled_and_repeated_are_all_there(attempt, time_machine, at, capsys)


@pytest.mark.django_db(transaction=True)
def test_a8_gate_is_red_when_an_answer_is_stamped_after_it_waited(
    student: User, blueprint: Blueprint, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = actions.submit_answer

    def stamped_late(**given: Any) -> actions.Saved:
        time.sleep(0.6)  # longer than what is left with the grace
        return save(**given | {"received_at": timezone.now()})

    monkeypatch.setattr(answering_views.actions, "submit_answer", stamped_late)
    with pytest.raises(AssertionError):
        gates.test_a8_answer_that_waited_is_judged_by_its_receipt(student, blueprint, monkeypatch, silent)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["answer 1", "enter 1"])
def test_a10_gate_is_red_when_nothing_is_ever_late(
    name: str,
    student: User,
    other: User,
    make_exam: Callable[..., Blueprint],
    at: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answering, "is_late", lambda ends_at, received_at: False)
    with pytest.raises(AssertionError):
        gates.test_a10_every_action_in_every_state(name, student, other, make_exam, at, silent)


@pytest.mark.django_db
def test_a12_gate_is_red_when_an_edit_changes_what_was_asked(
    make_person: MakePerson, blueprint: Blueprint, at: datetime
) -> None:
    def edit_in_place(key: str, *, right: int, stem: str) -> None:
        QuestionRevision.objects.filter(question__key=key).update(
            answer_key={"right": [right]}, stem_source=stem
        )

    with pytest.raises(AssertionError):
        gates.test_a12_edits_and_retirement_reach_no_open_attempt(
            make_person,
            blueprint,
            edit_in_place,  # type: ignore[arg-type]  # the fault
            at,
            silent,
        )


@pytest.mark.django_db
def test_a13_gate_is_red_when_a_save_needs_something_made_for_its_month(
    student: User,
    make_question: MakeQuestion,
    make_blueprint: MakeBlueprint,
    time_machine: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save = actions.submit_answer
    made_for = {(2026, 1)}

    def saved_by_month(*, received_at: datetime, **given: Any) -> actions.Saved:
        if (received_at.year, received_at.month) not in made_for:
            raise actions.AttemptClosed
        return save(received_at=received_at, **given)

    monkeypatch.setattr(answering_views.actions, "submit_answer", saved_by_month)
    with pytest.raises(AssertionError):
        gates.test_a13_an_exam_runs_over_every_month_end(
            student, make_question, make_blueprint, time_machine, silent
        )


@pytest.mark.django_db
def test_a14_gate_is_red_when_a_start_forgets_the_person_s_time(
    make_person: MakePerson, blueprint: Blueprint, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        starting, "deadline", lambda start, minutes, multiplier: start + timedelta(minutes=minutes)
    )
    with pytest.raises(AssertionError):
        gates.test_a14_end_is_exact_whether_time_was_granted_before_or_during(
            make_person, blueprint, at, "1.50", silent
        )


def test_a15_golden_file_is_red_when_points_are_rounded_up(monkeypatch: pytest.MonkeyPatch) -> None:
    grade = scoring.grade

    def generous(item: scoring.Item, known: Any) -> scoring.ItemOutcome:
        found = grade(item, known)
        return replace(found, points=found.points.quantize(Decimal("0.1"), rounding=ROUND_UP))

    monkeypatch.setattr(scoring, "grade", generous)
    red = 0
    for line in golden.GOLDEN:
        try:
            golden.test_golden_attempt(line)
        except AssertionError:
            red += 1
    assert 0 < red < len(golden.GOLDEN)
