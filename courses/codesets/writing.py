"""Writing what a reader handed over as rows of a release, in short transactions, with progress."""

import re
from collections.abc import Iterable, Sequence
from functools import singledispatch
from typing import Any, Final, TypeVar

from django.db import models
from django.utils.translation import gettext

from courses.codesets.models import (
    Code,
    CodeNote,
    IndexRef,
    IndexTarget,
    IndexTerm,
    ListedCode,
    PcsAggregation,
    PcsDefinition,
    PcsRow,
    PcsTable,
    Release,
)
from courses.codesets.records import CodeList, Definitions, Entry, Index, Members, PcsTables, Term
from courses.jobs.kinds import Report

#: Rows a statement: SQLite would take more, but memory, the lock and the progress line want an end in sight.
BATCH: Final = 2_000

M = TypeVar("M", bound=models.Model)


@singledispatch
def write(record: Any, release: Release, report: Report) -> None:
    """Write a whole book as rows of ``release``."""
    raise TypeError(f"nobody writes a {type(record).__name__}")


@singledispatch
def counts(record: Any) -> dict[str, int]:
    """How many rows of each kind a book has; its publisher's own figures can be held against them."""
    raise TypeError(f"nobody counts a {type(record).__name__}")


def _create(rows: Iterable[M], report: Report, *, total: int, message: str, done: int = 0) -> int:
    """Insert rows batch by batch, each in its own transaction; returns how many are written by now."""
    batch: list[M] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            done = _insert(batch, report, total=total, message=message, done=done)
            batch = []
    return _insert(batch, report, total=total, message=message, done=done) if batch else done


def _insert(batch: list[M], report: Report, *, total: int, message: str, done: int) -> int:
    type(batch[0])._default_manager.bulk_create(batch)
    report(done + len(batch), total, message)
    return done + len(batch)


def _generations(parents: Sequence[int | None]) -> list[list[int]]:
    """Indexes by depth: a row is written after the row that it stands under."""
    depth: list[int] = []
    generations: list[list[int]] = []
    for index, parent in enumerate(parents):
        depth.append(0 if parent is None else depth[parent] + 1)
        if depth[index] == len(generations):
            generations.append([])
        generations[depth[index]].append(index)
    return generations


# --- codes -------------------------------------------------------------------------------------------
@counts.register
def _(record: CodeList) -> dict[str, int]:
    found = {"rows": len(record.entries), "billable": sum(entry.is_billable for entry in record.entries)}
    for kind in Code.Kind.values:
        found[kind] = sum(entry.kind == kind for entry in record.entries)
    notes = sum(len(entry.notes) for entry in record.entries)
    return found | {"notes": notes, "left_out": record.left_out}


@write.register
def _(record: CodeList, release: Release, report: Report) -> None:
    entries = record.entries
    rows = [_code(release, entry, position) for position, entry in enumerate(entries)]
    done = 0
    for generation in _generations([entry.parent for entry in entries]):
        for index in generation:
            parent = entries[index].parent
            rows[index].parent = rows[parent] if parent is not None else None
        batch = (rows[index] for index in generation)
        done = _create(batch, report, total=len(rows), message=gettext("Writing codes"), done=done)
    notes = (
        CodeNote(code=row, kind=note.kind, text=note.text, position=place)
        for row, entry in zip(rows, entries, strict=True)
        for place, note in enumerate(entry.notes)
    )
    total = sum(len(entry.notes) for entry in entries)
    _create(notes, report, total=total, message=gettext("Writing notes"))


def _code(release: Release, entry: Entry, position: int) -> Code:
    return Code(
        release=release,
        system=release.system,
        kind=entry.kind,
        code=entry.code,
        title=entry.title,
        is_billable=entry.is_billable,
        takes_seventh=entry.takes_seventh,
        seventh=entry.seventh,
        position=position,
        starts_on=entry.starts_on,
        ends_on=entry.ends_on,
        details=dict(entry.details),
    )


# --- indexes and tables ------------------------------------------------------------------------------
@counts.register
def _(record: Index) -> dict[str, int]:
    return {
        "rows": len(record.terms),
        "main_terms": sum(term.parent is None for term in record.terms),
        "targets": sum(len(term.targets) for term in record.terms),
        "references": sum(len(term.refs) for term in record.terms),
    }


@write.register
def _(record: Index, release: Release, report: Report) -> None:
    terms = record.terms
    paths = paths_of(terms)
    rows: list[IndexTerm] = []
    for position, term in enumerate(terms):
        parent = rows[term.parent] if term.parent is not None else None
        rows.append(
            IndexTerm(
                release=release,
                position=position,
                level=parent.level + 1 if parent else 0,
                letter=term.letter[:1],
                title=term.title[:400],
                nonessential=term.nonessential[:600],
                path=", ".join(paths[position]),
            )
        )
    done = 0
    for generation in _generations([term.parent for term in terms]):
        for index in generation:
            parent_index = terms[index].parent
            rows[index].parent = rows[parent_index] if parent_index is not None else None
        batch = (rows[index] for index in generation)
        done = _create(batch, report, total=len(rows), message=gettext("Writing index terms"), done=done)
    targets = (
        IndexTarget(
            term=row,
            code=target.code,
            column=target.column,
            is_partial=target.is_partial,
            is_manifestation=target.is_manifestation,
        )
        for row, term in zip(rows, terms, strict=True)
        for target in dict.fromkeys(term.targets)
    )
    total = sum(len(term.targets) for term in terms)
    _create(targets, report, total=total, message=gettext("Writing codes of the index"))
    book = _Shelf(terms)
    refs = (
        IndexRef(term=row, kind=ref.kind, text=ref.text[:400], target=_at(rows, book.find(ref.text, index)))
        for index, (row, term) in enumerate(zip(rows, terms, strict=True))
        for ref in term.refs
    )
    total = sum(len(term.refs) for term in terms)
    _create(refs, report, total=total, message=gettext("Writing references of the index"))


