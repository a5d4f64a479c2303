"""When an attempt ends: the server's clock alone decides."""

from datetime import datetime, timedelta
from decimal import Decimal

#: An answer already on its way when the time ran out still counts, by the moment it reached the server.
GRACE = timedelta(seconds=30)


def deadline(started_at: datetime, minutes: int, multiplier: Decimal) -> datetime:
    """The end of an attempt of ``minutes`` for a person whose time is multiplied, to the second."""
    return started_at + timedelta(seconds=int(minutes * 60 * multiplier))


def first_of(*moments: datetime | None) -> datetime | None:
    """The first of the ends that there are: a section cannot outlast its exam."""
    return min((one for one in moments if one is not None), default=None)


def remaining_s(deadline_at: datetime | None, now: datetime) -> int | None:
    """Whole seconds left, never below 0; None when there is no end."""
    return None if deadline_at is None else max(0, int((deadline_at - now).total_seconds()))


def is_late(deadline_at: datetime | None, received_at: datetime) -> bool:
    """Whether something received then came after the grace."""
    return deadline_at is not None and received_at > deadline_at + GRACE
