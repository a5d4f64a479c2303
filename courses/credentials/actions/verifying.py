"""Checking that no row of a ledger was changed, removed or put in otherwise than by the ledger's actions.

Every row is read once, some ledgers at a time, so memory does not grow with their number. A ledger that
seems wrong is read a second time before it is reported: people add to theirs while this runs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Any, TypeVar

from django.db import DatabaseError
from django.db.models import Exists, Model, OuterRef, QuerySet

from courses.credentials import sealing
from courses.credentials.actions.anchoring import anchors_that_differ, roots_that_differ
from courses.credentials.actions.chain import credit_facts, evidence_facts, recorder_of, words_of
from courses.credentials.guards import missing_guards
from courses.credentials.models import (
    Credit,
    CreditDetail,
    Evidence,
    EvidenceRemoval,
    Ledger,
    LedgerAnchor,
    LedgerLink,
)
from courses.credentials.models.storage import evidence_storage

Row = TypeVar("Row", bound=Model)

#: Links and ledgers that are held in memory at once; a longer ledger is read alone.
_LINKS, _LEDGERS = 5_000, 500
_CHUNK = 1 << 16
#: What reading a value raises that is no longer one.
_UNREADABLE = (DatabaseError, ValueError, TypeError, AttributeError, ArithmeticError)


class Flaw(StrEnum):
    """What can be wrong, as the end of a sentence about a row."""

    UNGUARDED = "is missing, so the database lets the ledger be changed"
    UNREADABLE = "holds a value that cannot be read"
    CHANGED = "is not what was linked"
    WORDS_CHANGED = "has other words, or another person, than were linked"
    WORDS_MISSING = "has lost its words"
    WORDS_LEFT = "has words although its person was erased"
    COMPLETION = "does not belong to the completion of its course"
    MISSING = "was linked and is not there"
    NOT_LINKED = "is in no chain"
    LINK_CHANGED = "does not have the hash that it should"
    LINK_MISSING = "is not there"
    CHAIN_BROKEN = "does not follow the link before it"
    HEAD = "does not end with the link that it should"
    NOT_ERASED = "has no person but was not erased, or the other way round"
    ORPHAN = "belongs to nothing"
    ANCHOR = "does not match the links that were there on its day"
    ANCHOR_NOTED = "has not the root that was noted elsewhere"
    FILE_MISSING = "has no file"
    FILE_CHANGED = "has another file than was linked"
    FILE_LEFT = "still has its file although it was removed or its person erased"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as the ledger wrote it; ``row`` is its table and key, as in ``credit 12``."""

    flaw: Flaw
    row: str
    ledger: str = ""

    def __str__(self) -> str:
        where = f" of ledger {self.ledger}" if self.ledger else ""
        return f"{self.row}{where} {self.flaw.value}."


def verify_ledgers(*, files: bool = False, roots: Mapping[date, str] | None = None) -> Iterator[Finding]:
    """What is wrong with the ledgers and their anchors, as it is found.

    With ``files`` every file of evidence is read and hashed as well. ``roots`` are roots by day that were
    noted outside of the database. The ledger of an erased person has no words that could be checked.
    """
    yield from (Finding(Flaw.UNGUARDED, f"trigger {name}") for name in missing_guards())
    for batch in _batches():
        yield from _confirmed(batch)
    yield from _orphans()
    yield from _anchors(roots or {})
    if files:
        yield from _files()


def _batches() -> Iterator[list[int]]:
    batch: list[int] = []
    links = 0
    for pk, length in Ledger.objects.order_by("pk").values_list("pk", "length").iterator(1_000):
        if batch and (links + length > _LINKS or len(batch) == _LEDGERS):
            yield batch
            batch, links = [], 0
        batch.append(pk)
        links += length
    if batch:
        yield batch


def _confirmed(batch: Sequence[int]) -> Iterator[Finding]:
    """The findings about ``batch`` that a second look makes too."""
    for pk in sorted(pk for pk, found in _check(batch).items() if found):
        yield from _check([pk])[pk]


@dataclass
class _Read:
    """Some ledgers with everything in them, as the database gives it back."""

    ledgers: list[Ledger]
    rows: dict[tuple[str, int], Credit | Evidence]
    links: dict[int, list[LedgerLink]]
    findings: dict[int, list[Finding]]
    #: Rows that exist but cannot be read: they are reported as that, not as missing.
    unreadable: set[tuple[str, int]] = field(default_factory=set)


def _check(batch: Sequence[int]) -> dict[int, list[Finding]]:
    read = _load(batch)
    for ledger in read.ledgers:
        read.findings[ledger.pk] += _check_ledger(ledger, read)
    return read.findings


