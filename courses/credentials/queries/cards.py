"""A person's cycles as cards: how each stands, what is next, at what pace, and what waits."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Prefetch
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from courses.credentials.cycles import Period, months_of
from courses.credentials.models import CredentialHeld, Cycle
from courses.credentials.queries.standing import (
    CycleStanding,
    NextAction,
    NextKind,
    amount,
    ceus,
    held_of_cycles,
    standings_of,
)
from courses.credentials.queries.terms import TermLine, term_lines
from courses.credentials.rules import ZERO, in_proportion, required_ceus

#: Days for which a complete cycle that ended asks to be reported.
_ASKS_TO_REPORT = 60
_WAITING = frozenset({NextKind.ADD_INDEX_NUMBER, NextKind.MEND_RETURNED, NextKind.ADD_EVIDENCE})


@dataclass(frozen=True)
class Card:
    """A cycle and all that its card says."""

    one: CycleStanding
    terms: list[TermLine]
    #: Its end is over and nobody said that it was reported.
    is_over: bool = False

    @property
    def next_steps(self) -> list[NextAction]:
        """What is to be done to fill it."""
        return [step for step in self.one.next_actions if step.kind not in _WAITING]

    @property
    def waiting(self) -> list[NextAction]:
        """What was done and waits for something."""
        return [step for step in self.one.next_actions if step.kind in _WAITING]

    @property
    def pace(self) -> str:
        return pace_words(self.one)


@dataclass(frozen=True)
class Cards:
    """All that a person holds: running cycles, ended ones not dealt with, and credentials without either."""

    running: list[Card]
    ended: list[Card]
    others: list[CredentialHeld]

    @property
    def is_empty(self) -> bool:
        return not (self.running or self.ended or self.others)


def cards(user: User, on: date) -> Cards:
    """The cards of a person, in eight queries whatever the history."""
    held = Prefetch("credentials", held_of_cycles())
    rows = Cycle.objects.owned_by(user).filter(starts_on__lte=on).select_related("body")
    wanted = [
        cycle
        for cycle in rows.order_by("ends_on", "pk").prefetch_related("rule_set", held)
        if _last_day(cycle) >= on or cycle.submitted_on is None
    ]
    running: list[Card] = []
    ended: list[Card] = []
    shown: set[int] = set()
    for one in standings_of(wanted, {user.pk: on}):
        card = Card(
            one,
            term_lines(one.cycle.rule_set) if one.cycle.rule_set else [],
            is_over=_last_day(one.cycle) < on,
        )
        kept = {held.pk for held in one.credentials if held.is_kept}
        if not kept or (card.is_over and _is_settled(one)):
            continue
        shown |= kept
        (ended if card.is_over else running).append(card)
    mine = CredentialHeld.objects.owned_by(user).select_related("certification__body")
    return Cards(running, ended, [held for held in mine if held.pk not in shown])


def _last_day(cycle: Cycle) -> date:
    return cycle.extended_until or cycle.due_on


def _is_settled(one: CycleStanding) -> bool:
    """Whether an ended cycle needs no word any more: it was complete, and the time to report it is over."""
    return one.standing.is_met and one.days_left < -_ASKS_TO_REPORT


# --- in words --------------------------------------------------------------------------------------------
def pace_words(of: CycleStanding) -> str:
    """At what rate CEUs come and when that would finish; empty when nothing is asked or left to say."""
    now, pace = of.standing, of.pace
    if now.required is None or now.days_left < 0:
        return ""
    if now.is_met:
        return ""
    if pace.a_month is None:
        return _("It is too early to say at what rate you collect.")
    if not pace.a_month:
        return _("Nothing counts yet.")
    rate = ceus(pace.a_month)
    if pace.complete_on is None:
        short = [one.title for one in pace.buckets if one.rate.is_behind and one.rate.complete_on is None]
        if short:
            return _("You collect %(rate)s a month, none of it for “%(part)s”.") % {
                "rate": rate,
                "part": short[0],
            }
        return _("You collect %(rate)s a month; at this rate you would not finish.") % {"rate": rate}
    last = of.cycle.extended_until or of.cycle.due_on
    words = {"rate": rate, "when": date_format(pace.complete_on, "F Y"), "late": ""}
    if pace.complete_on <= last:
        return _("At this rate, %(rate)s a month, you finish in %(when)s, in time.") % words
    words["late"] = _late(last, pace.complete_on)
    return _("At this rate, %(rate)s a month, you finish in %(when)s, %(late)s late.") % words


def _late(due: date, done: date) -> str:
    days = (done - due).days
    if days < 45:
        return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    months = months_of(Period(due, done + timedelta(days=1)))
    if months < 24:
        return ngettext("%(n)d month", "%(n)d months", months) % {"n": months}
    return ngettext("%(n)d year", "%(n)d years", months // 12) % {"n": months // 12}


def required_words(of: CycleStanding) -> list[str]:
    """How the number of CEUs asked for came about, step by step."""
    rule, cycle, body = of.rule, of.cycle, of.cycle.body.short
    if cycle.required_override is not None:
        return [_("%(ceus)s: you entered this number.") % {"ceus": ceus(cycle.required_override)}]
    if rule is None or of.standing.required is None:
        return [_("Nobody knows how many CEUs are asked for: enter the number that the body tells you.")]
    keys = [one.certification.key for one in of.credentials]
    absorbed = sorted(
        other.upper() for key in keys for other in rule.required.absorbs.get(key, ()) if other in keys
    )
    counted = len(keys) - len(absorbed)
    full = required_ceus(rule, keys) or ZERO
    steps = []
    if absorbed:
        steps.append(
            _("%(names)s is not counted beside a higher credential.") % {"names": ", ".join(absorbed)}
        )
    if rule.required.by_count:
        steps.append(
            ngettext(
                "%(n)d credential of %(body)s (%(names)s): %(ceus)s in a full cycle.",
                "%(n)d credentials of %(body)s (%(names)s): %(ceus)s in a full cycle.",
                counted,
            )
            % {"n": counted, "body": body, "names": of.names, "ceus": ceus(full)}
        )
    else:
        steps += _base_words(of, counted, full)
    if of.standing.reduced_to_months:
        steps.append(
            _("A first cycle of %(n)d of %(full)d months: %(sum)s, rounded up to %(ceus)s.")
            % {
                "n": of.standing.reduced_to_months,
                "full": rule.cycle_months,
                "sum": f"{amount(full)} × {of.standing.reduced_to_months} ÷ {rule.cycle_months}",
                "ceus": ceus(in_proportion(full, of.standing.reduced_to_months, rule.cycle_months)),
            }
        )
    return steps


def _base_words(of: CycleStanding, counted: int, full: Decimal) -> list[str]:
    assert of.rule is not None
    asked = of.rule.required
    known = {one.certification.key: asked.base.get(one.certification.key) for one in of.credentials}
    name, highest = max(((k, v) for k, v in known.items() if v is not None), key=lambda kv: kv[1])
    steps = [_("%(name)s asks %(ceus)s.") % {"name": name.upper(), "ceus": ceus(highest)}]
    if counted > 1 and asked.each_further:
        steps = [
            _("%(name)s asks %(ceus)s, the most of those held.")
            % {"name": name.upper(), "ceus": ceus(highest)}
        ]
        steps.append(
            _("Each further credential: %(each)s, so %(sum)s = %(all)s.")
            % {
                "each": ceus(asked.each_further),
                "sum": f"{amount(highest)} + {counted - 1} × {amount(asked.each_further)}",
                "all": amount(highest + (counted - 1) * asked.each_further),
            }
        )
        if asked.cap is not None and highest + (counted - 1) * asked.each_further > asked.cap:
            steps.append(_("Never more than %(ceus)s.") % {"ceus": ceus(asked.cap)})
    return steps


def window_of(of: CycleStanding) -> tuple[date | None, date | None]:
    """The days on which the body takes the report, as far as the rules know them."""
    if of.rule is None:
        return None, None
    opens, closes = of.rule.submission.opens_days_before, of.rule.submission.closes_days_after
    last = of.cycle.extended_until or of.cycle.due_on
    return (
        None if opens is None else of.cycle.due_on - timedelta(days=opens),
        None if closes is None else last + timedelta(days=closes),
    )
