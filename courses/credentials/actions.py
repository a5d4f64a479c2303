"""Writing to credentials. Whatever a machine repeats is harmless; whatever a person repeats is refused."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Min
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from courses.catalog.models import Body, Certification, Requirement
from courses.credentials.cycles import (
    Period,
    WrongParity,
    add_months,
    due_year,
    period_from,
    renewal_period,
)
from courses.credentials.models import CredentialHeld, Credit, Cycle, RuleSet
from courses.credentials.rules import Anchor, Rule, ceus_from_minutes, required_ceus
from courses.credentials.signals import cycle_opened
from courses.progress.actions import meet_requirement
from courses.progress.models import CourseCompletion

#: Who stands behind a course of ours.
OUR_NAME = "Crosswalk"
#: What of a pack's rule set has a column of its own; the rest is ``terms``.
_COLUMNS = frozenset(
    {
        *("title", "valid_from", "valid_until", "as_of", "source", "confidence", "cycle_months", "anchor"),
        *("minutes_per_ceu", "min_remainder_minutes", "carry_over"),
    }
)


class Saved(StrEnum):
    """What became of a row that a pack brought."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    KEPT = "kept"


class Refused(Exception):
    """Something cannot be recorded; the text says why, ``field`` beside which input it belongs."""

    field = ""


class AlreadyRecorded(Refused):
    """The person has this credential on record."""

    field = "certification"


class FutureDate(Refused):
    """A date lies after today on the person's calendar."""

    def __init__(self, field: str) -> None:
        super().__init__(_("This day is still to come."))
        self.field = field


class DatesUnknown(Refused):
    """The dates of the cycle do not follow from a rule and were not given."""

    field = "last_on"


class DatesRefused(Refused):
    """The dates of the cycle cannot be right."""

    def __init__(self, message: str, field: str = "last_on") -> None:
        super().__init__(message)
        self.field = field


class RequirementUnknown(Refused):
    """No rule says how many CEUs are asked, and the person did not either."""

    field = "required"


class BeforeCertification(Refused):
    """An activity was completed before the first credential of the body was earned."""

    field = "completed_on"


class DuplicateActivity(Refused):
    """The activity is in the ledger already."""

    def __init__(self, message: str, field: str = "title") -> None:
        super().__init__(message)
        self.field = field


class AmountUnknown(Refused):
    """Neither CEUs nor minutes that a rule turns into CEUs were given."""

    field = "ceus"


class NotWithdrawable(Refused):
    """Only an own entry that still counts can be withdrawn, with a reason."""

    field = "reason"


def save_rule_set(*, key: str, rule: Mapping[str, Any], pack_digest: str) -> Saved:
    """Write a rule set as a pack spells it (``rule`` has the keys of ``rules.yaml``, dates as ``date``).

    A row that a person changed is kept. Raises ``rules.BadTerms`` and ``Body.DoesNotExist``; then nothing is
    written.
    """
    with transaction.atomic():
        row = RuleSet.objects.select_for_update().filter(key=key).first()
        if row is not None and not row.pack_digest:
            return Saved.KEPT
        if row is not None and row.pack_digest == pack_digest:
            return Saved.UNCHANGED
        outcome = Saved.CREATED if row is None else Saved.UPDATED
        row = row or RuleSet(key=key)
        row.body = Body.objects.get(key=rule["body"])
        for name in _COLUMNS:
            setattr(row, name, rule[name])
        row.terms = {name: rule[name] for name in rule.keys() - _COLUMNS - {"key", "body"}}
        row.pack_digest = pack_digest
        row.rule()
        row.save()
        return outcome


def rule_set_for(body: Body, certification: str, on: date) -> RuleSet | None:
    """The rule set in force ``on`` that speaks of ``certification``; one that names it goes first."""
    rows = [row for row in RuleSet.objects.in_force(body, on) if row.rule().speaks_of(certification)]
    return min(rows, key=lambda row: not row.terms["certifications"], default=None)


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


@transaction.atomic
def award_course(*, completion: CourseCompletion, at: datetime) -> Credit | None:
    """Put the CEUs of a completed course into the ledger, once per person and course.

    Returns the award, new or old; ``None`` when the course carries no CEUs.
    """
    if completion.ceus <= 0:
        return None
    key = f"course:{completion.course.key}"
    try:
        with transaction.atomic():
            return Credit.objects.create(
                user=completion.user,
                kind=Credit.Kind.AWARD,
                activity_key=key,
                title=completion.title,
                provider=OUR_NAME,
                completed_on=completion.completed_on,
                minutes=completion.minutes_read,
                ceus=completion.ceus,
                source=Credit.Source.OUR_COURSE,
                course_completion=completion,
                recorded_at=at,
            )
    except IntegrityError:  # awarded before, or by a request beside this one
        return Credit.objects.get(user=completion.user, kind=Credit.Kind.AWARD, activity_key=key)


