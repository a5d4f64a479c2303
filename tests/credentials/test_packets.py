import io
import json
import subprocess
import tracemalloc
import zipfile
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import User
from courses.catalog.models import Body
from courses.credentials.actions import reverse_credit
from courses.credentials.actions.packets import (
    KEPT,
    NEWEST,
    DaysInWrongOrder,
    PacketDamaged,
    ask_packet,
    make_packet,
    read_packet,
    sweep_packets,
)
from courses.credentials.models import EvidenceRemoval, Packet
from courses.credentials.models.storage import evidence_storage
from courses.credentials.packet import write_packet
from courses.credentials.packing import Packer, ascii_slug, evidence_name
from courses.credentials.queries.papers import papers_of
from courses.credentials.sealing import link_hash
from courses.credentials.tasks import sweep_packets_away
from courses.jobs.actions import LEASE, LeaseLost, claim_job, run_due_jobs
from courses.jobs.models import Job
from tests.credentials.conftest import Record
from tests.credentials.papers import PDF, activity, attach, private_storage

DAYS = {"first_on": date(2026, 1, 1), "last_on": date(2026, 12, 31)}


@pytest.fixture(autouse=True)
def vault(settings: Settings, tmp_path: Path) -> Path:
    """Where evidence lies."""
    settings.STORAGES = private_storage(tmp_path / "private")
    return tmp_path / "private"


@pytest.fixture
def aapc(record: Record) -> Body:
    record("cpma")
    return Body.objects.get(key="aapc")


def ask(user: User, body: Body, at: datetime) -> Packet:
    return ask_packet(user=user, body=body, at=at, **DAYS)


def made(packet: Packet, at: datetime) -> Packet:
    """The packet after the worker has been."""
    run_due_jobs(at=at)
    packet.refresh_from_db()
    assert packet.made_at is not None, packet.job and packet.job.message
    return packet


def opened(packet: Packet) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(read_packet(packet))))


def silent(done: int, total: int | None, message: str) -> None:
    """A report that nobody reads."""


# --- the ZIP ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Auditing: E/M 2026!", "auditing-e-m-2026"),
        ("Größe", "grosse"),
        ("../../etc/passwd", "etc-passwd"),
        ("日本語", "activity"),
        ("a" * 200, "a" * 60),
        ("CON", "con"),
    ],
)
def test_name_of_a_file_is_plain_on_every_system(title: str, slug: str) -> None:
    assert evidence_name(7, date(2026, 3, 4), title, "pdf") == f"evidence/007-2026-03-04-{slug}.pdf"


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../b", "a\\b", "", "a//b", ".hidden", "c:x"])
def test_name_that_leads_out_of_the_packet_is_refused(name: str, at: datetime) -> None:
    with pytest.raises(ValueError, match="not a name"):
        Packer(io.BytesIO(), at=at).add(name, b"x")


def test_same_name_twice_is_refused_whatever_its_case(at: datetime) -> None:
    packer = Packer(io.BytesIO(), at=at)
    packer.add("a.txt", b"x")

    with pytest.raises(ValueError, match="not a name"):
        packer.add("A.txt", b"y")


def test_same_members_make_the_same_bytes(at: datetime) -> None:
    files = []
    for moment in (at, at.astimezone(UTC)):
        into = io.BytesIO()
        with Packer(into, at=moment) as packer:
            packer.add("b.txt", b"b" * 10_000)
            packer.add("a.pdf", iter((b"1", b"2")), is_compressed=True)
        files.append(into.getvalue())

    assert files[0] == files[1]


def test_slug_of_nothing_is_the_fallback() -> None:
    assert ascii_slug("???", "nothing") == "nothing"


# --- what is in it ----------------------------------------------------------------------------------------


def test_packet_holds_cover_ledger_evidence_manifest_and_sums(
    aapc: Body, student: User, at: datetime
) -> None:
    attach(activity(student, at), at)

    names = opened(made(ask(student, aapc, at), at)).namelist()

    assert names == [
        "evidence/001-2026-03-04-auditing-webinar.pdf",
        "cover-sheets/cpma-2025-04-01.pdf",
        "ledger.csv",
        "ledger.pdf",
        "packet.css",
        "manifest.json",
        "index.html",
        "SHA256SUMS",
    ]


