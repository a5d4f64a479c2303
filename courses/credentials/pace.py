"""Whether CEUs come fast enough: pure, over a standing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from courses.credentials.cycles import Period
from courses.credentials.rules import CENT, ZERO
from courses.credentials.standing import Earned, Standing

#: Days before the last day at which a person is told how a cycle stands.
STEPS = (180, 90, 60, 30, 14, 7, 1)
#: Before so many days nothing can be said about a rate.
TOO_EARLY = timedelta(days=42)
_MONTH = Decimal("30.4375")


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast a total grows: CEUs a month, and the day on which it is complete if that goes on.

    ``a_month`` is ``None`` while it is too early to say, ``complete_on`` also when nothing is short, when
    nobody knows what is asked, and when the day would lie beyond the calendar or never come.
    """

    a_month: Decimal | None
    complete_on: date | None
    is_behind: bool


@dataclass(frozen=True, slots=True)
class BucketPace:
    """How fast one part of the requirement grows."""

    key: str
    title: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a cycle fills up, as a whole and in each part."""

    total: Rate
    buckets: tuple[BucketPace, ...] = ()

    @property
    def a_month(self) -> Decimal | None:
        return self.total.a_month

    @property
    def complete_on(self) -> date | None:
        """The day on which everything is complete at this rate; ``None`` when that cannot be said."""
        rates = [self.total, *(one.rate for one in self.buckets)]
        days = [rate.complete_on for rate in rates if rate.complete_on is not None]
        never = any(rate.is_behind and rate.complete_on is None for rate in rates)
        return max(days, default=None) if not never else None

    @property
    def is_behind(self) -> bool:
        """Whether the cycle ends before all is complete, at this rate."""
        return self.total.is_behind or any(one.rate.is_behind for one in self.buckets)


def pace(of: Standing, period: Period, earned: Sequence[Earned], today: date) -> Pace:
    """How fast the cycle fills up since its period began; ``earned`` is what ``of`` was made from."""
    last_on = of.extended_until or period.last_on
    done = [v for v, one in zip(of.verdicts, earned, strict=True) if one.completed_on <= today]
    total = _rate(sum((v.ceus for v in done), ZERO), of.short, period, last_on, today)
    filled: dict[str, Decimal] = {}
    for verdict in done:
        for part in verdict.parts:
            filled[part.key] = filled.get(part.key, ZERO) + part.ceus
    buckets = tuple(
        BucketPace(b.key, b.title, _rate(filled.get(b.key, ZERO), b.short, period, last_on, today))
        for b in of.buckets
    )
    return Pace(total, buckets)


def _rate(done: Decimal, short: Decimal, period: Period, last_on: date, today: date) -> Rate:
    elapsed = today - period.starts_on
    if elapsed < TOO_EARLY or today > last_on:
        return Rate(None, None, is_behind=False)
    a_day = done / (elapsed.days + 1)
    a_month = (a_day * _MONTH).quantize(CENT, ROUND_HALF_UP)
    if not short:
        return Rate(a_month, None, is_behind=False)
    if not done:
        return Rate(a_month, None, is_behind=True)
    days = int((short / a_day).to_integral_value(ROUND_CEILING))
    if days > (date.max - today).days:
        return Rate(a_month, None, is_behind=True)
    complete_on = today + timedelta(days=days)
    return Rate(a_month, complete_on, is_behind=complete_on > last_on)


def steps(due_on: date) -> tuple[tuple[int, date], ...]:
    """Days before ``due_on`` and the day itself, for each step at which a person is warned."""
    return tuple((days, due_on - timedelta(days=days)) for days in STEPS)
