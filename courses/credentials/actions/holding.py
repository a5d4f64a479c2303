"""Recording what a person holds, and opening the cycle that it is kept in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Min
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from courses.catalog.models import Body, Certification, Requirement
from courses.credentials.actions.history import note_change
from courses.credentials.actions.refusals import (
    AlreadyRecorded,
    DatesRefused,
    DatesUnknown,
    FutureDate,
    Refused,
    RequirementUnknown,
    RowRefused,
    StatusRefused,
)
from courses.credentials.actions.rules import rule_set_for
from courses.credentials.cycles import (
    Period,
    WrongParity,
    add_months,
    due_year,
    months_of,
    period_from,
    renewal_period,
)
from courses.credentials.models import CredentialHeld, Cycle
from courses.credentials.rules import Anchor, Rule, in_proportion, required_ceus
from courses.credentials.signals import cycle_opened
from courses.progress.actions import meet_requirement


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A credential as a person enters it."""

    certification: Certification
    earned_on: date
    number: str = ""
    status: str = CredentialHeld.Status.ACTIVE


@dataclass(frozen=True, kw_only=True)
class CycleDates:
    """What a person knows of a body's running cycle.

    ``ends_on`` is the first day after it; ``required`` is what the body told the person.
    """

    renewal_month: int | None = None
    renewal_year: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    required: Decimal | None = None


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
    lock_person(user)
    today = user.local(at).date()
    if earned_on > today:
        raise FutureDate("earned_on")
    if CredentialHeld.objects.owned_by(user).filter(certification=certification).exists():
        raise AlreadyRecorded(_("You have recorded this credential already."))
    refuse_strange_status(certification, status, today)
    held = CredentialHeld.objects.create(
        user=user,
        certification=certification,
        number=number.strip(),
        earned_on=earned_on,
        status=status,
        recorded_at=at,
    )
    if held.is_kept:
        dates = CycleDates(
            renewal_month=renewal_month,
            renewal_year=renewal_year,
            starts_on=starts_on,
            ends_on=ends_on,
            required=required,
        )
        enter_cycle(held, dates, by=user, at=at)
    meet_requirement(user=user, kind=Requirement.Kind.CREDENTIAL, key=certification.key, at=at)
    return held


@transaction.atomic
def record_credentials(
    *, user: User, rows: Sequence[Recorded], dates: Mapping[int, CycleDates], at: datetime
) -> list[CredentialHeld]:
    """Record several credentials at once, all or none; ``dates`` are those of each body, by its number.

    Raises ``RowRefused`` for the first row that is refused; then nothing is written.
    """
    lock_person(user)
    opened: set[int] = set()
    held: dict[int, CredentialHeld] = {}
    # the one earned first opens the cycle: it may begin before the others were earned
    for index in sorted(range(len(rows)), key=lambda n: (rows[n].earned_on, n)):
        row = rows[index]
        body = row.certification.body_id
        given = dates.get(body, CycleDates())
        if body in opened:  # the dates were given for the cycle that is open now
            given = CycleDates(required=given.required)
        try:
            held[index] = record_credential(user=user, at=at, **vars(row), **vars(given))
        except Refused as refusal:
            raise RowRefused(index, refusal) from refusal
        if held[index].is_kept:
            opened.add(body)
    return [held[index] for index in range(len(rows))]


def lock_person(user: User) -> None:
    """One change of what a person holds at a time: two requests queue here until the transaction ends."""
    User.objects.select_for_update().get(pk=user.pk)


def refuse_strange_status(certification: Certification, status: str, on: date) -> None:
    """Only a credential whose rules know an apprentice mark can have it."""
    if status != CredentialHeld.Status.APPRENTICE:
        return
    rule_set = rule_set_for(certification.body, certification.key, on)
    if rule_set is None or "apprentice" not in rule_set.terms:  # nobody knows
        return
    terms = rule_set.terms["apprentice"] or {"certifications": []}
    if certification.key not in terms["certifications"]:
        raise StatusRefused(_("The %(name)s has no apprentice mark.") % {"name": certification.abbreviation})


def enter_cycle(held: CredentialHeld, dates: CycleDates, *, by: User | None, at: datetime) -> Cycle:
    """Put a credential that asks for CEUs into its body's running cycle, or open that; raises ``Refused``."""
    user = held.user
    today = user.local(at).date()
    running = Cycle.objects.owned_by(user).filter(body=held.certification.body).running_on(today).first()
    if running is not None:
        _join_cycle(running, held, dates, by=by, at=at)
        return running
    return _open_cycle(held, _period(held, today, dates), required=dates.required, at=at)


