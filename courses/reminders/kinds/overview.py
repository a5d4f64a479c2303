"""The weekly digest: what comes in the next two weeks and what was done in the last one."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef, QuerySet, Sum
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from courses.credentials.models import Credit
from courses.exams.models import Attempt, CardReview
from courses.progress.models import LessonCompletion
from courses.reminders import kinds
from courses.reminders.addresses import absolute
from courses.reminders.kinds import URGENT_STEP, Candidate, Group, Kind
from courses.reminders.kinds.ladder import in_pages
from courses.reminders.kinds.shared import Nudge, id_of, listed, local_day, local_days, short_day_words
from courses.reminders.models import MailTemplateRevision, Preference, Reason, Reminder, ReminderSettings
from courses.reminders.rendering import fill_subject
from courses.reminders.timing import Hours, local_instant

#: How far the digest looks ahead and back.
AHEAD, BACK = timedelta(days=14), timedelta(days=7)
#: Dates that a digest names; how many more there are it says in words.
_NAMED = 6
#: A digest that could not go is pointless after so long.
_LASTS = timedelta(days=3)
_USUAL = ReminderSettings.Weekday.MONDAY, Hours.hour


@dataclass(frozen=True)
class Week:
    """A person's dates of the next two weeks, each in words, and what they did in the last one."""

    dates: tuple[str, ...]
    done: tuple[str, ...]


class WeeklyDigest(Nudge):
    """Once a week, on the day and at the hour that the person chose; only for whoever asked for it."""

    key = "weekly_digest"
    label = gettext_lazy("Weekly digest")
    rhythm = gettext_lazy("once a week, on the day and at the hour that you choose")
    group = Group.DIGEST
    on_by_default = ()

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        """The next digest of whoever turned it on."""
        wanted = Preference.objects.filter(user=OuterRef("pk"), kind=self.key, is_on=True)
        people = User.objects.filter(Exists(wanted)) if user_id is None else User.objects.filter(pk=user_id)
        for person, zone, weekday, hour in in_pages(people, "time_zone", *_SETTINGS):
            weekday, hour = _chosen(weekday, hour)
            day, last = local_days(zone, at, until)
            day += timedelta(days=(weekday - day.weekday()) % 7)
            while day <= last:
                goes_at = local_instant(day, time(hour), ZoneInfo(zone))
                if goes_at > at:
                    yield Candidate(f"week-{person}.{day}", person, day, 0, day, day + _LASTS, goes_at)
                    break
                day += timedelta(days=7)

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        """The day itself, while it is the one that the person chose."""
        days = {subject: _person_and_day(subject) for subject in subjects}
        people = User.objects.filter(pk__in={person for person, _day in days.values()})
        chosen = {
            person: _chosen(weekday, hour)[0]
            for person, weekday, hour in people.values_list("pk", *_SETTINGS)
        }
        return {
            subject: day for subject, (person, day) in days.items() if chosen.get(person) == day.weekday()
        }

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, Week]:
        """Five queries and what each kind reads, and for each person what each kind's ``candidates`` ask."""
        people = {reminder.user_id: reminder.user for reminder in reminders}
        done, coming = _done(people, at - BACK), _coming(people, at)
        return {
            reminder.pk: Week(tuple(coming.get(reminder.user_id, ())), tuple(done.get(reminder.user_id, ())))
            for reminder in reminders
        }

    def still_true(self, reminder: Reminder, fact: Week, *, at: datetime) -> Reason | None:
        return None if fact.dates or fact.done else Reason.DONE

    def context(self, reminder: Reminder, fact: Week, *, at: datetime) -> dict[str, str]:
        return self._context(reminder.user.get_short_name(), fact, reminder.user.local(at).date())

    def sample_context(self) -> dict[str, str]:
        week = Week(
            ("CPC by 10 Mar 2027: 9 days left, 8 CEUs short", "CPC mock exam on 14 Mar 2027: 13 days left"),
            ("3 lessons", "1 exam or set", "40 reviews"),
        )
        return self._context("Ana", week, date(2027, 3, 1))

    def _context(self, name: str, week: Week, today: date) -> dict[str, str]:
        named = [*week.dates[:_NAMED], *[""] * (_NAMED - len(week.dates))]
        more = max(0, len(week.dates) - _NAMED)
        return {
            "name": name,
            "week": date_format(today, "j M"),
            "dates": _dates_words(len(week.dates)),
            **{f"date{number}": text for number, text in enumerate(named, start=1)},
            "more": ngettext("And %(n)d more.", "And %(n)d more.", more) % {"n": more} if more else "",
            "done": (
                _("In the last seven days you did %(work)s. Well done.") % {"work": listed(week.done)}
                if week.done
                else ""
            ),
            "url": absolute(reverse("pages:today")),
            "why": _("You get this because you asked for a digest once a week."),
        }


