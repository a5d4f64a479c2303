"""Adding to the ledger and taking back. Whatever a machine repeats is harmless; whatever a person repeats is
refused."""

import hashlib
import re
import secrets
from collections.abc import Sequence
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
    NotWithdrawable,
)
from courses.credentials.models import CredentialHeld, Credit, CreditDetail, Ledger
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
    credential: CredentialHeld,
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
    is_stated = ceus is not None
    if ceus is None and minutes is not None and rule is not None:
        ceus = ceus_from_minutes(minutes, rule)
    if ceus is None:
        raise AmountUnknown(_("Enter the CEUs that your certificate states."))
    if ceus <= 0:
        raise AmountUnknown(_("This is too short to earn a CEU."))
    base = _activity_key(title, provider, completed_on, index_number)
    if rule is not None and rule.unique_by != "index_number":  # then a number may stand for many activities
        base = _activity_key(title, provider, completed_on, "")
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
