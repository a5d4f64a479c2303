"""Adding activities to the ledger and taking them back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.requests import person_of
from courses.credentials import actions
from courses.credentials.forms.activities import CreditForm, WithdrawForm
from courses.credentials.models import Credit
from courses.credentials.views.scope import mine
from portal.lib.access import member


@member
@require_http_methods(["GET", "HEAD", "POST"])
def add_credit(request: HttpRequest, pk: int) -> HttpResponse:
    """Add an activity to the ledger."""
    held = mine(request, pk)
    cycle = held.cycles.select_related("rule_set").order_by("-starts_on").first()
    rule = cycle.rule_set.rule() if cycle and cycle.rule_set else None
    form = CreditForm(request.POST or None, buckets=rule.buckets if rule else ())
    if request.method == "POST" and form.is_valid():
        try:
            credit = actions.add_credit(
                user=held.user, by=person_of(request), at=timezone.now(), **form.cleaned_data
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
    held = mine(request, pk)
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
