"""Corrections: what they do to cycles, what they refuse, and that every one of them is written down."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from courses.credentials.actions.changing import (
    change_credential,
    change_cycle,
    extend_cycle,
    submit_cycle,
    tick_step,
)
from courses.credentials.actions.holding import CycleDates
from courses.credentials.actions.refusals import Refused
from courses.credentials.models import ChecklistTick, CredentialChange, CredentialHeld, Cycle
from courses.credentials.queries import standing_for_cycle
from tests.credentials.conftest import Record

pytestmark = pytest.mark.django_db
Status = CredentialHeld.Status


def change(held: CredentialHeld, at: datetime, **fields: Any) -> list[str]:
    now = {"number": held.number, "earned_on": held.earned_on, "status": held.status}
    return change_credential(**{"held": held, "by": held.user, "at": at} | now | fields)


def correct(cycle: Cycle, at: datetime, **fields: Any) -> list[str]:
    now = {"starts_on": cycle.starts_on, "ends_on": cycle.ends_on, "required": cycle.required_override}
    return change_cycle(**{"cycle": cycle, "by": cycle.user, "at": at} | now | fields)


def written(**fields: Any) -> list[tuple[str, str, str]]:
    return list(CredentialChange.objects.filter(**fields).values_list("what", "before", "after"))


# --- a credential ----------------------------------------------------------------------------------------
def test_number_is_changed_and_written_down(record: Record, student: User, at: datetime) -> None:
    held = record(number="01")

    assert change(held, at, number=" 02 ") == ["number"]

    held.refresh_from_db()
    row = CredentialChange.objects.get()
    assert (held.number, row.what, row.before, row.after) == ("02", "number", "01", "02")
    assert (row.changed_by, row.changed_at) == (student, at)


def test_nothing_changed_writes_nothing(record: Record, at: datetime) -> None:
    assert change(record(), at) == []
    assert not CredentialChange.objects.exists()


def test_retired_leaves_the_demand_and_can_come_back(record: Record, at: datetime) -> None:
    held = record("cpma")
    record("cpc")
    cycle = Cycle.objects.get()
    today = at.date()
    assert standing_for_cycle(cycle, today).standing.required == 40

    change(held, at, status=Status.RETIRED, reason="I teach now")
    assert standing_for_cycle(cycle, today).standing.required == 36
    assert standing_for_cycle(cycle, today).standing.buckets == ()

    held.refresh_from_db()
    change(held, at, status=Status.ACTIVE)
    assert standing_for_cycle(cycle, today).standing.required == 40
    assert [row[1:] for row in written(what="status")] == [("retired", "active"), ("active", "retired")]


@pytest.mark.parametrize(
    "fields", [{"status": Status.RETIRED}, {"status": Status.LAPSED}, {"earned_on": date(2021, 1, 1)}]
)
def test_what_takes_something_away_says_why(record: Record, at: datetime, fields: dict[str, Any]) -> None:
    held = record()

    with pytest.raises(Refused) as refused:
        change(held, at, **fields)

    assert refused.value.field == "reason"
    assert not CredentialChange.objects.exists()


def test_kept_again_without_a_running_cycle_opens_one(record: Record, at: datetime) -> None:
    held = record(status=Status.LAPSED)
    assert not Cycle.objects.exists()

    with pytest.raises(Refused) as refused:
        change(held, at, status=Status.ACTIVE)
    assert refused.value.field == "renewal_month"
    held.refresh_from_db()
    assert held.status == Status.LAPSED

    change(held, at, status=Status.ACTIVE, dates=CycleDates(renewal_month=3))
    assert held.cycles.get().due_on == date(2027, 3, 31)


def test_the_day_certified_moves_a_first_cycle(record: Record, at: datetime) -> None:
    held = record(earned_on=date(2026, 6, 1))
    assert held.cycles.get().starts_on == date(2026, 6, 1)

    change(held, at, earned_on=date(2026, 8, 1), reason="Misread")
    assert held.cycles.get().starts_on == date(2026, 8, 1)

    held.refresh_from_db()
    change(held, at, earned_on=date(2019, 8, 1), reason="Misread again")
    assert held.cycles.get().starts_on == date(2025, 4, 1)


def test_the_day_passed_moves_the_whole_cycle_at_ahima(record: Record, at: datetime) -> None:
    held = record("ccs", earned_on=date(2025, 5, 4))
    assert held.cycles.get().due_on == date(2027, 5, 3)

    change(held, at, earned_on=date(2025, 6, 4), reason="Misread")

    cycle = held.cycles.get()
    assert (cycle.starts_on, cycle.due_on) == (date(2025, 6, 4), date(2027, 6, 3))
    assert {row[0] for row in written(cycle=cycle)} == {"starts_on", "ends_on"}


def test_a_future_day_and_a_strange_status_are_refused(record: Record, at: datetime) -> None:
    held = record("cpma")
    for fields, field in (
        ({"earned_on": date(2027, 1, 1), "reason": "x"}, "earned_on"),
        ({"status": Status.APPRENTICE}, "status"),
    ):
        with pytest.raises(Refused) as refused:
            change(held, at, **fields)
        assert refused.value.field == field


# --- a cycle ---------------------------------------------------------------------------------------------
def test_days_are_corrected_and_can_be_put_back(record: Record, at: datetime) -> None:
    cycle = record().cycles.get()

    assert correct(cycle, at, ends_on=date(2027, 3, 1)) == ["ends_on"]
    assert Cycle.objects.get().due_on == date(2027, 2, 28)
    assert correct(Cycle.objects.get(), at, ends_on=date(2027, 4, 1)) == ["ends_on"]
    assert Cycle.objects.get().period == cycle.period
    assert [row[1] for row in written(what="ends_on")] == ["2027-03-01", "2027-04-01"]


def test_a_cycle_moved_to_days_under_other_rules_takes_them(record: Record, at: datetime) -> None:
    cycle = record("ccs", earned_on=date(2023, 2, 1)).cycles.get()
    assert cycle.rule_set is not None
    assert cycle.rule_set.key == "ahima-2025"

    correct(cycle, at, starts_on=date(2024, 12, 1), ends_on=date(2026, 12, 1))

    moved = Cycle.objects.get()
    assert moved.rule_set is not None
    assert moved.rule_set.key == "ahima-2021"
    assert "rule_set" in {row[0] for row in written(cycle=cycle)}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"ends_on": date(2025, 4, 1)}, "before the first"),
        ({"ends_on": date(2029, 4, 1)}, "24 months"),
        ({"starts_on": date(2023, 5, 1), "ends_on": date(2025, 5, 1)}, "overlap"),
    ],
)
def test_days_that_cannot_be_are_refused(
    record: Record, at: datetime, fields: dict[str, Any], words: str
) -> None:
    cycle = record().cycles.get()
    Cycle.objects.create(
        user=cycle.user,
        body=cycle.body,
        rule_set=cycle.rule_set,
        starts_on=date(2023, 4, 1),
        ends_on=date(2025, 4, 1),
        opened_at=at,
    )

    with pytest.raises(Refused, match=words):
        correct(cycle, at, **fields)


def test_the_number_the_body_told_replaces_that_of_the_rules(record: Record, at: datetime) -> None:
    cycle = record().cycles.get()

    correct(cycle, at, required=Decimal(30))
    assert standing_for_cycle(Cycle.objects.get(), at.date()).standing.required == 30
    correct(Cycle.objects.get(), at, required=None)
    assert standing_for_cycle(Cycle.objects.get(), at.date()).standing.required == 36


def test_a_number_that_no_rule_replaces_cannot_be_taken_back(record: Record, at: datetime) -> None:
    cycle = record("crcr", ends_on=date(2027, 2, 1), required=Decimal(10)).cycles.get()

    with pytest.raises(Refused) as refused:
        correct(cycle, at, required=None)

    assert refused.value.field == "required"


# --- more time, reported, steps --------------------------------------------------------------------------
def test_extension_counts_activities_after_the_last_day_until_it_is_over(
    record: Record, at: datetime
) -> None:
    cycle = record().cycles.get()

    extend_cycle(cycle=cycle, until=date(2027, 4, 30), by=cycle.user, at=at)

    assert standing_for_cycle(Cycle.objects.get(), date(2027, 4, 20)).days_left == 10
    extend_cycle(cycle=Cycle.objects.get(), until=None, by=cycle.user, at=at)
    assert Cycle.objects.get().extended_until is None
    assert len(written(what="extended_until")) == 2


@pytest.mark.parametrize("until", [date(2027, 3, 31), date(2027, 3, 1), date(2028, 6, 1)])
def test_an_extension_to_an_earlier_day_or_by_years_is_refused(
    record: Record, at: datetime, until: date
) -> None:
    cycle = record().cycles.get()

    with pytest.raises(Refused) as refused:
        extend_cycle(cycle=cycle, until=until, by=cycle.user, at=at)

    assert refused.value.field == "extended_until"


@pytest.mark.parametrize("on", [date(2026, 11, 24), date(2025, 3, 31)])
def test_a_report_of_tomorrow_or_before_the_cycle_is_refused(record: Record, at: datetime, on: date) -> None:
    cycle = record().cycles.get()

    with pytest.raises(Refused) as refused:
        submit_cycle(cycle=cycle, on=on, by=cycle.user, at=at)

    assert refused.value.field == "submitted_on"


def test_report_is_saved_and_taken_back(record: Record, at: datetime) -> None:
    cycle = record().cycles.get()

    submit_cycle(cycle=cycle, on=date(2026, 11, 20), by=cycle.user, at=at)
    assert Cycle.objects.get().submitted_on == date(2026, 11, 20)
    submit_cycle(cycle=cycle, on=None, by=cycle.user, at=at)
    assert Cycle.objects.get().submitted_on is None


def test_steps_are_ticked_once_and_only_those_of_the_rules(record: Record, at: datetime) -> None:
    cycle = record().cycles.get()

    for _ in range(2):
        tick_step(cycle=cycle, key="dues", is_done=True, at=at)
    assert ChecklistTick.objects.count() == 1
    for _ in range(2):
        tick_step(cycle=cycle, key="dues", is_done=False, at=at)
    assert not ChecklistTick.objects.exists()
    with pytest.raises(Refused):
        tick_step(cycle=cycle, key="nothing", is_done=True, at=at)
