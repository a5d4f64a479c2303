"""Loading a release: whole or not at all, beside the others, harmless twice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from courses.codesets.actions import Source, load_release, package_source
from courses.codesets.errors import LoadRefused
from courses.codesets.jobs import LOAD_KIND
from courses.codesets.models import Code, CodeChange, CodeNote, Release, SearchIndex
from courses.codesets.search import find
from courses.codesets.signals import release_loaded
from courses.jobs.actions import enqueue_job, run_due_jobs
from tests.codesets.conftest import of_year
from tests.codesets.sample import BILLABLE, SAMPLE

pytestmark = pytest.mark.django_db

Load = Callable[..., Any]
OCTOBER = date(2026, 10, 1)
EXTERNAL = """<?xml version="1.0"?>
<ICD10CM.index><version>2026</version><title>ICD-10-CM INDEX TO EXTERNAL CAUSES</title>
<letter><title>Z</title><mainTerm><title>Zorbing</title><code>E11.9</code></mainTerm></letter></ICD10CM.index>
"""
OTHER = SAMPLE.replace("with hyperglycemia", "with high sugar")


def test_load_writes_codes_notes_and_counts(load: Load) -> None:
    loaded = load()

    codes = Code.objects.of_system("icd10cm").billable().order_by("position")
    assert [row.code for row in codes] == BILLABLE
    assert loaded.created
    assert loaded.release.counts["billable"] == 13
    assert loaded.release.counts["rows"] == Code.objects.count()
    assert loaded.release.counts["notes"] == CodeNote.objects.count()


def test_load_answers_from_the_fiscal_year_s_start(release: Release) -> None:
    assert (release.effective_from, release.covers_from) == (date(2026, 4, 1), date(2025, 10, 1))
    assert Code.objects.on(date(2025, 10, 1)).named("E11.9").exists()
    assert not Code.objects.on(date(2025, 9, 30)).exists()


def test_load_of_the_same_file_changes_nothing(load: Load) -> None:
    first = load().release
    rows = Code.objects.count()

    again = load(label="Other name")

    assert (again.created, again.release) == (False, first)
    assert Code.objects.count() == rows


def test_next_release_ends_the_one_before_on_its_first_day(load: Load) -> None:
    old = load().release
    new = load(OTHER, label="FY2027", effective_from=OCTOBER).release

    old.refresh_from_db()
    assert old.effective_until == new.covers_from == OCTOBER
    before = Code.objects.on(date(2026, 9, 30)).named("E11.65").get()
    after = Code.objects.on(OCTOBER).named("E11.65").get()
    assert before.title.endswith("hyperglycemia") and after.title.endswith("high sugar")
    assert after.parent is not None and after.parent.release == new


def test_older_release_takes_its_place_before_the_newer_one(load: Load) -> None:
    newer = load(OTHER, label="FY2027", effective_from=OCTOBER).release
    assert newer.covers_from == OCTOBER

    older = load(label="FY2025", effective_from=date(2024, 10, 1)).release

    newer.refresh_from_db()
    assert (older.covers_from, older.effective_until) == (date(2024, 10, 1), OCTOBER)
    assert (newer.covers_from, newer.effective_until) == (OCTOBER, None)
    changes = CodeChange.objects.filter(release=newer, code="E11.65", kind="revised")
    assert changes.get().before.endswith("hyperglycemia")


def test_april_release_gives_its_early_days_to_october_s(load: Load) -> None:
    april = load(OTHER).release
    assert april.covers_from == date(2025, 10, 1)

    load(label="FY2026", effective_from=date(2025, 10, 1))

    april.refresh_from_db()
    assert april.covers_from == date(2026, 4, 1)
    assert Code.objects.on(date(2026, 3, 31)).named("E11.65").get().title.endswith("hyperglycemia")


def test_april_release_answers_for_its_year_and_not_last_year_s(load: Load) -> None:
    last_year = load(label="FY2025", effective_from=date(2024, 10, 1)).release

    april = load(OTHER).release

    last_year.refresh_from_db()
    assert last_year.effective_until == april.covers_from == date(2025, 10, 1)
    assert Code.objects.on(date(2026, 1, 15)).named("E11.65").get().title.endswith("high sugar")


def test_last_year_s_release_loaded_later_takes_no_day_from_april_s(load: Load) -> None:
    april = load(OTHER).release

    last_year = load(label="FY2025", effective_from=date(2024, 10, 1)).release

    april.refresh_from_db()
    assert last_year.effective_until == april.covers_from == date(2025, 10, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"effective_from": date(2026, 4, 15)},  # another day, the same label
        {"label": "Other"},  # the same day, another label
    ],
)
def test_second_release_of_one_label_or_day_is_refused_whole(load: Load, changes: dict[str, Any]) -> None:
    load()

    with pytest.raises(LoadRefused, match="already"):
        load(OTHER, **changes)

    assert Release.objects.get().effective_until is None


def test_file_of_another_year_is_refused(load: Load, tmp_path: Path) -> None:
    wrong = of_year(SAMPLE, OCTOBER)

    with pytest.raises(LoadRefused, match="says it is of 2027; 2026-04-01 belongs to fiscal year 2026"):
        load(wrong)

    assert not Release.objects.exists()


def test_refused_file_writes_nothing(load: Load) -> None:
    with pytest.raises(LoadRefused, match="Line"):
        load(SAMPLE[:3000])

    assert not Release.objects.exists() and not Code.objects.exists()


def test_failing_receiver_takes_the_whole_load_back(load: Load) -> None:
    old = load().release

    def fail(sender: type[Release], release: Release, **kwargs: Any) -> None:
        assert Code.objects.filter(release=release).exists()
        raise RuntimeError("a room above cannot follow")

    release_loaded.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            load(OTHER, label="FY2027", effective_from=OCTOBER)
    finally:
        release_loaded.disconnect(fail)

    assert Release.objects.get() == old and Release.objects.get().effective_until is None
    assert not Code.objects.exclude(release=old).exists()


def test_release_is_not_seen_before_it_is_whole(load: Load) -> None:
    seen = []

    def report(done: int, total: int | None, message: str) -> None:
        if message.startswith("Writing notes"):
            seen.append(
                (Release.objects.on(date(2026, 5, 1)).count(), Code.objects.on(date(2026, 5, 1)).count())
            )
            seen.append((Release.objects.count(), Code.objects.count()))

    load(report=report)

    assert seen[0] == (0, 0)
    assert seen[1][0] == 1 and seen[1][1] > 13


def test_dead_load_of_the_same_file_is_taken_over(load: Load) -> None:
    dead = load().release
    Release.objects.filter(pk=dead.pk).update(loaded_at=None)  # as a killed process leaves it

    again = load()

    assert again.created and Release.objects.get() == again.release
    assert Code.objects.billable().count() == 13


def test_load_waits_for_another_of_the_same_book_unless_it_is_dead(load: Load, at: datetime) -> None:
    running = load(at=at).release
    Release.objects.filter(pk=running.pk).update(loaded_at=None)

    with pytest.raises(LoadRefused, match="running"):
        load(OTHER, label="FY2027", effective_from=OCTOBER, at=at + timedelta(minutes=14))
    load(OTHER, label="FY2027", effective_from=OCTOBER, at=at + timedelta(minutes=15))

    assert Release.objects.get().label == "FY2027"


def test_job_loads_the_package_s_release(at: datetime, editor: User) -> None:
    job = enqueue_job(kind=LOAD_KIND, subject="icd10cm", by=editor, at=at)

    run_due_jobs(at=at)

    job.refresh_from_db()
    assert (job.state, job.message) == ("done", "ICD-10-CM FY2026 April is loaded.")
    release = Release.objects.get()
    assert (release.loaded_by, release.counts["billable"]) == (editor, 74_719)
    assert Code.objects.billable().count() == 74_719


def test_job_says_why_a_load_was_refused(load: Load, at: datetime) -> None:
    load(SAMPLE)
    job = enqueue_job(kind=LOAD_KIND, subject="icd10cm", by=None, at=at)

    run_due_jobs(at=at)

    job.refresh_from_db()
    assert job.state == "failed" and "already" in job.message


def test_command_loads_a_named_file(tmp_path: Path) -> None:
    path = tmp_path / "next.xml"
    path.write_text(of_year(SAMPLE, OCTOBER), encoding="utf-8")
    said = StringIO()

    call_command(
        "load_codes", "icd10cm", str(path), "--label", "FY2027", "--effective", "2026-10-01", stdout=said
    )

    assert "Loaded ICD-10-CM FY2027" in said.getvalue() and "13 billable" in said.getvalue()
    assert "Writing codes" in said.getvalue()


def test_command_is_quiet_when_told(tmp_path: Path) -> None:
    path = tmp_path / "next.xml"
    path.write_text(of_year(SAMPLE, OCTOBER), encoding="utf-8")
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


def test_load_that_another_one_cleared_away_at_its_end_is_refused(load: Load) -> None:
    def report(done: int, total: int | None, message: str) -> None:
        if message == "Comparing with the release before":
            Release.objects.filter(loaded_at=None).delete()

    with pytest.raises(LoadRefused, match="Another load of the same book took over"):
        load(report=report)

    assert not Release.objects.exists() and not Code.objects.exists()


ORDER_FILE = "\n".join(
    f"{number:05} {code:<7} {billable} {title:<60} {title}"
    for number, (code, billable, title) in enumerate(
        [("A00", 0, "Cholera"), ("A000", 1, "Cholera due to Vibrio cholerae")], 1
    )
)


@pytest.mark.parametrize("zipped", [False, True], ids=["bare", "in a zip"])
def test_order_file_is_of_the_year_in_its_name(tmp_path: Path, at: datetime, zipped: bool) -> None:
    path = tmp_path / "icd10cm-order-April-1-2026.txt"
    path.write_text(f"{ORDER_FILE}\n")
    if zipped:
        with ZipFile(tmp_path / "codes.zip", "w") as parcel:
            parcel.write(path, path.name)
        path = tmp_path / "codes.zip"
    right = Source("icd10cm-order", path, path.name, "FY2026 April", date(2026, 4, 1))

    with pytest.raises(LoadRefused, match="says it is of 2026; 2026-10-01 belongs to fiscal year 2027"):
        load_release(source=replace(right, label="FY2027", effective_from=OCTOBER), by=None, at=at)

    assert load_release(source=right, by=None, at=at).created


def test_order_file_without_a_year_in_its_name_is_taken_at_its_word(tmp_path: Path, at: datetime) -> None:
    path = tmp_path / "codes of 2025.txt"
    path.write_text(f"{ORDER_FILE}\n")
    source = Source("icd10cm-order", path, path.name, "FY2027", OCTOBER)

    assert load_release(source=source, by=None, at=at).created


def test_rows_that_belong_to_others_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "hcpcs.tsv"
    path.write_text(
        "code\tlong_description\nA0021\tAmbulance service\nD0120\tOf the dentists\n99213\tOf the AMA\n"
    )
    said = StringIO()

    call_command(
        *("load_codes", "hcpcs", str(path), "--label", "2027 January", "--effective", "2027-01-01"),
        stdout=said,
    )

    assert "Loaded HCPCS 2027 January: 1 rows, 1 billable, 1 code, 2 left out." in said.getvalue()
    assert list(Code.objects.values_list("code", flat=True)) == ["A0021"]


def test_list_of_the_codes_of_another_list_is_refused(tmp_path: Path, at: datetime) -> None:
    path = tmp_path / "list.txt"
    path.write_text("E11.00\nE11.01\nI21.4\n")
    listed = Source("icd10cm-mcc", path, path.name, "FY2026", date(2025, 10, 1))
    load_release(source=listed, by=None, at=at)

    with pytest.raises(LoadRefused, match="Most of its codes are those of ICD-10-CM major complications"):
        load_release(source=replace(listed, format="icd10cm-cc"), by=None, at=at)

    path.write_text("E11.00\nE10.9\nI21.B\n")  # one in three is none of our business
    assert load_release(source=replace(listed, format="icd10cm-cc"), by=None, at=at).created


def test_index_that_was_killed_before_the_look_up_knew_it_is_made_up_for(
    load: Load, tmp_path: Path, at: datetime
) -> None:
    load(at=at - timedelta(days=1))
    path = tmp_path / "eindex.xml"
    path.write_text(EXTERNAL)
    source = Source("icd10cm-external", path, path.name, "FY2026 April", date(2026, 4, 1))
    with pytest.raises(KeyboardInterrupt):
        load_release(source=source, by=None, at=at, report=_killed_at("Building the index"))
    assert not find("zorbing")

    again = load_release(source=source, by=None, at=at + timedelta(hours=1))

    assert not again.created
    assert [hit.code for hit in find("zorbing")] == ["E11.9"]
    digest = SearchIndex.objects.get().built_at
    load_release(source=source, by=None, at=at + timedelta(hours=2))
    assert SearchIndex.objects.get().built_at == digest


def _killed_at(message: str) -> Callable[[int, int | None, str], None]:
    def report(done: int, total: int | None, told: str) -> None:
        if told.startswith(message):
            raise KeyboardInterrupt

    return report
