"""Checking what others say about codes."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from courses.catalog.models import LessonCitation, LessonCodeRef
from courses.codesets.actions import check_citations, check_code_refs
from courses.codesets.models import GuidelineSection, Release
from courses.codesets.records import Entry
from tests.codesets.sample import BILLABLE, SAMPLE
from tests.codesets.test_releases import typed

pytestmark = pytest.mark.django_db

DAY = date(2026, 5, 1)


def ref(code: str, role: str = "code", system: str = "icd10cm") -> LessonCodeRef:
    return LessonCodeRef(system=system, code=code, role=role)


@pytest.mark.parametrize(
    ("code", "role", "state", "problem"),
    [
        ("E11.9", "code", "ok", ""),
        ("E11", "code", "not_billable", "not billable"),
        ("E11", "header", "ok", ""),
        ("E08-E13", "header", "ok", ""),
        ("E11.9", "header", "changed", "complete code"),
        ("E11.99", "code", "gone", "not in ICD-10-CM FY2026 April"),
        ("E99", "header", "gone", "not in"),
        ("E11", "invalid", "ok", ""),
        ("E11.99XX", "invalid", "ok", ""),
        ("E11.9", "invalid", "changed", "is billable"),
        ("e11.9", "code", "gone", "Write E11.9 instead of e11.9"),
        ("E119", "code", "gone", "Write E11.9"),
        ("diabetes", "code", "gone", "does not look like"),
        ("E11.9 and more", "invalid", "ok", "too long"),
        ("S06.1X0", "code", "not_billable", "not billable"),
        ("S06.1X0A", "code", "ok", ""),
    ],
)
def test_code_refs_get_state_and_sentence(
    release: Release, code: str, role: str, state: str, problem: str
) -> None:
    checked = ref(code, role)

    problems = check_code_refs([checked], on_date=DAY)

    assert (checked.state, checked.edition) == (state, "FY2026 April")
    assert (problem in problems[0]) if problem else problems == []


def test_code_refs_of_a_system_without_release_stay_unchecked(release: Release) -> None:
    refs = [ref("J1885", system="hcpcs"), ref("99213", system="cpt")]

    assert check_code_refs(refs, on_date=DAY) == []
    assert {r.state for r in refs} == {"unchecked"}


def test_code_refs_before_the_first_release_stay_unchecked(release: Release) -> None:
    early = ref("E11.9")

    assert check_code_refs([early], on_date=date(2020, 1, 1)) == []
    assert (early.state, early.edition) == ("unchecked", "")


@pytest.mark.parametrize("number", [1, 3])
def test_code_refs_are_checked_in_two_queries(
    release: Release, number: int, django_assert_num_queries: Any
) -> None:
    refs = [ref(code) for code in BILLABLE[:number]]

    with django_assert_num_queries(2):
        assert check_code_refs(refs, on_date=DAY) == []


def test_code_that_the_next_release_drops_is_known_before_its_first_day(db: None) -> None:
    stays = Entry("code", "E11.9", "Stays", is_billable=True)
    goes = Entry("code", "G35", "Goes", is_billable=True)
    typed(stays, goes, label="FY2026", day=date(2025, 10, 1), until=date(2026, 10, 1), system="icd10cm")
    after = typed(stays, label="FY2027", day=date(2026, 10, 1), system="icd10cm")
    refs = [ref("E11.9"), ref("G35")]

    assert check_code_refs(refs, on_date=date(2026, 9, 1)) == []

    assert [(one.state, one.edition) for one in refs] == [("ok", "FY2026"), ("gone", "FY2026")]
    after.loaded_at = datetime(2026, 9, 1, tzinfo=UTC)
    assert after.checked_on == date(2026, 10, 1)


def test_older_release_does_not_hide_what_the_next_one_changes(db: None) -> None:
    row = Entry("code", "G35", "Multiple sclerosis", is_billable=True)
    october = date(2026, 10, 1)
    typed(row, label="FY2027", day=october, system="icd10cm")
    older = typed(row, label="FY2025", day=date(2024, 10, 1), until=october, system="icd10cm")
    older.loaded_at = datetime(2026, 9, 1, tzinfo=UTC)

    assert older.checked_on == date(2026, 10, 1)


def test_code_with_a_new_title_is_called_changed(load: Callable[..., Any]) -> None:
    load()
    load(
        SAMPLE.replace("with hyperglycemia", "with high sugar"),
        label="FY2027",
        effective_from=date(2026, 10, 1),
    )
    changed, same, new = ref("E11.65"), ref("E11.9"), ref("E11.65")
    changed.edition = same.edition = "ICD-10-CM FY2026 April"  # as a pack names what it was written for

    assert check_code_refs([changed, same, new], on_date=date(2026, 10, 1)) == []
    assert (changed.state, same.state, new.state) == ("changed", "ok", "ok")
    assert new.edition == "FY2027"


def test_edition_of_another_system_says_nothing_of_a_code(load: Callable[..., Any]) -> None:
    load()
    load(
        SAMPLE.replace("with hyperglycemia", "with high sugar"),
        label="FY2027",
        effective_from=date(2026, 10, 1),
    )
    of_a_case = ref("E11.65")
    of_a_case.edition = "ICD-10-PCS FY2026"

    assert check_code_refs([of_a_case], on_date=date(2026, 10, 1)) == []
    assert (of_a_case.state, of_a_case.edition) == ("ok", "FY2027")


def test_modifiers_are_checked_against_a_book_that_has_some(db: None) -> None:
    def states() -> list[str]:
        refs = [ref("A0010", system="hcpcs"), ref("LT", system="hcpcs"), ref("ZZ", system="hcpcs")]
        check_code_refs(refs, on_date=DAY)
        return [one.state for one in refs]

    listed = Entry("code", "A0010", "Ambulance", is_billable=True)
    left = Entry("modifier", "LT", "Left side", is_billable=True)
    typed(listed)
    assert states() == ["ok", "unchecked", "unchecked"]

    typed(left, book="modifiers")

    assert states() == ["ok", "ok", "gone"]


def test_modifiers_may_come_with_the_codes(db: None) -> None:
    typed(Entry("code", "A0010", "x", is_billable=True), Entry("modifier", "LT", "Left", is_billable=True))
    refs = [ref("LT", system="hcpcs"), ref("ZZ", system="hcpcs")]

    check_code_refs(refs, on_date=DAY)

    assert [one.state for one in refs] == ["ok", "gone"]


@pytest.mark.parametrize(
    ("kind", "named", "problem"),
    [
        ("guideline", "I.B.13", ""),
        ("guideline", "I.Z", "no section I.Z"),
        ("tabular", "E11.9", ""),
        ("tabular", "E11", ""),
        ("tabular", "E99.9", "no entry E99.9"),
        ("index", "Diabetes, type 2", ""),
        ("source", " ", "names nothing"),
    ],
)
def test_citations_must_name_what_exists(release: Release, kind: str, named: str, problem: str) -> None:
    GuidelineSection.objects.create(
        ref="I.B.13", title="Sides", edition="FY2026", effective_from=date(2025, 10, 1), position=1
    )

    problems = check_citations([LessonCitation(kind=kind, ref=named)], on_date=DAY)

    assert (problem in problems[0]) if problem else problems == []


def test_citations_without_outline_or_release_are_not_judged(db: None) -> None:
    cited = [LessonCitation(kind="guideline", ref="I.Z"), LessonCitation(kind="tabular", ref="E99.9")]

    assert check_citations(cited, on_date=DAY) == []
