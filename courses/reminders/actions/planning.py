"""Planning: what goes in the next two days becomes rows, once, set by set.

Kinds stream candidates; people, preferences and rows are read, and new rows written, for thousands at once.
Nothing is kept from one set to the next, so memory does not grow with the number of people.
"""

import json
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from statistics import median
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, F, Q
from django.db.models.expressions import RawSQL

from accounts.models import User
from courses.reminders import kinds
from courses.reminders.kinds.ladder import in_pages
from courses.reminders.models import Channel, PlanTally, Preference, Reason, Reminder
from courses.reminders.queries.judging import reminder_key
from courses.reminders.timing import Hours, local_instant, moment

logger = logging.getLogger(__name__)

HORIZON = timedelta(hours=48)
#: Candidates planned at once.
SET = 2000
#: A run is a storm when it wants so many times what is usual on a day ...
STORM = 10
#: ... of so many before it.
USUAL_DAYS = timedelta(days=28)

_WAITING = (Reminder.State.PLANNED, Reminder.State.HELD)


class KindsBroken(RuntimeError):
    """Some kinds could not be planned; the others were."""


@dataclass(frozen=True)
class Planned:
    """What a run of the planner changed; of those inserted, ``held`` wait for approval."""

    inserted: int = 0
    moved: int = 0
    cancelled: int = 0
    held: int = 0

    def __add__(self, other: "Planned") -> "Planned":
        return Planned(
            self.inserted + other.inserted,
            self.moved + other.moved,
            self.cancelled + other.cancelled,
            self.held + other.held,
        )


def plan(*, at: datetime, horizon: timedelta = HORIZON, people: Collection[int] | None = None) -> Planned:
    """Plan what goes until ``at + horizon``, or some people's; planning twice, or in two places at once,
    plans once.

    A planned reminder whose deadline moved is cancelled, and comes back if the deadline does; one whose
    person changed zone or hours moves. A kind that breaks does not keep the others from being planned; then
    ``KindsBroken`` is raised at the end.
    """
    waiting = _count_waiting(at)
    result, broken = Planned(), []
    for kind in kinds.registered():
        run = _Run(kind, at)
        try:
            candidates = kind.candidates(at=at, until=at + horizon)
            if people is not None:
                candidates = (one for one in candidates if one.user_id in people)
            while some := list(islice(candidates, SET)):
                run.plan(some)
            run.cancel_moved(waiting.get(kind.key, _Waiting()))
        except Exception as error:
            # the type alone: what an exception says may be about a person
            logger.error("Reminders of kind %s could not be planned: %s.", kind.key, type(error).__name__)
            broken.append((kind.key, error))
        run.tally()
        result += run.planned
    if broken:
        raise KindsBroken(", ".join(key for key, _error in broken)) from broken[0][1]
    return result


class _Waiting(NamedTuple):
    """How many reminders of a kind wait for their moment, and how many of them were put off before."""

    every: int = 0
    put_off: int = 0


#: Where a reminder belongs: its fact, its channel, its moment, and from when it is pointless.
_Target = tuple[kinds.Candidate, str, datetime, datetime | None]
#: A person's zone and hours: the hour, quiet from and until, weekends.
_Clock = tuple[str, tuple[int, int, int, bool]]