def test_sha256sum_verifies_an_unpacked_packet(
    aapc: Body, student: User, at: datetime, tmp_path: Path
) -> None:
    attach(activity(student, at), at)
    opened(made(ask(student, aapc, at), at)).extractall(tmp_path / "packet")

    done = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"],
        cwd=tmp_path / "packet",
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": OK") == 7


def test_evidence_is_in_the_packet_to_the_byte(aapc: Body, student: User, at: datetime) -> None:
    first, second = activity(student, at), activity(student, at, completed_on=date(2026, 2, 1), title="Book")
    attach(first, at, PDF * 100_000)
    attach(first, at, b"\x89PNG", kind="png")
    attach(second, at, b"\xff\xd8", kind="jpeg")

    zipped = opened(made(ask(student, aapc, at), at))

    evidence = {name: zipped.read(name) for name in zipped.namelist() if name.startswith("evidence/")}
    assert evidence == {
        "evidence/001-2026-02-01-book.jpg": b"\xff\xd8",
        "evidence/002-2026-03-04-auditing-webinar.pdf": PDF * 100_000,
        "evidence/003-2026-03-04-auditing-webinar.png": b"\x89PNG",
    }


class _Links(HTMLParser):
    """Everything that a page points at, and tags that a packet must not have."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            assert not name.startswith("on") and name != "style"
            if name in ("href", "src"):
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")


def test_opening_page_works_offline_with_relative_links(aapc: Body, student: User, at: datetime) -> None:
    attach(activity(student, at), at)
    zipped = opened(made(ask(student, aapc, at), at))
    page = _Links()
    page.feed(zipped.read("index.html").decode())

    files = {link for link in page.links if not link.startswith("#")}
    assert files == set(zipped.namelist()) - {"index.html"}
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert not page.tags & {"script", "iframe", "img", "form", "object", "base"}
    assert b"url(" not in zipped.read("packet.css") and b"@import" not in zipped.read("packet.css")


def test_what_somebody_typed_is_no_markup_in_the_packet(aapc: Body, student: User, at: datetime) -> None:
    activity(student, at, title="<script>alert(1)</script>", provider='"><img src=x>')

    page = opened(made(ask(student, aapc, at), at)).read("index.html").decode()

    assert "<script>" not in page and "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_packet_says_what_is_missing(aapc: Body, student: User, at: datetime) -> None:
    activity(student, at, title="Bare webinar")

    zipped = opened(made(ask(student, aapc, at), at))

    assert "Bare webinar, Mar 4, 2026: no certificate is attached" in " ".join(
        zipped.read("index.html").decode().split()
    ).replace("4 Mar 2026", "Mar 4, 2026")
    assert json.loads(zipped.read("manifest.json"))["not_complete"] == [
        {"activity": "Bare webinar", "lacks": ["certificate"]}
    ]


def test_removed_evidence_is_listed_with_its_reason(aapc: Body, student: User, at: datetime) -> None:
    credit = activity(student, at)
    gone = attach(credit, at, b"%PDF-1.7 wrong file")
    EvidenceRemoval.objects.create(evidence=gone, reason="The wrong file.", removed_at=at)
    evidence_storage().delete(gone.path)
    attach(credit, at)

    zipped = opened(made(ask(student, aapc, at), at))

    page = zipped.read("index.html").decode()
    assert "The wrong file." in page and gone.sha256 in page
    assert sum(name.startswith("evidence/") for name in zipped.namelist()) == 1


def test_withdrawn_activity_is_in_the_packet_as_such(aapc: Body, student: User, at: datetime) -> None:
    credit = activity(student, at)
    attach(credit, at)
    reverse_credit(credit=credit, reason="Entered twice.", by=student, at=at)

    zipped = opened(made(ask(student, aapc, at), at))

    assert "Entered twice." in zipped.read("index.html").decode()
    assert not [name for name in zipped.namelist() if name.startswith("evidence/")]
    assert json.loads(zipped.read("manifest.json"))["activities"][0]["withdrawn"] == "Entered twice."


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        ("changed", "the stored file is no longer what was given; it was left out"),
        ("deleted", "the stored file could not be found"),
    ],
)
def test_harmed_file_is_left_out_and_named(
    aapc: Body, student: User, at: datetime, vault: Path, harm: str, told: str
) -> None:
    evidence = attach(activity(student, at), at)
    if harm == "changed":
        (vault / evidence.path).write_bytes(PDF + b"!")
    else:
        (vault / evidence.path).unlink()

    zipped = opened(made(ask(student, aapc, at), at))

    assert not [name for name in zipped.namelist() if name.startswith("evidence/")]
    assert told in zipped.read("index.html").decode()
    assert json.loads(zipped.read("manifest.json"))["activities"][0]["evidence"][0]["missing"] == told


def test_links_in_the_manifest_can_be_reckoned_again(aapc: Body, student: User, at: datetime) -> None:
    attach(activity(student, at), at)
    reverse_credit(credit=activity(student, at), reason="Twice.", by=student, at=at)

    chain = json.loads(opened(made(ask(student, aapc, at), at)).read("manifest.json"))["chain"]

    assert [link["number"] for link in chain["links"]] == [1, 2, 3, 4]
    for link in chain["links"]:
        assert link["hash"] == link_hash(
            ledger=chain["ledger"],
            number=link["number"],
            what=link["what"],
            row=link["row"],
            digest_of_row=link["digest"],
            previous=link["previous"],
            at=datetime.fromisoformat(link["at"]),
        )
    assert chain["head"] == chain["links"][-1]["hash"]


def test_same_papers_make_the_same_packet(aapc: Body, student: User, at: datetime) -> None:
    attach(activity(student, at), at)
    packet = ask(student, aapc, at)
    files = []
    for _n in range(2):
        into = io.BytesIO()
        write_packet(papers_of(packet), into, evidence_storage(), lambda done, total: None)
        files.append(into.getvalue())

    assert files[0] == files[1]


def test_memory_does_not_grow_with_the_evidence(aapc: Body, student: User, at: datetime) -> None:
    for number in range(6):
        attach(activity(student, at, title=f"Webinar {number}"), at, bytes([number]) * 4_000_000)
    packet = ask(student, aapc, at)
    make_packet(
        packet=ask_packet(user=student, body=aapc, first_on=at.date(), last_on=at.date(), at=at),
        at=at,
        report=silent,
    )

    tracemalloc.start()
    make_packet(packet=packet, at=at, report=silent)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 8_000_000


# --- asking -----------------------------------------------------------------------------------------------


def test_asking_twice_waits_for_the_same_packet(aapc: Body, student: User, at: datetime) -> None:
    assert ask(student, aapc, at) == ask(student, aapc, at)
    assert Job.objects.filter(kind="credentials.audit_packet").count() == 1


def test_asking_after_it_was_made_makes_another(aapc: Body, student: User, at: datetime) -> None:
    first = made(ask(student, aapc, at), at)

    assert ask(student, aapc, at) != first


def test_days_in_the_wrong_order_are_refused(aapc: Body, student: User, at: datetime) -> None:
    with pytest.raises(DaysInWrongOrder):
        ask_packet(user=student, body=aapc, first_on=date(2026, 2, 1), last_on=date(2026, 1, 1), at=at)


def test_only_the_newest_are_kept_and_the_others_go_with_their_files(
    aapc: Body,
    student: User,
    at: datetime,
    vault: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        for hour in range(NEWEST + 2):
            made(ask(student, aapc, at + timedelta(hours=hour)), at + timedelta(hours=hour))

    kept = list(Packet.objects.owned_by(student))
    assert len(kept) == NEWEST
    assert kept[0].asked_at == at + timedelta(hours=NEWEST + 1)
    assert sorted(f"packets/{one.name}" for one in (vault / "packets").iterdir()) == sorted(
        one.path for one in kept
    )


def test_deleting_the_person_takes_the_files_away(
    aapc: Body,
    student: User,
    at: datetime,
    vault: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    made(ask(student, aapc, at), at)

    with django_capture_on_commit_callbacks(execute=True):
        Packet.objects.owned_by(student).delete()

    assert list((vault / "packets").iterdir()) == []


# --- making -----------------------------------------------------------------------------------------------


def test_job_reports_its_progress_by_files_and_leads_to_the_packet(
    aapc: Body, student: User, at: datetime
) -> None:
    for number in range(3):
        attach(activity(student, at, title=f"Webinar {number}"), at)
    packet = ask(student, aapc, at)
    told: list[tuple[int, int | None]] = []

    make_packet(packet=packet, at=at, report=lambda done, total, message: told.append((done, total)))

    assert told == [(done, 6) for done in range(7)]
    job = made(ask(student, aapc, at + timedelta(days=1)), at).job
    assert job is not None
    assert job.outcome["message"] == "The packet is ready, with 3 files of evidence."
    assert job.outcome["page"].startswith("/credentials/packets/")


def test_making_again_is_harmless(aapc: Body, student: User, at: datetime, vault: Path) -> None:
    packet = ask(student, aapc, at)
    stale = Packet.objects.select_related("user", "body").get(pk=packet.pk)
    before = made(packet, at)
    path = before.path

    make_packet(packet=stale, at=at + timedelta(hours=1), report=silent)  # beside the one that was quicker
    make_packet(packet=before, at=at + timedelta(hours=1), report=silent)

    packet.refresh_from_db()
    assert packet.path == path
    assert len(list((vault / "packets").iterdir())) == 1


def test_lost_lease_stops_the_work_and_keeps_nothing(
    aapc: Body, student: User, at: datetime, vault: Path
) -> None:
    attach(activity(student, at), at)
    packet = ask(student, aapc, at)

    def lost(done: int, total: int | None, message: str) -> None:
        if done == 2:
            raise LeaseLost

    with pytest.raises(LeaseLost):
        make_packet(packet=packet, at=at, report=lost)

    packet.refresh_from_db()
    assert packet.made_at is None
    assert not (vault / "packets").exists()


def test_killed_worker_is_followed_by_another(aapc: Body, student: User, at: datetime) -> None:
    packet = ask(student, aapc, at)
    claim_job(at=at)  # and dies

    assert made(packet, at + LEASE + timedelta(seconds=1)).size


def test_packet_that_is_not_wanted_any_more_is_not_kept(
    aapc: Body, student: User, at: datetime, vault: Path
) -> None:
    packet = ask(student, aapc, at)
    Packet.objects.filter(pk=packet.pk).delete()

    run_due_jobs(at=at)

    job = Job.objects.get(kind="credentials.audit_packet")
    assert (job.state, job.message) == ("failed", "This packet is not wanted any more.")
    assert not (vault / "packets").exists()


# --- keeping ----------------------------------------------------------------------------------------------


def test_file_goes_after_a_week_and_the_page_says_so(
    aapc: Body, student: User, as_student: Client, at: datetime, vault: Path
) -> None:
    packet = made(ask(student, aapc, at), at)

    assert sweep_packets(at=at + KEPT - timedelta(seconds=1)) == 0
    assert sweep_packets(at=at + KEPT + timedelta(minutes=1)) == 1

    packet.refresh_from_db()
    assert (packet.path, list((vault / "packets").iterdir())) == ("", [])
    assert "Packets are kept for seven days" in as_student.get(packet.get_absolute_url()).content.decode()
    assert as_student.get(reverse("credentials:download_packet", args=[packet.pk])).status_code == 302


def test_file_that_no_packet_names_goes_after_a_day(db: None, vault: Path) -> None:
    evidence_storage().save("packets/orphan.zip", ContentFile(b"x"))
    evidence_storage().save("evidence/kept", ContentFile(b"x"))
    now = datetime.now(UTC)

    assert sweep_packets(at=now) == 0
    assert sweep_packets(at=now + timedelta(days=2)) == 1
    assert [one.name for one in vault.rglob("*") if one.is_file()] == ["kept"]


def test_task_sweeps_nothing_that_is_kept(aapc: Body, student: User) -> None:
    now = datetime.now(UTC)
    packet = made(ask(student, aapc, now), now)

    sweep_packets_away()

    packet.refresh_from_db()
    assert packet.path


# --- pages ------------------------------------------------------------------------------------------------


def test_owner_downloads_what_was_made(aapc: Body, student: User, as_student: Client) -> None:
    now = datetime.now(UTC)
    packet = made(ask(student, aapc, now), now)

    answer = as_student.get(reverse("credentials:download_packet", args=[packet.pk]))

    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert sha256(content).hexdigest() == packet.sha256
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == (
        'attachment; filename="crosswalk-aapc-2026-01-01-2026-12-31.zip"'
    )


def test_stranger_finds_no_packet(aapc: Body, student: User, other: User, client: Client) -> None:
    now = datetime.now(UTC)
    packet = made(ask(student, aapc, now), now)
    client.force_login(other)

    for name in ("packet", "download_packet"):
        assert client.get(reverse(f"credentials:{name}", args=[packet.pk])).status_code == 404


def test_damaged_packet_is_not_given_out(
    aapc: Body, student: User, as_student: Client, vault: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now = datetime.now(UTC)
    packet = made(ask(student, aapc, now), now)
    (vault / packet.path).write_bytes(b"PK")

    answer = as_student.get(reverse("credentials:download_packet", args=[packet.pk]), follow=True)

    assert "is damaged and is not given out" in answer.content.decode()
    with pytest.raises(PacketDamaged):
        read_packet(packet)


def test_downloads_are_limited(
    aapc: Body, student: User, as_student: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("courses.credentials.views.papers._DOWNLOADS", 1)
    now = datetime.now(UTC)
    url = reverse("credentials:download_packet", args=[made(ask(student, aapc, now), now).pk])

    answers = [as_student.get(url) for _n in range(2)]

    assert [answer.status_code for answer in answers] == [200, 429]


def test_page_shows_the_precheck_before_anything_is_made(
    aapc: Body, student: User, as_student: Client, at: datetime
) -> None:
    activity(student, at, title="Bare webinar")

    page = as_student.get(reverse("credentials:packets"))

    assert "no certificate is attached" in page.content.decode()
    assert not Packet.objects.exists()


def test_asking_on_the_page_leads_to_the_packet(aapc: Body, student: User, as_student: Client) -> None:
    answer = as_student.post(
        reverse("credentials:packets"),
        {"body": "aapc", "first_on": "2026-01-01", "last_on": "2026-12-31"},
        follow=True,
    )

    packet = Packet.objects.get()
    assert (packet.user, packet.first_on) == (student, date(2026, 1, 1))
    assert answer.redirect_chain == [(packet.get_absolute_url(), 302)]
    assert 'hx-trigger="every 2s"' in answer.content.decode()


def test_body_of_nobody_is_refused(aapc: Body, as_student: Client, student: User) -> None:
    answer = as_student.post(
        reverse("credentials:packets"),
        {"body": "ahima", "first_on": "2026-01-01", "last_on": "2026-12-31"},
    )

    assert answer.status_code == 422
    assert not Packet.objects.exists()


def test_polling_asks_for_the_fragment_until_it_is_made(
    aapc: Body, student: User, as_student: Client
) -> None:
    now = datetime.now(UTC)
    packet = ask(student, aapc, now)
    ajax = {"HX-Request": "true"}

    before = as_student.get(packet.get_absolute_url(), headers=ajax).content.decode()
    made(packet, now)
    after = as_student.get(packet.get_absolute_url(), headers=ajax).content.decode()

    assert "<html" not in before and 'hx-trigger="every 2s"' in before
    assert "hx-trigger" not in after and "Download the ZIP" in after


def test_job_page_leads_to_the_packet(aapc: Body, student: User, as_student: Client) -> None:
    now = datetime.now(UTC)
    packet = made(ask(student, aapc, now), now)
    assert packet.job is not None

    page = as_student.get(packet.job.get_absolute_url()).content.decode()

    assert f'href="{packet.get_absolute_url()}"' in page


def test_somebody_without_credentials_is_told_what_to_do(as_student: Client) -> None:
    page = as_student.get(reverse("credentials:packets"))

    assert page.status_code == 200
    assert "Record a credential" in page.content.decode()


def test_packets_are_asked_for_so_often_an_hour_only(
    aapc: Body, as_student: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("courses.credentials.views.papers._PACKETS", 0)

    as_student.post(
        reverse("credentials:packets"), {"body": "aapc", "first_on": "2026-01-01", "last_on": "2026-12-31"}
    )

    assert not Packet.objects.exists()
