"""G8 at full size: two hundred uploads of 10 MB at once, and the memory that they take."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: MB that all of them together may take.
MOST = 150


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, default=200)


def run(options: argparse.Namespace) -> list[str]:
    """What is wrong: a file that was not taken, or memory that grew with their number."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.credentials.uploader", str(options.size)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    taken, grown = map(int, done.stdout.split())
    print(f"{taken} of {options.size} files taken, memory grew by {grown} MB")
    failures = [] if taken == options.size else [f"{options.size - taken} files were not taken"]
    return failures + ([f"memory grew by {grown} MB, more than {MOST}"] if grown > MOST else [])
