"""How far an apprentice is on each route to losing the "A": pure, over dataclasses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from courses.credentials.cycles import ONE_DAY, add_months
from courses.credentials.rules import Apprentice, Need, Route, Unit

#: Days of broken months that make one more month of work: never too early.
_DAYS_OF_A_MONTH = 31


@dataclass(frozen=True, slots=True)
class Proof:
    """Something towards a need; work has days (``ends_on`` ``None``: it goes on), the rest an amount."""

    need: str
    amount: Decimal | None = None
    starts_on: date | None = None
    ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class NeedStanding:
    """How much of a need is there. ``done`` is in the unit of the need, whole months of work rounded down."""

    need: Need
    done: Decimal
    proofs: int

    @property
    def is_met(self) -> bool:
        return self.done >= self.need.amount

    @property
    def share(self) -> Decimal:
        return min(Decimal(1), self.done / self.need.amount) if self.need.amount else Decimal(1)


@dataclass(frozen=True, slots=True)
class RouteStanding:
    route: Route
    needs: tuple[NeedStanding, ...]

    @property
    def is_met(self) -> bool:
        return all(one.is_met for one in self.needs)

    @property
    def share(self) -> Decimal:
        """The mean share of its needs: 1 when all is there."""
        return sum((one.share for one in self.needs), Decimal(0)) / max(1, len(self.needs))


def routes_of(terms: Apprentice, proofs: Iterable[Proof], today: date) -> tuple[RouteStanding, ...]:
    """Every route with what is done of it; a proof counts on each route that needs it."""
    given = list(proofs)
    return tuple(
        RouteStanding(
            route,
            tuple(_need(need, [p for p in given if p.need == need.key], today) for need in route.needs),
        )
        for route in terms.routes
    )


def nearest(routes: Sequence[RouteStanding]) -> RouteStanding | None:
    """The route of which the most is done; ``None`` before anything is. The first of equals."""
    best = max(routes, key=lambda one: one.share, default=None)
    return best if best is not None and best.share else None


def _need(need: Need, proofs: Sequence[Proof], today: date) -> NeedStanding:
    match need.unit:
        case Unit.MONTHS:
            days = [(p.starts_on, min(p.ends_on or today, today)) for p in proofs if p.starts_on is not None]
            done = Decimal(months_worked(days))
        case Unit.HOURS | Unit.CASES:
            done = sum((p.amount or Decimal(0) for p in proofs), Decimal(0))
        case _:
            done = Decimal(len(proofs))
    return NeedStanding(need, done, len(proofs))


def months_worked(periods: Iterable[tuple[date, date]]) -> int:
    """Whole months in ``periods`` (both days included); days in several of them count once."""
    months, rest = 0, 0
    for first, last in _merged(periods):
        after, whole = last + ONE_DAY, 0
        while add_months(first, whole + 1) <= after:
            whole += 1
        months += whole
        rest += (after - add_months(first, whole)).days
    return months + rest // _DAYS_OF_A_MONTH


def _merged(periods: Iterable[tuple[date, date]]) -> list[tuple[date, date]]:
    found: list[tuple[date, date]] = []
    for first, last in sorted(p for p in periods if p[0] <= p[1]):
        if found and first <= found[-1][1] + timedelta(days=1):
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found
