"""The page of a code, and the same as a fragment for the side panel."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from courses.codesets.queries import code_entry, nearest_above
from courses.codesets.systems import System, label_of, normalise, tab_class
from courses.codesets.views.days import day_of, edition
from portal.lib.access import public


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
    day = day_of(request)
    context: dict[str, Any] = {
        "system": system,
        "system_label": label_of(system),
        "tab": tab_class(system),
        "day": day,
        "on": f"?on={day.isoformat()}" if day != timezone.localdate() else "",
        **edition(system, day),
    }
    entry = code_entry(system, written, on_date=day) if written else None
    if entry is None:
        context |= {"typed": typed[:40], "nearest": nearest_above(system, written, on_date=day)}
        # of a system that is not loaded nobody can say that the code is not there
        return render(request, unknown, context, status=404 if context["release"] else 200)
    return render(request, template, context | {"entry": entry})
