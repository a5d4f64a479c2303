"""Reading the parts of a pack that are dated facts and rules."""

from typing import Any

from courses.catalog.models import FactKind
from courses.content.pieces import (
    BodyPiece,
    CertificationPiece,
    DomainPiece,
    FactPiece,
    FigurePiece,
    Outline,
    RuleSetPiece,
    SynonymPiece,
)
from courses.content.reading import Fields
from courses.content.shelf import Shelf
from courses.credentials.models import Credit
from courses.credentials.rules import MUST_HAVE, Dues, Unit
from portal.lib.sourced import Confidence

_ANCHORS = ("renewal_month", "pass_date", "unknown")


def read_sourced(shelf: Shelf, fields: Fields) -> dict[str, Any]:
    return {
        "as_of": fields.day("as_of"),
        "source": fields.text("source", limit=400),
        "confidence": fields.choice("confidence", Confidence.values),
    }


def read_outlines(shelf: Shelf) -> tuple[Outline, ...]:
    sheet = shelf.sheet("guidelines.yaml")
    if sheet is None:
        return ()
    fields = sheet.fields()
    sections = []
    for entry in fields.maps("sections"):
        ref = entry.text("ref", limit=20)
        shelf.define("guideline", ref, entry.file, entry.line)
        sections.append((ref, entry.text("title", limit=200)))
        entry.close()
    outline = Outline(
        **shelf.piece("outline", fields.text("edition", limit=40), fields),
        effective_from=fields.day("effective_from"),
        source=fields.text("source", limit=400),
        confidence=fields.choice("confidence", Confidence.values),
        sections=tuple(sections),
    )
    fields.close()
    return (outline,)


def read_domain(shelf: Shelf, fields: Fields) -> DomainPiece:
    domain = DomainPiece(**shelf.piece("domain", fields.key(), fields), title=fields.text("title", limit=120))
    fields.close()
    return domain


def _facts(shelf: Shelf, fields: Fields) -> tuple[FactPiece, ...]:
    facts = []
    for entry in fields.maps("facts"):
        facts.append(
            FactPiece(
                kind=entry.choice("kind", FactKind.values),
                label=entry.text("label", limit=120),
                value=entry.text("value"),
                **read_sourced(shelf, entry),
            )
        )
        entry.close()
    return tuple(facts)


def read_bodies_and_certifications(
    shelf: Shelf,
) -> tuple[tuple[BodyPiece, ...], tuple[CertificationPiece, ...]]:
    sheet = shelf.sheet("certifications.yaml")
    if sheet is None:
        return (), ()
    fields = sheet.fields()
    bodies, certifications = [], []
    for entry in fields.maps("bodies"):
        bodies.append(
            BodyPiece(
                **shelf.piece("body", entry.key(), entry),
                name=entry.text("name", limit=200),
                short=entry.text("short", limit=40),
                url=entry.text("url", limit=200, optional=True),
                facts=_facts(shelf, entry),
            )
        )
        if bodies[-1].url and not bodies[-1].url.startswith(("https://", "http://")):
            entry.refuse("url", "`url` must begin with https://")
        entry.close()
    for entry in fields.maps("certifications"):
        certification = CertificationPiece(
            **shelf.piece("certification", entry.key(), entry),
            body=entry.key("body"),
            abbreviation=entry.text("abbreviation", limit=12),
            name=entry.text("name", limit=200),
            purpose=entry.text("purpose"),
            facts=_facts(shelf, entry),
        )
        shelf.want("body", certification.body, entry.file, entry.line_of("body"))
        certifications.append(certification)
        entry.close()
    fields.close()
    return tuple(bodies), tuple(certifications)


def read_figure(shelf: Shelf, fields: Fields) -> FigurePiece:
    figure = FigurePiece(
        **shelf.piece("figure", fields.key(), fields),
        label=fields.text("label", limit=200),
        value=fields.text("value", limit=200),
        year=fields.maybe_integer("year", low=1990, high=2100),
        **read_sourced(shelf, fields),
    )
    fields.close()
    return figure


