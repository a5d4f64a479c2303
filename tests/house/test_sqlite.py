"""D1 and D2: nobody meets a locked database, and no SQLite that corrupts its file is used."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.db import connection

from portal.lib import checks
from tests.house.writers import TURNS, WRITERS, locked_writes, our_options

WAL = {"init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=OFF"}


# --- D1 ----------------------------------------------------------------------------------------------
@pytest.mark.sqlite
@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="asks for our options on SQLite")
def test_writers_with_our_options_never_meet_a_locked_database(tmp_path: Path) -> None:
    assert locked_writes(tmp_path, our_options()) == (0, WRITERS * TURNS)


@pytest.mark.sqlite
@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="asks for our options on SQLite")
@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
def test_writers_with_deferred_transactions_do(tmp_path: Path, journal: str) -> None:
    # the planted fault: a transaction that reads first cannot become a writing one beside another
    command = f"PRAGMA journal_mode={journal};PRAGMA synchronous=OFF"
    planted = our_options(transaction_mode="DEFERRED", timeout=0.2, init_command=command)

    locked, written = locked_writes(tmp_path, planted)

    assert locked > 0
    assert written == WRITERS * TURNS - locked


# --- D2 ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("version", "journal", "unsafe"),
    [
        ((3, 6, 23), "WAL", False),
        ((3, 7, 0), "WAL", True),
        ((3, 40, 1), "wal", True),
        ((3, 51, 2), "WAL", True),
        ((3, 51, 2), "", True),
        ((3, 51, 2), "DELETE", False),
        ((3, 51, 3), "WAL", False),
        ((3, 53, 4), "", False),
    ],
)
def test_versions_with_the_reset_bug_may_not_use_a_log(
    version: tuple[int, ...], journal: str, unsafe: bool
) -> None:
    assert checks.may_corrupt(version, journal) is unsafe


@pytest.mark.parametrize(
    ("options", "journal"),
    [
        (WAL, "WAL"),
        ({"init_command": "pragma journal_mode = 'delete'"}, "delete"),
        ({"init_command": None}, ""),
        ({}, ""),
    ],
)
def test_journal_is_read_from_the_options(options: dict[str, Any], journal: str) -> None:
    assert checks.journal_of({"OPTIONS": options}) == journal


def refusals() -> list[str | None]:
    return [message.id for message in run_checks() if message.id == "lib.E001"]


def test_this_machine_is_safe() -> None:
    assert refusals() == []


@pytest.mark.parametrize(("version", "is_refused"), [((3, 51, 2), True), ((3, 51, 3), False)])
def test_check_refuses_a_planted_version(
    version: tuple[int, ...], is_refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = {"ENGINE": "django.db.backends.sqlite3", "OPTIONS": WAL}
    monkeypatch.setitem(settings.DATABASES, "planted", planted)
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)

    assert bool(refusals()) is is_refused


@pytest.mark.sqlite
@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="asks SQLite")
def test_open_database_has_the_journal_that_was_judged() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        journal = cursor.fetchone()[0]

    assert journal == checks.journal_of(connection.settings_dict).lower()
    assert not checks.may_corrupt(sqlite3.sqlite_version_info, journal)
