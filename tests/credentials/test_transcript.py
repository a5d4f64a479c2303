import csv
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from courses.catalog.models import Body
from courses.credentials.actions import reverse_credit
from courses.credentials.models import EvidenceReview
from courses.credentials.queries.papers import (
    check_transcript,
    gaps_in_words,
    presets,
    running_preset,
    transcript,
)
from courses.credentials.transcript import inert, transcript_csv, transcript_pdf
from tests.credentials.conftest import Record
from tests.credentials.papers import activity, attach, private_storage

YEAR = (date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture(autouse=True)
def vault(settings: Settings, tmp_path: Path) -> None:
    settings.STORAGES = private_storage(tmp_path)


def cells(made: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(made.decode("utf-8-sig"), newline="")))


# --- which activities, and what they count ---------------------------------------------------------------


@pytest.mark.parametrize("day", [date(2026, 3, 1), date(2026, 3, 31)])
def test_both_ends_of_the_range_belong_to_it(record: Record, student: User, at: datetime, day: date) -> None:
    record()
    activity(student, at, completed_on=day)
    for outside in (date(2026, 2, 28), date(2026, 4, 1)):
        activity(student, at, completed_on=outside)

    of = transcript(student, date(2026, 3, 1), date(2026, 3, 31), at=at)

    assert [line.credit.completed_on for line in of.lines] == [day]


def test_totals_are_told_for_each_body_and_part(record: Record, student: User, at: datetime) -> None:
    record("cpma")
    record("ccs", earned_on=date(2026, 1, 1))
    activity(student, at, topics=["auditing"], ceus=Decimal("1.5"), minutes=90)
    activity(student, at, ceus=Decimal(3), minutes=180)

    of = transcript(student, *YEAR, at=at)

    by_body = {total.body.short: total for total in of.totals}
    assert by_body["AAPC"].ceus == Decimal("4.5")
    assert ("Auditing", Decimal("1.5"), Decimal(16)) in by_body["AAPC"].parts
    assert by_body["AHIMA"].ceus == 4  # 90 minutes are 1 there
    assert of.ceus == Decimal("4.5")


def test_a_body_leaves_the_others_out(record: Record, student: User, at: datetime) -> None:
    record()
    record("ccs", earned_on=date(2026, 1, 1))
    activity(student, at)

    of = transcript(student, *YEAR, body=Body.objects.get(key="ahima"), at=at)

    assert [total.body.short for total in of.totals] == ["AHIMA"]
    assert [one.body.short for one in of.lines[0].counted] == ["AHIMA"]


def test_withdrawn_activity_is_shown_and_counts_nothing(record: Record, student: User, at: datetime) -> None:
    record()
    credit = activity(student, at)
    reverse_credit(credit=credit, reason="Entered twice.", by=student, at=at + timedelta(days=1))

    of = transcript(student, *YEAR, at=at)

    taken_back = of.lines[0].withdrawal
    assert taken_back is not None and taken_back.detail.reason == "Entered twice."
    assert (of.ceus, of.withdrawn, of.totals[0].ceus) == (0, 1, 0)


def test_every_line_has_its_link_of_the_chain(record: Record, student: User, at: datetime) -> None:
    record()
    activity(student, at)
    activity(student, at, completed_on=date(2026, 2, 1))

    of = transcript(student, *YEAR, at=at)

    assert [line.link.number for line in of.lines if line.link] == [2, 1]
    assert of.ledger is not None and of.lines[0].link is not None
    assert of.ledger.head == of.lines[0].link.hash


def test_transcript_of_somebody_without_a_ledger_is_empty(student: User, at: datetime) -> None:
    of = transcript(student, *YEAR, at=at)

    assert (of.lines, of.totals, of.ledger) == ((), (), None)
    assert transcript_pdf(of).startswith(b"%PDF-")


