"""What went to a person and what did not, with the mail itself."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.requests import person_of
from courses.reminders.forms import HistoryFilter
from courses.reminders.letters import letter_that_went
from courses.reminders.models import Channel, Reminder
from courses.reminders.queries.inbox import entries_of, history_of, note_of, parts_of_mails, was_kept
from courses.reminders.queries.people import kinds_for
from portal.lib.access import member
from portal.lib.mail import in_frame

ROWS_A_PAGE = 20


@member
@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """What went and what did not go with the reason, by kind, state and channel."""
    user = person_of(request)
    form = HistoryFilter(request.GET, kinds=kinds_for(user))
    chosen = form.chosen()
    rows = history_of(
        user,
        states=form.STATES[chosen.get("state", "")],
        kind=chosen.get("kind", ""),
        channel=chosen.get("channel", ""),
    )
    page = Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "is_filtered": bool(chosen),
        "page": page,
        "entries": entries_of(list(page)),
    }
    return render(request, "reminders/history.html", context)


@member
@require_safe
def sent(request: HttpRequest, pk: int) -> HttpResponse:
    """One mail that went, as HTML or as text (``?as=``), or a line of the inbox."""
    reminder, parts = _sent_to(person_of(request), pk)
    is_kept = was_kept(parts)
    context = {
        "reminder": reminder,
        "notes": [note_of(part) for part in parts],
        "is_kept": is_kept,
        "letter": letter_that_went(parts) if is_kept and reminder.channel == Channel.EMAIL else None,
        "shown": "text" if request.GET.get("as") == "text" else "html",
    }
    return render(request, "reminders/sent.html", context)


@member
@require_safe
@in_frame
def sent_html(request: HttpRequest, pk: int) -> HttpResponse:
    """The HTML of a mail for the frame on its page: sandboxed, with its own styles and nothing else."""
    reminder, parts = _sent_to(person_of(request), pk)
    if reminder.channel != Channel.EMAIL or not was_kept(parts):
        raise Http404
    return HttpResponse(letter_that_went(parts).html)


def _sent_to(user: User, pk: int) -> tuple[Reminder, list[Reminder]]:
    """One of the person's own that went, with all that went in the same mail."""
    went = Reminder.objects.owned_by(user).filter(state=Reminder.State.SENT)
    reminder = get_object_or_404(went.select_related("template_revision", "user"), pk=pk)
    return reminder, list(parts_of_mails({reminder.message_id} - {""})) or [reminder]
