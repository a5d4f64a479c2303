"""What has been earned in a cycle, what it fills and what is still short: pure, over dataclasses."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import combinations

from courses.credentials.allocating import Ask, Offer, allocate
from courses.credentials.cycles import Period, add_months, months_of
from courses.credentials.rules import (
    ZERO,
    Demand,
    Rule,
    ceus_from_minutes,
    demands,
    in_proportion,
    required_ceus,
)


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
    #: Names it in verdicts: the number of its row in the ledger.
    key: str = ""
    #: What it was: a value of ``Credit.Activity``.
    kind: str = "other"
    minutes: int | None = None
    #: Whether ``ceus`` is what the certificate says; else it was worked out from ``minutes``.
    is_stated: bool = True
    index_number: str = ""
    #: A reviewer returned it, and nothing new came since.
    returned: bool = False
    #: The period that the person chose, where two are possible.
    placed: Period | None = None


class WhyNot(StrEnum):
    """Why an activity, or a part of its CEUs, does not count in a cycle."""

    OUT_OF_PERIOD = "out_of_period"
    OTHER_PERIOD = "other_period"
    BEFORE_CERTIFICATION = "before_certification"
    RETURNED = "returned"
    NO_INDEX_NUMBER = "no_index_number"
    TOO_SHORT = "too_short"
    OVER_CAP = "over_cap"


@dataclass(frozen=True, slots=True)
class Part:
    """CEUs of an activity that fill the part of the requirement that ``key`` names."""

    key: str
    title: str
    ceus: Decimal


@dataclass(frozen=True, slots=True)
class Piece:
    """CEUs of an activity each of which fills all of these parts at once; ``keys`` as in ``Part``."""

    ceus: Decimal
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an activity counts for in a cycle; ``why_not`` is about what of it does not count."""

    key: str
    #: Counted in the total of this cycle.
    ceus: Decimal
    #: As they stand in the ledger.
    stated: Decimal
    parts: tuple[Part, ...] = ()
    why_not: WhyNot | None = None
    #: The same as ``parts``, cut by what each CEU fills.
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class CapStanding:
    """How much of a kind of activity was done, and how much of it counts; no limit = it is not known."""

    activity: str
    title: str
    used: Decimal
    limit: Decimal | None
    confidence: str = ""

    @property
    def over(self) -> Decimal:
        """CEUs that do not count because of the limit."""
        return ZERO if self.limit is None else max(ZERO, self.used - self.limit)


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
class Lack:
    """CEUs that are still needed, each of which must fill all of ``parts``; none = of any kind."""

    ceus: Decimal
    parts: tuple[BucketStanding, ...] = ()


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
    #: One for each activity given, in their order.
    verdicts: tuple[Verdict, ...] = ()
    caps: tuple[CapStanding, ...] = ()
    #: The fewest further CEUs that complete it, and what each of them must fill.
    lacks: tuple[Lack, ...] = ()
    #: The last day when the body gave more time, else ``None``.
    extended_until: date | None = None
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
    earned: Iterable[Earned],
    period: Period,
    today: date,
    *,
    required: Decimal | None = None,
    extended_until: date | None = None,
) -> Standing:
    """How the cycle ``period`` stands on ``today``.

    Counts what was completed in the period and not before the first of the credentials was earned.
    ``required`` is what the body told the person and replaces the rule's number; ``extended_until`` is the
    last day when the body gave more time. Without a rule there are no buckets.
    """
    earned = list(earned)
    keys = frozenset(one.key for one in held)
    first = min((one.earned_on for one in held), default=period.starts_on)
    months, reduced = months_of(period), None
    if required is None and rule is not None:
        required = required_ceus(rule, keys)
        if rule.prorate_first and months < rule.cycle_months and required is not None:
            required, reduced = in_proportion(required, months, rule.cycle_months), months
    asked = demands(rule, keys, required, months) if rule is not None else ()
    since = [min((h.earned_on for h in held if h.key in d.asked_by), default=first) for d in asked]

    latest = max(since, default=first)
    entered: dict[tuple[frozenset[str], str], tuple[int, ...]] = {}  # by topics and provider: which parts
    offers: list[Offer] = []
    offered: list[int] = []  # which of ``earned`` each offer is
    refused: dict[int, WhyNot] = {}
    worth = [ZERO] * len(earned)
    used: dict[str, Decimal] = {}
    for number in sorted(range(len(earned)), key=lambda n: _order(earned[n])):
        one = earned[number]
        refusal = _refusal(rule, one, period, first, extended_until)
        if refusal is None:
            worth[number] = ceus_under(rule, one)
            if worth[number] <= 0:
                refusal = WhyNot.TOO_SHORT
        if refusal is not None:
            refused[number] = refusal
            continue
        used[one.kind] = used.get(one.kind, ZERO) + worth[number]
        entry = (one.topics, one.provider)
        if entry not in entered:
            entered[entry] = tuple(i for i, demand in enumerate(asked) if _enters(one, demand))
        fits = entered[entry]
        if fits and one.completed_on < latest:
            fits = tuple(i for i in fits if one.completed_on >= since[i])
        offers.append(Offer(_cents(worth[number]), fits, one.kind))
        offered.append(number)

    caps = [
        CapStanding(
            cap.activity, cap.title, used.get(cap.activity, ZERO), cap.limit(required), cap.confidence
        )
        for cap in (rule.caps if rule is not None else ())
    ]
    given = allocate(
        _ask(asked),
        offers,
        {cap.activity: _cents(cap.limit) for cap in caps if cap.limit is not None},
    )
    buckets = tuple(
        BucketStanding(d.key, d.title, _ceus(given.earned[i]), d.required) for i, d in enumerate(asked)
    )
    total = _ceus(sum(given.counts))
    lacks = [Lack(_ceus(n), tuple(buckets[part] for part in parts)) for n, parts in given.lacks]
    fewest = sum((lack.ceus for lack in lacks), ZERO)
    if (rest := (required or ZERO) - total - fewest) > 0:
        lacks.append(Lack(rest))
        fewest += rest
    place = {number: i for i, number in enumerate(offered)}
    verdicts = []
    for number, one in enumerate(earned):
        if number in refused:
            verdicts.append(Verdict(one.key, ZERO, one.ceus, (), refused[number]))
            continue
        i = place[number]
        counts = _ceus(given.counts[i])
        why_not = None
        if counts < worth[number]:
            why_not = WhyNot.OVER_CAP
        elif counts < one.ceus:
            why_not = WhyNot.TOO_SHORT
        if not given.pieces[i]:
            verdicts.append(Verdict(one.key, counts, one.ceus, (), why_not))
            continue
        pieces = tuple(Piece(_ceus(n), tuple(asked[p].key for p in parts)) for n, parts in given.pieces[i])
        verdicts.append(Verdict(one.key, counts, one.ceus, _parts(asked, given.pieces[i]), why_not, pieces))
    last_on = period.last_on if extended_until is None else extended_until
    return Standing(
        earned=total,
        required=required,
        buckets=buckets,
        days_left=(last_on - today).days,
        ends_on=period.ends_on,
        reduced_to_months=reduced,
        fewest=fewest,
        verdicts=tuple(verdicts),
        caps=tuple(caps),
        lacks=tuple(lacks),
        extended_until=extended_until,
    )


