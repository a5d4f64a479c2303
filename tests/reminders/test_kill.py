"""B1, reduced: senders killed in the middle of their work lose nothing."""

import random
import re
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial
from multiprocessing.context import ForkProcess

import pytest
from django.db import connection

from courses.reminders.models import Reminder
from tests.reminders.crowd import drill_rows, make_crowd
from tests.reminders.drill import Drill
from tests.reminders.sender import forked
from tests.reminders.smtp import Script

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
    drill: Drill,
    at: datetime,
    capsys: pytest.CaptureFixture[str],
) -> None:
    drill_rows(make_crowd(reminders), at=at)
    smtp.wait_before, smtp.wait_after = waits
    dice = random.Random(1)
    epoch = time.time()

    def start() -> ForkProcess:
        return forked(lease=LEASE, at=at, epoch=epoch, special=fault)

    def delivered_by(sender: ForkProcess) -> bool:
        return f"sender-{sender.pid}@example.com" in smtp.senders

    effective = 0
    for _ in range(ROUNDS):
        senders = [start() for _ in range(TOGETHER)]
        for sender in senders:
            wait_until(partial(delivered_by, sender), "no mail was sent")
            time.sleep(dice.uniform(0, 0.1))
            effective += delivered_by(sender) and sender.is_alive()
            sender.kill()
            sender.join()
    last = start()
    last.join(PATIENCE)
    assert last.exitcode == 0

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


@pytest.mark.fault
@pytest.mark.skipif(connection.vendor != "sqlite", reason="the fault is the same on either database")
@pytest.mark.django_db(transaction=True)
def test_senders_that_are_asked_to_end_lose_nothing_and_repeat_nothing(
    smtp: Script, drill: Drill, at: datetime
) -> None:
    # B6, reduced: they have time to end, so no lease has to end first and no mail goes twice
    drill_rows(make_crowd(120), at=at, each=2)
    smtp.wait_after = 0.01
    epoch = time.time()

    def start() -> ForkProcess:
        return forked(lease=300, at=at, epoch=epoch)

    for _ in range(2):
        sender = start()
        wait_until(lambda pid=sender.pid: f"sender-{pid}@example.com" in smtp.senders, "no mail was sent")
        sender.terminate()
        sender.join(5)
        assert sender.exitcode == 0
        assert not Reminder.objects.filter(state="leased").exists()
    assert Reminder.objects.filter(state="planned", attempts=0).exists()
    start().join(PATIENCE)
    copies = Counter(str(mail["To"]) for mail in smtp.messages)
    assert (len(copies), set(copies.values())) == (120, {1})
