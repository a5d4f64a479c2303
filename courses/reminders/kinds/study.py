"""Kinds about study: the exam of a plan, its days, reviews that are due, a course that was left."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from math import ceil
from operator import or_
from typing import Any

from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Greatest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from courses.catalog.models import Lesson, LessonRevision
from courses.exams.models import Attempt, CardReview, ReviewCard, StudyPlan
from courses.exams.planning import FREE_DAYS, MONDAY_TO_SATURDAY
from courses.exams.queries.plan import StudyPlanShown, study_plans
from courses.exams.queries.reviews import Due, due_reviews
from courses.progress.models import CourseCompletion, Enrolment, LessonCompletion, ReadingTime
from courses.reminders.addresses import absolute
from courses.reminders.kinds import Candidate, Group, Kind
from courses.reminders.kinds.ladder import LOOK_BACK, ONE_DAY, PAGE, Ladder, in_days, in_pages
from courses.reminders.kinds.shared import (
    Nudge,
    day_words,
    days_from_now_words,
    days_left_words,
    id_of,
    ids_of,
    listed,
    local_day,
    local_days,
    minutes_words,
)
from courses.reminders.models import Reason, Reminder

#: Days of study without anything done before somebody is asked to come back.
MISSED = 3
#: Whoever studies one day a week has missed three after so many days, and is reminded on the fourth.
_LONGEST_GAP = timedelta(days=7 * (MISSED + 1))
#: Reviews are spoken of on every third day at most, and no longer once nobody has touched a card for so long.
REVIEW_DAYS, REVIEWS_GIVEN_UP = 3, timedelta(days=21)
#: A card takes about so long.
_CARD_SECONDS = 45
#: Days without anything done in any course.
IDLE, IDLE_LAST = 7, 21
_NEVER = Value(datetime(1970, 1, 1, tzinfo=UTC))
#: For one person a few days ahead are enough to say what comes next.
_FORESEEN = 3


# --- the study plan ------------------------------------------------------------------------------------
@dataclass(frozen=True)
class PlanFact:
    """A plan as it stands, and the day on which nothing would have been done for too long."""

    shown: StudyPlanShown
    behind_on: date

    @property
    def plan(self) -> StudyPlan:
        return self.shown.plan


class StudyPlanExam(Kind):
    """The exam of a study plan comes near."""

    key = "study_plan_exam"
    label = gettext_lazy("Exam date of my study plan")
    rhythm = gettext_lazy("60, 30, 14, 7 days and 1 day before the exam")
    group = Group.STUDY
    ladder = Ladder((60, 30, 14, 7, 1), lasts=0)
    steps = ladder.steps

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        """Plans that come to a step; a step that was over when the plan was made is none."""
        plans, fields = _open_plans(), ("exam_on", "user_id", "made_at", "user__time_zone")
        rows = (
            in_days(plans, "exam_on", self.ladder.days(at, until), *fields)
            if user_id is None
            else plans.filter(user=user_id).values_list("pk", *fields)
        )
        for pk, exam_on, person, made_at, zone in rows:
            for step, send_on, expires_on in self.ladder.rungs(exam_on, zone, at=at, until=until):
                if send_on > local_day(zone, made_at):
                    yield Candidate(f"plan-{pk}", person, exam_on, step, send_on, expires_on)

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        plans = _open_plans().filter(pk__in=map(id_of, subjects))
        return {f"plan-{pk}": exam_on for pk, exam_on in plans.values_list("pk", "exam_on")}

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, PlanFact]:
        return _plan_facts(reminders, at)

    def still_true(self, reminder: Reminder, fact: PlanFact, *, at: datetime) -> Reason | None:
        if fact.plan.exam_on != reminder.due_on:
            return Reason.MOVED
        return Reason.EXPIRED if fact.shown.days_left < 0 else None

    def context(self, reminder: Reminder, fact: PlanFact, *, at: datetime) -> dict[str, str]:
        return _plan_context(fact.shown, reminder) | {"why": _why_exam()}

    def sample_context(self) -> dict[str, str]:
        return _plan_sample() | {"why": _why_exam()}


class StudySessionToday(Nudge):
    """A day of study of the plan: what stands in today's block, as long as nothing of it was done."""

    key = "study_session_today"
    label = gettext_lazy("Today’s block of my study plan")
    rhythm = gettext_lazy("on the morning of every day of study, unless something was done already")
    group = Group.STUDY
    on_by_default = ("inbox",)

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        """The days of study that come until ``until``, after the day on which the plan was made."""
        plans = _open_plans().filter(exam_on__gt=at.date())
        plans = plans if user_id is None else plans.filter(user=user_id)
        for pk, person, exam_on, study_days, made_at, zone in in_pages(
            plans, "user_id", "exam_on", "study_days", "made_at", "user__time_zone"
        ):
            day, last = local_days(zone, at, until)
            day = max(day, local_day(zone, made_at) + ONE_DAY)
            last = min(last, _last_day(exam_on))
            weekdays, left = _weekdays(study_days), _FORESEEN
            while day <= last and left:
                if day.weekday() in weekdays:
                    left -= user_id is not None
                    yield Candidate(f"plan-{pk}.{day}", person, day, 0, day, day + ONE_DAY)
                day += ONE_DAY

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        """The day itself, while it is one of study before the exam."""
        days = {subject: _id_and_day(subject) for subject in subjects}
        plans = _open_plans().filter(pk__in={plan for plan, _day in days.values()})
        known = {
            pk: (_weekdays(study_days), _last_day(exam_on))
            for pk, study_days, exam_on in plans.values_list("pk", "study_days", "exam_on")
        }
        return {
            subject: day
            for subject, (plan, day) in days.items()
            if plan in known and day.weekday() in known[plan][0] and day <= known[plan][1]
        }

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, PlanFact]:
        return _plan_facts(reminders, at)

    def still_true(self, reminder: Reminder, fact: PlanFact, *, at: datetime) -> Reason | None:
        shown = fact.shown
        if shown.today != reminder.due_on:
            return Reason.EXPIRED if shown.today > reminder.due_on else Reason.MOVED
        if reminder.due_on.weekday() not in _weekdays(shown.plan.study_days):
            return Reason.MOVED
        return Reason.DONE if shown.done_today or shown.day is None else None

    def context(self, reminder: Reminder, fact: PlanFact, *, at: datetime) -> dict[str, str]:
        shown = fact.shown
        assert shown.day is not None  # or it would be done
        first, *others = shown.day.lines
        told = _plan_context(shown, reminder)
        return {
            "name": told["name"],
            "exam": told["exam"],
            "minutes": minutes_words(shown.day.minutes),
            "first": first.work.title,
            "others": (
                _("Then: %(titles)s.") % {"titles": listed([f"“{line.work.title}”" for line in others])}
                if others
                else ""
            ),
            "days_left": told["days_left"],
            "url": absolute(first.work.url),
            "why": _why_session(),
        }

    def sample_context(self) -> dict[str, str]:
        return {
            "name": "Ana",
            "exam": "CPC mock exam",
            "minutes": "50 minutes",
            "first": "Excludes1 and Excludes2",
            "others": "Then: “Practice: Anatomy”.",
            "days_left": "14 days left",
            "url": absolute("/courses/icd-10-cm-basics/excludes-notes/"),
            "why": _why_session(),
        }


