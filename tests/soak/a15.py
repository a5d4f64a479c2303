"""A15 at full size: the rules of scoring over ten thousand generated attempts each."""

import argparse
import inspect
import os
import tempfile
import time


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, default=10_000, help="generated cases a rule")


def run(options: argparse.Namespace) -> list[str]:
    """What is wrong: the rule that a case broke."""
    with tempfile.TemporaryDirectory(prefix="crosswalk-soak-") as folder:
        os.environ |= {"TESTING": "1", "VAR": folder}
        import django
        from hypothesis import HealthCheck, settings

        django.setup()
        from tests.exams import test_scoring

        failures = []
        wanted = settings(
            max_examples=options.size, deadline=None, database=None, suppress_health_check=list(HealthCheck)
        )
        for name, rule in inspect.getmembers(test_scoring, inspect.isfunction):
            if not hasattr(rule, "hypothesis"):
                continue
            began = time.monotonic()
            try:
                wanted(rule)()
            except Exception as broken:  # whatever it is, the rule does not hold
                failures.append(f"{name}: {broken}")
            print(f"A15 {name}: {options.size} cases, {time.monotonic() - began:.0f} s", flush=True)
    return failures
