"""Scheduled exams on forms drawn beforehand; own sets; sending Start twice."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from courses.exams.actions import (
    EmptyBank,
    Part,
    SittingClosed,
    finish_attempt,
    prepare_sitting,
    start_attempt,
    start_sitting,
    submit_answer,
    write_attempt,
)
from courses.exams.models import Attempt, Blueprint, PreparedForm, Question, QuestionRevision, Sitting
from courses.progress.models import RequirementMet
from tests.conftest import MakePerson
from tests.exams.conftest import CountSql, right

pytestmark = pytest.mark.django_db


@pytest.fixture
def sitting(make_exam: Callable[..., Blueprint], at: datetime) -> Sitting:
    blueprint = make_exam({"count": 3, "no_return": True, "pretest": 1}, {"count": 2, "minutes": 10}, spare=5)
    return Sitting.objects.create(
        blueprint=blueprint,
        title="Friday",
        opens_at=at,
        closes_at=at + timedelta(hours=2),
        form_count=3,
    )


def picks(attempt: Attempt) -> list[int]:
    return list(attempt.items.values_list("question_revision", flat=True))


# --- scheduled exams ---------------------------------------------------------------------------------
def test_prepare_sitting_draws_each_form_once(sitting: Sitting, at: datetime) -> None:
    first = prepare_sitting(sitting=sitting, at=at)
    assert prepare_sitting(sitting=sitting, at=at) == first
    assert [form.number for form in first] == [1, 2, 3]
    assert [[len(part["picks"]) for part in form.sections] for form in first] == [[3, 2]] * 3


def test_start_sitting_uses_a_prepared_form(sitting: Sitting, make_person: MakePerson, at: datetime) -> None:
    forms = {
        form.number: [pick for part in form.sections for pick in part["picks"]]
        for form in prepare_sitting(sitting=sitting, at=at)
    }
    people = [make_person(f"p{n}@example.com") for n in range(6)]
    attempts = [start_sitting(user=one, sitting=sitting, at=at) for one in people]
    for one, attempt in zip(people, attempts, strict=True):
        assert picks(attempt) == forms[one.pk % 3 + 1]
        assert list(attempt.sections.values_list("minutes", "no_return")) == [(None, True), (10, False)]
        assert attempt.items.filter(is_scored=False).count() == 1
    assert PreparedForm.objects.count() == 3
    # two on one form see its options in different orders
    assert len({str(list(one.items.values_list("order", flat=True))) for one in attempts}) == 6


def test_start_sitting_twice_is_one_attempt(sitting: Sitting, student: User, at: datetime) -> None:
    first = start_sitting(user=student, sitting=sitting, at=at)
    finish_attempt(attempt_id=first.pk, user=student, at=at)
    assert start_sitting(user=student, sitting=sitting, at=at + timedelta(days=9)) == first


def test_sitting_and_an_own_go_at_its_exam_stand_beside_each_other(
    sitting: Sitting, student: User, at: datetime
) -> None:
    own = start_attempt(user=student, blueprint=sitting.blueprint, at=at)
    seated = start_sitting(user=student, sitting=sitting, at=at)
    assert (own.number, seated.number) == (1, 2)
    assert start_attempt(user=student, blueprint=sitting.blueprint, at=at) == own


@pytest.mark.parametrize(("minutes", "is_open"), [(-1, False), (0, True), (119, True), (120, False)])
def test_sitting_is_started_within_its_hours(
    sitting: Sitting, student: User, at: datetime, minutes: int, is_open: bool
) -> None:
    now = at + timedelta(minutes=minutes)
    if is_open:
        assert start_sitting(user=student, sitting=sitting, at=now).deadline_at == now + timedelta(hours=1)
        return
    with pytest.raises(SittingClosed):
        start_sitting(user=student, sitting=sitting, at=now)


def test_question_retired_since_its_form_was_drawn_is_left_out(
    sitting: Sitting, student: User, at: datetime
) -> None:
    prepare_sitting(sitting=sitting, at=at)
    form = sitting.forms.get(number=student.pk % 3 + 1)
    gone, *rest = [pick for part in form.sections for pick in part["picks"]]
    Question.objects.filter(revisions=gone).update(retired_at=at)
    attempt = start_sitting(user=student, sitting=sitting, at=at)
    assert picks(attempt) == rest
    assert attempt.lacking == [{"title": "Withdrawn questions", "count": 1}]


def test_sitting_whose_questions_are_all_retired_is_refused(
    sitting: Sitting, student: User, at: datetime
) -> None:
    prepare_sitting(sitting=sitting, at=at)
    Question.objects.update(retired_at=at)
    with pytest.raises(EmptyBank):
        start_sitting(user=student, sitting=sitting, at=at)


@pytest.mark.parametrize("count", [1, 3])
def test_start_sitting_takes_a_constant_number_of_statements(
    make_exam: Callable[..., Blueprint], student: User, at: datetime, count_sql: CountSql, count: int
) -> None:
    blueprint = make_exam({"count": count})
    sitting = Sitting.objects.create(
        blueprint=blueprint, title="x", opens_at=at, closes_at=at + timedelta(hours=1)
    )
    prepare_sitting(sitting=sitting, at=at)
    # mine, form, retired, number, attempt, sections, texts, items
    with count_sql(8):
        start_sitting(user=student, sitting=sitting, at=at)


# --- own sets, tokens --------------------------------------------------------------------------------
def own_set(user: User, at: datetime, *, number: int = 1, token: str = "") -> Attempt:
    revisions = QuestionRevision.objects.order_by("pk").values_list("pk", flat=True)
    attempt = Attempt(
        user=user,
        number=number,
        seed=1,
        mode=Attempt.Mode.PRACTICE,
        title="My set",
        pass_percent=70,
        started_at=at,
        token=token,
    )
    return write_attempt(attempt, [Part("All", tuple(revisions))], multiplier=user.time_multiplier)


def test_own_set_is_answered_and_scored_and_proves_nothing(
    blueprint: Blueprint, student: User, at: datetime
) -> None:
    attempt = own_set(student, at)
    for item in attempt.items.all():
        submit_answer(
            user=student,
            attempt_id=attempt.pk,
            position=item.position,
            fields=right(item),
            client_id="a" * 16,
            seq=1,
            received_at=at,
        )
    score = finish_attempt(attempt_id=attempt.pk, user=student, at=at)
    assert (score.correct, score.total, score.passed, score.scaled) == (5, 5, True, None)
    assert not RequirementMet.objects.exists()


def test_several_own_sets_may_be_open(blueprint: Blueprint, student: User, at: datetime) -> None:
    assert own_set(student, at).pk != own_set(student, at).pk


def test_the_same_form_sent_twice_starts_one_set(blueprint: Blueprint, student: User, at: datetime) -> None:
    own_set(student, at, token="t" * 32)
    with pytest.raises(IntegrityError), transaction.atomic():
        own_set(student, at, number=2, token="t" * 32)
    assert Attempt.objects.count() == 1


def test_the_token_of_another_person_is_no_hindrance(
    blueprint: Blueprint, student: User, other: User, at: datetime
) -> None:
    for person in (student, other):
        own_set(person, at, token="t" * 32)
    assert Attempt.objects.count() == 2
