"""The whole ledger with what each activity counts for, and what one more would change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db.models import Prefetch
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from courses.credentials.cycles import months_of
from courses.credentials.models import Credit, Cycle, Evidence, EvidenceReview
from courses.credentials.queries.standing import (
    Counting,
    CycleStanding,
    amount,
    ceus,
    earned_of,
    explain,
    held_of_cycles,
    standings_of,
    verdict_text,
)
from courses.credentials.rules import ZERO, Demand, ceus_from_minutes, demands
from courses.credentials.standing import Earned, Standing, Verdict, WhyNot, ceus_under, claimable

#: What is only tried comes after everything that is in the ledger.
_LAST_KEY = "9" * 18


@dataclass(frozen=True)
class BodyParts:
    """The parts of a body's requirement that an activity can be said to be about."""

    key: str
    name: str
    demands: Sequence[Demand]


@dataclass(frozen=True)
class Book:
    """A person's cycles, over and running, and what each activity of the ledger counts for in them."""

    on: date
    #: What ends last comes first.
    cycles: Sequence[CycleStanding]
    counts: Mapping[int, Sequence[Counting]]

    @property
    def running(self) -> list[CycleStanding]:
        """Cycles that hold today, what ends first before the rest."""
        now = [of for of in self.cycles if of.cycle.starts_on <= self.on and of.days_left >= 0]
        return sorted(now, key=lambda of: of.days_left)

    @property
    def newest(self) -> list[CycleStanding]:
        """The running cycle of each body, or the last that it had."""
        found: dict[int, CycleStanding] = {}
        for of in [*self.running, *self.cycles]:
            found.setdefault(of.cycle.body_id, of)
        return list(found.values())

    def parts(self) -> list[BodyParts]:
        """What can be ticked: the parts in force for what is held, without those that a name decides."""
        return [BodyParts(of.cycle.body.key, of.cycle.body.short, _tickable(of)) for of in self.newest]

    def claiming(self, day: date) -> list[CycleStanding]:
        """Cycles in which an activity of that day may count, be it by choice."""
        return [
            of
            for of in self.cycles
            if claimable(of.rule, of.cycle.period, day, extended_until=of.cycle.extended_until)
        ]


def _tickable(of: CycleStanding) -> list[Demand]:
    return [one for one in _demands(of) if not one.bucket.by_provider]


def _demands(of: CycleStanding) -> Sequence[Demand]:
    if of.rule is None:
        return ()
    keys = {one.certification.key for one in of.credentials}
    return demands(of.rule, keys, of.standing.required, months_of(of.cycle.period))


def book_of(user: User, on: date) -> Book:
    """Everything read once: eight queries, whatever the ledger holds."""
    held = Prefetch("credentials", held_of_cycles())
    rows = Cycle.objects.owned_by(user).select_related("body").order_by("-ends_on", "pk")
    cycles = standings_of(list(rows.prefetch_related("rule_set", held)), {user.pk: on})
    return Book(on, cycles, explain(cycles))


# --- the lines of the ledger -------------------------------------------------------------------------


class RowState(StrEnum):
    """How it is about an activity; the first that is true."""

    WITHDRAWN = "withdrawn"
    RETURNED = "returned"
    COUNTS = "counts"
    NOT = "not"


@dataclass(frozen=True)
class Row:
    """An activity of the ledger, what it counts for, and whether a file proves it."""

    credit: Credit
    counts: Sequence[Counting]
    state: RowState
    #: A course of ours needs no file.
    is_proven: bool
    review: EvidenceReview | None = None

    @property
    def bodies(self) -> set[str]:
        return {one.of.cycle.body.key for one in self.counts}


def rows_of(user: User, book: Book) -> list[Row]:
    """Every activity that was ever entered, the newest first: three queries."""
    mine = Credit.objects.owned_by(user).filter(kind=Credit.Kind.AWARD)
    credits = mine.select_related("detail", "reversal__detail").order_by("-completed_on", "-pk")
    proven = set(
        Evidence.objects.filter(credit__ledger__user=user, removal=None).values_list("credit_id", flat=True)
    )
    reviews: dict[int, EvidenceReview] = {}
    for review in EvidenceReview.objects.filter(credit__ledger__user=user).order_by("reviewed_at", "pk"):
        reviews[review.credit_id] = review
    return [_row(credit, book, proven, reviews) for credit in credits]


