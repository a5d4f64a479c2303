"""What a person's papers say: the transcript of a range of days, the pre-check, and what goes into a packet.

All of it is read in a constant number of queries, whatever the history.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from django.conf import settings
from django.db.models import Max, Min, Prefetch, Q
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from courses.catalog.models import Body
from courses.credentials.models import (
    Certificate,
    Credit,
    Cycle,
    Evidence,
    EvidenceReview,
    Ledger,
    LedgerLink,
    Packet,
)
from courses.credentials.precheck import Finding, Gap, Precheck, Row, precheck
from courses.credentials.queries.standing import CycleStanding, held_of_cycles, standings_of
from courses.credentials.rules import ZERO
from courses.credentials.standing import WhyNot

#: What a gap is called.
GAPS = {
    Gap.TITLE: gettext_lazy("the title is missing"),
    Gap.PROVIDER: gettext_lazy("the provider is missing"),
    Gap.DATE: gettext_lazy("the day is missing"),
    Gap.MINUTES: gettext_lazy("the minutes are missing"),
    Gap.CEUS: gettext_lazy("the CEUs are missing"),
    Gap.INDEX_NUMBER: gettext_lazy("the index number is missing"),
    Gap.CERTIFICATE: gettext_lazy("no certificate is attached"),
    Gap.RETURNED: gettext_lazy("a reviewer returned it"),
}
#: What a rule asks for, as the pre-check lists it.
FIELDS = {
    Gap.TITLE: gettext_lazy("title"),
    Gap.PROVIDER: gettext_lazy("provider"),
    Gap.DATE: gettext_lazy("day"),
    Gap.MINUTES: gettext_lazy("minutes"),
    Gap.CEUS: gettext_lazy("CEUs"),
    Gap.INDEX_NUMBER: gettext_lazy("index number"),
    Gap.CERTIFICATE: gettext_lazy("certificate"),
}
#: Why an activity does not count with a body. These are not claimed, so nobody asks for their papers.
WHY_NOT = {
    WhyNot.OUT_OF_PERIOD: gettext_lazy("its day is in no cycle"),
    WhyNot.BEFORE_CERTIFICATION: gettext_lazy("it was completed before certification"),
    WhyNot.NO_INDEX_NUMBER: gettext_lazy("it has no index number"),
    WhyNot.RETURNED: gettext_lazy("a reviewer returned it"),
    WhyNot.OVER_CAP: gettext_lazy("the limit for this kind of activity is reached"),
    WhyNot.OTHER_PERIOD: gettext_lazy("it was put into another period"),
    WhyNot.TOO_SHORT: gettext_lazy("it is too short"),
}
_NOT_CLAIMED = {WhyNot.OUT_OF_PERIOD, WhyNot.BEFORE_CERTIFICATION, WhyNot.OTHER_PERIOD, WhyNot.TOO_SHORT}


@dataclass(frozen=True)
class Counted:
    """What an activity counts for with one body: nothing has a reason."""

    body: Body
    ceus: Decimal
    #: (title of a part, CEUs of it that fill it)
    parts: tuple[tuple[str, Decimal], ...] = ()
    why_not: WhyNot | None = None
    #: As this body knows the activity: of a course of ours the number that the body gave it.
    index_number: str = ""

    @property
    def words(self) -> str:
        """What it counts, for a table."""
        said = f"{self.body.short}: {number(self.ceus)}"
        if self.parts:
            said += f" ({'; '.join(f'{title} {number(ceus)}' for title, ceus in self.parts)})"
        return f"{said}, {WHY_NOT[self.why_not]}" if self.why_not else said


@dataclass(frozen=True)
class Line:
    """An activity in a paper: the row, its evidence, where it counts and its place in the chain."""

    #: Its place in the paper, from 1.
    number: int
    credit: Credit
    counted: tuple[Counted, ...]
    #: Files that are kept, and those that were removed with the reason.
    files: tuple[Evidence, ...] = ()
    removed: tuple[Evidence, ...] = ()
    #: Of a course of ours: the certificate that holds.
    certificate: Certificate | None = None
    review: EvidenceReview | None = None
    is_returned: bool = False
    link: LedgerLink | None = None

    @property
    def withdrawal(self) -> Credit | None:
        """The row that took it back."""
        return getattr(self.credit, "reversal", None)

    @property
    def check_url(self) -> str:
        return check_url(self.certificate) if self.certificate else ""

    @property
    def index_numbers(self) -> list[str]:
        """Its index numbers, without repeating one."""
        named = (self.credit.detail.index_number, *(one.index_number for one in self.counted))
        return [one for one in dict.fromkeys(named) if one]

    def with_body(self, body: Body) -> Counted | None:
        """What it counts with this body."""
        return next((one for one in self.counted if one.body.pk == body.pk), None)

    def row(self, body: Body) -> Row:
        """As the pre-check looks at it for this body."""
        detail, counted = self.credit.detail, self.with_body(body)
        index_number = detail.index_number
        if counted is not None and self.credit.source == Credit.Source.OUR_COURSE:
            index_number = counted.index_number  # the row holds that of one body
        return Row(
            key=str(self.credit.pk),
            title=detail.title,
            completed_on=self.credit.completed_on,
            ceus=self.credit.ceus,
            minutes=self.credit.minutes,
            provider=detail.provider,
            index_number=index_number,
            has_certificate=bool(self.files or self.certificate),
            returned=self.review.reason if self.is_returned and self.review else "",
        )


@dataclass(frozen=True)
class Total:
    """What the activities of a paper come to in one cycle."""

    of: CycleStanding
    ceus: Decimal
    #: (title, CEUs of these activities, CEUs asked for)
    parts: tuple[tuple[str, Decimal, Decimal], ...]

    @property
    def body(self) -> Body:
        return self.of.cycle.body

    @property
    def cycle(self) -> Cycle:
        return self.of.cycle


@dataclass(frozen=True)
class Transcript:
    """The activities completed from ``first_on`` to ``last_on``, both days included, the oldest first."""

    person: User
    first_on: date
    last_on: date
    body: Body | None
    #: The person's day on which it was made.
    made_on: date
    lines: tuple[Line, ...]
    totals: tuple[Total, ...]
    ledger: Ledger | None

    @property
    def standing_lines(self) -> tuple[Line, ...]:
        """Without what was withdrawn."""
        return tuple(line for line in self.lines if line.withdrawal is None)

    @property
    def certified_lines(self) -> tuple[Line, ...]:
        """Those with a certificate of ours."""
        return tuple(line for line in self.standing_lines if line.certificate)

    @property
    def ceus(self) -> Decimal:
        """CEUs as the certificates state them, of all that was not withdrawn."""
        return sum((line.credit.ceus for line in self.standing_lines), ZERO)

    @property
    def withdrawn(self) -> int:
        return len(self.lines) - len(self.standing_lines)

    @property
    def minutes(self) -> int:
        return sum(line.credit.minutes or 0 for line in self.standing_lines)

    @property
    def name(self) -> str:
        return self.person.name or self.person.email


def number(amount: Decimal) -> str:
    """CEUs as people write them."""
    return f"{amount.normalize():f}"


def check_url(certificate: Certificate) -> str:
    """The public page that says whether a certificate holds; empty while there is no such page."""
    try:
        return f"{settings.SITE_URL}{reverse('credentials:check', args=[certificate.check_id])}"
    except NoReverseMatch:
        return ""


def transcript(
    user: User, first_on: date, last_on: date, *, body: Body | None = None, at: datetime
) -> Transcript:
    """The person's activities of these days; with ``body`` only what they count for there."""
    today = user.local(at).date()
    ledger = Ledger.objects.filter(user=user).first()
    credits = list(
        Credit.objects.owned_by(user)
        .filter(kind=Credit.Kind.AWARD, completed_on__range=(first_on, last_on))
        .select_related("detail__course_completion", "reversal__detail")
        .prefetch_related(
            Prefetch("evidence", Evidence.objects.select_related("removal")),
            Prefetch("reviews", EvidenceReview.objects.order_by("reviewed_at", "pk")),
        )
        .order_by("completed_on", "pk")
    )
    cycles = _cycles(user, first_on, last_on, body, today)
    counted = _counted(cycles)
    links = _links(ledger, credits)
    certificates = _certificates(credits, today)
    lines = tuple(
        _line(place, credit, counted.get(credit.pk, ()), links, certificates)
        for place, credit in enumerate(credits, 1)
    )
    shown = {credit.pk for credit in credits}
    return Transcript(
        person=user,
        first_on=first_on,
        last_on=last_on,
        body=body,
        made_on=today,
        lines=lines,
        totals=tuple(_total(one, shown) for one in cycles),
        ledger=ledger,
    )


