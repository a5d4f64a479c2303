"""Loading a release, and checking what others say about codes."""

from collections.abc import Callable
from datetime import date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from courses.catalog.models import LessonCitation, LessonCodeRef
from courses.codesets.actions import LOAD_KIND, check_citations, check_code_refs, load_release, package_source
from courses.codesets.errors import LoadRefused
from courses.codesets.models import Code, CodeNote, GuidelineSection, Release, Word
from courses.codesets.signals import release_loaded
from courses.jobs.actions import enqueue_job, run_due_jobs
from tests.codesets.sample import BILLABLE, SAMPLE

pytestmark = pytest.mark.django_db

DAY = date(2026, 5, 1)


# --- loading -----------------------------------------------------------------------------------------
def test_load_writes_codes_notes_words_and_counts(load: Callable[..., Any]) -> None:
    loaded = load()

    codes = Code.objects.of_system("icd10cm").billable().order_by("position")
    assert [row.code for row in codes] == BILLABLE
    assert loaded.created
    assert loaded.release.counts["billable"] == 13
    assert loaded.release.counts["rows"] == Code.objects.count()
    assert loaded.release.counts["notes"] == CodeNote.objects.count()
    assert Word.objects.filter(word="hyperglycemia").exists()


def test_load_answers_from_the_fiscal_year_s_start(release: Release) -> None:
    assert (release.effective_from, release.covers_from) == (date(2026, 4, 1), date(2025, 10, 1))
    assert Code.objects.on(date(2025, 10, 1)).named("E11.9").exists()
    assert not Code.objects.on(date(2025, 9, 30)).exists()


def test_load_of_the_same_file_changes_nothing(load: Callable[..., Any]) -> None:
    first = load().release
    rows = Code.objects.count()

    again = load(label="Other name")

    assert (again.created, again.release) == (False, first)
    assert Code.objects.count() == rows


def test_next_release_ends_the_one_before_on_its_first_day(load: Callable[..., Any]) -> None:
    old = load().release
    new = load(
        SAMPLE.replace("with hyperglycemia", "with high sugar"),
        label="FY2027",
        effective_from=date(2026, 10, 1),
    ).release

    old.refresh_from_db()
    assert old.effective_until == new.covers_from == date(2026, 10, 1)
    before = Code.objects.on(date(2026, 9, 30)).named("E11.65").get()
    after = Code.objects.on(date(2026, 10, 1)).named("E11.65").get()
    assert before.title.endswith("hyperglycemia") and after.title.endswith("high sugar")
    assert after.parent is not None and after.parent.valid_from == date(2026, 10, 1)


@pytest.mark.parametrize("effective_from", [date(2026, 4, 1), date(2025, 10, 1)])
def test_older_release_after_a_newer_one_is_refused(load: Callable[..., Any], effective_from: date) -> None:
    load()

    with pytest.raises(LoadRefused, match="in order"):
        load(SAMPLE + "<!-- other -->", label="FY2026", effective_from=effective_from)

    assert Release.objects.count() == 1
    assert Code.objects.filter(valid_until__isnull=False).count() == 0


def test_second_release_of_one_label_is_refused_whole(load: Callable[..., Any]) -> None:
    load()

    with pytest.raises(LoadRefused, match="already"):
        load(SAMPLE + "<!-- other -->", effective_from=date(2026, 10, 1))

    assert Code.objects.filter(valid_until__isnull=False).count() == 0


def test_refused_file_writes_nothing(load: Callable[..., Any]) -> None:
    with pytest.raises(LoadRefused, match="Line"):
        load(SAMPLE[:3000])

    assert not Release.objects.exists() and not Code.objects.exists()


def test_load_of_another_system_is_refused(load: Callable[..., Any]) -> None:
    with pytest.raises(LoadRefused, match="HCPCS"):
        load(system="hcpcs")


