"""Issuing certificates, taking them back and issuing them again.

Nothing external is asked: a signature is made here, and the PDF and the badge are renderings of the row.
"""

import secrets
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from courses.credentials import certifying
from courses.credentials.actions.ledger import OUR_NAME
from courses.credentials.actions.refusals import Refused
from courses.credentials.certifying import Approved, Facts
from courses.credentials.cycles import add_months
from courses.credentials.keys import key_ring
from courses.credentials.models import Certificate, CertificateRevocation, CourseApproval
from courses.progress.models import CourseCompletion

#: Completions that one transaction of the sweep looks at.
_BATCH = 200


class NotRevocable(Refused):
    """The certificate was revoked before, or no reason was given."""

    field = "reason"


class NotReissuable(Refused):
    """The certificate has been replaced, or what it was issued for is gone."""


@transaction.atomic
def issue_certificate(*, completion: CourseCompletion, at: datetime) -> Certificate:
    """The certificate of a completion: a signed snapshot, made once however often and at once it is asked."""
    found = completion.certificates.filter(number=1).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            return _write(completion, number=1, replaces=None, at=at)
    except IntegrityError:  # issued beside us
        return completion.certificates.get(number=1)


def issue_missing(*, at: datetime) -> int:
    """Give a certificate to every completion that has none, in short transactions; how many were issued."""
    issued, after = 0, 0
    missing = CourseCompletion.objects.filter(certificates=None).select_related("user", "course")
    while batch := list(missing.filter(pk__gt=after).order_by("pk")[:_BATCH]):
        with transaction.atomic():
            for completion in batch:
                issue_certificate(completion=completion, at=at)
        issued, after = issued + len(batch), batch[-1].pk
    return issued


@transaction.atomic
def revoke_certificate(
    *, certificate: Certificate, reason: str, by: User, at: datetime
) -> CertificateRevocation:
    """Say in public, from now on, that a certificate no longer holds, and why. Raises ``NotRevocable``."""
    if not reason.strip():
        raise NotRevocable(_("Say why: the reason stands on the public page."))
    try:
        with transaction.atomic():
            return CertificateRevocation.objects.create(
                certificate=certificate, reason=reason.strip(), revoked_at=at, revoked_by=by
            )
    except IntegrityError:
        raise NotRevocable(_("This certificate has been revoked already.")) from None


@transaction.atomic
def reissue_certificate(*, certificate: Certificate, reason: str, by: User, at: datetime) -> Certificate:
    """Issue anew with the person's name and the approvals as they are now; the old one is revoked.

    What was done and when stays as the completion has it. Raises ``NotReissuable`` or ``NotRevocable``.
    """
    old = Certificate.objects.select_for_update().get(pk=certificate.pk)
    completion = old.completion
    if completion is None or old.user_id is None:
        raise NotReissuable(_("What this certificate was issued for has been erased."))
    if not reason.strip():
        raise NotRevocable(_("Say why: the reason stands on the public page."))
    if not CertificateRevocation.objects.filter(certificate=old).exists():
        revoke_certificate(certificate=old, reason=reason, by=by, at=at)
    try:
        with transaction.atomic():
            return _write(completion, number=old.number + 1, replaces=old, at=at)
    except IntegrityError:
        raise NotReissuable(_("This certificate has been replaced already.")) from None


@transaction.atomic
def withdraw_certificates(*, user: User) -> int:
    """Empty the certificates of a person who wishes to be forgotten; how many there were.

    The numbers stay, so that their page can say that the holder withdrew them; what they said is gone.
    """
    return Certificate.objects.owned_by(user).update(
        user=None, completion=None, document="", signature="", key_id=""
    )


def _write(
    completion: CourseCompletion, *, number: int, replaces: Certificate | None, at: datetime
) -> Certificate:
    facts = _facts(completion, number=number, replaces=replaces, at=at)
    document = certifying.write_document(facts)
    signature, key_id = certifying.sign(document, key_ring())
    return Certificate.objects.create(
        user=completion.user,
        completion=completion,
        number=number,
        check_id=facts.check_id,
        document=document,
        signature=signature,
        key_id=key_id,
        issued_at=at,
        expires_on=facts.expires_on,
        replaces=replaces,
    )


def _facts(completion: CourseCompletion, *, number: int, replaces: Certificate | None, at: datetime) -> Facts:
    """What is true of the completion now; with several terms of validity the shortest holds."""
    day = completion.completed_on
    approvals = list(
        CourseApproval.objects.filter(
            Q(valid_until=None) | Q(valid_until__gte=day), course=completion.course, valid_from__lte=day
        )
        .select_related("body")
        .order_by("body__short", "-valid_from")
    )
    before = certifying.read_document(replaces.document) if replaces else None
    newest = {row.body_id: row for row in reversed(approvals)}  # one a body: the row that began last
    rows = sorted(newest.values(), key=lambda row: row.body.short)
    months = [row.certificate_months for row in rows if row.certificate_months]
    return Facts(
        check_id=certifying.check_number(secrets.randbits(certifying.NUMBER_BITS)),
        number=number,
        replaces=replaces.check_id if replaces else "",
        name=completion.user.name.strip(),
        course_key=completion.course.key,
        course_title=completion.title,
        provider=OUR_NAME,
        ceus=completion.ceus,
        approvals=tuple(
            Approved(
                body=row.body.short,
                index_number=row.index_number,
                ceus=completion.ceus if row.ceus is None else row.ceus,
            )
            for row in rows
        ),
        hours=Decimal(completion.course.hours) if before is None else before.hours,
        completed_on=day,
        minutes=completion.minutes_read,
        issued_at=at,
        expires_on=add_months(day, min(months)) if months else None,
        site=settings.SITE_URL,
    )
