"""Codes that a person keeps: once each, with a note, theirs alone, taken back when removed by mistake."""

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from courses.codesets.actions.saving import MOST, TooManySaved, save_code
from courses.codesets.models import Release, SavedCode
from courses.codesets.queries import saved_codes
from courses.codesets.records import CodeList, Entry
from tests.codesets.typed import write

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 1, 15, tzinfo=UTC)
TODAY = date(2026, 3, 1)
URL = "/codes/saved/"


@pytest.fixture(autouse=True)
def today() -> Any:
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture(autouse=True)
def books(db: None) -> Release:
    return write(
        CodeList(
            "",
            (
                Entry("chapter", "4", "Endocrine"),
                Entry("category", "E11", "Type 2 diabetes mellitus", 0),
                Entry("code", "E11.9", "Diabetes without complications", 1, is_billable=True),
                Entry("code", "E11.65", "Diabetes with hyperglycemia", 1, is_billable=True),
                Entry("category", "I10", "Essential (primary) hypertension", 0, is_billable=True),
            ),
        )
    )


def keep(user: User, *codes: str, note: str = "") -> list[SavedCode]:
    return [save_code(user=user, system="icd10cm", code=code, note=note, at=AT) for code in codes]


# --- keeping -------------------------------------------------------------------------------------------
def test_save_keeps_the_code_and_goes_back_to_it(as_student: Client, student: User) -> None:
    answer = as_student.post("/codes/icd10cm/E11.9/save/", {"note": "Mine", "on": "2026-02-01"})

    assert answer.headers["Location"] == "/codes/icd10cm/E11.9/?on=2026-02-01"
    saved = SavedCode.objects.get()
    assert (saved.user, saved.system, saved.code, saved.note) == (student, "icd10cm", "E11.9", "Mine")
    page = as_student.get("/codes/icd10cm/E11.9/").content.decode()
    assert "E11.9 is saved." in page and f'href="/codes/saved/{saved.pk}/"' in page


@pytest.mark.parametrize(("again", "note"), [("", "First"), ("Second", "Second")])
def test_saving_again_is_harmless(as_student: Client, again: str, note: str) -> None:
    as_student.post("/codes/icd10cm/E11.9/save/", {"note": "First"})
    as_student.post("/codes/icd10cm/E11.9/save/", {"note": again})

    assert [saved.note for saved in SavedCode.objects.all()] == [note]


@pytest.mark.parametrize("on", ["//evil.example", "2026-02-01\r\nX: y", "x" * 5000])
def test_way_back_is_the_code_alone(as_student: Client, on: str) -> None:
    answer = as_student.post("/codes/icd10cm/E11.9/save/", {"on": on})

    assert answer.headers["Location"] == "/codes/icd10cm/E11.9/"


@pytest.mark.parametrize(
    "path",
    [
        *("icd10cm/E11.98", "icd10cm/e119", "icd10cm/4", "icd10cm/%00", "icd10cm/" + "A" * 10_000),
        *("snomed/E11.9", "hcpcs/E11.9", "cpt/E11.9"),
    ],
)
def test_what_is_no_code_is_not_kept(as_student: Client, path: str) -> None:
    assert as_student.post(f"/codes/{path}/save/").status_code == 404
    assert not SavedCode.objects.exists()


def test_heading_may_be_kept(as_student: Client) -> None:
    as_student.post("/codes/icd10cm/E11/save/")

    assert "not billable" in as_student.get(URL).content.decode()


def test_note_that_is_too_long_is_refused(as_student: Client) -> None:
    as_student.post("/codes/icd10cm/E11.9/save/", {"note": "x" * 2_001})

    assert (
        "Not saved: Ensure this value has at most 2000 characters"
        in as_student.get("/codes/icd10cm/E11.9/").content.decode()
    )
    assert not SavedCode.objects.exists()


def test_nobody_keeps_more_than_fits(student: User, as_student: Client) -> None:
    SavedCode.objects.bulk_create(
        SavedCode(user=student, system="icd10cm", code=f"A{n}", saved_at=AT) for n in range(MOST)
    )

    with pytest.raises(TooManySaved):
        keep(student, "E11.9")
    answer = as_student.post("/codes/icd10cm/E11.9/save/")
    assert answer.headers["Location"] == URL
    keep(student, "A1", note="what is kept may still be annotated")


def test_number_of_a_licensed_system_may_be_kept(as_student: Client) -> None:
    write(
        CodeList("", (Entry("code", "99213", "Words of the publisher", is_billable=True),)),
        system="cpt",
        label="2026",
    )

    as_student.post("/codes/cpt/99213/save/")

    page = as_student.get(URL).content.decode()
    assert "99213" in page and "shown with a licence only" in page
    assert "Words of the publisher" not in page
    assert "None of your codes" in as_student.get(f"{URL}?q=publisher").content.decode()


