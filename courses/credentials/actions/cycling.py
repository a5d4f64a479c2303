"""What the portal does by itself as days go by: the next cycle, grace and lapse, rules that take over."""

from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from courses.credentials.actions.history import note_change
from courses.credentials.actions.holding import lock_person
from courses.credentials.actions.rules import rule_set_for
from courses.credentials.cycles import ONE_DAY, Period, add_months, months_of
from courses.credentials.models import CredentialChange, CredentialHeld, Cycle, RuleSet
from courses.credentials.queries import standing_for_cycle
from courses.credentials.rules import required_ceus
from courses.credentials.signals import cycle_opened

#: Cycles read at once.
BATCH = 500
#: A person's day begins up to 14 hours before that of UTC.
_WIDEST = timedelta(hours=14)
#: How far back grace is looked after: no body gives more.
_GRACE_AT_MOST = timedelta(days=730)


# --- the next cycle --------------------------------------------------------------------------------------
def open_next_cycles(*, at: datetime) -> int:
    """Open the cycle that follows each one that has ended on its person's own day; returns how many.

    Harmless when repeated or run twice at once: a cycle begins once by a constraint. A cycle that nobody
    keeps a credential in has no next one.
    """
    opened = 0
    waiting = list(_without_next(at).values_list("pk", flat=True))
    for start in range(0, len(waiting), BATCH):
        page = Cycle.objects.filter(pk__in=waiting[start : start + BATCH])
        for cycle in page.select_related("user", "body", "rule_set").order_by("ends_on", "pk"):
            opened += _follow(cycle, at=at)
    return opened


def _follow(cycle: Cycle, *, at: datetime) -> int:
    """Open cycle after cycle until one holds the person's day: a worker may have been away for long."""
    today, opened = cycle.user.local(at).date(), 0
    following: Cycle | None = cycle
    while following is not None and following.ends_on <= today:
        following = open_next_cycle(cycle=following, at=at)
        opened += following is not None
    return opened


def _without_next(at: datetime) -> QuerySet[Cycle]:
    later = Cycle.objects.filter(
        user=OuterRef("user"), body=OuterRef("body"), starts_on__gte=OuterRef("ends_on")
    )
    kept = CredentialHeld.objects.filter(cycles=OuterRef("pk"), status__in=CredentialHeld.KEPT)
    ended = Cycle.objects.filter(ends_on__lte=(at + _WIDEST).date(), user__is_active=True)
    return ended.filter(~Exists(later), Exists(kept)).order_by("ends_on", "pk")


@transaction.atomic
def open_next_cycle(*, cycle: Cycle, at: datetime) -> Cycle | None:
    """Open the cycle that follows ``cycle``, under the rules in force on its first day.

    ``None`` when there is one already or nobody keeps a credential in it. What a person said a body asks is
    carried on only where the rules do not know it.
    """
    lock_person(cycle.user)
    kept = list(
        cycle.credentials.filter(status__in=CredentialHeld.KEPT)
        .select_related("certification")
        .order_by("earned_on", "pk")
    )
    same = Cycle.objects.owned_by(cycle.user).filter(body=cycle.body)
    if not kept or same.filter(ends_on__gt=cycle.ends_on).exists():
        return None
    rule_set = rule_set_for(cycle.body, kept[0].certification.key, cycle.ends_on)
    months = rule_set.cycle_months if rule_set else months_of(cycle.period)
    period = Period(cycle.ends_on, add_months(cycle.ends_on, months))
    keys = [one.certification.key for one in kept]
    is_known = rule_set is not None and required_ceus(rule_set.rule(), keys) is not None
    required = None if is_known else cycle.required_override
    if rule_set is None and required is None:  # nobody knows what is asked: the person opens it with a number
        return None
    try:
        with transaction.atomic():
            following = Cycle.objects.create(
                user=cycle.user,
                body=cycle.body,
                rule_set=rule_set,
                starts_on=period.starts_on,
                ends_on=period.ends_on,
                required_override=required,
                opened_at=at,
            )
    except IntegrityError:  # opened beside us
        return None
    following.credentials.set(kept)
    note_change(
        following,
        "opened",
        cycle.ends_on - ONE_DAY,
        period.last_on,
        reason=_("What is asked was carried over from the cycle before: check it.") if required else "",
        by=None,
        at=at,
    )
    cycle_opened.send(sender=Cycle, cycle=following)
    return following


