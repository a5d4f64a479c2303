"""Lets the workers of a gate know the drill kind, whose deadlines stand."""

import os
import time
from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from tests.reminders.drill import Drill


def standing() -> "Drill":
    """The drill kind whose reminders are never planned here and always true."""
    from tests.reminders.drill import Drill

    class Standing(Drill):
        def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
            return dict.fromkeys(subjects, date(2026, 11, 30))

    return Standing()


class Drilling(AppConfig):
    """Registers the kind; where the gate says so, each drain takes some seconds."""

    name = "tests.soak"
    label = "soak"

    def ready(self) -> None:
        from courses.reminders import delivery, kinds

        kinds.register(standing())
        if pause := float(os.environ.get("SOAK_SLOW_DRAIN", 0)):
            fill = delivery._Run.fill_inboxes

            def slowly(run: delivery._Run) -> None:
                time.sleep(pause)
                fill(run)

            delivery._Run.fill_inboxes = slowly  # type: ignore[method-assign]