class StudyPlanBehind(Nudge):
    """Nothing was done for three days of study: one mail on the morning of the fourth, and then silence.

    The next one comes only after something was done again.
    """

    key = "study_plan_behind"
    label = gettext_lazy("A word when I fall behind my study plan")
    rhythm = gettext_lazy("once, on the morning of a day of study, when nothing was done on the three before")
    group = Group.STUDY

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        """Plans whose fourth day of study since the last thing done has come or comes soon."""
        plans = _with_activity().filter(exam_on__gt=at.date() - ONE_DAY)
        if user_id is not None:
            plans = plans.filter(user=user_id)
        else:
            # before that nobody is three days behind; after it the one mail has gone
            plans = plans.filter(made_at__lt=at - ONE_DAY).exclude(_active_since(at - ONE_DAY))
            since = at - _LONGEST_GAP - 2 * ONE_DAY
            plans = plans.filter(Q(made_at__gt=since) | _active_since(since))
        for pk, person, exam_on, study_days, zone, *moments in in_pages(
            plans, "user_id", "exam_on", "study_days", "user__time_zone", "made_at", *_ACTIVITY
        ):
            due_on = behind_on(moments, study_days, zone)
            today, last = local_days(zone, at, until)
            if today <= due_on <= min(last, exam_on - ONE_DAY):
                yield Candidate(f"plan-{pk}", person, due_on, 0, due_on, due_on + ONE_DAY)

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        plans = _with_activity().filter(pk__in=map(id_of, subjects))
        rows = plans.values_list("pk", "study_days", "user__time_zone", "made_at", *_ACTIVITY)
        return {f"plan-{pk}": behind_on(moments, study_days, zone) for pk, study_days, zone, *moments in rows}

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, PlanFact]:
        return _plan_facts(reminders, at)

    def still_true(self, reminder: Reminder, fact: PlanFact, *, at: datetime) -> Reason | None:
        if fact.behind_on != reminder.due_on:
            return Reason.DONE
        if fact.shown.days_left <= 0:
            return Reason.EXPIRED
        return Reason.DONE if fact.shown.is_done else None

    def context(self, reminder: Reminder, fact: PlanFact, *, at: datetime) -> dict[str, str]:
        return _plan_context(fact.shown, reminder) | {"why": _why_behind()}

    def sample_context(self) -> dict[str, str]:
        return _plan_sample() | {"why": _why_behind()}


