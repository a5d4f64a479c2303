"""The daily review, its cards and wishes, and the question of the day."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core import signing
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.requests import person_of
from courses.exams import actions, kinds
from courses.exams.forms import PracticeSettingsForm
from courses.exams.models import CardReview, QuestionRevision, ReviewCard
from courses.exams.queries import reviews as queries
from courses.exams.queries.sets import askable, settings_of
from courses.exams.scheduling import schedule
from portal.lib.access import member

CARDS_A_PAGE = 50
_REVIEW, _DAY = "exams.review", "exams.question-of-the-day"


# --- the daily review --------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Shown:
    """A card's question as it was shown, and the answer once there is one."""

    card: ReviewCard
    revision: QuestionRevision
    order: list[int]
    value: kinds.Value = None

    @property
    def ticket(self) -> str:
        """What a form brings back, signed: nobody can have another question explained by it."""
        told = {
            "user": self.card.user_id,
            "card": self.card.pk,
            "revision": self.revision.pk,
            "due": self.card.due_at.isoformat(),
            "value": self.value,
        }
        return signing.dumps(told, salt=_REVIEW)


@member
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest) -> HttpResponse:
    """The next card of today; POST explains its question beside the answer and asks how well it was known.

    Nothing is kept before it is rated.
    """
    user, at = person_of(request), timezone.now()
    wishes = settings_of(user)
    if not wishes.has_reviews:
        return render(request, "exams/review.html", {"is_off": True})
    if request.method == "POST":
        return _explain(request, user, at)
    today = queries.todays_review(user, wishes, at)
    context: dict[str, Any] = {"today": today}
    for card in today.cards:
        revision = queries.question_for(user, card, at)
        if revision is not None:
            shown = Shown(card, revision, _order(card, revision))
            return render(request, "exams/review.html", context | _asked(shown))
    return render(request, "exams/review.html", context)


def _order(card: ReviewCard, revision: QuestionRevision) -> list[int]:
    """An order of the options that is another one each time the card comes round."""
    return queries.order_for(revision, f"{card.pk} {card.due_at.isoformat()}")


def _asked(shown: Shown) -> dict[str, Any]:
    how = kinds.get(shown.revision.kind)
    return {
        "card": shown.card,
        "revision": shown.revision,
        "stem": queries.stem(shown.revision, is_answered=False),
        "form_html": how.form(shown.revision.asked, shown.order, shown.value),
        "ticket": shown.ticket,
    }


def _explain(request: HttpRequest, user: User, at: datetime) -> HttpResponse:
    shown, _due = _opened(request, user)
    if shown is None or not askable(user, at).filter(pk=shown.revision.pk).exists():
        messages.info(request, _("That card has moved on. This is the next one."))
        return redirect("exams:review")
    how = kinds.get(shown.revision.kind)
    value, problem = None, ""
    if "give_up" not in request.POST:
        try:
            value = how.clean(shown.revision.asked, dict(request.POST.lists()))
            problem = "" if value is not None else _("Answer the question first.")
        except kinds.BadAnswer as wrong:
            problem = str(wrong)
    today = queries.todays_review(user, settings_of(user), at)
    context: dict[str, Any] = {"today": today}
    if problem:
        context |= _asked(shown) | {"problem": problem}
        return render(request, "exams/review.html", context, status=422)
    answered = Shown(shown.card, shown.revision, shown.order, value)
    outcome = queries.judged(shown.revision, value, shown.order, at)
    context |= {
        "card": shown.card,
        "revision": shown.revision,
        "stem": queries.stem(shown.revision, is_answered=True),
        "outcome": outcome,
        "is_answered": value is not None,
        "name": queries.short_name(shown.card),
        "about": queries.concept_titles([shown.card], user.local(at).date())[shown.card.pk],
        "ticket": answered.ticket,
        "ratings": _ratings(shown.card, is_right=outcome.is_right, at=at),
    }
    return render(request, "exams/review.html", context)


def _ratings(card: ReviewCard, *, is_right: bool, at: datetime) -> list[dict[str, Any]]:
    """The buttons that are open, each with when the card would come back."""
    found = []
    for rating in CardReview.Rating:
        if not is_right and rating > CardReview.Rating.HARD:
            continue
        days = (schedule(queries.state_of(card), rating, at=at).due_at - at).days
        found.append(
            {
                "value": rating.value,
                "label": rating.label,
                "when": ngettext("in %(n)d day", "in %(n)d days", days) % {"n": days},
                "is_usual": rating == (CardReview.Rating.GOOD if is_right else CardReview.Rating.AGAIN),
            }
        )
    return found


@member
@require_POST
def rate_card(request: HttpRequest) -> HttpResponse:
    """Keep how well a card was known; a second click changes nothing."""
    user, at = person_of(request), timezone.now()
    shown, due = _opened(request, user)
    rating = request.POST.get("rating", "")
    if shown is None or rating not in map(str, CardReview.Rating.values):
        return redirect("exams:review")
    try:
        actions.review_card(
            user=user,
            card_id=shown.card.pk,
            due_at=due,
            revision=shown.revision,
            value=shown.value,
            rating=int(rating),
            at=at,
        )
    except actions.RatedTooWell:
        messages.error(request, _("The answer was not right: choose “again” or “hard”."))
    return redirect("exams:review")


