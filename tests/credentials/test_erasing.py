"""An account that is deleted leaves its amounts, dates and hashes, and not a word."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.db import connection

from accounts.models import User
from courses.catalog.models import Course
from courses.credentials.actions import add_credit
from courses.credentials.actions.anchoring import anchor_ledgers
from courses.credentials.actions.erasing import erase_ledger
from courses.credentials.actions.verifying import verify_ledgers
from courses.credentials.models import (
    ApprenticeProof,
    Certificate,
    CertificateRevocation,
    CredentialHeld,
    Credit,
    CreditDetail,
    CreditPlacement,
    Cycle,
    Evidence,
    EvidenceRemoval,
    EvidenceReview,
    Ledger,
    Packet,
    ProofFile,
)
from courses.credentials.models.storage import evidence_storage
from courses.progress.models import CourseCompletion
from tests.credentials.histories import give_file, ledger_of_person, write_history
from tests.worlds import World

CANARY = "Kanarienvogel"


@pytest.fixture
def ledger(rules: None, student: User, editor: User, course: Course, at: datetime, private: Path) -> Ledger:
    """The ledger of a person who put the canary into everything that takes a word."""
    User.objects.filter(pk=student.pk).update(name=f"{CANARY} Name")
    student.refresh_from_db()
    ledger = write_history(student, course, at)
    credit = add_credit(
        user=student,
        title=f"{CANARY} title",
        provider=f"{CANARY} provider",
        index_number=f"{CANARY} 7",
        completed_on=date(2026, 6, 2),
        ceus=Decimal(1),
        by=student,
        at=at,
    )
    add_credit(
        user=student, title=f"{CANARY} own", completed_on=date(2026, 6, 3), ceus=Decimal(1), by=student, at=at
    )
    evidence = give_file(credit, f"%PDF {CANARY}".encode(), at=at)
    removed = give_file(credit, f"%PDF other {CANARY}".encode(), at=at)
    EvidenceRemoval.objects.create(evidence=removed, reason=CANARY, removed_at=at, removed_by=student)
    EvidenceReview.objects.create(
        credit=credit, verdict="returned", reason=CANARY, reviewed_at=at, reviewed_by=editor
    )
    CreditPlacement.objects.create(credit=credit, cycle=Cycle.objects.get(), placed_at=at)
    certificate = Certificate.objects.create(
        user=student,
        completion=CourseCompletion.objects.get(),
        number=7,
        replaces=Certificate.objects.create(user=student, check_id="first", issued_at=at),
        check_id="second",
        document=CANARY,
        signature="signed",
        issued_at=at,
    )
    CertificateRevocation.objects.create(certificate=certificate, reason=CANARY, revoked_at=at)
    proof = ApprenticeProof.objects.create(
        held=CredentialHeld.objects.get(), need="work", text=CANARY, added_at=at
    )
    ProofFile.objects.create(
        proof=proof,
        kind="pdf",
        path=evidence_storage().save("proofs/letter.pdf", ContentFile(CANARY.encode())),
        size=len(CANARY),
        original_sha256="0" * 64,
        sha256="0" * 64,
        added_at=at,
    )
    Packet.objects.create(
        user=student,
        body=Cycle.objects.get().body,
        first_on=at.date(),
        last_on=at.date(),
        asked_at=at,
        made_at=at,
        expires_at=at + timedelta(days=7),
        path=evidence_storage().save("packets/one.zip", ContentFile(CANARY.encode())),
        size=len(CANARY),
        sha256="0" * 64,
    )
    assert evidence.path
    anchor_ledgers(at=at)
    return ledger


def dump() -> str:
    """Every value of every table."""
    rows: list[Any] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            rows += cursor.fetchall()
    return repr(rows)


def stored(folder: Path) -> Iterator[Path]:
    return (one for one in folder.rglob("*") if one.is_file())


def numbers(ledger: Ledger) -> list[Any]:
    """What of a ledger has to survive."""
    return list(
        Credit.objects.filter(ledger=ledger)
        .order_by("pk")
        .values_list("pk", "kind", "activity_key", "completed_on", "minutes", "ceus", "words_digest")
    )


@pytest.mark.django_db
def test_deleted_account_leaves_no_word_and_a_ledger_that_verifies(
    ledger: Ledger, student: User, private: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    before, email, person = numbers(ledger), student.email, student.pk
    assert CANARY in dump() and len(list(stored(private))) == 5

    with django_capture_on_commit_callbacks(execute=True):
        student.delete()

    everything = dump()
    assert CANARY.lower() not in everything.lower() and email not in everything
    assert list(stored(private)) == []
    assert list(verify_ledgers(files=True)) == []
    ledger.refresh_from_db()
    assert (ledger.user, ledger.erased_at is not None, ledger.length) == (None, True, 10)
    assert numbers(ledger) == before
    assert not CreditDetail.objects.exists() and not User.objects.filter(pk=person).exists()
    assert [one.reason for one in CertificateRevocation.objects.all()] == ["The person's account was erased."]
    assert {one.document for one in Certificate.objects.all()} == {""}
    assert not any(
        model.objects.exists()
        for model in (CreditPlacement, EvidenceReview, EvidenceRemoval, Packet, ProofFile)
    )


@pytest.mark.django_db
def test_accounts_deleted_as_a_set_are_erased_too(ledger: Ledger, student: User) -> None:
    User.objects.filter(email=student.email).delete()

    assert CANARY.lower() not in dump().lower()
    assert list(verify_ledgers()) == []


@pytest.mark.django_db
def test_files_stay_while_the_deletion_may_still_be_taken_back(
    ledger: Ledger, student: User, private: Path
) -> None:
    student.delete()  # the transaction of the test is never through

    assert len(list(stored(private))) == 5


@pytest.mark.django_db
def test_file_that_could_not_be_removed_is_a_finding(ledger: Ledger, student: User) -> None:
    student.delete()

    assert {str(one).partition(" of ledger")[0] for one in verify_ledgers(files=True)} == {
        f"evidence {pk}" for pk in Evidence.objects.values_list("pk", flat=True)
    }


@pytest.mark.django_db
def test_erasing_twice_changes_nothing(ledger: Ledger, student: User, at: datetime) -> None:
    erase_ledger(user=student, at=at)
    erase_ledger(user=student, at=datetime(2030, 1, 1, tzinfo=UTC))

    ledger.refresh_from_db()
    assert ledger.erased_at == at


@pytest.mark.django_db
def test_other_peoples_ledgers_stay_when_an_account_goes(
    ledger: Ledger, student: User, other: User, course: Course, at: datetime
) -> None:
    theirs = write_history(other, course, at)
    words = CreditDetail.objects.filter(credit__ledger=theirs).count()

    student.delete()

    assert ledger_of_person(other) == theirs
    assert CreditDetail.objects.filter(credit__ledger=theirs).count() == words
    assert list(verify_ledgers()) == []


@pytest.mark.django_db
def test_reviewer_who_leaves_takes_no_review_along(ledger: Ledger, editor: User) -> None:
    editor.delete()

    review = EvidenceReview.objects.get()
    assert (review.reviewed_by, review.reason) == (None, CANARY)
    assert list(verify_ledgers()) == []


def test_person_with_a_history_in_every_room_is_deleted(world: World) -> None:
    person = world.student.pk

    world.student.delete()

    owned = [
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.related_model is User
    ]
    assert owned
    for model, name in owned:
        assert not model._default_manager.filter(**{name: person}).exists(), model
    assert list(verify_ledgers()) == []
