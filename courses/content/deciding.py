"""What a load does to what is stored: pure, so that the rule about a person's change can be read alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What became of a part of the pack."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    KEPT = "kept local change"


@dataclass(frozen=True)
class Seen:
    """A stored revision, as far as a pack cares."""

    pack_digest: str
    is_published: bool


class Step(StrEnum):
    """What to do with a text."""

    CREATE = "create"
    UPDATE = "update"
    SKIP = "skip"
    KEEP = "keep"
    OFFER = "offer"


def next_step(history: Sequence[Seen], digest: str) -> Step:
    """What a pack's text with ``digest`` does to an identity with these revisions, oldest first.

    Drafts that were only offered stand aside: they neither hand the identity back to the pack nor come twice.
    """
    standing = [seen for seen in history if seen.is_published or not seen.pack_digest]
    if not history:
        return Step.CREATE
    if standing and not standing[-1].pack_digest:
        return Step.KEEP if any(seen.pack_digest == digest for seen in history) else Step.OFFER
    newest = standing[-1] if standing else history[-1]
    return Step.SKIP if newest.pack_digest == digest else Step.UPDATE


def row_outcome(stored: str | None, digest: str) -> Outcome:
    """By the digest on the row, None when there is no row; an empty one says that a person changed it."""
    if stored is None:
        return Outcome.CREATED
    if not stored:
        return Outcome.KEPT
    return Outcome.UNCHANGED if stored == digest else Outcome.UPDATED
