from allauth.usersessions.admin import UserSessionAdmin as _StockUserSessionAdmin  # noqa: F401  (registers)
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import CalendarFeed, TermsAcceptance, User
from portal.lib.admin import ContentAdmin, ReadOnlyAdmin


@admin.register(User)
class UserAdmin(ContentAdmin):
    """People: roles, accommodation, suspension. Passwords and factors are the person's own."""

    list_display = ("email", "name", "time_zone", "is_staff", "is_active", "joined_at")
    list_filter = ("is_active", "is_staff", "groups")
    search_fields = ("email", "name")
    ordering = ("email",)
    # the address belongs to sign-in, which verifies it: the person changes it, and sign-up makes accounts
    readonly_fields = ("email", "joined_at", "last_login")
    fieldsets = (
        (None, {"fields": ("email", "name", "time_zone", "purpose", "exam_on")}),
        (_("Accommodation"), {"fields": ("time_multiplier",)}),
        (_("Access"), {"fields": ("groups", "is_staff", "is_active")}),
        (_("History"), {"fields": ("joined_at", "last_login")}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(TermsAcceptance)
class TermsAcceptanceAdmin(ReadOnlyAdmin):
    list_display = ("user", "version", "accepted_at")
    list_select_related = ("user",)
    list_filter = ("version",)
    search_fields = ("user__email",)


@admin.register(CalendarFeed)
class CalendarFeedAdmin(ReadOnlyAdmin):
    """Who lets a calendar program read their dates; the address itself is known to nobody here."""

    list_display = ("user", "made_at", "expires_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    exclude = ("digest",)


admin.site.unregister(UserSession)


@admin.register(UserSession)
class UserSessionAdmin(ReadOnlyAdmin):
    """Where people are signed in. The stock class searches a user name, which nobody has here."""

    list_display = ("user", "last_seen_at", "created_at")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    exclude = ("session_key", "data", "ip")
