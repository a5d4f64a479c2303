"""What became of mails after they left us: told by a mail service or by mails that came back."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.db import transaction

from accounts.models import User
from courses.reminders.actions.suppression import suppress_address, turn_off_mail
from courses.reminders.addresses import address_digest
from courses.reminders.bounces import Returned, is_address_at_fault
from courses.reminders.models import MailEvent, Reminder, Suppression

#: What suppresses an address, and what is known by it.
_AGAINST = {
    MailEvent.What.BOUNCED: Suppression.Source.BOUNCE,
    MailEvent.What.COMPLAINED: Suppression.Source.COMPLAINT,
}


@dataclass(frozen=True)
class Told:
    """One event, believed: its sender proved who it is, or the returned mail is one of ours."""

    event_id: str
    what: str
    email: str
    happened_at: datetime
    message_id: str = ""
    detail: str = ""


@transaction.atomic
def record_events(*, events: Iterable[Told], at: datetime) -> int:
    """Write down each event once and draw its consequence; returns how many were new.

    The same events in any order, any number of times, end in the same state: what suppresses is the newest
    moment that speaks against an address, and wishes that a person stated later stay.
    """
    told = {one.event_id: one for one in events}
    known = set(MailEvent.objects.filter(event_id__in=told).values_list("event_id", flat=True))
    new = [one for key, one in told.items() if key not in known]
    MailEvent.objects.bulk_create(
        [
            MailEvent(
                event_id=one.event_id,
                what=one.what,
                message_id=one.message_id[:255],
                email_hmac=address_digest(one.email),
                detail=one.detail[:200],
                happened_at=min(one.happened_at, at),
                received_at=at,
            )
            for one in new
        ],
        ignore_conflicts=True,  # told twice at once: both draw the same consequence
    )
    for one in new:
        moment = min(one.happened_at, at)  # a clock that is ahead must not outlive the person's proof
        if one.what in _AGAINST:
            source = _AGAINST[MailEvent.What(one.what)]
            suppress_address(email=one.email, source=source, reason=one.detail, at=moment)
        elif one.what == MailEvent.What.UNSUBSCRIBED:
            for user in User.objects.filter(email__iexact=one.email.strip()):
                turn_off_mail(user=user, at=moment)
    return len(new)


def record_returned(*, returned: Sequence[Returned], at: datetime) -> Counter[str]:
    """Believe what the reports say of mails that we sent to the very address; counts what became of each.

    ``foreign``: no mail of ours, or not to that person; ``known``: recorded before; ``other``: arrived after
    all or passed on; else the value of ``MailEvent.What``. Nobody can suppress an address without a
    Message-ID that only its mailbox and ours have seen.
    """
    ids = {one.message_id for one in returned}
    sent = {
        message_id: (email.lower(), sent_at)
        for message_id, email, sent_at in Reminder.objects.filter(message_id__in=ids).values_list(
            "message_id", "user__email", "sent_at"
        )
    }
    counted: Counter[str] = Counter()
    for one in returned:
        email, sent_at = sent.get(one.message_id, ("", None))
        if sent_at is None or email not in one.addresses:
            counted["foreign"] += 1
            continue
        what = _what(one)
        if what is None:
            counted["other"] += 1
            continue
        # a report is dated by its writer: neither before the mail nor after now
        happened_at = one.at if one.at is not None and sent_at <= one.at <= at else sent_at
        key = f"{one.message_id} {email} {one.action} {one.status}"
        told = Told(
            event_id=f"report:{sha256(key.encode()).hexdigest()}",
            what=what,
            email=email,
            happened_at=happened_at,
            message_id=one.message_id,
            detail=one.status,
        )
        counted[what if record_events(events=[told], at=at) else "known"] += 1
    return counted


def _what(one: Returned) -> str | None:
    if one.is_for_good:
        return MailEvent.What.BOUNCED if is_address_at_fault(one.status) else MailEvent.What.REFUSED
    if one.action in ("failed", "delayed"):
        return MailEvent.What.DEFERRED
    return None
