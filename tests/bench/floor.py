"""Floors: bare Django views that run the same SQL as a page and render nothing."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import path

import portal.urls

#: The statements that the bare view runs next, set by each measure.
STATEMENTS: list[tuple[str, Any]] = []


def bare(request: HttpRequest) -> HttpResponse:
    """Run the recorded statements of a page, fetch the rows, answer two bytes."""
    with connection.cursor() as cursor:
        for sql, params in STATEMENTS:
            cursor.execute(sql, params)
            if cursor.description:
                cursor.fetchall()
    return HttpResponse("ok")


bare.login_required = False  # type: ignore[attr-defined]  # the page's own session and user SQL is replayed
urlpatterns = [*portal.urls.urlpatterns, path("bench/floor/", bare)]


@dataclass
class Recorder:
    """Collects the SQL of a page, without transaction statements."""

    statements: list[tuple[str, Any]] = field(default_factory=list)

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.statements.append((sql, params))
        return execute(sql, params, many, context)


def call(url: str, cookies: dict[str, str]) -> tuple[int, bytes]:
    """One request straight into the WSGI handler: no socket, no test client."""
    request = RequestFactory(SERVER_NAME="localhost").get(url)
    request.environ["HTTP_COOKIE"] = "; ".join(f"{k}={v}" for k, v in cookies.items())
    status: list[int] = []

    def start(line: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
        status.append(int(line.split(" ")[0]))
        return lambda data: None

    response = HANDLER(request.environ, start)
    body = b"".join(response)
    if hasattr(response, "close"):
        response.close()
    return status[0], body


HANDLER = WSGIHandler()


def cpu_ms(action: Callable[[], Any], times: int) -> float:
    """Mean CPU milliseconds of this process for one call."""
    begun = time.process_time()
    for _ in range(times):
        action()
    return (time.process_time() - begun) * 1000 / times
