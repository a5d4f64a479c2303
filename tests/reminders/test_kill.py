"""B1, reduced: senders killed in the middle of their work lose nothing."""

import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from courses.reminders.models import Reminder
from tests.conftest import MakePerson
from tests.reminders.conftest import Queue
from tests.reminders.drill import Drill
from tests.reminders.smtp import Script

ROOT = Path(__file__).resolve().parents[2]
ROUNDS, TOGETHER = 3, 2
LEASE = 1.0
PATIENCE = 20


def wait_until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.005)


@pytest.mark.fault
@pytest.mark.skipif(connection.vendor != "sqlite", reason="the fault is the same on either database")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("fault", "reminders", "waits"), [("", 150, (0, 0.01)), ("planted", 80, (0.04, 0))])
def test_killed_senders_lose_nothing_and_the_planted_fault_does(
    fault: str,
    reminders: int,
    waits: tuple[float, float],
    smtp: Script,
    settings: Settings,
    drill: Drill,
    make_person: MakePerson,
    queue: Queue,
    at: datetime,
    capsys: pytest.CaptureFixture[str],
) -> None:
    queue(make_person(), reminders)
    smtp.wait_before, smtp.wait_after = waits
    dice = random.Random(1)
    arguments = [
        *(str(connection.settings_dict["NAME"]), str(settings.EMAIL_PORT), str(LEASE)),
        *(at.isoformat(), str(time.time()), fault),
    ]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "tests.reminders.sender", *arguments], cwd=ROOT)

    def delivered_by(sender: subprocess.Popen[bytes]) -> bool:
        return f"sender-{sender.pid}@example.com" in smtp.senders

    effective = 0
    for _ in range(ROUNDS):
        senders = [start() for _ in range(TOGETHER)]
        for sender in senders:
            wait_until(partial(delivered_by, sender), "no mail was sent")
            time.sleep(dice.uniform(0, 0.1))
            effective += delivered_by(sender) and sender.poll() is None
            sender.kill()
            sender.wait()
    last = start()
    assert last.wait(PATIENCE) == 0

    copies = Counter(re.search(rb"(?im)^Message-ID:\s*(\S+)", raw)[1] for raw in smtp.accepted)  # type: ignore[index]
    lost = reminders - len(copies)
    duplicates = sum(copies.values()) - len(copies)
    with capsys.disabled():
        print(f"\n{fault or 'real'}: {effective} effective kills, {lost} lost, {duplicates} twice", end=" ")
    assert effective >= 5
    if fault:
        assert lost > 0
        return
    assert lost == 0
    assert duplicates <= ROUNDS * TOGETHER
    assert max(copies.values()) <= 3
    assert not Reminder.objects.exclude(state="sent").exists()
