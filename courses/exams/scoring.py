"""Scoring of an attempt: pure arithmetic over the answers that count."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from courses.exams import kinds
from courses.exams.kinds.base import ONE, Doc, Grade, Known, Value

#: Points are kept to three places; a third of a question is 0.333.
PLACES = Decimal("0.001")


@dataclass(frozen=True)
class Correction:
    """A decision about a key: ``how`` is ``also``, ``new`` (with ``answer_key``), ``all`` or ``drop``."""

    how: str
    answer_key: Doc | None = None


@dataclass(frozen=True)
class Item:
    """One question of an attempt with the answer that counts, if there is one."""

    id: int
    domain: str
    kind: str
    answer_key: Doc
    answer: int | None = None
    value: Value = None
    #: A pretest question is asked and does not count.
    is_scored: bool = True
    correction: Correction | None = None


@dataclass(frozen=True)
class ItemOutcome:
    """What an item came to."""

    id: int
    answer: int | None
    points: Decimal
    is_correct: bool
    is_dropped: bool = False
    detail: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class DomainTally:
    """How many of a domain's questions were right, and their points."""

    domain: str
    correct: int
    points: Decimal
    total: int


@dataclass(frozen=True)
class Outcome:
    """The result of an attempt; ``total`` counts the questions that count."""

    correct: int
    points: Decimal
    total: int
    percent: Decimal
    is_passed: bool
    items: tuple[ItemOutcome, ...]
    domains: tuple[DomainTally, ...]


def grade(item: Item, known: Known) -> ItemOutcome:
    """What the answer to one question is worth under the key in force. Unanswered is worth nothing."""
    how = kinds.get(item.kind)
    decided = item.correction
    is_dropped = decided is not None and decided.how == "drop"
    if decided is not None and decided.how == "all":
        found = Grade(ONE)
    elif item.value is None:
        found = how.grade(item.answer_key, None, known)
    elif decided is not None and decided.how == "new":
        found = how.grade(decided.answer_key or {}, item.value, known)
    else:
        found = how.grade(item.answer_key, item.value, known)
        if decided is not None and decided.how == "also":
            other = how.grade(decided.answer_key or {}, item.value, known)
            found = max(found, other, key=lambda one: one.points)
    points = found.points.quantize(PLACES, rounding=ROUND_DOWN)
    return ItemOutcome(item.id, item.answer, points, found.is_correct, is_dropped, found.detail)


def percent_of(points: Decimal | int, total: int) -> Decimal:
    """Per cent to two places, rounded down: what is shown as the pass line has reached it."""
    if not total:
        return Decimal("0.00")
    return (Decimal(100 * points) / total).quantize(Decimal("0.01"), rounding=ROUND_DOWN)


def scaled(points: Decimal, total: int, *, pass_percent: int, scale: Doc) -> int:
    """A scaled score on two straight lines: from the lowest to the pass line, and from there to the highest.

    The bodies do not publish how they scale; this is ours and only says where a result lies. It reaches
    ``scale["pass"]`` exactly when the raw result reaches the pass line.
    """
    if not total:
        return int(scale["min"])
    share, line = Decimal(points) / total, Decimal(pass_percent) / 100
    low, line_at, high = (Decimal(scale[name]) for name in ("min", "pass", "max"))
    if share < line:
        return int((low + (line_at - low) * share / line).quantize(ONE, rounding=ROUND_DOWN))
    above = (share - line) / (1 - line) if line < 1 else ONE
    return int((line_at + (high - line_at) * above).quantize(ONE, rounding=ROUND_HALF_UP))


def tally(items: Sequence[Item], outcomes: Iterable[ItemOutcome], *, pass_percent: int) -> Outcome:
    """Add up what each item came to. Domains come in the order of their first item."""
    tallies: dict[str, tuple[int, Decimal, int]] = {}
    outcomes = tuple(outcomes)
    for item, outcome in zip(items, outcomes, strict=True):
        right, points, count = tallies.get(item.domain, (0, Decimal(0), 0))
        if item.is_scored and not outcome.is_dropped:
            right, points, count = right + outcome.is_correct, points + outcome.points, count + 1
        tallies[item.domain] = (right, points, count)
    return _outcome(
        tuple(DomainTally(domain, *found) for domain, found in tallies.items()),
        outcomes,
        pass_percent=pass_percent,
    )


def _outcome(
    domains: tuple[DomainTally, ...], items: tuple[ItemOutcome, ...], *, pass_percent: int
) -> Outcome:
    total = sum(one.total for one in domains)
    points = sum((one.points for one in domains), Decimal(0))
    return Outcome(
        correct=sum(one.correct for one in domains),
        points=points,
        total=total,
        percent=percent_of(points, total),
        is_passed=total > 0 and 100 * points >= pass_percent * total,
        items=items,
        domains=domains,
    )


def tally_again(
    domains: Iterable[DomainTally],
    domain: str,
    *,
    before: ItemOutcome,
    after: ItemOutcome,
    is_scored: bool,
    pass_percent: int,
) -> Outcome:
    """The result when one question of ``domain`` came to ``after`` instead of ``before``.

    It equals ``tally`` of all questions with that one changed; ``items`` holds only that one.
    """
    return _outcome(
        tuple(
            _exchanged(one, before, after) if is_scored and one.domain == domain else one for one in domains
        ),
        (after,),
        pass_percent=pass_percent,
    )


def _exchanged(of: DomainTally, before: ItemOutcome, after: ItemOutcome) -> DomainTally:
    correct, points, total = of.correct, of.points, of.total
    if not before.is_dropped:
        correct, points, total = correct - before.is_correct, points - before.points, total - 1
    if not after.is_dropped:
        correct, points, total = correct + after.is_correct, points + after.points, total + 1
    return DomainTally(of.domain, correct, points, total)


def score(items: Sequence[Item], *, pass_percent: int, known: Known) -> Outcome:
    """Score an attempt whole."""
    return tally(items, [grade(item, known) for item in items], pass_percent=pass_percent)
