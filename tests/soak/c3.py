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
    from hypothesis import HealthCheck, given, settings

    from courses.reminders import kinds
    from tests.reminders.drill import Drill, publish_template
    from tests.reminders.histories import EVENTS, QUIET_EVENTS, Event
    from tests.reminders.test_histories import check_nothing_is_lost, check_told_once
    from tests.worlds import make_person

    project.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []  # type: ignore[attr-defined]  # as Django's test runner does
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    drill, person = Drill(), make_person("sam@example.com")
    kinds._kinds.clear()
    kinds.register(drill)
    publish_template(drill.key)

    @given(history=EVENTS)
    def nothing_is_told_twice(history: list[Event]) -> None:
        check_told_once(history, drill, person, mail.outbox)

    @given(history=QUIET_EVENTS)
    def nothing_is_lost(history: list[Event]) -> None:
        check_nothing_is_lost(history, drill, person)

    failures = []
    for rule in (nothing_is_told_twice, nothing_is_lost):
        began = time.monotonic()
        try:
            settings(
                max_examples=size, deadline=None, database=None, suppress_health_check=list(HealthCheck)
            )(rule)()
        except Exception as broken:  # whatever it is, the rule does not hold
            failures.append(f"{rule.__name__}: {broken}")
        print(f"C3 {rule.__name__}: {size} histories, {time.monotonic() - began:.0f} s", flush=True)
    return failures
