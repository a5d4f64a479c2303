"""What people hold, and the cycles of it, are only read."""

from django.contrib import admin

from courses.credentials.models import CredentialHeld, Cycle
from portal.lib.admin import ReadOnlyAdmin


@admin.register(CredentialHeld)
class CredentialHeldAdmin(ReadOnlyAdmin):
    list_display = ("user", "certification", "number", "earned_on", "status")
    list_select_related = ("user", "certification")
    list_filter = ("status", "certification__body")
    search_fields = ("user__email", "number")


@admin.register(Cycle)
class CycleAdmin(ReadOnlyAdmin):
    list_display = ("user", "body", "starts_on", "ends_on", "rule_set")
    list_select_related = ("user", "body", "rule_set")
    list_filter = ("body",)
    search_fields = ("user__email",)
