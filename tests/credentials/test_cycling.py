"""Cycles follow each other by themselves, once, on the person's own day and under the rules of that day."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from courses.credentials.actions import add_credit
from courses.credentials.actions.changing import change_credential, extend_cycle, submit_cycle
from courses.credentials.actions.cycling import (
    apply_rule_set,
    cycles_to_take_over,
    open_next_cycle,
    open_next_cycles,
    settle_ended_cycles,
)
from courses.credentials.models import CredentialChange, CredentialHeld, Cycle, RuleSet
from courses.credentials.queries import standing_for_cycle
from courses.credentials.signals import cycle_opened
from tests.credentials.conftest import Record

pytestmark = pytest.mark.django_db
#: The day after the CPC's first cycle, which ends with March 2027.
AFTER = datetime(2027, 4, 1, 12, tzinfo=UTC)


@pytest.fixture
def opened() -> Any:
    """The cycles that were announced."""
    found: list[Cycle] = []

    def note(cycle: Cycle, **_kwargs: Any) -> None:
        found.append(cycle)

    cycle_opened.connect(note)
    yield found
    cycle_opened.disconnect(note)


def newest() -> Cycle:
    return Cycle.objects.select_related("rule_set").latest("starts_on")


# --- the next cycle --------------------------------------------------------------------------------------
def test_next_cycle_follows_with_its_credentials_and_says_so_once(
    record: Record, opened: list[Cycle]
) -> None:
    record("cpc")
    record("cpma")
    opened.clear()

    assert open_next_cycles(at=AFTER) == 1
    assert open_next_cycles(at=AFTER) == 0

    cycle = newest()
    assert (cycle.starts_on, cycle.due_on) == (date(2027, 4, 1), date(2029, 3, 31))
    assert {c.certification.key for c in cycle.credentials.all()} == {"cpc", "cpma"}
    assert opened == [cycle]
    assert standing_for_cycle(cycle, AFTER.date()).standing.required == 40
    assert cycle.changes.get().changed_by is None


def test_nothing_follows_before_the_last_day_is_over(record: Record) -> None:
    record()

    assert open_next_cycles(at=datetime(2027, 3, 31, 12, tzinfo=UTC)) == 0


@pytest.mark.parametrize(
    ("zone", "hour", "count"), [("Pacific/Kiritimati", 10, 1), ("Pacific/Pago_Pago", 10, 0)]
)
def test_the_day_is_that_of_the_person(
    record: Record, student: User, zone: str, hour: int, count: int
) -> None:
    record()
    User.objects.filter(pk=student.pk).update(time_zone=zone)

    # in Kiritimati it is 1 April already; in Pago Pago it is 31 March for long
    day = 31 if zone == "Pacific/Kiritimati" else 1
    assert open_next_cycles(at=datetime(2027, 3 if day == 31 else 4, day, hour, tzinfo=UTC)) == count


def test_a_worker_that_was_away_for_years_opens_all_that_passed(record: Record) -> None:
    record()

    assert open_next_cycles(at=datetime(2031, 6, 1, tzinfo=UTC)) == 3
    assert newest().due_on == date(2033, 3, 31)


def test_a_first_cycle_is_reduced_and_the_next_is_full(record: Record) -> None:
    first = record(earned_on=date(2026, 4, 1)).cycles.get()
    assert standing_for_cycle(first, date(2026, 11, 23)).standing.required == 18

    open_next_cycles(at=AFTER)

    now = standing_for_cycle(newest(), AFTER.date()).standing
    assert (now.required, now.reduced_to_months) == (36, None)


def test_nobody_who_gave_up_gets_a_next_cycle(record: Record, at: datetime) -> None:
    held = record()
    change_credential(
        held=held, number="", earned_on=held.earned_on, status="retired", reason="x", by=held.user, at=at
    )

    assert open_next_cycles(at=AFTER) == 0


def test_the_next_cycle_goes_by_the_rules_in_force_on_its_first_day(record: Record) -> None:
    cycle = record("ccs", earned_on=date(2024, 12, 1)).cycles.get()
    assert cycle.rule_set is not None
    assert cycle.rule_set.key == "ahima-2021"

    open_next_cycles(at=datetime(2026, 12, 2, tzinfo=UTC))

    after = newest()
    assert after.rule_set is not None
    assert after.rule_set.key == "ahima-2025"
    cycle.refresh_from_db()
    assert cycle.rule_set is not None
    assert cycle.rule_set.key == "ahima-2021"  # what was begun keeps its rules


def test_a_number_that_the_person_gave_is_carried_only_where_no_rule_knows_it(record: Record) -> None:
    record("cpc", required=Decimal(30))
    record("crcr", ends_on=date(2027, 2, 1), required=Decimal(10))

    open_next_cycles(at=AFTER)

    by_body = {c.body.key: c for c in Cycle.objects.filter(starts_on__gte=date(2027, 1, 1))}
    assert by_body["aapc"].required_override is None
    assert by_body["hfma"].required_override == 10
    assert "check it" in by_body["hfma"].changes.get().reason


def test_a_cycle_without_rules_to_follow_waits_for_the_person(record: Record) -> None:
    record()
    RuleSet.objects.filter(body__key="aapc").update(valid_until=date(2027, 3, 1))

    assert open_next_cycles(at=AFTER) == 0


def test_the_next_cycle_begins_on_its_day_though_the_last_was_extended(record: Record, at: datetime) -> None:
    held = record()
    extend_cycle(cycle=held.cycles.get(), until=date(2027, 5, 31), by=held.user, at=at)

    open_next_cycles(at=AFTER)

    assert newest().starts_on == date(2027, 4, 1)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_open_it_once(record: Record, opened: list[Cycle]) -> None:
    cycle = record().cycles.get()
    opened.clear()

    def work() -> Cycle | None:
        try:
            return open_next_cycle(
                cycle=Cycle.objects.select_related("user", "body").get(pk=cycle.pk), at=AFTER
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        made = [one.result() for one in [pool.submit(work) for _ in range(4)]]

    assert Cycle.objects.count() == 2
    assert len([one for one in made if one is not None]) == len(opened) == 1


@pytest.mark.parametrize("people", [1, 3])
def test_a_sweep_with_nothing_to_do_is_one_query(
    record: Record, people: int, django_assert_num_queries: Any
) -> None:
    record()
    for _ in range(people):
        open_next_cycles(at=AFTER)

    with django_assert_num_queries(1):
        open_next_cycles(at=AFTER)


# --- grace -----------------------------------------------------------------------------------------------
def give_grace(days: int | None) -> None:
    row = RuleSet.objects.get(key="aapc-2015")
    row.terms = row.terms | {"grace": {"days": days}}
    row.save()


def test_unknown_days_of_grace_change_nothing(record: Record) -> None:
    held = record()

    assert settle_ended_cycles(at=AFTER + timedelta(days=200)) == 0
    held.refresh_from_db()
    assert held.status == CredentialHeld.Status.ACTIVE


def test_a_cycle_that_ended_short_runs_through_its_grace_and_lapses(record: Record) -> None:
    give_grace(30)
    held = record(status="apprentice")

    seen = []
    for day in (date(2027, 3, 31), date(2027, 4, 1), date(2027, 4, 30), date(2027, 5, 1)):
        settle_ended_cycles(at=datetime(day.year, day.month, day.day, 18, tzinfo=UTC))
        held.refresh_from_db()
        seen.append(held.status)

    assert seen == ["apprentice", "grace", "grace", "lapsed"]
    assert [c.changed_by for c in CredentialChange.objects.filter(held=held)] == [None, None]


def test_complete_after_all_gives_back_the_status_of_before(record: Record, at: datetime) -> None:
    give_grace(30)
    held = record(status="apprentice")
    settle_ended_cycles(at=AFTER)

    submit_cycle(cycle=held.cycles.get(), on=date(2027, 4, 1), by=held.user, at=AFTER)
    settle_ended_cycles(at=AFTER)

    held.refresh_from_db()
    assert held.status == "apprentice"


def test_a_complete_cycle_and_an_extended_one_are_left_alone(record: Record, at: datetime) -> None:
    give_grace(30)
    held = record()
    extend_cycle(cycle=held.cycles.get(), until=date(2027, 5, 31), by=held.user, at=at)
    assert settle_ended_cycles(at=AFTER) == 0

    add_credit(
        user=held.user,
        title="Everything",
        completed_on=date(2026, 6, 1),
        ceus=Decimal(36),
        index_number="A1",
        by=held.user,
        at=at,
    )
    assert settle_ended_cycles(at=AFTER + timedelta(days=90)) == 0


def test_what_the_person_said_afterwards_stands(record: Record) -> None:
    give_grace(30)
    held = record()
    settle_ended_cycles(at=AFTER)
    held.refresh_from_db()
    change_credential(held=held, number="", earned_on=held.earned_on, status="active", by=held.user, at=AFTER)

    assert settle_ended_cycles(at=AFTER + timedelta(days=90)) == 0


# --- rules that take over --------------------------------------------------------------------------------
def test_rules_that_take_over_are_applied_to_running_cycles_and_written_down(
    record: Record, editor: User, at: datetime
) -> None:
    cycle = record().cycles.get()
    old = RuleSet.objects.get(key="aapc-2015")
    new = RuleSet.objects.get(key="aapc-2015")
    new.pk, new.key, new.title, new.valid_from = None, "aapc-new", "New rules", date(2026, 11, 1)
    new.terms = old.terms | {"takes_over_running": True}
    new.save()

    assert cycles_to_take_over(new, at.date()).count() == 1
    assert apply_rule_set(rule_set=new, by=editor, at=at) == 1
    assert apply_rule_set(rule_set=new, by=editor, at=at) == 0

    cycle.refresh_from_db()
    assert cycle.rule_set == new
    change = cycle.changes.get()
    assert (change.what, change.after, change.changed_by) == ("rule_set", "New rules", editor)


def test_rules_that_do_not_say_so_take_nothing_over(record: Record, editor: User, at: datetime) -> None:
    record("ccs", earned_on=date(2025, 2, 1))
    row = RuleSet.objects.get(key="ahima-2021")

    assert apply_rule_set(rule_set=row, by=editor, at=at) == 0
