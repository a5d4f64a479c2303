"""The queue of reports of problems, grouped by the question they are about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db.models import Count, Max, Min, Q, QuerySet

from courses.exams.models import KeyCorrection, QuestionReport, QuestionRevision
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


def reported(order: Order = "oldest") -> QuerySet[QuestionRevision]:
    """Revisions with open reports."""
    is_open = Q(reports__closed_at=None)
    found = QuestionRevision.objects.filter(is_open, reports__isnull=False).annotate(
        people=Count("reports__user", distinct=True, filter=is_open),
        first_at=Min("reports__reported_at", filter=is_open),
        last_at=Max("reports__reported_at", filter=is_open),
    )
    by = {"oldest": ("first_at", "pk"), "newest": ("-last_at", "pk"), "people": ("-people", "first_at", "pk")}
    return found.order_by(*by[order])


def with_reports(revisions: Sequence[QuestionRevision]) -> list[Reported]:
    """These of ``reported`` with their reports, keys and statistics: six queries for any number."""
    pks = [one.pk for one in revisions]
    reports: dict[int, list[QuestionReport]] = {pk: [] for pk in pks}
    for report in QuestionReport.objects.filter(revision__in=pks, closed_at=None).select_related("user"):
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
