"""Claiming and finishing rows of the outbox. Each step is one short transaction; nothing is sent here.

Rows are taken under a lease with a fresh token, and whoever finishes them must still hold that token. A
sender that dies leaves a lease that ends; the rows are then taken again.

Mail is claimed by people: all that is due for a person, and what may go along with it, is taken by one
sender, and nobody else takes anything for that person while the lease lasts. So two senders can neither
write two mails where one was meant nor go over a person's daily limit together.
"""

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import Case, F, JSONField, Q, QuerySet, Value, When

from courses.reminders.letters import Part
from courses.reminders.models import Channel, Reason, Reminder, Urgency
from courses.reminders.timing import MAX_ATTEMPTS

#: Several times what one message may take; a batch that takes longer renews it.
LEASE = timedelta(seconds=300)
#: With less of the lease left than this, it is renewed before the next message.
LEASE_RESERVE = timedelta(seconds=60)
#: People claimed at once: what is asked of the database for all of them is asked once.
PEOPLE = 200
#: What is due so soon goes along with what is due now.
TOGETHER = timedelta(hours=24)
#: From so many attempts on a row goes alone: if it is the one that ends its senders, it takes no other along.
ALONE_FROM = 4
#: Inbox rows claimed at once.
INBOX_BATCH = 200


class Tier(Enum):
    """How carefully rows are claimed: the more often they were tried, the fewer others go with them."""

    FRESH = "many people"
    TRIED = "one person"
    ALONE = "one row"


_TRIES = {
    Tier.FRESH: Q(attempts=0),
    Tier.TRIED: Q(attempts__gt=0, attempts__lt=ALONE_FROM),
    Tier.ALONE: Q(attempts__gte=ALONE_FROM),
}


def take_back_expired(*, at: datetime) -> None:
    """Return to the queue what senders that died had taken; give up what was taken too often."""
    expired = Reminder.objects.filter(state=Reminder.State.LEASED, lease_until__lt=at)
    if not expired.exists():  # the usual case takes no write lock
        return
    free = {"lease_token": None, "lease_until": None}
    expired.filter(attempts__gte=MAX_ATTEMPTS).update(
        state=Reminder.State.FAILED, reason=Reason.EXHAUSTED, last_error="The sender died each time.", **free
    )
    expired.update(state=Reminder.State.PLANNED, **free)


def claim(
    *,
    at: datetime,
    lease_until: datetime,
    tier: Tier = Tier.FRESH,
    most: int = PEOPLE,
    people: Collection[int] | None = None,
) -> list[Reminder]:
    """Take what is due for ``most`` people, the most urgent first, and count the attempt.

    What is not yet due but soon comes along, except what is urgent: that has its own hour.
    """
    with transaction.atomic():
        due = _due(Channel.EMAIL, at, people).filter(_TRIES[tier]).exclude(user__in=_being_written_to())
        # SQLite ignores the locks and needs none: its transactions are IMMEDIATE, so one claims at a time
        first = due.select_related("user").only("user", "user__id", "attempts")
        first = first.select_for_update(skip_locked=True, of=("self", "user"), no_key=True)
        if tier is Tier.FRESH:
            found: list[Reminder] = []
            for urgency in Urgency:  # one range of the index after the other: nothing has to be sorted
                found = list(first.filter(urgency=urgency).order_by("not_before", "pk")[:most])
                if found:
                    break
        else:
            # the least often tried first: one that ends its senders must not stand before the others
            found = list(first.order_by("attempts", "urgency", "not_before", "pk")[:1])
        if not found:
            return []
        planned = Reminder.objects.filter(channel=Channel.EMAIL, state=Reminder.State.PLANNED)
        if tier is Tier.ALONE:
            mine = planned.filter(pk=found[0].pk)
        else:
            # what was tried together is tried together again, so that it is the same mail
            mine = planned.filter(user__in={one.user_id for one in found}, attempts=found[0].attempts).filter(
                Q(not_before__lte=at) | Q(urgency__gt=Urgency.URGENT, not_before__lte=at + TOGETHER)
            )
            # asked again: of the first question's people one may have been taken meanwhile
            mine = mine.exclude(user__in=_being_written_to())
        rows = list(
            mine.select_related("user__reminder_settings")
            .select_for_update(skip_locked=True, of=("self",), no_key=True)
            .order_by("urgency", "not_before", "pk")
        )
        _lease(rows, until=lease_until)
    return rows


def claim_inbox(
    *, at: datetime, lease_until: datetime, tried: bool = False, people: Collection[int] | None = None
) -> list[Reminder]:
    """Take rows for inboxes that are due and count the attempt; those tried before one at a time."""
    with transaction.atomic():
        due = _due(Channel.INBOX, at, people).filter(Q(attempts__gt=0) if tried else Q(attempts=0))
        rows = list(
            due.select_related("user__reminder_settings")
            .select_for_update(skip_locked=True, of=("self",), no_key=True)
            .order_by("urgency", "not_before", "pk")[: 1 if tried else INBOX_BATCH]
        )
        _lease(rows, until=lease_until)
    return rows


