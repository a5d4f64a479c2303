"""Evidence and its reviews are only read here; files are opened from the pages of the reviews."""

from django.contrib import admin

from courses.credentials.models import Evidence, EvidenceRemoval, EvidenceReview, ProofFile
from portal.lib.admin import ReadOnlyAdmin


@admin.register(Evidence)
class EvidenceAdmin(ReadOnlyAdmin):
    list_display = ("pk", "credit", "kind", "size", "added_at", "sha256")
    list_select_related = ("credit",)
    list_filter = ("kind",)
    search_fields = ("sha256", "original_sha256", "credit__ledger__user__email")


@admin.register(EvidenceRemoval)
class EvidenceRemovalAdmin(ReadOnlyAdmin):
    list_display = ("evidence", "reason", "removed_at", "removed_by")
    list_select_related = ("evidence", "removed_by")
    search_fields = ("evidence__sha256", "reason")


@admin.register(EvidenceReview)
class EvidenceReviewAdmin(ReadOnlyAdmin):
    list_display = ("credit", "verdict", "reason", "reviewed_at", "reviewed_by")
    list_select_related = ("credit", "reviewed_by")
    list_filter = ("verdict",)
    search_fields = ("credit__ledger__user__email", "reason")


@admin.register(ProofFile)
class ProofFileAdmin(ReadOnlyAdmin):
    list_display = ("pk", "proof", "kind", "size", "added_at")
    list_select_related = ("proof__held__certification", "proof__held__user")
    search_fields = ("sha256", "proof__held__user__email")
