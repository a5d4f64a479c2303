"""Continuing-education rules as data: what a rule set asks, read from a row; no database here.

All amounts are CEUs as ``Decimal``. ``None`` always means "not known", never "nothing".
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_CEILING, ROUND_DOWN, Decimal
from enum import StrEnum
from typing import Any, TypeVar

CENT = Decimal("0.01")
ZERO = Decimal(0)
#: What ``must_have`` can ask for: a field of an activity that may be empty.
MUST_HAVE = ("index_number",)

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


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
    #: The provider's name alone lets an activity in; nobody has to tick the part.
    by_provider: bool = False

    def admits_provider(self, provider: str) -> bool:
        """Whether an activity of ``provider`` may enter: its name holds one of the names listed."""
        name = provider.casefold()
        return not self.providers or any(listed.casefold() in name for listed in self.providers)

    def enters_by(self, provider: str) -> bool:
        """Whether an activity enters without a tick: one of the names listed stands in it as a word."""
        if not self.by_provider or not provider:
            return False
        return any(
            re.search(rf"(?<!\w){re.escape(listed)}(?!\w)", provider, re.IGNORECASE)
            for listed in self.providers
        )


@dataclass(frozen=True, slots=True)
class Cap:
    """How much of one kind of activity counts; neither figure = there is a limit, and nobody knows it."""

    activity: str
    title: str
    ceus: Decimal | None = None
    percent: Decimal | None = None
    confidence: str = ""

    def limit(self, required: Decimal | None) -> Decimal | None:
        """CEUs of the kind that count in a cycle that asks ``required``."""
        if self.ceus is not None:
            return self.ceus
        if self.percent is None or required is None:
            return None
        return (required * self.percent / 100).quantize(CENT, ROUND_DOWN)


@dataclass(frozen=True, slots=True)
class Submission:
    """When the body takes the report: days before the end of the cycle, and days after it."""

    opens_days_before: int | None = None
    closes_days_after: int | None = None


@dataclass(frozen=True, slots=True)
class Extension:
    """What more time costs, in US dollars, and how many days it gives."""

    fee: Decimal | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Grace:
    """Days after the cycle in which the credential can still be saved."""

    days: int | None = None


class Dues(StrEnum):
    """When membership dues are owed."""

    YEARLY = "yearly"
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """A step of renewal that only the person can tick."""

    key: str
    text: str
    confidence: str = ""


class Unit(StrEnum):
    """What the amount of a need is counted in."""

    MONTHS = "months"
    HOURS = "hours"
    CASES = "cases"
    LETTER = "letter"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that a route asks; ``evidence`` says what proves it."""

    key: str
    text: str
    unit: Unit
    amount: Decimal
    evidence: str


@dataclass(frozen=True, slots=True)
class Route:
    """A way to lose the apprentice mark: every need of it."""

    key: str
    title: str
    needs: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class Apprentice:
    """How the apprentice mark of these credentials goes; one of the routes is enough."""

    certifications: frozenset[str]
    routes: tuple[Route, ...]
    source: str = ""
    as_of: date | None = None
    confidence: str = ""


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
    #: What an activity must carry to count at all, such as ``index_number``.
    must_have: frozenset[str] = frozenset()
    caps: tuple[Cap, ...] = ()
    submission: Submission = Submission()
    extension: Extension = Extension()
    grace: Grace = Grace()
    dues: Dues = Dues.UNKNOWN
    #: Whether cycles that run when the row comes into force go by it too.
    takes_over_running: bool = False
    checklist: tuple[Step, ...] = ()
    apprentice: Apprentice | None = None
    #: Confidence of single values that are weaker than their row: ``{field or bucket.<key>: confidence}``.
    field_confidence: Mapping[str, str] = field(default_factory=dict)

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
        by_provider=bool(terms.get("by_provider", False)),
    )
    if (bucket.minimum is None) == (bucket.percent is None):
        raise BadTerms(f"bucket.{bucket.key}: exactly one of minimum and percent has a value")
    if bucket.by_provider and not bucket.providers:
        raise BadTerms(f"bucket.{bucket.key}: by_provider needs providers")
    return bucket


def _cap(terms: Mapping[str, Any]) -> Cap:
    name = f"caps.{terms['activity']}"
    cap = Cap(
        activity=terms["activity"],
        title=terms["title"],
        ceus=_amount(terms.get("ceus"), f"{name}.ceus"),
        percent=_amount(terms.get("percent"), f"{name}.percent"),
        confidence=terms.get("confidence", ""),
    )
    if cap.ceus is not None and cap.percent is not None:
        raise BadTerms(f"{name}: ceus and percent cannot both have a value")
    return cap


def _amount(value: Any, name: str) -> Decimal | None:
    number = _maybe(value, name)
    if number is not None and number < 0:
        raise BadTerms(f"{name}: {value!r} is below zero")
    return number


def _whole(value: Any, name: str) -> int | None:
    number = _amount(value, name)
    if number is not None and number != int(number):
        raise BadTerms(f"{name}: {value!r} is not a whole number")
    return None if number is None else int(number)


