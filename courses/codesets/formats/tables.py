"""How every reader of a table reads: text of a usual encoding or a spreadsheet, found by its header. Pure."""

import csv
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import StringIO
from itertools import islice
from typing import BinaryIO, Final

from courses.codesets.errors import LoadRefused
from courses.codesets.formats import spreadsheet

#: Official tables stay under 20 MB.
MAX_BYTES: Final = 50 << 20
#: Titles, notices and blank lines that may stand above a header or the first row.
HEADING_LINES: Final = 30

_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f]")
_DATES: Final = {
    "%Y%m%d": "[0-9]{8}",
    "%Y-%m-%d": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "%m/%d/%Y": "[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}",
}
_NO_LETTER: Final = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True)
class Row:
    """A row under a header: column name -> text, spaces collapsed; a column that is not there is missing."""

    line: int
    cells: Mapping[str, str]
    #: Fewer cells than the header has: the row, or the file, is cut off.
    is_cut: bool = False
    is_of_sheet: bool = False

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def day(self, column: str) -> date | None:
        """The date of the cell, see ``day``; a spreadsheet may hold the number of the day instead."""
        text = self[column]
        if self.is_of_sheet and re.fullmatch("[1-7][0-9]{4}", text):
            return date(1899, 12, 30) + timedelta(int(text))
        return day(text, self.line)


def take(stream: BinaryIO) -> bytes:
    """All of the file, unless it is larger than any table of codes."""
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise LoadRefused(f"the file is larger than {MAX_BYTES >> 20} MB")
    return data


def decode(data: bytes, *, only_utf8: bool = False) -> str:
    """The text of the file: UTF-8, UTF-16 with its mark (Excel's "Unicode text"), else Windows-1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) and not only_utf8:
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig"] if only_utf8 else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding).removesuffix("\x1a")  # DOS ends a text file with it
            break
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
    else:
        raise LoadRefused(f"the text is not {'UTF-8' if only_utf8 else 'in a usual encoding'}", line=line)
    if control := _CONTROL.search(text):
        raise LoadRefused(
            "this is not a text file: there is a control character in it",
            line=text.count("\n", 0, control.start()) + 1,
        )
    return text


def rows(data: bytes, *, only_utf8: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each row that is not blank: the first sheet, or text cut at tabs or commas."""
    if spreadsheet.is_spreadsheet(data):
        source = spreadsheet.rows(data)
    else:
        source = _text(decode(data, only_utf8=only_utf8))
    for line, raw in source:
        cells = [" ".join(_CONTROL.sub(" ", cell).split()) for cell in raw]
        if any(cells):
            yield line, cells


def read(
    data: bytes,
    columns: Mapping[str, str],
    *,
    required: Collection[str],
    what: str,
    only_utf8: bool = False,
) -> Iterator[Row]:
    """The rows under the header, by the names of ``columns``, whose values are what a heading may read.

    Headings are compared as lower case letters and digits only: ``ADD DT`` matches ``adddt``. Lines above
    the header are passed over. Raises ``LoadRefused`` where there is no header with the required columns.
    """
    source = rows(data, only_utf8=only_utf8)
    for _line, cells in islice(source, HEADING_LINES):
        places = _places(cells, columns)
        if places.keys() >= set(required):
            break
    else:
        raise LoadRefused(f"this is not {what}: no line is a header with {', '.join(sorted(required))}")
    width = len(cells) - next((n for n, cell in enumerate(reversed(cells)) if cell), 0)
    for line, cells in source:
        if any(cells[width:]):
            raise LoadRefused("the row has more cells than the header", line=line)
        found = {name: cells[place] for name, place in places.items() if place < len(cells)}
        yield Row(line, found, len(cells) < width, spreadsheet.is_spreadsheet(data))


def day(text: str, line: int) -> date | None:
    """The date of a cell, however the file writes it; None for the ways of leaving it out."""
    if not text.strip("0") or text.startswith("9999"):
        return None
    for form, shape in _DATES.items():
        if re.fullmatch(shape, text):
            with suppress(ValueError):
                return datetime.strptime(text, form).date()  # noqa: DTZ007
    raise LoadRefused(f"“{text[:40]}” is not a date", line=line)


def day_after(last: date | None) -> date | None:
    """The first day of no use, from the last day of use."""
    return None if last is None else last + timedelta(days=1)


def _places(cells: Sequence[str], columns: Mapping[str, str]) -> dict[str, int]:
    headings = [_NO_LETTER.sub("", cell.lower()) for cell in cells]
    places: dict[str, int] = {}
    for name, pattern in columns.items():
        for place, heading in enumerate(headings):
            if len(heading) < 100 and re.fullmatch(pattern, heading):
                places.setdefault(name, place)
    return places


def _text(text: str) -> Iterator[tuple[int, list[str]]]:
    if "\t" in text:
        for line, row in enumerate(text.split("\n"), 1):
            yield line, [_unquoted(cell.strip()) for cell in row.split("\t")]
        return
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise LoadRefused(f"the quotes do not match ({error})", line=reader.line_num) from error


def _unquoted(cell: str) -> str:
    """A cell without the quotes that Excel adds; ``"y set" tubing`` keeps its own, so no csv reader here."""
    inner = cell[1:-1]
    if len(cell) > 1 and cell[0] == cell[-1] == '"' and '"' not in inner.replace('""', ""):
        return inner.replace('""', '"')
    return cell
