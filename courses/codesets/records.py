"""What the readers of official files hand over: plain records, before any table. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Note:
    """One line of a note: its kind (a value of ``CodeNote.Kind``) and text."""

    kind: str
    text: str


@dataclass(frozen=True)
class Entry:
    """A row of a code book. ``parent`` is the index of an earlier row, None for one that stands alone."""

    kind: str
    code: str
    title: str
    parent: int | None = None
    is_billable: bool = False
    notes: tuple[Note, ...] = ()
    #: The 7th character of a row that exists by it alone.
    seventh: str = ""
    #: Complete but for the 7th character that the rows below it add.
    takes_seventh: bool = False
    #: Own first and last-plus-one day where the file dates its rows (HCPCS); None follows the release.
    starts_on: date | None = None
    ends_on: date | None = None
    #: What else the file prints about the code, label key -> text, shown and never searched.
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CodeList:
    """A code book: the year or edition that the file itself names ("" when none) and its rows in order."""

    version: str
    entries: tuple[Entry, ...]
    #: Rows of the file that are others' copyright (CPT, dental codes) and were not taken over.
    left_out: int = 0


@dataclass(frozen=True)
class Target:
    """A code that an index term or a table cell leads to, as printed without dashes: ``C79.8-`` is C79.8.

    ``column`` is 0 in an index, 2 to 7 in the tables of drugs and neoplasms. ``is_partial`` where the book
    prints a dash or a PCS table's beginning: more characters follow. ``is_manifestation`` for the code
    printed in brackets.
    """

    code: str
    column: int = 0
    is_partial: bool = False
    is_manifestation: bool = False


@dataclass(frozen=True)
class CrossRef:
    """``see``, ``see_also`` or ``use``: the words of the reference as printed."""

    kind: str
    text: str


@dataclass(frozen=True)
class Term:
    """A line of an index: under ``parent`` (index of an earlier term) or a main term."""

    letter: str
    title: str
    parent: int | None = None
    #: Words in parentheses that may be there or not.
    nonessential: str = ""
    targets: tuple[Target, ...] = ()
    refs: tuple[CrossRef, ...] = ()


@dataclass(frozen=True)
class Index:
    """An index or a table of one code system; ``columns`` are the headings of a table, number -> text."""

    version: str
    terms: tuple[Term, ...]
    columns: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Axis:
    """A character of an ICD-10-PCS code: its place (1 to 7), what it says, and value -> label."""

    position: int
    title: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class PcsTable:
    """A table of ICD-10-PCS: three fixed axes and the rows of four axes that may be combined."""

    code: str
    axes: tuple[Axis, Axis, Axis]
    definition: str
    rows: tuple[tuple[Axis, Axis, Axis, Axis], ...]


@dataclass(frozen=True)
class PcsTables:
    version: str
    tables: tuple[PcsTable, ...]


@dataclass(frozen=True)
class Definition:
    """What a value of ICD-10-PCS means: section, place (3 operation, 4 body part, 5 approach, 6 device …)."""

    section: str
    position: int
    title: str
    definition: str = ""
    explanation: str = ""
    includes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Aggregation:
    """A particular device of ICD-10-PCS and the general one, with its value, that stands for it in the body
    systems whose tables do not list it; ``operation`` may be all."""

    device: str
    operation: str
    body_systems: tuple[str, ...]
    value: str
    parent: str


@dataclass(frozen=True)
class Definitions:
    version: str
    definitions: tuple[Definition, ...]
    aggregations: tuple[Aggregation, ...] = ()


@dataclass(frozen=True)
class Members:
    """The codes that a list names (POA-exempt, CC, MCC), as their book prints them."""

    version: str
    codes: tuple[str, ...]
