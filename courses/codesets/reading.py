"""Composed reads of the indexes and of the tables of drugs and neoplasms.

A main term may have 1,500 lines, so lines are read as plain records and not as models. The places of a book
are counted in its order without a gap: the lines under a term are those from its place to that of the next
term on its level.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property, lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote

from django.db.models import Count, Min, Q, QuerySet
from django.db.models.functions import Length
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from courses.codesets.books import INDEX_BOOKS, Book
from courses.codesets.models import IndexRef, IndexTarget, IndexTerm, Release
from courses.codesets.systems import System

#: The books that are printed, in the order in which they are listed.
PRINTED: Final[dict[tuple[str, str], Promise]] = {
    (System.ICD10CM, Book.INDEX): _("Alphabetic Index"),
    (System.ICD10CM, Book.EXTERNAL): _("External Cause Index"),
    (System.ICD10CM, Book.DRUGS): _("Table of Drugs and Chemicals"),
    (System.ICD10CM, Book.NEOPLASMS): _("Table of Neoplasms"),
    (System.ICD10PCS, Book.INDEX): _("ICD-10-PCS Index"),
}
TABLES: Final = (Book.DRUGS, Book.NEOPLASMS)
#: Words of a question that are looked for; more than any line has.
_WORDS: Final = 8
#: The lines above a line: no table was ever printed with ten levels.
_ABOVE: Final = ["__".join([*["parent"] * depth, "position"]) for depth in range(1, 10)]
_WORD: Final = re.compile(r"[^\W_]+")


class Goal(NamedTuple):
    """A code that a line leads to."""

    code: str
    column: int
    is_partial: bool
    is_manifestation: bool


class Ref(NamedTuple):
    """A reference of a line, and the place it leads to where that could be found."""

    kind: str
    text: str
    place: int | None


class Place(NamedTuple):
    """Where a term stands, to link to it."""

    position: int
    title: str


@dataclass(slots=True)
class Line:
    """A line as it is printed."""

    position: int
    level: int
    title: str
    nonessential: str
    goals: list[Goal] = field(default_factory=list)
    refs: list[Ref] = field(default_factory=list)
    #: How many lines stand under it.
    below: int = 0
    #: Shown only because a line below it is.
    is_context: bool = False


@dataclass(frozen=True)
class Letter:
    """A letter of a book: its main terms, and the places of its lines, ``end`` not included."""

    letter: str
    count: int
    first: int
    end: int


@dataclass(frozen=True)
class Passage:
    """A main term with everything under it; in the table of neoplasms, a term right below its only one."""

    #: In the order of the book; the first is the main term.
    lines: Sequence[Line]
    asked: Line
    #: The only main term of the table of neoplasms.
    context: Line | None
    before: Place | None
    after: Place | None

    @property
    def head(self) -> Line:
        return self.lines[0]

    @cached_property
    def path(self) -> list[str]:
        """The titles from the main term down to the asked line."""
        above = [
            line
            for line in self.lines
            if line.position <= self.asked.position <= line.position + line.below and line.title
        ]
        return [line.title for line in above]


@dataclass(frozen=True)
class Pointer:
    """A line of an index that leads to a code, for the page of that code."""

    path: str
    #: The heading of the column, empty in an index.
    column: str
    url: str
    code: str
    is_partial: bool
    is_manifestation: bool


@dataclass(frozen=True)
class BookPointers:
    """The lines of one book that lead to a code; ``total`` may be more than are given."""

    release: Release
    title: str | Promise
    pointers: tuple[Pointer, ...]
    total: int

    @property
    def more(self) -> int:
        return self.total - len(self.pointers)


# --- addresses ---------------------------------------------------------------------------------------
@cache
def frame(name: str, *before: str) -> tuple[str, str]:
    """An address cut where its code belongs: a page of an index has thousands, and resolving each is slow."""
    start, _mark, end = reverse(name, args=[*before, "000"]).rpartition("000")
    return start, end


def target_url(system: str, code: str, is_partial: bool) -> str:
    """Where a code of an index leads: its page, or of a beginning of a PCS code the table that goes on."""
    if is_partial and system == System.ICD10PCS:
        start, end = frame("codesets:pcs_table")
        return f"{start}{quote(code[:3])}{end}"
    start, end = frame("codesets:code", system)
    return f"{start}{quote(code)}{end}"


def line_url(release: Release, position: int, day: date) -> str:
    """A line among those of its main term; ``day`` is said where the release has been replaced since."""
    start, end = frame("codesets:index_term", release.system, release.book)
    on = f"?on={day.isoformat()}" if release.effective_until is not None else ""
    return f"{start}{position}{end}{on}#t{position}"


# --- lines -------------------------------------------------------------------------------------------
def _lines(terms: "QuerySet[IndexTerm]") -> list[Line]:
    """Lines in the order of the book with their codes and references. Three queries."""
    rows = terms.order_by("position").values_list("pk", "position", "level", "title", "nonessential")
    lines = {pk: Line(position, level, title, words) for pk, position, level, title, words in rows}
    named = terms.order_by().values("pk")
    goals = IndexTarget.objects.filter(term__in=named)
    for term, code, column, is_partial, is_manifestation in goals.values_list(
        "term_id", "code", "column", "is_partial", "is_manifestation"
    ):
        lines[term].goals.append(Goal(code, column, is_partial, is_manifestation))
    refs = IndexRef.objects.filter(term__in=named)
    for term, kind, text, place in refs.values_list("term_id", "kind", "text", "target__position"):
        lines[term].refs.append(Ref(kind, text, place))
    return list(lines.values())


def _size(release: Release) -> int:
    """How many lines the book has. The load counted them."""
    return int(release.counts.get("rows") or release.terms.count())


def _heads(release: Release) -> "QuerySet[IndexTerm]":
    """The terms that a page is made for; the table of neoplasms has one main term, so those below it."""
    level = Q(level__lte=1) if release.book == Book.NEOPLASMS else Q(level=0)
    return release.terms.filter(level)


def letters_of(release: Release) -> tuple[Letter, ...]:
    """The letters of a book in its order. Two queries, once a process: a loaded release never changes."""
    return _letters(release.system, release.book, release.sha256)


@lru_cache(maxsize=64)
def _letters(system: str, book: str, sha256: str) -> tuple[Letter, ...]:
    release = Release.objects.get(system=system, book=book, sha256=sha256)
    if book == Book.NEOPLASMS:
        terms = release.terms.filter(level=1).order_by("position")
        found = _initials(terms.values_list("position", "title"))
    else:
        terms = release.terms.filter(level=0).order_by()
        counted = terms.values_list("letter").annotate(count=Count("pk"), first=Min("position"))
        found = list(counted.order_by("first"))
    ends = [*(first for _letter, _count, first in found[1:]), _size(release)]
    return tuple(Letter(*one, end) for one, end in zip(found, ends, strict=True))


def _initials(terms: Iterable[tuple[int, str]]) -> list[tuple[str, int, int]]:
    """Letters by the beginnings of terms; a term out of order belongs to the letter that it stands in."""
    found: list[tuple[str, int, int]] = []
    for position, title in terms:
        initial = next((char for char in plain(title).upper() if char.isalpha()), "")
        if found and initial <= found[-1][0]:
            letter, count, first = found.pop()
            found.append((letter, count + 1, first))
        else:
            found.append((initial or "#", 1, position))
    return found


def main_terms(release: Release, letter: Letter, *, first: int, size: int) -> list[Line]:
    """``size`` main terms of a letter from the ``first`` on, with the number of their lines. Four queries."""
    heads = release.terms.filter(level=0, position__gte=letter.first, position__lt=letter.end)
    # one more: where it begins, the lines of the last one end
    places = list(heads.order_by("position").values_list("position", flat=True)[first : first + size + 1])
    if not places:
        return []
    lines = _lines(heads.filter(position__gte=places[0], position__lte=places[:size][-1]))
    for line, end in zip(lines, [*places[1:], letter.end], strict=False):
        line.below = end - line.position - 1
    return lines


def terms_beginning(release: Release, text: str, letters: Sequence[Letter]) -> list[Place]:
    """Main terms that begin with ``text``; where none does, those with a later word that does.

    Case and accents do not count. One query, or two.
    """
    wanted = plain(text)
    if not wanted:
        return []
    heads = release.terms.filter(level=0).order_by("position")
    near = heads
    if letter := next((one for one in letters if one.letter == wanted[0].upper()), None):
        near = heads.filter(position__gte=letter.first, position__lt=letter.end)
    places = [Place(*row) for row in near.values_list("position", "title")]
    if found := [place for place in places if plain(place.title).startswith(wanted)]:
        return found
    later = re.compile(rf"(?<![^\W_]){re.escape(wanted)}")
    places = [Place(*row) for row in heads.values_list("position", "title")]
    return [place for place in places if later.search(plain(place.title))]


def plain(text: str) -> str:
    """Lower case, without accents, spaces collapsed."""
    if not text.isascii():
        bare = unicodedata.normalize("NFKD", text)
        text = "".join(char for char in bare if not unicodedata.combining(char))
    return " ".join(text.casefold().split())


def passage(release: Release, position: int) -> Passage | None:
    """The main term that the line at ``position`` stands under, with all its lines.

    Five queries; eight in the table of neoplasms, for the line above.
    """
    heads = _heads(release)
    around = list(heads.filter(position__lte=position).order_by("-position")[:2])
    after = heads.filter(position__gt=position).order_by("position").first()
    if not around:
        return None
    head = around[0]
    # with its letter, so that databases seek instead of reading the whole book
    inside = release.terms.filter(letter=head.letter, position__gte=head.position)
    lines = _lines(inside.filter(position__lt=after.position if after is not None else _size(release)))
    context = _lines(release.terms.filter(pk=head.parent_id))[0] if head.parent_id else None
    if context is not None:
        context.is_context = True
    count_below(lines)
    asked = position - head.position
    if asked >= len(lines):
        return None
    return Passage(
        lines=lines,
        asked=lines[asked],
        context=context,
        before=Place(around[1].position, around[1].title) if len(around) > 1 else None,
        after=Place(after.position, after.title) if after is not None else None,
    )


def count_below(lines: Sequence[Line]) -> None:
    """Say of each line how many stand under it; ``lines`` are whole and in order."""
    above: list[tuple[int, Line]] = []
    for place, line in enumerate(lines):
        while above and above[-1][1].level >= line.level:
            start, done = above.pop()
            done.below = place - start - 1
        above.append((place, line))
    for start, rest in above:
        rest.below = len(lines) - start - 1


# --- tables ------------------------------------------------------------------------------------------
def rows_of(release: Release, letter: Letter | None = None) -> "QuerySet[IndexTerm, int]":
    """The places of the rows of a table, or of one of its letters."""
    rows = release.terms.order_by("position")
    if letter is not None:
        rows = rows.filter(position__gte=letter.first, position__lt=letter.end)
    return rows.values_list("position", flat=True)


def rows_matching(release: Release, text: str) -> list[int]:
    """The places of the rows that have all words of ``text``, in any order, each as a beginning of a word.

    A row is read with what stands above it: "wall, abdomen" finds the wall under the abdomen. One query.
    """
    words = _WORD.findall(plain(text))[:_WORDS]
    if not words:
        return []
    rows = release.terms.order_by("position")
    for word in words:
        rows = rows.filter(Q(path__icontains=word) | Q(nonessential__icontains=word))
    begun = [re.compile(rf"(?<![^\W_]){re.escape(word)}") for word in words]
    return [
        position
        for position, path, nonessential in rows.values_list("position", "path", "nonessential")
        if all(pattern.search(plain(f"{path} {nonessential}")) for pattern in begun)
    ]


def table_rows(release: Release, places: Sequence[int]) -> list[Line]:
    """Rows of a table with those that they stand under. Four queries."""
    terms = release.terms.filter(position__in=places)
    above = {place for chain in terms.values_list(*_ABOVE) for place in chain if place is not None}
    lines = _lines(release.terms.filter(position__in=above.union(places)))
    wanted = set(places)
    for line in lines:
        line.is_context = line.position not in wanted
    return lines


# --- lines that lead to a code -----------------------------------------------------------------------
def lines_to(system: str, code: str, on_date: date, limit: int = 50) -> tuple[BookPointers, ...]:
    """The index lines that lead to a code on a date of service: at most ``limit`` a book, nearest first.

    They name the code itself, or the code without its 7th character, or with a dash a beginning of it. Two
    queries.
    """
    books = Release.objects.on(on_date).filter(system=system, book__in=INDEX_BOOKS)
    releases = {release.pk: release for release in books}
    if not releases:
        return ()
    targets = IndexTarget.objects.filter(_leads_to(system, code))
    targets = targets.order_by(Length("code").desc(), "term__position", "column").select_related("term")
    found: dict[int, list[IndexTarget]] = {}
    for target in targets:
        # asked for the releases as well, SQLite reads the whole book instead of the lines that name the code
        if target.term.release_id in releases:
            found.setdefault(target.term.release_id, []).append(target)
    return tuple(
        BookPointers(
            release,
            title,
            tuple(_pointer(release, target, on_date) for target in found[pk][:limit]),
            len(found[pk]),
        )
        for (of, book), title in PRINTED.items()
        for pk, release in releases.items()
        if (release.system, release.book) == (of, book) and pk in found
    )


def _pointer(release: Release, target: IndexTarget, day: date) -> Pointer:
    return Pointer(
        path=target.term.path,
        column=release.columns.get(str(target.column), ""),
        url=line_url(release, target.term.position, day),
        code=target.code,
        is_partial=target.is_partial,
        is_manifestation=target.is_manifestation,
    )


def _leads_to(system: str, code: str) -> Q:
    """What an index prints where it means ``code``: the 7th character is never there, nor are X before it."""
    whole = [code]
    if system == System.ICD10CM and len(code) == len("S72.001A"):
        whole += [code[:length] for length in range(3, 8) if not code[length:-1].strip("X.")]
    begun = [code[:length] for length in range(3, len(code)) if code[length - 1] != "."]
    return Q(code__in=[*whole, *begun]) & (Q(code__in=whole) | Q(is_partial=True))
