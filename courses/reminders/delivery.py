"""Sending what is due. Nothing here holds a transaction while the mail server is spoken to.

At least once: a sender killed between the server's "250" and the stamp leaves a row that goes again under
the same Message-ID; everything else goes exactly once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from courses.reminders import kinds, outbox
from courses.reminders.actions import suppress_address
from courses.reminders.addresses import address_digest, message_id
from courses.reminders.letters import Part, write_letter
from courses.reminders.mailer import LineBroken, MailServer, Refused, ServerAway, TryLater
from courses.reminders.models import Reason, Reminder
from courses.reminders.queries import Facts, facts_about, judge
from courses.reminders.timing import MAX_ATTEMPTS, backoff
from portal.lib.logs import without_personal_data

logger = structlog.get_logger(__name__)


@dataclass
class Delivered:
    """What a run of delivery did. ``lost`` counts rows whose lease ended before they were stamped."""

    sent: int = 0
    cancelled: int = 0
    postponed: int = 0
    retried: int = 0
    failed: int = 0
    lost: int = 0
    is_paused: bool = False

    @property
    def claimed(self) -> int:
        """How many rows were taken and dealt with."""
        return self.sent + self.cancelled + self.postponed + self.retried + self.failed + self.lost


def deliver_due(*, at: datetime, limit: int = 100, lease: timedelta = outbox.LEASE) -> Delivered:
    """Send what is due ``at``, about ``limit`` rows at most of those never tried and of those tried.

    Any number of senders may run at once. Where the mail server is away nothing is claimed, so no attempt is
    used up, and the next run tries the door again.
    """
    result = Delivered()
    outbox.take_back_expired(at=at)
    if not Reminder.objects.due(at).exists():
        return result
    try:
        with MailServer() as server:
            for batch in _claims(at=at, limit=limit, lease=lease):
                _deliver_batch(batch, server, result, at=at)
    except ServerAway as error:
        result.is_paused = True
        logger.warning("mail server away", error=_redacted(error))
    return result


def _claims(*, at: datetime, limit: int, lease: timedelta) -> Iterator[list[Reminder]]:
    for tried in (False, True):
        left = limit
        while left > 0 and (batch := outbox.claim(at=at, lease=lease, tried=tried)):
            left -= len(batch)
            yield batch


def _deliver_batch(batch: list[Reminder], server: MailServer, result: Delivered, *, at: datetime) -> None:
    facts = facts_about(batch, at=at)
    for position, reminder in enumerate(batch):
        try:
            outcome = _deliver(reminder, facts, server, at=at)
        except LineBroken as error:
            outcome = _try_later(reminder, error, at=at)
            _count(result, reminder, outcome)
            try:
                server.reopen()
            except ServerAway:
                outbox.release(batch[position + 1 :])
                raise
            continue
        except ServerAway:
            outbox.release(batch[position:])
            raise
        except Exception as error:  # a poisoned row must not block the others; it fails after its attempts
            outcome = _try_later(reminder, error, at=at)
        _count(result, reminder, outcome)


def _deliver(reminder: Reminder, facts: Facts, server: MailServer, *, at: datetime) -> str:
    """Send one or say why not; returns the name of what happened, a field of ``Delivered``."""
    verdict = judge(reminder, facts, at=at)
    if verdict.reason is not None:
        if verdict.until is not None:
            is_ours = outbox.postpone(reminder, until=verdict.until, reason=verdict.reason)
            return "postponed" if is_ours else "lost"
        is_ours = outbox.finish(reminder, state=Reminder.State.CANCELLED, reason=verdict.reason)
        return "cancelled" if is_ours else "lost"
    revision = facts.templates[reminder.kind]
    values = kinds.get(reminder.kind).context(reminder, facts.about[reminder.pk], at=at)
    message = write_letter([Part(reminder, revision, values)], at=at)
    try:
        server.send(message)
    except Refused as error:
        if error.is_address_bad:
            suppress_address(email=reminder.user.email, reason=_redacted(error), at=at)
            facts.suppressed.add(address_digest(reminder.user.email))
        is_ours = outbox.finish(
            reminder, state=Reminder.State.FAILED, reason=Reason.REFUSED, last_error=_redacted(error)
        )
        return "failed" if is_ours else "lost"
    is_ours = outbox.finish(
        reminder,
        state=Reminder.State.SENT,
        sent_at=at,
        message_id=message_id([reminder.key]),
        template_revision=revision,
        reason="",
        last_error="",
    )
    return "sent" if is_ours else "lost"


def _try_later(reminder: Reminder, error: Exception, *, at: datetime) -> str:
    words = _redacted(error)
    if reminder.attempts >= MAX_ATTEMPTS:
        is_ours = outbox.finish(
            reminder, state=Reminder.State.FAILED, reason=Reason.EXHAUSTED, last_error=words
        )
        logger.error("reminder failed", reminder=reminder.pk, kind=reminder.kind, error=words)
        return "failed" if is_ours else "lost"
    is_ours = outbox.finish(
        reminder,
        state=Reminder.State.PLANNED,
        not_before=at + backoff(reminder.attempts),
        last_error=words,
    )
    return "retried" if is_ours else "lost"


def _count(result: Delivered, reminder: Reminder, outcome: str) -> None:
    setattr(result, outcome, getattr(result, outcome) + 1)
    if outcome == "lost":  # another sender may have sent it as well
        logger.warning("lease lost", reminder=reminder.pk, kind=reminder.kind)


def _redacted(error: Exception) -> str:
    """The error in 200 characters, without addresses."""
    words = (
        str(error)
        if isinstance(error, TryLater | Refused | ServerAway)
        else f"{type(error).__name__}: {error}"
    )
    return str(without_personal_data(None, "", {"error": words})["error"])[:200]
