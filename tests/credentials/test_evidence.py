"""G3, G8, I8: evidence is kept, served to the right people unchanged, and taken out with a reason."""

import hashlib
import logging
import socketserver
import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.db.models.deletion import ProtectedError
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.credentials import actions
from courses.credentials.actions import (
    EvidenceDamaged,
    EvidenceRefused,
    RemovalRefused,
    add_credit,
    add_evidence,
    add_proof_file,
    read_evidence,
    remove_evidence,
    review_credit,
)
from courses.credentials.actions import evidence as storing
from courses.credentials.files import Accepted, NotAccepted, Reason, sha256_of
from courses.credentials.models import (
    ApprenticeProof,
    Credit,
    Evidence,
    EvidenceRemoval,
    LedgerLink,
    ProofFile,
)
from courses.credentials.scanning import scan
from tests.conftest import MakePerson
from tests.credentials.conftest import Record
from tests.credentials.hostile import drawing, pdf, pictures, saved, stream

pytestmark = pytest.mark.django_db

Keep = Callable[..., Evidence]


@pytest.fixture(autouse=True)
def store(tmp_path: Path, settings: Any) -> Path:
    """A storage of this test's own; nobody has given a file within the hour."""
    cache.clear()
    folder = tmp_path / "private"
    kept = {"location": folder, "base_url": None, "file_permissions_mode": 0o600}
    settings.STORAGES = settings.STORAGES | {
        "evidence": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": kept}
    }
    return folder


@pytest.fixture
def credit(record: Record, student: User, at: datetime) -> Credit:
    record()
    return add_credit(
        user=student, title="Auditing", completed_on=date(2026, 5, 4), ceus=Decimal(2), by=student, at=at
    )


@pytest.fixture
def boss(make_person: MakePerson, as_boss: Client) -> User:
    return User.objects.get(email="boss@example.com")


@pytest.fixture
def keep(credit: Credit, student: User, at: datetime, tmp_path: Path) -> Keep:
    """Keep a file whose bytes nobody looks into here."""

    def make(content: bytes = b"%PDF-1.7 one", *, of: Credit = credit, when: datetime = at) -> Evidence:
        return add_evidence(credit=of, file=taken(content, tmp_path), by=student, at=when)

    return make


def taken(content: bytes, folder: Path, *, size: int | None = None) -> Accepted:
    """A file as if it had been looked into."""
    digest = hashlib.sha256(content).hexdigest()
    own = folder / f"taken-{digest[:8]}-{len(list(folder.iterdir()))}"
    own.mkdir()
    (own / "kept").write_bytes(content)
    return Accepted("pdf", own / "kept", size or len(content), digest, sha256_of(own / "kept"), own)


def stored(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]


def given(content: bytes, name: str = "certificate.pdf") -> dict[str, Any]:
    return {"file": SimpleUploadedFile(name, content, content_type="application/pdf")}


# --- adding ----------------------------------------------------------------------------------------------
def test_file_is_kept_and_is_a_link_of_the_ledger(
    keep: Keep, credit: Credit, store: Path, at: datetime
) -> None:
    row = keep()

    link = LedgerLink.objects.get(what="evidence", row=row.pk)
    assert (row.credit, row.kind, row.size, row.added_at) == (credit, "pdf", 12, at)
    assert (link.ledger_id, link.number) == (credit.ledger_id, 2)
    assert stored(store) == [b"%PDF-1.7 one"]
    assert (store / row.path).stat().st_mode & 0o777 == 0o600
    assert "Auditing" not in row.path and "certificate" not in row.path


def test_same_file_twice_on_one_activity_is_refused(keep: Keep, store: Path) -> None:
    keep()

    with pytest.raises(EvidenceRefused, match="This very file is here already"):
        keep()

    assert Evidence.objects.count() == 1 and len(stored(store)) == 1


