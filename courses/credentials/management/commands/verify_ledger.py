"""``manage.py verify_ledger [--files] [--root DAY=ROOT …]``."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from courses.credentials.actions.verifying import verify_ledgers
from courses.credentials.models import Ledger, LedgerLink


def noted_root(text: str) -> tuple[date, str]:
    """``2026-11-23=ab12…`` as the log has it."""
    day, _equals, root = text.partition("=")
    try:
        return date.fromisoformat(day), root.strip().lower()
    except ValueError:
        raise ArgumentTypeError("write DAY=ROOT, such as 2026-11-23=5f1c…") from None


class Command(BaseCommand):
    help = (
        "Check the hash chains of all ledgers and the daily anchors. Names every row that is not as it was "
        "written, and ends with 1 when there is one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--files", action="store_true", help="read and hash the files of evidence too")
        parser.add_argument(
            "--root",
            action="append",
            default=[],
            type=noted_root,
            metavar="DAY=ROOT",
            help="a root from a log that is kept elsewhere (event ledgers_anchored); may be repeated",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        number = 0
        for finding in verify_ledgers(files=options["files"], roots=dict(options["root"])):
            self.stdout.write(str(finding))
            number += 1
        if number:
            raise CommandError(f"{number} found. The ledger is not as it was written.", returncode=1)
        ledgers, links = Ledger.objects.count(), LedgerLink.objects.count()
        self.stdout.write(f"{ledgers} ledgers with {links} links are as they were written.")
