"""Choosing the period of an activity whose day may go to either of two."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from courses.credentials.actions.refusals import Refused
from courses.credentials.models import Credit, CreditPlacement, Cycle
from courses.credentials.standing import claimable


class NotPlaceable(Refused):
    """The period cannot claim the activity."""

    field = "cycle"


@transaction.atomic
def place_credit(*, credit: Credit, cycle: Cycle, at: datetime) -> None:
    """Count the activity in ``cycle`` and in no other of its body; the latest choice holds.

    Choosing the period that holds the day takes an earlier choice back, as ``take_back_choice`` does. Raises
    ``NotPlaceable`` for what was withdrawn, and where the rules let the period not claim that day.
    """
    if not Credit.objects.standing().filter(pk=credit.pk, ledger__user=cycle.user_id).exists():
        raise NotPlaceable(_("Only an activity that stands in your ledger can be moved."))
    rule = cycle.rule_set.rule() if cycle.rule_set else None
    day = credit.completed_on
    if not claimable(rule, cycle.period, day, extended_until=cycle.extended_until):
        raise NotPlaceable(_("The rules of this cycle do not let it claim that day."))
    chosen = CreditPlacement.objects.filter(credit=credit)
    if day in cycle.period:
        chosen.filter(cycle__body=cycle.body_id).delete()
        return
    if chosen.exclude(cycle__body=cycle.body_id).exists():  # a row has room for one choice
        raise NotPlaceable(_("This activity was moved to a cycle of another body already."))
    CreditPlacement.objects.update_or_create(credit=credit, defaults={"cycle": cycle, "placed_at": at})


def take_back_choice(*, credit: Credit) -> None:
    """Let the activity count by its day alone; harmless when no period was chosen."""
    CreditPlacement.objects.filter(credit=credit).delete()
