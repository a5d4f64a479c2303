"""What a running attempt is sent: answers, marks, steps; JSON from the script, forms without it."""

import json
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.requests import person_of
from courses.exams import actions, kinds, queries
from courses.exams.forms import AnswerForm, MarkForm, TraceForm
from courses.exams.models import Attempt
from portal.lib.access import member

_MARKS = ("flagged", "struck", "highlights", "note")


@member
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Save an answer or a mark of the script; save both of a plain form."""
    if request.content_type != "application/json":
        return _save_form(request, pk)
    sent = _sent(request)
    form = MarkForm(sent) if any(name in sent for name in _MARKS) else AnswerForm(sent)
    if not form.is_valid():
        return _unreadable(request, pk, form.errors)
    try:
        if isinstance(form, MarkForm):
            actions.mark_item(user=person_of(request), attempt_id=pk, **form.cleaned_data)
            return JsonResponse({"saved_at": f"{localtime():%H:%M:%S}"})
        saved = _save(request, pk, form.cleaned_data, form.cleaned_data["answer"] or {})
    except actions.NoSuchItem as missing:
        raise Http404 from missing
    except kinds.BadAnswer as bad:
        return JsonResponse({"errors": {"answer": [str(bad)]}}, status=422)
    except actions.TooManyAnswers:
        return JsonResponse({"waits": _too_many()}, status=429, headers={"Retry-After": "60"})
    except actions.NotOpenYet:
        return JsonResponse({"waits": str(_not_open_yet())}, status=409)
    except actions.AttemptClosed:
        return _closed(pk, _was_closed())
    return _closed(pk, _was_late()) if saved.late else JsonResponse(_ack(saved))


def _sent(request: HttpRequest) -> dict[str, Any]:
    try:
        sent = json.loads(request.body)
    except (ValueError, RecursionError):  # the second: brackets within brackets, thousands deep
        return {}
    return sent if isinstance(sent, dict) else {}


def _unreadable(request: HttpRequest, pk: int, errors: Any) -> HttpResponse:
    get_object_or_404(Attempt.objects.owned_by(person_of(request)), pk=pk)
    return JsonResponse({"errors": errors}, status=422)


def _save(request: HttpRequest, pk: int, cleaned: dict[str, Any], fields: kinds.Fields) -> actions.Saved:
    return actions.submit_answer(
        user=person_of(request),
        attempt_id=pk,
        position=cleaned["position"],
        fields=fields,
        client_id=cleaned["client_id"] or uuid4().hex,
        seq=cleaned["seq"],
        received_at=request.received_at,  # type: ignore[attr-defined]  # stamped by the first middleware
    )


def _ack(saved: actions.Saved) -> dict[str, Any]:
    return {
        "seq": saved.seq,
        "saved_at": f"{localtime(saved.saved_at):%H:%M:%S}",
        "remaining_s": saved.remaining_s,
        "elsewhere": saved.elsewhere,
        "is_answered": saved.is_answered,
    }


def _closed(pk: int, why: str) -> JsonResponse:
    return JsonResponse({"closed": why, "url": reverse("exams:attempt", args=[pk])}, status=409)


def _was_closed() -> str:
    return _("This was closed before; the answer was not saved.")


def _was_late() -> str:
    return _("The time was over; the answer is kept but does not count.")


def _not_open_yet() -> str:
    return _("This is paused or not open yet; the answer was not saved.")


def _too_many() -> str:
    return _("Too many answers within a minute; this one was not saved.")


def _save_form(request: HttpRequest, pk: int) -> HttpResponse:
    """A question's form as it is sent without the script: its answer, its note, perhaps its flag."""
    form = AnswerForm({"position": request.POST.get("position")})
    marks = MarkForm(request.POST)
    if not form.is_valid():
        return _unreadable(request, pk, form.errors)
    problem = _save_answer_of_form(request, pk, form.cleaned_data)
    if not problem and marks.is_valid():
        try:
            actions.mark_item(user=person_of(request), attempt_id=pk, **marks.cleaned_data)
        except actions.AttemptClosed:
            problem = _was_closed()
    if problem:
        messages.error(request, problem)
    return _back(request, pk, form.cleaned_data["position"])


def _save_answer_of_form(request: HttpRequest, pk: int, cleaned: dict[str, Any]) -> str:
    """Save it; says why if it was not, or does not count."""
    try:
        saved = _save(request, pk, cleaned, dict(request.POST.lists()))
    except actions.NoSuchItem as missing:
        raise Http404 from missing
    except kinds.BadAnswer as bad:
        return _("Nothing was saved. %(why)s") % {"why": bad}
    except actions.TooManyAnswers:
        return _too_many()
    except actions.NotOpenYet:
        return _not_open_yet()
    except actions.AttemptClosed:
        return _was_closed()
    return _was_late() if saved.late else ""


def _back(request: HttpRequest, pk: int, position: int) -> HttpResponse:
    """To the question, on the page of the section that the form names."""
    section = request.GET.get("section", "")
    is_named = section.isascii() and section.isdecimal() and len(section) < 5
    page = reverse("exams:section", args=[pk, section]) if is_named else reverse("exams:attempt", args=[pk])
    return redirect(f"{page}#q-{position}")


@member
@require_POST
def reveal(request: HttpRequest, pk: int, position: int) -> HttpResponse:
    """Explain a question of a tutored set: in its place for the script, else with the form's answer saved."""
    user, at = person_of(request), timezone.now()
    is_form = "position" in request.POST
    if is_form:
        form = AnswerForm({"position": position})
        problem = _save_answer_of_form(request, pk, form.cleaned_data) if form.is_valid() else ""
        if problem and problem != _was_closed():  # revealed before: shown again
            messages.error(request, problem)
            return _back(request, pk, position)
    try:
        item = actions.reveal_item(user=user, attempt_id=pk, position=position, at=at)
    except actions.NoSuchItem as missing:
        raise Http404 from missing
    if is_form:
        return _back(request, pk, position)
    return HttpResponse(queries.revealed(item.attempt, position=position).get(position, ""))


@member
@require_POST
def trace(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep for how long questions were open; sent twice, it is kept once."""
    form = TraceForm(_sent(request))
    if not form.is_valid():
        return _unreadable(request, pk, form.errors)
    steps = [
        actions.Step(kind="view", seq=one["seq"], position=one["position"], seconds=one["seconds"])
        for one in form.cleaned_data["steps"]
    ]
    client_id = form.cleaned_data["client_id"]
    try:
        actions.record_trace(
            user=person_of(request), attempt_id=pk, client_id=client_id, steps=steps, at=timezone.now()
        )
    except actions.NoSuchItem as missing:
        raise Http404 from missing
    return HttpResponse(status=204)
