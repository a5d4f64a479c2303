"""Pages that show several rooms together."""

from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.requests import person_of
from accounts.terms import TERMS_VERSION
from courses.catalog.models import (
    Certification,
    EducationPath,
    Figure,
    GuideRevision,
    LessonRevision,
)
from courses.codesets.search import find_in
from courses.codesets.systems import System, label_of
from courses.credentials.queries import standings
from courses.exams.queries import checkpoints_for
from courses.exams.queries.reviews import Planned, desk
from courses.progress.models import PathFollowing
from courses.progress.rules import missing
from portal.lib.access import member, public, role
from portal.pages.comparing import compare
from portal.pages.links import link_target
from portal.pages.queries import (
    NextStep,
    asked_of_lesson,
    course_page,
    courses_in_progress,
    followed_progress,
    found_content,
    lesson_page,
    outline,
    path_progress,
    segments,
)
from portal.pages.stale import stale_count


def _person(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


@public
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What the portal does, three doors and a live code look-up."""
    return render(request, "pages/home.html")


@public
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """Terms and notices, open to everybody."""
    return render(request, "pages/notices.html", {"version": TERMS_VERSION})


@role("editor")
@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in every state."""
    return render(request, "pages/styleguide.html")


@member
@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """One next step, what is due, where I am on my path."""
    user, at = person_of(request), timezone.now()
    on = user.local(at).date()
    waiting = desk(user, at)
    attempt, plan, reviews = waiting.attempt, waiting.plan, waiting.reviews
    in_progress = courses_in_progress(user, at)
    progress = followed_progress(user)
    cycles = standings(user, on)
    due = [one for one in cycles if one.days_left <= 180]
    exam_on = plan.exam_on if plan else user.exam_on
    stale = stale_count(at) if user.is_staff and user.has_role("editor") else 0
    return render(
        request,
        "pages/today.html",
        {
            "step": _next_step(user, attempt, in_progress, progress, cycles, plan, on),
            "attempt": attempt,
            "courses": in_progress,
            "progress": progress,
            "due": due,
            "exam_on": exam_on,
            "exam_days": (exam_on - on).days if exam_on and exam_on >= on else None,
            "plan": plan,
            "stale": stale,
            "reviews": reviews,
            "nothing_due": not (due or attempt or stale or reviews or (exam_on and exam_on >= on)),
        },
    )


def _next_step(
    user: User, attempt: Any, in_progress: Any, progress: Any, cycles: Any, plan: Planned | None, on: date
) -> NextStep:
    """The shortest useful thing: what runs against a clock first, then what is begun, then what is new."""
    if attempt and attempt.deadline_at:  # a set without a clock can wait
        return NextStep(
            _("Resume %(exam)s") % {"exam": attempt.title},
            _("The clock is running."),
            reverse("exams:attempt", args=[attempt.pk]),
            _("Resume the exam"),
        )
    if user.purpose == "keep" and not cycles:
        return NextStep(
            _("Record the credential you hold"),
            _("Then this page tells you how many CEUs are short and by when."),
            reverse("credentials:record"),
            _("Record a credential"),
        )
    if plan and plan.exam_on > on:
        return NextStep(
            _("Your study plan for %(exam)s") % {"exam": plan.title},
            _("It says what to do today."),
            reverse("exams:plan"),
            _("Open today’s block"),
            fragment=reverse("exams:plan_today"),
        )
    if in_progress:
        course = in_progress[0]
        return NextStep(
            course.next_title,
            _("%(course)s: %(done)d of %(total)d lessons completed.")
            % {"course": course.course.title, "done": course.done, "total": course.total},
            reverse("pages:lesson", args=[course.course.key, course.next_key]),
            _("Continue the lesson"),
        )
    current = progress.current if progress else None
    if current and current.next_step:
        return NextStep(
            current.next_step.asked.text,
            _("Stage %(number)d of your path: %(title)s.")
            % {"number": current.number, "title": current.title},
            current.next_step.url or progress.path.get_absolute_url(),
            _("Go on"),
        )
    return NextStep(
        _("Choose a path"),
        _("A path leads you through six stages, from the first lesson to a credential that stays alive."),
        reverse("pages:paths"),
        _("See the paths"),
    )


@public
@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    """The career guide: every section, its figures with their sources, and where to go next."""
    at = timezone.now()
    sections = list(GuideRevision.objects.live(at).select_related("section").order_by("section__position"))
    figures = Figure.objects.in_bulk([k for s in sections for k in s.figures], field_name="key")
    named = list(dict.fromkeys(k for s in sections for k in s.compare))
    compared = Certification.objects.select_related("body").in_bulk(named, field_name="key")
    table = compare([compared[key] for key in named if key in compared])
    return render(
        request,
        "pages/guide.html",
        {
            "sections": [
                {
                    "revision": section,
                    "figures": [figures[key] for key in section.figures if key in figures],
                    "comparison": table if section.compare else None,
                    "links": [
                        {"label": link["label"], "url": url}
                        for link in section.links
                        if (url := link_target(link["to"]))
                    ],
                }
                for section in sections
            ]
        },
    )


@public
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Search over lessons, courses, the guide and codes."""
    query = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    context: dict[str, Any] = {"query": query}
    if query:
        codes = [
            {"system": system, "label": label_of(system), "hits": hits, "is_cut": False}
            for system, hits in find_in(
                [System.ICD10CM, System.ICD10PCS, System.HCPCS], query, on_date=timezone.localdate(), limit=5
            ).hits.items()
        ]
        context |= {"found": found_content(query, timezone.now()), "codes": codes}
    return render(request, "pages/search.html", context)


@public
@require_safe
def paths(request: HttpRequest) -> HttpResponse:
    """All education paths."""
    shown = EducationPath.objects.filter(published_at__lte=timezone.now())
    return render(request, "pages/paths.html", {"paths": shown})


@public
@require_safe
def path(request: HttpRequest, key: str) -> HttpResponse:
    """A path as six stages, with what each asks for and what is done."""
    shown = get_object_or_404(EducationPath, key=key, published_at__lte=timezone.now())
    user = _person(request)
    return render(
        request,
        "pages/path.html",
        {
            "progress": path_progress(shown, user),
            "is_followed": bool(user) and PathFollowing.objects.filter(user=user, path=shown).exists(),
        },
    )


@public
@require_safe
def course(request: HttpRequest, key: str) -> HttpResponse:
    """A course: outline with states, hours, CEUs, what to take first."""
    at, user = timezone.now(), _person(request)
    shown = course_page(key, user, at)
    if shown is None:
        raise Http404
    lines = outline(shown, user, at)
    left = [lesson.title for lesson in lines.lessons if not lesson.is_done]
    return render(request, "pages/course.html", {"course": shown, "outline": lines, "left": left})


@public
@require_safe
def lesson(request: HttpRequest, course_key: str, key: str) -> HttpResponse:
    """A lesson as the person sees it. Previews are open to everybody, the rest to those enrolled."""
    at, user = timezone.now(), _person(request)
    revision = lesson_page(course_key, key, user, at)
    if revision is None:
        raise Http404
    if not revision.lesson.is_preview:
        if user is None:
            return redirect_to_login(request.get_full_path())
        if not revision.is_enrolled:  # type: ignore[attr-defined]  # annotated by lesson_page
            messages.info(request, _("Enrol in the course to read this lesson. It is free."))
            return redirect("pages:course", course_key)
    return render(request, "pages/lesson.html", _lesson_context(revision, user, at))


def _lesson_context(revision: LessonRevision, user: User | None, at: datetime) -> dict[str, Any]:
    lines = outline(revision.lesson.module.course, user, at)
    asked = asked_of_lesson(revision, user)
    questions = {one.key: one for one in checkpoints_for(revision, user, at)} if asked else {}
    before, after = lines.around(revision.lesson.key)
    return {
        "revision": revision,
        "course": revision.lesson.module.course,
        "outline": lines,
        "segments": [
            {"html": segment.html, "checkpoint": questions.get(segment.checkpoint)}
            for segment in segments(revision.html)
        ],
        "asked": asked,
        "left": missing(asked),
        "before": before,
        "after": after,
    }


@role("editor")
@require_safe
def preview_lesson(request: HttpRequest, revision_id: int) -> HttpResponse:
    """Any revision of a lesson, in the student's own page; nothing is written."""
    revision = get_object_or_404(
        LessonRevision.objects.select_related("lesson__module__course"), pk=revision_id
    )
    context = _lesson_context(revision, None, timezone.now())
    return render(request, "pages/lesson.html", context | {"preview": True})
