"""The exam room. Every page works without JavaScript."""

import json
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import person_of
from courses.exams import actions, kinds, queries
from courses.exams.forms import AnswerForm, MarkForm
from courses.exams.models import Attempt, Blueprint
from portal.lib.access import member


@member
@require_POST
def start(request: HttpRequest, key: str) -> HttpResponse:
    """Start an exam, or go on with the one that is running."""
    user, at = person_of(request), timezone.now()
    blueprint = (
        Blueprint.objects.valid_on(user.local(at).date()).filter(key=key).order_by("-valid_from").first()
    )
    if blueprint is None:
        raise Http404
    try:
        running = actions.start_attempt(user=user, blueprint=blueprint, at=at)
    except actions.EmptyBank:
        messages.error(
            request, _("“%(exam)s” has no questions yet. Nothing was started.") % {"exam": blueprint}
        )
        return redirect("exams:practice")
    if running.lacking and running.started_at == at:
        domains = ", ".join(f"{one['title']} ({one['count']})" for one in running.lacking)
        messages.warning(
            request, _("This exam is shortened. Too few questions in: %(domains)s.") % {"domains": domains}
        )
    return redirect(running)


@member
@require_safe
def attempt(request: HttpRequest, pk: int) -> HttpResponse:
    """All questions of a running attempt on one page; the script shows one at a time."""
    at = timezone.now()
    mine = get_object_or_404(Attempt.objects.owned_by(person_of(request)), pk=pk)
    if mine.state != Attempt.State.OPEN:
        return redirect("exams:report", pk)
    if mine.deadline_at is not None and at >= mine.deadline_at:
        return render(request, "exams/over.html", {"attempt": mine})
    return render(request, "exams/attempt.html", {"attempt": mine, "room": queries.room(mine, at)})


@member
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Save an answer or a mark: JSON from the script, a form from a page without it."""
    is_json = request.content_type == "application/json"
    sent = _sent(request) if is_json else request.POST
    is_mark = any(name in sent for name in ("flagged", "struck", "highlights", "note"))
    form = MarkForm(sent) if is_mark else AnswerForm(sent)
    if not form.is_valid():
        get_object_or_404(Attempt.objects.owned_by(person_of(request)), pk=pk)
        return JsonResponse({"errors": form.errors}, status=422)
    position = form.cleaned_data["position"]
    try:
        if is_mark:
            actions.mark_item(user=person_of(request), attempt_id=pk, **form.cleaned_data)
        saved = None if is_mark else _save(request, pk, form.cleaned_data)
    except actions.NoSuchItem as missing:
        raise Http404 from missing
    except kinds.BadAnswer as bad:
        if is_json:
            return JsonResponse({"errors": {"answer": [str(bad)]}}, status=422)
        messages.warning(request, _("Nothing was saved. %(why)s") % {"why": bad})
        return redirect(reverse("exams:attempt", args=[pk]) + f"#q-{position}")
    except (actions.AttemptClosed, actions.NotOpenYet):
        return _refuse(request, pk, is_json, _("This exam was submitted before; the answer was not saved."))
    if saved is not None and saved.late:
        return _refuse(request, pk, is_json, _("The time was over; the answer is kept but does not count."))
    if is_json:
        return JsonResponse(_ack(saved))
    return redirect(reverse("exams:attempt", args=[pk]) + f"#q-{position}")


def _sent(request: HttpRequest) -> dict[str, Any]:
    try:
        sent = json.loads(request.body)
    except ValueError:
        return {}
    return sent if isinstance(sent, dict) else {}


def _save(request: HttpRequest, pk: int, cleaned: dict[str, Any]) -> actions.Saved:
    """Save an answer; a plain form sends the question's fields as its own."""
    fields = cleaned["answer"]
    return actions.submit_answer(
        user=person_of(request),
        attempt_id=pk,
        position=cleaned["position"],
        fields=dict(request.POST.lists()) if fields is None else fields,
        client_id=cleaned["client_id"] or uuid4().hex,
        seq=cleaned["seq"],
        received_at=request.received_at,  # type: ignore[attr-defined]  # stamped by the first middleware
    )


def _ack(saved: actions.Saved | None) -> dict[str, Any]:
    if saved is None:
        return {}
    return {
        "seq": saved.seq,
        "saved_at": date_format(timezone.localtime(saved.saved_at), "H:i:s"),
        "remaining_s": saved.remaining_s,
        "elsewhere": saved.elsewhere,
        "is_answered": saved.is_answered,
    }


def _refuse(request: HttpRequest, pk: int, is_json: bool, why: str) -> HttpResponse:
    if is_json:
        return JsonResponse({"closed": why, "url": reverse("exams:attempt", args=[pk])}, status=409)
    messages.error(request, why)
    return redirect("exams:attempt", pk)


@member
@require_http_methods(["GET", "HEAD", "POST"])
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once, listing what is unanswered or flagged; then submit."""
    user, at = person_of(request), timezone.now()
    if request.method == "POST":
        try:
            actions.finish_attempt(attempt_id=pk, user=user, at=at)
        except Attempt.DoesNotExist as missing:
            raise Http404 from missing
        return redirect("exams:report", pk)
    mine = get_object_or_404(Attempt.objects.owned_by(user), pk=pk)
    if mine.state != Attempt.State.OPEN:
        return redirect("exams:report", pk)
    return render(request, "exams/finish.html", {"attempt": mine, "room": queries.room(mine, at)})
