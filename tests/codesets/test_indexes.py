"""The indexes as books, the tables, and the index lines that lead to a code."""

import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from courses.codesets import writing
from courses.codesets.models import IndexRef, IndexTerm, Release
from courses.codesets.reading import _letters, letters_of, lines_to, rows_matching, target_url
from courses.codesets.records import CrossRef, Index, Target, Term

MakeBook = Callable[..., Release]
#: What every page asks for: the editions of the book.
EDITION = 1
DAY = date(2026, 11, 23)

SEE_HEART = CrossRef("see", "Infarct, myocardium")
INDEX = Index(
    "2026",
    (
        Term("A", "Abdomen, abdominal", refs=(CrossRef("see_also", "condition"),)),
        Term("A", "acute", 0, targets=(Target("R10.0"),)),
        Term("A", "Attack, attacks"),
        Term("A", "heart", 2, refs=(SEE_HEART,)),
        Term("D", "Diabetes, diabetic", nonessential="(mellitus) (sugar)", targets=(Target("E11.9"),)),
        Term("D", "with", 4),
        Term("D", "amyotrophy", 5, targets=(Target("E11.44"),)),
        Term("D", "dementia", 5, targets=(Target("E11.89"), Target("F02.80", is_manifestation=True))),
        Term("D", "Dyschezia", targets=(Target("K59.00"),)),
        Term("F", "Fall, falling", targets=(Target("W19"),)),
        Term("F", "Fracture, traumatic", targets=(Target("T14.8"),)),
        Term("F", "femur", 10, targets=(Target("S72.9", is_partial=True),)),
        Term("F", "neck", 11, targets=(Target("S72.00", is_partial=True),)),
        Term("I", "Infarct, infarction"),
        Term("I", "myocardium, myocardial", 13, targets=(Target("I21.9"),)),
    ),
)
COLUMNS = {
    1: "Neoplasm",
    2: "Malignant Primary",
    3: "Malignant Secondary",
    4: "Ca in situ",
    5: "Benign",
    6: "Uncertain Behavior",
    7: "Unspecified Behavior",
}
NEOPLASMS = Index(
    "2026",
    (
        Term("N", "Neoplasm, neoplastic", targets=(Target("C80.1", 2), Target("C79.9", 3))),
        Term("N", "abdomen, abdominal", 0, targets=(Target("C76.2", 2), Target("C79.8", 3, is_partial=True))),
        Term("N", "wall", 1, targets=(Target("C44.509", 2),)),
        Term("N", "breast", 0, nonessential="(connective tissue)", targets=(Target("C50.9", 2, True),)),
        Term("N", "skin", 0, refs=(CrossRef("see", "Neoplasm, abdomen, wall"),)),
    ),
    COLUMNS,
)


@pytest.fixture(autouse=True)
def forget_letters() -> Iterator[None]:
    """Letters are remembered by file; a test may use the same one for other rows."""
    _letters.cache_clear()
    yield
    _letters.cache_clear()


@pytest.fixture
def make_book(db: None) -> MakeBook:
    """A loaded release of a book with the rows of a record."""

    def make(record: Index, book: str = "index", system: str = "icd10cm", **changes: Any) -> Release:
        moment = datetime(2026, 4, 1, tzinfo=UTC)
        release = Release.objects.create(
            **{
                "system": system,
                "book": book,
                "label": "FY2026 April",
                "effective_from": date(2026, 4, 1),
                "covers_from": date(2025, 10, 1),
                "source_name": "index.xml",
                "sha256": hashlib.sha256(repr(record).encode()).hexdigest(),
                "counts": writing.counts(record),
                "columns": dict(record.columns),
                "begun_at": moment,
                "loaded_at": moment,
            }
            | changes
        )
        writing.write(record, release, lambda done, total, message: None)
        release.refresh_from_db()
        return release

    return make


def text_of(client: Client, url: str, status: int = 200) -> str:
    answer = client.get(url)
    assert answer.status_code == status, url
    return answer.content.decode()


def words_of(page: str) -> str:
    """What stands in the page's main part, without markup."""
    inside = page.partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", inside)).split())


def line_of(page: str, position: int) -> str:
    """The line of an index as text."""
    found = re.search(rf'<p id="t{position}"[^>]*>(.*?)</p>', page)
    assert found, position
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[1])).split())


def term_url(position: int, book: str = "index", system: str = "icd10cm") -> str:
    return reverse("codesets:index_term", args=[system, book, position])


