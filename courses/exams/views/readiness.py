"""How ready a person is for an exam, and how practice went over the weeks."""

from collections.abc import Callable
from math import ceil
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.requests import person_of
from courses.catalog.models import Certification
from courses.exams import charts, report_html
from courses.exams.queries import readiness as queries
from courses.exams.queries.readiness import Course, CourseOfPractice, Week
from portal.lib.access import member

#: The pace of an exam of 100 questions in 4 hours, which most of ours follow.
PACE_S = 144
#: What the exams ask, in per cent; each exam's own line is on its page.
LINE = 70


@member
@require_safe
def readiness(request: HttpRequest, key: str) -> HttpResponse:
    """An estimate from first sights in exam mode, with its basis, its doubt and what would move it."""
    user, at = person_of(request), timezone.now()
    certification = get_object_or_404(Certification.objects.select_related("body"), key=key)
    blueprint = queries.exam_for(certification, user.local(at).date())
    shown = queries.readiness_for(user, blueprint, at) if blueprint else None
    context: dict[str, Any] = {"certification": certification, "shown": shown}
    if shown is not None:
        estimate = shown.found.estimate
        context |= {
            "bar": report_html.bar(
                estimate.percent,
                low=estimate.interval.low,
                high=estimate.interval.high,
                line=shown.blueprint.pass_percent,
            )
            if estimate
            else "",
            "chance": round(100 * estimate.chance) if estimate else None,
            "rows": [
                (
                    one,
                    report_html.bar(
                        one.outlook.percent, low=one.outlook.interval.low, high=one.outlook.interval.high
                    )
                    if one.outlook.n
                    else "",
                )
                for one in shown.rows
            ],
        }
    return render(request, "exams/readiness.html", context)


@member
@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    """Time and accuracy of the last weeks, as pictures and as tables, by domain or by chapter."""
    by = request.GET.get("by", "domain")
    if by not in ("domain", "chapter"):
        raise Http404
    user, at = person_of(request), timezone.now()
    found = queries.course_of_practice(user, at, by=by)
    labels = [date_format(week, "j M") for week in found.weeks]
    slowest = max([PACE_S, *(week.pace_s or 0 for part in found.parts for week in part.weeks)])
    longest = max([PACE_S, *(week.pace_s or 0 for week in found.everything.weeks)])
    context = {
        "by": by,
        "found": found,
        "accuracy": charts.bars(
            _values(found.everything, _percent),
            labels,
            most=100,
            target=LINE,
            target_words=_("pass line %(line)d %%") % {"line": LINE},
        ),
        "pace": charts.bars(
            _values(found.everything, _pace),
            labels,
            most=ceil(longest / 60) * 60,
            target=PACE_S,
            target_words=_("pace of the exam %(pace)d s") % {"pace": PACE_S},
        ),
        "parts": [
            {
                "course": part,
                "accuracy": charts.spark(_values(part, _percent), most=100, target=LINE),
                "pace": charts.spark(_values(part, _pace), most=slowest, target=PACE_S),
            }
            for part in found.parts
        ],
        "weeks": list(_numbers(found)),
        "line": LINE,
        "pace_s": PACE_S,
    }
    return render(request, "exams/readiness_progress.html", context)


def _percent(week: Week) -> float | None:
    return week.percent


def _pace(week: Week) -> float | None:
    return week.pace_s


def _values(course: Course, of: Callable[[Week], float | None]) -> list[float | None]:
    return [of(week) for week in course.weeks]


def _numbers(found: CourseOfPractice) -> list[tuple[str, Week]]:
    """Every week with every part that has anything in it, for the table of all numbers."""
    return [(part.title, week) for part in (found.everything, *found.parts) for week in part.weeks if week.n]
