"""Evidence as its reviewers see it: what waits, and one activity to approve or return."""

from typing import Final

import structlog
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.requests import person_of
from accounts.roles import Role
from courses.credentials import actions
from courses.credentials.forms.evidence import ReviewForm, status_of
from courses.credentials.models import Credit, EvidenceReview
from courses.credentials.queries.activities import book_of, traced
from courses.credentials.queries.reviewing import ReviewState, evidence_of, review_queue, reviewable_by
from portal.lib.access import role

logger = structlog.get_logger(__name__)

PAGE: Final = 50
#: The lists of the queue, in the order in which they are asked for.
SHOWN: Final = {
    ReviewState.WAITING: gettext_lazy("Waiting"),
    ReviewState.RETURNED: gettext_lazy("Returned"),
    ReviewState.APPROVED: gettext_lazy("Approved"),
}


@role(Role.ADMINISTRATOR)
@require_safe
def reviews(request: HttpRequest) -> HttpResponse:
    """The activities whose evidence waits for a review, or was returned or approved."""
    asked = request.GET.get("state", "")
    state = ReviewState(asked) if asked in SHOWN else ReviewState.WAITING
    page = Paginator(review_queue(person_of(request), state), PAGE).get_page(request.GET.get("page"))
    return render(request, "credentials/reviews.html", {"page": page, "state": state, "shown": SHOWN.items()})


@role(Role.ADMINISTRATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """One activity with its evidence: approve it, or return it with a reason; the next review undoes it."""
    user = person_of(request)
    rows = reviewable_by(user).select_related("detail", "reversal", "ledger__user")
    credit = get_object_or_404(rows, pk=pk)
    shown = evidence_of(credit)
    form = ReviewForm(request.POST or None, initial={"seen": shown.newest})
    if request.method == "POST" and form.is_valid():
        approves = request.POST.get("verdict") == EvidenceReview.Verdict.APPROVED
        before, after = _neighbours(user, credit)
        try:
            actions.review_credit(
                credit=credit,
                verdict=EvidenceReview.Verdict.APPROVED if approves else EvidenceReview.Verdict.RETURNED,
                reason="" if approves else form.cleaned_data["reason"],
                seen=form.cleaned_data["seen"],
                by=user,
                at=timezone.now(),
            )
        except actions.Refused as refusal:
            asked = request.POST.copy()
            asked["seen"] = str(shown.newest)  # what is looked at from now on are the files on this page
            form = ReviewForm(asked)
            form.refuse(refusal)
        else:
            said = _("“%(title)s” is approved.") if approves else _("“%(title)s” is returned.")
            messages.success(request, said % {"title": credit.detail.title})
            following = after or before
            return redirect("credentials:review", following) if following else redirect("credentials:reviews")
    if request.method == "GET":
        logger.info("activity_read_by_staff", credit=credit.pk, reader=user.pk)
    before, after = _neighbours(user, credit)
    owner = credit.ledger.user
    assert owner is not None  # only activities of people who are still there can be reviewed
    context = {
        "form": form,
        "credit": credit,
        "counts": traced(credit, book_of(owner, owner.local(timezone.now()).date())),
        "evidence": shown,
        "before": before,
        "after": after,
    }
    return render(request, "credentials/review.html", context, status=status_of(form))


def _neighbours(user: User, credit: Credit) -> tuple[int | None, int | None]:
    """What waits before and after ``credit``; for one that does not wait the first that does."""
    waiting = list(review_queue(user, ReviewState.WAITING).values_list("pk", flat=True))
    if credit.pk not in waiting:
        return None, waiting[0] if waiting else None
    here = waiting.index(credit.pk)
    return (
        waiting[here - 1] if here else None,
        waiting[here + 1] if here + 1 < len(waiting) else None,
    )
