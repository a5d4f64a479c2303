"""When the monitor is to be woken, at moments that are passed in."""

from datetime import datetime, timedelta

import pytest

from accounts.models import User
from courses.jobs.models import Heartbeat
from courses.reminders.models import MailGate
from portal.pages.health import worker_state
from tests.reminders.conftest import Queue
from tests.reminders.drill import Drill

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
LATE = "the oldest due reminder is over 15 minutes late"
AWAY = "the mail server is away"
SILENT = "beat has not ticked for 5 minutes"


@pytest.fixture(autouse=True)
def _ticking(at: datetime) -> None:
    Heartbeat.objects.all().delete()
    Heartbeat.objects.create(name="drain_reminders", at=at)


def close_gate(since: datetime) -> None:
    MailGate.objects.create(failures=3, closed_at=since, closed_until=since + MINUTE, error="refused")


def test_nothing_due_is_green(at: datetime) -> None:
    assert worker_state(at=at).alarms == ()


@pytest.mark.parametrize(("minutes", "alarms"), [(15, ()), (16, (LATE,))])
def test_delivery_may_lag_for_fifteen_minutes(
    minutes: int, alarms: tuple[str, ...], drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    queue(student, not_before=at - minutes * MINUTE)

    state = worker_state(at=at)

    assert state.alarms == alarms
    assert state.punctuality.late_by == minutes * MINUTE


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "held"},
        {"reason": "paused", "not_before": datetime.max},
        {"reason": "quiet", "not_before": datetime.max},
        {"state": "failed"},
        {"state": "cancelled"},
    ],
    ids=lambda fields: f"{fields.get('state', fields.get('reason'))}",
)
def test_what_is_not_due_is_no_alarm(
    fields: dict[str, object], drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    waits = at + 600 * MINUTE if "not_before" in fields else at - 60 * MINUTE
    queue(student, **fields | {"not_before": waits})

    assert worker_state(at=at).alarms == ()


def test_sender_that_died_long_ago_is_late(drill: Drill, student: User, queue: Queue, at: datetime) -> None:
    token = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
    queue(
        student,
        state="leased",
        not_before=at - 20 * MINUTE,
        lease_token=token,
        lease_until=at - 15 * MINUTE,
    )

    assert worker_state(at=at).alarms == (LATE,)


@pytest.mark.parametrize(
    ("away", "late", "alarms"),
    [
        (14, 14, ()),  # went away a moment ago: all that waits does so for it
        (14, 29, ()),  # was 15 minutes late by then
        (14, 30, (LATE, AWAY)),  # was late before the server went
        (15, 16, (LATE, AWAY)),
        (600, 1, ()),  # closed long ago, and nothing had to go since
    ],
)
def test_mail_server_that_is_away_is_an_alarm_after_fifteen_minutes(
    away: int, late: int, alarms: tuple[str, ...], drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    close_gate(at - away * MINUTE)
    queue(student, not_before=at - late * MINUTE)

    state = worker_state(at=at)

    assert state.alarms == alarms
    assert state.punctuality.away_since == at - away * MINUTE


def test_inbox_does_not_wait_for_the_mail_server(
    drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    close_gate(at - MINUTE)
    queue(student, channel="inbox", not_before=at - 16 * MINUTE)

    assert worker_state(at=at).alarms == (LATE, AWAY)


@pytest.mark.parametrize(("minutes", "alarms"), [(5, ()), (6, (SILENT,))])
def test_beat_may_pause_for_five_minutes(minutes: int, alarms: tuple[str, ...], at: datetime) -> None:
    assert worker_state(at=at + minutes * MINUTE).alarms == alarms


def test_both_troubles_are_named(drill: Drill, student: User, queue: Queue, at: datetime) -> None:
    queue(student, not_before=at - MINUTE)

    assert worker_state(at=at + 20 * MINUTE).alarms == (SILENT, LATE)


def test_state_costs_three_statements_whatever_waits(
    drill: Drill, student: User, queue: Queue, at: datetime, django_assert_num_queries
) -> None:
    queue(student, 3)

    with django_assert_num_queries(3):
        worker_state(at=at)
