"""Cards of what was missed: how they are made, come round, and are laid aside; the question of the day."""

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.catalog.actions import CitationText
from courses.codesets.models import CodeRef
from courses.exams.actions import (
    RatedTooWell,
    finish_attempt,
    review_card,
    start_attempt,
    start_set,
    submit_answer,
)
from courses.exams.concepts import Concept, category_of, concept_of, section_of
from courses.exams.models import (
    Attempt,
    Blueprint,
    CardReview,
    Exposure,
    KeyCorrection,
    PracticeSettings,
    Question,
    QuestionRevision,
    ReviewCard,
)
from courses.exams.queries import reviews
from courses.exams.queries.sets import Choice, settings_of
from tests.exams.conftest import CANARY, CountSql, MakeQuestion, right, wrong

pytestmark = pytest.mark.django_db

REVIEW = "/practice/review/"
DAY = timedelta(days=1)
TAB = "a" * 16


@pytest.fixture(autouse=True)
def now(at: datetime, time_machine: Any) -> Any:
    """Views look at the real clock: it stands at ``at`` until a test moves it."""
    time_machine.move_to(at, tick=False)
    return time_machine


def cite(*refs: str) -> dict[str, Any]:
    return {"citations": [CitationText("guideline", ref) for ref in refs]}


def miss(user: User, at: datetime, *keys: str, token: str = "t", mode: str = "practice") -> Attempt:
    """A finished set of everything in which the questions of ``keys`` were wrong and the others right."""
    mine = start_set(user=user, choice=Choice(count=100, mode=mode), token=token, at=at)
    for seq, item in enumerate(mine.items.select_related("question_revision__question"), start=1):
        fields = wrong(item) if item.question_revision.question.key in keys else right(item)
        submit_answer(
            attempt_id=mine.pk,
            user=user,
            position=item.position,
            fields=fields,
            client_id=TAB,
            seq=seq,
            received_at=at,
        )
    finish_attempt(attempt_id=mine.pk, user=user, at=at)
    return mine


@pytest.fixture
def card(student: User, make_question: MakeQuestion, at: datetime) -> ReviewCard:
    """A card that is due at ``at``, with one question on its concept."""
    make_question("q-1", **cite("I.C.4.a"))
    miss(student, at - DAY, "q-1")
    return ReviewCard.objects.get()


def rate(user: User, card: ReviewCard, at: datetime, rating: int = 3, *, is_right: bool = True) -> bool:
    revision = QuestionRevision.objects.get(question=card.question)
    key = revision.answer_key["right"][0]
    value = key if is_right else key % 4 + 1
    return review_card(
        user=user, card_id=card.pk, due_at=card.due_at, revision=revision, value=value, rating=rating, at=at
    )


# --- concepts ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("ref", "section"),
    [
        ("I.C.4.a", "I.C.4"),
        ("I.C.19.e.5.(c)", "I.C.19"),
        ("I.A.15", "I.A.15"),
        ("IV.H", "IV.H"),
        ("II.K.2", "II.K"),
        ("III", "III"),
        ("Appendix I", "Appendix I"),
        ("something else", "something else"),
    ],
)
def test_a_section_is_that_of_the_chapter(ref: str, section: str) -> None:
    assert section_of(ref) == section


def test_a_category_is_that_of_the_system() -> None:
    assert category_of("icd10cm", "E11.621") == "icd10cm E11"
    assert category_of("icd10pcs", "0DTJ4ZZ") == "icd10pcs 0DT"
    assert category_of("hcpcs", "J1100") == "hcpcs J1100"


@pytest.mark.parametrize(
    ("parts", "concept"),
    [
        (("I.C.4.a", "M86", "icd10cm E11.9", "icd10cm E11.9"), Concept("guideline", "I.C.4")),
        ((None, "M86.1", "icd10cm E11.9", "icd10cm M86.161"), Concept("category", "icd10cm M86")),
        ((None, None, "icd10cm E11.621", "icd10cm E11.9"), Concept("category", "icd10cm E11")),
        # an answer that is wrong names G04: the question is not about it
        ((None, None, "icd10cm G04.91", "icd10cm M86.161"), Concept("question", "q")),
        ((None, None, "hcpcs J1100", "icd10cm E11.9"), Concept("question", "q")),
        ((None, None, None, None), Concept("question", "q")),
    ],
)
def test_a_concept_is_the_section_else_the_category_else_the_question(parts: Any, concept: Concept) -> None:
    guideline, tabular, first, last = parts
    assert concept_of("q", guideline=guideline, tabular=tabular, first=first, last=last) == concept


