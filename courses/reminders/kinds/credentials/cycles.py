"""Kinds about a running cycle: it ends, it fills too slowly, its certificates are missing."""

from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from courses.credentials.actions.changing import last_day
from courses.credentials.models import Credit, Cycle
from courses.credentials.queries import CycleStanding, amount, ceus
from courses.credentials.queries.cards import pace_words
from courses.credentials.queries.what_if import Filling, fillings, offers_of
from courses.reminders.addresses import absolute
from courses.reminders.kinds import Candidate, Group, Kind
from courses.reminders.kinds.credentials.reading import (
    Dates,
    dates_of,
    days_near,
    ending_in,
    kept_cycles,
    last_days,
    standings_about,
    standings_by_cycle,
    subject_of,
)
from courses.reminders.kinds.credentials.words import because_held, left_words, titles
from courses.reminders.kinds.ladder import LOOK_BACK, ONE_DAY, Ladder
from courses.reminders.kinds.shared import day_words, days_from_now_words, id_of, short_day_words
from courses.reminders.models import Reason, Reminder

#: Courses of ours that a mail names.
MOST_COURSES = 2
#: Where the renewal stands on the page of a cycle.
RENEWAL = "#renewal"
_MONTH = Decimal("30.4375")


class OfCycle(Kind):
    """A kind that counts the days until the last one of a cycle, that of an extension where there is one."""

    group = Group.CREDENTIALS
    ladder: ClassVar[Ladder]
    #: A cycle that is recorded late gets the step it is in, and not only those that come.
    tells_late: ClassVar[bool] = False

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        ladder, new = self.ladder, at - LOOK_BACK
        for one in self._near(at, until) if user_id is None else dates_of(self.rows().filter(user=user_id)):
            back = ladder.whole if self.tells_late and one.opened_at >= new else LOOK_BACK
            for step, send_on, expires_on in ladder.rungs(
                one.last_on, one.zone, at=at, until=until, back=back
            ):
                if self.is_wanted(one, send_on):
                    yield Candidate(subject_of(one.pk), one.user_id, one.last_on, step, send_on, expires_on)

    def rows(self) -> QuerySet[Cycle]:
        """Cycles of which it may tell: unless it says otherwise, those that are not reported yet."""
        return kept_cycles().filter(submitted_on=None)

    def _near(self, at: datetime, until: datetime) -> Iterator[Dates]:
        """Cycles that come to a step in the time given, or began to be known here only now."""
        rows = self.rows()
        if not self.tells_late:
            yield from ending_in(rows, self.ladder.days(at, until))
            return
        new = at - LOOK_BACK
        yield from ending_in(rows.filter(opened_at__lt=new), self.ladder.days(at, until))
        lately = rows.filter(opened_at__gte=new)
        first, last = days_near(at, until)
        yield from (one for one in dates_of(lately) if first <= one.last_on <= last + self.ladder.whole)

    def is_wanted(self, one: Dates, send_on: date) -> bool:
        """Whether a step is told in this cycle, as far as its dates say."""
        return True

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        return {subject_of(pk): day for pk, day in last_days({id_of(one) for one in subjects}).items()}

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, Any]:
        return standings_about(reminders, at)

    def still_true(self, reminder: Reminder, fact: Any, *, at: datetime) -> Reason | None:
        of = self.standing_in(fact)
        if last_day(of.cycle) != reminder.due_on:
            return Reason.MOVED
        if not of.credentials:
            return Reason.RETIRED
        return Reason.DONE if self.is_done(of) else None

    def standing_in(self, fact: Any) -> CycleStanding:
        """How the cycle stands, out of what ``read`` found."""
        of: CycleStanding = fact
        return of

    @abstractmethod
    def is_done(self, of: CycleStanding) -> bool:
        """Whether nothing is left to be told."""


