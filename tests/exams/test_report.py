"""The report of a finished attempt: what it says, that it never changes, and who may read it."""

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.catalog.actions import CitationText
from courses.catalog.models import Body, Certification, Course, Lesson
from courses.codesets.actions import Source, load_release
from courses.exams import scoring
from courses.exams.actions import finish_attempt, mark_item, record_trace, start_attempt, submit_answer
from courses.exams.actions.answering import Step
from courses.exams.actions.finishing import answered, as_item, titles_of, write_score
from courses.exams.models import (
    Attempt,
    AttemptItem,
    AttemptSection,
    Blueprint,
    Domain,
    KeyCorrection,
    Question,
    Score,
)
from courses.exams.queries import report
from tests.conftest import MakePerson
from tests.exams.conftest import CANARY, CountSql, MakeBlueprint, MakeQuestion, right, wrong
from tests.worlds import TABULAR, publish_lesson

TAB = "a" * 32
TOKEN = re.compile(rb'(name="csrfmiddlewaretoken" value=|"X-CSRFToken": )"[^"]*"')


def url(attempt: Attempt, name: str = "report", query: str = "") -> str:
    return reverse(f"exams:{name}", args=[attempt.pk]) + query


def text(client: Client, attempt: Attempt, name: str = "report", query: str = "") -> str:
    """The words of a page."""
    html = client.get(url(attempt, name, query)).content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def items(attempt: Attempt) -> list[AttemptItem]:
    return list(attempt.items.select_related("question_revision").order_by("position"))


def reply(attempt: Attempt, item: AttemptItem, fields: dict[str, list[str]], at: Any, seq: int = 1) -> None:
    submit_answer(
        user=attempt.user,
        attempt_id=attempt.pk,
        position=item.position,
        fields=fields,
        client_id=TAB,
        seq=seq,
        received_at=at,
    )


@pytest.fixture
def sat(attempt: Attempt, at: Any) -> Attempt:
    """An open attempt: one right, one not right, one not answered."""
    first, second, _third = items(attempt)
    reply(attempt, first, right(first), at)
    reply(attempt, second, wrong(second), at)
    return attempt


def close(attempt: Attempt, at: Any) -> Attempt:
    finish_attempt(attempt_id=attempt.pk, user=attempt.user, at=at + timedelta(minutes=3))
    attempt.refresh_from_db()
    return attempt


@pytest.fixture
def finished(sat: Attempt, at: Any) -> Attempt:
    return close(sat, at)


def rescore(
    attempt: Attempt, item: AttemptItem, how: str, at: Any, editors: tuple[User, User], **key: Any
) -> Score:
    """Decide about a key and count an attempt anew, as the queue of corrections does."""
    correction = KeyCorrection.objects.create(
        revision=item.question_revision,
        how=how,
        answer_key=key or None,
        reason="The guideline changed <in April>.",
        proposed_at=at,
        proposed_by=editors[0],
        applied_at=at,
        applied_by=editors[1],
    )
    rows = list(answered(attempt.pk))
    outcome = scoring.score([as_item(row) for row in rows], pass_percent=70, known=lambda system, code: True)
    Score.objects.filter(attempt=attempt).update(is_current=False)
    return write_score(attempt, outcome, titles=titles_of(rows), at=at, correction=correction)


@pytest.fixture
def warm(as_student: Client) -> Client:
    """A session that has already asked what is asked once."""
    as_student.get(reverse("exams:practice"))
    return as_student


@pytest.fixture
def editors(make_person: MakePerson) -> tuple[User, User]:
    return make_person("first@example.com"), make_person("second@example.com")


# --- what it says -----------------------------------------------------------------------------------------
def test_report_explains_everything(as_student: Client, finished: Attempt) -> None:
    html = as_student.get(url(finished)).content.decode()
    page = text(as_student, finished)
    assert "1 of 3 right, 33.33 %. The pass line is 70 %." in page
    assert "3 of 10 minutes" in page and "60 seconds a question; the exam gives 200" in page
    assert html.count(f"{CANARY} rationale") == 12
    assert html.count(f"{CANARY} citation") == 3
    assert (page.count("Your answer, right"), page.count("Your answer, not right")) == (1, 1)
    assert "/codes/icd10cm/E11.9/panel/" in html


