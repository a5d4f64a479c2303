"""Attempts, their answers and results, to be read; the only thing to do is to add time."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from courses.exams.actions import AttemptClosed, add_time
from courses.exams.models import Attempt, CheckpointAnswer, Response, Score
from portal.lib.admin import ReadOnlyAdmin

#: As much of the trace as is shown.
STEPS = 300


class AddTimeForm(forms.Form):
    """How much time is added to a running exam, and why."""

    minutes = forms.IntegerField(label=gettext_lazy("Minutes to add"), min_value=1, max_value=600)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("It is kept with your name; the person sees the minutes."),
    )


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    change_form_template = "admin/exams/attempt/change_form.html"
    list_display = ("title", "user", "number", "state", "started_at", "submitted_at", "result")
    list_select_related = ("user",)
    list_filter = ("state", "mode", "blueprint", "submitted_by_system")
    search_fields = ("user__email", "title")
    date_hierarchy = "started_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attempt]:
        attempts: QuerySet[Attempt] = super().get_queryset(request)
        return attempts.prefetch_related("scores")

    @admin.display(description=gettext_lazy("result"))
    def result(self, attempt: Attempt) -> str:
        score = next((one for one in attempt.scores.all() if one.is_current), None)
        return "–" if score is None else format_html("{} ({} %)", score, score.percent)

    def get_urls(self) -> list[URLPattern]:
        add = require_POST(self.admin_site.admin_view(self.add_time))
        return [path("<int:object_id>/add-time/", add, name="exams_attempt_add_time"), *super().get_urls()]

    def may_add_time(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.has_role("administrator"))

    def add_time(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """POST: add time to a running exam; who is sitting it sees it at once."""
        attempt = get_object_or_404(Attempt, pk=object_id)
        if not self.may_add_time(request):
            raise Http404
        form = AddTimeForm(request.POST)
        if not form.is_valid():
            for name, errors in form.errors.items():
                messages.error(request, f"{form.fields[name].label}: {errors[0]}")
            return redirect("admin:exams_attempt_change", object_id)
        by: Any = request.user
        try:
            add_time(attempt=attempt, by=by, at=timezone.now(), **form.cleaned_data)
        except AttemptClosed:
            messages.error(request, _("The attempt is over or has no clock; nothing was added."))
        else:
            messages.success(request, _("%(n)d minutes were added.") % {"n": form.cleaned_data["minutes"]})
        return redirect("admin:exams_attempt_change", object_id)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        attempt = kwargs.get("obj")
        if attempt is not None:
            is_running = attempt.state == Attempt.State.OPEN and attempt.deadline_at is not None
            context["time_form"] = AddTimeForm() if is_running and self.may_add_time(request) else None
            context["extensions"] = attempt.extensions.select_related("added_by")
            context["scores"] = attempt.scores.select_related("correction")
            context["trace"] = attempt.trace.select_related("item")[:STEPS]
        return super().render_change_form(request, context, *args, **kwargs)


@admin.register(Response)
class ResponseAdmin(ReadOnlyAdmin):
    """Every answer as it arrived, late ones too."""

    list_display = ("item", "person", "value", "seq", "client_id", "received_at", "late")
    list_select_related = ("item", "attempt__user")
    list_filter = ("late",)
    search_fields = ("attempt__user__email",)

    @admin.display(description=gettext_lazy("person"))
    def person(self, response: Response) -> str:
        return str(response.attempt.user)


@admin.register(Score)
class ScoreAdmin(ReadOnlyAdmin):
    list_display = (
        *("attempt", "person", "correct", "total", "percent", "passed", "is_current", "correction"),
        "scored_at",
    )
    list_select_related = ("attempt__user", "correction")
    list_filter = ("passed", "is_current", "attempt__blueprint")
    search_fields = ("attempt__user__email",)

    @admin.display(description=gettext_lazy("person"))
    def person(self, score: Score) -> str:
        return str(score.attempt.user)


@admin.register(CheckpointAnswer)
class CheckpointAnswerAdmin(ReadOnlyAdmin):
    list_display = ("user", "question_revision", "value", "is_correct", "answered_at")
    list_select_related = ("user", "question_revision")
    list_filter = ("is_correct",)
    search_fields = ("user__email", "question_revision__question__key")