# --- the list of books ---------------------------------------------------------------------------------
@pytest.mark.django_db
def test_books_says_what_is_loaded_and_how_the_rest_is(client: Client, make_book: MakeBook) -> None:
    make_book(INDEX)
    words = words_of(text_of(client, "/codes/index/"))
    assert "Alphabetic Index 7 main terms, 15 lines · FY2026 April" in words
    assert "Table of Neoplasms not loaded" in words
    assert "load_codes icd10cm-neoplasms" in words


@pytest.mark.django_db
def test_books_of_a_day_before_the_first_release(client: Client, make_book: MakeBook) -> None:
    make_book(INDEX)
    assert "Alphabetic Index not loaded" in words_of(text_of(client, "/codes/index/?on=2019-01-01"))


@pytest.mark.django_db
def test_books_takes_one_query(
    client: Client, make_book: MakeBook, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_book(INDEX)
    with django_assert_num_queries(1):
        client.get("/codes/index/")
    make_book(NEOPLASMS, "neoplasms")
    make_book(INDEX, "external", sha256="x")
    with django_assert_num_queries(1):
        client.get("/codes/index/")


# --- a book ---------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_book_has_its_letters(client: Client, make_book: MakeBook) -> None:
    make_book(INDEX)
    page = text_of(client, "/codes/index/icd10cm/index/")
    assert re.findall(r"/codes/index/icd10cm/index/letter/(\w)/", page) == list("ADFI")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["", "letter/A/", "term/1/"])
def test_book_that_is_not_loaded_says_how_it_is(client: Client, path: str) -> None:
    words = words_of(text_of(client, f"/codes/index/icd10cm/drugs/{path}"))
    assert "The Table of Drugs and Chemicals is not loaded yet" in words
    assert "manage.py load_codes icd10cm-drugs FILE" in words


@pytest.mark.django_db
def test_book_of_a_day_that_no_release_covers_says_so(client: Client, make_book: MakeBook) -> None:
    make_book(INDEX)
    words = words_of(text_of(client, "/codes/index/icd10cm/index/?on=2019-01-01"))
    assert "No release that is loaded here covers" in words


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["icd10cm/codes/", "icd10cm/cc/", "hcpcs/index/", "nothing/index/", "icd10pcs/drugs/"]
)
def test_book_that_nobody_prints_is_not_there(client: Client, path: str) -> None:
    assert client.get(f"/codes/index/{path}").status_code == 404
    assert client.get(f"/codes/index/{path}letter/A/").status_code == 404
    assert client.get(f"/codes/index/{path}term/1/").status_code == 404


@pytest.mark.django_db
def test_box_opens_the_one_main_term_that_begins_so(client: Client, make_book: MakeBook) -> None:
    make_book(INDEX)
    for asked in ("fract", "FRACTURE,  traumatic", "Fräct"):
        answer = client.get("/codes/index/icd10cm/index/", {"q": asked})
        assert (answer.status_code, answer.headers["Location"]) == (302, term_url(10) + "#t10")


@pytest.mark.django_db
def test_box_keeps_the_date_of_service(client: Client, make_book: MakeBook) -> None:
    make_book(INDEX)
    answer = client.get("/codes/index/icd10cm/index/", {"q": "fract", "on": "2026-01-05"})
    assert answer.headers["Location"] == term_url(10) + "?on=2026-01-05#t10"


@pytest.mark.django_db
def test_box_lists_the_main_terms_that_begin_so(client: Client, make_book: MakeBook) -> None:
    make_book(INDEX)
    page = text_of(client, "/codes/index/icd10cm/index/?q=f")
    assert "2 main terms for “f” Fall, falling Fracture, traumatic" in words_of(page)


@pytest.mark.django_db
def test_box_finds_the_other_word_of_a_main_term(client: Client, make_book: MakeBook) -> None:
    make_book(INDEX)
    answer = client.get("/codes/index/icd10cm/index/?q=diabetic")
    assert answer.headers["Location"] == term_url(4) + "#t4"


@pytest.mark.django_db
def test_box_that_finds_nothing_says_where_to_look(client: Client, make_book: MakeBook) -> None:
    make_book(INDEX)
    page = text_of(client, "/codes/index/icd10cm/index/?q=heart+attack")
    assert "No main term is called “heart attack”" in words_of(page)
    assert "/codes/?q=heart%20attack" in page