def test_domain_says_its_range(as_student: Client, finished: Attempt) -> None:
    # Wilson for 1 of 3: 6.1 to 79.2
    assert "Anatomy 1 of 3 33 % 6 to 79 %" in text(as_student, finished)


def test_scaled_score_says_whose_scaling(
    student: User, as_student: Client, blueprint: Blueprint, at: Any
) -> None:
    Blueprint.objects.update(scale_min=100, scale_max=400, scale_pass=300)
    blueprint.refresh_from_db()
    attempt = close(start_attempt(user=student, blueprint=blueprint, at=at), at)
    page = text(as_student, attempt)
    assert "Scaled score 100, on a scale from 100 to 400; 300 passes. The scaling is ours" in page


def test_own_set_is_no_exam(as_student: Client, finished: Attempt) -> None:
    Attempt.objects.update(blueprint=None, mode="practice", deadline_at=None, title="My set")
    page = text(as_student, finished)
    assert "not a pass/fail exam" in page and "pass line" not in page
    assert "3 minutes, without a clock" in page and "Your own set" in page
    assert "Beside earlier attempts" not in text(as_student, finished, "compare")


@pytest.mark.parametrize(
    ("mode", "words"), [("tutor", "Sat as a tutored set"), ("practice", "Sat without a clock")]
)
def test_other_modes_prove_nothing(as_student: Client, finished: Attempt, mode: str, words: str) -> None:
    Attempt.objects.update(mode=mode, deadline_at=None)
    page = text(as_student, finished)
    assert words in page and "The pass line is 70 %." in page


def test_shortened_exam_says_so(as_student: Client, finished: Attempt) -> None:
    Attempt.objects.update(lacking=[{"title": "Anatomy", "count": 2}])
    assert "This exam was shortened" in text(as_student, finished)
    assert "Anatomy (2)" in text(as_student, finished)


def test_pretest_question_is_marked(as_student: Client, sat: Attempt, at: Any) -> None:
    AttemptItem.objects.filter(attempt=sat, position=3).update(is_scored=False)
    page = text(as_student, close(sat, at))
    assert "1 of 2 right, 50 %." in page
    assert page.count("This question was tried out and did not count.") == 1
    assert "1 question was tried out and did not count." in page


def test_marks_of_a_person_come_back_as_data(as_student: Client, sat: Attempt, at: Any) -> None:
    stem = "What does"
    mark_item(
        user=sat.user,
        attempt_id=sat.pk,
        position=1,
        flagged=True,
        note="<b>mine</b> & {{ x }}",
        highlights=[(0, len(stem))],
    )
    close(sat, at)
    html = as_student.get(url(sat)).content.decode()
    assert "Your note: &lt;b&gt;mine&lt;/b&gt; &amp; {{ x }}" in html
    assert "You highlighted: <mark>What does</mark>" in html
    assert "flagged" in text(as_student, sat)


def test_late_answer_is_told(as_student: Client, sat: Attempt, at: Any) -> None:
    third = items(sat)[2]
    reply(sat, third, right(third), sat.deadline_at + timedelta(seconds=31))
    finish_attempt(attempt_id=sat.pk, user=sat.user, at=sat.deadline_at + timedelta(seconds=40))
    page = text(as_student, sat)
    assert page.count("An answer came after the time was over and does not count.") == 1
    assert "10 of 10 minutes" in page


