"""The statistics of a question through the database equal those of a reference calculation beside it."""

from datetime import datetime, timedelta
from math import sqrt
from random import Random
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.exams.actions import finish_attempt, start_attempt, submit_answer
from courses.exams.models import AttemptItem, Blueprint, Question
from courses.exams.queries.statistics import figures_of
from tests.conftest import MakePerson
from tests.exams.conftest import CountSql, MakeBlueprint, MakeQuestion

pytestmark = pytest.mark.django_db


@pytest.fixture
def exam(make_question: MakeQuestion, make_blueprint: MakeBlueprint) -> Blueprint:
    for number in range(1, 6):
        make_question(f"q-{number}")
    return make_blueprint(count=5)


def sit(
    user: User, blueprint: Blueprint, chosen: dict[str, int | None], at: datetime, mode: str = "exam"
) -> None:
    attempt = start_attempt(user=user, blueprint=blueprint, at=at, mode=mode)
    items = AttemptItem.objects.filter(attempt=attempt).select_related("question_revision__question")
    for item in items:
        option = chosen[item.question_revision.question.key]
        if option is not None:
            submit_answer(
                user=user,
                attempt_id=attempt.pk,
                position=item.position,
                client_id="tab",
                seq=item.position,
                fields={"choice": [str(option)]},
                received_at=at,
            )
    finish_attempt(attempt_id=attempt.pk, user=user, at=at + timedelta(minutes=1))


def pearson(pairs: list[tuple[float, float]]) -> float:
    n = len(pairs)
    mean_x, mean_y = sum(x for x, _ in pairs) / n, sum(y for _, y in pairs) / n
    over = sum((x - mean_x) * (y - mean_y) for x, y in pairs)
    return over / sqrt(sum((x - mean_x) ** 2 for x, _ in pairs) * sum((y - mean_y) ** 2 for _, y in pairs))


def test_figures_equal_a_reference_calculation(
    exam: Blueprint, make_person: MakePerson, at: datetime
) -> None:
    dice, answers = Random(4), []
    for number in range(40):
        chosen = {f"q-{n}": dice.choice([1, 1, 1, 2, 3, 4, None]) for n in range(1, 6)}
        answers.append(chosen)
        sit(make_person(f"p-{number}@example.com"), exam, chosen, at)
    # practice and tutored sets are not in it
    sit(make_person("tutored@example.com"), exam, dict.fromkeys(answers[0], 2), at, mode="practice")

    (found,) = figures_of(Question.objects.get(key="q-1"))
    points = [1.0 if one["q-1"] == 1 else 0.0 for one in answers]
    rests = [sum(one[f"q-{n}"] == 1 for n in range(2, 6)) / 4 for one in answers]
    assert found.figures.n == 40
    assert found.figures.omitted == sum(one["q-1"] is None for one in answers)
    assert found.figures.facility == pytest.approx(sum(points) / 40)
    assert found.figures.discrimination == pytest.approx(pearson(list(zip(points, rests, strict=True))))
    for option in found.options:
        those = [rest for one, rest in zip(answers, rests, strict=True) if one["q-1"] == option.id]
        assert option.chosen == len(those)
        assert option.rest_mean == pytest.approx(sum(those) / len(those))
        assert option.share == pytest.approx(100 * len(those) / 40)
        assert option.is_key == (option.id == 1)


def test_each_revision_has_figures_of_its_own(
    exam: Blueprint, make_question: MakeQuestion, make_person: MakePerson, at: datetime
) -> None:
    sit(make_person("a@example.com"), exam, {f"q-{n}": 1 for n in range(1, 6)}, at)
    make_question("q-1", right=2, at=at)
    sit(make_person("b@example.com"), exam, {f"q-{n}": 1 for n in range(1, 6)}, at + timedelta(hours=1))
    newest, first = figures_of(Question.objects.get(key="q-1"))
    assert (newest.revision.number, newest.figures.n, newest.figures.facility) == (2, 1, 0)
    assert (first.revision.number, first.figures.n, first.figures.facility) == (1, 1, 1)


def test_a_page_without_answers_teaches(as_editor: Client, make_question: MakeQuestion) -> None:
    make_question("q-1"), make_question("q-2", live=False)
    page = as_editor.get(reverse("exams:question_statistics", args=["q-1"])).content.decode()
    assert "not enough answers" in page
    assert "No revision was published yet" in (
        as_editor.get(reverse("exams:question_statistics", args=["q-2"])).content.decode()
    )


@pytest.mark.parametrize("people", [1, 3])
def test_figures_take_three_queries(
    exam: Blueprint, make_person: MakePerson, at: datetime, people: int, count_sql: CountSql
) -> None:
    for number in range(people):
        sit(make_person(f"p-{number}@example.com"), exam, {f"q-{n}": 1 for n in range(1, 6)}, at)
    question: Any = Question.objects.get(key="q-1")
    with count_sql(3):
        figures_of(question)


def test_only_editors_see_them(as_student: Client, make_question: MakeQuestion) -> None:
    make_question("q-1")
    assert as_student.get(reverse("exams:question_statistics", args=["q-1"])).status_code == 404
    assert as_student.get(reverse("exams:triage")).status_code == 404
