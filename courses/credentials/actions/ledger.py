"""Adding to the ledger and taking back. Whatever a machine repeats is harmless; whatever a person repeats is
refused."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Min, Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from courses.credentials import sealing
from courses.credentials.actions.chain import append_link, ledger_of, recorder_of, words_of
from courses.credentials.actions.refusals import (
    AmountUnknown,
    BeforeCertification,
    DuplicateActivity,
    FutureDate,
    NoCredential,
    NotWithdrawable,
)
from courses.credentials.models import (
    CourseApproval,
    CredentialHeld,
    Credit,
    CreditDetail,
    Cycle,
    Ledger,
)
from courses.credentials.rules import Rule, ceus_from_minutes
from courses.exams.queries import course_checkpoints
from courses.progress.models import CourseCompletion, LessonCompletion

#: Who stands behind a course of ours.
OUR_NAME = "Crosswalk"


def write_row(ledger: Ledger, *, by: User | None, at: datetime, words: dict[str, Any], **row: Any) -> Credit:
    """Add a row with its words and its link; raises ``IntegrityError`` when it is there already."""
    person = ledger.user_id
    assert person is not None  # only a person adds to a ledger
    detail = CreditDetail(salt=secrets.token_hex(16), recorded_by=by, **words)
    recorder = recorder_of(by.pk if by else None, person=person)
    credit = Credit(ledger=ledger, recorded_at=at, **row)
    credit.words_digest = sealing.words_digest(
        detail.salt, words_of(detail, person=person, recorder=recorder)
    )
    credit.save(force_insert=True)
    detail.credit = credit
    detail.save(force_insert=True)
    append_link(ledger=ledger, row=credit, at=at)
    return credit


@transaction.atomic
def award_course(*, completion: CourseCompletion, at: datetime) -> Credit | None:
    """Put the CEUs of a completed course into the ledger, once per person and course.

    The award carries its proof: what was read, and how the questions of the lessons were answered. The CEUs
    are those of the course; the minutes read are proof and no measure, since a browser without scripts
    counts none. Returns the award, new or old; ``None`` when the course carries no CEUs.
    """
    if completion.ceus <= 0:
        return None
    ledger, key = ledger_of(completion.user, at=at), f"course:{completion.course.key}"
    index_number, topics = _approved(completion)
    try:
        with transaction.atomic():
            return write_row(
                ledger,
                by=None,
                at=at,
                words={
                    "title": completion.title,
                    "provider": OUR_NAME,
                    "index_number": index_number,
                    "proof": _proof(completion),
                    "course_completion": completion,
                },
                kind=Credit.Kind.AWARD,
                activity_key=key,
                activity=Credit.Activity.COURSE,
                topics=topics,
                completed_on=completion.completed_on,
                ceus=completion.ceus,
                source=Credit.Source.OUR_COURSE,
            )
    except IntegrityError:  # awarded before, or by a request beside this one
        return ledger.credits.get(kind=Credit.Kind.AWARD, activity_key=key)


def _proof(completion: CourseCompletion) -> dict[str, int]:
    """Seat time and post-test, as they were when the course was completed."""
    user, course = completion.user, completion.course
    asked = course_checkpoints(course, user)
    return {
        "minutes_read": completion.minutes_read,
        "lessons": LessonCompletion.objects.owned_by(user).filter(lesson__module__course=course).count(),
        "questions": asked.questions,
        "right": asked.right,
    }


def _approved(completion: CourseCompletion) -> tuple[str, list[str]]:
    """The course's index number and topics on the day, by the bodies that approved it.

    A row has room for one number: that of a body whose credential the person holds goes first.
    """
    day = completion.completed_on
    approvals = list(
        CourseApproval.objects.filter(course=completion.course, valid_from__lte=day)
        .filter(Q(valid_until=None) | Q(valid_until__gte=day))
        .order_by("body__short", "-valid_from")
    )
    if not approvals:
        return "", []
    held = CredentialHeld.objects.owned_by(completion.user)
    bodies = set(held.values_list("certification__body_id", flat=True))
    approvals.sort(key=lambda one: one.body_id not in bodies)
    number = next((one.index_number for one in approvals if one.index_number), "")
    return number, sorted({topic for one in approvals for topic in one.topics})


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
    gate = gate_for(user, at=at)
    is_stated = ceus is not None
    ceus = gate.admit(completed_on, minutes, ceus)
    gate.refuse_ours(index_number)
    ledger = ledger_of(user, at=at)
    base = gate.key(ledger, title, provider, completed_on, index_number)
    try:
        with transaction.atomic():
            return write_row(
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


@dataclass(frozen=True)
class Gate:
    """What a person's activities are checked against before they enter the ledger, read once."""

    user: User
    today: date
    #: The day of the first credential of any body.
    first: date | None
    cycles: Sequence[Cycle]

    def admit(self, completed_on: date, minutes: int | None, ceus: Decimal | None) -> Decimal:
        """CEUs for the ledger: those stated, else the most that a body's rule makes of ``minutes``.

        Raises the ``Refused`` that keeps such an activity out.
        """
        if completed_on > self.today:
            raise FutureDate("completed_on")
        if self.first is None:
            raise NoCredential(_("Record the credential first that the activity is to count for."))
        if completed_on < self.first:
            raise BeforeCertification(
                _("CEUs count from the day you were certified, %(day)s.") % {"day": date_format(self.first)}
            )
        if ceus is None and minutes is not None:
            made = [ceus_from_minutes(minutes, rule) for rule in self._rules_on(completed_on)]
            ceus = max((one for one in made if one is not None), default=None)
        if ceus is None:
            raise AmountUnknown(_("Enter the CEUs that your certificate states."))
        if ceus <= 0:
            raise AmountUnknown(_("This is too short to earn a CEU."))
        return ceus

    def refuse_ours(self, index_number: str) -> None:
        """Raise ``DuplicateActivity`` for the number of a course that the person completed here.

        Its award stands under the name of the course, so that nothing else would keep it from counting twice.
        """
        plain = plain_number(index_number)
        if plain and plain in self._ours:
            raise DuplicateActivity(
                _("This is the number of a course that you completed here: it is in your ledger already."),
                "index_number",
            )

    @cached_property
    def _ours(self) -> frozenset[str]:
        done = CourseCompletion.objects.owned_by(self.user).filter(ceus__gt=0)
        numbers = CourseApproval.objects.filter(course__in=done.values("course")).exclude(index_number="")
        return frozenset(plain_number(one) for one in numbers.values_list("index_number", flat=True))

    def key(self, ledger: Ledger, title: str, provider: str, completed_on: date, index_number: str) -> str:
        """What names an activity in ``ledger``: its index number where a body asks for one, else its words
        and its day."""
        rules = self._rules_on(completed_on)
        by_number = not rules or any(rule.unique_by == "index_number" for rule in rules)
        if by_number and (plain := plain_number(index_number)):
            return sealing.activity_key(str(ledger.key), f"index:{plain}")
        # without such a body a number may stand for many activities
        text = "\n".join(" ".join(part.casefold().split()) for part in (title, provider))
        named = hashlib.sha256(f"{text}\n{completed_on}".encode()).hexdigest()[:40]
        return sealing.activity_key(str(ledger.key), f"own:{named}")

    def _rules_on(self, day: date) -> list[Rule]:
        """The rule of each body's cycle that holds ``day``, else of the body's newest cycle."""
        found: dict[int, Cycle] = {}
        for cycle in self.cycles:
            if cycle.body_id not in found or day in cycle.period:
                found[cycle.body_id] = cycle
        return [cycle.rule_set.rule() for cycle in found.values() if cycle.rule_set]


def plain_number(index_number: str) -> str:
    """An index number without what people write differently: case, spaces and hyphens."""
    return re.sub(r"[\W_]", "", index_number.casefold())


def gate_for(user: User, *, at: datetime) -> Gate:
    """The gate of a person's ledger."""
    cycles = Cycle.objects.owned_by(user).select_related("rule_set").order_by("-starts_on")
    return Gate(
        user=user,
        today=user.local(at).date(),
        first=CredentialHeld.objects.owned_by(user).aggregate(first=Min("earned_on"))["first"],
        cycles=list(cycles),
    )


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
            return write_row(
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
