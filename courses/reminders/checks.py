"""What is asked before the process starts."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from courses.reminders.mailservices import BY_PASSWORD, SERVICES


@register
def mail_service_is_known(**_kwargs: Any) -> list[CheckMessage]:
    """A service that nobody can read, or one that cannot prove itself, would be a 404 for ever."""
    name, secret = settings.MAIL_EVENTS_SERVICE, settings.MAIL_EVENTS_SECRET
    if not name:
        return []
    if name not in SERVICES:
        known = ", ".join(sorted(SERVICES))
        return [Error(f"MAIL_EVENTS_SERVICE must be one of {known}.", id="reminders.E001")]
    if SERVICES[name].proof == BY_PASSWORD and not all(secret.partition(":")):
        return [Error(f"MAIL_EVENTS_SECRET for {name} must look like name:password.", id="reminders.E002")]
    return []
