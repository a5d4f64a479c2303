"""Files of evidence: given, downloaded and taken out."""

import structlog
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import person_of
from courses.credentials import actions
from courses.credentials.forms.evidence import (
    EvidenceForm,
    RemovalForm,
    accepted_from,
    status_of,
    takes_evidence,
)
from courses.credentials.models import Credit, Evidence, ProofFile, StoredFile
from courses.credentials.queries.reviewing import evidence_of, reviewable_by
from portal.lib.access import member

logger = structlog.get_logger(__name__)

#: Wherever a browser is brought to show such bytes, nothing in them runs and they belong to no origin.
_POLICY = "sandbox; default-src 'none'"


@takes_evidence
@member
@require_http_methods(["GET", "HEAD", "POST"])
def add_evidence(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a file to an activity of one's own."""
    mine = Credit.objects.owned_by(person_of(request)).with_words().select_related("reversal")
    credit = get_object_or_404(mine, pk=pk)
    form = EvidenceForm()
    if request.method == "POST":
        form = EvidenceForm(request.POST, request.FILES)
        file = accepted_from(form, request=request)
        if file is not None and form.is_valid():
            try:
                actions.add_evidence(credit=credit, file=file, by=person_of(request), at=timezone.now())
            except actions.Refused as refusal:
                form.refuse(refusal)
            else:
                messages.success(request, _("The file is with “%(title)s”.") % {"title": credit.detail.title})
                return redirect(credit)
    context = {"form": form, "credit": credit, "evidence": evidence_of(credit)}
    return render(request, "credentials/add_evidence.html", context, status=status_of(form))


@member
@require_safe
def evidence(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Download a file: its owner's, or one that the person may review, which is written to the log."""
    user = person_of(request)
    file = Evidence.objects.filter(pk=pk, removal=None).select_related("credit__ledger").first()
    if file is None or file.credit.ledger.user_id != user.pk:
        mine = reviewable_by(user)
        file = get_object_or_404(Evidence.objects.filter(removal=None, credit__in=mine), pk=pk)
        logger.info("evidence_read_by_staff", evidence=pk, credit=file.credit_id, reader=user.pk)
    return served(request, file, f"evidence-{pk}")


@member
@require_safe
def proof_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Download a file of one's own proof."""
    file = get_object_or_404(ProofFile.objects.filter(proof__held__user=person_of(request)), pk=pk)
    return served(request, file, f"proof-{pk}")


def served(request: HttpRequest, file: StoredFile, name: str) -> HttpResponseBase:
    """A file as something to save, under a name of ours and a type that no browser shows."""
    try:
        pieces = actions.read_evidence(file=file)
    except actions.EvidenceDamaged:
        return render(request, "credentials/evidence_damaged.html", status=500)
    suffix = "jpg" if file.kind == StoredFile.Kind.JPEG else file.kind
    answer = StreamingHttpResponse(pieces, content_type="application/octet-stream")
    answer["Content-Disposition"] = f'attachment; filename="{name}.{suffix}"'
    answer["Content-Length"] = str(file.size)
    answer["Content-Security-Policy"] = _POLICY
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@member
@require_http_methods(["GET", "HEAD", "POST"])
def remove_evidence(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a file of one's own out: asks why, and its row and hash stay."""
    mine = Evidence.objects.filter(credit__ledger__user=person_of(request), removal=None)
    file = get_object_or_404(mine.select_related("credit__detail"), pk=pk)
    form = RemovalForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.remove_evidence(
                evidence=file,
                reason=form.cleaned_data["reason"],
                by=person_of(request),
                at=timezone.now(),
            )
        except actions.Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The file is removed."))
            return redirect(file.credit)
    context = {"form": form, "file": file, "is_approved": actions.is_approved(file)}
    return render(request, "credentials/remove_evidence.html", context, status=status_of(form))
