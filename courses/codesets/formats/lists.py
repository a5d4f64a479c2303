"""Lists and small tables: POA-exempt, CC, MCC, MS-DRG, place of service, the CPT licence pack. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import BinaryIO, Final

from courses.codesets.errors import LoadRefused
from courses.codesets.formats import tables
from courses.codesets.formats.spreadsheet import is_spreadsheet
from courses.codesets.formats.tables import Row
from courses.codesets.records import CodeList, Entry, Members
from courses.codesets.systems import System, normalise

#: kind of list -> its name, and what a heading that means it says
KINDS: Final = {
    "poa_exempt": (
        "list of codes exempt from POA reporting",
        re.compile(r"\bpoa|present on admission", re.IGNORECASE),
    ),
    "cc": ("CC list", re.compile(r"\b6J\b|\bCC\b|\bcomplications? (and|or) comorbidit", re.IGNORECASE)),
    "mcc": ("MCC list", re.compile(r"\b6I\b|\bMCC\b|\bmajor complications?\b", re.IGNORECASE)),
}
#: The published zips hold the changes of a list beside it, in the same form.
_CHANGES: Final = re.compile(r"\b(additions?|deletions?|revis(ed|ions?)|6[IJ]\.[0-9])\b", re.IGNORECASE)
#: Dotted or not. A digit among the first characters tells codes from words: ``TABLE`` would be TAB.LE.
_CODE: Final = re.compile(r"(?!FY[0-9])[A-Z]([0-9][0-9A-Z]|[A-Z][0-9])(\.?[0-9A-Z]{1,4})?")
_ORDER: Final = re.compile(r"[0-9]{4,6}")
_SEPARATORS: Final = re.compile(r'[\s,;"]+')
_YEAR: Final = re.compile(r"20[0-9]{2}")

_DRG_COLUMNS: Final = {
    "code": "msdrg|drg",
    "title": "(msdrg)?title",
    "mdc": "mdc",
    "type": "type",
    # since FY2024 weights stand before and after the cap on their fall; the one after is paid
    "capped": "weights?.*cap.*applied",
    "weight": "weights?",
    "gmlos": "geometricmeanlos|gmlos",
    "amlos": "arithmeticmeanlos|amlos",
    "post_acute": r"(fy\d+)?(final)?postacute(drg)?",
    "special_pay": r"(fy\d+)?(final)?specialpay(drg)?",
}
#: What a cell of Table 5 may hold; the two groups of 998 and 999 have no weight.
_DRG_CELLS: Final = {
    "weight": re.compile(r"[0-9]{0,3}\.?[0-9]{0,4}"),
    "gmlos": re.compile(r"[0-9]{0,3}\.?[0-9]{0,2}"),
    "amlos": re.compile(r"[0-9]{0,3}\.?[0-9]{0,2}"),
    "mdc": re.compile(r"PRE|[0-9]{0,2}"),
    "type": re.compile(r"SURG|MED|\*\*"),
    "post_acute": re.compile(r"Yes|No|"),
    "special_pay": re.compile(r"Yes|No|"),
}
_POS_COLUMNS: Final = {
    "code": "(placeofservice)?codes?",
    "name": "(placeofservice)?name",
    "description": "(placeofservice)?description",
}
_CPT_COLUMNS: Final = {
    "code": "code",
    "long": "long",
    "short": "short",
    "effective_on": "effectiveon",
    "ended_on": "endedon",
}
_CPT_CODE: Final = re.compile(r"[0-9]{4}[0-9AFMTU]")


# --- lists of ICD-10-CM codes --------------------------------------------------------------------------
def parse_members(stream: BinaryIO, kind: str) -> Members:
    """The codes of the list of ``kind`` (a key of ``KINDS``): one a line, alone, after an order number, or
    before a description. Raises ``LoadRefused`` with line and reason."""
    headings: list[tuple[int, str]] = []
    codes: dict[str, None] = {}
    loose: list[tuple[int, str]] = []
    for line, text in _lines(tables.take(stream)):
        code = _code_of(text)
        if code is None:
            (loose if codes else headings).append((line, text))
        elif loose:
            raise LoadRefused(f"“{loose[0][1][:40]}” holds no ICD-10-CM code", line=loose[0][0])
        elif code in codes:
            raise LoadRefused(f"{code} stands here a second time", line=line)
        else:
            codes[code] = None
        if len(headings) > tables.HEADING_LINES:
            break
    if not codes:
        raise LoadRefused(f"this is not the {KINDS[kind][0]}: no line begins with an ICD-10-CM code")
    _check_headings(headings, kind)
    _check_footnotes(loose, "ICD-10-CM code")
    years = _YEAR.search(" ".join(text for _line, text in headings))
    return Members(years[0] if years else "", tuple(codes))


def _lines(data: bytes) -> Iterator[tuple[int, str]]:
    if is_spreadsheet(data):
        for line, cells in tables.rows(data):
            yield line, "\t".join(cells)
        return
    for line, text in enumerate(tables.decode(data).split("\n"), 1):
        if text.strip():
            yield line, text.strip()


def _code_of(text: str) -> str | None:
    words = [word for word in _SEPARATORS.split(text, maxsplit=3) if word]
    if len(words) > 1 and _ORDER.fullmatch(words[0]):
        words = words[1:]
    return normalise(System.ICD10CM, words[0]) if words and _CODE.fullmatch(words[0]) else None


def _check_headings(headings: list[tuple[int, str]], kind: str) -> None:
    """Refuse a list that says itself that it is another one, or only the changes of one."""
    for line, text in headings:
        told = [known for known, (_name, words) in KINDS.items() if words.search(text)]
        if told and kind not in told:
            raise LoadRefused(f"this is the {KINDS[told[-1]][0]}, not the {KINDS[kind][0]}", line=line)
        if told and _CHANGES.search(text):
            raise LoadRefused(f"these are changes to the {KINDS[kind][0]}, not the list", line=line)


def _check_footnotes(loose: Iterable[tuple[int, str]], what: str) -> None:
    """Words may stand below the last row; the beginning of a row may not, it means a file cut off."""
    for line, text in loose:
        words = text.split()
        if len(words) < 2 or _ORDER.fullmatch(words[0]):
            raise LoadRefused(f"“{text[:40]}” holds no {what}", line=line)


# --- tables --------------------------------------------------------------------------------------------
def parse_msdrg(stream: BinaryIO) -> CodeList:
    """Table 5 of the inpatient rule: every MS-DRG with weight and lengths of stay, numbers as printed."""
    rows = tables.read(
        tables.take(stream),
        _DRG_COLUMNS,
        required=("code", "title", "mdc", "type", "gmlos", "amlos"),
        what="a table of MS-DRG weights",
    )
    entries = _entries(_until_footnotes(rows), _drg)
    if not any("weight" in entry.details for entry in entries):
        raise LoadRefused("there is no column of weights")
    return CodeList("", entries)


def parse_pos(stream: BinaryIO) -> CodeList:
    """The places of service: two digits and a name."""
    rows = tables.read(
        tables.take(stream), _POS_COLUMNS, required=("code", "name"), what="a list of places of service"
    )
    return CodeList("", _entries(rows, _pos))


def parse_cpt(stream: BinaryIO) -> CodeList:
    """A licensee's own list of CPT codes, in the columns that docs/code-files.md names."""
    rows = tables.read(
        tables.take(stream),
        _CPT_COLUMNS,
        required=("code", "long", "short"),
        what="a CPT list as documented",
        only_utf8=True,
    )
    return CodeList("", _entries(rows, _cpt))


