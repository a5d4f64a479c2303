"""Checkpoint questions in lessons."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.requests import person_of
from courses.exams import actions, queries
from courses.exams.models import Checkpoint, QuestionRevision
from courses.progress.models import Enrolment
from portal.lib.access import member


@member
@require_POST
def answer_checkpoint(request: HttpRequest, checkpoint_id: int) -> HttpResponse:
    """Answer a lesson's question; the lesson shows the outcome in its place."""
    user, at = person_of(request), timezone.now()
    checkpoint = _readable(user, checkpoint_id)
    problem = ""
    try:
        revision = QuestionRevision.objects.get(pk=int(request.POST.get("revision", "")))
        fields = dict(request.POST.lists())
        actions.answer_checkpoint(user=user, checkpoint=checkpoint, revision=revision, fields=fields, at=at)
    except (ValueError, OverflowError, QuestionRevision.DoesNotExist, actions.NotAnAnswer):
        problem = _("Answer the question first.")
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
