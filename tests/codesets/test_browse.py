"""The shelves and the groups of the systems that have no chapters."""

from datetime import date
from typing import Any

import pytest
import time_machine
from django.template.loader import render_to_string
from django.test import Client

from courses.codesets.browsing import hcpcs_groups, msdrg_groups, shelves
from courses.codesets.records import CodeList, Entry
from tests.codesets import pcs_sample
from tests.codesets.pcs_sample import put

pytestmark = pytest.mark.django_db
DAY = date(2026, 5, 1)


@pytest.fixture(autouse=True)
def today() -> Any:
    with time_machine.travel("2026-05-01 15:00Z", tick=False):
        yield


def entry(code: str, title: str, kind: str = "code", **fields: Any) -> Entry:
    return Entry(kind, code, title, is_billable=True, **fields)


HCPCS = (
    entry("A0021", "Ambulance service", starts_on=date(1985, 1, 1)),
    entry("A4397", "Irrigation sleeve", ends_on=date(2022, 1, 1)),
    entry("A4466", "Elastic garment", ends_on=date(2026, 7, 1)),
    entry("E0100", "Cane"),
)
DRGS = (
    entry("001", "HEART TRANSPLANT", details={"mdc": "PRE", "type": "SURG", "weight": "28.0239"}),
    entry("291", "HEART FAILURE", details={"mdc": "05", "type": "MED", "weight": "1.2838", "gmlos": "3.8"}),
    entry("215", "HEART ASSIST", details={"mdc": "05", "type": "SURG", "weight": "9.9570"}),
    entry("999", "UNGROUPABLE"),
)


def load(system: str, *entries: Entry, book: str = "codes", label: str = "2026") -> None:
    put(CodeList("", entries), system, book, label, date(2026, 1, 1))


def text(client: Client, url: str, status: int = 200) -> str:
    answer = client.get(url)
    assert answer.status_code == status, url
    return " ".join(answer.content.decode().split())


# --- shelves -----------------------------------------------------------------------------------------
def test_shelves_name_every_system_with_its_books(django_assert_num_queries: Any) -> None:
    load("hcpcs", *HCPCS)
    load("hcpcs", entry("A1", "Dressing", "modifier"), book="modifiers")
    pcs_sample.load_tables()
    pcs_sample.load_codes()
    with django_assert_num_queries(1):
        found = {shelf.system: shelf for shelf in shelves(DAY)}

    assert list(found) == ["icd10cm", "icd10pcs", "hcpcs", "cpt", "msdrg", "pos"]
    assert [book.book for book in found["icd10pcs"].books] == ["codes", "tables"]
    assert found["icd10pcs"].billable == 6 and found["icd10pcs"].indexes == ()
    assert (found["hcpcs"].billable, len(found["hcpcs"].books)) == (4, 2)
    assert found["icd10cm"].books == () and found["icd10cm"].codes is None


def test_shelves_are_those_of_the_day() -> None:
    pcs_sample.load_tables()

    assert [shelf.books for shelf in shelves(date(2019, 1, 1)) if shelf.books] == []


def test_shelves_lead_to_systems_and_books() -> None:
    pcs_sample.load_codes()
    load("hcpcs", *HCPCS)
    page = render_to_string("codesets/_shelves.html", {"shelves": shelves(DAY), "on": "?on=2026-04-01"})

    for url in ("/codes/pcs/", "/codes/browse/icd10pcs/", "/codes/browse/hcpcs/", "/codes/browse/cpt/"):
        assert f'href="{url}?on=2026-04-01"' in page
    assert "not loaded" in page and 'data-label="Codes">6</td>' in page


# --- systems -----------------------------------------------------------------------------------------
def test_icd10cm_is_browsed_by_its_chapters(client: Client) -> None:
    answer = client.get("/codes/browse/icd10cm/?on=2026-04-01")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/codes/?on=2026-04-01")


