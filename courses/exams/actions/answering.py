"""What happens while an attempt runs: answers, marks, sections, pauses, added time. Answers never change."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from accounts.models import User
from courses.exams import kinds
from courses.exams.clock import GRACE, deadline, first_of, is_late, remaining_s
from courses.exams.models import (
    Attempt,
    AttemptItem,
    AttemptSection,
    ItemMark,
    Response,
    TimeExtension,
    TraceEvent,
)
from portal.lib.rows import as_moment


class NoSuchItem(Exception):
    """The person has no such question."""


class AttemptClosed(Exception):
    """The attempt, its section or this question was closed before the answer came."""


class NotOpenYet(Exception):
    """The section of this question was not opened, or the attempt is paused."""


class TooManyAnswers(Exception):
    """Nobody answers so often: it is a script that does. Nothing was stored."""


@dataclass(frozen=True)
class Saved:
    """What is known after an answer was stored."""

    #: The greatest ``seq`` known for this question; a tab goes on from it.
    seq: int
    saved_at: datetime
    #: None: there is no clock.
    remaining_s: int | None
    #: Another tab or device has answered in this attempt within the last minutes.
    elsewhere: bool
    #: Stored, but after deadline and grace: it does not count.
    late: bool
    #: Whether the question now has an answer: an emptied one is stored too.
    is_answered: bool


#: How long another tab or device counts as open after its last answer.
NEARBY = timedelta(minutes=5)
#: Answers that an attempt takes within a minute. Counted where they are stored, so over all processes.
MOST_A_MINUTE = 600
MINUTE = timedelta(minutes=1)

# One statement decides and appends, so nothing can happen in between. {lock} makes it wait for a submit
# that is under way and then see its result; SQLite has one writer at a time and needs no lock.
_APPEND = """
    INSERT INTO exams_response (item_id, attempt_id, value, client_id, seq, received_at, late)
    SELECT item.id, attempt.id, %(value)s, %(client_id)s,
           COALESCE(%(seq)s, (SELECT MAX(seq) + 1 FROM exams_response WHERE item_id = item.id), 1),
           %(received_at)s, %(late)s
      FROM exams_attempt attempt
      JOIN exams_attemptitem item ON item.attempt_id = attempt.id
      JOIN exams_attemptsection section ON section.id = item.section_id
     WHERE item.id = %(item_id)s
       AND (%(late)s OR (attempt.state = 'open' AND attempt.paused_at IS NULL
                         AND section.closed_at IS NULL AND item.revealed_at IS NULL))
    {lock}
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class _Place:
    """A question of a person's attempt and all that decides whether an answer to it is taken."""

    item_id: int
    kind: str
    asked: kinds.Doc
    ends_at: datetime | None
    #: Its section was opened and the attempt is not paused.
    is_reached: bool
    is_over: bool
    newest: int
    elsewhere: bool
    #: Answers of the attempt within the last minute.
    lately: int


# All that decides about an answer, read at once: built by the ORM it would cost as much as it takes to store.
_PLACE = """
    SELECT item.id, revision.kind, revision.asked, attempt.deadline_at, section.deadline_at,
           section.opened_at IS NOT NULL AND attempt.paused_at IS NULL, attempt.state <> 'open',
           COALESCE((SELECT MAX(seq) FROM exams_response WHERE item_id = item.id), 0),
           EXISTS (SELECT 1 FROM exams_response theirs
                    WHERE theirs.attempt_id = attempt.id AND theirs.received_at > %(nearby)s
                      AND theirs.client_id <> %(client_id)s),
           (SELECT COUNT(*) FROM exams_response
             WHERE attempt_id = attempt.id AND received_at > %(lately)s)
      FROM exams_attempt attempt
      JOIN exams_attemptitem item ON item.attempt_id = attempt.id
      JOIN exams_attemptsection section ON section.id = item.section_id
      JOIN exams_questionrevision revision ON revision.id = item.question_revision_id
     WHERE attempt.id = %(attempt_id)s AND attempt.user_id = %(user_id)s AND item.position = %(position)s
"""