_SETTINGS = ("reminder_settings__digest_day", "reminder_settings__digest_hour")


def _chosen(weekday: int | None, hour: int | None) -> tuple[int, int]:
    """The day and hour of the digest, the usual ones for whoever saved none."""
    return (_USUAL[0].value, _USUAL[1]) if weekday is None or hour is None else (weekday, hour)


def _person_and_day(subject: str) -> tuple[int, date]:
    person, _dot, day = subject.partition(".")
    return id_of(person), date.fromisoformat(day)


def _dates_words(number: int) -> str:
    if not number:
        return _("no date in the next two weeks")
    return ngettext("%(n)d date in the next two weeks", "%(n)d dates in the next two weeks", number) % {
        "n": number
    }


# --- what comes ----------------------------------------------------------------------------------------
def _has_deadlines(kind: Kind) -> bool:
    """Whether a kind counts down to a day: an answer, a nudge and a digest do not."""
    return not isinstance(kind, Nudge) and not kind.is_news and max(kind.steps) > URGENT_STEP


def _coming(people: Mapping[int, User], at: datetime) -> dict[int, list[str]]:
    """The deadlines of these people in the next two weeks, each once and as its own mail would name it."""
    numbers = count(-1, -1)  # rows that are never saved
    live = MailTemplateRevision.objects.live(at).select_related("template")
    subjects = {revision.template.kind: revision.subject_source for revision in live}
    found: dict[int, list[tuple[date, str]]] = {}
    for kind in filter(_has_deadlines, kinds.registered()):
        rows = [
            Reminder(
                pk=next(numbers),
                kind=kind.key,
                subject=one.subject,
                user=person,
                due_on=one.due_on,
                step=one.step,
            )
            for person in people.values()
            for one in _deadlines(kind, person, at)
        ]
        facts = kind.read(rows, at=at) if rows else {}
        for row in rows:
            fact = facts.get(row.pk)
            if fact is None or kind.still_true(row, fact, at=at) is not None:
                continue
            source = subjects.get(kind.key)
            words = fill_subject(source, kind.context(row, fact, at=at)) if source else str(kind.label)
            if short_day_words(row.due_on) not in words:
                words = f"{date_format(row.due_on, 'D j M')} · {words}"
            found.setdefault(row.user_id, []).append((row.due_on, words))
    return {person: [text for _day, text in sorted(dates)] for person, dates in found.items()}


def _deadlines(kind: Kind, person: User, at: datetime) -> list[Candidate]:
    """A person's deadlines of a kind, from today on, the nearest step of each."""
    today = local_day(person.time_zone, at)
    nearest: dict[str, Candidate] = {}
    for one in kind.candidates(at=at, until=at + AHEAD, user_id=person.pk):
        if today <= one.due_on <= today + AHEAD:
            nearest.setdefault(one.subject, one)
    return list(nearest.values())


# --- what was done -------------------------------------------------------------------------------------
def _done(people: Collection[int], since: datetime) -> dict[int, list[str]]:
    """What these people did since then, in words. Four queries."""
    lessons = LessonCompletion.objects.filter(user__in=people, completed_at__gte=since)
    attempts = Attempt.objects.submitted().filter(
        user__in=people, submitted_at__gte=since, submitted_by_system=False
    )
    reviews = CardReview.objects.filter(card__user__in=people, reviewed_at__gte=since)
    credits = Credit.objects.filter(ledger__user__in=people, recorded_at__gte=since).order_by()
    sums = credits.values("ledger__user").annotate(n=Sum("ceus")).values_list("ledger__user", "n")
    words: dict[int, list[str]] = {}
    for person, n in _counted(lessons, "user"):
        words.setdefault(person, []).append(ngettext("%(n)d lesson", "%(n)d lessons", n) % {"n": n})
    for person, n in _counted(attempts, "user"):
        text = ngettext("%(n)d exam or set", "%(n)d exams and sets", n)
        words.setdefault(person, []).append(text % {"n": n})
    for person, n in _counted(reviews, "card__user"):
        words.setdefault(person, []).append(ngettext("%(n)d review", "%(n)d reviews", n) % {"n": n})
    for person, ceus in sums:
        if ceus > 0:
            words.setdefault(person, []).append(_("%(n)s CEUs") % {"n": _amount(ceus)})
    return words


def _counted(rows: QuerySet[Any], by: str) -> QuerySet[Any, Any]:
    counted: QuerySet[Any, Any] = rows.order_by().values(by).annotate(n=Count("pk")).values_list(by, "n")
    return counted


def _amount(number: Decimal) -> str:
    return f"{number.normalize():f}"


KINDS = (WeeklyDigest,)
