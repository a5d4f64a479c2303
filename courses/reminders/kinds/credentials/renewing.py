"""Kinds about renewal: the body takes the report, and the cycle is over."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from courses.credentials.actions.changing import last_day
from courses.credentials.models import CredentialHeld, Cycle, RuleSet
from courses.credentials.queries import CycleStanding, amount, ceus
from courses.credentials.queries.cards import window_of
from courses.reminders.addresses import absolute
from courses.reminders.kinds import Candidate, Group, Kind
from courses.reminders.kinds.credentials.cycles import RENEWAL, cycle_sample, cycle_url, cycle_values
from courses.reminders.kinds.credentials.reading import (
    dates_of,
    days_near,
    ending_in,
    kept_cycles,
    last_days,
    standings_about,
    subject_of,
)
from courses.reminders.kinds.credentials.words import because_held
from courses.reminders.kinds.ladder import ONE_DAY, in_days, in_pages
from courses.reminders.kinds.shared import Nudge, day_words, id_of
from courses.reminders.models import Reason, Reminder


# --- the report ------------------------------------------------------------------------------------------
class CeSubmissionOpens(Nudge):
    """The body begins to take the report of a cycle; only where its rules say when."""

    key = "ce_submission_opens"
    label = gettext_lazy("Reporting opens")
    rhythm = gettext_lazy("once, on the day from which the body takes your report, where that day is known")
    group = Group.CREDENTIALS
    _LASTS = timedelta(days=14)

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        first, last = days_near(at, until)
        by_opening: dict[int, list[int]] = defaultdict(list)
        for pk, opens in _openings().items():
            by_opening[opens].append(pk)
        for opens, rule_sets in by_opening.items():
            before = timedelta(days=opens)
            rows = kept_cycles().filter(rule_set__in=rule_sets, submitted_on=None)
            for pk, person, ends_on in _ending(rows, (first + before, last + before), user_id):
                day = ends_on - ONE_DAY - before
                yield Candidate(subject_of(pk), person, day, 0, day, min(day + self._LASTS, ends_on))

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        openings = _openings()
        rows = Cycle.objects.filter(pk__in=map(id_of, subjects), rule_set__in=openings)
        return {
            subject_of(pk): ends_on - ONE_DAY - timedelta(days=openings[rule_set])
            for pk, ends_on, rule_set in rows.values_list("pk", "ends_on", "rule_set")
        }

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, CycleStanding]:
        return {pk: of for pk, of in standings_about(reminders, at).items() if window_of(of)[0] is not None}

    def still_true(self, reminder: Reminder, fact: CycleStanding, *, at: datetime) -> Reason | None:
        if window_of(fact)[0] != reminder.due_on:
            return Reason.MOVED
        if not fact.credentials:
            return Reason.RETIRED
        return Reason.DONE if fact.cycle.submitted_on is not None else None

    def context(self, reminder: Reminder, fact: CycleStanding, *, at: datetime) -> dict[str, str]:
        opens, closes = window_of(fact)
        return {
            **cycle_values(reminder, fact),
            "opens": day_words(opens) if opens else "",
            "closes_sentence": _closes(fact.cycle.body.short, closes),
            "standing_sentence": fact.sentence,
            "url": cycle_url(fact, RENEWAL),
            "why": because_held(fact.names),
        }

    def sample_context(self) -> dict[str, str]:
        return {
            **cycle_sample(),
            "opens": "Sun 31 Jan 2027",
            "closes_sentence": _closes("AAPC", None),
            "standing_sentence": "36 of 36 CEUs recorded, nothing is short, 59 days left.",
            "url": absolute(f"/credentials/cycles/1/{RENEWAL}"),
            "why": because_held("CPC"),
        }


def _openings() -> dict[int, int]:
    """Rule sets that say from when on the body takes the report: days before the last one of the cycle."""
    found = {}
    for pk, terms in RuleSet.objects.values_list("pk", "terms"):
        days = (terms.get("submission") or {}).get("opens_days_before")
        if isinstance(days, int):
            found[pk] = days
    return found


def _ending(
    rows: QuerySet[Cycle], stretch: tuple[date, date], user_id: int | None
) -> Iterator[tuple[int, int, date]]:
    """The cycles whose own last day lies in ``stretch``: number, person, first day after it."""
    first, after = stretch[0] + ONE_DAY, stretch[1] + ONE_DAY
    fields = ("user_id", "ends_on")
    if user_id is None:
        yield from in_days(rows, "ends_on", [(first, after)], *fields)
    else:
        yield from in_pages(rows.filter(user=user_id, ends_on__range=(first, after)), *fields)


def _closes(body: str, closes: date | None) -> str:
    if closes is None:
        return _("Until when is not known here: your %(body)s account says it.") % {"body": body}
    return _("It takes it until %(day)s.") % {"day": day_words(closes)}


# --- the day after -----------------------------------------------------------------------------------------
class CeGraceBegins(Kind):
    """A cycle is over, and short or not noted as reported: what can be done, and until when."""

    key = "ce_grace_begins"
    label = gettext_lazy("After a CE deadline")
    rhythm = gettext_lazy(
        "once, on the day after the last day of a cycle, if it ended short or is not reported"
    )
    group = Group.CREDENTIALS
    _LASTS = timedelta(days=15)
    #: Rules that know no grace let a credential lapse on the very day.
    _STATUSES = CredentialHeld.KEPT | {CredentialHeld.Status.LAPSED}

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        first, last = days_near(at, until)
        first, last = first - ONE_DAY, last - ONE_DAY
        rows = kept_cycles(self._STATUSES).filter(submitted_on=None)
        if user_id is None:
            found = ending_in(rows, [(first, last)])
        else:
            found = (one for one in dates_of(rows.filter(user=user_id)) if first <= one.last_on <= last)
        for one in found:
            yield Candidate(
                subject_of(one.pk),
                one.user_id,
                one.last_on,
                0,
                one.last_on + ONE_DAY,
                one.last_on + self._LASTS,
            )

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        return {subject_of(pk): day for pk, day in last_days({id_of(one) for one in subjects}).items()}

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, CycleStanding]:
        return standings_about(reminders, at)

    def still_true(self, reminder: Reminder, fact: CycleStanding, *, at: datetime) -> Reason | None:
        if last_day(fact.cycle) != reminder.due_on:
            return Reason.MOVED
        if not fact.credentials:
            return Reason.RETIRED
        if fact.cycle.submitted_on is not None or fact.standing.required is None:
            return Reason.DONE
        return Reason.DONE if fact.standing.is_met and _last_chance(fact) is None else None

    def context(self, reminder: Reminder, fact: CycleStanding, *, at: datetime) -> dict[str, str]:
        met, short = fact.standing.is_met, ceus(fact.standing.fewest)
        return {
            **cycle_values(reminder, fact),
            "headline": _("is it reported?") if met else _("%(ceus)s short") % {"ceus": short},
            "standing_sentence": fact.sentence,
            "what_now": _what_now(fact),
            "still_counts": "" if met else _still_counts(fact),
            "extension_sentence": "" if met else _extension(fact),
            "url": cycle_url(fact, RENEWAL),
            "why": because_held(fact.names),
        }

    def sample_context(self) -> dict[str, str]:
        return {
            **cycle_sample(),
            "headline": "8 CEUs short",
            "standing_sentence": "8 CEUs short, over for 1 day.",
            "what_now": (
                "AAPC gives 30 days of grace: the credential can be saved until Fri 30 Apr 2027. "
                "Ask AAPC what it wants to see by then."
            ),
            "still_counts": "What you completed up to Wed 31 Mar 2027 still counts when you enter it now.",
            "extension_sentence": (
                "An extension costs $50. When the body gives you more time, save the new last day on the "
                "page of the cycle: the reminders then follow it."
            ),
            "url": absolute(f"/credentials/cycles/1/{RENEWAL}"),
            "why": because_held("CPC"),
        }


def _grace_until(of: CycleStanding) -> date | None:
    """The last day of grace, where the rules know it and it is not over."""
    days = of.rule.grace.days if of.rule else None
    until = last_day(of.cycle) + timedelta(days=days) if days else None
    return until if until is not None and until >= of.on else None


def _last_chance(of: CycleStanding) -> date | None:
    """Until when a report is still taken, as far as the rules know."""
    closes = window_of(of)[1]
    days = [day for day in (_grace_until(of), closes) if day is not None and day >= of.on]
    return max(days, default=None)


def _what_now(of: CycleStanding) -> str:
    body, grace, closes = of.cycle.body.short, _grace_until(of), _last_chance(of)
    if of.standing.is_met:
        assert closes is not None  # else it is done
        return _(
            "Everything is there, and here it is not noted as reported. If it is, save the day; if not, "
            "report it to %(body)s by %(day)s."
        ) % {"body": body, "day": day_words(closes)}
    if grace is None:
        return _(
            "Whether %(body)s gives days of grace is not known here. Ask there today what is still possible."
        ) % {"body": body}
    days = (grace - last_day(of.cycle)).days
    return ngettext(
        "%(body)s gives %(n)d day of grace: the credential can be saved until %(day)s. Ask %(body)s what it "
        "wants to see by then.",
        "%(body)s gives %(n)d days of grace: the credential can be saved until %(day)s. Ask %(body)s what it "
        "wants to see by then.",
        days,
    ) % {"body": body, "n": days, "day": day_words(grace)}


def _still_counts(of: CycleStanding) -> str:
    return _("What you completed up to %(day)s still counts when you enter it now.") % {
        "day": day_words(last_day(of.cycle))
    }


def _extension(of: CycleStanding) -> str:
    more = _(
        "When the body gives you more time, save the new last day on the page of the cycle: the reminders "
        "then follow it."
    )
    fee = of.rule.extension.fee if of.rule else None
    if fee is None:
        return more
    return _("An extension costs $%(fee)s. %(more)s") % {"fee": amount(fee), "more": more}
