import zoneinfo
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo, reset_tzpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from courses.reminders import kinds
from courses.reminders.actions import plan
from courses.reminders.delivery import deliver_due
from courses.reminders.models import Reminder
from courses.reminders.timing import (
    Hours,
    backoff,
    due_instant,
    local_instant,
    moment,
    next_allowed,
    steps_due,
)
from tests import worlds
from tests.conftest import MakePerson
from tests.reminders.clockwork import WALLS, ZONES, Daily, play, play_days, populate, walked, wrong
from tests.reminders.drill import Drill, publish_template

zones = st.sampled_from(ZONES).map(ZoneInfo)
days = st.dates(date(2011, 1, 1), date(2031, 12, 31))
hours = st.builds(Hours, st.integers(0, 23), st.integers(0, 23), st.integers(0, 23), st.booleans())


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected"),
    [
        # 02:30 does not exist: the first moment after it is 03:00 EDT
        ("America/New_York", date(2027, 3, 14), time(2, 30), "2027-03-14T07:00+00:00"),
        # 01:30 exists twice: the first, EDT
        ("America/New_York", date(2027, 11, 7), time(1, 30), "2027-11-07T05:30+00:00"),
        # half an hour of change: 02:15 does not exist, 02:30 LHDT is first
        ("Australia/Lord_Howe", date(2027, 10, 3), time(2, 15), "2027-10-02T15:30+00:00"),
        # midnight does not exist in Cairo on that day
        ("Africa/Cairo", date(2027, 4, 30), time(0, 0), "2027-04-29T22:00+00:00"),
        # Samoa had no 30 December 2011
        ("Pacific/Apia", date(2011, 12, 30), time(9, 0), "2011-12-30T10:00+00:00"),
        ("Asia/Kathmandu", date(2027, 1, 1), time(9, 0), "2027-01-01T03:15+00:00"),
        ("Pacific/Chatham", date(2028, 2, 29), time(9, 0), "2028-02-28T19:15+00:00"),
    ],
)
def test_local_instant_at_a_change_of_the_clock(zone: str, day: date, at: time, expected: str) -> None:
    assert local_instant(day, at, ZoneInfo(zone)) == datetime.fromisoformat(expected)


@given(day=days, zone=zones, hour=st.integers(0, 23), minute=st.sampled_from((0, 15, 30, 45)))
def test_local_instant_is_never_early_and_at_most_a_gap_late(
    day: date, zone: ZoneInfo, hour: int, minute: int
) -> None:
    wall = datetime.combine(day, time(hour, minute))
    shown = local_instant(day, time(hour, minute), zone).astimezone(zone).replace(tzinfo=None)
    assert wall <= shown
    if shown != wall:  # only in a gap, and then the second before it lies before the time asked for
        before = (local_instant(day, time(hour, minute), zone) - timedelta(seconds=1)).astimezone(zone)
        assert before.replace(tzinfo=None) < wall


@given(
    at=st.datetimes(datetime(2011, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC)),
    zone=zones,
    wishes=hours,
)
def test_next_allowed_is_inside_the_hours_and_not_in_the_past(
    at: datetime, zone: ZoneInfo, wishes: Hours
) -> None:
    moment = next_allowed(at, zone, wishes)
    local = moment.astimezone(zone)
    assert moment >= at
    assert moment - at < timedelta(days=5)
    if wishes.weekends or not wishes.are_quiet(wishes.hour):
        assert not wishes.are_quiet(local.hour)
    assert wishes.weekends or local.weekday() < 5
    assert next_allowed(moment, zone, wishes) == moment


@given(day=days, zone=zones)
def test_due_instant_by_default_is_nine_local_where_nine_exists(day: date, zone: ZoneInfo) -> None:
    local = due_instant(day, zone, Hours()).astimezone(zone)
    if (zone.key, day) != ("Pacific/Apia", date(2011, 12, 30)):
        assert (local.date(), local.hour, local.minute) == (day, 9, 0)


