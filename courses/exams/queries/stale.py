"""Which texts name codes that no longer hold: read from the references' states, stored nowhere else."""

from datetime import datetime
from typing import Any, Final

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from courses.catalog.models import LessonCodeRef, LessonRevision
from courses.codesets.models import CodeRef
from courses.exams.models import QuestionCodeRef, QuestionRevision
from portal.lib.revisions import Revision

STALE: Final = (CodeRef.State.GONE, CodeRef.State.NOT_BILLABLE, CodeRef.State.CHANGED)


def stale_lessons(at: datetime) -> QuerySet[LessonCodeRef]:
    """References of lessons in use that no longer hold, on the live or the newest revision."""
    rows = _standing(LessonCodeRef.objects.all(), LessonRevision, "lesson", at)
    return rows.filter(revision__lesson__retired_at=None)


def stale_questions(at: datetime) -> QuerySet[QuestionCodeRef]:
    """The same of questions."""
    rows = _standing(QuestionCodeRef.objects.all(), QuestionRevision, "question", at)
    return rows.filter(revision__question__retired_at=None)


def _standing(refs: QuerySet[Any], revisions: type[Revision], identity: str, at: datetime) -> QuerySet[Any]:
    of_same = revisions._default_manager.filter(**{identity: OuterRef(f"revision__{identity}")})
    live = of_same.filter(published_at__lte=at).order_by("-published_at", "-number").values("pk")[:1]
    newest = of_same.order_by("-number")
    found: QuerySet[Any] = refs.filter(state__in=STALE).annotate(
        live=Subquery(live),
        newest=Subquery(newest.values("pk")[:1]),
        newest_number=Subquery(newest.values("number")[:1]),
    )
    return found.filter(Q(revision=F("live")) | Q(revision=F("newest")))


def stale_count(at: datetime) -> int:
    """How many lessons and questions wait to be mended. Two queries."""
    lessons = stale_lessons(at).order_by().values("revision__lesson").distinct().count()
    return lessons + stale_questions(at).order_by().values("revision__question").distinct().count()


def stale_by_system(at: datetime) -> dict[str, int]:
    """How many lessons and questions name such codes, for each code system. Two queries."""
    found: dict[str, int] = {}
    for rows, text in ((stale_lessons(at), "lesson"), (stale_questions(at), "question")):
        counted = rows.order_by().values("system").annotate(n=Count(f"revision__{text}", distinct=True))
        for system, n in counted.values_list("system", "n"):
            found[system] = found.get(system, 0) + n
    return found
