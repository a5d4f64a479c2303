"""Appending to a ledger: the only way that rows and links are written."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from courses.credentials import sealing
from courses.credentials.models import Credit, CreditDetail, Evidence, Ledger, LedgerLink


def ledger_of(user: User, *, at: datetime) -> Ledger:
    """The person's ledger, opened by the first row; locked until the transaction ends."""
    try:
        with transaction.atomic():
            Ledger.objects.get_or_create(user=user, defaults={"opened_at": at})
    except IntegrityError:  # opened beside us
        pass
    return Ledger.objects.select_for_update().get(user=user)


def credit_facts(credit: Credit) -> dict[str, Any]:
    """What the chain covers of a credit: every column of the row."""
    return {
        "kind": credit.kind,
        "activity_key": credit.activity_key,
        "activity": credit.activity,
        "topics": credit.topics,
        "completed_on": credit.completed_on.isoformat(),
        "minutes": credit.minutes,
        "ceus": f"{credit.ceus:.2f}",
        "is_stated": credit.is_stated,
        "source": credit.source,
        "reverses": credit.reverses_id,
        "words": credit.words_digest,
        "recorded_at": sealing.moment(credit.recorded_at),
    }


def words_of(detail: CreditDetail, *, person: int, recorder: str) -> dict[str, Any]:
    """What the salted digest of a credit covers: its words, whose ledger it is in, and who recorded it.

    ``recorder`` stands for the person's own name, which may go: see ``recorder_of``.
    """
    return {
        "title": detail.title,
        "provider": detail.provider,
        "index_number": detail.index_number,
        "reason": detail.reason,
        "proof": detail.proof,
        "person": person,
        "by": recorder,
    }


def recorder_of(by: int | None, *, person: int) -> str:
    """Who recorded a row, seen from its person: ``portal``, ``person`` or ``other``."""
    if by is None:
        return "portal"
    return "person" if by == person else "other"


def evidence_facts(evidence: Evidence) -> dict[str, Any]:
    """What the chain covers of a file: every column of the row."""
    return {
        "credit": evidence.credit_id,
        "kind": evidence.kind,
        "path": evidence.path,
        "size": evidence.size,
        "original_sha256": evidence.original_sha256,
        "sha256": evidence.sha256,
        "added_at": sealing.moment(evidence.added_at),
    }


def append_link(*, ledger: Ledger, row: Credit | Evidence, at: datetime) -> LedgerLink:
    """Chain a row that was just written; ``ledger`` is locked by ``ledger_of`` in the same transaction."""
    if isinstance(row, Credit):
        what, facts = LedgerLink.What.CREDIT, credit_facts(row)
    else:
        what, facts = LedgerLink.What.EVIDENCE, evidence_facts(row)
    link = LedgerLink(
        ledger=ledger,
        number=ledger.length + 1,
        what=what,
        row=row.pk,
        digest=sealing.digest(facts),
        previous=ledger.head,
        linked_at=at,
    )
    link.hash = sealing.link_hash(
        ledger=str(ledger.key),
        number=link.number,
        what=link.what,
        row=link.row,
        digest_of_row=link.digest,
        previous=link.previous,
        at=at,
    )
    link.save(force_insert=True)
    ledger.length, ledger.head = link.number, link.hash
    ledger.save(update_fields=["length", "head"])
    return link
