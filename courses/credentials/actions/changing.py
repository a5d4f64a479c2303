"""Correcting what is recorded of a credential and its cycle: every change leaves a ``CredentialChange``."""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from courses.credentials.actions.history import note_change
from courses.credentials.actions.holding import (
    CycleDates,
    enter_cycle,
    lock_person,
    refuse_overlap,
    refuse_strange_status,
    settle_first_day,
)
from courses.credentials.actions.refusals import (
    DatesRefused,
    FutureDate,
    NoSuchStep,
    ReasonNeeded,
    RequirementUnknown,
)
from courses.credentials.actions.rules import rule_set_for
from courses.credentials.cycles import ONE_DAY, Period, add_months, period_from
from courses.credentials.models import ChecklistTick, CredentialHeld, Cycle, RuleSet
from courses.credentials.rules import Anchor, required_ceus

#: A credential with one of these leaves the demand of its cycles, so its holder says why.
GIVEN_UP = frozenset({CredentialHeld.Status.LAPSED, CredentialHeld.Status.RETIRED})
#: No body gives more time than this.
_LONGEST_EXTENSION = 12


@transaction.atomic
def change_credential(
    *,
    held: CredentialHeld,
    number: str,
    earned_on: date,
    status: str,
    dates: CycleDates | None = None,
    reason: str = "",
    by: User,
    at: datetime,
) -> list[str]:
    """Correct a credential; returns the columns that changed.

    A retired or lapsed one leaves the demand of its cycle and all its history stays. One that asks for CEUs
    again enters the running cycle of its body, or opens one from ``dates``. Raises a ``Refused``; then
    nothing is written.
    """
    lock_person(held.user)
    held = CredentialHeld.objects.select_related("user", "certification__body").get(pk=held.pk)
    today = held.user.local(at).date()
    if earned_on > today:
        raise FutureDate("earned_on")
    wanted = {"number": number.strip(), "earned_on": earned_on, "status": status}
    changed = [name for name, value in wanted.items() if getattr(held, name) != value]
    if "status" in changed:
        refuse_strange_status(held.certification, status, today)
    gives_up = "status" in changed and status in GIVEN_UP
    if (gives_up or "earned_on" in changed) and not reason.strip():
        raise ReasonNeeded(_("Say why, so that the history explains itself."))
    was_kept, earned_before = held.is_kept, held.earned_on
    for name in changed:
        note_change(held, name, getattr(held, name), wanted[name], reason=reason, by=by, at=at)
        setattr(held, name, wanted[name])
    held.save(update_fields=changed)
    if "earned_on" in changed:
        for cycle in held.cycles.select_related("user", "body", "rule_set"):
            _follow_first_day(cycle, held, earned_before, today, by=by, at=at)
    if held.is_kept and not was_kept:
        enter_cycle(held, dates or CycleDates(), by=by, at=at)
    return changed


def _follow_first_day(
    cycle: Cycle, held: CredentialHeld, before: date, today: date, *, by: User, at: datetime
) -> None:
    """Move a first cycle that was made from the day that was corrected."""
    others = cycle.credentials.exclude(pk=held.pk)
    if others.filter(earned_on__lte=before).exists():
        return
    rule_set = cycle.rule_set
    if rule_set is not None and rule_set.anchor == RuleSet.Anchor.PASS_DATE and not others.exists():
        months = rule_set.cycle_months
        if period_from(before, cycle.starts_on, months=months) == cycle.period and today in cycle.period:
            found = period_from(held.earned_on, today, months=months)
            refuse_overlap(cycle.user, cycle.body, found, but=cycle, field="earned_on")
            _move(cycle, found, reason="", by=by, at=at)
            return
    if cycle.starts_on == before or held.earned_on > cycle.starts_on:
        settle_first_day(cycle, by=by, at=at)


def _move(cycle: Cycle, to: Period, *, reason: str, by: User | None, at: datetime) -> None:
    """Give a cycle other days, and the rules in force on its new first day when that brings others."""
    old_rules = _rules_on(cycle, cycle.starts_on)
    changed = []
    for name in ("starts_on", "ends_on"):
        if getattr(cycle, name) != getattr(to, name):
            note_change(cycle, name, getattr(cycle, name), getattr(to, name), reason=reason, by=by, at=at)
            setattr(cycle, name, getattr(to, name))
            changed.append(name)
    if cycle.extended_until is not None and cycle.extended_until < cycle.ends_on:
        note_change(cycle, "extended_until", cycle.extended_until, None, reason=reason, by=by, at=at)
        cycle.extended_until = None
        changed.append("extended_until")
    rules = _rules_on(cycle, cycle.starts_on)
    if rules != old_rules and cycle.rule_set == old_rules and rules is not None:
        note_change(cycle, "rule_set", cycle.rule_set or "", rules, reason=reason, by=by, at=at)
        cycle.rule_set = rules
        changed.append("rule_set")
    cycle.save(update_fields=changed)


def _rules_on(cycle: Cycle, day: date) -> RuleSet | None:
    first = cycle.credentials.select_related("certification").order_by("earned_on", "pk").first()
    return rule_set_for(cycle.body, first.certification.key, day) if first else cycle.rule_set


