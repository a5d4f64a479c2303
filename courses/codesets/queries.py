"""The entry of a code as the tabular list shows it, with all that it inherits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from courses.codesets.models import Code, CodeNote, Release
from courses.codesets.notes import Piece, pieces
from courses.codesets.systems import System, normalise

#: Chapter, block, category and codes of four to seven characters: six rows stand above the deepest one.
_ABOVE = "__".join(["parent"] * 6)


@dataclass(frozen=True)
class NoteGroup:
    """Notes of one kind under one code. ``source`` is the row they stand at."""

    kind: str
    label: str
    source: Code
    is_inherited: bool
    texts: tuple[str, ...]

    @property
    def lines(self) -> tuple[tuple[Piece, ...], ...]:
        """The texts with the codes in them apart."""
        return tuple(pieces(text) for text in self.texts)


@dataclass(frozen=True)
class Seventh:
    """A 7th character and what it means."""

    character: str
    meaning: str


@dataclass(frozen=True)
class CodeEntry:
    """Everything that a page about a code shows."""

    code: Code
    release: Release
    #: Chapter first, without the code itself.
    above: tuple[Code, ...]
    children: tuple[Code, ...]
    notes: tuple[NoteGroup, ...]
    sevenths: tuple[Seventh, ...] = field(default=())

    @property
    def own_notes(self) -> tuple[NoteGroup, ...]:
        return tuple(group for group in self.notes if not group.is_inherited)

    @property
    def inherited_notes(self) -> tuple[NoteGroup, ...]:
        return tuple(group for group in self.notes if group.is_inherited)


def code_entry(system: str, code: str, *, on_date: date) -> CodeEntry | None:
    """The entry of ``code`` in the release for a date of service, or None. Four queries.

    39 blocks hold one category and bear its name: ``B20`` is the category, ``B20-B20`` the block.
    """
    release = Release.objects.of_system(system).on(on_date).first()
    if release is None:
        return None
    first, _dash, last = code.partition("-")
    rows = Code.objects.of_system(system).on(on_date)
    rows = rows.filter(kind=Code.Kind.BLOCK).named(first) if first == last else rows.named(code)
    row = rows.select_related(_ABOVE).first()
    if row is None:
        return None
    lineage = [row]
    while lineage[0].parent is not None:
        lineage.insert(0, lineage[0].parent)
    groups = _notes(lineage)
    return CodeEntry(
        code=row,
        release=release,
        above=tuple(lineage[:-1]),
        children=tuple(row.children.order_by("position")),
        notes=tuple(group for group in groups if group.kind != CodeNote.Kind.SEVENTH_DEF),
        sevenths=_sevenths(row, groups),
    )


def _notes(lineage: Sequence[Code]) -> list[NoteGroup]:
    """Notes of a row and of all above it: its own first, then upwards, each in the order of the book."""
    texts: dict[tuple[int, str], list[str]] = {}
    for note in CodeNote.objects.filter(code__in=lineage).order_by("position"):
        texts.setdefault((note.code_id, note.kind), []).append(note.text)
    row = lineage[-1]
    # an inclusion term names the very code it stands at, so nothing below inherits it
    return [
        NoteGroup(kind, str(CodeNote.Kind(kind).label), source, source.pk != row.pk, tuple(lines))
        for source in reversed(lineage)
        for (owner, kind), lines in texts.items()
        if owner == source.pk and (source.pk == row.pk or kind != CodeNote.Kind.INCLUSION_TERM)
    ]


def _sevenths(row: Code, groups: Sequence[NoteGroup]) -> tuple[Seventh, ...]:
    """The 7th characters that count for the row: those of the nearest row that defines some."""
    for group in groups:
        if group.kind == CodeNote.Kind.SEVENTH_DEF:
            return tuple(Seventh(text[0], text[2:]) for text in group.texts)
    return ()


def nearest_above(system: str, code: str, *, on_date: date) -> Code | None:
    """The longest existing beginning of a code that does not exist: where its reader should look."""
    starts = [normalise(system, code)[:length] for length in range(len(code), 2, -1)]
    found = Code.objects.of_system(system).on(on_date).filter(code__in=starts, kind__in=Code.CODES)
    return max(found, key=lambda row: len(row.code), default=None)


def chapters(*, on_date: date, system: str = System.ICD10CM) -> list[Code]:
    """The chapters of the book for a date of service."""
    rows = Code.objects.of_system(system).on(on_date).filter(kind=Code.Kind.CHAPTER)
    return list(rows.order_by("position"))