def test_moment_of_a_step_already_past_is_the_next_allowed_one() -> None:
    late = datetime(2027, 1, 10, 23, 0, tzinfo=UTC)
    assert moment(date(2027, 1, 1), ZoneInfo("UTC"), Hours(), at=late) == datetime(2027, 1, 11, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(1, 1), (2, 2), (3, 4), (8, 128), (9, 256), (10, 360), (60, 360)]
)
def test_backoff_doubles_up_to_six_hours(attempts: int, minutes: int) -> None:
    assert backoff(attempts) == timedelta(minutes=minutes)


STEPS = (180, 90, 60, 30, 14, 7, 1)


@pytest.mark.parametrize(
    ("days_left", "ahead", "back", "expected"),
    [
        (200, 2, 180, []),
        (182, 2, 180, [180]),
        (180, 2, 0, [180]),
        (20, 2, 180, [30]),  # recorded late: the step it is in, and not the three before
        (20, 2, 3, []),
        (28, 2, 3, [30]),
        (15, 2, 180, [30, 14]),
        (1, 2, 3, [1]),
        (0, 2, 3, [1]),
        (-1, 2, 180, []),
        (185, 400, 3, [180, 90, 60, 30, 14, 7, 1]),
    ],
)
def test_steps_due(days_left: int, ahead: int, back: int, expected: list[int]) -> None:
    assert steps_due(days_left=days_left, ahead=ahead, back=back, steps=STEPS) == expected


@pytest.mark.parametrize("wall", WALLS)
def test_two_years_in_thirty_zones_miss_no_day_and_repeat_none(wall: time) -> None:
    first = date(2026, 1, 1)
    for name in ZONES:
        zone = ZoneInfo(name)
        instants = [local_instant(first + timedelta(days=n), wall, zone) for n in range(730)]
        shown = [instant.astimezone(zone) for instant in instants]
        assert [one.date() for one in shown] == [first + timedelta(days=n) for n in range(730)]
        assert all(one.time() >= wall for one in shown)
        assert all(a < b for a, b in pairwise(instants))


@pytest.mark.parametrize(
    "name", ["Australia/Lord_Howe", "Pacific/Chatham", "Africa/Casablanca", "Africa/Cairo"]
)
def test_local_instant_is_where_a_walk_through_time_first_sees_the_clock(name: str) -> None:
    zone, first = ZoneInfo(name), date(2027, 1, 1)
    clock = walked(zone, first, 365)
    assert len(clock) == 365 * len(WALLS)
    assert {key: local_instant(*key, zone) for key in clock} == clock


# --- C1: the clock changes ---------------------------------------------------------------------------------
@pytest.fixture
def daily(monkeypatch: pytest.MonkeyPatch, db: None) -> Daily:
    """The daily kind and no other."""
    kind = Daily()
    monkeypatch.setattr(kinds, "_kinds", {kind.key: kind})
    publish_template(kind.key)
    return kind


def test_changes_of_the_clock_in_thirty_zones_bring_each_reminder_at_its_hour_once(daily: Daily) -> None:
    first, days = date(2026, 2, 10), 82  # two changes in Casablanca; one in America, Europe, Asia, Oceania
    people = populate(daily, first, days, only_changes=True)
    sent = play_days(first, days)
    assert sent == sum(len(wanted) for _zone, _wall, wanted in daily.people.values()) > 450
    assert wrong(daily, people, first, days) == []


