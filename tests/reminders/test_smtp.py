"""B9, B10, B14: what each answer of a real mail server does to a reminder."""

import time
from collections import Counter
from dataclasses import astuple
from datetime import datetime, timedelta

import pytest
from aiosmtpd.smtp import SMTP
from pytest_django import Settings

from accounts.models import User
from courses.reminders import mailer
from courses.reminders.delivery import Delivered, deliver_due
from courses.reminders.models import MailGate, Reminder, Suppression
from courses.reminders.queries import is_suppressed
from tests.reminders.conftest import Queue
from tests.reminders.crowd import drill_rows, make_crowd
from tests.reminders.drill import Drill
from tests.reminders.smtp import Script

pytestmark = pytest.mark.django_db


def outcome(reminder: Reminder) -> tuple[str, str, int]:
    reminder.refresh_from_db()
    return reminder.state, reminder.reason, reminder.attempts


def test_many_mails_go_over_one_connection(smtp: Script, drill: Drill, at: datetime) -> None:
    drill_rows(make_crowd(25), at=at)
    assert deliver_due(at=at).sent == 25
    assert (len(smtp.accepted), smtp.connections) == (25, 1)


#: B9: stage, answer -> state, reason, attempts, whether the address is suppressed, whether the gate closes.
TABLE = [
    ("mail", "421 4.3.2 closing down", ("planned", "", 1), False, False),
    ("rcpt", "421 4.3.2 closing down", ("planned", "", 1), False, False),
    ("data", "421 4.3.2 closing down", ("planned", "", 1), False, False),
    ("rcpt", "450 4.2.1 greylisted, {address}", ("planned", "", 1), False, False),
    ("mail", "451 4.3.0 try again", ("planned", "", 1), False, False),
    ("data", "451 4.3.2 not now", ("planned", "", 1), False, False),
    ("rcpt", "452 4.2.2 mailbox full", ("planned", "", 1), False, False),
    ("rcpt", "550 5.1.1 no such user", ("failed", "refused", 1), True, False),
    ("rcpt", "553 5.1.3 bad address", ("failed", "refused", 1), True, False),
    ("rcpt", "550 5.7.1 not allowed", ("failed", "refused", 1), False, False),
    ("mail", "552 5.3.4 too big", ("failed", "refused", 1), False, False),
    ("data", "552 5.2.2 over quota", ("failed", "refused", 1), False, False),
    ("data", "554 5.6.0 rejected", ("failed", "refused", 1), False, False),
    ("mail", "530 5.7.0 authenticate first", ("planned", "", 0), False, True),
    ("rcpt", "535 5.7.8 who are you?", ("planned", "", 0), False, True),
    ("mail", "550 5.7.1 you may not send as that", ("planned", "", 0), False, True),
]


@pytest.mark.parametrize(("stage", "answer", "expected", "suppresses", "closes"), TABLE)
def test_each_answer_has_its_own_outcome(
    stage: str,
    answer: str,
    expected: tuple[str, str, int],
    suppresses: bool,
    closes: bool,
    smtp: Script,
    drill: Drill,
    at: datetime,
) -> None:
    first, other = make_crowd(2)
    (reminder,), (bystander,) = drill_rows([first], at=at), drill_rows([other], at=at)
    getattr(smtp, stage).append(answer.format(address=first.email))
    done = deliver_due(at=at)

    assert outcome(reminder) == expected
    assert is_suppressed(first) is suppresses
    assert (MailGate.objects.exists(), done.is_paused) == (closes, closes)
    # whatever was said to one says nothing to the next
    assert outcome(bystander) == (("planned", "", 0) if closes else ("sent", "", 1))
    if not closes:
        assert reminder.last_error == answer.format(address="[email]")
    assert not Suppression.objects.filter(reason__contains="@").exists()


@pytest.mark.parametrize(("stage", "answer"), [("rcpt", "450 4.2.1 greylisted"), ("data", "421 4.3.2 bye")])
def test_temporary_refusal_is_tried_again_after_a_minute(
    stage: str, answer: str, smtp: Script, drill: Drill, at: datetime
) -> None:
    people = make_crowd(8)
    rows = drill_rows(people, at=at)
    getattr(smtp, stage).extend([answer] * 8)
    assert deliver_due(at=at).retried == 8
    waits = {(row.refresh_from_db(), row.not_before - at)[1] for row in rows}
    assert min(waits) == timedelta(minutes=1)
    assert max(waits) < timedelta(seconds=66)
    assert len(waits) == 8  # not all come back at once
    assert deliver_due(at=at + timedelta(seconds=59)).claimed == 0
    assert deliver_due(at=at + timedelta(seconds=66)).sent == 8
    assert len(smtp.accepted) == 8


