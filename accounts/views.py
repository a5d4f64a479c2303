"""Profile and terms; sign-in and security pages are allauth's."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.actions import accept_terms
from accounts.forms import ProfileForm, TermsForm
from accounts.models import User
from accounts.requests import person_of
from accounts.terms import TERMS_VERSION
from portal.lib.access import member


@member
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Name, time zone and what the person is here for."""
    # a copy: the page's header must not show what was refused
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=person_of(request).pk))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Your profile is saved."))
        return redirect("accounts:profile")
    return render(request, "accounts/profile.html", {"form": form})


@member
@require_http_methods(["GET", "HEAD", "POST"])
def terms(request: HttpRequest) -> HttpResponse:
    """Accept the terms and notices in force, then go on to where one was going."""
    form = TermsForm(request.POST or None)
    target = request.POST.get("next") or request.GET.get("next", "")
    if request.method == "POST" and form.is_valid():
        accept_terms(user=person_of(request), version=TERMS_VERSION, at=timezone.now())
        if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
            return redirect(target)
        return redirect("pages:today")
    return render(request, "accounts/terms.html", {"form": form, "next": target, "version": TERMS_VERSION})