# --- a letter -------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_letter_has_its_main_terms_with_what_they_lead_to(client: Client, make_book: MakeBook) -> None:
    make_book(INDEX)
    words = words_of(text_of(client, "/codes/index/icd10cm/index/letter/D/"))
    assert "2 main terms; on this page Diabetes, diabetic to Dyschezia" in words
    assert "Diabetes, diabetic (mellitus) (sugar) E11.9 · 3 lines below Dyschezia K59.00" in words
    assert "amyotrophy" not in words


@pytest.mark.django_db
def test_last_letter_counts_the_lines_of_its_last_term(client: Client, make_book: MakeBook) -> None:
    make_book(INDEX)
    words = words_of(text_of(client, "/codes/index/icd10cm/index/letter/I/"))
    assert "Infarct, infarction · 1 line below" in words


@pytest.mark.django_db
@pytest.mark.parametrize("letter", ["B", "a", "AA", "%23", "%00", "é", "%F0%9F%98%80", "x" * 10_000])
def test_letter_that_the_book_has_not(client: Client, make_book: MakeBook, letter: str) -> None:
    make_book(INDEX)
    assert client.get(f"/codes/index/icd10cm/index/letter/{letter}/").status_code == 404


@pytest.mark.django_db
def test_letter_goes_on_over_pages(client: Client, make_book: MakeBook) -> None:
    terms = [Term("A", f"A{n:03}", targets=(Target("R10.0"),)) for n in range(201)]
    make_book(Index("2026", (*terms, Term("B", "Back"))))
    first = words_of(text_of(client, "/codes/index/icd10cm/index/letter/A/"))
    last = words_of(text_of(client, "/codes/index/icd10cm/index/letter/A/?page=2"))
    assert "on this page A000 to A199" in first and "A200" not in first
    assert "on this page A200 to A200" in last and "Back" not in last


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_letter_takes_five_queries(
    client: Client, make_book: MakeBook, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    terms = [
        Term("A", f"A{n}", targets=(Target("R10.0"),), refs=(CrossRef("see", "A0"),)) for n in range(count)
    ]
    letters_of(make_book(Index("2026", tuple(terms))))
    with django_assert_num_queries(EDITION + 4):
        assert client.get("/codes/index/icd10cm/index/letter/A/").status_code == 200


# --- a main term ----------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_term_shows_every_line_nested_and_marks_the_one_asked_for(
    client: Client, make_book: MakeBook
) -> None:
    make_book(INDEX)
    page = text_of(client, term_url(6))
    assert "<h1>Diabetes, diabetic</h1>" in page
    assert "The line you came for: Diabetes, diabetic, with, amyotrophy" in words_of(page)
    assert '<p id="t6" aria-current="true">' in page
    assert page.count('aria-current="true"') == 1 + page.count('aria-current="true">Codes')
    shape = re.sub(r"<(?!/?(ul|li|p)\b)[^>]+>", "", page.partition('class="index-lines"')[2])
    assert re.findall(r"</?ul|<li", shape)[:9] == [
        "<li",
        "<ul",
        "<li",
        "<ul",
        "<li",
        "<li",
        "</ul",
        "</ul",
        "</ul",
    ]


@pytest.mark.django_db
def test_term_prints_words_and_codes_as_the_book_does(client: Client, make_book: MakeBook) -> None:
    make_book(INDEX)
    page = text_of(client, term_url(4))
    assert line_of(page, 4) == "Diabetes, diabetic (mellitus) (sugar) E11.9"
    assert '<span class="muted">(mellitus) (sugar)</span>' in page
    assert line_of(page, 7) == "dementia E11.89 [ F02.80 ]"
    assert 'href="/codes/icd10cm/E11.9/" data-panel="/codes/icd10cm/E11.9/panel/"' in page
    partial = text_of(client, term_url(12))
    assert line_of(partial, 12) == "neck S72.00- more characters follow"
    assert 'href="/codes/icd10cm/S72.00/" data-panel="/codes/icd10cm/S72.00/panel/"' in partial


@pytest.mark.django_db
def test_term_links_a_reference_to_its_line(client: Client, make_book: MakeBook) -> None:
    make_book(INDEX)
    page = text_of(client, term_url(3) + "?on=2026-01-05")
    assert f'<em>see</em> <a href="{term_url(14)}?on=2026-01-05#t14">Infarct, myocardium</a>' in page


@pytest.mark.django_db
def test_term_leaves_a_reference_alone_that_leads_nowhere(client: Client, make_book: MakeBook) -> None:
    make_book(INDEX)
    page = text_of(client, term_url(0))
    assert "<em>see also</em> condition</p>" in page