# --- making cards ------------------------------------------------------------------------------------------
def test_each_missed_concept_becomes_one_card(
    student: User, make_question: MakeQuestion, at: datetime
) -> None:
    make_question("q-1", edition="FY2026", **cite("I.C.4.a"))
    make_question("q-2", **cite("I.C.4.b"))
    make_question("q-3")
    plain = {"stem": "No code here.", "source": None}
    choices = [{"text": str(n), "rationale": "r", "correct": n == 1} for n in range(1, 5)]
    make_question("q-4", **plain | {"source": {"choices": choices}})
    make_question("q-5", **cite("I.C.9"))
    miss(student, at, "q-1", "q-2", "q-3", "q-4")
    found = ReviewCard.objects.values_list("concept", "ref", "due_at", "phase", "step")
    assert set(found) == {
        ("guideline", "I.C.4", at + DAY, 1, 0),
        ("category", "icd10cm E11", at + DAY, 1, 0),
        ("question", "q-4", at + DAY, 1, 0),
    }


def test_all_right_makes_no_card_and_no_statement(
    student: User, make_question: MakeQuestion, at: datetime, count_sql: CountSql
) -> None:
    make_question()
    mine = start_set(user=student, choice=Choice(count=5, mode="practice"), token="t", at=at)
    item = mine.items.select_related("question_revision").get()
    submit_answer(
        attempt_id=mine.pk,
        user=student,
        position=1,
        fields=right(item),
        client_id=TAB,
        seq=1,
        received_at=at,
    )
    with count_sql(5):  # close, answers, score, results, exposures
        finish_attempt(attempt_id=mine.pk, user=student, at=at)
    assert not ReviewCard.objects.exists()


@pytest.mark.parametrize("missed", [1, 3])
def test_cards_take_two_statements(
    student: User, make_question: MakeQuestion, at: datetime, missed: int, count_sql: CountSql
) -> None:
    keys = [f"q-{n}" for n in range(missed)]
    for n, key in enumerate(keys):
        make_question(key, **cite(f"I.C.{n + 1}"))
    mine = start_set(user=student, choice=Choice(count=5, mode="exam"), token="t", at=at)
    with count_sql(7):
        finish_attempt(attempt_id=mine.pk, user=student, at=at)
    assert ReviewCard.objects.count() == missed


def test_what_was_left_out_is_missed_in_an_exam_only(
    student: User, blueprint: Blueprint, at: datetime
) -> None:
    tutored = start_attempt(user=student, blueprint=blueprint, at=at, mode="tutor")
    finish_attempt(attempt_id=tutored.pk, user=student, at=at)
    assert not ReviewCard.objects.exists()
    exam = start_attempt(user=student, blueprint=blueprint, at=at)
    finish_attempt(attempt_id=exam.pk, user=student, at=at)
    assert ReviewCard.objects.get().ref == "icd10cm E11"


def test_a_miss_brings_its_card_forward(student: User, card: ReviewCard, at: datetime) -> None:
    assert rate(student, card, at, 4)
    card.refresh_from_db()
    far, stability = card.due_at, card.stability
    assert far > at + 2 * DAY
    miss(student, at, "q-1", token="again")
    card.refresh_from_db()
    assert (card.due_at, card.stability) == (at + DAY, stability)
    assert ReviewCard.objects.count() == 1


def test_a_card_due_before_is_not_put_off(student: User, card: ReviewCard, at: datetime) -> None:
    miss(student, at, "q-1", token="again")
    card.refresh_from_db()
    assert card.due_at == at


def test_a_card_laid_aside_stays_so(student: User, card: ReviewCard, at: datetime) -> None:
    ReviewCard.objects.update(suspended_at=at)
    miss(student, at, "q-1", token="again")
    card.refresh_from_db()
    assert card.suspended_at == at


def test_who_does_without_reviews_gets_no_cards(
    student: User, make_question: MakeQuestion, at: datetime
) -> None:
    make_question("q-1")
    PracticeSettings.objects.create(user=student, has_reviews=False)
    miss(student, at, "q-1")
    assert not ReviewCard.objects.exists()


# --- the share of a day ------------------------------------------------------------------------------------
def backlog(user: User, revision: QuestionRevision, count: int, due_at: datetime) -> None:
    ReviewCard.objects.bulk_create(
        ReviewCard(
            user=user,
            concept="guideline",
            ref=f"I.C.{n}",
            question=revision.question,
            made_at=due_at,
            due_at=due_at,
            step=0,
        )
        for n in range(count)
    )


