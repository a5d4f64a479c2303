"""Files that editors give to be loaded: capped before they are read, refused whole, forgotten afterwards."""

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.codesets.actions.files import FILE_KIND, give_file
from courses.codesets.formats import icd10cm_tabular
from courses.codesets.models import Code, CodeFile, Release
from courses.jobs.actions import MAX_ATTEMPTS, run_due_jobs
from courses.jobs.models import Job
from portal.lib import uploads
from tests.codesets.conftest import of_year
from tests.codesets.sample import BILLABLE, SAMPLE

AT = datetime(2026, 11, 1, tzinfo=UTC)
FY2027 = of_year(SAMPLE, date(2026, 10, 1)).encode()

pytestmark = pytest.mark.django_db


def address() -> str:
    return reverse("admin:codesets_release_load_file")


def given(content: bytes = FY2027, name: str = "tabular.xml", **changes: Any) -> dict[str, Any]:
    return {
        "format": "icd10cm-tabular",
        "file": SimpleUploadedFile(name, content),
        "label": "FY2027",
        "effective_from": "2026-10-01",
    } | changes


def ended() -> Job:
    run_due_jobs(at=timezone.now())
    return Job.objects.get(kind=FILE_KIND)


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


# --- the way it should go --------------------------------------------------------------------------------
def test_file_is_loaded_and_its_bytes_are_dropped(as_editor: Client, editor: User) -> None:
    answer = as_editor.post(address(), given())
    job = Job.objects.get(kind=FILE_KIND)
    kept = CodeFile.objects.get()
    assert answer["Location"] == reverse("jobs:job", args=[job.pk])
    assert (kept.name, kept.given_by, bytes(kept.content)) == ("tabular.xml", editor, FY2027)

    job = ended()

    release = Release.objects.get()
    assert (job.state, job.message) == ("done", "ICD-10-CM FY2027 is loaded.")
    assert (release.label, release.source_name, release.loaded_by) == ("FY2027", "tabular.xml", editor)
    assert list(Code.objects.billable().values_list("code", flat=True)) == list(BILLABLE)
    kept.refresh_from_db()
    assert bytes(kept.content) == b""


def test_zip_is_loaded_as_published(as_editor: Client) -> None:
    parcel = zipped(icd10cm_tabular_2027__xml=FY2027, readme__pdf=b"%PDF")

    as_editor.post(address(), given(parcel, "icd10cm_table_index_2027.zip"))

    assert ended().state == "done"
    assert Release.objects.get().source_name == "icd10cm_table_index_2027.zip"


def test_form_is_reached_from_the_releases(as_editor: Client) -> None:
    listed = as_editor.get(reverse("admin:codesets_release_changelist")).content.decode()
    page = as_editor.get(address()).content.decode()

    assert address() in listed and reverse("admin:codesets_release_load") in listed
    assert "ICD-10-CM: tabular list (XML)" in page and 'enctype="multipart/form-data"' in page


# --- refusals beside what was typed ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"file": ""}, "Choose the file."),
        ({"file": SimpleUploadedFile("empty.xml", b"")}, "empty"),
        ({"label": ""}, "required"),
        ({"label": "x" * 41}, "at most 40"),
        ({"label": "a\x00b"}, "Null characters"),
        ({"effective_from": "soon"}, "valid date"),
        ({"effective_from": "9999-12-31"}, "less than or equal"),
        ({"format": "nothing"}, "not one of the available choices"),
        ({"format": ""}, "required"),
    ],
)
def test_mistake_is_said_and_the_rest_is_kept(as_editor: Client, changes: dict[str, Any], said: str) -> None:
    answer = as_editor.post(address(), given() | changes)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert "label" in changes or 'value="FY2027"' in page
    assert "effective_from" in changes or 'value="2026-10-01"' in page
    assert not CodeFile.objects.exists() and not Job.objects.exists()


def test_same_file_twice_is_said(as_editor: Client) -> None:
    as_editor.post(address(), given())
    ended()

    answer = as_editor.post(address(), given(label="Another", effective_from="2027-04-01"))

    assert "This very file is loaded already, as ICD-10-CM FY2027." in answer.content.decode()
    assert Release.objects.count() == 1


def test_same_label_or_day_is_said(as_editor: Client, load: Callable[..., Any]) -> None:
    load(label="FY2027", effective_from=date(2026, 10, 1))

    page = as_editor.post(address(), given(FY2027.replace(b"NOS", b"nos"))).content.decode()

    assert "There is a release of this label already." in page
    assert "There is a release of this day already." in page


