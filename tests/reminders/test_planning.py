import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from _pytest.logging import LogCaptureFixture
from django.core.mail import EmailMessage
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from courses.reminders import kinds
from courses.reminders.actions import Planned, plan, planning, save_preference, save_settings
from courses.reminders.delivery import deliver_due
from courses.reminders.kinds import Candidate
from courses.reminders.models import Reason, Reminder, ReminderSettings, Urgency
from courses.reminders.queries import next_moments
from courses.reminders.timing import Hours
from tests.conftest import MakePerson
from tests.reminders.drill import Drill

pytestmark = pytest.mark.django_db


def test_plan_twice_plans_once_by_each_channel(drill: Drill, student: User, at: datetime) -> None:
    drill.facts["a"] = (student.pk, at.date() + timedelta(days=8))
    assert plan(at=at) == Planned(inserted=2)
    assert plan(at=at) == Planned()
    rows = Reminder.objects.order_by("channel")
    stem = f"drill:a:{student.pk}:2026-12-01:7:"
    assert list(rows.values_list("key", "channel", "state", "urgency", "created_at")) == [
        (stem + "email", "email", "planned", Urgency.ORDINARY, at),
        (stem + "inbox", "inbox", "planned", Urgency.ORDINARY, at),
    ]
    assert {(row.not_before, row.expires_at) for row in rows} == {
        (datetime(2026, 11, 24, 9, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC))
    }