def test_three_hundred_overdue_cards_are_no_wall(
    student: User, make_question: MakeQuestion, at: datetime
) -> None:
    backlog(student, make_question("q-1"), 300, at - 30 * DAY)
    today = reviews.todays_review(student, settings_of(student), at)
    assert (len(today.cards), today.waiting, today.days_of_backlog) == (20, 280, 14)
    assert reviews.desk(student, at).reviews == 20


def test_an_easy_day_takes_half(student: User, make_question: MakeQuestion, at: datetime) -> None:
    backlog(student, make_question("q-1"), 50, at - DAY)
    wishes = PracticeSettings.objects.create(user=student, daily_cap=15, easy_days=[at.weekday()])
    assert len(reviews.todays_review(student, wishes, at).cards) == 8
    assert reviews.desk(student, at).reviews == 8
    assert reviews.desk(student, at + DAY).reviews == 15


def test_the_day_is_the_person_s(student: User, card: ReviewCard, at: datetime) -> None:
    student.time_zone = "Pacific/Auckland"  # 13 hours ahead: at 11:00 UTC on the 22nd it is the 23rd there
    ReviewCard.objects.update(due_at=datetime(2026, 11, 23, 10, 59, tzinfo=at.tzinfo))
    assert reviews.desk(student, datetime(2026, 11, 22, 11, 0, tzinfo=at.tzinfo)).reviews == 1
    ReviewCard.objects.update(due_at=datetime(2026, 11, 23, 11, 0, tzinfo=at.tzinfo))
    assert reviews.desk(student, datetime(2026, 11, 22, 11, 0, tzinfo=at.tzinfo)).reviews == 0


def test_what_was_reviewed_counts_towards_the_day(student: User, card: ReviewCard, at: datetime) -> None:
    PracticeSettings.objects.update(daily_cap=1)
    wishes = settings_of(student)
    assert rate(student, card, at)
    backlog(student, QuestionRevision.objects.get(), 3, at)
    today = reviews.todays_review(student, wishes, at)
    assert (today.done, today.cards, today.waiting) == (1, [], 3)
    assert reviews.desk(student, at).reviews == 0


@pytest.mark.parametrize("rows", [1, 3])
def test_the_share_takes_two_queries_and_its_number_one(
    student: User, make_question: MakeQuestion, at: datetime, rows: int, count_sql: CountSql
) -> None:
    backlog(student, make_question("q-1"), rows, at)
    wishes = settings_of(student)
    with count_sql(2):
        assert len(reviews.todays_review(student, wishes, at).cards) == rows
    with count_sql(1):
        assert reviews.desk(student, at).reviews == rows


# --- its question ------------------------------------------------------------------------------------------
def test_a_card_prefers_a_question_on_its_concept_that_is_new(
    student: User, card: ReviewCard, make_question: MakeQuestion, at: datetime
) -> None:
    make_question("new", **cite("I.C.4.m"))
    make_question("near", **cite("I.C.40"))
    make_question("beside", **cite("I.C.9", "I.C.4"))
    asked = reviews.question_for(student, card, at)
    assert asked is not None and asked.question.key == "new"
    review_card(
        user=student, card_id=card.pk, due_at=card.due_at, revision=asked, value=None, rating=1, at=at
    )
    card.refresh_from_db()
    again = reviews.question_for(student, card, at + DAY)
    assert again is not None and again.question.key == "q-1"  # what was reviewed is new no more


def test_a_card_without_its_question_takes_another_on_the_concept(
    student: User, card: ReviewCard, make_question: MakeQuestion, at: datetime
) -> None:
    make_question("q-2", **cite("I.C.4.c"))
    card.question.revisions.get().code_refs.update(state=CodeRef.State.GONE)
    today = reviews.todays_review(student, settings_of(student), at)
    assert today.cards == [card] and today.unasked == 0
    asked = reviews.question_for(student, card, at)
    assert asked is not None and asked.question.key == "q-2"


def test_a_card_without_any_question_is_left_out_and_said(
    as_student: Client, student: User, card: ReviewCard, at: datetime
) -> None:
    Question.objects.update(retired_at=at)
    today = reviews.todays_review(student, settings_of(student), at)
    assert today.cards == [] and today.unasked == 1
    page = as_student.get(REVIEW).content.decode()
    assert "Nothing is due today" in page and "1 card is left out" in page