def test_trace_names_the_slowest_and_what_was_looked_up(as_student: Client, sat: Attempt, at: Any) -> None:
    steps = [
        Step(1, "view", 1, seconds=20),
        Step(2, "view", 2, seconds=95),
        Step(3, "view", 1, seconds=10),
        Step(4, "lookup", 2, "fracture <wrist>"),
        Step(5, "open", 2, "S62.9"),
    ]
    record_trace(user=sat.user, attempt_id=sat.pk, client_id=TAB, steps=steps, at=at)
    page = text(as_student, close(sat, at))
    assert "question 2 (95 seconds), question 1 (30 seconds)" in page
    assert "you looked up “fracture &lt;wrist&gt;”" in page
    assert page.index("you looked up") < page.index("you opened S62.9")


def test_trace_says_the_codes_of_the_key(
    student: User, as_student: Client, make_question: MakeQuestion, make_blueprint: MakeBlueprint, at: Any
) -> None:
    lines = [{"system": "icd10cm", "code": "E11.621", "rationale": "The ulcer."}]
    make_question("typed", kind="entry", source={"ordered": False, "lines": lines})
    attempt = start_attempt(user=student, blueprint=make_blueprint(count=1), at=at)
    steps = [Step(1, "lookup", 1, "ulcer"), Step(2, "open", 1, "L97")]
    record_trace(user=student, attempt_id=attempt.pk, client_id=TAB, steps=steps, at=at)
    assert "you opened L97 The key is E11.621 ." in text(as_student, close(attempt, at))


def test_break_is_no_use_of_time(sat: Attempt, at: Any) -> None:
    first = sat.sections.get()
    second = AttemptSection.objects.create(attempt=sat, position=2, title="Cases", opened_at=at)
    AttemptItem.objects.filter(attempt=sat, position=3).update(section=second)
    first.closed_at, first.break_until = at + timedelta(minutes=1), at + timedelta(minutes=2)
    first.save()
    found = report(close(sat, at))
    assert found.pace.used_minutes == 2
    assert [one.section for one in found.questions] == ["Multiple choice", "Multiple choice", "Cases"]


# --- which questions --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("show", "positions"), [("all", [1, 2, 3]), ("wrong", [2, 3]), ("flagged", [1]), ("unanswered", [3])]
)
def test_questions_are_narrowed_by_a_link(
    as_student: Client, sat: Attempt, at: Any, show: str, positions: list[int]
) -> None:
    mark_item(user=sat.user, attempt_id=sat.pk, position=1, flagged=True)
    html = as_student.get(url(close(sat, at), query=f"?show={show}")).content.decode()
    assert [int(n) for n in re.findall(r'<article class="panel stack" id="q-(\d+)"', html)] == positions
    assert html.count("data-cell=") == 3
    # a cell of a question that is not here leads to the page where it is
    assert html.count('href="?show=all#q-') == 3 - len(positions)


def test_unknown_choice_of_questions_is_not_found(as_student: Client, finished: Attempt) -> None:
    assert as_student.get(url(finished, query="?show=x")).status_code == 404


# --- corrected keys ---------------------------------------------------------------------------------------
def test_new_key_explains_by_itself(
    as_student: Client, finished: Attempt, at: Any, editors: tuple[User, User]
) -> None:
    second = items(finished)[1]
    chosen = int(wrong(second)["choice"][0])
    rescore(finished, second, "new", at + timedelta(days=2), editors, right=[chosen])
    page = text(as_student, finished)
    assert "2 of 3 right, 66.66 %." in page
    assert "Re-scored on 25 Nov 2026 because of question 2: The guideline changed &lt;in April&gt;." in page
    assert "It was 1 of 3, it is 2 of 3." in page
    assert "The key was wrong: another answer counts." in page
    assert (page.count("Your answer, right"), page.count("Your answer, not right")) == (2, 0)
    assert "Every result of this attempt" in page and "the first result" in page


def test_further_key_explains_by_the_one_that_counted(
    as_student: Client, finished: Attempt, at: Any, editors: tuple[User, User]
) -> None:
    second = items(finished)[1]
    chosen = int(wrong(second)["choice"][0])
    rescore(finished, second, "also", at + timedelta(days=2), editors, right=[chosen])
    page = text(as_student, finished)
    shown = page[page.index("Question 2 ") : page.index("Question 3 ")]
    assert "Another answer is accepted too." in shown
    by_one, by_other = shown.split("The other key, which counts too")
    assert "Your answer, right" in by_one
    assert "Right answer" in by_other and "not right" not in by_other