def test_eleventh_file_is_refused(keep: Keep, store: Path) -> None:
    for number in range(10):
        keep(b"%%PDF-1.7 %d" % number)

    with pytest.raises(EvidenceRefused, match="10 files here already"):
        keep(b"one more")

    assert len(stored(store)) == 10


def test_more_than_the_quota_is_refused(
    keep: Keep, credit: Credit, student: User, at: datetime, tmp_path: Path
) -> None:
    almost = taken(b"x", tmp_path, size=storing.QUOTA - 5)
    add_evidence(credit=credit, file=almost, by=student, at=at)

    with pytest.raises(EvidenceRefused, match="longer than 200 MB"):
        keep(b"six by")
    assert keep(b"five ").pk


def test_file_of_a_withdrawn_activity_is_refused(
    keep: Keep, credit: Credit, student: User, at: datetime
) -> None:
    actions.reverse_credit(credit=credit, reason="Wrong day", by=student, at=at)

    with pytest.raises(EvidenceRefused, match="withdrawn"):
        keep()


def test_bytes_go_when_the_row_is_refused(keep: Keep, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_row: Any) -> None:
        raise DatabaseError("no link")

    monkeypatch.setattr(storing, "append_link", broken)

    with pytest.raises(DatabaseError):
        keep()

    assert not Evidence.objects.exists() and stored(store) == []


def test_storage_that_is_away_is_a_refusal(keep: Keep, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: Any, **_more: Any) -> str:
        raise ConnectionError("no answer")

    monkeypatch.setattr(FileSystemStorage, "save", away)

    with pytest.raises(EvidenceRefused, match="could not be stored just now"):
        keep()
    assert not Evidence.objects.exists()


# --- the page --------------------------------------------------------------------------------------------
def test_certificate_is_given_in_the_browser(credit: Credit, as_student: Client, store: Path) -> None:
    answer = as_student.post(reverse("credentials:add_evidence", args=[credit.pk]), given(pdf()))

    row = Evidence.objects.get()
    assert answer["Location"] == credit.get_absolute_url()
    assert (row.kind, row.sha256) == ("pdf", hashlib.sha256(pdf()).hexdigest())
    assert stored(store) == [pdf()]


def test_name_of_the_file_decides_nothing(credit: Credit, as_student: Client) -> None:
    url = reverse("credentials:add_evidence", args=[credit.pk])

    assert as_student.post(url, given(saved(drawing(), "PNG"), "certificate.exe")).status_code == 302
    assert as_student.post(url, given(b"<svg onload=alert(1)>", "certificate.pdf")).status_code == 422
    assert list(Evidence.objects.values_list("kind", flat=True)) == ["png"]


def test_picture_is_kept_without_its_place(credit: Credit, as_student: Client, store: Path) -> None:
    came = pictures()["JPEG with EXIF and place"]

    as_student.post(reverse("credentials:add_evidence", args=[credit.pk]), given(came))

    row = Evidence.objects.get()
    assert row.original_sha256 == hashlib.sha256(came).hexdigest() != row.sha256
    assert b"Exif" not in stored(store)[0]


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"MZ", 422, "This is no PDF, PNG or JPEG file"),
        (b"", 422, "The file is empty."),
        (pdf(b"/OpenAction << /S /Launch /F (cmd.exe) >>"), 422, "The PDF starts a program."),
        (pdf() + b"\n" * (11 * 1024 * 1024), 413, "The file is longer than 10 MB."),
    ],
    ids=["kind", "empty", "program", "long"],
)
def test_refusal_is_said_beside_the_input(
    content: bytes, status: int, said: str, credit: Credit, as_student: Client, store: Path
) -> None:
    answer = as_student.post(reverse("credentials:add_evidence", args=[credit.pk]), given(content))

    assert (answer.status_code, said in answer.content.decode()) == (status, True)
    assert not Evidence.objects.exists() and stored(store) == []


def test_form_without_a_file_asks_for_one(credit: Credit, as_student: Client) -> None:
    answer = as_student.post(reverse("credentials:add_evidence", args=[credit.pk]), {})

    assert answer.status_code == 422 and "Choose a file." in answer.content.decode()


