"""What a person wants to be reminded of; and the link in every mail that stops a kind."""

from dataclasses import asdict

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import User
from courses.reminders import actions, kinds
from courses.reminders.addresses import BadToken, read_stop_token
from courses.reminders.forms import PreferencesForm
from courses.reminders.models import Channel, Reminder
from courses.reminders.queries import hours_of, is_suppressed, next_moments, turned_off
from portal.lib.access import member, public

HISTORY = 20


@member
@require_http_methods(["GET", "HEAD", "POST"])
def reminders(request: HttpRequest) -> HttpResponse:
    """Kinds with the next moment of each, hours, and what was sent; POST saves."""
    user, at = request.user, timezone.now()
    assert isinstance(user, User)  # login is the default
    off = {kind for _user, kind, channel in turned_off([user.pk]) if channel == Channel.EMAIL}
    initial = asdict(hours_of(user)) | {
        PreferencesForm.name_of(kind.key): kind.key not in off for kind in kinds.registered()
    }
    form = PreferencesForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        actions.save_settings(user=user, hours=form.hours, is_on=form.is_on, at=at)
        messages.success(request, _("Your reminders are saved."))
        return redirect("reminders:reminders")
    coming = next_moments(user, at=at)
    past = Reminder.objects.owned_by(user).past()
    page = Paginator(past, HISTORY).get_page(request.GET.get("page"))
    labels = {kind.key: kind.label for kind in kinds.registered()}
    history = [
        {"reminder": row, "label": labels.get(row.kind, row.kind), "at": row.sent_at or row.not_before}
        for row in page
    ]
    context = {
        "form": form,
        "rows": [
            {
                "kind": kind,
                "field": form[form.name_of(kind.key)],
                "is_on": kind.key not in off,
                "next_at": coming.get(kind.key),
            }
            for kind in kinds.registered()
        ],
        "page": page,
        "history": history,
        "is_suppressed": is_suppressed(user),
    }
    return render(request, "reminders/reminders.html", context, status=422 if form.errors else 200)


@public
@csrf_exempt  # a mail program posts without cookies (RFC 8058); the token in the address is the permission
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, whoever follows the link; POST stops the kind at once, with or without a session."""
    try:
        user_id, key = read_stop_token(token)
        kind = kinds.get(key)
        user = User.objects.get(pk=user_id)
    except (BadToken, kinds.UnknownKind, User.DoesNotExist):
        return _private(render(request, "reminders/stop_unknown.html", status=404))
    if request.method == "POST":
        actions.save_preference(user=user, kind=kind.key, is_on=False, at=timezone.now())
    context = {"kind": kind.label, "stopped": request.method == "POST", "is_owner": request.user == user}
    return _private(render(request, "reminders/stop.html", context))


def _private(response: HttpResponse) -> HttpResponse:
    """The address is a power: no other site and no search engine may learn it."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