def _cycles(user: User, first_on: date, last_on: date, body: Body | None, today: date) -> list[CycleStanding]:
    """Cycles that hold any of these days, an extension included, and how they stand today."""
    rows = Cycle.objects.owned_by(user).filter(
        Q(ends_on__gt=first_on) | Q(extended_until__gte=first_on), starts_on__lte=last_on
    )
    rows = rows.filter(body=body) if body else rows
    held = held_of_cycles().order_by("earned_on", "pk")
    rows = rows.select_related("body", "rule_set").prefetch_related(Prefetch("credentials", held))
    return standings_of(list(rows.order_by("body__short", "starts_on")), {user.pk: today})


def _line(
    place: int,
    credit: Credit,
    counted: tuple[Counted, ...],
    links: dict[int, LedgerLink],
    certificates: dict[int, Certificate],
) -> Line:
    files = list(credit.evidence.all())
    reviews = list(credit.reviews.all())
    review = reviews[-1] if reviews else None
    kept = tuple(one for one in files if not hasattr(one, "removal"))
    completion = credit.detail.course_completion_id
    return Line(
        number=place,
        credit=credit,
        counted=counted,
        files=kept,
        removed=tuple(one for one in files if hasattr(one, "removal")),
        certificate=certificates.get(completion) if completion else None,
        review=review,
        is_returned=review is not None
        and review.verdict == EvidenceReview.Verdict.RETURNED
        and not any(one.added_at > review.reviewed_at for one in kept),
        link=links.get(credit.pk),
    )


