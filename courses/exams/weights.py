"""What a domain weighs on a form, and how sure the percentage of a domain is: pure arithmetic.

Percentages run from 0 to 100. The published weights of a body are ranges ("39 to 41 %"), a form has whole
questions: the exact fractions are kept until the questions are counted.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, sqrt
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Percent = int | Decimal

#: The two-sided 95 % point of the standard normal distribution.
Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Interval:
    """From ``low`` to ``high`` per cent, both within 0 to 100."""

    low: float
    high: float


def counts_from_weights(total: int, weights: Iterable[tuple[Key, Percent, Percent | None]]) -> dict[Key, int]:
    """Whole questions per key that come to ``total``, each between its lowest and highest percentage.

    A weight is ``(key, low, high)``; with no ``high`` it is exactly ``low``. Among the counts within
    all ranges those nearest to the middles of the ranges are taken (without a range in the way: the largest
    remainders; equal ones in the order given). Where whole questions cannot do it (10 % of 7, or ranges that
    leave a question over), as few counts as possible step out, each by less than one question. Raises
    ``ValueError`` that names the keys when the percentages themselves cannot come to 100.
    """
    if total < 0:
        raise ValueError(f"A form cannot have {total} questions.")
    ranges = _ranges(weights)
    middle = sum((low + high for low, high in ranges.values()), Fraction(0))
    ideal = {key: (low + high) / middle * total for key, (low, high) in ranges.items()}
    inner, outer = {}, {}
    for key, (low, high) in ranges.items():
        outer[key] = floor(low * total / 100), ceil(high * total / 100)
        inner[key] = ceil(low * total / 100), floor(high * total / 100)
        # a range without a whole number in it opens to the two around it
        if inner[key][0] > inner[key][1]:
            inner[key] = outer[key]
    counts = {key: least for key, (least, most) in inner.items()}
    while (left := total - sum(counts.values())) > 0:
        room = [key for key in counts if counts[key] < inner[key][1]] or [
            key for key in counts if counts[key] < outer[key][1]
        ]
        counts[max(room, key=lambda key: ideal[key] - counts[key])] += 1
    for _over in range(-left):
        room = [key for key in counts if counts[key] > outer[key][0]]
        counts[max(room, key=lambda key: counts[key] - ideal[key])] -= 1
    return counts


def rest_of(
    weights: Iterable[tuple[object, Percent, Percent | None]], *, is_open: bool = True
) -> list[tuple[None, Percent, Percent]]:
    """What these weights leave to 100 %, as one more under the key None; nothing when nobody takes it."""
    ranges = [(low, low if high is None else high) for _key, low, high in weights]
    if not is_open:
        return []
    least = 100 - sum(high for _low, high in ranges)
    return [(None, max(0, least), max(0, 100 - sum(low for low, _high in ranges)))]


def _ranges(
    weights: Iterable[tuple[Key, Percent, Percent | None]],
) -> dict[Key, tuple[Fraction, Fraction]]:
    """The lowest and highest percentage of each key, exact; raises ``ValueError``."""
    ranges: dict[Key, tuple[Fraction, Fraction]] = {}
    for key, low, high in weights:
        if key in ranges:
            raise ValueError(f"{key} has two weights.")
        high = low if high is None else high
        if not 0 <= low <= high <= 100:
            raise ValueError(f"{key}: {low} to {high} is no range of percentages.")
        ranges[key] = (Fraction(low), Fraction(high))
    names = ", ".join(map(str, ranges)) or "no key"
    lowest = sum((low for low, _high in ranges.values()), Fraction(0))
    if lowest > 100:
        raise ValueError(f"The lowest percentages come to {float(lowest):g}, more than 100: {names}.")
    highest = sum((high for _low, high in ranges.values()), Fraction(0))
    if highest < 100:
        raise ValueError(f"The highest percentages come to {float(highest):g}, less than 100: {names}.")
    return ranges


def wilson(correct: float | Decimal, total: int) -> Interval:
    """The 95 % score interval (Wilson 1927) of a percentage, from points among so many questions.

    It stays within 0 to 100 and is honest about few questions: 3 of 3 gives 44 to 100. Parts of a point only
    make it wider than it need be. Nothing asked: 0 to 100.
    """
    points = float(correct)
    if not 0 <= points <= total:
        raise ValueError(f"{correct} of {total} is no share.")
    if not total:
        return Interval(0.0, 100.0)
    share = points / total
    z2 = Z_95**2
    middle = share + z2 / (2 * total)
    half = Z_95 * sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    scale = 100 / (1 + z2 / total)
    # at 0 and at all of them the formula is exactly 0 and 100, but for the last binary digit
    low = 0.0 if points == 0 else scale * (middle - half)
    high = 100.0 if points == total else scale * (middle + half)
    return Interval(max(0.0, low), min(100.0, high))
