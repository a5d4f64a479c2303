"""Editing what mails say."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from courses.reminders import kinds
from courses.reminders.actions import write_template_revision
from courses.reminders.models import MailTemplate
from courses.reminders.rendering import TemplateRefused
from portal.lib.admin import RevisedAdmin, RevisedForm


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
