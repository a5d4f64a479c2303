"""Building a set of one's own."""

import re
import secrets
from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.requests import person_of
from courses.exams import actions
from courses.exams.forms import SetForm
from courses.exams.models import Attempt, Domain
from courses.exams.queries.sets import FEWEST, MOST, Choice, counts, settings_of
from portal.lib.access import member
from portal.lib.converters import RowNumber

#: Any of them in the query: the form was sent, or a link says what to build.
_NAMES = frozenset(SetForm.base_fields)


@member
@require_http_methods(["GET", "HEAD", "POST"])
def set_new(request: HttpRequest) -> HttpResponse:
    """Choose what a set is built of, with live counts; POST starts it.

    ``?from=<attempt>`` takes what that attempt missed, ``?missed=1`` all that was missed when last met.
    """
    user, at = person_of(request), timezone.now()
    if request.method == "POST":
        return _start(request, user)
    form = _form(request.GET)
    choice = _asked(request.GET, form, user)
    shown = counts(user, choice, at, labels=_statuses())
    context = {"form": form, "choice": choice, "counts": shown, "token": secrets.token_hex(16)}
    if request.htmx:  # type: ignore[attr-defined]  # HtmxMiddleware
        return render(request, "exams/_set_counts.html", context)
    return render(request, "exams/set_new.html", context | _page(user, choice))


def _start(request: HttpRequest, user: User) -> HttpResponse:
    at, form = timezone.now(), _form(request.POST)
    token = re.sub(r"[^0-9a-f]", "", request.POST.get("token", ""))[:32] or secrets.token_hex(16)
    problem = ""
    if "recount" in request.POST:  # without the script: the counts of what is ticked now
        sent = request.POST.copy()
        for name in ("csrfmiddlewaretoken", "token", "recount"):
            sent.pop(name, None)
        return redirect(f"{reverse('exams:set_new')}?{sent.urlencode()}")
    if form.is_valid():
        try:
            mine = actions.start_set(user=user, choice=form.choice(), token=token, at=at)
        except actions.EmptyBank:
            problem = _("No question fits this choice. Nothing was started: widen it and try again.")
        else:
            return redirect(mine)
    elif "count" in form.errors:
        problem = _("Choose from %(fewest)d to %(most)d questions.") % {"fewest": FEWEST, "most": MOST}
    else:
        problem = _("This choice is not known here any more. Look at it again.")
    choice = form.choice()
    context = {
        "form": form,
        "choice": choice,
        "counts": counts(user, choice, at, labels=_statuses()),
        "token": token,
        "problem": problem,
    }
    return render(request, "exams/set_new.html", context | _page(user, choice), status=422)


def _form(sent: QueryDict) -> SetForm:
    form = SetForm(sent, domains=list(Domain.objects.values_list("key", flat=True)))
    form.is_valid()
    return form


def _asked(sent: QueryDict, form: SetForm, user: User) -> Choice:
    """What a link or the form asks for; without either, what the person chose last time."""
    if "from" in sent:
        attempt = sent.get("from", "")
        if not isinstance(attempt, str) or not re.fullmatch(RowNumber.regex, attempt):
            raise Http404
        return Choice(of_attempt=int(attempt), count=MOST)
    if "missed" in sent:
        return Choice(status="missed")
    if _NAMES & set(sent):
        return form.choice()
    kept: Mapping[str, Any] = settings_of(user).last_set
    return Choice.from_json({**kept, "of_attempt": None})


def _page(user: User, choice: Choice) -> dict[str, Any]:
    """What only the whole page shows. 404 for a stranger's attempt."""
    of_attempt = None
    if choice.of_attempt is not None:
        of_attempt = Attempt.objects.owned_by(user).submitted().filter(pk=choice.of_attempt).first()
        if of_attempt is None:
            raise Http404
    modes = {
        Attempt.Mode.TUTOR: (_("Tutor"), _("Each answer is explained at once. It can be paused.")),
        Attempt.Mode.PRACTICE: (_("Practice"), _("No clock. All is explained at the end.")),
        Attempt.Mode.EXAM: (
            _("Exam"),
            _("At the pace of the exam, 2:24 a question. Nothing is told before the end."),
        ),
    }
    return {
        "of_attempt": of_attempt,
        "modes": [(mode.value, *words, mode.value == choice.mode) for mode, words in modes.items()],
        "fewest": FEWEST,
        "most": MOST,
    }


def _statuses() -> dict[str, str]:
    return {
        "all": _("All of them"),
        "unseen": _("Not seen yet"),
        "missed": _("Missed when I last met them"),
        "flagged": _("Flagged by me"),
    }
