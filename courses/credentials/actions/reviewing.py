"""What a reviewer says about an activity and its evidence."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from courses.credentials.actions.refusals import Refused
from courses.credentials.models import Credit, Evidence, EvidenceReview, Ledger
from courses.credentials.queries.reviewing import reviewable_by


class ReviewRefused(Refused):
    """The activity cannot be reviewed so."""

    field = "reason"


@transaction.atomic
def review_credit(
    *, credit: Credit, verdict: str, reason: str = "", seen: int, by: User, at: datetime
) -> EvidenceReview:
    """Approve an activity or return it with a reason; the newest review counts, so another undoes it.

    ``seen`` is the newest file that the reviewer looked at: when one came since, nothing is decided.
    Raises ``ReviewRefused``.
    """
    Ledger.objects.select_for_update().get(pk=credit.ledger_id)
    if not reviewable_by(by).filter(pk=credit.pk).exists():
        raise ReviewRefused(_("This activity is not yours to review."))
    newest = Evidence.objects.filter(credit=credit, removal=None).order_by("-pk").first()
    if newest is None:
        raise ReviewRefused(_("The evidence was removed meanwhile: there is nothing to review."))
    if newest.pk != seen:
        raise ReviewRefused(_("The files changed while you looked at them. Look at them again."))
    reason = reason.strip()
    if verdict == EvidenceReview.Verdict.RETURNED and not reason:
        raise ReviewRefused(_("Say what is missing or wrong: the person reads it."))
    return EvidenceReview.objects.create(
        credit=credit, verdict=verdict, reason=reason, reviewed_at=at, reviewed_by=by
    )
