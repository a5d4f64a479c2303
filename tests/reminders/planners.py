"""C2: several planners that are killed, suspended and whose clocks jump, against one database.

Time runs fast: a day in ``DAY`` seconds. Each planner is a fork of this process and adds an error of its own
to the clock, another one after some runs. A gate plays with them for so many days; afterwards every person
must have every one of their reminders once, none before its hour and none later than the longest time in
which nobody planned.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from pathlib import Path
from zoneinfo import ZoneInfo

from courses.reminders.kinds import Candidate
from courses.reminders.models import Reminder
from tests.reminders.clockwork import ONE_DAY, Daily, walked
from tests.reminders.clockwork import time as wall_time

#: Seconds of a day of the fast clock.
DAY = 1.0
FIRST = date(2026, 3, 27)  # the clocks of most zones change on one of the days that follow
#: Nothing is planned far ahead, so that an outage matters.
HORIZON = timedelta(hours=2)
SKEWS = tuple(timedelta(minutes=minutes) for minutes in (-120, -30, 0, 0, 30, 120))
RUNS_OF_A_SKEW = 10
#: How long somebody is suspended or dead, in minutes of the fast clock.
OUTAGES = (5, 600)
PLANNERS = 3


@dataclass(frozen=True)
class Clock:
    """Time that runs fast from ``start`` on."""

    start: datetime
    epoch: float

    def now(self) -> datetime:
        return self.start + (time.time() - self.epoch) / DAY * ONE_DAY


@dataclass
class Played:
    """What happened."""

    kills: int = 0
    effective: int = 0
    suspended: int = 0
    runs: list[datetime] = field(default_factory=list)


def plan_for_ever(kind: Daily, clock: Clock, log: Path, seed: int, fault: str) -> None:
    """Be a planner until somebody ends it."""
    from django.db import connection

    from courses.reminders import kinds
    from courses.reminders.actions import planning

    plant(planning, fault)
    kinds._kinds.clear()
    kinds.register(kind)
    dice, run = random.Random(seed), 0
    with log.open("a") as told:
        while True:
            if run % RUNS_OF_A_SKEW == 0:
                skew = dice.choice(SKEWS)
            run += 1
            began = clock.now()
            planned = planning.plan(at=began + skew, horizon=HORIZON)
            told.write(f"{os.getpid()} {began.isoformat()} {planned.inserted}\n")
            told.flush()
            if connection.vendor == "sqlite":
                time.sleep(0.002)  # who writes next is a matter of luck there: let the others have some


def plant(planning: object, fault: str) -> None:
    """A fault that the gate must see."""
    real = planning.reminder_key  # type: ignore[attr-defined]

    def without_day(kind: str, candidate: Candidate, channel: str) -> str:
        return str(real(kind, candidate._replace(subject="day", due_on=FIRST), channel))

    def with_planner(kind: str, candidate: Candidate, channel: str) -> str:
        return f"{os.getpid()}:{real(kind, candidate, channel)}"

    faults: dict[str, Callable[..., str]] = {"without-day": without_day, "with-planner": with_planner}
    if fault:
        planning.reminder_key = faults[fault]  # type: ignore[attr-defined]


def play(
    kind: Daily, *, days: int, kills: int, log: Path, fault: str = "", tell: Callable[[str], None] = print
) -> Played:
    """Let planners run for ``days`` while ``kills`` of them are killed, and as many suspended."""
    from django.db import connections

    connections.close_all()  # no connection may be in two processes
    log.touch()
    clock = Clock(datetime.combine(FIRST, wall_time(), UTC) - ONE_DAY, time.time())
    end = clock.start + (days + 2) * ONE_DAY
    dice, played, seeds = random.Random(1), Played(), iter(range(10**9))

    def start() -> ForkProcess:
        arguments = (kind, clock, log, next(seeds), fault)
        process = get_context("fork").Process(target=plan_for_ever, args=arguments, daemon=True)
        process.start()
        return process

    planners = [start() for _ in range(PLANNERS)]
    #: What comes when: (moment, planner, is to be started again and not only to go on).
    coming: list[tuple[datetime, int, bool]] = []
    every = (end - clock.start) / (2 * kills + 1)
    next_fault, told = clock.now() + every, time.monotonic()
    try:
        while clock.now() < end:
            for one in [one for one in coming if one[0] <= clock.now()]:
                coming.remove(one)
                _moment, place, is_dead = one
                if is_dead:
                    planners[place] = start()
                else:
                    os.kill(planners[place].pid or 0, signal.SIGCONT)
            free = [n for n in range(PLANNERS) if n not in {place for _at, place, _dead in coming}]
            if clock.now() >= next_fault and free and played.kills + played.suspended < 2 * kills:
                next_fault += every
                place = dice.choice(free)
                back = clock.now() + timedelta(minutes=dice.randint(*OUTAGES))
                is_killed = played.kills <= played.suspended
                coming.append((back, place, is_killed))
                if is_killed:
                    played.kills += 1
                    assert planners[place].is_alive(), "a planner ended by itself"
                    planners[place].kill()
                    planners[place].join()
                    played.effective += f"{planners[place].pid} " in log.read_text()
                else:
                    played.suspended += 1
                    os.kill(planners[place].pid or 0, signal.SIGSTOP)
            if time.monotonic() - told > 15:
                told = time.monotonic()
                tell(f"  {clock.now():%Y-%m-%d}, {played.kills} kills, {played.suspended} suspended")
            time.sleep(0.005)
    finally:
        for planner in planners:
            planner.kill()
            planner.join()
    lines = [line.split() for line in log.read_text().splitlines()]
    played.runs = sorted(datetime.fromisoformat(moment) for _pid, moment, _rows in lines)
    return played


@dataclass
class Found:
    """What the planners made of it."""

    expected: int
    missing: int
    twice: int
    early: int
    late: timedelta
    #: What that was, and when it was planned.
    latest: str
    #: The longest time in which nobody planned.
    away: timedelta


def judge(kind: Daily, people: dict[int, tuple[str, object]], days: int, runs: list[datetime]) -> Found:
    """Compare the rows with the clocks themselves, read by walking through the time."""
    clocks = {name: walked(ZoneInfo(name), FIRST, days) for name in {name for name, _wall in people.values()}}
    expected = {
        (pk, FIRST + n * ONE_DAY): clocks[name][FIRST + n * ONE_DAY, wall]  # type: ignore[index]
        for pk, (name, wall) in people.items()
        for n in range(days)
    }
    rows = Reminder.objects.filter(kind=kind.key).exclude(state=Reminder.State.CANCELLED)
    seen = Counter(rows.values_list("user_id", "due_on"))
    goes = {(pk, day): goes_at for pk, day, goes_at in rows.values_list("user_id", "due_on", "not_before")}
    errors = [goes[key] - moment for key, moment in expected.items() if key in goes]
    late = max(errors, default=timedelta())
    latest = [key for key, moment in expected.items() if key in goes and goes[key] - moment == late][:1]
    told = [
        f"{people[pk]} {day}, planned {rows.filter(user=pk, due_on=day)[0].created_at}" for pk, day in latest
    ]
    gaps = [after - before for before, after in pairwise(runs)]
    return Found(
        expected=len(expected),
        missing=len(expected.keys() - seen.keys()),
        twice=sum(count - 1 for count in seen.values()),
        early=sum(error < timedelta() for error in errors),
        late=late,
        latest=", ".join(told),
        away=max(gaps, default=timedelta()),
    )
