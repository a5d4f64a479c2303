"""What is asked about reminders: may this one go now?"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from celery.exceptions import SoftTimeLimitExceeded

from accounts.models import User
from courses.reminders import kinds
from courses.reminders.addresses import address_digests
from courses.reminders.letters import can_be_written
from courses.reminders.models import (
    Channel,
    MailTemplateRevision,
    Preference,
    Reason,
    Reminder,
    ReminderSettings,
    Suppression,
    Urgency,
)
from courses.reminders.timing import Hours, due_instant, local_instant, next_allowed

#: How long a reminder waits for what an operator has to bring: a template, the code of its kind.
HELD = timedelta(hours=1)
#: A local day began at most so long ago, in whatever zone and through every change of the clock.
_A_DAY = timedelta(hours=27)
#: What was planned longer ago than this does not count for a day's limit: the index is by that moment.
_PLANNED_BEFORE = timedelta(days=60)


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

    #: (person, kind, channel) -> whether it is on, of everything that these people chose.
    chosen: Mapping[tuple[int, str, str], bool]
    verified: frozenset[tuple[int, str]]
    #: Digests; sending adds to them what it learns within the batch.
    suppressed: set[str]
    templates: Mapping[str, MailTemplateRevision]
    #: What each reminder is about, by its primary key; what is not there any more is left out.
    about: Mapping[int, Any]
    #: Reminders whose kind could not read what they are about, and why.
    broken: Mapping[int, Exception] = field(default_factory=dict)
    #: Mails with something ordinary that each person got on their present day; sending counts on.
    got_today: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True)
class Verdict:
    """Whether a reminder may go. With ``until`` it waits until then, with a reason alone it is cancelled."""

    reason: Reason | None = None
    until: datetime | None = None

    @property
    def goes(self) -> bool:
        return self.reason is None


def facts_about(reminders: Sequence[Reminder], *, at: datetime) -> Facts:
    """The facts on which ``judge`` decides; the reminders carry their ``user`` and its settings.

    What only mail needs is read only where there is mail.
    """
    people = {reminder.user_id: reminder.user for reminder in reminders}
    mail = {reminder.user_id for reminder in reminders if reminder.channel == Channel.EMAIL}
    digests = [digest for pk in mail for digest in address_digests(people[pk].email)]
    verified = EmailAddress.objects.filter(user__in=mail, verified=True).values_list("user_id", "email")
    suppressed = Suppression.objects.filter(Suppression.HOLDS, email_hmac__in=digests)
    chosen = Preference.objects.filter(user__in=people)
    live = MailTemplateRevision.objects.live(at).select_related("template")
    live = live.filter(template__kind__in={reminder.kind for reminder in reminders})
    about, broken = _read(reminders, at)
    return Facts(
        chosen={
            (user_id, kind, channel): is_on
            for user_id, kind, channel, is_on in chosen.values_list("user_id", "kind", "channel", "is_on")
        },
        verified=frozenset((user_id, email.lower()) for user_id, email in verified) if mail else frozenset(),
        suppressed=set(suppressed.values_list("email_hmac", flat=True)) if mail else set(),
        templates={revision.template.kind: revision for revision in live if can_be_written(revision)},
        about=about,
        broken=broken,
        got_today=_got_today([people[pk] for pk in mail], at) if mail else Counter(),
    )


def _read(reminders: Sequence[Reminder], at: datetime) -> tuple[dict[int, Any], dict[int, Exception]]:
    """What each kind reads about its own; where that fails, each by itself, so that one spoils no other."""
    by_kind: dict[str, list[Reminder]] = {}
    for reminder in reminders:
        by_kind.setdefault(reminder.kind, []).append(reminder)
    about: dict[int, Any] = {}
    broken: dict[int, Exception] = {}
    for key, rows in by_kind.items():
        try:
            kind = kinds.get(key)
        except kinds.UnknownKind:
            continue
        try:
            about |= kind.read(rows, at=at)
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:
            for row in rows:
                try:
                    about |= kind.read([row], at=at) if len(rows) > 1 else _raise(error)
                except SoftTimeLimitExceeded:
                    raise
                except Exception as own_error:
                    broken[row.pk] = own_error
    return about, broken


def _raise(error: Exception) -> Mapping[int, Any]:
    raise error


def _got_today(people: Collection[User], at: datetime) -> Counter[int]:
    """How many mails with something ordinary each person got since their present day began."""
    sent = Reminder.objects.filter(
        user__in=people,
        not_before__gte=at - _PLANNED_BEFORE,
        channel=Channel.EMAIL,
        urgency=Urgency.ORDINARY,
        state=Reminder.State.SENT,
        sent_at__gte=at - _A_DAY,
    )
    began = {person.pk: _day_of(person, at) for person in people}
    mails = {
        (user_id, message)
        for user_id, message, sent_at in sent.values_list("user_id", "message_id", "sent_at")
        if sent_at is not None and sent_at >= began[user_id]
    }
    return Counter(user_id for user_id, _message in mails)


def _day_of(user: User, at: datetime) -> datetime:
    """When the person's present day began."""
    return local_instant(at.astimezone(user.zone).date(), time(), user.zone)


