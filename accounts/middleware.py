"""Middleware that looks at the person."""

from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import TermsAcceptance
from accounts.terms import TERMS_VERSION

GetResponse = Callable[[HttpRequest], HttpResponse]

#: Session key: an accepted version stays accepted, so the database is asked once per session.
TERMS_KEY = "terms_accepted"
#: The only places that staff without a second factor may see.
FACTOR_VIEWS = frozenset(
    {
        "mfa_index",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_generate_recovery_codes",
        "mfa_view_recovery_codes",
    }
    | {"account_logout", "account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn"}
)
#: Places that stay open before the terms are accepted.
TERMS_FREE = frozenset({"accounts:terms", "pages:notices", "account_logout"})


def personal_time_zone(get_response: GetResponse) -> GetResponse:
    """Show times in the person's zone; strangers see UTC."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            with timezone.override(request.user.zone):
                return get_response(request)
        return get_response(request)

    return middleware


def staff_second_factor(get_response: GetResponse) -> GetResponse:
    """Whoever can enter the admin needs an authenticator or a passkey before seeing anything else."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_view(request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        user = request.user
        if not settings.STAFF_NEEDS_SECOND_FACTOR or not user.is_authenticated:
            return None
        if not (user.is_staff or user.is_superuser) or is_mfa_enabled(
            user
        ):  # asked each time: it may be removed
            return None
        match = request.resolver_match
        if match is not None and match.view_name in FACTOR_VIEWS:
            return None
        messages.warning(
            request, _("Editing needs a second factor: set up an authenticator or a passkey first.")
        )
        return redirect("mfa_index")

    middleware.process_view = process_view  # type: ignore[attr-defined]  # Django's hook
    return middleware


def terms_accepted(get_response: GetResponse) -> GetResponse:
    """Ask each person once per version to accept the terms and notices; public pages stay open."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_view(request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        user = request.user
        if not user.is_authenticated or not getattr(view, "login_required", True):
            return None
        if request.session.get(TERMS_KEY) == TERMS_VERSION:
            return None
        match = request.resolver_match
        if match is not None and (match.view_name in TERMS_FREE or match.view_name in FACTOR_VIEWS):
            return None
        if TermsAcceptance.objects.filter(user=user, version=TERMS_VERSION).exists():
            request.session[TERMS_KEY] = TERMS_VERSION
            return None
        back = request.get_full_path() if request.method in {"GET", "HEAD"} else reverse("pages:today")
        return redirect(reverse("accounts:terms") + "?" + urlencode({"next": back}))

    middleware.process_view = process_view  # type: ignore[attr-defined]  # Django's hook
    return middleware
