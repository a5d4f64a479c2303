"""Writing to accounts."""

from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction

from accounts.models import TermsAcceptance, User
from accounts.roles import STAFF_ROLES, Role


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