def what_if(
    rule: Rule | None,
    held: Collection[Held],
    earned: Iterable[Earned],
    period: Period,
    today: date,
    extra: Earned,
    *,
    required: Decimal | None = None,
    extended_until: date | None = None,
) -> tuple[Standing, Standing]:
    """How the cycle stands, and how it would stand with ``extra`` as well."""
    earned = list(earned)

    def stand(activities: list[Earned]) -> Standing:
        return standing(
            rule, held, activities, period, today, required=required, extended_until=extended_until
        )

    return stand(earned), stand([*earned, extra])


def least(of: Standing) -> tuple[Lack, ...]:
    """The fewest further CEUs that complete the cycle, and what each of them must fill."""
    return of.lacks


def claimable(rule: Rule | None, period: Period, day: date, *, extended_until: date | None = None) -> bool:
    """Whether an activity of ``day`` may count in ``period``, be it by the person's choice.

    Besides its own days a period may claim those of its extension and, where the rule lets it choose, those
    of the renewal month before it: the last month of the period before.
    """
    if day in period or (extended_until is not None and period.ends_on <= day <= extended_until):
        return True
    chooses = rule is not None and rule.either_month
    return chooses and add_months(period.starts_on, -1) <= day < period.starts_on


def ceus_under(rule: Rule | None, one: Earned) -> Decimal:
    """CEUs that the activity is worth with the body of ``rule``.

    The figure of the ledger, except where the rule counts minutes and these are known: a certificate never
    makes more of them, and a figure that was worked out for one body is worked out anew for another.
    """
    if rule is None or one.minutes is None:
        return one.ceus
    if not one.is_stated:
        return _known(ceus_from_minutes(one.minutes, rule), one.ceus)
    if rule.min_remainder_minutes is not None:
        return min(one.ceus, _known(ceus_from_minutes(one.minutes, rule), one.ceus))
    return one.ceus


