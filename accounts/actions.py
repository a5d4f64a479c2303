"""Writing to accounts."""

import secrets
from datetime import datetime, timedelta

from django.contrib.auth.models import Group
from django.db import transaction

from accounts.models import CalendarFeed, TermsAcceptance, User, token_digest
from accounts.roles import STAFF_ROLES, Role

#: How long a calendar address works: longer than a year of study, not for ever.
FEED_LASTS = timedelta(days=400)


@transaction.atomic
def accept_terms(*, user: User, version: str, at: datetime) -> None:
    """Record that ``user`` accepted ``version``; the first acceptance stands."""
    TermsAcceptance.objects.get_or_create(user=user, version=version, defaults={"accepted_at": at})


@transaction.atomic
def give_role(*, user: User, role: Role) -> None:
    """Put ``user`` into the role's group and open the admin for roles that work there."""
    user.groups.add(Group.objects.get(name=role))
    if role in STAFF_ROLES and not user.is_staff:
        user.is_staff = True
        user.save(update_fields=["is_staff"])
    user.__dict__.pop("role_names", None)


@transaction.atomic
def make_calendar_feed(*, user: User, at: datetime) -> str:
    """A new calendar address; the one before it stops working. Returns its token, which is kept nowhere."""
    User.objects.select_for_update().get(pk=user.pk)  # two at once: the second replaces the first
    revoke_calendar_feed(user=user, at=at)
    token = secrets.token_urlsafe(32)
    CalendarFeed.objects.create(user=user, digest=token_digest(token), made_at=at, expires_at=at + FEED_LASTS)
    return token


@transaction.atomic
def revoke_calendar_feed(*, user: User, at: datetime) -> bool:
    """Stop the person's calendar address; false when there was none."""
    return bool(CalendarFeed.objects.owned_by(user).filter(revoked_at=None).update(revoked_at=at))
