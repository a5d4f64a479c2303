"""Writing to reminders. Planning is here; what talks to a mail server is in ``delivery``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import islice
from typing import NamedTuple

from django.db import transaction

from accounts.models import User
from courses.reminders import kinds
from courses.reminders.addresses import address_digest
from courses.reminders.models import (
    Channel,
    MailTemplate,
    MailTemplateRevision,
    Preference,
    Reason,
    Reminder,
    ReminderSettings,
    Suppression,
)
from courses.reminders.queries import hours_of, reminder_key, turned_off
from courses.reminders.rendering import Source, check_source
from courses.reminders.timing import Hours, local_instant, moment
from portal.lib.revisions import next_number

HORIZON = timedelta(hours=48)


class NotFailed(Exception):
    """Only a failed reminder can be put back into the queue."""


@dataclass(frozen=True)
class Planned:
    """What a run of the planner changed."""

    inserted: int = 0
    moved: int = 0
    cancelled: int = 0

    def __add__(self, other: "Planned") -> "Planned":
        return Planned(
            self.inserted + other.inserted, self.moved + other.moved, self.cancelled + other.cancelled
        )


def plan(*, at: datetime, horizon: timedelta = HORIZON) -> Planned:
    """Plan what goes until ``at + horizon``; planning twice, or in two places at once, plans once.

    A planned reminder whose deadline moved is cancelled; one whose person changed zone or hours moves.
    Streams: memory does not grow with the number of people.
    """
    result = Planned()
    for kind in kinds.registered():
        result += _cancel_moved(kind, at=at)
        candidates = kind.candidates(at=at, until=at + horizon)
        while batch := list(islice(candidates, kinds.BATCH)):
            result += _plan_batch(kind, batch, at=at)
    return result


def _cancel_moved(kind: kinds.Kind, *, at: datetime) -> Planned:
    """Cancel planned reminders that stand for a deadline that is no longer there."""
    cancelled = 0
    waiting = Reminder.objects.filter(kind=kind.key, state=Reminder.State.PLANNED, not_before__gt=at)
    for page in kinds.in_batches(waiting.only("subject", "due_on")):
        deadlines = kind.deadlines({reminder.subject for reminder in page})
        stale = [r.pk for r in page if deadlines.get(r.subject) != r.due_on]
        if stale:
            cancelled += Reminder.objects.filter(pk__in=stale, state=Reminder.State.PLANNED).update(
                state=Reminder.State.CANCELLED, reason=Reason.MOVED
            )
    return Planned(cancelled=cancelled)


class _Wanted(NamedTuple):
    """A candidate on its person's clock."""

    candidate: kinds.Candidate
    goes_at: datetime
    expires_at: datetime | None


def _plan_batch(kind: kinds.Kind, batch: list[kinds.Candidate], *, at: datetime) -> Planned:
    wanted = {reminder_key(kind.key, one.candidate): one for one in _wanted(kind, batch, at=at)}
    moved, known = 0, set()
    rows = Reminder.objects.filter(key__in=wanted)
    for key, pk, state, reason, attempts, goes_at in rows.values_list(
        "key", "pk", "state", "reason", "attempts", "not_before"
    ):
        known.add(key)
        to = wanted[key]
        is_back = state == Reminder.State.CANCELLED and reason == Reason.MOVED
        # one that was postponed or tried already keeps its own time
        is_elsewhere = (
            state == Reminder.State.PLANNED
            and attempts == 0
            and goes_at != to.goes_at
            and min(goes_at, to.goes_at) > at
        )
        if is_back or is_elsewhere:
            moved += Reminder.objects.filter(pk=pk, state=state).update(
                state=Reminder.State.PLANNED, reason="", not_before=to.goes_at, expires_at=to.expires_at
            )
    new = [_row(kind, key, one, at=at) for key, one in wanted.items() if key not in known]
    if new:
        # another planner may be as far as this one: the unique key decides
        Reminder.objects.bulk_create(new, ignore_conflicts=True)
    return Planned(inserted=len(new), moved=moved)