def _place(user: User, attempt_id: int, position: int, client_id: str, received_at: datetime) -> _Place:
    """One query. Raises ``NoSuchItem``."""
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(
            _PLACE,
            {
                "attempt_id": attempt_id,
                "user_id": user.pk,
                "position": position,
                "client_id": client_id,
                "nearby": adapt(received_at - NEARBY),
                "lately": adapt(received_at - MINUTE),
            },
        )
        row = cursor.fetchone()
    if row is None:
        raise NoSuchItem
    pk, kind, asked, attempt_ends, section_ends, is_reached, is_over, newest, elsewhere, lately = row
    return _Place(
        pk,
        kind,
        json.loads(asked),
        first_of(as_moment(attempt_ends), as_moment(section_ends)),
        bool(is_reached),
        bool(is_over),
        newest,
        bool(elsewhere),
        lately,
    )


def submit_answer(
    *,
    user: User,
    attempt_id: int,
    position: int,
    fields: kinds.Fields,
    client_id: str,
    seq: int | None,
    received_at: datetime,
) -> Saved:
    """Store an answer if the attempt still takes it; sending the same one again changes nothing.

    Two statements. ``fields`` are the form's; ``seq`` is None for a browser without JavaScript: then the
    server counts. An answer after deadline and grace is stored as late. Raises ``NoSuchItem``,
    ``AttemptClosed``, ``NotOpenYet``, ``TooManyAnswers`` and ``kinds.BadAnswer``.
    """
    place = _place(user, attempt_id, position, client_id, received_at)
    if not place.is_reached and not place.is_over:
        raise NotOpenYet
    if place.lately >= MOST_A_MINUTE:
        raise TooManyAnswers
    value = kinds.get(place.kind).clean(place.asked, fields)
    late = is_late(place.ends_at, received_at)
    with connection.cursor() as cursor:
        cursor.execute(
            _APPEND.format(lock="FOR SHARE OF attempt" if connection.features.has_select_for_update else ""),
            {
                "item_id": place.item_id,
                "value": connection.ops.adapt_json_value(value, None),
                "client_id": client_id,
                "seq": seq,
                "received_at": connection.ops.adapt_datetimefield_value(received_at),
                "late": late,
            },
        )
        is_new = cursor.rowcount == 1
    if not is_new:  # sent before, or refused
        late = _late_of(place.item_id, client_id, seq)
    newest = max(place.newest, seq) if seq is not None else place.newest + 1
    return Saved(
        newest, received_at, remaining_s(place.ends_at, received_at), place.elsewhere, late, value is not None
    )


def _late_of(item_id: int, client_id: str, seq: int | None) -> bool:
    """Whether the answer that was sent before was late. Raises ``AttemptClosed`` when there is none."""
    if seq is not None:
        for late in Response.objects.filter(item=item_id, client_id=client_id, seq=seq).values_list(
            "late", flat=True
        ):
            return late
    raise AttemptClosed


# --- marks -----------------------------------------------------------------------------------------------
@transaction.atomic
def mark_item(
    *,
    user: User,
    attempt_id: int,
    position: int,
    flagged: bool | None = None,
    struck: Sequence[int] | None = None,
    highlights: Sequence[tuple[int, int]] | None = None,
    note: str | None = None,
) -> None:
    """Note on a question of an open attempt that it is flagged, what is struck out or highlighted, or words.

    What is None stays as it is. Raises ``NoSuchItem`` and ``AttemptClosed``.
    """
    item = (
        AttemptItem.objects.filter(attempt=attempt_id, attempt__user=user, position=position)
        .select_related("attempt")
        .first()
    )
    if item is None:
        raise NoSuchItem
    if item.attempt.state != Attempt.State.OPEN:
        raise AttemptClosed
    noted: dict[str, Any] = {}
    if flagged is not None:
        noted["flagged"] = flagged
    if struck is not None:
        noted["struck"] = [pk for pk in item.order if pk in struck]
    if highlights is not None:
        noted["highlights"] = sorted([list(one) for one in highlights])
    if note is not None:
        noted["note"] = note
    ItemMark.objects.update_or_create(item=item, defaults=noted)