def test_a_card_never_asks_what_a_running_exam_asks(
    as_student: Client, student: User, blueprint: Blueprint, at: datetime
) -> None:
    Question.objects.exclude(key__in=("q-1", "q-2", "q-3")).update(retired_at=at)
    exam = start_attempt(user=student, blueprint=blueprint, at=at)
    backlog(student, exam.items.select_related("question_revision__question")[0].question_revision, 1, at)
    assert "1 card is left out" in as_student.get(REVIEW).content.decode()


# --- reviewing ---------------------------------------------------------------------------------------------
def test_a_review_is_kept_and_the_card_comes_back_later(
    student: User, card: ReviewCard, at: datetime
) -> None:
    assert rate(student, card, at, 3)
    card.refresh_from_db()
    kept = CardReview.objects.get()
    assert (kept.rating, kept.points, kept.reviewed_at) == (3, 1, at)
    assert card.due_at > at and card.reviewed_at == at and card.stability is not None
    assert not Exposure.objects.filter(times__gt=1).exists()  # a review is no attempt


def test_a_second_click_changes_nothing(student: User, card: ReviewCard, at: datetime) -> None:
    assert rate(student, card, at, 3)
    assert not rate(student, card, at, 4)
    assert not rate(student, card, at + timedelta(seconds=1), 1)
    assert CardReview.objects.count() == 1


@pytest.mark.parametrize("rating", [3, 4])
def test_who_was_wrong_did_not_know_it(student: User, card: ReviewCard, at: datetime, rating: int) -> None:
    with pytest.raises(RatedTooWell):
        rate(student, card, at, rating, is_right=False)
    assert not CardReview.objects.exists()
    assert rate(student, card, at, 1, is_right=False)


def test_a_stranger_reviews_nothing(other: User, card: ReviewCard, at: datetime) -> None:
    with pytest.raises(ReviewCard.DoesNotExist):
        rate(other, card, at)


def test_a_corrected_key_counts_in_a_review(
    student: User, editor: User, other: User, card: ReviewCard, at: datetime
) -> None:
    revision = card.question.revisions.get()
    key = revision.answer_key["right"][0]
    KeyCorrection.objects.create(
        revision=revision,
        how="new",
        answer_key={**revision.answer_key, "right": [key % 4 + 1]},
        reason="It was wrong.",
        proposed_at=at,
        proposed_by=editor,
        applied_at=at,
        applied_by=other,
    )
    assert rate(student, card, at, 4, is_right=False)
    assert CardReview.objects.get().points == 1


# --- the page ----------------------------------------------------------------------------------------------
def ticket(page: str) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', page)
    assert found, page
    return found[1]


def test_a_card_is_answered_explained_and_rated_without_a_script(
    as_student: Client, student: User, card: ReviewCard
) -> None:
    page = as_student.get(REVIEW).content.decode()
    assert "1 of 1 today" in page and CANARY not in page
    revision = card.question.revisions.get()
    answer = as_student.post(REVIEW, {"ticket": ticket(page), "choice": str(revision.answer_key["right"][0])})
    page = answer.content.decode()
    assert CANARY in page and page.count('name="rating"') == 4 and "I.C.4" in page
    assert not CardReview.objects.exists()
    for _click in range(2):
        answer = as_student.post(reverse("exams:rate_card"), {"ticket": ticket(page), "rating": "3"})
        assert answer["Location"] == REVIEW
    assert CardReview.objects.get().rating == 3
    assert "Done for today" in as_student.get(REVIEW).content.decode()


@pytest.mark.parametrize("sent", [{"choice": "wrong one"}, {"give_up": "1"}])
def test_a_miss_offers_only_again_and_hard(
    as_student: Client, card: ReviewCard, sent: dict[str, str]
) -> None:
    key = card.question.revisions.get().answer_key["right"][0]
    sent = {name: str(key % 4 + 1) if name == "choice" else value for name, value in sent.items()}
    shown = ticket(as_student.get(REVIEW).content.decode())
    page = as_student.post(REVIEW, {"ticket": shown} | sent).content.decode()
    assert re.findall(r'name="rating" value="(\d)"', page) == ["1", "2"]
    as_student.post(reverse("exams:rate_card"), {"ticket": ticket(page), "rating": "4"})
    assert not CardReview.objects.exists()


def test_an_empty_answer_is_asked_for(as_student: Client, card: ReviewCard) -> None:
    answer = as_student.post(REVIEW, {"ticket": ticket(as_student.get(REVIEW).content.decode())})
    assert answer.status_code == 422 and CANARY not in answer.content.decode()


