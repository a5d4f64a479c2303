"""A dated study plan from what is left to do, the exam date and the hours a week: pure and repeatable.

A plan is not kept up to date: it is computed from what remains, so days that were missed re-spread by
themselves. Weekdays are numbered as in ``date.weekday()``: Monday is 0. Amounts are minutes.
"""

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import ceil, floor, inf

MONDAY_TO_SATURDAY = frozenset(range(6))
#: Smaller pieces of a task are avoided as long as the time allows.
SHORT = 15
#: Days before the exam that stay free.
FREE_DAYS = 1
#: Days before the exam on which the last mock falls: late enough to be true, early enough to act on.
LAST_MOCK = range(5, 10)


class Kind(StrEnum):
    """What a task is, which decides its place in the plan."""

    LESSON = "lesson"
    SET = "set"
    MOCK = "mock"


@dataclass(frozen=True, slots=True)
class Task:
    """Something left to do.

    A set waits for the lessons of its ``domain``; one without a domain mixes them all and waits for every
    lesson. A mock comes no sooner than after the ``earliest`` share of the way to the exam.
    """

    key: str
    kind: Kind
    minutes: int
    domain: str = ""
    earliest: Fraction = Fraction(2, 3)


@dataclass(frozen=True, slots=True)
class Block:
    """So many minutes of a task on a day."""

    on: date
    task: Task
    minutes: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Blocks by day, in the order in which to do them, and what found no place.

    ``left`` holds minutes by task key. ``hours_needed`` are the hours a week, in halves, that would suffice
    when something is left; ``None`` when all fits, or when no day of study is left at all.
    """

    blocks: tuple[Block, ...]
    left: Mapping[str, int]
    hours_needed: Decimal | None

    @property
    def shortfall_minutes(self) -> int:
        """How many minutes found no place before the exam."""
        return sum(self.left.values())


def plan(
    tasks: Iterable[Task],
    *,
    today: date,
    exam_on: date,
    hours_per_week: Decimal | float,
    weekdays: Collection[int] = MONDAY_TO_SATURDAY,
    easy_days: Collection[int] = (),
    started_on: date | None = None,
) -> Plan:
    """The plan of the ``tasks`` from ``today`` to two days before the exam; the same input, the same plan.

    The hours of a week are spread over its ``weekdays``, half as much on ``easy_days``. Lessons keep their
    order; after each comes one set of a domain whose lessons are done, the domains in turn, and the other
    sets follow the last lesson. Tasks stay whole where the time allows, then they are split into quarter
    hours or more, then at the end of any day. A mock is one sitting: where it is longer than its day, it is
    alone there and the days around it give up the time. Mocks are spread from their earliest share of the
    way, counted from ``started_on`` so that a new plan does not push them on, to the last one 5 to 9 days
    before the exam.

    What does not fit is in ``left``: the end of the order, and the first mocks, as mocks get at most half of
    the time then. Raises ``ValueError`` for a task without minutes or two of one key.
    """
    tasks = list(tasks)
    if any(task.minutes < 1 for task in tasks) or len({task.key for task in tasks}) < len(tasks):
        raise ValueError("A task has minutes and a key of its own.")
    days = [
        day
        for number in range((exam_on - today).days - FREE_DAYS)
        if (day := today + timedelta(days=number)).weekday() in weekdays
    ]
    rooms = _rooms(days, hours_per_week, weekdays, easy_days)
    needed, there = sum(task.minutes for task in tasks), sum(rooms.values())
    mocks = [task for task in tasks if task.kind is Kind.MOCK]
    if needed > there:
        mocks = _last_within(mocks, there // 2)
    longest = max(rooms.values(), default=0)
    started_on = min(today, started_on or today)
    sittings = _sittings(mocks, days, started_on, exam_on, easy_days)
    for on, mock in sittings:
        _take(rooms, on, mock.minutes)
    poured, left = _pour(_in_order(tasks), rooms, longest)
    taken = {mock.key for mock in mocks}
    left |= {task.key: task.minutes for task in tasks if task.kind is Kind.MOCK and task.key not in taken}
    blocks = [Block(on, mock, mock.minutes) for on, mock in sittings] + poured
    return Plan(
        blocks=tuple(sorted(blocks, key=lambda block: block.on)),
        left=left,
        hours_needed=_hours_for(needed, days, weekdays, easy_days) if left and days else None,
    )


def _rooms(
    days: Sequence[date],
    hours_per_week: Decimal | float | Fraction,
    weekdays: Collection[int],
    easy_days: Collection[int],
) -> dict[date, int]:
    """The minutes of each day; a week of them never exceeds its hours."""
    parts = {weekday: 1 if weekday in easy_days else 2 for weekday in weekdays}
    week = Fraction(hours_per_week) * 60
    return {day: floor(week * parts[day.weekday()] / sum(parts.values())) for day in days}


def _hours_for(
    minutes: int, days: Sequence[date], weekdays: Collection[int], easy_days: Collection[int]
) -> Decimal:
    """The least half hours a week whose days hold so many minutes."""
    # the meanest day holds a fourteenth of a week, so a week of as many half hours holds the minutes in a day
    halves = bisect_left(
        range(minutes + 2),
        minutes,
        key=lambda half: sum(_rooms(days, Fraction(half, 2), weekdays, easy_days).values()),
    )
    return Decimal(halves) / 2


def _last_within(mocks: Sequence[Task], minutes: int) -> list[Task]:
    """As many of the last mocks as fit into so many minutes."""
    kept: list[Task] = []
    for mock in reversed(mocks):
        minutes -= mock.minutes
        if minutes < 0:
            break
        kept.insert(0, mock)
    return kept


def _sittings(
    mocks: Sequence[Task], days: Sequence[date], started_on: date, exam_on: date, easy_days: Collection[int]
) -> list[tuple[date, Task]]:
    """The day of each mock, in their order; the last one is placed first."""
    if not mocks:
        return []

    def share(part: Fraction) -> date:
        return started_on + timedelta(days=ceil(part * (exam_on - started_on).days))

    def nearest(candidates: Sequence[date], wanted: date) -> date:
        # an easy day is worth going out of one's way for two days
        return min(
            candidates, key=lambda day: (abs((day - wanted).days) + 2 * (day.weekday() in easy_days), day)
        )

    best = [day for day in days if (exam_on - day).days in LAST_MOCK] or days
    last = limit = nearest(best, exam_on - timedelta(days=7))
    first = share(mocks[0].earliest)
    if first >= last:  # the way is too short for its last third
        first = days[0]
    placed = [(last, mocks[-1])]
    for number in range(len(mocks) - 1, 0, -1):
        mock = mocks[number - 1]
        before = [day for day in days if day < limit] or [limit]
        candidates = [day for day in before if day >= share(mock.earliest)] or before
        limit = nearest(candidates, first + (last - first) * number / len(mocks))
        placed.insert(0, (limit, mock))
    return placed


def _take(rooms: dict[date, int], on: date, minutes: int) -> None:
    """Take the minutes of a sitting from its day and, beyond that, from the days nearest to it."""
    for day in sorted(rooms, key=lambda day: (abs((day - on).days), day)):
        taken = min(minutes, rooms[day])
        rooms[day] -= taken
        minutes -= taken


def _in_order(tasks: Iterable[Task]) -> list[Task]:
    """Lessons in their order with the sets between and after them; mocks have days of their own."""
    lessons: list[Task] = []
    waiting: dict[str, deque[Task]] = {}
    for task in tasks:
        if task.kind is Kind.LESSON:
            lessons.append(task)
        elif task.kind is Kind.SET:
            waiting.setdefault(task.domain, deque()).append(task)
    to_come = Counter(lesson.domain for lesson in lessons)
    mixed = ""
    is_open = deque(domain for domain in waiting if domain != mixed and not to_come[domain])
    order: list[Task] = []

    def practise() -> None:
        domain = is_open.popleft()
        order.append(waiting[domain].popleft())
        if waiting[domain]:
            is_open.append(domain)

    for lesson in lessons:
        order.append(lesson)
        to_come[lesson.domain] -= 1
        if lesson.domain != mixed and lesson.domain in waiting and not to_come[lesson.domain]:
            is_open.append(lesson.domain)
        if is_open:
            practise()
    if mixed in waiting:
        is_open.append(mixed)
    while is_open:
        practise()
    return order


def _pour(
    tasks: Sequence[Task], rooms: Mapping[date, int], longest: int
) -> tuple[list[Block], dict[str, int]]:
    """Fill the days in order, splitting tasks no more than it takes to place them all."""
    for least in (inf, SHORT, 1):
        blocks, left = _fill(tasks, dict(rooms), longest, least)
        if not left:
            break
    return blocks, left


def _fill(
    tasks: Sequence[Task], rooms: dict[date, int], longest: int, least: float
) -> tuple[list[Block], dict[str, int]]:
    """Fill the days in order; pieces have ``least`` minutes or more, but of tasks longer than a day."""
    blocks: list[Block] = []
    left: dict[str, int] = {}
    days = deque(rooms)
    for task in tasks:
        minutes = task.minutes
        while minutes and days:
            on = days[0]
            if piece := _piece(minutes, rooms[on], longest, least):
                blocks.append(Block(on, task, piece))
                minutes -= piece
                rooms[on] -= piece
            if minutes:
                days.popleft()
        if minutes:
            left[task.key] = minutes
    return blocks, left


def _piece(minutes: int, room: int, longest: int, least: float) -> int:
    """How many of a task's minutes go into the room of a day; 0 to leave them to the next."""
    if minutes <= room:
        return minutes
    if minutes > longest:
        return room if room >= min(least, SHORT) else 0
    return room if min(room, minutes - room) >= least else 0
