"""The page that practice starts from."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.requests import person_of
from courses.exams import queries
from portal.lib.access import member


@member
@require_safe
def practice(request: HttpRequest) -> HttpResponse:
    """The exams that can be sat today, with what they take and how earlier attempts went."""
    user, at = person_of(request), timezone.now()
    offers = queries.exam_offers(user, user.local(at).date(), at)
    return render(request, "exams/practice.html", {"offers": offers})
