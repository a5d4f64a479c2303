"""A question on its way from draft to live, as editors move it in the admin."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from courses.exams import kinds
from courses.exams.actions import (
    approve_question,
    publish_question,
    retire_question,
    return_to_draft,
    revive_question,
    send_to_review,
    write_question_revision,
)
from courses.exams.models import Domain, Question, QuestionRevision
from courses.exams.queries.bank import live_revision, stage
from tests.conftest import LONG_AGO, MakePerson
from tests.exams.conftest import MakeQuestion
from tests.exams.kinds.samples import SAMPLES
from tests.worlds import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(make_question: MakeQuestion, editor: User) -> QuestionRevision:
    """A draft of the editor's with another key than the live revision."""
    make_question("q-1")
    return make_question("q-1", live=False, right=2, by=editor, pack_digest="")


@pytest.fixture
def as_second(make_person: MakePerson) -> Client:
    client = Client()
    client.force_login(make_person("second@example.com", role=Role.EDITOR))
    return client


def move(client: Client, revision: QuestionRevision, to: str) -> list[str]:
    """What the page says after the button."""
    client.cookies.pop("messages", None)
    answer = client.post(
        reverse("admin:exams_question_step", args=[revision.question_id, revision.pk]), {"to": to}
    )
    assert answer.status_code == 302
    return [str(one) for one in get_messages(answer.wsgi_request)]


def publish(client: Client, revision: QuestionRevision, **sent: str) -> list[str]:
    client.cookies.pop("messages", None)
    answer = client.post(
        reverse("admin:exams_question_publish", args=[revision.question_id, revision.pk]), sent
    )
    assert answer.status_code == 302
    return [str(one) for one in get_messages(answer.wsgi_request)]


def page_of(client: Client, revision: QuestionRevision) -> str:
    url = reverse("admin:exams_question_change", args=[revision.question_id])
    return client.get(url).content.decode()


def test_two_people_take_a_changed_key_from_draft_to_live(
    as_editor: Client, as_second: Client, draft: QuestionRevision
) -> None:
    assert "Send 2 to review" in page_of(as_editor, draft)
    assert "Declare 2 ready" not in page_of(as_editor, draft)
    move(as_editor, draft, "review")
    assert "changes the key" in page_of(as_editor, draft)
    assert move(as_editor, draft, "ready") == [
        "This revision changes the key and you wrote it: somebody else must read it and declare it ready."
    ]
    assert move(as_second, draft, "ready") == ["Ready: it can be published."]
    assert publish(as_editor, draft) == ["Published: students see it now."]
    draft.refresh_from_db()
    assert (draft.submitted_by.email, draft.approved_by.email, draft.published_by.email) == (  # type: ignore[union-attr]
        "editor@example.com",
        "second@example.com",
        "editor@example.com",
    )
    assert live_revision(draft.question_id, timezone.now()) == draft.pk


def test_what_was_not_declared_ready_is_not_published(as_editor: Client, draft: QuestionRevision) -> None:
    for to in ("", "review"):
        if to:
            move(as_editor, draft, to)
        assert "Publish 2" not in page_of(as_editor, draft)
        (told,) = publish(as_editor, draft)
        assert told.startswith("It is not ready yet")
    draft.refresh_from_db()
    assert draft.published_at is None


def test_ready_refuses_and_names_what_is_missing(
    as_editor: Client, domain: Domain, editor: User, at: datetime
) -> None:
    source = {"choices": [one | {"rationale": ""} for one in SAMPLES["single"]["choices"]]}
    revision = write_question_revision(
        question=Question.objects.create(key="q-1"),
        kind="single",
        domain=domain,
        difficulty=1,
        difficulty_reason="x",
        stem="Which?",
        source=source,
        citations=[],
        by=editor,
        at=at,
    )
    assert move(as_editor, revision, "ready") == [
        *(f"Option {n} has no rationale." for n in (1, 2, 3, 4)),
        "At least one citation is needed.",
    ]
    revision.refresh_from_db()
    assert revision.approved_at is None


def test_a_question_without_a_changed_key_needs_one_person(
    as_editor: Client, make_question: MakeQuestion, editor: User
) -> None:
    make_question("q-1")
    same = make_question("q-1", live=False, stem="Said better?", by=editor, pack_digest="")
    move(as_editor, same, "ready")
    assert publish(as_editor, same) == ["Published: students see it now."]


