"""Evidence and its reviews as pages show them: what waits, and what was said."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from django.db.models import DateTimeField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from accounts.models import User
from accounts.roles import Role
from courses.credentials.models import Credit, Evidence, EvidenceReview

_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class ReviewState(StrEnum):
    """How it is about an activity's evidence."""

    NONE = "none"
    WAITING = "waiting"
    APPROVED = "approved"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class FileShown:
    """A file of evidence. ``state`` is ``removed`` when it was taken out, else that of its activity."""

    row: Evidence
    state: str
    removed_because: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceShown:
    """The files of an activity and what was said about them, newest review first."""

    credit: Credit
    files: tuple[FileShown, ...]
    reviews: tuple[EvidenceReview, ...]
    state: ReviewState
    is_open: bool
    #: The newest file that is still there, 0 without one.
    newest: int = 0

    @property
    def there(self) -> tuple[FileShown, ...]:
        """The files that were not removed."""
        return tuple(file for file in self.files if file.state != "removed")

    @property
    def reason(self) -> str:
        """Why it was returned; empty unless that is the state."""
        return self.reviews[0].reason if self.state is ReviewState.RETURNED else ""


def evidence_of(credit: Credit) -> EvidenceShown:
    """The files of ``credit`` with their states, in two queries; ``reversal`` is best selected with it."""
    rows = list(Evidence.objects.filter(credit=credit).select_related("removal"))
    reviews = tuple(EvidenceReview.objects.filter(credit=credit).select_related("reviewed_by"))
    newest = reviews[0] if reviews else None
    there = [row for row in rows if not hasattr(row, "removal")]
    files = []
    for row in rows:
        if hasattr(row, "removal"):
            files.append(FileShown(row, "removed", row.removal.reason))
        elif newest is None or row.added_at > newest.reviewed_at:
            files.append(FileShown(row, ReviewState.WAITING))
        else:
            files.append(FileShown(row, newest.verdict))
    if any(file.state == ReviewState.WAITING for file in files):
        state = ReviewState.WAITING
    else:
        state = ReviewState(newest.verdict) if newest else ReviewState.NONE
    is_open = credit.kind == Credit.Kind.AWARD and not hasattr(credit, "reversal")
    return EvidenceShown(
        credit, tuple(files), reviews, state, is_open, max((row.pk for row in there), default=0)
    )


# --- for reviewers -----------------------------------------------------------------------------------------
def reviewable_by(user: User) -> QuerySet[Credit]:
    """The activities whose evidence ``user`` may read and review: the one place that decides it.

    Of people who are still there, not one's own, not withdrawn. Now for administrators; a manager's are to
    be those of the people of the organisation.
    """
    if not user.has_role(Role.ADMINISTRATOR):
        return Credit.objects.none()
    return (
        Credit.objects.standing()
        .filter(Exists(Evidence.objects.filter(credit=OuterRef("pk"))), ledger__user__isnull=False)
        .exclude(ledger__user=user)
    )


def with_review(credits: QuerySet[Credit]) -> QuerySet[Any]:
    """Each activity with ``verdict`` and ``said`` of its newest review and ``waiting_since``, where a file
    that is there came after it."""
    reviews = EvidenceReview.objects.filter(credit=OuterRef("pk")).order_by("-reviewed_at", "-pk")
    came = Evidence.objects.filter(credit=OuterRef("pk"), removal=None).order_by("added_at")
    reviewed_at = Coalesce(
        Subquery(reviews.values("reviewed_at")[:1]), Value(_EVER), output_field=DateTimeField()
    )
    return credits.annotate(
        reviewed_at=reviewed_at,
        verdict=Subquery(reviews.values("verdict")[:1]),
        said=Subquery(reviews.values("reason")[:1]),
    ).annotate(
        waiting_since=Subquery(
            came.filter(added_at__gt=OuterRef("reviewed_at")).values("added_at")[:1],
            output_field=DateTimeField(),
        )
    )


def review_queue(user: User, state: ReviewState) -> QuerySet[Any]:
    """What ``user`` may review and is in ``state``: what waits longest first, what was decided last first."""
    rows = with_review(reviewable_by(user)).select_related("detail", "ledger__user")
    if state is ReviewState.WAITING:
        return rows.filter(waiting_since__isnull=False).order_by("waiting_since", "pk")
    decided = rows.filter(Q(waiting_since=None), verdict=state.value)
    return decided.order_by(F("reviewed_at").desc(), "-pk")