def test_refused_file_leaves_what_was_typed_beside_it(record: Record, as_student: Client) -> None:
    record()
    typed = {"title": "A webinar", "completed_on": "2026-05-04", "ceus": "2", "provider": "AAPC"}

    answer = as_student.post(reverse("credentials:add_credit"), typed | given(b"MZ"))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This is no PDF, PNG or JPEG file" in page and 'value="A webinar"' in page
    assert not Credit.objects.exists()


def test_twenty_first_file_within_an_hour_is_refused(credit: Credit, as_student: Client) -> None:
    url = reverse("credentials:add_evidence", args=[credit.pk])
    statuses = [as_student.post(url, given(b"MZ"), REMOTE_ADDR=f"10.0.0.{n}").status_code for n in range(21)]

    assert statuses == [422] * 20 + [429]


def test_file_of_somebody_elses_activity_cannot_be_given(credit: Credit, other: User) -> None:
    client = Client()
    client.force_login(other)

    assert client.post(reverse("credentials:add_evidence", args=[credit.pk]), given(pdf())).status_code == 404


# --- G3, G1: serving -------------------------------------------------------------------------------------
def readers(evidence: Evidence, people: dict[str, Client]) -> dict[str, int]:
    """The status for each person; the bytes are asked for by their address alone."""
    url = reverse("credentials:evidence", args=[evidence.pk])
    return {name: client.get(url).status_code for name, client in people.items()}


def test_file_is_there_for_its_owner_and_reviewers_only(
    keep: Keep, as_student: Client, as_boss: Client, as_editor: Client, other: User
) -> None:
    stranger = Client()
    stranger.force_login(other)
    people = {
        "owner": as_student,
        "boss": as_boss,
        "editor": as_editor,
        "stranger": stranger,
        "nobody": Client(),
    }

    assert readers(keep(), people) == {
        "owner": 200,
        "boss": 200,
        "editor": 404,
        "stranger": 404,
        "nobody": 302,
    }