def _load(batch: Sequence[int]) -> _Read:
    """Ledgers before rows before links: a row that is read has its link, a link within the length its row."""
    ledgers, unread_ledgers = _all(Ledger.objects.filter(pk__in=batch).order_by("pk"))
    read = _Read(ledgers, {}, {pk: [] for pk in batch}, {pk: [] for pk in batch})
    of = {"credit": "ledger", "evidence": "credit__ledger", "link": "ledger"}
    credits = Credit.objects.filter(ledger__in=batch).select_related("detail__course_completion__course")
    evidence = Evidence.objects.filter(credit__ledger__in=batch).select_related("credit")
    links = LedgerLink.objects.filter(ledger__in=batch).order_by("ledger_id", "number")
    for pk in unread_ledgers:
        read.findings[pk].append(Finding(Flaw.UNREADABLE, f"ledger {pk}"))
    found: dict[str, tuple[list[Any], list[int]]] = {
        "credit": _all(credits),
        "evidence": _all(evidence),
        "link": _all(links),
    }
    models: dict[str, type[Model]] = {"credit": Credit, "evidence": Evidence, "link": LedgerLink}
    for what, (rows, unread) in found.items():
        for pk in unread:
            owner = models[what]._default_manager.filter(pk=pk).values_list(of[what], flat=True).get()
            read.findings[owner].append(Finding(Flaw.UNREADABLE, f"{what} {pk}"))
            read.unreadable.add((what, pk))
        for row in rows:
            if isinstance(row, LedgerLink):
                read.links[row.ledger_id].append(row)
            else:
                read.rows[what, row.pk] = row
    return read


def _all(rows: QuerySet[Row]) -> tuple[list[Row], list[int]]:
    """The rows, and the keys of those that hold what cannot be read."""
    try:
        return list(rows), []
    except _UNREADABLE:
        read, unread = [], []
        for pk in list(rows.values_list("pk", flat=True)):
            try:
                read.append(rows.get(pk=pk))
            except _UNREADABLE:
                unread.append(pk)
        return read, unread


def _check_ledger(ledger: Ledger, read: _Read) -> Iterator[Finding]:
    key = str(ledger.key)
    if (ledger.user_id is None) != (ledger.erased_at is not None):
        yield Finding(Flaw.NOT_ERASED, f"ledger {ledger.pk}", key)
    chain = read.links[ledger.pk]
    unread_link = any(what == "link" for what, _pk in read.unreadable)
    linked = {(link.what, link.row) for link in chain}
    yield from _check_chain(ledger, [link for link in chain if link.number <= ledger.length], unread_link)
    beyond = [link for link in chain if link.number > ledger.length]
    if beyond and not Ledger.objects.filter(pk=ledger.pk, length__gte=beyond[-1].number).exists():
        yield Finding(Flaw.HEAD, f"ledger {ledger.pk}", key)
    for link in chain:
        name, row = f"{link.what} {link.row}", read.rows.get((link.what, link.row))
        if (link.what, link.row) in read.unreadable or (row is None and link in beyond):
            continue
        if row is None or _home(row) != ledger.pk:
            yield Finding(Flaw.MISSING, name, key)
        elif link.digest != _digest(row):
            yield Finding(Flaw.CHANGED, name, key)
    for named, row in read.rows.items():
        if _home(row) == ledger.pk:
            if named not in linked and not unread_link:
                yield Finding(Flaw.NOT_LINKED, f"{named[0]} {row.pk}", key)
            if isinstance(row, Credit) and (flaw := _flaw_of_words(ledger, row)):
                yield Finding(flaw, f"credit {row.pk}", key)


def _check_chain(ledger: Ledger, chain: Sequence[LedgerLink], unread: bool) -> Iterator[Finding]:
    key = str(ledger.key)
    number, before = 0, ""
    for link in chain:
        gap = range(number + 1, link.number)
        if not unread:
            yield from (Finding(Flaw.LINK_MISSING, f"link {one}", key) for one in gap)
        if link.hash != _hash(link, key):
            yield Finding(Flaw.LINK_CHANGED, f"link {link.number}", key)
        if not gap and link.previous != before:
            yield Finding(Flaw.CHAIN_BROKEN, f"link {link.number}", key)
        number, before = link.number, link.hash
    if not unread:
        lost = range(number + 1, min(ledger.length, number + 100) + 1)
        yield from (Finding(Flaw.LINK_MISSING, f"link {one}", key) for one in lost)
    if number == ledger.length and before != ledger.head:
        yield Finding(Flaw.HEAD, f"ledger {ledger.pk}", key)


