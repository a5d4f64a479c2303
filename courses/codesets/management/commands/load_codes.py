"""``manage.py load_codes icd10cm [PATH] [--label … --effective …]``."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from courses.codesets.actions import Source, load_release, package_source
from courses.codesets.errors import LoadRefused
from courses.codesets.systems import System


class Command(BaseCommand):
    help = "Load a release of a code system; without PATH the ICD-10-CM list that comes with the portal."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("system", choices=System.values)
        parser.add_argument("path", nargs="?", type=Path)
        parser.add_argument("--label", help="its name, such as 'FY2027'")
        parser.add_argument("--effective", type=date.fromisoformat, help="first day, such as 2026-10-01")

    def handle(self, *args: Any, **options: Any) -> None:
        source = self.source(options)
        try:
            loaded = load_release(
                system=options["system"],
                label=options["label"] or source.label,
                effective_from=options["effective"] or source.effective_from,
                source_name=source.name,
                path=source.path,
                by=None,
                at=timezone.now(),
                report=self.reporter(options["verbosity"]),
            )
        except (LoadRefused, OSError) as refusal:
            raise CommandError(str(refusal)) from refusal
        counts = loaded.release.counts
        word = "Loaded" if loaded.created else "Already loaded:"
        self.stdout.write(
            f"{word} {loaded.release}: {counts['rows']:,} rows, {counts['billable']:,} billable codes."
        )

    def source(self, options: dict[str, Any]) -> Source:
        """The file named on the command line, or the package's."""
        path: Path | None = options["path"]
        if path is None:
            if options["system"] != System.ICD10CM:
                raise CommandError("Name the file: only ICD-10-CM comes with the portal.")
            return package_source()
        if not options["label"] or not options["effective"]:
            raise CommandError("Say what the file is with --label and --effective.")
        return Source(path, path.name, options["label"], options["effective"])

    def reporter(self, verbosity: int) -> Any:
        """Prints a line at every tenth of the way; nothing with ``--verbosity 0``."""
        shown = {"tenth": -1, "message": ""}

        def report(done: int, total: int | None, message: str) -> None:
            tenth = done * 10 // total if total else 0
            if verbosity and (tenth, message) != (shown["tenth"], shown["message"]):
                shown.update(tenth=tenth, message=message)
                self.stdout.write(f"{message}: {done:,} of {total:,}" if total and done else message)

        return report
