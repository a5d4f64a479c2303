"""The admin site: grouped by job, entered only through the portal's own sign-in."""

from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _


class CrosswalkAdminSite(admin.AdminSite):
    """Stock Django admin. Sign-in, its limits and second factors are allauth's alone."""

    site_title = _("Crosswalk editing")
    site_header = _("Crosswalk editing")
    index_title = _("Your desk")
    enable_nav_sidebar = False

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Nobody but staff learns what is here: a signed-in stranger gets 404 at once."""
        guarded = super().admin_view(view, cacheable)

        @wraps(view)
        def staff_only(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.is_authenticated and not self.has_permission(request):
                raise Http404
            response: HttpResponse = guarded(request, *args, **kwargs)
            return response

        return staff_only

    def login(self, request: HttpRequest, extra_context: object = None) -> HttpResponse:
        """Send a stranger to the portal's sign-in; a signed-in person without staff rights sees a 404."""
        if request.user.is_authenticated:
            raise Http404
        target = request.GET.get("next", reverse("admin:index"))
        return redirect(reverse("account_login") + "?" + urlencode({"next": target}))


class CrosswalkAdminConfig(AdminConfig):
    default_site = "portal.lib.adminsite.CrosswalkAdminSite"
