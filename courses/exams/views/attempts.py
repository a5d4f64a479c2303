"""Starting an attempt, its sections, pauses and its end. Every page works without JavaScript."""

from datetime import timedelta
from functools import cache

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import outlive, person_of
from courses.exams import actions, queries
from courses.exams.clock import remaining_s
from courses.exams.models import Attempt, AttemptSection, Blueprint, Sitting
from portal.lib.access import member

#: A page of the exam that is over a moment too early sends itself; the server's clock decides.
_ALMOST_OVER_S = 2
#: Nobody has to sign in again before they have read their report.
_AFTERWARDS = timedelta(hours=1)


# --- starting ----------------------------------------------------------------------------------------------
@member
@require_POST
def start(request: HttpRequest, key: str) -> HttpResponse:
    """Start an exam in a mode, or go on with the one that is running."""
    user, at = person_of(request), timezone.now()
    blueprint = (
        Blueprint.objects.valid_on(user.local(at).date()).filter(key=key).order_by("-valid_from").first()
    )
    mode = request.POST.get("mode", Attempt.Mode.EXAM)
    if blueprint is None or mode not in Attempt.Mode.values:
        raise Http404
    try:
        running = actions.start_attempt(user=user, blueprint=blueprint, at=at, mode=mode)
    except actions.EmptyBank:
        messages.error(
            request, _("“%(exam)s” has no questions yet. Nothing was started.") % {"exam": blueprint}
        )
        return redirect("exams:practice")
    return _into(request, running, is_new=running.started_at == at)


@member
@require_POST
def start_sitting(request: HttpRequest, pk: int) -> HttpResponse:
    """Start a scheduled exam, or go on with it."""
    user, at = person_of(request), timezone.now()
    sitting = get_object_or_404(Sitting.objects.select_related("blueprint"), pk=pk)
    try:
        running = actions.start_sitting(user=user, sitting=sitting, at=at)
    except actions.SittingClosed:
        messages.error(
            request, _("“%(exam)s” cannot be started now. Nothing was started.") % {"exam": sitting}
        )
        return redirect("exams:practice")
    except actions.EmptyBank:
        messages.error(
            request, _("“%(exam)s” has no questions yet. Nothing was started.") % {"exam": sitting}
        )
        return redirect("exams:practice")
    return _into(request, running, is_new=running.started_at == at)


def _into(request: HttpRequest, running: Attempt, *, is_new: bool) -> HttpResponse:
    if running.deadline_at is not None:
        outlive(request, running.deadline_at + _AFTERWARDS)
    if running.lacking and is_new:
        domains = ", ".join(f"{one['title']} ({one['count']})" for one in running.lacking)
        messages.warning(
            request, _("This exam is shortened. Too few questions in: %(domains)s.") % {"domains": domains}
        )
    return redirect(running)


# --- the exam room -----------------------------------------------------------------------------------------
@member
@require_safe
def attempt(request: HttpRequest, pk: int) -> HttpResponse:
    """Where the person stands: a section's questions, a break, a pause, or the end."""
    at = timezone.now()
    mine = get_object_or_404(Attempt.objects.owned_by(person_of(request)), pk=pk)
    if (elsewhere := _not_running(request, mine)) is not None:
        return elsewhere
    place = queries.where(mine, at)
    if (current := place.current) is not None:
        return _room(request, mine, place, current)
    if (ahead := place.ahead) is None:
        return render(request, "exams/over.html", {"attempt": mine, "is_in_time": True})
    before = place.before
    until = before.break_until if before else None
    context = {"attempt": mine, "before": before, "section": ahead, "until": until}
    if until is None:
        return render(request, "exams/section_over.html", context)
    return render(request, "exams/break.html", context | {"left_s": remaining_s(until, at)})


def _not_running(request: HttpRequest, mine: Attempt) -> HttpResponse | None:
    """What is shown instead of an attempt that takes no answers now."""
    at = timezone.now()
    if mine.state != Attempt.State.OPEN:
        return redirect("exams:report", mine.pk)
    if mine.deadline_at is not None and at >= mine.deadline_at:
        return render(request, "exams/over.html", {"attempt": mine})
    if mine.paused_at is not None:
        return render(request, "exams/paused.html", {"attempt": mine})
    return None


