"""Finding codes in the sample: the right release, one query, any text. How well it ranks, engine/ tests."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from courses.codesets import indexing
from courses.codesets.models import Release, SearchIndex, Synonym
from courses.codesets.records import CodeList, Entry
from courses.codesets.search import find, find_in
from tests.codesets.typed import AT, write

pytestmark = pytest.mark.django_db


def codes(query: str, **options: Any) -> list[str]:
    return [hit.code for hit in find(query, **options)]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("E119", ["E11.9"]),
        ("E11.6", ["E11.6", "E11.65"]),
        ("qa0", ["QA0", "QA0.0"]),
        ("s06.1x0", ["S06.1X0"]),
        ("S06.1X0D", ["S06.1X0D"]),
        ("t07", ["T07"]),
        ("B2", ["B20"]),
    ],
)
def test_part_of_a_code_finds_the_codes_that_begin_so(release: Release, typed: str, found: list[str]) -> None:
    assert codes(typed) == found


@pytest.mark.parametrize(
    ("typed", "first", "reason"),
    [
        ("e11 9", "E11.9", ""),
        ("hyperglycemia diabetes", "E11.65", ""),
        ("hyperglycaemia", "E11.65", ""),
        ("hiperglycemia", "E11.65", ""),
        ("AIDS", "B20", "inclusion term: "),
        ("meniere disease", "H81.0", ""),
        ("cerebral edema awake", "S06.1X0", ""),
    ],
)
def test_words_find_codes_and_say_why(release: Release, typed: str, first: str, reason: str) -> None:
    hit = find(typed)[0]

    assert hit.code == first
    assert hit.reason.startswith(reason)


def test_matched_words_are_told_apart(release: Release) -> None:
    hit = find("hyperglycemia")[0]

    assert "".join(piece for piece, _ in hit.title_pieces) == "Type 2 diabetes mellitus with hyperglycemia"
    assert [piece for piece, is_match in hit.title_pieces if is_match] == ["hyperglycemia"]


def test_siblings_of_the_seventh_character_are_one_hit(release: Release) -> None:
    found = {hit.code: hit for hit in find("cerebral edema")}

    assert found["S06.1X0"].takes_seventh and not found["S06.1X0"].billable
    assert not {"S06.1X0A", "S06.1X0D"} & found.keys()


def test_word_that_is_being_typed_finds_by_its_beginning(release: Release) -> None:
    hits = find_in(["icd10cm"], "hyperglyc", typing=True).hits

    assert hits["icd10cm"][0].code == "E11.65"


def test_synonym_is_read_as_what_it_means_from_the_next_question_on(release: Release) -> None:
    assert "E11.65" not in codes("sweet blood")
    Synonym.objects.create(key="sweet-blood", phrase="sweet blood", means="hyperglycemia")

    hit = find("sweet blood")[0]

    assert hit.code == "E11.65"
    assert "sweet blood" in hit.reason

    Synonym.objects.all().delete()
    assert "E11.65" not in codes("sweet blood")


def test_changed_synonym_counts_at_once(release: Release) -> None:
    synonym = Synonym.objects.create(key="x", phrase="dropsy", means="hyperglycemia")
    assert codes("dropsy")[0] == "E11.65"

    synonym.means = "cerebral edema"
    synonym.save()

    assert codes("dropsy")[0].startswith("S06.1")


def test_limit_is_kept(release: Release) -> None:
    assert len(find("diabetes", limit=2)) == 2


def test_date_chooses_the_release(release: Release) -> None:
    assert codes("E11.9", on_date=date(2025, 12, 1)) == ["E11.9"]
    assert codes("E11.9", on_date=date(2024, 12, 1)) == []


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "\x00\x01\x7f",
        "'; DROP TABLE codesets_code; --",
        "%",
        "_",
        "\\",
        "😀",
        "of the",
        "x" * 10_000,
        "E" * 10_000,
        "diabetes " * 2_000,
        "ＥＤＥＭＡ",
        "1",
        "\ud800",
        '"E11"',
    ],
)
def test_anything_gets_a_clean_answer(client: Client, release: Release, typed: str) -> None:
    assert isinstance(find(typed), list)
    if "\ud800" not in typed:
        answer = client.get("/codes/search.json", {"q": typed})
        assert answer.status_code == 200
        assert isinstance(answer.json()["results"], list)


def test_without_a_release_nothing_is_found(db: None) -> None:
    assert find("E11.9") == []
    assert find("E11.9", system="cpt") == []


@pytest.mark.parametrize(("typed", "number"), [("E11.9", 1), ("diabetes", 1), ("z99 or nothing", 1), ("", 1)])
def test_search_takes_one_query(
    release: Release, typed: str, number: int, django_assert_num_queries: Any
) -> None:
    find("diabetes")  # maps the index

    with django_assert_num_queries(number):
        find(typed)


# --- the index and its copies ----------------------------------------------------------------------------
def test_damaged_copy_is_fetched_again(release: Release, tmp_path: Path, settings: Any) -> None:
    settings.VAR = tmp_path
    assert codes("AIDS") == ["B20"]
    (copy,) = (tmp_path / "search").iterdir()
    copy.write_bytes(copy.read_bytes()[:-10])
    indexing._mapped.cache_clear()

    assert codes("AIDS") == ["B20"]


def test_copy_that_nobody_holds_is_removed_when_it_is_old(
    release: Release, tmp_path: Path, settings: Any
) -> None:
    settings.VAR = tmp_path
    folder = tmp_path / "search"
    folder.mkdir()
    import os

    (folder / "old.idx").write_bytes(b"")
    (folder / "new.idx").write_bytes(b"")
    os.utime(folder / "old.idx", (0, 0))

    find("AIDS")

    held = SearchIndex.objects.get().sha256
    assert {path.name for path in folder.iterdir()} == {f"{held}.idx", "new.idx"}


def test_same_release_gives_the_same_index(load: Callable[..., Any]) -> None:
    release = load().release
    before = SearchIndex.objects.get(release=release).sha256

    indexing.build_search_index(release, at=release.loaded_at)

    assert SearchIndex.objects.get(release=release).sha256 == before


# --- JSON ----------------------------------------------------------------------------------------------
def test_json_is_ranked_and_names_its_release(client: Client, release: Release) -> None:
    answer = client.get("/codes/search.json?q=hyperglycemia&on=2026-05-01&limit=1")

    assert answer.json() == {
        "results": [
            {
                "system": "icd10cm",
                "code": "E11.65",
                "title": "Type 2 diabetes mellitus with hyperglycemia",
                "billable": True,
                "reason": "",
            }
        ],
        "release": "FY2026 April",
    }
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("system=cpt", "system must be one of"),
        ("system=nothing", "system must be one of"),
        ("limit=0", "limit must be"),
        ("limit=101", "limit must be"),
        ("limit=ten", "limit must be"),
        ("limit=٣", "limit must be"),
        ("on=yesterday", "on must be a date"),
        ("on=1066-10-14", "on must be a date"),
    ],
)
def test_json_refuses_what_it_cannot_read(client: Client, release: Release, query: str, reason: str) -> None:
    answer = client.get(f"/codes/search.json?q=diabetes&{query}")

    assert answer.status_code == 400
    assert answer.json()["error"].startswith(reason)


def test_json_takes_one_query_about_codes(client: Client, release: Release) -> None:
    client.get("/codes/search.json?q=diabetes")

    with CaptureQueriesContext(connection) as queries:
        client.get("/codes/search.json?q=diabetes&system=all")

    # the limit is counted in the cache, which here is a table
    about_codes = [query["sql"] for query in queries if "codesets_" in query["sql"]]
    assert len(about_codes) == 1


def test_json_is_limited_for_each_address(client: Client, release: Release, monkeypatch: Any) -> None:
    monkeypatch.setattr("courses.codesets.views.lookup._PER_MINUTE", 2)

    asked = [client.get("/codes/search.json?q=E11", REMOTE_ADDR="10.1.1.1").status_code for _ in range(3)]
    other = client.get("/codes/search.json?q=E11", REMOTE_ADDR="10.1.1.2")

    assert asked == [200, 200, 429]
    assert other.status_code == 200


# --- the page ----------------------------------------------------------------------------------------------
def test_page_shows_reason_marks_and_state(client: Client, release: Release) -> None:
    page = client.get("/codes/?q=cerebral+edema+awake").content.decode()

    assert "<mark>Cerebral</mark> <mark>edema</mark>, <mark>awake</mark>" in page
    assert "needs a 7th character" in page
    assert 'href="/codes/icd10cm/S06.1X0/"' in page


def test_page_keeps_to_the_system_asked(client: Client, release: Release) -> None:
    assert "E11.9" in client.get("/codes/?q=E11&system=icd10cm").content.decode()
    assert "Nothing found" in client.get("/codes/?q=E11&system=hcpcs").content.decode()


@pytest.mark.parametrize("query", ["cerebral", "diabetes"])
def test_page_takes_two_queries(
    client: Client, release: Release, query: str, django_assert_num_queries: Any
) -> None:
    client.get(f"/codes/?q={query}")

    with django_assert_num_queries(2):
        client.get(f"/codes/?q={query}")


def test_modifiers_of_a_book_of_their_own_are_found_with_the_codes(db: None) -> None:
    codes_book = write(
        CodeList("", (Entry("code", "E0100", "Cane, adjustable", is_billable=True),)), system="hcpcs"
    )
    sides = (
        Entry("modifier", "LT", "Left side of the body procedure", is_billable=True),
        Entry("modifier", "RT", "Right side of the body procedure", is_billable=True),
    )
    write(CodeList("", sides), system="hcpcs", book="modifiers")

    indexing.build_search_index(codes_book, at=AT)

    assert next(hit.code for hit in find("left side", system="hcpcs")) == "LT"
    assert [hit.code for hit in find("cane", system="hcpcs")] == ["E0100"]
