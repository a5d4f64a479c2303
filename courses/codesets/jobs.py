"""Loading in the background: the list that comes with the portal, or a file that someone gave."""

from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from accounts.models import User
from courses.codesets.actions.files import FILE_KIND, drop_bytes, unpacked
from courses.codesets.actions.loading import Source, load_release, package_source
from courses.codesets.errors import LoadRefused
from courses.codesets.models import CodeFile
from courses.jobs.actions import MAX_ATTEMPTS
from courses.jobs.kinds import JobRefused, Report
from courses.jobs.models import Job

__all__ = ["FILE_KIND", "LOAD_KIND", "run_file_job", "run_load_job"]

LOAD_KIND: Final = "codesets.load_release"


def run_load_job(job_id: int, subject: str, report: Report, at: datetime) -> dict[str, Any]:
    """The job behind the admin's button: load the list that comes with the portal."""
    job = Job.objects.select_related("requested_by").get(pk=job_id)
    return _load(package_source(), by=job.requested_by, at=at, report=report)


def run_file_job(job_id: int, subject: str, report: Report, at: datetime) -> dict[str, Any]:
    """Load the file that ``subject`` names; its bytes are dropped when it is loaded, refused or given up."""
    job = Job.objects.get(pk=job_id)
    kept = CodeFile.objects.select_related("given_by").filter(pk=int(subject)).first()
    if kept is None or not kept.content:
        raise JobRefused(_("The file is not kept any more; give it again."))
    try:
        with unpacked(kept) as source:
            outcome = _load(source, by=kept.given_by, at=at, report=report)
    except JobRefused:
        drop_bytes([kept.pk])
        raise
    except Exception:
        if job.attempts >= MAX_ATTEMPTS:  # nobody comes back for it
            drop_bytes([kept.pk])
        raise
    drop_bytes([kept.pk])
    return outcome


def _load(source: Source, *, by: User | None, at: datetime, report: Report) -> dict[str, Any]:
    try:
        loaded = load_release(source=source, by=by, at=at, report=report)
    except LoadRefused as refusal:
        raise JobRefused(str(refusal)) from refusal
    text = _("%(release)s is loaded.") if loaded.created else _("%(release)s had been loaded before.")
    return {
        "release": loaded.release.pk,
        "created": loaded.created,
        "message": text % {"release": loaded.release},
    }
