"""The link in every mail that stops what it told of."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.requests import person_of
from courses.reminders import actions, kinds
from courses.reminders.addresses import BadToken, TokenTooOld, read_stop_token
from courses.reminders.kinds import Kind
from portal.lib.access import member, public


@public
@csrf_exempt  # a mail program posts without cookies (RFC 8058); the token in the address is the permission
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, whoever follows the link; POST stops the mails at once, with or without a session."""
    try:
        user, stopped = _meant(token)
    except (BadToken, User.DoesNotExist) as why:
        too_old = {"is_too_old": isinstance(why, TokenTooOld)}
        return _private(render(request, "reminders/stop_unknown.html", too_old, status=404))
    if request.method == "POST":
        keys = [kind.key for kind in stopped]
        actions.turn_mails(user=user, kinds=keys, is_on=False, at=timezone.now())
    context = {
        "kinds": stopped,
        "token": token,
        "is_done": request.method == "POST",
        "is_owner": request.user == user,
    }
    return _private(render(request, "reminders/stop.html", context))


@member
@require_POST
def undo_stop(request: HttpRequest, token: str) -> HttpResponse:
    """Turn on again what the link stopped; only for the person whose mail it came with."""
    try:
        user, stopped = _meant(token)
    except (BadToken, User.DoesNotExist):
        raise Http404 from None
    if user != person_of(request):
        raise Http404
    keys = [kind.key for kind in stopped]
    actions.turn_mails(user=user, kinds=keys, is_on=True, at=timezone.now())
    messages.success(request, _("These mails are on again: %(kinds)s") % {"kinds": _names(stopped)})
    return redirect("reminders:reminders")


def _meant(token: str) -> tuple[User, list[Kind]]:
    """Whose mails of which kinds the token stops; raises ``BadToken`` and ``User.DoesNotExist``."""
    user_id, keys = read_stop_token(token)
    stopped = []
    for key in keys:
        try:
            stopped.append(kinds.get(key))
        except kinds.UnknownKind:  # it is no longer sent
            continue
    if not stopped:
        raise BadToken
    return User.objects.get(pk=user_id), stopped


def _names(stopped: Sequence[Kind]) -> str:
    return ", ".join(str(kind.label) for kind in stopped)


def _private(response: HttpResponse) -> HttpResponse:
    """The address is a power: no other site and no search engine may learn it."""
    # not no-referrer: then a browser sends "Origin: null" with the form that undoes it, which is refused
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
