"""Building an ICD-10-PCS code on the page, as a stranger does."""

from datetime import date
from typing import Any

import pytest
import time_machine
from django.test import Client

from courses.codesets.models import PcsAggregation, Release
from courses.codesets.pcs import meaning_of, pcs_books, table_headings, table_page
from courses.codesets.records import PcsTables
from tests.codesets import pcs_sample

pytestmark = pytest.mark.django_db
DAY = date(2026, 5, 1)


@pytest.fixture(autouse=True)
def today() -> Any:
    with time_machine.travel("2026-05-01 15:00Z", tick=False):
        yield


@pytest.fixture
def books(db: None) -> None:
    """Tables and definitions of FY2023, the code list of FY2026."""
    pcs_sample.load_tables()
    pcs_sample.load_definitions()
    pcs_sample.load_codes()


def text(client: Client, url: str, status: int = 200) -> str:
    answer = client.get(url)
    assert answer.status_code == status, url
    return " ".join(answer.content.decode().split())


# --- the way to a table ------------------------------------------------------------------------------
def test_steps_lead_from_section_to_body_system_to_operation(client: Client, books: None) -> None:
    assert '<a href="/codes/pcs/?start=0">Medical and Surgical</a>' in text(client, "/codes/pcs/")
    assert '<a href="/codes/pcs/?start=0D">Gastrointestinal System</a>' in text(client, "/codes/pcs/?start=0")

    page = text(client, "/codes/pcs/?start=0D")
    assert '<a href="/codes/pcs/0DT/">Resection</a>' in page and "Cutting out all of a body part" in page


def test_table_that_only_the_code_list_has_is_called_newer(client: Client, books: None) -> None:
    page = text(client, "/codes/pcs/?start=0D")

    assert page.count("newer than the tables") == 1
    assert '<a href="/codes/pcs/0D1/">Bypass</a> <span class="state state-draft">newer' in page
    found = table_headings(pcs_books(DAY), "0D")
    assert [(one.code, one.operation, one.is_printed) for one in found] == [
        *(("0D1", "Bypass", False), ("0DB", "Excision", True), ("0DT", "Resection", True)),
    ]


@pytest.mark.parametrize(
    ("typed", "leads_to"),
    [
        ("0DT", "/codes/pcs/0DT/"),
        (" 0dt j", "/codes/pcs/0DT/?c4=J"),
        ("0DTJ4ZZ", "/codes/pcs/0DT/?c4=J&c5=4&c6=Z&c7=Z"),
    ],
)
def test_beginning_of_a_code_leads_to_its_table(
    client: Client, books: None, typed: str, leads_to: str
) -> None:
    answer = client.get("/codes/pcs/", {"start": typed})

    assert (answer.status_code, answer.headers["Location"]) == (302, leads_to)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("0DO", "ICD-10-PCS has no letters I and O"),
        ("0DTJ4ZZZ", "A code of ICD-10-PCS has seven characters."),
        ("0€", "letters and digits only"),
        ("ZZ", "No code begins with ZZ."),
    ],
)
def test_beginning_that_cannot_be_one_is_explained(
    client: Client, books: None, typed: str, said: str
) -> None:
    answer = client.get("/codes/pcs/", {"start": typed})

    page = answer.content.decode()
    assert answer.status_code == 200 and said in page
    assert 'aria-invalid="true" aria-describedby="pcs-start-error"' in page


# --- a table -----------------------------------------------------------------------------------------
def test_table_is_printed_row_by_row_with_its_definition(client: Client, books: None) -> None:
    page = text(client, "/codes/pcs/0DT/")

    assert "Resection, Gastrointestinal System" in page
    assert "Cutting out all of a body part" in page and "Total nephrectomy" in page
    assert '<th scope="col">4 Body Part</th>' in page
    assert page.count('<td data-label="Approach">') == 2
    assert '<li><span class="mono">G</span> Large Intestine, Left</li>' in page


