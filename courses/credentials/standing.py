"""What has been earned in a cycle and what is still short: pure, over dataclasses."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from courses.credentials.cycles import Period, months_of
from courses.credentials.rules import ZERO, Demand, Rule, demands, in_proportion, required_ceus


@dataclass(frozen=True, slots=True)
class Held:
    """A credential that counts in the cycle."""

    key: str
    earned_on: date


@dataclass(frozen=True, slots=True)
class Earned:
    """An activity of the ledger that was not taken back."""

    completed_on: date
    ceus: Decimal
    topics: frozenset[str] = frozenset()
    provider: str = ""


@dataclass(frozen=True, slots=True)
class BucketStanding:
    """How one part of the requirement stands."""

    key: str
    title: str
    earned: Decimal
    required: Decimal

    @property
    def short(self) -> Decimal:
        return max(ZERO, self.required - self.earned)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a cycle stands on a day; ``required`` is ``None`` where nobody knows what is asked."""

    earned: Decimal
    required: Decimal | None
    buckets: tuple[BucketStanding, ...]
    #: Days after this one until the last day of the cycle: 0 on the last day, negative after it.
    days_left: int
    #: The first day after the cycle.
    ends_on: date
    #: Months of a first cycle that is shorter than a full one and was reduced in proportion, else ``None``.
    reduced_to_months: int | None = None
    #: The fewest CEUs that fill both the total and every bucket.
    fewest: Decimal = ZERO
    short: Decimal = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "short", max(ZERO, (self.required or ZERO) - self.earned))

    @property
    def short_buckets(self) -> tuple[BucketStanding, ...]:
        return tuple(bucket for bucket in self.buckets if bucket.short)

    @property
    def is_met(self) -> bool:
        """Whether nothing is short, as far as the rule is known."""
        return self.required is not None and not self.short and not self.short_buckets


def standing(
    rule: Rule | None,
    held: Collection[Held],
    credits: Iterable[Earned],
    period: Period,
    today: date,
    *,
    required: Decimal | None = None,
) -> Standing:
    """How the cycle ``period`` stands on ``today``.

    Counts what was completed in the period and not before the first of the credentials was earned.
    ``required`` is what the body told the person and replaces the rule's number. Without a rule there are no
    buckets.
    """
    keys = frozenset(one.key for one in held)
    since = max(period.starts_on, min((one.earned_on for one in held), default=period.starts_on))
    counting = [one for one in credits if since <= one.completed_on and one.completed_on in period]
    months, reduced = months_of(period), None
    if required is None and rule is not None:
        required = required_ceus(rule, keys)
        if rule.prorate_first and months < rule.cycle_months and required is not None:
            required, reduced = in_proportion(required, months, rule.cycle_months), months
    asked = demands(rule, keys, required, months) if rule is not None else ()
    since_by_demand = {
        d.key: min((h.earned_on for h in held if h.key in d.asked_by), default=since) for d in asked
    }
    filled = _fill(asked, counting, since_by_demand)
    buckets = tuple(BucketStanding(d.key, d.title, filled[d.key], d.required) for d in asked)
    earned = sum((one.ceus for one in counting), ZERO)
    shorts = {bucket.key: bucket.short for bucket in buckets}
    by_group = [sum((shorts[d.key] for d in group), ZERO) for group in _rivals(asked)]
    return Standing(
        earned=earned,
        required=required,
        buckets=buckets,
        days_left=(period.last_on - today).days,
        ends_on=period.ends_on,
        reduced_to_months=reduced,
        fewest=max(ZERO, (required or ZERO) - earned, *by_group),
    )


def _fill(
    asked: Sequence[Demand], credits: Sequence[Earned], since: Mapping[str, date]
) -> dict[str, Decimal]:
    """CEUs in each bucket: no CEU in two buckets that do not share, and the most that can be met is met."""
    filled = {demand.key: ZERO for demand in asked}
    for group in _rivals(asked):
        supply: dict[tuple[str, ...], Decimal] = {}
        for one in credits:
            fits = tuple(
                d.key
                for d in group
                if one.topics & d.topics
                and d.bucket.admits_provider(one.provider)
                and one.completed_on >= since[d.key]
            )
            if fits:
                supply[fits] = supply.get(fits, ZERO) + one.ceus
        filled |= _most(supply, {d.key: d.required for d in group})
    return filled


def _rivals(asked: Sequence[Demand]) -> list[list[Demand]]:
    """Demands in groups that compete for the same CEU; buckets that share are in different groups."""
    groups: list[list[Demand]] = []
    for demand in asked:
        rivals = [g for g in groups if any(not _share(demand, other) for other in g)]
        merged = [one for group in rivals for one in group] + [demand]
        groups = [g for g in groups if g not in rivals] + [merged]
    return groups


def _share(one: Demand, other: Demand) -> bool:
    return other.bucket.key in one.bucket.shares_with or one.bucket.key in other.bucket.shares_with


def _most(supply: Mapping[tuple[str, ...], Decimal], wanted: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Split ``supply`` (CEUs by the buckets they fit) so that as much of ``wanted`` as possible is met.

    A maximum flow by augmenting paths. What is left over goes to the first bucket that it fits.
    """
    given: dict[tuple[tuple[str, ...], str], Decimal] = {(fits, key): ZERO for fits in supply for key in fits}
    left = dict(supply)
    got = dict.fromkeys(wanted, ZERO)

    def push(fits: tuple[str, ...], amount: Decimal, seen: set[str]) -> Decimal:
        """Place up to ``amount`` of ``fits``, moving others aside where that helps; returns what was."""
        for key in fits:
            if key in seen:
                continue
            seen.add(key)
            room = min(amount, wanted[key] - got[key])
            if room > 0:
                given[fits, key] += room
                got[key] += room
                return room
            for other in supply:
                if other == fits or not given.get((other, key)):
                    continue
                moved = push(other, min(amount, given[other, key]), seen)
                if moved:
                    given[other, key] -= moved
                    given[fits, key] += moved
                    return moved
        return ZERO

    for fits in supply:
        while left[fits] > 0:
            placed = push(fits, left[fits], set())
            if not placed:
                break
            left[fits] -= placed
    for fits, rest in left.items():
        got[fits[0]] += rest
    return got
