"""How often one address may ask for something, counted in the cache that all processes share."""

import time

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest


def is_within_limit(
    request: HttpRequest, name: str, *, amount: int, seconds: int, who: int | None = None
) -> bool:
    """Count this request; false when its address has made more than ``amount`` in the current window.

    With ``who``, the key of a person, that person's requests are counted wherever they come from.

    Windows are fixed and not sliding: one counter in the cache, one call a request. At the turn of a window
    an address may be served twice the amount.
    """
    counted = get_adapter().get_client_ip(request) if who is None else f"person-{who}"
    key = f"limit:{name}:{counted}:{int(time.time()) // seconds}"
    try:
        count = cache.incr(key)
    except ValueError:  # the first of this window; two at once may both be the first
        cache.add(key, 1, timeout=seconds)
        count = 1
    return count <= amount
