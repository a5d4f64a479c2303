"""The report of an attempt as a file: what its page shows, as tagged PDF."""

from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from courses.exams import report_html
from courses.exams.models import Attempt
from courses.exams.queries.report import Report
from portal.lib.pdf import blocks_of, typeset


def report_pdf(attempt: Attempt, report: Report) -> bytes:
    """The whole report of a submitted attempt; the same bytes until it is re-scored."""
    html = render_to_string(
        "exams/_report.html",
        {
            "attempt": attempt,
            "report": report,
            "show": "all",
            "domains": report_html.domains(report),
            "questions": report_html.questions(report.shown),
        },
    )
    return typeset(
        blocks_of(html),
        title=_("Report: %(title)s") % {"title": attempt.title},
        language=(get_language() or "en").split("-")[0],
        footer=_("Crosswalk · %(title)s · practice, not an official result") % {"title": attempt.title},
        at=report.score.scored_at,
    )
