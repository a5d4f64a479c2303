from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from courses.credentials.pace import TOO_EARLY, Pace, pace, steps
from courses.credentials.standing import Earned, Held, standing
from tests.credentials.conftest import rule
from tests.credentials.test_standing import FULL, LONG_HELD, did


def paced(today: date, *credits: Earned, held: tuple[str, ...] = ("cpc",), until: date | None = None) -> Pace:
    found = standing(
        rule("aapc-2015"),
        [Held(key, LONG_HELD) for key in held],
        credits,
        FULL,
        today,
        extended_until=until,
    )
    return pace(found, FULL, credits, today)


def test_first_weeks_say_nothing_about_the_pace() -> None:
    found = paced(FULL.starts_on + TOO_EARLY - timedelta(days=1), did(1, on=FULL.starts_on))

    assert (found.a_month, found.complete_on, found.is_behind) == (None, None, False)


def test_rate_and_day_of_completion_follow_from_what_was_earned() -> None:
    today = FULL.starts_on + timedelta(days=364)  # the 365th day

    found = paced(today, did(18, on=FULL.starts_on))

    assert found.a_month == Decimal("1.50")
    assert found.complete_on == today + timedelta(days=365)
    assert not found.is_behind


def test_too_slow_is_behind_and_says_when_it_would_be_done() -> None:
    today = FULL.starts_on + timedelta(days=364)

    found = paced(today, did(12, on=FULL.starts_on))

    assert found.complete_on == today + timedelta(days=730)
    assert found.is_behind


def test_nothing_earned_is_behind_without_a_day() -> None:
    found = paced(date(2026, 4, 1))

    assert (found.a_month, found.complete_on, found.is_behind) == (0, None, True)


def test_complete_is_never_behind() -> None:
    found = paced(date(2026, 4, 1), did(36))

    assert (found.complete_on, found.is_behind) == (None, False)


def test_part_that_is_behind_makes_the_whole_behind() -> None:
    found = paced(date(2026, 10, 1), did(40), did(2, "auditing"), held=("cpc", "cpma"))

    assert not found.total.is_behind
    assert [(one.key, one.rate.is_behind) for one in found.buckets] == [("auditing", True)]
    assert found.is_behind and found.complete_on == found.buckets[0].rate.complete_on


def test_after_the_end_there_is_no_pace_but_within_an_extension_there_is() -> None:
    after = date(2027, 4, 20)

    assert paced(after).a_month is None
    assert paced(after, until=date(2027, 5, 31)).a_month == 0


def test_steps_are_the_days_of_the_reminders() -> None:
    assert steps(date(2027, 3, 31)) == (
        (180, date(2026, 10, 2)),
        (90, date(2026, 12, 31)),
        (60, date(2027, 1, 30)),
        (30, date(2027, 3, 1)),
        (14, date(2027, 3, 17)),
        (7, date(2027, 3, 24)),
        (1, date(2027, 3, 30)),
    )


@given(st.integers(1, 3600), st.integers(42, 729))
def test_earning_on_at_that_pace_completes_the_cycle_on_the_day_said(cents: int, days: int) -> None:
    today = FULL.starts_on + timedelta(days=days)
    done = Decimal(cents) / 100

    found = paced(today, did(str(done), on=FULL.starts_on))

    if done < 36 and found.complete_on is not None:
        further = done / (days + 1) * (found.complete_on - today).days
        assert done + further >= Decimal("35.999999")
        assert found.is_behind == (found.complete_on > FULL.last_on)