def _row(credit: Credit, book: Book, proven: set[int], reviews: Mapping[int, EvidenceReview]) -> Row:
    counts = book.counts.get(credit.pk, ())
    if hasattr(credit, "reversal"):
        state = RowState.WITHDRAWN
    elif any(one.verdict.why_not is WhyNot.RETURNED for one in counts):
        state = RowState.RETURNED
    elif any(one.verdict.ceus for one in counts):
        state = RowState.COUNTS
    else:
        state = RowState.NOT
    is_proven = credit.source == Credit.Source.OUR_COURSE or credit.pk in proven
    return Row(credit, counts, state, is_proven, reviews.get(credit.pk))


@dataclass(frozen=True)
class Sums:
    """What some lines of the ledger come to; what was withdrawn is not in it."""

    activities: int
    ceus: Decimal
    #: CEUs that count, by the name of the body.
    counting: Sequence[tuple[str, Decimal]]


def sums_of(rows: Iterable[Row], *, cycle: int | None = None) -> Sums:
    """The sums of ``rows``; with ``cycle`` only what counts in that cycle is summed by body."""
    standing = [row for row in rows if row.state is not RowState.WITHDRAWN]
    by_body: dict[str, Decimal] = {}
    for row in standing:
        for one in row.counts:
            if cycle is None or one.of.cycle.pk == cycle:
                name = one.of.cycle.body.short
                by_body[name] = by_body.get(name, ZERO) + one.verdict.ceus
    total = sum((row.credit.ceus for row in standing), ZERO)
    return Sums(len(standing), total, sorted(by_body.items()))


# --- one activity traced -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """A period that an activity may count in, and whether it does."""

    of: CycleStanding
    is_chosen: bool


@dataclass(frozen=True)
class Traced:
    """How a body comes to its figure of an activity."""

    of: CycleStanding
    verdict: Verdict
    text: str
    arithmetic: str


def traced(credit: Credit, book: Book) -> list[Traced]:
    """Every figure of an activity, by the cycles that it has to do with."""
    found = []
    for of in book.cycles:
        for row, one, verdict in zip(of.credits, of.earned, of.standing.verdicts, strict=True):
            if row.pk == credit.pk and verdict.why_not is not WhyNot.OUT_OF_PERIOD:
                found.append(Traced(of, verdict, verdict_text(of, row, verdict), arithmetic(of, one, row)))
    return found


def choices_of(credit: Credit, book: Book) -> list[list[Choice]]:
    """For each body where the person decides: the periods that may claim the activity, the earlier first.

    One alone is a choice too when it does not hold the day: the period that does may be from before the
    portal, and an activity counts in one of the two.
    """
    by_body: dict[int, list[CycleStanding]] = {}
    for of in book.claiming(credit.completed_on):
        by_body.setdefault(of.cycle.body_id, []).append(of)
    placement = getattr(credit, "placement", None)
    found = []
    for several in by_body.values():
        if len(several) < 2 and credit.completed_on in several[0].cycle.period:
            continue
        placed = {
            of.cycle.pk for of in several if placement is not None and placement.cycle_id == of.cycle.pk
        }
        own = {of.cycle.pk for of in several if credit.completed_on in of.cycle.period}
        ordered = sorted(several, key=lambda of: of.cycle.starts_on)
        found.append([Choice(of, of.cycle.pk in (placed or own)) for of in ordered])
    return found


def arithmetic(of: CycleStanding, one: Earned, credit: Credit) -> str:
    """How minutes, a certificate or a course of ours become the CEUs that the body of ``of`` sees."""
    says = _("The certificate states %(ceus)s.")
    if credit.source == Credit.Source.OUR_COURSE:
        says = _("The course carries %(ceus)s.")
    stated = says % {"ceus": ceus(one.ceus)}
    if of.rule is None or one.minutes is None:
        return stated
    made = ceus_from_minutes(one.minutes, of.rule)
    if made is None:
        return _("%(stated)s How %(body)s counts minutes is not known.") % {
            "stated": stated,
            "body": of.cycle.body.short,
        }
    from_minutes = _from_minutes(of, one.minutes, made)
    if not one.is_stated:
        return from_minutes
    if ceus_under(of.rule, one) == one.ceus:
        return stated
    return f"{stated} {from_minutes}"


