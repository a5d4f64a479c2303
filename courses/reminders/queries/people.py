"""What a person chose, what they can choose, and what comes next for them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import nsmallest
from operator import itemgetter
from typing import NamedTuple

from accounts.models import User
from accounts.roles import Role
from courses.reminders import kinds
from courses.reminders.addresses import address_digests
from courses.reminders.kinds import Group, Kind
from courses.reminders.models import Channel, Preference, Reminder, ReminderSettings, Suppression
from courses.reminders.queries.judging import reminder_key, settings_of
from courses.reminders.timing import due_instant, moment

#: How far ahead a person is told what comes next.
FORESIGHT = timedelta(days=400)
#: Of each kind so many of the nearest moments are looked at; of those some have gone already.
NEAREST = 12
#: Who can ever get the kinds of a group that is not for everybody.
ROLES: Mapping[Group, tuple[Role, ...]] = {Group.WORK: (Role.EDITOR,)}


class Choice(NamedTuple):
    """A kind by a channel."""

    kind: str
    channel: str


def kinds_for(user: User) -> list[Kind]:
    """The kinds that the person can ever get, group by group."""
    order = list(Group)
    offered = [
        one for one in kinds.registered() if one.group not in ROLES or user.has_role(*ROLES[one.group])
    ]
    return sorted(offered, key=lambda one: order.index(one.group))


def wishes_of(user: User, of: Sequence[Kind]) -> dict[Choice, bool]:
    """What the person wants by which channel: what they said, else what the kind does by itself."""
    said = {
        Choice(kind, channel): is_on
        for kind, channel, is_on in Preference.objects.filter(user=user).values_list(
            "kind", "channel", "is_on"
        )
    }
    choices = [Choice(one.key, channel.value) for one in of for channel in Channel]
    usual = {Choice(one.key, channel) for one in of for channel in one.on_by_default}
    return {choice: said.get(choice, choice in usual) for choice in choices}


def suppression_of(user: User) -> Suppression | None:
    """What is known against the person's address, if it holds."""
    rows = Suppression.objects.filter(Suppression.HOLDS, email_hmac__in=address_digests(user.email))
    return rows.first()


class _Coming(NamedTuple):
    goes_at: datetime
    key: str
    kind: str


def next_moments(
    user: User, *, at: datetime, of: Sequence[Kind] | None = None, wanted: Collection[Choice] | None = None
) -> dict[str, datetime]:
    """For each kind the moment at which the person's next reminder goes, as far as it can be foreseen.

    One statement for all kinds together, and what each kind's own ``candidates`` ask. With ``wanted`` only
    kinds and channels in it are looked at.
    """
    settings = settings_of(user)
    coming: list[_Coming] = []
    for kind in kinds.registered() if of is None else of:
        channels = [
            channel.value
            for channel in Channel
            if (
                channel in kind.on_by_default if wanted is None else Choice(kind.key, channel.value) in wanted
            )
        ]
        if channels:
            candidates = kind.candidates(at=at, until=at + FORESIGHT, user_id=user.pk)
            moments = ((_goes_at(one, user, settings, at), one) for one in candidates)
            for goes_at, candidate in nsmallest(NEAREST, moments, key=itemgetter(0)):
                coming += [
                    _Coming(
                        _after_pause(goes_at, user, settings) if channel == Channel.EMAIL else goes_at,
                        reminder_key(kind.key, candidate, channel),
                        kind.key,
                    )
                    for channel in channels
                ]
    known = _known(user, [one.key for one in coming])
    left = [one._replace(goes_at=known.get(one.key) or one.goes_at) for one in coming]
    return {one.kind: one.goes_at for one in sorted(left, reverse=True) if known.get(one.key, at) is not None}


def _known(user: User, keys: Sequence[str]) -> dict[str, datetime | None]:
    """Of rows that are over nothing, of rows that wait for something the moment until which they wait."""
    rows = Reminder.objects.owned_by(user).filter(key__in=keys)
    found: dict[str, datetime | None] = {}
    for key, state, reason, not_before in rows.values_list("key", "state", "reason", "not_before"):
        if state in (Reminder.State.SENT, Reminder.State.CANCELLED, Reminder.State.FAILED):
            found[key] = None
        elif reason:
            found[key] = not_before
    return found


def _goes_at(candidate: kinds.Candidate, user: User, settings: ReminderSettings, at: datetime) -> datetime:
    return candidate.not_before or moment(candidate.send_on, user.zone, settings.hours, at=at)


def _after_pause(goes_at: datetime, user: User, settings: ReminderSettings) -> datetime:
    """The same moment, or the first after the pause."""
    until = settings.paused_until
    if until is None or user.local(goes_at).date() >= until:
        return goes_at
    return due_instant(until, user.zone, settings.hours)
