"""Which addresses take no mail."""

from datetime import datetime

from courses.reminders.addresses import address_digest
from courses.reminders.models import Suppression


def suppress_address(*, email: str, reason: str, at: datetime) -> None:
    """Never write to an address again; the first reason stands."""
    Suppression.objects.get_or_create(
        email_hmac=address_digest(email), defaults={"reason": reason[:200], "at": at}
    )
