"""Planning: what goes in the next two days becomes rows, once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import islice
from typing import NamedTuple

from accounts.models import User
from courses.reminders import kinds
from courses.reminders.models import Channel, Reason, Reminder
from courses.reminders.queries.judging import hours_of, reminder_key, turned_off
from courses.reminders.timing import local_instant, moment

HORIZON = timedelta(hours=48)


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
        urgency=kind.urgency(candidate.step),
        not_before=wanted.goes_at,
        expires_at=wanted.expires_at,
        created_at=at,
    )
