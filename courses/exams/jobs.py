"""Scoring again in the background, when a key was corrected."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from courses.exams.actions.correcting import RESCORE_KIND, rescore
from courses.exams.models import KeyCorrection
from courses.jobs.kinds import JobRefused, Report

__all__ = ["RESCORE_KIND", "run_rescore_job"]


def run_rescore_job(job_id: int, subject: str, report: Report, at: datetime) -> dict[str, Any]:
    """Score again what the correction that ``subject`` names concerns."""
    correction = KeyCorrection.objects.filter(pk=int(subject), applied_at__isnull=False).first()
    if correction is None:
        raise JobRefused(_("This correction is not in force."))
    rescore(correction=correction, at=at, report=report)
    told = _(
        "Attempts scored again: %(attempts)d. Results changed: %(changed)d. "
        "Crossed the pass line: %(crossed)d."
    )
    return {
        "message": told
        % {"attempts": correction.attempts, "changed": correction.changed, "crossed": correction.crossed}
    }