def _counted(cycles: Sequence[CycleStanding]) -> dict[int, tuple[Counted, ...]]:
    """By number of a credit: one entry a body, over all of its cycles."""
    found: dict[int, dict[int, Counted]] = {}
    for one in cycles:
        body = one.cycle.body
        for credit, earned, verdict in zip(one.credits, one.earned, one.standing.verdicts, strict=True):
            parts = tuple((part.title, part.ceus) for part in verdict.parts)
            now = Counted(body, verdict.ceus, parts, verdict.why_not, earned.index_number)
            by_body = found.setdefault(credit.pk, {})
            if (before := by_body.get(body.pk)) is None or _weight(now) > _weight(before):
                by_body[body.pk] = now
    return {pk: tuple(by_body.values()) for pk, by_body in found.items()}


def _weight(counted: Counted) -> tuple[bool, bool]:
    """What counts goes before what does not, and a reason before having been outside."""
    return counted.ceus > 0, counted.why_not not in (WhyNot.OUT_OF_PERIOD, WhyNot.OTHER_PERIOD)


def _total(one: CycleStanding, shown: set[int]) -> Total:
    mine = [v for credit, v in zip(one.credits, one.standing.verdicts, strict=True) if credit.pk in shown]
    by_part: dict[str, Decimal] = {}
    for verdict in mine:
        for part in verdict.parts:
            by_part[part.key] = by_part.get(part.key, ZERO) + part.ceus
    return Total(
        of=one,
        ceus=sum((verdict.ceus for verdict in mine), ZERO),
        parts=tuple(
            (bucket.title, by_part.get(bucket.key, ZERO), bucket.required) for bucket in one.standing.buckets
        ),
    )


