"""The gates of ``tests.soak`` about exams, reduced: real servers, real kills, planted faults."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.fault,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="each gate runs on both databases itself"),
]

A1 = "A1 --submits 100 --attempts 6 --people 40 --seconds 1"
A4 = "A4 --kills 5 --answers 40"
A9 = "A9 --size 120 --kills 3 --questions 5"


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    ("gate", "is_green"),
    [
        (A1, True),
        (f"{A4} --crashes 3 --takers 8", True),
        (A9, True),
        (f"{A9} --fault planted", False),
    ],
)
def test_gate(gate: str, database: str, is_green: bool, capsys: pytest.CaptureFixture[str]) -> None:
    ran(gate, database, is_green, capsys)


def test_a4_is_red_when_commits_do_not_wait_for_the_disk(capsys: pytest.CaptureFixture[str]) -> None:
    gate = "A4 --kills 0 --answers 40 --crashes 4 --takers 8 --fault planted"
    ran(gate, "postgresql", False, capsys)


def ran(gate: str, database: str, is_green: bool, capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "tests.soak", *gate.split(), "--database", database]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    with capsys.disabled():
        print(f"\n{done.stdout.strip()}", end=" ")
    assert done.stdout.strip().endswith("green" if is_green else "red"), done.stderr[-2000:]