def test_failing_receiver_takes_the_whole_load_back(load: Callable[..., Any]) -> None:
    def fail(sender: type[Release], release: Release, **kwargs: Any) -> None:
        assert Code.objects.filter(valid_from=release.covers_from).exists()
        raise RuntimeError("a room above cannot follow")

    release_loaded.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            load()
    finally:
        release_loaded.disconnect(fail)

    assert not Release.objects.exists() and not Code.objects.exists()


def test_loser_of_two_loads_of_one_file_gets_the_winner_s_release(
    load: Callable[..., Any], tmp_path: Path, at: datetime
) -> None:
    """The other load commits while this one still parses."""
    path = tmp_path / "late.xml"
    path.write_text(SAMPLE, encoding="utf-8")

    def report(done: int, total: int | None, message: str) -> None:
        if message.startswith("Writing") and not Release.objects.exists():
            load()

    late = load_release(
        system="icd10cm",
        label="FY2026 April",
        effective_from=date(2026, 4, 1),
        source_name="late.xml",
        path=path,
        by=None,
        at=at,
        report=report,
    )

    assert not late.created
    assert Release.objects.get() == late.release
    assert Code.objects.billable().count() == 13


def test_job_loads_the_package_s_release(at: datetime, editor: User) -> None:
    job = enqueue_job(kind=LOAD_KIND, subject="icd10cm", by=editor, at=at)

    run_due_jobs(at=at)

    job.refresh_from_db()
    assert (job.state, job.message) == ("done", "ICD-10-CM FY2026 April is loaded.")
    assert (job.done, job.total) == (98_505, 98_505)
    release = Release.objects.get()
    assert (release.loaded_by, release.counts["billable"]) == (editor, 74_719)
    assert Code.objects.billable().count() == 74_719


def test_job_says_why_a_load_was_refused(load: Callable[..., Any], at: datetime) -> None:
    load(label="FY2027", effective_from=date(2026, 10, 1))
    job = enqueue_job(kind=LOAD_KIND, subject="icd10cm", by=None, at=at)

    run_due_jobs(at=at)

    job.refresh_from_db()
    assert job.state == "failed" and "not older" in job.message


def test_command_loads_a_named_file(tmp_path: Path) -> None:
    path = tmp_path / "next.xml"
    path.write_text(SAMPLE, encoding="utf-8")
    said = StringIO()

    call_command(
        "load_codes", "icd10cm", str(path), "--label", "FY2027", "--effective", "2026-10-01", stdout=said
    )

    assert "Loaded ICD-10-CM FY2027" in said.getvalue() and "13 billable" in said.getvalue()
    assert "Writing codes" in said.getvalue()


def test_command_is_quiet_when_told(tmp_path: Path) -> None:
    path = tmp_path / "next.xml"
    path.write_text(SAMPLE, encoding="utf-8")
    said = StringIO()

    call_command(
        *("load_codes", "icd10cm", str(path), "--label", "FY2027", "--effective", "2026-10-01"),
        verbosity=0,
        stdout=said,
    )

    assert "Writing" not in said.getvalue()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["hcpcs"], "Name the file"),
        (["icd10cm", "file.xml"], "--label and --effective"),
        (["icd10cm", "no-such.xml", "--label", "x", "--effective", "2026-10-01"], "No such file"),
    ],
)
def test_command_says_what_is_missing(arguments: list[str], reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        call_command("load_codes", *arguments)


def test_package_source_is_the_april_list() -> None:
    source = package_source()

    assert source.path.name == "icd10c-tabular-April-1-2026.xml" and source.path.is_file()
    assert (source.label, source.effective_from) == ("FY2026 April", date(2026, 4, 1))


# --- checking ----------------------------------------------------------------------------------------
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


def test_code_with_a_new_title_is_called_changed(load: Callable[..., Any]) -> None:
    load()
    load(
        SAMPLE.replace("with hyperglycemia", "with high sugar"),
        label="FY2027",
        effective_from=date(2026, 10, 1),
    )
    changed, same = ref("E11.65"), ref("E11.9")

    assert check_code_refs([changed, same], on_date=date(2026, 10, 1)) == []
    assert (changed.state, same.state) == ("changed", "ok")


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
