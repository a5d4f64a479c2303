"""The question bank: questions of every kind, from draft to live."""

from datetime import datetime
from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from courses.exams import editing, kinds
from courses.exams.actions import (
    NotReady,
    QuestionRefused,
    SecondPersonNeeded,
    approve_question,
    publish_question,
    retire_question,
    return_to_draft,
    revive_question,
    send_to_review,
)
from courses.exams.admin.question_form import form_for
from courses.exams.models import Domain, Question
from courses.exams.queries.bank import (
    STAGES,
    bank_list,
    in_stage,
    live_revision,
    open_reports,
    stage,
    with_stale_codes,
)
from portal.lib.admin import PackRowAdmin, RevisedAdmin


class Editing(NamedTuple):
    """What a request edits: a question of this kind, in a form of so many rows."""

    kind: kinds.Kind
    rows: int


class KindFilter(admin.SimpleListFilter):
    title = gettext_lazy("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(key, kind.label) for key, kind in kinds.registered().items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(newest_kind=self.value()) if self.value() else queryset


class DomainFilter(admin.SimpleListFilter):
    title = gettext_lazy("domain")
    parameter_name = "domain"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(str(pk), title) for pk, title in Domain.objects.values_list("pk", "title")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value, known = self.value() or "", {key for key, _title in self.lookup_choices}
        return queryset.filter(newest_domain=int(value)) if value in known else queryset


class StageFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "stage"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(name, label) for name, (_state, label) in STAGES.items() if name != "replaced"]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return in_stage(queryset, self.value() or "") if self.value() in STAGES else queryset