def _links(ledger: Ledger | None, credits: Sequence[Credit]) -> dict[int, LedgerLink]:
    if ledger is None or not credits:
        return {}
    rows = LedgerLink.objects.filter(ledger=ledger, what=LedgerLink.What.CREDIT)
    return {link.row: link for link in rows.filter(row__in=[credit.pk for credit in credits])}


def _certificates(credits: Sequence[Credit], today: date) -> dict[int, Certificate]:
    """By completion: the newest certificate, if it was not revoked and has not expired."""
    completions = [one.detail.course_completion_id for one in credits if one.detail.course_completion_id]
    if not completions:
        return {}
    rows = Certificate.objects.current().filter(completion__in=completions, revocation=None)
    rows = rows.filter(Q(expires_on=None) | Q(expires_on__gte=today)).exclude(document="")
    return {row.completion_id: row for row in rows if row.completion_id is not None}


# --- pre-check --------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Checked:
    """The pre-check of a body's activities, and the rule set it was made by."""

    body: Body
    result: Precheck
    rule_title: str = ""
    #: Activities of the days that are not claimed with this body, as they do not count there.
    unclaimed: int = 0

    @property
    def findings(self) -> list[tuple[Finding, str]]:
        """Each finding with what it lacks in words."""
        return [(one, gaps_in_words(one)) for one in self.result.findings]

    @property
    def asked(self) -> str:
        """What was looked for, in words."""
        return ", ".join(str(FIELDS[one]) for one in self.result.asked)

    @property
    def sentence(self) -> str:
        """The outcome in one sentence."""
        found = len(self.result.findings)
        if not self.result.looked_at:
            return _("No activity of these days counts with %(body)s.") % {"body": self.body.short}
        if not self.result.is_known:
            return _("What %(body)s asks for as evidence is not known: nothing could be checked.") % {
                "body": self.body.short
            }
        if not found:
            return ngettext(
                "Nothing is missing: %(n)d activity has all that %(body)s asks for.",
                "Nothing is missing: %(n)d activities have all that %(body)s asks for.",
                self.result.looked_at,
            ) % {"n": self.result.looked_at, "body": self.body.short}
        return ngettext(
            "Of %(all)d activities %(n)d lacks something that %(body)s asks for.",
            "Of %(all)d activities %(n)d lack something that %(body)s asks for.",
            found,
        ) % {"all": self.result.looked_at, "n": found, "body": self.body.short}


def gaps_in_words(finding: Finding) -> str:
    """What a finding lacks, as a list in words."""
    words = [str(GAPS[one]) for one in finding.gaps]
    if finding.row.returned:
        words[-1] = _("%(gap)s: %(reason)s") % {"gap": words[-1], "reason": finding.row.returned.rstrip(".")}
    return "; ".join(words)


def check_transcript(of: Transcript, body: Body) -> Checked:
    """The pre-check of the activities of ``of`` that are claimed with ``body``: no further query.

    A claim is what counts there, or would if what it lacks were there. Without a cycle in these days every
    activity is looked at.
    """
    cycles = [total.cycle for total in of.totals if total.cycle.body_id == body.pk]
    claimed = [line.row(body) for line in of.standing_lines if not cycles or _is_claimed(line, body)]
    rule_set = next((cycle.rule_set for cycle in reversed(cycles) if cycle.rule_set), None)
    return Checked(
        body=body,
        result=precheck(rule_set.rule() if rule_set else None, claimed),
        rule_title=rule_set.title if rule_set else "",
        unclaimed=len(of.standing_lines) - len(claimed),
    )


def _is_claimed(line: Line, body: Body) -> bool:
    counted = line.with_body(body)
    return counted is not None and bool(counted.ceus or counted.why_not not in _NOT_CLAIMED)


