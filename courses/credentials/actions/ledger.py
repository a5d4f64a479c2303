"""Adding to the ledger and taking back. Whatever a machine repeats is harmless; whatever a person repeats is
refused."""

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Min
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from courses.credentials import sealing
from courses.credentials.actions.chain import append_link, ledger_of
from courses.credentials.actions.refusals import (
    AmountUnknown,
    BeforeCertification,
    DuplicateActivity,
    FutureDate,
    NoCredential,
    NotWithdrawable,
)
from courses.credentials.models import CredentialHeld, Credit, CreditDetail, Cycle, Ledger
from courses.credentials.rules import Rule, ceus_from_minutes
from courses.progress.models import CourseCompletion

#: Who stands behind a course of ours.
OUR_NAME = "Crosswalk"
#: The columns of ``CreditDetail`` that the salted digest covers.
_WORDS = ("title", "provider", "index_number", "reason", "proof")


def _write(ledger: Ledger, *, by: User | None, at: datetime, words: dict[str, Any], **row: Any) -> Credit:
    """Add a row with its words and its link; raises ``IntegrityError`` when it is there already."""
    words = {"title": "", "provider": "", "index_number": "", "reason": "", "proof": {}} | words
    salt = secrets.token_hex(16)
    completion = words.pop("course_completion", None)
    credit = Credit(ledger=ledger, recorded_at=at, **row)
    credit.words_digest = sealing.words_digest(salt, {name: words[name] for name in _WORDS})
    credit.save(force_insert=True)
    credit.detail = CreditDetail.objects.create(
        credit=credit, salt=salt, course_completion=completion, recorded_by=by, **words
    )
    append_link(ledger=ledger, row=credit, at=at)
    return credit


@transaction.atomic
def award_course(*, completion: CourseCompletion, at: datetime) -> Credit | None:
    """Put the CEUs of a completed course into the ledger, once per person and course.

    Returns the award, new or old; ``None`` when the course carries no CEUs.
    """
    if completion.ceus <= 0:
        return None
    ledger, key = ledger_of(completion.user, at=at), f"course:{completion.course.key}"
    try:
        with transaction.atomic():
            return _write(
                ledger,
                by=None,
                at=at,
                words={
                    "title": completion.title,
                    "provider": OUR_NAME,
                    "course_completion": completion,
                },
                kind=Credit.Kind.AWARD,
                activity_key=key,
                activity=Credit.Activity.COURSE,
                completed_on=completion.completed_on,
                minutes=completion.minutes_read,
                ceus=completion.ceus,
                source=Credit.Source.OUR_COURSE,
            )
    except IntegrityError:  # awarded before, or by a request beside this one
        return ledger.credits.get(kind=Credit.Kind.AWARD, activity_key=key)


@transaction.atomic
def add_credit(
    *,
    user: User,
    title: str,
    completed_on: date,
    minutes: int | None = None,
    ceus: Decimal | None = None,
    provider: str = "",
    index_number: str = "",
    activity: str = Credit.Activity.OTHER,
    topics: Sequence[str] = (),
    source: str = Credit.Source.SELF_REPORTED,
    by: User,
    at: datetime,
) -> Credit:
    """Add an activity to the person's ledger.

    CEUs are those of the certificate, or what the most generous rule of the person's bodies makes of
    ``minutes``: under each body its own rule decides. Raises a ``Refused``; then nothing is written.
    """
    if completed_on > user.local(at).date():
        raise FutureDate("completed_on")
    first = CredentialHeld.objects.owned_by(user).aggregate(first=Min("earned_on"))["first"]
    if first is None:
        raise NoCredential(_("Record the credential first that the activity is to count for."))
    if completed_on < first:
        raise BeforeCertification(
            _("CEUs count from the day you were certified, %(day)s.") % {"day": date_format(first)}
        )
    rules = rules_on(user, completed_on)
    is_stated = ceus is not None
    if ceus is None:
        ceus = most_from_minutes(minutes, rules)
    if ceus is None:
        raise AmountUnknown(_("Enter the CEUs that your certificate states."))
    if ceus <= 0:
        raise AmountUnknown(_("This is too short to earn a CEU."))
    base = activity_key(title, provider, completed_on, index_number, rules)
    ledger = ledger_of(user, at=at)
    try:
        with transaction.atomic():
            return _write(
                ledger,
                by=by,
                at=at,
                words={
                    "title": title.strip(),
                    "provider": provider.strip(),
                    "index_number": index_number.strip(),
                },
                kind=Credit.Kind.AWARD,
                activity_key=_free_key(ledger, base),
                activity=activity,
                topics=sorted(set(topics)),
                completed_on=completed_on,
                minutes=minutes,
                ceus=ceus,
                is_stated=is_stated,
                source=source,
            )
    except IntegrityError:
        if base.startswith("index:"):
            raise DuplicateActivity(
                _("An activity with this index number is in your ledger. It counts once."), "index_number"
            ) from None
        raise DuplicateActivity(
            _("This activity of that day is in your ledger already. It counts once.")
        ) from None


def rules_on(user: User, day: date) -> list[Rule]:
    """The rule of each body's cycle that holds ``day``, else of the body's newest cycle."""
    found: dict[int, Cycle] = {}
    for cycle in Cycle.objects.owned_by(user).select_related("rule_set").order_by("-starts_on"):
        if cycle.body_id not in found or day in cycle.period:
            found[cycle.body_id] = cycle
    return [cycle.rule_set.rule() for cycle in found.values() if cycle.rule_set]


def most_from_minutes(minutes: int | None, rules: Iterable[Rule]) -> Decimal | None:
    """The most CEUs that one of ``rules`` makes of ``minutes``; ``None`` when none says how they count."""
    if minutes is None:
        return None
    made = [ceus_from_minutes(minutes, rule) for rule in rules]
    return max((ceus for ceus in made if ceus is not None), default=None)


def activity_key(
    title: str, provider: str, completed_on: date, index_number: str, rules: Collection[Rule] = ()
) -> str:
    """What names an activity: its index number where a body asks for one, else its words and its day."""
    by_number = not rules or any(rule.unique_by == "index_number" for rule in rules)
    if by_number and (plain := re.sub(r"[\W_]", "", index_number.casefold())):
        return f"index:{plain}"
    # without such a body a number may stand for many activities
    text = "\n".join(" ".join(part.casefold().split()) for part in (title, provider))
    return "own:" + hashlib.sha256(f"{text}\n{completed_on}".encode()).hexdigest()[:40]


def _free_key(ledger: Ledger, base: str) -> str:
    """``base``, or its next number when every award of it was taken back.

    When one still stands its own key comes back, and the constraint refuses it.
    """
    awards = ledger.credits.filter(kind=Credit.Kind.AWARD, activity_key__startswith=base)
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
    ledger = Ledger.objects.select_for_update().get(pk=credit.ledger_id)
    try:
        with transaction.atomic():
            detail = credit.detail
            return _write(
                ledger,
                by=by,
                at=at,
                words={
                    "title": detail.title,
                    "provider": detail.provider,
                    "index_number": detail.index_number,
                    "reason": reason.strip(),
                },
                kind=Credit.Kind.REVERSAL,
                activity_key=credit.activity_key,
                activity=credit.activity,
                topics=credit.topics,
                completed_on=credit.completed_on,
                minutes=credit.minutes,
                ceus=-credit.ceus,
                is_stated=credit.is_stated,
                source=credit.source,
                reverses=credit,
            )
    except IntegrityError:
        raise NotWithdrawable(_("This activity has been withdrawn already.")) from None
