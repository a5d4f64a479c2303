from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.credentials.actions import add_credit, reverse_credit
from courses.credentials.actions.placing import NotPlaceable, place_credit
from courses.credentials.models import Credit, CreditPlacement, Cycle
from courses.credentials.queries import standing_for_cycle
from tests.credentials.conftest import Record

#: The last month of the first period, which the second may claim.
EITHER = date(2025, 3, 20)
ON = date(2026, 11, 23)


@pytest.fixture
def two(record: Record, student: User, at: datetime) -> tuple[Cycle, Cycle]:
    """The period that ended in March 2025 and the one that runs."""
    record()
    now = Cycle.objects.get()
    before = Cycle.objects.create(
        user=student,
        body=now.body,
        rule_set=now.rule_set,
        starts_on=date(2023, 4, 1),
        ends_on=now.starts_on,
        opened_at=at,
    )
    before.credentials.set(now.credentials.all())
    return before, now


@pytest.fixture
def credit(two: tuple[Cycle, Cycle], student: User, at: datetime) -> Credit:
    return add_credit(
        user=student,
        title="Talk",
        completed_on=EITHER,
        ceus=Decimal(2),
        index_number="77",
        by=student,
        at=at,
    )


def counted(two: tuple[Cycle, Cycle]) -> list[Decimal]:
    """CEUs in each of the two periods."""
    return [standing_for_cycle(Cycle.objects.get(pk=one.pk), ON).standing.earned for one in two]


def test_activity_counts_in_the_period_chosen_and_in_no_other(
    two: tuple[Cycle, Cycle], credit: Credit, at: datetime
) -> None:
    assert counted(two) == [2, 0]

    place_credit(credit=credit, cycle=two[1], at=at)
    place_credit(credit=credit, cycle=two[1], at=at)
    assert counted(two) == [0, 2]

    place_credit(credit=credit, cycle=two[0], at=at)
    assert counted(two) == [2, 0]
    assert not CreditPlacement.objects.exists()


def test_period_that_cannot_claim_the_day_is_refused(
    two: tuple[Cycle, Cycle], student: User, at: datetime
) -> None:
    early = add_credit(
        user=student, title="Talk", completed_on=date(2025, 2, 28), ceus=Decimal(2), by=student, at=at
    )

    with pytest.raises(NotPlaceable):
        place_credit(credit=early, cycle=two[1], at=at)

    assert not CreditPlacement.objects.exists()


def test_what_was_withdrawn_is_not_moved(
    two: tuple[Cycle, Cycle], credit: Credit, student: User, at: datetime
) -> None:
    reverse_credit(credit=credit, reason="Wrong", by=student, at=at)

    with pytest.raises(NotPlaceable):
        place_credit(credit=credit, cycle=two[1], at=at)


def test_choice_of_one_body_is_not_taken_by_another(
    two: tuple[Cycle, Cycle], credit: Credit, record: Record, at: datetime
) -> None:
    place_credit(credit=credit, cycle=two[1], at=at)
    record("ccs", earned_on=date(2025, 2, 1))
    other = Cycle.objects.get(body__key="ahima")

    place_credit(credit=credit, cycle=other, at=at)  # its day is there anyway

    assert CreditPlacement.objects.get().cycle == two[1]
    assert counted(two) == [0, 2]
    Cycle.objects.filter(pk=other.pk).update(
        starts_on=date(2024, 1, 1), ends_on=date(2025, 3, 10), extended_until=date(2025, 4, 30)
    )
    with pytest.raises(NotPlaceable):
        place_credit(credit=credit, cycle=Cycle.objects.get(pk=other.pk), at=at)


@pytest.fixture
def clock(time_machine: Any, at: datetime) -> None:
    """Views read the real clock: let it be that of the tests."""
    time_machine.move_to(at, tick=False)


@pytest.mark.usefixtures("clock")
def test_page_offers_the_other_period_and_takes_it_back(
    as_student: Client, two: tuple[Cycle, Cycle], credit: Credit
) -> None:
    url = reverse("credentials:place", args=[credit.pk])
    page = as_student.get(credit.get_absolute_url())
    assert [one.is_chosen for one in page.context["choices"][0]] == [True, False]

    answer = as_student.post(url, {"cycle": two[1].pk}, follow=True)

    assert [one.is_chosen for one in answer.context["choices"][0]] == [False, True]
    assert counted(two) == [0, 2]
    as_student.post(url, {"cycle": two[0].pk})
    assert counted(two) == [2, 0]


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("cycle", ["", "x", "0", "9" * 30, "another's"])
def test_period_that_is_not_there_is_not_taken(
    as_student: Client, two: tuple[Cycle, Cycle], credit: Credit, record: Record, other: User, cycle: str
) -> None:
    if cycle == "another's":
        record(user=other)
        cycle = str(Cycle.objects.get(user=other).pk)

    answer = as_student.post(reverse("credentials:place", args=[credit.pk]), {"cycle": cycle}, follow=True)

    assert "Choose one of your cycles." in answer.content.decode()
    assert not CreditPlacement.objects.exists()


@pytest.mark.usefixtures("clock")
def test_refused_move_is_said(
    as_student: Client, two: tuple[Cycle, Cycle], student: User, at: datetime
) -> None:
    early = add_credit(
        user=student, title="Talk", completed_on=date(2025, 2, 28), ceus=Decimal(2), by=student, at=at
    )

    answer = as_student.post(reverse("credentials:place", args=[early.pk]), {"cycle": two[1].pk}, follow=True)

    assert "do not let it claim that day" in answer.content.decode()


@pytest.mark.usefixtures("clock")
def test_day_beside_the_only_period_is_a_choice_too(
    as_student: Client, record: Record, student: User, at: datetime
) -> None:
    """The period before is from before the portal: nobody recorded it."""
    record()
    cycle = Cycle.objects.get()
    day = {"title": "Talk", "completed_on": EITHER.isoformat(), "ceus": "2", "index_number": "77"}
    tried = as_student.post(reverse("credentials:add_credit"), day | {"check": "1"})
    assert "may claim this day if no other did" in tried.content.decode()
    as_student.post(reverse("credentials:add_credit"), day)
    credit = Credit.objects.get()
    assert [one.is_chosen for one in as_student.get(credit.get_absolute_url()).context["choices"][0]] == [
        False
    ]
    url = reverse("credentials:place", args=[credit.pk])

    answer = as_student.post(url, {"cycle": cycle.pk}, follow=True)

    assert [one.is_chosen for one in answer.context["choices"][0]] == [True]
    assert standing_for_cycle(cycle, ON).standing.earned == 2

    answer = as_student.post(url, {"none": "1"}, follow=True)

    assert [one.is_chosen for one in answer.context["choices"][0]] == [False]
    assert standing_for_cycle(cycle, ON).standing.earned == 0


@pytest.mark.usefixtures("clock")
def test_choice_of_somebody_else_is_not_taken_back(
    two: tuple[Cycle, Cycle], credit: Credit, other: User, client: Client, at: datetime
) -> None:
    place_credit(credit=credit, cycle=two[1], at=at)
    client.force_login(other)

    answer = client.post(reverse("credentials:place", args=[credit.pk]), {"none": "1"})

    assert answer.status_code == 404
    assert CreditPlacement.objects.exists()