@pytest.mark.parametrize(
    ("how", "result", "words"),
    [
        ("all", "2 of 3 right", "Every answer counts as right."),
        ("drop", "1 of 2 right", "The question was taken out"),
    ],
)
def test_decision_without_a_key_is_told(
    as_student: Client,
    finished: Attempt,
    at: Any,
    editors: tuple[User, User],
    how: str,
    result: str,
    words: str,
) -> None:
    rescore(finished, items(finished)[1], how, at + timedelta(days=2), editors)
    page = text(as_student, finished)
    assert result in page and words in page


def test_decision_before_the_result_is_told_without_a_re_score(
    as_student: Client, sat: Attempt, at: Any, editors: tuple[User, User]
) -> None:
    KeyCorrection.objects.create(
        revision=items(sat)[2].question_revision,
        how="drop",
        reason="Outdated.",
        proposed_at=at,
        proposed_by=editors[0],
        applied_at=at,
        applied_by=editors[1],
    )
    page = text(as_student, close(sat, at))
    assert "1 of 2 right" in page and "because: Outdated." in page
    assert "Re-scored" not in page


# --- it never changes -------------------------------------------------------------------------------------
def test_report_never_changes_when_content_does(
    as_student: Client,
    finished: Attempt,
    make_question: MakeQuestion,
    blueprint: Blueprint,
    domain: Domain,
    editors: tuple[User, User],
    at: Any,
    tmp_path: Path,
) -> None:
    body = Body.objects.create(key="aapc", name="AAPC", short="AAPC")
    blueprint.certification = Certification.objects.create(
        key="cpc", body=body, abbreviation="CPC", name="Coder", purpose="Outpatient coding."
    )
    blueprint.save()

    def both() -> tuple[bytes, bytes]:
        page = as_student.get(url(finished))
        assert page.status_code == 200
        return TOKEN.sub(b"", page.content), as_student.get(url(finished, "report_pdf")).content

    page, file = both()
    for number in range(1, 6):
        make_question(f"q-{number}", right=4, stem="Something else?")
    Question.objects.update(retired_at=at)
    Domain.objects.update(title="Another domain")
    Blueprint.objects.update(
        title="Another", pass_percent=1, minutes=99, scale_min=1, scale_max=9, scale_pass=5
    )
    Certification.objects.update(name="Renamed")
    # decided later; this attempt was not counted again
    KeyCorrection.objects.create(
        revision=items(finished)[1].question_revision,
        how="drop",
        reason="Later.",
        proposed_at=at,
        proposed_by=editors[0],
        applied_at=at + timedelta(days=1),
        applied_by=editors[1],
    )
    (tmp_path / "tabular.xml").write_text(TABULAR.replace("without complications", "renamed"))
    load_release(
        source=Source(
            "icd10cm-tabular", tmp_path / "tabular.xml", "tabular.xml", "Sample", date(2019, 10, 1)
        ),
        by=None,
        at=at,
    )
    assert both() == (page, file)


def test_report_changes_by_a_recorded_re_score_only(
    as_student: Client, finished: Attempt, at: Any, editors: tuple[User, User]
) -> None:
    before = TOKEN.sub(b"", as_student.get(url(finished)).content)
    rescore(finished, items(finished)[1], "drop", at + timedelta(days=2), editors)
    assert TOKEN.sub(b"", as_student.get(url(finished)).content) != before


# --- who, and at what cost --------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["report", "report_pdf", "compare"])
def test_open_attempt_tells_nothing(as_student: Client, attempt: Attempt, name: str) -> None:
    answer = as_student.get(url(attempt, name))
    assert answer["Location"] == attempt.get_absolute_url()
    assert not answer.content