def _entries(rows: Iterable[Row], entry_of: Callable[[Row], Entry | None]) -> tuple[Entry, ...]:
    entries: dict[str, Entry] = {}
    for row in rows:
        if row.is_cut:
            raise LoadRefused("the row is cut off", line=row.line)
        entry = entry_of(row)
        if entry is None:
            continue
        if not entry.title:
            raise LoadRefused(f"{entry.code} has no description", line=row.line)
        if entry.code in entries:
            raise LoadRefused(f"{entry.code} stands here a second time", line=row.line)
        entries[entry.code] = entry
    if not entries:
        raise LoadRefused("there is no row under the header")
    return tuple(entries.values())


def _until_footnotes(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows that begin with a number; words are footnotes, and stand below the last of them."""
    loose: list[tuple[int, str]] = []
    for row in rows:
        if not re.fullmatch("[0-9]{1,3}", row["code"]):
            loose.append((row.line, row["code"]))
        elif loose:
            raise LoadRefused(f"“{loose[0][1][:40]}” is not an MS-DRG", line=loose[0][0])
        else:
            yield row
    _check_footnotes(loose, "MS-DRG")


def _drg(row: Row) -> Entry:
    code = row["code"].zfill(3)
    cells = {name: row[name] for name in _DRG_CELLS} | {"weight": row["capped"] or row["weight"]}
    for name, shape in _DRG_CELLS.items():
        if not shape.fullmatch(cells[name]):
            raise LoadRefused(f"“{cells[name][:40]}” cannot be the {name} of {code}", line=row.line)
    cells["mdc"] = cells["mdc"].zfill(2) if cells["mdc"] else ""
    return Entry("code", code, row["title"], is_billable=True, details=_printed(cells))


def _pos(row: Row) -> Entry | None:
    code = row["code"]
    if row["name"].lower() == "unassigned":
        return None  # "28-30 Unassigned"
    if not re.fullmatch("[0-9]{1,2}", code):
        raise LoadRefused(f"“{code[:40]}” is not a place of service", line=row.line)
    details = _printed({"description": row["description"]})
    return Entry("code", code.zfill(2), row["name"], is_billable=True, details=details)


def _cpt(row: Row) -> Entry:
    code = row["code"].upper()
    if not _CPT_CODE.fullmatch(code):
        raise LoadRefused(f"“{code[:40]}” is not a CPT code", line=row.line)
    starts_on = row.day("effective_on")
    ends_on = row.day("ended_on")
    if starts_on and ends_on and ends_on < starts_on:
        raise LoadRefused(f"{code} ends before it begins", line=row.line)
    return Entry(
        "code",
        code,
        row["long"],
        is_billable=True,
        starts_on=starts_on,
        ends_on=ends_on,
        details=_printed({"short": row["short"]}),
    )


def _printed(cells: Mapping[str, str]) -> dict[str, str]:
    """What is printed: without empty cells, and without the dot that stands for no number."""
    return {name: text for name, text in cells.items() if text not in ("", ".", "**")}