def test_wrong_password_pauses_the_queue_and_uses_no_attempt(
    smtp: Script, settings: Settings, drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "us", "wrong"
    smtp.is_password_right = False
    (reminder,) = queue(student)
    for minute in range(20):
        done = deliver_due(at=at + timedelta(minutes=minute))
        assert astuple(done) == astuple(Delivered(is_paused=True))
    assert outcome(reminder) == ("planned", "", 0)
    assert "wrong" not in MailGate.objects.get().error
    smtp.is_password_right = True
    assert deliver_due(at=at + timedelta(minutes=22)).sent == 1
    assert not MailGate.objects.exists()


def test_refusal_of_an_address_costs_all_that_was_for_it_and_nothing_else(
    smtp: Script, drill: Drill, at: datetime
) -> None:
    bad, good = make_crowd(2)
    drill_rows([bad], at=at, each=3)
    drill_rows([good], at=at)
    smtp.rcpt.append("550 5.1.1 no such user")
    done = deliver_due(at=at)
    assert (done.failed, done.sent) == (3, 1)
    drill_rows([bad], at=at, key="drill:again", subject="again")
    assert deliver_due(at=at).cancelled == 1


# --- B10 ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("each", [1, 3])
def test_line_cut_after_the_message_sends_it_again_under_the_same_id_and_goes_on(
    each: int, smtp: Script, drill: Drill, at: datetime
) -> None:
    people = make_crowd(5)
    drill_rows(people, at=at, each=each)
    smtp.drops = 1
    first = deliver_due(at=at)
    assert (first.retried, first.sent) == (each, 4 * each)
    assert deliver_due(at=at + timedelta(seconds=66)).sent == each
    ids = Counter(str(message["Message-ID"]) for message in smtp.messages)
    assert sorted(ids.values()) == [1, 1, 1, 1, 2]


def test_copy_has_the_same_id_though_part_of_it_was_not_due_yet(
    smtp: Script, drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    queue(student, 2)
    queue(student, first=2, not_before=at + timedelta(hours=20))
    smtp.drops = 1
    assert deliver_due(at=at).retried == 3
    assert deliver_due(at=at + timedelta(seconds=66)).sent == 3
    assert len(smtp.accepted) == 2
    assert len({message["Message-ID"] for message in smtp.messages}) == 1


def test_silent_server_costs_one_time_out_and_no_other_row(
    smtp: Script, settings: Settings, drill: Drill, at: datetime
) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    drill_rows(make_crowd(3), at=at)
    smtp.hangs = 1
    done = deliver_due(at=at)
    assert (done.retried, done.sent) == (1, 2)


def test_server_that_answers_a_letter_at_a_time_is_cut_off(
    smtp: Script, settings: Settings, drill: Drill, at: datetime
) -> None:
    # a slow loris: no single wait ever reaches the time-out
    settings.EMAIL_TIMEOUT = 0.3
    drill_rows(make_crowd(3), at=at)
    smtp.dribbles = 20.0
    began = time.monotonic()
    done = deliver_due(at=at)
    assert (done.retried, done.sent) == (1, 2)
    assert time.monotonic() - began < mailer.PATIENCE * settings.EMAIL_TIMEOUT + 2
    assert Reminder.objects.get(state="planned").attempts == 1


# --- B14 ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("is_offered", [False, True])
def test_server_that_refuses_to_encrypt_gets_no_word_in_clear(
    is_offered: bool,
    smtp: Script,
    settings: Settings,
    drill: Drill,
    student: User,
    queue: Queue,
    at: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.EMAIL_USE_TLS = True
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "us", "a-password"
    if is_offered:

        async def offer(self: SMTP, hostname: str) -> None:
            self.session.host_name = hostname  # type: ignore[union-attr]
            await self.push("250-here")
            await self.push("250 STARTTLS")

        async def refuse(self: SMTP, arg: str) -> None:
            smtp.commands.append("STARTTLS")
            await self.push("454 4.7.0 not now")

        monkeypatch.setattr(SMTP, "smtp_EHLO", offer)
        monkeypatch.setattr(SMTP, "smtp_STARTTLS", refuse)
    said: list[str] = []
    for name in ("smtp_MAIL", "smtp_AUTH", "smtp_RCPT", "smtp_DATA"):

        async def note(self: SMTP, arg: str, name: str = name) -> None:
            said.append(name)
            await self.push("250 OK")

        monkeypatch.setattr(SMTP, name, note)
    (reminder,) = queue(student)
    for second in (0, 16, 60):
        assert deliver_due(at=at + timedelta(seconds=second)).is_paused
    assert said == []
    assert smtp.accepted == []
    assert outcome(reminder) == ("planned", "", 0)
    assert smtp.commands.count("STARTTLS") == (3 if is_offered else 0)


def test_mail_would_go_in_clear_without_the_setting(
    smtp: Script, settings: Settings, drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    # the planted fault of the test above: the same server, nobody insists
    settings.EMAIL_USE_TLS = False
    queue(student)
    assert deliver_due(at=at).sent == 1
    assert "MAIL" in smtp.commands
