"""B6: rolling deploys while mail goes out: SIGTERM, ten seconds, SIGKILL, and the next version starts."""

import argparse
import random
import time
from datetime import UTC, datetime

from tests.soak.mailing import Workers, count, drill, mail_server, unsent, wait_for
from tests.soak.serving import DATABASES, on_each, parser_of_databases, scratch

#: Seconds that a deploy lets a worker end.
PATIENCE = 10.0
#: A mail server's pace, so that a deploy finds a worker in the middle of something.
PACE = 0.01


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, default=5_000, help="reminders")
    parser.add_argument("--deploys", type=int, default=100)
    parser_of_databases(parser)


def run(options: argparse.Namespace) -> list[str]:
    """What is wrong: a reminder lost, sent twice by a worker that had time to end, or not sent."""
    if options.database not in DATABASES:
        return on_each("both", "B6", ["--size", str(options.size), "--deploys", str(options.deploys)])
    with scratch(options.database) as folder, mail_server(wait_after=PACE) as script:
        at = datetime.now(UTC)
        # a part for each deploy, so that each meets a worker at work
        share = -(-options.size // options.deploys)
        dice, began = random.Random(1), time.monotonic()
        ended = busy = made = 0
        workers = Workers(folder, script.port)
        workers.start()
        for _ in range(options.deploys):
            drill(share, at=at, first=made)
            made += share
            before = len(script.accepted)
            wait_for(lambda before=before: len(script.accepted) > before, 120)
            time.sleep(dice.uniform(0, share * PACE))
            busy += unsent() > 0
            ended += workers.ask_to_end(PATIENCE)
            workers.start()
        rest = wait_for(lambda: not unsent(), 420)
        workers.kill()
        found = count(script)
    killed = options.deploys - ended
    print(f"{found.rows} reminders, {options.deploys} deploys, {busy} of them in the middle of mail:")
    print(
        f"{found.lost} lost, {found.twice} mails twice, {found.unsent} not sent, {killed} had to be killed;"
    )
    print(f"the rest went {rest:.0f} s after the last deploy; {time.monotonic() - began:.0f} s")
    wrong = {
        f"{found.lost} reminders were lost": found.lost > 0,
        f"{found.twice} were sent twice, {killed} workers were killed": found.twice > killed,
        f"{found.unsent} were not sent": found.unsent > 0,
        f"only {busy} deploys met a worker at work": busy < options.deploys / 2,
        f"{killed} workers did not end within {PATIENCE:.0f} s": killed > options.deploys / 10,
    }
    return [what for what, is_true in wrong.items() if is_true]