def _opened(request: HttpRequest, user: User) -> tuple[Shown | None, datetime]:
    """What a form brought back; nothing when its card was rated since. 404 for what is not ours."""
    try:
        told = signing.loads(request.POST.get("ticket", ""), salt=_REVIEW)
    except signing.BadSignature:  # a page from before a key was changed, or nobody's
        return None, timezone.now()
    due = datetime.fromisoformat(told["due"])
    card = ReviewCard.objects.owned_by(user).filter(pk=told["card"]).first()
    revision = QuestionRevision.objects.filter(pk=told["revision"]).first()
    if told["user"] != user.pk:
        raise Http404
    if card is None or revision is None or card.due_at != due:
        return None, due
    return Shown(card, revision, _order(card, revision), told["value"]), due


# --- the cards ---------------------------------------------------------------------------------------------
@member
@require_safe
def cards(request: HttpRequest) -> HttpResponse:
    """All cards of the person, to look through and to lay aside."""
    user, at = person_of(request), timezone.now()
    query = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    page = Paginator(queries.cards_of(user, query), CARDS_A_PAGE).get_page(request.GET.get("page"))
    found = list(page.object_list)
    titles = queries.concept_titles(found, user.local(at).date())
    rows = [(card, queries.short_name(card), titles[card.pk]) for card in found]
    return render(request, "exams/review_cards.html", {"page": page, "rows": rows, "query": query, "at": at})


@member
@require_POST
def suspend_card(request: HttpRequest, pk: int) -> HttpResponse:
    """Lay a card aside, or take it up again with ``resume``."""
    is_suspended = "resume" not in request.POST
    try:
        card = actions.set_suspension(
            user=person_of(request), card_id=pk, is_suspended=is_suspended, at=timezone.now()
        )
    except ReviewCard.DoesNotExist as missing:
        raise Http404 from missing
    said = _("“%(card)s” is laid aside.") if is_suspended else _("“%(card)s” comes again.")
    messages.success(request, said % {"card": queries.short_name(card)})
    return redirect("exams:review" if "next" in request.POST else "exams:cards")


# --- wishes ------------------------------------------------------------------------------------------------
@member
@require_http_methods(["GET", "HEAD", "POST"])
def practice_settings(request: HttpRequest) -> HttpResponse:
    """The daily review on or off, its cap and easy days, and whether days in a row are counted."""
    user = person_of(request)
    kept = settings_of(user)
    form = PracticeSettingsForm(request.POST or None, instance=kept)
    if request.method == "POST" and form.is_valid():
        wishes = form.cleaned_data
        actions.save_practice_settings(
            user=user,
            has_reviews=wishes["has_reviews"],
            daily_cap=wishes["daily_cap"],
            easy_days=wishes["easy_days"],
            has_streak=wishes["has_streak"],
        )
        messages.success(request, _("Your practice settings are saved."))
        return redirect("exams:practice")
    status = 422 if request.method == "POST" else 200
    return render(request, "exams/settings.html", {"form": form}, status=status)


# --- the question of the day -------------------------------------------------------------------------------
def asked_today(user: User, at: datetime) -> dict[str, Any]:
    """The question of the day as its template takes it; nothing when there is none."""
    revision = queries.question_of_the_day(user, at)
    if revision is None:
        return {}
    seed = f"{user.pk} {user.local(at).date()}"
    told = {"user": user.pk, "revision": revision.pk, "seed": seed}
    order = queries.order_for(revision, seed)
    return {
        "revision": revision,
        "stem": queries.stem(revision, is_answered=False),
        "form_html": kinds.get(revision.kind).form(revision.asked, order, None),
        "ticket": signing.dumps(told, salt=_DAY),
    }


@member
@require_http_methods(["GET", "HEAD", "POST"])
def daily_question(request: HttpRequest) -> HttpResponse:
    """The question of the day; POST explains it in its place. Nothing is kept: it is no practice."""
    user, at = person_of(request), timezone.now()
    is_part = bool(request.htmx)  # type: ignore[attr-defined]  # HtmxMiddleware
    template = "exams/_daily_question.html" if is_part else "exams/review_day.html"
    if request.method != "POST":
        return render(request, template, {"daily": asked_today(user, at)})
    try:
        told = signing.loads(request.POST.get("ticket", ""), salt=_DAY)
    except signing.BadSignature:
        return redirect("exams:daily_question")
    if told["user"] != user.pk:
        raise Http404
    revision = askable(user, at).filter(pk=told["revision"]).first()
    if revision is None:  # withdrawn, or part of an exam that was started since
        return redirect("exams:daily_question")
    order, how = queries.order_for(revision, told["seed"]), kinds.get(revision.kind)
    problem = _("Answer the question first.")
    try:
        value = how.clean(revision.asked, dict(request.POST.lists()))
    except kinds.BadAnswer as wrong:
        value, problem = None, str(wrong)
    daily: dict[str, Any] = {
        "revision": revision,
        "stem": queries.stem(revision, is_answered=value is not None),
    }
    if value is None:
        daily |= {
            "form_html": how.form(revision.asked, order, None),
            "ticket": request.POST["ticket"],
            "problem": problem,
        }
        return render(request, template, {"daily": daily}, status=422)
    daily["outcome"] = queries.judged(revision, value, order, at)
    return render(request, template, {"daily": daily})
