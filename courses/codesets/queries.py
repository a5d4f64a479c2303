"""The entry of a code as the tabular list shows it, with all that it inherits and what stands around it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Final

from django.db.models import Exists, OuterRef, Prefetch, Q

from accounts.models import User
from courses.codesets.books import LISTS, Book
from courses.codesets.facts import Fact, facts_of, facts_of_lists
from courses.codesets.hints import (
    Completion,
    Node,
    SideCode,
    Title,
    complete,
    has_side,
    is_manifestation,
    more_specific,
    side_codes,
    vagueness,
)
from courses.codesets.models import (
    Code,
    CodeChange,
    CodeNote,
    CodeQuerySet,
    ListedCode,
    Release,
    SavedCode,
)
from courses.codesets.notes import Piece, pieces
from courses.codesets.systems import System, normalise

#: Chapter, block, category and codes of four to seven characters: six rows stand above the deepest one.
_ABOVE: Final = tuple("__".join(["parent"] * depth) for depth in range(1, 7))
#: All of a row, and of those above it what names them: to read them whole would cost as much again.
_READ: Final = (
    *(field.name for field in Code._meta.concrete_fields),
    *(f"{above}__{name}" for above in _ABOVE for name in ("system", "kind", "code", "title", "parent")),
)
#: A table of ICD-10-PCS heads up to thousands of codes, which its own page shows as a table.
MOST_CHILDREN: Final = 200


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
class Vague:
    """A level of a code whose title leaves something open, and the codes beside it that say it."""

    level: Title
    better: tuple[Title, ...]


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
    siblings: tuple[Code, ...] = field(default=())
    #: The same for the other side, for both or for an unspecified one.
    sides: tuple[SideCode, ...] = field(default=())
    vague: tuple[Vague, ...] = field(default=())
    facts: tuple[Fact, ...] = field(default=())
    #: There are more children than are given.
    has_more: bool = False

    @property
    def own_notes(self) -> tuple[NoteGroup, ...]:
        return tuple(group for group in self.notes if not group.is_inherited)

    @property
    def inherited_notes(self) -> tuple[NoteGroup, ...]:
        return tuple(group for group in self.notes if group.is_inherited)

    @property
    def is_manifestation(self) -> bool:
        """Never first-listed: the underlying disease comes before it."""
        return self.code.system == System.ICD10CM and is_manifestation(self.code.title)

    @property
    def is_side_open(self) -> bool:
        """Whether it has codes by side and names none."""
        return bool(self.sides) and not has_side(self.code.title)

    @property
    def is_heading(self) -> bool:
        """Whether something is missing that the codes below it have."""
        return self.code.kind in Code.CODES and not self.code.is_billable


def code_at(system: str, code: str, on_date: date) -> Code | None:
    """The row of ``code``, written as its book prints it, that counts for a date of service. One query.

    39 blocks hold one category and bear its name: ``B20`` is the category, ``B20-B20`` the block. The words
    of a licensed system are for those only whom ``licensing.may_read`` lets read them.
    """
    first, _dash, last = code.partition("-")
    rows = Code.objects.of_system(system).on(on_date)
    rows = rows.filter(kind=Code.Kind.BLOCK).named(first) if first == last else rows.named(code)
    return rows.select_related("release", _ABOVE[-1]).only(*_READ).first()


def code_entry(system: str, code: str, *, on_date: date) -> CodeEntry | None:
    """The entry of ``code`` in the release for a date of service, or None. Four queries."""
    row = code_at(system, code, on_date)
    if row is None:
        return None
    lineage = [row]
    while lineage[0].parent is not None:
        lineage.insert(0, lineage[0].parent)
    groups = _notes(lineage)
    family = _family(row, lineage)
    children = [one for one in family if one.parent_id == row.pk]
    siblings = [one for one in family if one.parent_id == row.parent_id and one.pk != row.pk]
    return CodeEntry(
        code=row,
        release=row.release,
        above=tuple(lineage[:-1]),
        children=tuple(children[:MOST_CHILDREN]),
        has_more=len(children) > MOST_CHILDREN,
        notes=tuple(group for group in groups if group.kind != CodeNote.Kind.SEVENTH_DEF),
        sevenths=_sevenths(row, groups),
        siblings=() if system == System.ICD10PCS else tuple(siblings),
        sides=_sides(row, family, siblings),
        vague=_vague(lineage, family),
        facts=facts_of(system, row.details, title=row.title) + facts_of_lists(_listings(row, on_date)),
    )


# --- notes -------------------------------------------------------------------------------------------
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


# --- what stands around it ---------------------------------------------------------------------------
def _family(row: Code, lineage: Sequence[Code]) -> list[Code]:
    """What stands below the row and beside it, on each level of its category, and near cousins. One query."""
    if row.system == System.ICD10PCS:
        # the other values of the 4th character: the same on another body part, or on the other side
        alike = Q(parent=row.parent_id, code__endswith=row.code[4:]) if row.parent_id else Q()
        return list(Code.objects.filter(alike | Q(parent=row.pk)).order_by("position")[: MOST_CHILDREN + 1])
    inside = [one for one in lineage if one.kind in Code.CODES]
    if row.kind == Code.Kind.CODE and len(inside) > 1:
        near = inside[max(0, len(inside) - 3)]
        of_category = Code.objects.filter(release=row.release_id).beginning_with(inside[0].code)
        rows = of_category.filter(
            Q(parent__in=inside) | Q(code__startswith=near.code, seventh=row.seventh, is_billable=True)
        )
    else:
        rows = Code.objects.filter(parent__in=[pk for pk in (row.pk, row.parent_id) if pk])
    # sorted here: asked for the order of the book, SQLite reads the whole release in it
    return sorted(rows.order_by(), key=lambda one: one.position)


def _titles(rows: Iterable[Code]) -> list[Title]:
    return [Title(row.code, row.title) for row in rows]


def _sides(row: Code, family: Sequence[Code], siblings: Sequence[Code]) -> tuple[SideCode, ...]:
    if row.kind not in Code.CODES:
        return ()
    others = [one for one in family if one.is_billable] if row.is_billable else siblings
    return side_codes(Title(row.code, row.title), _titles(others))


def _vague(lineage: Sequence[Code], family: Sequence[Code]) -> tuple[Vague, ...]:
    """The levels of a code that leave something open which is not the side."""
    found = []
    for above, row in pairwise(lineage):
        if above.kind not in Code.CODES or vagueness(row.title) <= vagueness(above.title):
            continue
        level = Title(row.code, row.title)
        beside = _titles(one for one in family if one.parent_id == above.pk)
        better = more_specific(level, beside)
        if better and not side_codes(level, beside):
            found.append(Vague(level, better))
    return tuple(found)


def _listings(row: Code, day: date) -> dict[str, bool]:
    """Whether each list that is loaded for the day names the code. One query, none where no list may."""
    if row.system != System.ICD10CM or not row.is_billable:
        return {}
    listed = ListedCode.objects.filter(release=OuterRef("pk"), code=row.code)
    lists = Release.objects.on(day).filter(system=row.system, book__in=LISTS)
    return dict(lists.annotate(is_listed=Exists(listed)).values_list("book", "is_listed"))


# --- from release to release -------------------------------------------------------------------------
@dataclass(frozen=True)
class Printing:
    """A release and what became of a code in it."""

    release: Release
    changes: tuple[CodeChange, ...]
    is_there: bool


def printings(system: str, code: str, *, is_there: bool, book: str = Book.CODES) -> tuple[Printing, ...]:
    """What became of ``code`` in each loaded release, the newest first. Two queries.

    ``is_there`` tells of a code that never changed. Of chapters and blocks no changes are kept.
    """
    of_code = Prefetch("changes", CodeChange.objects.filter(code=code), to_attr="of_code")
    releases = list(
        Release.objects.of_book(system, book).order_by("-effective_from").prefetch_related(of_code)
    )
    changes: list[list[CodeChange]] = [release.of_code for release in releases]  # type: ignore[attr-defined]  # Prefetch
    return tuple(
        Printing(release, tuple(own), _was_there(changes, place, otherwise=is_there))
        for place, (release, own) in enumerate(zip(releases, changes, strict=True))
    )


def _was_there(changes: Sequence[Sequence[CodeChange]], place: int, *, otherwise: bool) -> bool:
    """Whether a release has the code: the last change up to it tells, else the first one after it."""
    for older in changes[place:]:
        if older:
            return all(change.kind != CodeChange.Kind.GONE for change in older)
    for newer in reversed(changes[:place]):
        if newer:
            return all(change.kind != CodeChange.Kind.ADDED for change in newer)
    return otherwise


# --- the way to a complete code ----------------------------------------------------------------------
def completion(row: Code, to: str = "") -> Completion:
    """The questions from a heading of ICD-10-CM to a billable code, answered as far as ``to``. One query.

    Two where answers that leave no choice lead to a 7th character.
    """
    root = Node(row.code, row.title, "", row.is_billable, row.takes_seventh)
    found = complete(root, _below(row, to), to)
    if found.open is None and found.reached.takes_seventh:
        found = complete(root, _below(row, found.reached.code), found.reached.code)
    return found


def _below(row: Code, to: str) -> list[Node]:
    """The rows below a heading, those of a 7th character only where ``to`` leads to them."""
    stems = {row.code, to, *(to[:length] for length in range(3, len(to)) if not to[length:-1].strip("X."))}
    rows: CodeQuerySet = Code.objects.filter(release=row.release_id)
    rows = rows.beginning_with(row.code).exclude(pk=row.pk)
    rows = rows.filter(Q(seventh="") | Q(parent__code__in=stems))
    fields = ("position", "code", "title", "parent__code", "is_billable", "takes_seventh", "seventh")
    return [Node(*values) for _place, *values in sorted(rows.order_by().values_list(*fields))]


# --- other ways to a code ----------------------------------------------------------------------------
def nearest_above(system: str, code: str, *, on_date: date) -> Code | None:
    """The longest existing beginning of a code that does not exist: where its reader should look."""
    written = normalise(system, code)
    starts = [written[:length] for length in range(2, min(len(written), 10) + 1)]
    found = Code.objects.of_system(system).on(on_date).filter(code__in=starts, kind__in=Code.CODES)
    return max(found, key=lambda row: len(row.code), default=None)


def chapters(*, on_date: date, system: str = System.ICD10CM) -> list[Code]:
    """The chapters of the book for a date of service."""
    rows = Code.objects.of_system(system).on(on_date).filter(kind=Code.Kind.CHAPTER)
    return list(rows.order_by("position"))


# --- what a person keeps -----------------------------------------------------------------------------
@dataclass(frozen=True)
class Kept:
    """A code that a person keeps, with what the release for a day says of it."""

    saved: SavedCode
    #: None where no release for the day has it, or its words are not for this person.
    row: Code | None
    #: Its words belong to somebody else.
    is_hidden: bool
    is_reportable: bool


def saved_codes(user: User, *, query: str, on_date: date, hidden: Sequence[str] = ()) -> list[Kept]:
    """The person's codes that have every word of ``query`` in code, title or note. Two queries.

    The words of the ``hidden`` systems are neither shown nor searched.
    """
    mine = list(SavedCode.objects.owned_by(user))
    names = {one.code for one in mine if one.system not in hidden}
    rows = Code.objects.on(on_date).filter(code__in=names).exclude(kind=Code.Kind.BLOCK)
    titles = {(row.system, row.code): row for row in rows}
    asked = query.casefold().split()
    found = []
    for one in mine:
        row = titles.get((one.system, one.code)) if one.system not in hidden else None
        text = f"{one.code} {one.code.replace('.', '')} {row.title if row else ''} {one.note}".casefold()
        if all(word in text for word in asked):
            reportable = row is not None and row.is_reportable_on(on_date)
            found.append(Kept(one, row, one.system in hidden, reportable))
    return found


def known_codes(pairs: Iterable[tuple[str, str]], *, on_date: date) -> Callable[[str, str], bool]:
    """Which of these codes, as (system, code), can be reported on that day: one query, none for no codes.

    What cannot be checked, because no release of its system covers the day, counts as known.
    """
    asked = set(pairs)
    if not asked:
        return lambda system, code: True
    systems = {system for system, _code in asked}
    covered = set(
        Release.objects.on(on_date)
        .filter(system__in=systems, book=Book.CODES)
        .values_list("system", flat=True)
    )
    found = set(
        Code.objects.on(on_date)
        .filter(system__in=covered, code__in={code for _system, code in asked}, is_billable=True)
        .values_list("system", "code")
    )
    return lambda system, code: system not in covered or (system, code) in found