class _Run:
    """One run over one kind."""

    def __init__(self, kind: kinds.Kind, at: datetime) -> None:
        self.kind, self.at = kind, at
        self.planned = Planned()
        #: Reminders that wait unchanged since they were planned, and that the kind still asks for.
        self.found = 0
        #: In which state new ones begin: a storm waits for approval.
        self.state = Reminder.State.PLANNED
        self.new = 0

    def plan(self, candidates: Sequence[kinds.Candidate]) -> None:
        """Bring the rows of these candidates to where they belong."""
        wanted, others = self._targets(candidates)
        rows = Reminder.objects.filter(key__in=_any_of([*wanted, *others], "text"))
        back: dict[tuple[datetime, datetime | None], list[int]] = {}
        elsewhere: dict[tuple[str, datetime, datetime | None], list[int]] = {}
        known = set()
        for pk, key, state, reason, attempts, goes_at in rows.values_list(
            "pk", "key", "state", "reason", "attempts", "not_before"
        ):
            self.found += state in _WAITING and not reason and goes_at > self.at
            if (to := wanted.get(key)) is None:
                continue
            known.add(key)
            _candidate, _channel, to_go_at, expires_at = to
            if state == Reminder.State.CANCELLED and reason == Reason.MOVED:
                back.setdefault((to_go_at, expires_at), []).append(pk)
            elif (
                goes_at != to_go_at
                and state in _WAITING
                # what was put off or tried already keeps its own time, and so does what goes now
                and not reason
                and not attempts
                and min(goes_at, to_go_at) > self.at
            ):
                elsewhere.setdefault((state, to_go_at, expires_at), []).append(pk)
        fresh = [(key, to) for key, to in wanted.items() if key not in known]
        self._watch_for_storm(len(fresh) + sum(map(len, back.values())))
        if fresh:
            self._insert(fresh)
        self._bring_back(back)
        self._move(elsewhere)

    def _targets(self, candidates: Sequence[kinds.Candidate]) -> tuple[dict[str, _Target], list[str]]:
        """What goes where by key, and the keys of the same facts on channels that are turned off."""
        people, choices = _people_of(candidates, self.kind.key)
        by_default = {channel: channel in self.kind.on_by_default for channel in Channel.values}
        wanted: dict[str, _Target] = {}
        others: list[str] = []
        for candidate in candidates:
            clock = people.get(candidate.user_id)
            if clock is None:
                continue
            goes_at, expires_at = _times(candidate.send_on, candidate.expires_on, clock, self.at)
            goes_at = candidate.not_before or goes_at
            is_late = expires_at is not None and goes_at >= expires_at
            chosen = choices.get(candidate.user_id, by_default)
            stem = reminder_key(self.kind.key, candidate, "")
            for channel, is_usual in by_default.items():
                if not is_late and chosen.get(channel, is_usual):
                    wanted[stem + channel] = (candidate, channel, goes_at, expires_at)
                else:
                    others.append(stem + channel)
        return wanted, others

    def _watch_for_storm(self, coming: int) -> None:
        """Hold this run for approval, what it has planned so far included, when it gets too large."""
        self.new += coming
        if self.state == Reminder.State.HELD or self.new <= settings.REMINDERS_HOLD_ABOVE:
            return
        most = max(settings.REMINDERS_HOLD_ABOVE, STORM * _usual_a_day(self.kind.key, self.at))
        if self.new > most:
            self.state = Reminder.State.HELD
            so_far = Reminder.objects.filter(
                kind=self.kind.key, state=Reminder.State.PLANNED, created_at=self.at
            )
            self.planned += Planned(held=so_far.update(state=Reminder.State.HELD))
            logger.error(
                "More than %d reminders of kind %s were planned at once: they wait for approval.",
                most,
                self.kind.key,
            )

    def _insert(self, fresh: Iterable[tuple[str, _Target]]) -> None:
        urgency = {step: int(self.kind.urgency(step)) for step in {to[0].step for _key, to in fresh}}
        inserted = _insert_reminders(
            self.kind.key,
            self.state.value,
            self.at,
            [
                (
                    key,
                    candidate.subject,
                    candidate.user_id,
                    _text(candidate.due_on),
                    candidate.step,
                    channel,
                    urgency[candidate.step],
                    _text(goes_at),
                    _text(expires_at),
                )
                # in one order everywhere, so that two planners never wait for each other
                for key, (candidate, channel, goes_at, expires_at) in sorted(fresh)
            ],
        )
        is_held = self.state == Reminder.State.HELD
        self.planned += Planned(inserted=inserted, held=inserted if is_held else 0)

    def _bring_back(self, back: Mapping[tuple[datetime, datetime | None], list[int]]) -> None:
        """Plan again what was cancelled because its deadline had moved away."""
        for (goes_at, expires_at), pks in back.items():
            moved = Reminder.objects.filter(
                pk__in=pks, state=Reminder.State.CANCELLED, reason=Reason.MOVED
            ).update(
                state=self.state, reason="", not_before=goes_at, expires_at=expires_at, created_at=self.at
            )
            self.planned += Planned(moved=moved, held=moved if self.state == Reminder.State.HELD else 0)

    def _move(self, elsewhere: Mapping[tuple[str, datetime, datetime | None], list[int]]) -> None:
        for (state, goes_at, expires_at), pks in elsewhere.items():
            moved = Reminder.objects.filter(pk__in=pks, state=state, attempts=0).update(
                not_before=goes_at, expires_at=expires_at
            )
            self.planned += Planned(moved=moved)

    def cancel_moved(self, waiting: _Waiting) -> None:
        """Cancel reminders that stand for a deadline that is no longer there.

        When every one that waits was asked for again, only those that were put off are looked at.
        """
        is_whole = self.found == waiting.every - waiting.put_off
        if is_whole and not waiting.put_off:
            return
        for state in _WAITING:  # each has its own index
            rows = Reminder.objects.filter(kind=self.kind.key, state=state, not_before__gt=self.at)
            if is_whole:
                rows = rows.exclude(reason="")
            pages = in_pages(rows, "subject", "due_on")
            while page := list(islice(pages, SET)):
                deadlines = self.kind.deadlines({subject for _pk, subject, _due_on in page})
                stale = [pk for pk, subject, due_on in page if deadlines.get(subject) != due_on]
                if stale:
                    cancelled = Reminder.objects.filter(pk__in=stale, state=state).update(
                        state=Reminder.State.CANCELLED, reason=Reason.MOVED
                    )
                    self.planned += Planned(cancelled=cancelled)

    def tally(self) -> None:
        """Count what was planned to this day, for the next storm to be measured against."""
        if not self.planned.inserted:
            return
        today = PlanTally.objects.filter(kind=self.kind.key, on=self.at.date())
        more = {"rows": F("rows") + self.planned.inserted}
        if not today.update(**more):
            first = PlanTally(kind=self.kind.key, on=self.at.date())
            PlanTally.objects.bulk_create([first], ignore_conflicts=True)
            today.update(**more)


