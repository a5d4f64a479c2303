"""Editing questions of every kind in the admin: every save is a draft that the room's action has checked."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from courses.catalog.actions import CitationText
from courses.exams import editing, kinds
from courses.exams.actions import finish_attempt, write_question_revision
from courses.exams.models import Attempt, Blueprint, BlueprintSection, Domain, Question, Sitting
from tests.conftest import LONG_AGO
from tests.exams.conftest import CountSql, MakeQuestion
from tests.exams.kinds.samples import SAMPLES

pytestmark = pytest.mark.django_db

ADD = "admin:exams_question_add"
LIST = "admin:exams_question_changelist"


def change(question: Question) -> str:
    return reverse("admin:exams_question_change", args=[question.pk])


def sent(kind: str, source: dict[str, Any], domain: Domain, **fields: Any) -> dict[str, Any]:
    """What a browser sends for a question: every field of the form, line ends as browsers write them."""
    how = kinds.get(kind)
    shown = editing.initial_of(how, source)
    form = {name: value.replace("\n", "\r\n") for name, value in shown.items() if isinstance(value, str)}
    form |= {name: "on" for name, value in shown.items() if value is True}
    about = {
        "stem": "Which?\r\n\r\nSay so.",
        "domain": domain.pk,
        "difficulty": 2,
        "difficulty_reason": "One rule.",
        "citations": "source A public law",
    }
    return form | about | fields


@pytest.fixture
def typed(make_question: MakeQuestion, domain: Domain) -> dict[str, Any]:
    """The form of question q-1 as the page shows it."""
    revision = make_question("q-1")
    return sent(
        "single",
        revision.source,
        domain,
        stem=revision.stem_source,
        citations="source canary-key citation",
    )


# --- every kind --------------------------------------------------------------------------------------------
def test_every_kind_can_be_chosen(as_editor: Client) -> None:
    page = as_editor.get(reverse(ADD)).content.decode()
    for key in kinds.registered():
        assert f"?kind={key}" in page
        assert as_editor.get(reverse(ADD), {"kind": key}).status_code == 200


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_a_question_of_each_kind_is_added_as_a_draft(as_editor: Client, domain: Domain, kind: str) -> None:
    form = sent(kind, SAMPLES[kind], domain, key="q-new")
    answer = as_editor.post(f"{reverse(ADD)}?kind={kind}", form)
    assert answer.status_code == 302, answer.context["errors"]
    draft = Question.objects.get(key="q-new").revisions.get()
    how = kinds.get(kind)
    assert (draft.kind, draft.number, draft.published_at) == (kind, 1, None)
    assert draft.stem_source == "Which?\n\nSay so."

    class Plain:
        def bare(self, markdown: str) -> str:
            return markdown

        linked = bare

    assert draft.answer_key == how.make(SAMPLES[kind], Plain()).answer_key


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_saving_what_the_page_shows_writes_nothing(as_editor: Client, domain: Domain, kind: str) -> None:
    question = Question.objects.create(key="q-1")
    revision = write_question_revision(
        question=question,
        kind=kind,
        domain=domain,
        difficulty=2,
        difficulty_reason="One rule.",
        stem="Which?\n\nSay so.\n",
        source=SAMPLES[kind],
        citations=[CitationText("source", "A public law")],
        pack_digest="x",
        by=None,
        at=LONG_AGO,
    )
    revision.refresh_from_db()  # PostgreSQL keeps the keys of a document in an order of its own
    assert as_editor.post(change(question), sent(kind, revision.source, domain)).status_code == 302
    assert question.revisions.count() == 1


def test_rows_are_added_without_a_script_and_empty_ones_are_dropped(
    as_editor: Client, domain: Domain
) -> None:
    form = sent("ordering", SAMPLES["ordering"], domain, key="q-new")
    form |= {"row_5_text": "", "row_6_text": "Report the code"}
    as_editor.post(f"{reverse(ADD)}?kind=ordering", form)
    question = Question.objects.get(key="q-new")
    written = len(SAMPLES["ordering"]["choices"])
    assert len(question.revisions.get().source["choices"]) == written + 1
    page = as_editor.get(change(question)).content.decode()
    assert f'name="row_{written + 3}_text"' in page
    assert f'name="row_{written + 4}_text"' not in page


def test_a_part_that_is_no_yaml_is_refused_with_its_line(as_editor: Client, domain: Domain) -> None:
    form = sent("case_set", SAMPLES["case_set"], domain, key="q-new", row_1_fields="choices:\n  - {text: ")
    page = as_editor.post(f"{reverse(ADD)}?kind=case_set", form)
    assert page.status_code == 200
    assert "Line 2 cannot be read" in page.content.decode()
    assert "choices:\n  - {text:" in page.content.decode()
    form["row_1_fields"] = "just words"
    assert "This must be names with values" in (
        as_editor.post(f"{reverse(ADD)}?kind=case_set", form).content.decode()
    )
    assert not Question.objects.exists()


def test_a_draft_may_lack_rationales_and_citations(as_editor: Client, typed: dict[str, Any]) -> None:
    question = Question.objects.get(key="q-1")
    bare = typed | {"citations": "", "row_3_rationale": "", "stem": "Another?"}
    assert as_editor.post(change(question), bare).status_code == 302
    assert question.revisions.get(number=2).citations.count() == 0


# --- saving ------------------------------------------------------------------------------------------------
def test_saving_a_changed_question_writes_a_draft(as_editor: Client, typed: dict[str, Any]) -> None:
    question = Question.objects.get(key="q-1")
    moved = typed | {"row_2_correct": "on", "row_1_mistake": "off by one", "row_2_mistake": "", "note": "Key"}
    del moved["row_1_correct"]
    assert as_editor.post(change(question), moved).status_code == 302
    draft = question.revisions.get(number=2)
    assert (draft.published_at, draft.note, draft.created_by.email) == (None, "Key", "editor@example.com")
    assert (draft.answer_key, draft.changes_key) == ({"right": [2]}, True)
    assert draft.citations.get().ref == "canary-key citation"


def test_saving_without_a_change_writes_nothing(as_editor: Client, typed: dict[str, Any]) -> None:
    question = Question.objects.get(key="q-1")
    assert as_editor.post(change(question), typed).status_code == 302
    assert question.revisions.count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"row_2_text": "Option 1 of q-1"}, "Two options have the same text."),
        ({"row_2_correct": "on"}, "Exactly one option must be correct."),
        ({"row_4_text": ""}, "Option 4 has no text."),
        ({"citations": "nonsense"}, "must begin with guideline"),
        ({"difficulty": "9"}, "less than or equal to 5"),
    ],
)
def test_a_refused_question_says_why_and_keeps_what_was_typed(
    as_editor: Client, typed: dict[str, Any], changes: dict[str, str], words: str
) -> None:
    question = Question.objects.get(key="q-1")
    page = as_editor.post(change(question), typed | changes | {"row_1_rationale": "Just typed."})
    assert page.status_code == 200
    assert words in page.content.decode()
    assert "Just typed." in page.content.decode()
    assert question.revisions.count() == 1


# --- list --------------------------------------------------------------------------------------------------
def test_list_says_what_is_live_what_waits_and_how_it_does(
    as_editor: Client, make_question: MakeQuestion, attempt: Attempt, student: Any, at: Any
) -> None:
    finish_attempt(attempt_id=attempt.pk, user=student, at=at + timedelta(minutes=1))
    asked = attempt.items.first().question_revision.question.key  # type: ignore[union-attr]
    make_question(asked, live=False), make_question("q-9", live=False)
    page = as_editor.get(reverse(LIST)).content.decode()
    assert "live\N{NO-BREAK SPACE}1, draft\N{NO-BREAK SPACE}2" in page
    assert ">draft\N{NO-BREAK SPACE}1<" in page
    row = page[page.index(f">{asked}<") :].split("</tr>")[0]
    assert '<td class="field-answers">1</td>' in row
    assert '<td class="field-facility">0 %</td>' in row
    assert "one best answer" in row


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"kind": "single"}, {"q-1", "q-2", "q-3"}),
        ({"kind": "entry"}, set()),
        ({"stage": "live"}, {"q-1"}),
        ({"stage": "draft"}, {"q-2"}),
        ({"stage": "retired"}, {"q-3"}),
        ({"codes": "stale"}, {"q-2"}),
        ({"q": "q-1"}, {"q-1"}),
    ],
)
def test_list_is_filtered(
    as_editor: Client, make_question: MakeQuestion, query: dict[str, str], found: set[str]
) -> None:
    make_question("q-1"), make_question("q-2", live=False).code_refs.update(state="gone")
    make_question("q-3")
    Question.objects.filter(key="q-3").update(retired_at=LONG_AGO)
    page = as_editor.get(reverse(LIST), query)
    assert {one.key for one in page.context["cl"].result_list} == found


@pytest.mark.parametrize("rows", [1, 3])
def test_list_takes_the_same_queries_for_any_number(
    as_editor: Client, make_question: MakeQuestion, rows: int, count_sql: CountSql
) -> None:
    for number in range(rows):
        make_question(f"q-{number}")
    as_editor.get(reverse(LIST))
    with count_sql(QUERIES_OF_LIST):
        as_editor.get(reverse(LIST))


QUERIES_OF_LIST = 9


# --- exams and attempts ------------------------------------------------------------------------------------
def test_a_section_has_its_domains_and_takes_the_exam_out_of_the_pack(
    as_editor: Client, blueprint: Blueprint
) -> None:
    Blueprint.objects.update(pack_digest="x")
    section = BlueprintSection.objects.get()
    inside = section.domains.get()
    page = reverse("admin:exams_blueprintsection_change", args=[section.pk])
    assert (
        page in as_editor.get(reverse("admin:exams_blueprint_change", args=[blueprint.pk])).content.decode()
    )
    form = {
        "position": 1,
        "title": "Part one",
        "kinds": "[]",
        "break_minutes": 0,
        "pretest": 0,
        "domains-TOTAL_FORMS": 1,
        "domains-INITIAL_FORMS": 1,
        "domains-0-id": inside.pk,
        "domains-0-section": section.pk,
        "domains-0-domain": inside.domain_id,
        "domains-0-count": 2,
    }
    assert as_editor.post(page, form).status_code == 302
    inside.refresh_from_db(), blueprint.refresh_from_db()
    assert (inside.count, blueprint.pack_digest) == (2, "")


def test_the_forms_of_a_sitting_are_drawn_and_what_is_lacking_is_said(
    as_editor: Client, blueprint: Blueprint
) -> None:
    now = timezone.now()
    sitting = Sitting.objects.create(
        blueprint=blueprint, title="Friday", opens_at=now, closes_at=now + timedelta(hours=1), form_count=2
    )
    blueprint.sections.get().domains.update(count=9)
    page = reverse("admin:exams_sitting_change", args=[sitting.pk])
    assert "Draw the missing forms" in as_editor.get(page).content.decode()
    as_editor.post(reverse("admin:exams_sitting_prepare", args=[sitting.pk]))
    assert sitting.forms.count() == 2
    assert "Anatomy: 4" in as_editor.get(page).content.decode()
    assert "2 of 2 drawn" in as_editor.get(reverse("admin:exams_sitting_changelist")).content.decode()


def test_attempts_can_only_be_read(as_boss: Client, attempt: Attempt) -> None:
    page = reverse("admin:exams_attempt_change", args=[attempt.pk])
    assert as_boss.get(page).status_code == 200
    assert as_boss.post(page, {}).status_code == 403
    assert as_boss.get(reverse("admin:exams_attempt_add")).status_code == 403


def test_an_administrator_adds_time_with_a_reason(as_boss: Client, attempt: Attempt) -> None:
    now = timezone.now()
    Attempt.objects.update(started_at=now, deadline_at=now + timedelta(minutes=10))
    add = reverse("admin:exams_attempt_add_time", args=[attempt.pk])
    as_boss.post(add, {"minutes": "15", "reason": ""})
    assert not attempt.extensions.exists()
    as_boss.post(add, {"minutes": "15", "reason": "Fire alarm"})
    attempt.refresh_from_db()
    assert attempt.deadline_at == now + timedelta(minutes=25)
    page = as_boss.get(reverse("admin:exams_attempt_change", args=[attempt.pk])).content.decode()
    assert "Fire alarm" in page
    assert page.count("Sam Lee") >= 2


def test_an_editor_adds_no_time(as_editor: Client, attempt: Attempt) -> None:
    add = reverse("admin:exams_attempt_add_time", args=[attempt.pk])
    assert as_editor.post(add, {"minutes": "15", "reason": "Kind"}).status_code == 404
    assert not attempt.extensions.exists()
