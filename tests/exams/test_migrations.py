"""What was asked, answered and scored before questions had kinds is still there afterwards."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from courses.exams.models import Attempt, AttemptItem, BlueprintDomain, CheckpointAnswer, Exposure, Score
from tests.migrating import latest, migrate, tables_after

BEFORE, AFTER = ("exams", "0002_place_of_service"), ("exams", "0005_without_choices")
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def old(transactional_db: None) -> Iterator[Any]:
    """The tables as they were, and at the end as they are."""
    with tables_after(*BEFORE) as models:
        yield models


def test_migration_keeps_questions_answers_and_results(old: Any) -> None:
    def make(name: str, **fields: Any) -> Any:
        return old.get_model("exams", name).objects.create(**fields)

    user = old.get_model("accounts", "User").objects.create(email="sam@example.org")
    domain = make("Domain", key="anatomy", title="Anatomy")
    question = make("Question", key="q-1")
    revision = make(
        "QuestionRevision",
        question=question,
        number=1,
        kind="single",
        stem_source="Which?",
        stem_html="<p>Which?</p>",
        stem_linked_html="<p>Which?</p>",
        domain=domain,
        difficulty=2,
        difficulty_reason="A test",
        pack_digest="x",
        created_at=AT,
        published_at=AT,
    )
    choices = [
        make(
            "Choice",
            revision=revision,
            position=position,
            text_source=f"Option {position}",
            text_html=f"<p>Option {position}</p>",
            text_linked_html=f"<p>Option <b>{position}</b></p>",
            is_correct=position == 2,
            rationale_source="Why",
            rationale_html="<p>Why</p>",
            mistake="" if position == 2 else "a mistake",
        )
        for position in range(1, 5)
    ]
    blueprint = make(
        "Blueprint",
        key="mock",
        title="Mock",
        minutes=10,
        pass_percent=70,
        valid_from=date(2026, 1, 1),
        edition="FY2026",
        as_of=date(2026, 1, 1),
        source="Ours",
        confidence="verified",
    )
    make("BlueprintDomain", blueprint=blueprint, domain=domain, count=1)
    attempt = make(
        "Attempt",
        user=user,
        blueprint=blueprint,
        number=1,
        seed=1,
        state="submitted",
        title="Mock",
        pass_percent=70,
        started_at=AT,
        deadline_at=AT.replace(hour=13),
        submitted_at=AT.replace(minute=30),
    )
    order = [choices[place].pk for place in (2, 0, 3, 1)]
    item = make("AttemptItem", attempt=attempt, position=1, question_revision=revision, choice_order=order)
    make("ItemMark", item=item, flagged=True, struck=[choices[3].pk])
    response = make(
        "Response", item=item, choice=choices[1], client_id="a" * 16, seq=1, received_at=AT.replace(minute=5)
    )
    domains = [{"key": "anatomy", "title": "Anatomy", "correct": 1, "total": 1}]
    make(
        "Score",
        attempt=attempt,
        correct=1,
        total=1,
        percent=Decimal(100),
        passed=True,
        domains=domains,
        scored_at=AT.replace(minute=30),
    )
    make("ItemResult", item=item, response=response, is_correct=True)
    make(
        "CheckpointAnswer",
        user=user,
        question_revision=revision,
        choice=choices[0],
        is_correct=False,
        answered_at=AT,
    )

    migrate(*latest("exams"))

    found = AttemptItem.objects.select_related("question_revision", "section", "mark").get()
    assert found.question_revision.answer_key == {"right": [2]}
    assert found.question_revision.asked["options"]["1"] == "Option 1"
    assert found.question_revision.explained["options"]["2"] == {
        "html": "Option <b>2</b>",
        "why": "<p>Why</p>",
        "mistake": "",
    }
    assert found.question_revision.source["choices"][1]["correct"]
    assert (found.order, found.mark.struck, found.section.opened_at) == ([3, 1, 4, 2], [4], AT)
    assert found.responses.get().value == 2
    score = Score.objects.current().get()
    assert (score.points, score.domains[0]["points"]) == (Decimal(1), "1.000")
    assert [(one.item_id, one.points) for one in score.results.all()] == [(found.pk, Decimal(1))]
    assert CheckpointAnswer.objects.get().value == 1
    assert BlueprintDomain.objects.get().section.blueprint_id == blueprint.pk
    assert Attempt.objects.get().edition == "FY2026"
    met = Exposure.objects.get()
    assert (met.first_points, met.times, met.is_flagged, met.first_mode) == (Decimal(1), 1, True, "exam")
