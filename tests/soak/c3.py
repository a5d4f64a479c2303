"""C3 at full size: generated histories of one person, each with planner and delivery running."""

import argparse
import os
import tempfile
import time


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, default=5_000, help="histories")


def run(options: argparse.Namespace) -> list[str]:
    """What is wrong: the history in which something was told twice, or not at all."""
    with tempfile.TemporaryDirectory(prefix="crosswalk-soak-") as folder:
        os.environ |= {"TESTING": "1", "VAR": folder}
        import django

        django.setup()
        return _run(options.size)


def _run(size: int) -> list[str]:
    from django.conf import settings as project
    from django.core import mail
    from django.core.management import call_command
    from hypothesis import HealthCheck, settings

    from courses.reminders import kinds
    from tests.reminders import test_histories
    from tests.reminders.drill import Drill, publish_template
    from tests.worlds import make_person

    project.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []  # type: ignore[attr-defined]  # as Django's test runner does
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    drill, person = Drill(), make_person("sam@example.com")
    kinds._kinds.clear()
    kinds.register(drill)
    publish_template(drill.key)
    wanted = settings(
        max_examples=size, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    failures = []
    for rule, more in (
        (test_histories.test_whatever_moves_no_purpose_and_date_is_told_twice, {"mailoutbox": mail.outbox}),
        (test_histories.test_moves_of_zone_and_hour_take_nothing_away, {}),
    ):
        began = time.monotonic()
        try:
            wanted(rule)(drill=drill, student=person, **more)
        except Exception as broken:  # whatever it is, the rule does not hold
            failures.append(f"{rule.__name__}: {broken}")
        print(f"C3 {rule.__name__}: {size} histories, {time.monotonic() - began:.0f} s", flush=True)
    return failures
