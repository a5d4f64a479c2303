"""Taking a person out of their ledger: what they typed and gave is gone, the chain still verifies."""

import logging
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from courses.credentials.actions.certificates import withdraw_certificates
from courses.credentials.models import (
    ApprenticeProof,
    CertificateRevocation,
    CreditDetail,
    CreditPlacement,
    Evidence,
    EvidenceRemoval,
    EvidenceReview,
    Ledger,
    Packet,
    ProofFile,
)
from courses.credentials.models.storage import evidence_storage

logger = logging.getLogger(__name__)


@transaction.atomic
def erase_ledger(*, user: User, at: datetime) -> None:
    """Erase what a person put into the ledger, certificates, proofs and packets; once more does nothing.

    Amounts, dates and hashes stay under the ledger's opaque key. Files go when the transaction is through.
    Credentials and cycles go with the account.
    """
    ledger = Ledger.objects.select_for_update().filter(user=user).first()
    paths = [
        *Evidence.objects.filter(credit__ledger__user=user).values_list("path", flat=True),
        *ProofFile.objects.filter(proof__held__user=user).values_list("path", flat=True),
    ]
    _erase_certificates(user)
    Packet.objects.owned_by(user).delete()  # each takes its file with it
    ApprenticeProof.objects.filter(held__user=user).delete()
    if ledger is not None:
        # without its person first: only then does the database let the words go
        Ledger.objects.filter(pk=ledger.pk).update(user=None, erased_at=at)
        CreditPlacement.objects.filter(credit__ledger=ledger).delete()
        EvidenceReview.objects.filter(credit__ledger=ledger).delete()
        EvidenceRemoval.objects.filter(evidence__credit__ledger=ledger).delete()
        CreditDetail.objects.filter(credit__ledger=ledger).delete()
    transaction.on_commit(lambda: _delete_files(paths))


def _erase_certificates(user: User) -> None:
    """What was signed goes, and what a reviewer wrote when one was revoked."""
    revocations = CertificateRevocation.objects.filter(certificate__user=user)
    revocations.update(reason=_("The person's account was erased."))
    withdraw_certificates(user=user)


def _delete_files(paths: Iterable[str]) -> None:
    """Remove files; one that stays is named by ``verify_ledger --files`` and in the log, without its name."""
    storage, left = evidence_storage(), 0
    for path in paths:
        try:
            storage.delete(path)
        except Exception:  # every kind of storage has its own
            left += 1
    if left:
        logger.error("%d files of an erased person could not be removed", left)
