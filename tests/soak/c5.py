"""C5 and I3 at full size: boundaries of cycles, totals and the giving of CEUs over generated histories."""

import argparse
import inspect
import os
import tempfile
import time


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, default=10_000, help="generated cases a rule")
    parser.add_argument("--only", default="", help="rules whose name holds this")


def run(options: argparse.Namespace) -> list[str]:
    """What is wrong: the rule that a case broke."""
    with tempfile.TemporaryDirectory(prefix="crosswalk-soak-") as folder:
        os.environ |= {"TESTING": "1", "VAR": folder}
        import django
        from hypothesis import HealthCheck, settings

        django.setup()
        from tests.credentials import test_allocating, test_cycles, test_pace, test_rules, test_standing

        failures = []
        wanted = settings(
            max_examples=options.size, deadline=None, database=None, suppress_health_check=list(HealthCheck)
        )
        for module in (test_cycles, test_rules, test_standing, test_allocating, test_pace):
            for name, rule in inspect.getmembers(module, inspect.isfunction):
                if not hasattr(rule, "hypothesis") or options.only not in name:
                    continue
                began = time.monotonic()
                try:
                    wanted(rule)()
                except Exception as broken:  # whatever it is, the rule does not hold
                    failures.append(f"{name}: {broken}")
                print(f"C5 {name}: {options.size} cases, {time.monotonic() - began:.0f} s", flush=True)
    return failures
