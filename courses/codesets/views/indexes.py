"""The indexes as books: letters, main terms, lines; and the tables of drugs and neoplasms."""

from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from courses.codesets.models import Release
from courses.codesets.official import FORMATS
from courses.codesets.printing import MANY, Printer
from courses.codesets.reading import (
    PRINTED,
    TABLES,
    Letter,
    Place,
    letters_of,
    main_terms,
    passage,
    plain,
    rows_matching,
    rows_of,
    table_rows,
    terms_beginning,
)
from courses.codesets.systems import label_of, tab_class
from courses.codesets.views.days import day_of, edition, on_query
from portal.lib.access import public

#: Main terms, and rows of a table, on a page.
TERMS: Final = 200
ROWS: Final = 100
#: No book has so many lines; a greater number does not fit into the database's.
LAST: Final = 10_000_000


@dataclass(frozen=True)
class Shelf:
    """A book of the list, and its release or how one is loaded."""

    system: str
    book: str
    title: str | Promise
    release: Release | None

    @property
    def tab(self) -> str:
        return tab_class(self.system)

    @property
    def system_label(self) -> str | Promise:
        return label_of(self.system)

    @property
    def url(self) -> str:
        return reverse("codesets:index_book", args=[self.system, self.book])

    @property
    def size(self) -> str:
        """How much there is in it."""
        counts = {key: f"{n:,}" for key, n in self.release.counts.items()} if self.release else {}
        if self.book in TABLES:
            return _("%(rows)s rows") % {"rows": counts.get("rows", "–")}
        return _("%(terms)s main terms, %(rows)s lines") % {
            "terms": counts.get("main_terms", "–"),
            "rows": counts.get("rows", "–"),
        }

    @property
    def command(self) -> str:
        """What loads the book on the server."""
        name = next(
            (n for n, form in FORMATS.items() if (form.system, form.book) == (self.system, self.book)), ""
        )
        return f"manage.py load_codes {name} FILE --label … --effective …" if name else ""


def _days(request: HttpRequest) -> dict[str, Any]:
    day = day_of(request)
    return {"day": day, "on": on_query(day)}


def _open(request: HttpRequest, system: str, book: str) -> dict[str, Any]:
    """What every page of a book shows. Raises 404 for what is no printed book."""
    title = PRINTED.get((system, book))
    if title is None:
        raise Http404
    context = _days(request)
    found = edition(system, context["day"], book)
    shelf = Shelf(system, book, title, found["release"])
    return context | found | {"shelf": shelf, "book_title": title, "tab": shelf.tab}


def _asked(request: HttpRequest) -> str:
    """What was typed into the box of the book, without what nobody types."""
    typed = request.GET.get("q", "")[:1_000]
    return "".join(char if char.isprintable() else " " for char in typed).strip()[:100]


@public
@require_safe
def index_books(request: HttpRequest) -> HttpResponse:
    """The indexes and tables of all code systems, those that are not loaded too."""
    context = _days(request)
    loaded = {(r.system, r.book): r for r in Release.objects.on(context["day"])}
    shelves = [Shelf(*key, title, loaded.get(key)) for key, title in PRINTED.items()]
    return render(request, "codesets/index_books.html", context | {"shelves": shelves})


@public
@require_safe
def index_book(request: HttpRequest, system: str, book: str) -> HttpResponse:
    """A book's letters, and its box: the beginning of a main term, or the words of a row of a table."""
    context = _open(request, system, book)
    release: Release | None = context["release"]
    if release is None:
        return render(request, "codesets/index_book.html", context)
    asked = _asked(request)
    context |= {"letters": letters_of(release), "asked": asked}
    if book in TABLES:
        return _table(request, context, release, rows_matching(release, asked) if asked else None)
    if asked:
        found = terms_beginning(release, asked, context["letters"])
        if only := _only(found, asked):
            return redirect(Printer(release, context["on"]).url(only.position))
        context["page"] = Paginator(found, TERMS).get_page(request.GET.get("page"))
    return render(request, "codesets/index_book.html", context)


def _only(found: list[Place], asked: str) -> Place | None:
    """The one main term that is meant: there is no other, or it is called exactly that."""
    if len(found) == 1:
        return found[0]
    exact = [place for place in found if plain(place.title) == plain(asked)]
    return exact[0] if len(exact) == 1 else None


@public
@require_safe
def index_letter(request: HttpRequest, system: str, book: str, letter: str) -> HttpResponse:
    """The main terms of a letter, or the rows of a table under it."""
    context = _open(request, system, book)
    release: Release | None = context["release"]
    if release is None:
        return render(request, "codesets/index_book.html", context)
    letters = letters_of(release)
    here = next((one for one in letters if one.letter == letter), None)
    if here is None:
        raise Http404
    context |= {"letters": letters, "here": here}
    if book in TABLES:
        return _table(request, context, release, None, here)
    page = Paginator(range(here.count), TERMS).get_page(request.GET.get("page"))
    lines = main_terms(release, here, first=page.start_index() - 1, size=TERMS)
    context |= {"page": page, "first": lines[0], "last": lines[-1]}
    context["lines"] = Printer(release, context["on"]).main_terms(lines)
    return render(request, "codesets/index_letter.html", context)


def _table(
    request: HttpRequest,
    context: dict[str, Any],
    release: Release,
    matches: list[int] | None,
    letter: Letter | None = None,
) -> HttpResponse:
    """A page of a table: of the rows that match, or of those of a letter, or of all."""
    places = rows_of(release, letter) if matches is None else matches
    page = Paginator(places, ROWS).get_page(request.GET.get("page"))
    printer = Printer(release, context["on"])
    rows = printer.rows(table_rows(release, list(page.object_list)))
    context |= {"page": page, "count": f"{page.paginator.count:,}", "table": printer, "rows": rows}
    return render(request, "codesets/table_book.html", context)


@public
@require_safe
def index_term(request: HttpRequest, system: str, book: str, position: int) -> HttpResponse:
    """A main term with all its lines, the one at ``position`` marked."""
    context = _open(request, system, book)
    release: Release | None = context["release"]
    if release is None:
        return render(request, "codesets/index_book.html", context)
    found = passage(release, position) if position < LAST else None
    if found is None:
        raise Http404
    printer = Printer(release, context["on"])
    here = next((one for one in letters_of(release) if one.first <= position < one.end), None)
    context |= {"found": found, "here": here}
    if book in TABLES:
        above = [found.context] if found.context else []
        context |= {"table": printer, "rows": printer.rows([*above, *found.lines], position)}
        return render(request, "codesets/table_term.html", context)
    context["is_long"] = len(found.lines) > MANY
    context["is_folded"] = context["is_long"] and request.GET.get("all") != "1"
    context["lines"] = printer.nested(found.lines, position, is_folded=context["is_folded"])
    return render(request, "codesets/index_term.html", context)
