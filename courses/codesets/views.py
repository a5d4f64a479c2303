"""The code look-up and the page of a code."""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from courses.codesets.editions import missing_edition
from courses.codesets.forms import LookupForm
from courses.codesets.models import Release
from courses.codesets.queries import chapters, code_entry, nearest_above
from courses.codesets.search import find
from courses.codesets.systems import System, label_of, normalise, tab_class
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
        **_edition(System.ICD10CM, day),
    }
    if query:
        context["hits"] = find(query, on_date=day)
    elif context["release"]:
        context["chapters"] = chapters(on_date=day)
    if request.htmx:  # type: ignore[attr-defined]  # HtmxMiddleware
        return render(request, "codesets/_results.html", context)
    return render(request, "codesets/lookup.html", context)


@public
@require_safe
def code(request: HttpRequest, system: str, code: str) -> HttpResponse:
    """The full tabular entry of a code; a code spelled otherwise is sent on to its own address."""
    return _entry(request, system, code, "codesets/code.html", "codesets/unknown.html")


@public
@require_safe
def panel(request: HttpRequest, system: str, code: str) -> HttpResponse:
    """The same entry as a fragment for the side dialog."""
    return _entry(request, system, code, "codesets/_panel.html", "codesets/_unknown.html")


def _entry(request: HttpRequest, system: str, typed: str, template: str, unknown: str) -> HttpResponse:
    if system not in System.values:
        raise Http404
    written = normalise(system, typed)
    if written and written != typed and template == "codesets/code.html":
        address = redirect("codesets:code", system, written)
        if query := request.GET.urlencode():
            address["Location"] += f"?{query}"
        return address
    day = _day(request)
    context: dict[str, Any] = {
        "system": system,
        "system_label": label_of(system),
        "tab": tab_class(system),
        "day": day,
        "on": f"?on={day.isoformat()}" if day != timezone.localdate() else "",
        **_edition(system, day),
    }
    entry = code_entry(system, written, on_date=day) if written else None
    if entry is None:
        context |= {"typed": typed[:40], "nearest": nearest_above(system, written, on_date=day)}
        # of a system that is not loaded nobody can say that the code is not there
        return render(request, unknown, context, status=404 if context["release"] else 200)
    return render(request, template, context | {"entry": entry})


def _day(request: HttpRequest) -> date:
    """The date of service asked for; today for none and for one that is no date."""
    form = LookupForm({"on": request.GET.get("on", "")})
    form.is_valid()
    return form.cleaned_data.get("on") or timezone.localdate()


def _edition(system: str, day: date) -> dict[str, Any]:
    """The release shown for a day, the newest one held, and the one that should be there."""
    releases = list(Release.objects.of_system(system))
    shown = [r for r in releases if r.covers_from <= day and (r.effective_until or date.max) > day]
    newest = max(releases, key=lambda release: release.effective_from, default=None)
    missing = missing_edition(system, newest.effective_from, day) if newest else None
    return {"release": shown[0] if shown else None, "newest": newest, "missing": missing}
