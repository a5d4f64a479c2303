"""``manage.py index_codes [--anew]``."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from courses.codesets.actions import build_missing_indexes


class Command(BaseCommand):
    help = "Build the index of the look-up for every code list that has none this version can read."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--anew", action="store_true", help="build all of them anew")

    def handle(self, *args: Any, **options: Any) -> None:
        def report(done: int, total: int | None, message: str) -> None:
            self.stdout.write(message)

        built = build_missing_indexes(at=timezone.now(), report=report, anew=options["anew"])
        self.stdout.write(f"Built {built}.")
