"""Continuing-education rules as data: what a rule set asks, read from a row; no database here.

All amounts are CEUs as ``Decimal``. ``None`` always means "not known", never "nothing".
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_DOWN, Decimal
from enum import StrEnum
from typing import Any

CENT = Decimal("0.01")
ZERO = Decimal(0)


class BadTerms(ValueError):
    """The terms of a rule set do not follow the schema; the message names the key."""


class Anchor(StrEnum):
    """What fixes the dates of a cycle."""

    RENEWAL_MONTH = "renewal_month"
    PASS_DATE = "pass_date"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Required:
    """CEUs asked for a full cycle, over all credentials of the body that are held in it."""

    by_count: tuple[Decimal, ...] = ()
    base: Mapping[str, Decimal] = field(default_factory=dict)
    each_further: Decimal | None = None
    cap: Decimal | None = None
    absorbs: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A part of the requirement with a minimum of its own."""

    key: str
    title: str
    minimum: Decimal | None = None
    percent: Decimal | None = None
    applies_to: frozenset[str] = frozenset()
    per_credential: bool = False
    providers: tuple[str, ...] = ()
    shares_with: frozenset[str] = frozenset()

    def admits_provider(self, provider: str) -> bool:
        """Whether an activity of ``provider`` may enter: its name holds one of the names listed."""
        name = provider.casefold()
        return not self.providers or any(listed.casefold() in name for listed in self.providers)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule set asks."""

    cycle_months: int = 24
    anchor: Anchor = Anchor.UNKNOWN
    year_parity: bool = False
    prorate_first: bool = False
    either_month: bool = False
    certifications: frozenset[str] = frozenset()
    required: Required = Required()
    minutes_per_ceu: int | None = None
    min_remainder_minutes: int | None = None
    carry_over: Decimal | None = None
    unique_by: str | None = None
    buckets: tuple[Bucket, ...] = ()
    evidence_fields: tuple[str, ...] = ()

    def speaks_of(self, certification: str) -> bool:
        """Whether the rule is about this credential."""
        return not self.certifications or certification in self.certifications


@dataclass(frozen=True, slots=True)
class Demand:
    """A bucket in force for what someone holds; one for each credential where the rule says so."""

    key: str
    title: str
    required: Decimal
    #: Topics that enter it: the bucket's key, or this demand's own.
    topics: frozenset[str]
    bucket: Bucket
    #: Keys of the credentials that ask for it; empty when every credential does.
    asked_by: frozenset[str]


def _decimal(value: Any, name: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise BadTerms(f"{name}: {value!r} is not a number")
    try:
        return Decimal(str(value))
    except ArithmeticError:
        raise BadTerms(f"{name}: {value!r} is not a number") from None


def _maybe(value: Any, name: str) -> Decimal | None:
    return None if value is None else _decimal(value, name)


def _required(terms: Mapping[str, Any]) -> Required:
    return Required(
        by_count=tuple(_decimal(v, "required.by_count") for v in terms["by_count"]),
        base={key: _decimal(v, f"required.base.{key}") for key, v in terms["base"].items()},
        each_further=_maybe(terms["each_further"], "required.each_further"),
        cap=_maybe(terms["cap"], "required.cap"),
        absorbs={key: frozenset(others) for key, others in terms["absorbs"].items()},
    )


def _bucket(terms: Mapping[str, Any]) -> Bucket:
    bucket = Bucket(
        key=terms["key"],
        title=terms["title"],
        minimum=_maybe(terms["minimum"], f"bucket.{terms['key']}.minimum"),
        percent=_maybe(terms["percent"], f"bucket.{terms['key']}.percent"),
        applies_to=frozenset(terms["applies_to"]),
        per_credential=bool(terms["per_credential"]),
        providers=tuple(terms["providers"]),
        shares_with=frozenset(terms["shares_with"]),
    )
    if (bucket.minimum is None) == (bucket.percent is None):
        raise BadTerms(f"bucket.{bucket.key}: exactly one of minimum and percent has a value")
    return bucket


def parse_terms(
    terms: Mapping[str, Any],
    *,
    cycle_months: int,
    anchor: str,
    minutes_per_ceu: int | None,
    min_remainder_minutes: int | None,
    carry_over: Decimal | None,
) -> Rule:
    """The rule that a rule set's columns and ``terms`` spell; raises ``BadTerms``."""
    try:
        rule = Rule(
            cycle_months=cycle_months,
            anchor=Anchor(anchor),
            year_parity=bool(terms["year_parity"]),
            prorate_first=bool(terms["prorate_first"]),
            either_month=bool(terms["either_month"]),
            certifications=frozenset(terms["certifications"]),
            required=_required(terms["required"]),
            minutes_per_ceu=minutes_per_ceu,
            min_remainder_minutes=min_remainder_minutes,
            carry_over=carry_over,
            unique_by=terms["unique_by"],
            buckets=tuple(_bucket(b) for b in terms["buckets"]),
            evidence_fields=tuple(terms["evidence_fields"]),
        )
    except KeyError as missing:
        raise BadTerms(f"{missing.args[0]} is missing") from missing
    except (AttributeError, TypeError, ValueError) as wrong:
        raise wrong if isinstance(wrong, BadTerms) else BadTerms(str(wrong)) from wrong
    keys = [bucket.key for bucket in rule.buckets]
    strangers = {key for bucket in rule.buckets for key in bucket.shares_with} - set(keys)
    if strangers or len(set(keys)) != len(keys):
        raise BadTerms(f"buckets: keys must be unique and shares_with name them ({', '.join(strangers)})")
    return rule


