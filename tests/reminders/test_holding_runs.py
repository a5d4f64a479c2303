"""B16: a run of the planner that wants far more than usual waits for somebody's word."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from _pytest.logging import LogCaptureFixture
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from courses.reminders.actions import Planned, approve_held, plan, planning
from courses.reminders.models import PlanTally, Reminder
from tests.reminders.drill import Drill

pytestmark = pytest.mark.django_db

Ask = Callable[..., None]


@pytest.fixture
def ask(drill: Drill, student: User, at: datetime, settings: Settings) -> Ask:
    """So many new things to remind of, by mail alone; ten of them are no storm."""
    settings.REMINDERS_HOLD_ABOVE = 10
    drill.on_by_default = ("email",)

    def ask(count: int, *, days: int = 8) -> None:
        first = len(drill.facts)
        due_on = at.date() + timedelta(days=days)
        drill.facts |= {f"f{n}": (student.pk, due_on) for n in range(first, first + count)}

    return ask


def states() -> dict[str, int]:
    rows = list(Reminder.objects.values_list("state", flat=True))
    return {state: rows.count(state) for state in set(rows)}


def test_run_is_held_only_above_the_limit(ask: Ask, at: datetime) -> None:
    ask(10)
    assert plan(at=at) == Planned(inserted=10)
    ask(11)
    assert plan(at=at + timedelta(minutes=1)) == Planned(inserted=11, held=11)
    assert states() == {"planned": 10, "held": 11}


def test_run_that_gets_too_large_is_held_from_its_first_row(
    ask: Ask, at: datetime, monkeypatch: pytest.MonkeyPatch, caplog: LogCaptureFixture
) -> None:
    monkeypatch.setattr(planning, "SET", 4)
    ask(15)
    assert plan(at=at) == Planned(inserted=15, held=15)
    assert states() == {"held": 15}
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "More than 10 reminders of kind drill were planned at once: they wait for approval.")
    ]


@pytest.mark.parametrize(("count", "held"), [(40, 0), (41, 41)])
def test_run_is_measured_against_ten_times_the_median_of_the_days_before(
    count: int, held: int, ask: Ask, at: datetime
) -> None:
    today = at.date()
    usual = {29: 9000, 28: 4, 20: 1, 9: 900, 2: 3, 1: 5, 0: 9000}
    PlanTally.objects.bulk_create(
        PlanTally(kind="drill", on=today - timedelta(days=ago), rows=rows) for ago, rows in usual.items()
    )
    PlanTally.objects.create(kind="another", on=today - timedelta(days=1), rows=9000)
    ask(count)
    assert plan(at=at) == Planned(inserted=count, held=held)


def test_what_is_held_stays_held_while_a_few_new_ones_are_planned(
    ask: Ask, at: datetime, caplog: LogCaptureFixture
) -> None:
    ask(12)
    plan(at=at)
    ask(2)
    later = at + timedelta(minutes=1)
    assert plan(at=later) == Planned(inserted=2)
    assert plan(at=later) == Planned()
    assert states() == {"held": 12, "planned": 2}
    assert len(caplog.records) == 1


def test_what_is_held_follows_its_person_and_its_deadline(
    ask: Ask, drill: Drill, student: User, at: datetime
) -> None:
    ask(12)
    plan(at=at)
    User.objects.filter(pk=student.pk).update(time_zone="America/New_York")
    assert plan(at=at) == Planned(moved=12)
    assert states() == {"held": 12}
    del drill.facts["f3"]
    assert plan(at=at) == Planned(cancelled=1)
    assert states() == {"held": 11, "cancelled": 1}


def test_what_comes_back_by_the_thousand_is_a_storm_too(ask: Ask, drill: Drill, at: datetime) -> None:
    ask(5)
    plan(at=at)
    ask(5)
    plan(at=at + timedelta(minutes=1))
    ask(5)
    plan(at=at + timedelta(minutes=2))
    facts, drill.facts = drill.facts, {}
    assert plan(at=at + timedelta(minutes=3)) == Planned(cancelled=15)
    drill.facts = facts
    assert plan(at=at + timedelta(minutes=4)) == Planned(moved=15, held=15)


def test_approved_run_is_planned_and_stays_so(ask: Ask, editor: User, at: datetime) -> None:
    ask(12)
    plan(at=at)
    approve_held(kind="drill", by=editor, at=at)
    assert plan(at=at) == Planned()
    assert states() == {"planned": 12}


def test_tally_counts_every_run_of_a_day(
    ask: Ask, at: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ask(4)
    plan(at=at)
    ask(3)
    plan(at=at + timedelta(minutes=1))
    plan(at=at + timedelta(minutes=2))
    assert list(PlanTally.objects.values_list("kind", "on", "rows")) == [("drill", at.date(), 7)]