@transaction.atomic
def change_cycle(
    *,
    cycle: Cycle,
    starts_on: date,
    ends_on: date,
    required: Decimal | None,
    reason: str = "",
    by: User,
    at: datetime,
) -> list[str]:
    """Correct the days of a cycle and what the body asks; returns the columns that changed.

    ``ends_on`` is the first day after it; without ``required`` the number of the rules counts. A cycle that
    moves to days under other rules takes those. Raises a ``Refused``; then nothing is written.
    """
    lock_person(cycle.user)
    cycle = Cycle.objects.select_related("user", "body", "rule_set").get(pk=cycle.pk)
    if starts_on >= ends_on:
        raise DatesRefused(_("The last day comes before the first."))
    period = Period(starts_on, ends_on)
    if cycle.rule_set is not None and ends_on > add_months(starts_on, cycle.rule_set.cycle_months + 1):
        text = ngettext(
            "A cycle of %(body)s lasts %(n)d month. More time that the body gave is an extension.",
            "A cycle of %(body)s lasts %(n)d months. More time that the body gave is an extension.",
            cycle.rule_set.cycle_months,
        )
        raise DatesRefused(text % {"body": cycle.body.short, "n": cycle.rule_set.cycle_months})
    refuse_overlap(cycle.user, cycle.body, period, but=cycle)
    before = {name: getattr(cycle, name) for name in ("starts_on", "ends_on", "required_override")}
    if period != cycle.period:
        _move(cycle, period, reason=reason, by=by, at=at)
    if required is None and before["required_override"] is not None:
        _refuse_unknown(cycle)
    if required != before["required_override"]:
        note_change(cycle, "required", before["required_override"], required, reason=reason, by=by, at=at)
        cycle.required_override = required
        cycle.save(update_fields=["required_override"])
    return [name for name, value in before.items() if getattr(cycle, name) != value]


def _refuse_unknown(cycle: Cycle) -> None:
    kept = cycle.credentials.filter(status__in=CredentialHeld.KEPT)
    keys = list(kept.values_list("certification__key", flat=True))
    if cycle.rule_set is None or required_ceus(cycle.rule_set.rule(), keys) is None:
        raise RequirementUnknown(_("The rules do not say how many CEUs are asked for: enter a number."))


@transaction.atomic
def extend_cycle(*, cycle: Cycle, until: date | None, by: User, at: datetime) -> None:
    """Write down the last day that the body gave instead of the cycle's own; ``None`` takes it back.

    The next cycle begins when it would have begun. Raises a ``DatesRefused``.
    """
    lock_person(cycle.user)
    cycle = Cycle.objects.select_related("user", "body").get(pk=cycle.pk)
    if until is not None and until < cycle.ends_on:
        raise DatesRefused(
            _("The cycle's own last day is %(day)s: enter a later one.") % {"day": date_format(cycle.due_on)},
            "extended_until",
        )
    if until is not None and until > add_months(cycle.due_on, _LONGEST_EXTENSION):
        raise DatesRefused(_("This is more than a year after the cycle."), "extended_until")
    if until == cycle.extended_until:
        return
    note_change(cycle, "extended_until", cycle.extended_until, until, by=by, at=at)
    cycle.extended_until = until
    cycle.save(update_fields=["extended_until"])


@transaction.atomic
def submit_cycle(*, cycle: Cycle, on: date | None, by: User, at: datetime) -> None:
    """Write down that the CEUs were reported to the body ``on`` a day; ``None`` takes it back."""
    lock_person(cycle.user)
    cycle = Cycle.objects.select_related("user", "body").get(pk=cycle.pk)
    if on is not None and on > cycle.user.local(at).date():
        raise FutureDate("submitted_on")
    if on is not None and on < cycle.starts_on:
        raise DatesRefused(_("The cycle had not begun on that day."), "submitted_on")
    if on == cycle.submitted_on:
        return
    note_change(cycle, "submitted_on", cycle.submitted_on, on, by=by, at=at)
    cycle.submitted_on = on
    cycle.save(update_fields=["submitted_on"])


@transaction.atomic
def tick_step(*, cycle: Cycle, key: str, is_done: bool, at: datetime) -> None:
    """Tick a step of renewal that only the person can know of, or take the tick back; repeating is harmless.

    Raises ``NoSuchStep`` for one that the rules of the cycle do not have.
    """
    steps = cycle.rule_set.rule().checklist if cycle.rule_set else ()
    if key not in {step.key for step in steps}:
        raise NoSuchStep(_("The rules of this cycle have no such step."))
    if is_done:
        ChecklistTick.objects.get_or_create(cycle=cycle, key=key, defaults={"ticked_at": at})
    else:
        ChecklistTick.objects.filter(cycle=cycle, key=key).delete()


def last_day(cycle: Cycle) -> date:
    """The last day on which CEUs of the cycle may be earned, with the extension that the body gave."""
    return cycle.extended_until or cycle.ends_on - ONE_DAY


def is_renewal_month(cycle: Cycle) -> bool:
    """Whether the month in which membership expires fixes the days of the cycle."""
    return cycle.rule_set is not None and cycle.rule_set.rule().anchor is Anchor.RENEWAL_MONTH
