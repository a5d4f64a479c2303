"""Study plans: nothing lost, nothing out of order, no day too full, and honest when it does not fit."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.exams.planning import MONDAY_TO_SATURDAY, Block, Kind, Plan, Task, plan

#: A Monday, and an exam on a Saturday 61 days later.
TODAY, EXAM = date(2026, 11, 23), date(2027, 1, 23)


def lesson(key: str, minutes: int = 30, domain: str = "") -> Task:
    return Task(key, Kind.LESSON, minutes, domain)


def practice(key: str, minutes: int = 30, domain: str = "") -> Task:
    return Task(key, Kind.SET, minutes, domain)


def mock(key: str, minutes: int = 240) -> Task:
    return Task(key, Kind.MOCK, minutes)


@dataclass(frozen=True)
class Week:
    """How someone studies, and until when."""

    hours: Decimal | float = 6
    exam_on: date = EXAM
    weekdays: frozenset[int] = MONDAY_TO_SATURDAY
    easy_days: frozenset[int] = frozenset()
    started_on: date | None = None

    def plan(self, tasks: list[Task], *, today: date = TODAY) -> Plan:
        return plan(
            tasks,
            today=today,
            exam_on=self.exam_on,
            hours_per_week=self.hours,
            weekdays=self.weekdays,
            easy_days=self.easy_days,
            started_on=self.started_on,
        )

    def budget(self, on: date) -> int:
        """What a day may hold: an easy day half of another, together no more than the week."""
        if on.weekday() not in self.weekdays:
            return 0
        halves = len(self.weekdays & self.easy_days)
        full = Fraction(self.hours) * 60 / (len(self.weekdays) - Fraction(halves, 2))
        return int(full / 2 if on.weekday() in self.easy_days else full)


def lines(blocks: tuple[Block, ...]) -> list[tuple[int, str, int]]:
    """Blocks as (days from today, task, minutes)."""
    return [((block.on - TODAY).days, block.task.key, block.minutes) for block in blocks]


def minutes_by_day(blocks: tuple[Block, ...]) -> dict[date, int]:
    days: dict[date, int] = defaultdict(int)
    for block in blocks:
        days[block.on] += block.minutes
    return days


def test_plan_of_a_week() -> None:
    tasks = [lesson("one", 40), lesson("two", 30), lesson("three", 20), lesson("long", 130)]
    tasks += [lesson("four", 30), lesson("five", 40)]
    # an hour a day from Monday to Saturday, no task split that fits into a day
    assert lines(Week().plan(tasks).blocks) == [
        (0, "one", 40),
        (1, "two", 30),
        (1, "three", 20),
        (2, "long", 60),
        (3, "long", 60),
        (4, "long", 10),
        (4, "four", 30),
        (5, "five", 40),
    ]


def test_sets_come_between_lessons_once_their_domain_is_done_and_domains_take_turns() -> None:
    tasks = [
        lesson("a1", domain="a"),
        lesson("a2", domain="a"),
        lesson("b1", domain="b"),
        lesson("c1", domain="c"),
        *(practice(key, domain=key[0].lower()) for key in ("A1", "A2", "A3", "B1", "B2", "d1")),
        practice("mixed"),
    ]
    keys = [block.task.key for block in Week().plan(tasks).blocks]
    # d has no lesson left and begins; a opens after a2, b after b1; what mixes them all comes last
    assert keys == ["a1", "d1", "a2", "A1", "b1", "A2", "c1", "B1", "A3", "B2", "mixed"]


def test_tasks_are_split_no_more_than_it_takes() -> None:
    def pieces(tasks: list[Task], days: int) -> list[int]:
        found = Week(exam_on=TODAY + timedelta(days=days + 1)).plan(tasks)
        assert found.shortfall_minutes == 0
        return [block.minutes for block in found.blocks]

    tasks = [lesson("50", 50), *(lesson(str(number), 40) for number in range(4))]
    # an hour a day: whole in five days, in quarter hours or more in four, to the minute if it must be
    assert pieces(tasks, 5) == [50, 40, 40, 40, 40]
    assert pieces(tasks, 4) == [50, 40, 20, 20, 40, 40]
    assert pieces([*tasks, lesson("last", 30)], 4) == [50, 10, 30, 30, 10, 40, 10, 30, 30]


def test_mocks_are_spread_over_the_last_third_and_the_last_is_a_week_before() -> None:
    found = Week().plan([mock("m1"), mock("m2"), mock("m3"), lesson("one")])
    days = [(EXAM - block.on).days for block in found.blocks if block.task.kind is Kind.MOCK]
    assert days == [16, 12, 7]
    assert all(block.on >= TODAY + timedelta(days=41) for block in found.blocks if block.task.key != "one")


def test_a_mock_waits_for_its_own_share_of_the_way() -> None:
    late = Task("m2", Kind.MOCK, 30, earliest=Fraction(17, 20))
    found = Week().plan([mock("m1", 30), late, mock("m3", 30)])
    # 17 twentieths of 61 days are 51.85
    assert lines(found.blocks)[1] == (52, "m2", 30)


def test_a_long_mock_is_one_sitting_paid_by_the_days_around_it() -> None:
    tasks = [*(lesson(f"l{number}", 60) for number in range(47)), mock("m", 240)]
    found = Week().plan(tasks)
    days = minutes_by_day(found.blocks)
    on = next(block.on for block in found.blocks if block.task.key == "m")
    assert days.pop(on) == 240
    assert max(days.values()) == 60
    # the three other hours come from the three days nearest to it
    assert sum(minutes for day, minutes in days.items() if abs((day - on).days) <= 2) <= 60


def test_the_last_mock_avoids_an_easy_day() -> None:
    wanted = EXAM - timedelta(days=7)
    found = Week(easy_days=frozenset({wanted.weekday()})).plan([mock("m", 60)])
    (block,) = found.blocks
    assert block.on == wanted - timedelta(days=1)


def test_a_new_plan_does_not_push_the_mocks_on() -> None:
    # half of the way is gone: the last third begins in 21 days
    week = Week(started_on=TODAY - timedelta(days=60))
    mocks = [mock("m1", 60), mock("m2", 60)]
    assert week.plan(mocks, today=TODAY + timedelta(days=20)).blocks == week.plan(mocks).blocks


def test_mocks_on_a_short_way_are_spread_over_all_of_it() -> None:
    mocks = [mock("m1", 30), mock("m2", 30), mock("m3", 30)]
    found = Week(exam_on=TODAY + timedelta(days=12)).plan(mocks)
    assert lines(found.blocks) == [(1, "m1", 30), (3, "m2", 30), (5, "m3", 30)]
    crowded = Week(exam_on=TODAY + timedelta(days=3)).plan(mocks)
    assert [block.task.key for block in crowded.blocks] == ["m1", "m2", "m3"]
    assert crowded.shortfall_minutes == 0


def test_easy_days_get_half() -> None:
    found = Week(hours=5.5, easy_days=frozenset({5})).plan([lesson("long", 1000)])
    days = minutes_by_day(found.blocks)
    assert days[TODAY] == 60
    assert days[TODAY + timedelta(days=5)] == 30
    assert TODAY + timedelta(days=6) not in days  # a Sunday


def test_missed_days_spread_again_over_what_remains() -> None:
    tasks = [lesson(str(number), 60) for number in range(10)]
    missed = Week().plan(tasks[2:], today=TODAY + timedelta(days=9))
    assert [block.task.key for block in missed.blocks] == [task.key for task in tasks[2:]]
    assert missed.blocks[0].on == TODAY + timedelta(days=9)


def test_what_does_not_fit_is_told_with_the_hours_that_would_do() -> None:
    tasks = [lesson(str(number), 60) for number in range(12)]
    found = Week(exam_on=TODAY + timedelta(days=8)).plan(tasks)  # Monday to Saturday: six hours
    assert found.left == {str(number): 60 for number in range(6, 12)}
    assert (found.shortfall_minutes, found.hours_needed) == (360, Decimal(12))


def test_what_does_not_fit_leaves_the_last_mock_as_long_as_half_of_the_time() -> None:
    tasks = [*(lesson(str(number), 60) for number in range(60)), mock("m1"), mock("m2")]
    found = Week(exam_on=TODAY + timedelta(days=15)).plan(tasks)  # 12 days: 12 hours
    assert found.left["m1"] == 240
    assert "m2" not in found.left
    assert "m2" in Week(exam_on=TODAY + timedelta(days=7)).plan(tasks).left  # 6 hours


def test_no_day_left_is_no_matter_of_hours() -> None:
    for gap in (-1, 0, 1):
        found = Week(exam_on=TODAY + timedelta(days=gap)).plan([lesson("one"), mock("m")])
        assert (found.blocks, found.shortfall_minutes, found.hours_needed) == ((), 270, None)
    assert Week().plan([]).blocks == ()
    assert Week(weekdays=frozenset()).plan([lesson("one")]).hours_needed is None


def test_a_task_without_minutes_or_two_of_one_key_are_refused() -> None:
    for tasks in ([lesson("one", 0)], [lesson("one"), practice("one")]):
        with pytest.raises(ValueError, match="A task has"):
            Week().plan(tasks)


domains = st.sampled_from(["", "a", "b", "c"])
kinds = st.sampled_from([Kind.LESSON, Kind.LESSON, Kind.SET, Kind.SET, Kind.MOCK])
some_tasks = st.lists(
    st.tuples(kinds, st.integers(1, 260), domains, st.fractions(0, 1, max_denominator=12)), max_size=30
).map(lambda rows: [Task(str(number), *row) for number, row in enumerate(rows)])
weeks = st.builds(
    Week,
    hours=st.decimals(1, 60, places=1),
    exam_on=st.integers(2, 120).map(lambda days: TODAY + timedelta(days=days)),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    easy_days=st.frozensets(st.integers(0, 6)),
)


@given(some_tasks, weeks)
def test_plan_keeps_its_promises(tasks: list[Task], week: Week) -> None:
    found = week.plan(tasks)
    # repeatable, by day, on days of study, the day before the exam free
    assert found == week.plan(tasks)
    assert [block.on for block in found.blocks] == sorted(block.on for block in found.blocks)
    assert all(TODAY <= block.on < week.exam_on - timedelta(days=1) for block in found.blocks)
    assert all(block.on.weekday() in week.weekdays for block in found.blocks)
    # every minute is planned once or left
    planned: dict[str, int] = defaultdict(int)
    for block in found.blocks:
        assert block.minutes > 0
        planned[block.task.key] += block.minutes
    assert {task.key: task.minutes for task in tasks} == {
        task.key: planned[task.key] + found.left.get(task.key, 0) for task in tasks
    }
    # no day is too full but by one sitting, and all days together hold no more than they have
    by_day = minutes_by_day(found.blocks)
    sat = minutes_by_day(tuple(block for block in found.blocks if block.task.kind is Kind.MOCK))
    assert all(minutes <= max(week.budget(on), sat.get(on, 0)) for on, minutes in by_day.items())
    days = [TODAY + timedelta(days=number) for number in range((week.exam_on - TODAY).days - 1)]
    there = sum(week.budget(day) for day in days)
    assert sum(by_day.values()) <= there
    # it is short only if the time is
    assert (found.shortfall_minutes == 0) == (sum(task.minutes for task in tasks) <= there)


@given(some_tasks, weeks)
def test_plan_keeps_the_order(tasks: list[Task], week: Week) -> None:
    found = week.plan(tasks)
    keys = list(dict.fromkeys(block.task.key for block in found.blocks))
    place = {key: number for number, key in enumerate(keys)}
    placed = [task for task in tasks if task.key in place]

    def places(kind: Kind, domain: str | None = None) -> list[int]:
        return [place[t.key] for t in placed if t.kind is kind and domain in (None, t.domain)]

    assert places(Kind.LESSON) == sorted(places(Kind.LESSON))
    assert places(Kind.MOCK) == sorted(places(Kind.MOCK))
    for domain in ("", "a", "b", "c"):
        sets = places(Kind.SET, domain)
        lessons = places(Kind.LESSON, domain or None)
        assert sets == sorted(sets)
        assert not sets or not lessons or sets[0] > lessons[-1]
    # the pieces of a task stand together, mocks aside
    steps = [block.task.key for block in found.blocks if block.task.kind is not Kind.MOCK]
    assert len(list(dict.fromkeys(steps))) == sum(a != b for a, b in zip([None, *steps], steps, strict=False))


@given(some_tasks, weeks)
def test_mocks_are_one_sitting_and_the_last_is_on_time(tasks: list[Task], week: Week) -> None:
    found = week.plan(tasks)
    sittings = [block for block in found.blocks if block.task.kind is Kind.MOCK]
    assert all(block.minutes == block.task.minutes for block in sittings)
    window = [week.exam_on - timedelta(days=days) for days in range(5, 10)]
    if sittings and any(day >= TODAY and day.weekday() in week.weekdays for day in window):
        assert sittings[-1].on in window
    for block in sittings[:-1]:
        assert block.on <= sittings[-1].on


@given(some_tasks, weeks)
def test_the_hours_needed_are_the_least_that_suffice(tasks: list[Task], week: Week) -> None:
    hours = week.plan(tasks).hours_needed
    if hours is not None:
        assert replace(week, hours=hours).plan(tasks).shortfall_minutes == 0
        assert replace(week, hours=hours - Decimal("0.5")).plan(tasks).shortfall_minutes > 0
