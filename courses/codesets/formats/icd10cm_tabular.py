"""The CDC tabular list as XML, read into plain records. Pure: no database, no Django.

Every row of the tabular list comes out: chapters, blocks, categories and codes with their notes, and the
codes that exist only by a 7th character, padded with the placeholder X. A file that is not wholly understood
is refused, since half a code set would be worse than none.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from courses.codesets.errors import LoadRefused
from courses.codesets.formats import xml
from courses.codesets.records import CodeList, Entry, Note

ROOT: Final = "ICD10CM.tabular"
#: element of the file -> kind of note
NOTES: Final = {
    "includes": "includes",
    "inclusionTerm": "inclusion_term",
    "excludes1": "excludes1",
    "excludes2": "excludes2",
    "codeFirst": "code_first",
    "useAdditionalCode": "use_additional",
    "codeAlso": "code_also",
    "notes": "note",
    "sevenChrNote": "seventh_note",
}
_ELEMENTS: Final = {
    ROOT: {""},
    "version": {ROOT},
    "chapter": {ROOT},
    "sectionIndex": {"chapter"},
    "sectionRef": {"sectionIndex"},
    "section": {"chapter"},
    "diag": {"section", "diag"},
    "name": {"chapter", "diag"},
    "desc": {"chapter", "section", "diag"},
    **{note: {"chapter", "section", "diag"} for note in NOTES},
    "sevenChrDef": {"chapter", "section", "diag"},
    "extension": {"sevenChrDef"},
    "note": {*NOTES, "sevenChrDef"},
}
#: The 2nd character may be a letter since FY2026 (category QA0).
_CODE: Final = re.compile(r"[A-Z][0-9A-Z]{2}(\.[0-9A-Z]{1,4})?")
_NAMES: Final = {
    "chapter": re.compile("[0-9]{1,2}"),
    "section": re.compile("[A-Z][0-9A-Z]{2}(-[A-Z][0-9A-Z]{2})?"),
    "diag": _CODE,
}
#: More than a title has ever had characters, and more than the book will have rows.
_LONGEST: Final = 400
_MAX_ROWS: Final = 300_000
_RANGE_IN_TITLE: Final = re.compile(r"\s*\([A-Z][0-9A-Z]{2}(-[A-Z][0-9A-Z]{2})?\)$")
#: The one exception to the 7th characters that is written as prose; without it 76 codes too many come out.
_EXCEPTION: Final = re.compile(
    r"7th characters (?P<sevenths>[A-Z](?:(?:,| and|, and) [A-Z])*) do not apply to codes in category "
    r"(?P<category>[A-Z][0-9A-Z]{2}) with 6th character (?P<sixths>.+)"
)
_SIXTH: Final = re.compile(r"(?:^|\bor )([0-9A-Z]) - ")


@dataclass
class _Node:
    tag: str
    line: int
    code: str = ""
    title: str = ""
    notes: list[Note] = field(default_factory=list)
    sevenths: list[tuple[str, str]] = field(default_factory=list)
    children: list["_Node"] = field(default_factory=list)


class _Reader(xml.Reader):
    """Grows the tree of chapters, sections and codes."""

    what = "an ICD-10-CM tabular list"
    elements = _ELEMENTS
    #: They carry no code and no instruction (the table of visual impairment is a picture of one).
    skipped = {"introduction", "visualImpairment"}

    def __init__(self) -> None:
        super().__init__()
        self.version = ""
        self.chapters: list[_Node] = []
        self.index: dict[str, int] = {}
        self.open: list[_Node] = []
        self.char = ""

    def begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in ("chapter", "section", "diag"):
            node = _Node(tag, self.line(), code=attributes.get("id", ""))
            (self.open[-1].children if self.open else self.chapters).append(node)
            self.open.append(node)
        elif tag == "sectionRef":
            self.index[attributes.get("id", "")] = self.line()
        elif tag == "extension":
            self.char = attributes.get("char", "")

    def finish(self, tag: str, text: str) -> None:
        if tag == "version":
            if not re.fullmatch("20[0-9]{2}", text):
                raise self.refuse(f"“{text[:40]}” is not the year of the list")
            self.version = text
        elif tag == "note":
            self._note(text)
        elif tag == "extension":
            if not re.fullmatch(r"[0-9A-Z]", self.char) or not text:
                raise self.refuse("a 7th character has no letter or no meaning")
            self.open[-1].sevenths.append((self.char, text))
        elif tag == "name":
            self.open[-1].code = text
        elif tag == "desc":
            self.open[-1].title = text
        elif tag in ("chapter", "section", "diag"):
            self._close(self.open.pop())

    def _note(self, text: str) -> None:
        kind = NOTES.get(self.path[-1])
        if kind is None:  # a remark between the 7th characters is one about them, or about the one before it
            kind = "seventh_note"
            if self.open[-1].sevenths and text:
                text = f"{self.open[-1].sevenths[-1][0]}: {text}"
        if text:
            self.open[-1].notes.append(Note(kind, text))

    def _close(self, node: _Node) -> None:
        if not node.title:
            raise self.refuse(f"{node.code[:40] or 'an entry'} has no description")
        if len(node.title) > _LONGEST:
            raise self.refuse(f"the description of {node.code} is longer than any in the book")
        if not node.code and node.tag != "diag":
            raise self.refuse(f"a {node.tag} has no name")
        if not _NAMES[node.tag].fullmatch(node.code):
            what = "an ICD-10-CM code" if node.tag == "diag" else f"the name of a {node.tag}"
            raise self.refuse(f"“{node.code[:40]}” is not {what}")


def parse(stream: BinaryIO) -> CodeList:
    """The rows of the file. Raises ``LoadRefused`` with the line and the reason, and then gives none."""
    reader = _Reader()
    xml.read(stream, reader)
    entries = tuple(_Expansion(reader.chapters).entries())
    _check_whole(reader, entries)
    return CodeList(reader.version, entries)


def _check_whole(reader: _Reader, entries: tuple[Entry, ...]) -> None:
    """Refuse a list that is well-formed XML and yet not the whole book."""
    blocks = {entry.code for entry in entries if entry.kind == "block"}
    for block, line in reader.index.items():
        if block not in blocks:
            raise LoadRefused(f"the block {block} is announced and missing", line=line)
    if not any(entry.is_billable for entry in entries):
        raise LoadRefused("there is no billable code in it")
    if not reader.version:
        raise LoadRefused("the year of the list is missing")


class _Expansion:
    """Walks the tree in the order of the book and adds the rows that 7th characters make."""

    def __init__(self, chapters: list[_Node]) -> None:
        self.chapters = chapters
        self.exceptions: list[tuple[str, frozenset[str], frozenset[str]]] = []
        self.seen: dict[tuple[str, str], int] = {}
        self.count = 0

    def entries(self) -> Iterator[Entry]:
        for chapter in self.chapters:
            yield from self._walk(chapter, None, [])

    def _walk(self, node: _Node, parent: int | None, sevenths: list[tuple[str, str]]) -> Iterator[Entry]:
        for note in node.notes:
            self._learn_exception(note, node)
        sevenths = node.sevenths or sevenths  # the nearest definition counts, also over one of its own kind
        added = [] if node.children or node.tag != "diag" else self._characters(node.code, sevenths)
        kind = {"chapter": "chapter", "section": "block"}.get(node.tag) or (
            "category" if len(node.code) == 3 else "code"
        )
        title = _RANGE_IN_TITLE.sub("", node.title) if kind == "block" else node.title
        notes = (*node.notes, *(Note("seventh_def", f"{char} {text}") for char, text in node.sevenths))
        own = self._place(kind, node.code, node.line)
        yield Entry(
            kind,
            node.code,
            title,
            parent,
            is_billable=node.tag == "diag" and not node.children and not added,
            notes=notes,
            takes_seventh=bool(added),
        )
        for char, meaning in added:
            code = _padded(node.code) + char
            self._place("code", code, node.line)
            yield Entry("code", code, f"{node.title}, {meaning}", own, is_billable=True, seventh=char)
        for child in node.children:
            yield from self._walk(child, own, sevenths)

    def _place(self, kind: str, code: str, line: int) -> int:
        if (kind, code) in self.seen:
            raise LoadRefused(f"the {kind} {code} stands here a second time", line=line)
        if self.count == _MAX_ROWS:
            raise LoadRefused("7th characters make more codes than any book has", line=line)
        self.seen[kind, code] = self.count
        self.count += 1
        return self.count - 1

    def _characters(self, code: str, sevenths: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """The 7th characters that the leaf ``code`` takes; a code of 7 characters takes none."""
        bare = _padded(code).replace(".", "")
        if len(bare) > 6:
            return []
        refused: set[str] = set()
        for category, sixths, chars in self.exceptions:
            if bare.startswith(category) and bare[5] in sixths:
                refused |= chars
        return [(char, text) for char, text in sevenths if char not in refused]

    def _learn_exception(self, note: Note, node: _Node) -> None:
        if "7th character" not in note.text or "not apply" not in note.text:
            return
        match = _EXCEPTION.fullmatch(note.text)
        sixths = frozenset(_SIXTH.findall(match["sixths"])) if match else frozenset()
        if match is None or not sixths:
            raise LoadRefused(
                f"an exception to the 7th characters is worded in a new way: “{note.text}”", line=node.line
            )
        chars = frozenset(re.findall(r"\b[A-Z]\b", match["sevenths"]))
        self.exceptions.append((match["category"], sixths, chars))


def _padded(code: str) -> str:
    """``code`` with placeholders up to its 6th character: ``T07`` becomes ``T07.XXX``."""
    head, _dot, tail = code.partition(".")
    return f"{head}.{tail:X<3}"
