"""Reviews that are due and a course that was left: said seldom, and then no more."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db.models import QuerySet
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from courses.catalog.models import Course, Lesson
from courses.exams.models import (
    Attempt,
    AttemptItem,
    AttemptSection,
    CardReview,
    Domain,
    PracticeSettings,
    Question,
    ReviewCard,
)
from courses.exams.queries.reviews import desk, due_reviews
from courses.progress.actions import complete_lesson, enrol, record_reading
from courses.progress.models import Enrolment
from courses.reminders import kinds
from courses.reminders.actions import plan
from courses.reminders.delivery import deliver_due
from courses.reminders.kinds import Kind
from courses.reminders.kinds.study import CourseIdle, ReviewsDue
from courses.reminders.models import Reminder
from tests.conftest import LONG_AGO, MakePerson
from tests.reminders.shipped import publish_shipped
from tests.worlds import make_question

pytestmark = pytest.mark.django_db
IDLE, REVIEWS = "course_idle", "reviews_due"
#: A Monday.
BEGAN_AT = datetime(2027, 3, 1, 15, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def shipped(db: None) -> None:
    publish_shipped(IDLE, REVIEWS)


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch, shipped: None) -> Callable[..., Any]:
    def only(kind: Kind) -> Kind:
        monkeypatch.setattr(kinds, "_kinds", {kind.key: kind})
        return kind

    return only


@pytest.fixture
def idle(only: Callable[..., Any]) -> CourseIdle:
    kind = only(CourseIdle())
    assert isinstance(kind, CourseIdle)
    return kind


@pytest.fixture
def york(make_person: MakePerson) -> User:
    return make_person(time_zone="America/New_York")


def read(user: User, key: str, at: datetime) -> None:
    lesson = Lesson.objects.get(key=key)
    complete_lesson(user=user, lesson=lesson, revision=lesson.revisions.get(), at=at)


def live_through(first: datetime, days: int, daily: Callable[[datetime], None] = lambda now: None) -> None:
    """Plan and deliver once a day in the afternoon of New York."""
    for day in range(days):
        now = first.replace(hour=18) + timedelta(days=day)
        daily(now - timedelta(hours=1))
        plan(at=now)
        deliver_due(at=now)


def sent() -> QuerySet[Reminder]:
    return Reminder.objects.filter(state="sent", channel="email").order_by("sent_at")


def days_of(rows: QuerySet[Reminder]) -> list[tuple[int, int]]:
    return [(row.not_before.month, row.not_before.day) for row in rows]


# --- a course that was left ----------------------------------------------------------------------------
def test_course_left_is_spoken_of_after_7_and_21_days_and_then_never(
    idle: CourseIdle, york: User, make_course: Callable[..., Course], mailoutbox: list[EmailMessage]
) -> None:
    make_course("long", lessons=3)
    read(york, "long-1", BEGAN_AT)

    live_through(BEGAN_AT + 5 * DAY, 40)

    assert [(row.step, row.not_before) for row in sent()] == [
        (7, datetime(2027, 3, 8, 14, tzinfo=UTC)),
        (21, datetime(2027, 3, 22, 13, tzinfo=UTC)),
    ]
    first, second = mailoutbox
    assert first.subject == "Next in Long: 10 minutes"
    assert "1 of 3 lessons are done" in str(first.body)
    assert "“Lesson 2 of Long”" in str(first.body)
    assert "/courses/long/long-2/" in str(first.body)
    assert "last word" not in str(first.body)
    assert "last word" in str(second.body)


def test_only_the_course_read_last_is_spoken_of(
    idle: CourseIdle, york: User, make_course: Callable[..., Course], mailoutbox: list[EmailMessage]
) -> None:
    for key in ("first", "second", "third"):
        make_course(key, lessons=3)
    enrol(user=york, course=Course.objects.get(key="third"), at=BEGAN_AT - 3 * DAY)
    read(york, "first-1", BEGAN_AT - 2 * DAY)
    read(york, "second-1", BEGAN_AT - DAY)
    record_reading(user=york, lesson=Lesson.objects.get(key="first-2"), at=BEGAN_AT)

    live_through(BEGAN_AT + 5 * DAY, 20)

    assert [mail.subject for mail in mailoutbox] == ["Next in First: 10 minutes"] * 2


def test_something_done_begins_the_count_anew(
    idle: CourseIdle, york: User, make_course: Callable[..., Course]
) -> None:
    make_course("long", lessons=4)
    read(york, "long-1", BEGAN_AT)

    def study(now: datetime) -> None:
        if now.date() in (date(2027, 3, 6), date(2027, 3, 16)):
            read(york, f"long-{now.day // 5 + 1}", now)

    live_through(BEGAN_AT + 4 * DAY, 40, study)

    assert [(row.step, *md) for row, md in zip(sent(), days_of(sent()), strict=True)] == [
        (7, 3, 13),
        (7, 3, 23),
        (21, 4, 6),
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda user: Enrolment.objects.filter(user=user).delete(), "closed"),
        (lambda user: Course.objects.update(published_at=None), "retired"),
        (lambda user: read(user, "long-2", BEGAN_AT + 7 * DAY - timedelta(hours=5)), "done"),
    ],
    ids=["unenrolled", "course withdrawn", "completed"],
)
def test_what_changed_after_planning_is_not_told(
    change: Callable[[User], object],
    reason: str,
    idle: CourseIdle,
    york: User,
    make_course: Callable[..., Course],
) -> None:
    make_course("long", lessons=2)
    read(york, "long-1", BEGAN_AT)
    plan(at=BEGAN_AT + 6 * DAY)
    change(york)

    deliver_due(at=BEGAN_AT + 7 * DAY)

    rows = Reminder.objects.values_list("channel", "state", "reason")
    assert set(rows) == {("email", "cancelled", reason), ("inbox", "cancelled", reason)}


def test_whoever_completed_the_course_or_never_began_one_hears_nothing(
    idle: CourseIdle, york: User, make_person: MakePerson, make_course: Callable[..., Course]
) -> None:
    make_course("long", lessons=1)
    read(york, "long-1", BEGAN_AT)
    make_person("nobody@example.com")

    live_through(BEGAN_AT + 5 * DAY, 5)

    assert not Reminder.objects.exists()


def test_whoever_has_a_study_plan_hears_from_that(
    idle: CourseIdle, york: User, make_course: Callable[..., Course]
) -> None:
    from courses.exams.actions.plans import save_study_plan
    from courses.exams.models import Blueprint

    make_course("long", lessons=2)
    read(york, "long-1", BEGAN_AT)
    blueprint = Blueprint.objects.create(
        key="mock", title="Mock", minutes=10, pass_percent=70, valid_from=date(2020, 1, 1),
        as_of=date(2020, 1, 1), source="Ours", confidence="verified",
    )  # fmt: skip
    save_study_plan(
        user=york, blueprint=blueprint, exam_on=date(2027, 3, 20), hours_per_week=Decimal(5),
        study_days=range(5), at=BEGAN_AT,
    )  # fmt: skip

    live_through(BEGAN_AT + 5 * DAY, 13)
    assert not Reminder.objects.exists()

    live_through(BEGAN_AT + 18 * DAY, 6)
    assert [(row.step, *md) for row, md in zip(sent(), days_of(sent()), strict=True)] == [(21, 3, 22)]


@pytest.mark.parametrize(
    ("zone", "moment"),
    [
        ("Pacific/Kiritimati", datetime(2027, 3, 8, 19, tzinfo=UTC)),  # begun on a Tuesday there
        ("America/Los_Angeles", datetime(2027, 3, 8, 17, tzinfo=UTC)),
        ("Asia/Kolkata", datetime(2027, 3, 8, 3, 30, tzinfo=UTC)),
    ],
)
def test_days_are_counted_on_the_persons_own_calendar(
    zone: str, moment: datetime, idle: CourseIdle, make_person: MakePerson, make_course: Callable[..., Course]
) -> None:
    make_course("long", lessons=2)
    read(make_person(time_zone=zone), "long-1", BEGAN_AT)

    plan(at=BEGAN_AT + 5 * DAY + timedelta(hours=12))

    assert {row.not_before for row in Reminder.objects.all()} == {moment}


# --- reviews -------------------------------------------------------------------------------------------
@pytest.fixture
def reviews(only: Callable[..., Any]) -> ReviewsDue:
    kind = only(ReviewsDue())
    assert isinstance(kind, ReviewsDue)
    return kind


@pytest.fixture
def make_cards(db: None) -> Callable[..., list[ReviewCard]]:
    domain = Domain.objects.create(key="anatomy", title="Anatomy")

    def make(user: User, count: int = 2, *, due_at: datetime = BEGAN_AT, **fields: Any) -> list[ReviewCard]:
        made = []
        for number in range(count):
            question = Question.objects.filter(key=f"q-{number}").first() or make_question(
                f"q-{number}", domain
            )
            made.append(
                ReviewCard.objects.create(
                    **{
                        "user": user,
                        "concept": "question",
                        "ref": f"q-{number}",
                        "question": question,
                        "made_at": BEGAN_AT,
                        "due_at": due_at,
                    }
                    | fields
                )
            )
        return made

    return make


def review(card: ReviewCard, at: datetime, due_at: datetime) -> None:
    CardReview.objects.create(
        card=card, question_revision=card.question.revisions.get(), points=1, rating=3, reviewed_at=at
    )
    ReviewCard.objects.filter(pk=card.pk).update(reviewed_at=at, due_at=due_at)


def test_due_reviews_are_spoken_of_every_third_day_and_given_up_after_three_weeks(
    reviews: ReviewsDue, york: User, make_cards: Callable[..., Any], mailoutbox: list[EmailMessage]
) -> None:
    make_cards(york, 3)

    live_through(BEGAN_AT, 35)

    days = [row.due_on for row in sent()]
    assert {later - earlier for earlier, later in pairwise(days)} == {3 * DAY}
    assert len(days) in (7, 8)
    assert max(days) <= date(2027, 3, 22)
    assert mailoutbox[0].subject == "3 reviews due, about 3 minutes"
    assert "/practice/review/" in str(mailoutbox[0].body)
    assert "More of them" not in str(mailoutbox[0].body)


def test_nothing_is_said_before_a_card_is_due_or_once_all_are_done(
    reviews: ReviewsDue, york: User, make_cards: Callable[..., Any]
) -> None:
    (card,) = make_cards(york, 1, due_at=BEGAN_AT + 10 * DAY)
    live_through(BEGAN_AT, 10)
    assert not sent().exists()

    live_through(BEGAN_AT + 10 * DAY, 3)
    assert sent().count() == 1
    now = BEGAN_AT + 13 * DAY
    plan(at=now)
    review(card, now, now + 90 * DAY)
    live_through(now, 10)
    assert sent().count() == 1
    assert set(Reminder.objects.filter(state="cancelled").values_list("reason", flat=True)) <= {
        "done",
        "moved",
    }


@pytest.mark.parametrize("change", ["no reviews", "suspended", "question gone", "cap reached"])
def test_what_is_not_due_for_the_person_is_not_told(
    change: str, reviews: ReviewsDue, york: User, make_cards: Callable[..., Any]
) -> None:
    cards = make_cards(york, 2)
    live_through(BEGAN_AT, 1)
    plan(at=BEGAN_AT + DAY)
    if change == "no reviews":
        PracticeSettings.objects.create(user=york, has_reviews=False)
    elif change == "suspended":
        ReviewCard.objects.update(suspended_at=BEGAN_AT)
    elif change == "question gone":
        Question.objects.update(retired_at=LONG_AGO)
    else:
        PracticeSettings.objects.create(user=york, daily_cap=1)
        for day in range(4):
            review(cards[0], BEGAN_AT + day * DAY, BEGAN_AT)
    before = sent().count()

    for hour in range(0, 96, 6):
        deliver_due(at=BEGAN_AT + timedelta(hours=hour))

    assert sent().count() == before


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles", "UTC"])
def test_third_days_are_the_persons_own_and_the_hour_too(
    zone: str, reviews: ReviewsDue, make_person: MakePerson, make_cards: Callable[..., Any]
) -> None:
    person = make_person(time_zone=zone)
    make_cards(person, 1, made_at=BEGAN_AT)

    for day in range(6):
        plan(at=BEGAN_AT + day * DAY)

    rows = Reminder.objects.filter(channel="email", not_before__gt=BEGAN_AT + DAY)
    assert {person.local(row.not_before).hour for row in rows} == {9}
    assert all(person.local(row.not_before).date() == row.due_on for row in rows)
    assert {(row.due_on.toordinal() + person.pk) % 3 for row in rows} == {0}


def test_due_reviews_of_many_are_what_today_says_of_each(
    york: User, make_person: MakePerson, make_cards: Callable[..., Any]
) -> None:
    other = make_person("other@example.com", time_zone="Pacific/Kiritimati")
    never = make_person("never@example.com")
    PracticeSettings.objects.create(user=other, daily_cap=3, easy_days=[1])
    PracticeSettings.objects.create(user=never, has_reviews=False)
    make_cards(york, 4)
    for card in make_cards(other, 4)[:1]:
        review(card, BEGAN_AT, BEGAN_AT + 5 * DAY)
    make_cards(never, 1)
    # a question of an exam that one of them is sitting is not asked
    sitting = Attempt.objects.create(
        user=york, number=1, seed=1, mode="exam", title="x", pass_percent=0, started_at=BEGAN_AT,
        deadline_at=BEGAN_AT + DAY,
    )  # fmt: skip
    AttemptItem.objects.create(
        attempt=sitting,
        section=AttemptSection.objects.create(attempt=sitting, position=1, title="x"),
        position=1,
        question_revision=Question.objects.get(key="q-0").revisions.get(),
    )
    people = [york, other, never]

    found = due_reviews(people, BEGAN_AT)

    assert {pk: due.left for pk, due in found.items()} == {york.pk: 3, other.pk: 1}
    assert [desk(person, BEGAN_AT).reviews for person in people] == [3, 1, 0]
    assert found[other.pk].waiting == 2


# --- both ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [1, 3])
def test_kinds_ask_the_same_number_of_questions(
    count: int,
    make_person: MakePerson,
    make_course: Callable[..., Course],
    make_cards: Callable[..., Any],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    make_course("long", lessons=3)
    now = BEGAN_AT + 6 * DAY
    for number in range(count):
        person = make_person(f"p{number}@example.com")
        read(person, "long-1", BEGAN_AT)
        make_cards(person, 2)
    for kind, reads in ((CourseIdle(), 3), (ReviewsDue(), 3)):
        with django_assert_num_queries(1):
            found = list(kind.candidates(at=now, until=now + 3 * DAY))
        people = {one.user_id: one for one in found}
        assert len(people) == count
        reminders = [
            Reminder(
                pk=pk,
                user=User.objects.get(pk=pk),
                kind=kind.key,
                subject=one.subject,
                due_on=one.due_on,
                step=one.step,
            )
            for pk, one in people.items()
        ]
        with django_assert_num_queries(1):
            assert kind.deadlines([one.subject for one in found]) == {
                one.subject: one.due_on for one in found
            }
        with django_assert_num_queries(reads):
            facts: Any = kind.read(reminders, at=now)
            for reminder in reminders:
                assert kind.still_true(reminder, facts[reminder.pk], at=now) is None
                context = kind.context(reminder, facts[reminder.pk], at=now)
                assert context.keys() == kind.sample_context().keys()
                assert {type(value) for value in context.values()} == {str}
