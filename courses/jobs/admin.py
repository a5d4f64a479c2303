"""Jobs and ticks: to be read."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from courses.jobs.models import Heartbeat, Job
from portal.lib.admin import ReadOnlyAdmin


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ("kind", "subject", "state", "progress", "requested_by", "created_at", "page")
    list_select_related = ("requested_by",)
    list_filter = ("state", "kind")
    search_fields = ("kind", "subject", "message")

    @admin.display(description=_("progress"))
    def progress(self, job: Job) -> str:
        return f"{job.done:,}" if job.total is None else f"{job.done:,} / {job.total:,}"

    @admin.display(description=_("page"))
    def page(self, job: Job) -> SafeString:
        return format_html('<a href="{}">{}</a>', job.get_absolute_url(), _("Progress"))


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    list_display = ("name", "at")
