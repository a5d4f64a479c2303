"""Transcripts and audit packets of a person."""

import logging
from datetime import date, datetime
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.requests import person_of
from courses.credentials import actions
from courses.credentials import transcript as files
from courses.credentials.actions.packets import NEWEST, PacketDamaged, ask_packet, read_packet
from courses.credentials.forms.papers import DaysForm, PacketForm, TranscriptForm
from courses.credentials.models import Packet
from courses.credentials.packing import ascii_slug
from courses.credentials.queries.papers import (
    Preset,
    Transcript,
    bodies_of,
    check_transcript,
    packet_shown,
    presets,
    running_preset,
    transcript,
)
from portal.lib.access import member
from portal.lib.limits import is_within_limit

logger = logging.getLogger(__name__)

#: Within an hour, for one person: what takes the machine some work.
_PDFS, _PACKETS, _DOWNLOADS = 30, 10, 60
_HOUR: Final = 3600

Form = TypeVar("Form", bound=DaysForm)


def _days(chosen: Preset) -> dict[str, str]:
    """A preset as the form takes it."""
    days = {"first_on": f"{chosen.first_on:%Y-%m-%d}", "last_on": f"{chosen.last_on:%Y-%m-%d}"}
    return days | ({"body": chosen.body.key} if chosen.body else {})


def _choices(found: list[Preset], given: Any) -> list[dict[str, Any]]:
    """The presets as links; the one that was chosen is marked."""
    now = {name: given.get(name, "") for name in ("first_on", "last_on", "body")}
    return [
        {
            "label": one.label,
            "query": urlencode(_days(one)),
            "is_current": now == {"body": ""} | _days(one),
        }
        for one in found
    ]


def _asked(request: HttpRequest, form: type[Form], found: list[Preset], chosen: Preset | None) -> Form:
    """The form as it was sent, or filled with ``chosen``."""
    given: Any = request.POST if request.method == "POST" else request.GET
    if not {"first_on", "last_on", "body"} & set(given):
        given = _days(chosen) if chosen else None
    return form(given, bodies=bodies_of(person_of(request)))  # type: ignore[call-arg]  # both forms take it


def _transcript_of(user: User, form: DaysForm, at: datetime) -> Transcript:
    asked = form.cleaned_data
    return transcript(user, asked["first_on"], asked["last_on"], body=asked.get("body"), at=at)


def _today(user: User, at: datetime) -> date:
    return user.local(at).date()


# --- transcript -------------------------------------------------------------------------------------------
def _transcript_form(request: HttpRequest, at: datetime) -> tuple[TranscriptForm, list[Preset]]:
    user = person_of(request)
    today = _today(user, at)
    found = presets(user, today)
    chosen = running_preset(found, today) or found[-1]
    return _asked(request, TranscriptForm, found, chosen), found


@member
@require_safe
def transcript_page(request: HttpRequest) -> HttpResponse:
    """The person's activities of a range of days, with totals for each body and part."""
    at = timezone.now()
    form, found = _transcript_form(request, at)
    is_asked = form.is_valid()
    context = {
        "form": form,
        "of": _transcript_of(person_of(request), form, at) if is_asked else None,
        "choices": _choices(found, form.data),
        "query": urlencode({name: value for name, value in form.data.items() if name in form.fields}),
    }
    return render(request, "credentials/transcript.html", context, status=200 if is_asked else 422)


def _too_many(text: str) -> HttpResponse:
    return HttpResponse(
        text, status=429, content_type="text/plain; charset=utf-8", headers={"Retry-After": str(_HOUR)}
    )


def _transcript_name(of: Transcript, suffix: str) -> str:
    body = f"{of.body.key}-" if of.body else ""
    return f"crosswalk-transcript-{body}{of.first_on:%Y-%m-%d}-{of.last_on:%Y-%m-%d}.{suffix}"


def _wanted(request: HttpRequest) -> Transcript | None:
    """The transcript that a file is asked of; nothing when the days were wrong."""
    at = timezone.now()
    form, _found = _transcript_form(request, at)
    return _transcript_of(person_of(request), form, at) if form.is_valid() else None


def _back(request: HttpRequest) -> HttpResponse:
    """The page says what is wrong with the days."""
    return redirect(f"{reverse('credentials:transcript')}?{request.GET.urlencode()}")