def _hash(link: LedgerLink, key: str) -> str:
    try:
        return sealing.link_hash(
            ledger=key,
            number=link.number,
            what=link.what,
            row=link.row,
            digest_of_row=link.digest,
            previous=link.previous,
            at=link.linked_at,
        )
    except _UNREADABLE:
        return ""


def _home(row: Credit | Evidence) -> int:
    return row.ledger_id if isinstance(row, Credit) else row.credit.ledger_id


def _digest(row: Credit | Evidence) -> str:
    try:
        return sealing.digest(credit_facts(row) if isinstance(row, Credit) else evidence_facts(row))
    except _UNREADABLE:  # a value that is none: SQLite stores whatever it is told
        return ""


def _flaw_of_words(ledger: Ledger, credit: Credit) -> Flaw | None:
    detail: CreditDetail | None = getattr(credit, "detail", None)
    person = ledger.user_id
    if person is None:
        return Flaw.WORDS_LEFT if detail else None
    if detail is None:
        return Flaw.WORDS_MISSING
    recorders = {recorder_of(detail.recorded_by_id, person=person)}
    if detail.recorded_by_id is None:  # or somebody else whose account is gone
        recorders.add("other")
    try:
        digests = {
            sealing.words_digest(detail.salt, words_of(detail, person=person, recorder=one))
            for one in recorders
        }
    except _UNREADABLE:
        digests = set()
    if credit.words_digest not in digests:
        return Flaw.WORDS_CHANGED
    completion = detail.course_completion
    if credit.kind == Credit.Kind.AWARD and credit.source == Credit.Source.OUR_COURSE:
        theirs = completion and (completion.user_id, f"course:{completion.course.key}")
        return None if theirs == (person, credit.activity_key) else Flaw.COMPLETION
    return Flaw.COMPLETION if completion else None


def _orphans() -> Iterator[Finding]:
    """Rows whose ledger or credit is gone, which only a database without its foreign keys can hold."""
    parts: list[tuple[str, type[Model], type[Model], str]] = [
        ("credit", Credit, Ledger, "ledger_id"),
        ("link", LedgerLink, Ledger, "ledger_id"),
        ("evidence", Evidence, Credit, "credit_id"),
        ("words of credit", CreditDetail, Credit, "credit_id"),
    ]
    for name, model, owner, column in parts:
        owners = owner._default_manager.filter(pk=OuterRef(column))
        lost = model._default_manager.filter(~Exists(owners)).order_by("pk").values_list("pk", flat=True)
        yield from (Finding(Flaw.ORPHAN, f"{name} {pk}") for pk in lost.iterator(1_000))


def _anchors(roots: Mapping[date, str]) -> Iterator[Finding]:
    _anchored, unread = _all(LedgerAnchor.objects.order_by("on"))
    if unread:
        yield from (Finding(Flaw.UNREADABLE, f"anchor {pk}") for pk in unread)
    else:
        yield from (Finding(Flaw.ANCHOR, f"anchor {on}") for on in anchors_that_differ())
        yield from (Finding(Flaw.ANCHOR_NOTED, f"anchor {on}") for on in roots_that_differ(roots))


def _files() -> Iterator[Finding]:
    """Files that are not what was linked; one that was removed with a reason, or erased, has to be gone."""
    removals = EvidenceRemoval.objects.filter(evidence=OuterRef("pk"))
    rows = Evidence.objects.annotate(is_removed=Exists(removals)).order_by("pk")
    columns = ("pk", "path", "size", "sha256", "is_removed", "credit__ledger__user", "credit__ledger__key")
    for pk, path, size, digest, is_removed, user, key in rows.values_list(*columns).iterator(1_000):
        found = _measured(path)
        if is_removed or user is None:
            flaw = Flaw.FILE_LEFT if found else None
        elif found is None:
            flaw = Flaw.FILE_MISSING
        else:
            flaw = None if found == (size, digest) else Flaw.FILE_CHANGED
        if flaw:
            yield Finding(flaw, f"evidence {pk}", str(key))


def _measured(path: str) -> tuple[int, str] | None:
    """Length and SHA-256 of a stored file; ``None`` when there is none."""
    size, digest = 0, sha256()
    try:
        with evidence_storage().open(path) as stored:
            while chunk := stored.read(_CHUNK):
                size += len(chunk)
                digest.update(chunk)
    except FileNotFoundError:
        return None
    return size, digest.hexdigest()
