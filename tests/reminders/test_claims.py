"""B7: several senders at once, on whichever database the suite runs."""

from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier, current_thread
from typing import TypeVar

import pytest
from django.core.mail import EmailMessage
from django.db import connection

from courses.reminders import outbox
from courses.reminders.actions import plan
from courses.reminders.delivery import deliver_due
from courses.reminders.models import Reminder
from courses.reminders.outbox import Tier
from tests.conftest import MakePerson
from tests.reminders.crowd import drill_rows, make_crowd
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


def claim(at: datetime, tier: Tier = Tier.FRESH, most: int = outbox.PEOPLE) -> list[Reminder]:
    return outbox.claim(at=at, lease_until=at + outbox.LEASE, tier=tier, most=most)


def test_eight_claimers_share_five_thousand_rows_and_split_nobody(drill: Drill, at: datetime) -> None:
    people = make_crowd(2500)
    drill_rows(people, at=at, each=2)

    def claim_all() -> list[list[Reminder]]:
        batches = []
        # an empty claim may mean that the others hold what is left at this moment
        while batch := claim(at, most=20) or claim(at, most=20) or claim(at, most=20):
            batches.append(batch)
        return batches

    taken = [batches for batches in together(8, claim_all) if batches]
    rows = Counter(row.pk for batches in taken for batch in batches for row in batch)
    assert len(rows) == 5000
    assert set(rows.values()) == {1}
    claims = defaultdict(set)
    for batches in taken:
        for batch in batches:
            for row in batch:
                claims[row.user_id].add(row.lease_token)
    assert {len(tokens) for tokens in claims.values()} == {1}
    assert len(taken) > 1


def test_eight_senders_send_each_mail_once(
    drill: Drill, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    drill_rows(make_crowd(300), at=at, each=2)
    senders = set()

    def deliver() -> int:
        senders.add(current_thread().name)
        sent = 0
        for _ in range(20):
            sent += deliver_due(at=at, limit=100).sent
        return sent

    assert sum(together(8, deliver)) == 600
    assert Counter(mail.to[0] for mail in mailoutbox) == {f"p{n}@example.com": 1 for n in range(300)}
    assert len(senders) == 8


def test_nobody_takes_anything_for_a_person_whose_mail_another_holds(drill: Drill, at: datetime) -> None:
    people = make_crowd(2)
    drill_rows(people[:1], at=at)
    held = claim(at)
    drill_rows(people[:1], at=at, key="new", subject="new")
    drill_rows(people[1:], at=at)
    assert [row.user_id for row in claim(at)] == [people[1].pk]
    outbox.finish(held, state=Reminder.State.CANCELLED)
    assert [row.subject for row in claim(at)] == ["new"]


@pytest.mark.parametrize(
    ("attempts", "tier", "rows"), [(0, Tier.FRESH, 9), (1, Tier.TRIED, 3), (4, Tier.ALONE, 1)]
)
def test_rows_are_claimed_with_fewer_others_the_more_often_they_were_tried(
    attempts: int, tier: Tier, rows: int, drill: Drill, at: datetime
) -> None:
    drill_rows(make_crowd(3), at=at, each=3, attempts=attempts)
    for other in Tier:
        if other is not tier:
            assert claim(at, other) == []
    claimed = claim(at, tier)
    assert len(claimed) == rows
    assert {row.attempts for row in claimed} == {attempts + 1}


def test_claims_follow_urgency_and_then_time(drill: Drill, at: datetime) -> None:
    people = make_crowd(6)
    for number, (urgency, minute) in enumerate([(2, 0), (2, 5), (1, 3), (0, 9), (1, 1), (0, 4)]):
        drill_rows([people[number]], at=at - timedelta(minutes=minute), urgency=urgency)
    order = []
    while batch := claim(at, most=1):
        order += [people.index(row.user) for row in batch]
    assert order == [3, 5, 2, 4, 1, 0]


@pytest.mark.postgresql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_claims_of_many_wait_for_no_lock(drill: Drill, at: datetime) -> None:
    # a person's row that somebody else locks is passed over, not waited for
    from django.db import transaction

    from accounts.models import User

    people = make_crowd(3)
    drill_rows(people, at=at)
    with transaction.atomic():
        list(User.objects.filter(pk=people[0].pk).select_for_update())
        [found] = together(1, lambda: claim(at))
    assert {row.user_id for row in found} == {people[1].pk, people[2].pk}


def test_planners_together_plan_each_fact_once(drill: Drill, make_person: MakePerson, at: datetime) -> None:
    student = make_person()
    drill.facts = {f"f{n}": (student.pk, at.date()) for n in range(100)}
    together(3, lambda: plan(at=at))
    assert Reminder.objects.count() == 200  # by two channels