@dataclass(frozen=True)
class Step:
    """What a browser tells beside answers: a question was open for so long, something was looked up."""

    seq: int
    kind: str
    position: int | None = None
    detail: str = ""
    seconds: int = 0


#: Steps kept of an attempt: four hours of looking up and leafing back and forth are some hundreds.
MOST_STEPS = 10_000


def record_trace(*, user: User, attempt_id: int, client_id: str, steps: Sequence[Step], at: datetime) -> None:
    """Keep the steps of an open attempt; sending them again changes nothing. Raises ``NoSuchItem``.

    Beyond ``MOST_STEPS`` nothing is kept: no person makes so many, and every report reads them.
    """
    state = Attempt.objects.owned_by(user).filter(pk=attempt_id).values_list("state", flat=True).first()
    if state is None:
        raise NoSuchItem
    kept = TraceEvent.objects.filter(attempt=attempt_id).order_by()
    if state != Attempt.State.OPEN or kept[MOST_STEPS - 1 : MOST_STEPS].exists():
        return
    items = dict(
        AttemptItem.objects.filter(
            attempt=attempt_id, position__in={step.position for step in steps if step.position}
        ).values_list("position", "pk")
    )
    TraceEvent.objects.bulk_create(
        (
            TraceEvent(
                attempt_id=attempt_id,
                item_id=items.get(step.position or 0),
                client_id=client_id,
                seq=step.seq,
                kind=step.kind,
                detail=step.detail,
                seconds=step.seconds,
                at=at,
            )
            for step in steps
        ),
        ignore_conflicts=True,
    )


@transaction.atomic
def reveal_item(*, user: User, attempt_id: int, position: int, at: datetime) -> AttemptItem:
    """Explain a question of a tutored set; from then on no answer to it is taken. Harmless when repeated.

    Raises ``NoSuchItem``, also for a question of an attempt that tells nothing before its end.
    """
    item = (
        AttemptItem.objects.filter(
            attempt=attempt_id, attempt__user=user, attempt__mode=Attempt.Mode.TUTOR, position=position
        )
        .select_related("attempt", "question_revision")
        .first()
    )
    if item is None:
        raise NoSuchItem
    AttemptItem.objects.filter(pk=item.pk, revealed_at=None, attempt__state=Attempt.State.OPEN).update(
        revealed_at=at
    )
    item.refresh_from_db(fields=["revealed_at"])
    return item


# --- pauses, added time ----------------------------------------------------------------------------------
@transaction.atomic
def pause_attempt(*, user: User, attempt_id: int, at: datetime) -> None:
    """Stop the count of time of an attempt that is no exam; harmless when repeated."""
    Attempt.objects.owned_by(user).open().filter(pk=attempt_id, paused_at=None).exclude(
        mode=Attempt.Mode.EXAM
    ).update(paused_at=at)


@transaction.atomic
def resume_attempt(*, user: User, attempt_id: int, at: datetime) -> None:
    """Go on after a pause; harmless when repeated."""
    paused = Attempt.objects.owned_by(user).open().filter(pk=attempt_id).exclude(paused_at=None)
    for attempt in paused.select_for_update():
        attempt.paused_s += max(0, int((at - (attempt.paused_at or at)).total_seconds()))
        attempt.paused_at = None
        attempt.save(update_fields=["paused_s", "paused_at"])


@transaction.atomic
def add_time(*, attempt: Attempt, minutes: int, reason: str, by: User, at: datetime) -> TimeExtension:
    """Give a running exam more time and keep why; an end never comes nearer. Raises ``AttemptClosed``."""
    if minutes < 1:
        raise ValueError("time is only ever added")
    added = timedelta(minutes=minutes)
    running = Attempt.objects.open().filter(pk=attempt.pk, deadline_at__gte=at - GRACE)
    if not running.update(deadline_at=F("deadline_at") + added):
        raise AttemptClosed
    AttemptSection.objects.filter(attempt=attempt, closed_at=None).exclude(deadline_at=None).update(
        deadline_at=F("deadline_at") + added
    )
    return TimeExtension.objects.create(
        attempt=attempt, minutes=minutes, reason=reason, added_by=by, added_at=at
    )


