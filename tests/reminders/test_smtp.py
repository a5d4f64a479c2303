"""What each answer of a real mail server does to a reminder."""

from dataclasses import astuple
from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from accounts.models import User
from courses.reminders.delivery import Delivered, deliver_due
from courses.reminders.models import Reminder, Suppression
from courses.reminders.queries import is_suppressed
from tests.conftest import MakePerson
from tests.reminders.conftest import Queue
from tests.reminders.drill import Drill
from tests.reminders.smtp import Script

pytestmark = pytest.mark.django_db


def outcome(reminder: Reminder) -> tuple[str, str, int]:
    reminder.refresh_from_db()
    return reminder.state, reminder.reason, reminder.attempts


def test_many_mails_go_over_one_connection(
    smtp: Script, drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    queue(student, 25)
    assert deliver_due(at=at).sent == 25
    assert (len(smtp.accepted), smtp.connections) == (25, 1)


@pytest.mark.parametrize(
    ("stage", "answer"),
    [
        ("mail", "451 4.3.0 try again"),
        ("rcpt", "450 4.2.1 greylisted, sam@example.com"),
        ("rcpt", "452 4.2.2 mailbox full"),
        ("data", "451 4.3.2 not now"),
        ("data", "421 4.3.2 closing down"),
    ],
)
def test_temporary_refusal_is_tried_again_after_a_minute(
    stage: str, answer: str, smtp: Script, drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    (reminder,) = queue(student)
    getattr(smtp, stage).append(answer)
    assert deliver_due(at=at).retried == 1
    assert outcome(reminder) == ("planned", "", 1)
    assert reminder.not_before == at + timedelta(minutes=1)
    assert reminder.last_error == answer.replace("sam@example.com", "[email]")
    assert deliver_due(at=at + timedelta(seconds=59)).claimed == 0
    assert deliver_due(at=at + timedelta(minutes=1)).sent == 1
    assert len(smtp.accepted) == 1


@pytest.mark.parametrize(
    ("stage", "answer", "suppresses"),
    [
        ("rcpt", "550 5.1.1 no such user", True),
        ("rcpt", "553 5.1.3 bad address", True),
        ("rcpt", "550 5.7.1 not allowed", False),
        ("mail", "552 5.3.4 too big", False),
        ("data", "554 5.6.0 rejected", False),
    ],
)
def test_final_refusal_fails_and_a_bad_address_is_not_written_to_again(
    stage: str,
    answer: str,
    suppresses: bool,
    smtp: Script,
    drill: Drill,
    student: User,
    queue: Queue,
    at: datetime,
) -> None:
    first, second = queue(student, 2)
    getattr(smtp, stage).append(answer)
    deliver_due(at=at)
    assert outcome(first) == ("failed", "refused", 1)
    assert first.last_error == answer
    assert is_suppressed(student) is suppresses
    # at once, for the rest of the batch too
    assert outcome(second)[0] == ("cancelled" if suppresses else "sent")
    assert Suppression.objects.filter(reason__contains="@").count() == 0


def test_wrong_password_pauses_the_queue_and_uses_no_attempt(
    smtp: Script, settings: Settings, drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "us", "wrong"
    smtp.is_password_right = False
    (reminder,) = queue(student)
    for minute in range(20):
        assert astuple(deliver_due(at=at + timedelta(minutes=minute))) == astuple(Delivered(is_paused=True))
    assert outcome(reminder) == ("planned", "", 0)
    smtp.is_password_right = True
    assert deliver_due(at=at + timedelta(minutes=20)).sent == 1


def test_server_that_lets_nobody_send_pauses_the_queue(
    smtp: Script, drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    rows = queue(student, 3)
    smtp.mail.append("530 5.7.0 authenticate first")
    assert deliver_due(at=at).is_paused
    assert [outcome(row) for row in rows] == [("planned", "", 0)] * 3


def test_server_that_is_away_pauses_the_queue(
    settings: Settings, smtp: Script, drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1  # nobody listens there
    (reminder,) = queue(student)
    assert deliver_due(at=at).is_paused
    assert outcome(reminder) == ("planned", "", 0)
    settings.EMAIL_PORT = port
    assert deliver_due(at=at).sent == 1


def test_line_cut_after_the_message_sends_it_again_under_the_same_id_and_goes_on(
    smtp: Script, drill: Drill, make_person: MakePerson, queue: Queue, at: datetime
) -> None:
    smtp.drops = 1
    for n in range(5):
        queue(make_person(f"p{n}@example.com"), first=n)
    first = deliver_due(at=at)
    assert (first.retried, first.sent) == (1, 4)
    assert deliver_due(at=at + timedelta(minutes=1)).sent == 1
    ids = [str(message["Message-ID"]) for message in smtp.messages]
    assert (len(ids), len(set(ids))) == (6, 5)


def test_silent_server_costs_one_time_out_and_no_other_row(
    smtp: Script, settings: Settings, drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    queue(student, 3)
    smtp.hangs = 1
    done = deliver_due(at=at)
    assert (done.retried, done.sent) == (1, 2)
