"""The hash chain of a ledger: pure functions over plain values, no database here.

Everything is hashed as canonical JSON, so that two rows never give the same bytes. Words that people typed
enter only as a salted digest: when they are erased with their salt, the chain still verifies and no longer
tells anything.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any


def canonical(facts: Mapping[str, Any]) -> bytes:
    """One spelling of ``facts`` (strings, whole numbers, booleans, None, lists and maps of these)."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def digest(facts: Mapping[str, Any]) -> str:
    """SHA-256 of ``facts`` as hexadecimal."""
    return sha256(canonical(facts)).hexdigest()


def words_digest(salt: str, words: Mapping[str, Any]) -> str:
    """The digest of words under their own salt."""
    return digest({"salt": salt, "words": dict(words)})


def link_hash(
    *, ledger: str, number: int, what: str, row: int, digest_of_row: str, previous: str, at: datetime
) -> str:
    """The hash of a link: it covers the link's own columns and the hash before it."""
    return digest(
        {
            "ledger": ledger,
            "number": number,
            "what": what,
            "row": row,
            "digest": digest_of_row,
            "previous": previous,
            "at": moment(at),
        }
    )


def moment(at: datetime) -> str:
    """A moment to the microsecond in UTC, as both databases give it back."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