def test_a_ticket_is_nobody_else_s(as_student: Client, card: ReviewCard, other: User) -> None:
    shown = ticket(as_student.get(REVIEW).content.decode())
    stranger = Client()
    stranger.force_login(other)
    for url in (REVIEW, reverse("exams:rate_card")):
        assert stranger.post(url, {"ticket": shown, "give_up": "1", "rating": "1"}).status_code == 404
        assert as_student.post(url, {"ticket": shown + "x", "rating": "1"})["Location"] == REVIEW


def test_what_an_exam_asks_since_is_not_explained(
    as_student: Client, student: User, blueprint: Blueprint, at: datetime, now: Any
) -> None:
    miss(student, at - DAY, "q-1", "q-2", "q-3", "q-4", "q-5")
    shown = ticket(as_student.get(REVIEW).content.decode())
    Blueprint.objects.get().sections.get().domains.update(count=5)
    start_attempt(user=student, blueprint=blueprint, at=at)
    answer = as_student.post(REVIEW, {"ticket": shown, "give_up": "1"})
    assert answer.status_code == 302 and CANARY not in answer.content.decode()


def test_options_come_in_another_order_next_time(
    student: User, make_question: MakeQuestion, at: datetime
) -> None:
    revision = make_question("q-1")
    orders = {tuple(reviews.order_for(revision, f"1 {n}")) for n in range(20)}
    assert len(orders) > 5
    assert reviews.order_for(revision, "1 x") == reviews.order_for(revision, "1 x")


@pytest.mark.parametrize("rows", [1, 3])
def test_the_review_page_takes_seven_queries(
    as_student: Client,
    student: User,
    make_question: MakeQuestion,
    at: datetime,
    rows: int,
    count_sql: CountSql,
) -> None:
    for n in range(rows):
        make_question(f"q-{n}", **cite("I.C.0"))
    backlog(student, QuestionRevision.objects.all()[0], rows, at)
    as_student.get(REVIEW)
    with count_sql(7):  # session, person, wishes, cards, done, candidates, question
        as_student.get(REVIEW)


def test_reviews_switched_off_say_so(as_student: Client, student: User, card: ReviewCard) -> None:
    PracticeSettings.objects.update(has_reviews=False)
    assert "switched off" in as_student.get(REVIEW).content.decode()
    assert reviews.desk(student, card.due_at).reviews == 0
    assert ReviewCard.objects.exists()


# --- the cards ---------------------------------------------------------------------------------------------
def test_cards_are_laid_aside_and_taken_up_again(
    as_student: Client, student: User, card: ReviewCard, at: datetime
) -> None:
    url = reverse("exams:suspend_card", args=[card.pk])
    for _click in range(2):
        as_student.post(url)
    card.refresh_from_db()
    assert card.suspended_at == at
    assert reviews.todays_review(student, settings_of(student), at).cards == []
    assert "Laid aside" in as_student.get("/practice/review/cards/").content.decode()
    as_student.post(url, {"resume": "1"})
    card.refresh_from_db()
    assert card.suspended_at is None


@pytest.mark.parametrize(
    ("query", "is_found"), [("i.c.4", True), ("q-1", True), ("about", True), ("zzz", False)]
)
def test_cards_are_found_by_section_key_and_words(
    as_student: Client, card: ReviewCard, query: str, is_found: bool
) -> None:
    page = as_student.get("/practice/review/cards/", {"q": query}).content.decode()
    assert ("I.C.4" in page.split("<table")[-1]) is is_found


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_of_cards_takes_five_queries(
    as_student: Client,
    student: User,
    make_question: MakeQuestion,
    at: datetime,
    rows: int,
    count_sql: CountSql,
) -> None:
    backlog(student, make_question("q-1"), rows, at)
    as_student.get("/practice/review/cards/")
    with count_sql(5):  # session, person, count, cards, headings
        as_student.get("/practice/review/cards/")


def test_a_stranger_s_card_is_not_found(card: ReviewCard, other: User) -> None:
    stranger = Client()
    stranger.force_login(other)
    assert stranger.post(reverse("exams:suspend_card", args=[card.pk])).status_code == 404
    assert "There is no card yet" in stranger.get("/practice/review/cards/").content.decode()


