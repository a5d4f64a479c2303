"""What a release changed: compared, counted, shown word by word, given as a spreadsheet."""

import csv
import gzip
import io
import json
import lzma
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from courses.catalog.models import Course, Lesson
from courses.codesets import writing
from courses.codesets.actions import load_release, package_source
from courses.codesets.changes import report_of
from courses.codesets.comparing import Printed, compare_releases, differences
from courses.codesets.models import CodeChange, Release
from courses.codesets.official import FORMATS
from courses.codesets.records import CodeList, Entry, Note
from courses.codesets.wording import revised
from courses.exams.actions import start_attempt
from courses.exams.models import Blueprint, BlueprintDomain, BlueprintSection, Domain, QuestionCodeRef
from portal.pages.stale import stale_tasks, with_changes
from tests.worlds import make_question, publish_lesson

AT = datetime(2026, 11, 1, tzinfo=UTC)


def typed(
    *entries: Entry,
    label: str = "2026 January",
    day: date = date(2026, 1, 1),
    until: date | None = None,
    system: str = "hcpcs",
    book: str = "codes",
) -> Release:
    """A release of entries typed here, as if a file had brought them."""
    record = CodeList("", entries)
    release = Release.objects.create(
        system=system,
        book=book,
        label=label,
        effective_from=day,
        covers_from=day,
        effective_until=until,
        source_name=f"{label}.txt",
        sha256=label,
        counts=writing.counts(record),
        begun_at=AT,
        loaded_at=AT,
    )
    writing.write(record, release, lambda done, total, message: None)
    compare_releases(release)
    return release


def code(name: str, title: str, **fields: Any) -> Entry:
    return Entry("code", name, title, **({"is_billable": True} | fields))


@pytest.fixture
def two(db: None) -> Release:
    """The second of two releases, with a change of every kind."""
    typed(
        code("A0010", "Stays as it is"),
        code("A0020", "Ambulance, per mile, emergency"),
        code("A0030", "Goes away"),
        code("A0040", "Becomes a header"),
        code("A0050", "A heading", is_billable=False),
        code("A0060", "Sezary disease"),
        code("A0070", "Its notes change", notes=(Note("includes", "old line"), Note("note", "kept line"))),
        code("A0080", "Ends in the file"),
        until=date(2026, 4, 1),
    )
    return typed(
        code("A0010", "Stays as it is"),
        code("A0020", "Ambulance, per kilometre, emergency"),
        code("A0040", "Becomes a header", is_billable=False),
        code("A0041", "=HYPERLINK(1)"),
        code("A0042", "A new heading", is_billable=False),
        code("A0050", "A heading"),
        code("A0060", "Sézary disease"),
        code("A0070", "Its notes change", notes=(Note("note", "kept line"), Note("includes", "new line"))),
        code("A0080", "Ends in the file", ends_on=date(2026, 4, 1)),
        label="2026 April",
        day=date(2026, 4, 1),
    )


def page_of(client: Client, release: Release, **query: str) -> str:
    answer = client.get(release.get_absolute_url(), query)
    assert answer.status_code == 200
    return answer.content.decode()


# --- comparing -------------------------------------------------------------------------------------------
def test_every_kind_of_change_is_found(two: Release) -> None:
    found = set(two.changes.values_list("code", "kind", "is_heading"))

    assert found == {
        ("A0020", "revised", False),
        ("A0030", "gone", False),
        ("A0040", "header", False),
        ("A0041", "added", False),
        ("A0042", "added", True),
        ("A0050", "billable", False),
        ("A0070", "notes", False),
        # the file goes on printing what has ended
        ("A0080", "gone", False),
    }
    assert (report_of(two).added, report_of(two).deleted) == (2, 3)


def test_notes_are_not_compared_with_a_file_that_carries_none() -> None:
    old, new = {"A": Printed("T", True, None)}, {"A": Printed("T", True, "digest")}

    assert differences(old, new) == []


def test_comparing_twice_writes_the_same(two: Release) -> None:
    before = list(two.changes.values_list("code", "kind", "before", "after"))

    compare_releases(two)

    assert list(two.changes.values_list("code", "kind", "before", "after")) == before


