"""What our courses would do for a person's cycles, and which of them fill what is still needed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from accounts.models import User
from courses.catalog.models import Course
from courses.credentials.models import CourseApproval, Credit, CreditDetail
from courses.credentials.queries.activities import Book, Preview, preview
from courses.credentials.queries.standing import CycleStanding, ceus
from courses.credentials.rules import ZERO
from courses.credentials.standing import Lack
from courses.progress.models import CourseCompletion

#: How many courses a gap names.
MOST_COURSES = 3


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
    day = user.local(at).date()
    courses = list(Course.objects.published(at).filter(ceus__gt=0))
    done = set(CourseCompletion.objects.owned_by(user).values_list("course_id", flat=True))
    approvals: dict[int, dict[int, CourseApproval]] = {}
    rows = CourseApproval.objects.filter(Q(valid_until=None) | Q(valid_until__gte=day), valid_from__lte=day)
    for row in rows.order_by("valid_from"):
        approvals.setdefault(row.course_id, {})[row.body_id] = row
    return [Offer(one, approvals.get(one.pk, {}), one.pk in done) for one in courses]


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