def test_view_that_forgot_its_owner_would_be_noticed(
    keep: Keep, other: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the planted fault: whoever asks may review
    monkeypatch.setattr(
        "courses.credentials.views.evidence.reviewable_by", lambda _user: Credit.objects.standing()
    )
    stranger = Client()
    stranger.force_login(other)

    assert readers(keep(), {"stranger": stranger}) == {"stranger": 200}


def unsafe(answer: Any) -> list[str]:
    """What would let a browser show the bytes as something of ours."""
    wanted = {
        "Content-Type": "application/octet-stream",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    wrong = [name for name, value in wanted.items() if answer.get(name) != value]
    return wrong + (
        [] if answer["Content-Disposition"].startswith("attachment;") else ["Content-Disposition"]
    )


def test_file_is_something_to_save_and_never_to_show(keep: Keep, as_student: Client) -> None:
    row = keep()

    answer = as_student.get(reverse("credentials:evidence", args=[row.pk]))

    assert b"".join(answer.streaming_content) == b"%PDF-1.7 one"
    assert unsafe(answer) == []
    assert answer["Content-Disposition"] == f'attachment; filename="evidence-{row.pk}.pdf"'
    assert answer["Content-Length"] == "12"


def test_read_by_staff_is_written_to_the_log(
    keep: Keep, as_boss: Client, as_student: Client, boss: User, caplog: pytest.LogCaptureFixture
) -> None:
    row = keep()
    url = reverse("credentials:evidence", args=[row.pk])
    logging.getLogger("courses.credentials.views.evidence").setLevel("INFO")
    caplog.set_level("INFO")

    b"".join(as_student.get(url).streaming_content)
    assert "evidence_read_by_staff" not in caplog.text
    b"".join(as_boss.get(url).streaming_content)

    said = next(one.msg for one in caplog.records if "evidence_read_by_staff" in str(one.msg))
    assert isinstance(said, dict)
    assert (said["evidence"], said["credit"], said["reader"]) == (row.pk, row.credit_id, boss.pk)


# --- I8: deleted or changed evidence ---------------------------------------------------------------------
def alarms(evidence: Evidence, caplog: pytest.LogCaptureFixture) -> bool:
    """Whether a file is not given out and somebody is told."""
    caplog.clear()
    try:
        b"".join(read_evidence(file=evidence))
    except EvidenceDamaged:
        return f"Evidence {evidence.pk}" in caplog.text
    return False


@pytest.mark.parametrize("fault", ["changed", "longer", "gone"])
def test_damaged_file_is_not_served_and_alarms(
    fault: str, keep: Keep, store: Path, as_student: Client, caplog: pytest.LogCaptureFixture
) -> None:
    row = keep()
    assert not alarms(row, caplog)
    if fault == "gone":
        (store / row.path).unlink()
    else:
        (store / row.path).write_bytes(b"%PDF-1.7 two" if fault == "changed" else b"%PDF-1.7 one ")

    answer = as_student.get(reverse("credentials:evidence", args=[row.pk]))

    assert alarms(row, caplog)
    assert answer.status_code == 500
    assert "no longer what was given" in answer.content.decode()


def test_serving_without_the_hash_would_be_noticed(
    keep: Keep, store: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # the planted fault: the storage is trusted
    monkeypatch.setattr(f"{__name__}.read_evidence", lambda file: [(store / file.path).read_bytes()])
    row = keep()
    (store / row.path).write_bytes(b"%PDF-1.7 two")

    assert not alarms(row, caplog)


def test_row_of_evidence_cannot_be_deleted_or_changed(keep: Keep) -> None:
    row = keep()
    table = Evidence._meta.db_table

    with pytest.raises((DatabaseError, ProtectedError)), transaction.atomic():
        Evidence.objects.filter(pk=row.pk).delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        Evidence.objects.filter(pk=row.pk).update(sha256="0" * 64)
    for sql in (f"DELETE FROM {table}", f"UPDATE {table} SET size = 1"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert Evidence.objects.get().sha256 == row.sha256


def test_approved_file_stays(keep: Keep, student: User, boss: User, at: datetime, store: Path) -> None:
    row = keep()
    review_credit(credit=row.credit, verdict="approved", seen=row.pk, by=boss, at=at + timedelta(hours=1))

    with pytest.raises(RemovalRefused, match="was approved"):
        remove_evidence(evidence=row, reason="I want it gone", by=student, at=at + timedelta(hours=2))

    assert len(stored(store)) == 1


# --- removing --------------------------------------------------------------------------------------------
def test_removed_file_leaves_its_row_hash_and_reason(
    keep: Keep, as_student: Client, store: Path, django_capture_on_commit_callbacks: Any
) -> None:
    row = keep()
    url = reverse("credentials:remove_evidence", args=[row.pk])
    assert "stay in the ledger" in as_student.get(url).content.decode()

    assert as_student.post(url, {"reason": " "}).status_code == 422
    with django_capture_on_commit_callbacks(execute=True):
        answer = as_student.post(url, {"reason": "The wrong scan"})

    assert answer["Location"] == row.credit.get_absolute_url()
    assert stored(store) == []
    assert Evidence.objects.get().sha256 == row.sha256
    assert EvidenceRemoval.objects.get().reason == "The wrong scan"
    assert as_student.get(reverse("credentials:evidence", args=[row.pk])).status_code == 404
    assert as_student.get(url).status_code == 404


def test_file_goes_only_when_the_transaction_is_through(
    keep: Keep, student: User, at: datetime, store: Path, django_capture_on_commit_callbacks: Any
) -> None:
    row = keep()
    with django_capture_on_commit_callbacks() as waiting:
        remove_evidence(evidence=row, reason="Wrong", by=student, at=at)
        assert len(stored(store)) == 1
    assert len(waiting) == 1

    with pytest.raises(RemovalRefused, match="removed already"):
        remove_evidence(evidence=row, reason="Wrong", by=student, at=at)


def test_file_may_be_given_again_after_it_was_removed(keep: Keep, student: User, at: datetime) -> None:
    remove_evidence(evidence=keep(), reason="Too early", by=student, at=at)

    assert keep().pk


# --- what an apprentice has --------------------------------------------------------------------------------
def test_letter_of_an_apprentice_is_kept_and_served_to_its_owner(
    record: Record, student: User, at: datetime, tmp_path: Path, as_student: Client, as_boss: Client
) -> None:
    held = record(status="apprentice")
    proof = ApprenticeProof.objects.create(held=held, need="work", text="Clinic", added_at=at)

    file = add_proof_file(proof=proof, file=taken(b"%PDF a letter", tmp_path), by=student, at=at)

    url = reverse("credentials:proof_file", args=[file.pk])
    answer = as_student.get(url)
    assert b"".join(answer.streaming_content) == b"%PDF a letter" and unsafe(answer) == []
    assert as_boss.get(url).status_code == 404
    with pytest.raises(EvidenceRefused, match="This very file"):
        add_proof_file(proof=proof, file=taken(b"%PDF a letter", tmp_path), by=student, at=at)
    assert ProofFile.objects.count() == 1


# --- ClamAV ------------------------------------------------------------------------------------------------
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + rb"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Clamd(socketserver.StreamRequestHandler):
    """Speaks the INSTREAM protocol, and knows one virus."""

    def handle(self) -> None:
        assert self.rfile.read(10) == b"zINSTREAM\0"
        content = b""
        while size := int.from_bytes(self.rfile.read(4), "big"):
            content += self.rfile.read(size)
        answer = b"stream: Eicar-Test-Signature FOUND" if EICAR in content else b"stream: OK"
        if b"odd" in content:
            answer = b"INSTREAM size limit exceeded. ERROR"
        if b"silent" not in content:
            self.wfile.write(answer + b"\0")


@pytest.fixture
def clamd() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Clamd) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize(
    ("content", "reason"),
    [(EICAR, Reason.VIRUS), (b"odd", Reason.UNCHECKED), (b"silent", Reason.UNCHECKED)],
)
def test_scanner_decides(content: bytes, reason: Reason, clamd: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 200_000)
    scan(tmp_path / "file", clamd)
    (tmp_path / "file").write_bytes(b"x" * 200_000 + content)

    with pytest.raises(NotAccepted) as refused:
        scan(tmp_path / "file", clamd)
    assert refused.value.reason is reason


def test_scanner_behind_a_socket_of_the_machine(tmp_path: Path) -> None:
    address = str(tmp_path / "clamd.ctl")
    (tmp_path / "file").write_bytes(EICAR)
    with socketserver.ThreadingUnixStreamServer(address, Clamd) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(NotAccepted, match="virus scanner found"):
            scan(tmp_path / "file", address)
        server.shutdown()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "/nowhere/clamd.ctl"])
def test_file_that_nobody_can_check_is_not_kept(
    address: str, credit: Credit, as_student: Client, settings: Any, store: Path
) -> None:
    settings.CLAMAV_ADDRESS = address

    answer = as_student.post(reverse("credentials:add_evidence", args=[credit.pk]), given(pdf()))

    assert answer.status_code == 422
    assert "cannot be checked just now. Try again" in answer.content.decode()
    assert stored(store) == []


def test_virus_is_found_in_the_file_as_it_came(
    credit: Credit, as_student: Client, settings: Any, clamd: str
) -> None:
    settings.CLAMAV_ADDRESS = clamd
    url = reverse("credentials:add_evidence", args=[credit.pk])

    infected = as_student.post(url, given(pdf(b"", b"", stream(EICAR))))
    clean = as_student.post(url, given(pdf()))

    assert "The virus scanner found something" in infected.content.decode()
    assert clean.status_code == 302
