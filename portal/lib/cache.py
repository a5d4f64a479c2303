"""The cache that all processes share: Redis or Valkey, and while it is away a table of the database."""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from redis import RedisError
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

logger = logging.getLogger(__name__)

#: The cache that stands in; ``createcachetable`` makes its table.
STAND_IN = "database"
#: Seconds for which Redis, once it failed, is not asked: a hanging one costs one time-out, not one a call.
REST = 5.0
#: Seconds between two warnings of one process.
WARN_EVERY = 60.0

_rests_until: dict[str, float] = {}
_warned_at: dict[str, float] = {}


def _either(name: str) -> Callable[..., Any]:
    """The method ``name`` of Redis and, when that fails, of the table."""

    def call(self: "SharedCache", *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= _rests_until.get(self.address, 0.0):
            try:
                return getattr(RedisCache, name)(self, *args, **kwargs)
            except RedisError as error:
                self.rest(error)
        return getattr(caches[STAND_IN], name)(*args, **kwargs)

    call.__name__ = name
    return call


class SharedCache(RedisCache):
    """Redis that never fails a request: a call that it cannot answer goes to the cache ``database``.

    So rate limits hold while it is away. Counts are not carried over from one to the other; whoever is
    counted starts afresh, once, when Redis goes and once when it comes back.
    """

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.address = str(server)
        # once more at once, for a connection that a restart of Redis cut; a time-out is not repeated
        retry = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))
        self._options: dict[str, Any] = {"retry": retry, **params.get("OPTIONS", {})}

    def rest(self, error: RedisError) -> None:
        """Leave Redis alone for a moment and say so, seldom."""
        now = time.monotonic()
        _rests_until[self.address] = now + REST
        if now - _warned_at.get(self.address, -WARN_EVERY) >= WARN_EVERY:
            _warned_at[self.address] = now
            # the kind only: the text of the error may hold the address with its password
            logger.warning(
                "The shared cache does not answer (%s); the database stands in.", type(error).__name__
            )

    add = _either("add")
    get = _either("get")
    set = _either("set")
    touch = _either("touch")
    delete = _either("delete")
    get_many = _either("get_many")
    has_key = _either("has_key")
    incr = _either("incr")
    set_many = _either("set_many")
    delete_many = _either("delete_many")
    clear = _either("clear")
