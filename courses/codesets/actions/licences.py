"""Seats of a licence: never more than it is for."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from courses.codesets.models import LicencePack, LicenceSeat


class NoSeatLeft(Exception):
    """All seats of the licence are taken."""


@transaction.atomic
def give_seat(*, pack: LicencePack, user: User, at: datetime) -> LicenceSeat:
    """Count a person among the users of a licence; one who is counted keeps the seat they have.

    The licence's row is locked while its seats are counted (on SQLite a transaction is alone anyway), so two
    administrators at once never give more than there are. Raises ``NoSeatLeft``.
    """
    taken = pack.seats_taken()
    seat = pack.seats.filter(user=user).first()
    if seat is not None:
        return seat
    pack.refresh_from_db(fields=["users"])
    if taken >= pack.users:
        raise NoSeatLeft(str(pack))
    return LicenceSeat.objects.create(pack=pack, user=user, given_at=at)


def take_seat(*, pack: LicencePack, user: User) -> bool:
    """Give the seat back to the licence; says whether there was one."""
    deleted, _by_table = LicenceSeat.objects.filter(pack=pack, user=user).delete()
    return bool(deleted)