def test_pcs_is_browsed_by_section_and_body_system(client: Client) -> None:
    pcs_sample.load_tables()
    pcs_sample.load_codes()

    page = text(client, "/codes/browse/icd10pcs/")
    assert '<a href="/codes/browse/icd10pcs/0/">Medical and Surgical</a>' in page and "3 tables" in page
    section = text(client, "/codes/browse/icd10pcs/0/")
    assert '<a href="/codes/pcs/0DT/">Resection</a>' in section
    assert '<a href="/codes/pcs/0D1/">Bypass</a> <span class="state state-draft">newer' in section


def test_pcs_without_tables_is_browsed_by_the_headers_of_its_code_list(client: Client) -> None:
    pcs_sample.load_codes()

    assert "Medical and Surgical" in text(client, "/codes/browse/icd10pcs/")
    section = text(client, "/codes/browse/icd10pcs/X/")
    assert '<a href="/codes/pcs/XW0/">Introduction</a>' in section
    assert "newer than the tables" not in section


def test_hcpcs_is_browsed_by_letter_and_modifiers(client: Client) -> None:
    load("hcpcs", *HCPCS)
    load("hcpcs", entry("A1", "Dressing", "modifier"), entry("LT", "Left", "modifier"), book="modifiers")

    assert [(one.key, one.codes) for one in hcpcs_groups(DAY)] == [("A", 3), ("E", 1), ("modifiers", 2)]
    page = text(client, "/codes/browse/hcpcs/")
    assert "Durable medical equipment</a>" in page and "The names of the groups are ours" in page
    assert "3 codes" in page


def test_hcpcs_letter_marks_the_last_day_of_codes(client: Client) -> None:
    load("hcpcs", *HCPCS)
    page = text(client, "/codes/browse/hcpcs/A/")

    assert 'href="/codes/hcpcs/A0021/" data-panel="/codes/hcpcs/A0021/panel/"' in page
    assert "ended: last day Dec. 31, 2021" in page and "last day June 30, 2026" in page
    assert "E0100" not in page


def test_hcpcs_letter_is_paged(client: Client) -> None:
    load("hcpcs", *(entry(f"E{number:04}", f"Thing {number}") for number in range(101)))
    first, second = text(client, "/codes/browse/hcpcs/E/"), text(client, "/codes/browse/hcpcs/E/?page=2")

    assert "101 codes, page 1 of 2" in first and "E0099" in first and "E0100<" not in first
    assert "E0100<" in second
    assert "page 1 of 2" in text(client, "/codes/browse/hcpcs/E/?page=%00")


def test_modifiers_are_a_group(client: Client) -> None:
    load("hcpcs", entry("LT", "Left side", "modifier"), book="modifiers")

    assert "Left side" in text(client, "/codes/browse/hcpcs/modifiers/")
    assert "Shown: 2026, in force" in text(client, "/codes/browse/hcpcs/modifiers/")


def test_msdrg_is_browsed_by_category_and_type(client: Client) -> None:
    load("msdrg", *DRGS)

    assert [(one.key, one.codes) for one in msdrg_groups(DAY)] == [("PRE", 1), ("05", 2), ("00", 1)]
    page = text(client, "/codes/browse/msdrg/05/")
    assert page.index("Surgical") < page.index("HEART ASSIST") < page.index("Medical") < page.index("HEART F")
    assert '<td class="number" data-label="Weight">1.2838</td>' in page
    assert '<td class="number" data-label="AMLOS">–</td>' in page
    assert "UNGROUPABLE" in text(client, "/codes/browse/msdrg/00/")


def test_places_of_service_are_one_table(client: Client) -> None:
    load("pos", entry("11", "Office"), entry("21", "Inpatient Hospital", details={"description": "A ward."}))
    page = text(client, "/codes/browse/pos/")

    assert '<th scope="row"><a class="chip tab-pos" href="/codes/pos/11/"' in page
    assert "Inpatient Hospital" in page and "A ward." in page


def test_cpt_shows_the_notice_alone(client: Client) -> None:
    load("cpt", entry("99213", "Words that belong to somebody else"))
    page = text(client, "/codes/browse/cpt/")

    assert "American Medical Association" in page
    assert "99213" not in page and "belong to somebody" not in page


