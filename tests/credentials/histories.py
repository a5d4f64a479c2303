"""Ledgers with something of everything in them."""

from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction

from accounts.models import User
from courses.catalog.models import Certification, Course
from courses.credentials.actions import add_credit, award_course, record_credential, reverse_credit
from courses.credentials.actions.chain import append_link
from courses.credentials.models import Credit, Evidence, Ledger
from courses.credentials.models.storage import evidence_storage
from courses.progress.models import CourseCompletion


def write_history(user: User, course: Course, at: datetime, *, activities: int = 3) -> Ledger:
    """Activities of which the second is taken back, a course of ours, and a file for the first."""
    record_credential(
        user=user,
        certification=Certification.objects.get(key="cpc"),
        earned_on=date(2020, 5, 4),
        renewal_month=3,
        at=at,
    )
    credits = [
        add_credit(
            user=user,
            title=f"Webinar {number}",
            provider="AAPC",
            index_number=f"W{number}",
            topics=["compliance"],
            completed_on=date(2026, 6, 1),
            ceus=Decimal("1.5"),
            minutes=90,
            by=user,
            at=at,
        )
        for number in range(activities)
    ]
    reverse_credit(credit=credits[1], reason="Typed twice", by=user, at=at)
    award_course(completion=complete_course(user, course, at), at=at)
    give_file(credits[0], b"%PDF-1.7 a certificate", at=at)
    return ledger_of_person(user)


def ledger_of_person(user: User) -> Ledger:
    return Ledger.objects.get(user=user)


def complete_course(user: User, course: Course, at: datetime, **fields: Any) -> CourseCompletion:
    """That a person completed a course, without its lessons."""
    given = {"title": course.title, "ceus": course.ceus, "minutes_read": 20}
    given |= {"completed_at": at, "completed_on": user.local(at).date()} | fields
    return CourseCompletion.objects.create(user=user, course=course, **given)


def give_file(credit: Credit, content: bytes, *, at: datetime) -> Evidence:
    """A file in the storage, chained as evidence of ``credit``."""
    path = evidence_storage().save("evidence/test.pdf", ContentFile(content))
    digest = sha256(content).hexdigest()
    with transaction.atomic():
        row = Evidence.objects.create(
            credit=credit,
            kind="pdf",
            path=path,
            size=len(content),
            original_sha256=digest,
            sha256=digest,
            added_at=at,
        )
        append_link(ledger=Ledger.objects.select_for_update().get(credits=credit), row=row, at=at)
    return row
