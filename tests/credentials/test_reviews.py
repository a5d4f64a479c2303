"""Reviews of evidence: what waits, deciding, undoing, and what the person sees of it."""

import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.credentials.actions import (
    ReviewRefused,
    add_credit,
    add_evidence,
    remove_evidence,
    reverse_credit,
    review_credit,
)
from courses.credentials.models import Credit, Evidence, EvidenceReview
from courses.credentials.queries.reviewing import ReviewState, evidence_of, review_queue, reviewable_by
from tests.credentials.conftest import Record
from tests.credentials.test_evidence import boss, credit, keep, store, taken

__all__ = ["boss", "credit", "keep", "store"]

pytestmark = pytest.mark.django_db

Keep = Callable[..., Evidence]
HOUR = timedelta(hours=1)


@pytest.fixture
def more(credit: Credit, student: User, at: datetime) -> Callable[[str], Credit]:
    """Another activity of the same person."""

    def make(title: str) -> Credit:
        day = date(2026, 6, 1)
        return add_credit(user=student, title=title, completed_on=day, ceus=Decimal(1), by=student, at=at)

    return make


def state_of(credit: Credit) -> str:
    return evidence_of(Credit.objects.select_related("reversal").get(pk=credit.pk)).state.value


# --- deciding ----------------------------------------------------------------------------------------------
def test_activity_waits_is_returned_waits_again_and_is_approved(
    keep: Keep, credit: Credit, boss: User, at: datetime
) -> None:
    assert state_of(credit) == "none"
    first = keep()
    assert state_of(credit) == "waiting"
    review_credit(
        credit=credit, verdict="returned", reason="No index number", seen=first.pk, by=boss, at=at + HOUR
    )
    shown = evidence_of(credit)
    assert (shown.state, shown.reason, shown.files[0].state) == ("returned", "No index number", "returned")
    second = keep(b"another", when=at + 2 * HOUR)
    assert state_of(credit) == "waiting"
    review_credit(credit=credit, verdict="approved", seen=second.pk, by=boss, at=at + 3 * HOUR)

    shown = evidence_of(credit)
    assert (shown.state, shown.reason) == ("approved", "")
    assert [file.state for file in shown.files] == ["approved", "approved"]
    assert [one.verdict for one in shown.reviews] == ["approved", "returned"]


def test_second_review_undoes_the_first(keep: Keep, credit: Credit, boss: User, at: datetime) -> None:
    row = keep()
    review_credit(credit=credit, verdict="approved", seen=row.pk, by=boss, at=at + HOUR)

    review_credit(
        credit=credit, verdict="returned", reason="Wrong year", seen=row.pk, by=boss, at=at + 2 * HOUR
    )

    assert state_of(credit) == "returned" and EvidenceReview.objects.count() == 2


def test_return_needs_a_reason(keep: Keep, credit: Credit, boss: User, at: datetime) -> None:
    row = keep()
    with pytest.raises(ReviewRefused, match="Say what is missing"):
        review_credit(credit=credit, verdict="returned", reason=" ", seen=row.pk, by=boss, at=at)


def test_nobody_reviews_oneself_or_without_the_role(
    keep: Keep, credit: Credit, student: User, editor: User, at: datetime
) -> None:
    row = keep()
    for who in (student, editor):
        with pytest.raises(ReviewRefused, match="not yours to review"):
            review_credit(credit=credit, verdict="approved", seen=row.pk, by=who, at=at)
    student.is_superuser = True
    assert not reviewable_by(student).exists()


def test_file_that_came_meanwhile_is_looked_at_first(
    keep: Keep, credit: Credit, boss: User, at: datetime
) -> None:
    first = keep()
    keep(b"another", when=at + HOUR)

    with pytest.raises(ReviewRefused, match="files changed"):
        review_credit(credit=credit, verdict="approved", seen=first.pk, by=boss, at=at + 2 * HOUR)
    assert state_of(credit) == "waiting"


def test_nothing_is_decided_about_removed_files(
    keep: Keep, credit: Credit, student: User, boss: User, at: datetime
) -> None:
    row = keep()
    remove_evidence(evidence=row, reason="Wrong scan", by=student, at=at)

    with pytest.raises(ReviewRefused, match="was removed"):
        review_credit(credit=credit, verdict="approved", seen=row.pk, by=boss, at=at)
    assert state_of(credit) == "none"
    assert not review_queue(boss, ReviewState.WAITING).exists()


# --- the queue ---------------------------------------------------------------------------------------------
def queued(user: User, state: ReviewState) -> list[str]:
    return [one.detail.title for one in review_queue(user, state)]


def test_queue_has_what_waits_longest_first(
    keep: Keep, credit: Credit, more: Callable[[str], Credit], boss: User, student: User, at: datetime
) -> None:
    late, early, decided, bare, withdrawn = (
        more(t) for t in ("Late", "Early", "Decided", "Bare", "Withdrawn")
    )
    keep(b"late", of=late, when=at + 3 * HOUR)
    keep(b"early", of=early, when=at + HOUR)
    keep(b"more of it", of=early, when=at + 5 * HOUR)  # does not send it to the end
    row = keep(b"decided", of=decided, when=at)
    review_credit(credit=decided, verdict="approved", seen=row.pk, by=boss, at=at + HOUR)
    keep(b"withdrawn", of=withdrawn)
    reverse_credit(credit=withdrawn, reason="Twice", by=student, at=at)

    assert queued(boss, ReviewState.WAITING) == ["Early", "Late"]
    assert queued(boss, ReviewState.APPROVED) == ["Decided"]
    assert queued(boss, ReviewState.RETURNED) == []
    assert "Bare" not in {bare.detail.title, *queued(boss, ReviewState.WAITING)} - {"Bare"}
    assert queued(student, ReviewState.WAITING) == []