def cycle_values(reminder: Reminder, of: CycleStanding) -> dict[str, str]:
    """What the mails about a cycle all say."""
    return {
        "name": reminder.user.get_short_name(),
        "credential": of.names,
        "body": of.cycle.body.short,
        "due": day_words(last_day(of.cycle)),
        "due_short": short_day_words(last_day(of.cycle)),
    }


def cycle_sample() -> dict[str, str]:
    """Values like those of ``cycle_values``."""
    return {
        "name": "Ana",
        "credential": "CPC",
        "body": "AAPC",
        "due": "Wed 31 Mar 2027",
        "due_short": "31 Mar 2027",
    }


def cycle_url(of: CycleStanding, part: str = "") -> str:
    """The page of a cycle, or a part of it."""
    return absolute(reverse("credentials:cycle", args=[of.cycle.pk]) + part)


# --- the end -----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Ending:
    """A cycle that ends, and the courses of ours that would bring it furthest."""

    of: CycleStanding
    courses: Sequence[Filling] = ()


class CeCycleEnd(OfCycle):
    """A CE cycle ends and CEUs may be short."""

    key = "ce_cycle_end"
    label = gettext_lazy("End of a CE cycle")
    rhythm = gettext_lazy("180, 90, 60, 30, 14, 7 days and 1 day before the last day, if CEUs are short")
    steps = (180, 90, 60, 30, 14, 7, 1)
    ladder = Ladder(steps)
    tells_late = True

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        """Cycles that come to a step; for one person without those that are complete already."""
        found = super().candidates(at=at, until=until, user_id=user_id)
        return found if user_id is None else self._short(list(found), user_id)

    def _short(self, found: Sequence[Candidate], user_id: int) -> Iterator[Candidate]:
        """Those whose cycle is short; how it stands does not depend on the day."""
        if not found:
            return
        ids = {id_of(one.subject) for one in found}
        standings = standings_by_cycle(ids, {user_id: min(one.send_on for one in found)})
        for one in found:
            of = standings.get(id_of(one.subject))
            if of is not None and not self.is_done(of):
                yield one

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, Ending]:
        standings = standings_about(reminders, at)
        short = [one for one in reminders if one.pk in standings and not self.is_done(standings[one.pk])]
        offers = offers_of([one.user for one in short], at)
        courses = {
            one.pk: fillings(standings[one.pk], offers[one.user_id], most=MOST_COURSES) for one in short
        }
        return {pk: Ending(of, courses.get(pk, ())) for pk, of in standings.items()}

    def standing_in(self, fact: Ending) -> CycleStanding:
        return fact.of

    def is_done(self, of: CycleStanding) -> bool:
        return of.standing.is_met or of.cycle.submitted_on is not None

    def context(self, reminder: Reminder, fact: Ending, *, at: datetime) -> dict[str, str]:
        of = fact.of
        return {
            **cycle_values(reminder, of),
            "number": _number(of),
            "from_now": days_from_now_words(of.days_left),
            "headline": _headline(of),
            "days_left": str(max(0, of.days_left)),
            "earned": amount(of.standing.earned),
            "required": "" if of.standing.required is None else amount(of.standing.required),
            "short": amount(of.standing.fewest),
            "standing_sentence": of.sentence,
            "recorded": _recorded(of),
            **_courses(of, fact.courses),
            "url": cycle_url(of),
            "why": _why_end(of.names),
        }

    def sample_context(self) -> dict[str, str]:
        return {
            **cycle_sample(),
            "number": "(number 01234567)",
            "from_now": "30 days from now",
            "headline": "30 days left, 8 CEUs short",
            "days_left": "30",
            "earned": "28",
            "required": "36",
            "short": "8",
            "standing_sentence": "8 CEUs short, 30 days left.",
            "recorded": "So far 28 of 36 CEUs are recorded.",
            "courses_intro": "These courses of ours would bring you furthest:",
            "course_1": "Medical terminology and anatomy",
            "course_1_url": absolute("/courses/terminology-and-anatomy/"),
            "course_1_brings": "(3 CEUs)",
            "course_2": "What coders do",
            "course_2_url": absolute("/courses/what-coders-do/"),
            "course_2_brings": "(2 CEUs)",
            "url": absolute("/credentials/cycles/1/"),
            "why": _why_end("CPC"),
        }


