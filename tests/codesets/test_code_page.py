"""The page of a code of every system: what it is, what is missing, what stands around it, on any day."""

from datetime import date
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.codesets.books import Book
from courses.codesets.facts import facts_of, facts_of_lists
from courses.codesets.models import LicencePack, LicenceSeat, Release
from courses.codesets.notes import pieces
from courses.codesets.queries import code_at, code_entry, completion, printings
from courses.codesets.records import CodeList, Entry
from tests.codesets.typed import AT, FY2025, FY2026, book_of_femurs, code, heading, indexed, listed, write

TODAY = date(2026, 3, 1)


@pytest.fixture(autouse=True)
def today() -> Any:
    with time_machine.travel("2026-03-01 15:00Z", tick=False):
        yield


@pytest.fixture
def femurs(db: None) -> Release:
    return write(book_of_femurs())


def page(client: Client, path: str) -> str:
    return client.get(f"/codes/{path}").content.decode()


# --- the door of the room ------------------------------------------------------------------------------
def test_code_at_is_the_row_of_the_day(femurs: Release, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        row = code_at("icd10cm", "S72.001A", TODAY)
        assert row is not None and row.release == femurs and row.is_reportable_on(TODAY)

    assert code_at("icd10cm", "S72.001A", date(2020, 1, 1)) is None
    assert code_at("hcpcs", "S72.001A", TODAY) is None


@pytest.mark.django_db
def test_code_at_tells_a_category_from_the_block_that_bears_its_name() -> None:
    write(
        CodeList(
            "",
            (
                heading("chapter", "1", "Infections"),
                heading("block", "B20", "HIV (B20)", 0),
                Entry("category", "B20", "HIV", 1, is_billable=True),
            ),
        )
    )
    category, block = code_at("icd10cm", "B20", TODAY), code_at("icd10cm", "B20-B20", TODAY)

    assert category is not None and block is not None
    assert (category.kind, block.kind) == ("category", "block")


# --- hints ---------------------------------------------------------------------------------------------
def test_sided_code_names_the_others_with_the_same_seventh_character(client: Client, femurs: Release) -> None:
    entry = code_entry("icd10cm", "S72.001A", on_date=TODAY)

    assert entry is not None and not entry.is_side_open
    assert [(one.side, one.code) for one in entry.sides] == [
        ("left", "S72.002A"),
        ("unspecified", "S72.009A"),
    ]
    assert 'href="/codes/icd10cm/S72.002A/"' in page(client, "icd10cm/S72.001A/")


def test_open_side_is_asked_for(client: Client, femurs: Release) -> None:
    assert "The side is left open" in page(client, "icd10cm/S72.009A/")


def test_unspecified_code_names_what_says_more(femurs: Release) -> None:
    entry = code_entry("icd10cm", "S72.001A", on_date=TODAY)

    assert entry is not None
    assert [(v.level.code, [one.code for one in v.better]) for v in entry.vague] == [("S72.00", ["S72.04"])]


def test_manifestation_is_never_first_listed(client: Client, db: None) -> None:
    title = "Dementia in other diseases classified elsewhere"
    write(CodeList("", (Entry("category", "F02", title, is_billable=True),)))

    assert "A manifestation: never first-listed" in page(client, "icd10cm/F02/")


def test_siblings_are_folded_and_not_the_code_itself(client: Client, femurs: Release) -> None:
    text = page(client, "icd10cm/S72.001A/")

    assert "1 entry at the same level" in text and 'href="/codes/icd10cm/S72.001S/"' in text
    assert "<details open" not in text


# --- notes ---------------------------------------------------------------------------------------------
def test_notes_say_where_they_come_from(femurs: Release) -> None:
    entry = code_entry("icd10cm", "S72.001A", on_date=TODAY)

    assert entry is not None and entry.own_notes == ()
    assert [(group.kind, group.source.code) for group in entry.inherited_notes] == [
        ("excludes1", "S72"),
        ("note", "19"),
    ]


def test_release_without_notes_says_so(client: Client, femurs: Release, db: None) -> None:
    bare = Entry("category", "T07", "Injuries", is_billable=True)
    write(CodeList("", (bare,)), label="FY2025", day=FY2025, until=FY2026)

    assert "FY2025 was loaded from a file without notes" in page(client, "icd10cm/T07/?on=2025-01-01")
    assert "without notes" not in page(client, "icd10cm/S72.001A/")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("amputation (S78.-)", ["S78"]),
        ("burns (T20-T32)", ["T20", "T32"]),
        ("site of ulcer (L97.4-, L97.5-)", ["L97.4", "L97.5"]),
        ("infections (J00-J06; J20-J22)", ["J00", "J06", "J20", "J22"]),
        ("adverse effect (T36-T50 with fifth or sixth character 5)", ["T36", "T50"]),
        ("codes in this chapter (i.e. E05.8, E16-E31) may be used", ["E05.8", "E16", "E31"]),
        ("conditions classified to A74.-", ["A74"]),
        ("conditions in categories E43, E44, E46, E50-E63", ["E43", "E44", "E46", "E50", "E63"]),
        ("code from I11 to identify", ["I11"]),
        ("disorder (QA0.011)", ["QA0.011"]),
        ("vitamin B12 deficiency anemia (D51.-)", ["D51"]),
        ("glucose-6-phosphate dehydrogenase (G6PD) deficiency", []),
        ("Growth hormone gene 1 (GH1) defect", []),
        ("nothing at all", []),
    ],
)
def test_codes_in_notes_are_links(text: str, named: list[str]) -> None:
    found = pieces(text)

    assert [piece.code for piece in found if piece.code] == named
    assert "".join(piece.text for piece in found) == text


