"""Recording several credentials at once: all or none, in any order, one cycle a body."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pytest

from accounts.models import User
from courses.catalog.models import Certification
from courses.credentials.actions.holding import CycleDates, Recorded, record_credentials
from courses.credentials.actions.refusals import RowRefused
from courses.credentials.models import CredentialHeld, Cycle
from courses.credentials.queries import standing_for_cycle
from tests.credentials.conftest import Record

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules")]
MARCH = CycleDates(renewal_month=3)
All = Callable[..., list[CredentialHeld]]


def row(key: str, earned_on: date = date(2020, 5, 4), **fields: str) -> Recorded:
    return Recorded(certification=Certification.objects.get(key=key), earned_on=earned_on, **fields)


@pytest.fixture
def record_all(student: User, at: datetime) -> All:
    def make(*rows: Recorded, **dates: CycleDates) -> list[CredentialHeld]:
        bodies = {one.certification.body.key: one.certification.body_id for one in rows}
        given = {bodies[key]: value for key, value in dates.items() if key in bodies}
        return record_credentials(user=student, rows=rows, dates=given, at=at)

    return make


def test_three_credentials_of_two_bodies_make_two_cycles(record_all: All, at: datetime) -> None:
    held = record_all(row("cpc"), row("cpma"), row("ccs", date(2025, 5, 4)), aapc=MARCH)

    assert [one.certification.key for one in held] == ["cpc", "cpma", "ccs"]
    aapc, ahima = Cycle.objects.order_by("body__key")
    assert (aapc.due_on, ahima.due_on) == (date(2027, 3, 31), date(2027, 5, 3))
    now = standing_for_cycle(aapc, at.date()).standing
    assert now.required == 40
    assert [(b.key, b.required) for b in now.buckets] == [("auditing", Decimal(16))]


def test_the_order_of_the_rows_does_not_matter(record_all: All) -> None:
    record_all(row("cpma", date(2026, 6, 1)), row("cpc", date(2020, 5, 4)), aapc=MARCH)

    assert Cycle.objects.get().starts_on == date(2025, 4, 1)  # a full cycle, by the older CPC


def test_an_older_credential_recorded_later_gives_the_cycle_its_first_day_back(record: Record) -> None:
    first = record("cpma", earned_on=date(2026, 6, 1))
    assert first.cycles.get().starts_on == date(2026, 6, 1)

    record("cpc", earned_on=date(2020, 5, 4))

    cycle = Cycle.objects.get()
    assert cycle.starts_on == date(2025, 4, 1)
    change = cycle.changes.get()
    assert (change.what, change.before, change.after) == ("starts_on", "2026-06-01", "2025-04-01")


def test_one_refused_row_leaves_nothing(record_all: All) -> None:
    with pytest.raises(RowRefused) as refused:
        record_all(row("cpc"), row("cpma", date(2030, 1, 1)), aapc=MARCH)

    assert (refused.value.row, refused.value.field) == (1, "earned_on")
    assert not CredentialHeld.objects.exists()
    assert not Cycle.objects.exists()


def test_a_body_without_its_dates_is_refused_by_the_row_that_needs_them(record_all: All) -> None:
    with pytest.raises(RowRefused) as refused:
        record_all(row("ccs", date(2025, 5, 4)), row("cpc"))

    assert (refused.value.row, refused.value.field) == (1, "renewal_month")


def test_the_same_credential_twice_is_refused(record_all: All) -> None:
    with pytest.raises(RowRefused) as refused:
        record_all(row("cpc"), row("cpc"), aapc=MARCH)

    assert refused.value.row == 1


def test_a_retired_one_needs_no_dates(record_all: All) -> None:
    record_all(row("cpc", status="retired"))

    assert not Cycle.objects.exists()


def test_only_credentials_with_a_mark_can_be_apprentices(record_all: All) -> None:
    with pytest.raises(RowRefused) as refused:
        record_all(row("cpma", status="apprentice"), aapc=MARCH)
    assert refused.value.field == "status"

    assert record_all(row("cpc", status="apprentice"), aapc=MARCH)[0].is_kept


def test_another_renewal_month_than_that_of_the_running_cycle_is_refused(record: Record) -> None:
    record("cpc")

    with pytest.raises(Exception, match="share one cycle") as refused:
        record("cpma", renewal_month=5)

    assert refused.value.field == "renewal_month"  # type: ignore[attr-defined]  # a DatesRefused


def test_unknown_requirement_of_a_body_is_asked_once(record_all: All) -> None:
    held = record_all(row("crcr"), hfma=CycleDates(ends_on=date(2027, 2, 1), required=Decimal(10)))

    assert held[0].cycles.get().required_override == 10


@pytest.mark.parametrize(("entered", "required"), [(36, 40), (44, 44)])
def test_number_entered_for_one_credential_does_not_hide_that_two_ask_for_more(
    record: Record, at: datetime, entered: int, required: int
) -> None:
    record("cpc", required=Decimal(entered))

    record("cpma")

    cycle = Cycle.objects.get()
    assert standing_for_cycle(cycle, at.date()).standing.required == required
    reasons = [one.reason for one in cycle.changes.filter(what="required")]
    assert reasons == (["The number was entered for fewer credentials."] if entered < required else [])
