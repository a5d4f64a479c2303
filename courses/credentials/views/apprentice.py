"""The apprentice mark: what takes it away, what of it is there, and that it is gone."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import person_of
from courses.credentials.actions.apprentice import add_proof as add
from courses.credentials.actions.apprentice import remove_apprentice_mark
from courses.credentials.actions.apprentice import remove_proof as remove
from courses.credentials.actions.refusals import Refused
from courses.credentials.actions.rules import rule_set_for
from courses.credentials.apprenticeship import NeedStanding, Proof, RouteStanding, nearest, routes_of
from courses.credentials.forms.evidence import accepted_from, status_of, takes_evidence
from courses.credentials.forms.holding import MarkRemovedForm, ProofForm
from courses.credentials.models import ApprenticeProof, CredentialHeld, RuleSet
from courses.credentials.rules import Apprentice, Need, Unit
from courses.credentials.views.scope import mine
from portal.lib.access import member


@member
@require_safe
def apprentice(request: HttpRequest, pk: int) -> HttpResponse:
    """The routes, what is done of each, and forms to add to it."""
    return _page(request, mine(request, pk))


@takes_evidence
@member
@require_POST
def add_proof(request: HttpRequest, pk: int, need: str) -> HttpResponse:
    """Add work, a course or cases."""
    held, at = mine(request, pk), timezone.now()
    _rules, terms = _terms(held, held.user.local(at).date())
    asked = next((one for one in _needs(terms) if one.key == need), None) if terms else None
    if asked is None:
        messages.error(request, _("The rules of this credential do not ask for that."))
        return redirect("credentials:apprentice", held.pk)
    form = ProofForm(request.POST, request.FILES, need=asked)
    file = accepted_from(form, request=request)
    if form.is_valid():
        fields = form.cleaned_data | {"file": file}
        try:
            proof = add(held=held, need=asked, by=person_of(request), at=at, **fields)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("“%(text)s” is added.") % {"text": proof.text})
            return redirect("credentials:apprentice", held.pk)
    return _page(request, held, form=form)


@member
@require_POST
def remove_proof(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a proof away again, with its files."""
    proofs = ApprenticeProof.objects.filter(held__user=person_of(request)).select_related("held")
    proof = get_object_or_404(proofs, pk=pk)
    remove(proof=proof)
    messages.success(request, _("“%(text)s” is removed.") % {"text": proof.text})
    return redirect("credentials:apprentice", proof.held_id)


@member
@require_POST
def remove_mark(request: HttpRequest, pk: int) -> HttpResponse:
    """The body took the mark away: the credential is active."""
    held = mine(request, pk)
    form = MarkRemovedForm(request.POST)
    if form.is_valid():
        try:
            remove_apprentice_mark(
                held=held, on=form.cleaned_data["removed_on"], by=person_of(request), at=timezone.now()
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            name = held.certification
            messages.success(request, _("%(name)s is active now, without the A.") % {"name": name})
            return redirect(held)
    return _page(request, held, removed=form)


@dataclass(frozen=True)
class NeedShown:
    """A need, which several routes may ask for, with its proofs and the form that adds one."""

    need: Need
    proofs: list[ApprenticeProof]
    form: ProofForm

    @property
    def title(self) -> str:
        return unit_title(self.need)

    @property
    def unit_words(self) -> str:
        return unit_words(self.need)


@dataclass(frozen=True)
class RouteShown:
    """A route with its needs, each with its words."""

    of: RouteStanding
    needs: list[tuple[NeedStanding, str, str]]


def unit_title(need: Need) -> str:
    """What is gathered for a need."""
    match need.unit:
        case Unit.MONTHS:
            return _("Work")
        case Unit.HOURS:
            return _("Course")
        case Unit.CASES:
            return _("Cases")
        case Unit.LETTER:
            return _("Letters")
    return _("Certificates")


def unit_words(need: Need) -> str:
    """What its amount counts."""
    match need.unit:
        case Unit.MONTHS:
            return _("months")
        case Unit.HOURS:
            return _("hours")
        case Unit.CASES:
            return _("cases")
    return ""


def _page(
    request: HttpRequest,
    held: CredentialHeld,
    *,
    form: ProofForm | None = None,
    removed: MarkRemovedForm | None = None,
) -> HttpResponse:
    today = held.user.local(timezone.now()).date()
    rules, terms = _terms(held, today)
    context: dict[str, Any] = {"held": held, "rules": rules, "terms": terms}
    if terms is not None:
        proofs = list(held.proofs.prefetch_related("files"))
        given = [Proof(one.need, one.amount, one.starts_on, one.ends_on) for one in proofs]
        routes = routes_of(terms, given, today)
        context |= {
            "routes": [
                RouteShown(one, [(n, unit_title(n.need), unit_words(n.need)) for n in one.needs])
                for one in routes
            ],
            "nearest": nearest(routes),
            "needs": [
                NeedShown(
                    need,
                    [one for one in proofs if one.need == need.key],
                    form if form is not None and form.need.key == need.key else ProofForm(need=need),
                )
                for need in _needs(terms)
            ],
            "removed": removed or MarkRemovedForm(initial={"removed_on": today}),
        }
    bound = form or removed
    status = status_of(bound) if bound is not None else 200
    return render(request, "credentials/apprentice.html", context, status=status)


def _terms(held: CredentialHeld, today: date) -> tuple[RuleSet | None, Apprentice | None]:
    """How the mark of this credential goes by the rules in force; nothing when it has none to lose."""
    rule_set = rule_set_for(held.certification.body, held.certification.key, today)
    terms = rule_set.rule().apprentice if rule_set else None
    is_apprentice = held.status == CredentialHeld.Status.APPRENTICE
    if terms is None or not is_apprentice or held.certification.key not in terms.certifications:
        return rule_set, None
    return rule_set, terms


def _needs(terms: Apprentice) -> list[Need]:
    """Each need once, though several routes ask for it."""
    found: dict[str, Need] = {}
    for route in terms.routes:
        for need in route.needs:
            found.setdefault(need.key, need)
    return list(found.values())