@member
@require_safe
def transcript_pdf(request: HttpRequest) -> HttpResponse:
    """The transcript as a tagged PDF."""
    user = person_of(request)
    if not is_within_limit(request, f"transcript-pdf-{user.pk}", amount=_PDFS, seconds=_HOUR):
        return _too_many(_("Too many files within an hour. The page of the transcript says the same."))
    of = _wanted(request)
    if of is None:
        return _back(request)
    return _file(files.transcript_pdf(of), "application/pdf", _transcript_name(of, "pdf"))


@member
@require_safe
def transcript_csv(request: HttpRequest) -> HttpResponse:
    """The transcript as a spreadsheet."""
    of = _wanted(request)
    if of is None:
        return _back(request)
    return _file(files.transcript_csv(of), "text/csv; charset=utf-8", _transcript_name(of, "csv"))


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    return HttpResponse(
        content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


# --- packets ----------------------------------------------------------------------------------------------
@member
@require_http_methods(["GET", "HEAD", "POST"])
def packets(request: HttpRequest) -> HttpResponse:
    """Choose body and days, see what is missing, and ask for the packet; the newest ones below."""
    at, user = timezone.now(), person_of(request)
    today = _today(user, at)
    found = [one for one in presets(user, today) if one.body]
    chosen = running_preset(found, today) or (found[0] if found else None)
    form = _asked(request, PacketForm, found, chosen)
    is_asked = form.is_bound and form.is_valid()
    if request.method == "POST" and is_asked:
        if not is_within_limit(request, f"packet-{user.pk}", amount=_PACKETS, seconds=_HOUR):
            messages.error(request, _("Too many packets within an hour. Those below are still there."))
            return redirect("credentials:packets")
        try:
            return redirect(ask_packet(user=user, at=at, **form.cleaned_data))
        except actions.Refused as refusal:
            form.refuse(refusal)
            is_asked = False
    of = _transcript_of(user, form, at) if is_asked else None
    mine = Packet.objects.owned_by(user).select_related("body", "job")[:NEWEST]
    context: dict[str, Any] = {
        "form": form,
        "of": of,
        "choices": _choices(found, form.data),
        "packets": [packet_shown(one, at) for one in mine],
        "has_bodies": bool(form.fields["body"].queryset),  # type: ignore[attr-defined]  # a BodyField
    }
    if of is not None and of.body is not None:
        context["checked"] = check_transcript(of, of.body)
    return render(request, "credentials/packets.html", context, status=422 if form.errors else 200)


def _mine(request: HttpRequest, pk: int) -> Packet:
    rows = Packet.objects.owned_by(person_of(request)).select_related("body", "job", "user")
    return get_object_or_404(rows, pk=pk)


@member
@require_safe
def packet(request: HttpRequest, pk: int) -> HttpResponse:
    """One packet: its progress, then its file; htmx asks for the fragment every two seconds meanwhile."""
    at = timezone.now()
    shown = packet_shown(_mine(request, pk), at)
    if request.htmx:  # type: ignore[attr-defined]  # HtmxMiddleware
        return render(request, "credentials/_packet.html", {"shown": shown, "packet": shown.packet})
    row = shown.packet
    of = transcript(row.user, row.first_on, row.last_on, body=row.body, at=at)
    again = urlencode({"body": row.body.key, "first_on": row.first_on, "last_on": row.last_on})
    checked = check_transcript(of, row.body)
    context = {"shown": shown, "packet": row, "again": again, "checked": checked}
    return render(request, "credentials/packet.html", context)


@member
@require_safe
def download_packet(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The ZIP, to its owner only, after its hash was checked."""
    at, mine = timezone.now(), _mine(request, pk)
    if packet_shown(mine, at).state != "made":
        return redirect(mine)
    if not is_within_limit(request, f"packet-file-{mine.user_id}", amount=_DOWNLOADS, seconds=_HOUR):
        return _too_many(_("Too many downloads within an hour."))
    try:
        content = read_packet(mine)
    except PacketDamaged:
        logger.error("packet %s is not what was made", mine.pk)
        messages.error(request, _("The stored packet is damaged and is not given out. Ask for it again."))
        return redirect(mine)
    name = f"crosswalk-{ascii_slug(mine.body.key, 'ce')}-{mine.first_on:%Y-%m-%d}-{mine.last_on:%Y-%m-%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(mine.size)}
    return StreamingHttpResponse(content, content_type="application/zip", headers=headers)
