"""Which CEUs fill which part of a requirement: pure, over whole hundredths of a CEU.

A CEU fills one part of each group: parts of one group are rivals, parts of different groups share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Offer:
    """CEUs of one activity and the parts that they may fill, in the order of the demands."""

    amount: int
    fits: tuple[int, ...] = ()
    kind: str = ""


@dataclass(slots=True)
class Given:
    """What became of the offers: how much of each counts, and how much of it fills which part."""

    counts: list[int]
    parts: list[dict[int, int]]
    earned: list[int] = field(default_factory=list)


def allocate(
    wanted: Sequence[int],
    groups: Sequence[Sequence[int]],
    offers: Sequence[Offer],
    caps: Mapping[str, int],
) -> Given:
    """Fill the parts of ``wanted`` from ``offers``, which are taken in their order."""
    room = dict(caps)
    counts = []
    for offer in offers:
        counts.append(min(offer.amount, room.get(offer.kind, offer.amount)))
        if offer.kind in room:
            room[offer.kind] -= counts[-1]
    given = Given(counts, [{} for _ in offers], [0] * len(wanted))
    for group in groups:
        _fill(group, wanted, offers, given)
    return given


def _fill(group: Sequence[int], wanted: Sequence[int], offers: Sequence[Offer], given: Given) -> None:
    """Fill one group by augmenting paths, offer by offer: what is placed moves only to make room for more."""
    members = set(group)
    met = dict.fromkeys(group, 0)
    closed: set[int] = set()  # full, and nothing in it can ever move aside
    for number, offer in enumerate(offers):
        fits = [part for part in offer.fits if part in members]
        left = given.counts[number]
        while left and fits:
            came_from = _search(fits, members, wanted, met, closed, offers, given)
            if came_from is None:
                break
            left -= _push(number, left, came_from, wanted, met, given)
        if left and fits:
            _add(given.parts[number], fits[0], left)
            given.earned[fits[0]] += left
    for part in group:
        given.earned[part] += met[part]


def _search(
    fits: Sequence[int],
    members: set[int],
    wanted: Sequence[int],
    met: Mapping[int, int],
    closed: set[int],
    offers: Sequence[Offer],
    given: Given,
) -> list[tuple[int, int]] | None:
    """The shortest way to a part with room: ``(part, offer that moves on from it)``, last the part itself."""
    ways: dict[int, list[tuple[int, int]]] = {}
    queue = []
    for part in fits:
        if part not in closed:
            ways[part] = [(part, -1)]
            queue.append(part)
    for part in queue:
        if met[part] < wanted[part]:
            return ways[part]
        for number, parts in enumerate(given.parts):
            if part not in parts:
                continue
            for other in offers[number].fits:
                if other in members and other not in ways and other not in closed:
                    ways[other] = [*ways[part][:-1], (part, number), (other, -1)]
                    queue.append(other)
    closed.update(ways)
    return None


def _push(
    number: int,
    most: int,
    way: list[tuple[int, int]],
    wanted: Sequence[int],
    met: dict[int, int],
    given: Given,
) -> int:
    last = way[-1][0]
    amount = min(most, wanted[last] - met[last], *(given.parts[mover][part] for part, mover in way[:-1]))
    met[last] += amount
    _add(given.parts[number], way[0][0], amount)
    for (part, mover), (onward, _) in pairwise(way):
        _add(given.parts[mover], part, -amount)
        _add(given.parts[mover], onward, amount)
    return amount


def _add(parts: dict[int, int], part: int, amount: int) -> None:
    parts[part] = parts.get(part, 0) + amount
    if not parts[part]:
        del parts[part]
