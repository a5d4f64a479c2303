"""The kind about the apprentice mark: the next thing on the nearest way to lose it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from courses.credentials.actions.rules import rule_set_among
from courses.credentials.apprenticeship import NeedStanding, Proof, RouteStanding, nearest, routes_of
from courses.credentials.cycles import add_months
from courses.credentials.models import CredentialHeld, RuleSet
from courses.credentials.queries import amount
from courses.credentials.queries.terms import is_in_force
from courses.credentials.rules import Apprentice, Unit
from courses.reminders.addresses import absolute
from courses.reminders.kinds import Candidate, Group
from courses.reminders.kinds.credentials.reading import days_near
from courses.reminders.kinds.ladder import ONE_DAY, in_pages
from courses.reminders.kinds.shared import Nudge
from courses.reminders.models import Reason, Reminder

#: After so many months a quarter lies between two reminders: work does not grow faster.
_MONTHLY = 3


@dataclass(frozen=True)
class Apprenticeship:
    """A credential with the mark, the way of which the most is done, and what is next on it."""

    held: CredentialHeld
    #: None before anything was entered.
    route: RouteStanding | None
    next: NeedStanding | None


class ApprenticeStep(Nudge):
    """The next step to losing the apprentice mark; stops when the mark is gone."""

    key = "apprentice_step"
    label = gettext_lazy("Next step to losing the apprentice mark")
    rhythm = gettext_lazy("once a month for three months, then once a quarter, until the mark is gone")
    group = Group.CREDENTIALS
    _LASTS = timedelta(days=14)

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        first, last = days_near(at, until)
        rows = CredentialHeld.objects.filter(status=CredentialHeld.Status.APPRENTICE)
        rows = (
            rows.filter(user=user_id) if user_id is not None else rows.filter(_recorded_on_days(first, last))
        )
        for pk, person, recorded_at in in_pages(rows, "user_id", "recorded_at"):
            for months, day in _due(_recorded_on(recorded_at), first, last):
                yield Candidate(f"mark-{pk}-{months}", person, day, 0, day, day + self._LASTS)

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        asked = [_mark_of(subject) for subject in subjects]
        rows = CredentialHeld.objects.filter(
            pk__in={pk for pk, _months in asked}, status=CredentialHeld.Status.APPRENTICE
        )
        recorded = {pk: _recorded_on(at) for pk, at in rows.values_list("pk", "recorded_at")}
        return {
            f"mark-{pk}-{months}": add_months(recorded[pk], months) for pk, months in asked if pk in recorded
        }

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, Apprenticeship]:
        """Four queries; what has no mark, or no rules about it, is left out."""
        ids = {_mark_of(reminder.subject)[0] for reminder in reminders}
        marked = CredentialHeld.objects.filter(pk__in=ids, status=CredentialHeld.Status.APPRENTICE)
        held = marked.select_related("certification").prefetch_related("proofs").in_bulk()
        rules = _Rules({one.certification.body_id for one in held.values()})
        found = {}
        for reminder in reminders:
            one = held.get(_mark_of(reminder.subject)[0])
            if one is None or one.user_id != reminder.user_id:
                continue
            today = reminder.user.local(at).date()
            terms = rules.terms(one, today)
            if terms is not None:
                found[reminder.pk] = _apprenticeship(one, terms, today)
        return found

    def still_true(self, reminder: Reminder, fact: Apprenticeship, *, at: datetime) -> Reason | None:
        months = _mark_of(reminder.subject)[1]
        day = add_months(_recorded_on(fact.held.recorded_at), months)
        return None if day == reminder.due_on else Reason.MOVED

    def context(self, reminder: Reminder, fact: Apprenticeship, *, at: datetime) -> dict[str, str]:
        name = fact.held.certification.abbreviation
        return {
            "name": reminder.user.get_short_name(),
            "credential": _marked(name),
            "headline": _headline(fact),
            "nearest_sentence": _nearest(fact),
            "next_sentence": _next(fact),
            "url": absolute(reverse("credentials:apprentice", args=[fact.held.pk])),
            "why": _why(_marked(name)),
        }

    def sample_context(self) -> dict[str, str]:
        return {
            "name": "Ana",
            "credential": "CPC-A",
            "headline": "10 months of work to go",
            "nearest_sentence": "You are nearest to “Two years of work”: 14 of 24 months are there.",
            "next_sentence": "Next: Two years of verified coding work; work before the certification counts.",
            "url": absolute("/credentials/1/apprentice/"),
            "why": _why("CPC-A"),
        }


@lru_cache(maxsize=4096)  # many were recorded on one day
def _due(recorded_on: date, first: date, last: date) -> tuple[tuple[int, date], ...]:
    """The reminders that fall between ``first`` and ``last``: months since it was recorded, and the day."""
    found = []
    months = max(1, (first.year - recorded_on.year) * 12 + first.month - recorded_on.month - 1)
    while (day := add_months(recorded_on, months)) <= last:
        if day >= first and (months <= _MONTHLY or months % 3 == 0):
            found.append((months, day))
        months += 1
    return tuple(found)


def _recorded_on(recorded_at: datetime) -> date:
    """The day from which the months are counted, the same in every zone."""
    return recorded_at.astimezone(UTC).date()


def _recorded_on_days(first: date, last: date) -> Q:
    """Recorded on a day of the month that comes between ``first`` and ``last``."""
    days: set[int] = set()
    day = first
    while day <= last:
        days.add(day.day)
        if (day + ONE_DAY).day == 1:  # stands for the days that its month does not have
            days |= set(range(day.day, 32))
        day += ONE_DAY
    return Q(recorded_at__day__in=sorted(days))


class _Rules:
    """The rules of some bodies, read once."""

    def __init__(self, bodies: Collection[int]) -> None:
        rows = RuleSet.objects.filter(body__in=bodies)
        self._rows = list(rows.order_by(F("valid_from").desc(nulls_last=True), "key"))
        self._terms: dict[tuple[int, date], Apprentice | None] = {}

    def terms(self, held: CredentialHeld, on: date) -> Apprentice | None:
        """How the mark of a credential goes by the rules in force on a day."""
        certification = held.certification
        asked = (certification.pk, on)
        if asked not in self._terms:
            rows = [
                row for row in self._rows if row.body_id == certification.body_id and is_in_force(row, on)
            ]
            row = rule_set_among(rows, certification.key)
            terms = row.rule().apprentice if row else None
            speaks = terms is not None and certification.key in terms.certifications
            self._terms[asked] = terms if speaks else None
        return self._terms[asked]


def _apprenticeship(held: CredentialHeld, terms: Apprentice, today: date) -> Apprenticeship:
    given = [Proof(one.need, one.amount, one.starts_on, one.ends_on) for one in held.proofs.all()]
    route = nearest(routes_of(terms, given, today))
    left = [need for need in route.needs if not need.is_met] if route else []
    return Apprenticeship(held, route, max(left, key=lambda need: need.share, default=None))


# --- words -------------------------------------------------------------------------------------------------
def _marked(abbreviation: str) -> str:
    """A credential with its mark: CPC-A."""
    return f"{abbreviation}-A"


def _headline(fact: Apprenticeship) -> str:
    if fact.route is None:
        return _("the way to lose the A")
    if fact.next is None:
        return _("everything is there")
    return _left(fact.next)


def _left(need: NeedStanding) -> str:
    """What is still to be done of a need."""
    rest = max(Decimal(0), need.need.amount - need.done)
    words, plural = {"n": amount(rest)}, 1 if rest == 1 else 2
    match need.need.unit:
        case Unit.MONTHS:
            return ngettext("%(n)s month of work to go", "%(n)s months of work to go", plural) % words
        case Unit.HOURS:
            return ngettext("%(n)s hour of a course to go", "%(n)s hours of a course to go", plural) % words
        case Unit.CASES:
            return ngettext("%(n)s case to go", "%(n)s cases to go", plural) % words
        case Unit.LETTER:
            return ngettext("%(n)s letter to go", "%(n)s letters to go", plural) % words
    return ngettext("%(n)s certificate to go", "%(n)s certificates to go", plural) % words


def _nearest(fact: Apprenticeship) -> str:
    if fact.route is None:
        return _(
            "Nothing is entered here yet. Enter what you have, work or a course, and the page says which way "
            "is the nearest."
        )
    title = fact.route.route.title
    if fact.next is None:
        return _("You have all of “%(route)s”: send the papers to the body.") % {"route": title}
    return _("You are nearest to “%(route)s”: %(left)s.") % {"route": title, "left": _left(fact.next)}


def _next(fact: Apprenticeship) -> str:
    if fact.route is None:
        return ""
    if fact.next is None:
        return _("When the body has taken the mark away, say so on the page: these letters end with it.")
    need = fact.next.need
    return _("Next: %(text)s It is proven by: %(evidence)s") % {"text": need.text, "evidence": need.evidence}


def _why(credential: str) -> str:
    return _("You get this because you recorded %(credential)s here, which carries the apprentice mark.") % {
        "credential": credential
    }


def _mark_of(subject: str) -> tuple[int, int]:
    """The credential and the months since it was recorded."""
    _name, pk, months = subject.split("-")
    return int(pk), int(months)
