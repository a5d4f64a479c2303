"""The four index files of ICD-10-CM as XML: Alphabetic Index, external causes, drugs, neoplasms. Pure.

All four share one shape, so what a file is, its title or the headings of its columns say; another one than
was asked for is refused by its name. A line that is not wholly understood refuses the file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, ClassVar, Final

from courses.codesets.errors import LoadRefused
from courses.codesets.formats.xml import Reader, read
from courses.codesets.records import CrossRef, Index, Target, Term

ROOT: Final = "ICD10CM.index"
#: kind -> what the file is called, and what its title or the heading of its first column says
KINDS: Final = {
    "index": ("Alphabetic Index", re.compile(r"index to diseases", re.IGNORECASE)),
    "external": ("External Cause Index", re.compile(r"external cause", re.IGNORECASE)),
    "drugs": ("Table of Drugs and Chemicals", re.compile(r"substance", re.IGNORECASE)),
    "neoplasms": ("Table of Neoplasms", re.compile(r"neoplasm", re.IGNORECASE)),
}
#: kinds that are tables: their codes stand in columns
_TABLES: Final = {"drugs", "neoplasms"}
_COLUMNS: Final = range(2, 8)
_LINES: Final = ("mainTerm", "term")
_REFS: Final = {"see": "see", "seeAlso": "see_also"}
#: References to a code instead of to words, as the book prints them.
_CODE_REFS: Final = {"seecat": "category", "subcat": "subcategory"}
#: ``C79.8-``, ``C66.-`` and ``C64-`` go on; brackets are how the book prints a manifestation.
_CODE: Final = re.compile(r"\[?(?P<code>[A-Z][0-9A-Z]{2}(?:\.[0-9A-Z]{1,4})?)(?P<dash>\.?-)?\]?")
_RANGE: Final = re.compile(r"\[?[A-Z][0-9A-Z]{2}(\.[0-9A-Z]{1,4})?-[A-Z][0-9A-Z]{2}(\.[0-9A-Z]{1,4})?\]?")
_NONE: Final = {"-", "--"}
#: What a line of an index may hold; longer than any that was ever printed.
_LONGEST: Final = {"title": 400, "nemod": 600, "see": 400, "seeAlso": 400, "manif": 400, "head": 200}
_SPACE_BEFORE: Final = re.compile(r" (?=[,;:])")


@dataclass
class _Line:
    """A term while it is read."""

    place: int
    letter: str
    parent: int | None
    title: str | None = None
    nonessential: list[str] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    refs: list[CrossRef] = field(default_factory=list)
    columns: set[int] = field(default_factory=set)


class _Reader(Reader):
    """Collects the terms in the order of the book."""

    what = "an index of ICD-10-CM"
    elements: ClassVar[Mapping[str, tuple[str, ...]]] = {
        ROOT: ("",),
        "version": (ROOT,),
        "title": (ROOT, "letter", *_LINES),
        "indexHeading": (ROOT,),
        "head": ("indexHeading",),
        "letter": (ROOT,),
        "mainTerm": ("letter",),
        "term": _LINES,
        "nemod": ("title", "see", "seeAlso"),
        **dict.fromkeys(("code", "manif", "cell", *_REFS, *_CODE_REFS), _LINES),
    }

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.told = ""
        self.version = ""
        self.letter = ""
        self.columns: dict[int, str] = {}
        self.column = 0
        self.terms: list[Term | None] = []
        self.open: list[_Line] = []

    def begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "letter":
            self._check_told()
            self.letter = ""
        elif tag in _LINES:
            self._open_line(tag, attributes)
        elif tag in ("head", "cell"):
            self._open_column(tag, attributes)
        elif tag == "nemod" and self.path[-2] == "title":
            self._texts[-2].append(" ")  # some titles go on right behind it: "auto<nemod>…</nemod>immune"

    def _open_line(self, tag: str, attributes: Mapping[str, str]) -> None:
        if not self.letter:
            raise self.refuse("a term stands before the title of its letter")
        level, depth = attributes.get("level", ""), len(self.open)
        if tag == "term" and level != str(depth):
            raise self.refuse(f"a term of level “{level[:20]}” stands where level {depth} belongs")
        parent = self.open[-1] if self.open else None
        if parent is not None and parent.title is None:
            raise self.refuse("a term stands before the title of the one above it")
        self.open.append(_Line(len(self.terms), self.letter, parent.place if parent else None))
        self.terms.append(None)

    def _open_column(self, tag: str, attributes: Mapping[str, str]) -> None:
        column = attributes.get("col", "")
        known = ("1", *map(str, _COLUMNS)) if tag == "head" else tuple(map(str, self.columns.keys() - {1}))
        if column not in known:
            raise self.refuse(f"the table has no column “{column[:20]}”")
        self.column = int(column)
        seen = self.columns.keys() if tag == "head" else self.open[-1].columns
        if self.column in seen:
            raise self.refuse(f"column {self.column} stands here a second time")

    def finish(self, tag: str, text: str) -> None:
        if len(text) > _LONGEST.get(tag, 200):
            raise self.refuse(f"the text of a <{tag}> is longer than a line of an index")
        around = self.path[-1] if self.path else ""
        if tag == "version":
            self._take_version(text)
        elif tag == "title":
            self._take_title(around, _SPACE_BEFORE.sub("", text))
        elif tag == "nemod":
            self._take_nonessential(around, text)
        elif tag == "head":
            self.columns[self.column] = text
        elif tag == "indexHeading":
            self._take_headings()
        elif tag == "cell":
            self._take_cell(text)
        elif tag in ("code", "manif"):
            self._take_code(tag, text)
        elif tag in _REFS or tag in _CODE_REFS:
            self._take_ref(tag, text)
        elif text:
            raise self.refuse(f"there is text between the elements of a <{tag}>")
        elif tag in _LINES:
            self._close_line()

    def _take_version(self, text: str) -> None:
        if not re.fullmatch(r"20\d\d", text):
            raise self.refuse(f"“{text[:40]}” is not a year")
        self.version = text

    def _take_title(self, around: str, text: str) -> None:
        if around == ROOT:
            self._tell(text)
        elif around == "letter":
            if len(text) != 1 or self.letter:
                raise self.refuse(f"“{text[:40]}” is not a letter of the index")
            self.letter = text
        elif self.open[-1].title is not None:
            raise self.refuse("a term has a second title")
        elif not text and not self.open[-1].nonessential:
            raise self.refuse("a term has no title")
        else:
            self.open[-1].title = text

    def _take_nonessential(self, around: str, text: str) -> None:
        if around != "title":
            self._texts[-1].append(f" {text} ")  # words of a reference are printed as one
        elif self.path[-2] not in _LINES:
            raise self.refuse("words in parentheses belong to a term")
        elif text:
            self.open[-1].nonessential.append(text)

    def _take_headings(self) -> None:
        if missing := [column for column in (1, *_COLUMNS) if not self.columns.get(column)]:
            raise self.refuse(f"the table has no heading for column {missing[0]}")
        self._tell(self.columns[1])

    def _take_cell(self, text: str) -> None:
        self.open[-1].columns.add(self.column)
        if text not in _NONE:
            self._add_target(self._target(text, column=self.column))

    def _take_code(self, tag: str, text: str) -> None:
        if _RANGE.fullmatch(text):
            self.open[-1].refs.append(CrossRef("see", text.strip("[]")))
        elif tag == "manif" and text and not re.search(r"\d", text):
            # the table of neoplasms prints words there too: "book-leaf [ventral surface of tongue …]"
            self.open[-1].nonessential.append(f"[{text.strip('[]')}]")
        else:
            self._add_target(self._target(text, is_manifestation=tag == "manif"))

    def _take_ref(self, tag: str, text: str) -> None:
        if not text:
            raise self.refuse("a reference leads nowhere")
        if tag in _REFS:
            self.open[-1].refs.append(CrossRef(_REFS[tag], _SPACE_BEFORE.sub("", text)))
            return
        target = self._target(text)
        self._add_target(Target(target.code, is_partial=True))
        self.open[-1].refs.append(CrossRef("see", f"{_CODE_REFS[tag]} {text}"))

    def _target(self, text: str, *, column: int = 0, is_manifestation: bool = False) -> Target:
        match = _CODE.fullmatch(text)
        if match is None:
            raise self.refuse(f"“{text[:40]}” is not an ICD-10-CM code")
        return Target(match["code"], column, match["dash"] is not None, is_manifestation)

    def _add_target(self, target: Target) -> None:
        known = {(t.code, t.column, t.is_manifestation) for t in self.open[-1].targets}
        if (target.code, target.column, target.is_manifestation) not in known:
            self.open[-1].targets.append(target)

    def _close_line(self) -> None:
        line = self.open.pop()
        if line.title is None:
            raise self.refuse("a term has no title")
        nonessential = " ".join(line.nonessential)
        if len(nonessential) > _LONGEST["nemod"]:
            raise self.refuse("the words in parentheses are longer than a line of an index")
        self.terms[line.place] = Term(
            line.letter,
            line.title,
            line.parent,
            nonessential,
            tuple(line.targets),
            tuple(line.refs),
        )

    def _tell(self, text: str) -> None:
        """Know the file by the title of the index or the heading of the first column."""
        for kind, (_name, words) in KINDS.items():
            if words.search(text):
                self.told = kind
                break
        if self.told and self.told != self.kind:
            raise self.refuse(f"this is the {KINDS[self.told][0]}, not the {KINDS[self.kind][0]}")

    def _check_told(self) -> None:
        if not self.told:
            raise self.refuse(f"neither title nor headings say that this is the {KINDS[self.kind][0]}")
        if (self.kind in _TABLES) != bool(self.columns):
            raise self.refuse(f"the {KINDS[self.kind][0]} cannot have these columns")
        if not self.version:
            raise self.refuse("the year of the index is missing")


def parse(stream: BinaryIO, kind: str) -> Index:
    """The lines of the file of ``kind`` (a key of ``KINDS``). Raises ``LoadRefused`` and then gives none."""
    reader = _Reader(kind)
    read(stream, reader)
    terms = tuple(term for term in reader.terms if term is not None)
    if not any(term.targets for term in terms):
        raise LoadRefused(f"there is no line of the {KINDS[kind][0]} in it that leads to a code")
    return Index(reader.version, terms, reader.columns)
