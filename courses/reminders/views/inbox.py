"""The inbox behind the bell.

A line is a link to its task, and a form marks it as read; the script sends that form when the link is
followed. So a link stays a link (a new tab, a copied address, no script), it works even where marking fails,
and no GET writes: what loads links ahead or scans them reads nothing for the person.
"""

from datetime import UTC, datetime, timedelta

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import person_of
from courses.reminders import actions
from courses.reminders.queries.inbox import inbox_of, note_of
from portal.lib.access import member

ROWS_A_PAGE = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@member
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """What stands in the inbox, the newest first, or only what was not read."""
    user = person_of(request)
    only_unread = request.GET.get("show") == "unread"
    page = Paginator(inbox_of(user, only_unread=only_unread), ROWS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "only_unread": only_unread,
        "page": page,
        "notes": [note_of(one) for one in page],
        "marked": _moment(request.GET.get("marked", "")) and request.GET["marked"],
    }
    return render(request, "reminders/inbox.html", context)


@member
@require_POST
def mark(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one line as read, or with ``unread`` as not read."""
    user, at = person_of(request), timezone.now()
    if not inbox_of(user).filter(pk=pk).exists():
        raise Http404
    if "unread" in request.POST:
        actions.mark_unread(user=user, pk=pk)
    else:
        actions.mark_read(user=user, pk=pk, at=at)
    if request.headers.get("Accept") == "application/json":  # the script, which goes elsewhere
        return HttpResponse(status=204)
    return redirect(_back(request))


@member
@require_POST
def mark_all(request: HttpRequest) -> HttpResponse:
    """Mark everything as read; the page then offers to take that back."""
    at = timezone.now()
    if not actions.mark_read(user=person_of(request), at=at):
        return redirect("reminders:inbox")
    marked = (at - _EPOCH) // timedelta(microseconds=1)
    return redirect(reverse("reminders:inbox") + "?" + urlencode({"marked": marked}))


@member
@require_POST
def unmark_all(request: HttpRequest) -> HttpResponse:
    """Take back what was marked as read in one moment."""
    read_at = _moment(request.POST.get("marked", ""))
    count = actions.unmark_read(user=person_of(request), read_at=read_at) if read_at else 0
    if count:
        messages.success(request, _("Marked as unread again."))
    return redirect("reminders:inbox")


def _moment(marked: str) -> datetime | None:
    """The moment that ``mark_all`` gave to the page, in microseconds; None where it is none."""
    if not (marked.isascii() and marked.isdigit() and len(marked) <= 17):
        return None
    return _EPOCH + timedelta(microseconds=int(marked))


def _back(request: HttpRequest) -> str:
    """The inbox as it was shown: its filter and page."""
    kept = {name: request.POST[name][:20] for name in ("show", "page") if request.POST.get(name)}
    return reverse("reminders:inbox") + ("?" + urlencode(kept) if kept else "")