@pytest.mark.parametrize("count", [1, 3])
def test_plan_takes_as_many_queries_for_one_as_for_many(
    count: int,
    drill: Drill,
    make_person: MakePerson,
    at: datetime,
    only_kinds: Callable[..., None],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    only_kinds("drill")
    for n in range(count):
        drill.facts[f"f{n}"] = (make_person(f"p{n}@example.com").pk, at.date() + timedelta(days=8))
    # what waits (2), people, preferences, rows there are, a savepoint around the new ones (3), the tally (3)
    with django_assert_num_queries(11):
        assert plan(at=at).inserted == 2 * count
    with django_assert_num_queries(5):
        assert plan(at=at) == Planned()


def test_plan_of_many_takes_sets(
    drill: Drill,
    make_person: MakePerson,
    at: datetime,
    only_kinds: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    monkeypatch.setattr(planning, "SET", 100)
    only_kinds("drill")
    student = make_person()
    for n in range(250):
        drill.facts[f"f{n}"] = (student.pk, at.date() + timedelta(days=8))
    assert plan(at=at).inserted == 500
    # what waits; people, preferences and rows of three sets
    with django_assert_num_queries(2 + 3 * 3):
        assert plan(at=at) == Planned()


def test_memory_does_not_grow_with_the_number_of_reminders(
    drill: Drill, student: User, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = at.date() + timedelta(days=7)
    monkeypatch.setattr(planning, "SET", 100)

    def most(first: int, count: int) -> int:
        def stream(**_where: object) -> Iterator[Candidate]:
            for n in range(first, first + count):
                yield Candidate(f"f{n}", student.pk, day, 7, at.date(), day)

        monkeypatch.setattr(drill, "candidates", stream)
        tracemalloc.start()
        try:
            assert plan(at=at).inserted == 2 * count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    most(0, 200)  # what a process reads once
    few, many = most(1000, 200), most(2000, 2000)
    assert many < 1.5 * few


def test_step_is_planned_in_the_persons_zone_across_the_change_of_the_clock(
    drill: Drill, make_person: MakePerson
) -> None:
    at = datetime(2027, 3, 13, 12, tzinfo=UTC)
    student = make_person(time_zone="America/New_York")
    drill.facts["a"] = (student.pk, at.date() + timedelta(days=8))
    plan(at=at)
    assert moments() == {datetime(2027, 3, 14, 13, tzinfo=UTC)}  # 09:00 EDT


def test_deadline_recorded_late_brings_one_reminder_and_not_a_burst(
    drill: Drill, student: User, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    drill.facts["a"] = (student.pk, at.date())
    assert plan(at=at) == Planned(inserted=2)
    assert deliver_due(at=at).sent == 2
    assert set(Reminder.objects.values_list("step", flat=True)) == {1}
    assert len(mailoutbox) == 1
    assert plan(at=at + timedelta(minutes=1)) == Planned()


def test_deadline_recorded_late_in_the_night_waits_until_morning(
    drill: Drill, student: User, at: datetime
) -> None:
    drill.facts["a"] = (student.pk, at.date() + timedelta(days=4))
    plan(at=at.replace(hour=22))
    assert moments() == {at.replace(hour=8) + timedelta(days=1)}
    assert plan(at=at.replace(hour=23)) == Planned()


def test_moved_deadline_cancels_and_plans_anew_and_back_again(
    drill: Drill, student: User, at: datetime
) -> None:
    before, after = at.date() + timedelta(days=8), at.date() + timedelta(days=9)
    drill.facts["a"] = (student.pk, before)
    plan(at=at)
    drill.facts["a"] = (student.pk, after)
    assert plan(at=at) == Planned(inserted=2, cancelled=2)
    drill.facts["a"] = (student.pk, before)
    assert plan(at=at) == Planned(moved=2, cancelled=2)
    assert plan(at=at) == Planned()
    assert set(Reminder.objects.values_list("due_on", "channel", "state", "reason")) == {
        (before, "email", "planned", ""),
        (before, "inbox", "planned", ""),
        (after, "email", "cancelled", "moved"),
        (after, "inbox", "cancelled", "moved"),
    }


def test_vanished_deadline_cancels(drill: Drill, student: User, other: User, at: datetime) -> None:
    drill.facts = {"a": (student.pk, at.date() + timedelta(days=8)), "b": (other.pk, at.date())}
    plan(at=at)
    del drill.facts["a"]
    assert plan(at=at) == Planned(cancelled=2)
    assert set(Reminder.objects.values_list("subject", "state")) == {("a", "cancelled"), ("b", "planned")}


def test_deadline_that_moves_while_a_reminder_was_put_off_cancels_it(
    drill: Drill, student: User, other: User, at: datetime
) -> None:
    # all that is untouched is asked for again: only what was put off is looked at
    drill.facts = {
        "a": (student.pk, at.date() + timedelta(days=7)),
        "b": (other.pk, at.date() + timedelta(days=8)),
    }
    plan(at=at)
    off = Reminder.objects.filter(subject="a", channel="email")
    off.update(not_before=at + timedelta(hours=20), reason=Reason.CAP)
    assert plan(at=at) == Planned()
    drill.facts["a"] = (student.pk, at.date() + timedelta(days=30))
    assert plan(at=at) == Planned(cancelled=1)
    assert (off.get().state, off.get().reason) == ("cancelled", "moved")


def test_new_zone_or_hour_moves_what_is_planned(drill: Drill, student: User, at: datetime) -> None:
    drill.facts["a"] = (student.pk, at.date() + timedelta(days=8))
    plan(at=at)
    save_settings(user=student, hours=Hours(hour=18), is_on={}, at=at)
    assert plan(at=at) == Planned(moved=2)
    assert moments() == {datetime(2026, 11, 24, 18, tzinfo=UTC)}
    User.objects.filter(pk=student.pk).update(time_zone="Asia/Tokyo")
    assert plan(at=at) == Planned(moved=2)
    assert moments() == {datetime(2026, 11, 24, 9, tzinfo=UTC)}
    assert set(Reminder.objects.values_list("expires_at", flat=True)) == {
        datetime(2026, 12, 1, 15, tzinfo=UTC)
    }
    assert plan(at=at) == Planned()


def test_a_moment_of_the_kinds_own_moves_what_is_planned(
    drill: Drill, student: User, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = at.date() + timedelta(days=1)

    def go_at(hour: int) -> None:
        own = datetime(2026, 11, 24, hour, 30, tzinfo=UTC)
        one = Candidate("digest", student.pk, day, 0, day, day + timedelta(days=1), own)
        monkeypatch.setattr(drill, "candidates", lambda **_where: iter([one]))

    drill.facts["digest"] = (student.pk, day)
    go_at(10)
    assert plan(at=at) == Planned(inserted=2)
    go_at(19)
    assert plan(at=at) == Planned(moved=2)
    assert moments() == {datetime(2026, 11, 24, 19, 30, tzinfo=UTC)}


@pytest.mark.parametrize(
    "untouched",
    [
        {"attempts": 1},
        {"reason": "cap"},
        {"state": "failed", "reason": "exhausted"},
        {"state": "cancelled", "reason": "done"},
        {"state": "sent", "sent_at": datetime(2026, 11, 23, tzinfo=UTC), "message_id": "<a@example.com>"},
    ],
)
def test_what_was_tried_put_off_or_is_over_keeps_its_time(
    untouched: dict[str, object], drill: Drill, student: User, at: datetime
) -> None:
    drill.on_by_default = ("email",)
    drill.facts["a"] = (student.pk, at.date() + timedelta(days=8))
    plan(at=at)
    Reminder.objects.update(**untouched)
    User.objects.filter(pk=student.pk).update(time_zone="Asia/Tokyo")
    assert plan(at=at) == Planned()
    assert moments() == {datetime(2026, 11, 24, 9, tzinfo=UTC)}


def test_nothing_is_planned_for_the_suspended_or_for_a_kind_turned_off(
    drill: Drill, student: User, other: User, at: datetime
) -> None:
    User.objects.filter(pk=other.pk).update(is_active=False)
    for channel in ("email", "inbox"):
        save_preference(user=student, kind="drill", channel=channel, is_on=False, at=at)
    for person in (student, other):
        drill.facts[f"f{person.pk}"] = (person.pk, at.date() + timedelta(days=8))
    assert plan(at=at) == Planned()
    save_preference(user=student, kind="drill", is_on=True, at=at)
    assert plan(at=at) == Planned(inserted=1)
    assert Reminder.objects.get().channel == "email"


def test_preference_of_a_channel_beats_the_default_of_the_kind(
    drill: Drill, student: User, other: User, at: datetime
) -> None:
    drill.on_by_default = ("inbox",)
    for person in (student, other):
        drill.facts[f"f{person.pk}"] = (person.pk, at.date() + timedelta(days=8))
    save_preference(user=student, kind="drill", channel="email", is_on=True, at=at)
    save_preference(user=other, kind="drill", channel="inbox", is_on=False, at=at)
    save_preference(user=other, kind="another", channel="email", is_on=True, at=at)
    assert plan(at=at) == Planned(inserted=2)
    assert set(Reminder.objects.values_list("user", "channel")) == {
        (student.pk, "email"),
        (student.pk, "inbox"),
    }


def test_what_is_planned_stays_when_its_channel_is_turned_off(
    drill: Drill, student: User, at: datetime
) -> None:
    drill.facts["a"] = (student.pk, at.date() + timedelta(days=8))
    plan(at=at)
    save_preference(user=student, kind="drill", channel="inbox", is_on=False, at=at)
    assert plan(at=at) == Planned()
    assert Reminder.objects.filter(state="planned").count() == 2  # it is cancelled when it would go


def test_pause_of_a_person_does_not_keep_reminders_from_being_planned(
    drill: Drill, student: User, at: datetime
) -> None:
    ReminderSettings.objects.create(user=student, paused_until=at.date() + timedelta(days=30))
    drill.facts["a"] = (student.pk, at.date() + timedelta(days=8))
    assert plan(at=at) == Planned(inserted=2)
    assert moments() == {datetime(2026, 11, 24, 9, tzinfo=UTC)}


def test_what_would_come_too_late_is_not_planned(drill: Drill, student: User, at: datetime) -> None:
    # at 21:00 the next allowed hour is that of the day from which it is pointless
    drill.facts["a"] = (student.pk, at.date())
    assert plan(at=at.replace(hour=21)) == Planned()


def test_kind_that_breaks_keeps_no_other_from_being_planned(
    drill: Drill, student: User, at: datetime, monkeypatch: pytest.MonkeyPatch, caplog: LogCaptureFixture
) -> None:
    class Broken(Drill):
        key = "broken"

        def candidates(self, **_where: object) -> Iterator[Candidate]:
            raise ValueError("sam@example.com")

    monkeypatch.setattr(kinds, "_kinds", {"broken": Broken(), "drill": drill})
    drill.facts["a"] = (student.pk, at.date() + timedelta(days=8))
    with pytest.raises(planning.KindsBroken, match="broken"):
        plan(at=at)
    assert Reminder.objects.count() == 2
    assert caplog.messages == ["Reminders of kind broken could not be planned: ValueError."]


@pytest.mark.parametrize("subject", ['say "x"', "back\\slash", "{a,b}", "Zoë's, NULL", "percent %s"])
def test_subject_is_kept_as_it_is(subject: str, drill: Drill, student: User, at: datetime) -> None:
    drill.facts = {name: (student.pk, at.date() + timedelta(days=8)) for name in (subject, "plain")}
    assert plan(at=at) == Planned(inserted=4)
    assert plan(at=at) == Planned()
    assert set(Reminder.objects.values_list("subject", flat=True)) == {subject, "plain"}


def moments() -> set[datetime]:
    return set(Reminder.objects.values_list("not_before", flat=True))


def test_next_moment_is_the_nearest_not_yet_sent(drill: Drill, student: User, at: datetime) -> None:
    drill.facts["a"] = (student.pk, at.date() + timedelta(days=100))
    assert next_moments(student, at=at)["drill"] == datetime(2027, 2, 24, 9, tzinfo=UTC)
    drill.facts["a"] = (student.pk, at.date() + timedelta(days=7))
    plan(at=at)
    deliver_due(at=at)
    assert next_moments(student, at=at)["drill"] == datetime(2026, 11, 29, 9, tzinfo=UTC)
    drill.facts.clear()
    assert "drill" not in next_moments(student, at=at)
