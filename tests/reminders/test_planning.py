from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core.mail import EmailMessage
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from courses.reminders.actions import Planned, plan, save_preference, save_settings
from courses.reminders.delivery import deliver_due
from courses.reminders.models import Reminder
from courses.reminders.queries import next_moments
from courses.reminders.timing import Hours
from tests.conftest import MakePerson
from tests.reminders.drill import Drill

pytestmark = pytest.mark.django_db


def test_plan_twice_plans_once(drill: Drill, student: User, at: datetime) -> None:
    drill.facts["a"] = (student.pk, at.date() + timedelta(days=8))
    assert plan(at=at) == Planned(inserted=1)
    assert plan(at=at) == Planned()
    row = Reminder.objects.get()
    assert row.key == f"drill:a:{student.pk}:2026-12-01:7:email"
    assert row.not_before == datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert row.expires_at == datetime(2026, 12, 2, tzinfo=UTC)


def test_plan_of_many_takes_batches(
    drill: Drill,
    make_person: MakePerson,
    at: datetime,
    only_kinds: Callable[..., None],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    only_kinds("ce_cycle_end", "drill")
    student = make_person()
    for n in range(1200):
        drill.facts[f"f{n}"] = (student.pk, at.date() + timedelta(days=8))
    assert plan(at=at).inserted == 1200
    # three batches of people, preferences and keys; three pages of planned rows;
    # two to see that no credential has a cycle
    with django_assert_num_queries(14):
        assert plan(at=at) == Planned()


def test_step_is_planned_in_the_persons_zone_across_the_change_of_the_clock(
    drill: Drill, make_person: MakePerson
) -> None:
    at = datetime(2027, 3, 13, 12, tzinfo=UTC)
    student = make_person(time_zone="America/New_York")
    drill.facts["a"] = (student.pk, at.date() + timedelta(days=8))
    plan(at=at)
    assert Reminder.objects.get().not_before == datetime(2027, 3, 14, 13, tzinfo=UTC)  # 09:00 EDT


def test_deadline_recorded_late_brings_one_reminder_and_not_a_burst(
    drill: Drill, student: User, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    drill.facts["a"] = (student.pk, at.date())
    assert plan(at=at) == Planned(inserted=1)
    assert deliver_due(at=at).sent == 1
    assert Reminder.objects.get().step == 1
    assert plan(at=at + timedelta(minutes=1)) == Planned()


def test_deadline_recorded_late_in_the_night_waits_until_morning(
    drill: Drill, student: User, at: datetime
) -> None:
    drill.facts["a"] = (student.pk, at.date() + timedelta(days=4))
    plan(at=at.replace(hour=22))
    assert Reminder.objects.get().not_before == at.replace(hour=8) + timedelta(days=1)
    assert plan(at=at.replace(hour=23)) == Planned()


def test_moved_deadline_cancels_and_plans_anew_and_back_again(
    drill: Drill, student: User, at: datetime
) -> None:
    before, after = at.date() + timedelta(days=8), at.date() + timedelta(days=9)
    drill.facts["a"] = (student.pk, before)
    plan(at=at)
    drill.facts["a"] = (student.pk, after)
    assert plan(at=at) == Planned(inserted=1, cancelled=1)
    drill.facts["a"] = (student.pk, before)
    assert plan(at=at) == Planned(moved=1, cancelled=1)
    assert set(Reminder.objects.values_list("due_on", "state", "reason")) == {
        (before, "planned", ""),
        (after, "cancelled", "moved"),
    }


def test_vanished_deadline_cancels(drill: Drill, student: User, at: datetime) -> None:
    drill.facts["a"] = (student.pk, at.date() + timedelta(days=8))
    plan(at=at)
    drill.facts.clear()
    assert plan(at=at) == Planned(cancelled=1)


def test_new_zone_or_hour_moves_what_is_planned(drill: Drill, student: User, at: datetime) -> None:
    drill.facts["a"] = (student.pk, at.date() + timedelta(days=8))
    plan(at=at)
    save_settings(user=student, hours=Hours(hour=18), is_on={}, at=at)
    assert plan(at=at) == Planned(moved=1)
    assert Reminder.objects.get().not_before == datetime(2026, 11, 24, 18, tzinfo=UTC)
    User.objects.filter(pk=student.pk).update(time_zone="Asia/Tokyo")
    assert plan(at=at) == Planned(moved=1)
    assert Reminder.objects.get().not_before == datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert plan(at=at) == Planned()


def test_nothing_is_planned_for_the_suspended_or_for_a_kind_turned_off(
    drill: Drill, student: User, other: User, at: datetime
) -> None:
    User.objects.filter(pk=other.pk).update(is_active=False)
    save_preference(user=student, kind="drill", is_on=False, at=at)
    for person in (student, other):
        drill.facts[f"f{person.pk}"] = (person.pk, at.date() + timedelta(days=8))
    assert plan(at=at) == Planned()
    save_preference(user=student, kind="drill", is_on=True, at=at)
    assert plan(at=at) == Planned(inserted=1)


def test_next_moment_is_the_nearest_not_yet_sent(drill: Drill, student: User, at: datetime) -> None:
    drill.facts["a"] = (student.pk, at.date() + timedelta(days=100))
    assert next_moments(student, at=at)["drill"] == datetime(2027, 2, 24, 9, tzinfo=UTC)
    drill.facts["a"] = (student.pk, at.date() + timedelta(days=7))
    plan(at=at)
    deliver_due(at=at)
    assert next_moments(student, at=at)["drill"] == datetime(2026, 11, 29, 9, tzinfo=UTC)
    drill.facts.clear()
    assert "drill" not in next_moments(student, at=at)


ZONES = ("UTC", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Australia/Lord_Howe")
events = st.lists(
    st.one_of(
        st.tuples(st.just("zone"), st.sampled_from(ZONES)),
        st.tuples(st.just("deadline"), st.integers(0, 12)),
        st.tuples(st.just("hour"), st.integers(8, 19)),
        st.tuples(st.just("wait"), st.integers(1, 30)),
    ),
    max_size=15,
)


@given(history=events)
@examples(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_moves_a_person_gets_each_step_of_each_deadline_once(
    history: list[tuple[str, object]], drill: Drill, student: User, at: datetime
) -> None:
    Reminder.objects.all().delete()
    start, now = at.date(), at
    drill.facts["a"] = (student.pk, start + timedelta(days=9))
    for what, value in [*history, *[("wait", 24)] * 14]:
        if what == "zone":
            User.objects.filter(pk=student.pk).update(time_zone=value)
        elif what == "deadline":
            assert isinstance(value, int)
            drill.facts["a"] = (student.pk, start + timedelta(days=value))
        elif what == "hour":
            assert isinstance(value, int)
            save_settings(user=student, hours=Hours(hour=value), is_on={}, at=now)
        elif isinstance(value, int):
            now += timedelta(hours=value)
        plan(at=now)
        deliver_due(at=now)
    sent = Reminder.objects.filter(state="sent")
    assert sent.count() == len(set(sent.values_list("due_on", "step")))
    assert not Reminder.objects.due(now - timedelta(hours=24)).exists()
    for row in sent:
        assert row.sent_at is not None and row.sent_at >= row.not_before