def read_rule_set(shelf: Shelf, fields: Fields) -> RuleSetPiece:
    required = fields.map("required")
    rule = {
        "body": fields.key("body"),
        "title": fields.text("title", limit=160),
        "certifications": read_certifications(shelf, fields, "certifications"),
        "valid_from": fields.maybe_day("valid_from"),
        "valid_until": fields.maybe_day("valid_until"),
        **read_sourced(shelf, fields),
        "field_confidence": _field_confidence(shelf, fields),
        "cycle_months": fields.integer("cycle_months", low=1, high=120),
        "anchor": fields.choice("anchor", _ANCHORS),
        "year_parity": fields.boolean("year_parity"),
        "prorate_first": fields.boolean("prorate_first"),
        "either_month": fields.boolean("either_month"),
        "required": {
            "by_count": list(required.whole_numbers("by_count")),
            "base": _base(shelf, required),
            "each_further": required.maybe_integer("each_further"),
            "cap": required.maybe_integer("cap"),
            "absorbs": _absorbs(shelf, required),
        },
        "minutes_per_ceu": fields.maybe_integer("minutes_per_ceu", low=1),
        "min_remainder_minutes": fields.maybe_integer("min_remainder_minutes", low=1),
        "carry_over": fields.integer("carry_over"),
        "unique_by": _maybe_text(shelf, fields, "unique_by"),
        "buckets": _buckets(shelf, fields),
        "evidence_fields": list(fields.texts("evidence_fields")),
        "must_have": _must_have(fields),
        "caps": _caps(fields),
        "submission": _numbers(fields, "submission", "opens_days_before", "closes_days_after"),
        "extension": _numbers(fields, "extension", "fee", "days"),
        "grace": _numbers(fields, "grace", "days"),
        "dues": fields.choice("dues", tuple(Dues)),
        "takes_over_running": fields.boolean("takes_over_running"),
        "checklist": _checklist(fields),
        "apprentice": _apprentice(shelf, fields),
        "notes": _notes(shelf, fields),
    }
    shelf.want("body", rule["body"], fields.file, fields.line_of("body"))
    if rule["valid_from"] and rule["valid_until"] and rule["valid_from"] > rule["valid_until"]:
        fields.refuse("valid_until", "`valid_until` is before `valid_from`")
    piece = RuleSetPiece(**shelf.piece("rule set", fields.key(), fields), rule=rule)
    required.close()
    fields.close()
    return piece


def _maybe_text(shelf: Shelf, fields: Fields, name: str) -> str | None:
    return None if fields.is_null(name) else fields.text(name, limit=40)


def read_certifications(shelf: Shelf, fields: Fields, name: str) -> list[str]:
    found = fields.placed(name)
    for key, line in found:
        shelf.want("certification", key, fields.file, line)
    return [key for key, _line in found]


def _field_confidence(shelf: Shelf, fields: Fields) -> dict[str, str]:
    inner = fields.map("field_confidence")
    return {name: inner.choice(name, Confidence.values) for name in inner.names()}


def _base(shelf: Shelf, required: Fields) -> dict[str, int]:
    inner = required.map("base")
    for name in inner.names():
        shelf.want("certification", name, inner.file, inner.line_of(name))
    return {name: inner.integer(name) for name in inner.names()}


def _absorbs(shelf: Shelf, required: Fields) -> dict[str, list[str]]:
    inner = required.map("absorbs")
    for name in inner.names():
        shelf.want("certification", name, inner.file, inner.line_of(name))
    return {name: read_certifications(shelf, inner, name) for name in inner.names()}


def _buckets(shelf: Shelf, fields: Fields) -> list[dict[str, Any]]:
    entries = fields.maps("buckets")
    buckets: list[dict[str, Any]] = []
    for entry in entries:
        bucket: dict[str, Any] = {
            "key": entry.key(),
            "title": entry.text("title", limit=160),
            "minimum": entry.maybe_integer("minimum"),
            "percent": entry.maybe_integer("percent", high=100),
            "applies_to": read_certifications(shelf, entry, "applies_to"),
            "per_credential": entry.boolean("per_credential"),
            "providers": list(entry.texts("providers")),
            "by_provider": entry.boolean("by_provider"),
            "shares_with": list(entry.texts("shares_with")),
        }
        if bucket["by_provider"] and not bucket["providers"]:
            entry.refuse("by_provider", "`by_provider` needs `providers`")
        if (bucket["minimum"] is None) == (bucket["percent"] is None):
            entry.refuse("minimum", "exactly one of `minimum` and `percent` must be given")
        buckets.append(bucket)
        entry.close()
    keys = {bucket["key"] for bucket in buckets}
    for entry, bucket in zip(entries, buckets, strict=True):
        for shared in bucket["shares_with"]:
            if shared not in keys:
                entry.refuse("shares_with", f"there is no bucket `{shared}` in this rule set")
    return buckets


