"""Kinds about the study plan: the exam comes near, and nothing was done for three days of study."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import reduce
from itertools import pairwise
from operator import or_
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.exams.models import Attempt, CardReview, StudyPlan
from courses.exams.queries.plan import StudyPlanShown, study_plan
from courses.progress.models import LessonCompletion
from courses.reminders.addresses import absolute
from courses.reminders.kinds import Candidate, Group, Kind, in_batches
from courses.reminders.models import Reason, Reminder
from courses.reminders.timing import steps_due

ONE_DAY = timedelta(days=1)
#: How long the planner may be away without a step being skipped.
LOOK_BACK = timedelta(days=3)
#: Days of study without anything done before somebody is asked to come back.
MISSED = 3
#: Whoever studies one day a week has missed three after so many days, and is reminded on the fourth.
_LONGEST_GAP = timedelta(days=7 * (MISSED + 1))


class StudyPlanExam(Kind):
    """The exam of a study plan comes near."""

    key = "study_plan_exam"
    label = gettext_lazy("Exam date of my study plan")
    rhythm = gettext_lazy("30, 14, 7 days and 1 day before the exam")
    group = Group.STUDY
    steps = (30, 14, 7, 1)

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        """Plans that come to a step; a step that was over when the plan was made is none."""
        plans = _open_plans()
        plans = plans.filter(self._near(at, until)) if user_id is None else plans.filter(user=user_id)
        for page in in_batches(plans.select_related("user")):
            for plan in page:
                today = plan.user.local(at).date()
                made_on = plan.user.local(plan.made_at).date()
                for step in steps_due(
                    days_left=(plan.exam_on - today).days,
                    ahead=(plan.user.local(until).date() - today).days,
                    back=LOOK_BACK.days,
                    steps=self.steps,
                ):
                    send_on = plan.exam_on - timedelta(days=step)
                    if send_on > made_on:
                        yield Candidate(
                            subject=_subject(plan.pk),
                            user_id=plan.user_id,
                            due_on=plan.exam_on,
                            step=step,
                            send_on=send_on,
                            expires_on=self._expires_on(plan.exam_on, step),
                        )

    def _near(self, at: datetime, until: datetime) -> Q:
        """Exams that come to a step in the time given."""
        # a person's day begins up to 14 hours before and 12 after that of UTC
        first, last = at.date() - ONE_DAY - LOOK_BACK, until.date() + ONE_DAY
        windows = [
            Q(exam_on__range=(first + timedelta(days=step), last + timedelta(days=step)))
            for step in self.steps
        ]
        return reduce(or_, windows)

    def _expires_on(self, exam_on: date, step: int) -> date:
        """The day of the next step, which says it better; after the last step the day of the exam."""
        following = dict(pairwise(self.steps))
        return exam_on - timedelta(days=following.get(step, 0))

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        plans = _open_plans().in_bulk([_plan_id(subject) for subject in subjects])
        return {_subject(plan.pk): plan.exam_on for plan in plans.values()}

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, StudyPlan]:
        return _by_reminder(reminders, _open_plans())

    def still_true(self, reminder: Reminder, fact: StudyPlan, *, at: datetime) -> Reason | None:
        return None if fact.exam_on == reminder.due_on else Reason.MOVED

    def context(self, reminder: Reminder, fact: StudyPlan, *, at: datetime) -> dict[str, Any]:
        return _context(study_plan(fact, fact.user, at), reminder) | {"why": _why_exam()}

    def sample_context(self) -> dict[str, Any]:
        return _sample() | {"why": _why_exam()}


class StudyPlanBehind(Kind):
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
            plans = _quiet_since(plans.filter(made_at__lt=at - ONE_DAY), at - ONE_DAY)
            plans = plans.filter(
                Q(made_at__gt=at - _LONGEST_GAP - 2 * ONE_DAY)
                | _active_since(at - _LONGEST_GAP - 2 * ONE_DAY)
            )
        for page in in_batches(plans):
            for plan in page:
                due_on = behind_on(plan)
                last = min(plan.user.local(until).date(), plan.exam_on - ONE_DAY)
                if plan.user.local(at).date() <= due_on <= last:
                    yield Candidate(
                        subject=_subject(plan.pk),
                        user_id=plan.user_id,
                        due_on=due_on,
                        step=0,
                        send_on=due_on,
                        expires_on=due_on + ONE_DAY,
                    )

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        plans = _with_activity().in_bulk([_plan_id(subject) for subject in subjects])
        return {_subject(plan.pk): behind_on(plan) for plan in plans.values()}

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, StudyPlan]:
        return _by_reminder(reminders, _with_activity())

    def still_true(self, reminder: Reminder, fact: StudyPlan, *, at: datetime) -> Reason | None:
        plan = fact
        if behind_on(plan) != reminder.due_on:
            return Reason.DONE
        shown = study_plan(plan, plan.user, at)
        if shown.days_left <= 0:
            return Reason.EXPIRED
        return Reason.DONE if shown.is_done else None

    def context(self, reminder: Reminder, fact: StudyPlan, *, at: datetime) -> dict[str, Any]:
        return _context(study_plan(fact, fact.user, at), reminder) | {"why": _why_behind()}

    def sample_context(self) -> dict[str, Any]:
        return _sample() | {"why": _why_behind()}


def behind_on(plan: StudyPlan) -> date:
    """The day of study after three on which nothing was done; ``plan`` is one of ``_with_activity``."""
    moments = [getattr(plan, name) for name in ("last_lesson", "last_attempt", "last_review")]
    last = max(moment for moment in (plan.made_at, *moments) if moment is not None)
    day = plan.user.local(last).date()
    weekdays = set(plan.study_days) & set(range(7)) or set(range(7))
    passed = 0
    while passed <= MISSED:
        day += ONE_DAY
        passed += day.weekday() in weekdays
    return day


# --- plans and what was done -----------------------------------------------------------------------------
def _open_plans() -> QuerySet[StudyPlan]:
    plans = StudyPlan.objects.filter(ended_at=None)
    return plans.select_related("blueprint__certification", "user")


def _activity() -> dict[str, tuple[QuerySet[Any], str]]:
    """What counts as something done, with the field that says when."""
    return {
        "last_lesson": (LessonCompletion.objects.filter(user=OuterRef("user")), "completed_at"),
        "last_attempt": (Attempt.objects.submitted().filter(user=OuterRef("user")), "submitted_at"),
        "last_review": (CardReview.objects.filter(card__user=OuterRef("user")), "reviewed_at"),
    }


def _with_activity() -> QuerySet[StudyPlan]:
    """Open plans with the moments at which their people last did something."""
    return _open_plans().annotate(
        **{
            name: Subquery(rows.order_by(f"-{when}").values(when)[:1])
            for name, (rows, when) in _activity().items()
        }
    )


def _active_since(moment: datetime) -> Q:
    exists = [Q(Exists(rows.filter(**{f"{when}__gt": moment}))) for rows, when in _activity().values()]
    return reduce(or_, exists)


def _quiet_since(plans: QuerySet[StudyPlan], moment: datetime) -> QuerySet[StudyPlan]:
    return plans.exclude(_active_since(moment))


# --- words -----------------------------------------------------------------------------------------------
def _by_reminder(reminders: Sequence[Reminder], plans: QuerySet[StudyPlan]) -> dict[int, StudyPlan]:
    """The plans that the reminders are about, by the reminders' primary keys."""
    found = plans.in_bulk({_plan_id(reminder.subject) for reminder in reminders})
    by_reminder = {reminder.pk: found.get(_plan_id(reminder.subject)) for reminder in reminders}
    return {pk: plan for pk, plan in by_reminder.items() if plan is not None}


