"""Releases of entries typed in a test, as if an official file had brought them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from courses.codesets import writing
from courses.codesets.books import Book
from courses.codesets.comparing import compare_releases
from courses.codesets.models import Release
from courses.codesets.records import CodeList, Entry, Index, Members, Note, Target, Term

AT = datetime(2026, 11, 1, tzinfo=UTC)
FY2026 = date(2025, 10, 1)
FY2025 = date(2024, 10, 1)


def write(
    record: CodeList | Index | Members,
    *,
    system: str = "icd10cm",
    book: str = Book.CODES,
    label: str = "FY2026",
    day: date = FY2026,
    until: date | None = None,
) -> Release:
    """Write a record as a loaded release, compared with the one before it."""
    release = Release.objects.create(
        system=system,
        book=book,
        label=label,
        effective_from=day,
        covers_from=day,
        effective_until=until,
        source_name=f"{label}.txt",
        sha256=f"{book} {label}",
        counts=writing.counts(record),
        begun_at=AT,
        loaded_at=AT,
    )
    writing.write(record, release, lambda done, total, message: None)
    if isinstance(record, CodeList):
        compare_releases(release)
    return release


def listed(book: str, *codes: str) -> Release:
    """A list of ICD-10-CM codes for FY2026."""
    return write(Members("", codes), book=book)


def indexed(*codes: str) -> Release:
    """An index of one line for each code."""
    terms = (Term("F", f"Fracture {n}", targets=(Target(name),)) for n, name in enumerate(codes))
    return write(Index("", tuple(terms)), book=Book.INDEX)


def code(
    name: str, title: str, parent: int | None, *notes: tuple[str, str], seventh: str = "", takes: bool = False
) -> Entry:
    """A code: billable unless it takes a 7th character; a heading is made by ``heading``."""
    return Entry(
        "code",
        name,
        title,
        parent,
        is_billable=not takes,
        notes=tuple(Note(*note) for note in notes),
        seventh=seventh,
        takes_seventh=takes,
    )


def heading(kind: str, name: str, title: str, parent: int | None = None, *notes: tuple[str, str]) -> Entry:
    return Entry(kind, name, title, parent, notes=tuple(Note(*note) for note in notes))


NECK = "Fracture of unspecified part of neck of {} femur"


def book_of_femurs(*, extra: Sequence[Entry] = ()) -> CodeList:
    """A chapter with a femur that breaks on either side, for either encounter."""
    entries = [
        heading("chapter", "19", "Injury (S00-T88)", None, ("note", "Use chapter 20")),
        heading("block", "S70-S79", "Injuries to the hip and thigh (S70-S79)", 0),
        heading(
            "category",
            "S72",
            "Fracture of femur",
            1,
            ("excludes1", "traumatic amputation of hip and thigh (S78.-)"),
            ("inclusion_term", "Broken thigh"),
            ("seventh_def", "A initial encounter"),
            ("seventh_def", "S sequela"),
        ),
        heading("code", "S72.0", "Fracture of head and neck of femur", 2),
        heading("code", "S72.00", "Fracture of unspecified part of neck of femur", 3),
        heading("code", "S72.04", "Fracture of base of neck of femur", 3),
    ]
    for digit, side in (("1", "right"), ("2", "left"), ("9", "unspecified")):
        entries.append(code(f"S72.00{digit}", NECK.format(side), 4, takes=True))
        above = len(entries) - 1
        for seventh, encounter in (("A", "initial encounter"), ("S", "sequela")):
            title = f"{NECK.format(side)}, {encounter}"
            entries.append(code(f"S72.00{digit}{seventh}", title, above, seventh=seventh))
    return CodeList("", (*entries, *extra))
