"""A sender in a process of its own, for ``test_kill``: delivers until nothing is left or it is killed.

Arguments: database, port of the mail server, seconds of lease, the moment at which the given epoch second
was, and ``planted`` for the fault that the gate must see: stamping before sending. Whoever sends signs with
the number of its process.
"""

import os
import sys
import time
from datetime import datetime, timedelta
from typing import Any


def main(database: str, port: str, lease: str, moment: str, epoch: str, fault: str = "") -> None:
    import django
    from django.conf import settings
    from django.db import connection

    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", int(port)
    settings.REMINDERS_FROM_EMAIL = f"sender-{os.getpid()}@example.com"
    django.setup()
    connection.settings_dict["NAME"] = database

    from courses.reminders import kinds
    from courses.reminders.delivery import deliver_due
    from courses.reminders.models import Reminder
    from tests.reminders.drill import Drill

    kinds.register(Drill())
    if fault == "planted":
        stamp_before_sending()
    while Reminder.objects.exclude(state=Reminder.State.SENT).exists():
        now = datetime.fromisoformat(moment) + timedelta(seconds=time.time() - float(epoch))
        deliver_due(at=now, limit=20, lease=timedelta(seconds=float(lease)))
        time.sleep(0.05)


def stamp_before_sending() -> None:
    """What many systems do: whoever dies now has lost the mail."""
    from courses.reminders import delivery, outbox

    write = delivery.write_letter

    def stamp_and_write(reminder: Any, revision: Any, *, at: datetime) -> Any:
        letter = write(reminder, revision, at=at)
        message_id = letter.extra_headers["Message-ID"]
        outbox.finish(reminder, state="sent", sent_at=at, message_id=message_id, template_revision=revision)
        return letter

    delivery.write_letter = stamp_and_write


if __name__ == "__main__":
    os.environ["TESTING"] = "1"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    main(*sys.argv[1:])
