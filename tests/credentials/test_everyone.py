"""Everybody's standings, streamed."""

import gc
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from courses.catalog.models import Certification
from courses.credentials.actions import add_credit, record_credential
from courses.credentials.models import Credit, Cycle
from courses.credentials.queries.everyone import standings_of_all

ON = date(2026, 11, 23)


@pytest.fixture
def make_people(rules: None, at: datetime) -> Callable[[int], None]:
    """People with a CPC that renews in March, and two activities each."""

    def make(count: int) -> None:
        start = User.objects.count()
        for number in range(start, start + count):
            person = User.objects.create(email=f"person-{number}@example.org")
            record_credential(
                user=person,
                certification=Certification.objects.get(key="cpc"),
                earned_on=date(2020, 5, 4),
                renewal_month=3,
                at=at,
            )
            for day in (1, 2):
                add_credit(
                    user=person,
                    title="Webinar",
                    provider="AAPC",
                    index_number=f"A{day}",
                    completed_on=date(2026, 6, day),
                    ceus=Decimal(number + 1),
                    by=person,
                    at=at,
                )

    return make


def test_everybody_stands_as_each_alone(make_people: Callable[[int], None]) -> None:
    make_people(3)

    found = list(standings_of_all(ON, batch=2))

    assert [(one.cycle.pk, one.standing.earned) for one in found] == [
        (cycle.pk, Decimal(2 * (number + 1))) for number, cycle in enumerate(Cycle.objects.order_by("pk"))
    ]


def test_only_cycles_that_run_are_read(make_people: Callable[[int], None]) -> None:
    make_people(2)
    ended, extended = Cycle.objects.order_by("pk")
    after = max(ended.ends_on, extended.ends_on)
    Cycle.objects.filter(pk=extended.pk).update(extended_until=after + timedelta(days=30))

    assert [one.cycle for one in standings_of_all(after)] == [extended]
    assert list(standings_of_all(ended.starts_on - timedelta(days=1))) == []


@pytest.mark.parametrize("people", [3, 30])
def test_a_batch_costs_the_same_for_three_people_and_for_thirty(
    make_people: Callable[[int], None], people: int, django_assert_num_queries: Any
) -> None:
    make_people(people)

    # cycles, rules, credentials, certifications, reviews, files, credits; and that there are no more cycles
    with django_assert_num_queries(8):
        assert len(list(standings_of_all(ON))) == people


def test_memory_holds_two_batches_whatever_the_number_of_people(
    make_people: Callable[[int], None],
) -> None:
    make_people(20)

    def alive() -> int:
        gc.collect()  # rows that know each other wait for it
        return sum(type(one) in (Cycle, Credit) for one in gc.get_objects())  # isinstance wakes lazy objects

    most = max(alive() for _one in standings_of_all(ON, batch=2))

    # cycles and their credits, of the batch that is given out and of the one before it
    assert 2 * 3 <= most <= 2 * 2 * 3 + 3
