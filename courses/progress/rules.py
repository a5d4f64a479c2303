"""When something is complete: pure arithmetic over what is asked and what is met."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Fact = tuple[str, str]
"""``(kind, key)`` of a requirement."""


@dataclass(frozen=True)
class Asked:
    """One requirement and whether it is met."""

    kind: str
    key: str
    text: str
    is_met: bool


def against(asked: Iterable[tuple[str, str, str]], met: Iterable[Fact]) -> list[Asked]:
    """Each ``(kind, key, text)`` with whether it is among ``met``, in order."""
    have = set(met)
    return [Asked(kind, key, text, (kind, key) in have) for kind, key, text in asked]


def missing(asked: Sequence[Asked]) -> list[str]:
    """What is still to do, in the words of the requirements."""
    return [one.text for one in asked if not one.is_met]


def share(done: int, total: int) -> int:
    """Whole per cent; only all is 100, only nothing is 0."""
    if total == 0:
        return 0
    return max(1 if done else 0, min(99 if done < total else 100, round(100 * done / total)))
