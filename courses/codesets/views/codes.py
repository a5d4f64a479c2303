"""The page of a code, and the same as a fragment for the side panel."""

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from courses.codesets.books import Book
from courses.codesets.browsing import group_of
from courses.codesets.licensing import may_read
from courses.codesets.models import Code, SavedCode
from courses.codesets.pcs import meaning_of
from courses.codesets.queries import code_entry, completion, nearest_above, printings
from courses.codesets.reading import lines_to
from courses.codesets.systems import System, is_well_formed, label_of, normalise, tab_class
from courses.codesets.views.days import day_of, edition, on_query
from portal.lib.access import public

#: No code is longer, ranges such as ``S00-S09`` included.
LONGEST: Final = 10


@public
@require_safe
def code(request: HttpRequest, system: str, code: str) -> HttpResponse:
    """The full tabular entry of a code; a code spelled otherwise is sent on to its own address."""
    written = _written(system, code)
    if written and written != code:
        address = redirect("codesets:code", system, written)
        if query := request.GET.urlencode():
            address["Location"] += f"?{query}"
        return address
    return _entry(request, system, code, written, "codesets/code.html", "codesets/unknown.html")


@public
@require_safe
def panel(request: HttpRequest, system: str, code: str) -> HttpResponse:
    """The same entry as a fragment for the side dialog."""
    written = _written(system, code)
    return _entry(request, system, code, written, "codesets/_panel.html", "codesets/_unknown.html")


def _written(system: str, typed: str) -> str:
    """The code as its book prints it; empty for what is too long to be one."""
    if system not in System.values:
        raise Http404
    written = normalise(system, typed[:100])
    return written if len(written) <= LONGEST else ""


def _entry(
    request: HttpRequest, system: str, typed: str, written: str, template: str, unknown: str
) -> HttpResponse:
    day, today = day_of(request), timezone.localdate()
    is_page = template == "codesets/code.html"
    context: dict[str, Any] = {
        "system": system,
        "system_label": label_of(system),
        # a page names dozens of codes: resolving the address of each would be half of its time
        "base": reverse("codesets:code", args=[system, "0"]).removesuffix("0/"),
        "tab": tab_class(system),
        "day": day,
        "on": on_query(day),
        "typed": "".join(filter(str.isprintable, typed[:40])),
        "written": written,
    }
    if not may_read(request.user, system, today):
        # the bare number is a fact, whether the list has it is not for everybody
        if not written or not is_well_formed(system, written):
            return render(request, unknown, context | edition(system, day), status=404)
        licensed = "codesets/licensed.html" if is_page else "codesets/_licensed.html"
        return render(request, licensed, context | (_personal(request, system, written) if is_page else {}))
    entry = code_entry(system, written, on_date=day) if written else None
    book = entry.release.book if entry else Book.CODES
    context |= edition(system, day, book)
    if entry is None:
        told = printings(system, written, is_there=False) if written else ()
        context |= {
            "nearest": nearest_above(system, written, on_date=day) if written else None,
            "printings": told if any(one.changes for one in told) else (),
        }
        # of a system that is not loaded nobody can say that the code is not there
        return render(request, unknown, context, status=404 if context["release"] else 200)
    context |= {"entry": entry, "is_reportable": entry.code.is_reportable_on(day)}
    if is_page:
        context |= _around(request, entry.code, book, context) | _personal(request, system, entry.code.code)
    return render(request, template, context)


def _around(request: HttpRequest, row: Code, book: str, context: dict[str, Any]) -> dict[str, Any]:
    """What the page has and the side panel leaves out."""
    day, system = context["day"], row.system
    found: dict[str, Any] = {"pointers": lines_to(system, row.code, day), "group": group_of(row)}
    if row.kind in Code.REPORTED:
        found["can_save"] = True
        found["printings"] = printings(system, row.code, is_there=True, book=book)
    if system == System.ICD10PCS:
        found["meaning"] = meaning_of(row.code, day)
    if system == System.ICD10CM and context["entry"].is_heading:
        to = normalise(system, request.GET.get("to", "")[:40])
        found["completion"] = completion(row, to)
        found["is_asked"] = bool(to)
    return found


def _personal(request: HttpRequest, system: str, code: str) -> dict[str, Any]:
    """The person's own copy of the code, if they keep one."""
    if not request.user.is_authenticated:
        return {}
    return {"saved": SavedCode.objects.owned_by(request.user).filter(system=system, code=code).first()}
