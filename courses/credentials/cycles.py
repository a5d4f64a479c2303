"""Dates of cycles; no database here. Every period is half-open: ``ends_on`` is the first day after it."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


class WrongParity(ValueError):
    """The renewal year has not the parity of its month; ``years`` are the two nearest that have."""

    def __init__(self, years: tuple[int, int]) -> None:
        super().__init__(f"{years[0]} or {years[1]}")
        self.years = years


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``starts_on`` until before ``ends_on``."""

    starts_on: date
    ends_on: date

    def __contains__(self, day: date) -> bool:
        return self.starts_on <= day < self.ends_on

    @property
    def last_on(self) -> date:
        """The last day on which an activity counts."""
        return self.ends_on - ONE_DAY


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later, or the last day of that month where it has no such day.

    So a cycle that begins on 29 February ends on 28 February: never later than the body may say.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def months_of(period: Period) -> int:
    """Months of a period; a month begun counts whole."""
    first, end = period.starts_on, period.ends_on
    months = (end.year - first.year) * 12 + end.month - first.month
    return months + (add_months(first, months) < end)


def due_year(month: int, on: date, *, parity: bool) -> int:
    """The first year in which a renewal of ``month`` falls due on or after ``on``.

    With ``parity`` an odd month falls due in odd years and an even month in even years.
    """
    year = on.year + (on.month > month)
    return year + ((year - month) % 2 if parity else 0)


def renewal_period(month: int, year: int, *, months: int, parity: bool) -> Period:
    """The full cycle that ends with ``month`` of ``year``; raises ``WrongParity``."""
    if parity and (year - month) % 2:
        raise WrongParity((year - 1, year + 1))
    ends_on = add_months(date(year, month, 1), 1)
    return Period(add_months(ends_on, -months), ends_on)


def period_from(anchor: date, on: date, *, months: int) -> Period:
    """The cycle that holds ``on`` when cycles of ``months`` follow each other from ``anchor``."""
    index = max(0, ((on.year - anchor.year) * 12 + on.month - anchor.month) // months)
    while index and add_months(anchor, months * index) > on:
        index -= 1
    while add_months(anchor, months * (index + 1)) <= on:
        index += 1
    return Period(add_months(anchor, months * index), add_months(anchor, months * (index + 1)))
