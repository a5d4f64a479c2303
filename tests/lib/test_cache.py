"""The shared cache: values live in Redis, and its death neither breaks a sign-in nor lifts a limit."""

import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.cache import cache, caches
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from portal.lib import cache as shared
from tests.broker import running_broker
from tests.conftest import PASSWORD

TOO_MANY = "Too many failed login attempts"


def use_redis(settings: Settings, address: str, timeout: float = 1) -> None:
    settings.CACHES = settings.CACHES | {
        "default": {
            "BACKEND": "portal.lib.cache.SharedCache",
            "LOCATION": address,
            "KEY_PREFIX": "crosswalk",
            "OPTIONS": {"socket_timeout": timeout, "socket_connect_timeout": timeout},
        }
    }


@pytest.fixture(autouse=True)
def rested() -> Iterator[None]:
    """No test begins while Redis rests from another."""
    shared._rests_until.clear()
    shared._warned_at.clear()
    yield
    shared._rests_until.clear()


@pytest.fixture
def dead(db: None, settings: Settings, tmp_path: Path) -> None:
    """REDIS_URL names a server that is not there."""
    use_redis(settings, f"unix://{tmp_path}/nobody?db=1")


def log_in(client: Client, user: User, password: str) -> Any:
    return client.post("/account/login/", {"login": user.email, "password": password})


def test_sign_in_works_while_redis_is_dead(dead: None, client: Client, student: User) -> None:
    assert log_in(client, student, PASSWORD).status_code == 302
    assert client.get("/today/").status_code == 200


def test_sign_up_works_while_redis_is_dead(dead: None, client: Client) -> None:
    typed = {"email": "new@example.com", "name": "New", "password1": PASSWORD, "time_zone": "UTC"}
    answer = client.post("/account/signup/", typed | {"terms": "on"})

    assert answer.status_code == 302
    assert User.objects.get().email == "new@example.com"


def test_five_failures_are_the_limit_while_redis_is_dead(dead: None, student: User) -> None:
    pages = [log_in(Client(), student, f"wrong guess {n}").content.decode() for n in range(7)]
    right = log_in(Client(), student, PASSWORD)

    assert [TOO_MANY in page for page in pages] == [False] * 5 + [True] * 2
    assert TOO_MANY in right.content.decode()


def test_every_call_is_answered_while_redis_is_dead(dead: None) -> None:
    assert cache.add("a", 1) and not cache.add("a", 2)
    cache.set("b", {"x": 1})
    assert (cache.get("a"), cache.get("b"), cache.get("c", "none")) == (1, {"x": 1}, "none")
    assert (cache.incr("a"), cache.decr("a", 2)) == (2, 0)
    assert cache.touch("b", 60) and cache.has_key("b") and "c" not in cache
    assert cache.set_many({"d": 4, "e": 5}) == []
    assert cache.get_many(["d", "e", "f"]) == {"d": 4, "e": 5}
    assert cache.get_or_set("g", 7) == 7
    cache.delete_many(["d"])
    assert cache.delete("e") and cache.get_many(["d", "e"]) == {}
    cache.clear()
    assert cache.get("b") is None


def test_dead_redis_is_reported_once_a_minute_without_its_address(
    dead: None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "REST", 0.0)  # so that every call meets the error
    with caplog.at_level(logging.WARNING):
        for n in range(5):
            cache.set("n", n)

    said = [record.getMessage() for record in caplog.records if record.name == "portal.lib.cache"]
    assert said == ["The shared cache does not answer (ConnectionError); the database stands in."]


@pytest.mark.django_db
def test_hanging_redis_costs_one_time_out_and_not_one_a_call(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        use_redis(settings, f"redis://127.0.0.1:{silent.getsockname()[1]}/1", timeout=0.3)
        begun = time.monotonic()
        for n in range(10):
            cache.set("n", n)
        took = time.monotonic() - begun

    assert cache.get("n") == 9
    assert 0.3 <= took < 1.5


@pytest.mark.broker
@pytest.mark.django_db
def test_values_live_in_redis_come_from_the_table_without_it_and_return(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "REST", 0.0)
    with running_broker(tmp_path) as url:
        use_redis(settings, f"{url}?db=1")
        cache.set("where", "redis")
        server = redis.Redis.from_url(f"{url}?db=1")
        assert server.keys() == [b"crosswalk:1:where"]
        assert caches["database"].get("where") is None
        server.close()
    cache.set("where", "table")
    assert cache.get("where") == "table" == caches["database"].get("where")
    with running_broker(tmp_path):
        assert cache.get("where") in (None, "redis")  # what Redis itself knows, not the table's
        cache.set("where", "redis again")
        assert cache.get("where") == "redis again"
        assert caches["database"].get("where") == "table"
