"""Adding the activities of a file to a ledger: all of what was shown, or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from courses.credentials.actions.chain import ledger_of
from courses.credentials.actions.ledger import Gate, gate_for, write_row
from courses.credentials.actions.refusals import Refused
from courses.credentials.importing import Column, Entry, Note, Remark, Sheet, Wrong
from courses.credentials.models import Credit, Ledger

_WRONG: Mapping[Wrong | Note, Any] = {
    Wrong.NO_TITLE: gettext_lazy("There is no title."),
    Wrong.TOO_LONG: gettext_lazy("“%(text)s” is too long."),
    Wrong.NO_DATE: gettext_lazy("There is no date."),
    Wrong.NOT_A_DATE: gettext_lazy(
        "“%(text)s” is not a date that can be read: write 2026-03-31 or 3/31/2026."
    ),
    Wrong.WHICH_ORDER: gettext_lazy("“%(text)s” can be two days: choose how the file writes dates."),
    Wrong.NOT_CEUS: gettext_lazy("“%(text)s” is not a number of CEUs such as 1.5."),
    Wrong.NOT_MINUTES: gettext_lazy("“%(text)s” is not a length such as 90 or 1:30."),
    Wrong.NO_AMOUNT: gettext_lazy("There are neither CEUs nor minutes."),
    Wrong.SURPLUS_CELLS: gettext_lazy("The line has more cells than the file has columns."),
    Note.KIND_UNKNOWN: gettext_lazy("The kind “%(text)s” is not known here: it becomes “Something else”."),
    Note.PART_UNKNOWN: gettext_lazy("The part “%(text)s” is not one of yours: it is left out."),
}


class Becomes(StrEnum):
    """What a line of a file becomes."""

    NEW = "new"
    THERE = "there"
    WITHDRAWN = "withdrawn"
    REPEATED = "repeated"
    WRONG = "wrong"


@dataclass(frozen=True)
class Line:
    """A line of a file, what it becomes, and why."""

    entry: Entry
    becomes: Becomes
    #: For the ledger, when it is new.
    ceus: Decimal | None = None
    key: str = ""
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class SheetChanged(Refused):
    """The ledger has moved since the file was shown, so that other lines would be added than were shown."""


def check_sheet(*, user: User, sheet: Sheet, at: datetime) -> list[Line]:
    """What each line would become in the person's ledger; writes nothing."""
    ledger = Ledger.objects.filter(user=user).first() or Ledger(user=user)
    return _judge(ledger, gate_for(user, at=at), sheet)


@transaction.atomic
def import_sheet(*, user: User, sheet: Sheet, expected: int, by: User, at: datetime) -> list[Credit]:
    """Add every new line of ``sheet``, in the order of their days; a second time there is none.

    ``expected`` is how many the person was shown. Raises ``SheetChanged`` when it is another number now; then
    nothing is written.
    """
    ledger = ledger_of(user, at=at)
    new = [line for line in _judge(ledger, gate_for(user, at=at), sheet) if line.becomes is Becomes.NEW]
    if len(new) != expected:
        raise SheetChanged(_("Your ledger has changed meanwhile. Look at the lines again."))
    return [_write(ledger, line, by=by, at=at) for line in sorted(new, key=_day)]


def _day(line: Line) -> tuple[str, int]:
    return str(line.entry.completed_on), line.entry.line


def _write(ledger: Ledger, line: Line, *, by: User, at: datetime) -> Credit:
    entry = line.entry
    return write_row(
        ledger,
        by=by,
        at=at,
        words={"title": entry.title, "provider": entry.provider, "index_number": entry.index_number},
        kind=Credit.Kind.AWARD,
        activity_key=line.key,
        activity=entry.activity or Credit.Activity.OTHER,
        topics=list(entry.topics),
        completed_on=entry.completed_on,
        minutes=entry.minutes,
        ceus=line.ceus,
        is_stated=entry.ceus is not None,
        source=Credit.Source.IMPORTED,
    )


def _judge(ledger: Ledger, gate: Gate, sheet: Sheet) -> list[Line]:
    """The lines against the ledger as it is and against each other."""
    known: dict[str, Credit] = {}
    if ledger.pk:
        awards = (
            ledger.credits.filter(kind=Credit.Kind.AWARD).select_related("reversal", "detail").order_by("pk")
        )
        known = {award.activity_key.partition("#")[0]: award for award in awards}
    seen: dict[str, int] = {}
    return [_line(ledger, gate, entry, known, seen) for entry in sheet.entries]


def _line(
    ledger: Ledger, gate: Gate, entry: Entry, known: Mapping[str, Credit], seen: dict[str, int]
) -> Line:
    reasons = [_said(remark) for remark in entry.wrong]
    notes = tuple(_said(remark) for remark in entry.notes)
    ceus = None
    if entry.completed_on is not None:
        # of an amount that could not be read a second sentence would only confuse
        stated = Decimal(1) if _amount_is_wrong(entry.wrong) else entry.ceus
        try:
            ceus = gate.admit(entry.completed_on, entry.minutes, stated)
        except Refused as refusal:
            reasons.append(str(refusal))
    if reasons or entry.completed_on is None:
        return Line(entry, Becomes.WRONG, reasons=tuple(reasons), notes=notes)
    try:
        gate.refuse_ours(entry.index_number)
    except Refused as refusal:
        return Line(entry, Becomes.THERE, reasons=(str(refusal),), notes=notes)
    key = gate.key(ledger, entry.title, entry.provider, entry.completed_on, entry.index_number)
    if (there := known.get(key)) is not None:
        words = {"title": there.detail.title, "day": date_format(there.completed_on)}
        if hasattr(there, "reversal"):
            why = _("“%(title)s” of %(day)s was withdrawn: it is not added by a file again.") % words
            return Line(entry, Becomes.WITHDRAWN, key=key, reasons=(why,), notes=notes)
        why = _("“%(title)s” of %(day)s is in your ledger.") % words
        return Line(entry, Becomes.THERE, key=key, reasons=(why,), notes=notes)
    if key in seen:
        why = _("The same activity as in line %(line)d: it counts once.") % {"line": seen[key]}
        return Line(entry, Becomes.REPEATED, key=key, reasons=(why,), notes=notes)
    seen[key] = entry.line
    return Line(entry, Becomes.NEW, ceus=ceus, key=key, notes=notes)


def _amount_is_wrong(wrong: Sequence[Remark]) -> bool:
    amounts = {Column.CEUS, Column.MINUTES, Column.HOURS}
    return any(one.about is Wrong.NO_AMOUNT or one.column in amounts for one in wrong)


def _said(remark: Remark) -> str:
    return str(_WRONG[remark.about]) % {"text": remark.text}
