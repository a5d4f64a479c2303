"""The code systems that have no chapters, group by group."""

from datetime import date, timedelta
from typing import Any, Final

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from courses.codesets import browsing
from courses.codesets.books import Book
from courses.codesets.groups import HCPCS, MDC
from courses.codesets.models import Code
from courses.codesets.pcs import TableHeading, pcs_books, table_headings
from courses.codesets.systems import System, label_of, tab_class
from courses.codesets.views.days import day_of, edition, on_query
from portal.lib.access import public

#: Codes a page; a group of HCPCS has up to two thousand.
PAGE: Final = 100


@public
@require_safe
def browse(request: HttpRequest, system: str) -> HttpResponse:
    """The groups of a code system; of a short one, its codes."""
    day = day_of(request)
    match system:
        case System.ICD10CM:
            return redirect(reverse("codesets:lookup") + on_query(day))
        case System.ICD10PCS:
            books = pcs_books(day)
            groups = browsing.pcs_groups(table_headings(books, ""))
            context = _context(system, day, Book.TABLES if books.tables else Book.CODES)
        case System.HCPCS:
            groups = browsing.hcpcs_groups(day)
            context = _context(system, day)
        case System.MSDRG:
            groups = browsing.msdrg_groups(day)
            context = _context(system, day)
        case System.POS:
            context = _context(system, day)
            context["rows"] = list(Code.objects.filter(release=context["release"]).order_by("code"))
            return render(request, "codesets/browse_pos.html", context)
        case System.CPT:
            return render(request, "codesets/browse_cpt.html", _context(system, day))
        case _unknown:
            raise Http404
    return render(request, "codesets/browse.html", context | {"groups": groups})


@public
@require_safe
def browse_group(request: HttpRequest, system: str, group: str) -> HttpResponse:
    """The codes of a group, or the tables of a section of ICD-10-PCS."""
    day = day_of(request)
    match system:
        case System.ICD10PCS:
            return _section(request, group, day)
        case System.HCPCS if group in HCPCS or group == browsing.MODIFIERS:
            return _hcpcs(request, group, day)
        case System.MSDRG if group in MDC:
            return _msdrg(request, group, day)
    raise Http404


def _section(request: HttpRequest, section: str, day: date) -> HttpResponse:
    books = pcs_books(day)
    headings = table_headings(books, section) if len(section) == 1 and section.isalnum() else []
    if not headings:
        raise Http404
    context = _context(System.ICD10PCS, day, Book.TABLES if books.tables else Book.CODES)
    context |= {
        "section": section,
        "name": headings[0].section,
        "systems": [
            (start, tables[0].body_system, _tables(tables, day, tell_newer=books.tables is not None))
            for start, tables in _by_body_system(headings).items()
        ],
    }
    return render(request, "codesets/browse_section.html", context)


def _by_body_system(headings: list[TableHeading]) -> dict[str, list[TableHeading]]:
    found: dict[str, list[TableHeading]] = {}
    for heading in headings:
        found.setdefault(heading.code[:2], []).append(heading)
    return found


def _tables(headings: list[TableHeading], day: date, *, tell_newer: bool) -> SafeString:
    """List items of tables, joined here because a section has up to 600; the template would take 30 ms."""
    base, on = reverse("codesets:pcs"), on_query(day)
    newer = ""
    if tell_newer:
        newer = format_html(' <span class="state state-draft">{}</span>', _("newer than the tables"))
    return format_html_join(
        "",
        '<li><span class="mono">{}</span> <span><a href="{}{}/{}">{}</a>{}</span></li>',
        (
            (one.code, base, one.code, on, one.operation or one.code, "" if one.is_printed else newer)
            for one in headings
        ),
    )


def _hcpcs(request: HttpRequest, group: str, day: date) -> HttpResponse:
    page = Paginator(browsing.hcpcs_codes(group, day), PAGE).get_page(request.GET.get("page"))
    context = _context(System.HCPCS, day, Book.MODIFIERS if group == browsing.MODIFIERS else Book.CODES)
    context |= {
        "group": group,
        "name": HCPCS.get(group, ""),
        "page": page,
        "rows": [(row, row.ends_on - timedelta(days=1) if row.ends_on else None) for row in page],
    }
    return render(request, "codesets/browse_hcpcs.html", context)


def _msdrg(request: HttpRequest, mdc: str, day: date) -> HttpResponse:
    rows = browsing.msdrg_codes(mdc, day)
    context = _context(System.MSDRG, day)
    parts = [(kind, [row for row in rows if row.type == kind]) for kind in ("SURG", "MED", "")]
    context |= {"group": mdc, "name": MDC[mdc], "parts": [part for part in parts if part[1]]}
    return render(request, "codesets/browse_msdrg.html", context)


def _context(system: str, day: date, book: str = Book.CODES) -> dict[str, Any]:
    return {
        "system": system,
        "system_label": label_of(system),
        "tab": tab_class(system),
        "day": day,
        "on": on_query(day),
        **edition(system, day, book),
    }
