"""What a person does with courses and paths; the pages that show it are in ``portal.pages``."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import floatformat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.requests import person_of
from courses.catalog.actions import report_lesson as report_lesson_action
from courses.catalog.models import Course, EducationPath, LessonReport, LessonRevision, Requirement
from courses.progress import actions
from courses.progress.forms import NoteForm, ReportForm
from courses.progress.models import CourseCompletion, Enrolment
from portal.lib.access import member


def _readable(request: HttpRequest, course_key: str, key: str) -> LessonRevision:
    """The live revision of a lesson that this person may read; 404 for everybody else."""
    at = timezone.now()
    revision: LessonRevision = get_object_or_404(
        LessonRevision.objects.live(at).select_related("lesson__module__course"),
        lesson__key=key,
        lesson__retired_at=None,
        lesson__module__course__key=course_key,
        lesson__module__course__published_at__lte=at,
    )
    course = revision.lesson.module.course
    enrolled = Enrolment.objects.owned_by(person_of(request)).filter(course=course)
    if not revision.lesson.is_preview:
        get_object_or_404(enrolled)
    return revision


def _lesson_url(course_key: str, key: str, anchor: str = "") -> str:
    return reverse("pages:lesson", args=[course_key, key]) + anchor


@member
@require_POST
def follow_path(request: HttpRequest, key: str) -> HttpResponse:
    at = timezone.now()
    path = get_object_or_404(EducationPath, key=key, published_at__lte=at)
    actions.follow_path(user=person_of(request), path=path, at=at)
    messages.success(request, _("You follow “%(path)s”. Today shows the next step.") % {"path": path})
    return redirect(path)


@member
@require_POST
def tick_task(request: HttpRequest, key: str, task: str) -> HttpResponse:
    """Tick or untick an own task of a path."""
    at = timezone.now()
    asked = get_object_or_404(
        Requirement,
        stage__path__key=key,
        stage__path__published_at__lte=at,
        kind=Requirement.Kind.TASK,
        key=f"{key}.{task}",
    )
    if "undo" in request.POST:
        actions.take_back_task(user=person_of(request), key=asked.key)
    else:
        actions.meet_requirement(user=person_of(request), kind=asked.kind, key=asked.key, at=at)
    return redirect(reverse("pages:path", args=[key]) + f"#task-{task}")


@member
@require_POST
def enrol(request: HttpRequest, key: str) -> HttpResponse:
    """Enrol and go to the first lesson."""
    at = timezone.now()
    course = get_object_or_404(Course.objects.published(at), key=key)
    actions.enrol(user=person_of(request), course=course, at=at)
    messages.success(request, _("You are enrolled in “%(course)s”.") % {"course": course})
    return redirect(course)


@member
@require_POST
def complete_lesson(request: HttpRequest, course_key: str, key: str) -> HttpResponse:
    """Complete a lesson, or say what its rule still asks for."""
    user, at = person_of(request), timezone.now()
    revision = _readable(request, course_key, key)
    try:
        actions.complete_lesson(user=user, lesson=revision.lesson, revision=revision, at=at)
    except actions.NotComplete as refusal:
        left = ngettext(
            "Not complete yet, %(count)d thing is left: %(what)s.",
            "Not complete yet, %(count)d things are left: %(what)s.",
            len(refusal.missing),
        )
        messages.warning(request, left % {"count": len(refusal.missing), "what": "; ".join(refusal.missing)})
        return redirect(_lesson_url(course_key, key, "#completion"))
    course = revision.lesson.module.course
    completion = CourseCompletion.objects.owned_by(user).filter(course=course).first()
    if completion and completion.completed_at == at:
        text = _("You completed the course “%(course)s”.") % {"course": course}
        if completion.ceus:
            text += " " + _("Its CEUs are in your ledger: %(ceus)s.") % {"ceus": floatformat(completion.ceus)}
        messages.success(request, text)
        return redirect(course)
    messages.success(request, _("Lesson completed: “%(lesson)s”.") % {"lesson": revision.title})
    return redirect(_lesson_url(course_key, key, "#completion"))


@member
@require_POST
def save_note(request: HttpRequest, course_key: str, key: str) -> HttpResponse:
    revision = _readable(request, course_key, key)
    form = NoteForm(request.POST)
    if form.is_valid():
        actions.save_note(
            user=person_of(request), lesson=revision.lesson, text=form.cleaned_data["text"], at=timezone.now()
        )
        messages.success(request, _("Your note is saved."))
        return redirect(_lesson_url(course_key, key, "#note"))
    return render(request, "progress/note.html", {"form": form, "revision": revision}, status=422)


@member
@require_POST
def reading_beat(request: HttpRequest, course_key: str, key: str) -> HttpResponse:
    """A minute of reading in a visible tab; 204 whether it was counted or came too soon."""
    revision = _readable(request, course_key, key)
    actions.record_reading(user=person_of(request), lesson=revision.lesson, at=timezone.now())
    return HttpResponse(status=204)


@member
@require_http_methods(["GET", "HEAD", "POST"])
def report_lesson(request: HttpRequest, course_key: str, key: str) -> HttpResponse:
    """Say what is wrong with a lesson."""
    revision = _readable(request, course_key, key)
    form = ReportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        report_lesson_action(
            revision=revision, text=form.cleaned_data["text"], by=person_of(request), at=timezone.now()
        )
        messages.success(request, _("Thank you. An editor will read it and answer."))
        return redirect(_lesson_url(course_key, key))
    return render(
        request,
        "progress/report.html",
        {
            "form": form,
            "revision": revision,
            "course": revision.lesson.module.course,
            "earlier": LessonReport.objects.filter(
                reporter=person_of(request), revision__lesson=revision.lesson
            ),
        },
        status=422 if form.is_bound else 200,
    )
