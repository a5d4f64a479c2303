"""The study plan: its pages, and today's block of it for the page *Today*."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.requests import person_of
from courses.exams.actions.plans import end_study_plan, save_study_plan
from courses.exams.forms import PlanForm
from courses.exams.models import Blueprint, StudyPlan
from courses.exams.queries.plan import open_plan, study_plan
from portal.lib.access import member


@member
@require_safe
def plan(request: HttpRequest) -> HttpResponse:
    """Week by week what to do until the exam, today's block first."""
    user, at = person_of(request), timezone.now()
    mine = open_plan(user)
    shown = study_plan(mine, user, at) if mine else None
    return render(request, "exams/plan.html", {"plan": mine, "shown": shown})


@member
@require_safe
def plan_today(request: HttpRequest) -> HttpResponse:
    """Today's block alone."""
    user, at = person_of(request), timezone.now()
    mine = open_plan(user)
    shown = study_plan(mine, user, at) if mine else None
    return render(request, "exams/_plan_today.html", {"shown": shown, "is_fragment": True})


@member
@require_http_methods(["GET", "HEAD", "POST"])
def edit_plan(request: HttpRequest) -> HttpResponse:
    """Make a plan or change it."""
    user, at = person_of(request), timezone.now()
    today = user.local(at).date()
    mine = open_plan(user)
    form = PlanForm(
        request.POST if request.method == "POST" else None,
        today=today,
        initial=_initial(request, user, mine, today),
    )
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        saved = save_study_plan(
            user=user,
            blueprint=chosen["exam"],
            exam_on=chosen["exam_on"],
            hours_per_week=chosen["hours_per_week"],
            study_days=chosen["study_days"],
            at=at,
        )
        messages.success(request, _("Your plan for “%(exam)s” is saved.") % {"exam": saved.blueprint})
        return redirect("exams:plan")
    status = 422 if form.errors else 200
    return render(request, "exams/plan_edit.html", {"form": form, "plan": mine}, status=status)


def _initial(request: HttpRequest, user: User, mine: StudyPlan | None, today: date) -> dict[str, Any]:
    """The plan as it is, by the outline of its exam that is valid today; without one the date from the
    profile and the exam that a link named.
    """
    key = mine.blueprint.key if mine else request.GET.get("exam", "").replace("\x00", "")
    exam = Blueprint.objects.valid_on(today).filter(key=key).order_by("-valid_from").first()
    if mine is not None:
        return {
            "exam": exam,
            "exam_on": mine.exam_on,
            "hours_per_week": mine.hours_per_week,
            "study_days": mine.study_days,
        }
    ahead = user.exam_on and user.exam_on > today
    return {"exam": exam, "exam_on": user.exam_on if ahead else None}


@member
@require_http_methods(["GET", "HEAD", "POST"])
def stop_plan(request: HttpRequest) -> HttpResponse:
    """Ask once, then end the plan."""
    user = person_of(request)
    if request.method == "POST":
        if end_study_plan(user=user, at=timezone.now()):
            messages.success(request, _("Your study plan is ended. What you did stays."))
        return redirect("exams:plan")
    return render(request, "exams/plan_stop.html", {"plan": open_plan(user)})
