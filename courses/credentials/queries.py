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
    now, parts = of.standing, []
    if now.required is None:
        parts.append(
            _("%(earned)s CEUs recorded; what the body asks is not known") % {"earned": amount(now.earned)}
        )
    elif now.is_met:
        parts.append(
            _("%(earned)s of %(required)s CEUs recorded, nothing is short")
            % {"earned": amount(now.earned), "required": amount(now.required)}
        )
    else:
        parts += [_short(now.short, "")] if now.short else []
        parts += [_short(bucket.short, bucket.title) for bucket in now.short_buckets]
    return _("%(what)s, %(when)s.") % {"what": _(" and ").join(parts), "when": _when(now.days_left)}


def _short(number: Decimal, bucket: str) -> str:
    text = ngettext("%(n)s CEU short", "%(n)s CEUs short", 1 if number == 1 else 2) % {"n": amount(number)}
    return _("%(short)s in %(bucket)s") % {"short": text, "bucket": bucket} if bucket else text


def _when(days_left: int) -> str:
    if days_left < 0:
        return ngettext("over for %(n)d day", "over for %(n)d days", -days_left) % {"n": -days_left}
    if days_left == 0:
        return _("today is the last day")
    return ngettext("%(n)d day left", "%(n)d days left", days_left) % {"n": days_left}


def standing_for_cycle(cycle: Cycle, on: date) -> CycleStanding:
    """How one cycle stands: three queries at most."""
    credits = Credit.objects.owned_by(cycle.user).standing()
    return _stand(cycle, _kept(cycle.credentials.select_related("certification")), list(credits), on)


def standings(user: User, on: date, *, past: bool = False) -> list[CycleStanding]:
    """The person's running cycles, what ends first before the rest: three queries, none more a cycle.

    With ``past`` the ended cycles, the newest first.
    """
    cycles = Cycle.objects.owned_by(user).select_related("body", "rule_set")
    cycles = cycles.filter(ends_on__lte=on).order_by("-ends_on") if past else cycles.running_on(on)
    rows = list(
        cycles.order_by("-ends_on" if past else "ends_on").prefetch_related("credentials__certification")
    )
    credits = list(Credit.objects.owned_by(user).standing()) if rows else []
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
            [Earned(c.completed_on, c.ceus, frozenset(c.topics), c.provider) for c in credits],
            cycle.period,
            on,
            required=cycle.required_override,
        ),
    )
