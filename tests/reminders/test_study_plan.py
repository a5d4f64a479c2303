"""The reminders of a study plan: the exam comes near, and a word after three days without study."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db.models import QuerySet
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from courses.catalog.models import Body, Certification, Course, Lesson
from courses.exams.actions.plans import end_study_plan, save_study_plan
from courses.exams.models import Blueprint, StudyPlan
from courses.progress.actions import complete_lesson
from courses.reminders import kinds
from courses.reminders.actions import Planned, plan
from courses.reminders.delivery import deliver_due
from courses.reminders.kinds import Kind
from courses.reminders.kinds.study import StudyPlanBehind, StudyPlanExam, StudySessionToday
from courses.reminders.models import Reminder
from courses.reminders.queries import next_moments
from tests.conftest import MakePerson
from tests.reminders.shipped import publish_shipped

pytestmark = pytest.mark.django_db
EXAM, BEHIND, SESSION = "study_plan_exam", "study_plan_behind", "study_session_today"
#: Monday to Friday, made on a Monday; the exam is on a Friday.
MADE_AT, EXAM_ON = datetime(2027, 3, 1, 15, tzinfo=UTC), date(2027, 5, 7)
MakePlan = Callable[..., StudyPlan]


@pytest.fixture(autouse=True)
def shipped_templates(db: None) -> None:
    publish_shipped(EXAM, BEHIND, SESSION)


@pytest.fixture(autouse=True)
def only_these(monkeypatch: pytest.MonkeyPatch, shipped_templates: None) -> None:
    """What other kinds plan and ask is theirs."""
    monkeypatch.setattr(kinds, "_kinds", {EXAM: StudyPlanExam(), BEHIND: StudyPlanBehind()})


@pytest.fixture
def only_exam(monkeypatch: pytest.MonkeyPatch, only_these: None) -> None:
    monkeypatch.setattr(kinds, "_kinds", {EXAM: StudyPlanExam()})


@pytest.fixture
def only_behind(monkeypatch: pytest.MonkeyPatch, only_these: None) -> None:
    monkeypatch.setattr(kinds, "_kinds", {BEHIND: StudyPlanBehind()})


@pytest.fixture
def only_session(monkeypatch: pytest.MonkeyPatch, only_these: None) -> StudySessionToday:
    kind = StudySessionToday()
    monkeypatch.setattr(kinds, "_kinds", {SESSION: kind})
    return kind


def sent() -> QuerySet[Reminder]:
    return Reminder.objects.filter(state="sent", channel="email").order_by("sent_at")


@pytest.fixture
def lessons(make_course: Callable[..., Course]) -> Course:
    """Thirty lessons of ten minutes that prepare for the CPC."""
    body = Body.objects.create(key="aapc", name="AAPC", short="AAPC")
    cpc = Certification.objects.create(key="cpc", body=body, abbreviation="CPC", name="CPC", purpose="x")
    course = make_course("long", lessons=30)
    course.certifications.add(cpc)
    return course


@pytest.fixture
def make_plan(lessons: Course) -> MakePlan:
    def make(user: User, **changes: Any) -> StudyPlan:
        blueprint, _ = Blueprint.objects.get_or_create(
            key="cpc-mock",
            defaults={
                "title": "CPC mock exam",
                "certification": Certification.objects.get(),
                "minutes": 240,
                "pass_percent": 70,
                "valid_from": date(2020, 1, 1),
                "as_of": date(2020, 1, 1),
                "source": "Ours",
                "confidence": "verified",
            },
        )
        return save_study_plan(
            **{
                "user": user,
                "blueprint": blueprint,
                "exam_on": EXAM_ON,
                "hours_per_week": Decimal(5),
                "study_days": range(5),
                "at": MADE_AT,
            }
            | changes
        )

    return make


@pytest.fixture
def york(make_person: MakePerson) -> User:
    return make_person(time_zone="America/New_York")


def read(user: User, number: int, at: datetime) -> None:
    lesson = Lesson.objects.get(key=f"long-{number}")
    complete_lesson(user=user, lesson=lesson, revision=lesson.revisions.get(), at=at)


def live_through(first: datetime, days: int, daily: Callable[[datetime], None] = lambda now: None) -> None:
    """Plan and deliver twice a day."""
    for day in range(days):
        daily(first + timedelta(days=day, hours=1))
        for hour in (2, 14):
            now = first.replace(hour=0) + timedelta(days=day, hours=hour)
            plan(at=now)
            deliver_due(at=now)


# --- the exam comes near -------------------------------------------------------------------------------
def test_each_step_to_the_exam_goes_once_in_the_morning(
    make_plan: MakePlan, york: User, only_exam: None, mailoutbox: list[EmailMessage]
) -> None:
    make_plan(york)
    for step in (60, 30, 14, 7, 1):
        live_through(datetime(2027, 5, 7, 15, tzinfo=UTC) - timedelta(days=step + 2), 4)

    assert [(row.kind, row.step) for row in sent()] == [(EXAM, step) for step in (60, 30, 14, 7, 1)]
    # nine o'clock in New York, on both sides of the change of the clock of 14 March
    assert [row.not_before for row in sent()] == [
        datetime(2027, 3, 8, 14, tzinfo=UTC),
        datetime(2027, 4, 7, 13, tzinfo=UTC),
        datetime(2027, 4, 23, 13, tzinfo=UTC),
        datetime(2027, 4, 30, 13, tzinfo=UTC),
        datetime(2027, 5, 6, 13, tzinfo=UTC),
    ]
    assert [mail.subject for mail in mailoutbox] == [
        "CPC mock exam on 7 May 2027: 60 days left",
        "CPC mock exam on 7 May 2027: 30 days left",
        "CPC mock exam on 7 May 2027: 14 days left",
        "CPC mock exam on 7 May 2027: 7 days left",
        "CPC mock exam on 7 May 2027: 1 day left",
    ]
    text = str(mailoutbox[1].body)
    assert "Fri 7 May 2027, 30 days from now" in text
    assert "Left in your plan: 30 lessons. Everything fits" in text
    assert "http://localhost:8000/practice/plan/" in text
    assert "because you made a study plan here" in text
    assert str(mailoutbox[1].alternatives[0].content).count('class="button"') == 1
    assert Reminder.objects.filter(state="sent", channel="inbox").count() == 5


@pytest.mark.parametrize(
    ("zone", "moments"),
    [
        ("Pacific/Kiritimati", ["2027-04-06 19:00", "2027-05-05 19:00"]),
        ("Pacific/Pago_Pago", ["2027-04-07 20:00", "2027-05-06 20:00"]),
        # the clock goes back by half an hour on 4 April
        ("Australia/Lord_Howe", ["2027-04-06 22:30", "2027-05-05 22:30"]),
        # the clock goes ahead on 30 April
        ("Africa/Cairo", ["2027-04-07 07:00", "2027-05-06 06:00"]),
    ],
)
def test_steps_go_on_the_persons_own_morning(
    zone: str, moments: list[str], make_plan: MakePlan, make_person: MakePerson, only_exam: None
) -> None:
    make_plan(make_person(time_zone=zone))
    for first in (35, 64):
        live_through(MADE_AT + timedelta(days=first), 4)

    assert [f"{row.not_before:%Y-%m-%d %H:%M}" for row in sent().filter(step__in=[30, 1])] == moments


def test_plan_made_late_is_not_reminded_of_steps_that_were_over(make_plan: MakePlan, york: User) -> None:
    made_at = datetime(2027, 4, 24, 16, tzinfo=UTC)  # 13 days before
    make_plan(york, at=made_at)

    assert plan(at=made_at) == Planned()
    assert next_moments(york, at=made_at)[EXAM] == datetime(2027, 4, 30, 13, tzinfo=UTC)


def test_moved_exam_moves_its_reminders(make_plan: MakePlan, york: User, only_exam: None) -> None:
    make_plan(york)
    now = datetime(2027, 4, 6, 13, tzinfo=UTC)
    assert plan(at=now) == Planned(inserted=2)
    make_plan(york, exam_on=EXAM_ON + timedelta(days=1), at=now)

    assert plan(at=now) == Planned(inserted=2, cancelled=2)
    assert set(Reminder.objects.filter(state="planned").values_list("not_before", flat=True)) == {
        datetime(2027, 4, 8, 13, tzinfo=UTC)
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda user: end_study_plan(user=user, at=MADE_AT + timedelta(days=1)), "closed"),
        (lambda user: StudyPlan.objects.update(exam_on=date(2027, 6, 1)), "moved"),
    ],
)
def test_plan_that_changed_after_planning_is_not_reminded(
    change: Callable[[User], object], reason: str, make_plan: MakePlan, york: User, only_exam: None
) -> None:
    make_plan(york)
    now = datetime(2027, 4, 7, 13, tzinfo=UTC)
    plan(at=now - timedelta(hours=10))
    change(york)

    deliver_due(at=now)

    rows = Reminder.objects.values_list("channel", "state", "reason")
    assert set(rows) == {("email", "cancelled", reason), ("inbox", "cancelled", reason)}


# --- nothing was done ----------------------------------------------------------------------------------
def test_nothing_on_three_days_of_study_brings_one_mail_and_then_silence(
    make_plan: MakePlan, york: User, only_behind: None, mailoutbox: list[EmailMessage]
) -> None:
    make_plan(york)  # on a Monday: Tuesday, Wednesday and Thursday pass
    live_through(MADE_AT, 12)

    (mail,) = mailoutbox
    (row,) = sent()
    assert (row.kind, row.not_before) == (BEHIND, datetime(2027, 3, 5, 14, tzinfo=UTC))  # Friday, 09:00 EST
    assert mail.subject == "Your study plan: 60 minutes today, 63 days to the exam"
    assert "Next is “Lesson 1 of Long”." in str(mail.body)
    assert "until Fri 7 May 2027, 63 days from now" in str(mail.body)


def test_whoever_studies_every_other_day_hears_nothing(
    make_plan: MakePlan, york: User, only_behind: None, mailoutbox: list[EmailMessage]
) -> None:
    make_plan(york)
    numbers = iter(range(1, 31))

    def study(now: datetime) -> None:
        if now.weekday() in (0, 2, 4):
            read(york, next(numbers), now)

    live_through(MADE_AT, 14, study)

    assert mailoutbox == []
    assert not sent().exists()


def test_after_something_was_done_again_there_may_be_another_word(
    make_plan: MakePlan, york: User, only_behind: None, mailoutbox: list[EmailMessage]
) -> None:
    make_plan(york)

    def once(now: datetime) -> None:
        if now.date() == date(2027, 3, 10):  # a Wednesday: Thursday, Friday and Monday pass
            read(york, 1, now)

    live_through(MADE_AT, 20, once)

    assert [row.due_on for row in sent()] == [date(2027, 3, 5), date(2027, 3, 16)]


def test_lesson_on_the_eve_stops_the_mail(make_plan: MakePlan, york: User) -> None:
    make_plan(york)
    now = datetime(2027, 3, 5, 14, tzinfo=UTC)
    plan(at=now - timedelta(hours=30))
    read(york, 1, now - timedelta(hours=20))

    deliver_due(at=now)

    rows = Reminder.objects.values_list("channel", "state", "reason")
    assert set(rows) == {("email", "cancelled", "done"), ("inbox", "cancelled", "done")}


def test_only_days_of_study_count(make_plan: MakePlan, york: User, mailoutbox: list[EmailMessage]) -> None:
    make_plan(york, study_days=[6])  # Sundays 7, 14 and 21 March pass
    live_through(MADE_AT + timedelta(days=24), 6)

    assert [row.due_on for row in sent().filter(kind=BEHIND)] == [date(2027, 3, 28)]


def test_nothing_is_asked_once_everything_is_done(make_plan: MakePlan, york: User) -> None:
    make_plan(york)
    for number in range(1, 31):
        read(york, number, MADE_AT)
    live_through(MADE_AT, 10)

    assert set(Reminder.objects.filter(kind=BEHIND).values_list("state", "reason")) == {("cancelled", "done")}


def test_nobody_is_called_back_on_or_after_the_exam(make_plan: MakePlan, york: User) -> None:
    make_plan(york, exam_on=date(2027, 3, 5))
    live_through(MADE_AT, 10)

    assert not Reminder.objects.filter(kind=BEHIND).exists()


# --- a day of study ------------------------------------------------------------------------------------
def test_day_of_study_stands_in_the_inbox_until_something_is_done(
    make_plan: MakePlan, york: User, only_session: StudySessionToday, mailoutbox: list[EmailMessage]
) -> None:
    make_plan(york, study_days=[1, 3])  # Tuesdays and Thursdays

    def study(now: datetime) -> None:
        if now.date() == date(2027, 3, 9):
            read(york, 1, now.replace(hour=11))

    live_through(MADE_AT, 11, study)

    rows = Reminder.objects.order_by("due_on").values_list("due_on", "channel", "state", "reason")
    assert list(rows) == [
        (date(2027, 3, 2), "inbox", "sent", ""),
        (date(2027, 3, 4), "inbox", "sent", ""),
        (date(2027, 3, 9), "inbox", "cancelled", "done"),
        (date(2027, 3, 11), "inbox", "sent", ""),
    ]
    first = Reminder.objects.get(due_on=date(2027, 3, 2))
    assert first.not_before == datetime(2027, 3, 2, 14, tzinfo=UTC)
    assert first.said["first"] == "Lesson 1 of Long"
    assert first.said["minutes"] == "150 minutes"
    assert first.said["url"].endswith("/courses/long/long-1/")
    assert Reminder.objects.get(due_on=date(2027, 3, 11)).said["first"] == "Lesson 2 of Long"
    assert mailoutbox == []


@pytest.mark.parametrize(
    ("zone", "moment"),
    [
        ("Pacific/Kiritimati", datetime(2027, 3, 2, 19, tzinfo=UTC)),  # there it was Tuesday already
        ("America/Los_Angeles", datetime(2027, 3, 2, 17, tzinfo=UTC)),
    ],
)
def test_day_of_study_is_the_persons_own(
    zone: str, moment: datetime, make_plan: MakePlan, make_person: MakePerson, only_session: StudySessionToday
) -> None:
    make_plan(make_person(time_zone=zone))

    plan(at=MADE_AT)

    assert Reminder.objects.earliest("not_before").not_before == moment


def test_no_day_of_study_is_left_on_the_day_before_the_exam(
    make_plan: MakePlan, york: User, only_session: StudySessionToday
) -> None:
    row = make_plan(york, exam_on=date(2027, 3, 5), study_days=range(7))

    found = list(only_session.candidates(at=MADE_AT, until=MADE_AT + timedelta(days=9)))

    assert [one.due_on for one in found] == [date(2027, 3, 2), date(2027, 3, 3)]
    subjects = [one.subject for one in found]
    assert only_session.deadlines(subjects) == {one.subject: one.due_on for one in found}
    StudyPlan.objects.filter(pk=row.pk).update(study_days=[1])
    assert list(only_session.deadlines(subjects).values()) == [date(2027, 3, 2)]
    end_study_plan(user=york, at=MADE_AT)
    assert only_session.deadlines(subjects) == {}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"study_days": [2]}, "moved"),
        ({"ended_at": MADE_AT}, "closed"),
        ({"exam_on": date(2027, 3, 3)}, "done"),  # nothing is planned on the eve
    ],
)
def test_day_of_study_that_changed_after_planning_is_not_told(
    change: dict[str, Any], reason: str, make_plan: MakePlan, york: User, only_session: StudySessionToday
) -> None:
    make_plan(york)
    plan(at=MADE_AT)
    StudyPlan.objects.update(**change)

    deliver_due(at=datetime(2027, 3, 2, 14, tzinfo=UTC))

    assert Reminder.objects.get(due_on=date(2027, 3, 2)).reason == reason


# --- all -----------------------------------------------------------------------------------------------
ALL = [StudyPlanExam(), StudyPlanBehind(), StudySessionToday()]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: str(kind.key))
def test_sample_has_the_names_of_the_real_context(kind: Kind, make_plan: MakePlan, york: User) -> None:
    row = make_plan(york)
    subject = f"plan-{row.pk}.2027-03-02" if kind.key == SESSION else f"plan-{row.pk}"
    reminder = Reminder(pk=1, user=york, kind=kind.key, subject=subject, due_on=EXAM_ON)
    context = kind.context(reminder, kind.read([reminder], at=MADE_AT)[1], at=MADE_AT)

    assert context.keys() == kind.sample_context().keys()
    assert {type(value) for value in context.values()} == {str}


def test_all_can_be_turned_off_by_themselves(
    make_plan: MakePlan, york: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "_kinds", {kind.key: kind for kind in ALL})
    client = Client()
    client.force_login(york)

    page = client.get("/reminders/").content.decode()

    assert "Exam date of my study plan" in page
    assert "A word when I fall behind my study plan" in page
    assert "block of my study plan" in page


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("kind", ALL, ids=lambda kind: str(kind.key))
def test_kind_asks_the_same_number_of_questions(
    kind: Kind,
    count: int,
    make_plan: MakePlan,
    make_person: MakePerson,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for n in range(count):
        make_plan(make_person(f"p{n}@example.com"))
    when = datetime(2027, 3, 4, 13, tzinfo=UTC) if kind.key != EXAM else datetime(2027, 4, 6, 13, tzinfo=UTC)
    # the exam's steps lie in three stretches of days
    with django_assert_num_queries(3 if kind.key == EXAM else 1):
        found = list(kind.candidates(at=when, until=when + timedelta(hours=36)))
    people = {one.user_id: one for one in found}
    assert len(people) == count
    reminders = [
        Reminder(pk=pk, user=User.objects.get(pk=pk), kind=kind.key, subject=one.subject, due_on=one.due_on)
        for pk, one in people.items()
    ]

    with django_assert_num_queries(1):
        assert kind.deadlines([one.subject for one in found]).keys() == {one.subject for one in found}
    # the plans, and what is left in them: ten, less one as this exam has no sections
    with django_assert_num_queries(1 + 9):
        facts = kind.read(reminders, at=when)
        for reminder in reminders:
            assert kind.still_true(reminder, facts[reminder.pk], at=when) in (None, "moved")
            kind.context(reminder, facts[reminder.pk], at=when)
