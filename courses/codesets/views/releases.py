"""The releases of all books, and what each changed against the one before."""

import csv
from datetime import date
from itertools import groupby
from typing import Any, Final

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_safe

from courses.codesets.books import CODE_BOOKS, Book
from courses.codesets.changes import Asked, chosen, lines_of, report_of
from courses.codesets.editions import missing_edition
from courses.codesets.forms import ChangesForm
from courses.codesets.licensing import LICENSED, may_read
from courses.codesets.models import Release
from courses.codesets.official import FORMATS
from courses.codesets.systems import System, normalise
from courses.codesets.views.days import day_of, on_query
from portal.lib.access import public

PAGE: Final = 100
#: What is counted of a release, one and several of it.
_COUNTED: Final = {
    "tables": ngettext_lazy("table", "tables"),
    "rows": ngettext_lazy("row", "rows"),
    "billable": ngettext_lazy("billable code", "billable codes"),
    "chapter": ngettext_lazy("chapter", "chapters"),
    "block": ngettext_lazy("block", "blocks"),
    "category": ngettext_lazy("category", "categories"),
    "code": ngettext_lazy("code", "codes"),
    "below": ngettext_lazy("code or subcategory", "codes and subcategories"),
    "modifier": ngettext_lazy("modifier", "modifiers"),
    "notes": ngettext_lazy("line of notes", "lines of notes"),
    "main_terms": ngettext_lazy("main term", "main terms"),
    "targets": ngettext_lazy("code named", "codes named"),
    "references": ngettext_lazy("“see” or “see also”", "“see” and “see also”"),
}
#: What one page to print may hold; more of it is for the spreadsheet.
_MOST: Final = 5_000
#: How a spreadsheet recognises a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


@public
@require_safe
def releases(request: HttpRequest) -> HttpResponse:
    """Every book that is loaded with its releases, newest first, and the books that are not."""
    day = day_of(request)
    rows = sorted(
        Release.objects.loaded(), key=lambda r: (*_place(r.system, r.book), -r.effective_from.toordinal())
    )
    books = [
        _book(list(held), day) for _place_, held in groupby(rows, key=lambda r: _place(r.system, r.book))
    ]
    held_books = {(row.system, row.book) for row in rows}
    absent = [
        {"name": name, "format": form}
        for name, form in FORMATS.items()
        if (form.system, form.book) not in held_books
    ]
    context = {"books": books, "absent": absent, "day": day, "on": on_query(day)}
    return render(request, "codesets/releases.html", context)


def _place(system: str, book: str) -> tuple[int, int]:
    """Where a book stands among all: the systems and their books in the order of their lists."""
    return System.values.index(system), Book.values.index(book)


def _book(held: list[Release], day: date) -> dict[str, Any]:
    newest = held[0]
    return {
        "system": System(newest.system),
        "book": Book(newest.book),
        "releases": [
            {"row": row, "answers": row.answers_on(day), "rows": f"{row.counts.get('rows', 0):,}"}
            for row in held
        ],
        "newest": newest,
        "missing": missing_edition(newest.system, newest.effective_from, day),
        "formats": [
            name for name, f in FORMATS.items() if (f.system, f.book) == (newest.system, newest.book)
        ],
    }


def _counted(counts: dict[str, int]) -> list[str]:
    """What a release holds in words: of a list that is nothing but codes, only their number."""
    told = {name: n for name, n in counts.items() if n and name in _COUNTED}
    if told.get("rows") in (told.get("code"), told.get("modifier")):
        told = {name: n for name, n in told.items() if name not in {"rows", "billable"}}
    if "category" in told:
        told = {"below" if name == "code" else name: n for name, n in told.items()}
    return [f"{n:,} {_COUNTED[name] % n}" for name, n in told.items()]


@public
@require_safe
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """A release and its difference report: counted, filtered by kind and by the beginning of a code."""
    shown = _loaded(pk)
    report = report_of(shown)
    form = ChangesForm(request.GET)
    asked = _asked(shown, form)
    pages = Paginator(chosen(report, asked), _MOST if "all" in request.GET else PAGE)
    page = pages.get_page(request.GET.get("page"))
    with_words = may_read(request.user, shown.system, timezone.localdate())
    rest = request.GET.copy()
    for name in ("page", "all", "on"):
        rest.pop(name, None)
    context: dict[str, Any] = {
        "release": shown,
        "printed": _counted(shown.counts),
        "report": report,
        "is_compared": shown.book in CODE_BOOKS,
        "form": form,
        "asked": asked,
        "page": page,
        "lines": lines_of(report, list(page.object_list), with_words=with_words),
        "with_words": with_words,
        "may_export": shown.system not in LICENSED,
        "rest": rest.urlencode(),
        "fits": pages.count <= _MOST,
        "day": day_of(request),
    }
    return render(request, "codesets/release.html", context)


@public
@require_safe
def release_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """The changes that the filter leaves as a spreadsheet; never of a system whose words are licensed."""
    shown = _loaded(pk)
    if shown.system in LICENSED:
        raise Http404
    changes = chosen(report_of(shown), _asked(shown, ChangesForm(request.GET), both=True))
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    name = slugify(f"{shown} {_('changes')}")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    answer.write("\ufeff")  # or a spreadsheet takes it for another encoding
    sheet = csv.writer(answer)
    sheet.writerow([_("Release"), _("Change"), _("Code"), _("Heading"), _("Before"), _("After")])
    for one in changes:
        heading = _("heading") if one.is_heading else ""
        row = (str(shown), one.get_kind_display(), one.code, heading, one.before, one.after)
        sheet.writerow([_inert(cell) for cell in row])
    return answer


def _inert(cell: object) -> str:
    """The text as a spreadsheet shows it, never as a formula that it reckons."""
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _loaded(pk: int) -> Release:
    # beyond what a key can be SQLite overflows and PostgreSQL refuses the number
    if pk >= 2**63:
        raise Http404
    return get_object_or_404(Release.objects.loaded(), pk=pk)


def _asked(release: Release, form: ChangesForm, *, both: bool = False) -> Asked:
    """What was asked for; what cannot be asked is as if it had not been.

    With ``both`` codes and headings come together unless one of them was asked for.
    """
    form.is_valid()
    rows = form.cleaned_data.get("rows")
    return Asked(
        kind=form.cleaned_data.get("kind") or "",
        begins=normalise(release.system, form.cleaned_data.get("begins") or ""),
        headings=None if both and not rows else rows == "headings",
    )