def _from_minutes(of: CycleStanding, minutes: int, made: Decimal) -> str:
    assert of.rule is not None
    assert of.rule.minutes_per_ceu is not None
    unit, least = of.rule.minutes_per_ceu, of.rule.min_remainder_minutes
    words = {"minutes": minutes, "unit": unit, "ceus": ceus(made), "least": least}
    if least is None:
        return _("%(minutes)d min at %(unit)d min a CEU are %(ceus)s.") % words
    rest = minutes % unit
    if not rest:
        return _("%(minutes)d min at %(unit)d min a CEU are %(ceus)s.") % words
    words["rest"] = rest
    if rest < least:
        return (
            _("%(minutes)d min are %(ceus)s: the %(rest)d min over are under %(least)d and earn nothing.")
            % words
        )
    return (
        _("%(minutes)d min are %(ceus)s: the %(rest)d min over are %(least)d or more and count as one.")
        % words
    )


# --- one more activity -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Effect:
    """What one more activity would do for a cycle."""

    of: CycleStanding
    before: Standing
    after: Standing
    verdict: Verdict
    text: str
    arithmetic: str

    @property
    def is_whole(self) -> bool:
        return self.verdict.ceus > 0 and self.verdict.why_not is None

    @property
    def parts(self) -> list[tuple[str, Decimal, Decimal, Decimal]]:
        """Each part by its title: CEUs in it now, with the activity, and as asked."""
        pairs = zip(self.before.buckets, self.after.buckets, strict=True)
        return [(now.title, now.earned, then.earned, now.required) for now, then in pairs]

    @property
    def change(self) -> str:
        """How much less is short then."""
        before, after = self.before.fewest, self.after.fewest
        if self.before.required is None or before == after:
            return ""
        if not after and self.after.is_met:
            return _("%(before)s CEUs are short now, none with it.") % {"before": amount(before)}
        return _("%(before)s CEUs are short now, %(after)s with it.") % {
            "before": amount(before),
            "after": amount(after),
        }


@dataclass(frozen=True)
class Preview:
    """Where an activity would count, what to know before it is entered, and what would make it count more."""

    effects: Sequence[Effect]
    cautions: Sequence[str]
    hints: Sequence[str]

    @property
    def counts(self) -> bool:
        return any(effect.verdict.ceus for effect in self.effects)

    @property
    def headline(self) -> str:
        """Where it counts, in one sentence."""
        told = []
        for effect in self.effects:
            if not effect.verdict.ceus:
                continue
            words = {
                "n": amount(effect.verdict.ceus),
                "all": amount(effect.verdict.stated),
                "names": effect.of.names,
                "body": effect.of.cycle.body.short,
            }
            whole = effect.verdict.ceus == effect.verdict.stated
            told.append(
                (
                    _("%(n)s for %(names)s (%(body)s)")
                    if whole
                    else _("%(n)s of %(all)s for %(names)s (%(body)s)")
                )
                % words
            )
        if not told:
            return _("It would not count anywhere.")
        return _("Counts %(where)s.") % {"where": _(", ").join(told)}


def effect_of(of: CycleStanding, credit: Credit, extra: Earned) -> Effect:
    """What ``extra`` would do for the cycle; ``credit`` holds its words and is not saved."""
    before, after = of.what_if(extra)
    verdict = after.verdicts[-1]
    return Effect(
        of, before, after, verdict, verdict_text(of, credit, verdict), arithmetic(of, extra, credit)
    )