def behind_on(moments: Sequence[datetime | None], study_days: Collection[int], zone: str) -> date:
    """The day of study after three on which nothing was done; ``moments`` are those of the last things."""
    day = local_day(zone, max(moment for moment in moments if moment is not None))
    weekdays, passed = _weekdays(study_days), 0
    while passed <= MISSED:
        day += ONE_DAY
        passed += day.weekday() in weekdays
    return day


def _weekdays(study_days: Collection[int]) -> set[int]:
    return set(study_days) & set(range(7)) or set(MONDAY_TO_SATURDAY)


def _last_day(exam_on: date) -> date:
    """The last day of study: the day before the exam stays free."""
    return exam_on - timedelta(days=FREE_DAYS + 1)


def _id_and_day(subject: str) -> tuple[int, date]:
    plan, _dot, day = subject.partition(".")
    return id_of(plan), date.fromisoformat(day)


def _open_plans() -> QuerySet[StudyPlan]:
    return StudyPlan.objects.filter(ended_at=None)


#: What counts as something done: the rows of ``OuterRef("user")`` and the field that says when.
_ACTIVITY: Mapping[str, tuple[Any, str]] = {
    "last_lesson": (lambda: LessonCompletion.objects.filter(user=OuterRef("user")), "completed_at"),
    "last_attempt": (lambda: Attempt.objects.submitted().filter(user=OuterRef("user")), "submitted_at"),
    "last_review": (lambda: CardReview.objects.filter(card__user=OuterRef("user")), "reviewed_at"),
}


def _with_activity() -> QuerySet[StudyPlan]:
    """Open plans with the moments at which their people last did something."""
    return _open_plans().annotate(
        **{
            name: Subquery(rows().order_by(f"-{when}").values(when)[:1])
            for name, (rows, when) in _ACTIVITY.items()
        }
    )


def _active_since(moment: datetime) -> Q:
    exists = [Q(Exists(rows().filter(**{f"{when}__gt": moment}))) for rows, when in _ACTIVITY.values()]
    return reduce(or_, exists)


def _plan_facts(reminders: Sequence[Reminder], at: datetime) -> dict[int, PlanFact]:
    """The plans that the reminders are about: eleven queries."""
    wanted = {reminder.pk: id_of(reminder.subject.partition(".")[0]) for reminder in reminders}
    plans = list(_with_activity().filter(pk__in=set(wanted.values())).select_related("blueprint", "user"))
    shown = study_plans(plans, at)
    facts = {
        plan.pk: PlanFact(
            shown[plan.pk],
            behind_on(
                [plan.made_at, *(getattr(plan, name) for name in _ACTIVITY)],
                plan.study_days,
                plan.user.time_zone,
            ),
        )
        for plan in plans
    }
    return {reminder: facts[plan] for reminder, plan in wanted.items() if plan in facts}


def _plan_context(shown: StudyPlanShown, reminder: Reminder) -> dict[str, str]:
    day, days = shown.day or shown.next_day, max(0, shown.days_left)
    minutes = [_("%(minutes)s today") % {"minutes": minutes_words(shown.day.minutes)}] if shown.day else []
    return {
        "name": reminder.user.get_short_name(),
        "exam": shown.plan.blueprint.title,
        "due": day_words(shown.plan.exam_on),
        "days_left": days_left_words(days),
        "days_from_now": days_from_now_words(days),
        "countdown": ", ".join([*minutes, shown.countdown.rstrip(".")]),
        "left": _work_left(shown),
        "sentence": shown.sentence,
        "next": _("Next is “%(title)s”.") % {"title": day.lines[0].work.title} if day else "",
        "url": absolute(reverse("exams:plan")),
    }


