"""B8: rows that raise, hang or end their sender block nobody and are given up after exactly eight claims."""

import time
from collections import Counter
from datetime import datetime, timedelta
from multiprocessing.context import ForkProcess

import pytest
from django.core.mail import EmailMessage
from django.db import connection

from accounts.models import User
from courses.reminders import outbox
from courses.reminders.delivery import deliver_due
from courses.reminders.models import Reminder, Urgency
from courses.reminders.outbox import ALONE_FROM, Tier
from courses.reminders.timing import MAX_ATTEMPTS
from tests.reminders.conftest import Queue
from tests.reminders.crowd import drill_rows, make_crowd
from tests.reminders.drill import Drill
from tests.reminders.sender import forked
from tests.reminders.smtp import Script


@pytest.mark.django_db
def test_poisoned_rows_do_not_block_the_others_and_fail_after_eight_claims(
    drill: Drill, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    rows = drill_rows(make_crowd(100), at=at)
    drill.poisoned = {rows[0].subject, rows[57].subject}
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


@pytest.mark.django_db
def test_fact_that_cannot_be_read_spoils_no_other(
    drill: Drill, at: datetime, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = drill_rows(make_crowd(10), at=at)
    read = drill.read

    def fail_for_one(reminders: list[Reminder], *, at: datetime) -> object:
        if any(one.pk == rows[3].pk for one in reminders):
            raise LookupError("no such fact")
        return read(reminders, at=at)

    monkeypatch.setattr(drill, "read", fail_for_one)
    done = deliver_due(at=at)
    assert (done.sent, done.retried) == (9, 1)
    rows[3].refresh_from_db()
    assert (rows[3].state, rows[3].last_error) == ("planned", "LookupError: no such fact")


@pytest.mark.django_db
def test_bundle_that_the_server_refuses_goes_apart_so_that_one_thing_takes_no_other_along(
    smtp: Script, drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    queue(student, 3)
    smtp.data = ["554 5.6.0 rejected"]
    assert deliver_due(at=at).retried == 3
    assert set(Reminder.objects.values_list("state", "attempts")) == {("planned", ALONE_FROM)}
    smtp.data = ["554 5.6.0 rejected"]  # it was the first
    done = deliver_due(at=at + timedelta(minutes=2))
    assert (done.failed, done.sent, done.mails) == (1, 2, 2)


@pytest.mark.django_db
def test_row_that_ends_its_sender_fails_after_eight_claims_and_takes_no_other_with_it(
    drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    queue(student, 10, urgency=Urgency.NEWS)  # so that no daily limit holds them back when they go alone
    claims, now = Counter(), at  # type: ignore[var-annotated]
    while Reminder.objects.filter(state="planned").exists():
        batch = next(
            rows for tier in Tier if (rows := outbox.claim(at=now, lease_until=now + outbox.LEASE, tier=tier))
        )
        if any(row.subject == "drill-0" for row in batch):  # the sender dies
            claims[len(batch)] += 1
            now += outbox.LEASE + timedelta(seconds=1)
            outbox.take_back_expired(at=now)
        else:
            outbox.release(batch[1:])
            outbox.finish(batch[:1], state=Reminder.State.CANCELLED)
    # together as the same mail, and in the end alone
    assert claims == {10: ALONE_FROM, 1: MAX_ATTEMPTS - ALONE_FROM}
    killer = Reminder.objects.get(subject="drill-0")
    assert (killer.state, killer.reason, killer.attempts) == ("failed", "exhausted", MAX_ATTEMPTS)
    assert set(Reminder.objects.exclude(pk=killer.pk).values_list("state", "attempts")) == {
        ("cancelled", ALONE_FROM + 1)
    }


@pytest.mark.fault
@pytest.mark.skipif(connection.vendor != "sqlite", reason="the fault is the same on either database")
@pytest.mark.django_db(transaction=True)
def test_rows_that_raise_hang_or_end_their_sender_among_three_hundred(
    smtp: Script, drill: Drill, at: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = drill_rows(make_crowd(300, never_quiet=True), at=at)
    raises, hangs, kills = (rows[n].subject for n in (50, 140, 230))
    special = f"poisoned:{raises}/slow:{hangs}/deadly:{kills}"
    killer = Reminder.objects.filter(subject=kills)
    began, epoch = time.monotonic(), time.time()

    def start() -> ForkProcess:
        return forked(lease=2, at=at, epoch=epoch, special=special)

    senders = [start() for _ in range(2)]
    deaths, others = 0, 0.0
    while time.monotonic() - began < 120:
        for place, sender in enumerate(senders):
            if sender.exitcode is not None:
                deaths += 1
                senders[place] = start()
        if not others and Reminder.objects.filter(state="sent").count() == 298:
            others = time.monotonic() - began
        if others and killer.get().state == "failed":
            break
        time.sleep(0.05)
    for sender in senders:
        sender.kill()
        sender.join()
    with capsys.disabled():
        print(f"\n298 others after {others:.1f} s, {deaths} senders died", end=" ")
    sent = Counter(str(mail["To"]) for mail in smtp.messages)
    assert others
    assert (len(sent), set(sent.values())) == (298, {1})
    assert deaths == MAX_ATTEMPTS
    dead = killer.get()
    assert (dead.state, dead.reason, dead.attempts) == ("failed", "exhausted", MAX_ATTEMPTS)
    waits = Reminder.objects.get(subject=raises)
    assert (waits.state, waits.last_error) == ("planned", "ValueError: poisoned by [email]")
