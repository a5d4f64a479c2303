"""What stands on the shelf of each code system, and its codes group by group."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, Substr
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from courses.codesets.books import INDEX_BOOKS, Book
from courses.codesets.groups import HCPCS, MDC
from courses.codesets.models import Code, CodeQuerySet, Release
from courses.codesets.pcs import TableHeading
from courses.codesets.systems import System

#: The key of the group of modifiers, where other groups have a letter.
MODIFIERS = "modifiers"
#: MS-DRGs of no category; the table prints an empty cell.
NO_MDC = "00"
_MDC = Coalesce(KeyTextTransform("mdc", "details"), Value(NO_MDC), output_field=TextField())


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

    @property
    def has_tables(self) -> bool:
        return any(book.book == Book.TABLES for book in self.books)


@dataclass(frozen=True)
class Group:
    """A part of a code list to browse."""

    key: str
    name: str | Promise
    codes: int
    #: Codes that may not be reported any more on the day asked for.
    ended: int = 0


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
    return _counted([(heading.code[:1], heading.section) for heading in headings])


def _counted(pairs: Sequence[tuple[str, str]]) -> list[Group]:
    names = dict(reversed(pairs))
    keys = [key for key, _name in pairs]
    return [Group(key, names[key], keys.count(key)) for key in sorted(names)]


def hcpcs_groups(on_date: date) -> list[Group]:
    """First letters with what they stand for, then the modifiers. One query."""
    rows = (
        _hcpcs(on_date)
        .annotate(letter=Substr("code", 1, 1))
        .order_by("letter")
        .values("kind", "letter")
        .annotate(n=Count("pk"), ended=Count("pk", filter=Q(ends_on__lte=on_date)))
    )
    letters, modifiers, ended = [], 0, 0
    for row in rows:
        if row["kind"] == Code.Kind.MODIFIER:
            modifiers, ended = modifiers + row["n"], ended + row["ended"]
        else:
            letters.append(Group(row["letter"], HCPCS.get(row["letter"], ""), row["n"], row["ended"]))
    return [*letters, *([Group(MODIFIERS, _("Modifiers"), modifiers, ended)] if modifiers else [])]


def hcpcs_codes(group: str, on_date: date) -> CodeQuerySet:
    """The codes of a letter, or the modifiers, in the order of the code."""
    rows = _hcpcs(on_date)
    if group == MODIFIERS:
        return rows.filter(kind=Code.Kind.MODIFIER).order_by("code")
    return rows.filter(kind=Code.Kind.CODE, code__startswith=group).order_by("code")


def _hcpcs(on_date: date) -> CodeQuerySet:
    return Code.objects.of_system(System.HCPCS).on(on_date)


def msdrg_groups(on_date: date) -> list[Group]:
    """Major Diagnostic Categories, the ones before all first, the ungroupable last. One query."""
    rows = Code.objects.of_system(System.MSDRG).on(on_date).annotate(mdc=_MDC)
    found = {row["mdc"]: row["n"] for row in rows.order_by("mdc").values("mdc").annotate(n=Count("pk"))}
    known = [key for key in MDC if key in found]
    others = [key for key in found if key not in MDC]
    return [Group(key, MDC.get(key, ""), found[key]) for key in [*known, *others]]


def msdrg_codes(mdc: str, on_date: date) -> list[Code]:
    """The MS-DRGs of a category in the order of their numbers. One query."""
    rows = Code.objects.of_system(System.MSDRG).on(on_date).annotate(mdc=_MDC)
    return list(rows.filter(mdc=mdc).order_by("code"))
