"""What kinds share that count down to no deadline: a person's local days, and words for days and amounts."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.reminders.kinds import Candidate, Kind
from courses.reminders.models import Urgency

if TYPE_CHECKING:
    from collections.abc import Sequence

    from courses.reminders.models import Reminder


#: How long the planner may be away without news being lost.
NEWS_LOOK_BACK = timedelta(days=7)
#: Afterwards it is no news any more: the page says it.
_STALE_AFTER = timedelta(days=30)


def news(subject: str, user_id: int, happened_at: datetime) -> Candidate:
    """A reminder of something that happened: once, as soon as the person's hours allow.

    Meant for the day before in UTC, so that what happens in an evening waits for no morning.
    """
    day = happened_at.date()
    return Candidate(subject, user_id, day, 0, day - timedelta(days=1), day + _STALE_AFTER)


class Nudge(Kind):
    """A kind whose day is no deadline: never urgent, so the daily limit holds it back."""

    def urgency(self, step: int) -> int:
        return Urgency.NEWS if self.is_news else Urgency.ORDINARY


@lru_cache(maxsize=2048)  # people of one zone share their days
def local_days(zone: str, at: datetime, until: datetime) -> tuple[date, date]:
    """The local dates of two moments on a clock in ``zone``."""
    clock = ZoneInfo(zone)
    return at.astimezone(clock).date(), until.astimezone(clock).date()


def local_day(zone: str, at: datetime) -> date:
    """The local date of a moment on a clock in ``zone``."""
    return at.astimezone(ZoneInfo(zone)).date()


def id_of(subject: str) -> int:
    """The number at the end of a subject: 12 of ``plan-12``."""
    return int(subject.rpartition("-")[2])


def id_and_day(subject: str) -> tuple[int, date]:
    """The number and the day of a subject: 12 and 31 March 2027 of ``plan-12.2027-03-31``."""
    what, _dot, day = subject.partition(".")
    return id_of(what), date.fromisoformat(day)


def ids_of(reminders: "Sequence[Reminder]") -> set[int]:
    return {id_of(reminder.subject) for reminder in reminders}


def day_words(day: date) -> str:
    """A day as mails write it: Wed 31 Mar 2027."""
    return date_format(day, "D j M Y")


def short_day_words(day: date) -> str:
    """A day as subjects write it: 31 Mar 2027."""
    return date_format(day, "j M Y")


def minutes_words(minutes: int) -> str:
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}


def days_left_words(days: int) -> str:
    """How long until a day, for a subject: 30 days left."""
    return ngettext("%(n)d day left", "%(n)d days left", days) % {"n": days} if days > 0 else _("today")


def days_from_now_words(days: int) -> str:
    """How long until a day, inside a sentence: 30 days from now."""
    if days <= 0:
        return _("today")
    return ngettext("%(n)d day from now", "%(n)d days from now", days) % {"n": days}


def listed(words: "Sequence[str]") -> str:
    """One thing, two things or more, as a sentence names them: a, b and c."""
    if len(words) < 2:
        return "".join(words)
    return _("%(first)s and %(last)s") % {"first": ", ".join(words[:-1]), "last": words[-1]}
