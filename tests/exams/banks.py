"""Banks and exams made in a few statements, for tests of size and for the gates of ``tests.soak``."""

from datetime import date
from typing import Any

from courses.catalog.actions import CitationText
from courses.exams.actions import write_question_revision
from courses.exams.models import (
    Blueprint,
    BlueprintDomain,
    BlueprintSection,
    Domain,
    Question,
    QuestionRevision,
)
from tests.worlds import LONG_AGO


def fill_bank(domain: Domain, count: int, *, prefix: str = "bank", **fields: Any) -> list[QuestionRevision]:
    """Live questions whose first option is right: copies of one, beside keys, ranks and ``fields``.

    A field may be a function of the question's number.
    """
    model = write_question_revision(
        question=Question.objects.create(key=f"{prefix}-model"),
        kind="single",
        domain=domain,
        difficulty=2,
        difficulty_reason="A copy",
        stem="Which code is right for [[E11.9]]?",
        source={
            "choices": [
                {"text": f"Option {n}", "rationale": f"Rationale {n}", "correct": n == 1} for n in range(1, 5)
            ]
        },
        citations=[CitationText("source", "A public law")],
        pack_digest="x",
        by=None,
        at=LONG_AGO,
    )
    same = {
        one.attname: getattr(model, one.attname)
        for one in QuestionRevision._meta.concrete_fields
        if one.attname not in {"id", "rank", "question_id", "published_at"}
    }
    questions = Question.objects.bulk_create(Question(key=f"{prefix}-{n}") for n in range(count))
    return QuestionRevision.objects.bulk_create(
        QuestionRevision(
            question=one,
            published_at=LONG_AGO,
            **same | {name: value(n) if callable(value) else value for name, value in fields.items()},
        )
        for n, one in enumerate(questions)
    )


def make_mock(domain: Domain, count: int, *, key: str = "mock", minutes: int = 240) -> Blueprint:
    """An exam of one section of so many questions of a domain."""
    blueprint = Blueprint.objects.create(
        key=key,
        title="Mock exam",
        minutes=minutes,
        pass_percent=70,
        valid_from=date(2020, 1, 1),
        as_of=date(2020, 1, 1),
        source="Ours",
        confidence="verified",
    )
    section = BlueprintSection.objects.create(blueprint=blueprint, title="Multiple choice")
    BlueprintDomain.objects.create(section=section, domain=domain, count=count)
    return blueprint
