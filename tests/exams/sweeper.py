"""A sweeper in a process of its own, for the gate A9: sweeps until nothing is overdue or it is killed.

Arguments: the moment of the sweep, and ``planted`` for the fault that the gate must see: closing first, and
scoring in a transaction of its own.
"""

import os
import sys
import time
from datetime import datetime


def main(moment: str, fault: str = "") -> None:
    import django

    django.setup()
    from courses.exams.actions import finishing
    from courses.exams.models import Attempt

    at = datetime.fromisoformat(moment)
    if fault == "planted":
        # what a background job would do: the attempt is closed, its result comes later
        finishing._close = finishing._close.__wrapped__  # type: ignore[attr-defined]
        read = finishing.answered

        def read_slowly(attempt_id: int) -> list[finishing.Answered]:
            time.sleep(0.2)
            return read(attempt_id)

        finishing.answered = read_slowly
    while Attempt.objects.overdue(at).exists():
        finishing.sweep_overdue(at=at, limit=50)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    main(*sys.argv[1:])
