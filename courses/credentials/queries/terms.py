"""A rule set in words: every value with how sure it is, as the pages of rules and the cards show it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Prefetch
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.catalog.models import Body, Certification
from courses.credentials.models import Credit, RuleSet
from courses.credentials.queries.standing import amount
from courses.credentials.rules import Bucket, Cap, Dues, Rule
from portal.lib.sourced import Confidence


@dataclass(frozen=True)
class TermLine:
    """One value of a rule set. ``confidence`` is a key of ``Confidence``; ``is_known`` is no for a gap."""

    title: str
    value: str
    confidence: str
    is_known: bool = True

    @property
    def confidence_words(self) -> str:
        return str(dict(Confidence.choices).get(self.confidence, self.confidence))

    @property
    def is_settled(self) -> bool:
        return self.confidence == Confidence.VERIFIED


def term_lines(rule_set: RuleSet) -> list[TermLine]:
    """Every value of ``rule_set`` in words; what nobody knows says so."""
    rule = rule_set.rule()
    marks = rule_set.terms.get("field_confidence") or {}
    return [
        TermLine(title, value, mark or _mark(marks, keys, rule_set.confidence), value != unknown())
        for keys, title, value, mark in _lines(rule, rule_set)
    ]


def unknown() -> str:
    """What stands where nobody knows a value."""
    return _("not known")


def _mark(marks: Mapping[str, str], keys: tuple[str, ...], row: str) -> str:
    """The weakest mark given for one of ``keys`` or for what they stand in, else the row's."""
    named = [name for key in keys for name in (key, key.partition(".")[0])]
    found = [marks[key] for key in named if key in marks]
    order = [Confidence.VERIFIED, Confidence.THIRD_PARTY, Confidence.MEMORY, Confidence.DISPUTED]
    return max(found, key=lambda mark: order.index(Confidence(mark)), default=row)


Line = tuple[tuple[str, ...], str, str, str]


def _lines(rule: Rule, row: RuleSet) -> Iterator[Line]:
    months = ngettext("%(n)d month", "%(n)d months", rule.cycle_months) % {"n": rule.cycle_months}
    yield ("cycle_months",), _("A cycle lasts"), months, ""
    anchor = str(row.get_anchor_display())
    if rule.year_parity:
        anchor += "; " + _("an odd month falls due in odd years, an even month in even years")
    yield ("anchor", "year_parity"), _("Its dates follow from"), anchor, ""
    yield from _required_lines(rule)
    if rule.prorate_first:
        text = _("reduced in proportion to its months, rounded up")
        yield ("prorate_first",), _("A first, shorter cycle"), text, ""
    for bucket in rule.buckets:
        yield (f"bucket.{bucket.key}",), bucket.title, _bucket(rule, bucket), ""
    yield from _counting_lines(rule)
    yield from _renewal_lines(rule)


def _required_lines(rule: Rule) -> Iterator[Line]:
    asked, keys = rule.required, ("required",)
    if asked.by_count:
        last = len(asked.by_count)
        parts = [
            ngettext("%(n)d credential: %(ceus)s", "%(n)d credentials: %(ceus)s", n)
            % {"n": n, "ceus": amount(ceus)}
            for n, ceus in enumerate(asked.by_count[:-1], 1)
        ]
        parts.append(_("%(n)d or more: %(ceus)s") % {"n": last, "ceus": amount(asked.by_count[-1])})
        yield keys, _("CEUs asked for"), ", ".join(parts), ""
    elif asked.base:
        by_amount: dict[Decimal, list[str]] = {}
        for key, ceus in asked.base.items():
            by_amount.setdefault(ceus, []).append(key.upper())
        parts = [
            _("%(ceus)s for %(names)s") % {"ceus": amount(ceus), "names": ", ".join(names)}
            for ceus, names in by_amount.items()
        ]
        yield keys, _("CEUs asked for"), "; ".join(parts), ""
    else:
        yield keys, _("CEUs asked for"), unknown(), ""
    if asked.each_further is not None:
        text = _("%(ceus)s more, on top of the highest") % {"ceus": amount(asked.each_further)}
        yield ("required.each_further", *keys), _("Each further credential"), text, ""
    if asked.cap is not None:
        yield ("required.cap", *keys), _("Never more than"), amount(asked.cap), ""
    for key, absorbed in asked.absorbs.items():
        names = ", ".join(sorted(one.upper() for one in absorbed))
        title = _("While %(name)s is held") % {"name": key.upper()}
        yield ("required.absorbs", *keys), title, _("%(names)s is not counted") % {"names": names}, ""


def _bucket(rule: Rule, bucket: Bucket) -> str:
    if bucket.percent is not None:
        text = _("at least %(n)s %% of the CEUs asked for") % {"n": amount(bucket.percent)}
    else:
        text = _("at least %(n)s CEUs") % {"n": amount(bucket.minimum or Decimal(0))}
    if bucket.applies_to:
        names = ", ".join(sorted(key.upper() for key in bucket.applies_to))
        words = _("for each of %(names)s") if bucket.per_credential else _("for %(names)s")
        text += " " + words % {"names": names}
    if bucket.providers:
        text += "; " + _("only from %(names)s") % {"names": ", ".join(bucket.providers)}
    if bucket.shares_with:
        titles = {one.key: one.title for one in rule.buckets}
        names = ", ".join(sorted(titles[key] for key in bucket.shares_with))
        text += "; " + _("the same CEU may also fill: %(names)s") % {"names": names}
    return text