def turned_off(people: Collection[int]) -> frozenset[tuple[int, str, str]]:
    """(person, kind, channel) of everything that these people turned off."""
    rows = Preference.objects.filter(user__in=people, is_on=False)
    return frozenset(rows.values_list("user_id", "kind", "channel"))


def judge(reminder: Reminder, facts: Facts, *, at: datetime) -> Verdict:
    """Whether ``reminder`` may go now: asked at the moment of sending, whatever was true at planning.

    An inbox knows no address, no hours and no daily limit: what is for it stands in nobody's way.
    """
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
    is_mail = reminder.channel == Channel.EMAIL
    if is_mail and (user.pk, user.email.lower()) not in facts.verified:
        return Verdict(Reason.UNVERIFIED)
    if is_mail and facts.suppressed and not facts.suppressed.isdisjoint(address_digests(user.email)):
        return Verdict(Reason.SUPPRESSED)
    if not facts.chosen.get(
        (user.pk, reminder.kind, reminder.channel), reminder.channel in kind.on_by_default
    ):
        return Verdict(Reason.OFF)
    if reminder.kind not in facts.templates:
        return Verdict(Reason.NO_TEMPLATE, at + HELD)
    return _hours_and_limit(reminder, facts, at) if is_mail else Verdict()


def _hours_and_limit(reminder: Reminder, facts: Facts, at: datetime) -> Verdict:
    """Whether this is a moment at which the person wants mail."""
    user = reminder.user
    wishes = settings_of(user)
    if wishes.paused_until is not None and at < (ends := paused_until(user, wishes)):
        return Verdict(Reason.PAUSED, ends)
    allowed = next_allowed(at, user.zone, wishes.hours)
    if allowed > at:
        return Verdict(Reason.QUIET, allowed)
    if reminder.urgency == Urgency.ORDINARY and facts.got_today[user.pk] >= wishes.most_a_day:
        return Verdict(Reason.CAP, next_day(user, wishes, at=at))
    return Verdict()


def paused_until(user: User, wishes: ReminderSettings) -> datetime:
    """When the first mail after a pause may go: at the person's hour on the first day."""
    assert wishes.paused_until is not None
    return due_instant(wishes.paused_until, user.zone, wishes.hours)


def next_day(user: User, wishes: ReminderSettings, *, at: datetime) -> datetime:
    """The person's hour on the day after ``at``."""
    tomorrow = at.astimezone(user.zone).date() + timedelta(days=1)
    return due_instant(tomorrow, user.zone, wishes.hours)


def is_suppressed(user: User) -> bool:
    """Whether the person's address is known not to accept mail."""
    return Suppression.objects.filter(Suppression.HOLDS, email_hmac__in=address_digests(user.email)).exists()


def reminder_key(kind: str, candidate: kinds.Candidate, channel: str = Channel.EMAIL) -> str:
    """The business fact that a reminder stands for."""
    c = candidate
    return f"{kind}:{c.subject}:{c.user_id}:{c.due_on.isoformat()}:{c.step}:{channel}"
