from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.reminders.timing import (
    Hours,
    backoff,
    due_instant,
    local_instant,
    moment,
    next_allowed,
    steps_due,
)

ZONES = (
    *("UTC", "America/New_York", "America/Los_Angeles", "America/St_Johns", "America/Sao_Paulo"),
    *("America/Havana", "America/Asuncion", "America/Santiago", "America/Phoenix", "Atlantic/Azores"),
    *("Europe/Berlin", "Europe/London", "Europe/Lisbon", "Africa/Casablanca", "Africa/Cairo", "Africa/Lagos"),
    *("Asia/Tehran", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Gaza", "Asia/Tokyo", "Asia/Beirut"),
    *("Australia/Lord_Howe", "Australia/Sydney", "Australia/Adelaide", "Pacific/Chatham", "Pacific/Apia"),
    *("Pacific/Kiritimati", "Pacific/Auckland", "Pacific/Pago_Pago"),
)
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


@pytest.mark.parametrize("wall", [time(0, 0), time(1, 30), time(2, 30), time(9, 0)])
def test_two_years_in_thirty_zones_miss_no_day_and_repeat_none(wall: time) -> None:
    first = date(2026, 1, 1)
    for name in ZONES:
        zone = ZoneInfo(name)
        instants = [local_instant(first + timedelta(days=n), wall, zone) for n in range(730)]
        shown = [instant.astimezone(zone) for instant in instants]
        assert [one.date() for one in shown] == [first + timedelta(days=n) for n in range(730)]
        assert all(one.time() >= wall for one in shown)
        assert all(a < b for a, b in pairwise(instants))
