"""What was changed about a credential and its cycles, in words."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from courses.credentials.models import CredentialChange, CredentialHeld, Cycle


@dataclass(frozen=True)
class ChangeLine:
    """One change as a page shows it; ``who`` is empty when the portal made it."""

    what: str
    before: str
    after: str
    reason: str
    at: datetime
    who: str


def changes_of(held: CredentialHeld, *, most: int = 50) -> list[ChangeLine]:
    """Changes of a credential and of the cycles it is kept in, the newest first: one query."""
    return _lines(CredentialChange.objects.filter(Q(held=held) | Q(cycle__credentials=held)).distinct(), most)


def changes_of_cycle(cycle: Cycle, *, most: int = 50) -> list[ChangeLine]:
    """Changes of a cycle, the newest first: one query."""
    return _lines(CredentialChange.objects.filter(cycle=cycle), most)


def _lines(changes: QuerySet[CredentialChange], most: int) -> list[ChangeLine]:
    rows = list(changes.select_related("changed_by")[:most])
    return [
        ChangeLine(
            what=_title(row),
            before=_words(row.what, row.before),
            after=_words(row.what, row.after),
            reason=row.reason,
            at=row.changed_at,
            who=str(row.changed_by or ""),
        )
        for row in rows
    ]


def _title(row: CredentialChange) -> str:
    titles = {
        "number": _("Number"),
        "earned_on": _("Certified on"),
        "status": _("Status"),
        "starts_on": _("First day of the cycle"),
        "ends_on": _("Last day of the cycle"),
        "required": _("CEUs asked for"),
        "extended_until": _("Extended until"),
        "submitted_on": _("Reported on"),
        "rule_set": _("Rules"),
        "opened": _("Cycle opened after the one that ended"),
    }
    return titles.get(row.what, row.what)


def _words(what: str, value: str) -> str:
    if not value:
        return _("by the rules") if what == "required" else _("nothing")
    if what == "status":
        return str(dict(CredentialHeld.Status.choices).get(value, value))
    day = parse_date(value) if len(value) == 10 else None
    if day is None:
        return value
    if what == "ends_on":  # kept as the first day after
        day = date.fromordinal(day.toordinal() - 1)
    return date_format(day, "j M Y")
