"""Corrections of keys: proposed by one editor, looked at before, applied by another, told to everybody."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import person_of
from courses.exams import actions, editing, kinds
from courses.exams.actions import CorrectionClosed, CorrectionOpen, CorrectionRefused, SecondPersonNeeded
from courses.exams.actions.correcting import RESCORE_KIND
from courses.exams.models import KeyCorrection, QuestionRevision
from courses.exams.queries import bank
from courses.jobs.models import Job
from portal.lib.access import public, role

PAGE = 50


class CorrectionForm(forms.Form):
    """What changes and why; ``form_for`` adds the fields of the key."""

    how = forms.ChoiceField(
        label=gettext_lazy("What changes"),
        choices=[(key, capfirst(said)) for key, said in KeyCorrection.How.choices],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason, shown to everybody"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("It stands in the public list of changes and in the report of each attempt."),
    )

    @property
    def first(self) -> list[forms.BoundField]:
        return [self["how"], self["reason"]]

    @property
    def of_key(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in ("how", "reason")]


def _form_for(how: kinds.Kind, rows: int) -> type[CorrectionForm]:
    fields = editing.fields_of(how, rows, without=editing.WORDS)
    return type("CorrectionForm", (CorrectionForm,), dict(fields))


@role("editor")
@require_http_methods(["GET", "HEAD", "POST"])
def propose_correction(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose that another key counts for a revision that was asked."""
    found = QuestionRevision.objects.exclude(published_at=None).select_related("question", "domain")
    revision = get_object_or_404(found, pk=pk)
    waiting = revision.corrections.filter(applied_at=None, withdrawn_at=None).first()
    if waiting is not None:
        messages.info(request, _("A correction of this question waits already: apply or withdraw it first."))
        return redirect("exams:correction", waiting.pk)
    how = kinds.get(revision.kind)
    rows = editing.row_total(how, revision.source)
    initial = editing.initial_of(how, revision.source)
    form = _form_for(how, rows)(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        made = _proposed(request, revision, how, rows, form)
        if made is not None:
            return redirect("exams:correction", made.pk)
    context = {"revision": revision, "form": form, "shown": bank.explained(revision), "kind": how}
    return render(request, "exams/correction_form.html", context, status=422 if form.errors else 200)


def _proposed(
    request: HttpRequest, revision: QuestionRevision, how: kinds.Kind, rows: int, form: Any
) -> KeyCorrection | None:
    try:
        return actions.propose_correction(
            revision=revision,
            how=form.cleaned_data["how"],
            source=editing.source_of(how, form.cleaned_data, rows),
            reason=form.cleaned_data["reason"],
            by=person_of(request),
            at=timezone.now(),
        )
    except CorrectionRefused as refusal:
        for problem in refusal.problems:
            form.add_error(None, problem)
    except CorrectionOpen:
        form.add_error(None, _("Somebody else has just proposed a correction of this question."))
    return None


@role("editor")
@require_safe
def corrections(request: HttpRequest) -> HttpResponse:
    """Every correction, those first that wait for a second person."""
    rows = KeyCorrection.objects.select_related("revision__question", "proposed_by", "applied_by")
    page = Paginator(rows.order_by("-proposed_at", "-pk"), PAGE).get_page(request.GET.get("page"))
    waiting = rows.filter(applied_at=None, withdrawn_at=None).order_by("proposed_at")
    return render(request, "exams/correction_list.html", {"page": page, "waiting": waiting})


@role("editor")
@require_safe
def correction(request: HttpRequest, pk: int) -> HttpResponse:
    """What a proposal would change, before anybody applies it; afterwards what it changed."""
    found = KeyCorrection.objects.select_related(
        "revision__question", "revision__domain", "proposed_by", "applied_by"
    )
    one = get_object_or_404(found, pk=pk)
    is_waiting = one.applied_at is None and one.withdrawn_at is None
    context = {
        "correction": one,
        "is_waiting": is_waiting,
        "is_mine": one.proposed_by_id == person_of(request).pk,
        "shown": bank.explained(one.revision),
        "key_html": bank.corrected(one),
        "dry_run": actions.dry_run(one) if is_waiting else None,
        "job": Job.objects.filter(kind=RESCORE_KIND, subject=str(one.pk)).order_by("-pk").first(),
    }
    return render(request, "exams/correction.html", context)


@role("editor")
@require_POST
def apply_correction(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a proposal into force; a job scores again. Pressing twice is the same as once."""
    one = get_object_or_404(KeyCorrection, pk=pk)
    try:
        job = actions.apply_correction(correction=one, by=person_of(request), at=timezone.now())
    except SecondPersonNeeded:
        messages.error(request, _("You proposed it: a second editor applies it."))
    except CorrectionClosed:
        messages.error(request, _("This proposal was withdrawn; nothing was changed."))
    else:
        messages.success(request, _("The correction is in force. The attempts are scored again now."))
        return redirect(job)
    return redirect("exams:correction", pk)


@role("editor")
@require_POST
def withdraw_correction(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a proposal back."""
    one = get_object_or_404(KeyCorrection, pk=pk)
    actions.withdraw_correction(correction=one, at=timezone.now())
    if one.withdrawn_at is None:
        messages.error(request, _("It is in force already: propose another correction instead."))
    else:
        messages.success(request, _("The proposal is withdrawn; nothing was changed."))
    return redirect("exams:correction", pk)


@public
@require_safe
def changes(request: HttpRequest) -> HttpResponse:
    """Which keys were corrected, why, when, and how many attempts were scored again."""
    page = Paginator(bank.changes(), PAGE).get_page(request.GET.get("page"))
    return render(request, "exams/changes.html", {"page": page})