@transaction.atomic
def add_credit(
    *,
    credential: CredentialHeld,
    title: str,
    completed_on: date,
    minutes: int | None = None,
    ceus: Decimal | None = None,
    provider: str = "",
    index_number: str = "",
    topics: Sequence[str] = (),
    by: User,
    at: datetime,
) -> Credit:
    """Add an activity to the ledger of the person who holds ``credential``.

    CEUs are those of the certificate, or what the rule of the credential's cycle makes of ``minutes``.
    Raises a ``Refused``; then nothing is written.
    """
    user, body = credential.user, credential.certification.body
    if completed_on > user.local(at).date():
        raise FutureDate("completed_on")
    same_body = CredentialHeld.objects.owned_by(user).filter(certification__body=body)
    first = same_body.aggregate(first=Min("earned_on"))["first"]
    if completed_on < first:
        raise BeforeCertification(
            _("CEUs count from the day you were certified, %(day)s.") % {"day": date_format(first)}
        )
    rule = _rule_on(credential, completed_on)
    if ceus is None and minutes is not None and rule is not None:
        ceus = ceus_from_minutes(minutes, rule)
    if ceus is None:
        raise AmountUnknown(_("Enter the CEUs that your certificate states."))
    if ceus <= 0:
        raise AmountUnknown(_("This is too short to earn a CEU."))
    base = _activity_key(title, provider, completed_on, index_number)
    if rule is not None and rule.unique_by != "index_number":  # then a number may stand for many activities
        base = _activity_key(title, provider, completed_on, "")
    try:
        with transaction.atomic():
            return Credit.objects.create(
                user=user,
                kind=Credit.Kind.AWARD,
                activity_key=_free_key(user, base),
                title=title.strip(),
                provider=provider.strip(),
                index_number=index_number.strip(),
                topics=sorted(set(topics)),
                completed_on=completed_on,
                minutes=minutes,
                ceus=ceus,
                source=Credit.Source.SELF_REPORTED,
                recorded_at=at,
                recorded_by=by,
            )
    except IntegrityError:
        if base.startswith("index:"):
            raise DuplicateActivity(
                _("An activity with this index number is in your ledger. It counts once."), "index_number"
            ) from None
        raise DuplicateActivity(
            _("This activity of that day is in your ledger already. It counts once.")
        ) from None


def _rule_on(credential: CredentialHeld, day: date) -> Rule | None:
    """The rule of the credential's cycle that holds ``day``, else of its newest cycle."""
    cycles = list(credential.cycles.select_related("rule_set").order_by("-starts_on"))
    cycle = next((c for c in cycles if day in c.period), cycles[0] if cycles else None)
    return cycle.rule_set.rule() if cycle and cycle.rule_set else None


def _activity_key(title: str, provider: str, completed_on: date, index_number: str) -> str:
    if plain := re.sub(r"[\W_]", "", index_number.casefold()):
        return f"index:{plain}"
    text = "\n".join(" ".join(part.casefold().split()) for part in (title, provider))
    return "own:" + hashlib.sha256(f"{text}\n{completed_on}".encode()).hexdigest()[:40]


def _free_key(user: User, base: str) -> str:
    """``base``, or its next number when every award of it was taken back.

    When one still stands its own key comes back, and the constraint refuses it.
    """
    awards = Credit.objects.owned_by(user).filter(kind=Credit.Kind.AWARD, activity_key__startswith=base)
    taken = [c for c in awards.select_related("reversal") if c.activity_key.partition("#")[0] == base]
    for award in taken:
        if not hasattr(award, "reversal"):
            return award.activity_key
    return f"{base}#{len(taken) + 1}" if taken else base


@transaction.atomic
def reverse_credit(*, credit: Credit, reason: str, by: User, at: datetime) -> Credit:
    """Take an own entry back by a row that says why; both stay in the ledger.

    Raises ``NotWithdrawable`` for a reversal, for what the portal awarded, without a reason, or the second
    time.
    """
    if credit.kind != Credit.Kind.AWARD or credit.source == Credit.Source.OUR_COURSE:
        raise NotWithdrawable(_("Only an activity that you entered yourself can be withdrawn."))
    if not reason.strip():
        raise NotWithdrawable(_("Say why, so that the ledger explains itself."))
    try:
        with transaction.atomic():
            return Credit.objects.create(
                user=credit.user,
                kind=Credit.Kind.REVERSAL,
                activity_key=credit.activity_key,
                title=credit.title,
                provider=credit.provider,
                index_number=credit.index_number,
                topics=credit.topics,
                completed_on=credit.completed_on,
                minutes=credit.minutes,
                ceus=-credit.ceus,
                source=credit.source,
                reverses=credit,
                reason=reason.strip(),
                recorded_at=at,
                recorded_by=by,
            )
    except IntegrityError:
        raise NotWithdrawable(_("This activity has been withdrawn already.")) from None
