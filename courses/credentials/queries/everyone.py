"""How everybody's cycles stand, for what runs at night: streamed, so that memory does not grow."""

from collections.abc import Iterator
from datetime import date

from django.db.models import Q

from courses.credentials.models import Cycle
from courses.credentials.queries.standing import CycleStanding, standings_of

#: Cycles in memory at once, with their credentials and the ledgers of their people.
BATCH = 500


def standings_of_all(on: date, *, batch: int = BATCH) -> Iterator[CycleStanding]:
    """Every cycle that runs on ``on``, also one with more time: a constant number of queries a batch.

    Read by key and not by cursor, so that a long run holds no transaction open. Whose day it is already, or
    still, is the caller's: ``on`` is one day for all.
    """
    last = 0
    rows = Cycle.objects.filter(Q(ends_on__gt=on) | Q(extended_until__gte=on), starts_on__lte=on)
    rows = rows.select_related("body", "user").order_by("pk")
    rows = rows.prefetch_related("rule_set", "credentials__certification")
    while cycles := list(rows.filter(pk__gt=last)[:batch]):
        last = cycles[-1].pk
        yield from standings_of(cycles, {cycle.user_id: on for cycle in cycles})
