"""What a corrected key does to a result that was told: pure arithmetic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from courses.exams import scoring
from courses.exams.kinds.base import Doc, Known, Value


@dataclass(frozen=True)
class Told:
    """A result that counts, and what the question in doubt came to in it."""

    attempt: int
    pass_percent: int
    #: As ``Score.domains`` keeps them.
    domains: Sequence[Mapping[str, Any]]
    correct: int
    total: int
    points: Decimal
    percent: Decimal
    passed: bool
    #: A person's own set has no pass line.
    has_line: bool
    is_scored: bool
    value: Value
    item: scoring.ItemOutcome


@dataclass(frozen=True)
class Change:
    """A result before and after."""

    told: Told
    outcome: scoring.Outcome

    @property
    def item(self) -> scoring.ItemOutcome:
        """What the question comes to now."""
        return self.outcome.items[0]

    @property
    def changes(self) -> bool:
        """Whether the result itself is another one."""
        told, now = self.told, self.outcome
        return (told.correct, told.total, told.points) != (now.correct, now.total, now.points)

    @property
    def crosses(self) -> bool:
        return self.told.has_line and self.told.passed != self.outcome.is_passed


def change(
    told: Told,
    *,
    kind: str,
    answer_key: Doc,
    domain: str,
    correction: scoring.Correction | None,
    known: Known,
) -> Change:
    """What ``correction`` of a question's key makes of a result."""
    graded = scoring.grade(
        scoring.Item(
            id=told.item.id,
            domain=domain,
            kind=kind,
            answer_key=answer_key,
            answer=told.item.answer,
            value=told.value,
            is_scored=told.is_scored,
            correction=correction,
        ),
        known,
    )
    outcome = scoring.tally_again(
        [
            scoring.DomainTally(one["key"], one["correct"], Decimal(one["points"]), one["total"])
            for one in told.domains
        ],
        domain,
        before=told.item,
        after=graded,
        is_scored=told.is_scored,
        pass_percent=told.pass_percent,
    )
    return Change(told, outcome)
