"""Rules are edited here as dated rows; what people hold and earned is only read."""

from django.contrib import admin

from courses.credentials.models import CredentialHeld, Credit, Cycle, RuleSet
from portal.lib.admin import PackRowAdmin, ReadOnlyAdmin


@admin.register(RuleSet)
class RuleSetAdmin(PackRowAdmin):
    list_display = ("title", "body", "valid_from", "valid_until", "confidence", "as_of")
    list_select_related = ("body",)
    list_filter = ("body", "confidence")
    search_fields = ("title", "key")


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


@admin.register(Credit)
class CreditAdmin(ReadOnlyAdmin):
    list_display = ("detail", "ceus", "completed_on", "source", "kind")
    list_select_related = ("detail",)
    list_filter = ("kind", "source")
    search_fields = ("ledger__user__email", "detail__title", "detail__index_number")
