"""The editors' queue of reported questions, and what is known about each."""

from typing import cast, get_args

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import person_of
from courses.exams import kinds
from courses.exams.actions import AlreadyAnswered
from courses.exams.actions import answer_reports as answer
from courses.exams.models import Question, QuestionReport, QuestionRevision
from courses.exams.queries.bank import STAGES, explained, live_revision, stage
from courses.exams.queries.statistics import figures_of
from courses.exams.queries.triage import Order, reported, with_reports
from portal.lib.access import role

PAGE = 10


class AnswerForm(forms.Form):
    """What came of reports, told to whoever made them."""

    reports = forms.TypedMultipleChoiceField(coerce=int, widget=forms.MultipleHiddenInput)
    outcome = forms.ChoiceField(
        label=gettext_lazy("What came of it"),
        choices=QuestionReport.Outcome.choices,
        widget=forms.RadioSelect,
    )
    answer = forms.CharField(
        label=gettext_lazy("Answer to everybody who reported it"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, revision: QuestionRevision, sent: QueryDict) -> None:
        super().__init__(sent)
        pks = QuestionReport.objects.filter(revision=revision).values_list("pk", flat=True)
        field = cast(forms.TypedMultipleChoiceField, self.fields["reports"])
        field.choices = [(str(pk), str(pk)) for pk in pks]


@role("editor")
@require_safe
def triage(request: HttpRequest) -> HttpResponse:
    """Questions with open reports, with key and statistics beside them."""
    wanted = request.GET.get("order", "oldest")
    order = cast(Order, wanted if wanted in get_args(Order) else "oldest")
    page = Paginator(reported(order), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "order": order,
        "rows": with_reports([row["revision"] for row in page.object_list]),
        "outcomes": QuestionReport.Outcome.choices,
    }
    return render(request, "exams/triage.html", context)


@role("editor")
@require_POST
def answer_reports(request: HttpRequest, pk: int) -> HttpResponse:
    """Close the reports that the page showed with one answer; later ones stay open."""
    revision = get_object_or_404(QuestionRevision.objects.select_related("question"), pk=pk)
    form = AnswerForm(revision, request.POST)
    if not form.is_valid():
        return render(request, "exams/triage_answer.html", {"form": form, "revision": revision}, status=422)
    try:
        closed = answer(revision=revision, by=person_of(request), at=timezone.now(), **form.cleaned_data)
    except AlreadyAnswered:
        messages.info(request, _("Somebody else answered these reports before; that answer stands."))
    else:
        messages.success(
            request,
            ngettext("%(n)d report is answered.", "%(n)d reports are answered.", closed) % {"n": closed},
        )
    return redirect("exams:triage")


@role("editor")
@require_safe
def question_statistics(request: HttpRequest, key: str) -> HttpResponse:
    """What the answers in exams say about each revision of a question."""
    question = get_object_or_404(Question, key=key)
    return render(
        request, "exams/question_statistics.html", {"question": question, "rows": figures_of(question)}
    )


@role("editor")
@require_safe
def preview_question(request: HttpRequest, pk: int) -> HttpResponse:
    """A revision as a student meets it, and as it is explained afterwards; nothing is written."""
    found = QuestionRevision.objects.select_related("question", "domain")
    revision = get_object_or_404(found, pk=pk)
    how, at = kinds.get(revision.kind), timezone.now()
    context = {
        "revision": revision,
        "stage": STAGES[stage(revision, at, live=live_revision(revision.question_id, at))],
        "kind": how,
        "stem_html": mark_safe(revision.stem_html),  # sanitised on write
        "form_html": how.form(revision.asked, how.order(revision.asked), None),
        "shown": explained(revision),
    }
    return render(request, "exams/preview_question.html", context)
