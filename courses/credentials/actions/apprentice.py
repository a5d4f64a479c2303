"""Gathering what takes the apprentice mark away, and writing down that it is gone."""

from datetime import date, datetime
from decimal import Decimal
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from courses.credentials.actions.changing import change_credential
from courses.credentials.actions.evidence import add_proof_file
from courses.credentials.actions.refusals import FutureDate, ProofRefused, StatusRefused
from courses.credentials.files import Accepted
from courses.credentials.models import ApprenticeProof, CredentialHeld
from courses.credentials.models.storage import evidence_storage
from courses.credentials.rules import Need, Unit

#: More is a mistake of a program, not a career.
_MOST_PROOFS = 100


def add_proof(
    *,
    held: CredentialHeld,
    need: Need,
    text: str,
    amount: Decimal | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
    file: Accepted | None = None,
    by: User,
    at: datetime,
) -> ApprenticeProof:
    """Write down work, a course or cases towards losing the mark, with its letter or certificate.

    Work has its first day, and its last unless it goes on; hours and cases have an amount. Raises a
    ``Refused``; then nothing is written. Not in a transaction: the file goes into the storage first.
    """
    proof = _write_proof(held, need, text, amount, starts_on, ends_on, at)
    if file is not None:
        try:
            add_proof_file(proof=proof, file=file, by=by, at=at)
        except BaseException:
            proof.delete()
            raise
    return proof


@transaction.atomic
def _write_proof(
    held: CredentialHeld,
    need: Need,
    text: str,
    amount: Decimal | None,
    starts_on: date | None,
    ends_on: date | None,
    at: datetime,
) -> ApprenticeProof:
    held = CredentialHeld.objects.select_for_update(of=("self",)).select_related("user").get(pk=held.pk)
    if held.status != CredentialHeld.Status.APPRENTICE:
        raise StatusRefused(_("This credential has no apprentice mark now."))
    if held.proofs.count() >= _MOST_PROOFS:
        raise ProofRefused(_("There are %(n)d entries already: remove one first.") % {"n": _MOST_PROOFS})
    today = held.user.local(at).date()
    if need.unit is Unit.MONTHS:
        if starts_on is None:
            raise ProofRefused(
                _("Enter the day on which the work began, as the letter states it."), "starts_on"
            )
        if starts_on > today:
            raise FutureDate("starts_on")
        if ends_on is not None and ends_on > today:
            raise FutureDate("ends_on")
        if ends_on is not None and ends_on < starts_on:
            raise ProofRefused(_("The last day comes before the first."), "ends_on")
        amount = None
    else:
        starts_on, ends_on = None, None
        if need.unit in {Unit.HOURS, Unit.CASES} and amount is None:
            raise ProofRefused(_("Enter how many."), "amount")
    return ApprenticeProof.objects.create(
        held=held,
        need=need.key,
        text=text.strip(),
        amount=amount,
        starts_on=starts_on,
        ends_on=ends_on,
        added_at=at,
    )


@transaction.atomic
def remove_proof(*, proof: ApprenticeProof) -> None:
    """Take a proof away with its files, which leave the storage when the transaction is through."""
    paths = list(proof.files.values_list("path", flat=True))
    proof.delete()
    storage = evidence_storage()
    for path in paths:
        transaction.on_commit(partial(storage.delete, path), robust=True)


@transaction.atomic
def remove_apprentice_mark(*, held: CredentialHeld, on: date, by: User, at: datetime) -> None:
    """The body took the mark away ``on`` a day: the credential is active. Raises a ``Refused``."""
    if held.status != CredentialHeld.Status.APPRENTICE:
        raise StatusRefused(_("This credential has no apprentice mark now."))
    if on > held.user.local(at).date():
        raise FutureDate("removed_on")
    if on < held.earned_on:
        raise ProofRefused(_("The credential was not earned yet on that day."), "removed_on")
    change_credential(
        held=held,
        number=held.number,
        earned_on=held.earned_on,
        status=CredentialHeld.Status.ACTIVE,
        reason=_("The body removed the apprentice mark on %(day)s.") % {"day": on.isoformat()},
        by=by,
        at=at,
    )
