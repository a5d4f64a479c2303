"""Editing the catalog."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.catalog.actions import (
    CitationText,
    LessonRefused,
    resolve_report,
    write_guide_revision,
    write_lesson_revision,
)
from courses.catalog.models import (
    Body,
    Certification,
    Course,
    CourseSystem,
    EducationPath,
    Fact,
    Figure,
    GuideSection,
    Lesson,
    LessonReport,
    Module,
    PathStage,
    Requirement,
)
from courses.codesets.citing import CitationsField, cited
from portal.lib.admin import ContentAdmin, PackRowAdmin, RevisedAdmin, RevisedForm, RowsInline
from portal.lib.markdown import render


def lines_of(text: str) -> list[str]:
    """The lines of ``text`` that are not empty."""
    return [line.strip() for line in text.splitlines() if line.strip()]


class TextForm(RevisedForm):
    """Shared by lessons and guide sections: Markdown that the room's action checks."""

    refusals = (LessonRefused,)

    title = forms.CharField(label=_("Title"), max_length=160)
    source = forms.CharField(
        label=_("Text"),
        widget=forms.Textarea(attrs={"rows": 30, "class": "markdown-source"}),
        help_text=_("Markdown. Codes as [[E11.621]], questions as [[checkpoint:key]]; see docs/packs.md."),
    )


