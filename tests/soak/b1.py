"""B1 at full size: senders are killed again and again while they deliver to a real mail server."""

import argparse
import random
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.soak.mailing import count, drill, mail_server, unsent
from tests.soak.serving import DATABASES, on_each, parser_of_databases, scratch

ROOT = Path(__file__).resolve().parents[2]
LEASE = 5.0
SENDERS = 4
#: Seconds that a sender may live after its first mail.
LIFE = 0.5
#: A mail server's pace, so that a kill finds a sender in the middle of something.
PACE = 0.005
AT = datetime(2026, 11, 23, 15, tzinfo=UTC)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, default=10_000, help="reminders")
    parser.add_argument("--kills", type=int, default=200, help="kills of a sender that had sent something")
    parser.add_argument("--fault", choices=["", "planted"], default="", help="planted: stamp before sending")
    parser_of_databases(parser)


def run(options: argparse.Namespace) -> list[str]:
    """What is wrong: lost reminders, too many copies, too slow an end."""
    if options.database not in DATABASES:
        rest = ["--size", str(options.size), "--kills", str(options.kills), "--fault", options.fault]
        return on_each("both", "B1", rest)
    with scratch(options.database), mail_server(wait_before=PACE, wait_after=PACE) as script:
        return _run(options.size, options.kills, options.fault, script)


def _run(size: int, kills: int, fault: str, script: Any) -> list[str]:
    from courses.reminders.models import Reminder

    drill(size, at=AT)
    arguments = [str(script.port), str(LEASE), AT.isoformat(), str(time.time()), fault]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "tests.reminders.sender", *arguments], cwd=ROOT)

    def has_sent(sender: subprocess.Popen[bytes]) -> bool:
        return f"sender-{sender.pid}@example.com" in script.senders

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

    found = count(script)
    print(f"{found.rows} reminders, {effective} effective kills of {killed}, {found.lost} lost,")
    print(f"{found.twice} mails twice, at most {found.most} copies, {found.unsent} not sent,")
    print(f"{time.monotonic() - began:.0f} s; {len(leased)} rows that the last dead senders held")
    print(f"were sent {freed:.1f} s after the last kill (lease {LEASE:.0f} s)")
    wrong = {
        f"only {effective} effective kills, {kills} are asked for": effective < kills,
        f"{found.lost} reminders were lost": found.lost > 0,
        f"{found.twice} were sent twice by {killed} killed senders": found.twice > killed,
        f"one was sent {found.most} times": found.most > 3,
        f"{found.unsent} are not marked as sent": found.unsent > 0,
    }
    return [what for what, is_true in wrong.items() if is_true]
