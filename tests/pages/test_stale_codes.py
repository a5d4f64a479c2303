"""The editors' queue of codes that no longer hold."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.catalog.actions import write_lesson_revision
from courses.catalog.models import Course, Lesson, LessonCodeRef
from courses.codesets.actions import reevaluate
from courses.codesets.models import Release
from courses.exams.models import Domain, Question, QuestionCodeRef
from portal.lib.revisions import publish_revision
from portal.pages.stale import stale_count, stale_tasks
from tests.codesets.test_releases import code, typed
from tests.conftest import LONG_AGO
from tests.worlds import make_question

AT = datetime(2026, 11, 23, 15, tzinfo=UTC)
QUEUE = "/review/codes/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def now(time_machine: Any) -> None:
    time_machine.move_to(AT)


@pytest.fixture
def release() -> Release:
    """FY2027 after FY2026: a code gone, one a header with two below, one revised."""
    first = {"system": "icd10cm", "label": "FY2026", "day": date(2025, 10, 1), "until": date(2026, 10, 1)}
    typed(
        code("S30.1XXA", "Contusion, initial encounter"),
        code("G35", "Multiple sclerosis"),
        code("L02.212", "Abscess of back"),
        code("E11.9", "Diabetes"),
        **first,
    )
    return typed(
        code("S30.11XA", "Contusion of left side, initial encounter"),
        code("S30.11XD", "Contusion of left side, subsequent encounter"),
        code("G35", "Multiple sclerosis", is_billable=False),
        code("G35.A", "Relapsing"),
        code("G35.D", "Multiple sclerosis, unspecified"),
        code("L02.212", "Abscess of back and flank"),
        code("E11.9", "Diabetes"),
        system="icd10cm",
        label="FY2027",
        day=date(2026, 10, 1),
    )


@pytest.fixture
def domain() -> Domain:
    return Domain.objects.create(key="terms", title="Terms")


def name(owner: Any, code: str, role: str = "code", edition: str = "FY2026") -> None:
    """Let a revision name a code, with the state that the last load gave it."""
    model = LessonCodeRef if hasattr(owner, "minutes") else QuestionCodeRef
    model.objects.create(revision=owner, system="icd10cm", code=code, role=role, edition=edition)
    reevaluate(model.objects.all(), on_date=AT.date())


def live(identity: Lesson | Question) -> Any:
    return identity.revisions.get(published_at__isnull=False)


def page(client: Client, **query: str) -> str:
    answer = client.get(QUEUE, query)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def lesson(course: Course) -> Lesson:
    return Lesson.objects.get(key="basics-1")


def test_queue_without_anything_says_what_it_will_show(as_editor: Client) -> None:
    assert "Every code that is named still holds" in page(as_editor)


def test_queue_says_what_became_of_each_code(
    as_editor: Client, release: Release, lesson: Lesson, domain: Domain
) -> None:
    for one in ("S30.1XXA", "G35", "L02.212", "E11.9"):
        name(live(lesson), one)
    name(live(make_question("question-1", domain)), "S30.1XXA")

    shown = page(as_editor)

    assert "2 lessons and questions" in shown and "1 question is not drawn" in shown
    assert "Gone since FY2027." in shown and "S30.11XA" in shown
    assert "S30.11XD" not in shown  # another encounter
    assert "A header since FY2027" in shown and "G35.A" in shown and "G35.D" in shown
    assert "Its words changed with FY2027." in shown and "and flank" in shown
    assert "E11.9" not in shown
    assert reverse("admin:catalog_lesson_change", args=[lesson.pk]) in shown
    assert f"{release.get_absolute_url()}?begins=S30#changes" in shown


def test_text_written_for_the_new_release_is_no_task(release: Release, lesson: Lesson) -> None:
    name(live(lesson), "L02.212", edition="FY2027")

    assert stale_tasks(AT) == []


def test_mended_draft_waits_to_be_published(
    as_editor: Client, release: Release, lesson: Lesson, editor: User
) -> None:
    name(live(lesson), "G35")
    draft = write_lesson_revision(
        lesson=lesson, title="New", source="Read [[G35.A]].", minutes=1, by=editor, at=AT
    )
    assert "Draft 2 no longer names them: publish it." in page(as_editor)

    publish_revision(revision=draft, by=editor, live_from=AT)

    assert "Every code that is named still holds" in page(as_editor)


def test_draft_that_names_a_stale_code_is_a_task(release: Release, lesson: Lesson, editor: User) -> None:
    draft = write_lesson_revision(lesson=lesson, title="New", source="x", minutes=1, by=editor, at=AT)
    name(draft, "G35")

    assert [task.title for task in stale_tasks(AT)] == ["New"]


def test_old_revisions_and_retired_texts_are_no_tasks(
    release: Release, lesson: Lesson, editor: User, domain: Domain
) -> None:
    name(live(lesson), "G35")
    newer = write_lesson_revision(lesson=lesson, title="New", source="x", minutes=1, by=editor, at=AT)
    publish_revision(revision=newer, by=editor, live_from=AT - timedelta(hours=1))
    question = make_question("question-1", domain)
    name(live(question), "G35")
    question.retired_at = LONG_AGO
    question.save()

    assert (stale_tasks(AT), stale_count(AT)) == ([], 0)


@pytest.mark.parametrize(
    ("role", "code_", "said"),
    [
        ("invalid", "G35.A", "calls it invalid, and it is billable now"),
        ("header", "E11.9", "calls it a heading, and it is a complete code now"),
        ("code", "Z99.99", "not in the book that answers today"),
    ],
)
def test_other_roles_say_what_is_wrong(
    as_editor: Client, release: Release, lesson: Lesson, role: str, code_: str, said: str
) -> None:
    name(live(lesson), code_, role)

    assert said in page(as_editor)


# --- a text that holds although a code changed -----------------------------------------------------------
def test_editor_notes_that_a_text_still_holds(
    as_editor: Client, release: Release, lesson: Lesson, domain: Domain
) -> None:
    question = make_question("question-1", domain)
    for one in (live(lesson), live(question)):
        name(one, "L02.212")

    answer = as_editor.post(QUEUE, {"kind": "question", "pk": question.pk}, follow=True)

    assert "Noted: 1 code holds as it is." in answer.content.decode()
    assert [task.kind for task in stale_tasks(AT)] == ["lesson"]
    assert QuestionCodeRef.objects.get().edition == "FY2027"
    reevaluate(QuestionCodeRef.objects.all(), on_date=AT.date())
    assert [task.kind for task in stale_tasks(AT)] == ["lesson"]


def test_release_that_is_loaded_before_its_first_day(
    as_editor: Client, release: Release, lesson: Lesson, time_machine: Any
) -> None:
    time_machine.move_to(datetime(2026, 9, 1, tzinfo=UTC))
    name(live(lesson), "L02.212")
    assert "Its words changed with FY2027." in page(as_editor)

    as_editor.post(QUEUE, {"kind": "lesson", "pk": lesson.pk})

    assert "Every code that is named still holds" in page(as_editor)
    reevaluate(LessonCodeRef.objects.all(), on_date=release.checked_on)
    assert stale_count(AT) == 0


def test_what_is_gone_is_mended_by_text_alone(as_editor: Client, release: Release, lesson: Lesson) -> None:
    name(live(lesson), "S30.1XXA")
    name(live(lesson), "G35")

    as_editor.post(QUEUE, {"kind": "lesson", "pk": lesson.pk})

    assert stale_count(AT) == 1
    assert "I have read it" not in page(as_editor)


@pytest.mark.parametrize(
    "junk", [{}, {"kind": "x", "pk": "1"}, {"kind": "lesson", "pk": "\x00"}, {"kind": "lesson", "pk": 10**30}]
)
def test_any_note_gets_a_clean_answer(as_editor: Client, junk: dict[str, Any]) -> None:
    assert as_editor.post(QUEUE, junk).status_code == 302


# --- who sees it, and where it is announced --------------------------------------------------------------
def test_queue_is_for_editors(as_student: Client, release: Release, lesson: Lesson) -> None:
    name(live(lesson), "G35")

    assert as_student.get(QUEUE).status_code == 404
    assert as_student.post(QUEUE, {"kind": "lesson", "pk": lesson.pk}).status_code == 404
    assert QUEUE not in as_student.get("/today/").content.decode()


def test_desk_and_today_of_editors_lead_to_it(as_editor: Client, release: Release, lesson: Lesson) -> None:
    assert "all of them hold" in as_editor.get("/admin/").content.decode()
    name(live(lesson), "G35")

    for address in ("/admin/", "/today/"):
        shown = as_editor.get(address).content.decode()
        assert QUEUE in shown and "1 lesson or question names codes that no longer hold" in shown


@pytest.mark.parametrize("number", [1, 3])
def test_query_count(
    as_editor: Client,
    release: Release,
    make_course: Callable[..., Course],
    domain: Domain,
    number: int,
    django_assert_num_queries: Any,
) -> None:
    make_course("long", lessons=number)
    for lesson in Lesson.objects.all():
        name(live(lesson), "G35")
        name(live(lesson), "S30.1XXA")
    for n in range(number):
        name(live(make_question(f"question-{n}", domain)), "L02.212")
    as_editor.get("/today/")

    with django_assert_num_queries(8):
        assert as_editor.get(QUEUE).status_code == 200


def test_long_queue_is_paged(as_editor: Client, release: Release, make_course: Callable[..., Course]) -> None:
    make_course("long", lessons=32)
    for lesson in Lesson.objects.all():
        name(live(lesson), "G35")

    assert page(as_editor).count("Edit the lesson") == 30
    assert page(as_editor, page="2").count("Edit the lesson") == 2
    assert page(as_editor, page="\x00").count("Edit the lesson") == 30
