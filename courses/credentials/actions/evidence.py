"""Files that prove an activity, or what an apprentice has: kept, taken out, and read again unchanged."""

import hashlib
import logging
import secrets
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from accounts.models import User
from courses.credentials.actions.chain import append_link
from courses.credentials.actions.refusals import Refused
from courses.credentials.files import Accepted
from courses.credentials.models import (
    ApprenticeProof,
    Credit,
    Evidence,
    EvidenceRemoval,
    EvidenceReview,
    Ledger,
    ProofFile,
    StoredFile,
)
from courses.credentials.models.storage import evidence_storage

logger = logging.getLogger(__name__)

#: What one person may keep in all, and how many files may prove one thing.
QUOTA: Final = 200 * 1024 * 1024
MOST_FILES: Final = 10
_SUFFIX: Final = {StoredFile.Kind.PDF: "pdf", StoredFile.Kind.PNG: "png", StoredFile.Kind.JPEG: "jpg"}


class EvidenceRefused(Refused):
    """A file cannot be added here; nothing of it was kept."""

    field = "file"


class RemovalRefused(Refused):
    """A file cannot be taken out."""

    field = "reason"


class EvidenceDamaged(Exception):
    """What the storage holds is not what was put there, or is gone."""


# --- adding ------------------------------------------------------------------------------------------------
def add_evidence(*, credit: Credit, file: Accepted, by: User, at: datetime) -> Evidence:
    """Keep a file that proves ``credit``: it becomes a link of the ledger's chain.

    The bytes are written first, outside the transaction; when the row is refused they go again. Raises
    ``EvidenceRefused``.
    """
    _check_addition(credit, file, by)
    path = _write(file, "evidence")
    try:
        with transaction.atomic():
            ledger = Ledger.objects.select_for_update().get(pk=credit.ledger_id)
            _check_addition(credit, file, by)  # again, now that nobody can come between
            row = Evidence.objects.create(credit=credit, **_columns(file, path, at))
            append_link(ledger=ledger, row=row, at=at)
    except BaseException:
        _drop(path)
        raise
    return row


def _check_addition(credit: Credit, file: Accepted, by: User) -> None:
    taken_back = Credit.objects.filter(reverses=credit.pk).exists()
    if credit.kind != Credit.Kind.AWARD or taken_back:
        raise EvidenceRefused(_("This activity is withdrawn. Evidence belongs to one that counts."))
    _check_room(Evidence.objects.filter(credit=credit, removal=None), file)
    _check_quota(by, file)


def add_proof_file(*, proof: ApprenticeProof, file: Accepted, by: User, at: datetime) -> ProofFile:
    """Keep a letter or certificate behind a proof; it goes with it. Raises ``EvidenceRefused``."""
    _check_room(proof.files.all(), file)
    _check_quota(by, file)
    path = _write(file, "proofs")
    try:
        with transaction.atomic():
            User.objects.select_for_update().get(pk=by.pk)
            _check_room(proof.files.all(), file)
            _check_quota(by, file)
            return ProofFile.objects.create(proof=proof, **_columns(file, path, at))
    except BaseException:
        _drop(path)
        raise


def _check_room(there: QuerySet[Any], file: Accepted) -> None:
    """The same file is not there, and one more may be."""
    if there.filter(original_sha256=file.original_sha256).exists():
        raise EvidenceRefused(_("This very file is here already."))
    if there.count() >= MOST_FILES:
        raise EvidenceRefused(_("There are %(n)d files here already: remove one first.") % {"n": MOST_FILES})


def _check_quota(by: User, file: Accepted) -> None:
    if kept_bytes(by) + file.size > QUOTA:
        raise EvidenceRefused(_("Your files together are longer than 200 MB: remove what you do not need."))


def kept_bytes(user: User) -> int:
    """How much the storage holds of a person."""
    evidence = Evidence.objects.filter(credit__ledger__user=user, removal=None)
    proofs = ProofFile.objects.filter(proof__held__user=user)
    return sum(rows.aggregate(sum=Sum("size"))["sum"] or 0 for rows in (evidence, proofs))


def _columns(file: Accepted, path: str, at: datetime) -> dict[str, Any]:
    return {
        "kind": file.kind,
        "path": path,
        "size": file.size,
        "original_sha256": file.original_sha256,
        "sha256": file.sha256,
        "added_at": at,
    }


def _write(file: Accepted, folder: str) -> str:
    """Put the bytes into the storage under a name that nobody can guess; the name."""
    name = f"{folder}/{secrets.token_hex(16)}.{_SUFFIX[StoredFile.Kind(file.kind)]}"
    try:
        with file.path.open("rb") as content:
            return evidence_storage().save(name, File(content, name))
    except Exception as error:  # every kind of storage has its own
        logger.exception("a file of evidence could not be stored")
        raise EvidenceRefused(_("The file could not be stored just now. Try again in a minute.")) from error


def _drop(path: str) -> None:
    """Delete from the storage; what cannot be deleted now is only logged, since no row points at it."""
    try:
        evidence_storage().delete(path)
    except Exception:  # every kind of storage has its own
        logger.exception("a file without a row stays in the storage: %s", path)


# --- taking out --------------------------------------------------------------------------------------------
def is_approved(evidence: Evidence) -> bool:
    """Whether the newest review approved the activity when this file was there."""
    newest = EvidenceReview.objects.filter(credit=evidence.credit_id).first()
    return (
        newest is not None
        and newest.verdict == EvidenceReview.Verdict.APPROVED
        and newest.reviewed_at >= evidence.added_at
    )


@transaction.atomic
def remove_evidence(*, evidence: Evidence, reason: str, by: User, at: datetime) -> EvidenceRemoval:
    """Take a file out of the storage; its row, its hash and the reason stay. Raises ``RemovalRefused``."""
    if not reason.strip():
        raise RemovalRefused(_("Say why, so that the ledger explains itself."))
    Ledger.objects.select_for_update().get(credits=evidence.credit_id)
    if is_approved(evidence):
        raise RemovalRefused(_("This file was approved. It stays as long as the activity counts."))
    try:
        with transaction.atomic():
            removal = EvidenceRemoval.objects.create(
                evidence=evidence, reason=reason.strip(), removed_at=at, removed_by=by
            )
    except IntegrityError:
        raise RemovalRefused(_("This file has been removed already.")) from None
    transaction.on_commit(partial(_drop, evidence.path), robust=True)
    return removal


# --- reading -----------------------------------------------------------------------------------------------
def read_evidence(*, file: StoredFile) -> Iterator[bytes]:
    """The bytes of a file in pieces, after all of them were held against the hash.

    Raises ``EvidenceDamaged``, which is logged: such bytes are never served. The storage is opened anew when
    the first piece is asked for, so that nothing stays open for somebody who never does.
    """
    label = f"{type(file).__name__} {file.pk}"
    digest = hashlib.sha256()
    try:
        for piece in _pieces(file.path):
            digest.update(piece)
    except Exception as error:  # every kind of storage has its own
        logger.error("%s cannot be read: %s", label, type(error).__name__)
        raise EvidenceDamaged(label) from error
    if digest.hexdigest() != file.sha256:
        logger.error("%s is not what was stored: its hash is another", label)
        raise EvidenceDamaged(label)
    return _pieces(file.path)


def _pieces(path: str) -> Iterator[bytes]:
    with evidence_storage().open(path) as opened:
        yield from opened.chunks()
