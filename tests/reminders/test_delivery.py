"""From a due row to a mailbox or an inbox: what goes, what does not, and what it costs."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import User
from courses.reminders import outbox
from courses.reminders.actions import NotFailed, requeue, save_preference, suppress_address
from courses.reminders.addresses import message_id
from courses.reminders.delivery import deliver_due
from courses.reminders.models import (
    MailTemplateRevision,
    Preference,
    Reason,
    Reminder,
    ReminderSettings,
    Urgency,
)
from courses.reminders.queries import facts_about, judge
from courses.reminders.timing import Hours
from tests.reminders.conftest import Queue
from tests.reminders.crowd import drill_rows, make_crowd
from tests.reminders.drill import Drill

pytestmark = pytest.mark.django_db


def wish(user: User, **fields: object) -> None:
    ReminderSettings.objects.update_or_create(user=user, defaults=fields)


def test_due_reminder_is_sent_once_and_stamped(
    drill: Drill, student: User, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    (reminder,) = queue(student)
    assert deliver_due(at=at).sent == 1
    assert deliver_due(at=at).claimed == 0
    reminder.refresh_from_db()
    assert [mail.to for mail in mailoutbox] == [["sam@example.com"]]
    assert (reminder.state, reminder.sent_at, reminder.attempts) == ("sent", at, 1)
    assert reminder.message_id == message_id([reminder.key]) == mailoutbox[0].extra_headers["Message-ID"]
    assert reminder.template_revision == MailTemplateRevision.objects.get()
    assert reminder.said == drill.sample_context() | {"what": "Drill drill-0"}


def test_reminder_before_its_moment_waits(
    drill: Drill, student: User, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    queue(student, not_before=at + timedelta(seconds=1))
    assert deliver_due(at=at).claimed == 0
    assert mailoutbox == []


def test_delivery_can_be_for_some_people_alone(drill: Drill, at: datetime) -> None:
    first, second = make_crowd(2)
    drill_rows([first, second], at=at)
    assert deliver_due(at=at, people=[second.pk]).sent == 1
    assert Reminder.objects.get(state="sent").user == second


# --- B11 ----------------------------------------------------------------------------------------------
def suspend(user: User, drill: Drill, at: datetime) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def lose_verification(user: User, drill: Drill, at: datetime) -> None:
    EmailAddress.objects.filter(user=user).update(verified=False)


def change_address(user: User, drill: Drill, at: datetime) -> None:
    User.objects.filter(pk=user.pk).update(email="new@example.com")


def suppress(user: User, drill: Drill, at: datetime) -> None:
    suppress_address(email=user.email.upper(), reason="550 5.1.1", at=at)


def turn_off(user: User, drill: Drill, at: datetime) -> None:
    save_preference(user=user, kind="drill", is_on=False, at=at)


def be_off_by_default(user: User, drill: Drill, at: datetime) -> None:
    drill.on_by_default = ("inbox",)  # type: ignore[misc]  # this one object, in this test


def finish_it(user: User, drill: Drill, at: datetime) -> None:
    drill.untrue = {f"drill-{n}": Reason.DONE for n in range(20)}


def move_it(user: User, drill: Drill, at: datetime) -> None:
    drill.untrue = {f"drill-{n}": Reason.MOVED for n in range(20)}


def retire_it(user: User, drill: Drill, at: datetime) -> None:
    drill.untrue = {f"drill-{n}": Reason.RETIRED for n in range(20)}


def unenrol(user: User, drill: Drill, at: datetime) -> None:
    drill.gone = {f"drill-{n}" for n in range(20)}


def expire(user: User, drill: Drill, at: datetime) -> None:
    Reminder.objects.update(expires_at=at)


FLIPS = [
    (suspend, Reason.INACTIVE),
    (lose_verification, Reason.UNVERIFIED),
    (change_address, Reason.UNVERIFIED),
    (suppress, Reason.SUPPRESSED),
    (turn_off, Reason.OFF),
    (be_off_by_default, Reason.OFF),
    (finish_it, Reason.DONE),
    (move_it, Reason.MOVED),
    (retire_it, Reason.RETIRED),
    (unenrol, Reason.CLOSED),
    (expire, Reason.EXPIRED),
]


@pytest.mark.parametrize(("flip", "reason"), FLIPS)
def test_nothing_is_sent_when_the_world_changed_after_planning(
    flip: Callable[[User, Drill, datetime], None],
    reason: Reason,
    drill: Drill,
    student: User,
    queue: Queue,
    at: datetime,
    mailoutbox: list[EmailMessage],
) -> None:
    queue(student, 20)
    flip(student, drill, at)
    assert deliver_due(at=at).cancelled == 20
    assert mailoutbox == []
    assert set(Reminder.objects.values_list("state", "reason")) == {("cancelled", reason)}


def test_judge_would_let_a_suppressed_one_go_if_it_did_not_ask(
    drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    # the planted fault: facts read before the world changed
    rows = queue(student)
    stale = facts_about(rows, at=at)
    suppress(student, drill, at)
    assert judge(rows[0], stale, at=at).goes
    assert judge(rows[0], facts_about(rows, at=at), at=at).reason == Reason.SUPPRESSED


# --- hours, pauses, what an operator has to bring -----------------------------------------------------
def test_reminder_in_quiet_hours_waits_until_morning_without_using_an_attempt(
    drill: Drill, student: User, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    (reminder,) = queue(student, urgency=Urgency.URGENT)
    evening = at.replace(hour=20)
    assert deliver_due(at=evening).postponed == 1
    reminder.refresh_from_db()
    morning = evening.replace(hour=8) + timedelta(days=1)
    assert (reminder.state, reminder.not_before, reminder.attempts) == ("planned", morning, 0)
    assert deliver_due(at=morning).sent == 1
    assert len(mailoutbox) == 1


def test_reminder_on_a_weekend_waits_for_monday_where_weekends_are_off(
    drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    wish(student, weekends=Hours(weekends=False).weekends)
    saturday = at.replace(day=28)
    (reminder,) = queue(student, not_before=saturday)
    assert deliver_due(at=saturday).postponed == 1
    reminder.refresh_from_db()
    assert reminder.not_before == (saturday + timedelta(days=2)).replace(hour=9)


def test_paused_person_gets_everything_on_the_first_day_after_at_their_hour(
    drill: Drill, student: User, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    User.objects.update(time_zone="America/Chicago")
    wish(student, paused_until=date(2026, 11, 27), hour=10)
    queue(student, 3)
    queue(student, first=3, urgency=Urgency.URGENT)
    assert deliver_due(at=at).postponed == 4
    back = datetime.fromisoformat("2026-11-27T10:00-06:00")
    assert set(Reminder.objects.values_list("state", "reason", "not_before", "attempts")) == {
        ("planned", "paused", back, 0)
    }
    assert deliver_due(at=back - timedelta(seconds=1)).claimed == 0
    assert deliver_due(at=back).sent == 4
    assert len(mailoutbox) == 1


def test_pause_that_is_over_holds_nothing_back(
    drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    wish(student, paused_until=at.date())
    queue(student)
    assert deliver_due(at=at).sent == 1


def test_reminder_without_a_live_template_waits_and_then_goes(
    bare_drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    (reminder,) = queue(student)
    assert deliver_due(at=at).postponed == 1
    reminder.refresh_from_db()
    assert (reminder.state, reminder.reason, reminder.attempts) == ("planned", "no_template", 0)


def test_reminder_of_a_kind_no_longer_in_the_code_waits(student: User, queue: Queue, at: datetime) -> None:
    (reminder,) = queue(student, kind="gone")
    assert deliver_due(at=at).postponed == 1
    reminder.refresh_from_db()
    assert reminder.reason == "unknown_kind"


# --- inbox --------------------------------------------------------------------------------------------
def test_inbox_is_filled_at_night_during_a_pause_and_without_a_verified_address(
    drill: Drill, student: User, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    wish(student, paused_until=date(2026, 12, 24))
    lose_verification(student, drill, at)
    suppress(student, drill, at)
    night = at.replace(hour=23)
    rows = queue(student, 3, channel="inbox")
    done = deliver_due(at=night)
    assert (done.sent, done.inbox, done.mails) == (3, 3, 0)
    assert mailoutbox == []
    for number, row in enumerate(rows):
        row.refresh_from_db()
        assert (row.state, row.sent_at, row.message_id, row.read_at) == ("sent", night, "", None)
        assert row.said == drill.sample_context() | {"what": f"Drill drill-{number}"}
        assert row.template_revision == MailTemplateRevision.objects.get()


@pytest.mark.parametrize("flip", [suspend, finish_it, unenrol, expire])
def test_inbox_gets_nothing_that_is_not_true_any_more(
    flip: Callable[[User, Drill, datetime], None], drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    queue(student, 5, channel="inbox")
    flip(student, drill, at)
    assert deliver_due(at=at).cancelled == 5
    assert not Reminder.objects.in_inbox().exists()


def test_inbox_gets_nothing_of_a_kind_turned_off_there(
    drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    Preference.objects.create(user=student, kind="drill", channel="inbox", is_on=False, changed_at=at)
    queue(student, channel="inbox")
    queue(student, first=1)
    done = deliver_due(at=at)
    assert (done.cancelled, done.sent, done.mails) == (1, 1, 1)


def test_one_inbox_row_that_cannot_be_said_spoils_no_other(
    drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    queue(student, 10, channel="inbox")
    drill.poisoned = {"drill-4"}
    done = deliver_due(at=at)
    assert (done.inbox, done.retried) == (9, 1)
    assert Reminder.objects.get(subject="drill-4").last_error == "ValueError: poisoned by [email]"


def test_inbox_is_filled_while_the_mail_server_is_away(
    drill: Drill, student: User, queue: Queue, at: datetime, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    queue(student, channel="inbox")
    queue(student, first=1)
    done = deliver_due(at=at)
    assert (done.inbox, done.mails, done.is_paused) == (1, 0, True)


# --- leases -------------------------------------------------------------------------------------------
def test_row_whose_lease_was_taken_over_is_not_stamped_by_the_first_sender(
    drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    queue(student)
    slow = outbox.claim(at=at, lease_until=at + outbox.LEASE)
    later = at + timedelta(seconds=301)
    outbox.take_back_expired(at=later)
    quick = outbox.claim(at=later, lease_until=later + outbox.LEASE, tier=outbox.Tier.TRIED)
    assert [row.pk for row in slow] == [row.pk for row in quick]
    assert outbox.renew(slow, until=later + outbox.LEASE) == []
    assert outbox.finish(slow, state=Reminder.State.CANCELLED) == 0
    assert outbox.finish(quick, state=Reminder.State.CANCELLED) == 1


def test_lease_that_runs_out_is_renewed_before_the_next_mail(drill: Drill, at: datetime) -> None:
    # each text takes 0.2 s and a lease holds 0.5 s: without renewal the last ones would be taken over
    drill_rows(make_crowd(5), at=at)
    drill.hangs = dict.fromkeys(Reminder.objects.values_list("subject", flat=True), 0.2)
    with CaptureQueriesContext(connection) as queries:
        done = deliver_due(at=at, lease=timedelta(seconds=0.5))
    assert (done.sent, done.lost) == (5, 0)
    assert sum('SET "lease_until"' in one["sql"] for one in queries) >= 2


def test_mail_whose_lease_was_taken_over_meanwhile_is_not_sent(
    drill: Drill, at: datetime, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    # a machine that slept: another sender took the rows while the first one's text was being made
    first, second = drill_rows(make_crowd(2), at=at)
    say = drill.context

    def sleep_once(reminder: Reminder, fact: str, *, at: datetime) -> dict[str, str]:
        if reminder.pk == first.pk:
            drill.hangs[first.subject] = 0.4
            Reminder.objects.filter(pk=second.pk).update(lease_token="0" * 32)
        return say(reminder, fact, at=at)

    monkeypatch.setattr(drill, "context", sleep_once)
    done = deliver_due(at=at, lease=timedelta(seconds=0.6))
    assert (done.sent, done.lost) == (1, 1)
    assert [mail.to for mail in mailoutbox] == [[first.user.email]]


def test_asked_to_end_gives_back_what_is_unsent_without_an_attempt(
    drill: Drill, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    drill_rows(make_crowd(10), at=at)
    done = deliver_due(at=at, is_over=lambda: len(mailoutbox) >= 3)
    assert done.sent == 3
    states = Reminder.objects.order_by("state").values_list("state", "attempts", "lease_token")
    assert list(states) == [("planned", 0, None)] * 7 + [("sent", 1, None)] * 3


def test_sender_that_is_ended_in_the_middle_gives_back_the_rest(
    drill: Drill, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = drill_rows(make_crowd(4), at=at)

    def end(reminder: Reminder, fact: str, *, at: datetime) -> dict[str, str]:
        raise SystemExit

    monkeypatch.setattr(drill, "context", end)
    with pytest.raises(SystemExit):
        deliver_due(at=at)
    for row in rows:
        row.refresh_from_db()
        assert (row.state, row.attempts) == ("planned", 0)


def test_requeued_reminder_goes_again_and_only_a_failed_one_can(
    drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    (failed,) = queue(student, state="failed", attempts=8, reason="exhausted", last_error="x")
    requeue(reminder=failed, at=at)
    assert deliver_due(at=at).sent == 1
    with pytest.raises(NotFailed):
        requeue(reminder=failed, at=at)


def test_backlog_is_measured_by_its_oldest_row(student: User, queue: Queue, at: datetime) -> None:
    assert Reminder.objects.oldest_due(at) is None
    (oldest,) = queue(student, not_before=at - timedelta(minutes=20))
    queue(student, 3, first=1)
    assert Reminder.objects.oldest_due(at) == oldest


# --- what it costs ------------------------------------------------------------------------------------
LOOKS = 20


@pytest.mark.parametrize(("people", "each"), [(1, 1), (3, 1), (50, 1), (3, 3)])
def test_delivery_stamps_once_a_mail_and_asks_a_constant_number_of_questions(
    people: int, each: int, drill: Drill, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    drill_rows(make_crowd(people), at=at, each=each)
    deliver_due(at=at, people=[0])  # what a process reads once is nobody's cost
    with CaptureQueriesContext(connection) as queries:
        deliver_due(at=at)
    assert len(mailoutbox) == people
    said = [one["sql"] for one in queries if "SAVEPOINT" not in one["sql"]]
    stamps = [sql for sql in said if "SET state = 'sent'" in sql.replace('"', "")]
    assert len(stamps) == people
    assert len(said) - len(stamps) == LOOKS


def test_a_batch_of_fifty_costs_less_than_half_a_question_a_mail() -> None:
    assert LOOKS <= outbox.PEOPLE / 2
