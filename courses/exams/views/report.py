"""The report of a finished attempt."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from accounts.requests import person_of
from courses.exams import queries
from courses.exams.models import Attempt, Score
from portal.lib.access import member


@member
@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """The result of an attempt, the same whenever it is opened."""
    mine = get_object_or_404(Attempt.objects.owned_by(person_of(request)), pk=pk)
    if mine.state != Attempt.State.SUBMITTED:
        return redirect(mine)
    score = Score.objects.current().get(attempt=mine)
    return render(request, "exams/report.html", {"attempt": mine, "report": queries.report(mine, score)})
