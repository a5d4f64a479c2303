"""A person's credentials: cards, the ledger behind them, adding and withdrawing."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import person_of
from courses.catalog.models import Certification
from courses.credentials import actions
from courses.credentials.forms import CredentialForm, CreditForm, WithdrawForm
from courses.credentials.models import CredentialHeld, Credit
from courses.credentials.queries import standings
from portal.lib.access import member


def _mine(request: HttpRequest, pk: int) -> CredentialHeld:
    held = CredentialHeld.objects.owned_by(person_of(request)).select_related("user", "certification__body")
    return get_object_or_404(held, pk=pk)


@member
@require_safe
def credentials(request: HttpRequest) -> HttpResponse:
    """A card per running cycle, and what is held besides."""
    user = person_of(request)
    cycles = standings(user, user.local(timezone.now()).date())
    shown = {held.pk for one in cycles for held in one.credentials}
    held = CredentialHeld.objects.owned_by(user).select_related("certification__body")
    others = [one for one in held if one.pk not in shown]
    return render(request, "credentials/credentials.html", {"cycles": cycles, "others": others})


@member
@require_http_methods(["GET", "HEAD", "POST"])
def record(request: HttpRequest) -> HttpResponse:
    """Record a credential that one holds."""
    wanted = Certification.objects.filter(key=request.GET.get("certification", "")[:80]).first()
    form = CredentialForm(request.POST or None, initial={"certification": wanted.pk if wanted else None})
    if request.method == "POST" and form.is_valid():
        try:
            held = actions.record_credential(user=person_of(request), at=timezone.now(), **form.values())
        except actions.Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("%(name)s is recorded.") % {"name": held.certification})
            return redirect(held)
    return render(request, "credentials/record.html", {"form": form}, status=422 if form.errors else 200)


@member
@require_safe
def credential(request: HttpRequest, pk: int) -> HttpResponse:
    """One credential: its cycle, the parts of it, the whole ledger and earlier cycles."""
    held = _mine(request, pk)
    today = held.user.local(timezone.now()).date()
    mine = [one for one in standings(held.user, today) if one.cycle.body_id == held.certification.body_id]
    past = standings(held.user, today, past=True)
    ledger = Credit.objects.owned_by(held.user).select_related("reversal", "detail")
    return render(
        request,
        "credentials/credential.html",
        {
            "held": held,
            "one": next((s for s in mine if held.pk in {c.pk for c in s.credentials}), None),
            "past": [one for one in past if one.cycle.body_id == held.certification.body_id],
            "ledger": ledger,
        },
    )


@member
@require_http_methods(["GET", "HEAD", "POST"])
def add_credit(request: HttpRequest, pk: int) -> HttpResponse:
    """Add an activity to the ledger."""
    held = _mine(request, pk)
    cycle = held.cycles.select_related("rule_set").order_by("-starts_on").first()
    rule = cycle.rule_set.rule() if cycle and cycle.rule_set else None
    form = CreditForm(request.POST or None, buckets=rule.buckets if rule else ())
    if request.method == "POST" and form.is_valid():
        try:
            credit = actions.add_credit(
                credential=held, by=person_of(request), at=timezone.now(), **form.cleaned_data
            )
        except actions.Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("“%(title)s” is in your ledger.") % {"title": credit.detail.title})
            return redirect(held)
    status = 422 if form.errors else 200
    return render(request, "credentials/add_credit.html", {"form": form, "held": held}, status=status)


@member
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_credit(request: HttpRequest, pk: int, credit_id: int) -> HttpResponse:
    """Take an own entry back: asks why, and both rows stay in the ledger."""
    held = _mine(request, pk)
    credit = get_object_or_404(Credit.objects.owned_by(held.user).with_words(), pk=credit_id)
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.reverse_credit(
                credit=credit, reason=form.cleaned_data["reason"], by=person_of(request), at=timezone.now()
            )
        except actions.Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("“%(title)s” is withdrawn.") % {"title": credit.detail.title})
            return redirect(held)
    status = 422 if form.errors else 200
    context = {"form": form, "held": held, "credit": credit}
    return render(request, "credentials/withdraw.html", context, status=status)