class LessonForm(TextForm):
    text_fields = ("title", "minutes", "objectives", "citations", "source")

    minutes = forms.IntegerField(label=_("Minutes to read"), min_value=1, max_value=600)
    objectives = forms.CharField(
        label=_("Objectives"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One a line, each beginning with “You can”."),
    )
    citations = CitationsField(
        label=_("Citations"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "One a line: guideline I.B.13, tabular E11.6, index Diabetes, type 2, or source 45 CFR 162.1002."
        ),
    )

    class Meta:
        model = Lesson
        fields = ("module", "position", "is_preview", "retired_at")

    def initial_text(self, newest: Any, name: str) -> Any:
        if name == "objectives":
            return "\n".join(newest.objectives)
        if name == "citations":
            return "\n".join(f"{c.kind} {c.ref}" for c in newest.citations.all())
        return super().initial_text(newest, name)

    def write(self, *, by: Any, at: datetime) -> Any:
        cleaned = self.cleaned_data
        newest = self.instance.revisions.first()
        return write_lesson_revision(
            lesson=self.instance,
            title=cleaned["title"],
            source=cleaned["source"],
            minutes=cleaned["minutes"],
            objectives=lines_of(cleaned["objectives"]),
            citations=[CitationText(*one) for one in cited(cleaned["citations"])],
            edition=newest.citations.values_list("edition", flat=True).first() or "" if newest else "",
            note=cleaned["note"],
            by=by,
            at=at,
        )


class GuideForm(TextForm):
    text_fields = ("title", "source", "links", "figures", "compare")

    links = forms.JSONField(label=_("Links"), required=False, initial=list)
    figures = forms.JSONField(label=_("Figures"), required=False, initial=list)
    compare = forms.JSONField(label=_("Certifications to compare"), required=False, initial=list)

    class Meta:
        model = GuideSection
        fields = ("position",)

    def write(self, *, by: Any, at: datetime) -> Any:
        cleaned = self.cleaned_data
        return write_guide_revision(
            section=self.instance,
            title=cleaned["title"],
            source=cleaned["source"],
            links=cleaned["links"] or [],
            figures=cleaned["figures"] or [],
            compare=cleaned["compare"] or [],
            note=cleaned["note"],
            by=by,
            at=at,
        )


@admin.register(Lesson)
class LessonAdmin(RevisedAdmin):
    form = LessonForm
    list_display = ("key", "module", "position", "is_preview", "retired_at")
    list_select_related = ("module__course",)
    list_filter = ("module__course", "is_preview")
    search_fields = ("key", "revisions__title")
    ordering = ("module__course__position", "module__position", "position")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        place = ("module", "position", "is_preview", "retired_at")
        text = ("title", "minutes", "objectives", "citations", "source", "note")
        first = ("key", *place) if obj is None else place
        return ((_("Place"), {"fields": first}), (_("Text of the next draft"), {"fields": text}))

    def preview_url(self, revision: Any) -> str:
        return reverse("pages:preview_lesson", args=[revision.pk])


@admin.register(GuideSection)
class GuideSectionAdmin(RevisedAdmin):
    form = GuideForm
    list_display = ("key", "position")
    search_fields = ("key", "revisions__title")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        text = ("title", "source", "links", "figures", "compare", "note")
        first = ("key", "position") if obj is None else ("position",)
        return ((_("Place"), {"fields": first}), (_("Text of the next draft"), {"fields": text}))


class ModuleInline(RowsInline):
    model = Module
    show_change_link = True
    can_delete = False


class CourseSystemInline(RowsInline):
    model = CourseSystem


@admin.register(Course)
class CourseAdmin(PackRowAdmin):
    list_display = ("title", "level", "hours", "ceus", "published_at")
    list_filter = ("level",)
    search_fields = ("title", "key")
    inlines = (ModuleInline, CourseSystemInline)


class FactInline(RowsInline):
    model = Fact
    fields = ("kind", "label", "value", "as_of", "source", "confidence", "position")


@admin.register(Body)
class BodyAdmin(PackRowAdmin):
    list_display = ("short", "name", "url")
    search_fields = ("short", "name")
    inlines = (FactInline,)


@admin.register(Certification)
class CertificationAdmin(PackRowAdmin):
    list_display = ("abbreviation", "name", "body")
    list_select_related = ("body",)
    list_filter = ("body",)
    search_fields = ("abbreviation", "name")
    inlines = (FactInline,)


@admin.register(Figure)
class FigureAdmin(PackRowAdmin):
    list_display = ("label", "value", "year", "confidence", "as_of")
    list_filter = ("confidence", "year")
    search_fields = ("label", "key")


class RequirementInline(RowsInline):
    model = Requirement
    fields = ("position", "kind", "key", "text")


class StageInline(RowsInline):
    model = PathStage
    fields = ("position", "kind", "title")
    show_change_link = True
    can_delete = False


@admin.register(EducationPath)
class EducationPathAdmin(PackRowAdmin):
    list_display = ("title", "key", "published_at")
    search_fields = ("title", "key")
    inlines = (StageInline,)


@admin.register(PathStage)
class PathStageAdmin(ContentAdmin):
    """A stage: its text and what it asks for."""

    list_display = ("title", "path", "kind", "position")
    list_select_related = ("path",)
    list_filter = ("path", "kind")
    search_fields = ("title",)
    inlines = (RequirementInline,)

    def save_model(self, request: HttpRequest, obj: PathStage, form: Any, change: bool) -> None:
        obj.html = render(obj.source, prefix=obj.kind).html
        super().save_model(request, obj, form, change)
        EducationPath.objects.filter(pk=obj.path_id).update(pack_digest="")


class ReportForm(forms.ModelForm):
    outcome = forms.CharField(label=_("Answer to the reporter"), widget=forms.Textarea(attrs={"rows": 4}))

    class Meta:
        model = LessonReport
        fields = ("outcome",)


@admin.register(LessonReport)
class LessonReportAdmin(ContentAdmin):
    """What readers say is wrong; answering closes a report."""

    form = ReportForm
    list_display = ("revision", "text", "reported_at", "resolved_at")
    list_select_related = ("revision",)
    list_filter = (("resolved_at", admin.EmptyFieldListFilter),)
    search_fields = ("text",)
    readonly_fields = ("revision", "text", "reported_at", "resolved_at")
    fields = ("revision", "text", "reported_at", "outcome", "resolved_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: LessonReport, form: Any, change: bool) -> None:
        resolve_report(report=obj, outcome=obj.outcome, by=request.user, at=timezone.now())  # type: ignore[arg-type]  # signed in: staff