def test_back_to_draft_takes_the_approval_back(as_second: Client, draft: QuestionRevision) -> None:
    move(as_second, draft, "ready")
    assert move(as_second, draft, "draft") == ["It is a draft again."]
    draft.refresh_from_db()
    assert (draft.submitted_at, draft.approved_at) == (None, None)


def test_a_ready_question_is_scheduled(as_second: Client, draft: QuestionRevision) -> None:
    move(as_second, draft, "ready")
    (told,) = publish(as_second, draft, live_from="2099-03-01T09:00")
    assert told.startswith("Scheduled: students see it from")
    assert "Scheduled" in page_of(as_second, draft)


def test_an_unknown_step_is_no_step(as_editor: Client, draft: QuestionRevision) -> None:
    url = reverse("admin:exams_question_step", args=[draft.question_id, draft.pk])
    assert as_editor.post(url, {"to": "live"}).status_code == 404
    assert as_editor.get(url).status_code == 405


def test_a_student_moves_nothing(as_student: Client, draft: QuestionRevision) -> None:
    url = reverse("admin:exams_question_step", args=[draft.question_id, draft.pk])
    assert as_student.post(url, {"to": "review"}).status_code in {302, 404}
    draft.refresh_from_db()
    assert draft.submitted_at is None


def test_a_retired_question_is_brought_back(as_editor: Client, make_question: MakeQuestion) -> None:
    revision = make_question("q-1")
    retire = reverse("admin:exams_question_retire", args=[revision.question_id])
    as_editor.post(retire, {"to": "out"})
    assert Question.objects.get(key="q-1").retired_at is not None
    assert "Bring back" in page_of(as_editor, revision)
    as_editor.post(retire, {"to": "back"})
    assert Question.objects.get(key="q-1").retired_at is None


def test_retiring_twice_keeps_the_first_moment(make_question: MakeQuestion, at: datetime) -> None:
    question = make_question("q-1").question
    retire_question(question=question, at=at)
    retire_question(question=question, at=at + timedelta(days=1))
    assert question.retired_at == at
    revive_question(question=question)
    assert question.retired_at is None


def test_the_stages_follow_each_other(
    make_question: MakeQuestion, editor: User, make_person: MakePerson, at: datetime
) -> None:
    first = make_question("q-1")
    revision = make_question("q-1", live=False, right=2, by=editor, pack_digest="", at=at)
    second = make_person("second@example.com", role=Role.EDITOR)

    def now(one: QuestionRevision, when: datetime = at) -> str:
        return stage(one, when, live=live_revision(one.question_id, when))

    seen = [now(revision)]
    send_to_review(revision=revision, by=editor, at=at)
    seen.append(now(revision))
    approve_question(revision=revision, by=second, at=at)
    seen.append(now(revision))
    publish_question(revision=revision, by=editor, at=at, live_from=at + timedelta(days=1))
    seen += [now(revision), now(revision, at + timedelta(days=1)), now(first, at + timedelta(days=1))]
    assert seen == ["draft", "review", "ready", "scheduled", "live", "replaced"]
    return_to_draft(revision=revision)
    assert now(revision) == "scheduled"


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_preview_shows_each_kind_as_asked_and_explained_and_writes_nothing(
    as_editor: Client, domain: Domain, editor: User, kind: str
) -> None:
    revision = write_question_revision(
        question=Question.objects.create(key="q-1"),
        kind=kind,
        domain=domain,
        difficulty=1,
        difficulty_reason="x",
        stem="Which of these?",
        source=SAMPLES[kind],
        citations=[],
        by=editor,
        at=LONG_AGO,
    )
    before = list(QuestionRevision.objects.values())
    page = as_editor.get(reverse("exams:preview_question", args=[revision.pk])).content.decode()
    assert str(kinds.get(kind).form(revision.asked, kinds.get(kind).order(revision.asked), None)) in page
    assert "As it is explained afterwards" in page
    assert list(QuestionRevision.objects.values()) == before


def test_every_editing_page_writes_nothing_on_get(world: World) -> None:
    client = world.client("editor")
    question = world.revision.question
    pages: list[Any] = [
        reverse("admin:exams_question_changelist"),
        reverse("admin:exams_question_change", args=[question.pk]),
        reverse("exams:question_statistics", args=[question.key]),
        reverse("exams:correction", args=[world.correction.pk]),
    ]
    before = world.rows()
    for page in pages:
        assert client.get(page).status_code == 200
    assert world.rows() == before
