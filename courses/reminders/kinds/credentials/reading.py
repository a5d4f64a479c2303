"""Cycles as the planner streams them, dates only, and as sending reads them, a whole batch at once."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import NamedTuple

from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery

from courses.credentials.models import CredentialHeld, Cycle
from courses.credentials.queries.standing import CycleStanding, held_of_cycles, standings_of
from courses.reminders.kinds.ladder import LOOK_BACK, ONE_DAY, in_days, in_pages
from courses.reminders.kinds.shared import id_of
from courses.reminders.models import Reminder


class Dates(NamedTuple):
    """All that planning knows of a cycle."""

    pk: int
    #: That of the extension where the body gave one.
    last_on: date
    user_id: int
    zone: str
    starts_on: date
    opened_at: datetime


_COLUMNS = ("user_id", "user__time_zone", "starts_on", "opened_at")


def kept_cycles(statuses: Collection[str] = CredentialHeld.KEPT) -> QuerySet[Cycle]:
    """Cycles in which somebody holds a credential that is one of ``statuses``."""
    kept = CredentialHeld.objects.filter(cycles=OuterRef("pk"), status__in=sorted(statuses)).order_by()
    # not Exists(): PostgreSQL would join every cycle there is before it takes a page
    return Cycle.objects.alias(kept=Subquery(kept.values("pk")[:1])).filter(kept__isnull=False)


def ending_in(rows: QuerySet[Cycle], stretches: Iterable[tuple[date, date]]) -> Iterator[Dates]:
    """The cycles of ``rows`` whose last day lies in one of ``stretches``."""
    stretches = list(stretches)
    own = [(first + ONE_DAY, last + ONE_DAY) for first, last in stretches]
    for pk, ends_on, *rest in in_days(rows.filter(extended_until=None), "ends_on", own, "ends_on", *_COLUMNS):
        yield Dates(pk, ends_on - ONE_DAY, *rest)
    near = reduce(or_, (Q(extended_until__range=days) for days in stretches))
    # so few are extended that one question finds them all
    for found in in_pages(rows.filter(near), "extended_until", *_COLUMNS):
        yield Dates(*found)


def dates_of(rows: QuerySet[Cycle]) -> Iterator[Dates]:
    """All cycles of ``rows``."""
    for pk, ends_on, extended_until, *rest in in_pages(rows, "ends_on", "extended_until", *_COLUMNS):
        yield Dates(pk, extended_until or ends_on - ONE_DAY, *rest)


def days_near(at: datetime, until: datetime, *, back: timedelta = LOOK_BACK) -> tuple[date, date]:
    """The first and the last day on which something may be told, on any clock."""
    # a person's day begins up to 14 hours before and 12 after that of UTC
    return at.date() - back - ONE_DAY, until.date() + ONE_DAY


def last_days(ids: Collection[int]) -> dict[int, date]:
    """The last day of each cycle that is there."""
    rows = Cycle.objects.filter(pk__in=ids).values_list("pk", "ends_on", "extended_until")
    return {pk: extended_until or ends_on - ONE_DAY for pk, ends_on, extended_until in rows}


def standings_about(reminders: Sequence[Reminder], at: datetime) -> Mapping[int, CycleStanding]:
    """How the cycles of the reminders stand on their people's day, by the reminders' primary keys."""
    days = {reminder.user_id: reminder.user.local(at).date() for reminder in reminders}
    by_cycle = standings_by_cycle({id_of(reminder.subject) for reminder in reminders}, days)
    found = {}
    for reminder in reminders:
        of = by_cycle.get(id_of(reminder.subject))
        if of is not None and of.cycle.user_id == reminder.user_id:
            found[reminder.pk] = of
    return found


def standings_by_cycle(ids: Collection[int], days: Mapping[int, date]) -> dict[int, CycleStanding]:
    """How these cycles stand, each on the day that ``days`` gives for its person."""
    rows = Cycle.objects.filter(pk__in=ids, user__in=days).select_related("body", "user")
    cycles = list(rows.prefetch_related("rule_set", Prefetch("credentials", held_of_cycles())))
    return {one.cycle.pk: one for one in standings_of(cycles, days)}


def subject_of(cycle_id: int) -> str:
    """What reminders about a cycle call it."""
    return f"cycle-{cycle_id}"