def _number(of: CycleStanding) -> str:
    """The number of the credential, where it is one alone."""
    numbers = [one.number for one in of.credentials]
    return _("(number %(number)s)") % {"number": numbers[0]} if len(numbers) == 1 and numbers[0] else ""


def _headline(of: CycleStanding) -> str:
    left = left_words(of.days_left)
    if of.standing.required is None:
        return left
    words = {"left": left, "ceus": ceus(of.standing.fewest)}
    return _("%(left)s, %(ceus)s short") % words


def _recorded(of: CycleStanding) -> str:
    if of.standing.required is None:
        return ""
    return _("So far %(earned)s of %(required)s CEUs are recorded.") % {
        "earned": amount(of.standing.earned),
        "required": amount(of.standing.required),
    }


def _courses(of: CycleStanding, courses: Sequence[Filling]) -> dict[str, str]:
    """The courses with their addresses; without any the sentence says where to look."""
    if not courses:
        intro = _(
            "None of our courses would count for what is missing. What others offer you can try out under "
            "“What if…” before you pay for it."
        )
    elif sum(one.fewer for one in courses) >= of.standing.fewest:
        intro = ngettext(
            "This course of ours would fill it:", "These courses of ours would fill it:", len(courses)
        )
    else:
        intro = ngettext(
            "This course of ours would bring you nearer:",
            "These courses of ours would bring you furthest:",
            len(courses),
        )
    found = {"courses_intro": intro}
    for n in range(MOST_COURSES):
        one = courses[n] if n < len(courses) else None
        found[f"course_{n + 1}"] = one.course.title if one else ""
        found[f"course_{n + 1}_url"] = absolute(one.course.get_absolute_url()) if one else ""
        found[f"course_{n + 1}_brings"] = _("(%(ceus)s)") % {"ceus": one.amount} if one else ""
    return found


def _why_end(credential: str) -> str:
    return _("You get this because you recorded %(credential)s here, and its CE cycle ends soon.") % {
        "credential": credential
    }


# --- the pace ----------------------------------------------------------------------------------------------
#: Whoever has just recorded a cycle enters activities first.
_SETTLING_IN = timedelta(days=14)
#: Parts that a mail names.
_MOST_PARTS = 3


class CePace(OfCycle):
    """CEUs come too slowly to fill a cycle, or a part of it, in time; from its middle until half a year
    before its end, when the end itself is told."""

    key = "ce_pace"
    label = gettext_lazy("Pace of a CE cycle")
    rhythm = gettext_lazy(
        "in the second half of a cycle, 540, 450, 360 and 270 days before the last day, "
        "if a part of it fills too slowly"
    )
    steps = (540, 450, 360, 270)
    ladder = Ladder(steps, lasts=-180)

    def is_wanted(self, one: Dates, send_on: date) -> bool:
        elapsed, left = send_on - one.starts_on, one.last_on - send_on
        return elapsed + ONE_DAY >= left and one.opened_at.date() + _SETTLING_IN <= send_on

    def is_done(self, of: CycleStanding) -> bool:
        return of.cycle.submitted_on is not None or of.days_left <= 0 or not of.pace.is_behind

    def context(self, reminder: Reminder, fact: CycleStanding, *, at: datetime) -> dict[str, str]:
        return {
            **cycle_values(reminder, fact),
            "headline": _("%(ceus)s a month from now on")
            % {"ceus": ceus(_a_month(fact.standing.fewest, fact.days_left))},
            "from_now": days_from_now_words(fact.days_left),
            "parts_sentence": _parts_behind(fact),
            "pace_sentence": pace_words(fact),
            "url": absolute(reverse("credentials:what_if")),
            "why": because_held(fact.names),
        }

    def sample_context(self) -> dict[str, str]:
        return {
            **cycle_sample(),
            "headline": "2.4 CEUs a month from now on",
            "from_now": "270 days from now",
            "parts_sentence": "“Auditing” is 12 CEUs short: that takes 1.4 CEUs a month.",
            "pace_sentence": "You collect 0.8 CEUs a month, none of it for “Auditing”.",
            "url": absolute("/credentials/what-if/"),
            "why": because_held("CPC"),
        }


