"""Trying an activity or a course of ours: what it would do for the credentials. Nothing is written."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.requests import person_of
from courses.credentials.actions.ledger import Gate, gate_for
from courses.credentials.actions.refusals import Refused
from courses.credentials.forms.activities import WhatIfForm
from courses.credentials.models import Credit, CreditDetail
from courses.credentials.queries.activities import Book, book_of, preview
from courses.credentials.queries.what_if import gaps_of, offers_for, preview_course
from portal.lib.access import member


@member
@require_safe
def what_if(request: HttpRequest) -> HttpResponse:
    """The least that is still needed, and what a course (``?course``) or an activity would change."""
    user, at = person_of(request), timezone.now()
    book, offers = book_of(user, user.local(at).date()), offers_for(user, at)
    is_tried = "try" in request.GET
    form = WhatIfForm(request.GET if is_tried else None, bodies=book.parts(), today=book.on)
    context: dict[str, Any] = {
        "gaps": gaps_of(book, offers),
        "offers": offers,
        "form": form,
        "has_cycles": bool(book.running),
    }
    if offer := next((one for one in offers if one.course.key == request.GET.get("course")), None):
        context["offer"] = offer
        if not offer.is_done:
            context["preview"] = preview_course(book, offer)
    elif is_tried and form.is_valid():
        context |= _tried(form, book, gate_for(user, at=at))
    status = 422 if form.errors else 200
    return render(request, "credentials/what_if.html", context, status=status)


def _tried(form: WhatIfForm, book: Book, gate: Gate) -> dict[str, Any]:
    """The preview of what was typed, or why there is none."""
    typed = form.cleaned_data
    day = typed["completed_on"] or book.on
    try:
        ceus = gate.admit(min(day, book.on), typed["minutes"], typed["ceus"])
    except Refused as refusal:
        return {"problem": str(refusal)}
    row = Credit(
        kind=Credit.Kind.AWARD,
        activity=typed["activity"] or Credit.Activity.OTHER,
        topics=form.topics,
        completed_on=day,
        minutes=typed["minutes"],
        ceus=ceus,
        is_stated=typed["ceus"] is not None,
        source=Credit.Source.SELF_REPORTED,
    )
    number = "tried" if typed["has_number"] else ""
    row.detail = CreditDetail(title="", provider=typed["provider"], index_number=number)
    return {"preview": preview(book, row)}
