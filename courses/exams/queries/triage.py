"""The queue of reports of problems, grouped by the question they are about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.db.models import Count, Max, Min, QuerySet

from courses.exams.models import KeyCorrection, QuestionReport
from courses.exams.queries.bank import Explained, explained
from courses.exams.queries.explained import citations_of
from courses.exams.queries.statistics import RevisionFigures, figures_for

Order = Literal["oldest", "newest", "people"]


@dataclass(frozen=True)
class Reported:
    """A revision that people reported, with what is known about it."""

    shown: Explained
    reports: list[QuestionReport]
    first_at: datetime
    last_at: datetime
    figures: RevisionFigures
    #: A proposal that waits for a second person.
    proposal: KeyCorrection | None

    @property
    def people(self) -> int:
        return len({one.user_id for one in self.reports})


def reported(order: Order = "oldest") -> QuerySet[Any, Any]:
    """A row of ``revision`` for every revision with open reports."""
    found = (
        QuestionReport.objects.filter(closed_at=None)
        .order_by()
        .values("revision")
        .annotate(
            people=Count("user", distinct=True), first_at=Min("reported_at"), last_at=Max("reported_at")
        )
    )
    by = {
        "oldest": ("first_at", "revision"),
        "newest": ("-last_at", "revision"),
        "people": ("-people", "first_at", "revision"),
    }
    return found.order_by(*by[order])


def with_reports(pks: Sequence[int]) -> list[Reported]:
    """These revisions with their open reports, keys and statistics: six queries for any number."""
    reports: dict[int, list[QuestionReport]] = {pk: [] for pk in pks}
    for report in QuestionReport.objects.filter(revision__in=pks, closed_at=None):
        reports[report.revision_id].append(report)
    waiting = KeyCorrection.objects.filter(revision__in=pks, applied_at=None, withdrawn_at=None)
    proposals = {one.revision_id: one for one in waiting}
    figures, citations = figures_for(pks), citations_of(pks)
    return [
        Reported(
            shown=explained(figures[pk].revision, citations),
            reports=reports[pk],
            first_at=min(one.reported_at for one in reports[pk]),
            last_at=max(one.reported_at for one in reports[pk]),
            figures=figures[pk],
            proposal=proposals.get(pk),
        )
        for pk in pks
        if reports[pk]
    ]