def counted(rule: Rule, held: Iterable[str]) -> frozenset[str]:
    """The credentials that count for the requirement: those the rule speaks of, without the absorbed."""
    own = frozenset(key for key in held if rule.speaks_of(key))
    absorbed = {other for key in own for other in rule.required.absorbs.get(key, frozenset())}
    return own - absorbed


def required_ceus(rule: Rule, held: Iterable[str]) -> Decimal | None:
    """CEUs that a full cycle asks of someone who holds ``held``; ``None`` when the rule does not say."""
    keys, asked = counted(rule, held), rule.required
    if not keys:
        return None
    if asked.by_count:
        total = asked.by_count[min(len(keys), len(asked.by_count)) - 1]
    else:
        known = [asked.base[key] for key in keys if key in asked.base]
        if not known:
            return None
        total = max(known) + (asked.each_further or ZERO) * (len(keys) - 1)
    return total if asked.cap is None else min(total, asked.cap)


def in_proportion(amount: Decimal, months: int, full: int) -> Decimal:
    """``amount`` for ``months`` of ``full``, rounded up to a whole CEU so that nobody is told too little."""
    return amount if months >= full else (amount * months / full).to_integral_value(ROUND_CEILING)


def demands(rule: Rule, held: Collection[str], required: Decimal | None, months: int) -> tuple[Demand, ...]:
    """The buckets in force for ``held`` in a cycle of ``months`` that asks ``required`` in all."""
    found: list[Demand] = []
    for bucket in rule.buckets:
        owners = bucket.applies_to & frozenset(held)
        if bucket.applies_to and not owners:
            continue
        if bucket.percent is not None:
            if required is None:
                continue
            minimum = (required * bucket.percent / 100).quantize(CENT, ROUND_CEILING)
        else:
            minimum = bucket.minimum or ZERO
            if rule.prorate_first:
                minimum = in_proportion(minimum, months, rule.cycle_months)
        if not bucket.per_credential:
            found.append(Demand(bucket.key, bucket.title, minimum, frozenset({bucket.key}), bucket, owners))
            continue
        for owner in sorted(owners):
            key = f"{bucket.key}:{owner}"
            title = f"{bucket.title} ({owner.upper()})"
            topics = frozenset({bucket.key, key})
            found.append(Demand(key, title, minimum, topics, bucket, frozenset({owner})))
    return tuple(found)


def ceus_from_minutes(minutes: int, rule: Rule) -> Decimal | None:
    """CEUs for ``minutes`` of an activity; ``None`` when the rule does not say how minutes count.

    With a remainder rule a rest counts as one CEU or as nothing (AHIMA: 150 min are 2, 165 min are 3);
    without one the exact share counts, cut to a hundredth.
    """
    if rule.minutes_per_ceu is None:
        return None
    whole, rest = divmod(minutes, rule.minutes_per_ceu)
    if rule.min_remainder_minutes is not None:
        return Decimal(whole + (rest >= rule.min_remainder_minutes))
    return (Decimal(minutes) / rule.minutes_per_ceu).quantize(CENT, ROUND_DOWN)