def test_file_that_is_too_long_is_cut_off_while_it_arrives(
    as_editor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES", 100_000)

    answer = as_editor.post(address(), given(b"x" * 200_000))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "The file is longer than" in page and 'value="FY2027"' in page
    assert not CodeFile.objects.exists()


def test_name_of_the_file_is_shown_as_text(as_editor: Client) -> None:
    as_editor.post(address(), given(name="<img src=x onerror=alert(1)>.xml"))
    ended()

    page = as_editor.get(reverse("admin:codesets_release_changelist")).content.decode()
    public = as_editor.get(reverse("codesets:releases")).content.decode()

    assert "<img src=x" not in page + public
    assert "&lt;img src=x onerror=alert(1)&gt;.xml" in public


# --- files that are no release ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (FY2027[:2000], "malformed or cut off"),
        (b"<html></html>", "not an ICD-10-CM tabular list"),
        (b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>', "refused"),
        (SAMPLE.replace("AIDS", "aids").encode(), "fiscal year 2027"),
        (b"PK\x03\x04 and nothing more", "zip is broken"),
        (zipped(a__txt=b"x"), "the file wanted is not in the zip"),
        (b"\x00\xff\x07" * 1000, "malformed"),
    ],
    ids=["cut off", "web page", "entity", "wrong year", "broken zip", "other zip", "noise"],
)
def test_file_that_is_none_is_refused_whole(
    as_editor: Client, load: Callable[..., Any], content: bytes, said: str
) -> None:
    load()
    before = Code.objects.count()
    as_editor.post(address(), given(content))

    job = ended()

    assert (job.state, Release.objects.count(), Code.objects.count()) == ("failed", 1, before)
    assert said in job.message
    assert said in as_editor.get(job.get_absolute_url()).content.decode()
    assert bytes(CodeFile.objects.get().content) == b""


@pytest.mark.parametrize("role", ["editor", "boss"])
def test_cpt_is_refused_without_a_licence_and_from_an_editor(
    as_editor: Client, as_boss: Client, role: str
) -> None:
    client = as_boss if role == "boss" else as_editor

    page = client.post(address(), given(b"code,long,short\n99213,x,y\n", format="cpt")).content.decode()

    assert "record a licence that is valid today first" in page
    assert ("Only an administrator loads" in page) == (role == "editor")
    assert not CodeFile.objects.exists()


# --- what goes wrong on the way --------------------------------------------------------------------------
def test_bytes_are_kept_for_another_attempt_and_dropped_after_the_last(
    as_editor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def fall(**_: Any) -> Any:
        seen.append(bytes(CodeFile.objects.get().content) == FY2027)
        raise MemoryError

    monkeypatch.setattr("courses.codesets.jobs.load_release", fall)
    as_editor.post(address(), given())

    job = ended()

    assert (job.state, seen) == ("failed", [True] * MAX_ATTEMPTS)
    assert bytes(CodeFile.objects.get().content) == b""


def test_bytes_that_a_dead_job_left_are_dropped_by_the_next_file(editor: User) -> None:
    def give(at: datetime) -> None:
        file = SimpleUploadedFile("tabular.xml", FY2027)
        give_file(
            file=file,
            name=file.name,
            format="icd10cm-tabular",
            label="FY2027",
            effective_from=date(2026, 10, 1),
            by=editor,
            at=at,
        )

    give(AT)
    give(AT + timedelta(days=2))

    assert [len(one.content) for one in CodeFile.objects.order_by("pk")] == [0, len(FY2027)]


def test_file_that_is_forgotten_is_said(as_editor: Client) -> None:
    as_editor.post(address(), given())
    CodeFile.objects.update(content=b"")

    assert "give it again" in ended().message


@pytest.mark.parametrize("who", ["student", "instructor", "manager"])
def test_nobody_but_staff_may_give_files(who: str, make_person: Callable[..., User]) -> None:
    client = Client()
    client.force_login(make_person(f"{who}@example.com", role=who))

    assert client.get(address()).status_code == 404
    assert client.post(address(), given()).status_code == 404
    assert not CodeFile.objects.exists()


def test_reader_is_the_one_of_the_command() -> None:
    assert icd10cm_tabular.parse(io.BytesIO(FY2027)).version == "2027"
