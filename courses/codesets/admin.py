"""Releases and codes: to be read; one button loads the list that comes with the portal."""

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from courses.codesets.jobs import LOAD_KIND
from courses.codesets.models import Code, CodeNote, GuidelineSection, Release
from courses.codesets.systems import System
from courses.jobs.actions import enqueue_job
from portal.lib.admin import ReadOnlyAdmin


@admin.register(Release)
class ReleaseAdmin(ReadOnlyAdmin):
    change_list_template = "codesets/admin_releases.html"
    list_display = ("system", "label", "effective_from", "effective_until", "loaded_at", "loaded_by")
    list_select_related = ("loaded_by",)
    list_filter = ("system",)

    def get_urls(self) -> list[URLPattern]:
        view = require_POST(self.admin_site.admin_view(self.load))
        return [path("load/", view, name="codesets_release_load"), *super().get_urls()]

    def load(self, request: HttpRequest) -> HttpResponse:
        """Ask for the job that loads the package's release, and show its progress."""
        if not request.user.has_perm("codesets.add_release"):
            raise Http404
        job = enqueue_job(
            kind=LOAD_KIND,
            subject=System.ICD10CM,
            by=request.user,  # type: ignore[arg-type]  # signed in: staff
            at=timezone.now(),
        )
        return redirect(job)


class NoteInline(admin.TabularInline):
    model = CodeNote
    fields = ("kind", "text")
    extra = 0
    can_delete = False


@admin.register(Code)
class CodeAdmin(ReadOnlyAdmin):
    list_display = ("code", "title", "kind", "is_billable", "release")
    list_select_related = ("release",)
    list_filter = ("system", "kind", "is_billable", "release")
    search_fields = ("=code", "title")
    raw_id_fields = ("parent", "release")
    inlines = (NoteInline,)


@admin.register(GuidelineSection)
class GuidelineSectionAdmin(ReadOnlyAdmin):
    list_display = ("ref", "title", "edition", "effective_from", "effective_until")
    list_filter = ("edition",)
    search_fields = ("ref", "title")
