"""Which addresses take no mail, and which do again."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from courses.reminders import kinds
from courses.reminders.addresses import address_digest, address_digests
from courses.reminders.models import Channel, Preference, Suppression


@transaction.atomic
def suppress_address(
    *, email: str, source: str = Suppression.Source.SERVER, reason: str, at: datetime
) -> Suppression:
    """Note what speaks against an address since ``at``; the newest counts, in whatever order they are told.

    It holds unless the person proved later than ``at`` that the address works.
    """
    reason = reason[:200]
    row = Suppression.objects.filter(email_hmac__in=address_digests(email)).order_by("-at").first()
    if row is None:
        row, created = Suppression.objects.get_or_create(
            email_hmac=address_digest(email), defaults={"source": source, "reason": reason, "at": at}
        )
        if created:
            return row
    # of two at the same moment the same one counts whichever came first
    older = Q(at__lt=at) | Q(at=at, source__lt=source) | Q(at=at, source=source, reason__lt=reason)
    Suppression.objects.filter(older, pk=row.pk).update(at=at, source=source, reason=reason)
    row.refresh_from_db()
    return row


def lift_suppression(*, user: User | None = None, email: str = "", at: datetime) -> bool:
    """The address, or the person's, is proved to work ``at``; returns whether anything held against it.

    What is told later of an earlier moment does not hold any more; what happens later does.
    """
    digests = address_digests(user.email if user is not None else email)
    return bool(lift_suppressions(rows=Suppression.objects.filter(email_hmac__in=digests), at=at))


def lift_suppressions(*, rows: QuerySet[Suppression], at: datetime) -> int:
    """Lift each of ``rows``; returns how many of them held. An earlier proof never replaces a later one."""
    held = rows.filter(Suppression.HOLDS, at__lt=at).count()
    rows.filter(Q(lifted_at=None) | Q(lifted_at__lt=at)).update(lifted_at=at)
    return held


@transaction.atomic
def turn_off_mail(*, user: User, at: datetime) -> None:
    """The person wanted no mail of ours ``at``: every kind by e-mail is off unless they chose later."""
    mail = Preference.objects.filter(user=user, channel=Channel.EMAIL)
    Preference.objects.bulk_create(
        [
            Preference(user=user, kind=kind.key, channel=Channel.EMAIL, is_on=False, changed_at=at)
            for kind in kinds.registered()
        ],
        ignore_conflicts=True,
    )
    mail.filter(changed_at__lt=at).update(is_on=False, changed_at=at)