def _counting_lines(rule: Rule) -> Iterator[Line]:
    if rule.minutes_per_ceu is None:
        yield ("minutes_per_ceu",), _("Minutes for one CEU"), unknown(), ""
    else:
        yield ("minutes_per_ceu",), _("Minutes for one CEU"), str(rule.minutes_per_ceu), ""
    if rule.min_remainder_minutes is not None:
        text = _("counts as one more from %(n)d minutes, else nothing") % {"n": rule.min_remainder_minutes}
        yield ("min_remainder_minutes",), _("A rest of minutes"), text, ""
    carry = (
        unknown() if rule.carry_over is None else amount(rule.carry_over) if rule.carry_over else _("none")
    )
    yield ("carry_over",), _("CEUs that move to the next cycle"), carry, ""
    if rule.either_month:
        text = _("may be put into the old or the new cycle")
        yield ("either_month",), _("An activity in the renewal month"), text, ""
    for field in sorted(rule.must_have):
        text = _("%(field)s; without it an activity does not count") % {"field": _field(field)}
        yield ("must_have",), _("An activity must have"), text, ""
    if rule.unique_by:
        yield ("unique_by",), _("Counts once in a ledger"), _field(rule.unique_by), ""
    for cap in rule.caps:
        yield (f"caps.{cap.activity}", "caps"), _kind(cap), _cap(cap), cap.confidence


def _kind(cap: Cap) -> str:
    return cap.title or str(dict(Credit.Activity.choices).get(cap.activity, cap.activity))


def _cap(cap: Cap) -> str:
    if cap.ceus is not None:
        return _("at most %(n)s CEUs") % {"n": amount(cap.ceus)}
    if cap.percent is not None:
        return _("at most %(n)s %% of the CEUs asked for") % {"n": amount(cap.percent)}
    return _("there is a limit, and we do not know it")


def _renewal_lines(rule: Rule) -> Iterator[Line]:
    yield ("submission",), _("Reporting opens"), _before(rule.submission.opens_days_before), ""
    yield ("submission",), _("Reporting closes"), _after(rule.submission.closes_days_after), ""
    fee = rule.extension.fee
    text = unknown() if fee is None else _("$%(fee)s") % {"fee": amount(fee)}
    yield ("extension.fee", "extension"), _("An extension costs"), text, ""
    days = rule.extension.days
    yield (
        ("extension.days", "extension"),
        _("An extension gives"),
        unknown() if days is None else _days(days),
        "",
    )
    grace = rule.grace.days
    yield ("grace",), _("Days of grace after the cycle"), unknown() if grace is None else str(grace), ""
    dues = {Dues.YEARLY: _("every year"), Dues.NONE: _("none"), Dues.UNKNOWN: unknown()}
    yield ("dues",), _("Membership dues"), dues[rule.dues], ""
    fields = ", ".join(_field(name) for name in rule.evidence_fields)
    yield ("evidence_fields",), _("What proof shows"), fields or unknown(), ""
    if rule.takes_over_running:
        yield ("takes_over_running",), _("Cycles that run already"), _("go by these rules too"), ""


def _days(n: int) -> str:
    return ngettext("%(n)d day", "%(n)d days", n) % {"n": n}


def _before(n: int | None) -> str:
    return unknown() if n is None else _("%(days)s before the last day") % {"days": _days(n)}


def _after(n: int | None) -> str:
    if n is None:
        return unknown()
    return _("%(days)s after the last day") % {"days": _days(n)} if n else _("with the last day")


def _field(name: str) -> str:
    names = {
        "title": _("title"),
        "provider": _("provider"),
        "date": _("date"),
        "minutes": _("minutes"),
        "ceus": _("CEUs"),
        "index_number": _("index number"),
        "certificate": _("certificate"),
    }
    return names.get(name, name)


@dataclass(frozen=True)
class BodyToRecord:
    """A body with the credentials it grants and the rules in force for most of them."""

    body: Body
    certifications: list[Certification]
    rule: Rule | None


def bodies_to_record(on: date) -> list[BodyToRecord]:
    """Bodies that grant credentials, in three queries."""
    rows = Certification.objects.order_by("abbreviation")
    bodies = Body.objects.filter(certifications__isnull=False).distinct().order_by("short")
    bodies = bodies.prefetch_related(Prefetch("certifications", rows), "rule_sets")
    found = []
    for body in bodies:
        sets = [row for row in body.rule_sets.all() if is_in_force(row, on)]
        # a row for every credential of the body says more of it than one for a few
        general = min(sets, key=lambda row: bool(row.terms["certifications"]), default=None)
        certifications = list(body.certifications.all())
        for one in certifications:
            one.body = body
        found.append(BodyToRecord(body, certifications, general.rule() if general else None))
    return found


@dataclass(frozen=True)
class BodyRules:
    """A body with its rule sets: those in force for a cycle that begins today, and those of other days."""

    body: Body
    now: list[RuleSet]
    others: list[RuleSet]


def rules_by_body(on: date) -> list[BodyRules]:
    """Every body that has rules, in two queries."""
    rows = RuleSet.objects.order_by("-valid_from", "key")
    bodies = Body.objects.filter(rule_sets__isnull=False).distinct().order_by("short")
    found = []
    for body in bodies.prefetch_related(Prefetch("rule_sets", rows)):
        sets = list(body.rule_sets.all())
        now = [row for row in sets if is_in_force(row, on)]
        found.append(BodyRules(body, now, [row for row in sets if row not in now]))
    return found


def is_in_force(row: RuleSet, on: date) -> bool:
    """Whether a cycle that begins ``on`` a day goes by ``row``."""
    return (row.valid_from is None or row.valid_from <= on) and (
        row.valid_until is None or row.valid_until >= on
    )
