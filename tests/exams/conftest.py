"""A small bank, an exam of it and a lesson that asks a question."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from courses.catalog.actions import CitationText
from courses.exams.actions import publish_question, start_attempt, write_question_revision
from courses.exams.models import (
    Attempt,
    AttemptItem,
    Blueprint,
    BlueprintDomain,
    BlueprintSection,
    Domain,
    Question,
    QuestionRevision,
)
from tests.conftest import LONG_AGO
from tests.exams.banks import fill_bank

MakeQuestion = Callable[..., QuestionRevision]
MakeBlueprint = Callable[..., Blueprint]

CountSql = Callable[[int], AbstractContextManager[None]]

#: What must never be on a page before the exam is over.
CANARY = "canary-key"


def question_text(key: str, *, right: int = 1, **fields: Any) -> dict[str, Any]:
    """The text of a question whose option ``right`` is the key."""
    return {
        "kind": "single",
        "difficulty": 2,
        "difficulty_reason": "One rule.",
        "stem": f"What does {key} ask about [[E11.9]]?",
        "source": {
            "choices": [
                {
                    "text": f"Option {number} of {key}",
                    "rationale": f"{CANARY} rationale {number} of {key}, see [[E11.621]].",
                    "correct": number == right,
                    "mistake": "" if number == right else f"{CANARY} mistake",
                }
                for number in range(1, 5)
            ]
        },
        "citations": [CitationText("source", f"{CANARY} citation")],
        "by": None,
        "at": LONG_AGO,
        "pack_digest": "x",
    } | fields


@pytest.fixture
def domain(db: None) -> Domain:
    return Domain.objects.create(key="anatomy", title="Anatomy")


@pytest.fixture
def make_question(domain: Domain) -> MakeQuestion:
    """A question with a live revision."""

    def make(key: str = "q-1", *, live: bool = True, **fields: Any) -> QuestionRevision:
        question = Question.objects.get_or_create(key=key)[0]
        text = {"domain": domain} | question_text(key, **fields)
        revision = write_question_revision(question=question, **text)
        if live:
            publish_question(revision=revision, by=None, at=text["at"], live_from=text["at"])
        return revision

    return make


@pytest.fixture
def make_blueprint(domain: Domain) -> MakeBlueprint:
    def make(key: str = "mock", *, count: int = 3, **fields: Any) -> Blueprint:
        blueprint = Blueprint.objects.create(
            **{
                "key": key,
                "title": "Mock exam",
                "minutes": 10,
                "pass_percent": 70,
                "valid_from": date(2020, 1, 1),
                "as_of": date(2020, 1, 1),
                "source": "Ours",
                "confidence": "verified",
            }
            | fields
        )
        section = BlueprintSection.objects.create(blueprint=blueprint, title="Multiple choice")
        BlueprintDomain.objects.create(section=section, domain=domain, count=count)
        return blueprint

    return make


@pytest.fixture
def blueprint(make_question: MakeQuestion, make_blueprint: MakeBlueprint) -> Blueprint:
    """An exam of three questions from a bank of five."""
    for number in range(1, 6):
        make_question(f"q-{number}")
    return make_blueprint()


@pytest.fixture
def attempt(student: User, blueprint: Blueprint, at: Any) -> Attempt:
    """An open attempt that started at ``at``."""
    return start_attempt(user=student, blueprint=blueprint, at=at)


@pytest.fixture
def count_sql() -> CountSql:
    """Exactly so many statements, BEGIN, COMMIT and savepoints not counted."""

    @contextmanager
    def count(expected: int) -> Iterator[None]:
        with CaptureQueriesContext(connection) as captured:
            yield
        skipped = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
        sql = [query["sql"] for query in captured if not query["sql"].startswith(skipped)]
        assert len(sql) == expected, "\n\n".join(sql)

    return count


def right(item: AttemptItem) -> dict[str, list[str]]:
    """The fields of the right answer."""
    return {"choice": [str(item.question_revision.answer_key["right"][0])]}


def wrong(item: AttemptItem) -> dict[str, list[str]]:
    right_id = item.question_revision.answer_key["right"][0]
    return {"choice": [str(right_id % 4 + 1)]}


@pytest.fixture
def make_exam(domain: Domain, make_question: MakeQuestion) -> Callable[..., Blueprint]:
    """An exam of sections, each given as fields of ``BlueprintSection``; its bank holds what it takes.

    ``count`` questions of one domain fill a section, unless ``domains`` says how: a list of
    ``BlueprintDomain`` fields.
    """

    def make(*sections: dict[str, Any], spare: int = 0, **fields: Any) -> Blueprint:
        blueprint = Blueprint.objects.create(
            **{
                "key": "sections",
                "title": "Exam of sections",
                "minutes": 60,
                "pass_percent": 70,
                "valid_from": date(2020, 1, 1),
                "as_of": date(2020, 1, 1),
                "source": "Ours",
                "confidence": "verified",
            }
            | fields
        )
        wanted = spare
        for position, given in enumerate(sections, start=1):
            rows = given.pop("domains", None) or [{"domain": domain, "count": given.pop("count", 2)}]
            section = BlueprintSection.objects.create(
                blueprint=blueprint, position=position, **{"title": f"Part {position}"} | given
            )
            for row in rows:
                BlueprintDomain.objects.create(section=section, **row)
                wanted += row.get("count") or 0
        for number in range(wanted):
            make_question(f"exam-{number}")
        return blueprint

    return make


MakeBank = Callable[..., list[QuestionRevision]]


@pytest.fixture
def make_bank(db: None) -> MakeBank:
    """Many live questions of a domain in a few statements."""

    def make(count: int, *, domain: Domain, **fields: Any) -> list[QuestionRevision]:
        return fill_bank(domain, count, **fields)

    return make
