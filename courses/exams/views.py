"""Practice exams and checkpoint questions. Every page works without JavaScript."""

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

from accounts.models import User
from accounts.requests import person_of
from courses.exams import actions, queries
from courses.exams.forms import AnswerForm
from courses.exams.models import Attempt, Blueprint, Checkpoint, Choice
from courses.progress.models import Enrolment
from portal.lib.access import member


# --- practice ----------------------------------------------------------------------------------------
@member
@require_safe
def practice(request: HttpRequest) -> HttpResponse:
    """The exams that can be sat today, with what they take and how earlier attempts went."""
    user, at = person_of(request), timezone.now()
    offers = queries.exam_offers(user, user.local(at).date(), at)
    return render(request, "exams/practice.html", {"offers": offers})


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


# --- the exam room -----------------------------------------------------------------------------------
@member
@require_safe
def attempt(request: HttpRequest, pk: int) -> HttpResponse:
    """All questions of a running attempt on one page; the script shows one at a time."""
    at = timezone.now()
    mine = get_object_or_404(Attempt.objects.owned_by(person_of(request)), pk=pk)
    if mine.state != Attempt.State.OPEN:
        return redirect("exams:report", pk)
    if at >= mine.deadline_at:
        return render(request, "exams/over.html", {"attempt": mine})
    return render(request, "exams/attempt.html", {"attempt": mine, "room": queries.room(mine, at)})


@member
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Save an answer or a mark: JSON from the script, a form from a page without it."""
    is_json = request.content_type == "application/json"
    form = AnswerForm(_sent(request) if is_json else request.POST)
    if not form.is_valid():
        mine = get_object_or_404(Attempt.objects.owned_by(person_of(request)), pk=pk)
        if is_json:
            return JsonResponse({"errors": form.errors}, status=422)
        messages.warning(request, _("Choose an option first; nothing was saved."))
        position = form.cleaned_data.get("position")
        return redirect(mine.get_absolute_url() + (f"#q-{position}" if position else ""))
    try:
        saved = _save(request, pk, form.cleaned_data)
    except actions.NoSuchItem as missing:
        raise Http404 from missing
    except actions.AttemptClosed:
        return _refuse(request, pk, is_json, _("This exam was submitted before; the answer was not saved."))
    if saved is not None and saved.late:
        return _refuse(request, pk, is_json, _("The time was over; the answer is kept but does not count."))
    if is_json:
        return JsonResponse(_ack(saved))
    return redirect(reverse("exams:attempt", args=[pk]) + f"#q-{form.cleaned_data['position']}")


def _sent(request: HttpRequest) -> dict[str, Any]:
    try:
        sent = json.loads(request.body)
    except ValueError:
        return {}
    return sent if isinstance(sent, dict) else {}


def _save(request: HttpRequest, pk: int, cleaned: dict[str, Any]) -> actions.Saved | None:
    """Save what was sent: an answer, which is acknowledged, or a mark."""
    user, position = person_of(request), cleaned["position"]
    if cleaned["choice"] is None or cleaned["flagged"] is not None or cleaned["struck"] is not None:
        actions.mark_item(
            user=user, attempt_id=pk, position=position, flagged=cleaned["flagged"], struck=cleaned["struck"]
        )
    if cleaned["choice"] is None:
        return None
    return actions.submit_answer(
        user=user,
        attempt_id=pk,
        position=position,
        choice_id=cleaned["choice"],
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


@member
@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """The result of an attempt, the same whenever it is opened."""
    mine = get_object_or_404(Attempt.objects.owned_by(person_of(request)).select_related("score"), pk=pk)
    if mine.state != Attempt.State.SUBMITTED:
        return redirect(mine)
    return render(request, "exams/report.html", {"attempt": mine, "report": queries.report(mine)})


# --- checkpoints in lessons --------------------------------------------------------------------------
@member
@require_POST
def answer_checkpoint(request: HttpRequest, checkpoint_id: int) -> HttpResponse:
    """Answer a lesson's question; the lesson shows the outcome in its place."""
    user, at = person_of(request), timezone.now()
    checkpoint = _readable(user, checkpoint_id)
    chosen = request.POST.get("choice", "")
    try:
        choice = Choice.objects.select_related("revision").get(pk=int(chosen))
        actions.answer_checkpoint(user=user, checkpoint=checkpoint, choice=choice, at=at)
        problem = ""
    except (ValueError, OverflowError, Choice.DoesNotExist, actions.NotAChoice):
        problem = _("Choose one of the options first.")
    shown = queries.checkpoint_for(checkpoint, user, at)
    if request.headers.get("HX-Request") and shown is not None:
        return render(
            request,
            "exams/_checkpoint.html",
            {"checkpoint": shown, "problem": problem},
            status=422 if problem else 200,
        )
    if problem:
        messages.warning(request, problem)
    lesson = checkpoint.lesson_revision.lesson
    url = reverse("pages:lesson", args=[lesson.module.course.key, lesson.key])
    return redirect(f"{url}#checkpoint-{checkpoint.question.key}")


def _readable(user: User, checkpoint_id: int) -> Checkpoint:
    """A checkpoint of a published text of a lesson that the person may read; 404 for everybody else."""
    at = timezone.now()
    checkpoint = get_object_or_404(
        Checkpoint.objects.select_related("question", "lesson_revision__lesson__module__course"),
        pk=checkpoint_id,
        lesson_revision__published_at__lte=at,
        lesson_revision__lesson__retired_at=None,
        lesson_revision__lesson__module__course__published_at__lte=at,
    )
    lesson = checkpoint.lesson_revision.lesson
    if not lesson.is_preview:
        get_object_or_404(Enrolment.objects.owned_by(user), course=lesson.module.course)
    return checkpoint
