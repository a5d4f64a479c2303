"""The reminder of journey step 5, from a recorded credential to the mailbox."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.mail import EmailMessage
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from courses.catalog.models import Body, Certification
from courses.credentials.actions import add_credit, record_credential
from courses.credentials.models import CredentialHeld, Cycle
from courses.reminders.actions import Planned, plan
from courses.reminders.delivery import Delivered, deliver_due
from courses.reminders.models import Reminder
from courses.reminders.queries import next_moments
from courses.reminders.tasks import drain_reminders, plan_reminders
from tests.conftest import MakePerson
from tests.reminders.shipped import publish_shipped

pytestmark = pytest.mark.django_db
LAST_DAY = date(2027, 3, 31)
Record = Callable[..., CredentialHeld]


@pytest.fixture(autouse=True)
def shipped_template(db: None, only_kinds: Callable[..., None]) -> None:
    """The kind alone, with the mail that ships."""
    publish_shipped("ce_cycle_end")
    only_kinds("ce_cycle_end")


@pytest.fixture
def record(db: None) -> Record:
    """A person's CPC in a cycle that asks for 36 CEUs until ``last``."""

    def make(user: User, *, last: date = LAST_DAY, at: datetime) -> CredentialHeld:
        body, _ = Body.objects.get_or_create(key="aapc", defaults={"name": "AAPC", "short": "AAPC"})
        cpc, _ = Certification.objects.get_or_create(
            key="cpc", defaults={"body": body, "abbreviation": "CPC", "name": "CPC", "purpose": "x"}
        )
        return record_credential(
            user=user,
            certification=cpc,
            earned_on=date(2025, 4, 1),
            number="01234567",
            starts_on=date(2025, 4, 1),
            ends_on=last + timedelta(days=1),
            required=Decimal(36),
            at=at,
        )

    return make


@pytest.fixture
def york(make_person: MakePerson) -> User:
    return make_person(time_zone="America/New_York")


def test_reminder_arrives_at_nine_local_with_link_and_reason(
    record: Record, york: User, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    cycle = record(york, at=at - timedelta(days=30)).cycles.get()
    nine = datetime(2027, 3, 24, 13, tzinfo=UTC)  # 09:00 EDT, after the change of the clock
    assert plan(at=nine - timedelta(hours=40)) == Planned(inserted=2)  # a mail, and a line in the inbox
    assert deliver_due(at=nine - timedelta(seconds=1)) == Delivered()
    assert deliver_due(at=nine) == Delivered(sent=2, mails=1, inbox=1)
    (mail,) = mailoutbox
    assert mail.subject == "CPC by 31 Mar 2027: 7 days left, 36 CEUs short"
    assert len(mail.subject) < 60
    assert "(number 01234567) ends Wed 31 Mar 2027, 7 days from now" in mail.body
    assert f"http://localhost:8000/credentials/cycles/{cycle.pk}/" in mail.body
    assert "because you recorded CPC here" in mail.body
    assert str(mail.alternatives[0].content).count('class="button"') == 1


def test_every_step_goes_once_over_a_cycle(
    record: Record, york: User, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    start = datetime(2026, 9, 1, 12, tzinfo=UTC)
    record(york, at=start)
    for day in range(240):
        for hour in (2, 14):
            now = start + timedelta(days=day, hours=hour)
            plan(at=now)
            deliver_due(at=now)
    for channel in ("email", "inbox"):
        sent = Reminder.objects.filter(state="sent", channel=channel).order_by("sent_at")
        assert [(row.step, row.due_on) for row in sent] == [
            (n, LAST_DAY) for n in (180, 90, 60, 30, 14, 7, 1)
        ]
    assert [mail.subject.split(":")[1].split(",")[0] for mail in mailoutbox] == [
        *(" 180 days left", " 90 days left", " 60 days left", " 30 days left", " 14 days left"),
        *(" 7 days left", " 1 day left"),
    ]


def test_cycle_recorded_late_brings_one_reminder_at_once(
    record: Record, york: User, mailoutbox: list[EmailMessage]
) -> None:
    now = datetime(2027, 3, 11, 16, tzinfo=UTC)  # 20 days left
    record(york, at=now)
    assert plan(at=now) == Planned(inserted=2)
    assert deliver_due(at=now).mails == 1
    assert {row.step for row in Reminder.objects.all()} == {30}
    assert mailoutbox[0].subject == "CPC by 31 Mar 2027: 20 days left, 36 CEUs short"


def test_complete_cycle_is_not_reminded(
    record: Record, york: User, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    held = record(york, at=at)
    now = datetime(2027, 3, 24, 13, tzinfo=UTC)
    plan(at=now)
    add_credit(
        user=held.user, title="Course", completed_on=date(2026, 11, 20), ceus=Decimal(36), by=york, at=at
    )
    assert deliver_due(at=now).cancelled == 2
    assert {row.reason for row in Reminder.objects.all()} == {"done"}
    assert mailoutbox == []
    assert "ce_cycle_end" not in next_moments(york, at=now)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda: Cycle.objects.update(ends_on=date(2027, 5, 1)), "moved"),
        (lambda: CredentialHeld.objects.update(status="retired"), "retired"),
        (lambda: Cycle.objects.all().delete(), "closed"),
    ],
)
def test_cycle_that_changed_after_planning_is_not_reminded(
    change: Callable[[], object], reason: str, record: Record, york: User, at: datetime
) -> None:
    record(york, at=at)
    now = datetime(2027, 3, 24, 13, tzinfo=UTC)
    plan(at=now)
    change()
    assert deliver_due(at=now).cancelled == 2
    assert {row.reason for row in Reminder.objects.all()} == {reason}