def preview(book: Book, credit: Credit, *, by_body: Mapping[int, Mapping[str, Any]] | None = None) -> Preview:
    """What entering an activity would change; reads nothing further and writes nothing.

    ``credit`` is the row with its words as it would be, not saved; ``by_body`` what a body (by its number)
    sees otherwise.
    """
    extra = replace(earned_of(credit), key=_LAST_KEY)
    claiming = book.claiming(extra.completed_on)
    effects = [
        effect_of(of, credit, replace(extra, **(by_body or {}).get(of.cycle.body_id, {}))) for of in claiming
    ]
    effects = [one for one in effects if one.verdict.why_not is not WhyNot.OUT_OF_PERIOD]
    effects.sort(key=lambda one: (one.of.days_left < 0, one.of.days_left))
    is_ours = credit.source == Credit.Source.OUR_COURSE  # what it is about is the bodies' word
    hints = [] if is_ours else _hints(effects, extra)
    return Preview(effects, _cautions(book, credit, extra, claiming), hints)


def _cautions(book: Book, credit: Credit, extra: Earned, claiming: Sequence[CycleStanding]) -> list[str]:
    found = []
    if there := _already_there(book, credit):
        found.append(there)
    for of in book.newest:
        several = [one for one in claiming if one.cycle.body_id == of.cycle.body_id]
        if not several:
            found.append(_("No cycle of yours at %(body)s holds this day.") % {"body": of.cycle.body.short})
        elif extra.completed_on not in several[0].cycle.period and len(several) == 1:
            words = {
                "body": of.cycle.body.short,
                "first": date_format(several[0].cycle.starts_on, "j M Y"),
                "last": date_format(several[0].cycle.due_on, "j M Y"),
            }
            found.append(
                _(
                    "At %(body)s the cycle of %(first)s to %(last)s may claim this day if no other did: "
                    "choose it on the page of the activity."
                )
                % words
            )
        elif len(several) > 1:
            own = next((one for one in several if extra.completed_on in one.cycle.period), several[0])
            other = next(one for one in several if one is not own)
            found.append(
                _(
                    "At %(body)s this day may also go to the cycle of %(first)s to %(last)s: "
                    "choose it on the page of the activity."
                )
                % {
                    "body": of.cycle.body.short,
                    "first": date_format(other.cycle.starts_on, "j M Y"),
                    "last": date_format(other.cycle.due_on, "j M Y"),
                }
            )
    return found


def _already_there(book: Book, credit: Credit) -> str:
    """That the ledger seems to hold the activity: the action decides, this says so before."""
    number, title = _plain(credit.detail.index_number), _plain(credit.detail.title)
    for of in book.newest[:1]:
        for row in of.credits:
            words = {"title": row.detail.title, "day": date_format(row.completed_on, "j M Y")}
            if number and _plain(row.detail.index_number) == number:
                return _("This index number is in your ledger: “%(title)s” of %(day)s.") % words
            if title and _plain(row.detail.title) == title and row.completed_on == credit.completed_on:
                return _("“%(title)s” of %(day)s is in your ledger already.") % words
    return ""


def _plain(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _hints(effects: Sequence[Effect], extra: Earned) -> list[str]:
    """Parts that are short and would be filled if the activity was about them."""
    found = []
    for effect in effects:
        if not effect.verdict.ceus:
            continue
        short = {bucket.key: bucket for bucket in effect.before.short_buckets}
        for demand in _demands(effect.of):
            if demand.bucket.by_provider:
                if demand.key in short and extra.provider and not demand.bucket.enters_by(extra.provider):
                    found.append(_name_it(demand, effect.of))
            elif demand.key in short and not extra.topics & demand.topics:
                if not demand.bucket.admits_provider(extra.provider):
                    continue
                found.append(
                    _("“%(part)s” is %(n)s short at %(body)s: tick it if the activity was about that.")
                    % {
                        "part": demand.title,
                        "n": amount(short[demand.key].short),
                        "body": effect.of.cycle.body.short,
                    }
                )
    return found


def _name_it(demand: Demand, of: CycleStanding) -> str:
    """How an activity enters a part that goes by the provider's name."""
    return _(
        "“%(part)s” at %(body)s goes by the name of the provider: write %(names)s into it where that is true."
    ) % {
        "part": demand.title,
        "body": of.cycle.body.short,
        "names": _(" or ").join(_("“%(name)s”") % {"name": name} for name in demand.bucket.providers),
    }
