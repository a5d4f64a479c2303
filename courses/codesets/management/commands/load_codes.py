"""``manage.py load_codes FORMAT [PATH] [--label … --effective …]``."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from courses.codesets.actions import Source, load_release, package_source
from courses.codesets.errors import LoadRefused
from courses.codesets.official import FORMATS
from courses.codesets.systems import System
from courses.jobs.kinds import Report

#: What the official zips are named after; each is short for one of ``FORMATS``.
SHORT = {System.ICD10CM.value: "icd10cm-tabular", System.ICD10PCS.value: "icd10pcs-order"}


class Command(BaseCommand):
    help = (
        "Load an official code file; `icd10cm` without PATH is the tabular list that comes with the portal."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = "\n".join(f"{name:22} {form.title}" for name, form in FORMATS.items())
        parser.add_argument("format", choices=[*SHORT, *FORMATS], metavar="FORMAT")
        parser.add_argument("path", nargs="?", type=Path, help="the file, or the official zip as published")
        parser.add_argument("--label", help="its name, such as 'FY2027'")
        parser.add_argument("--effective", type=date.fromisoformat, help="first day, such as 2026-10-01")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            loaded = load_release(
                source=self.source(options),
                by=None,
                at=timezone.now(),
                report=self.reporter(options["verbosity"]),
            )
        except (LoadRefused, OSError) as refusal:
            raise CommandError(str(refusal)) from refusal
        word = "Loaded" if loaded.created else "Already loaded:"
        counts = ", ".join(
            f"{n:,} {name.replace('_', ' ')}" for name, n in loaded.release.counts.items() if n
        )
        self.stdout.write(f"{word} {loaded.release}: {counts}.")

    def source(self, options: dict[str, Any]) -> Source:
        """The file named on the command line, or the package's."""
        name = SHORT.get(options["format"], options["format"])
        path: Path | None = options["path"]
        if path is None:
            own = package_source()
            if name != own.format:
                raise CommandError("Name the file: only the ICD-10-CM tabular list comes with the portal.")
            return own
        if not options["label"] or not options["effective"]:
            raise CommandError("Say what the file is with --label and --effective.")
        return Source(name, path, path.name, options["label"], options["effective"])

    def reporter(self, verbosity: int) -> Report:
        """Prints a line at every tenth of the way; nothing with ``--verbosity 0``."""
        shown: dict[str, Any] = {"tenth": -1, "message": ""}

        def report(done: int, total: int | None, message: str) -> None:
            tenth = done * 10 // total if total else 0
            if verbosity and (tenth, message) != (shown["tenth"], shown["message"]):
                shown.update(tenth=tenth, message=message)
                self.stdout.write(f"{message}: {done:,} of {total:,}" if total and done else message)

        return report
