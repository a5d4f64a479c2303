"""Finding codes: by a part of the code, by words, and by anything at all."""

from datetime import date
from typing import Any

import pytest

from courses.codesets.models import Release
from courses.codesets.search import find

pytestmark = pytest.mark.django_db


def codes(query: str, **options: Any) -> list[str]:
    return [hit.code for hit in find(query, **options)]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("E119", ["E11.9"]),
        ("e11 9", ["E11.9"]),
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
        ("type 2 diabetes", "E11.65", "All words in the title"),
        ("hyperglycemia diabetes", "E11.65", "All words in the title"),
        ("AIDS", "B20", "All words in the title and its inclusion terms"),
        ("hyperglyc", "E11.65", "Words that begin so"),
        ("meniere disease", "H81.0", "All words in the title"),
        ("the hyperglycemia of a banana", "E11.65", "Some of the words"),
    ],
)
def test_words_find_codes_and_say_why(release: Release, typed: str, first: str, reason: str) -> None:
    hit = find(typed)[0]

    assert (hit.code, hit.reason) == (first, reason)


def test_complete_codes_come_before_headings(release: Release) -> None:
    found = find("diabetes")

    assert [hit.billable for hit in found] == [True, True, False, False]


def test_siblings_of_the_seventh_character_are_one_hit(release: Release) -> None:
    found = find("cerebral edema")

    assert (found[0].code, found[0].takes_seventh, found[0].billable) == ("S06.1X0", True, False)
    assert all(len(hit.code) < len("S06.1X0A") for hit in found)


def test_few_full_hits_are_followed_by_codes_with_most_words(release: Release) -> None:
    found = [(hit.code, hit.reason) for hit in find("type 2 diabetes hyperglycemia")]

    assert found[0] == ("E11.65", "All words in the title")
    assert ("E11.9", "Some of the words") in found


def test_one_word_of_two_finds_all_that_have_it(release: Release) -> None:
    assert codes("diabetes banana") == codes("diabetes")


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
def test_anything_gets_a_clean_answer(release: Release, typed: str) -> None:
    assert isinstance(find(typed), list)


def test_without_a_release_nothing_is_found(db: None) -> None:
    assert find("E11.9") == []
    assert find("E11.9", system="cpt") == []


@pytest.mark.parametrize(("typed", "number"), [("E11.9", 2), ("diabetes", 3), ("z99 or nothing", 2), ("", 1)])
def test_search_takes_a_constant_number_of_queries(
    release: Release, typed: str, number: int, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(number):
        find(typed)