def _room(request: HttpRequest, mine: Attempt, place: queries.Where, section: AttemptSection) -> HttpResponse:
    """All questions of a section on one page; the script shows one at a time."""
    shown = queries.room(mine, place, section, token=get_token(request), revealed=queries.revealed(mine))
    following = place.section(section.position + 1)
    context = {"attempt": mine, "place": place, "section": section, "room": shown, "following": following}
    context["words"], context["dialogs"] = _furniture(get_language())
    return render(request, "exams/attempt.html", context)


@cache
def _furniture(language: str | None) -> tuple[SafeString, SafeString]:
    """What is the same in every room: rendered once a language, or it would be a third of the page's time."""
    return render_to_string("exams/_room_words.html"), render_to_string("exams/_room_dialogs.html")


@member
@require_http_methods(["GET", "HEAD", "POST"])
def section(request: HttpRequest, pk: int, position: int) -> HttpResponse:
    """A section that is open, or the question whether to go on to the next one; POST enters it."""
    user, at = person_of(request), timezone.now()
    if request.method == "POST":
        return _enter(request, pk, position)
    mine = get_object_or_404(Attempt.objects.owned_by(user), pk=pk)
    if (elsewhere := _not_running(request, mine)) is not None:
        return elsewhere
    place = queries.where(mine, at)
    asked = place.section(position)
    if asked is None:
        raise Http404
    state = place.state(asked)
    if state == "open":
        return _room(request, mine, place, asked)
    context = {"attempt": mine, "section": asked, "state": state, "before": place.section(position - 1)}
    if state == "next":
        standing = next(one for one in queries.standings(mine, at) if one.section == context["before"])
        return render(request, "exams/section_next.html", context | {"standing": standing})
    return render(request, "exams/section_closed.html", context, status=409)


def _enter(request: HttpRequest, pk: int, position: int) -> HttpResponse:
    try:
        actions.enter_section(user=person_of(request), attempt_id=pk, position=position, at=timezone.now())
    except actions.NoSuchItem as missing:
        raise Http404 from missing
    except (actions.AttemptClosed, actions.NoWayBack):
        messages.error(request, _("That section cannot be opened now."))
        return redirect("exams:attempt", pk)
    return redirect("exams:section", pk, position)


@member
@require_POST
def take_break(request: HttpRequest, pk: int, position: int) -> HttpResponse:
    """Close a section and begin the break after it."""
    try:
        actions.take_break(user=person_of(request), attempt_id=pk, position=position, at=timezone.now())
    except actions.NoSuchItem as missing:
        raise Http404 from missing
    except (actions.AttemptClosed, actions.NotOpenYet, actions.NoWayBack):
        messages.error(request, _("A break cannot begin now."))
    return redirect("exams:attempt", pk)


# --- pauses ------------------------------------------------------------------------------------------------
@member
@require_POST
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Lay a tutored or practice set aside."""
    user, at = person_of(request), timezone.now()
    mine = get_object_or_404(Attempt.objects.owned_by(user), pk=pk)
    actions.pause_attempt(user=user, attempt_id=pk, at=at)
    return redirect(mine)


@member
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on with a set that was laid aside."""
    user, at = person_of(request), timezone.now()
    mine = get_object_or_404(Attempt.objects.owned_by(user), pk=pk)
    actions.resume_attempt(user=user, attempt_id=pk, at=at)
    return redirect(mine)


# --- the end -----------------------------------------------------------------------------------------------
@member
@require_http_methods(["GET", "HEAD", "POST"])
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once, listing what is unanswered or flagged; then submit."""
    user, at = person_of(request), timezone.now()
    if request.method == "POST":
        if "time_over" in request.POST and _has_time(request, pk):
            # the page did not know that time was added
            return redirect("exams:attempt", pk)
        try:
            actions.finish_attempt(attempt_id=pk, user=user, at=at)
        except Attempt.DoesNotExist as missing:
            raise Http404 from missing
        return redirect("exams:report", pk)
    mine = get_object_or_404(Attempt.objects.owned_by(user), pk=pk)
    if mine.state != Attempt.State.OPEN:
        return redirect("exams:report", pk)
    standings = queries.standings(mine, at)
    context = {
        "attempt": mine,
        "standings": standings,
        "unanswered": sum(len(one.unanswered) for one in standings),
        "flagged": sum(len(one.flagged) for one in standings),
    }
    return render(request, "exams/finish.html", context)


def _has_time(request: HttpRequest, pk: int) -> bool:
    mine = get_object_or_404(Attempt.objects.owned_by(person_of(request)), pk=pk)
    left = remaining_s(mine.deadline_at, timezone.now())
    return mine.state == Attempt.State.OPEN and left is not None and left > _ALMOST_OVER_S
