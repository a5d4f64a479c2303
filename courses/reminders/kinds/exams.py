"""Kinds about exams: a report of a problem was answered, an attempt was scored again."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.exams.models import Attempt, QuestionReport, Score
from courses.reminders.addresses import absolute
from courses.reminders.kinds import Candidate, Group, Kind
from courses.reminders.kinds.ladder import in_pages
from courses.reminders.kinds.shared import NEWS_LOOK_BACK, id_of, ids_of, news
from courses.reminders.models import Reason, Reminder


class QuestionReportAnswered(Kind):
    """An editor answered what a person reported about a question."""

    key = "question_report_answered"
    label = gettext_lazy("Answer to your report of a problem")
    rhythm = gettext_lazy("once, when an editor has answered it")
    group = Group.STUDY
    is_news = True

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        answered = QuestionReport.objects.filter(closed_at__gte=at - NEWS_LOOK_BACK, closed_at__lte=until)
        if user_id is not None:
            answered = answered.filter(user=user_id)
        for pk, person, closed_at in in_pages(answered, "user_id", "closed_at"):
            yield news(f"report-{pk}", person, closed_at)

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        closed = QuestionReport.objects.filter(pk__in=map(id_of, subjects), closed_at__isnull=False)
        return {f"report-{pk}": at.date() for pk, at in closed.values_list("pk", "closed_at") if at}

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, QuestionReport]:
        """One query."""
        closed = QuestionReport.objects.filter(closed_at__isnull=False)
        return _by_reminder(reminders, closed.select_related("revision__question", "user"))

    def still_true(self, reminder: Reminder, fact: QuestionReport, *, at: datetime) -> Reason | None:
        return None

    def context(self, reminder: Reminder, fact: QuestionReport, *, at: datetime) -> dict[str, str]:
        return {
            "name": fact.user.get_short_name(),
            "question": fact.revision.question.key,
            "reported": date_format(fact.user.local(fact.reported_at), "j M Y"),
            "outcome": fact.get_outcome_display(),
            "answer": fact.answer,
            "url": absolute(reverse("exams:your_reports")),
            "why": _why_report(),
        }

    def sample_context(self) -> dict[str, str]:
        return {
            "name": "Ana",
            "question": "icd10cm-001",
            "reported": "3 Nov 2026",
            "outcome": "you were right",
            "answer": "The guideline changed in October; the key accepts both now.",
            "url": absolute("/practice/reports/"),
            "why": _why_report(),
        }


class AttemptRescored(Kind):
    """The key of a question was corrected, and an attempt came to another result."""

    key = "attempt_rescored"
    label = gettext_lazy("Changed result of an exam")
    rhythm = gettext_lazy("once, when a corrected key changes a result")
    group = Group.STUDY
    is_news = True

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        """Results that came out otherwise; one that a later correction has replaced is no news."""
        scores = _rescored().filter(scored_at__gte=at - NEWS_LOOK_BACK, scored_at__lte=until, is_current=True)
        if user_id is not None:
            scores = scores.filter(attempt__user=user_id)
        for pk, person, scored_at in in_pages(scores, "attempt__user_id", "scored_at"):
            yield news(f"score-{pk}", person, scored_at)

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        scores = Score.objects.current().filter(pk__in=map(id_of, subjects))
        return {f"score-{pk}": at.date() for pk, at in scores.values_list("pk", "scored_at")}

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, Score]:
        """One query."""
        current = _rescored().filter(is_current=True)
        return _by_reminder(reminders, current.select_related("attempt__user", "correction"))

    def still_true(self, reminder: Reminder, fact: Score, *, at: datetime) -> Reason | None:
        return None

    def context(self, reminder: Reminder, fact: Score, *, at: datetime) -> dict[str, str]:
        score: Any = fact  # annotated
        attempt, correction = fact.attempt, fact.correction
        assert correction is not None  # that is what scored again means
        crosses = attempt.blueprint_id is not None and score.was_passed != fact.passed
        return {
            "name": attempt.user.get_short_name(),
            "exam": attempt.title,
            "sat": date_format(attempt.user.local(attempt.started_at), "j M Y"),
            "was": _result(score.was_points, score.was_total),
            "now": _result(fact.points, fact.total),
            "verdict": _verdict(passed=fact.passed) if crosses else "",
            "reason": correction.reason,
            "url": absolute(reverse("exams:report", args=[attempt.pk])),
            "why": _why_score(),
        }

    def sample_context(self) -> dict[str, str]:
        return {
            "name": "Ana",
            "exam": "CPC mock exam",
            "sat": "3 Nov 2026",
            "was": "69 of 100",
            "now": "70 of 100",
            "verdict": _verdict(passed=True),
            "reason": "Both codes are right by guideline I.C.4.a.",
            "url": absolute("/attempts/1/report/"),
            "why": _why_score(),
        }


def _by_reminder(reminders: Sequence[Reminder], rows: QuerySet[Any]) -> dict[int, Any]:
    """The rows that the reminders are about, by the reminders' primary keys."""
    found = rows.in_bulk(ids_of(reminders))
    by_reminder = {reminder.pk: found.get(id_of(reminder.subject)) for reminder in reminders}
    return {pk: row for pk, row in by_reminder.items() if row is not None}


def _rescored() -> QuerySet[Score]:
    """Results of corrections that differ from the ones before them."""
    before = Score.objects.filter(attempt=OuterRef("attempt"), pk__lt=OuterRef("pk")).order_by("-pk")
    scores = Score.objects.filter(correction__isnull=False, attempt__state=Attempt.State.SUBMITTED).annotate(
        was_points=Subquery(before.values("points")[:1]),
        was_total=Subquery(before.values("total")[:1]),
        was_passed=Subquery(before.values("passed")[:1]),
    )
    changed: QuerySet[Score] = scores.filter(~Q(was_points=F("points")) | ~Q(was_total=F("total")))
    return changed


def _result(points: Decimal, total: int) -> str:
    if points == points.to_integral_value():
        return _("%(points)d of %(total)d") % {"points": points, "total": total}
    return _("%(points)s of %(total)d points") % {"points": points.normalize(), "total": total}


def _verdict(*, passed: bool) -> str:
    """What it means that a result crossed the pass line."""
    if passed:
        return _("You have reached the pass line now, and it counts.")
    return _("It is below the pass line now. What your pass was good for here is not taken back.")


def _why_report() -> str:
    return _("You get this because you reported a problem with this question.")


def _why_score() -> str:
    return _("You get this because you sat this exam here and its result has changed.")


KINDS = (QuestionReportAnswered, AttemptRescored)
