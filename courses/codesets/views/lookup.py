"""The search page of the codes, and the same search for programs and for the box in the header."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from courses.codesets.browsing import shelves
from courses.codesets.forms import LookupForm
from courses.codesets.licensing import hidden_systems
from courses.codesets.queries import chapters, code_at
from courses.codesets.search import MAX_LIMIT, find_in
from courses.codesets.systems import System, is_well_formed, normalise
from courses.codesets.views.days import edition, on_query
from portal.lib.access import public
from portal.lib.limits import is_within_limit

#: Codes shown of each system when several are asked, and of one that is asked alone.
_EACH, _ALONE = 8, 50
#: A person who types fast asks five times a second; a program that needs more should load the files.
_PER_MINUTE: Final = 300


@public
@require_safe
@vary_on_headers("HX-Request")
def lookup(request: HttpRequest) -> HttpResponse:
    """Codes by words or by a part of the code; the chapters and all other books when nothing is asked."""
    form = LookupForm(request.GET)
    form.is_valid()
    today = timezone.localdate()
    day = form.cleaned_data.get("on") or today
    query = form.cleaned_data.get("q", "").replace("\x00", "").strip()
    system = form.cleaned_data.get("system", "")
    context: dict[str, Any] = {
        "form": form,
        "query": query,
        "system": system,
        "day": day,
        "on": on_query(day),
        **edition(system or System.ICD10CM, day),
    }
    if query:
        systems = [system] if system else System.values
        hidden = hidden_systems(request.user, today)
        found = find_in(
            [one for one in systems if one not in hidden],
            query,
            on_date=day,
            limit=_ALONE if system else _EACH,
            typing=bool(request.htmx),  # type: ignore[attr-defined]  # HtmxMiddleware
        )
        context["groups"] = [
            {
                "system": one,
                "label": System(one).label,
                "hits": hits,
                "is_cut": not system and len(hits) == _EACH,
            }
            for one, hits in found.hits.items()
        ]
        number = normalise(System.CPT, query)
        if System.CPT in hidden and system in ("", System.CPT) and is_well_formed(System.CPT, number):
            context["number"] = number
        # two characters tell a search little, and a coder nothing but a modifier
        if len(number) == 2 and system in ("", System.HCPCS):
            row = code_at(System.HCPCS, number, day)
            context["modifiers"] = [row] if row else []
    else:
        context |= {"chapters": chapters(on_date=day), "shelves": shelves(day)}
    if request.htmx:  # type: ignore[attr-defined]  # HtmxMiddleware
        return render(request, "codesets/_results.html", context)
    return render(request, "codesets/lookup.html", context)


@public
@require_safe
def search_json(request: HttpRequest) -> JsonResponse:
    """``{"results": […], "release": …}`` for ``q``, ``system``, ``on`` and ``limit``; never licensed words.

    ``system=all`` asks every system, ``limit`` then counts for each. 400 for a parameter that cannot be read,
    429 for an address that asks more than 300 times a minute.
    """
    if not is_within_limit(request, "codes", amount=_PER_MINUTE, seconds=60):
        refused = JsonResponse({"error": _("Too many searches from this address.")}, status=429)
        refused["Retry-After"] = "60"
        return refused
    today = timezone.localdate()
    limit = request.GET.get("limit", "20")
    system = request.GET.get("system", System.ICD10CM.value)
    open_systems = [one for one in System.values if one not in hidden_systems(None, today)]
    if system != "all" and system not in open_systems:
        return _refusal(_("system must be one of %s.") % ", ".join((*open_systems, "all")))
    if not (limit.isascii() and limit.isdecimal() and 1 <= int(limit[:9]) <= MAX_LIMIT):
        return _refusal(_("limit must be a number from 1 to %d.") % MAX_LIMIT)
    dated = LookupForm({"on": request.GET["on"]}) if request.GET.get("on") else None
    if dated is not None and not dated.is_valid():
        return _refusal(_("on must be a date like 2026-04-01."))
    systems = open_systems if system == "all" else [system]
    found = find_in(
        systems,
        request.GET.get("q", "").replace("\x00", ""),
        on_date=dated.cleaned_data["on"] if dated is not None else today,
        limit=int(limit),
        typing="typing" in request.GET,
    )
    answer = JsonResponse(
        {
            "results": [
                {
                    "system": hit.system,
                    "code": hit.code,
                    "title": hit.title,
                    "billable": hit.billable,
                    "reason": hit.reason,
                }
                for hits in found.hits.values()
                for hit in hits
            ],
            "release": ", ".join(
                label if len(systems) == 1 else f"{System(one).label} {label}"
                for one, label in found.releases.items()
            ),
        }
    )
    answer["Access-Control-Allow-Origin"] = "*"  # public data: a school's own page may ask too
    return answer


def _refusal(reason: str) -> JsonResponse:
    return JsonResponse({"error": reason}, status=400)
