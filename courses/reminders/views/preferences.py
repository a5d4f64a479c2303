"""What a person wants to be reminded of, by which way and when."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.requests import person_of
from courses.reminders import actions
from courses.reminders.forms import PreferencesForm
from courses.reminders.models import Channel, Suppression
from courses.reminders.queries import settings_of
from courses.reminders.queries.people import kinds_for, next_moments, suppression_of, wishes_of
from portal.lib.access import member


@member
@require_http_methods(["GET", "HEAD", "POST"])
def reminders(request: HttpRequest) -> HttpResponse:
    """Kinds by channel with the next moment of each, hours and a pause; POST saves."""
    user, at = person_of(request), timezone.now()
    today = user.local(at).date()
    settings, offered = settings_of(user), kinds_for(user)
    wishes = wishes_of(user, offered)
    form = PreferencesForm(
        request.POST if request.method == "POST" else None,
        kinds=offered,
        today=today,
        initial=PreferencesForm.initial_of(settings, wishes, today),
    )
    if request.method == "POST" and form.is_valid():
        actions.save_settings(user=user, hours=form.hours, limits=form.limits, is_on=form.is_on, at=at)
        messages.success(request, _saved(form))
        return redirect("reminders:reminders")
    on = {choice for choice, is_on in wishes.items() if is_on}
    is_paused = settings.paused_until is not None and settings.paused_until > today
    context = {
        "form": form,
        "groups": form.groups(next_moments(user, at=at, of=offered, wanted=on)),
        "channels": Channel,
        "paused_until": settings.paused_until if is_paused else None,
        "suppression": suppression_of(user),
    }
    return render(request, "reminders/reminders.html", context, status=422 if form.errors else 200)


def _saved(form: PreferencesForm) -> str:
    if form.switched is None:
        return _("Your reminders are saved.")
    group, channel, is_on = form.switched
    words = {
        (Channel.EMAIL, True): _("Every mail of “%(group)s” is on now."),
        (Channel.EMAIL, False): _("Every mail of “%(group)s” is off now."),
        (Channel.INBOX, True): _("Everything of “%(group)s” comes into your inbox now."),
        (Channel.INBOX, False): _("Nothing of “%(group)s” comes into your inbox any more."),
    }
    return words[channel, is_on] % {"group": group.label}


@member
@require_POST
def start_again(request: HttpRequest) -> HttpResponse:
    """End a pause now."""
    actions.start_again(user=person_of(request), at=timezone.now())
    messages.success(request, _("Mail comes again. What waited and is still true goes within your hours."))
    return redirect("reminders:reminders")


@member
@require_POST
def write_again(request: HttpRequest) -> HttpResponse:
    """Take back one's own "this is spam". An address that bounced is proved by a code instead."""
    user: User = person_of(request)
    known = suppression_of(user)
    if known is not None and known.source == Suppression.Source.COMPLAINT:
        actions.lift_suppression(user=user, at=timezone.now())
        messages.success(request, _("Your reminders go to %(email)s again.") % {"email": user.email})
    return redirect("reminders:reminders")