def _plan_sample() -> dict[str, str]:
    return {
        "name": "Ana",
        "exam": "CPC mock exam",
        "due": "Wed 31 Mar 2027",
        "days_left": "14 days left",
        "days_from_now": "14 days from now",
        "countdown": "50 minutes today, 14 days to the exam",
        "left": "Left in your plan: 6 lessons, 4 practice sets and 2 mock exams.",
        "sentence": _("Everything fits before the exam."),
        "next": "Next is “Excludes1 and Excludes2”.",
        "url": absolute("/practice/plan/"),
    }


def _work_left(shown: StudyPlanShown) -> str:
    to_do = shown.to_do
    words = (
        ("lesson", ngettext("%(n)d lesson", "%(n)d lessons", to_do["lesson"])),
        ("set", ngettext("%(n)d practice set", "%(n)d practice sets", to_do["set"])),
        ("mock", ngettext("%(n)d mock exam", "%(n)d mock exams", to_do["mock"])),
    )
    named = [text % {"n": to_do[kind]} for kind, text in words if to_do[kind]]
    return _("Left in your plan: %(work)s.") % {"work": listed(named)} if named else ""


def _why_exam() -> str:
    return _("You get this because you made a study plan here, and its exam comes near.")


def _why_session() -> str:
    return _("You get this because today is a day of study in your plan.")


def _why_behind() -> str:
    return _("You get this once, because nothing of your study plan was done on three days of study.")


# --- reviews -------------------------------------------------------------------------------------------
class ReviewsDue(Nudge):
    """Review cards are due: on every third day at most, and no more once they were left alone for weeks.

    Which third day is a person's own, so that nothing need be remembered.
    """

    key = "reviews_due"
    label = gettext_lazy("Reviews that are due")
    rhythm = gettext_lazy("every third day at most, while cards are due and you use them")
    group = Group.STUDY

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        """The next of a person's third days on which a card is due."""
        cards = _cards() if user_id is None else _cards().filter(user=user_id)
        cards = cards.filter(first__lt=until + ONE_DAY)
        cards = cards.filter(Q(made__gt=at - REVIEWS_GIVEN_UP) | Q(reviewed__gt=at - REVIEWS_GIVEN_UP))
        last_person = 0
        while True:
            page = list(cards.filter(user__gt=last_person).order_by("user")[:PAGE])
            for person, zone, first, made, reviewed in page:
                today, last = local_days(zone, at, until)
                given_up = local_day(zone, max(made, reviewed or made) + REVIEWS_GIVEN_UP)
                day = _third_day(person, max(today, local_day(zone, first)))
                days = [day] if user_id is None else [day, day + timedelta(days=REVIEW_DAYS)]
                for on in days:
                    if on <= min(last, given_up):
                        yield Candidate(f"cards-{person}.{on}", person, on, 0, on, on + ONE_DAY)
            if len(page) < PAGE:
                return
            last_person = page[-1][0]

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        """The day itself, while a card is due on it."""
        days = {subject: _id_and_day(subject) for subject in subjects}
        due = {
            person: local_day(zone, first)
            for person, zone, first, _made, _reviewed in _cards().filter(
                user__in={person for person, _day in days.values()}
            )
        }
        return {
            subject: day for subject, (person, day) in days.items() if person in due and due[person] <= day
        }

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, Due]:
        """Three queries."""
        found = due_reviews([reminder.user for reminder in reminders], at)
        return {reminder.pk: found[reminder.user_id] for reminder in reminders if reminder.user_id in found}

    def still_true(self, reminder: Reminder, fact: Due, *, at: datetime) -> Reason | None:
        return None if fact.left else Reason.DONE

    def context(self, reminder: Reminder, fact: Due, *, at: datetime) -> dict[str, str]:
        minutes = ceil(fact.left * _CARD_SECONDS / 60)
        return {
            "name": reminder.user.get_short_name(),
            "cards": _cards_words(fact.left),
            "due": _due_words(fact.left),
            "minutes": minutes_words(minutes),
            "waiting": (_("More of them wait, and come round on the next days.") if fact.waiting else ""),
            "url": absolute(reverse("exams:review")),
            "why": _why_reviews(),
        }

    def sample_context(self) -> dict[str, str]:
        return {
            "name": "Ana",
            "cards": _cards_words(12),
            "due": _due_words(12),
            "minutes": minutes_words(9),
            "waiting": _("More of them wait, and come round on the next days."),
            "url": absolute("/practice/review/"),
            "why": _why_reviews(),
        }


