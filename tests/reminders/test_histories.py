"""C3: whatever moves, a person gets at most one mail for each purpose and date."""

from collections.abc import Callable, Collection, Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.mail import EmailMessage
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples

from accounts.models import User
from courses.reminders.kinds import Candidate
from courses.reminders.models import Reminder, ReminderSettings
from tests.reminders.drill import Drill
from tests.reminders.histories import EVENTS, QUIET_EVENTS, Event, live, repeated, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def drill(drill: Drill, only_kinds: Callable[..., None]) -> Drill:
    """The drill kind and no other."""
    only_kinds(drill.key)
    return drill


START = datetime(2026, 11, 23, 15, tzinfo=UTC)
#: After the last deadline that a history can set.
END = START + timedelta(days=14)
TO_AND_FRO: list[Event] = [
    *[("deadline", 8), ("wait", 24), ("deadline", 9), ("wait", 24), ("deadline", 8), ("wait", 30)],
    *[("zone", "Pacific/Pago_Pago"), ("jump", -26), ("wait", 24), ("zone", "Pacific/Kiritimati")],
]
quickly = examples(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def begin_anew(student: User) -> None:
    """What the example before has left."""
    Reminder.objects.all().delete()
    ReminderSettings.objects.all().delete()
    student.reminder_preferences.all().delete()
    User.objects.filter(pk=student.pk).update(time_zone="UTC", is_active=True)


def check_told_once(history: list[Event], drill: Drill, student: User, outbox: list[EmailMessage]) -> None:
    begin_anew(student)
    outbox.clear()
    now = settle(live(history, drill, student, START), end=END, hours=12)
    assert repeated() == []
    sent = Reminder.objects.filter(state=Reminder.State.SENT)
    mails = [str(mail.extra_headers["Message-ID"]) for mail in outbox]
    assert sorted(mails) == sorted(set(sent.filter(channel="email").values_list("message_id", flat=True)))
    assert not Reminder.objects.due(now).exists()


def check_nothing_is_lost(history: list[Event], drill: Drill, student: User) -> None:
    begin_anew(student)
    settle(live(history, drill, student, START), end=START + timedelta(days=10))
    rows = Reminder.objects.filter(state=Reminder.State.SENT, channel="email").order_by("sent_at")
    assert list(rows.values_list("due_on", "step")) == [(date(2026, 12, 2), 7), (date(2026, 12, 2), 1)]
    for row in rows:
        assert row.sent_at is not None and row.sent_at >= row.not_before


@given(history=EVENTS)
@example(history=TO_AND_FRO)
@quickly
def test_whatever_moves_no_purpose_and_date_is_told_twice(
    history: list[Event], drill: Drill, student: User, mailoutbox: list[EmailMessage]
) -> None:
    check_told_once(history, drill, student, mailoutbox)


@given(history=QUIET_EVENTS)
@quickly
def test_moves_of_zone_and_hour_take_nothing_away(history: list[Event], drill: Drill, student: User) -> None:
    check_nothing_is_lost(history, drill, student)


def test_subject_that_names_the_moment_of_planning_is_noticed(
    drill: Drill, student: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault: each run of the planner gives the same fact another name."""
    honest, deadlines = Drill.candidates, Drill.deadlines

    def candidates(
        self: Drill, *, at: datetime, until: datetime, user_id: int | None = None
    ) -> Iterator[Candidate]:
        for one in honest(self, at=at, until=until, user_id=user_id):
            yield one._replace(subject=f"{one.subject}-{at:%d%H}")

    def deadlines_of_both(self: Drill, subjects: Collection[str]) -> dict[str, date]:
        found = deadlines(self, {subject.partition("-")[0] for subject in subjects})
        return {subject: found[subject.partition("-")[0]] for subject in subjects}

    monkeypatch.setattr(Drill, "candidates", candidates)
    monkeypatch.setattr(Drill, "deadlines", deadlines_of_both)
    settle(live([], drill, student, START), end=START + timedelta(days=3))
    assert repeated() != []
