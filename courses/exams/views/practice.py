"""The page that practice starts from."""

import secrets
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.requests import person_of
from courses.exams.models import Attempt
from courses.exams.queries import offers, readiness, reviews, sets
from courses.exams.readiness import ENOUGH
from courses.exams.views.reviews import asked_today
from portal.lib.access import member

ATTEMPTS_A_PAGE = 10


@member
@require_safe
def practice(request: HttpRequest) -> HttpResponse:
    """What is open, due and on offer: one click goes on, two start a set or an exam."""
    user, at = person_of(request), timezone.now()
    day = user.local(at).date()
    wishes = sets.settings_of(user)
    running = offers.open_attempts(user, at)
    past = Paginator(offers.finished_attempts(user), ATTEMPTS_A_PAGE).get_page(request.GET.get("page"))
    sights = readiness.first_sights(user)
    groups = [{"group": group, **_outlook(group, sights)} for group in offers.exam_groups(day, running, at)]
    own = offers.certifications_of(user)
    groups.sort(
        key=lambda row: row["group"].certification is None or row["group"].certification.pk not in own
    )
    context: dict[str, Any] = {
        "running": running,
        "last": sets.Choice.from_json(wishes.last_set) if wishes.last_set else None,
        "token": secrets.token_hex(16),
        "missed": sets.missed_count(user, at),
        "wishes": wishes,
        "today": reviews.todays_review(user, wishes, at) if wishes.has_reviews else None,
        "daily": asked_today(user, at),
        "groups": groups,
        "sittings": offers.sittings(user, at),
        "past": past,
        "modes": Attempt.Mode,
    }
    if wishes.has_streak:
        context["streak"] = reviews.streak(reviews.active_days(user, at), day)
    return render(request, "exams/practice.html", context)


def _outlook(group: offers.ExamGroup, sights: dict[str, Any]) -> dict[str, Any]:
    """How much is known of a person before a certification's exam; the estimate itself has a page."""
    if group.certification is None:
        return {}
    whole = max(group.offers, key=lambda one: one.count)
    seen = readiness.seen_for(whole.blueprint, sights)
    return {"seen": seen, "enough": ENOUGH, "is_enough": seen >= ENOUGH}
