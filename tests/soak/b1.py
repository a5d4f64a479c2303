"""B1 at full size: senders are killed again and again while they deliver to a real mail server."""

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEASE = 5.0
SENDERS = 4
#: Seconds that a sender may live after its first mail.
LIFE = 0.5
#: A mail server's pace, so that a kill finds a sender in the middle of something.
PACE = 0.005


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, default=10_000, help="reminders")
    parser.add_argument("--kills", type=int, default=200, help="kills of a sender that had sent something")
    parser.add_argument("--fault", choices=["", "planted"], default="", help="planted: stamp before sending")


def run(options: argparse.Namespace) -> list[str]:
    """What is wrong: lost reminders, too many copies, too slow an end."""
    with tempfile.TemporaryDirectory(prefix="crosswalk-soak-") as folder:
        os.environ |= {"TESTING": "1", "VAR": folder}
        import django

        django.setup()
        return _run(options.size, options.kills, options.fault)


def _run(size: int, kills: int, fault: str) -> list[str]:
    from django.conf import settings
    from django.core.management import call_command

    from courses.reminders import kinds
    from courses.reminders.models import Reminder
    from tests.reminders.drill import Drill, publish_template
    from tests.reminders.smtp import AnyPort, Script
    from tests.worlds import make_person

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    at = datetime(2026, 11, 23, 15, tzinfo=UTC)
    kinds.register(Drill())
    publish_template("drill")
    person = make_person("sam@example.com")
    Reminder.objects.bulk_create(
        Reminder(
            key=f"drill:{number}",
            kind="drill",
            subject=f"drill-{number}",
            user=person,
            due_on=at.date().replace(day=30),
            step=7,
            not_before=at,
            created_at=at,
        )
        for number in range(size)
    )
    script = Script()
    script.wait_before, script.wait_after = PACE, PACE
    server = AnyPort(script, hostname="127.0.0.1", port=0, **script.options)
    server.start()
    database = str(settings.DATABASES["default"]["NAME"])
    arguments = [database, str(server.port), str(LEASE), at.isoformat(), str(time.time()), fault]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "tests.reminders.sender", *arguments], cwd=ROOT)

    def has_sent(sender: subprocess.Popen[bytes]) -> bool:
        return f"sender-{sender.pid}@example.com" in script.senders

    def unsent() -> int:
        return Reminder.objects.exclude(state=Reminder.State.SENT).count()

    dice = random.Random(1)
    effective = killed = 0
    began = told = time.monotonic()
    senders = [start() for _ in range(SENDERS)]
    ends: dict[int, float] = {}
    while effective < kills and unsent():
        for place, sender in enumerate(senders):
            if has_sent(sender):
                ends.setdefault(sender.pid, time.monotonic() + dice.uniform(0, LIFE))
            if sender.poll() is None and time.monotonic() < ends.get(sender.pid, float("inf")):
                continue
            effective += sender.poll() is None
            killed += sender.poll() is None
            sender.kill()
            sender.wait()
            senders[place] = start()
        if time.monotonic() - told > 15:
            told = time.monotonic()
            print(f"  {effective} kills, {unsent()} left, {told - began:.0f} s", flush=True)
        time.sleep(0.01)
    for sender in senders:  # the last ones die too: their leases have to end before the rest goes
        killed += sender.poll() is None
        sender.kill()
        sender.wait()
    last_kill = time.monotonic()
    script.wait_before = script.wait_after = 0.0
    leased = set(Reminder.objects.filter(state=Reminder.State.LEASED).values_list("pk", flat=True))
    senders = [start() for _ in range(2)]
    freed = 0.0
    while any(sender.poll() is None for sender in senders) and time.monotonic() - last_kill < 600:
        if not freed and not Reminder.objects.filter(pk__in=leased).exclude(state="sent").exists():
            freed = time.monotonic() - last_kill
        time.sleep(0.2)
    for sender in senders:
        sender.kill()
        sender.wait()
    server.stop()

    copies = Counter(re.search(rb"(?im)^Message-ID:\s*(\S+)", raw)[1] for raw in script.accepted)  # type: ignore[index]
    lost, twice = size - len(copies), sum(copies.values()) - len(copies)
    most, left = max(copies.values()), unsent()
    print(f"{size} reminders, {effective} effective kills of {killed}, {lost} lost, {twice} sent twice,")
    print(
        f"at most {most} copies, {left} not sent, {time.monotonic() - began:.0f} s; {len(leased)} rows that"
    )
    print(f"the last dead senders held were sent {freed:.1f} s after the last kill (lease {LEASE:.0f} s)")
    found = {
        f"only {effective} effective kills, {kills} are asked for": effective < kills,
        f"{lost} reminders were lost": lost > 0,
        f"{twice} were sent twice by {killed} killed senders": twice > killed,
        f"one was sent {most} times": most > 3,
        f"{left} are not marked as sent": left > 0,
    }
    return [what for what, is_true in found.items() if is_true]