@pytest.mark.django_db
def test_term_links_codes_and_books_that_a_reference_names(client: Client, make_book: MakeBook) -> None:
    terms = (
        Term("P", "Poisoning", refs=(CrossRef("see_also", "Table of Drugs and Chemicals, by substance"),)),
        Term("P", "range", 0, refs=(CrossRef("see", "T36-T50.9"),)),
        Term("P", "words", 0, refs=(CrossRef("see", "Vitamin B12 & <b>C</b>"),)),
        Term("P", "other", 0, refs=(CrossRef("see", "Toxicity & effects, by site"),)),
        Term("P", "vague", 0, refs=(CrossRef("see", "specified substance"),)),
    )
    make_book(Index("2026", terms))
    page = text_of(client, term_url(0))
    assert '<a href="/codes/index/icd10cm/drugs/">Table of Drugs and Chemicals, by substance</a>' in page
    assert 'href="/codes/icd10cm/T36/"' in page and 'href="/codes/icd10cm/T50.9/"' in page
    assert "Vitamin B12 &amp; &lt;b&gt;C&lt;/b&gt;" in re.sub(r"</?a[^>]*>", "", page)
    box = "/codes/index/icd10cm/index/?q=Toxicity%20%26%20effects"
    assert f'<a href="{box}">Toxicity &amp; effects, by site</a>' in page
    assert "<em>see</em> specified substance</p>" in page


@pytest.mark.django_db
def test_table_looks_up_in_the_index_what_it_has_not(client: Client, make_book: MakeBook) -> None:
    terms = (Term("N", "Neoplasm"), Term("N", "skin", 0, refs=(CrossRef("see", "Nevus, skin"),)))
    make_book(Index("2026", terms, COLUMNS), "neoplasms")
    page = text_of(client, term_url(1, "neoplasms") + "?on=2026-01-05")
    assert 'href="/codes/index/icd10cm/index/?on=2026-01-05&amp;q=Nevus">Nevus, skin</a>' in page


@pytest.mark.django_db
def test_term_links_to_its_neighbours(client: Client, make_book: MakeBook) -> None:
    make_book(INDEX)
    pager = text_of(client, term_url(6)).partition('class="pager"')[2]
    assert f'href="{term_url(2)}"' in pager and "Attack, attacks" in pager
    assert f'href="{term_url(8)}"' in pager and "Dyschezia" in pager
    assert 'rel="prev"' not in text_of(client, term_url(0))
    assert 'rel="next"' not in text_of(client, term_url(14))


@pytest.mark.django_db
@pytest.mark.parametrize("position", ["15", "9999999", "2147483648", "9" * 30, "9" * 5000])
def test_term_beyond_the_book_is_not_there(client: Client, make_book: MakeBook, position: str) -> None:
    make_book(INDEX)
    assert client.get(f"/codes/index/icd10cm/index/term/{position}/").status_code == 404


@pytest.mark.django_db
def test_term_escapes_what_a_book_says(client: Client, make_book: MakeBook) -> None:
    bad = '<script>x</script> & "y"'
    terms = (
        Term("B", bad, nonessential=bad, refs=(CrossRef("see", bad),), targets=(Target("<b>&"),)),
        Term("B", bad, 0, targets=(Target("A/../b"),)),
    )
    make_book(Index("2026", terms))
    make_book(Index("2026", terms, {1: bad, 2: bad}), "drugs")
    for url in (
        term_url(0),
        "/codes/index/icd10cm/index/letter/B/",
        term_url(0, "drugs"),
        "/codes/index/icd10cm/drugs/",
    ):
        page = text_of(client, url)
        assert "<script>x" not in page and '"y""' not in page and "<b>" not in page
        assert "&lt;script&gt;x" in page


def long_term(groups: int, each: int) -> Index:
    terms = [Term("F", "Fracture", targets=(Target("T14.8"),))]
    for group in range(groups):
        above = len(terms)
        terms.append(Term("F", f"bone {group}", 0, targets=(Target("S72.9", is_partial=True),)))
        terms += [Term("F", f"part {n}", above, targets=(Target("S72.00"),)) for n in range(each)]
    return Index("2026", tuple(terms))


@pytest.mark.django_db
def test_long_term_folds_what_is_below_and_opens_the_fold_of_the_line(
    client: Client, make_book: MakeBook
) -> None:
    make_book(long_term(20, 9))
    page = text_of(client, term_url(15))
    assert page.count("<summary>9 lines under") == 20
    opened = page.partition("<details open>")[2]
    assert opened.startswith("<summary>9 lines under “bone 1”</summary>")
    assert page.count("<details open>") == 1
    assert "201 lines." in words_of(page)
    assert 'href="?all=1#t15"' in page


