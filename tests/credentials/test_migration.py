"""What was in the ledger before it had chains is in it afterwards, every figure of it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError

from courses.credentials import sealing
from courses.credentials.actions.verifying import verify_ledgers
from courses.credentials.guards import missing_guards
from courses.credentials.models import Credit, Ledger, LedgerLink
from tests.migrating import latest, migrate, tables_after

BEFORE = ("credentials", "0001_initial")
AT = datetime(2026, 6, 1, 12, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture
def old(transactional_db: None) -> Iterator[Any]:
    """The tables as they were, and at the end as they are."""
    with tables_after(*BEFORE) as models:
        yield models


def rows(old: Any) -> tuple[int, int]:
    """Two people's rows: a course, an activity with its reversal, one that somebody else recorded."""

    def make(name: str, **fields: Any) -> Any:
        return old.get_model(*name.split(".")).objects.create(**fields)

    sam, kim = (make("accounts.User", email=f"{name}@example.org") for name in ("sam", "kim"))
    course = make(
        "catalog.Course", key="basics", title="Basics", summary="x", level="foundation", hours=1, ceus=2
    )
    completion = make(
        "progress.CourseCompletion",
        user=sam,
        course=course,
        title="Basics",
        ceus=2,
        minutes_read=33,
        completed_at=AT,
        completed_on=date(2026, 6, 1),
    )
    common = {"recorded_at": AT, "completed_on": date(2026, 2, 28)}
    own = {"source": "self_reported", "recorded_by": sam, "user": sam, "activity_key": "index:a1"} | common
    first = make(
        "credentials.Credit",
        kind="award",
        title="Webinar",
        provider="AAPC",
        index_number="A1",
        topics=["compliance"],
        minutes=75,
        ceus=Decimal("1.25"),
        **own,
    )
    make(
        "credentials.Credit",
        kind="reversal",
        title="Webinar",
        ceus=Decimal("-1.25"),
        reason="Twice",
        reverses=first,
        **own,
    )
    make(
        "credentials.Credit",
        kind="award",
        user=sam,
        title="Basics",
        provider="Crosswalk",
        activity_key="course:basics",
        ceus=2,
        minutes=33,
        source="our_course",
        course_completion=completion,
        **common,
    )
    make(
        "credentials.Credit",
        kind="award",
        user=kim,
        title="Talk",
        activity_key="own:ab#2",
        ceus=1,
        source="imported",
        recorded_by=sam,
        **common,
    )
    return sam.pk, kim.pk


def test_migration_keeps_every_figure_and_chains_it(old: Any) -> None:
    sam, kim = rows(old)

    migrate(*latest("credentials"))

    ledger = Ledger.objects.get(user=sam)
    first, taken_back, course = Credit.objects.filter(ledger=ledger).order_by("pk").with_words()
    key = sealing.activity_key(str(ledger.key), "index:a1")
    assert (first.kind, first.activity_key, first.activity, first.topics) == (
        "award",
        key,
        "other",
        ["compliance"],
    )
    assert (first.minutes, first.ceus, first.completed_on) == (75, Decimal("1.25"), date(2026, 2, 28))
    assert (first.recorded_at, first.source, first.is_stated) == (AT, "self_reported", True)
    words = first.detail
    assert (words.title, words.provider, words.index_number) == ("Webinar", "AAPC", "A1")
    assert (taken_back.ceus, taken_back.reverses, taken_back.detail.reason) == (
        Decimal("-1.25"),
        first,
        "Twice",
    )
    assert (course.activity, course.activity_key) == ("course", "course:basics")
    assert course.detail.course_completion is not None and course.detail.recorded_by is None
    theirs = Credit.objects.with_words().get(ledger__user=kim)
    assert theirs.detail.recorded_by_id == sam and theirs.activity_key.endswith("#2")
    assert (ledger.length, LedgerLink.objects.count(), Credit.objects.count()) == (3, 4, 4)
    assert list(verify_ledgers()) == []


def test_migration_guards_what_it_moved(old: Any) -> None:
    rows(old)

    migrate(*latest("credentials"))

    assert missing_guards() == []
    with pytest.raises(IntegrityError):
        Credit.objects.update(ceus=9)
