"""The pages of exams as a student meets them, with and without the script."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.exams.actions import finish_attempt, mark_item, submit_answer
from courses.exams.models import Attempt, Blueprint, Checkpoint, ItemMark, Response
from courses.progress.actions import enrol
from courses.progress.models import RequirementMet
from tests.exams.conftest import CANARY, CountSql, MakeBlueprint, MakeQuestion, right, wrong

pytestmark = pytest.mark.django_db

TAB, OTHER_TAB = "a" * 16, "b" * 16


@pytest.fixture(autouse=True)
def now(at: datetime, time_machine: Any) -> Any:
    """Views look at the real clock: it stands at ``at`` until a test moves it."""
    time_machine.move_to(at, tick=False)
    return time_machine


@pytest.fixture
def warm(as_student: Client) -> Client:
    """A session that has already asked what is asked once."""
    as_student.get(reverse("exams:practice"))
    return as_student


def url(name: str, attempt: Attempt) -> str:
    return reverse(f"exams:{name}", args=[attempt.pk])


def send(client: Client, attempt: Attempt, **sent: Any) -> Any:
    return client.post(url("answer", attempt), json.dumps(sent), content_type="application/json")


def first(attempt: Attempt) -> Any:
    return attempt.items.get(position=1)


# --- the list ------------------------------------------------------------------------------------------
def test_practice_names_what_an_exam_takes(as_student: Client, blueprint: Blueprint) -> None:
    page = as_student.get(reverse("exams:practice")).content.decode().replace("\N{NO-BREAK SPACE}", " ")
    for words in ("Mock exam", "3 questions", "Anatomy 3", "10 minutes", "70 %", "Ours"):
        assert words in page


def test_practice_offers_to_resume(as_student: Client, attempt: Attempt) -> None:
    page = as_student.get(reverse("exams:practice")).content.decode()
    assert "Resume" in page and attempt.get_absolute_url() in page


def test_practice_shows_earlier_results(as_student: Client, attempt: Attempt, at: datetime) -> None:
    finish_attempt(attempt_id=attempt.pk, user=attempt.user, at=at)
    page = as_student.get(reverse("exams:practice")).content.decode()
    assert url("report", attempt) in page and "0 of 3" in page


def test_practice_leaves_out_what_is_not_valid_today(
    as_student: Client, blueprint: Blueprint, at: datetime
) -> None:
    Blueprint.objects.update(valid_until=at.date())
    assert "No practice exam is open" in as_student.get(reverse("exams:practice")).content.decode()


# --- starting ------------------------------------------------------------------------------------------
def test_start_opens_the_room(as_student: Client, blueprint: Blueprint, student: User) -> None:
    answer = as_student.post(reverse("exams:start", args=["mock"]))
    assert answer["Location"] == Attempt.objects.owned_by(student).get().get_absolute_url()


def test_start_twice_opens_the_same_room(as_student: Client, blueprint: Blueprint) -> None:
    places = {as_student.post(reverse("exams:start", args=["mock"]))["Location"] for _ in range(2)}
    assert len(places) == 1


def test_start_with_a_thin_bank_says_what_is_short(
    as_student: Client, make_question: MakeQuestion, make_blueprint: MakeBlueprint
) -> None:
    make_question(), make_blueprint()
    page = as_student.post(reverse("exams:start", args=["mock"]), follow=True).content.decode()
    assert "shortened" in page and "Anatomy (2)" in page


def test_start_without_questions_starts_nothing(as_student: Client, make_blueprint: MakeBlueprint) -> None:
    make_blueprint()
    page = as_student.post(reverse("exams:start", args=["mock"]), follow=True).content.decode()
    assert "has no questions yet" in page


def test_start_of_an_unknown_exam_is_not_found(as_student: Client) -> None:
    assert as_student.post(reverse("exams:start", args=["nothing"])).status_code == 404


# --- the room ------------------------------------------------------------------------------------------
def test_room_shows_every_question_as_real_radios(as_student: Client, attempt: Attempt) -> None:
    page = as_student.get(url("attempt", attempt)).content.decode()
    assert page.count('type="radio"') == 12
    order = [int(pk) for pk in re.findall(r'name="choice" value="(\d+)"', page)]
    assert order == [pk for item in attempt.items.all() for pk in item.order]
    assert 'data-remaining="600"' in page and 'data-seq="0"' in page


def test_room_remembers_answers_and_flags(as_student: Client, attempt: Attempt) -> None:
    item = first(attempt)
    send(as_student, attempt, position=1, answer=right(item), client_id=TAB, seq=7)
    send(as_student, attempt, position=2, flagged=True)
    page = as_student.get(url("attempt", attempt)).content.decode()
    assert f'value="{right(item)["choice"][0]}" checked' in page
    assert 'data-seq="7"' in page
    assert "cell is-answered" in page and "cell is-flagged" in page


def test_room_of_a_submitted_attempt_leads_to_its_report(
    as_student: Client, attempt: Attempt, at: datetime
) -> None:
    finish_attempt(attempt_id=attempt.pk, user=attempt.user, at=at)
    assert as_student.get(url("attempt", attempt))["Location"] == url("report", attempt)


def test_room_after_the_time_offers_the_result_and_writes_nothing(
    as_student: Client, attempt: Attempt, now: Any
) -> None:
    now.move_to(attempt.deadline_at + timedelta(seconds=1))
    assert "The time is over" in as_student.get(url("attempt", attempt)).content.decode()
    attempt.refresh_from_db()
    assert attempt.state == "open"


@pytest.mark.parametrize("name", ["attempt", "answer", "finish", "report"])
def test_a_strangers_attempt_is_not_found(attempt: Attempt, other: User, name: str) -> None:
    client = Client()
    client.force_login(other)
    if name != "answer":
        assert client.get(url(name, attempt)).status_code == 404
    if name in {"answer", "finish"}:
        assert client.post(url(name, attempt)).status_code == 404
    assert (
        send(client, attempt, position=1, answer={"choice": ["1"]}, client_id=TAB, seq=1).status_code == 404
    )
    assert send(client, attempt, position=1, flagged=True).status_code == 404
    assert not Response.objects.exists()


# --- answering -----------------------------------------------------------------------------------------
def test_answer_by_script_is_acknowledged(as_student: Client, attempt: Attempt, student: User) -> None:
    User.objects.update(time_zone="America/New_York")
    sent = {"position": 1, "answer": right(first(attempt)), "client_id": TAB, "seq": 3}
    answer = send(as_student, attempt, **sent)
    assert answer.json() == {
        "seq": 3,
        "saved_at": "10:00:00",
        "remaining_s": 600,
        "elsewhere": False,
        "is_answered": True,
    }
    assert send(as_student, attempt, **sent).json()["seq"] == 3
    assert Response.objects.count() == 1


def test_answer_by_script_takes_four_queries(warm: Client, attempt: Attempt, count_sql: CountSql) -> None:
    chosen = right(first(attempt))
    with count_sql(4):  # session, person, what is known, append
        send(warm, attempt, position=1, answer=chosen, client_id=TAB, seq=1)


def test_answer_without_script_is_saved_and_comes_back_to_its_question(
    as_student: Client, attempt: Attempt
) -> None:
    for choice in (wrong(first(attempt)), right(first(attempt))):
        answer = as_student.post(url("answer", attempt), {"position": 1, **choice})
        assert answer["Location"] == url("attempt", attempt) + "#q-1"
    assert Response.objects.newest_first()[0].value == int(right(first(attempt))["choice"][0])
    assert "15:00:00" in as_student.get(url("attempt", attempt)).content.decode()


def test_answer_taken_back_without_script_counts_as_none(as_student: Client, attempt: Attempt) -> None:
    as_student.post(url("answer", attempt), {"position": 1, **right(first(attempt))})
    as_student.post(url("answer", attempt), {"position": 1})
    assert "is-answered" not in as_student.get(url("attempt", attempt)).content.decode()


def test_answer_without_script_that_is_none_says_so(as_student: Client, attempt: Attempt) -> None:
    sent = {"position": 1, "choice": "99"}
    page = as_student.post(url("answer", attempt), sent, follow=True).content.decode()
    assert "Nothing was saved" in page and not Response.objects.exists()


def test_flag_without_script_saves_the_choice_too(as_student: Client, attempt: Attempt) -> None:
    sent = {"position": 1, "flagged": "true", **right(first(attempt))}
    as_student.post(url("answer", attempt), sent)
    assert (Response.objects.count(), ItemMark.objects.get().flagged) == (1, True)


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"position": "x", "answer": {}},
        {"position": 1, "answer": {"choice": ["1"]}, "client_id": TAB},
        {"position": 1, "answer": {"choice": ["1"]}, "client_id": "not hexadecimal", "seq": 1},
        {"position": 1, "answer": {"choice": ["1"]}, "client_id": TAB, "seq": 2**31},
        {"position": 1, "answer": {"choice": ["1"]}, "client_id": {"a": 1}, "seq": [1]},
        {"position": 1, "answer": {"choice": "1"}, "client_id": TAB, "seq": 1},
        {"position": 1, "answer": {"choice": [1]}, "client_id": TAB, "seq": 1},
        {"position": 1, "answer": ["1"], "client_id": TAB, "seq": 1},
        {"position": 1, "answer": {"choice": ["99"]}, "client_id": TAB, "seq": 1},
        {"position": 1, "struck": ["a"]},
    ],
)
def test_answer_refuses_what_it_cannot_read(as_student: Client, attempt: Attempt, sent: Any) -> None:
    assert send(as_student, attempt, **sent).status_code == 422
    assert not Response.objects.exists()


@pytest.mark.parametrize("body", ["null", "[1]", "{", '"x"'])
def test_answer_refuses_a_body_that_is_no_object(as_student: Client, attempt: Attempt, body: str) -> None:
    answer = as_student.post(url("answer", attempt), body, content_type="application/json")
    assert answer.status_code == 422


def test_answer_to_a_submitted_attempt_is_refused(as_student: Client, attempt: Attempt, at: datetime) -> None:
    finish_attempt(attempt_id=attempt.pk, user=attempt.user, at=at)
    chosen = right(first(attempt))
    assert send(as_student, attempt, position=1, answer=chosen, client_id=TAB, seq=1).status_code == 409
    page = as_student.post(url("answer", attempt), {"position": 1, **chosen}, follow=True).content.decode()
    assert "was closed before" in page


def test_answer_after_the_grace_is_kept_and_does_not_count(
    as_student: Client, attempt: Attempt, now: Any
) -> None:
    now.move_to(attempt.deadline_at + timedelta(seconds=31))
    answer = send(as_student, attempt, position=1, answer=right(first(attempt)), client_id=TAB, seq=1)
    assert answer.status_code == 409
    assert "does not count" in answer.json()["closed"]
    assert Response.objects.get().late


def test_answer_of_another_device_is_told(as_student: Client, attempt: Attempt) -> None:
    chosen = right(first(attempt))
    send(as_student, attempt, position=1, answer=chosen, client_id=OTHER_TAB, seq=1)
    assert send(as_student, attempt, position=1, answer=chosen, client_id=TAB, seq=1).json()["elsewhere"]


# --- finishing -----------------------------------------------------------------------------------------
def test_finish_asks_and_lists_what_is_open(as_student: Client, attempt: Attempt, student: User) -> None:
    send(as_student, attempt, position=1, answer=right(first(attempt)), client_id=TAB, seq=1)
    mark_item(user=student, attempt_id=attempt.pk, position=1, flagged=True)
    page = as_student.get(url("finish", attempt)).content.decode()
    assert "2 questions are not answered" in page and "1 question is flagged" in page
    attempt.refresh_from_db()
    assert attempt.state == "open"


def test_finish_submits_and_shows_the_report(as_student: Client, attempt: Attempt) -> None:
    assert as_student.post(url("finish", attempt))["Location"] == url("report", attempt)
    assert as_student.post(url("finish", attempt))["Location"] == url("report", attempt)
    assert as_student.get(url("finish", attempt))["Location"] == url("report", attempt)


def test_finish_takes_eight_queries(
    warm: Client, attempt: Attempt, at: datetime, count_sql: CountSql
) -> None:
    for item in attempt.items.all():
        send(warm, attempt, position=item.position, answer=right(item), client_id=TAB, seq=1)
    with count_sql(8):  # six of the action when passed, session, person
        warm.post(url("finish", attempt))


# --- what is told when ---------------------------------------------------------------------------------
@pytest.fixture
def finished(attempt: Attempt, at: datetime) -> Attempt:
    """One right, one not right, one not answered."""
    for item, choose in zip(attempt.items.all(), (right, wrong), strict=False):
        submit_answer(
            user=attempt.user,
            attempt_id=attempt.pk,
            position=item.position,
            fields=choose(item),
            client_id=TAB,
            seq=1,
            received_at=at,
        )
    finish_attempt(attempt_id=attempt.pk, user=attempt.user, at=at + timedelta(minutes=3))
    return attempt


# --- checkpoints ---------------------------------------------------------------------------------------
@pytest.fixture
def checkpoint(make_question: MakeQuestion, course: Any) -> Checkpoint:
    """A question in the second lesson, which only enrolled people read."""
    make_question("q-1")
    revision = course.modules.get().lessons.get(position=2).revisions.get()
    return Checkpoint.objects.create(
        lesson_revision=revision, question=make_question("q-2").question, position=1
    )


def checkpoint_answer(checkpoint: Checkpoint, *, is_correct: bool) -> dict[str, str]:
    """The fields of an answer: the first option is right."""
    revision = checkpoint.question.revisions.get()
    return {"revision": str(revision.pk), "choice": "1" if is_correct else "2"}


def test_checkpoint_answered_comes_back_to_its_place(
    as_student: Client, student: User, checkpoint: Checkpoint, course: Any, at: datetime
) -> None:
    enrol(user=student, course=course, at=at)
    place = reverse("exams:answer_checkpoint", args=[checkpoint.pk])
    assert as_student.post(place, checkpoint_answer(checkpoint, is_correct=True))["Location"].endswith(
        "#checkpoint-q-2"
    )
    assert RequirementMet.objects.filter(kind="checkpoint", key="q-2").count() == 1


@pytest.mark.parametrize(("is_correct", "words"), [(True, "Your answer, right"), (False, "Answer again")])
def test_checkpoint_fragment_explains(
    as_student: Client,
    student: User,
    checkpoint: Checkpoint,
    course: Any,
    at: datetime,
    is_correct: bool,
    words: str,
) -> None:
    enrol(user=student, course=course, at=at)
    sent = checkpoint_answer(checkpoint, is_correct=is_correct)
    place = reverse("exams:answer_checkpoint", args=[checkpoint.pk])
    page = as_student.post(place, sent, headers={"HX-Request": "true"}).content.decode()
    assert words in page
    assert page.count(f"{CANARY} rationale") == 4
    assert f"{CANARY} citation" in page


@pytest.mark.parametrize("chosen", ["", "x", "9" * 30, "0"])
def test_checkpoint_without_a_choice_says_so(
    as_student: Client, student: User, checkpoint: Checkpoint, course: Any, at: datetime, chosen: str
) -> None:
    enrol(user=student, course=course, at=at)
    place = reverse("exams:answer_checkpoint", args=[checkpoint.pk])
    sent = {"revision": str(checkpoint.question.revisions.get().pk), "choice": chosen}
    answer = as_student.post(place, sent, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "Answer the question first" in answer.content.decode()
    assert CANARY not in answer.content.decode()
    assert as_student.post(place, sent).status_code == 302


def test_checkpoint_of_a_course_not_taken_is_not_found(as_student: Client, checkpoint: Checkpoint) -> None:
    place = reverse("exams:answer_checkpoint", args=[checkpoint.pk])
    assert as_student.post(place, {"choice": "1"}).status_code == 404


# --- the key stays secret ------------------------------------------------------------------------------
def test_key_is_on_no_page_before_the_exam_is_over(as_student: Client, attempt: Attempt) -> None:
    chosen = right(first(attempt))
    pages = [
        as_student.get(reverse("exams:practice")),
        as_student.get(url("attempt", attempt)),
        as_student.get(url("finish", attempt)),
        as_student.get(url("report", attempt), follow=True),
        send(as_student, attempt, position=1, answer=chosen, client_id=TAB, seq=1),
        send(as_student, attempt, position=1, flagged=True),
        send(as_student, attempt, position=1),
        as_student.post(url("answer", attempt), {"position": 2}, follow=True),
        as_student.get(url("attempt", attempt)),
    ]
    for page in pages:
        text = page.content.decode()
        assert CANARY not in text
        assert "is_correct" not in text and "rationale" not in text


def test_key_is_in_the_report(as_student: Client, finished: Attempt) -> None:
    # the planted fault of the test above: the canary is seen where it may be seen
    assert CANARY in as_student.get(url("report", finished)).content.decode()
