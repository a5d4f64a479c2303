"""The hash chain of a ledger: pure functions over plain values, no database here.

Everything is hashed as canonical JSON, so that two rows never give the same bytes. Words that people typed
enter only as a salted digest: when they are erased with their salt, the chain still verifies and no longer
tells anything.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
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


def activity_key(ledger: str, key: str) -> str:
    """``key`` as the row of ``ledger`` holds it: what a person typed is in it as a digest only.

    A course of ours stays readable, and so does the number of a repetition, ``#2``.
    """
    kind, _colon, rest = key.partition(":")
    if kind == "course":
        return key
    named, hash_sign, again = rest.partition("#")
    sealed = sha256(f"{ledger}\n{named}".encode()).hexdigest()[:40]
    return f"{kind}:{sealed}{hash_sign}{again}"


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


def merkle_root(leaves: Iterable[str]) -> str:
    """The root of the tree over ``leaves`` in their order, holding only one hash a level.

    Leaves and inner nodes are hashed apart, so that neither passes for the other; a hash without a sibling
    moves up as it is. Of no leaves it is the hash of nothing.
    """
    waiting: list[tuple[int, str]] = []  # the level and root of whole subtrees, the highest first
    for leaf in leaves:
        level, root = 0, sha256(b"\0" + leaf.encode()).hexdigest()
        while waiting and waiting[-1][0] == level:
            level, root = level + 1, _node(waiting.pop()[1], root)
        waiting.append((level, root))
    if not waiting:
        return sha256(b"").hexdigest()
    root = waiting.pop()[1]
    while waiting:
        root = _node(waiting.pop()[1], root)
    return root


def _node(left: str, right: str) -> str:
    return sha256(b"\1" + left.encode() + right.encode()).hexdigest()


def anchor_root(*, on: date, previous: str, ledgers: int, links: int, tree: str, at: datetime) -> str:
    """The root of a day: it covers the day's own columns, its tree of links and the root before it."""
    return digest(
        {
            "on": on.isoformat(),
            "previous": previous,
            "ledgers": ledgers,
            "links": links,
            "tree": tree,
            "at": moment(at),
        }
    )
