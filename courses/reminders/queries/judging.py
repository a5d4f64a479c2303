"""What is asked about reminders: may this one go now, and what comes next for a person."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress

from accounts.models import User
from courses.reminders import kinds
from courses.reminders.addresses import address_digests
from courses.reminders.models import (
    Channel,
    MailTemplateRevision,
    Preference,
    Reason,
    Reminder,
    ReminderSettings,
    Suppression,
)
from courses.reminders.timing import Hours, moment, next_allowed

#: How long a reminder waits for what an operator has to bring: a template, the code of its kind.
HELD = timedelta(hours=1)
#: How far ahead a person is told what comes next.
FORESIGHT = timedelta(days=400)


def settings_of(user: User) -> ReminderSettings:
    """The person's settings, or the defaults; no query where ``reminder_settings`` was selected along."""
    try:
        return user.reminder_settings
    except ReminderSettings.DoesNotExist:
        return ReminderSettings(user=user)


def hours_of(user: User) -> Hours:
    """The person's hours."""
    return settings_of(user).hours


@dataclass(frozen=True)
class Facts:
    """What a batch of reminders needs to know about its people, read in a constant number of queries."""

    off: frozenset[tuple[int, str, str]]
    verified: frozenset[tuple[int, str]]
    #: Digests; sending adds to them what it learns within the batch.
    suppressed: set[str]
    templates: dict[str, MailTemplateRevision]
    #: What each reminder is about, by its primary key; what is not there any more is left out.
    about: Mapping[int, Any]


@dataclass(frozen=True)
class Verdict:
    """Whether a reminder may go. With ``until`` it waits until then, with a reason alone it is cancelled."""

    reason: Reason | None = None
    until: datetime | None = None

    @property
    def goes(self) -> bool:
        return self.reason is None


def facts_about(reminders: Sequence[Reminder], *, at: datetime) -> Facts:
    """The facts on which ``judge`` decides; the reminders carry their ``user``."""
    people = {reminder.user_id for reminder in reminders}
    digests = {digest for reminder in reminders for digest in address_digests(reminder.user.email)}
    live = MailTemplateRevision.objects.live(at).select_related("template")
    return Facts(
        off=turned_off(people),
        verified=frozenset(
            (user_id, email.lower())
            for user_id, email in EmailAddress.objects.filter(user__in=people, verified=True).values_list(
                "user_id", "email"
            )
        ),
        suppressed=set(
            Suppression.objects.filter(Suppression.HOLDS, email_hmac__in=digests).values_list(
                "email_hmac", flat=True
            )
        ),
        templates={
            revision.template.kind: revision
            for revision in live.filter(template__kind__in={reminder.kind for reminder in reminders})
        },
        about=dict(_read(reminders, at)),
    )


def _read(reminders: Sequence[Reminder], at: datetime) -> Iterator[tuple[int, Any]]:
    """What each kind reads about its own."""
    by_kind: dict[str, list[Reminder]] = {}
    for reminder in reminders:
        by_kind.setdefault(reminder.kind, []).append(reminder)
    for key, rows in by_kind.items():
        try:
            kind = kinds.get(key)
        except kinds.UnknownKind:
            continue
        yield from kind.read(rows, at=at).items()


def turned_off(people: Collection[int]) -> frozenset[tuple[int, str, str]]:
    """(person, kind, channel) of everything that these people turned off."""
    rows = Preference.objects.filter(user__in=people, is_on=False)
    return frozenset(rows.values_list("user_id", "kind", "channel"))


def judge(reminder: Reminder, facts: Facts, *, at: datetime) -> Verdict:
    """Whether ``reminder`` may go now: asked at the moment of sending, whatever was true at planning."""
    user = reminder.user
    try:
        kind = kinds.get(reminder.kind)
    except kinds.UnknownKind:
        return Verdict(Reason.UNKNOWN_KIND, at + HELD)
    if reminder.expires_at is not None and reminder.expires_at <= at:
        return Verdict(Reason.EXPIRED)
    if reminder.pk not in facts.about:
        return Verdict(Reason.CLOSED)
    untrue = kind.still_true(reminder, facts.about[reminder.pk], at=at)
    if untrue is not None:
        return Verdict(untrue)
    if not user.is_active:
        return Verdict(Reason.INACTIVE)
    if (user.pk, user.email.lower()) not in facts.verified:
        return Verdict(Reason.UNVERIFIED)
    if not facts.suppressed.isdisjoint(address_digests(user.email)):
        return Verdict(Reason.SUPPRESSED)
    if (user.pk, reminder.kind, reminder.channel) in facts.off:
        return Verdict(Reason.OFF)
    if reminder.kind not in facts.templates:
        return Verdict(Reason.NO_TEMPLATE, at + HELD)
    allowed = next_allowed(at, user.zone, hours_of(user))
    if allowed > at:
        return Verdict(Reason.QUIET, allowed)
    return Verdict()


def is_suppressed(user: User) -> bool:
    """Whether the person's address is known not to accept mail."""
    return Suppression.objects.filter(Suppression.HOLDS, email_hmac__in=address_digests(user.email)).exists()


def reminder_key(kind: str, candidate: kinds.Candidate, channel: str = Channel.EMAIL) -> str:
    """The business fact that a reminder stands for."""
    c = candidate
    return f"{kind}:{c.subject}:{c.user_id}:{c.due_on.isoformat()}:{c.step}:{channel}"


def next_moments(user: User, *, at: datetime) -> dict[str, datetime]:
    """For each kind the moment at which the person's next reminder goes, as far as it can be foreseen."""
    hours = hours_of(user)
    coming: dict[str, dict[str, datetime]] = {}
    for kind in kinds.registered():
        coming[kind.key] = {
            reminder_key(kind.key, c): c.not_before or moment(c.send_on, user.zone, hours, at=at)
            for c in kind.candidates(at=at, until=at + FORESIGHT, user_id=user.pk)
        }
    keys = [key for moments in coming.values() for key in moments]
    waiting = (Reminder.State.PLANNED, Reminder.State.LEASED)
    known = dict(Reminder.objects.owned_by(user).filter(key__in=keys).values_list("key", "state"))
    return {
        kind: min(left)
        for kind, moments in coming.items()
        if (left := [m for key, m in moments.items() if known.get(key, waiting[0]) in waiting])
    }
