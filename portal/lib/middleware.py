"""Middleware that knows nothing of people or rooms."""

from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone

GetResponse = Callable[[HttpRequest], HttpResponse]

_BUSY = ("database is locked", "deadlock detected", "lock timeout", "could not serialize")


def is_passing(exception: BaseException | None) -> bool:
    """Whether the database is locked or away, so that the same request may succeed in a moment.

    Of PostgreSQL every operational error is one of the surroundings; SQLite says so of missing tables too.
    """
    if not isinstance(exception, OperationalError | InterfaceError):
        return False
    is_postgres = type(exception.__cause__).__module__.startswith("psycopg")
    return is_postgres or any(text in str(exception) for text in _BUSY)


def come_again() -> HttpResponse:
    """Without context or database: 503, and when to try again."""
    return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "2"})


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
    """Turn a locked or absent database into 503 with Retry-After instead of a broken page.

    What fails before a view is reached gets the same answer from ``portal.pages.errors.server_error``.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return come_again() if is_passing(exception) else None

    middleware.process_exception = process_exception  # type: ignore[attr-defined]  # Django's hook
    return middleware
