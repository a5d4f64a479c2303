"""The exams that a person can sit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Prefetch

from accounts.models import User
from courses.exams.models import Attempt, Blueprint, BlueprintSection, Score


@dataclass(frozen=True)
class Try:
    """A finished attempt with the result that counts."""

    attempt: Attempt
    score: Score


@dataclass(frozen=True)
class ExamOffer:
    """An exam that a person can start or go on with, and how it went before."""

    blueprint: Blueprint
    sections: Sequence[BlueprintSection]
    running: Attempt | None
    past: list[Try]

    @property
    def count(self) -> int:
        """How many questions a whole form has."""
        return sum(
            section.count or sum(one.count or 0 for one in section.domains.all()) for section in self.sections
        )


def exam_offers(user: User, day: date, at: datetime) -> list[ExamOffer]:
    """Exams valid on the person's ``day`` with their attempts, newest first: five queries."""
    sections = BlueprintSection.objects.prefetch_related("domains__domain")
    blueprints = list(
        Blueprint.objects.valid_on(day)
        .select_related("certification")
        .prefetch_related(Prefetch("sections", sections))
    )
    attempts: dict[str, list[Attempt]] = {}
    mine = Attempt.objects.owned_by(user).filter(blueprint__key__in=[one.key for one in blueprints])
    mine = mine.prefetch_related(Prefetch("scores", Score.objects.current(), to_attr="current"))
    for attempt in mine.select_related("blueprint").order_by("-started_at"):
        if attempt.blueprint is not None:
            attempts.setdefault(attempt.blueprint.key, []).append(attempt)
    return [
        ExamOffer(
            blueprint=blueprint,
            sections=list(blueprint.sections.all()),
            running=next(
                (
                    one
                    for one in attempts.get(blueprint.key, [])
                    if one.state == Attempt.State.OPEN and (one.deadline_at is None or one.deadline_at > at)
                ),
                None,
            ),
            past=[
                Try(one, one.current[0])  # type: ignore[attr-defined]  # to_attr of the prefetch above
                for one in attempts.get(blueprint.key, [])
                if one.state == Attempt.State.SUBMITTED
            ],
        )
        for blueprint in blueprints
    ]
