"""C2 at full size: three planners for a year, killed, suspended, with clocks that jump."""

import argparse
import os
import tempfile
import time
from datetime import timedelta
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--days", type=int, default=365, help="days, a second each")
    parser.add_argument("--kills", type=int, default=300, help="kills, and as many planners are suspended")
    faults = ["", "without-day", "with-planner"]
    parser.add_argument("--fault", choices=faults, default="", help="a planted one, to see the gate turn red")


def run(options: argparse.Namespace) -> list[str]:
    """What is wrong: reminders missing, planned twice, too early, or later than nobody planned."""
    with tempfile.TemporaryDirectory(prefix="crosswalk-soak-") as folder:
        os.environ |= {"TESTING": "1", "VAR": folder}
        import django

        django.setup()
        return _run(options.days, options.kills, options.fault, Path(folder))


def _run(days: int, kills: int, fault: str, folder: Path) -> list[str]:
    from django.core.management import call_command

    from courses.reminders import kinds
    from tests.reminders.clockwork import Daily, populate
    from tests.reminders.planners import FIRST, HORIZON, judge, play

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    kind, began = Daily(), time.monotonic()
    kinds.register(kind)
    people = populate(kind, FIRST - timedelta(days=2), days + 6, only_changes=False)
    played = play(kind, days=days, kills=kills, log=folder / "runs", fault=fault)
    found = judge(kind, people, days, played.runs)
    print(f"{len(people)} people in 30 zones, {days} days, {len(played.runs)} runs of 3 planners,")
    print(f"{played.effective} effective kills of {played.kills}, {played.suspended} suspended:")
    print(f"{found.missing} missing and {found.twice} twice of {found.expected}, {found.early} early,")
    print(f"{found.late} late at most ({found.latest}); nobody planned for {found.away} at most;", end=" ")
    print(f"{time.monotonic() - began:.0f} s")
    wrong = {
        f"only {played.effective} effective kills of {kills}": played.effective < 0.9 * kills,
        f"{found.missing} are missing": found.missing > 0,
        f"{found.twice} were planned twice": found.twice > 0,
        f"{found.early} would go too early": found.early > 0,
        f"one was {found.late} late": found.late > found.away + timedelta(hours=2) + HORIZON,
    }
    return [what for what, is_true in wrong.items() if is_true]
