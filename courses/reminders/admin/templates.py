"""Editing what mails say."""

from datetime import datetime
from typing import Any

import structlog
from django import forms
from django.contrib import admin, messages
from django.core.cache import cache
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import person_of
from courses.reminders import kinds
from courses.reminders.actions.templates import restore_template_revision, write_template_revision
from courses.reminders.letters import can_be_written, letter_to_look_at, source_of, write_test_letter
from courses.reminders.models import Channel, MailTemplate, MailTemplateRevision, Reminder
from courses.reminders.queries.previews import differences, reminders_to_preview, values_of
from courses.reminders.rendering import TemplateRefused, fill_line
from portal.lib.admin import RevisedAdmin, RevisedForm
from portal.lib.mail import in_frame

logger = structlog.get_logger(__name__)

#: Seconds between two test mails to one person.
TEST_EVERY = 60


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
        help_text=_(
            "Markdown. One link stands alone in its paragraph, [What to do]({url}): the button. A paragraph "
            "whose placeholders are all empty, and that says nothing else, is left out."
        ),
    )

    class Meta:
        model = MailTemplate
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.placeholders: list[tuple[str, str]] = []
        try:
            sample = kinds.get(self.instance.kind).sample_context()
        except kinds.UnknownKind:
            return
        self.placeholders = [(f"{{{name}}}", sample[name]) for name in sorted(sample)]

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

    change_form_template = "admin/reminders/mailtemplate/change_form.html"
    form = MailTemplateForm
    said_of_draft = _("Draft %(number)d is saved. It goes out when you publish it.")
    said_of_schedule = _("Scheduled: mails say it from %(when)s.")
    said_of_publishing = _("Published: mails say it from now on.")
    list_display = ("label", "kind", "now")
    list_display_links = ("label", "kind")
    search_fields = ("kind",)
    fields = ("subject_source", "summary_source", "body_source", "note")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        live = MailTemplateRevision.objects.live(timezone.now())
        return super().get_queryset(request).prefetch_related(Prefetch("revisions", live, to_attr="live"))

    @admin.display(description=_("What it is about"))
    def label(self, template: MailTemplate) -> str:
        try:
            return str(kinds.get(template.kind).label)
        except kinds.UnknownKind:
            return gettext("no longer sent")

    @admin.display(description=_("Now"))
    def now(self, template: Any) -> str:
        if not template.live:
            return gettext("nothing is live: its mails wait")
        [revision] = template.live
        if not can_be_written(revision):
            return gettext(
                "number %(number)d uses template code: its mails wait until it is written anew"
            ) % {"number": revision.number}
        return gettext("number %(number)d") % {"number": revision.number}

    # --- the page of one mail
    def preview_url(self, revision: Any) -> str:
        return self._url("preview", revision)

    def revision_shown(self, obj: Any, revision: Any, at: datetime) -> dict[str, Any]:
        restore = self._url("restore", revision) if revision.published_at else ""
        return super().revision_shown(obj, revision, at) | {"preview_label": _("Preview"), "restore": restore}

    def _url(self, name: str, revision: Any, *more: Any) -> str:
        return reverse(
            f"admin:reminders_mailtemplate_{name}", args=[revision.template_id, revision.pk, *more]
        )

    def get_urls(self) -> list[URLPattern]:
        view, at = self.admin_site.admin_view, "<int:object_id>/{}/<int:revision_id>/"
        name = "reminders_mailtemplate_{}"
        return [
            path(at.format("preview"), view(require_safe(self.preview)), name=name.format("preview")),
            path(at.format("html"), in_frame(view(require_safe(self.html))), name=name.format("html")),
            path(at.format("test"), view(require_POST(self.send_test)), name=name.format("test")),
            path(at.format("restore"), view(require_POST(self.restore)), name=name.format("restore")),
            *super().get_urls(),
        ]

    def preview(self, request: HttpRequest, object_id: int, revision_id: int) -> HttpResponse:
        """The mail with the samples, or (``?reminder=``) as it would reach a person; writes nothing."""
        revision, at = self._revision(request, object_id, revision_id), timezone.now()
        chosen, values = self._values(request, revision, at)
        live = MailTemplateRevision.objects.live(at).filter(template=revision.template).first()
        source = source_of(revision)
        letter = letter_to_look_at(revision, values)
        query = f"?reminder={chosen.pk}" if chosen else ""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Preview of number %(number)d") % {"number": revision.number},
            "opts": self.opts,
            "template": revision.template,
            "revision": revision,
            "chosen": chosen,
            "is_gone": chosen is None and bool(request.GET.get("reminder")),
            "choices": reminders_to_preview(revision.template.kind) if self._may_see_people(request) else [],
            "letter": letter,
            "length": len(letter.subject),
            "summary": fill_line(source.summary, values),
            "is_written": can_be_written(revision),
            "html_url": self._url("html", revision) + query,
            "test_url": self._url("test", revision),
            "live": live,
            "differences": list(differences(source_of(live), source)) if live else [],
        }
        return TemplateResponse(request, "admin/reminders/mailtemplate/preview.html", context)

    def html(self, request: HttpRequest, object_id: int, revision_id: int) -> HttpResponseBase:
        """The HTML for the frame on the preview."""
        revision = self._revision(request, object_id, revision_id)
        _chosen, values = self._values(request, revision, timezone.now())
        return HttpResponse(letter_to_look_at(revision, values).html)

    def send_test(self, request: HttpRequest, object_id: int, revision_id: int) -> HttpResponse:
        """POST: the mail with the samples to whoever asks, once a minute."""
        revision = self._revision(request, object_id, revision_id)
        person = person_of(request)
        if not cache.add(f"reminders:test:{person.pk}", 1, timeout=TEST_EVERY):
            messages.warning(request, _("A test went less than a minute ago; wait a moment."))
            return redirect(self.preview_url(revision))
        try:
            write_test_letter(revision, to=person.email).send()
        except OSError as error:  # smtplib's own errors are its children
            logger.warning("test mail not sent", error=type(error).__name__)
            messages.error(request, _("The mail server did not take it; nothing was sent."))
        else:
            messages.success(request, _("A test is on its way to %(email)s.") % {"email": person.email})
        return redirect(self.preview_url(revision))

    def restore(self, request: HttpRequest, object_id: int, revision_id: int) -> HttpResponse:
        """POST: a new draft that says what an earlier revision said."""
        revision = self._revision(request, object_id, revision_id)
        try:
            draft = restore_template_revision(revision=revision, by=person_of(request), at=timezone.now())
        except TemplateRefused as refusal:
            for problem in refusal.problems:
                messages.error(request, problem)
        else:
            messages.success(
                request,
                _("Draft %(draft)d says what number %(number)d said. Publish it to let it go out.")
                % {"draft": draft.number, "number": revision.number},
            )
        return redirect("admin:reminders_mailtemplate_change", object_id)

    def _revision(self, request: HttpRequest, object_id: int, revision_id: int) -> MailTemplateRevision:
        revisions = MailTemplateRevision.objects.select_related("template")
        revision: MailTemplateRevision = get_object_or_404(revisions, pk=revision_id, template=object_id)
        if not self.has_change_permission(request, revision.template):
            raise Http404
        try:
            kinds.get(revision.template.kind)
        except kinds.UnknownKind:
            raise Http404 from None
        return revision

    def _may_see_people(self, request: HttpRequest) -> bool:
        return request.user.has_perm("reminders.view_reminder")

    def _values(
        self, request: HttpRequest, revision: MailTemplateRevision, at: datetime
    ) -> tuple[Reminder | None, dict[str, str]]:
        """The reminder that was chosen and what it says; the samples where none was."""
        kind = revision.template.kind
        asked = request.GET.get("reminder", "")
        if not asked:
            return None, kinds.get(kind).sample_context()
        if not self._may_see_people(request) or not asked.isdecimal() or len(asked) > 18:
            raise Http404
        rows = Reminder.objects.filter(kind=kind, channel=Channel.EMAIL).select_related("user")
        reminder = get_object_or_404(rows, pk=int(asked))
        values = values_of(reminder, at=at)
        if values is None:  # its fact is gone: it will not go
            return None, kinds.get(kind).sample_context()
        return reminder, values
