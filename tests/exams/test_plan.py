"""The study plan: what is left to do, spread over the person's days."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from courses.catalog.models import Body, Certification, Course, EducationPath, Lesson, PathStage, Requirement
from courses.exams.actions import finish_attempt, start_attempt
from courses.exams.actions.plans import end_study_plan, save_study_plan
from courses.exams.models import Attempt, Blueprint, BlueprintDomain, Domain, Score, StudyPlan
from courses.exams.queries.plan import StudyPlanShown, open_plan, study_plan, study_plans
from courses.progress.actions import complete_lesson, follow_path
from courses.progress.models import LessonCompletion
from tests.conftest import LONG_AGO, MakePerson
from tests.exams.conftest import CountSql, MakeBlueprint, MakeQuestion
from tests.worlds import publish_lesson

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
EXAM_ON = date(2027, 1, 29)
MakePlan = Callable[..., StudyPlan]


@pytest.fixture
def cpc(db: None) -> Certification:
    body = Body.objects.create(key="aapc", name="AAPC", short="AAPC")
    return Certification.objects.create(
        key="cpc", body=body, abbreviation="CPC", name="Coder", purpose="Outpatient coding."
    )


@pytest.fixture
def exam(make_question: MakeQuestion, make_blueprint: MakeBlueprint, cpc: Certification) -> Blueprint:
    """An exam of one domain that takes two hours."""
    for number in range(1, 6):
        make_question(f"q-{number}")
    return make_blueprint("cpc-mock", certification=cpc, minutes=120, title="CPC mock exam")


@pytest.fixture
def cpc_course(make_course: Callable[..., Course], cpc: Certification) -> Course:
    """Two lessons of ten minutes that prepare for the exam."""
    course = make_course("cpc-basics")
    course.certifications.add(cpc)
    return course


@pytest.fixture
def make_plan(student: User, exam: Blueprint) -> MakePlan:
    """A plan of an hour a day from Monday to Friday."""

    def make(user: User | None = None, **changes: Any) -> StudyPlan:
        return save_study_plan(
            **{
                "user": user or student,
                "blueprint": exam,
                "exam_on": EXAM_ON,
                "hours_per_week": Decimal(5),
                "study_days": range(5),
                "at": MONDAY,
            }
            | changes
        )

    return make


def complete(user: User, key: str, at: datetime) -> LessonCompletion:
    lesson = Lesson.objects.get(key=key)
    return complete_lesson(user=user, lesson=lesson, revision=lesson.revisions.get(), at=at)


def finish_set(user: User, questions: dict[str, int], at: datetime) -> Attempt:
    """A finished set of so many questions of each domain, as its score tells it."""
    attempt = Attempt.objects.create(
        user=user, number=1, seed=1, mode="practice", title="My set", pass_percent=0, started_at=at,
        submitted_at=at, state="submitted",
    )  # fmt: skip
    domains = [
        {"key": key, "title": key, "correct": 0, "points": 0, "total": total}
        for key, total in questions.items()
    ]
    Score.objects.create(
        attempt=attempt, correct=0, total=sum(questions.values()), points=0, percent=0, passed=False,
        domains=domains, scored_at=at,
    )  # fmt: skip
    return attempt


def finish_mock(user: User, exam: Blueprint, at: datetime, mode: str = "exam") -> None:
    attempt = start_attempt(user=user, blueprint=exam, at=at - timedelta(minutes=5), mode=mode)
    finish_attempt(attempt_id=attempt.pk, user=user, at=at)


def shown(user: User, at: datetime) -> StudyPlanShown:
    plan = open_plan(user)
    assert plan is not None
    return study_plan(plan, user, at)


def lines(found: StudyPlanShown) -> list[tuple[str, str, int]]:
    return [(f"{day.on:%m-%d}", line.work.task.key, line.minutes) for day in found.days for line in day.lines]


# --- what is planned -----------------------------------------------------------------------------------
def test_plan_holds_lessons_then_sets_then_mocks_until_the_exam(
    make_plan: MakePlan, cpc_course: Course, student: User
) -> None:
    make_plan()

    found = shown(student, MONDAY)

    assert lines(found) == [
        ("11-23", "lesson-cpc-basics-1", 10),
        ("11-23", "lesson-cpc-basics-2", 10),
        ("11-23", "set-anatomy-1", 30),
        ("01-12", "mock-1", 120),
        ("01-18", "mock-2", 120),
        ("01-22", "mock-3", 120),
    ]
    assert found.to_do == {"lesson": 2, "set": 1, "mock": 3}
    assert (found.days_left, found.countdown) == (67, "67 days to the exam")
    assert found.sentence == "Everything fits before the exam."
    assert [week.starts_on for week in found.weeks] == [
        date(2026, 11, 23),
        date(2027, 1, 11),
        date(2027, 1, 18),
    ]


def test_links_lead_to_where_the_work_is_done(make_plan: MakePlan, cpc_course: Course, student: User) -> None:
    make_plan()

    works = {line.work.task.key: line.work for day in shown(student, MONDAY).days for line in day.lines}

    assert works["lesson-cpc-basics-1"].url == "/courses/cpc-basics/cpc-basics-1/"
    assert works["set-anatomy-1"].url == "/practice/new/?domain=anatomy&count=20"
    assert works["set-anatomy-1"].title == "Practice: Anatomy"
    assert works["mock-2"].where == "Mock exam 2 of 3"
    assert works["mock-2"].url == "/practice/"


def test_plan_takes_accommodation_into_account(make_plan: MakePlan, student: User) -> None:
    User.objects.filter(pk=student.pk).update(time_multiplier=Decimal("1.50"))
    student.refresh_from_db()
    make_plan()

    assert {minutes for _day, key, minutes in lines(shown(student, MONDAY)) if "mock" in key} == {180}


def test_short_plan_has_two_mocks(make_plan: MakePlan, student: User) -> None:
    make_plan(exam_on=date(2026, 12, 18))

    assert shown(student, MONDAY).to_do["mock"] == 2


def test_prerequisites_come_first_whatever_they_prepare_for(
    make_plan: MakePlan, make_course: Callable[..., Course], cpc_course: Course, student: User
) -> None:
    deepest = make_course("deepest", lessons=1, position=9)
    before = make_course("before", lessons=1, position=8)
    make_course("unrelated", lessons=1)
    before.prerequisites.add(deepest)
    cpc_course.prerequisites.add(before)
    deepest.prerequisites.add(cpc_course)  # a slip of an editor: round and round
    make_plan()

    keys = [key for _day, key, _minutes in lines(shown(student, MONDAY)) if key.startswith("lesson")]

    assert keys == ["lesson-deepest-1", "lesson-before-1", "lesson-cpc-basics-1", "lesson-cpc-basics-2"]


def test_courses_of_the_path_followed_last_when_none_prepares_for_the_exam(
    make_plan: MakePlan, make_course: Callable[..., Course], student: User
) -> None:
    for number, key in enumerate(("first", "second")):
        make_course(key, lessons=1)
        path = EducationPath.objects.create(key=key, title=key, summary="x", published_at=LONG_AGO)
        stage = PathStage.objects.create(path=path, kind="learn", position=1, title="Learn", html="x")
        Requirement.objects.create(stage=stage, kind="course", key=key, text=key)
        follow_path(user=student, path=path, at=MONDAY + timedelta(hours=number))
    make_plan()

    keys = [key for _day, key, _minutes in lines(shown(student, MONDAY)) if key.startswith("lesson")]

    assert keys == ["lesson-second-1"]


def test_set_waits_for_the_lesson_that_asks_about_its_domain(
    make_plan: MakePlan, cpc_course: Course, exam: Blueprint, make_question: MakeQuestion, student: User
) -> None:
    terms = Domain.objects.create(key="terms", title="Terms")
    make_question("terms-1", domain=terms)
    BlueprintDomain.objects.create(section=exam.sections.get(), domain=terms, count=3)
    first = Lesson.objects.get(key="cpc-basics-1")
    publish_lesson(first, "Read.\n\n[[checkpoint:q-1]]")
    make_plan()

    keys = [key for _day, key, _minutes in lines(shown(student, MONDAY)) if "mock" not in key]

    # no lesson teaches the other domain: it waits for all of them
    assert keys == ["lesson-cpc-basics-1", "set-anatomy-1", "lesson-cpc-basics-2", "set-terms-1"]


def test_heavier_domains_are_practised_oftener_and_empty_ones_not_at_all(
    make_plan: MakePlan, exam: Blueprint, make_question: MakeQuestion, student: User
) -> None:
    section = exam.sections.get()
    section.domains.update(count=50)
    for key, count in (("terms", 25), ("hcpcs", 20), ("empty", 5)):
        domain = Domain.objects.create(key=key, title=key.title())
        BlueprintDomain.objects.create(section=section, domain=domain, count=count)
        if key != "empty":
            make_question(f"{key}-1", domain=domain)
    make_plan()

    found = shown(student, MONDAY)

    assert sorted(key for _day, key, _minutes in lines(found) if key.startswith("set")) == [
        "set-anatomy-1",
        "set-anatomy-2",
        "set-hcpcs-1",
        "set-terms-1",
    ]
    assert found.without_questions == ["Empty"]


def test_without_any_question_only_lessons_are_planned(
    make_blueprint: MakeBlueprint, cpc: Certification, cpc_course: Course, student: User
) -> None:
    empty = make_blueprint("cpc-mock", certification=cpc)
    save_study_plan(
        user=student, blueprint=empty, exam_on=EXAM_ON, hours_per_week=Decimal(5), study_days=[0], at=MONDAY
    )

    assert shown(student, MONDAY).to_do == {"lesson": 2, "set": 0, "mock": 0}


# --- what is done --------------------------------------------------------------------------------------
def test_missed_days_spread_by_themselves(
    make_plan: MakePlan, make_course: Callable[..., Course], cpc: Certification, student: User
) -> None:
    make_course("long", lessons=12).certifications.add(cpc)
    make_plan()
    complete(student, "long-1", MONDAY + timedelta(hours=1))

    found = shown(student, MONDAY + timedelta(days=2))

    assert lines(found)[0] == ("11-25", "lesson-long-2", 10)
    assert found.to_do["lesson"] == 11
    assert not found.left


def test_what_was_done_today_takes_its_time_out_of_today(
    make_plan: MakePlan, make_course: Callable[..., Course], cpc: Certification, student: User
) -> None:
    make_course("long", lessons=12).certifications.add(cpc)
    make_plan()
    for number in (1, 2):
        complete(student, f"long-{number}", MONDAY + timedelta(minutes=number))

    found = shown(student, MONDAY + timedelta(hours=1))

    assert [key for day, key, _minutes in lines(found) if day == "11-23"] == [
        f"lesson-long-{number}" for number in (3, 4, 5, 6)
    ]
    assert [one.title for one in found.done_today] == [f"Lesson {n} of Long" for n in (1, 2)]
    assert found.day is not None and found.day.minutes == 40


def test_today_is_over_when_its_time_was_given(
    make_plan: MakePlan, make_course: Callable[..., Course], cpc: Certification, student: User
) -> None:
    make_course("long", lessons=20).certifications.add(cpc)
    make_plan()
    for number in range(1, 8):
        complete(student, f"long-{number}", MONDAY + timedelta(minutes=number))

    found = shown(student, MONDAY + timedelta(hours=1))

    assert found.day is None
    assert found.next_day is not None and found.next_day.on == date(2026, 11, 24)


def test_sets_count_by_their_domains_and_only_since_the_plan_was_made(
    make_plan: MakePlan, exam: Blueprint, student: User
) -> None:
    finish_set(student, {"anatomy": 20}, MONDAY - timedelta(days=1))
    make_plan()
    before = shown(student, MONDAY).to_do["set"]
    finish_set(student, {"anatomy": 12}, MONDAY + timedelta(minutes=1))

    found = shown(student, MONDAY + timedelta(hours=1))

    assert (before, found.to_do["set"]) == (1, 0)
    assert [one.title for one in found.done] == ["My set"]


@pytest.mark.parametrize(
    ("questions", "left"),
    [({"anatomy": 20, "terms": 5}, 0), ({"anatomy": 19, "terms": 21}, 1), ({"terms": 40}, 1)],
)
def test_mixed_set_counts_for_domains_with_a_whole_set_of_questions(
    questions: dict[str, int], left: int, make_plan: MakePlan, student: User
) -> None:
    make_plan()
    finish_set(student, questions, MONDAY + timedelta(minutes=1))

    assert shown(student, MONDAY + timedelta(hours=1)).to_do["set"] == left


def test_mocks_count_when_they_were_timed(make_plan: MakePlan, exam: Blueprint, student: User) -> None:
    make_plan()
    finish_mock(student, exam, MONDAY + timedelta(hours=1), mode="tutor")
    before = shown(student, MONDAY + timedelta(hours=2)).to_do["mock"]
    finish_mock(student, exam, MONDAY + timedelta(hours=2))

    found = shown(student, MONDAY + timedelta(hours=3))

    assert (before, found.to_do["mock"]) == (3, 2)
    assert [key for _day, key, _minutes in lines(found) if "mock" in key] == ["mock-2", "mock-3"]


def test_completed_course_does_not_come_back_when_it_grows(
    make_plan: MakePlan, cpc_course: Course, student: User
) -> None:
    make_plan()
    for key in ("cpc-basics-1", "cpc-basics-2"):
        complete(student, key, MONDAY)
    module = cpc_course.modules.get()
    publish_lesson(Lesson.objects.create(key="late", module=module, position=3), "Text.")

    assert shown(student, MONDAY).to_do["lesson"] == 0


def test_shortfall_says_the_hours_that_would_do(
    make_plan: MakePlan, make_course: Callable[..., Course], cpc: Certification, student: User
) -> None:
    make_course("long", lessons=40).certifications.add(cpc)
    make_plan(exam_on=date(2026, 12, 7), hours_per_week=Decimal("2.5"))

    found = shown(student, MONDAY)

    # 670 minutes in ten days of study, Monday to Friday until two days before
    assert found.hours_needed == Decimal("6.0")
    assert found.sentence == "You need 6 hours a week to finish before the exam; you gave 2.5."
    assert found.left_hours == "6.5"
    assert shown_again(make_plan, student, hours=found.hours_needed).left == []


def shown_again(make_plan: MakePlan, student: User, *, hours: Decimal) -> StudyPlanShown:
    make_plan(exam_on=date(2026, 12, 7), hours_per_week=hours)
    return shown(student, MONDAY)


@pytest.mark.parametrize("days", [0, 1])
def test_no_day_is_left(days: int, make_plan: MakePlan, cpc_course: Course, student: User) -> None:
    make_plan(exam_on=MONDAY.date() + timedelta(days=1))

    found = shown(student, MONDAY + timedelta(days=days))

    assert found.days == []
    assert found.sentence == "No day of study is left before the exam."


def test_leap_day_is_a_day_of_study(make_plan: MakePlan, cpc_course: Course, student: User) -> None:
    at = datetime(2028, 2, 28, 12, tzinfo=UTC)
    make_plan(exam_on=date(2028, 3, 10), study_days=[1], at=at)  # 29 February 2028 is a Tuesday

    assert shown(student, at).days[0].on == date(2028, 2, 29)


@pytest.mark.parametrize(
    ("zone", "today"),
    [
        ("Pacific/Kiritimati", date(2026, 11, 24)),
        ("Pacific/Pago_Pago", date(2026, 11, 23)),
        ("UTC", date(2026, 11, 23)),
    ],
)
def test_today_is_the_persons_day(
    zone: str, today: date, make_plan: MakePlan, cpc_course: Course, student: User
) -> None:
    User.objects.filter(pk=student.pk).update(time_zone=zone)
    student.refresh_from_db()
    make_plan(study_days=range(7))

    found = shown(student, MONDAY)

    assert found.today == today
    assert found.days[0].on == today


# --- its settings --------------------------------------------------------------------------------------
def test_changing_the_settings_keeps_the_plan_and_its_start(make_plan: MakePlan, student: User) -> None:
    first = make_plan()
    second = make_plan(hours_per_week=Decimal(9), study_days=[5, 0, 5], at=MONDAY + timedelta(days=3))

    assert first.pk == second.pk
    second.refresh_from_db()
    assert (second.made_at, second.study_days, second.hours_per_week) == (MONDAY, [0, 5], Decimal(9))


def test_another_exam_begins_a_new_plan(
    make_plan: MakePlan, make_blueprint: MakeBlueprint, student: User
) -> None:
    first = make_plan()
    second = make_plan(blueprint=make_blueprint("other"), at=MONDAY + timedelta(days=3))

    first.refresh_from_db()
    assert first.ended_at == second.made_at == MONDAY + timedelta(days=3)


def test_ending_twice_is_harmless(make_plan: MakePlan, student: User) -> None:
    plan = make_plan()
    assert end_study_plan(user=student, at=MONDAY)
    assert not end_study_plan(user=student, at=MONDAY + timedelta(days=1))

    plan.refresh_from_db()
    assert plan.ended_at == MONDAY
    assert open_plan(student) is None


# --- pages ---------------------------------------------------------------------------------------------
FORM = {"exam_on": "2027-01-29", "hours_per_week": "5.5", "study_days": ["0", "2", "4"]}


@pytest.fixture
def now(time_machine: Any) -> datetime:
    time_machine.move_to(MONDAY, tick=False)
    return MONDAY


def test_page_without_a_plan_offers_to_make_one(as_student: Client) -> None:
    page = as_student.get("/practice/plan/").content.decode()

    assert "No plan yet" in page
    assert 'href="/practice/plan/edit/"' in page


def test_plan_is_made_shown_changed_and_ended(
    as_student: Client, exam: Blueprint, cpc_course: Course, student: User, now: datetime
) -> None:
    made = as_student.post("/practice/plan/edit/", FORM | {"exam": exam.pk}, follow=True).content.decode()
    plan = StudyPlan.objects.get()

    assert (plan.study_days, plan.hours_per_week) == ([0, 2, 4], Decimal("5.5"))
    assert "67 days to the exam" in made
    assert "Lesson 1 of Cpc Basics" in made
    assert 'href="/practice/new/?domain=anatomy&amp;count=20"' in made
    assert "Everything fits before the exam." in made
    form = as_student.get("/practice/plan/edit/").content.decode()
    assert 'value="2027-01-29"' in form and 'value="5.5"' in form
    assert "End this study plan?" in as_student.get("/practice/plan/stop/").content.decode()
    gone = as_student.post("/practice/plan/stop/", follow=True).content.decode()
    assert "No plan yet" in gone


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"exam_on": "2026-11-23"}, "must lie ahead"),
        ({"exam_on": "2029-11-23"}, "two years at most"),
        ({"hours_per_week": "0.5"}, "greater than or equal to 1"),
        ({"hours_per_week": "61"}, "less than or equal to 60"),
        ({"study_days": []}, "Choose one day at least."),
        ({"study_days": ["7"]}, "not one of the available choices"),
        ({"exam": "0"}, "not one of the available choices"),
    ],
)
def test_form_says_what_is_wrong(
    change: dict[str, Any], message: str, as_student: Client, exam: Blueprint, now: datetime
) -> None:
    answer = as_student.post("/practice/plan/edit/", FORM | {"exam": exam.pk} | change)

    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert not StudyPlan.objects.exists()


def test_exam_must_lie_ahead_in_the_persons_zone(
    as_student: Client, exam: Blueprint, student: User, now: datetime
) -> None:
    sent = FORM | {"exam": exam.pk, "exam_on": "2026-11-24"}
    User.objects.filter(pk=student.pk).update(time_zone="Pacific/Kiritimati")  # the 24th has begun there
    refused = as_student.post("/practice/plan/edit/", sent).status_code
    User.objects.filter(pk=student.pk).update(time_zone="America/New_York")

    assert (refused, as_student.post("/practice/plan/edit/", sent).status_code) == (422, 302)


def test_form_takes_the_exam_date_of_the_profile_and_the_exam_of_the_link(
    as_student: Client, exam: Blueprint, student: User, now: datetime
) -> None:
    User.objects.filter(pk=student.pk).update(exam_on=date(2027, 3, 1))

    page = as_student.get("/practice/plan/edit/?exam=cpc-mock").content.decode()

    assert 'value="2027-03-01"' in page
    assert f'<option value="{exam.pk}" selected>CPC: CPC mock exam</option>' in page


def test_form_offers_the_new_outline_of_the_exam(
    as_student: Client, make_plan: MakePlan, exam: Blueprint, make_blueprint: MakeBlueprint, now: datetime
) -> None:
    made = make_plan()
    newer = make_blueprint(
        "cpc-mock", certification=exam.certification, valid_from=date(2026, 11, 1), title="CPC mock exam 2027"
    )
    Blueprint.objects.filter(pk=exam.pk).update(valid_until=date(2026, 11, 1))

    page = as_student.get("/practice/plan/edit/").content.decode()
    as_student.post("/practice/plan/edit/", FORM | {"exam": newer.pk})

    assert f'<option value="{newer.pk}" selected>CPC: CPC mock exam 2027</option>' in page
    assert StudyPlan.objects.get() == made
    assert StudyPlan.objects.get().blueprint == newer


def test_page_says_what_finds_no_place(
    as_student: Client,
    make_plan: MakePlan,
    make_course: Callable[..., Course],
    cpc: Certification,
    now: datetime,
) -> None:
    make_course("long", lessons=40).certifications.add(cpc)
    make_plan(exam_on=date(2026, 12, 7), hours_per_week=Decimal("2.5"))

    page = as_student.get("/practice/plan/").content.decode()

    assert "You need 6 hours a week to finish before the exam; you gave 2.5." in page
    assert "hours find no place" in page


def test_page_after_the_exam_asks_what_comes_next(
    client: Client, make_plan: MakePlan, cpc_course: Course, student: User, time_machine: Any
) -> None:
    make_plan()
    time_machine.move_to(datetime(2027, 1, 30, 12, tzinfo=UTC))
    client.force_login(student)

    page = client.get("/practice/plan/").content.decode()

    assert "The exam day has passed" in page
    assert "Change the plan" in page


def test_fragment_of_today_is_the_block(
    as_student: Client, make_plan: MakePlan, cpc_course: Course, now: datetime
) -> None:
    before = as_student.get("/practice/plan/today/").content.decode()
    make_plan()

    page = as_student.get("/practice/plan/today/").content.decode()

    assert "There is no plan now" in before
    assert "<html" not in page
    assert "Lesson 1 of Cpc Basics" in page
    assert "50 minutes today" in page


def test_strangers_plan_is_not_shown(
    make_plan: MakePlan, make_person: MakePerson, cpc_course: Course, now: datetime
) -> None:
    make_plan()
    stranger = Client()
    stranger.force_login(make_person("stranger@example.com"))

    assert "No plan yet" in stranger.get("/practice/plan/").content.decode()
    stranger.post("/practice/plan/stop/")
    assert StudyPlan.objects.get().ended_at is None


@pytest.mark.parametrize("count", [1, 3])
def test_plan_takes_six_queries(
    count: int,
    make_plan: MakePlan,
    make_course: Callable[..., Course],
    make_question: MakeQuestion,
    cpc: Certification,
    exam: Blueprint,
    student: User,
    count_sql: CountSql,
) -> None:
    for number in range(count):
        make_course(f"course-{number}", lessons=count).certifications.add(cpc)
        domain = Domain.objects.create(key=f"d-{number}", title=f"D {number}")
        make_question(f"d-{number}", domain=domain)
        BlueprintDomain.objects.create(section=exam.sections.get(), domain=domain, count=2)
    plan = make_plan()
    for _ in range(count):
        finish_set(student, {"anatomy": 20}, MONDAY)

    with count_sql(6):
        study_plan(plan, student, MONDAY)


def test_plans_of_several_people_say_what_each_says_alone(
    make_plan: MakePlan,
    make_course: Callable[..., Course],
    cpc_course: Course,
    cpc: Certification,
    exam: Blueprint,
    student: User,
    other: User,
    make_person: MakePerson,
) -> None:
    first = make_course("first", lessons=3)
    cpc_course.prerequisites.add(first)
    path = EducationPath.objects.create(key="path", title="Path", summary="x", published_at=LONG_AGO)
    stage = PathStage.objects.create(path=path, kind="learn", position=1, title="x", source="x", html="x")
    Requirement.objects.create(stage=stage, kind="course", key="first", text="x")
    follower = make_person("follower@example.com", time_zone="Pacific/Kiritimati")
    follow_path(user=follower, path=path, at=MONDAY)
    finish_set(other, {"anatomy": 20}, MONDAY - timedelta(days=1))
    complete(other, "first-1", MONDAY - timedelta(hours=1))
    plans = [make_plan(), make_plan(other), make_plan(follower, exam_on=EXAM_ON + timedelta(days=7))]
    now = MONDAY + timedelta(days=2)
    complete(student, "first-1", now)
    complete(student, "first-2", now)
    complete(student, "first-3", now)
    finish_set(student, {"anatomy": 20}, now)
    finish_mock(other, exam, now)

    together = study_plans(plans, now)

    assert together == {of.pk: study_plan(of, of.user, now) for of in plans}
    assert [len(together[of.pk].done) for of in plans] == [4, 1, 0]


@pytest.mark.parametrize("count", [1, 3])
def test_plans_of_any_number_of_people_take_ten_queries(
    count: int, make_plan: MakePlan, make_person: MakePerson, cpc_course: Course, count_sql: CountSql
) -> None:
    plans = [make_plan(make_person(f"p-{n}@example.com")) for n in range(count)]
    for of in plans:
        complete(of.user, "cpc-basics-1", MONDAY)

    with count_sql(10):
        assert len(study_plans(plans, MONDAY)) == count
    assert study_plans([], MONDAY) == {}
