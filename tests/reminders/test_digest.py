"""The weekly digest: on the person's day and hour, what comes and what was done, or nothing at all."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db.models import QuerySet
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from courses.catalog.models import Body, Certification, Course, Lesson
from courses.credentials.actions import record_credential
from courses.exams.actions.plans import save_study_plan
from courses.exams.models import Blueprint, StudyPlan
from courses.progress.actions import complete_lesson
from courses.reminders import kinds
from courses.reminders.actions import plan
from courses.reminders.delivery import deliver_due
from courses.reminders.kinds import Kind
from courses.reminders.kinds.credentials import KINDS as CREDENTIALS
from courses.reminders.kinds.overview import WeeklyDigest
from courses.reminders.kinds.study import CourseIdle, StudyPlanExam, StudySessionToday
from courses.reminders.models import Preference, Reminder, ReminderSettings
from tests.conftest import LONG_AGO, MakePerson
from tests.reminders.shipped import publish_shipped

pytestmark = pytest.mark.django_db
DIGEST, EXAM = "weekly_digest", "study_plan_exam"
#: A Saturday.
NOW = datetime(2027, 2, 27, 15, tzinfo=UTC)
DAY = timedelta(days=1)
MakeExam = Callable[..., StudyPlan]


@pytest.fixture(autouse=True)
def digest(db: None, monkeypatch: pytest.MonkeyPatch) -> WeeklyDigest:
    """The digest beside two kinds: one with deadlines, one that is only a nudge."""
    publish_shipped(DIGEST, EXAM, "study_session_today")
    kind = WeeklyDigest()
    known: list[Kind] = [StudyPlanExam(), StudySessionToday(), kind]
    monkeypatch.setattr(kinds, "_kinds", {one.key: one for one in known})
    return kind


@pytest.fixture
def make_reader(make_person: MakePerson) -> Callable[..., User]:
    """Somebody who asked for the digest."""

    def make(email: str = "york@example.com", zone: str = "America/New_York", **settings: Any) -> User:
        person = make_person(email, time_zone=zone)
        Preference.objects.create(user=person, kind=DIGEST, channel="email", is_on=True, changed_at=LONG_AGO)
        if settings:
            ReminderSettings.objects.create(user=person, **settings)
        return person

    return make


@pytest.fixture
def make_exam(db: None) -> MakeExam:
    def make(user: User, exam_on: date = date(2027, 3, 10)) -> StudyPlan:
        blueprint, _ = Blueprint.objects.get_or_create(
            key="cpc-mock",
            defaults={
                "title": "CPC mock exam",
                "minutes": 240,
                "pass_percent": 70,
                "valid_from": date(2020, 1, 1),
                "as_of": date(2020, 1, 1),
                "source": "Ours",
                "confidence": "verified",
            },
        )
        return save_study_plan(
            user=user, blueprint=blueprint, exam_on=exam_on, hours_per_week=Decimal(5),
            study_days=range(5), at=NOW - 30 * DAY,
        )  # fmt: skip

    return make


def read(user: User, key: str, at: datetime) -> None:
    lesson = Lesson.objects.get(key=key)
    complete_lesson(user=user, lesson=lesson, revision=lesson.revisions.get(), at=at)


def live_through(days: int) -> None:
    for hour in range(0, days * 24, 12):
        now = NOW + timedelta(hours=hour)
        plan(at=now)
        deliver_due(at=now)


def digests() -> QuerySet[Reminder]:
    return Reminder.objects.filter(kind=DIGEST).order_by("not_before")


def test_digest_says_once_a_week_what_comes_and_what_was_done(
    make_reader: Callable[..., User],
    make_exam: MakeExam,
    make_course: Callable[..., Course],
    mailoutbox: list[EmailMessage],
) -> None:
    york = make_reader()
    make_exam(york)
    make_course("long", lessons=5)
    read(york, "long-1", NOW - 8 * DAY)  # longer ago than a week
    read(york, "long-2", NOW - DAY)
    read(york, "long-3", NOW)

    live_through(17)

    rows = digests().values_list("channel", "state", "reason", "not_before")
    assert list(rows) == [
        ("email", "sent", "", datetime(2027, 3, 1, 14, tzinfo=UTC)),
        ("email", "sent", "", datetime(2027, 3, 8, 14, tzinfo=UTC)),
        # the exam is over, and nothing was done
        ("email", "cancelled", "done", datetime(2027, 3, 15, 13, tzinfo=UTC)),
    ]
    first, second = (mail for mail in mailoutbox if "week" in str(mail.subject))
    assert first.subject == "Your week from 1 Mar: 1 date in the next two weeks"
    assert "* CPC mock exam on 10 Mar 2027: 9 days left\n" in str(first.body)
    assert "you did 2 lessons. Well done." in str(first.body)
    assert "And " not in str(first.body)
    assert "/today/" in str(first.body)
    assert "CPC mock exam on 10 Mar 2027: 2 days left" in str(second.body)
    assert "Well done" not in str(second.body)


def test_nobody_gets_a_digest_who_did_not_ask(
    make_person: MakePerson, make_exam: MakeExam, digest: WeeklyDigest
) -> None:
    york = make_person()
    make_exam(york)

    live_through(4)

    assert not digests().exists()
    # but the page of preferences can say when it would come
    (one,) = digest.candidates(at=NOW, until=NOW + 14 * DAY, user_id=york.pk)
    assert one.not_before == datetime(2027, 3, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "settings", "moment"),
    [
        ("Pacific/Kiritimati", {}, datetime(2027, 2, 28, 19, tzinfo=UTC)),
        ("America/Los_Angeles", {}, datetime(2027, 3, 1, 17, tzinfo=UTC)),
        ("Asia/Kathmandu", {"digest_day": 4, "digest_hour": 18}, datetime(2027, 3, 5, 12, 15, tzinfo=UTC)),
        # on that Sunday the clock goes ahead from 02:00 to 03:00
        ("America/New_York", {"digest_day": 6, "digest_hour": 2}, datetime(2027, 2, 28, 7, tzinfo=UTC)),
    ],
)
def test_digest_goes_on_the_persons_day_at_their_hour(
    zone: str,
    settings: dict[str, int],
    moment: datetime,
    make_reader: Callable[..., User],
    digest: WeeklyDigest,
) -> None:
    make_reader(zone=zone, **settings)

    (one,) = digest.candidates(at=NOW, until=NOW + 7 * DAY)

    assert one.not_before == moment
    if settings.get("digest_hour") == 2:
        later = NOW + 13 * DAY
        (one,) = digest.candidates(at=later, until=later + 7 * DAY)
        assert one.not_before == datetime(2027, 3, 14, 7, tzinfo=UTC)  # 03:00


def test_another_day_or_hour_moves_the_digest(
    make_reader: Callable[..., User], make_exam: MakeExam, digest: WeeklyDigest
) -> None:
    york = make_reader(digest_day=0, digest_hour=9)
    make_exam(york)
    plan(at=NOW)
    ReminderSettings.objects.update(digest_hour=17)
    plan(at=NOW)
    assert digests().get().not_before == datetime(2027, 3, 1, 22, tzinfo=UTC)

    ReminderSettings.objects.update(digest_day=6)
    plan(at=NOW)

    assert list(digests().values_list("due_on", "state")) == [
        (date(2027, 2, 28), "planned"),
        (date(2027, 3, 1), "cancelled"),
    ]


def test_deadlines_of_credentials_are_in_it_in_the_words_of_their_own_mails(
    make_reader: Callable[..., User],
    make_exam: MakeExam,
    monkeypatch: pytest.MonkeyPatch,
    digest: WeeklyDigest,
) -> None:
    known = [*(kind() for kind in CREDENTIALS), StudyPlanExam(), CourseIdle(), digest]
    monkeypatch.setattr(kinds, "_kinds", {one.key: one for one in known})
    publish_shipped("ce_cycle_end")
    york = make_reader()
    make_exam(york)
    body = Body.objects.create(key="aapc", name="AAPC", short="AAPC")
    cpc = Certification.objects.create(key="cpc", body=body, abbreviation="CPC", name="CPC", purpose="x")
    held = record_credential(
        user=york, certification=cpc, earned_on=date(2025, 4, 1), starts_on=date(2025, 3, 8),
        ends_on=date(2027, 3, 7), required=Decimal(36), at=NOW - 300 * DAY,
    )  # fmt: skip
    assert held.pk
    reminder = Reminder(pk=1, user=york, kind=DIGEST, subject=f"week-{york.pk}.2027-03-01")

    week = digest.read([reminder], at=NOW)[1]

    assert list(week.dates) == [
        "CPC by 6 Mar 2027: 7 days left, 36 CEUs short",
        "CPC mock exam on 10 Mar 2027: 11 days left",
    ]


def test_what_was_done_counts_each_kind_of_work(
    make_reader: Callable[..., User], make_course: Callable[..., Course], digest: WeeklyDigest
) -> None:
    york = make_reader()
    make_course("long", lessons=1, ceus="2.50")
    read(york, "long-1", NOW)
    reminder = Reminder(pk=1, user=york, kind=DIGEST, subject=f"week-{york.pk}.2027-03-01")

    week = digest.read([reminder], at=NOW + DAY)[1]

    assert week.done == ("1 lesson", "2.5 CEUs")
    assert digest.still_true(reminder, week, at=NOW) is None
    later = digest.read([reminder], at=NOW + 30 * DAY)[1]
    assert digest.still_true(reminder, later, at=NOW) == "done"


@pytest.mark.parametrize("count", [1, 3])
def test_digest_asks_as_much_for_each_person_as_the_kinds_do(
    count: int,
    make_reader: Callable[..., User],
    make_exam: MakeExam,
    digest: WeeklyDigest,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(count):
        make_exam(make_reader(f"p{number}@example.com"))

    with django_assert_num_queries(1):
        found = list(digest.candidates(at=NOW, until=NOW + 3 * DAY))
    assert len(found) == count
    with django_assert_num_queries(1):
        assert digest.deadlines([one.subject for one in found]) == {one.subject: one.due_on for one in found}
    reminders = [
        Reminder(pk=one.user_id, user=User.objects.get(pk=one.user_id), kind=DIGEST, subject=one.subject)
        for one in found
    ]
    # the templates, four of what was done, six of what the plans hold, which have no lessons and whose exam
    # has no sections; and for each person the one kind with deadlines
    with django_assert_num_queries(1 + 4 + 6 + count):
        facts = digest.read(reminders, at=NOW)
        for reminder in reminders:
            context = digest.context(reminder, facts[reminder.pk], at=NOW)
            assert context.keys() == digest.sample_context().keys()
            assert {type(value) for value in context.values()} == {str}
