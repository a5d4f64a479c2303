"""Scoring of an attempt: pure arithmetic over its items and everything that was ever answered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal


@dataclass(frozen=True)
class Answer:
    """One saved answer of an item, in the order key ``(seq, client_id)``."""

    id: int
    seq: int
    client_id: str
    is_late: bool
    is_correct: bool


@dataclass(frozen=True)
class Item:
    """One question of an attempt with every answer it was given."""

    id: int
    domain: str
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True)
class ItemOutcome:
    """What counts for an item: its newest answer in time, or none."""

    id: int
    answer: int | None
    is_correct: bool


@dataclass(frozen=True)
class DomainTally:
    """How many of a domain's questions were right."""

    domain: str
    correct: int
    total: int


@dataclass(frozen=True)
class Outcome:
    """The result of an attempt."""

    correct: int
    total: int
    percent: Decimal
    is_passed: bool
    items: tuple[ItemOutcome, ...]
    domains: tuple[DomainTally, ...]


def newest(answers: Iterable[Answer]) -> Answer | None:
    """The answer that counts: the greatest ``(seq, client_id)`` among those that were not late."""
    return max(
        (answer for answer in answers if not answer.is_late),
        key=lambda answer: (answer.seq, answer.client_id),
        default=None,
    )


def percent_of(correct: int, total: int) -> Decimal:
    """Per cent to two places, rounded down: what is shown as the pass line has reached it."""
    if not total:
        return Decimal("0.00")
    return (Decimal(100 * correct) / total).quantize(Decimal("0.01"), rounding=ROUND_DOWN)


def score(items: Sequence[Item], *, pass_percent: int) -> Outcome:
    """Score an attempt; an unanswered item is wrong. Domains come in the order of their first item."""
    outcomes = []
    tallies: dict[str, list[int]] = {}
    for item in items:
        answer = newest(item.answers)
        is_correct = answer is not None and answer.is_correct
        outcomes.append(ItemOutcome(item.id, answer.id if answer else None, is_correct))
        tally = tallies.setdefault(item.domain, [0, 0])
        tally[0] += is_correct
        tally[1] += 1
    correct = sum(outcome.is_correct for outcome in outcomes)
    return Outcome(
        correct=correct,
        total=len(items),
        percent=percent_of(correct, len(items)),
        is_passed=bool(items) and 100 * correct >= pass_percent * len(items),
        items=tuple(outcomes),
        domains=tuple(DomainTally(domain, right, total) for domain, (right, total) in tallies.items()),
    )
