"""How delivery does, for those who look after it: what went in the last weeks, what waits, and how late."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db.models import Count, Min, Q

from courses.reminders import kinds
from courses.reminders.models import (
    Channel,
    MailGate,
    PlanTally,
    Reason,
    Reminder,
    ReminderQuerySet,
    Suppression,
)

#: What the counts look back on.
WINDOW = timedelta(days=28)
#: Lateness is measured on so many of the newest mails.
SAMPLE = 10_000
#: A reminder that is due for longer is late, and a mail server away for longer is an alarm.
LATE = timedelta(minutes=15)

OVER = (Reminder.State.SENT, Reminder.State.CANCELLED, Reminder.State.FAILED)
WAITING = (Reminder.State.PLANNED, Reminder.State.LEASED)


@dataclass(frozen=True)
class Lag:
    """How long after its moment a mail went: in the middle, and all but one in twenty."""

    median: timedelta
    p95: timedelta


@dataclass(frozen=True)
class KindLine:
    """What became of one kind's reminders."""

    key: str
    label: str
    mails: int
    inbox: int
    #: Why they did not go and how many, the most frequent first.
    cancelled: tuple[tuple[str, int], ...]
    failed: int
    waiting: int
    lag: Lag | None

    @property
    def not_sent(self) -> int:
        return sum(number for _reason, number in self.cancelled)


@dataclass(frozen=True)
class Held:
    """A kind of which too many were planned at once: they wait until somebody approves or cancels them."""

    kind: str
    label: str
    rows: int
    people: int
    mails: int
    goes_at: datetime
    planned_at: datetime
    #: How many are planned on an ordinary day; None where nothing is known.
    usual: int | None


@dataclass(frozen=True)
class DeliveryLog:
    """The state of delivery at a moment."""

    lines: tuple[KindLine, ...]
    lag: Lag | None
    waiting: int
    failed: int
    oldest: Reminder | None
    late_by: timedelta
    gate: MailGate | None
    suppressed: int
    held: tuple[Held, ...]

    @property
    def is_late(self) -> bool:
        return self.late_by > LATE


def delivery_log(*, at: datetime) -> DeliveryLog:
    """Everything that the page about delivery says, in a constant number of queries."""
    since = at - WINDOW
    counts = (
        Reminder.objects.filter(Q(state__in=OVER, not_before__gte=since) | Q(state__in=WAITING))
        .order_by()
        .values_list("kind", "channel", "state", "reason")
        .annotate(number=Count("pk"))
    )
    mails: Counter[str] = Counter()
    inbox: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    waiting: Counter[str] = Counter()
    cancelled: dict[str, Counter[str]] = defaultdict(Counter)
    for kind, channel, state, reason, number in counts:
        if state == Reminder.State.SENT:
            (mails if channel == Channel.EMAIL else inbox)[kind] += number
        elif state == Reminder.State.CANCELLED:
            cancelled[kind][reason] += number
        elif state == Reminder.State.FAILED:
            failed[kind] += number
        else:
            waiting[kind] += number
    lags = _lags(since)
    known = {kind.key: str(kind.label) for kind in kinds.registered()}
    gone = sorted({*mails, *inbox, *failed, *waiting, *cancelled} - known.keys())
    oldest = Reminder.objects.oldest_due(at)
    return DeliveryLog(
        lines=tuple(
            KindLine(
                key=key,
                label=known.get(key, key),
                mails=mails[key],
                inbox=inbox[key],
                cancelled=tuple((_reason(reason), number) for reason, number in cancelled[key].most_common()),
                failed=failed[key],
                waiting=waiting[key],
                lag=_lag(lags.get(key, ())),
            )
            for key in [*known, *gone]
        ),
        lag=_lag([one for some in lags.values() for one in some]),
        waiting=waiting.total(),
        failed=for_staff()[Reminder.State.FAILED],
        oldest=oldest,
        late_by=max(at - oldest.not_before, timedelta()) if oldest else timedelta(),
        gate=MailGate.objects.first(),
        suppressed=Suppression.objects.filter(Suppression.HOLDS).count(),
        held=held_runs(at=at),
    )