def _inner(terms: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = terms.get(name) or {}
    if not isinstance(inner, Mapping):
        raise BadTerms(f"{name}: keys with values are needed, not {inner!r}")
    return inner


def _listed(terms: Mapping[str, Any], name: str, read: Callable[[Mapping[str, Any]], T]) -> tuple[T, ...]:
    entries = terms.get(name) or ()
    if not isinstance(entries, list | tuple) or not all(isinstance(one, Mapping) for one in entries):
        raise BadTerms(f"{name}: a list of keys with values is needed")
    return tuple(_named(name, entry, read) for entry in entries)


def _named(name: str, terms: Mapping[str, Any], read: Callable[[Mapping[str, Any]], T]) -> T:
    """Read an entry of a list; a key that it lacks is named together with the list."""
    try:
        return read(terms)
    except KeyError as missing:
        raise BadTerms(f"{name}: {missing.args[0]} is missing") from missing


def _enum(kind: type[E], value: Any, name: str) -> E:
    try:
        return kind(value)
    except ValueError:
        allowed = ", ".join(kind)
        raise BadTerms(f"{name}: {value!r} is not one of {allowed}") from None


def _step(terms: Mapping[str, Any]) -> Step:
    return Step(terms["key"], terms["text"], terms.get("confidence", ""))


def _need(terms: Mapping[str, Any]) -> Need:
    name = f"apprentice.{terms['key']}"
    return Need(
        key=terms["key"],
        text=terms["text"],
        unit=_enum(Unit, terms["unit"], f"{name}.unit"),
        amount=_decimal(terms["amount"], f"{name}.amount"),
        evidence=terms["evidence"],
    )


def _route(terms: Mapping[str, Any]) -> Route:
    route = Route(terms["key"], terms["title"], _listed(terms, "needs", _need))
    if not route.needs:
        raise BadTerms(f"apprentice.{route.key}: needs is empty")
    return route


def _apprentice(terms: Any) -> Apprentice | None:
    if terms is None:
        return None
    if not isinstance(terms, Mapping):
        raise BadTerms(f"apprentice: keys with values or null are needed, not {terms!r}")
    as_of = terms.get("as_of")
    return Apprentice(
        certifications=frozenset(terms["certifications"]),
        routes=_listed(terms, "routes", _route),
        source=terms.get("source", ""),
        as_of=date.fromisoformat(as_of) if isinstance(as_of, str) else as_of,
        confidence=terms.get("confidence", ""),
    )


def parse_terms(
    terms: Mapping[str, Any],
    *,
    cycle_months: int,
    anchor: str,
    minutes_per_ceu: int | None,
    min_remainder_minutes: int | None,
    carry_over: Decimal | None,
) -> Rule:
    """The rule that a rule set's columns and ``terms`` spell; raises ``BadTerms``.

    The keys from ``must_have`` on may be missing, as they are in rows from before they existed: not known.
    """
    try:
        submission, extension = _inner(terms, "submission"), _inner(terms, "extension")
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
            buckets=tuple(_named("buckets", b, _bucket) for b in terms["buckets"]),
            evidence_fields=tuple(terms["evidence_fields"]),
            must_have=_must_have(terms.get("must_have") or ()),
            caps=_listed(terms, "caps", _cap),
            submission=Submission(
                _whole(submission.get("opens_days_before"), "submission.opens_days_before"),
                _whole(submission.get("closes_days_after"), "submission.closes_days_after"),
            ),
            extension=Extension(
                _amount(extension.get("fee"), "extension.fee"),
                _whole(extension.get("days"), "extension.days"),
            ),
            grace=Grace(_whole(_inner(terms, "grace").get("days"), "grace.days")),
            dues=_enum(Dues, terms.get("dues", "unknown"), "dues"),
            takes_over_running=bool(terms.get("takes_over_running", False)),
            checklist=_listed(terms, "checklist", _step),
            apprentice=_apprentice(terms.get("apprentice")),
            field_confidence=dict(_inner(terms, "field_confidence")),
        )
    except KeyError as missing:
        raise BadTerms(f"{missing.args[0]} is missing") from missing
    except (AttributeError, TypeError, ValueError) as wrong:
        raise wrong if isinstance(wrong, BadTerms) else BadTerms(str(wrong)) from wrong
    keys = [bucket.key for bucket in rule.buckets]
    strangers = {key for bucket in rule.buckets for key in bucket.shares_with} - set(keys)
    if strangers or len(set(keys)) != len(keys):
        raise BadTerms(f"buckets: keys must be unique and shares_with name them ({', '.join(strangers)})")
    _refuse_twice("caps", [cap.activity for cap in rule.caps])
    _refuse_twice("checklist", [step.key for step in rule.checklist])
    if rule.apprentice is not None:
        _refuse_twice("apprentice.routes", [route.key for route in rule.apprentice.routes])
    return rule


def _must_have(names: Any) -> frozenset[str]:
    if isinstance(names, str) or (strange := sorted(set(names).difference(MUST_HAVE))):
        found = names if isinstance(names, str) else ", ".join(map(str, strange))
        raise BadTerms(f"must_have: {found} is not one of {', '.join(MUST_HAVE)}")
    return frozenset(names)


def _refuse_twice(name: str, keys: list[str]) -> None:
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise BadTerms(f"{name}: {', '.join(twice)} stands there twice")


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
