"""H1: guessing is limited at every door, by what all processes share; ``test_under_attack`` asks the demo."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client

from accounts.models import User
from tests.conftest import PASSWORD, MakePerson

ROOT = Path(__file__).resolve().parents[2]
TOO_MANY = "Too many failed login attempts"
Post = Callable[..., Any]


@pytest.fixture
def post(django_capture_on_commit_callbacks: Any) -> Post:
    """POST and let the mails leave that wait for the commit."""

    def send(client: Client, url: str, data: dict[str, str], **extra: str) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(url, data, **extra)

    return send


def statuses(post: Post, times: int, url: str, data: Callable[[int], dict[str, str]]) -> list[int]:
    return [post(Client(), url, data(number)).status_code for number in range(times)]


# --- over processes ------------------------------------------------------------------------------------
@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", ["", "planted"])
def test_guesses_are_counted_over_processes_and_the_planted_fault_does_not(
    fault: str, make_person: MakePerson
) -> None:
    cache.clear()
    arguments = [str(connection.settings_dict["NAME"]), make_person().email, "8", fault]
    command = [sys.executable, "-m", "tests.house.guesser", *arguments]
    servers = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]

    looked_at = [int(server.communicate(timeout=60)[0] or -1) for server in servers]
    cache.clear()

    assert [server.returncode for server in servers] == [0, 0]
    if fault:
        assert looked_at == [5, 5]
    else:
        assert sum(looked_at) <= 5 + 2  # an overrun of two is allowed


# --- the password ----------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_one_account_from_many_addresses_is_limited(student: User) -> None:
    pages = [
        Client(REMOTE_ADDR=f"10.0.0.{n}", HTTP_X_FORWARDED_FOR=f"10.9.0.{n}")
        .post("/account/login/", {"login": student.email, "password": f"wrong guess {n}"})
        .content.decode()
        for n in range(9)
    ]

    assert [TOO_MANY in page for page in pages] == [False] * 5 + [True] * 4


@pytest.mark.django_db
def test_many_accounts_from_one_address_are_limited() -> None:
    # a forged header does not make it another address
    pages = [
        Client(HTTP_X_FORWARDED_FOR=f"10.9.0.{n}")
        .post("/account/login/", {"login": f"person{n}@example.com", "password": "wrong guess"})
        .content.decode()
        for n in range(12)
    ]

    assert [TOO_MANY in page for page in pages] == [False] * 10 + [True] * 2


# --- the other doors -------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_password_reset_is_limited_per_account(post: Post, student: User) -> None:
    found = statuses(post, 7, "/account/password/reset/", lambda n: {"email": student.email})

    assert found == [302] * 5 + [429] * 2
    assert len(mail.outbox) == 5


@pytest.mark.django_db
def test_password_reset_is_limited_per_address(post: Post) -> None:
    found = statuses(post, 22, "/account/password/reset/", lambda n: {"email": f"person{n}@example.com"})

    assert found == [302] * 20 + [429] * 2


@pytest.mark.django_db
def test_sign_up_is_limited_per_address(post: Post) -> None:
    def person(number: int) -> dict[str, str]:
        typed = {"email": f"person{number}@example.com", "name": "New", "password1": PASSWORD}
        return typed | {"time_zone": "UTC", "terms": "on"}

    assert statuses(post, 22, "/account/signup/", person) == [302] * 20 + [429] * 2
    assert User.objects.count() == 20


@pytest.mark.django_db
def test_codes_to_sign_in_are_limited_per_account(post: Post, student: User) -> None:
    found = statuses(post, 5, "/account/login/code/", lambda n: {"email": student.email})

    assert found == [302] * 3 + [200] * 2  # the form says so
    assert len(mail.outbox) == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ask", "confirm", "field"),
    [
        ("/account/login/code/", "/account/login/code/confirm/", "code"),
        ("/account/password/reset/", "/account/password/reset/confirm/", "code"),
    ],
)
def test_code_is_void_after_three_guesses(
    ask: str, confirm: str, field: str, client: Client, post: Post, student: User
) -> None:
    post(client, ask, {"email": student.email})
    code = re.search(r"^([A-Z0-9]{3,}(?:-[A-Z0-9]{3,})?)$", str(mail.outbox[-1].body), re.MULTILINE)
    assert code

    for _ in range(3):
        post(client, confirm, {field: "WRNG-WRNG"})
    post(client, confirm, {field: code[1]})

    assert client.get("/today/").status_code == 302
    assert client.get("/account/password/reset/complete/").status_code == 302


@pytest.mark.django_db
def test_second_factor_is_limited(client: Client, student: User) -> None:
    secret = generate_totp_secret()
    TOTP.activate(student, secret)
    client.post("/account/login/", {"login": student.email, "password": PASSWORD})

    pages = [client.post("/account/2fa/authenticate/", {"code": "000000"}).content.decode() for _ in range(7)]
    right = f"{hotp_value(secret, next(yield_hotp_counters_from_time())):06d}"
    client.post("/account/2fa/authenticate/", {"code": right})

    assert Authenticator.objects.count() == 1
    assert ["Too many" in page for page in pages] == [False] * 5 + [True] * 2
    assert client.get("/today/").status_code == 302


@pytest.mark.django_db
def test_passkey_sign_in_is_limited(client: Client) -> None:
    found = [client.post("/account/2fa/webauthn/login/", {"credential": "x"}).status_code for _ in range(12)]

    assert found[10:] == [429, 429]
    assert 429 not in found[:10]


@pytest.mark.django_db
def test_asking_again_for_the_password_is_limited(as_student: Client) -> None:
    found = [
        as_student.post("/account/reauthenticate/", {"password": "wrong"}).status_code for _ in range(12)
    ]

    assert found == [200] * 10 + [429] * 2