# --- lists ---------------------------------------------------------------------------------------------
def test_lists_that_are_not_loaded_are_not_spoken_of(client: Client, femurs: Release) -> None:
    text = page(client, "icd10cm/S72.001A/")

    assert "POA" not in text and "MCC" not in text


def test_lists_of_the_day_tell_poa_and_severity(client: Client, femurs: Release) -> None:
    listed(Book.POA_EXEMPT, "S72.001S")
    listed(Book.CC, "S72.002A")
    listed(Book.MCC, "S72.001A")

    assert "indicator needed" in page(client, "icd10cm/S72.001A/")
    assert "a major complication" in page(client, "icd10cm/S72.001A/")
    assert "no indicator is reported" in page(client, "icd10cm/S72.001S/")
    assert "neither CC nor MCC" in page(client, "icd10cm/S72.001S/")
    assert "<dd>CC <span" in page(client, "icd10cm/S72.002A/")
    assert "MCC" not in page(client, "icd10cm/S72.001/"), "a heading has no severity"


def test_one_list_of_severity_alone_says_nothing_about_the_other() -> None:
    assert facts_of_lists({Book.CC: False}) == ()
    assert [fact.value for fact in facts_of_lists({Book.CC: True})] == ["CC"]


# --- the index -----------------------------------------------------------------------------------------
def test_index_entries_lead_here(client: Client, femurs: Release) -> None:
    indexed("S72.001", "E11.9")

    text = page(client, "icd10cm/S72.001A/")

    assert "Index entries that lead here" in text and "Fracture 0</a>" in text and "Fracture 1" not in text
    assert "Index entries" not in page(client, "icd10cm/S72.002A/")


# --- from release to release ---------------------------------------------------------------------------
def test_releases_say_what_became_of_a_code(client: Client, db: None) -> None:
    old = (
        Entry("category", "T07", "Injuries", is_billable=True),
        Entry("category", "T08", "Gone", None, True),
    )
    new = (
        Entry("category", "T07", "Many injuries", is_billable=True),
        Entry("category", "T09", "New", None, True),
    )
    write(CodeList("", old), label="FY2025", day=FY2025, until=FY2026)
    write(CodeList("", new), label="FY2026")

    text = page(client, "icd10cm/T07/")
    assert "<del>Injuries</del> → <ins>Many injuries</ins>" in text and 'href="?on=2024-10-01"' in text
    assert "not in it" in page(client, "icd10cm/T09/")
    assert "Injuries" in page(client, "icd10cm/T07/?on=2025-01-01")
    gone = client.get("/codes/icd10cm/T08/")
    assert gone.status_code == 404
    assert "In other releases" in gone.content.decode() and "deleted: Gone" in gone.content.decode()
    later = client.get("/codes/icd10cm/T09/?on=2025-01-01")
    assert later.status_code == 404 and "added: New" in later.content.decode()


@pytest.mark.django_db
def test_presence_is_told_by_the_nearest_change() -> None:
    empty = Entry("category", "A00", "Always", is_billable=True)
    come = Entry("category", "A01", "Comes and goes", is_billable=True)
    days = [date(year, 10, 1) for year in (2021, 2022, 2023, 2024)]
    for number, entries in enumerate([(empty,), (empty, come), (empty, come), (empty,)]):
        until = days[number + 1] if number < 3 else None
        write(CodeList("", entries), label=f"R{number}", day=days[number], until=until)

    found = printings("icd10cm", "A01", is_there=False)

    assert [one.is_there for one in found] == [False, True, True, False]
    assert [one.is_there for one in printings("icd10cm", "A00", is_there=True)] == [True] * 4
    assert [one.is_there for one in printings("icd10cm", "Z99", is_there=False)] == [False] * 4


