"""Writing a pack: live at once, twice the same, never over a person's change, all or nothing."""

from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from courses.catalog.actions import write_guide_revision, write_lesson_revision
from courses.catalog.models import (
    Certification,
    Course,
    EducationPath,
    GuideSection,
    Lesson,
    LessonRevision,
    Requirement,
)
from courses.codesets.models import GuidelineSection, Release
from courses.content.deciding import Outcome, Seen, next_step
from courses.content.load import Summary, load_pack
from courses.content.parse import read_pack
from courses.content.reading import PackError
from courses.exams.models import Blueprint, Checkpoint, Question
from courses.progress.models import LessonCompletion
from courses.reminders.models import MailTemplate
from portal.lib.revisions import publish_revision
from tests.conftest import MakePerson
from tests.content.conftest import Rewrite

AT = datetime(2026, 11, 1, 9, tzinfo=UTC)
LATER = datetime(2026, 11, 8, 9, tzinfo=UTC)
COURSE = "courses/first-course/course.yaml"
LESSON = "courses/first-course/find-it.md"
TEXT = "The index comes first"

pytestmark = pytest.mark.django_db


def load(folder: Path, at: datetime = AT) -> Summary:
    return load_pack(pack=read_pack(folder), at=at)


def row_counts() -> dict[str, int]:
    return {model._meta.label: model._default_manager.count() for model in apps.get_models()}


def live_text(key: str, at: datetime = LATER) -> str:
    return str(LessonRevision.objects.live(at).get(lesson__key=key).source)


def editor_writes(lesson: Lesson, by: User, source: str, at: datetime = AT) -> LessonRevision:
    revision = write_lesson_revision(lesson=lesson, title="Mine", source=source, minutes=5, by=by, at=at)
    publish_revision(revision=revision, by=by, live_from=at)
    return revision


# --- a first load --------------------------------------------------------------------------------
def test_load_makes_everything_live(tiny: Path) -> None:
    summary = load(tiny)

    assert summary.total(Outcome.CREATED) == 17 and summary.notes == []
    assert list(Course.objects.published(AT).values_list("key", "position")) == [
        ("first-course", 1),
        ("second-course", 2),
    ]
    assert list(Lesson.objects.live(AT).in_order().values_list("key", "position", "is_preview")) == [
        ("find-it", 1, True),
        ("go-on", 1, True),
        ("check-it", 2, False),
    ]
    revision = LessonRevision.objects.live(AT).get(lesson__key="find-it")
    assert (revision.published_at, revision.created_by, revision.number) == (AT, None, 1)
    assert revision.code_refs.get().edition == "ICD-10-CM FY2026 April"
    assert Checkpoint.objects.get(lesson_revision=revision).question.key == "side-01"
    assert GuideSection.objects.get().revisions.get().compare == ["cpc"]
    assert MailTemplate.objects.get().revisions.get().published_at == AT
    assert Certification.objects.get().facts.get().as_of == date(2026, 11, 1)
    assert Blueprint.objects.get().sections.get().domains.get().count == 1
    assert GuidelineSection.objects.get(ref="I.B.13").position == 2


def test_load_makes_the_path_with_what_its_stages_ask_for(tiny: Path) -> None:
    load(tiny)

    path = EducationPath.objects.get()
    assert path.published_at == AT
    assert path.stages.get(position=1).html == "<p>Read this.</p>\n"
    asked = Requirement.objects.filter(stage__path=path).order_by("stage__position")
    assert list(asked.values_list("kind", "key", "text")) == [
        ("course", "first-course", "First course"),
        ("exam_passed", "short-exam", "Short exam"),
        ("credential", "cpc", "Record your CPC"),
        ("task", "start.keep-log", "Keep a log"),
    ]