@given(before=st.text(max_size=80), after=st.text(max_size=80))
def test_revised_wording_holds_both_wordings(before: str, after: str) -> None:
    parts = revised(before, after)

    assert "".join(part.text for part in parts if part.kind != "new") == before
    assert "".join(part.text for part in parts if part.kind != "gone") == after


def test_revised_wording_marks_words_and_not_letters() -> None:
    parts = [(part.kind, part.text) for part in revised("of the wrist [all]", "of the waist [all]")]

    assert parts == [("same", "of the "), ("gone", "wrist"), ("new", "waist"), ("same", " [all]")]


def test_very_long_wording_is_not_matched_word_by_word() -> None:
    parts = revised("a " * 5_000, "b " * 5_000)

    assert [part.kind for part in parts] == ["gone", "new"]


# --- the pages -------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_releases_without_any_say_what_to_load(client: Client) -> None:
    page = client.get(reverse("codesets:releases")).content.decode()

    assert "No code set is loaded yet" in page
    assert "manage.py load_codes icd10cm" in page
    assert "icd10pcs-order" in page  # what is not loaded is listed with its name


def test_releases_show_which_answers_and_what_is_missing(
    client: Client, release: Release, time_machine: Any
) -> None:
    time_machine.move_to(datetime(2026, 11, 23, 12, tzinfo=UTC))
    page = client.get(reverse("codesets:releases")).content.decode()

    assert "on 23 Nov 2026" in page and page.count("state-live") == 1
    assert "FY2027 took effect on" in page
    assert "--label &quot;FY2027&quot; --effective 2026-10-01" in page or (
        '--label "FY2027" --effective 2026-10-01' in page
    )
    assert release.sha256[:12] in page


def test_releases_mark_the_one_of_the_day_asked(client: Client, two: Release) -> None:
    page = client.get(reverse("codesets:releases"), {"on": "2026-02-01"}).content.decode()

    assert page.count("on 1 Feb 2026") == 1
    assert page.index("on 1 Feb 2026") > page.index("2026 April")


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.django_db
def test_releases_query_count(client: Client, number: int, django_assert_num_queries: Any) -> None:
    for n in range(number):
        until = date(2020 + n + 1, 1, 1) if n + 1 < number else None
        typed(code("A0010", "x"), label=f"{n}", day=date(2020 + n, 1, 1), until=until)

    with django_assert_num_queries(1):
        assert client.get(reverse("codesets:releases")).status_code == 200


@pytest.mark.parametrize("changes", [1, 3])
@pytest.mark.django_db
def test_release_query_count(client: Client, changes: int, django_assert_num_queries: Any) -> None:
    def book(word: str) -> list[Entry]:
        return [code(f"A001{n}", word, notes=(Note("note", word),)) for n in range(changes)]

    typed(*book("old"), until=date(2026, 4, 1))
    release = typed(*book("new"), label="2026 April", day=date(2026, 4, 1))

    with django_assert_num_queries(6):
        assert client.get(release.get_absolute_url()).status_code == 200


def test_release_counts_first_and_marks_words(client: Client, two: Release) -> None:
    page = page_of(client, two)

    assert "2 codes can be reported that could not before; 3 no longer can: 2 gone, 1 now headers." in page
    assert "(taken away:" in page and "mile" in page and "kilometre" in page
    assert page.index("What changed since 2026 January") < page.index("Includes: new line")
    assert "kept line" not in page  # it only moved
    assert "A0042" not in page  # headings stand apart


def test_release_of_headings_alone(client: Client, two: Release) -> None:
    page = page_of(client, two, rows="headings")

    assert "A0042" in page and "A0041" not in page


def test_release_is_filtered_by_kind_and_beginning(client: Client, two: Release) -> None:
    assert "A0030" not in page_of(client, two, kind="revised")
    assert "A0020" in page_of(client, two, kind="revised")
    filtered = page_of(client, two, begins="a003")
    assert ">A0030<" in filtered and ">A0020<" not in filtered
    assert "No change is like that" in page_of(client, two, begins="Z")


