"""Words that belong to somebody else: one gate decides who may read them."""

from datetime import date
from typing import Final

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _

from accounts.models import User
from courses.codesets.errors import LoadRefused
from courses.codesets.models import LicencePack
from courses.codesets.systems import System

#: Code systems whose words are shown only under a licence; their bare numbers are facts.
LICENSED: Final = frozenset({System.CPT.value})


def may_read(user: User | AnonymousUser | None, system: str, on_date: date) -> bool:
    """Whether a person may read the words of a code system on a day: today, never a date of service.

    True for systems that need no licence; else for an active person with a seat of a licence valid that day.
    One query, and none where no licence is needed.
    """
    if system not in LICENSED:
        return True
    if not isinstance(user, User) or not user.is_active:
        return False
    return LicencePack.objects.valid_on(on_date).filter(system=system).held_by(user).exists()


def hidden_systems(user: User | AnonymousUser | None, on_date: date) -> list[str]:
    """The code systems whose words the person may not read; what lists or searches words leaves them out."""
    return [system for system in sorted(LICENSED) if not may_read(user, system, on_date)]


def check_loadable(system: str, on_date: date) -> None:
    """Refuse a file of a licensed system while no licence for it is recorded. Raises ``LoadRefused``."""
    if system in LICENSED and not LicencePack.objects.valid_on(on_date).filter(system=system).exists():
        raise LoadRefused(
            _("%(system)s belongs to its publisher: record a licence that is valid today first.")
            % {"system": System(system).label}
        )
