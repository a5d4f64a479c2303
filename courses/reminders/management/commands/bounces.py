"""What came back to the mailbox that reminders are sent from."""

import sys
from collections import Counter
from contextlib import nullcontext
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from courses.reminders.actions import record_returned
from courses.reminders.bounces import mails_in, read_report

#: In the order in which they are said.
SAID = {
    "bounced": "addresses at fault, which take no mail from now on",
    "refused": "refused for another reason",
    "deferred": "delayed or not for good",
    "known": "known before",
    "other": "about a mail that arrived or was passed on",
    "foreign": "not about a mail of ours to that address",
    "none": "mails that are no report",
}


class Command(BaseCommand):
    help = "Read returned mails (an mbox or one .eml) and suppress the addresses that do not exist."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="An mbox or an .eml; - reads standard input.")
        parser.add_argument("--dry-run", action="store_true", help="Change nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        name, at = options["file"], timezone.now()
        try:
            opened: Any = nullcontext(sys.stdin.buffer) if name == "-" else open(name, "rb")  # noqa: SIM115  # below
        except OSError as error:
            raise CommandError(f"{name} cannot be read: {error.strerror}.") from None
        with opened as file, transaction.atomic() if options["dry_run"] else nullcontext():
            counted = self._read(file, at)
            if options["dry_run"]:
                transaction.set_rollback(True)
        self.stdout.write("Dry run: nothing was changed." if options["dry_run"] else "Done.")
        for key, words in SAID.items():
            self.stdout.write(f"{counted[key]:6} {words}")

    def _read(self, file: BinaryIO, at: Any) -> Counter[str]:
        counted: Counter[str] = Counter()
        for mail in mails_in(file):
            report = read_report(mail)
            if report is None:
                counted["none"] += 1
            else:
                counted += record_returned(returned=report, at=at)
        return counted
