from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.credentials.cycles import (
    Period,
    WrongParity,
    add_months,
    due_year,
    months_of,
    period_from,
    renewal_period,
)

DAYS = st.dates(date(2000, 1, 1), date(2060, 12, 31))
DAY = timedelta(days=1)


def test_odd_month_falls_due_in_odd_years_and_even_in_even() -> None:
    on = date(2026, 11, 23)

    assert due_year(3, on, parity=True) == 2027
    assert due_year(4, on, parity=True) == 2028
    assert due_year(12, on, parity=True) == 2026
    assert due_year(11, on, parity=True) == 2027
    assert due_year(4, on, parity=False) == 2027


def test_renewal_month_is_still_due_on_its_last_day() -> None:
    assert due_year(3, date(2027, 3, 31), parity=True) == 2027
    assert due_year(3, date(2027, 4, 1), parity=True) == 2029


def test_march_renewal_ends_with_march() -> None:
    period = renewal_period(3, 2027, months=24, parity=True)

    assert period == Period(date(2025, 4, 1), date(2027, 4, 1))
    assert period.last_on == date(2027, 3, 31)


def test_december_renewal_ends_with_the_year() -> None:
    assert renewal_period(12, 2026, months=24, parity=True) == Period(date(2025, 1, 1), date(2027, 1, 1))


def test_wrong_parity_names_the_years_beside() -> None:
    with pytest.raises(WrongParity) as refusal:
        renewal_period(3, 2026, months=24, parity=True)

    assert refusal.value.years == (2025, 2027)


def test_cycle_from_29_february_ends_before_the_28th() -> None:
    period = period_from(date(2024, 2, 29), date(2024, 3, 1), months=24)

    assert period.ends_on == date(2026, 2, 28)
    assert period_from(date(2024, 2, 29), date(2026, 2, 28), months=24).starts_on == date(2026, 2, 28)
    assert period_from(date(2024, 2, 29), date(2028, 2, 29), months=24).starts_on == date(2028, 2, 29)


def test_period_holds_its_first_day_and_not_its_end() -> None:
    period = Period(date(2025, 4, 1), date(2027, 4, 1))

    assert date(2025, 4, 1) in period and date(2027, 3, 31) in period
    assert date(2025, 3, 31) not in period and date(2027, 4, 1) not in period


@pytest.mark.parametrize(
    ("starts_on", "months"), [(date(2025, 4, 1), 24), (date(2026, 3, 10), 13), (date(2027, 3, 31), 1)]
)
def test_month_begun_counts_whole(starts_on: date, months: int) -> None:
    assert months_of(Period(starts_on, date(2027, 4, 1))) == months


@given(DAYS, DAYS, st.sampled_from([12, 24, 36]))
def test_cycles_from_an_anchor_leave_no_gap(anchor: date, on: date, months: int) -> None:
    period = period_from(anchor, max(anchor, on), months=months)

    assert max(anchor, on) in period
    assert period_from(anchor, period.ends_on, months=months).starts_on == period.ends_on
    if period.starts_on > anchor:
        assert period_from(anchor, period.starts_on - DAY, months=months).ends_on == period.starts_on


@given(st.integers(1, 12), DAYS)
def test_renewal_that_is_due_holds_today_for_a_full_cycle(month: int, on: date) -> None:
    year = due_year(month, on, parity=True)
    period = renewal_period(month, year, months=24, parity=True)

    assert on in period
    assert period.last_on.month == month and (year - month) % 2 == 0
    assert months_of(period) == 24


@given(DAYS, st.integers(-300, 300))
def test_months_later_is_never_in_another_month(day: date, months: int) -> None:
    found = add_months(day, months)

    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == months
    assert found.day <= day.day