def is_mail_due(*, at: datetime, people: Collection[int] | None = None) -> bool:
    """Whether there is mail to send, in the usual case answered by one look at an index."""
    return _due(Channel.EMAIL, at, people).exists()


def _due(channel: str, at: datetime, people: Collection[int] | None) -> QuerySet[Reminder]:
    # every urgency named: then each is one range of the index, however much is planned for later
    due = Reminder.objects.filter(
        channel=channel, state=Reminder.State.PLANNED, urgency__in=Urgency.values, not_before__lte=at
    )
    return due if people is None else due.filter(user__in=people)


def _being_written_to() -> QuerySet[Reminder, Any]:
    """The people for whom a sender holds mail now."""
    leased = Reminder.objects.filter(channel=Channel.EMAIL, state=Reminder.State.LEASED)
    return leased.values("user")


def _lease(rows: Sequence[Reminder], *, until: datetime) -> None:
    if not rows:
        return
    token = uuid4()
    Reminder.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=Reminder.State.LEASED, lease_token=token, lease_until=until, attempts=F("attempts") + 1
    )
    for row in rows:
        row.state, row.lease_token, row.lease_until = Reminder.State.LEASED, token, until
        row.attempts += 1


def renew(rows: Sequence[Reminder], *, until: datetime) -> list[Reminder]:
    """Hold a lease for longer; returns those rows that are still ours."""
    if not rows:
        return []
    ours = _ours(rows)
    held = ours.update(lease_until=until)
    left = set(ours.values_list("pk", flat=True)) if held < len(rows) else {row.pk for row in rows}
    for row in rows:
        row.lease_until = until
    return [row for row in rows if row.pk in left]


def finish(rows: Sequence[Reminder], *, state: str, **changes: Any) -> int:
    """Move leased rows on where their lease is still ours; returns how many moved."""
    if not rows:
        return 0
    return _ours(rows).update(state=state, lease_token=None, lease_until=None, **changes)


def stamp(parts: Sequence[Part], *, message_id: str, at: datetime) -> int:
    """Mark what went as one mail, or into inboxes, as sent, with what it said; returns how many were ours."""
    rows = [part.reminder for part in parts]
    if len(parts) == 1:
        return _stamp_one(parts[0], message_id, at)
    revision: Any = parts[0].revision.pk
    said: Any = parts[0].values
    if len(parts) > 1:
        said = Case(
            *(When(pk=part.reminder.pk, then=Value(part.values, output_field=JSONField())) for part in parts),
            output_field=JSONField(),
        )
    if len({part.revision.pk for part in parts}) > 1:
        revision = Case(
            *(
                When(kind=kind, then=Value(number))
                for kind, number in {part.reminder.kind: part.revision.pk for part in parts}.items()
            )
        )
    return finish(
        rows,
        state=Reminder.State.SENT,
        sent_at=at,
        message_id=message_id,
        template_revision_id=revision,
        said=said,
        reason="",
        last_error="",
    )


@cache
def _stamp_sql(vendor: str) -> str:
    said = "%s::jsonb" if vendor == "postgresql" else "%s"
    return (
        f"UPDATE {Reminder._meta.db_table} SET state = 'sent', lease_token = NULL, lease_until = NULL,"
        f" sent_at = %s, message_id = %s, template_revision_id = %s, said = {said},"
        " reason = '', last_error = ''"
        " WHERE id = %s AND state = 'leased' AND lease_token = %s"
    )


def _stamp_one(part: Part, message_id: str, at: datetime) -> int:
    """The commonest stamp, once for each mail: as a statement of our own, which Django need not compile."""
    token = part.reminder.lease_token
    assert token is not None
    values = [
        connection.ops.adapt_datetimefield_value(at),
        message_id,
        part.revision.pk,
        json.dumps(part.values),
        part.reminder.pk,
        token if connection.features.has_native_uuid_field else token.hex,
    ]
    with connection.cursor() as cursor:
        cursor.execute(_stamp_sql(connection.vendor), values)
        return int(cursor.rowcount)


def postpone(rows: Sequence[Reminder], *, until: datetime, reason: str) -> int:
    """Let rows wait without counting the attempt: nothing was tried."""
    return finish(
        rows,
        state=Reminder.State.PLANNED,
        not_before=until,
        reason=reason,
        attempts=F("attempts") - 1,
    )


def release(rows: Sequence[Reminder]) -> int:
    """Give rows back as they were: whatever stopped us was not their fault."""
    return finish(rows, state=Reminder.State.PLANNED, attempts=F("attempts") - 1)


def _ours(rows: Sequence[Reminder]) -> QuerySet[Reminder]:
    token: UUID | None = rows[0].lease_token
    pks = [row.pk for row in rows]
    # the commonest is one row, and a plain comparison is cheaper to compile than a list
    which = Q(pk=pks[0]) if len(pks) == 1 else Q(pk__in=pks)
    return Reminder.objects.filter(which, state=Reminder.State.LEASED, lease_token=token)
