"""A sender in a process of its own, for the tests and gates of kills: delivers until nothing is left.

A gate starts it as a program with the port of the mail server, seconds of lease, the moment at which the
given epoch second was, and what is special; the database is that of the settings. A test forks it.

Special is ``planted``: the fault that the gates must see, stamping before sending. Or subjects over which
the process dies, raises or takes its time: ``deadly:a,b/poisoned:c/slow:d``. Whoever sends signs with the
number of its process. SIGTERM ends it as it ends a worker.
"""

import os
import signal
import sys
import time
from datetime import datetime, timedelta
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from typing import Any

#: Seconds that a slow text takes.
SLOW = 1.5


def deliver_until_done(*, lease: float, moment: str, epoch: float, special: str = "") -> None:
    """Be a sender until nothing waits any more or somebody asks to end."""
    from django.conf import settings

    from courses.reminders import kinds
    from courses.reminders.delivery import deliver_due
    from courses.reminders.models import Reminder
    from portal.lib.stopping import ask_to_stop, is_stopping
    from tests.reminders.drill import Drill

    settings.REMINDERS_FROM_EMAIL = f"sender-{os.getpid()}@example.com"
    signal.signal(signal.SIGTERM, ask_to_stop)
    drill = Drill()
    for part in special.split("/"):
        name, _colon, subjects = part.partition(":")
        if name == "planted":
            stamp_before_sending()
        elif name == "slow":
            drill.hangs = dict.fromkeys(subjects.split(","), SLOW)
        elif subjects:
            getattr(drill, name).update(subjects.split(","))
    kinds.register(drill)
    waiting = Reminder.objects.filter(state__in=(Reminder.State.PLANNED, Reminder.State.LEASED))
    while waiting.exists() and not is_stopping():
        now = datetime.fromisoformat(moment) + timedelta(seconds=time.time() - epoch)
        deliver_due(at=now, limit=20, lease=timedelta(seconds=lease), is_over=is_stopping)
        time.sleep(0.05)


def forked(*, lease: float, at: datetime, epoch: float, special: str = "") -> ForkProcess:
    """A sender as a copy of this process: it begins at once."""
    from django.db import connections

    from portal.lib import stopping

    def run() -> None:
        stopping._is_stopping = stopping.RawValue("b", 0)  # its own: senders are asked one by one
        deliver_until_done(lease=lease, moment=at.isoformat(), epoch=epoch, special=special)

    connections.close_all()  # no connection may be in two processes
    process = get_context("fork").Process(target=run)
    process.start()
    return process


def stamp_before_sending() -> None:
    """What many systems do: whoever dies now has lost the mail."""
    from courses.reminders import delivery, outbox

    write = delivery.write_letter

    def stamp_and_write(parts: Any, *, at: datetime) -> Any:
        letter = write(parts, at=at)
        outbox.stamp(parts, message_id=letter.extra_headers["Message-ID"], at=at)
        return letter

    delivery.write_letter = stamp_and_write


def main(port: str, lease: str, moment: str, epoch: str, special: str = "") -> None:
    import django
    from django.conf import settings

    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", int(port)
    django.setup()
    deliver_until_done(lease=float(lease), moment=moment, epoch=float(epoch), special=special)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    main(*sys.argv[1:])