def check_cycle(cycle: Cycle, at: datetime) -> Checked:
    """The pre-check of one cycle, for its page."""
    last_on = max(cycle.due_on, cycle.extended_until or cycle.due_on)
    of = transcript(cycle.user, cycle.starts_on, last_on, body=cycle.body, at=at)
    return check_transcript(of, cycle.body)


# --- what to choose from ----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Preset:
    """A range of days that one click chooses."""

    label: str
    first_on: date
    last_on: date
    body: Body | None = None


def bodies_of(user: User) -> list[Body]:
    """Bodies whose credentials the person holds or held."""
    return list(Body.objects.filter(certifications__holders__user=user).distinct().order_by("short"))


def presets(user: User, today: date) -> list[Preset]:
    """Ranges that people ask for: each body's running and last cycle, this year, everything."""
    rows = Cycle.objects.owned_by(user).filter(starts_on__lte=today).select_related("body")
    by_body: dict[Body, list[Cycle]] = {}
    for cycle in rows.order_by("body__short", "-starts_on"):
        by_body.setdefault(cycle.body, []).append(cycle)
    found = []
    for body, cycles in by_body.items():
        running = [one for one in cycles if today in one.period]
        ended = [one for one in cycles if one.ends_on <= today]
        found += [
            Preset(_("%(body)s: this cycle") % {"body": body.short}, one.starts_on, one.due_on, body)
            for one in running[:1]
        ]
        found += [
            Preset(_("%(body)s: last cycle") % {"body": body.short}, one.starts_on, one.due_on, body)
            for one in ended[:1]
        ]
    found.append(Preset(_("This year"), date(today.year, 1, 1), today))
    span = Credit.objects.owned_by(user).aggregate(first=Min("completed_on"), last=Max("completed_on"))
    if span["first"]:
        found.append(Preset(_("Everything"), span["first"], max(today, span["last"])))
    return found


def running_preset(found: Iterable[Preset], today: date) -> Preset | None:
    """The running cycle that ends first, which is what most people mean."""
    running = [one for one in found if one.body and one.first_on <= today <= one.last_on]
    return min(running, key=lambda one: one.last_on, default=None)


# --- packets ----------------------------------------------------------------------------------------------
State = Literal["waiting", "running", "made", "failed", "gone"]


@dataclass(frozen=True)
class PacketShown:
    """A packet and where it is on its way."""

    packet: Packet
    state: State

    @property
    def is_open(self) -> bool:
        return self.state in ("waiting", "running")


def packet_shown(packet: Packet, at: datetime) -> PacketShown:
    """How far a packet is; its job is read with it."""
    job = packet.job
    if packet.made_at is not None:
        is_kept = bool(packet.path) and packet.expires_at is not None and packet.expires_at > at
        return PacketShown(packet, "made" if is_kept else "gone")
    if job is None or not job.is_open:
        return PacketShown(packet, "failed")
    return PacketShown(packet, "running" if job.state == "running" else "waiting")


@dataclass(frozen=True)
class Papers:
    """All that goes into a packet."""

    packet: Packet
    transcript: Transcript
    checked: Checked
    #: Links of the packet's rows and files in the ledger's chain, in its order.
    links: tuple[LedgerLink, ...] = field(default=())


def papers_of(packet: Packet) -> Papers:
    """What ``packet`` is made of: the ledger as it is now, dated as the packet was asked for."""
    found = transcript(packet.user, packet.first_on, packet.last_on, body=packet.body, at=packet.asked_at)
    rows = [line.credit.pk for line in found.lines]
    taken_back = [line.withdrawal.pk for line in found.lines if line.withdrawal]
    files = [one.pk for line in found.lines for one in (*line.files, *line.removed)]
    links = LedgerLink.objects.filter(
        Q(what=LedgerLink.What.CREDIT, row__in=rows + taken_back)
        | Q(what=LedgerLink.What.EVIDENCE, row__in=files),
        ledger=found.ledger,
    ).order_by("number")
    return Papers(packet, found, check_transcript(found, packet.body), tuple(links))
