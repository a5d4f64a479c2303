"""Editing mails, and looking after what did not go."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from courses.reminders import kinds
from courses.reminders.actions import NotFailed, requeue, write_template_revision
from courses.reminders.models import MailTemplate, Reminder, ReminderQuerySet, Suppression
from courses.reminders.rendering import TemplateRefused
from portal.lib.admin import ReadOnlyAdmin, RevisedAdmin, RevisedForm


class MailTemplateForm(RevisedForm):
    text_fields = ("subject_source", "summary_source", "body_source")
    refusals = (TemplateRefused,)
    refused_field = "body_source"

    subject_source = forms.CharField(
        label=_("Subject"), max_length=500, help_text=_("Under 60 characters once it is filled in.")
    )
    summary_source = forms.CharField(
        label=_("Summary"),
        max_length=500,
        help_text=_("One sentence: it stands in the inbox and in a mail that tells several things."),
    )
    body_source = forms.CharField(
        label=_("Text"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 20, "class": "markdown-source"}),
        help_text=_("Markdown. A link alone in its paragraph becomes the button."),
    )

    class Meta:
        model = MailTemplate
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        try:
            sample = kinds.get(self.instance.kind).sample_context()
        except kinds.UnknownKind:
            return
        names = ", ".join("{{ " + name + " }}" for name in sorted(sample))
        self.fields["body_source"].help_text = _(
            "Markdown. A link alone in its paragraph becomes the button. Names to use: %(names)s."
        ) % {"names": names}

    def write(self, *, by: Any, at: datetime) -> Any:
        return write_template_revision(
            template=self.instance,
            subject=self.cleaned_data["subject_source"],
            summary=self.cleaned_data["summary_source"],
            body=self.cleaned_data["body_source"],
            note=self.cleaned_data["note"],
            by=by,
            at=at,
        )


@admin.register(MailTemplate)
class MailTemplateAdmin(RevisedAdmin):
    """One mail for each kind that the code knows; what it says is written here."""

    form = MailTemplateForm
    list_display = ("kind",)
    search_fields = ("kind",)
    fields = ("subject_source", "summary_source", "body_source", "note")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


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
