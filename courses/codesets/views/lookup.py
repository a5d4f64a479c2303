"""The search page of the codes."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from courses.codesets.forms import LookupForm
from courses.codesets.queries import chapters
from courses.codesets.search import find
from courses.codesets.systems import System
from courses.codesets.views.days import edition
from portal.lib.access import public


@public
@require_safe
@vary_on_headers("HX-Request")
def lookup(request: HttpRequest) -> HttpResponse:
    """Codes by words or by a part of the code; the chapters when nothing is asked."""
    form = LookupForm(request.GET)
    form.is_valid()
    today = timezone.localdate()
    day = form.cleaned_data.get("on") or today
    query = form.cleaned_data.get("q", "").replace("\x00", "").strip()
    context: dict[str, Any] = {
        "form": form,
        "query": query,
        "day": day,
        "on": f"?on={day.isoformat()}" if day != today else "",
        **edition(System.ICD10CM, day),
    }
    if query:
        context["hits"] = find(query, on_date=day)
    elif context["release"]:
        context["chapters"] = chapters(on_date=day)
    if request.htmx:  # type: ignore[attr-defined]  # HtmxMiddleware
        return render(request, "codesets/_results.html", context)
    return render(request, "codesets/lookup.html", context)