# --- sections --------------------------------------------------------------------------------------------
class NoWayBack(Exception):
    """The section is closed, or one before it must be done first."""


@transaction.atomic
def enter_section(*, user: User, attempt_id: int, position: int, at: datetime) -> AttemptSection:
    """Open a section of a running attempt, if it is not open yet, and close what may not be returned to.

    Sections come one after the other; whoever comes back from a break early gets the rest of it off the
    clock. Harmless when repeated. Raises ``NoSuchItem``, ``AttemptClosed`` and ``NoWayBack``.
    """
    attempt, sections = _running(user, attempt_id, at)
    if position not in sections:
        raise NoSuchItem
    section, before = sections[position], sections.get(position - 1)
    if section.closed_at is not None or is_late(section.deadline_at, at):
        raise NoWayBack
    if section.opened_at is None and (before is None or before.opened_at is None):
        raise NoWayBack
    for one in sections.values():
        if one.position < position and (one.no_return or one.break_minutes):
            _close_section(one, at=at)
    if section.opened_at is None:
        if before is not None and before.break_until is not None:
            at = _end_break(attempt, before, at)
        section.opened_at = at
        if section.minutes:
            section.deadline_at = deadline(at, section.minutes, user.time_multiplier)
        section.save(update_fields=["opened_at", "deadline_at"])
    return section


@transaction.atomic
def take_break(*, user: User, attempt_id: int, position: int, at: datetime) -> AttemptSection:
    """Begin the break that follows a section, off the clock; harmless when repeated.

    What was open before it is closed: nobody answers while the clock stands. Raises ``NoSuchItem`` when no
    break follows the section, ``NotOpenYet``, ``NoWayBack`` once the next section was entered, and
    ``AttemptClosed``.
    """
    attempt, sections = _running(user, attempt_id, at)
    section, following = sections.get(position), sections.get(position + 1)
    if section is None or following is None or not section.break_minutes:
        raise NoSuchItem
    if section.opened_at is None:
        raise NotOpenYet
    if section.break_until is not None:
        return section
    if following.opened_at is not None or section.closed_at is not None:
        raise NoWayBack
    for one in sections.values():
        if one.position <= position:
            _close_section(one, at=at)
    pause = timedelta(minutes=section.break_minutes)
    section.break_until = at + pause
    section.save(update_fields=["break_until"])
    Attempt.objects.filter(pk=attempt.pk).update(deadline_at=F("deadline_at") + pause)
    return section


def _running(user: User, attempt_id: int, at: datetime) -> tuple[Attempt, dict[int, AttemptSection]]:
    """An attempt that still runs, locked, and its sections. Raises ``NoSuchItem`` and ``AttemptClosed``."""
    attempt = Attempt.objects.owned_by(user).select_for_update().filter(pk=attempt_id).first()
    if attempt is None:
        raise NoSuchItem
    if attempt.state != Attempt.State.OPEN or is_late(attempt.deadline_at, at):
        raise AttemptClosed
    return attempt, {one.position: one for one in attempt.sections.all()}


def _close_section(section: AttemptSection, *, at: datetime) -> None:
    if section.closed_at is None and section.opened_at is not None:
        section.closed_at = at
        section.save(update_fields=["closed_at"])


def _end_break(attempt: Attempt, before: AttemptSection, at: datetime) -> datetime:
    """Take what is left of a break off the deadline; a break that ran over began the next section itself."""
    until = before.break_until or at
    if at >= until:
        return until
    Attempt.objects.filter(pk=attempt.pk).update(deadline_at=F("deadline_at") - (until - at))
    before.break_until = at
    before.save(update_fields=["break_until"])
    return at
