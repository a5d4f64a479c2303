"""Noting what was changed about a credential or its cycle: rows that are only added."""

from datetime import date, datetime
from decimal import Decimal

from accounts.models import User
from courses.credentials.models import CredentialChange, CredentialHeld, Cycle


def note_change(
    of: CredentialHeld | Cycle,
    what: str,
    before: object,
    after: object,
    *,
    reason: str = "",
    by: User | None,
    at: datetime,
) -> CredentialChange:
    """Write down one change. ``what`` is the column, ``by`` nobody when the portal itself changed it."""
    return CredentialChange.objects.create(
        held=of if isinstance(of, CredentialHeld) else None,
        cycle=of if isinstance(of, Cycle) else None,
        what=what,
        before=_written(before),
        after=_written(after),
        reason=reason.strip(),
        changed_at=at,
        changed_by=by,
    )


def _written(value: object) -> str:
    """Dates as ISO writes them and amounts without trailing zeros: the page puts them into words."""
    match value:
        case None:
            return ""
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value.normalize():f}"
    return str(value)[:200]
