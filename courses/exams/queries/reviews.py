"""The daily review: which cards are due today, and by which question each is asked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from math import ceil
from random import Random
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Concat, TruncDate
from django.utils.safestring import SafeString, mark_safe

from accounts.models import User
from courses.codesets.models import Citation, Code, CodeRef, GuidelineSection
from courses.codesets.queries import known_codes
from courses.exams import kinds, paper, scoring
from courses.exams.concepts import Concept, concept_of
from courses.exams.models import (
    Attempt,
    AttemptItem,
    CardReview,
    Exposure,
    KeyCorrection,
    PracticeSettings,
    QuestionCitation,
    QuestionCodeRef,
    QuestionRevision,
    ReviewCard,
    StudyPlan,
)
from courses.exams.models.bank import RANKS
from courses.exams.queries.explained import CitationShown, citations_of
from courses.exams.queries.sets import askable, drawable
from courses.exams.scheduling import CardState, spread
from courses.progress.models import LessonCompletion

#: Below so many questions met the question of the day is one of all: too few would come round too often.
ENOUGH_MET = 30
#: Cards without a question of their own for which another is looked for at once.
_MOST_REPLACED = 100
#: Questions on one concept among which the next is chosen.
_MOST_CHOSEN_FROM = 200
_YEAR = timedelta(days=366)
#: Of ``PracticeSettings``, for who never saved any.
DAILY_CAP = 20
#: As much of the cap as an easy day takes; the default of ``scheduling.spread``.
EASY_SHARE = 0.5


# --- concepts ----------------------------------------------------------------------------------------------
def first_cited(kind: str, revision: str = "pk") -> Subquery:
    """The reference of a kind that a revision cites first, for ``concept_of``."""
    cited = QuestionCitation.objects.filter(revision=OuterRef(revision), kind=kind)
    return Subquery(cited.order_by("position", "pk").values("ref")[:1])


def code_at_end(order: str, revision: str = "pk") -> Subquery:
    """The system and the code that stand at an end of a revision's codes, for ``concept_of``."""
    named = QuestionCodeRef.objects.filter(revision=OuterRef(revision)).exclude(role=CodeRef.Role.INVALID)
    both = named.annotate(both=Concat("system", Value(" "), "code"))
    return Subquery(both.order_by(order).values("both")[:1])


def _about(concept: Concept) -> Q:
    """Revisions that may be about a concept; ``concept_of`` decides."""
    kind, ref = concept
    if kind == ReviewCard.Concept.GUIDELINE:
        exact = QuestionCitation.objects.filter(revision=OuterRef("pk"), kind=Citation.Kind.GUIDELINE)
        return Q(Exists(exact.filter(Q(ref=ref) | Q(ref__startswith=f"{ref}."))))
    if kind == ReviewCard.Concept.CATEGORY:
        system, code = ref.split(" ", 1)
        named = QuestionCodeRef.objects.filter(revision=OuterRef("pk"), system=system)
        cited = QuestionCitation.objects.filter(revision=OuterRef("pk"), kind=Citation.Kind.TABULAR)
        # codes are kept with their dot, which stands behind the category
        return Q(Exists(named.filter(code__startswith=code))) | Q(Exists(cited.filter(ref__startswith=code)))
    return Q(question__key=ref)


