"""When an attempt ends: the server's clock alone decides."""

from datetime import datetime, timedelta
from decimal import Decimal

#: An answer already on its way when the time ran out still counts, by the moment it reached the server.
GRACE = timedelta(seconds=30)


def deadline(started_at: datetime, minutes: int, multiplier: Decimal) -> datetime:
    """The end of an attempt of ``minutes`` for a person whose time is multiplied, to the second."""
    return started_at + timedelta(seconds=int(minutes * 60 * multiplier))


def remaining_s(deadline_at: datetime, now: datetime) -> int:
    """Whole seconds left, never below 0."""
    return max(0, int((deadline_at - now).total_seconds()))


def is_late(deadline_at: datetime, received_at: datetime) -> bool:
    """Whether something received then came after the grace."""
    return received_at > deadline_at + GRACE
