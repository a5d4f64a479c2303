"""What people hold, the cycles of it, and what was changed of both, are only read."""

from django.contrib import admin

from courses.credentials.models import ApprenticeProof, ChecklistTick, CredentialChange, CredentialHeld, Cycle
from portal.lib.admin import ReadOnlyAdmin


@admin.register(CredentialHeld)
class CredentialHeldAdmin(ReadOnlyAdmin):
    list_display = ("user", "certification", "number", "earned_on", "status")
    list_select_related = ("user", "certification")
    list_filter = ("status", "certification__body")
    search_fields = ("user__email", "number")


@admin.register(Cycle)
class CycleAdmin(ReadOnlyAdmin):
    list_display = ("user", "body", "starts_on", "ends_on", "extended_until", "submitted_on", "rule_set")
    list_select_related = ("user", "body", "rule_set")
    list_filter = ("body",)
    search_fields = ("user__email",)


@admin.register(CredentialChange)
class CredentialChangeAdmin(ReadOnlyAdmin):
    list_display = ("changed_at", "held", "cycle", "what", "before", "after", "changed_by")
    list_select_related = (
        *("held__user", "held__certification", "cycle__user", "cycle__body"),
        "changed_by",
    )
    list_filter = ("what",)
    search_fields = ("held__user__email", "cycle__user__email", "reason")


@admin.register(ChecklistTick)
class ChecklistTickAdmin(ReadOnlyAdmin):
    list_display = ("cycle", "key", "ticked_at")
    list_select_related = ("cycle__user", "cycle__body")
    search_fields = ("cycle__user__email", "key")


@admin.register(ApprenticeProof)
class ApprenticeProofAdmin(ReadOnlyAdmin):
    list_display = ("held", "need", "text", "amount", "starts_on", "ends_on")
    list_select_related = ("held__user", "held__certification")
    search_fields = ("held__user__email", "text")
