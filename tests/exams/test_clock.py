"""The server's clock alone decides when an attempt ends."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from courses.exams.clock import deadline, is_late, remaining_s


@pytest.mark.parametrize(
    ("multiplier", "seconds"), [("1.00", 600), ("1.25", 750), ("1.50", 900), ("2.00", 1200)]
)
def test_deadline_gives_the_person_their_time_to_the_second(
    at: datetime, multiplier: str, seconds: int
) -> None:
    assert deadline(at, 10, Decimal(multiplier)) - at == timedelta(seconds=seconds)


def test_grace_lasts_thirty_seconds(at: datetime) -> None:
    assert not is_late(at, at + timedelta(seconds=30))
    assert is_late(at, at + timedelta(seconds=30, microseconds=1))


def test_remaining_is_never_negative(at: datetime) -> None:
    assert remaining_s(at, at + timedelta(hours=12)) == 0
    assert remaining_s(at, at - timedelta(seconds=61.5)) == 61