def _count_waiting(at: datetime) -> dict[str, _Waiting]:
    """What waits for its moment, by kind."""
    found: dict[str, _Waiting] = {}
    for state in _WAITING:  # each has its own index
        rows = Reminder.objects.filter(state=state, not_before__gt=at).order_by().values_list("kind")
        for kind, every, put_off in rows.annotate(
            every=Count("pk"), put_off=Count("pk", filter=~Q(reason=""))
        ):
            before = found.get(kind, _Waiting())
            found[kind] = _Waiting(before.every + every, before.put_off + put_off)
    return found


def _people_of(
    candidates: Iterable[kinds.Candidate], kind: str
) -> tuple[dict[int, _Clock], dict[int, dict[str, bool]]]:
    """The clocks of the active ones, and who of them wants the kind how, where they said so."""
    ids = _any_of({candidate.user_id for candidate in candidates}, "bigint")
    usual = astuple(Hours())
    of_settings = [f"reminder_settings__{name}" for name in ("hour", "quiet_from", "quiet_until", "weekends")]
    active = User.objects.filter(pk__in=ids, is_active=True)
    people: dict[int, _Clock] = {
        pk: (zone, usual if hours[0] is None else tuple(hours))
        for pk, zone, *hours in active.values_list("pk", "time_zone", *of_settings)
    }
    choices: dict[int, dict[str, bool]] = {}
    for user_id, channel, is_on in Preference.objects.filter(user__in=ids, kind=kind).values_list(
        "user_id", "channel", "is_on"
    ):
        choices.setdefault(user_id, {})[channel] = is_on
    return people, choices


