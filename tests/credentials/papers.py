"""Activities with evidence, and a place for files, for the tests of papers."""

from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile
from django.db import transaction

from accounts.models import User
from courses.credentials.actions import add_credit
from courses.credentials.actions.chain import append_link, ledger_of
from courses.credentials.models import Credit, Evidence
from courses.credentials.models.storage import evidence_storage

PDF = b"%PDF-1.7 a certificate of an activity"


def private_storage(folder: Path) -> dict[str, Any]:
    """The setting of a storage of the test's own."""
    backend = "django.core.files.storage.FileSystemStorage"
    return {
        "default": {"BACKEND": backend},
        "evidence": {"BACKEND": backend, "OPTIONS": {"location": folder, "base_url": None}},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def activity(user: User, at: datetime, **fields: Any) -> Credit:
    """An activity of the running cycles, complete but for a file."""
    return add_credit(
        **{
            "user": user,
            "title": "Auditing webinar",
            "completed_on": date(2026, 3, 4),
            "ceus": Decimal(2),
            "minutes": 120,
            "provider": "AAPC",
            "index_number": uuid4().hex[:8],
            "by": user,
            "at": at,
        }
        | fields
    )


def attach(credit: Credit, at: datetime, content: bytes = PDF, kind: str = "pdf") -> Evidence:
    """A file of evidence, as an upload leaves it."""
    user = credit.ledger.user
    assert user is not None
    path = evidence_storage().save(f"evidence/{uuid4().hex}", ContentFile(content))
    digest = sha256(content).hexdigest()
    with transaction.atomic():
        ledger = ledger_of(user, at=at)
        row = Evidence.objects.create(
            credit=credit,
            kind=kind,
            path=path,
            size=len(content),
            original_sha256=digest,
            sha256=digest,
            added_at=at,
        )
        append_link(ledger=ledger, row=row, at=at)
    return row
