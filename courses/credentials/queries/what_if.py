"""What our courses would do for a person's cycles, and which of them fill what is still needed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from accounts.models import User
from courses.catalog.models import Course
from courses.credentials.models import CourseApproval, Credit, CreditDetail
from courses.credentials.queries.activities import Book, Preview, preview
from courses.credentials.queries.standing import CycleStanding, ceus
from courses.credentials.rules import ZERO
from courses.credentials.standing import Earned, Lack
from courses.progress.models import CourseCompletion

#: How many courses a gap names.
MOST_COURSES = 3
#: What is only tried comes after everything that is in the ledger.
_LAST_KEY = "9" * 18


@dataclass(frozen=True)
class Offer:
    """A course of ours with CEUs, what each body approved it for, and whether the person completed it."""

    course: Course
    #: By the number of the body.
    approvals: Mapping[int, CourseApproval]
    is_done: bool

    def worth(self, body: int) -> Decimal:
        """CEUs that the body gives for it."""
        approval = self.approvals.get(body)
        return (approval.ceus if approval else None) or self.course.ceus


@dataclass(frozen=True)
class Gap:
    """CEUs that a cycle still needs, and courses of ours that would bring some of them."""

    lack: Lack
    courses: Sequence[Offer]

    @property
    def amount(self) -> str:
        return ceus(self.lack.ceus)

    @property
    def where(self) -> list[str]:
        """The parts that each of these CEUs must fill, by their titles."""
        return [bucket.title for bucket in self.lack.parts]


@dataclass(frozen=True)
class Gaps:
    """All that a cycle still needs."""

    of: CycleStanding
    gaps: Sequence[Gap]


def offers_for(user: User, at: datetime) -> list[Offer]:
    """The live courses with CEUs as the bodies see them today: three queries."""
    return offers_of([user], at)[user.pk]


def offers_of(people: Sequence[User], at: datetime) -> dict[int, list[Offer]]:
    """The live courses with CEUs as the bodies see them on each person's day: three queries for all."""
    days = {user.pk: user.local(at).date() for user in people}
    if not days:
        return {}
    courses = list(Course.objects.published(at).filter(ceus__gt=0))
    done: dict[int, set[int]] = {pk: set() for pk in days}
    for user_id, course_id in CourseCompletion.objects.filter(user__in=days).values_list(
        "user_id", "course_id"
    ):
        done[user_id].add(course_id)
    rows = CourseApproval.objects.filter(
        Q(valid_until=None) | Q(valid_until__gte=min(days.values())), valid_from__lte=max(days.values())
    )
    approvals = list(rows.order_by("valid_from"))
    seen = {day: _approved_on(approvals, day) for day in set(days.values())}
    return {
        pk: [Offer(one, seen[day].get(one.pk, {}), one.pk in done[pk]) for one in courses]
        for pk, day in days.items()
    }


def _approved_on(rows: Sequence[CourseApproval], day: date) -> dict[int, dict[int, CourseApproval]]:
    """By course and body: the approval that holds on ``day``; of several the one that began last."""
    found: dict[int, dict[int, CourseApproval]] = {}
    for row in rows:
        if row.valid_from <= day and (row.valid_until is None or row.valid_until >= day):
            found.setdefault(row.course_id, {})[row.body_id] = row
    return found


def preview_course(book: Book, offer: Offer) -> Preview:
    """What completing the course today would change; writes nothing."""
    row = Credit(
        kind=Credit.Kind.AWARD,
        activity=Credit.Activity.COURSE,
        topics=[],
        completed_on=book.on,
        ceus=offer.course.ceus,
        source=Credit.Source.OUR_COURSE,
    )
    row.detail = CreditDetail(title=offer.course.title, provider="Crosswalk")
    return preview(book, row, by_body={body: _seen(offer, body) for body in offer.approvals})


def _seen(offer: Offer, body: int) -> dict[str, Any]:
    approval = offer.approvals[body]
    return {
        "index_number": approval.index_number,
        "topics": frozenset(approval.topics),
        "ceus": offer.worth(body),
    }


def gaps_of(book: Book, offers: Sequence[Offer]) -> list[Gaps]:
    """The least that each running cycle still needs, with courses that would count for it."""
    open_offers = [offer for offer in offers if not offer.is_done]
    previews = [(offer, preview_course(book, offer)) for offer in open_offers]
    found = []
    for of in book.running:
        if of.standing.required is None:
            continue
        gaps = [Gap(lack, _filling(of, lack, previews)) for lack in of.least]
        found.append(Gaps(of, gaps))
    return found


def _filling(of: CycleStanding, lack: Lack, previews: Sequence[tuple[Offer, Preview]]) -> list[Offer]:
    """Courses that count in the cycle and fill every part that the lack names, the largest first."""
    fitting: list[tuple[Decimal, Offer]] = []
    wanted = {bucket.key for bucket in lack.parts}
    for offer, tried in previews:
        effect = next((one for one in tried.effects if one.of.cycle.pk == of.cycle.pk), None)
        if effect is None or not effect.verdict.ceus:
            continue
        before = {bucket.key: bucket.earned for bucket in effect.before.buckets}
        gained = {
            bucket.key for bucket in effect.after.buckets if bucket.earned > before.get(bucket.key, ZERO)
        }
        if wanted <= gained:
            fitting.append((effect.verdict.ceus, offer))
    fitting.sort(key=lambda pair: (-pair[0], pair[1].course.title))
    return [offer for _ceus, offer in fitting[:MOST_COURSES]]


@dataclass(frozen=True)
class Filling:
    """A course of ours, and by how much less a cycle is short once it is completed."""

    course: Course
    fewer: Decimal

    @property
    def amount(self) -> str:
        return ceus(self.fewer)


def fillings(of: CycleStanding, offers: Sequence[Offer], *, most: int = MOST_COURSES) -> list[Filling]:
    """The courses that bring a cycle nearest to its end, the best first, and none more than it takes.

    Reads nothing; a course that changes nothing is not among them.
    """
    if of.standing.required is None or not of.standing.fewest:
        return []
    tried: dict[Earned, Decimal] = {}
    found = []
    for offer in offers:
        if offer.is_done:
            continue
        extra = _completed(of, offer)
        if extra not in tried:  # many courses are worth the same
            tried[extra] = of.standing.fewest - of.what_if(extra)[1].fewest
        if tried[extra] > 0:
            found.append(Filling(offer.course, tried[extra]))
    found.sort(key=lambda one: (-one.fewer, one.course.title))
    enough = 1
    while enough < most and sum((one.fewer for one in found[:enough]), ZERO) < of.standing.fewest:
        enough += 1
    return found[:enough]


def _completed(of: CycleStanding, offer: Offer) -> Earned:
    """The course as an activity of today in the eyes of the cycle's body."""
    extra = Earned(of.on, offer.course.ceus, provider="Crosswalk", key=_LAST_KEY, kind=Credit.Activity.COURSE)
    if of.on not in of.cycle.period:
        extra = replace(extra, placed=of.cycle.period)
    if of.cycle.body_id in offer.approvals:
        extra = replace(extra, **_seen(offer, of.cycle.body_id))
    return extra
