"""How ready a person is, from what is honest to count, and how practice went over the weeks."""

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from courses.catalog.models import Body, Certification
from courses.exams import charts
from courses.exams.actions import Step, finish_attempt, record_trace, start_set, submit_answer
from courses.exams.chapters import CHAPTERS, chapter_of
from courses.exams.models import (
    Attempt,
    Blueprint,
    BlueprintDomain,
    BlueprintSection,
    CardReview,
    CheckpointAnswer,
    Domain,
    Exposure,
    QuestionRevision,
    ReviewCard,
)
from courses.exams.queries.readiness import (
    WEEKS,
    counted_questions,
    course_of_practice,
    exam_for,
    first_sights,
    readiness_for,
    weights_of,
)
from courses.exams.queries.sets import Choice
from courses.exams.readiness import Exposures
from tests.exams.conftest import CountSql, MakeBlueprint, MakeQuestion, right, wrong

pytestmark = pytest.mark.django_db

TAB = "a" * 16
WEEK = timedelta(weeks=1)


@pytest.fixture(autouse=True)
def now(at: datetime, time_machine: Any) -> Any:
    """Views look at the real clock: it stands at ``at`` until a test moves it."""
    time_machine.move_to(at, tick=False)
    return time_machine


@pytest.fixture
def cpc(db: None) -> Certification:
    body = Body.objects.create(key="aapc", name="AAPC", short="AAPC")
    return Certification.objects.create(
        key="cpc", body=body, abbreviation="CPC", name="Coder", purpose="Outpatient coding."
    )


@pytest.fixture
def exam(cpc: Certification, make_blueprint: MakeBlueprint, domain: Domain) -> Blueprint:
    """An exam of 30 questions of anatomy and 10 of codes, which the bank does not hold."""
    made = make_blueprint("cpc-mock", count=30, certification=cpc)
    codes = Domain.objects.create(key="codes", title="Codes")
    BlueprintDomain.objects.create(section=made.sections.get(), domain=codes, count=10)
    return made


def sit(
    user: User,
    at: datetime,
    token: str = "t",
    *,
    count: int = 100,
    rights: int = 0,
    mode: str = "exam",
    **choice: Any,
) -> Attempt:
    """A finished timed set whose first ``rights`` questions were right, the others wrong."""
    mine = start_set(user=user, choice=Choice(count=count, mode=mode, **choice), token=token, at=at)
    for seq, item in enumerate(mine.items.select_related("question_revision"), start=1):
        submit_answer(
            attempt_id=mine.pk,
            user=user,
            position=item.position,
            fields=right(item) if seq <= rights else wrong(item),
            client_id=TAB,
            seq=seq,
            received_at=at,
        )
    finish_attempt(attempt_id=mine.pk, user=user, at=at)
    return mine


def bank(make_question: MakeQuestion, count: int) -> list[QuestionRevision]:
    return [make_question(f"q-{n}") for n in range(count)]


# --- what counts -------------------------------------------------------------------------------------------
def test_only_first_sights_in_an_exam_count(student: User, make_question: MakeQuestion, at: datetime) -> None:
    bank(make_question, 10)
    sit(student, at, "a", count=5, rights=3)
    assert first_sights(student) == {"anatomy": Exposures(3.0, 5)}
    sit(student, at + timedelta(hours=1), "b", count=5, rights=5, mode="tutor", status="unseen")
    sit(student, at + timedelta(hours=2), "c", count=10, rights=10)
    assert first_sights(student) == {"anatomy": Exposures(3.0, 5)}


def test_what_a_lesson_or_a_review_asked_before_is_no_first_sight(
    student: User, make_question: MakeQuestion, at: datetime
) -> None:
    asked = bank(make_question, 5)
    CheckpointAnswer.objects.create(
        user=student, question_revision=asked[0], value=1, is_correct=True, answered_at=at - WEEK
    )
    card = ReviewCard.objects.create(
        user=student, concept="question", ref="x", question=asked[1].question, made_at=at, due_at=at
    )
    CardReview.objects.create(
        card=card, question_revision=asked[1], points=1, rating=3, reviewed_at=at - WEEK
    )
    CardReview.objects.create(
        card=card, question_revision=asked[2], points=1, rating=3, reviewed_at=at + WEEK
    )
    sit(student, at, rights=5)
    assert first_sights(student) == {"anatomy": Exposures(3.0, 3)}


def test_first_sights_are_the_person_s_own(
    student: User, other: User, make_question: MakeQuestion, at: datetime
) -> None:
    bank(make_question, 5)
    sit(other, at, rights=5)
    assert first_sights(student) == {}


# --- weights -----------------------------------------------------------------------------------------------
def test_weights_are_the_blueprint_s_with_domains_that_the_bank_lacks(
    student: User, exam: Blueprint, make_question: MakeQuestion, at: datetime
) -> None:
    bank(make_question, 3)
    shown = readiness_for(student, exam, at)
    assert shown is not None
    assert [(one.key, one.weight, one.held) for one in shown.rows] == [("anatomy", 75, 3), ("codes", 25, 0)]
    assert [one.key for one in shown.without_bank] == ["codes"]
    assert not shown.is_shared