# --- the list ------------------------------------------------------------------------------------------
def test_list_shows_titles_of_today_and_notes(student: User, as_student: Client) -> None:
    keep(student, "I10", note="<b>often</b>")
    SavedCode.objects.create(user=student, system="icd10cm", code="T00", saved_at=AT)

    page = as_student.get(URL).content.decode()

    assert "Essential (primary) hypertension" in page and "&lt;b&gt;often&lt;/b&gt;" in page
    assert "not in the release of today" in page


def test_empty_list_teaches(as_student: Client) -> None:
    assert "No code is saved yet" in as_student.get(URL).content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("e119", ["E11.9"]),
        ("E11.6", ["E11.65"]),
        ("diabetes HYPER", ["E11.65"]),
        ("clinic", ["E11.65", "E11.9"]),
        ("banana", []),
        ("", ["E11.65", "E11.9", "I10"]),
    ],
)
def test_search_reads_code_title_and_note(student: User, query: str, found: list[str]) -> None:
    keep(student, "E11.9", "E11.65", note="Diabetes clinic")
    keep(student, "I10")

    kept = saved_codes(student, query=query, on_date=TODAY)

    assert [one.saved.code for one in kept] == found


@pytest.mark.parametrize("query", ["q=%00", "q=" + "a" * 10_000, "q=%F0%9F%A6%B4", "page=x", "page=-1"])
def test_list_answers_anything(student: User, as_student: Client, query: str) -> None:
    keep(student, "I10")

    assert as_student.get(f"{URL}?{query}").status_code == 200


@pytest.mark.parametrize("codes", [["I10"], ["I10", "E11.9", "E11.65"]])
def test_list_takes_five_queries(
    student: User, as_student: Client, codes: list[str], django_assert_num_queries: Any
) -> None:
    keep(student, *codes)
    as_student.get(URL)

    with django_assert_num_queries(5):
        as_student.get(URL)


# --- note, removal, undo -------------------------------------------------------------------------------
def test_note_is_edited(student: User, as_student: Client) -> None:
    [saved] = keep(student, "I10", note="Old")

    assert "Old" in as_student.get(f"/codes/saved/{saved.pk}/").content.decode()
    answer = as_student.post(f"/codes/saved/{saved.pk}/", {"note": "New"})

    assert answer.headers["Location"] == URL
    saved.refresh_from_db()
    assert saved.note == "New"
    assert as_student.post(f"/codes/saved/{saved.pk}/", {"note": "x" * 2_001}).status_code == 422


def test_removed_code_comes_back_with_its_note(student: User, as_student: Client) -> None:
    [saved] = keep(student, "I10", note='Often, "primary"\n<essential>')

    answer = as_student.post(f"/codes/saved/{saved.pk}/remove/", follow=True)

    assert not SavedCode.objects.exists()
    page = answer.content.decode()
    undo = re.search(r'<button[^>]*form="undo" formaction="([^"]+)" name="note" value="([^"]*)"', page)
    assert undo and undo[1] == "/codes/icd10cm/I10/save/" and "<essential>" not in undo[2]
    assert '<form id="undo" method="post"' in page
    as_student.post(undo[1], {"note": saved.note})
    assert SavedCode.objects.get().note == saved.note
    assert as_student.post(f"/codes/saved/{saved.pk}/remove/").status_code == 404


def test_stranger_gets_404_and_changes_nothing(student: User, other: User, as_student: Client) -> None:
    [theirs] = keep(other, "I10", note="Private")

    assert as_student.get(f"/codes/saved/{theirs.pk}/").status_code == 404
    assert as_student.post(f"/codes/saved/{theirs.pk}/", {"note": "x"}).status_code == 404
    assert as_student.post(f"/codes/saved/{theirs.pk}/remove/").status_code == 404
    assert "Private" not in as_student.get(URL).content.decode()
    theirs.refresh_from_db()
    assert theirs.note == "Private"
    assert "Saved" not in as_student.get("/codes/icd10cm/I10/").content.decode()


def test_stranger_is_asked_to_sign_in_and_comes_back(client: Client) -> None:
    page = client.get("/codes/icd10cm/I10/").content.decode()

    assert "/account/login/?next=/codes/icd10cm/I10/" in page
    assert client.post("/codes/icd10cm/I10/save/").status_code == 302
    assert not SavedCode.objects.exists()


def test_account_that_goes_takes_its_codes_along(student: User) -> None:
    keep(student, "I10")

    student.delete()

    assert not SavedCode.objects.exists()
