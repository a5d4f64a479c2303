"""D1 at full size: sixteen people write at once to a real demo on SQLite."""

import argparse
import statistics
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from portal.pages.demo import DEMO_PASSWORD, DEMO_PEOPLE
from tests.e2e.conftest import start_demo
from tests.e2e.test_under_attack import Session

LESSON = "/courses/what-coders-do/a-day-of-coding-work/"
LOGIN = "/account/login/"
#: Seconds that 99 of 100 steps may take at most: the page with the form, the write, the page after it.
SLOWEST = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--writers", type=int, default=16)


def run(options: argparse.Namespace) -> list[str]:
    """What is wrong: an answer that is no page, a locked database in the log, writes that take too long."""
    address = next(person.email for person in DEMO_PEOPLE if "student" in person.email)
    with tempfile.TemporaryDirectory(prefix="crosswalk-soak-") as folder:
        demo = start_demo(Path(folder) / "var")
        try:
            sessions = [Session(demo.url) for _ in range(options.writers)]
            for session in sessions:
                session.post(LOGIN, LOGIN, login=address, password=DEMO_PASSWORD)
            end = time.monotonic() + options.seconds

            def write(pair: tuple[int, Session]) -> list[tuple[int, float]]:
                number, session = pair
                found, turn = [], 0
                while time.monotonic() < end:
                    turn += 1
                    began = time.monotonic()
                    if turn % 3:  # one of three is a reader beside the writers
                        status = session.post(f"{LESSON}note/", LESSON, text=f"note {number}.{turn}")[0]
                    else:
                        status = session.get("/today/")[0]
                    found.append((status, time.monotonic() - began))
                return found

            with ThreadPoolExecutor(options.writers) as pool:
                answers = [one for found in pool.map(write, enumerate(sessions)) for one in found]
        finally:
            demo.stop()
        locked = demo.log.read_text().count("database is locked")
    statuses = Counter(status for status, _ in answers)
    p99 = statistics.quantiles([seconds for _, seconds in answers], n=100)[98]
    print(f"{len(answers)} steps by {options.writers} people: {dict(statuses)}, p99 {p99:.2f} s,")
    print(f"{locked} locked databases (a step is a page, the write and the page after it)")
    found = {
        f"answers that are no page: {dict(statuses)}": set(statuses) != {200},
        f"{locked} times the log says that the database is locked": locked > 0,
        f"p99 is {p99:.2f} s, {SLOWEST:.0f} s is allowed": p99 > SLOWEST,
    }
    return [what for what, is_true in found.items() if is_true]