def _known(value: Decimal | None, otherwise: Decimal) -> Decimal:
    return otherwise if value is None else value


def _refusal(
    rule: Rule | None, one: Earned, period: Period, first: date, extended_until: date | None
) -> WhyNot | None:
    """Why nothing of an activity counts, if so."""
    if one.placed is None or one.placed == period:
        own = one.completed_on in period or (
            one.placed is not None
            and claimable(rule, period, one.completed_on, extended_until=extended_until)
        )
        if not own:
            return WhyNot.OUT_OF_PERIOD
    else:
        here = claimable(rule, period, one.completed_on, extended_until=extended_until)
        return WhyNot.OTHER_PERIOD if here else WhyNot.OUT_OF_PERIOD
    if one.completed_on < first:
        return WhyNot.BEFORE_CERTIFICATION
    if one.returned:
        return WhyNot.RETURNED
    if rule is not None and "index_number" in rule.must_have and not one.index_number.strip():
        return WhyNot.NO_INDEX_NUMBER
    return None


def _order(one: Earned) -> tuple[object, ...]:
    """The order in which activities take their place: as they came into the ledger."""
    if one.key:
        return (len(one.key), one.key)
    return (
        0,
        "",
        one.completed_on,
        one.ceus,
        sorted(one.topics),
        one.provider,
        one.kind,
        one.minutes or 0,
        one.index_number,
    )


def _enters(one: Earned, demand: Demand) -> bool:
    """Whether CEUs of an activity may fill a part."""
    if one.topics & demand.topics:
        return demand.bucket.admits_provider(one.provider)
    return demand.bucket.enters_by(one.provider)


def _ask(asked: Sequence[Demand]) -> Ask:
    pairs = combinations(range(len(asked)), 2)
    return Ask(
        tuple(_cents(demand.required) for demand in asked),
        frozenset((one, other) for one, other in pairs if _share(asked[one], asked[other])),
    )


def _parts(asked: Sequence[Demand], pieces: Sequence[tuple[int, tuple[int, ...]]]) -> tuple[Part, ...]:
    amounts: dict[int, int] = {}
    for amount, parts in pieces:
        for part in parts:
            amounts[part] = amounts.get(part, 0) + amount
    return tuple(Part(asked[p].key, asked[p].title, _ceus(n)) for p, n in sorted(amounts.items()))


def _share(one: Demand, other: Demand) -> bool:
    return other.bucket.key in one.bucket.shares_with or one.bucket.key in other.bucket.shares_with


def _cents(ceus: Decimal) -> int:
    return int(ceus * 100)


def _ceus(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
