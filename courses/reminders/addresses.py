"""Capabilities in links and digests of addresses, each under a salt of its own. No models."""

from base64 import b32encode
from hashlib import sha256
from urllib.parse import urlsplit

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils.crypto import salted_hmac

_STOP = "courses.reminders.stop"
_SUPPRESSION = "courses.reminders.suppression"


class BadToken(Exception):
    """The token was not made here, or not for this."""


def stop_token(*, user_id: int, kind: str) -> str:
    """The power to stop one kind of reminder to one person, and nothing else. It does not expire."""
    return Signer(salt=_STOP).sign_object([user_id, kind], compress=False)


def read_stop_token(token: str) -> tuple[int, str]:
    """The person's key and the kind; raises ``BadToken``."""
    try:
        user_id, kind = Signer(salt=_STOP).unsign_object(token)
    except (BadSignature, ValueError, TypeError):
        raise BadToken from None
    return user_id, kind


def stop_url(*, user_id: int, kind: str) -> str:
    return absolute(reverse("reminders:stop", args=[stop_token(user_id=user_id, kind=kind)]))


def absolute(path: str) -> str:
    """``path`` as a link for a mail: always the site's own address, never a request's host."""
    return f"{settings.SITE_URL}{path}"


def mail_host() -> str:
    return urlsplit(settings.SITE_URL).hostname or "localhost"


def message_id(key: str) -> str:
    """The Message-ID of a reminder: the same at every attempt, so that a mailbox can tell a copy."""
    return f"<{b32encode(sha256(key.encode()).digest()).decode().lower()[:32]}@{mail_host()}>"


def address_digest(email: str) -> str:
    """What a suppression stores of an address."""
    return _digest(email, settings.SECRET_KEY)


def address_digests(email: str) -> list[str]:
    """The digests under which an address may be stored: the present key's first, then the older keys'."""
    return [_digest(email, key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _digest(email: str, key: str | bytes) -> str:
    return salted_hmac(_SUPPRESSION, email.strip().lower(), secret=key, algorithm="sha256").hexdigest()