def test_codes_of_a_release_open_in_the_book_that_prints_them(client: Client, two: Release) -> None:
    page = page_of(client, two)

    assert "/codes/hcpcs/A0030/?on=2026-03-31" in page
    assert "/codes/hcpcs/A0020/?on=2026-04-01" in page


def test_first_release_has_nothing_to_compare_with(client: Client, release: Release) -> None:
    assert "There is nothing to compare with yet" in page_of(client, release)


@pytest.mark.django_db
def test_index_books_are_not_compared(client: Client) -> None:
    release = Release.objects.create(
        system="icd10cm",
        book="index",
        label="FY2026",
        effective_from=date(2025, 10, 1),
        covers_from=date(2025, 10, 1),
        sha256="x",
        begun_at=AT,
        loaded_at=AT,
    )

    assert "this book is not one" in page_of(client, release)


@pytest.mark.django_db
def test_long_report_is_paged_and_printed_on_one_page(client: Client) -> None:
    typed(code("A0010", "x"), until=date(2026, 4, 1))
    many = [code(f"B{n:04}", "new") for n in range(130)]
    release = typed(code("A0010", "x"), *many, label="2026 April", day=date(2026, 4, 1))

    assert page_of(client, release).count("data-panel") == 100
    assert page_of(client, release, page="2").count("data-panel") == 30
    assert page_of(client, release, all="1").count("data-panel") == 130


@pytest.mark.parametrize("junk", ["x" * 10_000, "\x00", "'; DROP TABLE x;--", "🦴", "%", "-1", "\x07", "é"])
def test_any_question_gets_a_clean_page(client: Client, two: Release, junk: str) -> None:
    asked = dict.fromkeys(("kind", "begins", "rows", "page", "on", "all"), junk)

    assert client.get(two.get_absolute_url(), asked).status_code == 200
    assert client.get(reverse("codesets:release_csv", args=[two.pk]), asked).status_code == 200
    assert client.get(reverse("codesets:releases"), asked).status_code == 200


@pytest.mark.parametrize("pk", [0, 999_999, 2**63, 10**40])
def test_release_that_is_not_there_is_not_found(client: Client, two: Release, pk: int) -> None:
    assert client.get(f"/codes/releases/{pk}/").status_code == 404
    assert client.get(f"/codes/releases/{pk}/changes.csv").status_code == 404


def test_release_that_is_being_loaded_is_not_shown(client: Client, two: Release) -> None:
    Release.objects.filter(pk=two.pk).update(loaded_at=None)

    assert client.get(two.get_absolute_url()).status_code == 404
    assert "2026 April" not in client.get(reverse("codesets:releases")).content.decode()


# --- the spreadsheet -------------------------------------------------------------------------------------
def sheet(client: Client, release: Release, **query: str) -> list[list[str]]:
    answer = client.get(reverse("codesets:release_csv", args=[release.pk]), query)
    assert answer["Content-Disposition"] == 'attachment; filename="hcpcs-2026-april-changes.csv"'
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_spreadsheet_has_every_change_and_no_formula(client: Client, two: Release) -> None:
    rows = sheet(client, two)

    assert [row[2] for row in rows[1:]] == [c.code for c in two.changes.all()]
    assert ["HCPCS 2026 April", "added", "A0041", "", "", "'=HYPERLINK(1)"] in rows
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t"))]


def test_spreadsheet_follows_the_filter(client: Client, two: Release) -> None:
    assert [row[2] for row in sheet(client, two, kind="added")[1:]] == ["A0041", "A0042"]
    assert [row[2] for row in sheet(client, two, kind="added", rows="headings")[1:]] == ["A0042"]


# --- words that are licensed -----------------------------------------------------------------------------
@pytest.fixture
def cpt(db: None) -> Release:
    typed(code("99213", "Secret old words"), system="cpt", until=date(2026, 4, 1))
    return typed(
        code("99213", "Secret new words", notes=(Note("note", "Secret note"),)),
        code("99214", "Secret more words"),
        system="cpt",
        label="2026 April",
        day=date(2026, 4, 1),
    )


