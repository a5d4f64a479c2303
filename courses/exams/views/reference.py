"""What lies on the table in an exam. What is looked up becomes part of the attempt's trace."""

from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.requests import person_of
from courses.codesets.systems import System, label_of, tab_class
from courses.exams import actions
from courses.exams.forms import LookupForm
from courses.exams.models import Attempt, TraceEvent
from courses.exams.queries import reference as books
from portal.lib.access import member


@member
@require_http_methods(["GET", "HEAD", "POST"])
def reference(request: HttpRequest, pk: int) -> HttpResponse:
    """The books of an exam, as a page or beside its questions; POST looks something up."""
    mine = get_object_or_404(Attempt.objects.owned_by(person_of(request)).select_related("blueprint"), pk=pk)
    if mine.state != Attempt.State.OPEN or mine.paused_at is not None:
        return redirect(mine)
    today = timezone.localdate()
    day = books.day_of_edition(mine.edition, today)
    form = LookupForm(request.POST if request.method == "POST" else {"position": request.GET.get("at")})
    asked = form.cleaned_data if form.is_valid() else {}
    context: dict[str, Any] = {"attempt": mine, "day": day, "position": asked.get("position")}
    if request.method == "POST":
        context |= _found(request, asked, mine, day)
    else:
        context["outline"] = books.guidelines(day)
    is_fragment = bool(request.htmx)  # type: ignore[attr-defined]  # HtmxMiddleware
    if is_fragment:
        name = "exams/_reference_found.html" if request.method == "POST" else "exams/_reference.html"
        return render(request, name, context)
    context["outline"] = books.guidelines(day)
    return render(request, "exams/reference.html", context)


def _found(request: HttpRequest, asked: dict[str, Any], mine: Attempt, day: Any) -> dict[str, Any]:
    """What was found for words, or the entry of a code; it is noted that it was asked for."""
    user, today = person_of(request), timezone.localdate()
    query, chosen = asked.get("q", "").strip(), asked.get("code", "")
    if chosen:
        system, code = chosen.split(" ", 1)
        _note(request, mine, TraceEvent.Kind.OPEN, code, asked.get("position"))
        found = books.entry(user, system, code, day, today)
        if found is None:
            return {"missing": code, "query": query}
        entry, of_day = found
        return {
            "query": query,
            "entry": entry,
            "is_reportable": entry.code.is_reportable_on(of_day),
            "system": system,
            "system_label": label_of(system),
            "base": reverse("codesets:code", args=[system, "0"]).removesuffix("0/"),
            "tab": tab_class(system),
            "day": of_day,
            "on": f"?on={of_day.isoformat()}" if of_day != today else "",
        }
    if not query:
        return {}
    _note(request, mine, TraceEvent.Kind.LOOKUP, query, asked.get("position"))
    hits = books.look_up(user, query, day, today)
    groups = [{"label": System(system).label, "hits": rows} for system, rows in hits.items()]
    return {"query": query, "groups": groups}


def _note(request: HttpRequest, mine: Attempt, kind: str, detail: str, position: int | None) -> None:
    step = actions.Step(seq=1, kind=kind, position=position, detail=detail)
    actions.record_trace(
        user=person_of(request), attempt_id=mine.pk, client_id=uuid4().hex, steps=[step], at=timezone.now()
    )
