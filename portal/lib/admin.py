"""The base of every admin class: what is written goes through actions, what is history stays as it is."""

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.lib.revisions import AlreadyPublished, Revision, publish_revision

_FIELDS: dict[Any, Any] = {
    models.URLField: {"assume_scheme": "https"},
    # one labelled input instead of two that share a label
    models.DateTimeField: {
        "form_class": forms.DateTimeField,
        "widget": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    },
}


class RowsInline(admin.TabularInline):
    """Rows of a table in their owner's form; each input says its column, since a cell has no label."""

    extra = 0
    formfield_overrides: ClassVar[dict[Any, Any]] = _FIELDS

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            field.widget.attrs["aria-label"] = str(field.label)
        return field


class ContentAdmin(admin.ModelAdmin):
    """Editable content: no delete, since what someone saw never disappears; retire instead."""

    save_on_top = True
    list_per_page = 50
    show_full_result_count = False
    formfield_overrides: ClassVar[dict[Any, Any]] = _FIELDS

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PackRowAdmin(ContentAdmin):
    """A row that a pack may keep current: a person's save takes it out of the pack's hands."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.pack_digest = ""
        super().save_model(request, obj, form, change)


class ReadOnlyAdmin(ContentAdmin):
    """Rows that only actions write: they can be read and searched here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RevisedForm(forms.ModelForm):
    """An identity's fields and, in ``text_fields``, the text of its next revision.

    A save with changed text writes a draft through ``write``. The same call is tried while the form is
    validated and rolled back, so that whatever the action refuses (``refusals``, each with ``problems``) is
    shown beside what was typed.
    """

    text_fields: tuple[str, ...] = ()
    refusals: tuple[type[Exception], ...] = ()
    #: The field beside which problems of the text are shown.
    refused_field = "source"
    #: Who is editing; set by ``RevisedAdmin.get_form`` on the class it makes for one request.
    editor: Any = None
    note = forms.CharField(
        label=gettext_lazy("What changed"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("A few words for the history."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        newest = self.instance.revisions.first() if self.instance.pk else None
        for name in self.text_fields:
            if newest is not None:
                self.initial.setdefault(name, self.initial_text(newest, name))

    def initial_text(self, newest: Any, name: str) -> Any:
        """What a text field shows at first."""
        return getattr(newest, name)

    def text_changed(self) -> bool:
        return bool(set(self.changed_data) & set(self.text_fields))

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's hook: the instance is filled in now
        if self.errors or not self.text_changed():
            return
        added = self.instance.pk is None
        try:
            with transaction.atomic():
                if added:
                    self.instance.save()
                self.write(by=self.editor, at=timezone.now())
                transaction.set_rollback(True)
        except self.refusals as refusal:
            for problem in refusal.problems:  # type: ignore[attr-defined]  # what a refusal carries
                self.add_error(self.refused_field, problem)
        finally:
            if added:
                self.instance.pk, self.instance._state.adding = None, True

    def write(self, *, by: Any, at: datetime) -> Revision:
        """Write the draft revision through the room's action."""
        raise NotImplementedError


class RevisedAdmin(ContentAdmin):
    """An identity whose text lives in revisions: save draft, preview as student, publish or schedule."""

    change_form_template = "admin/revised_change_form.html"
    form: type[RevisedForm]
    said_of_draft = gettext_lazy("Draft %(number)d is saved. Students see it when you publish it.")
    said_of_schedule = gettext_lazy("Scheduled: students see it from %(when)s.")
    said_of_publishing = gettext_lazy("Published: students see it now.")

    def preview_url(self, revision: Any) -> str:
        """Where the revision can be seen as a student sees it; empty when there is no such page."""
        return ""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.editor = request.user  # type: ignore[attr-defined]  # a RevisedForm, see ``form`` above
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if form.text_changed():
            revision = form.write(by=request.user, at=timezone.now())
            messages.info(
                request,
                self.said_of_draft % {"number": revision.number},
            )

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_publish"
        view = self.admin_site.admin_view(self.publish)
        return [path("<int:object_id>/publish/<int:revision_id>/", view, name=name), *super().get_urls()]

    def publish(self, request: HttpRequest, object_id: int, revision_id: int) -> HttpResponse:
        """POST: publish a draft now, or from the day and time typed."""
        identity = get_object_or_404(self.get_queryset(request), pk=object_id)
        if request.method != "POST" or not self.has_change_permission(request, identity):
            raise Http404
        revision = get_object_or_404(identity.revisions, pk=revision_id)
        here = redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", object_id)
        at = timezone.now()
        field = forms.DateTimeField(required=False, input_formats=["%Y-%m-%dT%H:%M"])
        try:
            live_from = field.clean(request.POST.get("live_from", "")) or at
        except forms.ValidationError:
            messages.error(request, _("The date must look like 2027-03-01T09:00; nothing was published."))
            return here
        try:
            self.make_live(revision=revision, by=request.user, at=at, live_from=max(live_from, at))
        except AlreadyPublished:
            messages.warning(request, _("That revision was published before; nothing was changed."))
            return here
        if live_from > at:
            messages.success(
                request,
                self.said_of_schedule % {"when": date_format(timezone.localtime(live_from), "j M Y, H:i T")},
            )
        else:
            messages.success(request, self.said_of_publishing)
        return here

    def make_live(self, *, revision: Any, by: Any, at: datetime, live_from: datetime) -> None:
        """Publish through the room's action. Raises ``AlreadyPublished``."""
        publish_revision(revision=revision, by=by, live_from=live_from)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        obj = kwargs.get("obj")
        if obj is not None:
            at = timezone.now()
            found = obj.revisions.select_related("created_by", "published_by")[:20]
            context["revisions"] = [self.revision_shown(obj, revision, at) for revision in found]
        return super().render_change_form(request, context, *args, **kwargs)

    def revision_shown(self, obj: Any, revision: Any, at: datetime) -> dict[str, Any]:
        """What the page says of one revision."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_publish"
        return {
            "row": revision,
            "state": revision.state(at),
            "preview": self.preview_url(revision),
            "publish": reverse(name, args=[obj.pk, revision.pk]),
        }
