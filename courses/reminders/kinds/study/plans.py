"""Kinds about a study plan: its exam, its days, and falling behind."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from courses.exams.models import Attempt, CardReview, StudyPlan
from courses.exams.planning import FREE_DAYS, MONDAY_TO_SATURDAY
from courses.exams.queries.plan import StudyPlanShown, study_plans
from courses.progress.models import LessonCompletion
from courses.reminders.addresses import absolute
from courses.reminders.kinds import Candidate, Group, Kind
from courses.reminders.kinds.ladder import ONE_DAY, Ladder, in_days, in_pages
from courses.reminders.kinds.shared import (
    Nudge,
    day_words,
    days_from_now_words,
    days_left_words,
    id_and_day,
    id_of,
    listed,
    local_day,
    local_days,
    minutes_words,
    short_day_words,
)
from courses.reminders.models import Reason, Reminder

#: Days of study without anything done before somebody is asked to come back.
MISSED = 3
#: Whoever studies one day a week has missed three after so many days, and is reminded on the fourth.
_LONGEST_GAP = timedelta(days=7 * (MISSED + 1))
#: For one person a few days ahead are enough to say what comes next.
_FORESEEN = 3


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
        plans, fields = open_plans(), ("exam_on", "user_id", "made_at", "user__time_zone")
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
        plans = open_plans().filter(pk__in=map(id_of, subjects))
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
        plans = open_plans().filter(exam_on__gt=at.date())
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
        days = {subject: id_and_day(subject) for subject in subjects}
        plans = open_plans().filter(pk__in={plan for plan, _day in days.values()})
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


def open_plans() -> QuerySet[StudyPlan]:
    return StudyPlan.objects.filter(ended_at=None)


#: What counts as something done: the rows of ``OuterRef("user")`` and the field that says when.
_ACTIVITY: Mapping[str, tuple[Any, str]] = {
    "last_lesson": (lambda: LessonCompletion.objects.filter(user=OuterRef("user")), "completed_at"),
    "last_attempt": (lambda: Attempt.objects.submitted().filter(user=OuterRef("user")), "submitted_at"),
    "last_review": (lambda: CardReview.objects.filter(card__user=OuterRef("user")), "reviewed_at"),
}


def _with_activity() -> QuerySet[StudyPlan]:
    """Open plans with the moments at which their people last did something."""
    return open_plans().annotate(
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
        "due_short": short_day_words(shown.plan.exam_on),
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
        "due_short": "31 Mar 2027",
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
