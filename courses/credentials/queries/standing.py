"""How a person's cycles stand: the rows of the ledger read once, the arithmetic in ``standing``."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from courses.credentials.models import CredentialHeld, Credit, Cycle
from courses.credentials.standing import Earned, Held, Standing, standing


@dataclass(frozen=True)
class CycleStanding:
    """A cycle, the credentials that count in it, and how it stands."""

    cycle: Cycle
    credentials: list[CredentialHeld]
    standing: Standing

    @property
    def names(self) -> str:
        """The credentials by their abbreviations."""
        return ", ".join(str(one.certification) for one in self.credentials)

    @property
    def days_left(self) -> int:
        return self.standing.days_left

    @property
    def sentence(self) -> str:
        return sentence(self)


def amount(number: Decimal) -> str:
    """CEUs as people write them: 6, 6.5, 0.25."""
    return f"{number.normalize():f}"


def sentence(of: CycleStanding) -> str:
    """What is missing and by when, in one sentence."""
    now = of.standing
    if now.required is None:
        what = _("%(earned)s CEUs recorded; what the body asks is not known") % {"earned": amount(now.earned)}
    elif now.is_met:
        what = _("%(earned)s of %(required)s CEUs recorded, nothing is short") % {
            "earned": amount(now.earned),
            "required": amount(now.required),
        }
    else:
        what = _short(now)
    return _("%(what)s, %(when)s.") % {"what": what, "when": _when(now.days_left)}


def _short(now: Standing) -> str:
    """The fewest CEUs that are still needed, and in which parts of the requirement."""
    words = {"n": amount(now.fewest)}
    plural = 1 if now.fewest == 1 else 2
    match now.short_buckets:
        case ():
            return ngettext("%(n)s CEU short", "%(n)s CEUs short", plural) % words
        case (only,) if only.short == now.fewest and " " not in only.title:
            words["part"] = only.title.lower()
            return ngettext("%(n)s %(part)s CEU short", "%(n)s %(part)s CEUs short", plural) % words
        case (only,) if only.short == now.fewest:
            words["part"] = only.title
            return ngettext("%(n)s CEU short in “%(part)s”", "%(n)s CEUs short in “%(part)s”", plural) % words
        case several:
            parts = [_("%(n)s in “%(part)s”") % {"n": amount(b.short), "part": b.title} for b in several]
            words["parts"] = _(" and ").join(parts)
            return (
                ngettext("%(n)s CEU short, of it %(parts)s", "%(n)s CEUs short, of them %(parts)s", plural)
                % words
            )


def _when(days_left: int) -> str:
    if days_left < 0:
        return ngettext("over for %(n)d day", "over for %(n)d days", -days_left) % {"n": -days_left}
    if days_left == 0:
        return _("today is the last day")
    return ngettext("%(n)d day left", "%(n)d days left", days_left) % {"n": days_left}


def standing_for_cycle(cycle: Cycle, on: date) -> CycleStanding:
    """How one cycle stands: three queries at most."""
    credits = Credit.objects.owned_by(cycle.user).standing().with_words()
    return _stand(cycle, _kept(cycle.credentials.select_related("certification")), list(credits), on)


def standings(user: User, on: date, *, past: bool = False) -> list[CycleStanding]:
    """The person's running cycles, what ends first before the rest: four queries, none more a cycle.

    With ``past`` the ended cycles, the newest first.
    """
    cycles = Cycle.objects.owned_by(user).select_related("body", "rule_set")
    cycles = cycles.filter(ends_on__lte=on).order_by("-ends_on") if past else cycles.running_on(on)
    rows = list(
        cycles.order_by("-ends_on" if past else "ends_on").prefetch_related("credentials__certification")
    )
    credits = list(Credit.objects.owned_by(user).standing().with_words()) if rows else []
    return [_stand(cycle, _kept(cycle.credentials.all()), credits, on) for cycle in rows]


def _kept(credentials: Iterable[CredentialHeld]) -> list[CredentialHeld]:
    return [one for one in credentials if one.is_kept]


def _stand(
    cycle: Cycle, credentials: list[CredentialHeld], credits: Sequence[Credit], on: date
) -> CycleStanding:
    return CycleStanding(
        cycle,
        credentials,
        standing(
            cycle.rule_set.rule() if cycle.rule_set else None,
            [Held(one.certification.key, one.earned_on) for one in credentials],
            [Earned(c.completed_on, c.ceus, frozenset(c.topics), c.detail.provider) for c in credits],
            cycle.period,
            on,
            required=cycle.required_override,
        ),
    )
