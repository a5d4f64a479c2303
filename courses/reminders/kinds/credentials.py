"""Kinds about credentials: the end of a CE cycle."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import reduce
from itertools import pairwise
from operator import or_
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.credentials.models import CredentialHeld, Cycle, CycleQuerySet
from courses.credentials.queries import CycleStanding, standing_for_cycle, standings_of
from courses.reminders.addresses import absolute
from courses.reminders.kinds import Candidate, Group, Kind, in_batches
from courses.reminders.models import Reason, Reminder
from courses.reminders.timing import steps_due

ONE_DAY = timedelta(days=1)
#: How long the planner may be away without a step being skipped.
LOOK_BACK = timedelta(days=3)


class CeCycleEnd(Kind):
    """A CE cycle ends and CEUs may be short."""

    key = "ce_cycle_end"
    label = gettext_lazy("CE deadline")
    rhythm = gettext_lazy("180, 90, 60, 30, 14, 7 days and 1 day before the last day, if CEUs are short")
    group = Group.CREDENTIALS
    steps = (180, 90, 60, 30, 14, 7, 1)

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        """Cycles that come to a step; a cycle recorded late gets the step it is in, and not those before.

        For one person, cycles that are complete already are left out.
        """
        kept = CredentialHeld.objects.filter(cycles=OuterRef("pk"), status__in=CredentialHeld.KEPT)
        cycles = self._near(at, until) if user_id is None else Cycle.objects.filter(user=user_id)
        for page in in_batches(cycles.filter(Exists(kept)).select_related("user", "rule_set")):
            for cycle in page:
                today = cycle.user.local(at).date()
                is_new = cycle.opened_at >= at - LOOK_BACK
                steps = steps_due(
                    days_left=(cycle.due_on - today).days,
                    ahead=(cycle.user.local(until).date() - today).days,
                    back=max(self.steps) if is_new else LOOK_BACK.days,
                    steps=self.steps,
                )
                if user_id is not None and steps and standing_for_cycle(cycle, today).standing.is_met:
                    continue
                for step in steps:
                    yield Candidate(
                        subject=_subject(cycle.pk),
                        user_id=cycle.user_id,
                        due_on=cycle.due_on,
                        step=step,
                        send_on=cycle.due_on - timedelta(days=step),
                        expires_on=self._expires_on(cycle.due_on, step),
                    )

    def _near(self, at: datetime, until: datetime) -> CycleQuerySet:
        """Cycles that come to a step in the time given, or began to be known here only now."""
        # a person's day begins up to 14 hours before and 12 after that of UTC
        first, last = at.date() - ONE_DAY, until.date() + ONE_DAY
        recorded = Cycle.objects.ending_between(first, last + timedelta(days=max(self.steps)))
        windows = [
            Cycle.objects.ending_between(
                first - LOOK_BACK + timedelta(days=step), last + timedelta(days=step) + ONE_DAY
            )
            for step in self.steps
        ]
        return reduce(or_, windows, recorded.filter(opened_at__gte=at - LOOK_BACK))

    def _expires_on(self, due_on: date, step: int) -> date:
        """The day of the next step, which says it better; after the last step the day after the deadline."""
        following = dict(pairwise(self.steps))
        return due_on - timedelta(days=following[step]) if step in following else due_on + ONE_DAY

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        cycles = Cycle.objects.in_bulk([_cycle_id(subject) for subject in subjects])
        return {_subject(cycle.pk): cycle.due_on for cycle in cycles.values()}

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, CycleStanding]:
        people = {reminder.user_id: reminder.user for reminder in reminders}
        ids = {_cycle_id(reminder.subject) for reminder in reminders}
        cycles = list(_cycles().filter(pk__in=ids))
        standings = standings_of(cycles, {pk: user.local(at).date() for pk, user in people.items()})
        by_cycle = {one.cycle.pk: one for one in standings}
        found = {reminder.pk: by_cycle.get(_cycle_id(reminder.subject)) for reminder in reminders}
        return {pk: one for pk, one in found.items() if one is not None}

    def still_true(self, reminder: Reminder, fact: CycleStanding, *, at: datetime) -> Reason | None:
        if fact.cycle.due_on != reminder.due_on:
            return Reason.MOVED
        if not fact.credentials:
            return Reason.RETIRED
        return Reason.DONE if fact.standing.is_met else None

    def context(self, reminder: Reminder, fact: CycleStanding, *, at: datetime) -> dict[str, Any]:
        cycle, held, standing = fact.cycle, fact.credentials, fact.standing
        return {
            "name": reminder.user.get_short_name(),
            "credential": fact.names,
            "body": str(cycle.body),
            "number": held[0].number if len(held) == 1 else "",
            "due": date_format(cycle.due_on, "D j M Y"),
            "days_left": max(0, standing.days_left),
            "earned": _number(standing.earned),
            "required": "?" if standing.required is None else _number(standing.required),
            "short": _number(standing.fewest),
            "standing_sentence": fact.sentence,
            "url": absolute(held[0].get_absolute_url()),
            "why": _why(fact.names),
        }

    def sample_context(self) -> dict[str, Any]:
        return {
            "name": "Ana",
            "credential": "CPC",
            "body": "AAPC",
            "number": "01234567",
            "due": "Wed 31 Mar 2027",
            "days_left": 30,
            "earned": Decimal(28),
            "required": Decimal(36),
            "short": Decimal(8),
            "standing_sentence": "8 CEUs short, 30 days left.",
            "url": absolute("/credentials/1/"),
            "why": _why("CPC"),
        }


def _why(credential: str) -> str:
    return _("You get this because you recorded %(credential)s here, and its CE cycle ends soon.") % {
        "credential": credential
    }


def _cycles() -> QuerySet[Cycle]:
    cycles = Cycle.objects.select_related("body", "user")
    return cycles.prefetch_related("rule_set", "credentials__certification")


def _subject(cycle_id: int) -> str:
    return f"cycle-{cycle_id}"


def _cycle_id(subject: str) -> int:
    return int(subject.removeprefix("cycle-"))


def _number(amount: Decimal) -> Decimal:
    """Without trailing zeros: 6.50 is 6.5 and 40.00 is 40."""
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount.normalize()