def test_choice_blocks_others_and_says_why(client: Client, books: None) -> None:
    page = text(client, "/codes/pcs/0DT/?c4=J")

    assert '<a href="/codes/pcs/0DT/?c4=J&amp;c5=0#build">Open</a>' in page
    assert "Via Natural Opening, not with J Appendix." in page
    assert '<a href="/codes/pcs/0DT/?c5=F#build">Choose it instead' in page
    assert '<a href="/codes/pcs/0DT/#build">clear' in page
    assert "1 row of 2 allows what you chose" in page
    assert "1 character is open" in page and "the only value left in these tables" in page


def test_rows_that_allow_the_choice_stand_first(client: Client, books: None) -> None:
    page = text(client, "/codes/pcs/0DT/?c4=G")
    printed = page[page.index("<tbody>") :]

    assert printed.index("Large Intestine, Left") < printed.index("Appendix")
    assert printed.count('<tr class="is-open">') == 1


def test_long_table_folds_away_the_rows_that_do_not_fit(client: Client) -> None:
    parts = [
        pcs_sample.row({str(n % 10): "Part"}, {"0": "Open"}, {"Z": "No"}, {"Z": "No"}) for n in range(14)
    ]
    long_table = pcs_sample.table("0DT", (*pcs_sample.GUT, "Resection"), parts)
    pcs_sample.put(PcsTables("2023", (long_table,)), "icd10pcs", "tables", "FY2023", date(2022, 10, 1))

    assert "other rows" not in text(client, "/codes/pcs/0DT/")
    page = text(client, "/codes/pcs/0DT/?c4=1")
    assert "<summary>The 12 other rows</summary>" in page and page.count('<tr class="is-open">') == 2


def test_complete_code_shows_title_and_meaning(client: Client, books: None) -> None:
    page = text(client, "/codes/pcs/0DT/?c4=J&c5=0")

    assert 'href="/codes/icd10pcs/0DTJ0ZZ/" data-panel="/codes/icd10pcs/0DTJ0ZZ/panel/">0DTJ0ZZ</a>' in page
    assert "Resection of Appendix, Open Approach" in page and "This is a code" in page
    assert "Includes: Vermiform appendix" in page and "Cutting through the skin" in page


def test_values_of_different_rows_are_no_code(client: Client, books: None) -> None:
    page = text(client, "/codes/pcs/0DT/?c4=J&c5=F&c6=Z&c7=Z")

    assert "This is no code" in page and "These values do not stand in one row of the table" in page


def test_code_that_the_list_no_longer_has_is_told(client: Client, books: None) -> None:
    page = text(client, "/codes/pcs/0DT/?c4=H&c5=0")

    assert "A row of the tables FY2023 allows these values, but the code list FY2026 has no such code" in page
    assert "This is no code" in page


def test_code_that_is_newer_than_the_tables_is_told(client: Client, books: None) -> None:
    page = text(client, "/codes/pcs/0DT/?c4=J&c5=4&c6=Z&c7=G")

    assert "Resection of Appendix, Hand-Assisted" in page and "This is a code" in page
    assert "It stands in the code list FY2026 and in no row of the tables FY2023" in page
    assert "newer than the tables loaded here" in page


def test_newer_codes_with_the_chosen_values_are_listed(client: Client, books: None) -> None:
    page = text(client, "/codes/pcs/0DT/?c4=J")

    assert "The code list FY2026 has 1 code here that the tables FY2023 do not make." in page
    assert 'href="/codes/icd10pcs/0DTJ4ZG/"' in page
    assert "0DTJ4ZG" not in text(client, "/codes/pcs/0DT/?c4=G")


def test_value_that_stands_nowhere_is_named(client: Client, books: None) -> None:
    page = text(client, "/codes/pcs/0DT/?c4=Q")

    assert "The value Q of character 4 stands nowhere in this table of FY2023." in page
    assert "No row allows what you chose." in page
    assert '<strong class="mono">Q</strong> not in these tables <a href="/codes/pcs/0DT/#build">clear' in page
    assert '<a href="/codes/pcs/0DT/?c4=J#build">Appendix</a>' in page