@pytest.mark.parametrize("system", ["icd10pcs", "hcpcs", "msdrg", "pos"])
def test_system_that_is_not_loaded_teaches(client: Client, system: str) -> None:
    assert f"manage.py load_codes {system}" in text(client, f"/codes/browse/{system}/")


@pytest.mark.parametrize("path", ["hcpcs/A", "hcpcs/modifiers", "msdrg/05"])
def test_group_of_a_system_that_is_not_loaded_teaches(client: Client, path: str) -> None:
    assert "is not loaded for this day" in text(client, f"/codes/browse/{path}/")


@pytest.mark.parametrize("path", ["hcpcs/B", "msdrg/25"])
def test_group_without_codes_says_so(client: Client, path: str) -> None:
    load("hcpcs", *HCPCS)
    load("msdrg", *DRGS)

    assert "has no" in text(client, f"/codes/browse/{path}/")


@pytest.mark.parametrize(
    "path",
    [
        *("snomed", "x" * 300, "hcpcs/D", "hcpcs/a", "hcpcs/%00", "msdrg/26", "msdrg/SURG", "icd10pcs/Z"),
        *("icd10pcs/%00", "icd10pcs/0D", "pos/11", "cpt/99213", "icd10cm/E", "hcpcs/" + "A" * 5000),
    ],
)
def test_what_is_no_group_is_404(client: Client, path: str) -> None:
    pcs_sample.load_tables()

    assert client.get(f"/codes/browse/{path}/").status_code == 404


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize(
    ("path", "queries"),
    [
        *(("hcpcs", 2), ("hcpcs/A", 3), ("hcpcs/modifiers", 3), ("msdrg", 2), ("msdrg/05", 2), ("pos", 2)),
        *(("icd10pcs", 4), ("icd10pcs/0", 4), ("cpt", 1)),
    ],
)
def test_browsing_takes_the_same_queries(
    client: Client, path: str, queries: int, number: int, django_assert_num_queries: Any
) -> None:
    load("hcpcs", *(entry(f"A000{n}", "x") for n in range(number)))
    load("hcpcs", *(entry(f"A{n}", "x", "modifier") for n in range(number)), book="modifiers")
    load("msdrg", *(entry(f"00{n}", "x", details={"mdc": "05", "type": "MED"}) for n in range(number)))
    load("pos", *(entry(f"1{n}", "x") for n in range(number)))
    pcs_sample.load_tables()
    with django_assert_num_queries(queries):
        assert client.get(f"/codes/browse/{path}/").status_code == 200


def test_code_leads_back_to_its_group(client: Client) -> None:
    load("hcpcs", *HCPCS)
    load("hcpcs", entry("LT", "Left side", "modifier"), book="modifiers")
    load("msdrg", *DRGS, label="FY2026 v43")

    assert '<a href="/codes/browse/hcpcs/E/">E</a>' in text(client, "/codes/hcpcs/E0100/")
    assert '<a href="/codes/browse/hcpcs/modifiers/">Modifiers</a>' in text(client, "/codes/hcpcs/LT/")
    for drg, mdc in (("291", "05"), ("999", "00")):
        assert f'<a href="/codes/browse/msdrg/{mdc}/">MDC {mdc}</a>' in text(client, f"/codes/msdrg/{drg}/")
        text(client, f"/codes/browse/msdrg/{mdc}/")


def test_modifier_is_found_by_its_two_characters(client: Client) -> None:
    load("hcpcs", *HCPCS)
    load("hcpcs", entry("LT", "Left side", "modifier"), book="modifiers")

    for query in ("?q=lt", "?q=LT&system=hcpcs"):
        page = text(client, f"/codes/{query}")
        assert 'href="/codes/hcpcs/LT/"' in page and "Left side" in page and "Nothing found" not in page
    assert 'href="/codes/hcpcs/LT/"' not in text(client, "/codes/?q=lt&system=icd10cm")