def _must_have(fields: Fields) -> list[str]:
    names = list(fields.texts("must_have"))
    for name in names:
        if name not in MUST_HAVE:
            fields.refuse("must_have", f"`{name}` cannot be asked for; possible are {', '.join(MUST_HAVE)}")
    return names


def _caps(fields: Fields) -> list[dict[str, Any]]:
    caps: list[dict[str, Any]] = []
    for entry in fields.maps("caps"):
        cap: dict[str, Any] = {
            "activity": entry.choice("activity", Credit.Activity.values),
            "title": entry.text("title", limit=160),
            "ceus": entry.maybe_integer("ceus", high=999),
            "percent": entry.maybe_integer("percent", high=100),
            "confidence": entry.choice("confidence", Confidence.values),
        }
        if cap["ceus"] is not None and cap["percent"] is not None:
            entry.refuse("percent", "only one of `ceus` and `percent` can be given")
        if any(other["activity"] == cap["activity"] for other in caps):
            entry.refuse("activity", f"`{cap['activity']}` has a limit already")
        caps.append(cap)
        entry.close()
    return caps


def _numbers(fields: Fields, name: str, *names: str) -> dict[str, int | None]:
    """A mapping of whole numbers, each null where nobody knows it."""
    inner = fields.map(name)
    numbers = {one: inner.maybe_integer(one) for one in names}
    inner.close()
    return numbers


def _checklist(fields: Fields) -> list[dict[str, str]]:
    steps: list[dict[str, str]] = []
    for entry in fields.maps("checklist"):
        step = {
            "key": entry.key(),
            "text": entry.text("text", limit=300),
            "confidence": entry.choice("confidence", Confidence.values),
        }
        _refuse_again(entry, step["key"], [other["key"] for other in steps])
        steps.append(step)
        entry.close()
    return steps


def _apprentice(shelf: Shelf, fields: Fields) -> dict[str, Any] | None:
    if fields.is_null("apprentice"):
        return None
    inner = fields.map("apprentice")
    routes: list[dict[str, Any]] = []
    for entry in inner.maps("routes"):
        route: dict[str, Any] = {
            "key": entry.key(),
            "title": entry.text("title", limit=160),
            "needs": _needs(entry),
        }
        _refuse_again(entry, route["key"], [other["key"] for other in routes])
        if not route["needs"]:
            entry.refuse("needs", "a route needs something")
        routes.append(route)
        entry.close()
    apprentice = {
        "certifications": read_certifications(shelf, inner, "certifications"),
        **read_sourced(shelf, inner),
        "routes": routes,
    }
    inner.close()
    return apprentice


def _needs(route: Fields) -> list[dict[str, Any]]:
    needs: list[dict[str, Any]] = []
    for entry in route.maps("needs"):
        need: dict[str, Any] = {
            "key": entry.key(),
            "text": entry.text("text", limit=300),
            "unit": entry.choice("unit", tuple(Unit)),
            "amount": entry.integer("amount", low=1),
            "evidence": entry.text("evidence", limit=300),
        }
        _refuse_again(entry, need["key"], [other["key"] for other in needs])
        needs.append(need)
        entry.close()
    return needs


def _refuse_again(entry: Fields, key: str, before: list[str]) -> None:
    if key and key in before:
        entry.refuse("key", f"`{key}` stands here already")


def _notes(shelf: Shelf, fields: Fields) -> list[dict[str, str]]:
    notes = []
    for entry in fields.maps("notes"):
        notes.append(
            {"text": entry.text("text"), "confidence": entry.choice("confidence", Confidence.values)}
        )
        entry.close()
    return notes


def read_synonym(shelf: Shelf, fields: Fields) -> SynonymPiece:
    """A phrase and its meaning, without regard to case; the same two under another key are refused."""
    synonym = SynonymPiece(
        **shelf.piece("synonym", fields.key(), fields),
        phrase=" ".join(fields.text("phrase", limit=80).casefold().split()),
        means=" ".join(fields.text("means", limit=200).casefold().split()),
    )
    shelf.define("meaning", f"{synonym.phrase}: {synonym.means}", fields.file, fields.line)
    fields.close()
    return synonym
