"""Recording what one holds, one credential with its history, and correcting it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.requests import person_of
from courses.catalog.models import Certification
from courses.credentials.actions.changing import GIVEN_UP, change_credential
from courses.credentials.actions.holding import record_credential, record_credentials
from courses.credentials.actions.refusals import Refused, RowRefused
from courses.credentials.actions.rules import rule_set_for
from courses.credentials.forms.holding import FIRST_ROWS, MOST_ROWS, CredentialForm, EditForm, StartForm
from courses.credentials.models import CredentialHeld, Cycle
from courses.credentials.queries import standings
from courses.credentials.queries.history import changes_of
from courses.credentials.queries.terms import bodies_to_record
from courses.credentials.rules import Anchor
from courses.credentials.views.scope import mine
from portal.lib.access import member


@member
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Record several credentials at once; a button adds a row and keeps what was typed."""
    user, at = person_of(request), timezone.now()
    bodies = bodies_to_record(user.local(at).date())
    options: dict[str, Any] = {
        "certifications": [one for body in bodies for one in body.certifications],
        "bodies": [(body.body, body.rule) for body in bodies],
        "rows": _rows_asked(request),
    }
    if request.method != "POST":
        form = StartForm(**options)
    elif "more" in request.POST:
        form = StartForm(**options | {"rows": options["rows"] + 1, "typed": request.POST.dict()})
    else:
        running = Cycle.objects.owned_by(user).running_on(user.local(at).date())
        form = StartForm(request.POST.dict(), **options, running=running.values_list("body", flat=True))
        if form.is_valid:
            try:
                held = record_credentials(user=user, rows=form.recorded(), dates=form.dates(), at=at)
            except RowRefused as refusal:
                form.refuse(refusal)
            else:
                messages.success(request, _recorded(held))
                return redirect("credentials:credentials")
    context = {"form": form, "can_add": len(form.rows) < MOST_ROWS, "row": len(form.rows) - 1}
    status = 422 if form.has_errors else 200
    return render(request, "credentials/start.html", context, status=status)


def _rows_asked(request: HttpRequest) -> int:
    """As many rows as the page had."""
    asked = request.POST.get("rows", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 3 else FIRST_ROWS


def _recorded(held: list[CredentialHeld]) -> str:
    names = ", ".join(str(one.certification) for one in held)
    return ngettext("%(names)s is recorded.", "%(names)s are recorded.", len(held)) % {"names": names}


@member
@require_http_methods(["GET", "HEAD", "POST"])
def record(request: HttpRequest) -> HttpResponse:
    """Record one more credential."""
    wanted = Certification.objects.filter(key=request.GET.get("certification", "")[:80]).first()
    form = CredentialForm(request.POST or None, initial={"certification": wanted.pk if wanted else None})
    if request.method == "POST" and form.is_valid():
        try:
            held = record_credential(user=person_of(request), at=timezone.now(), **form.values())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("%(name)s is recorded.") % {"name": held.certification})
            return redirect(held)
    return render(request, "credentials/record.html", {"form": form}, status=422 if form.errors else 200)


@member
@require_safe
def credential(request: HttpRequest, pk: int) -> HttpResponse:
    """One credential: its facts, its running and earlier cycles, and the history of its changes."""
    held = mine(request, pk)
    today = held.user.local(timezone.now()).date()
    body = held.certification.body_id
    now = [one for one in standings(held.user, today) if one.cycle.body_id == body]
    past = [one for one in standings(held.user, today, past=True) if one.cycle.body_id == body]
    one = next((found for found in now if held.pk in {c.pk for c in found.credentials}), None)
    context = {"held": held, "one": one, "past": past, "changes": changes_of(held)}
    return render(request, "credentials/credential.html", context)


@member
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct a credential; giving it up is asked once more."""
    held, at = mine(request, pk), timezone.now()
    today = held.user.local(at).date()
    form = EditForm(request.POST or None, held=held, **_dates_asked(held.user, held, today))
    if request.method == "POST" and form.is_valid():
        status = form.cleaned_data["status"]
        gives_up = status in GIVEN_UP and status != held.status and form.cleaned_data["reason"]
        if gives_up and "confirmed" not in request.POST:
            context = {"held": held, "form": form, "status": dict(CredentialHeld.Status.choices)[status]}
            return render(request, "credentials/edit_confirm.html", context)
        try:
            changed = change_credential(held=held, by=person_of(request), at=at, **form.values())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            text = _("%(name)s is corrected.") if changed else _("Nothing of %(name)s was changed.")
            messages.success(request, text % {"name": held.certification})
            return redirect(held)
    cycle = held.cycles.select_related("body").running_on(today).first()
    context = {"held": held, "form": form, "cycle": cycle}
    return render(request, "credentials/edit.html", context, status=422 if form.errors else 200)


def _dates_asked(user: User, held: CredentialHeld, today: Any) -> dict[str, Any]:
    """Whether the form asks for a cycle's dates, and by what: only where none runs."""
    body = held.certification.body
    runs = Cycle.objects.owned_by(user).filter(body=body).running_on(today).exists()
    rule_set = rule_set_for(body, held.certification.key, today)
    return {"asks_dates": not runs, "anchor": rule_set.anchor if rule_set else Anchor.UNKNOWN}
