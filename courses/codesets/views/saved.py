"""Codes that a person keeps, with a note of their own."""

import re
from typing import Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import person_of
from courses.codesets.actions import saving
from courses.codesets.forms import SavedNoteForm
from courses.codesets.licensing import hidden_systems, may_read
from courses.codesets.models import Code, SavedCode
from courses.codesets.queries import saved_codes
from courses.codesets.systems import System, is_well_formed, normalise
from portal.lib.access import member

PAGE_SIZE: Final = 50


@member
@require_safe
def saved(request: HttpRequest) -> HttpResponse:
    """The person's codes, those that have what they look for in code, title or note."""
    day = timezone.localdate()
    query = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    user = person_of(request)
    found = saved_codes(user, query=query, on_date=day, hidden=hidden_systems(user, day))
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "codesets/saved.html", {"page": page, "query": query, "day": day})


@member
@require_POST
def save_code(request: HttpRequest, system: str, code: str) -> HttpResponse:
    """Keep a code; one that is kept already stays as it is."""
    if system not in System.values or normalise(system, code[:100]) != code:
        raise Http404
    if not may_read(request.user, system, timezone.localdate()):
        known = is_well_formed(system, code)  # the bare number may be kept, like it is shown
    else:
        loaded = Code.objects.of_system(system).filter(code=code, kind__in=Code.REPORTED)
        known = len(code) <= 10 and loaded.filter(release__loaded_at__isnull=False).exists()
    if not known:
        raise Http404
    form = SavedNoteForm(request.POST)
    back = reverse("codesets:code", args=[system, code])
    if not form.is_valid():
        messages.error(request, _("Not saved: %(error)s") % {"error": form.errors["note"][0]})
        return redirect(back)
    try:
        kept = saving.save_code(
            user=person_of(request),
            system=system,
            code=code,
            note=form.cleaned_data["note"],
            at=timezone.now(),
        )
    except saving.TooManySaved:
        messages.error(request, _("You keep as many codes as fit here. Remove some you no longer need."))
        return redirect("codesets:saved")
    add = format_html(
        '<a href="{}">{}</a>', reverse("codesets:edit_saved", args=[kept.pk]), _("Write a note")
    )
    messages.success(request, format_html("{} {}", _("%(code)s is saved.") % {"code": code}, add))
    return redirect(_back(request, back))


@member
@require_http_methods(["GET", "HEAD", "POST"])
def edit_saved(request: HttpRequest, pk: int) -> HttpResponse:
    """The note at a kept code."""
    kept = get_object_or_404(SavedCode.objects.owned_by(person_of(request)), pk=pk)
    form = SavedNoteForm(request.POST if request.method == "POST" else None, initial={"note": kept.note})
    if form.is_bound and form.is_valid():
        saving.annotate_saved(saved=kept, note=form.cleaned_data["note"])
        messages.success(request, _("Your note at %(code)s is saved.") % {"code": kept.code})
        return redirect("codesets:saved")
    status = 422 if form.is_bound else 200
    return render(request, "codesets/saved_note.html", {"form": form, "saved": kept}, status=status)


@member
@require_POST
def remove_saved(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep a code no longer; the message has a button that takes it back with its note."""
    kept = get_object_or_404(SavedCode.objects.owned_by(person_of(request)), pk=pk)
    saving.remove_saved(saved=kept)
    undo = format_html(
        # the form with the token stands on the page; the button brings where to and what
        '<button class="button button-quiet button-small" form="undo" formaction="{}" name="note" value="{}">'
        "{}</button>",
        reverse("codesets:save_code", args=[kept.system, kept.code]),
        kept.note,
        _("Undo"),
    )
    messages.success(request, format_html("{} {}", _("%(code)s is removed.") % {"code": kept.code}, undo))
    return redirect("codesets:saved")


def _back(request: HttpRequest, page: str) -> str:
    """The page of the code, for the day that it was looked at."""
    on = request.POST.get("on", "")
    return f"{page}?on={on}" if re.fullmatch(r"\d{4}-\d{2}-\d{2}", on, re.ASCII) else page