@pytest.mark.parametrize("name", ["report", "report_pdf", "compare"])
def test_report_of_another_is_not_found(other: User, finished: Attempt, name: str) -> None:
    client = Client()
    client.force_login(other)
    assert client.get(url(finished, name)).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_report_takes_eight_queries(
    warm: Client,
    student: User,
    blueprint: Blueprint,
    make_blueprint: MakeBlueprint,
    at: Any,
    count: int,
    count_sql: CountSql,
) -> None:
    attempt = start_attempt(user=student, blueprint=make_blueprint("short", count=count), at=at)
    close(attempt, at)
    with count_sql(8):  # five of the report, the attempt, session, person
        warm.get(url(attempt))


# --- beside earlier attempts, and what next ---------------------------------------------------------------
@pytest.fixture
def again(finished: Attempt, blueprint: Blueprint, at: Any) -> Attempt:
    """A second attempt, all right."""
    later = at + timedelta(days=1)
    attempt = start_attempt(user=finished.user, blueprint=blueprint, at=later)
    for item in items(attempt):
        reply(attempt, item, right(item), later)
    return close(attempt, later)


def test_first_attempt_has_nothing_beside_it(as_student: Client, finished: Attempt) -> None:
    assert "This is your first finished attempt" in text(as_student, finished, "compare")


def test_attempts_are_compared_domain_by_domain(
    as_student: Client, finished: Attempt, again: Attempt
) -> None:
    html = as_student.get(url(again, "compare")).content.decode()
    page = text(as_student, again, "compare")
    assert "Anatomy 33 % 100 % +67" in page
    assert "No domain is below the line." in page
    assert html.count('<circle class="spot') == 2 and "pass line 70 %" in html
    # what came later is not beside what came before
    assert "This is your first finished attempt" in text(as_student, finished, "compare")


def test_attempt_of_another_is_not_beside_mine(
    as_student: Client, finished: Attempt, other: User, blueprint: Blueprint, at: Any
) -> None:
    close(start_attempt(user=other, blueprint=blueprint, at=at - timedelta(days=1)), at)
    assert "This is your first finished attempt" in text(as_student, finished, "compare")


def test_lessons_that_cite_the_missed_rule_are_named(
    student: User,
    as_student: Client,
    course: Course,
    make_question: MakeQuestion,
    make_blueprint: MakeBlueprint,
    at: Any,
    count_sql: CountSql,
) -> None:
    make_question("cited", citations=[CitationText("guideline", "I.C.4.a.3")])
    first, second = Lesson.objects.in_order()[:2]
    publish_lesson(first, "On diabetes.", title="Diabetes", citations=[CitationText("guideline", "I.C.4.a")])
    publish_lesson(second, "On all.", title="All", citations=[CitationText("guideline", "I.C")])
    attempt = close(start_attempt(user=student, blueprint=make_blueprint(count=1), at=at), at)
    page = text(as_student, attempt, "compare")
    assert "Anatomy 0 of 1 right, 0 %. Diabetes" in page
    assert "cites the rule of 1 question you missed" in page
    assert "All" not in re.findall(r"Diabetes (.*) Read what I missed", page)[0]


@pytest.mark.parametrize("count", [1, 3])
def test_comparison_takes_ten_queries(
    warm: Client,
    student: User,
    blueprint: Blueprint,
    make_blueprint: MakeBlueprint,
    at: Any,
    count: int,
    count_sql: CountSql,
) -> None:
    short = make_blueprint("short", count=count)
    for day in range(2):
        attempt = close(start_attempt(user=student, blueprint=short, at=at + timedelta(days=day)), at)
    with count_sql(
        10
    ):  # blueprint, attempts, the one before, three of what next; attempt, its score, session, person
        warm.get(url(attempt, "compare"))


def test_percent_of_a_report_is_that_of_the_score(finished: Attempt) -> None:
    found = report(finished)
    assert found.score.percent == Decimal("33.33")
    assert found.domains[0].percent == pytest.approx(100 / 3)
