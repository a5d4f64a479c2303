from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.mail import EmailMessage
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from courses.reminders import outbox
from courses.reminders.actions import (
    NotFailed,
    requeue,
    save_preference,
    save_settings,
    suppress_address,
)
from courses.reminders.addresses import message_id
from courses.reminders.delivery import deliver_due
from courses.reminders.models import MailTemplateRevision, Reason, Reminder
from courses.reminders.timing import MAX_ATTEMPTS, Hours
from tests.conftest import MakePerson
from tests.reminders.conftest import Queue
from tests.reminders.drill import Drill

pytestmark = pytest.mark.django_db


def test_due_reminder_is_sent_once_and_stamped(
    drill: Drill, student: User, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    (reminder,) = queue(student)
    assert deliver_due(at=at).sent == 1
    assert deliver_due(at=at).claimed == 0
    reminder.refresh_from_db()
    assert [mail.to for mail in mailoutbox] == [["sam@example.com"]]
    assert (reminder.state, reminder.sent_at, reminder.attempts) == ("sent", at, 1)
    assert reminder.message_id == message_id(reminder.key) == mailoutbox[0].extra_headers["Message-ID"]
    assert reminder.template_revision == MailTemplateRevision.objects.get()


def test_reminder_before_its_moment_waits(
    drill: Drill, student: User, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    queue(student, not_before=at + timedelta(seconds=1))
    assert deliver_due(at=at).claimed == 0
    assert mailoutbox == []


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


def finish_it(user: User, drill: Drill, at: datetime) -> None:
    drill.untrue = {f"drill-{n}": Reason.DONE for n in range(20)}


def move_it(user: User, drill: Drill, at: datetime) -> None:
    drill.untrue = {f"drill-{n}": Reason.MOVED for n in range(20)}


def expire(user: User, drill: Drill, at: datetime) -> None:
    Reminder.objects.update(expires_at=at)


FLIPS = [
    (suspend, Reason.INACTIVE),
    (lose_verification, Reason.UNVERIFIED),
    (change_address, Reason.UNVERIFIED),
    (suppress, Reason.SUPPRESSED),
    (turn_off, Reason.OFF),
    (finish_it, Reason.DONE),
    (move_it, Reason.MOVED),
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


def test_reminder_in_quiet_hours_waits_until_morning_without_using_an_attempt(
    drill: Drill, student: User, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    (reminder,) = queue(student)
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
    save_settings(user=student, hours=Hours(weekends=False), is_on={}, at=at)
    (reminder,) = queue(student)
    saturday = at + timedelta(days=5)
    assert deliver_due(at=saturday).postponed == 1
    reminder.refresh_from_db()
    assert reminder.not_before == (saturday + timedelta(days=2)).replace(hour=9)


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


def test_poisoned_rows_do_not_block_the_others_and_fail_after_eight_claims(
    drill: Drill, student: User, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    queue(student, 100)
    drill.poisoned = {"drill-0", "drill-57"}
    first = deliver_due(at=at, limit=200)
    assert (first.sent, first.retried) == (98, 2)
    assert len(mailoutbox) == 98
    # by day, as nights would only postpone
    for day in range(1, MAX_ATTEMPTS):
        deliver_due(at=at + timedelta(days=day))
    poisoned = Reminder.objects.filter(subject__in=drill.poisoned)
    assert set(poisoned.values_list("state", "reason", "attempts")) == {("failed", "exhausted", MAX_ATTEMPTS)}
    assert poisoned[0].last_error == "ValueError: poisoned by [email]"
    assert len(mailoutbox) == 98


def test_row_that_kills_its_sender_fails_after_eight_claims_and_takes_no_other_with_it(
    drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    queue(student, 10)
    for n in range(MAX_ATTEMPTS):  # the sender dies right after each claim of the first row
        now = at + timedelta(minutes=6 * n)
        outbox.take_back_expired(at=now)
        batch = outbox.claim(at=now, tried=n > 0)
        assert batch[0].subject == "drill-0"
        assert len(batch) == (1 if n else 10)
    after = at + timedelta(hours=1)
    done = deliver_due(at=after)
    assert done.sent == 9
    killer = Reminder.objects.get(subject="drill-0")
    assert (killer.state, killer.reason, killer.attempts) == ("failed", "exhausted", MAX_ATTEMPTS)


def test_row_whose_lease_was_taken_over_is_not_stamped_by_the_first_sender(
    drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    queue(student)
    (slow,) = outbox.claim(at=at)
    later = at + timedelta(seconds=301)
    outbox.take_back_expired(at=later)
    (quick,) = outbox.claim(at=later, tried=True)
    assert outbox.finish(slow, state=Reminder.State.CANCELLED) is False
    assert outbox.finish(quick, state=Reminder.State.CANCELLED) is True


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


@pytest.mark.parametrize("count", [1, 10])
def test_delivery_asks_a_constant_number_of_questions_about_a_batch(
    count: int,
    drill: Drill,
    make_person: MakePerson,
    queue: Queue,
    at: datetime,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for n in range(count):
        queue(make_person(f"p{n}@example.com"), first=n)
    # look, claim, facts, one stamp a mail, and two claims that find nothing
    with django_assert_num_queries(17 + count):
        deliver_due(at=at)