@pytest.mark.django_db
def test_long_fold_folds_again_and_opens_the_way_to_the_line(client: Client, make_book: MakeBook) -> None:
    terms = [Term("A", "Accident"), Term("A", "bus", 0), *(Term("A", f"bus {n}", 1) for n in range(9))]
    top = len(terms)
    terms.append(Term("A", "transport", 0))
    for kind in range(20):
        above = len(terms)
        terms.append(Term("A", f"kind {kind}", top))
        terms += [Term("A", f"part {n}", above) for n in range(9)]
    make_book(Index("2026", (*terms, Term("Z", "End", targets=(Target("X58"),)))))
    asked = top + 13
    page = text_of(client, term_url(asked))
    assert re.findall(r"<details open><summary>([^<]*)", page) == [
        "200 lines under “transport”",
        "9 lines under “kind 1”",
    ]
    assert page.count("<details><summary>9 lines under") == 1 + 19


@pytest.mark.django_db
def test_long_term_opens_as_a_whole(client: Client, make_book: MakeBook) -> None:
    make_book(long_term(20, 9))
    page = text_of(client, term_url(15) + "?all=1")
    assert "lines under" not in page
    assert page.count('<p id="t') == 201


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_term_takes_six_queries(
    client: Client, make_book: MakeBook, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    lines = [
        Term("A", f"a{n}", 1, targets=(Target("R10.0"),), refs=(CrossRef("see", "Aa"),)) for n in range(count)
    ]
    letters_of(make_book(Index("2026", (Term("A", "Aa"), Term("A", "Ab"), *lines, Term("A", "Ac")))))
    with django_assert_num_queries(EDITION + 5):
        assert client.get(term_url(2)).status_code == 200


@pytest.mark.django_db
def test_term_is_of_the_edition_of_the_day(client: Client, make_book: MakeBook) -> None:
    make_book(
        INDEX,
        label="FY2025",
        effective_from=date(2024, 10, 1),
        covers_from=date(2024, 10, 1),
        effective_until=date(2025, 10, 1),
    )
    make_book(Index("2026", (Term("A", "Abasia"),)))
    assert "Abasia" in text_of(client, term_url(0))
    assert "Abdomen" in text_of(client, term_url(0) + "?on=2025-01-05")
    assert client.get(term_url(6)).status_code == 404


@pytest.mark.django_db
def test_line_knows_its_address(
    make_book: MakeBook, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_book(INDEX)
    line = IndexTerm.objects.select_related("release").get(position=6)
    with django_assert_num_queries(0):
        assert line.get_absolute_url() == "/codes/index/icd10cm/index/term/6/#t6"
    line.release.effective_until = date(2026, 10, 1)
    assert line.get_absolute_url() == "/codes/index/icd10cm/index/term/6/?on=2026-04-01#t6"


# --- ICD-10-PCS -----------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_pcs_index_leads_to_tables_and_codes(client: Client, make_book: MakeBook) -> None:
    terms = (
        Term(
            "A",
            "Abdominohysterectomy",
            targets=(Target("0UT9", is_partial=True),),
            refs=(CrossRef("see", "Resection, Uterus"),),
        ),
        Term("A", "Abduction splint"),
        Term("A", "", 1, refs=(CrossRef("use", "Synthetic Substitute"),)),
        Term("A", "", 1, targets=(Target("10A07ZX"),)),
        Term("R", "Resection"),
        Term("R", "Uterus", 4, targets=(Target("0UT9", is_partial=True),)),
    )
    make_book(Index("2026", terms), system="icd10pcs")
    page = text_of(client, term_url(0, system="icd10pcs"))
    assert line_of(page, 0) == "Abdominohysterectomy see Resection, Uterus 0UT9- more characters follow"
    assert '<a class="chip tab-icd10pcs" href="/codes/pcs/0UT/">0UT9-' in page
    page = text_of(client, term_url(2, system="icd10pcs"))
    assert line_of(page, 2) == "use Synthetic Substitute"
    assert 'href="/codes/icd10pcs/10A07ZX/" data-panel="/codes/icd10pcs/10A07ZX/panel/"' in page


def test_target_leads_to_the_code_or_to_the_table() -> None:
    assert target_url("icd10cm", "E11.9", False) == "/codes/icd10cm/E11.9/"
    assert target_url("icd10cm", "C79.8", True) == "/codes/icd10cm/C79.8/"
    assert target_url("icd10pcs", "0UT9", True) == "/codes/pcs/0UT/"
    assert target_url("icd10pcs", "10A07ZX", False) == "/codes/icd10pcs/10A07ZX/"


# --- tables ---------------------------------------------------------------------------------------------
def rows_in(page: str) -> list[list[str]]:
    """The rows of the table as words: title, then cells."""
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        [
            " ".join(unescape(re.sub(r"<[^>]+>", " ", cell)).split())
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)
        ]
        for row in body.split("</tr>")[:-1]
    ]


