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
@pytest.mark.parametrize("gate", [A1, f"{A4} --crashes 3 --takers 8", A9])
def test_gate_is_green(gate: str, database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(gate, database, capsys) == "green"


@pytest.mark.parametrize(
    ("gate", "database"),
    [
        (f"{A9} --fault planted", "sqlite"),  # closed first, scored in a transaction of its own
        (
            "A4 --kills 0 --answers 40 --crashes 3 --takers 8 --fault planted",
            "postgresql",
        ),  # no wait for disk
    ],
)
def test_gate_is_red_when_its_fault_is_planted(
    gate: str, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran(gate, database, capsys) == "red"


def ran(gate: str, database: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The verdict of a gate."""
    command = [sys.executable, "-m", "tests.soak", *gate.split(), "--database", database]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    with capsys.disabled():
        print(f"\n{done.stdout.strip()}", end=" ")
    assert done.stdout.strip(), done.stderr[-2000:]
    return done.stdout.split()[-1]