def test_domains_known_only_together_share_evenly(exam: Blueprint, domain: Domain) -> None:
    section = BlueprintSection.objects.create(blueprint=exam, title="More", position=2, count=10, pretest=4)
    more = Domain.objects.create(key="more", title="More")
    for one in (domain, more):
        BlueprintDomain.objects.create(section=section, domain=one)
    weights, is_shared = weights_of(exam)
    assert (weights[domain.pk], weights[more.pk], is_shared) == (35, 5, True)
    assert counted_questions(exam) == 46


def test_the_exam_of_a_certification_is_the_one_with_most_questions(
    cpc: Certification, exam: Blueprint, make_blueprint: MakeBlueprint, at: datetime
) -> None:
    make_blueprint("small", count=5, certification=cpc, title="A small one")
    make_blueprint("old", count=500, certification=cpc, valid_until=at.date())
    assert exam_for(cpc, at.date()) == exam
    assert exam_for(cpc, date(2019, 1, 1)) is None


# --- the page ----------------------------------------------------------------------------------------------
def test_too_little_says_so_and_builds_the_set(
    as_student: Client, student: User, exam: Blueprint, make_question: MakeQuestion, at: datetime
) -> None:
    bank(make_question, 29)
    sit(student, at, rights=29)
    page = as_student.get("/practice/readiness/cpc/").content.decode()
    assert "Not enough data" in page and "29 of 30" in page and "1 more is needed" in page
    assert "?domain=anatomy&amp;status=unseen&amp;mode=exam&amp;count=5" in page
    assert "if you sat it now" not in page


def test_thirty_first_sights_give_an_estimate_with_its_doubt(
    as_student: Client, student: User, exam: Blueprint, make_question: MakeQuestion, at: datetime
) -> None:
    bank(make_question, 30)
    sit(student, at, rights=24)
    page = as_student.get("/practice/readiness/cpc/").content.decode()
    estimate = readiness_for(student, exam, at)
    assert estimate is not None and estimate.found.estimate is not None
    assert f"About {estimate.found.estimate.percent:.0f} % if you sat it now" in page
    assert "The chance to reach it is about" in page and "From 30 questions" in page
    assert "?domain=anatomy" in page and "No questions" in page
    assert "holds no question of 1 domain of this exam" in page


def test_a_certification_without_an_exam_says_so(as_student: Client, cpc: Certification) -> None:
    assert (
        "There is no exam to be ready for yet" in as_student.get("/practice/readiness/cpc/").content.decode()
    )
    assert as_student.get("/practice/readiness/none/").status_code == 404


@pytest.mark.parametrize("rows", [1, 3])
def test_readiness_takes_eight_queries(
    as_student: Client,
    student: User,
    exam: Blueprint,
    make_question: MakeQuestion,
    at: datetime,
    rows: int,
    count_sql: CountSql,
) -> None:
    for n in range(rows):
        more = Domain.objects.create(key=f"d-{n}", title=f"D {n}")
        BlueprintDomain.objects.create(section=exam.sections.get(), domain=more, count=1)
        make_question(f"q-{n}", domain=more)
    sit(student, at, rights=1)
    as_student.get("/practice/readiness/cpc/")
    with count_sql(8):  # session, person, certification, exam in three, bank, first sights
        as_student.get("/practice/readiness/cpc/")


# --- week by week ------------------------------------------------------------------------------------------
def test_weeks_add_up_what_was_answered_and_how_long(
    student: User, make_question: MakeQuestion, at: datetime
) -> None:
    bank(make_question, 4)
    old = sit(student, at - 2 * WEEK, "a", rights=1)
    for n, item in enumerate(old.items.all(), start=1):
        Attempt.objects.filter(pk=old.pk).update(state="open", submitted_at=None)
        step = Step(seq=n, kind="view", position=item.position, seconds=60 * n)
        record_trace(user=student, attempt_id=old.pk, client_id=TAB, steps=[step], at=at - 2 * WEEK)
    Attempt.objects.filter(pk=old.pk).update(state="submitted", submitted_at=at - 2 * WEEK)
    sit(student, at, "b", rights=3)
    sit(student, at - 13 * WEEK, "c", rights=4)
    found = course_of_practice(student, at, by="domain")
    assert len(found.weeks) == WEEKS and found.weeks[-1] == date(2026, 11, 23)
    assert [(one.title, one.whole.n) for one in found.parts] == [("Anatomy", 8)]
    weeks = found.everything.weeks
    assert [(one.n, one.percent, one.pace_s) for one in weeks[-3:]] == [
        (4, 25.0, 150.0),
        (0, None, None),
        (4, 75.0, None),
    ]