@dataclass(frozen=True)
class Punctuality:
    """How late the oldest due reminder is, and since when the mail server has been away."""

    late_by: timedelta
    away_since: datetime | None


def punctuality(*, at: datetime) -> Punctuality:
    """How well delivery keeps up, in two queries, or three while the mail server is away.

    What is held, paused, outside its person's hours or back in the queue is not due. Of mail that waits for
    a server that went away less than ``LATE`` ago it counts how late it was then: nobody need be woken yet.
    """
    gate = MailGate.objects.first()
    if gate is None or at - gate.closed_at >= LATE:
        return Punctuality(_late_by(Reminder.objects.all(), at, at), gate.closed_at if gate else None)
    mail = Reminder.objects.filter(channel=Channel.EMAIL)
    inbox = Reminder.objects.filter(channel=Channel.INBOX)
    late_by = max(_late_by(mail, at, gate.closed_at), _late_by(inbox, at, at))
    return Punctuality(late_by, gate.closed_at)


def _late_by(rows: ReminderQuerySet, at: datetime, until: datetime) -> timedelta:
    oldest = rows.oldest_due(at)
    return max(until - oldest.not_before, timedelta()) if oldest else timedelta()


def held_runs(*, at: datetime, kind: str = "") -> tuple[Held, ...]:
    """What waits for approval, kind by kind; or of one kind."""
    rows = Reminder.objects.filter(state=Reminder.State.HELD)
    if kind:
        rows = rows.filter(kind=kind)
    found = list(
        rows.order_by("kind")
        .values_list("kind")
        .annotate(
            number=Count("pk"),
            people=Count("user", distinct=True),
            mails=Count("pk", filter=Q(channel=Channel.EMAIL)),
            goes_at=Min("not_before"),
            planned_at=Min("created_at"),
        )
    )
    if not found:
        return ()
    usual: dict[str, list[int]] = defaultdict(list)
    tallies = PlanTally.objects.filter(kind__in=[one[0] for one in found], on__gte=(at - WINDOW).date())
    for key, number in tallies.filter(on__lt=at.date()).order_by().values_list("kind", "rows"):
        usual[key].append(number)
    return tuple(
        Held(
            kind=key,
            label=label_of(key),
            rows=number,
            people=people,
            mails=mails,
            goes_at=goes_at,
            planned_at=planned_at,
            usual=round(median(usual[key])) if usual[key] else None,
        )
        for key, number, people, mails, goes_at, planned_at in found
    )


def for_staff() -> Counter[str]:
    """How many failed and how many are held: what only somebody of the staff can bring forward.

    By an index of its own, so that every page may ask.
    """
    rows = Reminder.objects.filter(state__in=["failed", "held"]).order_by()
    return Counter(dict(rows.values_list("state").annotate(number=Count("pk"))))


def label_of(kind: str) -> str:
    """What a kind is called; its key where the code does not know it any more."""
    try:
        return str(kinds.get(kind).label)
    except kinds.UnknownKind:
        return kind


def _lags(since: datetime) -> dict[str, list[timedelta]]:
    """How late the newest mails went, by kind; what went with another mail before its moment was not late."""
    newest = Reminder.objects.filter(state=Reminder.State.SENT, channel=Channel.EMAIL, sent_at__gte=since)
    lags: dict[str, list[timedelta]] = defaultdict(list)
    for kind, not_before, sent_at in newest.order_by("-pk").values_list("kind", "not_before", "sent_at")[
        :SAMPLE
    ]:
        if sent_at is not None:  # as a constraint says of what was sent
            lags[kind].append(max(sent_at - not_before, timedelta()))
    return lags


def _lag(lags: Sequence[timedelta]) -> Lag | None:
    if not lags:
        return None
    ordered = sorted(lags)
    return Lag(ordered[len(ordered) // 2], ordered[min(len(ordered) * 95 // 100, len(ordered) - 1)])


def _reason(reason: str) -> str:
    return str(Reason(reason).label) if reason in Reason.values else reason
