"""Drawing the form of an exam from a blueprint's counts and a pool of questions: pure and repeatable."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random


@dataclass(frozen=True)
class Candidate:
    """A question that may be drawn; two of one ``group`` give each other away.

    ``domain`` names the place that it may fill: a domain of a section. A question that may fill several
    stands in the pool once for each.
    """

    id: int
    domain: int
    group: str = ""
    last_seen: datetime | None = None

    @property
    def unit(self) -> str:
        """What can be on a form once: an exclusion group, or the question itself."""
        return f"group {self.group}" if self.group else f"question {self.id}"


@dataclass(frozen=True)
class Form:
    """What was drawn for each domain, in a random order, and how many questions each thin domain lacks."""

    by_domain: Mapping[int, tuple[int, ...]]
    short: Mapping[int, int] = field(default_factory=dict)

    @property
    def picks(self) -> tuple[int, ...]:
        """All that was drawn."""
        return tuple(pick for picks in self.by_domain.values() for pick in picks)


def draw(counts: Mapping[int, int], pool: Iterable[Candidate], *, seed: int) -> Form:
    """Draw ``counts[domain]`` questions of each domain, the same ones for the same seed and pool.

    Unseen questions come first, then those seen longest ago; no two share an exclusion group. A domain that
    the pool cannot fill is named in ``short``; nothing is padded from elsewhere.
    """
    rng = Random(seed)
    shuffled = sorted(pool, key=lambda one: one.id)
    rng.shuffle(shuffled)
    shuffled.sort(
        key=lambda one: (one.last_seen is not None, one.last_seen.timestamp() if one.last_seen else 0)
    )
    by_domain: dict[int, list[Candidate]] = {domain: [] for domain in counts}
    for candidate in shuffled:
        if candidate.domain in by_domain:
            by_domain[candidate.domain].append(candidate)
    taken: dict[str, _Slot] = {}
    short: dict[int, int] = {}
    for domain, count in counts.items():
        for missing in range(count, 0, -1):
            if not _fill(_Slot(domain), by_domain, taken, set()):
                short[domain] = missing
                break
    picks: dict[int, list[int]] = {domain: [] for domain in counts}
    for slot in taken.values():
        picks[slot.domain].append(slot.pick)
    for found in picks.values():
        found.sort()
        rng.shuffle(found)
    return Form({domain: tuple(found) for domain, found in picks.items()}, short)


@dataclass
class _Slot:
    """A place on the form for one question of a domain."""

    domain: int
    pick: int = 0


def _fill(
    slot: _Slot, by_domain: Mapping[int, list[Candidate]], taken: dict[str, _Slot], tried: set[str]
) -> bool:
    """Give the slot its best free question, or move another slot to make one free (augmenting path).

    Without the second step a group that spans two domains could leave one short although a form exists.
    """
    for candidate in by_domain[slot.domain]:
        unit = candidate.unit
        if unit not in taken:
            taken[unit], slot.pick = slot, candidate.id
            return True
    for candidate in by_domain[slot.domain]:
        unit = candidate.unit
        # moving a slot of the same domain gains nothing: it would have found a free question too
        if unit in tried or taken[unit].domain == slot.domain:
            continue
        tried.add(unit)
        if _fill(taken[unit], by_domain, taken, tried):
            taken[unit], slot.pick = slot, candidate.id
            return True
    return False