# --- today -------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Today:
    """The daily review of a person: the cards left in their order, and what was done."""

    cards: list[ReviewCard]
    done: int
    #: Due, but more than the day's share.
    waiting: int
    #: Due, but without a question that may be asked now.
    unasked: int
    #: As many cards as a day takes at most.
    cap: int

    @property
    def total(self) -> int:
        return self.done + len(self.cards)

    @property
    def number(self) -> int:
        """Which one the next card is, counted from 1."""
        return self.done + 1

    @property
    def days_of_backlog(self) -> int:
        """In how many further days what waits is worked off."""
        return -(-self.waiting // self.cap)


def day_of(user: User, at: datetime) -> tuple[datetime, datetime]:
    """The beginning and end of the person's day."""
    local = user.local(at)
    start = datetime.combine(local.date(), time.min, local.tzinfo)
    return start, datetime.combine(local.date() + timedelta(days=1), time.min, local.tzinfo)


def state_of(card: ReviewCard) -> CardState:
    """A card as the scheduler takes it."""
    return CardState(
        id=card.pk,
        due_at=card.due_at,
        phase=card.phase,
        step=card.step,
        stability=card.stability,
        difficulty=card.difficulty,
        reviewed_at=card.reviewed_at,
        is_suspended=card.suspended_at is not None,
    )


def todays_review(user: User, wishes: PracticeSettings, at: datetime) -> Today:
    """The person's share of today: two queries, three where a card's own question cannot be asked."""
    start, end = day_of(user, at)
    own = askable(user, at).filter(question=OuterRef("question"))
    due = ReviewCard.objects.owned_by(user).filter(suspended_at=None, due_at__lt=end)
    cards = list(due.annotate(is_alive=Exists(own)))
    done = CardReview.objects.filter(card__user=user, reviewed_at__gte=start, reviewed_at__lt=end).count()
    dead = [card for card in cards if not card.is_alive]
    replaced = _replaceable(user, dead, at)
    by_id = {card.pk: card for card in cards if card not in dead or concept(card) in replaced}
    share = spread(
        map(state_of, by_id.values()),
        cap=wishes.daily_cap,
        at=user.local(at),
        easy_days=wishes.easy_days,
        easy_share=EASY_SHARE,
        done_today=done,
    )
    return Today(
        cards=[by_id[one.id] for one in share.cards],
        done=done,
        waiting=share.waiting,
        unasked=len(cards) - len(by_id),
        cap=wishes.daily_cap,
    )


def concept(card: ReviewCard) -> Concept:
    return Concept(card.concept, card.ref)


def _replaceable(user: User, dead: Sequence[ReviewCard], at: datetime) -> set[Concept]:
    """The concepts among those of ``dead`` cards on which another question may be asked."""
    wanted = Q()
    for card in dead[:_MOST_REPLACED]:
        if card.concept != ReviewCard.Concept.QUESTION:
            wanted |= _about(concept(card))
    if not wanted:
        return set()
    rows = (
        askable(user, at)
        .filter(wanted)
        .annotate(
            guideline=first_cited("guideline"),
            tabular=first_cited("tabular"),
            first=code_at_end("both"),
            last=code_at_end("-both"),
        )
    )
    return {
        concept_of(key, guideline=guideline, tabular=tabular, first=first, last=last)
        for key, guideline, tabular, first, last in rows.values_list(
            "question__key", "guideline", "tabular", "first", "last"
        )
    }


@dataclass(frozen=True)
class Desk:
    """What waits for a person in the whole room: the attempt they are in, their plan's exam, cards due."""

    attempt: "Begun | None"
    plan: "Planned | None"
    reviews: int


@dataclass(frozen=True)
class Begun:
    """An attempt that runs; the one that ends first."""

    pk: int
    title: str
    deadline_at: datetime | None


@dataclass(frozen=True)
class Planned:
    """The exam that a person studies for."""

    title: str
    exam_on: date


def desk(user: User, at: datetime) -> Desk:
    """What waits for a person: one query, for a page that shows other rooms beside this one."""
    start, end = day_of(user, at)
    done = CardReview.objects.filter(card__user=OuterRef("pk"), reviewed_at__gte=start, reviewed_at__lt=end)
    due = ReviewCard.objects.filter(
        Exists(askable(user, at).filter(question=OuterRef("question"))),
        user=OuterRef("pk"),
        suspended_at=None,
        due_at__lt=end,
    )
    running = Attempt.objects.filter(user=OuterRef("pk")).open_at(at)
    plan = StudyPlan.objects.filter(user=OuterRef("pk"), ended_at=None)
    row = User.objects.filter(pk=user.pk).values_list(
        *(Subquery(running.values(name)[:1]) for name in ("pk", "title", "deadline_at")),
        *(Subquery(plan.values(name)[:1]) for name in ("blueprint__title", "exam_on")),
        _count(due, "user"),
        _count(done, "card__user"),
        "practice_settings__has_reviews",
        "practice_settings__daily_cap",
        "practice_settings__easy_days",
    )
    pk, title, deadline_at, exam, exam_on, found, reviewed, has_reviews, cap, easy_days = row.get()
    cap = DAILY_CAP if cap is None else cap
    if start.weekday() in (easy_days or ()):
        cap = ceil(cap * EASY_SHARE)
    left = 0 if has_reviews is False else min(found or 0, max(0, cap - (reviewed or 0)))
    return Desk(
        attempt=Begun(pk, title, deadline_at) if pk else None,
        plan=Planned(exam, exam_on) if exam_on else None,
        reviews=left,
    )


@dataclass(frozen=True)
class Due:
    """What is left of a person's daily review: the day's share, and how many more are due beside it."""

    left: int
    waiting: int


def due_reviews(people: Sequence[User], at: datetime) -> dict[int, Due]:
    """What is left of the daily review of each of ``people`` who wants one: three queries for any number."""
    by_id = {person.pk: person for person in people}
    days = {pk: day_of(person, at) for pk, person in by_id.items()}
    sat = AttemptItem.objects.filter(
        attempt__user=OuterRef("user"),
        attempt__state=Attempt.State.OPEN,
        attempt__mode=Attempt.Mode.EXAM,
        question_revision__question=OuterRef("question"),
    )
    cards = ReviewCard.objects.filter(
        Exists(drawable(at).filter(question=OuterRef("question"))),
        ~Exists(sat),
        user__in=by_id,
        suspended_at=None,
        due_at__lt=max((end for _start, end in days.values()), default=at),
    )
    found = Counter(user for user, due_at in cards.values_list("user", "due_at") if due_at < days[user][1])
    reviews = CardReview.objects.filter(
        card__user__in=by_id, reviewed_at__gte=min((start for start, _end in days.values()), default=at)
    )
    reviewed = Counter(
        user
        for user, moment in reviews.values_list("card__user", "reviewed_at")
        if days[user][0] <= moment < days[user][1]
    )
    wishes = PracticeSettings.objects.filter(user__in=by_id)
    wanted = {
        user: (has_reviews, cap, easy_days)
        for user, has_reviews, cap, easy_days in wishes.values_list(
            "user", "has_reviews", "daily_cap", "easy_days"
        )
    }
    shares = {}
    for pk in by_id:
        has_reviews, cap, easy_days = wanted.get(pk, (True, DAILY_CAP, ()))
        if days[pk][0].weekday() in easy_days:
            cap = ceil(cap * EASY_SHARE)
        if has_reviews:
            left = min(found[pk], max(0, cap - reviewed[pk]))
            shares[pk] = Due(left, found[pk] - left)
    return shares


def _count(rows: QuerySet[Any], by: str) -> Subquery:
    return Subquery(rows.order_by().values(by).annotate(n=Count("pk")).values("n"))


# --- a card's question -------------------------------------------------------------------------------------
def question_for(user: User, card: ReviewCard, at: datetime) -> QuestionRevision | None:
    """The question by which a card is asked: two queries.

    One on its concept that the person has not met, else the one missed, else the one asked longest ago.
    """
    asked = CardReview.objects.filter(
        card__user=user, question_revision__question=OuterRef("question")
    ).order_by("-reviewed_at")
    is_own = Case(When(question=card.question_id, then=0), default=1)
    rows = (
        askable(user, at)
        .filter(Q(question=card.question_id) | _about(concept(card)))
        .annotate(
            guideline=first_cited("guideline"),
            tabular=first_cited("tabular"),
            first=code_at_end("both"),
            last=code_at_end("-both"),
            is_met=Exists(Exposure.objects.owned_by(user).filter(question=OuterRef("question"))),
            asked_at=Subquery(asked.values("reviewed_at")[:1]),
        )
        .order_by(is_own, "is_met", F("asked_at").asc(nulls_first=True), "rank")
        .values_list(
            "pk", "question", "question__key", "is_met", "asked_at", "guideline", "tabular", "first", "last"
        )
    )
    found: list[tuple[int, float, int]] = []
    for pk, question, key, is_met, asked_at, guideline, tabular, first, last in rows[:_MOST_CHOSEN_FROM]:
        is_new = not is_met and asked_at is None
        if question == card.question_id:
            found.append((1, 0.0, pk))
        elif concept(card) == concept_of(key, guideline=guideline, tabular=tabular, first=first, last=last):
            found.append((0 if is_new else 2, asked_at.timestamp() if asked_at else 0.0, pk))
    if not found:
        return None
    _rank, _asked, chosen = min(found)
    revision: QuestionRevision = QuestionRevision.objects.select_related("question").get(pk=chosen)
    return revision


def order_for(revision: QuestionRevision, seed: str) -> list[int]:
    """The order of the options, the same for the same seed."""
    return kinds.shuffled(kinds.get(revision.kind), revision.asked, revision.answer_key, Random(seed))


@dataclass(frozen=True)
class Judged:
    """What an answer to a question came to, with all that explains it."""

    points: Any
    is_right: bool
    explained_html: SafeString
    citations: list[CitationShown]


def judged(revision: QuestionRevision, value: kinds.Value, order: Sequence[int], at: datetime) -> Judged:
    """An answer beside the key in force, as a tutored set explains it: at most three queries."""
    how = kinds.get(revision.kind)
    known = known_codes(how.entered(value), on_date=at.date())
    decided = KeyCorrection.objects.filter(revision=revision, applied_at__isnull=False)
    newest = decided.order_by("-applied_at", "-pk").first()
    correction = scoring.Correction(newest.how, newest.answer_key) if newest else None
    outcome = scoring.grade(
        scoring.Item(
            id=revision.pk,
            domain="",
            kind=revision.kind,
            answer_key=revision.answer_key,
            value=value,
            correction=correction,
        ),
        known,
    )
    key = newest.answer_key if newest and newest.how == KeyCorrection.How.NEW_KEY else revision.answer_key
    return Judged(
        points=outcome.points,
        is_right=outcome.is_correct,
        explained_html=how.explain(revision.explained, key or {}, order, value, outcome.detail),
        citations=citations_of([revision.pk]).get(revision.pk, []),
    )


# --- the list of cards -------------------------------------------------------------------------------------
def cards_of(user: User, query: str) -> QuerySet[ReviewCard]:
    """The person's cards whose section, category, question or words hold ``query``; those due first."""
    cards = ReviewCard.objects.owned_by(user).select_related("question").order_by("due_at", "pk")
    stems = QuestionRevision.objects.filter(question=OuterRef("question")).order_by("-number")
    cards = cards.annotate(stem=Subquery(stems.values("stem_html")[:1]), times=Count("reviews"))
    if query:
        sections = GuidelineSection.objects.filter(title__icontains=query).values("ref")
        cards = cards.filter(
            Q(ref__icontains=query)
            | Q(question__key__icontains=query)
            | Q(stem__icontains=query)
            | Q(concept=ReviewCard.Concept.GUIDELINE, ref__in=sections)
        )
    return cards


def short_name(card: ReviewCard) -> str:
    """The section, category or key of a card, as people write it."""
    is_category = card.concept == ReviewCard.Concept.CATEGORY
    return card.ref.split(" ", 1)[1] if is_category else card.ref


def concept_titles(cards: Sequence[ReviewCard], on: date) -> dict[int, str]:
    """What each card is about in words: two queries at most."""
    sections = {card.ref for card in cards if card.concept == ReviewCard.Concept.GUIDELINE}
    codes = {card.ref.split(" ", 1)[1] for card in cards if card.concept == ReviewCard.Concept.CATEGORY}
    titles: dict[str, str] = {}
    if codes:
        rows = Code.objects.on(on).filter(code__in=codes, kind__in=Code.CODES)
        for system, code, title in rows.values_list("system", "code", "title"):
            titles[f"{system} {code}"] = title
    if sections:
        headings = GuidelineSection.objects.filter(ref__in=sections).order_by("effective_from")
        titles |= dict(headings.values_list("ref", "title"))
    return {
        card.pk: titles.get(card.ref, "")
        if card.concept != ReviewCard.Concept.QUESTION
        else paper.plain(getattr(card, "stem", "") or card.question.key)
        for card in cards
    }


# --- the question of the day -------------------------------------------------------------------------------
def question_of_the_day(user: User, at: datetime) -> QuestionRevision | None:
    """The same question for a person all day, as long as it may be asked: two queries.

    It is one of those the person has met, once there are enough: whoever sees a question here first would
    meet it in an exam no longer for the first time, and readiness counts on that.
    """
    on = user.local(at).date()
    digest = sha256(f"{user.pk} {on.isoformat()}".encode()).digest()
    start = int.from_bytes(digest[:8], "big") % RANKS
    met = Exposure.objects.owned_by(user)
    questions = askable(user, at).exclude(kind="case_set")
    if met.count() >= ENOUGH_MET:
        questions = questions.filter(question__in=met.values("question"))
    later = Case(When(rank__gte=start, then=Value(False)), default=Value(True), output_field=BooleanField())
    return questions.select_related("domain").order_by(later, "rank", "pk").first()


def stem(revision: QuestionRevision, *, is_answered: bool) -> SafeString:
    """The question's text; its codes lead to their entries once it is answered."""
    return mark_safe(  # sanitised on write
        revision.stem_linked_html if is_answered else revision.stem_html
    )


# --- days in a row -----------------------------------------------------------------------------------------
def active_days(user: User, at: datetime) -> list[date]:
    """The person's days within a year on which they finished an attempt, a review or a lesson: one query."""
    since, zone = at - _YEAR, user.zone

    def days(rows: QuerySet[Any], moment: str) -> QuerySet[Any]:
        found = rows.filter(**{f"{moment}__gte": since, f"{moment}__lte": at}).order_by()
        dated: QuerySet[Any] = found.annotate(day=TruncDate(moment, tzinfo=zone)).values_list(
            "day", flat=True
        )
        return dated

    attempts = days(
        Attempt.objects.owned_by(user).submitted().filter(submitted_by_system=False), "submitted_at"
    )
    reviews = days(CardReview.objects.filter(card__user=user), "reviewed_at")
    lessons = days(LessonCompletion.objects.owned_by(user), "completed_at")
    return sorted(attempts.union(reviews, lessons))


def streak(days: Sequence[date], today: date) -> int:
    """How many days in a row end today, or yesterday while today is still open."""
    known = set(days)
    day = today if today in known else today - timedelta(days=1)
    count = 0
    while day in known:
        count, day = count + 1, day - timedelta(days=1)
    return count