def test_table_of_the_code_list_alone_lists_its_codes(client: Client, books: None) -> None:
    page = text(client, "/codes/pcs/0D1/")

    assert "The tables FY2023 do not have this table yet" in page
    assert "Bypass Stomach to Duodenum, Open Approach" in page and "Build the code" not in page


def test_code_of_a_newer_table_is_held_against_the_list(client: Client, books: None) -> None:
    found = text(client, "/codes/pcs/0D1/?c4=6&c5=0&c6=7&c7=9")
    missing = text(client, "/codes/pcs/0D1/?c4=6&c5=0&c6=7&c7=8")

    assert "This is a code" in found and "in no row of the tables" not in found
    assert "The code list FY2026 has no such code." in missing and "This is no code" in missing


def test_tables_without_the_code_list_do_not_check(client: Client) -> None:
    pcs_sample.load_tables()
    page = text(client, "/codes/pcs/0DT/?c4=J&c5=0")

    assert "Not checked" in page and "The code list is not loaded for this day" in page


def test_code_list_without_tables_still_leads_to_its_codes(client: Client) -> None:
    pcs_sample.load_codes()

    assert '<a href="/codes/pcs/?start=X">New Technology</a>' in text(client, "/codes/pcs/")
    assert '<a href="/codes/pcs/?start=XW">Anatomical Regions</a>' in text(client, "/codes/pcs/?start=X")
    page = text(client, "/codes/pcs/0DT/")
    assert "The tables of ICD-10-PCS are not loaded for this day" in page and "0DTJ0ZZ" in page


@pytest.mark.parametrize("url", ["/codes/pcs/", "/codes/pcs/0DT/", "/codes/pcs/?start=0D"])
def test_nothing_loaded_teaches(client: Client, url: str) -> None:
    assert "manage.py load_codes icd10pcs-tables" in text(client, url)


def test_table_spelled_otherwise_goes_to_its_address(client: Client, books: None) -> None:
    for typed, leads_to in {
        "0dt": "/codes/pcs/0DT/?c5=4&on=2026-04-01",
        "0DTJ": "/codes/pcs/0DT/?c4=J&c5=4&on=2026-04-01",
        "0d": "/codes/pcs/?start=0D&on=2026-04-01",
    }.items():
        answer = client.get(f"/codes/pcs/{typed}/?c5=4&on=2026-04-01")
        assert (answer.status_code, answer.headers["Location"]) == (302, leads_to)


def test_day_stays_in_every_link(client: Client, books: None) -> None:
    for url in ("/codes/pcs/?start=0D&on=2026-04-01", "/codes/pcs/0DT/?c4=J&c5=4&on=2026-04-01"):
        page = client.get(url).content.decode()
        main = page[page.index("<main") : page.index("</main")]
        links = [part.split('"')[0] for part in main.split('href="')[1:]]
        own = [link for link in links if link.startswith(("/codes/pcs/", "/codes/icd10pcs/"))]
        assert own and [link for link in own if "on=2026-04-01" not in link] == []


def test_day_before_everything_says_what_answers(client: Client, books: None) -> None:
    page = text(client, "/codes/pcs/?on=2019-01-01")

    assert "No release that is loaded here covers Jan. 1, 2019" in page


@pytest.mark.parametrize("table", ["ZZZ", "0O1", "%00%00%00", "A" * 400, "0D%20T%20", "-", "%C3%9FDT", "."])
def test_table_that_is_none_is_404_or_sent_on(client: Client, books: None, table: str) -> None:
    assert client.get(f"/codes/pcs/{table}/").status_code in {302, 404}