def _join_cycle(
    cycle: Cycle, held: CredentialHeld, dates: CycleDates, *, by: User | None, at: datetime
) -> None:
    rule = cycle.rule_set.rule() if cycle.rule_set else None
    given = (dates.starts_on or cycle.starts_on, dates.ends_on or cycle.ends_on)
    month = cycle.due_on.month
    if rule is not None and rule.anchor is Anchor.RENEWAL_MONTH and dates.renewal_month:
        month = dates.renewal_month
    if given != (cycle.starts_on, cycle.ends_on) or month != cycle.due_on.month:
        text = _("Your %(body)s credentials share one cycle, which ends on %(day)s. Leave the dates empty.")
        if rule is None or rule.anchor is not Anchor.RENEWAL_MONTH:
            text += " " + _("If %(body)s gave you other dates with this one, correct the cycle afterwards.")
        raise DatesRefused(
            text % {"body": cycle.body.short, "day": date_format(cycle.due_on)},
            "last_on" if given != (cycle.starts_on, cycle.ends_on) else "renewal_month",
        )
    keys = [*cycle.credentials.values_list("certification__key", flat=True), held.certification.key]
    if dates.required is not None:
        if cycle.required_override not in (None, dates.required):
            note_change(cycle, "required", cycle.required_override, dates.required, by=by, at=at)
        cycle.required_override = dates.required
        cycle.save(update_fields=["required_override"])
    elif cycle.required_override is None and (rule is None or required_ceus(rule, keys) is None):
        raise RequirementUnknown(_ask_number())
    elif cycle.required_override is not None and rule is not None:
        _raise_to_rule(cycle, rule, keys, by=by, at=at)
    earliest = cycle.credentials.aggregate(first=Min("earned_on"))["first"]
    cycle.credentials.add(held)
    if earliest == cycle.starts_on:
        settle_first_day(cycle, by=by, at=at)


def _raise_to_rule(cycle: Cycle, rule: Rule, keys: Sequence[str], *, by: User | None, at: datetime) -> None:
    """Let the number of the rules count again where it is more than the one for fewer credentials."""
    asked = required_ceus(rule, keys)
    if asked is not None and rule.prorate_first:
        asked = in_proportion(asked, months_of(cycle.period), rule.cycle_months)
    if asked is None or cycle.required_override is None or asked <= cycle.required_override:
        return
    reason = _("The number was entered for fewer credentials.")
    note_change(cycle, "required", cycle.required_override, None, reason=reason, by=by, at=at)
    cycle.required_override = None
    cycle.save(update_fields=["required_override"])


def settle_first_day(cycle: Cycle, *, by: User | None, at: datetime, field: str = "earned_on") -> None:
    """Let a person's first cycle begin on the day its first credential was earned, if that is in its months.

    Raises ``DatesRefused`` for ``field`` when the cycle would be over before it begins.
    """
    others = Cycle.objects.owned_by(cycle.user).filter(body=cycle.body).exclude(pk=cycle.pk)
    if others.filter(starts_on__lt=cycle.starts_on).exists():
        return
    months = cycle.rule_set.cycle_months if cycle.rule_set else Rule().cycle_months
    earliest = cycle.credentials.aggregate(first=Min("earned_on"))["first"]
    first = max(add_months(cycle.ends_on, -months), earliest)
    if first >= cycle.ends_on:
        raise DatesRefused(_("The cycle ends before it begins, or before the credential was earned."), field)
    if first != cycle.starts_on:
        note_change(cycle, "starts_on", cycle.starts_on, first, by=by, at=at)
        cycle.starts_on = first
        cycle.save(update_fields=["starts_on"])


def refuse_overlap(
    user: User, body: Body, period: Period, *, but: Cycle | None = None, field: str = "last_on"
) -> None:
    """A day belongs to one cycle of a body; raises ``DatesRefused``."""
    others = Cycle.objects.owned_by(user).filter(
        body=body, starts_on__lt=period.ends_on, ends_on__gt=period.starts_on
    )
    if but is not None:
        others = others.exclude(pk=but.pk)
    for other in others[:1]:
        raise DatesRefused(
            _("These dates overlap your %(body)s cycle that ends on %(day)s.")
            % {"body": body.short, "day": date_format(other.due_on)},
            field,
        )


def _open_cycle(held: CredentialHeld, period: Period, *, required: Decimal | None, at: datetime) -> Cycle:
    body = held.certification.body
    refuse_overlap(held.user, body, period)
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


def _period(held: CredentialHeld, today: date, dates: CycleDates) -> Period:
    """The dates of a first cycle: as given, else as the rule in force makes them."""
    certification, starts_on, ends_on = held.certification, dates.starts_on, dates.ends_on
    rule_set = rule_set_for(certification.body, certification.key, starts_on or today)
    rule = rule_set.rule() if rule_set else Rule()
    month, year = dates.renewal_month, dates.renewal_year
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