class StaleFilter(admin.SimpleListFilter):
    title = gettext_lazy("codes")
    parameter_name = "codes"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("stale", gettext_lazy("no longer hold"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return with_stale_codes(queryset) if self.value() == "stale" else queryset


@admin.register(Question)
class QuestionAdmin(RevisedAdmin):
    change_form_template = "admin/exams/question/change_form.html"
    change_list_template = "admin/exams/question/change_list.html"
    list_display = ("key", "kind", "domain", "newest_difficulty", "state", "answers", "facility")
    list_filter = (KindFilter, DomainFilter, StageFilter, StaleFilter)
    search_fields = ("key", "revisions__stem_source")

    # --- list
    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        questions: QuerySet[Question] = super().get_queryset(request)
        return bank_list(questions, timezone.now())

    @admin.display(description=gettext_lazy("kind"), ordering="newest_kind")
    def kind(self, question: Any) -> str:
        return str(kinds.get(question.newest_kind).label) if question.newest_kind else "–"

    @admin.display(description=gettext_lazy("domain"), ordering="domain_title")
    def domain(self, question: Any) -> str:
        return question.domain_title or "–"

    @admin.display(description=gettext_lazy("difficulty"), ordering="difficulty")
    def newest_difficulty(self, question: Any) -> str:
        return str(question.difficulty or "–")

    @admin.display(description=gettext_lazy("state"))
    def state(self, question: Any) -> str:
        """Which revision students see, and what waits beside it."""
        if question.retired_at:
            return _("retired")
        words = []
        if question.live_number:
            words.append(_("live %(number)d") % {"number": question.live_number})
        if question.newest_number and question.newest_number != question.live_number:
            words.append(f"{STAGES[question.newest_stage][1]} {question.newest_number}".lower())
        return ", ".join(one.replace(" ", "\N{NO-BREAK SPACE}") for one in words) or _("empty")

    @admin.display(description=gettext_lazy("answers"))
    def answers(self, question: Any) -> int:
        return question.figures["n"] if question.figures else 0

    @admin.display(description=gettext_lazy("facility"))
    def facility(self, question: Any) -> str:
        """The mean score of the answers in exams."""
        return f"{100 * float(question.figures['facility']):.0f} %" if question.figures else "–"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        told = {"open_reports": open_reports()}
        return super().changelist_view(request, {**(extra_context or {}), **told})

    # --- form
    def _editing(self, request: HttpRequest, obj: Question | None) -> Editing:
        """Found once a request: the kind of the newest revision, or the one that was chosen to be added."""
        found: Editing | None = getattr(request, "_question_editing", None)
        if found is None:
            newest = obj.revisions.first() if obj else None
            how = kinds.get(newest.kind if newest else request.GET.get("kind", "single"))
            posted = request.POST if request.method == "POST" else None
            found = Editing(how, editing.row_total(how, newest.source if newest else {}, posted))
            request._question_editing = found  # type: ignore[attr-defined]  # a note to ourselves
        return found

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        editing_now = self._editing(request, obj)
        kwargs["form"] = form_for(editing_now.kind, editing_now.rows)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        how, rows = self._editing(request, obj)
        about = (("domain", "difficulty"), "difficulty_reason", "exclusion_group", "edition", "note")
        identity = [(_("Place"), {"fields": ("key",)})] if obj is None else []
        once = tuple(editing.set_name(blank) for blank in how.blanks)
        return (
            *identity,
            (_("Text of the next draft: %(kind)s") % {"kind": how.label}, {"fields": ("stem", *once)}),
            *(
                (
                    editing.row_label(how, number),
                    {"fields": tuple(editing.row_name(number, blank) for blank in how.row_blanks)},
                )
                for number in range(1, rows + 1)
            ),
            (_("Sources"), {"fields": ("citations",)}),
            (_("About the question"), {"fields": about}),
        )

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """The kinds to choose from, or the empty form of the one that was chosen."""
        if request.GET.get("kind") in kinds.registered():
            return super().add_view(request, form_url, extra_context)
        if not self.has_add_permission(request):
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "title": _("Which kind of question?"),
            "opts": self.opts,
            "kinds": kinds.registered().values(),
        }
        return TemplateResponse(request, "admin/exams/question/kinds.html", context)

    # --- from draft to live
    def preview_url(self, revision: Any) -> str:
        return reverse("exams:preview_question", args=[revision.pk])

    def revision_shown(self, obj: Any, revision: Any, at: datetime) -> dict[str, Any]:
        if not hasattr(obj, "_live"):
            obj._live = live_revision(obj.pk, at)
        name = stage(revision, at, live=obj._live)
        state, label = STAGES[name]
        step = reverse("admin:exams_question_step", args=[obj.pk, revision.pk])
        more = {"stage": name, "component": state, "label": label, "step": step}
        return super().revision_shown(obj, revision, at) | more

    def get_urls(self) -> list[URLPattern]:
        step = require_POST(self.admin_site.admin_view(self.step))
        retire = require_POST(self.admin_site.admin_view(self.retire))
        return [
            path("<int:object_id>/step/<int:revision_id>/", step, name="exams_question_step"),
            path("<int:object_id>/retire/", retire, name="exams_question_retire"),
            *super().get_urls(),
        ]

    def step(self, request: HttpRequest, object_id: int, revision_id: int) -> HttpResponse:
        """POST: send a revision to review, declare it ready, or take it back to draft."""
        question = self._to_change(request, object_id)
        revision = get_object_or_404(question.revisions, pk=revision_id)
        by: Any = request.user
        at = timezone.now()
        try:
            match request.POST.get("to"):
                case "review":
                    send_to_review(revision=revision, by=by, at=at)
                    messages.success(request, _("Sent to review: somebody else reads it now."))
                case "ready":
                    approve_question(revision=revision, by=by, at=at)
                    messages.success(request, _("Ready: it can be published."))
                case "draft":
                    return_to_draft(revision=revision)
                    messages.success(request, _("It is a draft again."))
                case _other:
                    raise Http404
        except QuestionRefused as refusal:
            for problem in refusal.problems:
                messages.error(request, problem)
        except SecondPersonNeeded:
            messages.error(request, self._second_person())
        return redirect("admin:exams_question_change", object_id)

    def _second_person(self) -> str:
        return _(
            "This revision changes the key and you wrote it: somebody else must read it and declare it ready."
        )

    def retire(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """POST: take a question out of future exams, or bring it back."""
        question = self._to_change(request, object_id)
        if request.POST.get("to") == "back":
            revive_question(question=question)
            messages.success(request, _("Exams draw the question again."))
        else:
            retire_question(question=question, at=timezone.now())
            messages.success(request, _("Retired: no exam draws it from now on. What was asked stays."))
        return redirect("admin:exams_question_change", object_id)

    def _to_change(self, request: HttpRequest, object_id: int) -> Question:
        question = get_object_or_404(Question, pk=object_id)
        if not self.has_change_permission(request, question):
            raise Http404
        return question

    def publish(self, request: HttpRequest, object_id: int, revision_id: int) -> HttpResponse:
        try:
            return super().publish(request, object_id, revision_id)
        except NotReady:
            messages.error(
                request, _("It is not ready yet: send it to review and let it be declared ready first.")
            )
            return redirect("admin:exams_question_change", object_id)

    def make_live(self, *, revision: Any, by: Any, at: datetime, live_from: datetime) -> None:
        publish_question(revision=revision, by=by, at=at, live_from=live_from)


@admin.register(Domain)
class DomainAdmin(PackRowAdmin):
    list_display = ("title", "key")
    search_fields = ("title", "key")
