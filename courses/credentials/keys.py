"""The keys that sign certificates and badges, as the setting names them."""

from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from courses.credentials.certifying import BadKeys, KeyRing, read_keys


def key_ring() -> KeyRing:
    """The keys of ``CERTIFICATE_KEYS``; asked at the start, so that a bad one is found there.

    Raises ``ImproperlyConfigured``.
    """
    return _read(tuple(settings.CERTIFICATE_KEYS))


@cache
def _read(spelt: tuple[str, ...]) -> KeyRing:
    try:
        return read_keys(spelt)
    except BadKeys as wrong:
        raise ImproperlyConfigured(f"CERTIFICATE_KEYS: {wrong}. See docs/operators.md.") from None