# --- again ---------------------------------------------------------------------------------------
def test_second_load_writes_nothing(tiny: Path) -> None:
    load(tiny)
    before = row_counts()

    with CaptureQueriesContext(
        connection,
    ) as queries:
        summary = load(tiny, LATER)

    assert row_counts() == before
    assert summary.total(Outcome.UNCHANGED) == 17 == sum(c.total() for c in summary.counts.values())
    written = [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert written == []


def test_changed_lesson_makes_a_revision_and_completions_keep_theirs(
    tiny: Path, rewrite: Rewrite, make_person: MakePerson
) -> None:
    load(tiny)
    lesson = Lesson.objects.get(key="find-it")
    read = lesson.revisions.get()
    done = LessonCompletion.objects.create(user=make_person(), lesson=lesson, revision=read, completed_at=AT)
    rewrite(LESSON, TEXT, "The tabular list comes second")

    summary = load(tiny, LATER)

    assert summary.counts["lessons"] == {Outcome.UPDATED: 1, Outcome.UNCHANGED: 2}
    assert live_text("find-it").startswith("The tabular list")
    done.refresh_from_db()
    assert done.revision == read and read.source.startswith(TEXT)


@pytest.mark.parametrize(
    ("file", "old", "new", "kind"),
    [
        ("questions/first-course.yaml", "Nobody said so.", "Nobody said that.", "questions"),
        ("guide/01-what-it-is.md", "Coding is reading.", "Coding is reading first.", "guide sections"),
        ("mail/ce_cycle_end.md", "Hello {name}", "Dear {name}", "mail templates"),
        ("figures.yaml", "$50,250", "$50,251", "figures"),
        ("certifications.yaml", 'value: "100"', 'value: "150"', "certifications"),
        ("rules.yaml", "by_count: [36, 40]", "by_count: [36, 40, 44]", "rule sets"),
        ("blueprints.yaml", "minutes: 5", "minutes: 6", "practice exams"),
        ("paths/start.yaml", "text: Keep a log", "text: Keep a long log", "paths"),
        ("domains.yaml", "title: ICD-10-CM", "title: Diagnosis coding", "domains"),
        ("guidelines.yaml", '"Laterality"', '"Left and right"', "guideline sections"),
    ],
)
def test_changed_part_alone_is_updated(
    tiny: Path, rewrite: Rewrite, file: str, old: str, new: str, kind: str
) -> None:
    load(tiny)
    rewrite(file, old, new)

    summary = load(tiny, LATER)

    assert {k: c[Outcome.UPDATED] for k, c in summary.counts.items() if c[Outcome.UPDATED]} == {kind: 1}
    assert load(tiny, LATER).total(Outcome.UNCHANGED) == 17


def test_changed_order_moves_lessons(tiny: Path, rewrite: Rewrite) -> None:
    load(tiny)
    rewrite(
        COURSE,
        "    lessons: [find-it, check-it]",
        "    lessons: [check-it]\n  - title: Then\n    lessons: [find-it]",
    )

    load(tiny, LATER)

    places = Lesson.objects.filter(module__course__key="first-course").in_order()
    assert list(places.values_list("module__title", "key", "position")) == [
        ("Find", "check-it", 1),
        ("Then", "find-it", 1),
    ]


def test_dropped_lesson_is_reported_and_stays(tiny: Path, rewrite: Rewrite) -> None:
    load(tiny)
    rewrite(COURSE, "[find-it, check-it]", "[find-it]")
    (tiny / "courses/first-course/check-it.md").unlink()

    summary = load(tiny, LATER)

    assert summary.notes == ["not in the pack any more: lesson check-it; it stays until a person retires it"]
    assert Lesson.objects.live(LATER).filter(key="check-it").exists()


def test_new_guideline_edition_ends_the_one_before(tiny: Path, rewrite: Rewrite) -> None:
    load(tiny)
    rewrite("guidelines.yaml", "effective_from: 2025-10-01", "effective_from: 2026-10-01")
    rewrite("guidelines.yaml", '"FY2026"', '"FY2027"')

    load(tiny, LATER)

    rows = GuidelineSection.objects.filter(ref="I.B.1").order_by("effective_from")
    assert list(rows.values_list("edition", "effective_until")) == [
        ("FY2026", date(2026, 10, 1)),
        ("FY2027", None),
    ]


# --- a person was here ---------------------------------------------------------------------------
def test_local_change_is_kept_and_the_draft_offered_once(
    tiny: Path, rewrite: Rewrite, make_person: MakePerson
) -> None:
    load(tiny)
    lesson = Lesson.objects.get(key="find-it")
    editor_writes(lesson, make_person(), "My own words.")

    unchanged = load(tiny, LATER)
    rewrite(LESSON, TEXT, "The pack's new words")
    offered = load(tiny, LATER)
    again = load(tiny, LATER)

    assert unchanged.counts["lessons"][Outcome.KEPT] == 1
    assert offered.notes == [f"kept local change: find-it ({LESSON}:1); the pack's text is there as a draft"]
    assert again.notes == [f"kept local change: find-it ({LESSON}:1)"]
    assert live_text("find-it") == "My own words."
    draft = lesson.revisions.get(published_at=None)
    assert (draft.number, draft.source.startswith("The pack's new words")) == (3, True)


def test_draft_of_a_person_is_a_local_change_too(
    tiny: Path, rewrite: Rewrite, make_person: MakePerson
) -> None:
    load(tiny)
    section = GuideSection.objects.get()
    write_guide_revision(section=section, title="Mine", source="Not yet live.", by=make_person(), at=AT)
    rewrite("guide/01-what-it-is.md", "Coding is reading.", "Coding is looking up.")

    summary = load(tiny, LATER)

    assert summary.counts["guide sections"] == {Outcome.KEPT: 1}
    assert section.revisions.filter(published_at__isnull=False).get().source.startswith("Coding is reading.")


def test_row_that_a_person_changed_is_kept(tiny: Path, rewrite: Rewrite) -> None:
    load(tiny)
    Course.objects.filter(key="first-course").update(title="Our course", pack_digest="")
    rewrite(COURSE, "[find-it, check-it]", "[find-it, check-it, new-one]")
    (tiny / "courses/first-course/new-one.md").write_text(
        (tiny / LESSON).read_text().split("[[checkpoint")[0]
    )

    summary = load(tiny, LATER)

    assert summary.notes == [
        f"kept local change: first-course ({COURSE}:1)",
        "kept local change: lesson new-one has no place, since the course was changed here",
    ]
    assert Course.objects.get(key="first-course").title == "Our course"
    assert not Lesson.objects.filter(key="new-one").exists()


@pytest.mark.parametrize(
    ("history", "step"),
    [
        ([], "create"),
        ([("a", True)], "skip"),
        ([("b", True)], "update"),
        ([("a", True), ("b", True)], "update"),
        ([("b", True), ("", True)], "offer"),
        ([("b", True), ("", False)], "offer"),
        ([("a", True), ("", True)], "keep"),
        ([("b", True), ("", True), ("a", False)], "keep"),
        ([("b", True), ("", True), ("c", False)], "offer"),  # a draft offered before does not hand it back
        ([("b", True), ("", True), ("c", True)], "update"),  # a person took the pack's text
    ],
)
def test_next_step_follows_the_newest_that_counts(history: list[tuple[str, bool]], step: str) -> None:
    assert next_step([Seen(*seen) for seen in history], "a") == step


# --- refused -------------------------------------------------------------------------------------
def a_release() -> Release:
    """A release without any code: every code named does not exist."""
    return Release.objects.create(
        system="icd10cm",
        label="FY2026 April",
        effective_from=date(2026, 4, 1),
        covers_from=date(2025, 10, 1),
        source_name="none.xml",
        sha256="0" * 64,
        begun_at=AT,
        loaded_at=AT,
    )


def test_code_that_does_not_exist_loads_nothing(tiny: Path) -> None:
    a_release()
    before = row_counts()

    with pytest.raises(PackError) as caught:
        load(tiny)

    found = {(problem.file, problem.line) for problem in caught.value.problems}
    assert {("questions/first-course.yaml", line) for line in (10, 13, 16, 18)} <= found
    assert (LESSON, 9) in found
    assert row_counts() == before


def test_mail_that_its_kind_refuses_loads_nothing(tiny: Path, rewrite: Rewrite) -> None:
    rewrite("mail/ce_cycle_end.md", "name}, it ends {due}", "name}, it ends {password}")

    with pytest.raises(PackError, match=r"mail/ce_cycle_end.md:1: .*password") as caught:
        load(tiny)

    assert len(caught.value.problems) == 1
    assert not Course.objects.exists() and not Question.objects.exists()


def test_load_content_prints_a_table(tiny: Path) -> None:
    out = StringIO()

    call_command("load_content", pack=tiny, stdout=out)

    lines = [line.split() for line in out.getvalue().splitlines()]
    assert ["lessons", "3", "0", "0", "0"] in lines


def test_load_content_with_mistakes_names_them_and_fails(tiny: Path, rewrite: Rewrite) -> None:
    rewrite(LESSON, "minutes: 10", "minutes: ten")
    rewrite(COURSE, "level: foundation", "level: basic")
    err = StringIO()

    with pytest.raises(CommandError, match=r"tiny: 2 mistakes; nothing of this pack was loaded"):
        call_command("load_content", pack=tiny, stderr=err)

    assert err.getvalue().splitlines()[1] == f"{LESSON}:3: `minutes` must be a whole number, not text"
    assert not Course.objects.exists()