@pytest.mark.django_db
def test_table_prints_its_columns(client: Client, make_book: MakeBook) -> None:
    make_book(NEOPLASMS, "neoplasms")
    page = text_of(client, "/codes/index/icd10cm/neoplasms/")
    assert re.findall(r'<th scope="col">(.*?)</th>', page) == list(COLUMNS.values())
    assert rows_in(page) == [
        ["Neoplasm, neoplastic", "C80.1", "C79.9", "–", "–", "–", "–"],
        [
            "– under Neoplasm, neoplastic: abdomen, abdominal",
            "C76.2",
            "C79.8- more characters follow",
            *"––––",
        ],
        ["– – under abdomen, abdominal: wall", "C44.509", *"–––––"],
        [
            "– under Neoplasm, neoplastic: breast (connective tissue)",
            "C50.9- more characters follow",
            *"–––––",
        ],
        ["– under Neoplasm, neoplastic: skin see Neoplasm, abdomen, wall", ""],
    ]
    assert (
        '<td data-label="Malignant Primary"><a class="chip tab-icd10cm" href="/codes/icd10cm/C80.1/"' in page
    )


@pytest.mark.django_db
def test_table_of_neoplasms_has_the_letters_of_its_sites(client: Client, make_book: MakeBook) -> None:
    release = make_book(NEOPLASMS, "neoplasms")
    assert [(one.letter, one.count, one.first, one.end) for one in letters_of(release)] == [
        ("A", 1, 1, 3),
        ("B", 1, 3, 4),
        ("S", 1, 4, 5),
    ]
    rows = rows_in(text_of(client, "/codes/index/icd10cm/neoplasms/letter/A/"))
    assert [row[0].rpartition(":")[2].strip() for row in rows] == [
        "Neoplasm, neoplastic",
        "abdomen, abdominal",
        "wall",
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("wall abdomen", ["Neoplasm, neoplastic", "abdomen, abdominal", "wall"]),
        ("abdo", ["Neoplasm, neoplastic", "abdomen, abdominal", "wall"]),
        ("CONN breast", ["Neoplasm, neoplastic", "breast (connective tissue)"]),
    ],
)
def test_table_filter_takes_beginnings_of_words_in_any_order(
    client: Client, make_book: MakeBook, asked: str, found: list[str]
) -> None:
    make_book(NEOPLASMS, "neoplasms")
    page = text_of(client, f"/codes/index/icd10cm/neoplasms/?q={asked}")
    assert [row[0].rpartition(":")[2].strip() for row in rows_in(page)] == found
    assert re.search(rf"\b[12] rows? for “{asked}”, with", words_of(page))


@pytest.mark.django_db
def test_table_filter_does_not_look_inside_words(make_book: MakeBook) -> None:
    release = make_book(NEOPLASMS, "neoplasms")
    assert rows_matching(release, "omen") == []
    assert rows_matching(release, "wall breast") == []
    assert rows_matching(release, ",.;%_") == []
    assert rows_matching(release, "wall, abdomen!") == [2]


@pytest.mark.django_db
def test_table_filter_that_finds_nothing_says_so(client: Client, make_book: MakeBook) -> None:
    make_book(NEOPLASMS, "neoplasms")
    assert "No row has all words of “xyz”" in words_of(
        text_of(client, "/codes/index/icd10cm/neoplasms/?q=xyz")
    )


@pytest.mark.django_db
def test_table_goes_on_over_pages_under_what_stands_above(client: Client, make_book: MakeBook) -> None:
    terms = [Term("A", "Acid", targets=(Target("T54.2X1", 2),))]
    terms += [Term("A", f"kind {n:03}", 0, targets=(Target("T54.2X1", 2),)) for n in range(110)]
    make_book(Index("2026", tuple(terms), {1: "Substance", 2: "Accidental"}), "drugs")
    first = rows_in(text_of(client, "/codes/index/icd10cm/drugs/letter/A/"))
    last = rows_in(text_of(client, "/codes/index/icd10cm/drugs/letter/A/?page=2"))
    assert (len(first), first[-1][0]) == (100, "– under Acid: kind 098")
    assert [row[0] for row in last[:2]] == ["Acid", "– under Acid: kind 099"]
    assert len(last) == 1 + 11


