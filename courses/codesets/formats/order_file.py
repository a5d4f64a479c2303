"""The order files of ICD-10-CM and ICD-10-PCS: fixed width, headers and codes in the order of the book. Pure.

Columns: 1-5 order number, 7-13 code without its dot, 15 whether it is billable, 17-76 short title, 78- long
title. The year of a file is only in its name.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from courses.codesets.errors import LoadRefused
from courses.codesets.records import CodeList, Entry

#: The longest line printed so far has 305 characters.
_LONGEST: Final = 400
_LINE: Final = re.compile(
    r"(?P<order>[0-9]{5}) (?P<code>[0-9A-Z ]{7}) (?P<billable>[01]) (?P<short>.{60}) (?P<title>.+)"
)
_PADDING: Final = "X"
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class _Book:
    """What tells the file of one system from that of the other."""

    name: str
    #: The 2nd character of ICD-10-CM may be a letter since FY2026; ICD-10-PCS has no I and no O.
    code: re.Pattern[str]
    header: re.Pattern[str]


_BOOKS: Final = {
    "icd10cm": _Book("ICD-10-CM", re.compile("[A-Z][0-9A-Z]{2,6}"), re.compile("[A-Z][0-9A-Z]{2,5}")),
    "icd10pcs": _Book("ICD-10-PCS", re.compile("[0-9A-HJ-NP-Z]{7}"), re.compile("[0-9A-HJ-NP-Z]{3}")),
}


@dataclass
class _Row:
    line: int
    code: str
    title: str
    short: str
    is_billable: bool
    parent: int | None
    #: Rows that stand right under it, and how many of them differ from it by a 7th character only.
    children: int = 0
    sevenths: int = 0


def parse(stream: BinaryIO, system: str) -> CodeList:
    """The rows of the order file of ``system``. Raises ``LoadRefused`` and then gives none."""
    book = _BOOKS[system]
    rows: list[_Row] = []
    places: dict[str, int] = {}
    for number, line in _lines(stream):
        row = _row(line, number, len(rows) + 1, book)
        if row.code in places:
            first = rows[places[row.code]].line
            raise LoadRefused(f"{row.code} stands here a second time, first in line {first}", line=number)
        row.parent = _parent(row, places, rows, book)
        places[row.code] = len(rows)
        rows.append(row)
    if not any(row.is_billable for row in rows):
        raise LoadRefused("there is no billable code in it")
    for row in rows:
        if not row.is_billable and not row.children:
            raise LoadRefused(f"{row.code} is a header with nothing under it", line=row.line)
    return CodeList("", tuple(_entry(row, rows, book) for row in rows))


def _lines(stream: BinaryIO) -> Iterator[tuple[int, str]]:
    """The lines of the file with their numbers; empty ones may only be the last."""
    number = 0
    empty = 0
    while raw := stream.readline(_LONGEST):
        number += 1
        if number == 1 and raw.startswith(_BOM):
            raw = raw[len(_BOM) :]
        line = _text(raw.rstrip(b"\r\n"), number)
        if not line.strip():
            empty = empty or number
            continue
        if empty:
            raise LoadRefused("the line is empty", line=empty)
        if not raw.endswith(b"\n"):
            _check_end(line, raw, number)
        yield number, line


def _text(raw: bytes, number: int) -> str:
    if raw.isascii():
        text = raw.decode("ascii")
    else:
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            try:
                text = raw.decode("cp1252")
            except UnicodeDecodeError as error:
                raise LoadRefused("the line is not text", line=number) from error
        text = text.replace("\xa0", " ")
    if not text.isprintable():
        raise LoadRefused("the line is not text", line=number)
    return text


def _check_end(line: str, raw: bytes, number: int) -> None:
    """A last line without an end is whole only where its short title says so."""
    if len(raw) == _LONGEST:
        raise LoadRefused("the line is longer than any of an order file", line=number)
    match = _LINE.fullmatch(line)
    if match is None or match["title"].rstrip() != match["short"].rstrip():
        raise LoadRefused("the file is cut off in its last line", line=number)


def _row(line: str, number: int, order: int, book: _Book) -> _Row:
    match = _LINE.fullmatch(line)
    if match is None:
        raise LoadRefused(_fault(line), line=number)
    if int(match["order"]) != order:
        raise LoadRefused(
            f"the order number is {match['order']} where {order:05} belongs; lines are missing or moved",
            line=number,
        )
    code = match["code"].rstrip()
    is_billable = match["billable"] == "1"
    if not (book.code if is_billable else book.header).fullmatch(code):
        raise LoadRefused(_fault_of_code(code, is_billable, book), line=number)
    title = " ".join(match["title"].split())
    if not title:
        raise LoadRefused(f"{code} has no title", line=number)
    return _Row(number, code, title, " ".join(match["short"].split()), is_billable, None)


def _fault(line: str) -> str:
    """Which column of a line that is not understood is to blame."""
    if not re.match("[0-9]{5} ", line):
        return "it does not begin with an order number of five digits"
    if not re.match(".{6}[0-9A-Z ]{7} ", line):
        return "there is no code in columns 7 to 13"
    if not re.match(".{14}[01] ", line):
        return "there is neither 0 nor 1 in column 15"
    if len(line) < 78:
        return "the line ends before its long title"
    return "column 77 is not blank"


def _fault_of_code(code: str, is_billable: bool, book: _Book) -> str:
    for other in _BOOKS.values():
        if other is not book and (other.code if is_billable else other.header).fullmatch(code):
            return f"“{code}” is no {book.name} code; this looks like an order file of {other.name}"
    return f"“{code}” is not {'a code' if is_billable else 'a header'} of {book.name}"


def _parent(row: _Row, places: dict[str, int], rows: list[_Row], book: _Book) -> int | None:
    """The nearest row above that the code begins with; counts ``row`` among its children."""
    for end in range(len(row.code) - 1, 2, -1):
        place = places.get(row.code[:end])
        if place is None:
            continue
        parent = rows[place]
        if parent.is_billable:
            raise LoadRefused(f"{row.code} stands under {parent.code}, which is billable", line=row.line)
        parent.children += 1
        parent.sevenths += _is_seventh(row, parent)
        return place
    if len(row.code) > 3:
        raise LoadRefused(f"{row.code} stands under no {row.code[:3]}", line=row.line)
    return None


def _is_seventh(row: _Row, parent: _Row) -> bool:
    """Whether only the 7th character was added, with the placeholders before it and its meaning behind.

    The file does not say so. This is what the tabular list says of 51,086 codes of FY2025; 29 others look the
    same and are typed out in the book, such as T86.8401 under T86.840.
    """
    padded = parent.code.ljust(6, _PADDING)
    return row.is_billable and row.code[:-1] == padded and row.title.startswith(f"{parent.title}, ")


def _entry(row: _Row, rows: list[_Row], book: _Book) -> Entry:
    is_cm = book is _BOOKS["icd10cm"]
    parent = rows[row.parent] if row.parent is not None else None
    # among children of other kinds, a 7th character would be one of a code that is typed out in the book
    takes_seventh = 0 < row.sevenths == row.children
    is_seventh = parent is not None and parent.sevenths == parent.children
    return Entry(
        "category" if len(row.code) == 3 else "code",
        _dotted(row.code) if is_cm else row.code,
        row.title,
        row.parent,
        is_billable=row.is_billable,
        seventh=row.code[-1] if is_seventh else "",
        takes_seventh=takes_seventh,
        details={"short_title": row.short} if row.short != row.title else {},
    )


def _dotted(code: str) -> str:
    return f"{code[:3]}.{code[3:]}" if len(code) > 3 else code
