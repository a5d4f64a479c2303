"""Capabilities in links and digests of addresses, each under a salt of its own. No models."""

from base64 import b32encode
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.core.signing import BadSignature, SignatureExpired, Signer, TimestampSigner
from django.urls import reverse
from django.utils.crypto import salted_hmac

#: How long the link in a mail can stop something.
STOP_WORKS = timedelta(days=400)

_STOP, _FIRST_STOP = "courses.reminders.stop.kinds", "courses.reminders.stop"
_SUPPRESSION, _MESSAGE = "courses.reminders.suppression", "courses.reminders.message"


class BadToken(Exception):
    """The token was not made here, or not for this."""


class TokenTooOld(BadToken):
    """The token was made here, but so long ago that it acts no more."""


def stop_token(user_id: int, kinds: Sequence[str]) -> str:
    """The power to stop these kinds of reminder to one person, for ``STOP_WORKS``, and nothing else."""
    return TimestampSigner(salt=_STOP).sign_object([user_id, list(kinds)], compress=False)


def read_stop_token(token: str) -> tuple[int, tuple[str, ...]]:
    """The person's key and the kinds; raises ``BadToken``, and ``TokenTooOld`` where it was good once."""
    try:
        user_id, kinds = TimestampSigner(salt=_STOP).unsign_object(token, max_age=STOP_WORKS)
    except SignatureExpired:
        raise TokenTooOld from None
    except (BadSignature, ValueError, TypeError):
        return _read_first_token(token)
    return user_id, tuple(kinds)


def _read_first_token(token: str) -> tuple[int, tuple[str, ...]]:
    """Tokens of the first mails name one kind and no time; those mails lie in mailboxes still."""
    try:
        user_id, kind = Signer(salt=_FIRST_STOP).unsign_object(token)
    except (BadSignature, ValueError, TypeError):
        raise BadToken from None
    return user_id, (kind,)


def stop_url(user_id: int, kinds: Sequence[str]) -> str:
    """The address that asks whether to stop these kinds, and stops them when it is posted to."""
    return absolute(_stop_path().replace("TOKEN", stop_token(user_id, kinds)))


@cache  # a mail asks several times, and resolving costs as much as filling the whole mail
def _stop_path() -> str:
    return reverse("reminders:stop", args=["TOKEN"])


def preferences_url() -> str:
    """Where a person chooses what they get."""
    return absolute(_preferences_path())


@cache
def _preferences_path() -> str:
    return reverse("reminders:reminders")


def absolute(path: str) -> str:
    """``path`` as a link for a mail: always the site's own address, never a request's host."""
    return f"{settings.SITE_URL}{path}"


def mail_host() -> str:
    return urlsplit(settings.SITE_URL).hostname or "localhost"


def message_id(keys: Sequence[str]) -> str:
    """The Message-ID of the mail that tells of these reminders, in whatever order they are given.

    It is the same at every attempt, so that a mailbox can tell a copy. Keyed: only who saw the mail knows it,
    and so nobody else can write a report of its return.
    """
    digest = salted_hmac(_MESSAGE, "\n".join(sorted(keys)), algorithm="sha256").digest()
    return f"<{b32encode(digest).decode().lower()[:32]}@{mail_host()}>"


def address_digest(email: str) -> str:
    """What a suppression stores of an address."""
    return _digest(email, settings.SECRET_KEY)


def address_digests(email: str) -> list[str]:
    """The digests under which an address may be stored: the present key's first, then the older keys'."""
    return [_digest(email, key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _digest(email: str, key: str | bytes) -> str:
    return salted_hmac(_SUPPRESSION, email.strip().lower(), secret=key, algorithm="sha256").hexdigest()
