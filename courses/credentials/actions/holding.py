"""Recording what a person holds, and opening the cycle that it is kept in."""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from courses.catalog.models import Certification, Requirement
from courses.credentials.actions.refusals import (
    AlreadyRecorded,
    DatesRefused,
    DatesUnknown,
    FutureDate,
    RequirementUnknown,
)
from courses.credentials.actions.rules import rule_set_for
from courses.credentials.cycles import (
    Period,
    WrongParity,
    add_months,
    due_year,
    period_from,
    renewal_period,
)
from courses.credentials.models import CredentialHeld, Cycle
from courses.credentials.rules import Anchor, Rule, required_ceus
from courses.credentials.signals import cycle_opened
from courses.progress.actions import meet_requirement


@transaction.atomic
def record_credential(
    *,
    user: User,
    certification: Certification,
    earned_on: date,
    number: str = "",
    status: str = CredentialHeld.Status.ACTIVE,
    renewal_month: int | None = None,
    renewal_year: int | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
    required: Decimal | None = None,
    at: datetime,
) -> CredentialHeld:
    """Record a credential and open its cycle, or put it into the running cycle of its body.

    The cycle's dates are those given (``ends_on`` is the first day after it), else what the rule in force
    makes of the renewal month or of ``earned_on``. ``required`` is what the body told the person.
    Raises a ``Refused``; then nothing is written.
    """
    User.objects.select_for_update().get(pk=user.pk)  # one cycle of a body at a time: two requests queue here
    today = user.local(at).date()
    if earned_on > today:
        raise FutureDate("earned_on")
    if CredentialHeld.objects.owned_by(user).filter(certification=certification).exists():
        raise AlreadyRecorded(_("You have recorded this credential already."))
    held = CredentialHeld.objects.create(
        user=user,
        certification=certification,
        number=number.strip(),
        earned_on=earned_on,
        status=status,
        recorded_at=at,
    )
    if held.is_kept:
        running = Cycle.objects.owned_by(user).filter(body=certification.body).running_on(today).first()
        if running is not None:
            _join_cycle(running, held, starts_on=starts_on, ends_on=ends_on, required=required)
        else:
            period = _period(
                held, today, month=renewal_month, year=renewal_year, starts_on=starts_on, ends_on=ends_on
            )
            _open_cycle(held, period, required=required, at=at)
    meet_requirement(user=user, kind=Requirement.Kind.CREDENTIAL, key=certification.key, at=at)
    return held


def _join_cycle(
    cycle: Cycle,
    held: CredentialHeld,
    *,
    starts_on: date | None,
    ends_on: date | None,
    required: Decimal | None,
) -> None:
    if (starts_on or cycle.starts_on, ends_on or cycle.ends_on) != (cycle.starts_on, cycle.ends_on):
        raise DatesRefused(
            _("Your %(body)s credentials share one cycle, which ends on %(day)s. Leave the dates empty.")
            % {"body": cycle.body.short, "day": date_format(cycle.due_on)}
        )
    rule = cycle.rule_set.rule() if cycle.rule_set else None
    keys = [*cycle.credentials.values_list("certification__key", flat=True), held.certification.key]
    if required is not None:
        cycle.required_override = required
        cycle.save(update_fields=["required_override"])
    elif cycle.required_override is None and (rule is None or required_ceus(rule, keys) is None):
        raise RequirementUnknown(_ask_number())
    cycle.credentials.add(held)


def _open_cycle(held: CredentialHeld, period: Period, *, required: Decimal | None, at: datetime) -> Cycle:
    body = held.certification.body
    others = Cycle.objects.owned_by(held.user).filter(
        body=body, starts_on__lt=period.ends_on, ends_on__gt=period.starts_on
    )
    for other in others[:1]:
        raise DatesRefused(
            _("These dates overlap your %(body)s cycle that ends on %(day)s.")
            % {"body": body.short, "day": date_format(other.due_on)}
        )
    rule_set = rule_set_for(body, held.certification.key, period.starts_on)
    if required is None and (
        rule_set is None or required_ceus(rule_set.rule(), [held.certification.key]) is None
    ):
        raise RequirementUnknown(_ask_number())
    cycle = Cycle.objects.create(
        user=held.user,
        body=body,
        rule_set=rule_set,
        starts_on=period.starts_on,
        ends_on=period.ends_on,
        required_override=required,
        opened_at=at,
    )
    cycle.credentials.add(held)
    cycle_opened.send(sender=Cycle, cycle=cycle)
    return cycle


def _ask_number() -> str:
    return _("We do not know how many CEUs are asked for. Enter the number that the body tells you.")


def _period(
    held: CredentialHeld,
    today: date,
    *,
    month: int | None,
    year: int | None,
    starts_on: date | None,
    ends_on: date | None,
) -> Period:
    """The dates of a first cycle: as given, else as the rule in force makes them."""
    certification = held.certification
    rule_set = rule_set_for(certification.body, certification.key, starts_on or today)
    rule = rule_set.rule() if rule_set else Rule()
    found: Period | None = None
    if ends_on is not None:
        found = Period(starts_on or add_months(ends_on, -rule.cycle_months), ends_on)
    elif starts_on is not None:
        found = Period(starts_on, add_months(starts_on, rule.cycle_months))
    elif rule.anchor is Anchor.RENEWAL_MONTH and month is not None:
        found = _renewal(rule, month, year, today)
    elif rule.anchor is Anchor.PASS_DATE:
        found = period_from(held.earned_on, today, months=rule.cycle_months)
    if found is None:
        if rule.anchor is Anchor.RENEWAL_MONTH:
            raise DatesRefused(_("Choose the month in which your membership expires."), "renewal_month")
        raise DatesUnknown(_("Enter the last day of your cycle as the body's site shows it."))
    if starts_on is None and held.earned_on > found.starts_on:
        found = Period(held.earned_on, max(found.ends_on, held.earned_on))  # a first cycle begins that day
    if found.starts_on >= found.ends_on:
        raise DatesRefused(_("The cycle ends before it begins, or before the credential was earned."))
    if found.ends_on <= today:
        raise DatesRefused(
            _("This cycle ended on %(day)s. Enter the one that is running now.")
            % {"day": date_format(found.last_on)},
            "renewal_year" if ends_on is None and starts_on is None else "last_on",
        )
    return found


def _renewal(rule: Rule, month: int, year: int | None, today: date) -> Period:
    try:
        return renewal_period(
            month,
            due_year(month, today, parity=rule.year_parity) if year is None else year,
            months=rule.cycle_months,
            parity=rule.year_parity,
        )
    except WrongParity as wrong:
        raise DatesRefused(
            _("An odd month falls due in odd years and an even month in even years: %(one)d or %(other)d.")
            % {"one": wrong.years[0], "other": wrong.years[1]},
            "renewal_year",
        ) from wrong