@pytest.mark.parametrize(
    "query",
    [
        "start=%00",
        "start=" + "0" * 10_000,
        "start=%F0%9F%92%89",
        "start=%3Cscript%3E",
        "on=x",
        "start=%C2%B2",
    ],
)
def test_steps_answer_anything(client: Client, books: None, query: str) -> None:
    answer = client.get(f"/codes/pcs/?{query}")

    assert answer.status_code == 200 and "<script>" not in answer.content.decode()


@pytest.mark.parametrize("value", ["%00", "JJ", "I", "%C2%B2", "j", "'", "", "A" * 5000])
def test_builder_answers_any_choice(client: Client, books: None, value: str) -> None:
    assert client.get(f"/codes/pcs/0DT/?c4={value}&c5={value}&page={value}").status_code == 200


@pytest.mark.parametrize("table", ["0DB", "0DT"])
def test_table_takes_five_queries_with_one_row_and_with_more(
    client: Client, books: None, table: str, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(6):
        client.get(f"/codes/pcs/{table}/?c4=J&c5=4")


@pytest.mark.parametrize("start", ["", "X", "0D"])
def test_steps_take_four_queries(
    client: Client, books: None, start: str, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(4):
        client.get(f"/codes/pcs/?start={start}")


# --- what a code means -------------------------------------------------------------------------------
def test_meaning_names_seven_characters(books: None) -> None:
    meaning = meaning_of("0DTJ0ZZ", DAY)

    assert [(one.place, one.heading, one.value, one.label) for one in meaning] == [
        (1, "Section", "0", "Medical and Surgical"),
        (2, "Body System", "D", "Gastrointestinal System"),
        (3, "Operation", "T", "Resection"),
        (4, "Body Part", "J", "Appendix"),
        (5, "Approach", "0", "Open"),
        (6, "Device", "Z", "No Device"),
        (7, "Qualifier", "Z", "No Qualifier"),
    ]
    assert meaning[2].explanation == "All of it" and meaning[3].includes == ("Vermiform appendix",)


def test_meaning_of_a_newer_code_leaves_what_nobody_can_tell(books: None) -> None:
    labels = [one.label for one in meaning_of("XW03317", DAY)]

    assert labels == [
        *("New Technology", "Anatomical Regions", "Introduction", "Peripheral Vein", "Percutaneous", "", "")
    ]
    assert [one.label for one in meaning_of("0D16079", DAY)] == [*pcs_sample.GUT, "", "", "", "", ""]


def test_meaning_without_tables_or_of_no_code_is_empty(db: None) -> None:
    assert meaning_of("0DTJ0ZZ", DAY) == ()
    pcs_sample.load_tables()
    assert meaning_of("0DT", DAY) == meaning_of("", DAY) == meaning_of("QQQQQQQ", DAY) == ()
    assert meaning_of("0DTJ0ZZ", date(2019, 1, 1)) == ()
    assert meaning_of("0DTJ0ZZ", DAY)[2].definition == "Cutting out all of a body part"


@pytest.mark.parametrize(("code", "queries"), [("0DTJ0ZZ", 3), ("XW03317", 3), ("0D16079", 4)])
def test_meaning_takes_few_queries(
    books: None, code: str, queries: int, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(queries):
        meaning_of(code, DAY)


def test_page_of_no_table_is_none(books: None) -> None:
    assert table_page("QQQ", {}, on_date=DAY) is None


def test_device_that_counts_as_another_is_named_where_it_does(client: Client, books: None) -> None:
    release = Release.objects.get(book="definitions")
    for operation, device in (("Resection", "Own"), ("All applicable", "General"), ("Bypass", "Other")):
        PcsAggregation.objects.create(
            release=release,
            device=f"{device} device",
            operation=operation,
            body_system="Gastrointestinal System",
            value="7",
            parent="Tissue Substitute",
        )

    page = client.get("/codes/pcs/0DT/").content.decode()

    assert "2 devices are reported as a more general one here" in page
    assert "Own device" in page and "General device" in page and "Other device" not in page