def test_changes_of_cpt_show_bare_numbers_without_a_seat(client: Client, cpt: Release) -> None:
    page = page_of(client, cpt)

    assert "99214" in page and "belongs to its publisher" in page
    assert "Secret" not in page
    assert "changes.csv" not in page


def test_changes_of_cpt_are_never_a_spreadsheet(
    client: Client, cpt: Release, as_boss: Client, editor: User
) -> None:
    address = reverse("codesets:release_csv", args=[cpt.pk])

    assert client.get(address).status_code == 404
    assert as_boss.get(address).status_code == 404


# --- the real files --------------------------------------------------------------------------------------
@pytest.mark.sqlite  # the databases do not differ in it, and it takes half a minute
@pytest.mark.django_db
def test_fy2025_to_fy2026_is_what_the_addenda_say(
    make_course: Callable[..., Course],
    student: User,
    as_editor: Client,
) -> None:
    data = Path(__file__).parents[3] / "shared" / "data"
    if not (data / "icd10cm_order_2025.txt.xz").exists():
        pytest.skip(f"no icd10cm_order_2025.txt.xz in {data}")
    order = io.BytesIO(lzma.decompress((data / "icd10cm_order_2025.txt.xz").read_bytes()))
    addenda = json.loads(gzip.decompress((data / "icd10cm_fy2026_addenda.json.gz").read_bytes()))
    # written as a load writes it, without the look-up's index, which takes longer than all the rest
    old = FORMATS["icd10cm-order"].parse(order)
    assert isinstance(old, CodeList)
    typed(*old.entries, system="icd10cm", label="FY2025", day=date(2024, 10, 1))
    make_course()
    lesson = Lesson.objects.get(key="basics-1")
    publish_lesson(lesson, "Read [[G35]] and [[T78.07XA]].", at=datetime(2024, 11, 1, tzinfo=UTC))
    domain = Domain.objects.create(key="terms", title="Terms")
    asked = [make_question(f"question-{n}", domain) for n in range(2)]
    gone = QuestionCodeRef(revision=asked[0].revisions.get(), system="icd10cm", code="S30.1XXA")
    gone.edition = "FY2025"
    gone.save()

    new = load_release(source=package_source(), by=None, at=AT).release

    def bare(kind: str) -> list[str]:
        rows = CodeChange.objects.filter(release=new, kind=kind, is_heading=False)
        return sorted(row.code.replace(".", "") for row in rows)

    counts = Counter(new.changes.filter(is_heading=False).values_list("kind", flat=True))
    assert counts == {"added": 487, "gone": 12, "header": 16, "revised": 38}
    assert bare("added") == sorted(one["code"] for one in addenda["adds"])
    assert sorted(bare("gone") + bare("header")) == sorted(one["code"] for one in addenda["deletes"])
    assert bare("revised") == sorted({one["code"] for one in addenda["revisions"]})

    tasks = {task.title: task for task in with_changes(stale_tasks(AT))}
    states = {one.code: one.state for task in tasks.values() for one in task.codes}
    offered = {one.code: [new.code for new in one.offered] for task in tasks.values() for one in task.codes}
    assert states == {"G35": "not_billable", "T78.07XA": "gone", "S30.1XXA": "gone"}
    assert "G35.A" in offered["G35"]
    assert "S30.11XA" in offered["S30.1XXA"]
    page = as_editor.get(reverse("pages:stale_codes")).content.decode()
    assert "G35" in page and "S30.1XXA" in page and "1 question is not drawn" in page
    blueprint = Blueprint.objects.create(
        key="mock",
        title="Mock",
        minutes=24,
        pass_percent=70,
        valid_from=date(2020, 1, 1),
        as_of=date(2026, 11, 1),
        source="Ours",
        confidence="verified",
    )
    section = BlueprintSection.objects.create(blueprint=blueprint, title="All questions")
    BlueprintDomain.objects.create(section=section, domain=domain, count=2)
    attempt = start_attempt(user=student, blueprint=blueprint, at=AT)
    drawn = attempt.items.values_list("question_revision__question__key", flat=True)
    assert list(drawn) == ["question-1"]
