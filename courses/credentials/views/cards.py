"""A person's credentials: cards, one credential, recording one."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import person_of
from courses.catalog.models import Certification
from courses.credentials import actions
from courses.credentials.forms.holding import CredentialForm
from courses.credentials.models import CredentialHeld, Credit
from courses.credentials.queries import standings
from courses.credentials.views.scope import mine
from portal.lib.access import member


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
    held = mine(request, pk)
    today = held.user.local(timezone.now()).date()
    now = [one for one in standings(held.user, today) if one.cycle.body_id == held.certification.body_id]
    past = standings(held.user, today, past=True)
    ledger = Credit.objects.owned_by(held.user).select_related("reversal", "detail")
    return render(
        request,
        "credentials/credential.html",
        {
            "held": held,
            "one": next((s for s in now if held.pk in {c.pk for c in s.credentials}), None),
            "past": [one for one in past if one.cycle.body_id == held.certification.body_id],
            "ledger": ledger,
        },
    )
