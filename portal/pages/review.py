"""What editors have to look at."""

from datetime import datetime
from typing import Final

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from courses.catalog.models import LessonCodeRef
from courses.codesets.actions import confirm_refs
from courses.codesets.models import CodeRef, Release
from courses.exams.models import QuestionCodeRef
from portal.lib.access import role
from portal.pages.stale import stale_lessons, stale_questions, stale_tasks, with_changes

PAGE: Final = 30


class ConfirmForm(forms.Form):
    """Which text an editor has read again and found right."""

    kind = forms.ChoiceField(choices=[("lesson", "lesson"), ("question", "question")])
    pk = forms.IntegerField(min_value=1, max_value=2**63 - 1)


@role("editor")
@require_http_methods(["GET", "HEAD", "POST"])
def stale_codes(request: HttpRequest) -> HttpResponse:
    """Lessons and questions whose codes no longer hold; POST: a text holds although a code changed."""
    at = timezone.now()
    if request.method == "POST":
        return _confirm(request, at)
    tasks = stale_tasks(at)
    page = Paginator(tasks, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "tasks": with_changes(list(page.object_list)),
        "not_drawn": sum(task.kind == "question" and not task.is_drawn for task in tasks),
    }
    return render(request, "pages/stale_codes.html", context)


def _confirm(request: HttpRequest, at: datetime) -> HttpResponse:
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was noted: say which lesson or question."))
        return redirect("pages:stale_codes")
    pk = form.cleaned_data["pk"]
    changed = {"state": CodeRef.State.CHANGED, "role": CodeRef.Role.CODE}
    refs = (
        LessonCodeRef.objects.filter(
            pk__in=stale_lessons(at).filter(revision__lesson=pk, **changed).values("pk")
        )
        if form.cleaned_data["kind"] == "lesson"
        else QuestionCodeRef.objects.filter(
            pk__in=stale_questions(at).filter(revision__question=pk, **changed).values("pk")
        )
    )
    # the states are those of the newest releases, which may have been loaded before their first day
    newest = Release.objects.loaded().aggregate(day=Max("covers_from"))["day"] or timezone.localdate()
    held = confirm_refs(refs, on_date=max(newest, timezone.localdate()))
    messages.success(
        request,
        ngettext("Noted: %(n)d code holds as it is.", "Noted: %(n)d codes hold as they are.", held)
        % {"n": held},
    )
    return redirect("pages:stale_codes")
