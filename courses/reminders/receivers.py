"""What reminders does when something happens in a lower room."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.utils import timezone

from courses.reminders.actions import lift_suppression


def write_again(email_address: EmailAddress, **_kwargs: Any) -> None:
    """A mail of ours was just read at the address: whatever was known against it is over."""
    lift_suppression(email=email_address.email, at=timezone.now())  # allauth says that, not when


def connect() -> None:
    email_confirmed.connect(write_again, dispatch_uid="reminders.write_again")
