"""Keeping codes with a note of one's own."""

from datetime import datetime
from typing import Final

from django.db import transaction

from accounts.models import User
from courses.codesets.models import SavedCode

#: More than anybody looks through; a machine that saves codes stops here.
MOST: Final = 1_000


class TooManySaved(Exception):
    """The person keeps as many codes as the portal keeps for one."""


@transaction.atomic
def save_code(*, user: User, system: str, code: str, note: str = "", at: datetime) -> SavedCode:
    """Keep a code, written as its book prints it; once is enough, and an empty note leaves the one there is.

    Raises ``TooManySaved``.
    """
    mine = SavedCode.objects.owned_by(user)
    kept = mine.filter(system=system, code=code).first()
    if kept is None:
        if mine.count() >= MOST:
            raise TooManySaved
        kept, created = SavedCode.objects.get_or_create(
            user=user, system=system, code=code, defaults={"note": note, "saved_at": at}
        )
        if created:
            return kept
    if note:
        annotate_saved(saved=kept, note=note)
    return kept


@transaction.atomic
def annotate_saved(*, saved: SavedCode, note: str) -> None:
    """Write the person's note at a code they keep."""
    saved.note = note
    saved.save(update_fields=["note"])


@transaction.atomic
def remove_saved(*, saved: SavedCode) -> None:
    """Keep a code no longer."""
    saved.delete()
