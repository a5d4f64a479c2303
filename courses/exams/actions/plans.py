"""Writing of study plans: their settings, which is all that is kept of them."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from courses.exams.models import Blueprint, StudyPlan


@transaction.atomic
def save_study_plan(
    *,
    user: User,
    blueprint: Blueprint,
    exam_on: date,
    hours_per_week: Decimal,
    study_days: Iterable[int],
    at: datetime,
) -> StudyPlan:
    """Make the person's study plan, or change the one they have.

    While the exam stays the same, so does the plan: what was done since it was made still counts. For
    another exam the old plan ends and a new one begins.
    """
    User.objects.select_for_update().get(pk=user.pk)  # two tabs at once: the second finds the first's plan
    settings = {
        "blueprint": blueprint,
        "exam_on": exam_on,
        "hours_per_week": hours_per_week,
        "study_days": sorted(set(study_days)),
    }
    current = StudyPlan.objects.owned_by(user).filter(ended_at=None)
    plan = current.filter(blueprint__key=blueprint.key).first()
    if plan is None:
        current.update(ended_at=at)
        return StudyPlan.objects.create(user=user, made_at=at, **settings)
    for name, value in settings.items():
        setattr(plan, name, value)
    plan.save(update_fields=list(settings))
    return plan


@transaction.atomic
def end_study_plan(*, user: User, at: datetime) -> bool:
    """End the person's study plan; false when there was none. What was done stays."""
    return bool(StudyPlan.objects.owned_by(user).filter(ended_at=None).update(ended_at=at))