def _cards() -> QuerySet[Any, Any]:
    """For each person who wants reviews: zone, when the first card is due, when cards were last touched."""
    used = ReviewCard.objects.filter(suspended_at=None).exclude(user__practice_settings__has_reviews=False)
    rows: QuerySet[Any, Any] = (
        used.order_by()
        .values("user")
        .annotate(first=Min("due_at"), made=Max("made_at"), reviewed=Max("reviewed_at"))
        .values_list("user", "user__time_zone", "first", "made", "reviewed")
    )
    return rows


def _third_day(person: int, day: date) -> date:
    """The first of a person's third days from ``day`` on."""
    return day + timedelta(days=-(day.toordinal() + person) % REVIEW_DAYS)


def _cards_words(number: int) -> str:
    return ngettext("%(n)d review", "%(n)d reviews", number) % {"n": number}


def _due_words(number: int) -> str:
    return ngettext("%(n)d review is due today", "%(n)d reviews are due today", number) % {"n": number}


def _why_reviews() -> str:
    return _("You get this because review cards of yours are due.")


# --- a course that was left ----------------------------------------------------------------------------
@dataclass(frozen=True)
class Left:
    """A course begun and not completed: where it goes on, and when its person last did anything."""

    course_title: str
    course_key: str
    is_published: bool
    is_completed: bool
    last_on: date
    done: int
    total: int
    #: Key, title and minutes of the lesson to read next.
    following: tuple[str, str, int] | None


class CourseIdle(Nudge):
    """Nothing was done in any course for a week, once more after three, and then silence.

    It speaks of one course, the one begun or read last, and not to whoever has a study plan, which does it
    better. ``due_on`` is the day of the last thing done: another one begins the count anew.
    """

    key = "course_idle"
    label = gettext_lazy("A course I began and left")
    rhythm = gettext_lazy("after 7 days without a lesson and once more after 21, then never")
    group = Group.STUDY
    steps = (IDLE_LAST, IDLE)

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        """People who come to a step since the last thing they did; of steps already past only the nearest."""
        people = User.objects.filter(
            Exists(_open_enrolments(at).filter(user=OuterRef("pk"))),
            ~Exists(_open_plans().filter(user=OuterRef("pk"), exam_on__gte=at.date())),
        ).annotate(last=_last_done("pk"), enrolment=_latest_enrolment(at))
        if user_id is None:
            windows = [
                Q(last__range=(at - LOOK_BACK - timedelta(days=step + 2), until - timedelta(days=step - 2)))
                for step in self.steps
            ]
            people = people.filter(reduce(or_, windows))
        else:
            people = people.filter(pk=user_id)
        for person, zone, last_at, enrolment in in_pages(people, "time_zone", "last", "enrolment"):
            today, last = local_days(zone, at, until)
            due_on = local_day(zone, last_at)
            for step in self.steps:
                send_on = due_on + timedelta(days=step)
                if today - LOOK_BACK <= send_on <= last:
                    expires_on = send_on + timedelta(days=IDLE)
                    yield Candidate(f"enrolment-{enrolment}", person, due_on, step, send_on, expires_on)

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        enrolments = Enrolment.objects.filter(pk__in=map(id_of, subjects)).annotate(last=_last_done("user"))
        rows = enrolments.values_list("pk", "user__time_zone", "last")
        return {f"enrolment-{pk}": local_day(zone, last) for pk, zone, last in rows}

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, Left]:
        """Three queries."""
        enrolments = {
            one.pk: one
            for one in Enrolment.objects.filter(pk__in=ids_of(reminders))
            .select_related("course", "user")
            .annotate(last=_last_done("user"), is_completed=Exists(_completions()))
        }
        courses = {one.course_id for one in enrolments.values()}
        newest = LessonRevision.objects.filter(lesson=OuterRef("pk"), published_at__lte=at).order_by(
            "-published_at", "-number"
        )
        lessons: dict[int, list[tuple[int, str, str, int]]] = {}
        for course, *lesson in (
            Lesson.objects.live(at)
            .filter(module__course__in=courses)
            .in_order()
            .annotate(
                title=Subquery(newest.values("title")[:1]), minutes=Subquery(newest.values("minutes")[:1])
            )
            .values_list("module__course", "pk", "key", "title", "minutes")
        ):
            lessons.setdefault(course, []).append((lesson[0], lesson[1], lesson[2], lesson[3]))
        read = set(
            LessonCompletion.objects.filter(
                user__in={one.user_id for one in enrolments.values()}, lesson__module__course__in=courses
            ).values_list("user", "lesson")
        )
        found = {}
        for reminder in reminders:
            one: Any = enrolments.get(id_of(reminder.subject))
            if one is None:
                continue
            of_course = lessons.get(one.course_id, [])
            open_ones = [lesson for lesson in of_course if (one.user_id, lesson[0]) not in read]
            found[reminder.pk] = Left(
                course_title=one.course.title,
                course_key=one.course.key,
                is_published=one.course.published_at is not None and one.course.published_at <= at,
                is_completed=one.is_completed,
                last_on=local_day(one.user.time_zone, one.last),
                done=len(of_course) - len(open_ones),
                total=len(of_course),
                following=open_ones[0][1:] if open_ones else None,
            )
        return found

    def still_true(self, reminder: Reminder, fact: Left, *, at: datetime) -> Reason | None:
        if not fact.is_published:
            return Reason.RETIRED
        is_done = fact.is_completed or fact.following is None or fact.last_on != reminder.due_on
        return Reason.DONE if is_done else None

    def context(self, reminder: Reminder, fact: Left, *, at: datetime) -> dict[str, str]:
        assert fact.following is not None  # or it would be done
        key, title, minutes = fact.following
        return {
            "name": reminder.user.get_short_name(),
            "course": fact.course_title,
            "lesson": title,
            "minutes": minutes_words(minutes),
            "done": _lessons_done(fact.done, fact.total),
            "since": day_words(fact.last_on),
            "closing": _closing() if reminder.step == IDLE_LAST else "",
            "url": absolute(reverse("pages:lesson", args=[fact.course_key, key])),
            "why": _why_idle(),
        }

    def sample_context(self) -> dict[str, str]:
        return {
            "name": "Ana",
            "course": "ICD-10-CM basics",
            "lesson": "Excludes1 and Excludes2",
            "minutes": minutes_words(12),
            "done": _lessons_done(3, 14),
            "since": "Wed 3 Mar 2027",
            "closing": _closing(),
            "url": absolute("/courses/icd-10-cm-basics/excludes-notes/"),
            "why": _why_idle(),
        }


