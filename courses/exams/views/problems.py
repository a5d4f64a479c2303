"""Reports of problems: what a person says about a question, and what came of it."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import person_of
from courses.exams.actions import report_question as report
from courses.exams.models import Attempt, AttemptItem, QuestionReport
from portal.lib.access import member

PAGE = 30


class ReportForm(forms.Form):
    """What is wrong with a question."""

    reason = forms.ChoiceField(
        label=gettext_lazy("What is wrong"),
        choices=[(key, capfirst(said)) for key, said in QuestionReport.Reason.choices],
        widget=forms.RadioSelect,
    )
    comment = forms.CharField(
        label=gettext_lazy("Say it in your words"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("A guideline, a code or a page helps whoever reads it."),
    )


def _item(request: HttpRequest, pk: int, position: int) -> AttemptItem:
    """A question that was explained to the person; 404 while it still is to be answered."""
    mine = AttemptItem.objects.filter(attempt__in=Attempt.objects.owned_by(person_of(request)))
    mine = mine.select_related("attempt", "question_revision__domain")
    item = get_object_or_404(mine, attempt=pk, position=position)
    if item.attempt.state != Attempt.State.SUBMITTED and item.revealed_at is None:
        raise Http404
    return item


@member
@require_http_methods(["GET", "HEAD", "POST"])
def report_question(request: HttpRequest, pk: int, position: int) -> HttpResponse:
    """Say that something is wrong with a question of an own attempt."""
    item = _item(request, pk, position)
    person = person_of(request)
    waiting = QuestionReport.objects.owned_by(person).filter(revision=item.question_revision, closed_at=None)
    form = ReportForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        was_waiting = waiting.exists()
        report(
            revision=item.question_revision,
            user=person,
            reason=form.cleaned_data["reason"],
            comment=form.cleaned_data["comment"],
            at=timezone.now(),
        )
        if was_waiting:
            messages.info(
                request, _("You reported this question before; an editor is still looking at that report.")
            )
        else:
            messages.success(request, _("Thank you. An editor reads it, and you are told what came of it."))
        return redirect("exams:your_reports")
    context = {"item": item, "form": form, "waiting": waiting.first()}
    return render(request, "exams/report_question.html", context, status=422 if form.errors else 200)


@member
@require_safe
def your_reports(request: HttpRequest) -> HttpResponse:
    """What the person reported, and the answers."""
    mine = QuestionReport.objects.owned_by(person_of(request)).select_related("revision__question")
    page = Paginator(mine.order_by("-reported_at", "-pk"), PAGE).get_page(request.GET.get("page"))
    return render(request, "exams/report_question_list.html", {"page": page})