def _a_month(short: Decimal, days: int) -> Decimal:
    """CEUs a month that fill ``short`` in time, rounded up to a tenth."""
    return (short * _MONTH / days).quantize(Decimal("0.1"), ROUND_CEILING)


def _parts_behind(of: CycleStanding) -> str:
    """Each part that fills too slowly and what it takes a month, the slowest first, and the whole."""
    shorts = {one.key: one.short for one in of.standing.buckets}
    behind = [(one.title, shorts[one.key]) for one in of.pace.buckets if one.rate.is_behind]
    behind.sort(key=lambda pair: -pair[1])
    said = [
        _("“%(part)s” is %(ceus)s short: that takes %(rate)s a month.")
        % {"part": title, "ceus": ceus(short), "rate": ceus(_a_month(short, of.days_left))}
        for title, short in behind[:_MOST_PARTS]
    ]
    if of.pace.total.is_behind:
        said.append(
            _("In all %(ceus)s are missing: that takes %(rate)s a month.")
            % {
                "ceus": ceus(of.standing.fewest),
                "rate": ceus(_a_month(of.standing.fewest, of.days_left)),
            }
        )
    return " ".join(said)


# --- the certificates --------------------------------------------------------------------------------------
class EvidenceMissing(OfCycle):
    """Activities count in a cycle that nears its end, and no file proves them."""

    key = "evidence_missing"
    label = gettext_lazy("Certificates missing for an audit")
    rhythm = gettext_lazy(
        "60 and 14 days before the end of a cycle, if activities that count have no certificate"
    )
    steps = (60, 14)
    ladder = Ladder(steps)

    def rows(self) -> QuerySet[Cycle]:
        """Reported ones too: these are what a body checks."""
        return kept_cycles()

    def is_done(self, of: CycleStanding) -> bool:
        return not bare_credits(of)

    def context(self, reminder: Reminder, fact: CycleStanding, *, at: datetime) -> dict[str, str]:
        bare = bare_credits(fact)
        words = {"n": len(bare), "credential": fact.names}
        return {
            **cycle_values(reminder, fact),
            "from_now": days_from_now_words(fact.days_left),
            "headline": ngettext(
                "%(n)d activity without a certificate", "%(n)d activities without a certificate", len(bare)
            )
            % words,
            "count_sentence": ngettext(
                "%(n)d activity that counts for %(credential)s has no certificate yet.",
                "%(n)d activities that count for %(credential)s have no certificate yet.",
                len(bare),
            )
            % words,
            "titles": titles([credit.detail.title for credit in bare]),
            "url": absolute(reverse("credentials:activities"))
            + "?"
            + urlencode({"cycle": fact.cycle.pk, "state": "unproven"}),
            "why": because_held(fact.names),
        }

    def sample_context(self) -> dict[str, str]:
        return {
            **cycle_sample(),
            "from_now": "60 days from now",
            "headline": "3 activities without a certificate",
            "count_sentence": "3 activities that count for CPC have no certificate yet.",
            "titles": "“Auditing E/M”, “Modifier 25” and “Risk adjustment”",
            "url": absolute("/credentials/activities/?cycle=1&state=unproven"),
            "why": because_held("CPC"),
        }


def bare_credits(of: CycleStanding) -> list[Credit]:
    """Activities that count in the cycle and have no file, where the body asks for one."""
    if of.rule is None or "certificate" not in of.rule.evidence_fields:
        return []
    return [credit for credit, verdict in of.counting if verdict.ceus and credit.pk in of.unproven]