def _wanted(kind: kinds.Kind, batch: list[kinds.Candidate], *, at: datetime) -> Iterator[_Wanted]:
    """The candidates whose people are active and want the kind, if they can go in time."""
    ids = {candidate.user_id for candidate in batch}
    active = User.objects.filter(is_active=True).only("time_zone", "reminder_settings")
    people = active.select_related("reminder_settings").in_bulk(ids)
    off = turned_off(ids)
    for candidate in batch:
        user = people.get(candidate.user_id)
        if user is None or (user.pk, kind.key, Channel.EMAIL) in off:
            continue
        zone, last = user.zone, candidate.expires_on
        goes_at = candidate.not_before or moment(candidate.send_on, zone, hours_of(user), at=at)
        expires_at = local_instant(last, time(), zone) if last else None
        if expires_at is None or goes_at < expires_at:
            yield _Wanted(candidate, goes_at, expires_at)


def _row(kind: kinds.Kind, key: str, wanted: _Wanted, *, at: datetime) -> Reminder:
    candidate = wanted.candidate
    return Reminder(
        key=key,
        kind=kind.key,
        subject=candidate.subject,
        user_id=candidate.user_id,
        due_on=candidate.due_on,
        step=candidate.step,
        channel=Channel.EMAIL,
        not_before=wanted.goes_at,
        expires_at=wanted.expires_at,
        created_at=at,
    )


@transaction.atomic
def save_preference(
    *, user: User, kind: str, is_on: bool, at: datetime, channel: str = Channel.EMAIL
) -> None:
    """Turn a kind on or off for a person, with effect on the next mail that would go."""
    Preference.objects.update_or_create(
        user=user, kind=kind, channel=channel, defaults={"is_on": is_on, "changed_at": at}
    )


@transaction.atomic
def save_settings(*, user: User, hours: Hours, is_on: Mapping[str, bool], at: datetime) -> None:
    """Save a person's hours and which kinds they want; the next plan moves what is planned already."""
    ReminderSettings.objects.update_or_create(
        user=user,
        defaults={
            "hour": hours.hour,
            "quiet_from": hours.quiet_from,
            "quiet_until": hours.quiet_until,
            "weekends": hours.weekends,
        },
    )
    for kind, wanted in is_on.items():
        save_preference(user=user, kind=kind, is_on=wanted, at=at)


@transaction.atomic
def write_template_revision(
    *,
    template: MailTemplate,
    subject: str,
    body: str,
    note: str = "",
    pack_digest: str = "",
    by: User | None,
    at: datetime,
) -> MailTemplateRevision:
    """Add a draft revision.

    Raises ``TemplateRefused`` where the text does not compile, names what its kind does not know or does
    not render with the kind's sample, and ``UnknownKind``; then nothing is written.
    """
    check_source(Source(subject, body), sample=kinds.get(template.kind).sample_context())
    return MailTemplateRevision.objects.create(
        template=template,
        number=next_number(template.revisions.all()),
        subject_source=subject,
        body_source=body,
        note=note,
        pack_digest=pack_digest,
        created_by=by,
        created_at=at,
    )


def requeue(*, reminder: Reminder, at: datetime) -> None:
    """Put a failed reminder back with all its attempts; raises ``NotFailed``."""
    changed = Reminder.objects.filter(pk=reminder.pk, state=Reminder.State.FAILED).update(
        state=Reminder.State.PLANNED, not_before=at, attempts=0, reason="", last_error=""
    )
    if not changed:
        raise NotFailed(str(reminder))


def suppress_address(*, email: str, reason: str, at: datetime) -> None:
    """Never write to an address again; the first reason stands."""
    Suppression.objects.get_or_create(
        email_hmac=address_digest(email), defaults={"reason": reason[:200], "at": at}
    )
