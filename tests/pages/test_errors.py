"""What people get when something below a page is away."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.utils import ConnectionHandler
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import reverse

from portal.lib.middleware import is_passing


def refused() -> None:
    """Ask a PostgreSQL that is not there."""
    database = {"ENGINE": "django.db.backends.postgresql", "NAME": "x", "HOST": "127.0.0.1", "PORT": "1"}
    ConnectionHandler({"default": database})["default"].ensure_connection()


def before_any_view(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """A middleware that needs the database, as the session's does."""

    def middleware(request: HttpRequest) -> HttpResponse:
        refused()
        return get_response(request)

    return middleware


@pytest.mark.django_db
def test_database_that_is_away_before_the_view_asks_to_come_again(settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.before_any_view"]

    response = Client(raise_request_exception=False).get(reverse("pages:home"))

    assert (response.status_code, response["Retry-After"]) == (503, "2")


@pytest.mark.sqlite
@pytest.mark.django_db
def test_table_that_is_not_there_is_no_passing_trouble() -> None:
    with pytest.raises(OperationalError) as found, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM nowhere")

    assert not is_passing(found.value)


def test_locked_file_is_passing_and_other_errors_are_not() -> None:
    assert is_passing(OperationalError("database is locked"))
    assert not is_passing(ValueError("database is locked"))
    assert not is_passing(None)
