"""Looking after what did not go."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from courses.reminders.actions import NotFailed, requeue
from courses.reminders.models import Reminder, ReminderQuerySet, Suppression
from portal.lib.admin import ReadOnlyAdmin


@admin.register(Reminder)
class ReminderAdmin(ReadOnlyAdmin):
    list_display = ("kind", "subject", "user", "due_on", "step", "state", "reason", "not_before", "sent_at")
    list_select_related = ("user",)
    list_filter = ("state", "kind", "reason")
    search_fields = ("key", "user__email")
    date_hierarchy = "not_before"
    exclude = ("lease_token",)
    actions = ("requeue_failed",)

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("reminders.change_reminder")

    @admin.action(description=_("Put failed ones back into the queue"), permissions=["requeue"])
    def requeue_failed(self, request: HttpRequest, chosen: ReminderQuerySet) -> None:
        at, done, left = timezone.now(), 0, 0
        for reminder in chosen:
            try:
                requeue(reminder=reminder, at=at)
                done += 1
            except NotFailed:
                left += 1
        said = ngettext("%(n)d reminder goes again.", "%(n)d reminders go again.", done) % {"n": done}
        if left:
            said += " " + ngettext(
                "%(n)d was left as it is: it had not failed.",
                "%(n)d were left as they are: they had not failed.",
                left,
            ) % {"n": left}
        messages.info(request, said)


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    """Addresses that do not accept mail, as digests. Deleting one lets mail go there again."""

    list_display = ("__str__", "reason", "at")
    search_fields = ("reason",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)
