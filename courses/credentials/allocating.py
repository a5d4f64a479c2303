"""Which CEUs fill which part of a requirement: pure, over whole hundredths of a CEU.

The parts that one CEU fills at once must all share with each other. No more of a capped kind of activity
counts than its cap. The result is the best there is: first the most in all, then the most of what the parts
want. Offers are taken in their order, and what an offer was given moves only when that fills the parts
further: a later offer that does not help leaves all others as they were. While no cap is exceeded and rivals
share with the same parts, a part never loses by a further offer; else it may give way to more in others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from courses.credentials.maximizing import maximize

#: Parts that a CEU fills at once, by their numbers.
Set = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """CEUs of one activity, and the parts that each of them may fill."""

    amount: int
    fits: Set = ()
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """What the parts want, and which of them (lower number first) may share a CEU."""

    wanted: tuple[int, ...]
    shares: frozenset[tuple[int, int]] = frozenset()

    def share(self, one: int, other: int) -> bool:
        return (min(one, other), max(one, other)) in self.shares

    def sets(self, fits: Sequence[int]) -> list[Set]:
        """The greatest sets of ``fits`` that one CEU can fill at once, in order."""
        found: list[Set] = []

        def grow(chosen: Set, possible: list[int], passed: list[int]) -> None:
            if not possible and not passed:
                found.append(tuple(sorted(chosen)))
            while possible:
                part = possible.pop(0)
                grow(
                    (*chosen, part),
                    [one for one in possible if self.share(one, part)],
                    [one for one in passed if self.share(one, part)],
                )
                passed.append(part)

        grow((), list(fits), [])
        return sorted(found)

    def groups(self) -> list[list[int]] | None:
        """Parts that are rivals of each other, where any two of different groups share; else ``None``."""
        groups: list[list[int]] = []
        for part in range(len(self.wanted)):
            rivals = [group for group in groups if not all(self.share(one, part) for one in group)]
            if len(rivals) > 1 or any(self.share(one, part) for group in rivals for one in group):
                return None
            if rivals:
                rivals[0].append(part)
            else:
                groups.append([part])
        return groups


@dataclass(slots=True)
class Given:
    """What became of the offers, and what is still wanted."""

    #: How much of each offer counts at all.
    counts: list[int]
    #: Of each offer, how much of it fills which parts at once; what fills none is not listed.
    pieces: list[list[tuple[int, Set]]]
    #: How much each part has; it may be more than it wants.
    earned: list[int]
    #: The fewest further CEUs that fill every part, and what each of them must fill.
    lacks: list[tuple[int, Set]]


def allocate(ask: Ask, offers: Sequence[Offer], caps: Mapping[str, int]) -> Given:
    """Give ``offers`` to the parts; no more of a kind counts than its cap in ``caps``."""
    groups = ask.groups()
    if groups is None:
        return _Coupled(ask, offers, caps, _apart(ask, [], [])).given()
    alone = _within(offers, caps)
    given = _apart(ask, groups, offers[:alone])
    return given if alone == len(offers) else _Coupled(ask, offers, caps, given).given()


def _within(offers: Sequence[Offer], caps: Mapping[str, int]) -> int:
    """How many offers come before the one that exceeds a cap."""
    room = dict(caps)
    for number, offer in enumerate(offers):
        if offer.kind in room:
            room[offer.kind] -= offer.amount
            if room[offer.kind] < 0:
                return number
    return len(offers)


def _apart(ask: Ask, groups: Sequence[Sequence[int]], offers: Sequence[Offer]) -> Given:
    """Each group by itself: nothing that one of them takes is missing in another."""
    rows: list[list[list[tuple[int, int]]]] = [[] for _ in offers]  # of an offer, by group: part and amount
    earned = [0] * len(ask.wanted)
    for group in groups:
        flow = _Flow(ask, group, offers)
        for number, parts in enumerate(flow.parts):
            if parts:
                rows[number].append(sorted(parts.items()))
        for part in group:
            earned[part] = flow.earned[part]
    lacks = [[(part, short) for part in g if (short := ask.wanted[part] - earned[part]) > 0] for g in groups]
    return Given(
        [offer.amount for offer in offers],
        [_overlay(row) if row else [] for row in rows],
        earned,
        _overlay(lacks),
    )


def _overlay(rows: Iterable[Iterable[tuple[int, int]]]) -> list[tuple[int, Set]]:
    """Rows of (part, amount) laid side by side from the same start, cut wherever one of them changes."""
    left = [list(row) for row in rows if row]
    found: dict[Set, int] = {}
    while left := [row for row in left if row]:
        step = min(row[0][1] for row in left)
        parts = tuple(sorted(row[0][0] for row in left))
        found[parts] = found.get(parts, 0) + step
        for row in left:
            part, amount = row.pop(0)
            if amount > step:
                row.insert(0, (part, amount - step))
    return [(amount, parts) for parts, amount in sorted(found.items())]


class _Flow:
    """One group of rivals, filled by augmenting paths, offer by offer."""

    def __init__(self, ask: Ask, group: Sequence[int], offers: Sequence[Offer]) -> None:
        self.members = frozenset(group)
        self.room = {part: ask.wanted[part] for part in group}
        self.earned = dict.fromkeys(group, 0)
        self.fits = [tuple(part for part in offer.fits if part in self.members) for offer in offers]
        self.parts: list[dict[int, int]] = [{} for _ in offers]
        self.closed: set[int] = set()  # full, and what lies in it can never move on
        for number, offer in enumerate(offers):
            if self.fits[number]:
                self._place(number, offer.amount)

    def _place(self, number: int, left: int) -> None:
        while left and (way := self._way(self.fits[number])):
            movers = [self.parts[mover][part] for part, mover in way[:-1]]
            amount = min(left, self.room[way[-1][0]], *movers)
            self._add(number, way[0][0], amount)
            for (part, mover), (onward, _) in pairwise(way):
                self._add(mover, part, -amount)
                self._add(mover, onward, amount)
            self.room[way[-1][0]] -= amount
            left -= amount
        if left:
            self._add(number, self.fits[number][0], left)

    def _way(self, fits: Set) -> list[tuple[int, int]]:
        """The shortest way to a part with room: (part, the offer that moves on from it), last the part."""
        for part in fits:
            if self.room[part] > 0:
                return [(part, -1)]
        ways = {part: [(part, -1)] for part in fits if part not in self.closed}
        queue = list(ways)
        for part in queue:
            if self.room[part] > 0:
                return ways[part]
            for number, parts in enumerate(self.parts):
                for other in self.fits[number] if part in parts else ():
                    if other not in ways and other not in self.closed:
                        ways[other] = [*ways[part][:-1], (part, number), (other, -1)]
                        queue.append(other)
        self.closed.update(ways)
        return []

    def _add(self, number: int, part: int, amount: int) -> None:
        parts = self.parts[number]
        parts[part] = parts.get(part, 0) + amount
        self.earned[part] += amount
        if not parts[part]:
            del parts[part]


class _Coupled:
    """The general case: an exceeded cap ties the groups together, or parts share in no groups.

    Offers of the same kind that fit the same parts are one class. Whenever a further offer might raise what
    is met, the best over all classes is found by whole-number optimisation, nearest to what was given before.
    """

    def __init__(self, ask: Ask, offers: Sequence[Offer], caps: Mapping[str, int], start: Given) -> None:
        self.ask, self.offers, self.caps = ask, offers, caps
        self.sets = {offer.fits: ask.sets(offer.fits) for offer in offers}
        self.classes: dict[tuple[str, Set], list[int]] = {}
        for number in range(len(offers)):
            self._class(number).append(number)
        self.most, _ = self._best({})
        self.classes = {}
        self.taken = dict.fromkeys(caps, 0)
        self.pieces: list[dict[Set, int]] = []
        self.earned = list(start.earned)
        for number, offer in enumerate(offers):
            self._class(number).append(number)
            if number >= len(start.counts):
                self._take(number, offer)
                continue
            self.pieces.append({parts: n for n, parts in start.pieces[number]} or {(): offer.amount})
            if offer.kind in caps:
                self.taken[offer.kind] += offer.amount

    def _class(self, number: int) -> list[int]:
        offer = self.offers[number]
        return self.classes.setdefault((offer.kind if offer.kind in self.caps else "", offer.fits), [])

    def _take(self, number: int, offer: Offer) -> None:
        met = self._met()
        self.pieces.append({})
        amount = offer.amount
        if offer.kind in self.caps:
            amount = min(amount, self.caps[offer.kind] - self.taken[offer.kind])
        self._place(number, amount)
        most = max(len(one) for one in self.sets[offer.fits]) * offer.amount
        if self._met() < min(met + most, self.most):
            self._better()

    def _place(self, number: int, left: int) -> None:
        """Put more of an offer where most is wanted, and what is over into the first parts that it fits."""
        offer = self.offers[number]
        if offer.kind in self.caps:
            self.taken[offer.kind] += left
        while left:
            wants = {
                one: [want for part in one if (want := self.ask.wanted[part] - self.earned[part]) > 0]
                for one in self.sets[offer.fits]
            }
            best = max(wants, key=lambda one: len(wants[one]))
            step = min(left, *wants[best]) if wants[best] else left
            self._add(number, best, step)
            left -= step

    def _add(self, number: int, parts: Set, amount: int) -> None:
        pieces = self.pieces[number]
        pieces[parts] = pieces.get(parts, 0) + amount
        for part in parts:
            self.earned[part] += amount

    def _met(self) -> int:
        return sum(map(min, self.earned, self.ask.wanted))

    def _better(self) -> None:
        """Give all that was offered so far anew if more can be met than is met now."""
        before: dict[tuple[str, Set], dict[Set, int]] = {}
        for of, numbers in self.classes.items():
            kept = before.setdefault(of, {})
            for number in numbers:
                for parts, amount in self.pieces[number].items():
                    kept[parts] = kept.get(parts, 0) + amount
        best, chosen = self._best(before)
        if best <= self._met():
            return
        old, self.pieces = self.pieces, [{} for _ in self.pieces]
        self.earned = [0] * len(self.earned)
        self.taken = dict.fromkeys(self.caps, 0)
        for of, numbers in self.classes.items():
            self._share_out(numbers, chosen[of], old)
        for number, offer in enumerate(self.offers[: len(self.pieces)]):
            free = offer.amount - sum(self.pieces[number].values())
            if offer.kind in self.caps:
                free = min(free, self.caps[offer.kind] - self.taken[offer.kind])
            self._place(number, free)

    def _share_out(
        self, numbers: Sequence[int], chosen: Mapping[Set, int], old: Sequence[Mapping[Set, int]]
    ) -> None:
        """Give the offers of a class what was chosen for it, each what it had before as far as that goes."""
        left = dict(chosen)
        for had in (True, False):
            for number in numbers:
                free = self.offers[number].amount - sum(self.pieces[number].values())
                for parts in left:
                    most = old[number].get(parts, 0) if had else free
                    amount = min(left[parts], free, most)
                    if amount:
                        self._add(number, parts, amount)
                        left[parts] -= amount
                        free -= amount
                        if self.offers[number].kind in self.caps:
                            self.taken[self.offers[number].kind] += amount

    def _best(
        self, before: Mapping[tuple[str, Set], Mapping[Set, int]], further: int = 0
    ) -> tuple[int, dict[tuple[str, Set], dict[Set, int]]]:
        """The most that can be met, and how much of each class fills which parts; of these ways the one that
        keeps the most of ``before``. ``further`` CEUs that fit everything are a class of their own.
        """
        supply = {of: sum(self.offers[n].amount for n in numbers) for of, numbers in self.classes.items()}
        if further:
            everything = tuple(range(len(self.ask.wanted)))
            supply["further", everything] = further
            self.sets[everything] = self.ask.sets(everything)
        uses = [(of, parts) for of in supply if of[1] for parts in self.sets[of[1]]]
        kept = [(use, n) for use in uses if (n := before.get(use[0], {}).get(use[1], 0))]
        parts_at, kept_at = len(uses), len(uses) + len(self.ask.wanted)
        size = kept_at + len(kept)
        limits: list[tuple[dict[int, int], int]] = []
        for of, amount in supply.items():
            limits.append(({i: 1 for i, use in enumerate(uses) if use[0] == of}, amount))
        for kind, cap in self.caps.items():
            limits.append(({i: 1 for i, use in enumerate(uses) if use[0][0] == kind}, cap))
        for part, want in enumerate(self.ask.wanted):
            fed = {i: -1 for i, use in enumerate(uses) if part in use[1]}
            limits.append((fed | {parts_at + part: 1}, 0))
            limits.append(({parts_at + part: 1}, want))
        for i, (use, amount) in enumerate(kept):
            limits.append(({kept_at + i: 1, uses.index(use): -1}, 0))
            limits.append(({kept_at + i: 1}, amount))
        weight = 1 + sum(amount for _, amount in kept)
        goal = [0] * parts_at + [weight] * len(self.ask.wanted) + [1] * len(kept)
        found = maximize(goal, [(row, limit) for row, limit in limits if row], size)
        chosen: dict[tuple[str, Set], dict[Set, int]] = {of: {} for of in supply}
        for i, (of, parts) in enumerate(uses):
            if found[i]:
                chosen[of][parts] = found[i]
        return sum(found[parts_at:kept_at]), chosen

    def given(self) -> Given:
        counts = [sum(pieces.values()) for pieces in self.pieces]
        pieces = [[(n, one) for one, n in sorted(pieces.items()) if one and n] for pieces in self.pieces]
        return Given(counts, pieces, self.earned, self._lacks())

    def _lacks(self) -> list[tuple[int, Set]]:
        """The fewest further CEUs, found by halving: what fewer of them leave open, more may fill."""
        wanted = sum(self.ask.wanted)
        low, high = 0, wanted - self._met()
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self._best({}, middle)[0] == wanted else (middle + 1, high)
        if not high:
            return []
        _, chosen = self._best({}, high)
        over = [-want for want in self.ask.wanted]
        for sets in chosen.values():
            for parts, amount in sets.items():
                for part in parts:
                    over[part] += amount
        found = []
        for of, sets in chosen.items():
            for parts, amount in sorted(sets.items()) if of[0] == "further" else ():
                spare = [part for part in parts if over[part] >= amount]
                for part in spare:
                    over[part] -= amount
                found.append((amount, tuple(part for part in parts if part not in spare)))
        return found
