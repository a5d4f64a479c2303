"""While the mail server is away nobody knocks at each tick, and everything waits as it was."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from courses.reminders import gate
from courses.reminders.delivery import deliver_due
from courses.reminders.models import MailGate, Reminder, Urgency
from tests.reminders.crowd import drill_rows, make_crowd
from tests.reminders.drill import Drill
from tests.reminders.smtp import Script

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def knocks(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often somebody opened a connection."""
    from courses.reminders.mailer import MailServer

    count: Counter[str] = Counter()
    really = MailServer._open

    def counted(self: MailServer) -> None:
        count["knocks"] += 1
        really(self)

    monkeypatch.setattr(MailServer, "_open", counted)
    return count


@pytest.fixture
def away(smtp: Script, settings: Settings) -> int:
    """The port of a server that nobody reaches yet."""
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    return port


def test_gate_stands_open_without_a_row(at: datetime) -> None:
    assert gate.ask(at=at) == gate.Gate()


def test_waits_double_up_to_two_minutes_and_one_sender_tries(at: datetime) -> None:
    gate.close(gate.ask(at=at), error="refused", at=at)
    waits = []
    for _ in range(6):
        row = MailGate.objects.get()
        waits.append((row.closed_until - at).total_seconds())
        assert gate.ask(at=row.closed_until - SECOND).is_closed
        at = row.closed_until
        mine, another = gate.ask(at=at), gate.ask(at=at)
        assert (mine.is_trial, another.is_closed) == (True, True)
        gate.close(mine, error="refused", at=at)
    assert waits == [15, 30, 60, 120, 120, 120]
    assert MailGate.objects.get().failures == 7


def test_senders_who_find_out_together_close_the_gate_once(at: datetime) -> None:
    first, second = gate.ask(at=at), gate.ask(at=at)
    gate.close(first, error="refused", at=at)
    gate.close(second, error="refused", at=at)
    assert MailGate.objects.get().failures == 1


def test_trial_whose_sender_died_is_somebody_elses_after_the_wait(at: datetime) -> None:
    gate.close(gate.ask(at=at), error="refused", at=at)
    assert gate.ask(at=at + 15 * SECOND).is_trial  # and is never heard of again
    assert gate.ask(at=at + 29 * SECOND).is_closed
    assert gate.ask(at=at + 30 * SECOND).is_trial


def test_ten_minutes_without_a_server_cost_few_knocks_no_attempt_and_no_order(
    smtp: Script, away: int, knocks: Counter[str], settings: Settings, drill: Drill, at: datetime
) -> None:
    people = make_crowd(60)
    drill_rows(people[:30], at=at)
    drill_rows(people[30:50], at=at + SECOND, urgency=Urgency.NEWS)
    drill_rows(people[50:], at=at + 2 * SECOND, urgency=Urgency.URGENT)
    for tick in range(2, 602, 5):  # as often as the bell rings
        assert deliver_due(at=at + tick * SECOND).is_paused
    # after 15, 30 and 60 s and then every two minutes, each at the next tick
    assert knocks["knocks"] == 7
    assert set(Reminder.objects.values_list("state", "attempts")) == {("planned", 0)}

    settings.EMAIL_PORT = away
    tick = 602
    while not (done := deliver_due(at=at + tick * SECOND)).sent:
        assert done.is_paused
        tick += 5
    assert tick < 602 + 120
    assert done.sent == 60
    assert not MailGate.objects.exists()
    went = [int(str(mail["To"]).partition("@")[0][1:]) for mail in smtp.messages]
    urgent, news, ordinary = went[:10], went[10:30], went[30:]
    assert set(urgent) == set(range(50, 60))
    assert set(news) == set(range(30, 50))
    assert set(ordinary) == set(range(30))


def test_server_that_lets_us_in_and_then_nobody_send_stays_behind_a_closed_gate(
    smtp: Script, drill: Drill, at: datetime
) -> None:
    drill_rows(make_crowd(3), at=at)
    waits = []
    for _ in range(4):
        smtp.mail = ["530 5.7.0 authenticate first"]
        assert deliver_due(at=at).is_paused
        row = MailGate.objects.get()
        waits.append((row.closed_until - at).total_seconds())
        at = row.closed_until
    assert waits == pytest.approx([15, 30, 60, 120], abs=0.5)
    # on trial one person's mail is enough to find out
    assert len(smtp.commands) == 2 * 4
    assert deliver_due(at=at).sent == 3
