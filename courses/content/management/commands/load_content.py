"""``manage.py load_content``: load the packs, or one of them."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from courses.content.deciding import Outcome
from courses.content.load import Summary, known_keys, load_pack
from courses.content.parse import read_pack
from courses.content.reading import PackError

PACKS = Path(__file__).resolve().parents[2] / "packs"


class Command(BaseCommand):
    """Loads content packs; harmless when repeated, and a pack with a mistake changes nothing."""

    help = "Load content packs: all under courses/content/packs, or the one at --pack."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--pack", type=Path, metavar="PATH", help="Folder of one pack.")

    def handle(self, *args: Any, pack: Path | None = None, **options: Any) -> None:
        folders = [pack] if pack else sorted(path.parent for path in PACKS.glob("*/pack.yaml"))
        for folder in folders:
            if not folder.is_dir():
                raise CommandError(f"{folder} is not a folder.")
            try:
                content = read_pack(folder, known=known_keys())
                summary = load_pack(pack=content, at=timezone.now())
            except PackError as error:
                for problem in error.problems:
                    self.stderr.write(str(problem))
                raise CommandError(
                    f"{folder.name}: {len(error.problems)} mistakes; nothing of this pack was loaded."
                ) from None
            self.report(f"{content.title} ({content.key})", summary)

    def report(self, title: str, summary: Summary) -> None:
        """A table of what became of the pack's parts, and notes under it."""
        width = max(map(len, summary.counts), default=0)
        self.stdout.write(f"{title}\n{'':{width}}" + "".join(f"  {outcome:>17}" for outcome in Outcome))
        for kind, counter in summary.counts.items():
            self.stdout.write(f"{kind:{width}}" + "".join(f"  {counter[outcome]:>17}" for outcome in Outcome))
        for note in summary.notes:
            self.stdout.write(note)