def _at(rows: list[IndexTerm], index: int | None) -> IndexTerm | None:
    return rows[index] if index is not None else None


def paths_of(terms: Sequence[Term]) -> list[tuple[str, ...]]:
    """The titles from the main term down to each term; an untitled line has its parent's."""
    paths: list[tuple[str, ...]] = []
    for term in terms:
        above = paths[term.parent] if term.parent is not None else ()
        paths.append((*above, term.title) if term.title else above)
    return paths


#: What it costs to read a line by another part of its title than the first: a reference rarely means
#: that, so it counts only where all its words are found.
_STRANGE: Final = 4


class _Shelf:
    """Finds the line that a reference such as ``Pain, abdominal`` leads to."""

    def __init__(self, terms: Sequence[Term]) -> None:
        #: Line above, spelling -> cost of the spelling, line.
        self.below: dict[tuple[int | None, str], list[tuple[int, int]]] = {}
        for index, term in enumerate(terms):
            for spelling, cost in _spellings(term).items():
                self.below.setdefault((term.parent, spelling), []).append((cost, index))

    def find(self, text: str, own: int) -> int | None:
        """The line that takes up most of the reference from its beginning, never the referring line."""
        words = [_folded(part) for part in re.split(r",\s*|\s+-\s+", text)]
        best: tuple[int, int, int | None] = (0, 0, None)
        walks: list[tuple[int, int, int | None]] = [(0, 0, None)]
        while walks:
            taken, cost, line = walks.pop()
            is_meant = taken == len(words) or cost < _STRANGE
            if line not in (None, own) and is_meant and (taken, -cost) > best[:2]:
                best = taken, -cost, line
            for end in range(taken + 1, len(words) + 1):
                under = self.below.get((line, ", ".join(words[taken:end])), ())
                walks += [(end, cost + more, index) for more, index in reversed(under)]
        return best[2]


def _spellings(term: Term) -> dict[str, int]:
    """How references name a line: as it stands, without NEC, or by one of its words; with what that costs."""
    found: dict[str, int] = {}
    printed = [_folded(term.title)]
    if term.nonessential.startswith("(s)"):
        printed.append(_folded(f"{term.title}s"))  # Complication(s): Complications
    elif "(s)" in term.title:
        printed.append(_folded(term.title.replace("(s)", "s")))
    for title in printed:
        for cost, whole in enumerate((title, re.sub(r" (nec|nos)$", "", title))):
            found.setdefault(whole, cost)
            first, *others = whole.split(", ")
            found.setdefault(first, 2)
            for other in others:
                found.setdefault(other, _STRANGE)
    found.pop("", None)
    return found


def _folded(text: str) -> str:
    return " ".join(re.sub(r"\([^)]*\)", " ", text).casefold().split())


# --- ICD-10-PCS --------------------------------------------------------------------------------------
@counts.register
def _(record: PcsTables) -> dict[str, int]:
    return {"tables": len(record.tables), "rows": sum(len(table.rows) for table in record.tables)}


@write.register
def _(record: PcsTables, release: Release, report: Report) -> None:
    tables = [
        PcsTable(
            release=release,
            code=table.code,
            section=next(iter(table.axes[0].values.values())),
            body_system=next(iter(table.axes[1].values.values())),
            operation=next(iter(table.axes[2].values.values())),
            headings=[axis.title for axis in table.axes],
            definition=table.definition,
        )
        for table in record.tables
    ]
    _create(tables, report, total=len(tables), message=gettext("Writing tables"))
    rows = (
        PcsRow(
            table=row_of,
            position=place,
            axes=[{"title": axis.title, "values": list(axis.values.items())} for axis in axes],
        )
        for row_of, table in zip(tables, record.tables, strict=True)
        for place, axes in enumerate(table.rows)
    )
    _create(rows, report, total=counts(record)["rows"], message=gettext("Writing rows of tables"))


@counts.register
def _(record: Definitions) -> dict[str, int]:
    return {"rows": len(record.definitions)}


@write.register
def _(record: Definitions, release: Release, report: Report) -> None:
    rows = (
        PcsDefinition(
            release=release,
            section=one.section,
            axis=one.position,
            title=one.title[:200],
            definition=one.definition,
            explanation=one.explanation,
            includes="\n".join(one.includes),
            position=position,
        )
        for position, one in enumerate(record.definitions)
    )
    _create(rows, report, total=len(record.definitions), message=gettext("Writing definitions"))
    aggregations = [
        PcsAggregation(
            release=release,
            device=one.device,
            operation=one.operation,
            body_system=body_system,
            value=one.value,
            parent=one.parent,
        )
        for one in record.aggregations
        for body_system in dict.fromkeys(one.body_systems)
    ]
    _create(aggregations, report, total=len(aggregations), message=gettext("Writing devices"))


# --- lists -------------------------------------------------------------------------------------------
@counts.register
def _(record: Members) -> dict[str, int]:
    return {"rows": len(record.codes)}


@write.register
def _(record: Members, release: Release, report: Report) -> None:
    rows = (ListedCode(release=release, code=code) for code in dict.fromkeys(record.codes))
    _create(rows, report, total=len(record.codes), message=gettext("Writing the list"))
