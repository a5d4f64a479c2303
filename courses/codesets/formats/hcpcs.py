"""The quarterly HCPCS Level II file: spreadsheet, fixed width, or a table with named columns. Pure.

The file also prints codes that belong to others: those of CPT (five digits, or four and a letter) and of
the dental association (D). Their rows are counted and left out, so that no text of theirs is ever stored.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO, Final

from courses.codesets.errors import LoadRefused
from courses.codesets.formats import tables
from courses.codesets.formats.spreadsheet import is_spreadsheet
from courses.codesets.records import CodeList, Entry

#: column -> what its heading reads, in the official spreadsheet first
COLUMNS: Final = {
    "code": "hcpcs?|code|hcpcscode|modifier",
    "record": "recid",
    "long": "longdescription",
    "short": "shortdescription",
    "coverage": "cov|coverage",
    "opps_status": r"oppsstatus\d*",
    "added": "adddt|adddate",
    "ended": "termdt|terminationdate",
    **{f"tos{n}": f"tos{n}" + ("|typeofservice" if n == 1 else "") for n in range(1, 6)},
    **{f"xref{n}": f"xref{n}" for n in range(1, 6)},
}
_PROCEDURE: Final = re.compile(r"[A-CE-V][0-9]{4}")
_MODIFIER: Final = re.compile(r"[A-Z][A-Z0-9]")
#: Dental codes, codes and modifiers of CPT; a spreadsheet may have lost the zeros in front of a number.
_OF_OTHERS: Final = re.compile(r"D[0-9]{4}|[0-9]{1,5}|[0-9]{4}[A-Z]|[0-9][A-Z]")
_FIXED: Final = re.compile(r".{5}[0-9]{5}[3478]")
#: What the record type says of the row: first line or continuation, of which kind.
_FIRST: Final = {"3": "code", "7": "modifier"}
_FURTHER: Final = {"4", "8"}


@dataclass(frozen=True)
class _Row:
    line: int
    code: str
    long: str
    record: str = ""
    short: str = ""
    coverage: str = ""
    types: tuple[str, ...] = ()
    opps_status: str = ""
    references: tuple[str, ...] = ()
    added: date | None = None
    #: The termination date: the last day on which the code may be used.
    ended: date | None = None


@dataclass
class _Draft:
    row: _Row
    kind: str
    texts: list[str] = field(default_factory=list)


def parse(stream: BinaryIO) -> CodeList:
    """Procedure codes and modifiers of the file. Raises ``LoadRefused`` with line and reason."""
    return _collect(_rows(tables.take(stream)), ("code", "modifier"), "there is no HCPCS code in it")


def parse_modifiers(stream: BinaryIO) -> CodeList:
    """Only the modifiers of the file, which may be a list of nothing else."""
    return _collect(_rows(tables.take(stream)), ("modifier",), "there is no HCPCS modifier in it")


def _rows(data: bytes) -> Iterator[_Row]:
    if not is_spreadsheet(data):
        text = tables.decode(data)
        if _FIXED.match(text.lstrip("\r\n")):
            return _fixed(text)
    return _table(data)


def _fixed(text: str) -> Iterator[_Row]:
    """Fixed width, by the official record layout: places are counted from 1 there, from 0 here."""
    for line, record in enumerate(text.split("\n"), 1):
        record = record.rstrip("\r")
        if not record.strip():
            continue
        if not _FIXED.match(record):
            raise LoadRefused("the record has no sequence number and type in places 6 to 11", line=line)
        yield _Row(
            line,
            record[0:5].strip(),
            record[11:91].strip(),
            record=record[10],
            short=record[91:119].strip(),
            coverage=record[229:230].strip(),
            types=tuple(record[260:265].replace(" ", "")),
            references=tuple(record[204:229][n : n + 5].strip() for n in range(0, 25, 5)),
            added=tables.day(record[268:276].strip(), line),
            ended=tables.day(record[284:292].strip(), line),
        )


def _table(data: bytes) -> Iterator[_Row]:
    for row in tables.read(data, COLUMNS, required=("code", "long"), what="an HCPCS file"):
        if row.is_cut:
            raise LoadRefused("the row is cut off", line=row.line)
        yield _Row(
            row.line,
            row["code"].upper(),
            row["long"],
            record=row["record"],
            short=row["short"],
            coverage=row["coverage"],
            types=tuple(row[f"tos{n}"] for n in range(1, 6)),
            opps_status=row["opps_status"],
            references=tuple(row[f"xref{n}"] for n in range(1, 6)),
            added=row.day("added"),
            ended=row.day("ended"),
        )


def _collect(rows: Iterable[_Row], kinds: tuple[str, ...], nothing: str) -> CodeList:
    drafts: list[_Draft] = []
    seen: set[str] = set()
    left_out = 0
    current: tuple[str, _Draft | None] = ("", None)
    for row in rows:
        if row.record in _FURTHER:
            if row.code != current[0]:
                raise LoadRefused(f"a continuation of {row.code} stands under another code", line=row.line)
            if current[1] is not None:
                current[1].texts.append(row.long)
            continue
        kind = _kind(row)
        if row.code in seen:
            raise LoadRefused(f"{row.code} stands here a second time", line=row.line)
        seen.add(row.code)
        draft = _Draft(row, kind, [row.long]) if kind in kinds else None
        current = (row.code, draft)
        if draft is not None:
            drafts.append(draft)
        left_out += not kind
    if not drafts:
        raise LoadRefused(nothing)
    return CodeList("", tuple(map(_entry, drafts)), left_out)


def _kind(row: _Row) -> str:
    """The kind of entry that the row is; "" for what belongs to others."""
    if _OF_OTHERS.fullmatch(row.code):
        return ""
    kind = "code" if _PROCEDURE.fullmatch(row.code) else "modifier" if _MODIFIER.fullmatch(row.code) else ""
    if not kind:
        raise LoadRefused(f"“{row.code[:40]}” is not a code or modifier of HCPCS", line=row.line)
    if row.record and _FIRST.get(row.record) != kind:
        raise LoadRefused(f"{row.code} cannot have the record type “{row.record[:10]}”", line=row.line)
    return kind


def _entry(draft: _Draft) -> Entry:
    row = draft.row
    title = " ".join(text for text in draft.texts if text)
    if not title:
        raise LoadRefused(f"{row.code} has no description", line=row.line)
    ends_on = tables.day_after(row.ended)
    if row.added and ends_on and ends_on < row.added:
        raise LoadRefused(f"{row.code} ends before it begins", line=row.line)
    details = {
        "short": row.short,
        "coverage": row.coverage,
        "type_of_service": ", ".join(filter(None, row.types)),
        "opps_status": row.opps_status,
        "cross_reference": ", ".join(filter(_PROCEDURE.fullmatch, row.references)),
    }
    return Entry(
        draft.kind,
        row.code,
        title,
        is_billable=True,
        starts_on=row.added,
        ends_on=ends_on,
        details={key: text for key, text in details.items() if text},
    )