@pytest.mark.parametrize(
    ("state", "said"),
    [("", "Nothing waits"), ("returned", "Nothing is returned"), ("approved", "Nothing is approved yet")],
)
def test_empty_queue_says_what_it_is_for(state: str, said: str, as_boss: Client) -> None:
    assert said in as_boss.get(reverse("credentials:reviews"), {"state": state}).content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_queue_costs_the_same_at_one_row_and_at_three(
    rows: int,
    keep: Keep,
    more: Callable[[str], Credit],
    as_boss: Client,
    django_assert_num_queries: Any,
) -> None:
    for number in range(rows):
        keep(b"file %d" % number, of=more(f"Activity {number}"))
    as_boss.get(reverse("credentials:reviews"))

    with django_assert_num_queries(6):
        page = as_boss.get(reverse("credentials:reviews")).content.decode()
    assert page.count("Activity ") >= rows


@pytest.mark.parametrize("rows", [1, 3])
def test_review_costs_the_same_at_one_file_and_at_three(
    rows: int, keep: Keep, credit: Credit, as_boss: Client, django_assert_num_queries: Any
) -> None:
    for number in range(rows):
        keep(b"file %d" % number)
    url = reverse("credentials:review", args=[credit.pk])
    as_boss.get(url)

    with django_assert_num_queries(14):
        as_boss.get(url)


# --- the pages ---------------------------------------------------------------------------------------------
def test_reviewer_approves_by_one_click_and_comes_to_the_next(
    keep: Keep, credit: Credit, more: Callable[[str], Credit], as_boss: Client, at: datetime
) -> None:
    other = more("Coding update")
    row, _next = keep(), keep(b"next", of=other, when=at + HOUR)
    url = reverse("credentials:review", args=[credit.pk])
    assert "Next that waits" in as_boss.get(url).content.decode()

    answer = as_boss.post(url, {"seen": row.pk, "verdict": "approved"}, follow=True)

    assert answer.redirect_chain == [(reverse("credentials:review", args=[other.pk]), 302)]
    assert "“Auditing” is approved." in answer.content.decode()
    assert state_of(credit) == "approved"


def test_reviewer_returns_with_a_reason_and_the_person_reads_it(
    keep: Keep, credit: Credit, as_boss: Client, as_student: Client
) -> None:
    row, url = keep(), reverse("credentials:review", args=[credit.pk])

    without = as_boss.post(url, {"seen": row.pk, "verdict": "returned"})
    answer = as_boss.post(url, {"seen": row.pk, "verdict": "returned", "reason": "The date is cut off"})

    assert without.status_code == 422 and "Say what is missing or wrong" in without.content.decode()
    assert answer["Location"] == reverse("credentials:reviews")
    page = as_student.get(reverse("credentials:credit", args=[credit.pk])).content.decode()
    assert "Returned by the reviewer" in page and "The date is cut off" in page
    assert "boss@example.com" not in page


def test_decision_about_other_files_shows_them_and_asks_again(
    keep: Keep, credit: Credit, as_boss: Client, at: datetime
) -> None:
    first = keep()
    second = keep(b"second", when=at + HOUR)
    url = reverse("credentials:review", args=[credit.pk])

    answer = as_boss.post(url, {"seen": first.pk, "verdict": "approved", "reason": "typed"})

    page = answer.content.decode()
    assert answer.status_code == 422 and "The files changed" in page and "typed" in page
    assert f'name="seen" value="{second.pk}"' in page
    assert as_boss.post(url, {"seen": second.pk, "verdict": "approved"}).status_code == 302


def test_look_of_staff_at_an_activity_is_written_to_the_log(
    keep: Keep, credit: Credit, as_boss: Client, boss: User, caplog: pytest.LogCaptureFixture
) -> None:
    keep()
    logging.getLogger("courses.credentials.views.reviews").setLevel("INFO")
    caplog.set_level("INFO")

    as_boss.get(reverse("credentials:review", args=[credit.pk]))

    said = next(one.msg for one in caplog.records if "activity_read_by_staff" in str(one.msg))
    assert isinstance(said, dict) and (said["credit"], said["reader"]) == (credit.pk, boss.pk)


def test_activity_page_shows_states_in_words(
    keep: Keep, credit: Credit, student: User, as_student: Client, at: datetime, tmp_path: Path
) -> None:
    remove_evidence(evidence=keep(), reason="The wrong scan", by=student, at=at)
    keep(b"second")
    add_evidence(credit=credit, file=taken(b"third", tmp_path), by=student, at=at)

    page = as_student.get(reverse("credentials:credit", args=[credit.pk])).content.decode()

    assert page.count("waiting for review") == 2
    assert "removed" in page and "The wrong scan" in page
    assert reverse("credentials:add_evidence", args=[credit.pk]) in page


def test_waiting_and_deciding_over_the_ledger_of_another_body_is_closed(
    keep: Keep, credit: Credit, record: Record, as_editor: Client
) -> None:
    keep()
    assert as_editor.get(reverse("credentials:reviews")).status_code == 404
    assert as_editor.get(reverse("credentials:review", args=[credit.pk])).status_code == 404
