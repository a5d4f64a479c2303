"""The XML files of ICD-10-PCS: tables, index, definitions. Pure.

The publisher counts its own values and codes in attributes; a table that holds other numbers is refused.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import BinaryIO, ClassVar, Final

from courses.codesets.formats import xml
from courses.codesets.records import (
    Aggregation,
    Axis,
    CrossRef,
    Definition,
    Definitions,
    Index,
    PcsTable,
    PcsTables,
    Target,
    Term,
)

#: Every character of a code: neither I nor O, which look like figures.
_VALUE: Final = re.compile("[0-9A-HJ-NP-Z]")
_YEAR: Final = re.compile("20[0-9][0-9]")
#: Longer than any text that was ever printed there.
_LONGEST: Final = 2_000
_LONGEST_NAME: Final = 400


class _Reader(xml.Reader):
    """What the three files share: a year first, text only in certain elements, places from 1 to 7."""

    root: ClassVar[str]
    #: The elements that have text of their own; all others hold elements only.
    texts: ClassVar[Collection[str]]
    #: Those of them that may be long.
    prose: ClassVar[Collection[str]] = ()

    def __init__(self) -> None:
        super().__init__()
        self.version = ""

    def begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        if len(self.path) == 2 and not self.version and tag not in ("version", "title"):
            raise self.refuse("the year is missing")
        self.opened(tag, attributes)

    def finish(self, tag: str, text: str) -> None:
        if tag not in self.texts:
            if text:
                raise self.refuse(f"there is text between the elements of a <{tag}>")
        elif not text:
            if tag in self.prose:
                return
            raise self.refuse(f"a <{tag}> is empty")
        elif len(text) > (_LONGEST if tag in self.prose else _LONGEST_NAME):
            raise self.refuse(f"the text of a <{tag}> is longer than any that was printed")
        if tag == "version":
            if self.version or not _YEAR.fullmatch(text):
                raise self.refuse(f"“{text[:40]}” is not the year of the file")
            self.version = text
        elif self.path != [self.root] or tag != "title":  # the title of the whole says nothing new
            self.closed(tag, text)

    def opened(self, tag: str, attributes: Mapping[str, str]) -> None:
        """A known element begins."""

    def closed(self, tag: str, text: str) -> None:
        """A known element ends, apart from the year and the title of the file."""

    def position(self, attributes: Mapping[str, str]) -> int:
        text = attributes.get("pos", "")
        if not re.fullmatch("[1-7]", text):
            raise self.refuse(f"“{text[:20]}” is not the place of a character")
        return int(text)

    def value(self, attributes: Mapping[str, str], name: str = "code") -> str:
        text = attributes.get(name, "")
        if not _VALUE.fullmatch(text):
            raise self.refuse(f"“{text[:20]}” is not a character of ICD-10-PCS")
        return text

    def check_count(self, expected: str | None, found: int, what: str) -> None:
        if expected is not None and expected != str(found):
            raise self.refuse(f"the file counts {expected[:20]} {what} here and holds {found}")


# --- tables ------------------------------------------------------------------------------------------
def parse_tables(stream: BinaryIO) -> PcsTables:
    """The tables of the file. Raises ``LoadRefused`` with the line and the reason, and then gives none."""
    reader = _Tables()
    xml.read(stream, reader)
    if not reader.tables:
        raise reader.refuse("there is no table in it")
    return PcsTables(reader.version, tuple(reader.tables.values()))


@dataclass
class _Axis:
    position: int
    expected: str | None
    title: str = ""
    values: dict[str, str] = field(default_factory=dict)


class _Tables(_Reader):
    what = "the tables of ICD-10-PCS"
    root = "ICD10PCS.tabular"
    elements = {
        root: {""},
        "version": {root},
        "title": {root, "axis"},
        "pcsTable": {root},
        "pcsRow": {"pcsTable"},
        "axis": {"pcsTable", "pcsRow"},
        "label": {"axis"},
        "definition": {"axis"},
    }
    texts = {"version", "title", "label", "definition"}
    prose = {"definition"}

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, PcsTable] = {}
        self.head: list[Axis] = []
        self.row: list[Axis] = []
        self.rows: list[tuple[Axis, Axis, Axis, Axis]] = []
        self.definition: list[str] = []
        self.codes: str | None = None
        self.axis = _Axis(0, None)
        self.char = ""

    def opened(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "pcsTable":
            self.head, self.rows, self.definition = [], [], []
        elif tag == "pcsRow":
            if len(self.head) != 3:
                raise self.refuse("a row stands before the three characters of its table")
            self.row, self.codes = [], attributes.get("codes")
        elif tag == "axis":
            self._open_axis(attributes)
        elif tag == "label":
            self.char = self.value(attributes)
            if self.char in self.axis.values:
                raise self.refuse(f"the value {self.char} stands here a second time")

    def _open_axis(self, attributes: Mapping[str, str]) -> None:
        in_row = self.path[-2] == "pcsRow"
        expected = len(self.row) + 4 if in_row else len(self.head) + 1
        position = self.position(attributes)
        if position != expected or (not in_row and position > 3):
            raise self.refuse(f"character {position} stands where another belongs")
        self.axis = _Axis(position, attributes.get("values"))

    def closed(self, tag: str, text: str) -> None:
        if tag == "title":
            if self.axis.title:
                raise self.refuse("a character has a second title")
            self.axis.title = text
        elif tag == "label":
            self.axis.values[self.char] = text
        elif tag == "definition":
            self.definition.append(text)
        elif tag == "axis":
            self._close_axis()
        elif tag == "pcsRow":
            self._close_row()
        elif tag == "pcsTable":
            self._close_table()

    def _close_axis(self) -> None:
        axis = self.axis
        if not axis.title or not axis.values:
            raise self.refuse(f"character {axis.position} has no title or no value")
        self.check_count(axis.expected, len(axis.values), "values")
        if axis.position <= 3 and len(axis.values) != 1:
            raise self.refuse(f"character {axis.position} of a table has more than one value")
        (self.head if axis.position <= 3 else self.row).append(Axis(axis.position, axis.title, axis.values))

    def _close_row(self) -> None:
        if len(self.row) != 4:
            raise self.refuse(f"character {len(self.row) + 4} of a row is missing")
        self.check_count(self.codes, prod(len(axis.values) for axis in self.row), "codes")
        four, five, six, seven = self.row
        self.rows.append((four, five, six, seven))

    def _close_table(self) -> None:
        if len(self.head) != 3 or not self.rows:
            raise self.refuse("a table has no characters or no rows")
        one, two, three = self.head
        code = "".join(char for axis in self.head for char in axis.values)
        if code in self.tables:
            raise self.refuse(f"the table {code} stands here a second time")
        self.tables[code] = PcsTable(code, (one, two, three), " ".join(self.definition), tuple(self.rows))


# --- index -------------------------------------------------------------------------------------------
def parse_index(stream: BinaryIO) -> Index:
    """The lines of the index. Raises ``LoadRefused`` with the line and the reason, and then gives none."""
    reader = _Index()
    xml.read(stream, reader)
    if not reader.terms:
        raise reader.refuse("there is no term in it")
    return Index(reader.version, tuple(term for term in reader.terms if term))


@dataclass
class _Line:
    """A term while it is read."""

    place: int
    parent: int | None
    title: str = ""
    targets: list[Target] = field(default_factory=list)
    refs: list[CrossRef] = field(default_factory=list)


_REFS: Final = {"see": "see", "seeAlso": "see_also", "use": "use"}
#: What a code in the index may be: whole, a beginning, or the three characters of a table.
_CODES: Final = {
    "code": re.compile(f"(?:{_VALUE.pattern}){{7}}"),
    "codes": re.compile(f"(?:{_VALUE.pattern}){{3,6}}"),
    "tab": re.compile(f"(?:{_VALUE.pattern}){{3}}"),
}


class _Index(_Reader):
    """A line without a title continues the one above it: one of several ``see``, or a code."""

    what = "the index of ICD-10-PCS"
    root = "ICD10PCS.index"
    elements = {
        root: {""},
        "version": {root},
        "title": {root, "letter", "mainTerm", "term"},
        "letter": {root},
        "mainTerm": {"letter"},
        "term": {"mainTerm", "term"},
        **{ref: {"mainTerm", "term"} for ref in _REFS},
        **{code: {"mainTerm", "term", *_REFS} for code in _CODES},
    }
    texts = {"version", "title", *_REFS, *_CODES}

    def __init__(self) -> None:
        super().__init__()
        self.letter = ""
        self.terms: list[Term | None] = []
        self.open: list[_Line] = []

    def opened(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "letter":
            self.letter = ""
        elif tag in ("mainTerm", "term"):
            if not self.letter:
                raise self.refuse("a term stands before the title of its letter")
            level = attributes.get("level", "")
            if tag == "term" and level != str(len(self.open)):
                raise self.refuse(f"a term of level “{level[:20]}” stands where {len(self.open)} belongs")
            above = self.open[-1] if self.open else None
            if above is not None and not above.title:
                raise self.refuse("a term stands under one without a title")
            self.open.append(_Line(len(self.terms), above.place if above else None))
            self.terms.append(None)

    def closed(self, tag: str, text: str) -> None:
        if tag == "title":
            self._take_title(text)
        elif tag in _CODES:
            if not _CODES[tag].fullmatch(text):
                raise self.refuse(f"“{text[:40]}” is no code or beginning of one of ICD-10-PCS")
            target = Target(text, is_partial=tag != "code")
            if target not in self.open[-1].targets:
                self.open[-1].targets.append(target)
        elif tag in _REFS:
            self.open[-1].refs.append(CrossRef(_REFS[tag], text))
        elif tag in ("mainTerm", "term"):
            line = self.open.pop()
            if not line.title and not (line.parent is not None and (line.targets or line.refs)):
                raise self.refuse("a term has no title")
            self.terms[line.place] = Term(
                self.letter, line.title, line.parent, targets=tuple(line.targets), refs=tuple(line.refs)
            )

    def _take_title(self, text: str) -> None:
        if self.path[-1] == "letter":
            if len(text) != 1 or self.letter:
                raise self.refuse(f"“{text[:40]}” is not a letter of the index")
            self.letter = text
        elif self.open[-1].title:
            raise self.refuse("a term has a second title")
        else:
            self.open[-1].title = text


# --- definitions -------------------------------------------------------------------------------------
def parse_definitions(stream: BinaryIO) -> Definitions:
    """What the values mean, one record for each value that a text is about. Raises ``LoadRefused`` with the
    line and the reason, and then gives none."""
    reader = _Definitions()
    xml.read(stream, reader)
    if not reader.definitions:
        raise reader.refuse("there is no definition in it")
    return Definitions(reader.version, tuple(reader.definitions), tuple(reader.aggregations))


class _Definitions(_Reader):
    what = "the definitions of ICD-10-PCS"
    root = "ICD10PCS.definitions"
    elements = {
        root: {""},
        "version": {root},
        "title": {root, "section", "axis", "terms"},
        "section": {root},
        "axis": {"section"},
        "terms": {"axis"},
        "definition": {"terms"},
        "explanation": {"terms"},
        "includes": {"terms"},
        "deviceAggregation": {root},
        "aggregate": {"deviceAggregation"},
        "device": {"aggregate"},
        "operation": {"aggregate"},
        "bodySys": {"aggregate"},
        "parent": {"aggregate"},
    }
    prose = {"definition", "explanation", "includes"}
    texts = {"version", "title", *prose, "device", "operation", "bodySys", "parent"}

    def __init__(self) -> None:
        super().__init__()
        self.definitions: list[Definition] = []
        self.aggregations: list[Aggregation] = []
        self.section = ""
        self.place = 0
        self.parent = ""
        #: The texts of the open <terms> or <aggregate> by element.
        self.parts: dict[str, list[str]] = {}

    def opened(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "section":
            self.section = self.value(attributes)
        elif tag == "axis":
            self.place = self.position(attributes)
        elif tag in ("terms", "aggregate"):
            self.parts = {}
        elif tag == "parent":
            self.parent = self.value(attributes, "value")

    def closed(self, tag: str, text: str) -> None:
        if tag == "terms":
            self._close_terms()
        elif tag == "aggregate":
            self._close_aggregate()
        elif tag in self.texts and self.path[-1] in ("terms", "aggregate"):
            self.parts.setdefault(tag, []).append(text)

    def _close_terms(self) -> None:
        titles = self.parts.get("title")
        if not titles:
            raise self.refuse("a definition does not say of what")
        for title in titles:
            self.definitions.append(
                Definition(
                    self.section,
                    self.place,
                    title,
                    " ".join(self.parts.get("definition", ())),
                    " ".join(self.parts.get("explanation", ())),
                    tuple(self.parts.get("includes", ())),
                )
            )

    def _close_aggregate(self) -> None:
        for part in ("device", "operation", "parent"):
            if len(self.parts.get(part, ())) != 1:
                raise self.refuse(f"a device to be replaced by another needs one <{part}>")
        self.aggregations.append(
            Aggregation(
                self.parts["device"][0],
                self.parts["operation"][0],
                tuple(self.parts.get("bodySys", ())),
                self.parent,
                self.parts["parent"][0],
            )
        )