# --- the way to a complete code ------------------------------------------------------------------------
def test_heading_says_what_is_missing(client: Client, femurs: Release) -> None:
    text = page(client, "icd10cm/S72.00/")

    assert "side; then, where it applies: 7th character" in text
    assert '<option value="S72.001">right femur (S72.001)</option>' in text


def test_answers_lead_to_the_billable_code(client: Client, femurs: Release) -> None:
    open_side = page(client, "icd10cm/S72/?to=S72.00")
    assert '<option value="S72.002">left femur (S72.002)</option>' in open_side

    asked = page(client, "icd10cm/S72/?to=S72.002")
    assert '<option value="S72.002A">initial encounter (S72.002A)</option>' in asked
    assert "Change" in asked and 'href="?to=S72.00#complete"' in asked

    done = page(client, "icd10cm/S72/?to=S72.002A")
    assert "Open the code" in done and 'class="button" href="/codes/icd10cm/S72.002A/"' in done


@pytest.mark.django_db
def test_heading_of_one_child_goes_on_to_its_seventh_character() -> None:
    write(
        CodeList(
            "",
            (
                heading("category", "T14", "Injury of unspecified body region"),
                code("T14.8", "Other injury", 0, takes=True),
                code("T14.8XXA", "Other injury, initial encounter", 1, seventh="A"),
                code("T14.8XXS", "Other injury, sequela", 1, seventh="S"),
            ),
        )
    )
    row = code_at("icd10cm", "T14", TODAY)
    assert row is not None

    way = completion(row)

    assert way.open is not None and way.reached.code == "T14.8"
    assert [choice.code for choice in way.open.choices] == ["T14.8XXA", "T14.8XXS"]


@pytest.mark.parametrize("to", ["%00", "S72", "E11.9", "x" * 5000, "%F0%9F%A6%B4", "S72.001A&to=1"])
def test_strange_answers_are_no_answers(client: Client, femurs: Release, to: str) -> None:
    answer = client.get(f"/codes/icd10cm/S72.0/?to={to}")

    assert answer.status_code == 200


def test_answers_keep_the_day(client: Client, femurs: Release) -> None:
    text = page(client, "icd10cm/S72/?to=S72.002&on=2026-02-01")

    assert '<input type="hidden" name="on" value="2026-02-01">' in text
    assert "?to=S72.00&amp;on=2026-02-01#complete" in text


# --- other systems -------------------------------------------------------------------------------------
def test_hcpcs_code_tells_coverage_and_status_in_words(client: Client, db: None) -> None:
    details = {"coverage": "D", "type_of_service": "P, R", "opps_status": "N", "short": "Cane"}
    entry = Entry("code", "E0100", "Cane, any material", is_billable=True, details=details)
    write(CodeList("", (entry,)), system="hcpcs", label="2026 January")

    text = page(client, "hcpcs/E0100/")

    assert "special coverage instructions apply" in text and "packaged: no separate payment" in text
    assert "purchase of equipment, prosthetics or orthotics; rental of equipment" in text
    assert 'href="/codes/browse/hcpcs/"' in text


def test_terminated_hcpcs_code_is_not_billable(client: Client, db: None) -> None:
    entry = Entry(
        "code",
        "A4397",
        "Irrigation sleeve",
        is_billable=True,
        starts_on=date(1990, 1, 1),
        ends_on=date(2026, 1, 1),
    )
    write(CodeList("", (entry,)), system="hcpcs", label="2026")

    assert "No longer valid since Jan. 1, 2026: not billable" in page(client, "hcpcs/A4397/")
    assert "Billable" in page(client, "hcpcs/A4397/?on=2025-12-31")


def test_msdrg_tells_weight_and_stay(client: Client, db: None) -> None:
    details = {"weight": "1.2838", "gmlos": "3.8", "amlos": "5.0", "mdc": "05", "type": "MED"}
    entry = Entry("code", "291", "HEART FAILURE", is_billable=True, details=details)
    write(CodeList("", (entry,)), system="msdrg", label="v43")

    text = page(client, "msdrg/291/")

    assert all(word in text for word in ("1.2838", "3.8", "5.0", "Circulatory system", "medical", "In force"))


