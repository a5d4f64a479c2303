"""C1 at full size: two years of local hours in thirty zones, through the planner and delivery."""

import argparse
import os
import tempfile
import time
from datetime import date, datetime


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--days", type=int, default=730, help="days from 1 January 2026 on")


def run(options: argparse.Namespace) -> list[str]:
    """What is wrong: reminders missing, double, early or late."""
    with tempfile.TemporaryDirectory(prefix="crosswalk-soak-") as folder:
        os.environ |= {"TESTING": "1", "VAR": folder}
        import django

        django.setup()
        return _run(options.days)


def _run(days: int) -> list[str]:
    from django.conf import settings
    from django.core.management import call_command

    from courses.reminders import kinds
    from tests.reminders.clockwork import Daily, play_days, populate, wrong
    from tests.reminders.drill import publish_template

    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"  # what counts are the stamps
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    kind = Daily()
    kinds._kinds.clear()
    kinds.register(kind)
    publish_template(kind.key)
    first, began = date(2026, 1, 1), time.monotonic()
    people = populate(kind, first, days, only_changes=False)
    told = began

    def tell(at: datetime, sent: int) -> None:
        nonlocal told
        if time.monotonic() - told > 15:
            told = time.monotonic()
            print(f"  {at:%Y-%m-%d}, {sent} sent, {told - began:.0f} s", flush=True)

    sent = play_days(first, days, tell)
    found = wrong(kind, people, first, days)
    print(f"{len(people)} people in 30 zones, {days} days: {sent} sent of {len(people) * days},")
    print(f"{len(found)} missing, double, early or late, {time.monotonic() - began:.0f} s")
    return found[:20]
