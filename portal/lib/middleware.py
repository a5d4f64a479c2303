"""Middleware that knows nothing of people or rooms."""

from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone

GetResponse = Callable[[HttpRequest], HttpResponse]

_BUSY = ("database is locked", "deadlock detected", "lock timeout", "could not serialize")


def receipt_stamp(get_response: GetResponse) -> GetResponse:
    """First in the chain: ``request.received_at`` is when the request came, however long it then waits.

    Deadlines are judged by it, so that a slow server never costs a student an answer.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        request.received_at = timezone.now()  # type: ignore[attr-defined]  # read by views that judge deadlines
        return get_response(request)

    return middleware


def security_headers(get_response: GetResponse) -> GetResponse:
    """Headers that Django has no setting for; what a signed-in person saw is never kept by a cache."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        )
        user = getattr(request, "user", None)
        if (user is not None and user.is_authenticated) or response.cookies:
            response.headers["Cache-Control"] = "private, no-store"
        return response

    return middleware


def database_busy(get_response: GetResponse) -> GetResponse:
    """Turn a locked or deadlocked database into 503 with Retry-After instead of a broken page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, OperationalError) and any(text in str(exception) for text in _BUSY):
            return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "2"})
        return None

    middleware.process_exception = process_exception  # type: ignore[attr-defined]  # Django's hook
    return middleware
