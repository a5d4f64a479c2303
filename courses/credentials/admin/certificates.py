"""Certificates are read here and led to where they are taken back; approvals of courses are edited."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses.credentials.certifying import grouped
from courses.credentials.models import Certificate, CourseApproval
from portal.lib.admin import ContentAdmin, ReadOnlyAdmin


@admin.register(Certificate)
class CertificateAdmin(ReadOnlyAdmin):
    list_display = (
        "printed_number",
        "user",
        "completion",
        "number",
        "issued_at",
        "expires_on",
        "revoked_for",
    )
    list_select_related = ("user", "completion__user", "revocation")
    list_filter = ("issued_at",)
    search_fields = ("check_id", "user__email", "user__name", "completion__title")
    readonly_fields = ("printed_number", "revoked_for", "what_can_be_done")
    fields = (
        *("printed_number", "user", "completion", "number", "issued_at", "expires_on", "replaces"),
        *("revoked_for", "what_can_be_done", "document", "signature", "key_id"),
    )

    @admin.display(description=_("check number"), ordering="check_id")
    def printed_number(self, row: Certificate) -> str:
        return grouped(row.check_id)

    @admin.display(description=_("revoked"))
    def revoked_for(self, row: Certificate) -> str:
        return row.revocation.reason if hasattr(row, "revocation") else gettext("no")

    @admin.display(description=_("actions"))
    def what_can_be_done(self, row: Certificate) -> SafeString:
        return format_html(
            '<a href="{}">{}</a> · <a href="{}">{}</a> · <a href="{}">{}</a>',
            row.get_absolute_url(),
            _("Public page"),
            reverse("credentials:reissue_certificate", args=[row.check_id]),
            _("Issue again"),
            reverse("credentials:revoke_certificate", args=[row.check_id]),
            _("Revoke"),
        )


@admin.register(CourseApproval)
class CourseApprovalAdmin(ContentAdmin):
    """Index numbers per body; a change is for completions from then on, certificates keep what they say."""

    list_display = ("course", "body", "index_number", "ceus", "valid_from", "valid_until")
    list_select_related = ("course", "body")
    list_filter = ("body",)
    search_fields = ("course__title", "index_number")
    fieldsets = (
        (
            None,
            {
                "fields": ("course", "body", "index_number", "ceus", "topics"),
                "description": _(
                    "What the body's letter of approval says. The index number is printed on certificates of "
                    "this course. Leave it empty when the body lets the course count without one: the "
                    "certificate then says “no index number”."
                ),
            },
        ),
        (
            _("When"),
            {
                "fields": ("valid_from", "valid_until", "certificate_months"),
                "description": _(
                    "The day of completion decides which row is printed. A renewed approval with a new "
                    "number is a new row; end the old one on the day before. Certificates stay as "
                    "they were issued."
                ),
            },
        ),
    )