def _completions() -> QuerySet[CourseCompletion]:
    return CourseCompletion.objects.filter(user=OuterRef("user"), course=OuterRef("course"))


def _open_enrolments(at: datetime) -> QuerySet[Enrolment]:
    return Enrolment.objects.filter(~Exists(_completions()), course__published_at__lte=at)


def _newest(rows: QuerySet[Any, Any], when: str) -> Coalesce:
    return Coalesce(Subquery(rows.order_by(f"-{when}").values(when)[:1]), _NEVER)


def _last_done(person: str) -> Greatest:
    """When the person whom the field names last read, completed or began anything."""
    user = OuterRef(person)
    return Greatest(
        _newest(Enrolment.objects.filter(user=user), "enrolled_at"),
        _newest(LessonCompletion.objects.filter(user=user), "completed_at"),
        _newest(ReadingTime.objects.filter(user=user), "last_beat_at"),
    )


def _latest_enrolment(at: datetime) -> Subquery:
    """Of a person's courses that are open the one read or begun last."""
    here = {"user": OuterRef("user"), "lesson__module__course": OuterRef("course")}
    touched = Greatest(
        "enrolled_at",
        _newest(LessonCompletion.objects.filter(**here), "completed_at"),
        _newest(ReadingTime.objects.filter(**here), "last_beat_at"),
    )
    rows = _open_enrolments(at).filter(user=OuterRef("pk")).annotate(touched=touched)
    return Subquery(rows.order_by("-touched", "-pk").values("pk")[:1])


def _lessons_done(done: int, total: int) -> str:
    return ngettext(
        "%(done)d of %(total)d lesson is done", "%(done)d of %(total)d lessons are done", total
    ) % {"done": done, "total": total}


def _closing() -> str:
    return _("This is the last word about it until you open a lesson again.")


def _why_idle() -> str:
    return _("You get this because you began this course and have not been back since.")


KINDS = (StudyPlanExam, StudySessionToday, ReviewsDue, StudyPlanBehind, CourseIdle)
