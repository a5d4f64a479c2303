"""When a reminder may go: local hours by IANA zone, through every change of the clock.

Pure arithmetic. All moments returned are in UTC.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

SATURDAY = 5
MAX_ATTEMPTS = 8
_FIRST_BACKOFF, _LONGEST_BACKOFF = timedelta(minutes=1), timedelta(hours=6)


@dataclass(frozen=True)
class Hours:
    """A person's hours: reminders go at ``hour``, never from ``quiet_from`` until ``quiet_until``.

    Equal quiet hours mean no quiet; a quiet time may span midnight.
    """

    hour: int = 9
    quiet_from: int = 20
    quiet_until: int = 8
    weekends: bool = True

    def are_quiet(self, hour: int) -> bool:
        """Whether nothing may go in the local ``hour``."""
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= hour < self.quiet_until
        return hour >= self.quiet_from or hour < self.quiet_until


@lru_cache(maxsize=4096)  # a run of the planner asks the same of everybody in a zone
def local_instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The moment when clocks in ``zone`` show ``at`` on ``day``.

    A time that does not exist gives the first moment after the gap; one that exists twice gives the first.
    """
    wall = datetime.combine(day, at, tzinfo=zone)
    instant = wall.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return instant
    # In a gap the two folds lie on either side of the change of the clock: halve until it is found.
    before, after = sorted((instant, wall.replace(fold=1).astimezone(UTC)))
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)


@lru_cache(maxsize=4096)
def next_allowed(at: datetime, zone: ZoneInfo, hours: Hours) -> datetime:
    """``at`` itself where it lies inside the person's hours, else the first moment after it that does."""
    moment = at.astimezone(UTC)
    for _ in range(8):  # at most a night, a weekend and the night after it
        local = moment.astimezone(zone)
        if not hours.weekends and local.weekday() >= SATURDAY:
            monday = local.date() + timedelta(days=7 - local.weekday())
            moment = local_instant(monday, time(hours.hour), zone)
        elif hours.are_quiet(local.hour):
            wakes = local.date()
            if local.hour >= hours.quiet_until:
                wakes += timedelta(days=1)
            moment = local_instant(wakes, time(hours.quiet_until), zone)
        else:
            break
    return moment


@lru_cache(maxsize=4096)
def due_instant(day: date, zone: ZoneInfo, hours: Hours) -> datetime:
    """When a reminder meant for the local ``day`` goes: at the person's hour, inside their hours."""
    return next_allowed(local_instant(day, time(hours.hour), zone), zone, hours)


def moment(send_on: date, zone: ZoneInfo, hours: Hours, *, at: datetime) -> datetime:
    """When a reminder meant for ``send_on`` goes if it is planned ``at``; never in the past."""
    return max(due_instant(send_on, zone, hours), next_allowed(at, zone, hours))


def backoff(attempts: int) -> timedelta:
    """How long to wait after the ``attempts``-th failure: 1 minute, doubled each time, at most 6 hours."""
    doublings = min(attempts - 1, 10)  # by then it is longer than the longest
    return min(_FIRST_BACKOFF * (1 << doublings), _LONGEST_BACKOFF)


def steps_due(*, days_left: int, ahead: int, back: int, steps: tuple[int, ...]) -> list[int]:
    """The steps (days before the deadline) to plan when ``days_left`` remain.

    Looks ``ahead`` days, and ``back`` days for a step whose day went by unnoticed.

    Of the steps whose day has come only the nearest counts, so a deadline recorded late brings one reminder
    and not a burst; none counts once the deadline is over.
    """
    if days_left < 0:
        return []
    passed = [step for step in steps if days_left <= step <= days_left + back]
    coming = [step for step in steps if days_left - ahead <= step < days_left]
    return [*([min(passed)] if passed else []), *sorted(coming, reverse=True)]