def test_moved_cycle_cancels_what_is_planned_and_plans_its_new_steps(
    record: Record, york: User, at: datetime
) -> None:
    record(york, at=at)
    now = datetime(2027, 3, 23, 13, tzinfo=UTC)
    assert plan(at=now) == Planned(inserted=2)
    Cycle.objects.update(ends_on=date(2027, 4, 2))
    assert plan(at=now) == Planned(inserted=2, cancelled=2)
    row = Reminder.objects.get(state="planned", channel="email")
    assert (row.due_on, row.step, row.not_before) == (
        date(2027, 4, 1),
        7,
        datetime(2027, 3, 25, 13, tzinfo=UTC),
    )


def test_lapsed_and_past_cycles_are_not_planned(record: Record, york: User, at: datetime) -> None:
    record(york, at=at)
    assert plan(at=datetime(2027, 4, 1, 12, tzinfo=UTC)) == Planned()
    CredentialHeld.objects.update(status="lapsed")
    assert plan(at=datetime(2027, 3, 24, 13, tzinfo=UTC)) == Planned()


def test_next_moment_is_foreseen(record: Record, york: User, at: datetime) -> None:
    record(york, at=at)
    assert next_moments(york, at=at)["ce_cycle_end"] == at  # recorded late: the step of 180 days goes now
    plan(at=at)
    deliver_due(at=at)
    assert next_moments(york, at=at)["ce_cycle_end"] == datetime(2026, 12, 31, 14, tzinfo=UTC)


@pytest.mark.parametrize("count", [1, 3])
def test_planning_asks_the_same_number_of_questions(
    count: int,
    record: Record,
    make_person: MakePerson,
    at: datetime,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for n in range(count):
        record(make_person(f"p{n}@example.com"), at=at)
    plan(at=at)
    with django_assert_num_queries(12):
        plan(at=at)


def test_tasks_plan_and_deliver(
    record: Record, york: User, at: datetime, mailoutbox: list[EmailMessage], time_machine: object
) -> None:
    record(york, at=at)
    time_machine.move_to(at)  # type: ignore[attr-defined]  # the fixture has no public type
    plan_reminders()
    drain_reminders()
    drain_reminders()
    assert len(mailoutbox) == 1
