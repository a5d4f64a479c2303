"""One long fault gate at full size: ``make soak GATE=B1``; smaller: ``GATE="B1 --size 200 --kills 8"``.

Prints what it counted and ends with 1 when the gate is red. Never part of the suite: it takes minutes.
"""

import argparse
import importlib
import os
import sys

#: Gate of docs and RELIABILITY -> what it shows.
GATES = {
    "A1": "a thousand submits at once give one result; five hundred people start one exam at once",
    "A4": "killed web servers and a crashing PostgreSQL lose no answer that was acknowledged",
    "A6": "forty browsers without a network whose renderers are killed lose no answer",
    "A9": "ten thousand overdue attempts are closed once each by sweepers that are killed",
    "A15": "ten thousand generated attempts keep the rules of scoring",
    "B1": "senders killed in the middle of their work lose no reminder (10,000 reminders, 200 kills)",
    "B3": "a broker stopped for a minute, killed and emptied costs no mail and no page",
    "B4": "a line to the broker that is cut, left half open or swallowed holds no work up, without a restart",
    "B5": "tasks that the broker gives out a second time send each mail once",
    "B6": "a hundred rolling deploys (SIGTERM, ten seconds, SIGKILL) lose no mail",
    "C1": "thirty zones in two years: each reminder at its local hour once, through each change of clocks",
    "C2": "three planners that die, sleep and whose clocks jump plan a year of thirty zones once",
    "C3": "five thousand histories of moved deadlines, zones, hours and clocks: each reminder at most once",
    "C5": "ten thousand generated days and histories each keep the bounds and totals of CE cycles (with I3)",
    "D1": "sixteen people who write for a minute never see a locked SQLite",
    "G6": "ten thousand damaged code files are refused or loaded, never half of one",
    "G8": "two hundred files of 10 MB at once take no more memory than a few",
    "I1": "fifty completed courses, each awarded by twenty requests at once, earn one award each",
    "I2": "a thousand values of the ledger, changed behind the portal's back, are all named",
    "I5": "ten thousand changed certificates never verify; five hundred papers have their facts (with I4)",
}


def main(arguments: list[str]) -> int:
    """Run the gate that the first word names."""
    if not arguments or arguments[0].upper() not in GATES:
        print("Which gate? make soak GATE=name, one of:", file=sys.stderr)
        for name, meaning in GATES.items():
            print(f"  {name}  {meaning}", file=sys.stderr)
        return 2
    gate = importlib.import_module(f"tests.soak.{arguments[0].lower()}")
    parser = argparse.ArgumentParser(prog=f"make soak GATE={arguments[0].upper()}")
    gate.add_arguments(parser)
    failures: list[str] = gate.run(parser.parse_args(arguments[1:]))
    for failure in failures:
        print(f"RED: {failure}")
    print("red" if failures else "green")
    return bool(failures)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    sys.exit(main(sys.argv[1:]))