@lru_cache(maxsize=16384)  # most people share their clock and their deadline with others
def _times(
    send_on: date, expires_on: date | None, clock: _Clock, at: datetime
) -> tuple[datetime, datetime | None]:
    """When a reminder meant for ``send_on`` goes, and from when it is pointless."""
    zone, hours = ZoneInfo(clock[0]), Hours(*clock[1])
    expires_at = local_instant(expires_on, time(), zone) if expires_on else None
    return moment(send_on, zone, hours, at=at), expires_at


def _usual_a_day(kind: str, at: datetime) -> int:
    """The median of the days, of the last 28, on which something of the kind was planned."""
    today = at.date()
    tallies = PlanTally.objects.filter(kind=kind, on__gte=today - USUAL_DAYS, on__lt=today)
    rows = list(tallies.values_list("rows", flat=True))
    return int(median(rows)) if rows else 0


# --- sets as one parameter: thousands of placeholders cost more than what they ask for ---------------------
def _any_of(values: Collection[object], kind: str) -> RawSQL:
    """A set to look for with ``__in``."""
    if connection.vendor == "postgresql":
        return RawSQL(f"SELECT unnest(%s::{kind}[])", [_array(values)])
    return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(list(values))])


def _array(values: Iterable[object]) -> str:
    """The literal of a PostgreSQL array: psycopg takes longer to write one than the server to read it."""
    texts = list(map(str, values))
    whole = '","'.join(texts)
    if "\\" in whole or whole.count('"') != 2 * (len(texts) - 1):
        whole = '","'.join(text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return f'{{"{whole}"}}' if texts else "{}"


@lru_cache(maxsize=16384)
def _text(value: date | datetime | None) -> str:
    """A day or a moment as the database reads it; nothing where there is none."""
    if isinstance(value, datetime) and connection.vendor != "postgresql":
        return str(connection.ops.adapt_datetimefield_value(value))
    return value.isoformat() if value else ""


_COLUMNS = {
    "key": "text",
    "subject": "text",
    "user_id": "bigint",
    "due_on": "date",
    "step": "smallint",
    "channel": "text",
    "urgency": "smallint",
    "not_before": "timestamptz",
    "expires_at": "text",
}
_INTO = (
    f"INSERT INTO {Reminder._meta.db_table}"
    " (kind, state, created_at, attempts, message_id, reason, last_error, {})"
).format(", ".join(_COLUMNS))


def _insert_reminders(kind: str, state: str, at: datetime, rows: Sequence[tuple[str | int, ...]]) -> int:
    """Insert all rows, columns as above, whose key is new, by one statement; returns how many were.

    Another planner may be as far as this one: the unique key decides.
    """
    same = [kind, state, _text(at)]
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            given = ", ".join(f"%s::{type_}[]" for type_ in _COLUMNS.values())
            *columns, last = _COLUMNS
            cursor.execute(
                f"{_INTO} SELECT %s, %s, %s::timestamptz, 0, '', '', '', {', '.join(columns)},"
                f" NULLIF({last}, '')::timestamptz FROM unnest({given}) AS new ({', '.join(_COLUMNS)})"
                " ON CONFLICT (key) DO NOTHING",
                [*same, *map(_array, zip(*rows, strict=True))],
            )
        else:
            cursor.executemany(
                f"{_INTO} VALUES (%s, %s, %s, 0, '', '', '', %s, %s, %s, %s, %s, %s, %s, %s, NULLIF(%s, ''))"
                " ON CONFLICT (key) DO NOTHING",
                [(*same, *row) for row in rows],
            )
        return int(cursor.rowcount)
