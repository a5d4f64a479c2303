"""D5: both databases run the same tests; what runs on SQLite alone says so by a mark."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.dev import BOTH_DATABASES

ROOT = Path(__file__).resolve().parents[2]
#: Marks of tests that run on SQLite alone.
ALONE = {"browser", "fault", "sqlite"}
PLANTED = """
import pytest
from django.db import connection


@pytest.mark.skipif(connection.vendor != "sqlite", reason="quietly on one database")
def test_hidden(): ...


@pytest.mark.sqlite
@pytest.mark.skipif(connection.vendor != "sqlite", reason="says so")
def test_marked(): ...


if connection.vendor == "postgresql":
    def test_elsewhere(): ...
"""

Placement = dict[str, dict[str, Any]]


def collect(out: Path, *paths: str, **variables: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n0", "-p", "no:cacheprovider"]
    command += ["-p", "tests.house.placement", "-c", "pyproject.toml", "--rootdir", str(ROOT), *paths]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TEST_DATABASE", "PYTEST"))}
    environment |= {"TESTING": "1", "PLACEMENT": str(out), **variables}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)


def one_sided(sqlite: Placement, postgresql: Placement) -> set[str]:
    """Tests that run on one database only without a mark that says so."""
    found = set()
    for name in sqlite.keys() | postgresql.keys():
        here, there = sqlite.get(name), postgresql.get(name)
        marks = set((here or there or {})["marks"])
        runs = [bool(placed and placed["runs"]) for placed in (here, there)]
        if runs[0] != runs[1] and not marks & (ALONE if runs[0] else {"postgresql"}):
            found.add(name)
    return found


@pytest.mark.sqlite  # it looks at both; once is enough
def test_both_databases_run_the_same_tests(tmp_path: Path) -> None:
    planted = tmp_path / "test_planted_places.py"
    planted.write_text(PLANTED)
    outs = tmp_path / "sqlite.json", tmp_path / "postgresql.json"
    url = "postgresql://nobody@127.0.0.1:1/none"  # collecting opens no connection

    runs = [
        collect(outs[0], "tests", str(planted)),
        collect(outs[1], "tests", str(planted), TEST_DATABASE_URL=url),
    ]
    codes = [run.wait(120) for run in runs]
    sqlite, postgresql = (json.loads(out.read_text()) for out in outs)

    assert codes == [0, 0]
    assert len(sqlite) > 1000
    assert one_sided(sqlite, postgresql) == {
        "::test_hidden",
        "::test_elsewhere",
    }


def test_what_postgresql_leaves_out_is_exactly_what_is_marked() -> None:
    assert set(BOTH_DATABASES.split(" and ")) == {f"not {mark}" for mark in ALONE}
