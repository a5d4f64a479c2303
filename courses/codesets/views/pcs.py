"""Building an ICD-10-PCS code: find the table, choose the values, read what the code says."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from courses.codesets.books import Book
from courses.codesets.building import PLACES, Choice, Column
from courses.codesets.pcs import TableHeading, TablePage, pcs_books, table_headings, table_page
from courses.codesets.systems import System
from courses.codesets.views.days import day_of, edition, on_query
from portal.lib.access import public

#: ICD-10-PCS has no letters I and O, because they look like 1 and 0.
_CHARACTERS: Final = re.compile("[0-9A-HJ-NP-Z]*")
_LENGTH: Final = 7
#: Rows of a table that are seen at one glance.
_LONG: Final = 12
_VALUE: Final = '<li><span class="mono">{}</span> {}</li>'
#: Codes a page that only the code list has; most tables have none or a few.
_NEWER_SHOWN: Final = 100


@dataclass(frozen=True)
class Link:
    """A value and the address that chooses it."""

    value: str
    label: str
    url: str
    why_not: str = ""


@dataclass(frozen=True)
class Step:
    """A character of the builder as the page shows it."""

    place: int
    heading: str
    chosen: Link | None
    is_settled: bool
    #: What the definitions say about the chosen value.
    definition: str
    open: tuple[Link, ...]
    blocked: tuple[Link, ...]


@public
@require_safe
def pcs(request: HttpRequest) -> HttpResponse:
    """Section, body system, operation: the way to a table, by links or by typing the beginning of a code."""
    day = day_of(request)
    typed = request.GET.get("start", "")
    start, error = _beginning(typed)
    if len(start) > 2:
        return redirect(_table_url(start, day))
    books = pcs_books(day)
    headings = table_headings(books, start)
    if start and not headings:
        error = error or _("No code begins with %(start)s.") % {"start": start}
        start, headings = "", table_headings(books, "")
    return render(
        request,
        "codesets/pcs.html",
        {
            "start": start,
            "typed": typed[:20] if error else start,
            "error": error,
            "steps": _next_steps(headings, len(start)),
            "first": headings[0] if headings else None,
            "is_printed": books.tables is not None,
            **_context(day, books.tables or books.codes),
        },
    )


@public
@require_safe
def pcs_table(request: HttpRequest, table: str) -> HttpResponse:
    """A table as the book prints it, and the code that is being built in it."""
    day = day_of(request)
    written, error = _beginning(table)
    if not error and (len(written) != 3 or written != table):
        if len(written) < 3:
            return redirect(_address(reverse("codesets:pcs"), day, {"start": written}))
        return redirect(_table_url(written, day, _asked(request)))
    asked = _asked(request)
    page = None if error else table_page(written, asked, on_date=day)
    if page is None:
        books = pcs_books(day)
        context = {"table": table[:10], "books": books, **_context(day, books.tables or books.codes)}
        # of tables that are not loaded nobody can say that one is not there
        missing = bool(error or books.tables or books.codes)
        return render(request, "codesets/pcs_no_table.html", context, status=404 if missing else 200)
    rows = _rows(page)
    # of a long table, what does not fit a choice is folded away
    cut = len(page.build.rows) if asked and page.build.rows and len(rows) > _LONG else len(rows)
    return render(
        request,
        "codesets/pcs_table.html",
        {
            "page": page,
            "steps": [_step(page, column, asked, day) for column in page.build.columns if page.rows],
            "fitting": rows[:cut],
            "others": rows[cut:],
            "characters": [(place, page.build.values.get(place, "")) for place in PLACES],
            "left": len(PLACES) - len(page.build.values),
            "choices": len(asked),
            "again": _address(reverse("codesets:pcs_table", args=[written]), day, {}),
            "newer": Paginator(page.newer, _NEWER_SHOWN).get_page(request.GET.get("page")),
            **_context(day, page.books.tables or page.books.codes),
        },
    )


def _context(day: date, release: Any) -> dict[str, Any]:
    on = on_query(day)
    book = release.book if release else Book.CODES
    return {
        "day": day,
        "on": on,
        "and_on": on.replace("?", "&"),
        **edition(System.ICD10PCS, day, book),
    }


def _beginning(text: str) -> tuple[str, str]:
    """What was typed of a code, and what is wrong with it."""
    start = re.sub(r"[\s.\-_]+", "", text[:80]).upper()
    if len(start) > _LENGTH:
        return "", _("A code of ICD-10-PCS has seven characters.")
    if not start.isascii() or (not start.isalnum() and start):
        return "", _("A code of ICD-10-PCS has letters and digits only.")
    if not _CHARACTERS.fullmatch(start):
        return "", _("ICD-10-PCS has no letters I and O: type the digits 1 and 0.")
    return start, ""


def _asked(request: HttpRequest) -> dict[int, str]:
    """The characters chosen in the address; what cannot be one counts as not chosen."""
    asked = {}
    for place in PLACES:
        value = request.GET.get(f"c{place}", "").strip().upper()
        if len(value) == 1 and _CHARACTERS.fullmatch(value):
            asked[place] = value
    return asked


def _address(url: str, day: date, query: Mapping[str, str]) -> str:
    parts = [f"{name}={value}" for name, value in query.items() if value]
    if on := on_query(day):
        parts.append(on.removeprefix("?"))
    return url + ("?" + "&".join(parts) if parts else "")


def _table_url(code: str, day: date, asked: Mapping[int, str] | None = None) -> str:
    """The page of the table that ``code`` stands in, with its further characters chosen."""
    chosen = {**(asked or {}), **dict(zip(PLACES, code[3:], strict=False))}
    url = reverse("codesets:pcs_table", args=[code[:3]])
    return _address(url, day, {f"c{place}": chosen[place] for place in sorted(chosen)})


def _next_steps(headings: Iterable[TableHeading], level: int) -> list[tuple[str, str, list[TableHeading]]]:
    """The values of the next character, each with its name and the tables behind it."""
    found: dict[str, list[TableHeading]] = {}
    for one in headings:
        found.setdefault(one.code[: level + 1], []).append(one)
    names = ("section", "body_system", "operation")
    return [(start, getattr(tables[0], names[level]), tables) for start, tables in found.items()]


def _step(page: TablePage, column: Column, asked: Mapping[int, str], day: date) -> Step:
    place = column.place
    names = {c.place: c.chosen for c in page.build.columns if c.chosen}

    def link(choice: Choice, drop: tuple[int, ...] = ()) -> Link:
        kept = {p: v for p, v in asked.items() if p not in drop and p not in page.build.unknown}
        others = [f"{names[p].value} {_label(names[p])}" for p in drop if p in names]
        return Link(
            choice.value,
            _label(choice),
            _table_url(page.heading.code, day, kept | {place: choice.value}) + "#build",
            _("not with %(others)s") % {"others": _(" and ").join(others)} if others else "",
        )

    chosen = None
    if column.chosen or place in asked:
        without = {p: v for p, v in asked.items() if p != place}
        label = _label(column.chosen) if column.chosen else _("not in these tables")
        value = column.chosen.value if column.chosen else asked[place]
        chosen = Link(value, label, _table_url(page.heading.code, day, without) + "#build")
    return Step(
        place,
        column.heading,
        chosen,
        column.is_settled,
        next((one.definition for one in page.meaning if one.place == place), ""),
        tuple(link(choice) for choice in column.open),
        tuple(link(choice, choice.blocked_by) for choice in column.blocked),
    )


def _rows(page: TablePage) -> list[tuple[bool, list[tuple[str, SafeString]]]]:
    """Rows that allow what is chosen, then the others, each part in the order of the book.

    The values are joined here because the largest table has 1,200 of them; the template would take 30 ms.
    """
    allowed = set(page.build.rows)
    order = sorted(range(len(page.rows)), key=lambda number: number not in allowed)
    return [
        (
            number in allowed,
            [(axis.title, format_html_join("", _VALUE, axis.values.items())) for axis in page.rows[number]],
        )
        for number in order
    ]


def _label(choice: Choice) -> str:
    return _(" or ").join(choice.labels)