def _context(shown: StudyPlanShown, reminder: Reminder) -> dict[str, Any]:
    day = shown.day or shown.next_day
    return {
        "name": reminder.user.get_short_name(),
        "exam": shown.plan.blueprint.title,
        "due": date_format(shown.plan.exam_on, "D j M Y"),
        "days_left": max(0, shown.days_left),
        "lessons": shown.to_do["lesson"],
        "sets": shown.to_do["set"],
        "mocks": shown.to_do["mock"],
        "sentence": shown.sentence,
        "next_title": day.lines[0].work.title if day else "",
        "next_minutes": day.minutes if day else 0,
        "url": absolute(reverse("exams:plan")),
    }


def _sample() -> dict[str, Any]:
    return {
        "name": "Ana",
        "exam": "CPC mock exam",
        "due": "Wed 31 Mar 2027",
        "days_left": 14,
        "lessons": 6,
        "sets": 4,
        "mocks": 2,
        "sentence": _("Everything fits before the exam."),
        "next_title": "Excludes1 and Excludes2",
        "next_minutes": 50,
        "url": absolute("/practice/plan/"),
    }


def _why_exam() -> str:
    return _("You get this because you made a study plan here, and its exam comes near.")


def _why_behind() -> str:
    return _("You get this once, because nothing of your study plan was done on three days of study.")


def _subject(plan_id: int) -> str:
    return f"plan-{plan_id}"


def _plan_id(subject: str) -> int:
    return int(subject.removeprefix("plan-"))
