"""What goes together, what goes alone, and what waits for the next day: one mail, urgent first."""

from datetime import datetime, timedelta

import pytest
from django.core.mail import EmailMessage

from accounts.models import User
from courses.reminders import delivery
from courses.reminders.actions import plan
from courses.reminders.delivery import deliver_due
from courses.reminders.models import Reminder, ReminderSettings, Urgency
from tests.reminders.conftest import Queue
from tests.reminders.crowd import drill_rows, make_crowd
from tests.reminders.drill import Drill

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def told(mails: list[EmailMessage]) -> list[int]:
    """How many things each mail tells."""
    ids = [mail.extra_headers["Message-ID"] for mail in mails]
    return [Reminder.objects.filter(message_id=one).count() for one in ids]


def test_everything_due_within_a_day_becomes_one_mail_the_urgent_first(
    drill: Drill, student: User, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    queue(student, 2, not_before=at - HOUR)
    queue(student, first=2, not_before=at + 24 * HOUR)
    queue(student, first=3, urgency=Urgency.URGENT)
    queue(student, first=4, urgency=Urgency.NEWS, not_before=at + 3 * HOUR)
    done = deliver_due(at=at)
    assert (done.sent, done.mails, len(mailoutbox)) == (5, 1, 1)
    text = str(mailoutbox[0].body)
    assert mailoutbox[0].subject.startswith("Drill drill-3")
    places = [text.index(f"drill-{number}") for number in (3, 4, 0, 1, 2)]
    assert places == sorted(places)
    rows = Reminder.objects.all()
    assert {row.message_id for row in rows} == {mailoutbox[0].extra_headers["Message-ID"]}
    assert all(row.said and row.said["what"] == f"Drill {row.subject}" for row in rows)


@pytest.mark.parametrize(
    "fields",
    [
        {"not_before": timedelta(hours=24, seconds=1)},
        {"not_before": timedelta(hours=1), "urgency": Urgency.URGENT},
        {"not_before": timedelta(hours=1), "state": "held"},
        {"not_before": timedelta(hours=1), "channel": "inbox"},
    ],
)
def test_what_has_its_own_hour_does_not_come_along(
    fields: dict[str, object], drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    queue(student)
    (other,) = queue(student, first=1, **(fields | {"not_before": at + fields["not_before"]}))  # type: ignore[operator]
    assert deliver_due(at=at).sent == 1
    other.refresh_from_db()
    assert (other.state, other.attempts, other.not_before) == (
        fields.get("state", "planned"),
        0,
        at + fields["not_before"],  # type: ignore[operator]
    )


def test_urgent_one_goes_alone_when_nothing_else_is_due(
    drill: Drill, student: User, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    queue(student, urgency=Urgency.URGENT)
    queue(student, first=1, not_before=at + 25 * HOUR)
    assert deliver_due(at=at).sent == 1
    assert mailoutbox[0].subject.startswith("Drill drill-0")


def test_next_step_of_the_same_deadline_is_told_instead_and_not_beside(
    drill: Drill, student: User, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    (late,) = queue(student, step=14, key="a:14")
    (next_one,) = queue(student, step=7, key="a:7", not_before=at + 18 * HOUR)
    done = deliver_due(at=at)
    assert (done.sent, done.cancelled, len(mailoutbox)) == (1, 1, 1)
    late.refresh_from_db()
    next_one.refresh_from_db()
    assert (late.state, late.reason, next_one.state) == ("cancelled", "expired", "sent")


def test_nothing_goes_early_by_itself(
    drill: Drill, student: User, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    queue(student)
    (later,) = queue(student, first=1, not_before=at + HOUR)
    drill.gone = {"drill-0"}
    done = deliver_due(at=at)
    assert (done.cancelled, done.sent, mailoutbox) == (1, 0, [])
    later.refresh_from_db()
    assert (later.state, later.attempts, later.not_before) == ("planned", 0, at + HOUR)


def test_what_came_along_and_is_off_is_asked_again_at_its_own_hour(
    drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    queue(student)
    (later,) = queue(student, first=1, not_before=at + HOUR)
    drill.gone = {"drill-1"}
    assert deliver_due(at=at).sent == 1
    later.refresh_from_db()
    assert later.state == "planned"
    assert deliver_due(at=at + HOUR).cancelled == 1


def test_another_persons_mail_is_another_mail(
    drill: Drill, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    drill_rows(make_crowd(3), at=at, each=4)
    assert deliver_due(at=at).sent == 12
    assert [mail.to for mail in mailoutbox] == [[f"p{n}@example.com"] for n in range(3)]
    assert told(mailoutbox) == [4, 4, 4]


def test_words_that_cannot_be_made_are_left_out_and_tried_later(
    drill: Drill, student: User, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    queue(student, 4)
    drill.poisoned = {"drill-2"}
    done = deliver_due(at=at)
    assert (done.sent, done.retried) == (3, 1)
    assert told(mailoutbox) == [3]
    assert "drill-2" not in str(mailoutbox[0].body)


# --- the daily limit ----------------------------------------------------------------------------------
def test_third_ordinary_mail_of_a_day_waits_for_the_next_day_and_takes_along_what_is_due_then(
    drill: Drill, student: User, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    morning = at.replace(hour=9)
    for hour in range(4):
        queue(student, first=hour, not_before=morning + hour * HOUR)
        done = deliver_due(at=morning + hour * HOUR)
        assert (done.sent, done.postponed) == ((1, 0) if hour < 2 else (0, 1))
    waiting = Reminder.objects.filter(state="planned")
    tomorrow = morning + timedelta(days=1)
    assert set(waiting.values_list("reason", "not_before", "attempts")) == {("cap", tomorrow, 0)}
    queue(student, first=4, not_before=tomorrow + 2 * HOUR)
    assert deliver_due(at=tomorrow).sent == 3
    assert told(mailoutbox) == [1, 1, 3]


def test_urgent_ones_and_answers_are_outside_the_limit(
    drill: Drill, student: User, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    for hour, urgency in enumerate([2, 2, 2, Urgency.URGENT, Urgency.NEWS, Urgency.URGENT]):
        queue(student, first=hour, urgency=urgency, not_before=at.replace(hour=9 + hour))
    for hour in range(6):
        deliver_due(at=at.replace(hour=9 + hour))
    # the first took the next two and the answer along; urgent ones go at their own hour
    assert told(mailoutbox) == [4, 1, 1]
    queue(student, 2, first=10, not_before=at.replace(hour=15))
    queue(student, first=12, urgency=Urgency.URGENT, not_before=at.replace(hour=15))
    assert deliver_due(at=at.replace(hour=15)).mails == 1  # the second ordinary one
    queue(student, 2, first=20, not_before=at.replace(hour=16))
    queue(student, first=22, urgency=Urgency.NEWS, not_before=at.replace(hour=16))
    done = deliver_due(at=at.replace(hour=16))
    assert (done.sent, done.postponed) == (1, 2)


@pytest.mark.parametrize(("most", "mails"), [(1, 1), (2, 2), (5, 5)])
def test_person_says_how_many_a_day(
    most: int,
    mails: int,
    drill: Drill,
    student: User,
    queue: Queue,
    at: datetime,
    mailoutbox: list[EmailMessage],
) -> None:
    ReminderSettings.objects.create(user=student, most_a_day=most)
    for minute in range(8):
        moment = at + minute * timedelta(minutes=1)
        queue(student, first=minute, not_before=moment)
        deliver_due(at=moment)
    assert len(mailoutbox) == mails


def test_day_is_the_persons_own(
    drill: Drill, student: User, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    # in Auckland it is the 24th from 11:00 UTC on
    User.objects.update(time_zone="Pacific/Auckland")
    for number, hour in enumerate([0, 1, 2, 20, 21, 22]):
        moment = at.replace(hour=hour)
        queue(student, first=number, not_before=moment)
        deliver_due(at=moment)
    went = Reminder.objects.filter(state="sent").order_by("sent_at").values_list("sent_at", "subject")
    # the third of the 23rd waited for 09:00 of the 24th, which is 20:00, and went with the fourth
    assert [(sent_at.hour, subject) for sent_at, subject in went] == [
        (0, "drill-0"),
        (1, "drill-1"),
        (20, "drill-2"),
        (20, "drill-3"),
        (21, "drill-4"),
    ]


def test_one_mail_does_not_tell_everything_that_went_wrong(
    drill: Drill, student: User, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    queue(student, 100)
    done = deliver_due(at=at, limit=1000)
    assert told(mailoutbox) == [delivery.MOST_IN_A_MAIL] * 2
    assert done.postponed == 100 - 2 * delivery.MOST_IN_A_MAIL


def test_planner_that_asks_fifty_times_as_much_brings_no_more_mails_and_nothing_urgent_waits(
    drill: Drill, student: User, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    # B16: a kind gone mad: fifty deadlines a day for a week, each an hour of its own, and a real one
    monday = at.replace(hour=0)
    drill.facts = {
        f"mad-{day}-{number}": (student.pk, (monday + timedelta(days=7 + day)).date())
        for day in range(7)
        for number in range(50)
    }
    drill.facts["real"] = (student.pk, (monday + timedelta(days=3)).date())
    late = []
    for hour in range(7 * 24):
        now = monday + hour * HOUR
        if hour % 6 == 0:
            plan(at=now)
            # spread over the day, as a storm of many causes is
            for number, row in enumerate(
                Reminder.objects.filter(state="planned", attempts=0, step=7, reason="")
            ):
                Reminder.objects.filter(pk=row.pk).update(
                    not_before=row.not_before.replace(hour=8 + number % 12), reason="quiet"
                )
        deliver_due(at=now, limit=1000)
        late += list(
            Reminder.objects.filter(
                channel="email", urgency=Urgency.URGENT, state="planned", not_before__lt=now - HOUR
            )
        )
    assert late == []
    ordinary: dict[object, set[str]] = {}
    for row in Reminder.objects.filter(channel="email", state="sent", urgency=Urgency.ORDINARY):
        assert row.sent_at is not None
        ordinary.setdefault(row.sent_at.date(), set()).add(row.message_id)
    assert {len(mails) for mails in ordinary.values()} == {2}
    real = Reminder.objects.get(channel="email", subject="real", step=1)
    assert (real.state, real.sent_at) == ("sent", monday + timedelta(days=2, hours=9))
    # nothing is dropped: what did not fit waited and went with the next
    states = Reminder.objects.filter(channel="email", step=7).values_list("state", "reason")
    assert set(states) <= {("sent", ""), ("planned", "cap"), ("planned", "quiet")}
    assert len(states) == 351