@pytest.mark.django_db
def test_row_of_a_table_has_a_page(client: Client, make_book: MakeBook) -> None:
    make_book(NEOPLASMS, "neoplasms")
    page = text_of(client, term_url(2, "neoplasms"))
    assert "The row you came for: abdomen, abdominal, wall" in words_of(page)
    assert '<tr id="t2" aria-current="true">' in page
    assert [row[0].rpartition(":")[2].strip() for row in rows_in(page)] == [
        "Neoplasm, neoplastic",
        "abdomen, abdominal",
        "wall",
    ]
    assert [row[0] for row in rows_in(text_of(client, term_url(0, "neoplasms")))] == ["Neoplasm, neoplastic"]


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(("path", "queries"), [("", 6), ("letter/A/", 6), ("?q=acid", 5), ("term/1/", 5)])
def test_table_takes_as_many_queries_for_one_row_as_for_three(
    client: Client,
    make_book: MakeBook,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
    path: str,
    queries: int,
) -> None:
    terms = [Term("A", "Acid", targets=(Target("T54.2X1", 2),), refs=(CrossRef("see", "Base"),))]
    terms += [Term("A", f"kind {n}", 0, targets=(Target("T54.2X1", 2),)) for n in range(count)]
    letters_of(make_book(Index("2026", tuple(terms), {1: "Substance", 2: "Accidental"}), "drugs"))
    with django_assert_num_queries(EDITION + queries):
        assert client.get(f"/codes/index/icd10cm/drugs/{path}").status_code == 200


# --- any input -------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize("book", ["index", "neoplasms"])
@pytest.mark.parametrize(
    "asked",
    [
        "\x00",
        "a\x00b",
        "\x1b[31m",
        "%",
        "_",
        "\\",
        "'",
        '"><script>',
        "😀",
        "ä" * 10_000,
        "a b " * 3_000,
        "(",
        "[a",
        "\u202e",
    ],
)
def test_box_takes_anything(client: Client, make_book: MakeBook, book: str, asked: str) -> None:
    make_book(INDEX if book == "index" else NEOPLASMS, book)
    for query in ({"q": asked}, {"q": "a", "page": asked}, {"on": asked}):
        answer = client.get(f"/codes/index/icd10cm/{book}/", query, follow=True)
        assert answer.status_code == 200
        assert b"<script>" not in answer.content.partition(b"<main")[2].partition(b"</main>")[0]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["index/icd10cm/index/letter/%FF/", "index/icd10cm/%00/", "index/icd10cm/index/term/-1/"]
)
def test_wrong_addresses_are_not_there(client: Client, make_book: MakeBook, path: str) -> None:
    make_book(INDEX)
    assert client.get(f"/codes/{path}").status_code == 404


# --- lines that lead to a code -----------------------------------------------------------------------------
def led(code: str, system: str = "icd10cm", **options: Any) -> list[tuple[str, str, str]]:
    return [
        (str(shelf.title), one.path, one.column)
        for shelf in lines_to(system, code, options.pop("on_date", DAY), **options)
        for one in shelf.pointers
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "paths"),
    [
        ("E11.9", ["Diabetes, diabetic"]),
        ("F02.80", ["Diabetes, diabetic, with, dementia"]),
        # more characters follow: every code that begins so, the longest beginning first
        ("S72.001A", ["Fracture, traumatic, femur, neck"]),
        ("S72.92XA", ["Fracture, traumatic, femur"]),
        ("S72.00", ["Fracture, traumatic, femur, neck"]),
        # an index never prints the 7th character, nor the X before it
        ("W19.XXXD", ["Fall, falling"]),
        ("W19", ["Fall, falling"]),
        ("T14.8XXA", ["Fracture, traumatic"]),
        # but a code without a dash means itself alone
        ("E11.91", []),
        ("K59.0", []),
        ("E11", []),
        ("", []),
    ],
)
def test_lines_to_a_code(make_book: MakeBook, code: str, paths: list[str]) -> None:
    make_book(INDEX)
    assert [path for _title, path, _column in led(code)] == paths