def test_pcs_code_links_to_its_table(client: Client, db: None) -> None:
    entries = (
        heading("category", "0DT", "Gastrointestinal System, Resection"),
        code("0DTJ4ZZ", "Resection of Appendix, Percutaneous Endoscopic Approach", 0),
    )
    write(CodeList("", entries), system="icd10pcs")

    assert 'href="/codes/pcs/0DT/"' in page(client, "icd10pcs/0DTJ4ZZ/")
    assert "0DTJ4ZZ" in page(client, "icd10pcs/0DT/")


def test_letter_that_nobody_is_sure_of_stays_a_letter() -> None:
    assert [(fact.value, fact.meaning) for fact in facts_of("hcpcs", {"opps_status": "ZZ"})] == [("ZZ", "")]
    assert facts_of("icd10cm", {"short_title": "x"}) == ()


# --- words of others -----------------------------------------------------------------------------------
@pytest.fixture
def cpt(db: None) -> Release:
    entry = Entry(
        "code", "99213", "Words of the publisher", is_billable=True, details={"short": "Short words"}
    )
    return write(CodeList("", (entry,)), system="cpt", label="2026")


@pytest.mark.parametrize("tail", ["", "panel/", "?on=2026-01-01"])
def test_licensed_code_is_a_bare_number(client: Client, as_student: Client, cpt: Release, tail: str) -> None:
    for who in (client, as_student):
        text = page(who, f"cpt/99213/{tail}")
        assert "99213" in text and "bare number" in text.lower()
        assert "Words of the publisher" not in text and "Short words" not in text


def test_number_says_nothing_about_the_list(client: Client, cpt: Release) -> None:
    assert client.get("/codes/cpt/99999/").status_code == 200
    assert client.get("/codes/cpt/9/").status_code == 404


def test_person_with_a_seat_reads_the_words(student: User, as_student: Client, cpt: Release) -> None:
    pack = LicencePack.objects.create(
        system="cpt",
        number="1",
        licensee="School",
        users=1,
        starts_on=date(2026, 1, 1),
        expires_on=date(2027, 1, 1),
        recorded_at=AT,
        recorded_by=student,
    )
    LicenceSeat.objects.create(pack=pack, user=student, given_at=AT)

    text = page(as_student, "cpt/99213/")

    assert "Words of the publisher" in text
    assert 'data-title=""' in text, "the browser's own list keeps no words of a licence"


# --- any input, few queries ----------------------------------------------------------------------------
@pytest.mark.parametrize("tail", ["", "panel/"])
@pytest.mark.parametrize("typed", ["%00", "%0A%0D", "A" * 10_000, "%F0%9F%A6%B4", "%27%20OR%201=1", "-", "½"])
@pytest.mark.parametrize("system", ["icd10cm", "hcpcs", "cpt", "icd10pcs"])
def test_anything_gets_a_clean_answer(
    client: Client, femurs: Release, system: str, typed: str, tail: str
) -> None:
    answer = client.get(f"/codes/{system}/{typed}/{tail}", follow=True)

    assert answer.status_code in (200, 404)
    assert len(answer.content) < 30_000


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("icd10cm/S72.001A/", 9),
        ("icd10cm/S72.00/", 9),
        ("icd10cm/S72/?to=S72.001", 9),
        ("icd10cm/19/", 6),
        ("icd10cm/S72.001A/panel/", 5),
        ("icd10cm/S72/panel/", 4),
    ],
)
@pytest.mark.parametrize("more", [0, 3])
def test_page_takes_so_many_queries(
    client: Client, db: None, path: str, queries: int, more: int, django_assert_num_queries: Any
) -> None:
    extra = [code(f"S72.04{n}", f"Base, kind {n}", 5) for n in range(more)]
    write(book_of_femurs(extra=extra))
    for book in (Book.POA_EXEMPT, Book.CC, Book.MCC):
        listed(book, "S72.001A")
    indexed("S72.001", *["S72.001A"] * more)

    with django_assert_num_queries(queries):
        client.get(f"/codes/{path}")


def test_page_takes_twelve_queries_of_a_member(
    as_student: Client, femurs: Release, django_assert_num_queries: Any
) -> None:
    indexed("S72.001")
    as_student.get("/codes/icd10cm/S72.001A/")

    with django_assert_num_queries(12):
        as_student.get("/codes/icd10cm/S72.001A/")


def test_every_kind_of_row_has_a_page_and_a_panel(client: Client, femurs: Release) -> None:
    for row in femurs.codes.all():
        assert client.get(row.get_absolute_url()).status_code == 200
        assert client.get(reverse("codesets:panel", args=[row.system, row.code])).status_code == 200
