"""What lies on the table in an exam: the codes of its edition, the outline of the guidelines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from accounts.models import User
from courses.codesets.licensing import hidden_systems, may_read
from courses.codesets.models import GuidelineSection, Release
from courses.codesets.queries import CodeEntry, code_entry
from courses.codesets.search import Hit, find_in
from courses.codesets.systems import System, normalise

#: Codes shown of each system that is asked.
_EACH = 8


def day_of_edition(edition: str, today: date) -> date:
    """The date of service that an exam's code edition answers for; ``today`` for one that is not loaded.

    An edition is named as its release is, with or without the system: ``ICD-10-CM FY2026 April``.
    """
    if not edition:
        return today
    for release in Release.objects.loaded().order_by("-effective_from"):
        if edition in (release.label, str(release)):
            # the last day on which it alone answers: a book that began after it must not
            return max(release.covers_from, release.effective_from)
    return today


def look_up(user: User, query: str, day: date, today: date) -> dict[str, list[Hit]]:
    """Codes for what was typed, by system: of the edition, and of the newest book where it has none."""
    hidden = hidden_systems(user, today)
    systems = [one for one in System.values if one not in hidden]
    found = find_in(systems, query, on_date=day, limit=_EACH)
    others = [one for one in systems if one not in found.releases]
    newest = find_in(others, query, limit=_EACH).hits if others else {}
    return found.hits | newest


def entry(user: User, system: str, code: str, day: date, today: date) -> tuple[CodeEntry, date] | None:
    """A code's entry in the edition, or in today's book where the edition has no book of its system."""
    if system not in System.values or not may_read(user, system, today):
        return None
    for one in (day, today):
        found = code_entry(system, normalise(system, code), on_date=one)
        if found is not None:
            return found, one
    return None


@dataclass(frozen=True)
class OutlineLine:
    """A section of the guidelines; ``level`` counts from 1."""

    ref: str
    title: str
    level: int


def guidelines(day: date) -> Sequence[OutlineLine]:
    """The outline of the Official Guidelines in force on a day: one query."""
    rows = (
        GuidelineSection.objects.filter(
            Q(effective_until=None) | Q(effective_until__gt=day), effective_from__lte=day
        )
        .order_by("position")
        .values_list("ref", "title")
    )
    return [OutlineLine(ref, title, ref.count(".") + 1) for ref, title in rows]
