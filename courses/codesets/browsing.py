"""What stands on the shelf of each code system, and its codes group by group."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count
from django.db.models.functions import Substr
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from courses.codesets.books import CODE_BOOKS, INDEX_BOOKS, Book
from courses.codesets.groups import HCPCS, MDC
from courses.codesets.models import Code, CodeQuerySet, Release
from courses.codesets.pcs import TableHeading
from courses.codesets.systems import System

#: The key of the group of modifiers, where other groups have a letter.
MODIFIERS = "modifiers"
#: MS-DRGs of no category; the table prints an empty cell.
NO_MDC = "00"


@dataclass(frozen=True)
class Shelf:
    """A code system and its books that answer for a day."""

    system: str
    label: str | Promise
    books: tuple[Release, ...] = ()

    @property
    def codes(self) -> Release | None:
        return next((book for book in self.books if book.book == Book.CODES), None)

    @property
    def billable(self) -> int:
        """Codes of the code list that may be reported, as its release counted them."""
        return int(self.codes.counts.get("billable", 0)) if self.codes else 0

    @property
    def indexes(self) -> tuple[Release, ...]:
        """Books that are read line by line: indexes, tables of drugs and of neoplasms."""
        return tuple(book for book in self.books if book.book in INDEX_BOOKS)


@dataclass(frozen=True)
class Drg:
    """A line of the table of weights."""

    code: str
    title: str
    details: dict[str, str]
    system: str = System.MSDRG.value

    @property
    def mdc(self) -> str:
        return self.details.get("mdc") or NO_MDC

    @property
    def type(self) -> str:
        """``SURG``, ``MED``, or empty where the table prints neither."""
        return self.details.get("type", "")


@dataclass(frozen=True)
class Group:
    """A part of a code list to browse."""

    key: str
    name: str | Promise
    codes: int


def shelves(on_date: date) -> tuple[Shelf, ...]:
    """Every code system with the books loaded for a date of service. One query."""
    found: dict[str, list[Release]] = {}
    for release in Release.objects.on(on_date).order_by("pk"):
        found.setdefault(release.system, []).append(release)
    order = list(Book)
    return tuple(
        Shelf(value, label, tuple(sorted(found.get(value, ()), key=lambda r: order.index(Book(r.book)))))
        for value, label in System.choices
    )


def pcs_groups(headings: Sequence[TableHeading]) -> list[Group]:
    """The sections of ICD-10-PCS that have tables."""
    names = {heading.code[:1]: heading.section for heading in headings}
    found = Counter(heading.code[:1] for heading in headings)
    return [Group(key, names[key], found[key]) for key in sorted(found)]


def hcpcs_groups(on_date: date) -> list[Group]:
    """First letters with what they stand for, then the modifiers. One query, answered by an index."""
    rows = _hcpcs(on_date).annotate(letter=Substr("code", 1, 1)).order_by("letter")
    letters, modifiers = [], 0
    for kind, letter, codes in rows.values_list("kind", "letter").annotate(codes=Count("code")):
        if kind == Code.Kind.MODIFIER:
            modifiers += codes
        else:
            letters.append(Group(letter, HCPCS.get(letter, ""), codes))
    return [*letters, *([Group(MODIFIERS, _("Modifiers"), modifiers)] if modifiers else [])]


def hcpcs_codes(group: str, on_date: date) -> CodeQuerySet:
    """The codes of a letter, or the modifiers, in the order of the code."""
    rows = _hcpcs(on_date)
    if group == MODIFIERS:
        return rows.filter(kind=Code.Kind.MODIFIER).order_by("code")
    return rows.filter(kind=Code.Kind.CODE).beginning_with(group).order_by("code")


def group_of(row: Code) -> tuple[str, str | Promise] | None:
    """The key and the short name of the group where a code is browsed; None where a system has no groups."""
    if row.system == System.HCPCS:
        letter = row.code[:1]
        return (MODIFIERS, _("Modifiers")) if row.kind == Code.Kind.MODIFIER else (letter, letter)
    if row.system == System.MSDRG:
        mdc = row.details.get("mdc") or NO_MDC
        return mdc, f"MDC {mdc}"
    return None


def _hcpcs(on_date: date) -> CodeQuerySet:
    return _codes(System.HCPCS, on_date)


def msdrg_groups(on_date: date) -> list[Group]:
    """Major Diagnostic Categories, the ones before all first, the ungroupable last. One query."""
    found = Counter(row.mdc for row in _drgs(on_date))
    known = [key for key in MDC if key in found]
    others = sorted(key for key in found if key not in MDC)
    return [Group(key, MDC.get(key, ""), found[key]) for key in [*known, *others]]


def msdrg_codes(mdc: str, on_date: date) -> list[Drg]:
    """The MS-DRGs of a category in the order of their numbers. One query."""
    return [row for row in _drgs(on_date) if row.mdc == mdc]


def _drgs(on_date: date) -> list[Drg]:
    """All of them: parting 772 rows here costs less than asking the database to look into their JSON."""
    rows = _codes(System.MSDRG, on_date).order_by("code")
    return [Drg(*values) for values in rows.values_list("code", "title", "details")]


def _codes(system: str, on_date: date) -> CodeQuerySet:
    """Codes and modifiers of a system; asked by release, because no index knows the system of a code."""
    releases = Release.objects.on(on_date).filter(system=system, book__in=CODE_BOOKS)
    return Code.objects.filter(release__in=releases)