# --- grace and lapse -------------------------------------------------------------------------------------
def settle_ended_cycles(*, at: datetime) -> int:
    """Give credentials of cycles that ended short their days of grace, and let them lapse after those.

    Only under rules that know the days and what is asked. A cycle that was reported or is complete after all
    keeps its credentials as they were. Returns how many changed; harmless when repeated.
    """
    today = at.date()
    cycles = Cycle.objects.filter(
        ends_on__lte=(at + _WIDEST).date(),
        ends_on__gte=today - _GRACE_AT_MOST,
        rule_set__terms__grace__days__gte=0,
        credentials__status__in=CredentialHeld.KEPT,
    )
    changed = 0
    for cycle in cycles.select_related("user", "body", "rule_set").distinct().order_by("ends_on", "pk"):
        changed += _settle(cycle, at=at)
    return changed


@transaction.atomic
def _settle(cycle: Cycle, *, at: datetime) -> int:
    lock_person(cycle.user)
    today = cycle.user.local(at).date()
    last = cycle.extended_until or cycle.due_on
    grace = cycle.rule_set.rule().grace.days if cycle.rule_set else None
    if grace is None or today <= last:
        return 0
    now = standing_for_cycle(cycle, today).standing
    if now.required is None:
        return 0
    is_short = cycle.submitted_on is None and not now.is_met
    changed = 0
    for held in cycle.credentials.filter(status__in=CredentialHeld.KEPT):
        wanted = _status_after(held, cycle, is_short=is_short, is_grace=today <= last + timedelta(days=grace))
        if wanted != held.status:
            note_change(held, "status", held.status, wanted, reason=_reason(wanted), by=None, at=at)
            held.status = wanted
            held.save(update_fields=["status"])
            changed += 1
    return changed


def _status_after(held: CredentialHeld, cycle: Cycle, *, is_short: bool, is_grace: bool) -> str:
    Status = CredentialHeld.Status
    settled = CredentialChange.objects.filter(held=held, what="status", changed_by=None)
    last = settled.filter(after=Status.GRACE).first()
    if not is_short:
        return last.before if held.status == Status.GRACE and last is not None else held.status
    by_hand = held.changes.filter(what="status", changed_by__isnull=False, changed_at__date__gt=cycle.due_on)
    if by_hand.exists():  # the person has said since how it stands
        return held.status
    return Status.GRACE if is_grace else Status.LAPSED


def _reason(status: str) -> str:
    match status:
        case CredentialHeld.Status.GRACE:
            return _("The cycle ended short; the body's days of grace run.")
        case CredentialHeld.Status.LAPSED:
            return _("The days of grace are over and the cycle is short.")
    return _("The cycle is complete or reported after all.")


# --- rules that take over --------------------------------------------------------------------------------
def cycles_to_take_over(rule_set: RuleSet, on: date) -> QuerySet[Cycle]:
    """Running cycles of the body under other rules, with a credential that ``rule_set`` speaks of."""
    found = Cycle.objects.running_on(on).filter(body=rule_set.body)
    found = found.exclude(rule_set=rule_set) | found.filter(rule_set=None)
    named = rule_set.rule().certifications
    kept = CredentialHeld.objects.filter(cycles=OuterRef("pk"), status__in=CredentialHeld.KEPT)
    if named:
        kept = kept.filter(certification__key__in=named)
    return found.filter(Exists(kept)).order_by("pk")


def apply_rule_set(*, rule_set: RuleSet, by: User, at: datetime) -> int:
    """Put running cycles under rules that say they take over; returns how many changed.

    Each change is noted with the rules before it, so that it can be explained and undone.
    """
    if not rule_set.rule().takes_over_running:
        return 0
    changed = 0
    for cycle in cycles_to_take_over(rule_set, at.date()).select_related("rule_set").iterator(chunk_size=500):
        with transaction.atomic():
            taken = Cycle.objects.filter(pk=cycle.pk, rule_set=cycle.rule_set_id).update(rule_set=rule_set)
            if taken:
                note_change(cycle, "rule_set", cycle.rule_set or "", rule_set, by=by, at=at)
                changed += 1
    return changed