@pytest.mark.django_db
def test_lines_to_a_code_come_by_book_with_their_columns(make_book: MakeBook) -> None:
    make_book(NEOPLASMS, "neoplasms")
    make_book(Index("2026", (Term("M", "Melanoma", targets=(Target("C79.89"),)),)))
    assert led("C79.89") == [
        ("Alphabetic Index", "Melanoma", ""),
        ("Table of Neoplasms", "Neoplasm, neoplastic, abdomen, abdominal", "Malignant Secondary"),
    ]
    [_index, table] = lines_to("icd10cm", "C79.89", DAY)
    assert (table.pointers[0].url, table.pointers[0].is_partial) == (term_url(1, "neoplasms") + "#t1", True)


@pytest.mark.django_db
def test_lines_to_a_code_are_of_the_edition_of_the_day(make_book: MakeBook) -> None:
    make_book(INDEX, effective_until=date(2026, 10, 1))
    make_book(
        Index("2027", (Term("D", "Diabetes", targets=(Target("E11.9"),)),)),
        label="FY2027",
        effective_from=date(2026, 10, 1),
        covers_from=date(2026, 10, 1),
    )
    assert led("E11.9") == [("Alphabetic Index", "Diabetes", "")]
    [shelf] = lines_to("icd10cm", "E11.9", date(2026, 5, 1))
    assert shelf.pointers[0].url == term_url(4) + "?on=2026-05-01#t4"


@pytest.mark.django_db
def test_lines_to_a_code_end_at_the_limit_and_say_how_many_more(make_book: MakeBook) -> None:
    make_book(Index("2026", tuple(Term("A", f"A{n}", targets=(Target("R10.0"),)) for n in range(5))))
    [shelf] = lines_to("icd10cm", "R10.0", DAY, limit=2)
    assert ([one.path for one in shelf.pointers], shelf.total, shelf.more) == (["A0", "A1"], 5, 3)


@pytest.mark.django_db
def test_lines_to_a_pcs_code_go_by_its_beginnings(make_book: MakeBook) -> None:
    terms = (
        Term("R", "Resection", targets=(Target("0UT", is_partial=True),)),
        Term("R", "Uterus", 0, targets=(Target("0UT9", is_partial=True),)),
    )
    make_book(Index("2026", terms), system="icd10pcs")
    assert led("0UT90ZZ", "icd10pcs") == [
        ("ICD-10-PCS Index", "Resection, Uterus", ""),
        ("ICD-10-PCS Index", "Resection", ""),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_lines_to_a_code_take_two_queries(
    make_book: MakeBook, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    make_book(Index("2026", tuple(Term("A", f"A{n}", targets=(Target("R10.0"),)) for n in range(count))))
    with django_assert_num_queries(2):
        assert len(led("R10.0")) == count


@pytest.mark.django_db
def test_letters_are_read_once(client: Client, make_book: MakeBook) -> None:
    make_book(INDEX)
    client.get("/codes/index/icd10cm/index/")
    with CaptureQueriesContext(
        connection,
    ) as again:
        client.get("/codes/index/icd10cm/index/")
    assert len(again) == EDITION


# --- where references lead ------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Infarct, myocardium", "Infarct, infarction, myocardium, myocardial"),
        ("Injury, nerve", "Injury, nerve NEC"),
        ("Injury", "Injury"),
        ("Skin, ear", "Integument, skin, ear"),
        # without the last word it would be a guess that the second word of a title is meant
        ("Skin, nose", None),
        ("Infarct, by site", "Infarct, infarction"),
        ("Infarct (old), brain - left", "Infarct, infarction"),
        ("Nowhere", None),
        ("Complications, stump", "Complication, stump"),
        ("Misadventures", "Misadventure(s)"),
        ("Aaa", None),
    ],
)
def test_reference_leads_to_the_line_that_it_names(make_book: MakeBook, text: str, place: str | None) -> None:
    terms = (
        Term("A", "Aaa", refs=(CrossRef("see", text),)),
        Term("C", "Cave-in, injury", targets=(Target("W20.0"),)),
        Term("I", "Infarct, infarction"),
        Term("I", "myocardium, myocardial", 2, targets=(Target("I21.9"),)),
        Term("I", "Injury"),
        Term("I", "nerve NEC", 4, targets=(Target("T14.8"),)),
        Term("I", "Integument, skin"),
        Term("I", "ear", 6, targets=(Target("L98.9"),)),
        Term("C", "Complication", nonessential="(s) (from) (of)"),
        Term("C", "stump", 8, targets=(Target("T87.9"),)),
        Term("M", "Misadventure(s)"),
    )
    make_book(Index("2026", terms))
    [ref] = IndexRef.objects.select_related("target")
    assert (ref.target.path if ref.target else None) == place
