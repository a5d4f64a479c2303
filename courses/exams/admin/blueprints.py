"""Exams as dated data, and sittings whose forms are drawn beforehand."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from courses.exams.actions import EmptyBank, prepare_sitting
from courses.exams.models import Blueprint, BlueprintDomain, BlueprintSection, Sitting
from portal.lib.admin import ContentAdmin, PackRowAdmin, RowsInline


class BlueprintDomainInline(RowsInline):
    model = BlueprintDomain


class BlueprintSectionInline(RowsInline):
    model = BlueprintSection
    show_change_link = True


@admin.register(Blueprint)
class BlueprintAdmin(PackRowAdmin):
    """An exam's outline. What is running or was sat keeps the outline it started with."""

    list_display = ("title", "key", "minutes", "pass_percent", "valid_from", "valid_until", "confidence")
    list_filter = ("confidence", "certification")
    search_fields = ("title", "key")
    inlines = (BlueprintSectionInline,)


@admin.register(BlueprintSection)
class BlueprintSectionAdmin(ContentAdmin):
    """A section with its domains; it is reached from its exam."""

    list_display = ("title", "blueprint", "position", "count", "minutes")
    list_select_related = ("blueprint",)
    readonly_fields = ("blueprint",)
    inlines = (BlueprintDomainInline,)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A person's change takes the exam out of the pack's hands."""
        super().save_model(request, obj, form, change)
        Blueprint.objects.filter(pk=obj.blueprint_id).update(pack_digest="")


@admin.register(Sitting)
class SittingAdmin(ContentAdmin):
    """A scheduled exam; its forms are drawn before it opens, and what the bank lacks is said."""

    change_form_template = "admin/exams/sitting/change_form.html"
    list_display = ("title", "blueprint", "opens_at", "closes_at", "prepared")
    list_select_related = ("blueprint",)
    search_fields = ("title",)
    readonly_fields = ("lacking",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Sitting]:
        sittings: QuerySet[Sitting] = super().get_queryset(request)
        return sittings.annotate(drawn=Count("forms"))

    @admin.display(description=gettext_lazy("forms"))
    def prepared(self, sitting: Any) -> str:
        return _("%(drawn)d of %(all)d drawn") % {"drawn": sitting.drawn, "all": sitting.form_count}

    @admin.display(description=gettext_lazy("what the bank lacks"))
    def lacking(self, sitting: Sitting) -> str:
        short = {
            (one["title"], one["count"])
            for form in (sitting.forms.all() if sitting.pk else ())
            for one in form.lacking
        }
        if not short:
            return _("nothing, as far as forms are drawn")
        return format_html_join(", ", "{}: {}", sorted(short))

    def get_urls(self) -> list[URLPattern]:
        prepare = require_POST(self.admin_site.admin_view(self.prepare))
        return [
            path("<int:object_id>/prepare/", prepare, name="exams_sitting_prepare"),
            *super().get_urls(),
        ]

    def prepare(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """POST: draw the forms that are not drawn yet."""
        sitting = get_object_or_404(Sitting.objects.select_related("blueprint"), pk=object_id)
        if not self.has_change_permission(request, sitting):
            raise Http404
        try:
            forms = prepare_sitting(sitting=sitting, at=timezone.now())
        except EmptyBank:
            messages.error(request, _("The bank has no question for this exam: nothing was drawn."))
        else:
            messages.success(request, _("%(n)d forms are drawn.") % {"n": len(forms)})
        return redirect("admin:exams_sitting_change", object_id)
