"""The look-up and the page of a code, as a stranger sees them."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from courses.codesets.models import Code, Release
from courses.codesets.queries import code_entry
from courses.jobs.models import Job
from tests.codesets.sample import SAMPLE

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today() -> Any:
    with time_machine.travel("2026-11-23 15:00Z", tick=False):
        yield


# --- look-up -----------------------------------------------------------------------------------------
def test_lookup_without_question_browses_chapters(client: Client, release: Release) -> None:
    page = client.get("/codes/").content.decode()

    assert '<a href="/codes/icd10cm/19/">Injury (S00-T88)</a>' in page


def test_lookup_names_its_release_and_the_newer_one(client: Client, release: Release) -> None:
    page = client.get("/codes/?q=E11").content.decode()

    assert "FY2026 April, in force from April 1, 2026" in page
    assert "FY2027 took effect on Oct. 1, 2026 and is not loaded" in page


def test_lookup_of_a_year_that_is_skipped_says_so(
    client: Client, release: Release, load: Callable[..., Any]
) -> None:
    load(label="FY2028", effective_from=date(2027, 10, 1))

    page = client.get("/codes/?q=E11&on=2027-01-15").content.decode()

    assert "FY2027 took effect on Oct. 1, 2026 and is not loaded. What you see is FY2026 April" in page


def test_lookup_before_october_does_not_speak_of_a_newer_release(client: Client, release: Release) -> None:
    page = client.get("/codes/?q=E11&on=2026-09-30").content.decode()

    assert "took effect" not in page
    assert 'href="/codes/icd10cm/E11.9/?on=2026-09-30"' in page


def test_lookup_of_a_day_that_nothing_covers_says_so(client: Client, release: Release) -> None:
    page = client.get("/codes/?q=E11&on=2019-01-01").content.decode()

    assert "No release that is loaded here covers Jan. 1, 2019" in page
    assert "Nothing found for “E11”" in page
    assert "FY2026 April, the oldest, answers from" in page
    assert '<a href="/codes/?q=E11">Look it up as of today</a>' in page


@pytest.mark.parametrize("query", ["?q=99213", "?q=99213&system=cpt", "?q=0001f"])
def test_lookup_of_a_cpt_number_leads_to_the_bare_number(
    client: Client, release: Release, query: str
) -> None:
    page = client.get(f"/codes/{query}").content.decode()
    number = "0001F" if "f" in query else "99213"

    assert f'href="/codes/cpt/{number}/"' in page and "Only the number" in page
    assert "Nothing found" not in page


def test_lookup_in_one_system_that_finds_nothing_leads_to_all(client: Client, release: Release) -> None:
    page = client.get("/codes/?q=banana&system=hcpcs").content.decode()

    assert '<a href="/codes/?q=banana">Look in all systems</a>' in page


def test_lookup_with_nothing_loaded_teaches(client: Client) -> None:
    assert "manage.py load_codes icd10cm" in client.get("/codes/").content.decode()


def test_lookup_without_hits_teaches(client: Client, release: Release) -> None:
    page = client.get("/codes/?q=banana").content.decode()

    assert "Nothing found for “banana”" in page and "Fewer words find more" in page


def test_lookup_for_htmx_is_the_fragment(client: Client, release: Release) -> None:
    answer = client.get("/codes/?q=E11", headers={"HX-Request": "true"})

    assert "<html" not in answer.content.decode()
    assert "HX-Request" in answer.headers["Vary"]


@pytest.mark.parametrize(
    "query", ["q=%00", "q=" + "a" * 5000, "q=E11&on=yesterday", "q=%3Cscript%3E", "on=%00"]
)
def test_lookup_answers_anything(client: Client, release: Release, query: str) -> None:
    answer = client.get(f"/codes/?{query}")

    assert answer.status_code == 200
    assert "<script>" not in answer.content.decode()


def test_lookup_with_a_wrong_date_says_so(client: Client, release: Release) -> None:
    assert "Write the date like 2026-04-01" in client.get("/codes/?q=E11&on=yesterday").content.decode()


@pytest.mark.parametrize("name", ["lookup", "code", "panel"])
def test_only_reading_is_allowed(client: Client, release: Release, name: str) -> None:
    url = reverse(f"codesets:{name}", args=[] if name == "lookup" else ["icd10cm", "E11.9"])

    assert client.post(url).status_code == 405
    assert client.head(url).status_code == 200


# --- a code ------------------------------------------------------------------------------------------
def test_code_shows_place_state_and_inherited_notes(client: Client, release: Release) -> None:
    page = client.get("/codes/icd10cm/E11.9/").content.decode()

    assert "Billable" in page
    for link in ("/codes/icd10cm/4/", "/codes/icd10cm/E08-E13/", "/codes/icd10cm/E11/"):
        assert f'<a href="{link}">' in page
    assert "Excludes1: not coded here" in page and "Use additional code" in page
    assert 'href="/codes/icd10cm/O24.4/"' in page


def test_entry_says_where_each_note_stands(release: Release) -> None:
    entry = code_entry("icd10cm", "E11.65", on_date=date(2026, 5, 1))

    assert entry is not None
    assert [row.code for row in entry.above] == ["4", "E08-E13", "E11", "E11.6"]
    assert [(group.kind, group.source.code) for group in entry.inherited_notes] == [
        *(("includes", "E11"), ("excludes1", "E11"), ("use_additional", "E08-E13")),
    ]
    assert entry.own_notes == ()


def test_inclusion_terms_are_not_inherited(release: Release) -> None:
    block = code_entry("icd10cm", "B20-B20", on_date=date(2026, 5, 1))
    category = code_entry("icd10cm", "B20", on_date=date(2026, 5, 1))

    assert block is not None and category is not None
    assert (block.code.kind, category.code.kind) == ("block", "category")
    assert [child.code for child in block.children] == ["B20"]
    assert [group.kind for group in category.own_notes] == ["inclusion_term", "code_first"]
    assert block.code.get_absolute_url() == "/codes/icd10cm/B20-B20/"


def test_code_without_its_seventh_character_lists_them(client: Client, release: Release) -> None:
    page = client.get("/codes/icd10cm/T07/").content.decode()

    assert "Not billable: the 7th character is missing" in page
    assert "sequela" in page and 'href="/codes/icd10cm/T07.XXXS/"' in page


def test_heading_says_what_is_missing(client: Client, release: Release) -> None:
    page = client.get("/codes/icd10cm/E11/").content.decode()

    assert "Not billable: choose one of the 2 more specific codes below" in page


def test_chapter_and_block_have_pages(client: Client, release: Release) -> None:
    for row in Code.objects.filter(kind__in=["chapter", "block"]):
        assert client.get(row.get_absolute_url()).status_code == 200


@pytest.mark.parametrize("typed", ["e11.9", "E119", "e11%209"])
def test_code_spelled_otherwise_goes_to_its_address(client: Client, release: Release, typed: str) -> None:
    answer = client.get(f"/codes/icd10cm/{typed}/?on=2026-05-01")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/codes/icd10cm/E11.9/?on=2026-05-01")


@pytest.mark.parametrize("tail", ["", "panel/"])
def test_unknown_code_is_404_and_names_the_nearest(client: Client, release: Release, tail: str) -> None:
    answer = client.get(f"/codes/icd10cm/E11.98/{tail}")

    page = answer.content.decode()
    assert answer.status_code == 404
    assert "ICD-10-CM FY2026 April has no entry E11.98" in page and 'href="/codes/icd10cm/E11.9/"' in page


@pytest.mark.parametrize("path", ["icd10cm/%00", "icd10cm/-", "icd10cm/" + "A" * 400])
def test_code_that_is_not_here_is_404(client: Client, release: Release, path: str) -> None:
    assert client.get(f"/codes/{path}/").status_code in (302, 404)
    assert client.get(f"/codes/{path}/panel/").status_code == 404


def test_unknown_system_is_404(client: Client, release: Release) -> None:
    assert client.get("/codes/snomed/E11/").status_code == 404


def test_panel_is_a_fragment_with_the_same_entry(client: Client, release: Release) -> None:
    page = client.get("/codes/icd10cm/e119/panel/").content.decode()

    assert "<html" not in page and "<h1" not in page
    assert "Billable" in page and "Excludes1" in page


@pytest.mark.parametrize(("code", "queries"), [("E11.9", 8), ("S06.1X0", 8), ("4", 5)])
def test_code_takes_so_many_queries_however_deep(
    client: Client, release: Release, code: str, queries: int, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(queries):
        client.get(f"/codes/icd10cm/{code}/")


# --- admin -------------------------------------------------------------------------------------------
def test_admin_button_asks_for_a_job_once(as_editor: Client) -> None:
    assert "Load the package" in as_editor.get("/admin/codesets/release/").content.decode()

    first = as_editor.post("/admin/codesets/release/load/")
    second = as_editor.post("/admin/codesets/release/load/")

    job = Job.objects.get()
    assert first.headers["Location"] == second.headers["Location"] == f"/jobs/{job.pk}/"
    assert job.kind == "codesets.load_release"


def test_admin_button_is_post_and_for_editors(as_editor: Client, as_student: Client) -> None:
    assert as_editor.get("/admin/codesets/release/load/").status_code == 405
    assert as_student.post("/admin/codesets/release/load/").status_code == 404
    assert not Job.objects.exists()


@pytest.mark.parametrize("model", ["release", "code", "guidelinesection"])
def test_admin_lists_are_read_only(as_editor: Client, release: Release, model: str) -> None:
    assert as_editor.get(f"/admin/codesets/{model}/").status_code == 200
    assert as_editor.get(f"/admin/codesets/{model}/add/").status_code == 403


def test_admin_shows_a_code_with_its_notes(as_editor: Client, release: Release) -> None:
    code = Code.objects.get(code="E11")

    assert "gestational diabetes" in as_editor.get(f"/admin/codesets/code/{code.pk}/change/").content.decode()


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "yesterday"])
def test_lookup_with_a_day_out_of_time_answers_for_today(client: Client, day: str) -> None:
    assert client.get("/codes/", {"q": "x", "on": day}).status_code == 200
    assert client.get("/codes/icd10cm/Z00/", {"on": day}).status_code in {200, 404}


@pytest.mark.django_db
def test_code_of_a_system_that_is_not_loaded_says_so(client: Client) -> None:
    answer = client.get("/codes/hcpcs/J3301/")

    assert answer.status_code == 200
    assert "J3301: not loaded here" in answer.content.decode()


def test_site_search_answers_by_the_codes_of_today(
    client: Client, release: Release, load: Callable[..., Any]
) -> None:
    load(SAMPLE.replace("E11.9<", "E11.8<"), label="FY2099", effective_from=date(2098, 10, 1))

    page = client.get("/search/?q=diabetes+without+complications").content.decode()

    assert "E11.9" in page and "E11.8" not in page