@pytest.mark.parametrize("count", [1, 3])
def test_transcript_takes_the_same_queries_whatever_its_length(
    record: Record,
    student: User,
    at: datetime,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    record()
    record("ccs", earned_on=date(2026, 1, 1))
    for _n in range(count):
        attach(activity(student, at), at)

    with django_assert_num_queries(QUERIES):
        of = transcript(student, *YEAR, at=at)

    assert len(of.lines) == count


#: Ledger, credits with their words, evidence, reviews, cycles, credentials, three of the engine, links.
QUERIES = 10


# --- files ------------------------------------------------------------------------------------------------


def test_csv_has_a_row_an_activity_and_a_column_a_body(record: Record, student: User, at: datetime) -> None:
    record()
    attach(activity(student, at, title="Größe, “quoted”", index_number="A1"), at)

    made = transcript_csv(transcript(student, *YEAR, at=at))

    assert made.startswith(b"\xef\xbb\xbf")
    assert [
        {
            name: row[name]
            for name in (
                "Completed on",
                "Activity",
                "CEUs",
                "Index number",
                "Counts with AAPC",
                "Evidence files",
            )
        }
        for row in cells(made)
    ] == [
        {
            "Completed on": "2026-03-04",
            "Activity": "Größe, “quoted”",
            "CEUs": "2",
            "Index number": "A1",
            "Counts with AAPC": "2",
            "Evidence files": "1",
        }
    ]


@pytest.mark.parametrize("typed", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx"])
def test_csv_holds_no_formula(typed: str) -> None:
    assert inert(typed) == f"'{typed}"


def test_formula_that_somebody_typed_is_text_in_the_csv(record: Record, student: User, at: datetime) -> None:
    record()
    activity(student, at, title="=1+1", provider="@evil")

    row = cells(transcript_csv(transcript(student, *YEAR, at=at)))[0]

    assert (row["Activity"], row["Provider"]) == ("'=1+1", "'@evil")


def test_same_facts_make_the_same_files(record: Record, student: User, at: datetime) -> None:
    record()
    activity(student, at)
    first, later = (transcript(student, *YEAR, at=when) for when in (at, at + timedelta(hours=1)))

    assert transcript_csv(first) == transcript_csv(later)
    assert transcript_pdf(first) == transcript_pdf(later)


def test_pdf_is_tagged_by_the_standard(record: Record, student: User, at: datetime) -> None:
    record()
    reverse_credit(credit=activity(student, at), reason="Entered twice.", by=student, at=at)
    activity(student, at, title="<script>alert(1)</script> #set page(fill: red)")

    made = transcript_pdf(transcript(student, *YEAR, at=at))

    assert b"pdfuaid" in made


# --- pre-check --------------------------------------------------------------------------------------------


def test_precheck_names_what_the_body_would_ask_for(record: Record, student: User, at: datetime) -> None:
    record()
    attach(activity(student, at, title="Whole"), at)
    activity(student, at, title="Bare", index_number="", provider="")
    of = transcript(student, *YEAR, at=at)

    checked = check_transcript(of, Body.objects.get(key="aapc"))

    assert checked.sentence == "Of 2 activities 1 lacks something that AAPC asks for."
    assert [(one.row.title, gaps_in_words(one)) for one in checked.result.findings] == [
        ("Bare", "the provider is missing; the index number is missing; no certificate is attached")
    ]


def test_precheck_says_so_when_nothing_is_missing(record: Record, student: User, at: datetime) -> None:
    record()
    attach(activity(student, at), at)

    checked = check_transcript(transcript(student, *YEAR, at=at), Body.objects.get(key="aapc"))

    assert checked.sentence == "Nothing is missing: 1 activity has all that AAPC asks for."


def test_precheck_tells_why_a_reviewer_returned_an_activity(
    record: Record, student: User, at: datetime
) -> None:
    record()
    credit = activity(student, at, title="Returned")
    attach(credit, at)
    EvidenceReview.objects.create(
        credit=credit, verdict="returned", reason="The date is cut off.", reviewed_at=at
    )

    checked = check_transcript(transcript(student, *YEAR, at=at), Body.objects.get(key="aapc"))

    assert [gaps_in_words(one) for one in checked.result.findings] == [
        "a reviewer returned it: The date is cut off"
    ]


def test_precheck_leaves_out_what_was_done_before_the_cycle(
    record: Record, student: User, at: datetime
) -> None:
    record("ccs", earned_on=date(2026, 1, 1))
    record("cpc")
    activity(student, at, completed_on=date(2025, 6, 1), title="Before AHIMA")

    of = transcript(student, date(2025, 1, 1), date(2026, 12, 31), at=at)
    checked = check_transcript(of, Body.objects.get(key="ahima"))

    assert (checked.result.looked_at, checked.unclaimed) == (0, 1)


# --- what to choose from ----------------------------------------------------------------------------------


def test_presets_are_the_cycles_the_year_and_everything(record: Record, student: User, at: datetime) -> None:
    record()
    activity(student, at, completed_on=date(2026, 2, 3))
    today = date(2026, 11, 23)

    found = presets(student, today)

    assert [(one.label, one.first_on, one.last_on) for one in found] == [
        ("AAPC: this cycle", date(2025, 4, 1), date(2027, 3, 31)),
        ("This year", date(2026, 1, 1), today),
        ("Everything", date(2026, 2, 3), today),
    ]
    chosen = running_preset(found, today)
    assert chosen is not None and chosen.label == "AAPC: this cycle"


# --- pages ------------------------------------------------------------------------------------------------


def test_page_shows_the_running_cycle_at_first(record: Record, student: User, as_student: Client) -> None:
    held = record()
    cycle = held.cycles.get()

    page = as_student.get(reverse("credentials:transcript"))

    assert page.status_code == 200
    assert page.context["of"].first_on == cycle.starts_on
    assert page.context["of"].last_on == cycle.due_on


def test_page_says_that_the_days_are_in_the_wrong_order(record: Record, as_student: Client) -> None:
    record()
    days = {"first_on": "2026-02-01", "last_on": "2026-01-01"}

    page = as_student.get(reverse("credentials:transcript"), days)
    back = as_student.get(reverse("credentials:transcript_pdf"), days)

    assert page.status_code == 422
    assert "The last day lies before the first." in page.content.decode()
    assert back.status_code == 302


@pytest.mark.parametrize(
    "days",
    [
        {"first_on": "x", "last_on": "9999-99-99"},
        {"first_on": "0001-01-01", "last_on": "9999-12-31"},
        {"body": "nobody"},
        {"body": "aapc\x00", "first_on": "2026-01-01", "last_on": "2026-01-02"},
    ],
)
def test_hostile_days_are_refused(record: Record, as_student: Client, days: dict[str, str]) -> None:
    record()

    for name in ("transcript", "packets"):
        assert as_student.get(reverse(f"credentials:{name}"), days).status_code == 422


@pytest.mark.parametrize(("name", "kind"), [("pdf", "application/pdf"), ("csv", "text/csv; charset=utf-8")])
def test_files_are_attachments_named_by_their_days(
    record: Record, student: User, as_student: Client, at: datetime, name: str, kind: str
) -> None:
    record()
    activity(student, at)
    days = {"first_on": "2026-01-01", "last_on": "2026-12-31", "body": "aapc"}

    answer = as_student.get(reverse(f"credentials:transcript_{name}"), days)

    assert answer["Content-Type"] == kind
    assert answer["Content-Disposition"] == (
        f'attachment; filename="crosswalk-transcript-aapc-2026-01-01-2026-12-31.{name}"'
    )


def test_pdf_is_made_so_often_an_hour_only(
    record: Record, as_student: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    record()
    monkeypatch.setattr("courses.credentials.views.papers._PDFS", 1)
    statuses = [as_student.get(reverse("credentials:transcript_pdf")).status_code for _n in range(2)]

    assert statuses == [200, 429]


def test_another_person_sees_none_of_it(
    record: Record, student: User, other: User, at: datetime, client: Client
) -> None:
    record()
    activity(student, at, title="Mine alone")
    client.force_login(other)
    days = {"first_on": "2026-01-01", "last_on": "2026-12-31"}

    page = client.get(reverse("credentials:transcript"), days)
    sheet = client.get(reverse("credentials:transcript_csv"), days)

    assert "Mine alone" not in page.content.decode() + sheet.content.decode()