def test_wall_clock_of_the_first_day_used_for_all_is_noticed(
    daily: Daily, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault: the offset of one day is taken for that of the next."""

    def naive(day: date, at: time, zone: ZoneInfo) -> datetime:
        start = datetime.combine(day, time(), zone).astimezone(UTC)
        return start + timedelta(hours=at.hour, minutes=at.minute)

    monkeypatch.setattr("tests.reminders.clockwork.local_instant", naive)
    first, days = date(2027, 3, 10), 8
    people = populate(daily, first, days, only_changes=True)
    play_days(first, days)
    assert any("America/New_York" in one for one in wrong(daily, people, first, days))


@pytest.fixture
def drill(drill: Drill, only_kinds: Callable[..., None]) -> Drill:
    """The drill kind and no other."""
    only_kinds(drill.key)
    return drill


# --- leap day and date line --------------------------------------------------------------------------------
def test_leap_day_is_reminded_of_seven_days_and_one_day_before(drill: Drill, student: User) -> None:
    drill.facts["a"] = (student.pk, date(2028, 2, 29))
    for day in range(16, 32):
        now = datetime(2028, 2, 1, 9, tzinfo=UTC) + timedelta(days=day)
        plan(at=now)
        deliver_due(at=now)
    sent = Reminder.objects.filter(state="sent", channel="email").order_by("sent_at")
    assert [(row.due_on, row.step, row.sent_at) for row in sent] == [
        (date(2028, 2, 29), 7, datetime(2028, 2, 22, 9, tzinfo=UTC)),
        (date(2028, 2, 29), 1, datetime(2028, 2, 28, 9, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [("Pacific/Kiritimati", "Pacific/Pago_Pago"), ("Pacific/Pago_Pago", "Pacific/Kiritimati")],
)
def test_move_across_the_date_line_brings_each_step_once_at_nine_in_the_new_zone(
    drill: Drill, make_person: MakePerson, before: str, after: str
) -> None:
    person = make_person(time_zone=before)
    drill.facts["a"] = (person.pk, date(2027, 6, 15))
    start = datetime(2027, 6, 6, tzinfo=UTC)
    play(start, start + timedelta(hours=27))
    User.objects.filter(pk=person.pk).update(time_zone=after)  # the wall clock goes 25 hours back or forth
    play(start + timedelta(hours=27), start + timedelta(days=11))
    sent = Reminder.objects.filter(state="sent", channel="email").order_by("sent_at")
    shown = [(row.step, row.sent_at.astimezone(ZoneInfo(after))) for row in sent if row.sent_at]
    assert [(step, local.date(), local.hour) for step, local in shown] == [
        (7, date(2027, 6, 8), 9),
        (1, date(2027, 6, 14), 9),
    ]


# --- C4: another release of the time zones -----------------------------------------------------------------
@pytest.fixture
def new_release(tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Switches to a release in which Cairo keeps its winter time all year, as it did from 2014 to 2023."""
    folder = tmp_path / "Africa"
    folder.mkdir()
    winter = resources.files("tzdata.zoneinfo.Etc").joinpath("GMT-2").read_bytes()
    (folder / "Cairo").write_bytes(winter)

    def switch() -> None:
        reset_tzpath([tmp_path])
        ZoneInfo.clear_cache()

    yield switch
    reset_tzpath(())
    ZoneInfo.clear_cache()


def test_new_release_of_the_time_zones_moves_only_the_zones_it_changes(
    drill: Drill, new_release: Callable[[], None]
) -> None:
    at = datetime(2027, 5, 9, 12, tzinfo=UTC)
    for number, name in enumerate(ZONES):
        person = worlds.make_person(f"person{number}@example.com", time_zone=name)
        drill.facts[f"f{number}"] = (person.pk, date(2027, 5, 18))
    plan(at=at)
    before = dict(Reminder.objects.values_list("key", "not_before"))
    assert plan(at=at).moved == 0
    new_release()
    moved = plan(at=at + timedelta(minutes=1)).moved
    after = dict(Reminder.objects.values_list("key", "not_before"))
    changed = {key for key in after if after[key] != before[key]}
    people = set(Reminder.objects.filter(key__in=changed).values_list("user__time_zone", flat=True))
    assert moved == len(changed) > 0
    assert people == {"Africa/Cairo"}
    assert {after[key] - before[key] for key in changed} == {timedelta(hours=1)}


def test_time_zones_are_those_of_the_lock() -> None:
    assert zoneinfo.TZPATH == ()
