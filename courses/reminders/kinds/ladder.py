"""Deadlines that are told by steps, so many days before: the arithmetic that such kinds share.

A kind has one ``Ladder``, streams plain values by day and turns each deadline into the rungs that come now::

    ladder = Ladder((30, 7, 1))

    def candidates(self, *, at, until, user_id=None):
        stretches = self.ladder.days(at, until)
        fields = "exam_on", "user_id", "user__time_zone"
        for pk, exam_on, person, zone in in_days(plans, "exam_on", stretches, *fields):
            for step, send_on, expires_on in self.ladder.rungs(exam_on, zone, at=at, until=until):
                yield Candidate(f"plan-{pk}", person, exam_on, step, send_on, expires_on)
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache, reduce
from itertools import pairwise
from operator import or_
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from courses.reminders.timing import steps_due

ONE_DAY = timedelta(days=1)
#: How long the planner may be away without a step being skipped.
LOOK_BACK = timedelta(days=3)
#: Rows read at once: plain values are small.
PAGE = 2000


class Rung(NamedTuple):
    """A step of one deadline: the local day to tell it, and the local day from which it is pointless."""

    step: int
    send_on: date
    expires_on: date


@dataclass(frozen=True)
class Ladder:
    """The steps of a kind, in days before the deadline.

    A step is pointless from the day of the next one, which says it better; the last is worth telling for
    ``lasts`` days from the deadline on: 1 includes the deadline's own day, 0 ends with the day before.
    """

    steps: tuple[int, ...]
    lasts: int = 1

    def rungs(
        self, due_on: date, zone: str, *, at: datetime, until: datetime, back: timedelta = LOOK_BACK
    ) -> tuple[Rung, ...]:
        """The steps that go until ``until`` on a clock in ``zone``; of those already past only the nearest.

        Looks ``back`` for a step that went by unnoticed: ``self.whole`` for a deadline recorded only now.
        """
        return _rungs(self, due_on, zone, at, until, back.days)

    @property
    def whole(self) -> timedelta:
        """From the first step to the deadline."""
        return timedelta(days=max(self.steps))

    def days(self, at: datetime, until: datetime) -> list[tuple[date, date]]:
        """All deadlines that may have a rung now, in any zone: stretches of days, first and last, apart."""
        # a person's day begins up to 14 hours before and 12 after that of UTC
        first, last = at.date() - LOOK_BACK - ONE_DAY, until.date() + ONE_DAY
        stretches: list[tuple[date, date]] = []
        for step in sorted(timedelta(days=step) for step in self.steps):
            if stretches and first + step <= stretches[-1][1] + ONE_DAY:
                stretches[-1] = (stretches[-1][0], last + step)
            else:
                stretches.append((first + step, last + step))
        return stretches

    def near(self, field: str, at: datetime, until: datetime) -> Q:
        """``days`` as a condition on ``field``; the stream of ``in_days`` needs none."""
        return reduce(or_, (Q(**{f"{field}__range": days}) for days in self.days(at, until)))


@lru_cache(maxsize=16384)  # many deadlines share their day and their zone
def _rungs(
    ladder: Ladder, due_on: date, zone: str, at: datetime, until: datetime, back: int
) -> tuple[Rung, ...]:
    clock = ZoneInfo(zone)
    today = at.astimezone(clock).date()
    steps = steps_due(
        days_left=(due_on - today).days,
        ahead=(until.astimezone(clock).date() - today).days,
        back=back,
        steps=ladder.steps,
    )
    following = dict(pairwise(ladder.steps))
    return tuple(
        Rung(step, due_on - timedelta(days=step), due_on - timedelta(days=following.get(step, -ladder.lasts)))
        for step in steps
    )


def in_pages(rows: QuerySet[Any], *fields: str, size: int = PAGE) -> Iterator[tuple[Any, ...]]:
    """The primary key and ``fields`` of every row, by primary key; one query a page, and no cursor open."""
    last: Any = None
    while True:
        page = list(
            (rows if last is None else rows.filter(pk__gt=last))
            .order_by("pk")
            .values_list("pk", *fields)[:size]
        )
        yield from page
        if len(page) < size:
            return
        last = page[-1][0]


def in_days(
    rows: QuerySet[Any], day: str, stretches: Iterable[tuple[date, date]], *fields: str, size: int = PAGE
) -> Iterator[tuple[Any, ...]]:
    """As ``in_pages``, of the rows whose ``day`` lies in one of ``stretches``, by day.

    Reads an index that begins with ``day`` from one end of a stretch to the other, however many rows one day
    has: a query a stretch, and one or two more a full page.
    """
    columns = ("pk", *fields, day)
    for first, last in stretches:
        stretch = rows.filter(**{f"{day}__range": (first, last)}).order_by(day, "pk")
        page = list(stretch.values_list(*columns)[:size])
        while page:
            for row in page:
                yield row[:-1]
            if len(page) < size:
                break
            pk, reached = page[-1][0], page[-1][-1]
            rest_of_day = rows.filter(**{day: reached, "pk__gt": pk}).order_by("pk")
            page = list(rest_of_day.values_list(*columns)[:size])
            if len(page) < size:  # the day is over
                later = stretch.filter(**{f"{day}__gt": reached})
                page += later.values_list(*columns)[: size - len(page)]
