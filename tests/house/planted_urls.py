"""The URL map with views that break one promise each; ``test_planted`` shows that each gate sees its own."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.utils import timezone
from django.views.decorators.cache import cache_page
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from courses.catalog.models import Course
from courses.exams.models import Attempt
from courses.progress.actions import enrol
from portal import urls
from portal.lib.access import member, public


@member
@require_safe
def report_of_anybody(request: HttpRequest, pk: int) -> HttpResponse:
    """E1: starts from all attempts instead of ``owned_by(request.user)``."""
    return HttpResponse(Attempt.objects.get(pk=pk).title)


@public
@require_safe
def draft_for_everybody(request: HttpRequest) -> HttpResponse:
    """E1: public, though its rule says editors."""
    return HttpResponse("draft")


@require_safe
def undeclared(request: HttpRequest) -> HttpResponse:
    """E1: names no rule."""
    return HttpResponse("who may see this?")


@member
def enrolled_by_link(request: HttpRequest) -> HttpResponse:
    """F4: a GET that writes."""
    enrol(user=request.user, course=Course.objects.get(), at=timezone.now())
    return HttpResponse("enrolled")


@csrf_exempt
@member
@require_POST
def taken_from_anywhere(request: HttpRequest) -> HttpResponse:
    """F4: takes a POST that another site sent."""
    return HttpResponse("done")


@member
@require_safe
@cache_page(60)
def kept(request: HttpRequest) -> HttpResponse:
    """F10: the first person's page is served to the next one."""
    return HttpResponse(f"Hello {request.user.email}")


planted = [
    path("report/<int:pk>/", report_of_anybody, name="report_of_anybody"),
    path("draft/", draft_for_everybody, name="draft_for_everybody"),
    path("undeclared/", undeclared, name="undeclared"),
    path("enrolled/", enrolled_by_link, name="enrolled_by_link"),
    path("taken/", taken_from_anywhere, name="taken_from_anywhere"),
    path("kept/", kept, name="kept"),
]
urlpatterns = [path("planted/", include((planted, "planted"))), *urls.urlpatterns]
handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500
