"""ICD-10-PCS as its book shows it: tables, the code that is being built in one, what a code means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from courses.codesets.books import Book
from courses.codesets.building import PLACES, Build, Row, build, label_at, tails
from courses.codesets.models import (
    Code,
    CodeQuerySet,
    PcsAggregation,
    PcsDefinition,
    PcsRow,
    PcsTable,
    Release,
)
from courses.codesets.records import Axis
from courses.codesets.systems import System

#: The order file names no section; these are the names in the tables of every year so far.
SECTIONS: Final = {
    "0": "Medical and Surgical",
    "1": "Obstetrics",
    "2": "Placement",
    "3": "Administration",
    "4": "Measurement and Monitoring",
    "5": "Extracorporeal or Systemic Assistance and Performance",
    "6": "Extracorporeal or Systemic Therapies",
    "7": "Osteopathic",
    "8": "Other Procedures",
    "9": "Chiropractic",
    "B": "Imaging",
    "C": "Nuclear Medicine",
    "D": "Radiation Therapy",
    "F": "Physical Rehabilitation and Diagnostic Audiology",
    "G": "Mental Health",
    "H": "Substance Abuse Treatment",
    "X": "New Technology",
}
_HEADINGS: Final = ("Section", "Body System", "Operation")
#: What is read of a table, without making a model of each: a section has up to 600.
_HEADING: Final = ("code", "section", "body_system", "operation", "headings", "definition")


@dataclass(frozen=True)
class PcsBooks:
    """The books of ICD-10-PCS that answer for a day; each may be missing or of another year."""

    codes: Release | None
    tables: Release | None
    definitions: Release | None


@dataclass(frozen=True)
class TableHeading:
    """The first three characters of codes and what they mean."""

    code: str
    section: str
    body_system: str
    operation: str
    headings: tuple[str, ...] = _HEADINGS
    definition: str = ""
    #: Whether the tables have it; otherwise only the code list does.
    is_printed: bool = True


@dataclass(frozen=True)
class CharacterMeaning:
    """A character of a code: what it says and what its value means; empty where the books do not tell."""

    place: int
    heading: str
    value: str
    label: str = ""
    definition: str = ""
    explanation: str = ""
    includes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Printed:
    """A code as the code list prints it, without the rest of its row: a table has up to 1,600."""

    code: str
    title: str
    system: str = System.ICD10PCS.value


@dataclass(frozen=True)
class Built:
    """A code of seven characters: whether the table makes it, and whether the code list has it."""

    code: str
    is_in_table: bool
    #: None where the code list is not loaded or has no such code.
    row: Printed | None
    meaning: tuple[CharacterMeaning, ...]


@dataclass(frozen=True)
class TablePage:
    """A table with a code being built in it, held against the code list."""

    heading: TableHeading
    books: PcsBooks
    rows: tuple[Row, ...]
    build: Build
    built: Built | None
    #: Meanings of the table's three characters and of those chosen so far.
    meaning: tuple[CharacterMeaning, ...]
    #: Codes of the list that the table does not make and that have the characters asked for.
    newer: tuple[Printed, ...]
    #: Devices of this body system and operation that are reported as a more general one.
    aggregations: tuple[PcsAggregation, ...] = ()


def pcs_books(on_date: date) -> PcsBooks:
    """What is loaded of ICD-10-PCS for a date of service. One query."""
    found = {r.book: r for r in Release.objects.on(on_date).filter(system=System.ICD10PCS)}
    return PcsBooks(found.get(Book.CODES), found.get(Book.TABLES), found.get(Book.DEFINITIONS))


def table_headings(books: PcsBooks, start: str) -> list[TableHeading]:
    """Every table whose code begins with ``start``, also those that only the code list knows. Two queries."""
    printed = PcsTable.objects.filter(release=books.tables, code__startswith=start)
    found = {values[0]: _heading(values) for values in printed.values_list(*_HEADING)}
    # the code list is asked for what the tables lack: the title of each of its 900 headers costs a page read
    newer = _codes(books, start).filter(kind=Code.Kind.CATEGORY).exclude(code__in=printed.values("code"))
    for code, title in newer.values_list("code", "title"):
        found[code] = _heading_of_header(code, title)
    return [found[code] for code in sorted(found)]


def _heading(values: tuple[Any, ...]) -> TableHeading:
    code, section, body_system, operation, headings, definition = values
    return TableHeading(code, section, body_system, operation, tuple(headings) or _HEADINGS, definition)


def _heading_of_header(code: str, title: str) -> TableHeading:
    """The code list prints a table as ``Gastrointestinal System, Bypass``; some with their section before."""
    section = SECTIONS.get(code[:1], "")
    body_system, _comma, operation = title.removeprefix(f"{section}, ").rpartition(", ")
    return TableHeading(code, section, body_system, operation, is_printed=False)


def table_page(table: str, asked: Mapping[int, str], *, on_date: date) -> TablePage | None:
    """The table ``table`` with the characters ``asked`` (4 to 7) chosen, None if no book has it.

    Five queries at most, whatever the table.
    """
    books = pcs_books(on_date)
    heading, rows = _table(books, table)
    codes = dict(_codes(books, table).values_list("code", "title"))
    header = codes.pop(table, None)
    if heading is None:
        if header is None:
            return None
        heading = _heading_of_header(table, header)
    state = build(rows, asked)
    made = tails(rows)
    meaning = _meaning(heading, rows, state.values, books)
    built = None
    if state.tail:
        code = table + state.tail
        row = Printed(code, codes[code]) if code in codes else None
        built = Built(code, state.tail in made, row, meaning)
    newer = tuple(
        Printed(code, title)
        for code, title in codes.items()
        if code[3:] not in made and all(code[place - 1] == value for place, value in asked.items())
    )
    aggregations = _aggregations(books, heading)
    return TablePage(heading, books, rows, state, built, meaning, newer, aggregations)


def _aggregations(books: PcsBooks, heading: TableHeading) -> tuple[PcsAggregation, ...]:
    if books.definitions is None:
        return ()
    operations = (heading.operation, PcsAggregation.EVERY)
    found = PcsAggregation.objects.filter(release=books.definitions, body_system=heading.body_system)
    return tuple(found.filter(operation__in=operations))


def meaning_of(code: str, on_date: date) -> tuple[CharacterMeaning, ...]:
    """What each of the seven characters of ``code`` says; nothing where no tables are loaded.

    Of a code that is newer than the tables, characters that nobody can tell have no label. At most four
    queries.
    """
    books = pcs_books(on_date)
    if len(code) != 7 or books.tables is None:
        return ()
    heading, rows = _table(books, code[:3])
    heading = heading or _nearest_heading(code, books.tables)
    values = {place: code[place - 1] for place in PLACES}
    return _meaning(heading, rows, values, books) if heading else ()


def _nearest_heading(code: str, release: Release) -> TableHeading | None:
    """What other tables of the section tell about a table that is newer than they are."""
    tables = PcsTable.objects.filter(release=release, code__startswith=code[:1])
    near = sorted(tables, key=lambda table: table.code[:2] != code[:2])
    if not near:
        return None
    system = near[0].body_system if near[0].code[:2] == code[:2] else ""
    return TableHeading(
        code[:3], near[0].section, system, "", tuple(near[0].headings) or _HEADINGS, is_printed=False
    )


def _meaning(
    heading: TableHeading, rows: Sequence[Row], values: Mapping[int, str], books: PcsBooks
) -> tuple[CharacterMeaning, ...]:
    """The characters of a table and of ``values``, with what the definitions say about them. One query."""
    section = heading.code[:1]
    parts = (heading.section, heading.body_system, heading.operation)
    read = list(zip((1, 2, 3), heading.headings, heading.code, parts, strict=True))
    for place, value in sorted(values.items()):
        title = rows[0][place - PLACES[0]].title if rows else ""
        read.append((place, title, value, label_at(rows, section, values, place)))
    told = {
        (one.axis, one.title): one
        for one in PcsDefinition.objects.filter(
            release=books.definitions, section=section, title__in=[label for *_, label in read if label]
        )
    }
    return tuple(
        _character(*one, told.get((one[0], one[3])), heading.definition if one[0] == 3 else "")
        for one in read
    )


def _character(
    place: int, heading: str, value: str, label: str, told: PcsDefinition | None, printed: str
) -> CharacterMeaning:
    """``printed`` is what the table itself says, where the definitions are missing or say nothing."""
    if told is None:
        return CharacterMeaning(place, heading, value, label, printed)
    return CharacterMeaning(
        place,
        heading,
        value,
        label,
        told.definition or printed,
        told.explanation,
        tuple(told.includes.splitlines()),
    )


def _codes(books: PcsBooks, start: str) -> CodeQuerySet:
    """What the code list prints under ``start``, read off the index that holds release, kind and code."""
    return Code.objects.filter(release=books.codes).beginning_with(start).order_by("code")


def _table(books: PcsBooks, code: str) -> tuple[TableHeading | None, tuple[Row, ...]]:
    """A table and its rows; None and no rows where the tables have no such table. One query."""
    lines = list(
        PcsRow.objects.filter(table__release=books.tables, table__code=code)
        .order_by("position")
        .values_list("axes", *(f"table__{name}" for name in _HEADING))
    )
    rows = tuple(_axes(axes) for axes, *_table in lines)
    return (_heading(lines[0][1:]) if lines else None), rows


def _axes(axes: list[dict[str, Any]]) -> Row:
    return tuple(
        Axis(place, axis["title"], dict(axis["values"])) for place, axis in zip(PLACES, axes, strict=True)
    )
