"""Kinds about the work of editors: a release was loaded, reports wait for an answer."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from accounts.roles import Role
from courses.codesets.books import CODE_BOOKS
from courses.codesets.models import Release
from courses.exams.models import QuestionReport
from courses.exams.queries.stale import stale_by_system
from courses.reminders.addresses import absolute
from courses.reminders.kinds import Candidate, Group, Kind
from courses.reminders.kinds.ladder import ONE_DAY, in_pages
from courses.reminders.kinds.shared import (
    NEWS_LOOK_BACK,
    Nudge,
    day_words,
    id_of,
    ids_of,
    local_day,
    local_days,
    news,
)
from courses.reminders.models import Reason, Reminder

#: A report may wait so long for an answer before editors are asked.
PATIENCE = timedelta(days=3)
_WEEK = 7


def _editors() -> QuerySet[User]:
    """Whoever may do the work of an editor, as ``User.has_role`` says it."""
    groups = Q(groups__name__in=[Role.EDITOR, Role.ADMINISTRATOR])
    return User.objects.filter(Q(is_superuser=True) | groups, is_active=True).distinct()


def _editors_among(reminders: Sequence[Reminder]) -> set[int]:
    people = _editors().filter(pk__in={reminder.user_id for reminder in reminders})
    return set(people.values_list("pk", flat=True))


@dataclass(frozen=True)
class Loaded:
    """A release that was loaded, and how many texts name codes of its system that no longer hold."""

    release: Release
    texts: int


class ReleaseLoaded(Kind):
    """The newest release of a book of codes was loaded: editors learn how many texts need a look."""

    key = "release_loaded"
    label = gettext_lazy("New release of a code set")
    rhythm = gettext_lazy("once, when it was loaded")
    group = Group.WORK
    is_news = True

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        """Every editor for every release of the last days that no later one has replaced."""
        releases = Release.objects.current().filter(
            book__in=CODE_BOOKS, loaded_at__gte=at - NEWS_LOOK_BACK, loaded_at__lte=until
        )
        loaded = list(releases.order_by("pk").values_list("pk", "loaded_at"))
        editors = _editors() if user_id is None else _editors().filter(pk=user_id)
        for (person,) in in_pages(editors) if loaded else ():
            for pk, loaded_at in loaded:
                if loaded_at is not None:
                    yield news(f"release-{pk}", person, loaded_at)

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        releases = Release.objects.current().filter(pk__in=map(id_of, subjects))
        return {f"release-{pk}": at.date() for pk, at in releases.values_list("pk", "loaded_at") if at}

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, Loaded]:
        """Four queries; who is no editor any more is left out."""
        releases = Release.objects.current().in_bulk(ids_of(reminders))
        editors, stale = _editors_among(reminders), stale_by_system(at)
        return {
            reminder.pk: Loaded(release, stale.get(release.system, 0))
            for reminder in reminders
            if reminder.user_id in editors and (release := releases.get(id_of(reminder.subject)))
        }

    def still_true(self, reminder: Reminder, fact: Loaded, *, at: datetime) -> Reason | None:
        return None

    def context(self, reminder: Reminder, fact: Loaded, *, at: datetime) -> dict[str, str]:
        page = (
            reverse("pages:stale_codes")
            if fact.texts
            else reverse("codesets:release", args=[fact.release.pk])
        )
        return {
            "name": reminder.user.get_short_name(),
            "release": str(fact.release),
            "effective": date_format(fact.release.effective_from, "j M Y"),
            "sentence": _texts_words(fact.texts),
            "task": _("See the texts") if fact.texts else _("See what changed"),
            "url": absolute(page),
            "why": _why_release(),
        }

    def sample_context(self) -> dict[str, str]:
        return {
            "name": "Edith",
            "release": "ICD-10-CM FY2028",
            "effective": "1 Oct 2027",
            "sentence": _texts_words(7),
            "task": _("See the texts"),
            "url": absolute("/review/codes/"),
            "why": _why_release(),
        }


def _texts_words(number: int) -> str:
    if not number:
        return _("No lesson and no question names a code that no longer holds.")
    return ngettext(
        "%(n)d lesson or question names codes that no longer hold.",
        "%(n)d lessons and questions name codes that no longer hold.",
        number,
    ) % {"n": number}


def _why_release() -> str:
    return _("You get this because you edit what people learn here.")


@dataclass(frozen=True)
class Waiting:
    """Reports of problems without an answer, and since when the oldest waits."""

    reports: int
    questions: int
    oldest_at: datetime


class ReportsWaiting(Nudge):
    """Reports of problems with questions wait longer than they should: a word every Monday while they do."""

    key = "reports_waiting"
    label = gettext_lazy("Reports that wait for an answer")
    rhythm = gettext_lazy("on Mondays, while a report is older than 3 days")
    group = Group.WORK
    on_by_default = ("inbox",)

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        """Every editor on the next Monday, if a report will have waited too long by then."""
        if not _late_reports(min(until, at + timedelta(days=_WEEK))).exists():
            return
        editors = _editors() if user_id is None else _editors().filter(pk=user_id)
        for person, zone in in_pages(editors, "time_zone"):
            day, last = local_days(zone, at, until)
            day += timedelta(days=-day.weekday() % _WEEK)
            if day <= last:
                yield Candidate(f"reports.{day}", person, day, 0, day, day + 2 * ONE_DAY)

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        if not QuestionReport.objects.filter(closed_at=None).exists():
            return {}
        return {subject: date.fromisoformat(subject.partition(".")[2]) for subject in subjects}

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, Waiting]:
        """Two queries; who is no editor any more is left out."""
        rows = list(_late_reports(at).values_list("revision__question", "reported_at"))
        oldest = min((reported_at for _question, reported_at in rows), default=at)
        waiting = Waiting(len(rows), len({question for question, _at in rows}), oldest)
        editors = _editors_among(reminders)
        return {reminder.pk: waiting for reminder in reminders if reminder.user_id in editors}

    def still_true(self, reminder: Reminder, fact: Waiting, *, at: datetime) -> Reason | None:
        return None if fact.reports else Reason.DONE

    def context(self, reminder: Reminder, fact: Waiting, *, at: datetime) -> dict[str, str]:
        return {
            "name": reminder.user.get_short_name(),
            "reports": _reports_words(fact.reports),
            "questions": _questions_words(fact.questions),
            "since": day_words(local_day(reminder.user.time_zone, fact.oldest_at)),
            "url": absolute(reverse("exams:triage")),
            "why": _why_reports(),
        }

    def sample_context(self) -> dict[str, str]:
        return {
            "name": "Edith",
            "reports": _reports_words(4),
            "questions": _questions_words(3),
            "since": "Wed 3 Mar 2027",
            "url": absolute("/review/questions/"),
            "why": _why_reports(),
        }


def _late_reports(at: datetime) -> QuerySet[QuestionReport]:
    return QuestionReport.objects.filter(closed_at=None, reported_at__lt=at - PATIENCE)


def _reports_words(number: int) -> str:
    return ngettext("%(n)d report waits", "%(n)d reports wait", number) % {"n": number}


def _questions_words(number: int) -> str:
    return ngettext("about %(n)d question", "about %(n)d questions", number) % {"n": number}


def _why_reports() -> str:
    return _("You get this because you answer what people report here.")


KINDS = (ReleaseLoaded, ReportsWaiting)
