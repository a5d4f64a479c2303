"""How people's cycles stand: the rows of their ledgers read once, the arithmetic in ``standing``."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

from django.db.models import F, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from courses.credentials.models import (
    CourseApproval,
    CredentialChange,
    CredentialHeld,
    Credit,
    CreditPlacement,
    Cycle,
    Evidence,
    EvidenceReview,
    RuleSet,
)
from courses.credentials.pace import Pace, pace
from courses.credentials.rules import ZERO, Rule
from courses.credentials.standing import (
    Earned,
    Held,
    Lack,
    Standing,
    Verdict,
    WhyNot,
    claimable,
    least,
    standing,
    what_if,
)

#: Days for which a cycle that is over is told in days; later its date says more.
_JUST_OVER = 60


class NextKind(StrEnum):
    """What a person can do for a cycle."""

    ADD_INDEX_NUMBER = "add_index_number"
    MEND_RETURNED = "mend_returned"
    MOVE_HERE = "move_here"
    ADD_EVIDENCE = "add_evidence"
    EARN = "earn"


@dataclass(frozen=True)
class NextAction:
    """One thing to do for a cycle: the words, and the page where it is done."""

    kind: NextKind
    text: str
    url_name: str = ""
    args: tuple[int, ...] = ()
    #: Numbers of the activities that it is about.
    credits: tuple[int, ...] = ()

    @property
    def url(self) -> str:
        return reverse(self.url_name, args=self.args) if self.url_name else ""


@dataclass(frozen=True)
class CycleStanding:
    """A cycle, the credentials that count in it, and how it stands ``on`` a day."""

    cycle: Cycle
    credentials: list[CredentialHeld]
    standing: Standing
    on: date
    rule: Rule | None = None
    #: The rows that ``standing`` was made from, in the order of its verdicts, and what it took them for.
    credits: tuple[Credit, ...] = ()
    earned: tuple[Earned, ...] = ()
    #: Numbers of activities without a file that proves them.
    unproven: frozenset[int] = frozenset()

    @property
    def names(self) -> str:
        """The credentials by their abbreviations."""
        return ", ".join(str(one.certification) for one in self.credentials)

    @property
    def days_left(self) -> int:
        return self.standing.days_left

    @property
    def sentence(self) -> str:
        return sentence(self)

    @cached_property
    def pace(self) -> Pace:
        """Whether CEUs come fast enough."""
        return pace(self.standing, self.cycle.period, self.earned, self.on)

    @property
    def least(self) -> tuple[Lack, ...]:
        """The fewest further CEUs that complete it."""
        return least(self.standing)

    @property
    def next_actions(self) -> list[NextAction]:
        return next_actions(self)

    @property
    def counting(self) -> list[tuple[Credit, Verdict]]:
        """The activities that have to do with this cycle, the newest first, and what becomes of each."""
        pairs = zip(self.credits, self.standing.verdicts, strict=True)
        return [(credit, v) for credit, v in pairs if v.why_not is not WhyNot.OUT_OF_PERIOD]

    def what_if(self, extra: Earned) -> tuple[Standing, Standing]:
        """How it stands now, and how it would with one more activity."""
        return what_if(
            self.rule,
            held_of(self.credentials),
            self.earned,
            self.cycle.period,
            self.on,
            extra,
            required=self.cycle.required_override,
            extended_until=self.cycle.extended_until,
        )


@dataclass(frozen=True)
class Counting:
    """What an activity counts for in one cycle, and the words for it."""

    of: CycleStanding
    verdict: Verdict
    text: str


def amount(number: Decimal) -> str:
    """CEUs as people write them: 6, 6.5, 0.25."""
    return f"{number.normalize():f}"


def ceus(number: Decimal) -> str:
    """An amount with its unit: 1 CEU, 2.5 CEUs."""
    return ngettext("%(n)s CEU", "%(n)s CEUs", 1 if number == 1 else 2) % {"n": amount(number)}


def sentence(of: CycleStanding) -> str:
    """What is missing and by when, in one sentence."""
    now = of.standing
    if now.required is None:
        what = _("%(earned)s CEUs recorded; what the body asks is not known") % {"earned": amount(now.earned)}
    elif now.is_met:
        what = _("%(earned)s of %(required)s CEUs recorded, nothing is short") % {
            "earned": amount(now.earned),
            "required": amount(now.required),
        }
    else:
        what = _short(now)
    parts = [what]
    if not now.is_met:
        parts += _waiting(of)
    return _("%(what)s, %(when)s.") % {"what": ", ".join(parts), "when": _when(of)}


def _short(now: Standing) -> str:
    """The fewest CEUs that are still needed, and in which parts of the requirement."""
    words = {"n": amount(now.fewest)}
    plural = 1 if now.fewest == 1 else 2
    needed: dict[str, Decimal] = {}
    for lack in now.lacks:
        for bucket in lack.parts:
            needed[bucket.key] = needed.get(bucket.key, ZERO) + lack.ceus
    match [(bucket.title, needed[bucket.key]) for bucket in now.buckets if bucket.key in needed]:
        case []:
            return ngettext("%(n)s CEU short", "%(n)s CEUs short", plural) % words
        case [(title, short)] if short == now.fewest and " " not in title:
            words["part"] = title.lower()
            return ngettext("%(n)s %(part)s CEU short", "%(n)s %(part)s CEUs short", plural) % words
        case [(title, short)] if short == now.fewest:
            words["part"] = title
            return ngettext("%(n)s CEU short in “%(part)s”", "%(n)s CEUs short in “%(part)s”", plural) % words
        case several:
            parts = [_("%(n)s in “%(part)s”") % {"n": amount(n), "part": title} for title, n in several]
            words["parts"] = _(" and ").join(parts)
            return (
                ngettext("%(n)s CEU short, of it %(parts)s", "%(n)s CEUs short, of them %(parts)s", plural)
                % words
            )


def _waiting(of: CycleStanding) -> list[str]:
    """What would count if the person mended it."""
    parts = []
    if lacking := _sum(_without_number(of)):
        text = ngettext(
            "%(ceus)s waits for an index number",
            "%(ceus)s wait for an index number",
            1 if lacking == 1 else 2,
        )
        parts.append(text % {"ceus": ceus(lacking)})
    if returned := _sum(_refused(of, WhyNot.RETURNED)):
        text = ngettext("%(ceus)s was returned", "%(ceus)s were returned", 1 if returned == 1 else 2)
        parts.append(text % {"ceus": ceus(returned)})
    return parts


def _sum(pairs: Iterable[tuple[Credit, Verdict]]) -> Decimal:
    return sum((verdict.stated for _credit, verdict in pairs), ZERO)


def _refused(of: CycleStanding, reason: WhyNot) -> list[tuple[Credit, Verdict]]:
    return [(credit, verdict) for credit, verdict in of.counting if verdict.why_not is reason]


def _without_number(of: CycleStanding) -> list[tuple[Credit, Verdict]]:
    """Activities whose index number the person can still give: ours have one when the body approved them."""
    return [
        (credit, verdict)
        for credit, verdict in _refused(of, WhyNot.NO_INDEX_NUMBER)
        if credit.source != Credit.Source.OUR_COURSE
    ]


def _when(of: CycleStanding) -> str:
    days_left, cycle = of.days_left, of.cycle
    if days_left < -_JUST_OVER:
        return _("ended on %(day)s") % {"day": date_format(_last_day(cycle), "j M Y")}
    if days_left < 0:
        return ngettext("over for %(n)d day", "over for %(n)d days", -days_left) % {"n": -days_left}
    if days_left == 0:
        return _("today is the last day")
    left = ngettext("%(n)d day left", "%(n)d days left", days_left) % {"n": days_left}
    if cycle.extended_until is not None and of.on > cycle.due_on:
        return _("%(left)s of the extension") % {"left": left}
    return left


def next_actions(of: CycleStanding) -> list[NextAction]:
    """What the person can do for the cycle: what mends an activity first, then what must still be earned."""
    found = []
    if lacking := _without_number(of):
        found.append(
            _about(
                NextKind.ADD_INDEX_NUMBER,
                lacking,
                _("Add the index number of %(what)s: %(ceus)s wait for it."),
            )
        )
    if returned := _refused(of, WhyNot.RETURNED):
        found.append(
            _about(NextKind.MEND_RETURNED, returned, _("Mend %(what)s, which a reviewer returned: %(ceus)s."))
        )
    if not of.standing.is_met:
        if elsewhere := _movable(of):
            found.append(
                _about(
                    NextKind.MOVE_HERE,
                    elsewhere,
                    _("%(what)s may count in this cycle instead of the one beside it: %(ceus)s."),
                )
            )
        for lack in of.least:
            found.append(NextAction(NextKind.EARN, _earn(lack), "credentials:add_credit"))
    bare = [(c, v) for c, v in of.counting if v.ceus and c.pk in of.unproven]
    if bare and of.rule is not None and "certificate" in of.rule.evidence_fields:
        found.append(_about(NextKind.ADD_EVIDENCE, bare, _("Add the certificate of %(what)s: %(ceus)s.")))
    return found


def _about(kind: NextKind, pairs: Sequence[tuple[Credit, Verdict]], text: str) -> NextAction:
    """An action about activities: about one by its title, on its page; about more by their number."""
    first = pairs[0][0]
    what = _("“%(title)s”") % {"title": first.detail.title}
    if len(pairs) > 1:
        what = ngettext("%(n)d activity", "%(n)d activities", len(pairs)) % {"n": len(pairs)}
    total = sum((verdict.ceus or verdict.stated for _credit, verdict in pairs), ZERO)
    return NextAction(
        kind,
        text % {"what": what, "ceus": ceus(total)},
        "credentials:credit" if len(pairs) == 1 else "credentials:activities",
        (first.pk,) if len(pairs) == 1 else (),
        tuple(credit.pk for credit, _verdict in pairs),
    )


def _movable(of: CycleStanding) -> list[tuple[Credit, Verdict]]:
    """Activities of days beside the cycle that would help here if the person put them into it."""
    period, found = of.cycle.period, []
    for credit, one, verdict in zip(of.credits, of.earned, of.standing.verdicts, strict=True):
        if verdict.why_not is WhyNot.OUT_OF_PERIOD and claimable(
            of.rule, period, one.completed_on, extended_until=of.cycle.extended_until
        ):
            before, after = of.what_if(replace(one, placed=period))
            if after.fewest < before.fewest:
                found.append((credit, verdict))
    return found


def _earn(lack: Lack) -> str:
    if not lack.parts:
        return _("Earn %(ceus)s of any kind.") % {"ceus": ceus(lack.ceus)}
    parts = _at_once(bucket.title for bucket in lack.parts)
    return _("Earn %(ceus)s in %(parts)s.") % {"ceus": ceus(lack.ceus), "parts": parts}


def explain(cycles: Iterable[CycleStanding]) -> dict[int, list[Counting]]:
    """What each activity counts for, by its number: a line for every cycle that it has to do with."""
    found: dict[int, list[Counting]] = defaultdict(list)
    for of in cycles:
        for credit, verdict in of.counting:
            found[credit.pk].append(Counting(of, verdict, verdict_text(of, credit, verdict)))
    return dict(found)


def verdict_text(of: CycleStanding, credit: Credit, verdict: Verdict) -> str:
    """What an activity counts for in a cycle and what of it does not, in a sentence or two."""
    words = []
    if verdict.ceus:
        words.append(
            _("%(ceus)s for %(names)s%(parts)s.")
            % {"ceus": ceus(verdict.ceus), "names": of.names, "parts": _parts(of, verdict)}
        )
    if verdict.why_not is not None:
        words.append(_why_not(of, credit, verdict))
    return " ".join(words)


def _parts(of: CycleStanding, verdict: Verdict) -> str:
    """Which parts it fills: those that the same CEUs fill are named together."""
    titles = {bucket.key: bucket.title for bucket in of.standing.buckets}
    told = [
        _("%(n)s in %(parts)s")
        % {"n": amount(piece.ceus), "parts": _at_once(titles[key] for key in piece.keys)}
        for piece in verdict.pieces
    ]
    return ": " + ", ".join(told) if told else ""


def _at_once(titles: Iterable[str]) -> str:
    return _(" and at once in ").join(_("“%(part)s”") % {"part": title} for title in titles)


def _why_not(of: CycleStanding, credit: Credit, verdict: Verdict) -> str:
    body, rest = of.cycle.body.short, ceus(verdict.stated - verdict.ceus)
    match verdict.why_not:
        case WhyNot.NO_INDEX_NUMBER if credit.source == Credit.Source.OUR_COURSE:
            return _("%(body)s has given this course no index number, so it does not count there.") % {
                "body": body
            }
        case WhyNot.NO_INDEX_NUMBER:
            return _("Waits for an index number: without one %(body)s counts nothing.") % {"body": body}
        case WhyNot.RETURNED:
            return _("A reviewer returned it; it counts again when you have mended it.")
        case WhyNot.BEFORE_CERTIFICATION:
            return _("Completed before you were certified.")
        case WhyNot.OTHER_PERIOD:
            return _("You put it into another cycle.")
        case WhyNot.OUT_OF_PERIOD:
            return _("Not in the days of this cycle.")
        case WhyNot.TOO_SHORT if verdict.ceus:
            return _("%(body)s counts by the minutes and leaves out %(rest)s.") % {
                "body": body,
                "rest": rest,
            }
        case WhyNot.TOO_SHORT:
            return _("Too short to earn a CEU with %(body)s.") % {"body": body}
        case WhyNot.OVER_CAP:
            kinds = {cap.activity: cap.title for cap in of.standing.caps}
            words = {"rest": rest, "kind": kinds[credit.activity]}
            return _("%(rest)s over the limit of “%(kind)s”.") % words
        case None:
            return ""


@dataclass
class _Ledgers:
    """What the ledgers of some people say, read in a constant number of queries."""

    credits: dict[int, list[Credit]] = field(default_factory=lambda: defaultdict(list))
    earned: dict[int, Earned] = field(default_factory=dict)
    unproven: set[int] = field(default_factory=set)
    #: By course and body.
    approvals: dict[tuple[int, int], list[CourseApproval]] = field(default_factory=dict)


def _read(people: Sequence[int]) -> _Ledgers:
    """Four queries: credits with words and places, reviews, files, approvals of our courses."""
    found = _Ledgers()
    mine = {"credit__ledger__user__in": people}
    reviews: dict[int, tuple[str, datetime]] = {}
    for pk, verdict, reviewed_at in (
        EvidenceReview.objects.filter(**mine)
        .order_by("reviewed_at", "pk")
        .values_list("credit_id", "verdict", "reviewed_at")
    ):
        reviews[pk] = (verdict, reviewed_at)
    newest: dict[int, datetime] = {}
    proven: set[int] = set()
    files = Evidence.objects.filter(**mine).annotate(is_kept=Q(removal=None))
    for pk, added_at, is_kept in files.values_list("credit_id", "added_at", "is_kept"):
        if is_kept:  # what was taken out again answers no review
            newest[pk] = max(added_at, newest.get(pk, added_at))
            proven.add(pk)
    courses: set[int] = set()
    rows = Credit.objects.filter(ledger__user__in=people).standing().annotate(person=F("ledger__user"))
    rows = rows.select_related("detail__course_completion", "placement__cycle")
    for credit in rows.defer("detail__proof", "detail__salt", "detail__reason"):
        found.credits[credit.person].append(credit)  # type: ignore[attr-defined]  # annotated above
        verdict, reviewed_at = reviews.get(credit.pk, ("", credit.recorded_at))
        is_returned = verdict == EvidenceReview.Verdict.RETURNED and not (
            credit.pk in newest and newest[credit.pk] > reviewed_at
        )
        found.earned[credit.pk] = earned_of(credit, returned=is_returned)
        if credit.detail.course_completion is not None:
            courses.add(credit.detail.course_completion.course_id)
        elif credit.pk not in proven:
            found.unproven.add(credit.pk)
    by_place: dict[tuple[int, int], list[CourseApproval]] = defaultdict(list)
    if courses:
        for approval in CourseApproval.objects.filter(course__in=courses).order_by("valid_from"):
            by_place[approval.course_id, approval.body_id].append(approval)
    found.approvals = by_place
    return found


def earned_of(credit: Credit, *, returned: bool = False) -> Earned:
    """A row of the ledger with its words as the engine takes it, before any body has its say."""
    return Earned(
        credit.completed_on,
        credit.ceus,
        frozenset(credit.topics),
        credit.detail.provider,
        key=str(credit.pk),
        kind=credit.activity,
        minutes=credit.minutes,
        is_stated=credit.is_stated,
        index_number=credit.detail.index_number,
        returned=returned,
    )


def _in_cycle(credit: Credit, one: Earned, cycle: Cycle, rule: Rule | None, ledgers: _Ledgers) -> Earned:
    """The activity as the body of ``cycle`` sees it: with its approval of our course, and its period.

    A choice of a period that cannot have the day any more, because its dates were corrected, is no choice.
    """
    changes: dict[str, Any] = {}
    placement: CreditPlacement | None = getattr(credit, "placement", None)
    if placement is not None and placement.cycle.body_id == cycle.body_id:
        chosen = placement.cycle
        if claimable(rule, chosen.period, credit.completed_on, extended_until=chosen.extended_until):
            changes["placed"] = chosen.period
    completion = credit.detail.course_completion
    if completion is not None:
        changes["index_number"] = ""  # the row holds that of one body, which says nothing to the others
        for approval in ledgers.approvals.get((completion.course_id, cycle.body_id), ()):
            if approval.valid_from <= credit.completed_on and (
                approval.valid_until is None or credit.completed_on <= approval.valid_until
            ):
                changes["index_number"] = approval.index_number
                changes["topics"] = one.topics | frozenset(approval.topics)
                changes["ceus"] = approval.ceus or one.ceus
    return replace(one, **changes) if changes else one


def held_of(credentials: Iterable[CredentialHeld]) -> list[Held]:
    """Credentials as the engine takes them."""
    return [Held(one.certification.key, one.earned_on) for one in credentials]


def held_of_cycles() -> QuerySet[CredentialHeld]:
    """Credentials as the standing of cycles reads them, with ``given_up_at``: when that last was."""
    changes = CredentialChange.objects.filter(
        held=OuterRef("pk"), what="status", before__in=CredentialHeld.KEPT
    )
    last = changes.exclude(after__in=CredentialHeld.KEPT).order_by("-changed_at", "-pk")
    rows = CredentialHeld.objects.select_related("certification", "user")
    return rows.annotate(given_up_at=Subquery(last.values("changed_at")[:1]))


_HELD = Prefetch("credentials", held_of_cycles())


def _last_day(cycle: Cycle) -> date:
    return cycle.extended_until or cycle.due_on


def _counts_in(held: CredentialHeld, cycle: Cycle, on: date) -> bool:
    """Whether it is part of what the cycle asks: what was given up after a cycle was over still is."""
    if held.is_kept or on <= _last_day(cycle):
        return held.is_kept
    given_up_at: datetime | None = getattr(held, "given_up_at", None)
    return given_up_at is not None and held.user.local(given_up_at).date() > _last_day(cycle)


def standing_for_cycle(cycle: Cycle, on: date) -> CycleStanding:
    """How one cycle stands: five queries at most, and one for its rules when they were not read with it."""
    credentials = list(held_of_cycles().filter(cycles=cycle))
    return _stand(cycle, credentials, _read([cycle.user_id]), _rule(cycle), on)


def standings(user: User, on: date, *, past: bool = False) -> list[CycleStanding]:
    """The person's running cycles, what ends first before the rest: six queries, none more a cycle.

    A cycle with more time runs until that is over too. With ``past`` the ended cycles, the newest first.
    """
    rows = Cycle.objects.owned_by(user).filter(starts_on__lte=on).select_related("body")
    rows = rows.order_by("-ends_on" if past else "ends_on", "pk").prefetch_related("rule_set", _HELD)
    wanted = [cycle for cycle in rows if (on > _last_day(cycle)) == past]
    return standings_of(wanted, dict.fromkeys([user.pk], on))


def standings_of(cycles: Sequence[Cycle], on: Mapping[int, date]) -> list[CycleStanding]:
    """How these cycles stand, of one person or of many, each on its person's day: four queries.

    The cycles come with ``rule_set`` and their credentials read, by ``held_of_cycles`` where some may be
    over; a batch of some hundred fits.
    """
    ledgers = _read(sorted({cycle.user_id for cycle in cycles})) if cycles else _Ledgers()
    rules: dict[int, Rule] = {}
    found = []
    for cycle in cycles:
        rule = None
        if cycle.rule_set_id is not None:
            if cycle.rule_set_id not in rules:
                rules[cycle.rule_set_id] = _parsed(cycle.rule_set)
            rule = rules[cycle.rule_set_id]
        found.append(_stand(cycle, list(cycle.credentials.all()), ledgers, rule, on[cycle.user_id]))
    return found


def _parsed(row: RuleSet | None) -> Rule:
    assert row is not None
    return row.rule()


def _rule(cycle: Cycle) -> Rule | None:
    return None if cycle.rule_set is None else cycle.rule_set.rule()


def _stand(
    cycle: Cycle,
    credentials: list[CredentialHeld],
    ledgers: _Ledgers,
    rule: Rule | None,
    on: date,
) -> CycleStanding:
    kept = [one for one in credentials if _counts_in(one, cycle, on)]
    credits = tuple(ledgers.credits.get(cycle.user_id, ()))
    earned = tuple(_in_cycle(credit, ledgers.earned[credit.pk], cycle, rule, ledgers) for credit in credits)
    return CycleStanding(
        cycle,
        kept,
        standing(
            rule,
            held_of(kept),
            earned,
            cycle.period,
            on,
            required=cycle.required_override,
            extended_until=cycle.extended_until,
        ),
        on,
        rule,
        credits,
        earned,
        frozenset(credit.pk for credit in credits if credit.pk in ledgers.unproven),
    )
