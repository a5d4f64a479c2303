"""Loading in the background: the list that comes with the portal, or a file that someone gave."""

from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from courses.codesets.actions.loading import load_release, package_source
from courses.codesets.errors import LoadRefused
from courses.jobs.kinds import JobRefused, Report
from courses.jobs.models import Job

LOAD_KIND: Final = "codesets.load_release"


def run_load_job(job_id: int, subject: str, report: Report, at: datetime) -> dict[str, Any]:
    """The job behind the admin's button: load the list that comes with the portal."""
    by = Job.objects.select_related("requested_by").get(pk=job_id).requested_by
    try:
        loaded = load_release(source=package_source(), by=by, at=at, report=report)
    except LoadRefused as refusal:
        raise JobRefused(str(refusal)) from refusal
    text = _("%(release)s is loaded.") if loaded.created else _("%(release)s had been loaded before.")
    return {
        "release": loaded.release.pk,
        "created": loaded.created,
        "message": text % {"release": loaded.release},
    }
