"""The kind about membership dues, which are owed every year."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.catalog.models import Fact, FactKind
from courses.credentials.cycles import add_months
from courses.credentials.models import ChecklistTick, CredentialHeld, Cycle, RuleSet
from courses.credentials.rules import Dues
from courses.reminders.addresses import absolute
from courses.reminders.kinds import Candidate, Group, Kind
from courses.reminders.kinds.credentials.cycles import RENEWAL, cycle_sample
from courses.reminders.kinds.credentials.reading import kept_cycles
from courses.reminders.kinds.credentials.words import because_held
from courses.reminders.kinds.ladder import ONE_DAY, Ladder, in_days, in_pages
from courses.reminders.kinds.shared import day_words, days_from_now_words, short_day_words
from courses.reminders.models import Reason, Reminder


@dataclass(frozen=True)
class DuesOwed:
    """A cycle of a body that asks dues every year, and whether they seem to be paid."""

    cycle: Cycle
    credentials: list[CredentialHeld]
    #: What the person said with a tick on the page of the cycle.
    paid_on: date | None
    amount: Fact | None


class MembershipDue(Kind):
    """Membership ends with a month, every year, whatever the cycle says."""

    key = "membership_due"
    label = gettext_lazy("Membership dues")
    rhythm = gettext_lazy("30, 7 days and 1 day before your membership expires, every year")
    group = Group.CREDENTIALS
    steps = (30, 7, 1)
    ladder = Ladder(steps)
    #: A tick so near before the day means the dues of that year.
    _PAID = timedelta(days=120)

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        """Cycles with a year that ends at a step; of a cycle that began in that very month none."""
        fields = ("user_id", "user__time_zone", "starts_on", "ends_on")
        ends = _month_ends(self.ladder.days(at, until)) if user_id is None else []
        if user_id is None and not ends:
            return
        rows = kept_cycles().filter(rule_set__in=_with_dues())
        if user_id is None:
            found = in_days(rows, "ends_on", _same_months(ends), *fields)
        else:
            found = in_pages(rows.filter(user=user_id), *fields)
        for pk, person, zone, starts_on, ends_on in found:
            for day in dues_days(starts_on, ends_on):
                if user_id is None and day not in ends:
                    continue
                for step, send_on, expires_on in self.ladder.rungs(day, zone, at=at, until=until):
                    yield Candidate(_dues_subject(pk, day), person, day, step, send_on, expires_on)

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        asked = [_dues_of(subject) for subject in subjects]
        rows = Cycle.objects.filter(pk__in={pk for pk, _year in asked}, rule_set__in=_with_dues())
        cycles = {pk: days for pk, *days in rows.values_list("pk", "starts_on", "ends_on")}
        return {
            _dues_subject(pk, day): day
            for pk, year in asked
            if pk in cycles
            for day in dues_days(*cycles[pk])
            if day.year == year
        }

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, DuesOwed]:
        ids = {_dues_of(reminder.subject)[0] for reminder in reminders}
        rows = Cycle.objects.filter(pk__in=ids, rule_set__isnull=False)
        kept = CredentialHeld.objects.filter(status__in=CredentialHeld.KEPT).select_related("certification")
        ticks = ChecklistTick.objects.filter(key="dues")
        cycles = {
            cycle.pk: cycle
            for cycle in rows.select_related("body", "rule_set").prefetch_related(
                Prefetch("credentials", kept, to_attr="kept"),
                Prefetch("ticks", ticks, to_attr="paid"),
                Prefetch("body__facts", Fact.objects.filter(kind=FactKind.FEE), to_attr="fees"),
            )
        }
        found = {}
        for reminder in reminders:
            cycle = cycles.get(_dues_of(reminder.subject)[0])
            if cycle is not None and cycle.user_id == reminder.user_id and _asks_dues(cycle.rule_set):
                found[reminder.pk] = _owed(cycle, reminder)
        return found

    def still_true(self, reminder: Reminder, fact: DuesOwed, *, at: datetime) -> Reason | None:
        if reminder.due_on not in dues_days(fact.cycle.starts_on, fact.cycle.ends_on):
            return Reason.MOVED
        if not fact.credentials:
            return Reason.RETIRED
        if fact.paid_on is not None and reminder.due_on - self._PAID <= fact.paid_on:
            return Reason.DONE
        return None

    def context(self, reminder: Reminder, fact: DuesOwed, *, at: datetime) -> dict[str, str]:
        body = fact.cycle.body.short
        names = ", ".join(str(one.certification) for one in fact.credentials)
        return {
            "name": reminder.user.get_short_name(),
            "credential": names,
            "body": body,
            "due": day_words(reminder.due_on),
            "due_short": short_day_words(reminder.due_on),
            "from_now": days_from_now_words((reminder.due_on - reminder.user.local(at).date()).days),
            "amount_sentence": _amount(body, fact.amount),
            "url": absolute(reverse("credentials:cycle", args=[fact.cycle.pk]) + RENEWAL),
            "why": because_held(names),
        }

    def sample_context(self) -> dict[str, str]:
        return {
            **cycle_sample(),
            "due_short": "31 Mar 2027",
            "from_now": "30 days from now",
            "amount_sentence": _amount("AAPC", None),
            "url": absolute(f"/credentials/cycles/1/{RENEWAL}"),
            "why": because_held("CPC"),
        }


@lru_cache(maxsize=4096)  # many cycles have the same days
def dues_days(starts_on: date, ends_on: date) -> tuple[date, ...]:
    """The last days of the renewal month in every year of a cycle: the last is that of its own end.

    The month in which the cycle began is none: its dues were those of joining.
    """
    found = []
    year_end = add_months((ends_on - ONE_DAY).replace(day=1), 1)  # first day after the renewal month
    while add_months(year_end, -1) > starts_on:
        found.append(year_end - ONE_DAY)
        year_end = add_months(year_end, -12)
    return tuple(found[::-1])


#: Years before the end of a cycle in which dues fall due: no cycle is longer.
_YEARS = 5


def _month_ends(stretches: Iterable[tuple[date, date]]) -> list[date]:
    """The last days of months in these stretches."""
    found = []
    for first, last in stretches:
        day = add_months(first.replace(day=1), 1) - ONE_DAY
        while day <= last:
            found.append(day)
            day = add_months(day + ONE_DAY, 1) - ONE_DAY
    return found


def _same_months(days: Iterable[date]) -> list[tuple[date, date]]:
    """First days after cycles that end in one of these months, or in the same month of a later year."""
    return [
        (first + ONE_DAY, add_months(first, 1))
        for day in days
        for first in (add_months(day.replace(day=1), 12 * n) for n in range(_YEARS))
    ]


def _with_dues() -> list[int]:
    """Rule sets of bodies whose dues are owed every year and expire with the renewal month."""
    rows = RuleSet.objects.filter(anchor=RuleSet.Anchor.RENEWAL_MONTH, terms__dues=Dues.YEARLY.value)
    return list(rows.values_list("pk", flat=True))


def _asks_dues(row: RuleSet | None) -> bool:
    return (
        row is not None
        and row.anchor == RuleSet.Anchor.RENEWAL_MONTH
        and row.terms.get("dues") == Dues.YEARLY.value
    )


def _owed(cycle: Any, reminder: Reminder) -> DuesOwed:
    paid = [reminder.user.local(tick.ticked_at).date() for tick in cycle.paid]
    fee = next((one for one in cycle.body.fees if one.label.casefold().startswith("membership")), None)
    return DuesOwed(cycle, cycle.kept, max(paid, default=None), fee)


def _amount(body: str, fee: Fact | None) -> str:
    """What it costs with where that comes from, or who says it."""
    if fee is None:
        return _("The amount is not known here: your %(body)s account says it.") % {"body": body}
    return _("As of %(day)s: %(amount)s (%(source)s). What counts is what your %(body)s account says.") % {
        "day": date_format(fee.as_of, "j M Y"),
        "amount": fee.value,
        "source": fee.source,
        "body": body,
    }


def _dues_subject(cycle_id: int, day: date) -> str:
    return f"dues-{cycle_id}-{day.year}"


def _dues_of(subject: str) -> tuple[int, int]:
    """The cycle and the year."""
    _name, pk, year = subject.split("-")
    return int(pk), int(year)
