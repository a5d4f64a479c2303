"""The report of a finished attempt, as a page and as a file; what it compares with has a page of its own."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.requests import person_of
from courses.exams import pdf, queries, report_html
from courses.exams.models import Attempt, Score
from courses.exams.queries.comparing import attempts_beside, domain_changes, study_next
from courses.exams.queries.report import Show
from portal.lib.access import member
from portal.lib.limits import is_within_limit

#: What the list of questions can be narrowed to, by the value of ``show``.
SHOWS: dict[str, Show] = {"all": "all", "wrong": "wrong", "flagged": "flagged", "unanswered": "unanswered"}


#: Files that one person has made in an hour: setting one takes longer than all else that a page does.
_PDFS = 30


def _finished(request: HttpRequest, pk: int) -> Attempt | None:
    """An attempt of the person, None while it is open; 404 for a stranger's."""
    found = get_object_or_404(Attempt.objects.owned_by(person_of(request)), pk=pk)
    return found if found.state == Attempt.State.SUBMITTED else None


@member
@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """The result of an attempt, the same whenever it is opened. Without JavaScript all is there too."""
    mine = _finished(request, pk)
    if mine is None:
        return redirect("exams:attempt", pk)
    show = SHOWS.get(request.GET.get("show", "all"))
    if show is None:
        raise Http404
    found = queries.report(mine, show)
    context = {
        "attempt": mine,
        "report": found,
        "show": show,
        "grid": report_html.grid(found),
        "questions": report_html.questions(found.shown),
        "domains": report_html.domains(found),
        "bar": report_html.bar(
            float(found.score.percent), line=found.pass_percent if found.has_line else None
        ),
        "practise_url": _practise_url(pk),
    }
    return render(request, "exams/report.html", context)


def _practise_url(pk: int) -> str:
    """Where a set is built of what this attempt missed; empty while there is no such page."""
    try:
        return f"{reverse('exams:set_new')}?from={pk}"
    except NoReverseMatch:
        return ""


@member
@require_safe
def report_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole report as a tagged PDF, the same bytes whenever it is asked for."""
    mine = _finished(request, pk)
    if mine is None:
        return redirect("exams:attempt", pk)
    if not is_within_limit(request, f"report-pdf-{mine.user_id}", amount=_PDFS, seconds=3600):
        text = _("Too many files within an hour. The page of the report says the same.")
        return HttpResponse(text, status=429, content_type="text/plain", headers={"Retry-After": "3600"})
    day = timezone.localtime(mine.started_at).date()
    name = f"crosswalk-{slugify(mine.title)[:60] or 'report'}-{day:%Y-%m-%d}.pdf"
    response = HttpResponse(pdf.report_pdf(mine, queries.report(mine)), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@member
@require_safe
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """This attempt beside earlier ones of its exam, and what to study next: it changes as time goes on."""
    mine = _finished(request, pk)
    if mine is None:
        return redirect("exams:attempt", pk)
    score = Score.objects.current().get(attempt=mine)
    sat = attempts_beside(mine)
    before = sat[-2].pk if len(sat) > 1 else None
    context = {
        "attempt": mine,
        "score": score,
        "sat": sat,
        "chart": report_html.course(
            [float(one.percent) for one in sat],
            line=mine.pass_percent,
            labels=[str(one.number) for one in sat],
            here=len(sat) - 1,
        ),
        "changes": domain_changes(score, before),
        "has_before": before is not None,
        "next": study_next(mine, score, timezone.now()),
        "practise_url": _practise_url(pk),
    }
    return render(request, "exams/compare.html", context)
