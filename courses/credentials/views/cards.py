"""The cards: every running cycle of a person on one page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.requests import person_of
from courses.credentials.queries.cards import cards
from portal.lib.access import member


@member
@require_safe
def credentials(request: HttpRequest) -> HttpResponse:
    """A card per running cycle, ended cycles that wait to be dealt with, and what is held besides."""
    user = person_of(request)
    today = user.local(timezone.now()).date()
    return render(request, "credentials/credentials.html", {"cards": cards(user, today), "today": today})
