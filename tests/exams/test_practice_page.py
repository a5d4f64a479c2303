"""The page that practice starts from."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.catalog.models import Body, Certification
from courses.exams.actions import finish_attempt, start_attempt, start_set
from courses.exams.models import Attempt, Blueprint, Exposure, PracticeSettings, Sitting
from courses.exams.queries.sets import Choice
from tests.exams.conftest import CountSql, MakeBlueprint, MakeQuestion

pytestmark = pytest.mark.django_db

PRACTICE = "/practice/"


@pytest.fixture(autouse=True)
def now(at: datetime, time_machine: Any) -> Any:
    """Views look at the real clock: it stands at ``at`` until a test moves it."""
    time_machine.move_to(at, tick=False)
    return time_machine


@pytest.fixture
def certification(db: None) -> Certification:
    body = Body.objects.create(key="aapc", name="AAPC", short="AAPC")
    return Certification.objects.create(
        key="cpc", body=body, abbreviation="CPC", name="Coder", purpose="Outpatient coding."
    )


def page(client: Client, query: str = "") -> str:
    answer = client.get(PRACTICE + query)
    assert answer.status_code == 200
    return answer.content.decode()


# --- exams -------------------------------------------------------------------------------------------------
def test_an_exam_says_what_it_takes(as_student: Client, blueprint: Blueprint) -> None:
    shown = page(as_student)
    for words in ("Mock exam", "3 questions", "Anatomy 3", "10 minutes", "pass line 70\u00a0%", "Ours"):
        assert words in shown
    assert "the bank holds" not in shown


def test_a_thin_bank_is_said_beforehand(
    as_student: Client, make_question: MakeQuestion, make_blueprint: MakeBlueprint
) -> None:
    make_question("q-1"), make_question("q-2", exclusion_group="g"), make_question("q-3", exclusion_group="g")
    make_question("draft", live=False)
    make_blueprint(count=5)
    assert "the bank holds 2 of 5" in page(as_student)


def test_an_exam_without_questions_cannot_be_started(
    as_student: Client, make_blueprint: MakeBlueprint
) -> None:
    make_blueprint()
    shown = page(as_student)
    assert (
        "The bank holds no question of it yet." in shown
        and reverse("exams:start", args=["mock"]) not in shown
    )


@pytest.mark.parametrize("mode", ["exam", "tutor", "practice"])
def test_an_exam_starts_in_each_mode(as_student: Client, blueprint: Blueprint, mode: str) -> None:
    assert f'name="mode" value="{mode}"' in page(as_student)
    as_student.post(reverse("exams:start", args=["mock"]), {"mode": mode})
    assert Attempt.objects.get().mode == mode


def test_exams_stand_under_their_certification_with_the_basis_of_readiness(
    as_student: Client, blueprint: Blueprint, certification: Certification
) -> None:
    Blueprint.objects.update(certification=certification)
    shown = page(as_student)
    assert "not enough data, 0 of 30 questions" in shown
    assert reverse("exams:readiness", args=[certification.key]) in shown


def test_what_is_not_valid_today_is_left_out(as_student: Client, blueprint: Blueprint, at: datetime) -> None:
    Blueprint.objects.update(valid_until=at.date())
    assert "No practice exam is open" in page(as_student)


# --- what is open, and what was ----------------------------------------------------------------------------
def test_everything_begun_can_be_resumed(
    as_student: Client, attempt: Attempt, student: User, at: datetime
) -> None:
    mine = start_set(user=student, choice=Choice(count=5), token="a", at=at)
    shown = page(as_student)
    assert shown.count("0 of 3 answered") == 1 and "0 of 2 answered" in shown
    assert attempt.get_absolute_url() in shown and mine.get_absolute_url() in shown


def test_an_attempt_whose_time_is_over_is_not_resumed(
    as_student: Client, attempt: Attempt, now: Any, at: datetime
) -> None:
    now.move_to(at + timedelta(minutes=11), tick=False)
    assert "Go on" not in page(as_student)


def test_earlier_attempts_come_by_pages(
    as_student: Client, blueprint: Blueprint, student: User, at: datetime
) -> None:
    for _turn in range(11):
        finish_attempt(
            attempt_id=start_attempt(user=student, blueprint=blueprint, at=at).pk, user=student, at=at
        )
    assert page(as_student).count("0 of 3 right") == 10
    assert page(as_student, "?page=2").count("0 of 3 right") == 1


def test_a_stranger_s_attempts_are_not_shown(
    as_student: Client, blueprint: Blueprint, other: User, at: datetime
) -> None:
    open_one = start_attempt(user=other, blueprint=blueprint, at=at)
    assert open_one.get_absolute_url() not in page(as_student)


def test_scheduled_exams_are_open_come_or_are_over(
    as_student: Client, blueprint: Blueprint, student: User, at: datetime
) -> None:
    hour = timedelta(hours=1)
    spans = {"Over": (-2, -1), "Open": (-1, 1), "Coming": (1, 2)}
    made = {
        title: Sitting.objects.create(
            blueprint=blueprint, title=title, opens_at=at + a * hour, closes_at=at + b * hour
        )
        for title, (a, b) in spans.items()
    }
    shown = page(as_student)
    assert "<strong>Over</strong>" not in shown and "Not open yet" in shown
    assert reverse("exams:start_sitting", args=[made["Open"].pk]) in shown
    assert reverse("exams:start_sitting", args=[made["Coming"].pk]) not in shown


# --- one's own ---------------------------------------------------------------------------------------------
def test_the_last_set_starts_again_in_one_click(
    as_student: Client, blueprint: Blueprint, student: User
) -> None:
    PracticeSettings.objects.create(
        user=student, last_set=Choice(domains=("anatomy",), count=5, mode="practice").as_json()
    )
    shown = page(as_student)
    assert '<input type="hidden" name="domain" value="anatomy">' in shown
    as_student.post(
        reverse("exams:set_new"),
        {"domain": "anatomy", "status": "all", "count": "5", "mode": "practice", "token": "t"},
    )
    mine = Attempt.objects.get()
    assert (mine.blueprint, mine.mode, mine.items.count()) == (None, "practice", 5)


def test_what_was_missed_is_counted(
    as_student: Client, attempt: Attempt, student: User, at: datetime
) -> None:
    finish_attempt(attempt_id=attempt.pk, user=student, at=at)
    assert Exposure.objects.filter(last_points__lt=1).count() == 3
    assert "Retry the 3 questions you missed" in page(as_student)


def test_days_in_a_row_are_counted_only_when_asked_for(
    as_student: Client, attempt: Attempt, student: User, at: datetime
) -> None:
    finish_attempt(attempt_id=attempt.pk, user=student, at=at)
    assert "in a row" not in page(as_student)
    PracticeSettings.objects.create(user=student, has_streak=True)
    assert "1 day in a row." in page(as_student)


def test_an_empty_house_teaches(as_student: Client) -> None:
    shown = page(as_student)
    for words in ("Build a set", "Nothing is due today", "No practice exam is open", "listed here"):
        assert words in shown


@pytest.mark.parametrize("rows", [1, 3])
def test_practice_takes_nineteen_queries(
    as_student: Client,
    make_question: MakeQuestion,
    make_blueprint: MakeBlueprint,
    student: User,
    at: datetime,
    rows: int,
    count_sql: CountSql,
) -> None:
    for number in range(rows):
        make_question(f"q-{number}")
        made = make_blueprint(f"mock-{number}", count=1)
        sat = start_attempt(user=student, blueprint=made, at=at)
        finish_attempt(attempt_id=sat.pk, user=student, at=at)
        start_attempt(user=student, blueprint=made, at=at, mode="tutor")
        Sitting.objects.create(
            blueprint=made, title="x", opens_at=at, closes_at=at + timedelta(hours=number + 1)
        )
    page(as_student)
    with count_sql(19):
        page(as_student)
