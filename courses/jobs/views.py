"""How far a job is."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from courses.jobs.kinds import words_of
from courses.jobs.models import Job
from portal.lib.access import member


@member
@require_safe
def job(request: HttpRequest, pk: int) -> HttpResponse:
    """One job with its progress; htmx asks for the fragment every two seconds while it is open."""
    found = get_object_or_404(Job.objects.visible_to(request.user), pk=pk)  # type: ignore[arg-type]  # signed in: @member
    template = "jobs/_job.html" if request.htmx else "jobs/job.html"  # type: ignore[attr-defined]  # HtmxMiddleware
    return render(request, template, {"job": found, "words": words_of(found.kind)})
