"""Two senders at once, on whichever database the suite runs."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import TypeVar

import pytest
from django.core.mail import EmailMessage
from django.db import connection

from courses.reminders import outbox
from courses.reminders.actions import plan
from courses.reminders.delivery import deliver_due
from courses.reminders.models import Reminder
from tests.conftest import MakePerson
from tests.reminders.conftest import Queue
from tests.reminders.drill import Drill

T = TypeVar("T")

pytestmark = pytest.mark.django_db(transaction=True)


def together(count: int, work: Callable[[], T]) -> list[T]:
    ready = Barrier(count)

    def run() -> T:
        try:
            ready.wait()
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return [one.result() for one in [pool.submit(run) for _ in range(count)]]


def test_claimers_get_disjoint_rows(
    drill: Drill, make_person: MakePerson, queue: Queue, at: datetime
) -> None:
    queue(make_person(), 200)

    def claim_all() -> list[int]:
        rows: list[int] = []
        while batch := outbox.claim(at=at):
            rows += [row.pk for row in batch]
        return rows

    taken = Counter(pk for rows in together(4, claim_all) for pk in rows)
    assert len(taken) == 200
    assert set(taken.values()) == {1}


def test_senders_together_send_each_mail_once(
    drill: Drill, make_person: MakePerson, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    queue(make_person(), 120)
    done = together(3, lambda: deliver_due(at=at, limit=1000))
    assert sum(one.sent for one in done) == 120
    assert sum(one.lost for one in done) == 0
    ids = [mail.extra_headers["Message-ID"] for mail in mailoutbox]
    assert (len(ids), len(set(ids))) == (120, 120)


def test_planners_together_plan_each_fact_once(drill: Drill, make_person: MakePerson, at: datetime) -> None:
    student = make_person()
    drill.facts = {f"f{n}": (student.pk, at.date()) for n in range(100)}
    together(3, lambda: plan(at=at))
    assert Reminder.objects.count() == 100
