"""Whether the mail server can be reached: while the gate is closed nobody knocks, and no attempt is used up.

One row says so to all senders. Closed, it opens for one sender's try after 15 seconds, then after 30, and so
on up to two minutes; the first message that the server answers opens it for everybody.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F

from courses.reminders.models import MailGate

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(minutes=2)


@dataclass(frozen=True)
class Gate:
    """How one sender found the gate: open, closed, or closed until now and theirs to try."""

    is_closed: bool = False
    #: Failures in a row so far; none where it stood open.
    failures: int = 0

    @property
    def is_trial(self) -> bool:
        return not self.is_closed and self.failures > 0


def ask(*, at: datetime) -> Gate:
    """Whether a sender may speak to the mail server ``at``; of those who ask after a wait, one may."""
    row = MailGate.objects.first()
    if row is None:
        return Gate()
    if row.closed_until > at:
        return Gate(is_closed=True, failures=row.failures)
    # whoever moves the moment has the trial; if that sender dies, the next one has it soon
    is_mine = MailGate.objects.filter(pk=row.pk, closed_until=row.closed_until).update(
        closed_until=at + FIRST_WAIT
    )
    return Gate(is_closed=not is_mine, failures=row.failures)


def close(gate: Gate, *, error: str, at: datetime) -> None:
    """Nobody could speak to the server: close the gate, for longer after each failed trial."""
    if gate.is_trial:
        MailGate.objects.filter(failures=gate.failures).update(
            failures=F("failures") + 1, closed_until=at + _wait(gate.failures + 1), error=error[:200]
        )
        return
    # where several senders find out at once, the first one closes it
    row = MailGate(failures=1, closed_until=at + _wait(1), closed_at=at, error=error[:200])
    MailGate.objects.bulk_create([row], ignore_conflicts=True)


def open_again(gate: Gate) -> Gate:
    """The server answered a message: open the gate for everybody."""
    if gate.is_trial:
        MailGate.objects.all().delete()
    return Gate()


def _wait(failures: int) -> timedelta:
    return min(FIRST_WAIT * (1 << min(failures - 1, 10)), LONGEST_WAIT)
