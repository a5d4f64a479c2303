"""The date of service that a page answers for, and the release that answers."""

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from courses.codesets.books import Book
from courses.codesets.editions import missing_edition
from courses.codesets.forms import LookupForm
from courses.codesets.models import Release


def day_of(request: HttpRequest) -> date:
    """The date of service asked for; today for none and for one that is no date."""
    form = LookupForm({"on": request.GET.get("on", "")})
    form.is_valid()
    return form.cleaned_data.get("on") or timezone.localdate()


def on_query(day: date) -> str:
    """What links to other pages carry, so that they answer for the same day; nothing for today."""
    return f"?on={day.isoformat()}" if day != timezone.localdate() else ""


def edition(system: str, day: date, book: str = Book.CODES) -> dict[str, Any]:
    """The release shown for a day, the oldest and the newest one held, and the one that should be there."""
    releases = list(Release.objects.of_book(system, book))
    shown = next((release for release in releases if release.answers_on(day)), None)
    newest = max(releases, key=lambda release: release.effective_from, default=None)
    oldest = min(releases, key=lambda release: release.covers_from, default=None)
    held = shown or newest
    missing = missing_edition(system, held.effective_from, day) if held else None
    return {"release": shown, "oldest": oldest, "newest": newest, "missing": missing}