def test_what_was_left_out_counts_in_exams_only(
    student: User, make_question: MakeQuestion, at: datetime
) -> None:
    bank(make_question, 2)
    for token, mode in (("a", "tutor"), ("b", "exam")):
        mine = start_set(user=student, choice=Choice(count=5, mode=mode), token=token, at=at)
        finish_attempt(attempt_id=mine.pk, user=student, at=at)
    assert course_of_practice(student, at, by="domain").everything.whole.n == 2


def test_a_week_begins_on_the_person_s_monday(
    student: User, make_question: MakeQuestion, at: datetime
) -> None:
    bank(make_question, 1)
    student.time_zone = "America/New_York"
    sit(student, datetime(2026, 11, 23, 4, 59, tzinfo=at.tzinfo), rights=1)  # Sunday, 23:59 there
    weeks = course_of_practice(student, at, by="domain").everything.weeks
    assert [one.n for one in weeks[-2:]] == [1, 0]


def test_chapters_are_those_of_the_first_code(
    student: User, make_question: MakeQuestion, at: datetime
) -> None:
    make_question("q-1")
    choices = [{"text": str(n), "rationale": "r", "correct": n == 1} for n in range(1, 5)]
    make_question("q-2", stem="No code.", source={"choices": choices})
    make_question("q-3", stem="A lung: [[J18.9]] or [[E11.9]]?", source={"choices": choices})
    sit(student, at)
    titles = [one.title for one in course_of_practice(student, at, by="chapter").parts]
    assert titles[0] == "4 Endocrine, nutrition, metabolism" and titles[-1] == "No ICD-10-CM code"


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("A00.0", 1),
        ("B99.9", 1),
        ("C00", 2),
        ("D49.9", 2),
        ("D50.0", 3),
        ("H59.9", 7),
        ("H60", 8),
        ("O9A.1", 15),
        ("T88.9XXA", 19),
        ("U07.1", 22),
        ("V00", 20),
        ("Y99.9", 20),
        ("Z99.9", 21),
    ],
)
def test_a_code_has_its_chapter(code: str, number: int) -> None:
    found = chapter_of(code)
    assert found is not None and found[0] == number


def test_there_are_twenty_two_chapters() -> None:
    assert sorted(number for _first, number, _title in CHAPTERS) == list(range(1, 23))
    assert chapter_of("0DT") is None


@pytest.mark.parametrize("by", ["domain", "chapter"])
def test_progress_says_every_number_in_a_table(
    as_student: Client, student: User, make_question: MakeQuestion, at: datetime, by: str
) -> None:
    bank(make_question, 4)
    sit(student, at, rights=3)
    page = as_student.get(f"/practice/progress/?by={by}").content.decode()
    assert 'class="chart"' in page and 'class="spark"' in page and "75 %" in page and "23 Nov 2026" in page
    assert "style=" not in page.split("<main", 1)[1]


def test_progress_by_anything_else_is_not_found(as_student: Client) -> None:
    assert as_student.get("/practice/progress/?by=moon").status_code == 404


def test_progress_without_anything_teaches(as_student: Client) -> None:
    assert "Nothing was finished" in as_student.get("/practice/progress/").content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_progress_takes_four_queries(
    as_student: Client,
    student: User,
    make_question: MakeQuestion,
    at: datetime,
    rows: int,
    count_sql: CountSql,
) -> None:
    for n in range(rows):
        make_question(f"q-{n}", domain=Domain.objects.create(key=f"d-{n}", title=str(n)))
    sit(student, at)
    as_student.get("/practice/progress/")
    with count_sql(4):  # session, person, seconds, answers
        as_student.get("/practice/progress/")
    assert Exposure.objects.count() == rows


# --- pictures ----------------------------------------------------------------------------------------------
def test_bars_begin_at_zero_and_say_their_value() -> None:
    picture = charts.bars([50.0, None, 100.0], ["a", "b", "c"], most=100, target=70, target_words="pass <70>")
    heights = [float(one) for one in re.findall(r'class="bar"[^>]* height="([\d.]+)"', picture)]
    assert len(heights) == 2 and heights[1] == pytest.approx(2 * heights[0])
    assert re.findall(r'class="value"[^>]*>([^<]+)<', picture) == ["50", "100"]
    assert re.findall(r'class="label"[^>]*>([^<]+)<', picture) == ["a", "c"]
    assert "pass &lt;70&gt;" in picture


def test_bars_grow_beyond_what_was_expected() -> None:
    assert ">400</text>" in charts.bars([400.0], ["a"], most=100)


def test_a_spark_keeps_a_zero_visible_and_nothing_empty() -> None:
    picture = charts.spark([0.0, None, 100.0], most=100, target=70)
    assert re.findall(r'height="([\d.]+)"', picture) == ["1.0", "26.0"]


def test_empty_pictures_are_pictures() -> None:
    assert charts.bars([], [], most=0) and charts.spark([], most=0)
