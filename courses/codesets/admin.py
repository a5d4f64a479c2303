"""Releases and codes to be read and files to be loaded; synonyms of the look-up; licences and their seats."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from courses.codesets.actions.files import give_file
from courses.codesets.actions.licences import give_seat, take_seat
from courses.codesets.forms import LicencePackForm, LicenceSeatForm, LoadFileForm, SynonymForm
from courses.codesets.jobs import LOAD_KIND
from courses.codesets.licensing import hidden_systems
from courses.codesets.models import (
    Code,
    CodeNote,
    GuidelineSection,
    IndexTerm,
    LicencePack,
    LicenceSeat,
    Release,
    Synonym,
)
from courses.codesets.systems import System
from courses.jobs.actions import enqueue_job
from portal.lib.admin import ContentAdmin, PackRowAdmin, ReadOnlyAdmin


@admin.register(Release)
class ReleaseAdmin(ReadOnlyAdmin):
    change_list_template = "codesets/admin_releases.html"
    list_display = (
        *("system", "book", "label", "effective_from", "effective_until", "rows", "loaded_at"),
        "loaded_by",
    )
    list_select_related = ("loaded_by",)
    list_filter = ("system", "book")

    @admin.display(description=gettext_lazy("rows"))
    def rows(self, release: Release) -> str:
        return f"{release.counts.get('rows', 0):,}"

    def get_urls(self) -> list[URLPattern]:
        load = require_POST(self.admin_site.admin_view(self.load))
        file = require_http_methods(["GET", "HEAD", "POST"])(self.admin_site.admin_view(self.load_file))
        return [
            path("load/", load, name="codesets_release_load"),
            path("load-file/", file, name="codesets_release_load_file"),
            *super().get_urls(),
        ]

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

    def load_file(self, request: HttpRequest) -> HttpResponse:
        """Take an official file, ask for the job that loads it, and show its progress."""
        if not request.user.has_perm("codesets.add_release"):
            raise Http404
        form = LoadFileForm(
            request.POST if request.method == "POST" else None,
            request.FILES if request.method == "POST" else None,
            today=timezone.localdate(),
            meta=request.META,
            may_license=request.user.has_perm("codesets.add_licencepack"),
        )
        if form.is_valid():
            cleaned = form.cleaned_data
            job = give_file(
                file=cleaned["file"],
                name=cleaned["file"].name,
                format=cleaned["format"],
                label=cleaned["label"],
                effective_from=cleaned["effective_from"],
                by=request.user,  # type: ignore[arg-type]  # signed in: staff
                at=timezone.now(),
            )
            return redirect(job)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Load a file"),
            "opts": self.opts,
            "form": form,
        }
        return render(request, "codesets/admin_load_file.html", context, status=422 if form.is_bound else 200)


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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Code]:
        """Without the words that this person may not read: a search would tell them as well as a column."""
        codes: QuerySet[Code] = super().get_queryset(request)
        return codes.exclude(system__in=hidden_systems(request.user, timezone.localdate()))


@admin.register(IndexTerm)
class IndexTermAdmin(ReadOnlyAdmin):
    list_display = ("path", "nonessential", "level", "release")
    list_select_related = ("release",)
    list_filter = ("release__system", "release__book", "letter")
    search_fields = ("path",)
    raw_id_fields = ("parent", "release")


@admin.register(GuidelineSection)
class GuidelineSectionAdmin(ReadOnlyAdmin):
    list_display = ("ref", "title", "edition", "effective_from", "effective_until")
    list_filter = ("edition",)
    search_fields = ("ref", "title")


@admin.register(Synonym)
class SynonymAdmin(PackRowAdmin):
    """Words for the look-up. One that a pack brought is an editor's own as soon as it is changed here."""

    form = SynonymForm
    list_display = ("phrase", "means", "is_own")
    search_fields = ("phrase", "means")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("codesets.delete_synonym")  # nobody has seen it: nothing to keep

    @admin.display(description=gettext_lazy("from"))
    def is_own(self, synonym: Synonym) -> str:
        return _("the pack") if synonym.pack_digest else _("written here")

    def save_model(self, request: HttpRequest, obj: Synonym, form: Any, change: bool) -> None:
        if not obj.key:
            obj.key = self._free_key(f"own {obj.phrase} {obj.means}")
        super().save_model(request, obj, form, change)

    def _free_key(self, text: str) -> str:
        """A key that no synonym has, made of its words."""
        stem = slugify(text)[:70].strip("-")
        taken = set(Synonym.objects.filter(key__startswith=stem).values_list("key", flat=True))
        return next(key for n in range(len(taken) + 1) if (key := f"{stem}-{n}" if n else stem) not in taken)


@admin.register(LicencePack)
class LicencePackAdmin(ContentAdmin):
    """Licences of code systems that belong to somebody else; only administrators see them."""

    form = LicencePackForm
    list_display = ("number", "system", "licensee", "users", "seats_taken_now", "starts_on", "expires_on")
    list_filter = ("system",)
    search_fields = ("number", "licensee")

    def get_queryset(self, request: HttpRequest) -> QuerySet[LicencePack]:
        packs: QuerySet[LicencePack] = super().get_queryset(request)
        return packs.annotate(taken=Count("seats"))

    @admin.display(description=gettext_lazy("seats taken"))
    def seats_taken_now(self, pack: Any) -> int:
        return int(pack.taken)

    def save_model(self, request: HttpRequest, obj: LicencePack, form: Any, change: bool) -> None:
        if not change:
            obj.recorded_at, obj.recorded_by = timezone.now(), request.user  # type: ignore[assignment]  # signed in: staff
        super().save_model(request, obj, form, change)


@admin.register(LicenceSeat)
class LicenceSeatAdmin(ContentAdmin):
    """Who is counted as a user of a licence; deleting gives the seat back."""

    form = LicenceSeatForm
    list_display = ("user", "pack", "given_at")
    list_select_related = ("user", "pack")
    list_filter = ("pack",)
    search_fields = ("user__email", "user__name")
    fields = ("pack", "email")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("codesets.delete_licenceseat")

    def save_model(self, request: HttpRequest, obj: LicenceSeat, form: Any, change: bool) -> None:
        seat = give_seat(pack=obj.pack, user=obj.user, at=timezone.now())
        obj.pk, obj.given_at = seat.pk, seat.given_at
        messages.info(
            request, _("%(user)s may read the words of %(pack)s.") % {"user": obj.user, "pack": obj.pack}
        )

    def delete_model(self, request: HttpRequest, obj: LicenceSeat) -> None:
        take_seat(pack=obj.pack, user=obj.user)