# --- wishes ------------------------------------------------------------------------------------------------
def test_wishes_are_kept(as_student: Client, student: User) -> None:
    sent = {"daily_cap": "7", "easy_days": ["5", "6"], "has_streak": "on"}
    assert as_student.post("/practice/settings/", sent)["Location"] == "/practice/"
    kept = PracticeSettings.objects.get(user=student)
    assert (kept.has_reviews, kept.daily_cap, kept.easy_days, kept.has_streak) == (False, 7, [5, 6], True)
    page = as_student.get("/practice/settings/").content.decode()
    assert 'value="7"' in page and 'value="5" checked' not in page and page.count("checked") == 3


@pytest.mark.parametrize("cap", ["0", "201", ""])
def test_a_cap_out_of_range_keeps_nothing(as_student: Client, cap: str) -> None:
    assert as_student.post("/practice/settings/", {"daily_cap": cap}).status_code == 422
    assert not PracticeSettings.objects.exists()


def test_saving_wishes_keeps_the_last_set(as_student: Client, student: User) -> None:
    PracticeSettings.objects.create(user=student, last_set={"count": 30})
    as_student.post("/practice/settings/", {"daily_cap": "7"})
    assert PracticeSettings.objects.get().last_set == {"count": 30}


# --- the question of the day -------------------------------------------------------------------------------
def test_the_question_is_the_same_all_day_and_another_for_others(
    student: User, other: User, make_question: MakeQuestion, at: datetime
) -> None:
    for n in range(20):
        make_question(f"q-{n}")
    start = at.replace(hour=0, minute=0)
    same = {reviews.question_of_the_day(student, start + timedelta(hours=h)) for h in range(24)}
    assert len(same) == 1
    assert len({reviews.question_of_the_day(student, start + n * DAY) for n in range(20)}) > 5
    assert len({reviews.question_of_the_day(one, start + n * DAY) for one in (other,) for n in range(20)}) > 5


def test_the_question_is_one_met_before_once_there_are_enough(
    student: User, make_question: MakeQuestion, at: datetime
) -> None:
    for n in range(reviews.ENOUGH_MET):
        make_question(f"q-{n}")
    miss(student, at)
    for n in range(200, 260):
        make_question(f"new-{n}")
    days = [reviews.question_of_the_day(student, at + n * DAY) for n in range(30)]
    assert all(one is not None and one.question.key.startswith("q-") for one in days)


def test_the_question_is_answered_in_place_and_kept_nowhere(
    as_student: Client, student: User, make_question: MakeQuestion
) -> None:
    revision = make_question()
    page = as_student.get("/practice/question-of-the-day/").content.decode()
    assert CANARY not in page
    sent = {"ticket": ticket(page), "choice": str(revision.answer_key["right"][0])}
    page = as_student.post("/practice/question-of-the-day/", sent, HTTP_HX_REQUEST="true").content.decode()
    assert CANARY in page and "<html" not in page
    assert not (Exposure.objects.exists() or CardReview.objects.exists() or Attempt.objects.exists())
    assert as_student.post("/practice/question-of-the-day/", {"ticket": sent["ticket"]}).status_code == 422
    assert as_student.post("/practice/question-of-the-day/", {"ticket": "x"}).status_code == 302


def test_no_question_of_a_running_exam_is_the_question_of_the_day(
    as_student: Client, student: User, make_question: MakeQuestion, blueprint: Blueprint, at: datetime
) -> None:
    shown = ticket(as_student.get("/practice/question-of-the-day/").content.decode())
    blueprint.sections.get().domains.update(count=5)
    start_attempt(user=student, blueprint=blueprint, at=at)
    answer = as_student.post("/practice/question-of-the-day/", {"ticket": shown, "choice": "1"})
    assert answer.status_code == 302
    assert "no question today" in as_student.get("/practice/question-of-the-day/").content.decode()


# --- days in a row -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("days", "count"),
    [([], 0), ([23], 1), ([22], 1), ([21], 0), ([20, 21, 22], 3), ([20, 22, 23], 2), ([21, 22, 23], 3)],
)
def test_days_in_a_row_end_today_or_yesterday(days: list[int], count: int) -> None:
    assert reviews.streak([date(2026, 11, n) for n in days], date(2026, 11, 23)) == count


def test_days_are_the_person_s_and_count_reviews_and_attempts(
    student: User, card: ReviewCard, at: datetime, count_sql: CountSql
) -> None:
    student.time_zone = "Asia/Tokyo"
    assert rate(student, card, at)  # 15:00 UTC is midnight in Tokyo
    with count_sql(1):
        found = reviews.active_days(student, at)
    assert found == [date(2026, 11, 23), date(2026, 11, 24)]
