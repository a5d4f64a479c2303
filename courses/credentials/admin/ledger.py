"""The ledger is only read here, row by row with its links and anchors; the database refuses the rest."""

from django.contrib import admin

from courses.credentials.models import (
    Credit,
    CreditDetail,
    Ledger,
    LedgerAnchor,
    LedgerLink,
)
from portal.lib.admin import ReadOnlyAdmin


@admin.register(Ledger)
class LedgerAdmin(ReadOnlyAdmin):
    list_display = ("key", "user", "length", "opened_at", "erased_at")
    list_select_related = ("user",)
    search_fields = ("key", "user__email")


@admin.register(Credit)
class CreditAdmin(ReadOnlyAdmin):
    list_display = ("detail", "ceus", "completed_on", "source", "kind")
    list_select_related = ("detail",)
    list_filter = ("kind", "source")
    search_fields = ("ledger__user__email", "detail__title", "detail__index_number")


@admin.register(CreditDetail)
class CreditDetailAdmin(ReadOnlyAdmin):
    list_display = ("title", "provider", "index_number", "reason", "recorded_by")
    list_select_related = ("recorded_by",)
    search_fields = ("credit__ledger__user__email", "title", "index_number")
    exclude = ("salt",)


@admin.register(LedgerLink)
class LedgerLinkAdmin(ReadOnlyAdmin):
    list_display = ("ledger", "number", "what", "row", "hash", "linked_at")
    list_select_related = ("ledger",)
    search_fields = ("ledger__key", "hash")


@admin.register(LedgerAnchor)
class LedgerAnchorAdmin(ReadOnlyAdmin):
    list_display = ("on", "root", "ledgers", "links")
    search_fields = ("root",)
