"""The first sheet of a spreadsheet (xlsx), every cell as text: hardened, streamed, within bounds. Pure.

Read here and not by a library, because those build the whole sheet in memory: one of 40 MB, sent as 700 kB,
took openpyxl 26 s and 1.3 GB.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from io import BytesIO
from typing import ClassVar, Final
from zipfile import ZipFile

from courses.codesets.errors import LoadRefused
from courses.codesets.formats import xml

#: The largest official sheet, HCPCS, has 10,000 rows of 48 cells.
MAX_BYTES: Final = 50 << 20
MAX_RATIO: Final = 100
MAX_MEMBERS: Final = 500
MAX_ROWS: Final = 100_000
MAX_COLUMNS: Final = 100
MAX_CELLS: Final = 1_000_000

_WORKBOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_STRINGS: Final = "xl/sharedStrings.xml"
_PLACE: Final = re.compile("(?P<column>[A-Z]{1,3})(?P<row>[0-9]{1,7})")


def is_spreadsheet(data: bytes) -> bool:
    """Whether the file is a zip, as spreadsheets are."""
    return data.startswith(b"PK\x03\x04")


def rows(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of the rows that hold anything, all of one length. Raises ``LoadRefused``."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            sheet = _read(archive, len(data))
    except LoadRefused:
        raise
    except Exception as error:  # zipfile, zlib and struct have one each for a damaged archive
        raise LoadRefused("the spreadsheet is damaged or cut off") from error
    for number, cells in sheet.rows:
        yield number, cells + [""] * (sheet.width - len(cells))


def _read(archive: ZipFile, length: int) -> "_Sheet":
    members = archive.infolist()
    if len(members) > MAX_MEMBERS or sum(m.file_size for m in members) > min(MAX_BYTES, MAX_RATIO * length):
        raise LoadRefused("the spreadsheet unpacks to more than any table of codes")
    names = {member.filename for member in members}
    if not names >= {_WORKBOOK, _RELATIONS}:
        raise LoadRefused("this is a zip, but not a spreadsheet")
    book, relations, strings = _Book(), _Relations(), _Strings()
    _feed(archive, _WORKBOOK, book)
    _feed(archive, _RELATIONS, relations)
    paths = (relations.paths.get(sheet, "") for sheet in book.sheets)
    path = next((path for path in paths if path in names and "/worksheets/" in path), None)
    if path is None:
        raise LoadRefused("the spreadsheet has no sheet")
    if _STRINGS in names:
        _feed(archive, _STRINGS, strings)
    sheet = _Sheet(strings.strings)
    _feed(archive, path, sheet)
    return sheet


def _feed(archive: ZipFile, name: str, part: "_Part") -> None:
    with archive.open(name) as stream:
        try:
            xml.read(stream, part)  # type: ignore[arg-type]  # a member reads as a BinaryIO does
        except LoadRefused as refusal:
            if part.own_refusal is refusal:
                raise
            # the line of the XML inside is none that anybody could look up
            raise LoadRefused(f"the spreadsheet is damaged: {refusal.reason}") from refusal


class _Part(xml.Reader):
    """A part of the archive: only the elements that are wanted are looked at, by their local names."""

    what = "a spreadsheet"
    texts: ClassVar[frozenset[str]] = frozenset()

    def __init__(self) -> None:
        super().__init__()
        self.own_refusal: LoadRefused | None = None
        self.depth = 0
        self.taking = False
        self.text: list[str] = []

    def reject(self, reason: str, row: int | None = None) -> LoadRefused:
        """The refusal to raise for what the sheet says, with the number of its row."""
        self.own_refusal = LoadRefused(reason, line=row)
        return self.own_refusal

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > xml.MAX_DEPTH:
            raise self.refuse(f"elements stand {xml.MAX_DEPTH} deep in each other")
        local = tag.rpartition("}")[2]
        self.taking = local in self.texts
        self.begin(local, attributes)

    def data(self, text: str) -> None:
        if self.taking:
            self.text.append(text)

    def end(self, tag: str) -> None:
        self.depth -= 1
        self.taking = False
        self.finish(tag.rpartition("}")[2], "")


class _Book(_Part):
    """The sheets of the workbook in their order, by the ids of their relations."""

    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[str] = []

    def begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "sheet" and len(self.sheets) < MAX_MEMBERS:
            self.sheets += [value for name, value in attributes.items() if name.endswith("}id")]


class _Relations(_Part):
    """Where the parts are, by the ids of their relations."""

    def __init__(self) -> None:
        super().__init__()
        self.paths: dict[str, str] = {}

    def begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "Relationship" and len(self.paths) < MAX_MEMBERS:
            path = posixpath.join("/xl", attributes.get("Target", ""))
            self.paths[attributes.get("Id", "")] = posixpath.normpath(path).lstrip("/")


class _Strings(_Part):
    """The texts that cells refer to by number; readings of Japanese words in them are not text."""

    texts = frozenset({"t"})

    def __init__(self) -> None:
        super().__init__()
        self.strings: list[str] = []

    def begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "si":
            self.text = []
        elif tag == "rPh":
            self.aside = list(self.text)

    def finish(self, tag: str, text: str) -> None:
        if tag == "rPh":
            self.text = self.aside
        elif tag == "si":
            if len(self.strings) == MAX_CELLS:
                raise self.reject(f"the sheet has more than {MAX_CELLS:,} texts")
            self.strings.append("".join(self.text))


class _Sheet(_Part):
    """The rows of a sheet. Rows and cells may be left out, then those that follow say where they stand."""

    texts = frozenset({"v", "t"})

    def __init__(self, strings: list[str]) -> None:
        super().__init__()
        self.strings = strings
        self.rows: list[tuple[int, list[str]]] = []
        self.width = 0
        self.row = 0
        self.column = 0
        self.count = 0
        self.kind = "n"
        self.cells: list[str] = []

    def begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "row":
            self._begin_row(attributes.get("r", str(self.row + 1)))
        elif tag == "c":
            self._begin_cell(attributes)

    def _begin_row(self, number: str) -> None:
        if not re.fullmatch("[0-9]{1,20}", number) or int(number) <= self.row:
            raise self.reject("the rows of the sheet do not follow each other", self.row + 1)
        self.row, self.column, self.cells = int(number), 0, []
        if self.row > MAX_ROWS:
            raise self.reject(f"the sheet has more than {MAX_ROWS:,} rows")

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        column = self.column + 1
        if (place := attributes.get("r")) is not None:
            match = _PLACE.fullmatch(place)
            column = _number(match["column"]) if match else 0
        if column <= self.column:
            raise self.reject("the cells of the row do not follow each other", self.row)
        self.column = column
        self.count += 1
        if self.count > MAX_CELLS:
            raise self.reject(f"the sheet has more than {MAX_CELLS:,} cells")
        self.kind = attributes.get("t", "n")
        self.text = []

    def finish(self, tag: str, text: str) -> None:
        if tag == "c" and (value := self._value("".join(self.text))):
            if self.column > MAX_COLUMNS:
                raise self.reject(f"the sheet has more than {MAX_COLUMNS} columns", self.row)
            self.cells += [""] * (self.column - 1 - len(self.cells)) + [value]
        elif tag == "row" and self.cells:
            self.rows.append((self.row, self.cells))
            self.width = max(self.width, len(self.cells))

    def _value(self, text: str) -> str:
        """The text of the cell; numbers as people write them: ``1.9900101E7`` is 19900101."""
        if self.kind == "s" and text:
            if not re.fullmatch("[0-9]{1,7}", text) or int(text) >= len(self.strings):
                raise self.reject("a cell refers to a text that is not there", self.row)
            return self.strings[int(text)]
        if self.kind == "n":
            with suppress(ValueError):
                number = float(text)
                if abs(number) < 1e15 and number.is_integer():
                    return str(int(number))
        return text


def _number(letters: str) -> int:
    """The number of a column: A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
