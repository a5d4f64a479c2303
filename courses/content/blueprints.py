"""Reading exam blueprints: sections, and what each domain gives to them."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from courses.content.facts import read_sourced
from courses.content.pieces import BlueprintPiece, SectionPiece, SharePiece
from courses.content.reading import Fields
from courses.content.shelf import Shelf
from courses.exams import kinds
from courses.exams.weights import counts_from_weights, rest_of

_MOST = 500  # questions of a section


def read_blueprints(shelf: Shelf) -> tuple[BlueprintPiece, ...]:
    """All exams; one key may stand several times, for outlines that follow each other."""
    found = [read_blueprint(shelf, fields) for fields in shelf.list_of("blueprints.yaml")]
    by_start = sorted(found, key=lambda one: (one.key, one.valid_from))
    for before, after in pairwise(by_start):
        if before.key == after.key and not (before.valid_until and before.valid_until <= after.valid_from):
            reason = f"practice exam `{before.key}` is still valid when it begins anew on {after.valid_from}"
            shelf.refuse(before.file, before.line, reason)
    return tuple(found)


def read_blueprint(shelf: Shelf, fields: Fields) -> BlueprintPiece:
    """An exam; one that names its ``domains`` itself has one section."""
    if fields.has("sections") == fields.has("domains"):
        fields.refuse("sections", "exactly one of `sections` and `domains` must be given")
    sections = [_section(shelf, entry) for entry in fields.maps("sections", optional=True)]
    if fields.has("domains"):
        sections.append(_only_section(shelf, fields))
    elif fields.has("sections") and not sections:
        fields.refuse("sections", "an exam has at least one section")
    key, valid_from = fields.key(), fields.day("valid_from")
    shelf.have.setdefault("practice exam", set()).add(key)
    blueprint = BlueprintPiece(
        **shelf.piece("practice exam", f"{key} from {valid_from}", fields) | {"key": key},
        title=fields.text("title", limit=160),
        certification=fields.key("certification"),
        minutes=fields.integer("minutes", low=1, high=600),
        pass_percent=fields.integer("pass_percent", low=1, high=100),
        scale=_scale(fields),
        books=fields.text("books", limit=300, optional=True),
        valid_from=valid_from,
        valid_until=fields.maybe_day("valid_until"),
        edition=fields.text("edition", limit=40),
        **read_sourced(shelf, fields),
        sections=tuple(sections),
    )
    shelf.want("certification", blueprint.certification, fields.file, fields.line_of("certification"))
    if blueprint.valid_until and date.min < blueprint.valid_until <= blueprint.valid_from:
        fields.refuse("valid_until", "`valid_until` is the first day it is not valid, so after `valid_from`")
    timed = sum(section.minutes or 0 for section in sections)
    if blueprint.minutes and timed > blueprint.minutes:
        fields.refuse("minutes", f"the sections have {timed} minutes in all, more than the exam")
    fields.close()
    return blueprint


def _scale(fields: Fields) -> tuple[int, int, int] | None:
    if not fields.has("scale"):
        return None
    inner = fields.map("scale")
    low, high, line = (inner.integer(name, high=10_000) for name in ("min", "max", "pass"))
    inner.close()
    if inner.has("min") and inner.has("max") and inner.has("pass") and not low < line <= high:
        fields.refuse("scale", "`pass` must lie above `min` and not above `max`")
    return low, high, line


def _only_section(shelf: Shelf, fields: Fields) -> SectionPiece:
    shares = _shares(shelf, fields)
    _refuse_sums(fields, None, shares, 0)
    return SectionPiece(
        title="Questions",
        kinds=(),
        count=None,
        minutes=None,
        no_return=False,
        break_minutes=0,
        pretest=0,
        domains=shares,
    )


def _section(shelf: Shelf, entry: Fields) -> SectionPiece:
    allowed = entry.placed("kinds", optional=True)
    for kind, line in allowed:
        if kind not in kinds.registered():
            known = ", ".join(kinds.registered())
            shelf.refuse(entry.file, line, f"`{kind}` is no kind of question; known are {known}")
    section = SectionPiece(
        title=entry.text("title", limit=120),
        kinds=tuple(kind for kind, _line in allowed),
        count=entry.maybe_integer("count", low=1, high=_MOST, optional=True),
        minutes=entry.maybe_integer("minutes", low=1, high=600, optional=True),
        no_return=entry.boolean("no_return", optional=True),
        break_minutes=entry.maybe_integer("break_minutes", high=120, optional=True) or 0,
        pretest=entry.maybe_integer("pretest", high=_MOST, optional=True) or 0,
        domains=_shares(shelf, entry),
    )
    _refuse_sums(entry, section.count, section.domains, section.pretest)
    entry.close()
    return section


def _shares(shelf: Shelf, fields: Fields) -> tuple[SharePiece, ...]:
    shares: list[SharePiece] = []
    for entry in fields.maps("domains"):
        domain, count = entry.key("domain"), entry.maybe_integer("count", low=1, high=_MOST, optional=True)
        given = entry.whole_numbers("percent", optional=True)
        shelf.want("domain", domain, entry.file, entry.line_of("domain"))
        if any(domain == share.domain for share in shares):
            entry.refuse("domain", f"domain `{domain}` is there twice")
        if count is not None and given:
            entry.refuse("percent", "a domain has a count or a percentage, not both")
        percent = (given[0], given[1]) if len(given) == 2 else None
        if entry.has("percent") and (percent is None or not 0 < percent[0] <= percent[1] <= 100):
            entry.refuse("percent", "`percent` is a list of two, the lowest and the highest percentage")
        shares.append(SharePiece(domain=domain, count=count, percent=percent))
        entry.close()
    if fields.has("domains") and not shares:
        fields.refuse("domains", "at least one domain is needed")
    return tuple(shares)


def _refuse_sums(fields: Fields, count: int | None, shares: Sequence[SharePiece], pretest: int) -> None:
    """Refuse a section whose parts cannot come to its whole."""
    counted = sum(share.count or 0 for share in shares)
    ranges = [(share.domain, *share.percent) for share in shares if share.percent]
    is_open = any(share.count is None and share.percent is None for share in shares)
    if count is None:
        if ranges or is_open:
            fields.refuse("domains", "percentages, and domains without a number, need `count` in the section")
    elif counted and ranges:
        fields.refuse("domains", "counts and percentages do not stand together")
    elif counted > count or (counted and not is_open and counted < count):
        fields.refuse("count", f"the domains have {counted} questions, the section {count}")
    elif ranges:
        try:
            counts_from_weights(count, [*ranges, *rest_of(ranges, is_open=is_open)])
        except ValueError as error:
            fields.refuse("domains", str(error))
    if pretest and pretest >= (count or counted):
        fields.refuse("pretest", f"{pretest} of {count or counted} questions would not count")
