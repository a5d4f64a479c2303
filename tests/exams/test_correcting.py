"""Correcting a key: two people decide, every attempt it concerns is scored again, and nothing is lost."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from accounts.roles import Role
from courses.exams import scoring
from courses.exams.actions import (
    CorrectionClosed,
    CorrectionOpen,
    CorrectionRefused,
    SecondPersonNeeded,
    apply_correction,
    correcting,
    dry_run,
    finish_attempt,
    propose_correction,
    rescore,
    start_attempt,
    submit_answer,
    withdraw_correction,
)
from courses.exams.models import (
    Attempt,
    AttemptItem,
    Blueprint,
    Exposure,
    ItemResult,
    KeyCorrection,
    QuestionRevision,
    Score,
)
from courses.exams.queries import report
from courses.jobs.actions import run_due_jobs
from courses.jobs.models import Job
from courses.progress.models import RequirementMet
from tests.conftest import MakePerson
from tests.exams.conftest import CountSql, MakeBlueprint, MakeQuestion

pytestmark = pytest.mark.django_db
Sit = Callable[..., Attempt]
ALSO, NEW, ALL, DROP = "also", "new", "all", "drop"


@pytest.fixture
def second(make_person: MakePerson) -> User:
    return make_person("second@example.com", role=Role.EDITOR, name="Second Editor")


@pytest.fixture
def bank(make_question: MakeQuestion) -> list[QuestionRevision]:
    """Three questions, the first option right."""
    return [make_question(f"q-{number}") for number in (1, 2, 3)]


@pytest.fixture
def doubted(bank: list[QuestionRevision]) -> QuestionRevision:
    return bank[0]


@pytest.fixture
def exam(bank: list[QuestionRevision], make_blueprint: MakeBlueprint) -> Blueprint:
    """All three questions; two of three pass."""
    return make_blueprint(pass_percent=60)


@pytest.fixture
def sit(exam: Blueprint, make_person: MakePerson, at: datetime) -> Sit:
    """An attempt in which q-1, q-2 and q-3 were answered by these options; None leaves one out."""
    people = iter(range(10_000))

    def make(
        *chosen: int | None, user: User | None = None, hand_in: bool = True, when: Any = None
    ) -> Attempt:
        user, moment = user or make_person(f"p-{next(people)}@example.com"), when or at
        attempt = start_attempt(user=user, blueprint=exam, at=moment)
        items = AttemptItem.objects.filter(attempt=attempt).order_by("question_revision__question__key")
        for item, option in zip(items, chosen, strict=True):
            if option is not None:
                submit_answer(
                    user=user,
                    attempt_id=attempt.pk,
                    position=item.position,
                    client_id="tab",
                    seq=item.position,
                    fields={"choice": [str(option)]},
                    received_at=moment,
                )
        if hand_in:
            finish_attempt(attempt_id=attempt.pk, user=user, at=moment + timedelta(minutes=1))
        return attempt

    return make


def source(revision: QuestionRevision, right: int) -> dict[str, Any]:
    """The text of the question with another option as its key."""
    rows = [
        one | {"correct": number == right, "mistake": ""}
        for number, one in enumerate(revision.source["choices"], start=1)
    ]
    return {"choices": rows}


@pytest.fixture
def decide(
    doubted: QuestionRevision, editor: User, second: User, at: datetime
) -> Callable[..., KeyCorrection]:
    """A correction that two people decided, and that was carried out."""

    def make(how: str, right: int | None = None, *, hours: int = 1, run: bool = True) -> KeyCorrection:
        moment = at + timedelta(hours=hours)
        correction = propose_correction(
            revision=doubted,
            how=how,
            source=source(doubted, right) if right else None,
            reason="The guideline says otherwise.",
            by=editor,
            at=moment,
        )
        apply_correction(correction=correction, by=second, at=moment)
        if run:
            rescore(correction=correction, at=moment + timedelta(seconds=5))
        correction.refresh_from_db()
        return correction

    return make


def current(attempt: Attempt) -> Score:
    return Score.objects.current().get(attempt=attempt)


def figures(attempt: Attempt) -> tuple[int, int, Decimal, bool]:
    score = current(attempt)
    return score.correct, score.total, score.percent, score.passed


@pytest.mark.parametrize(
    ("how", "right", "expected"),
    [
        # q-1 answered 2, q-2 right, q-3 wrong: one of three before
        (ALSO, 2, (2, 3, Decimal("66.66"), True)),
        (NEW, 2, (2, 3, Decimal("66.66"), True)),
        (NEW, 3, (1, 3, Decimal("33.33"), False)),
        (ALL, None, (2, 3, Decimal("66.66"), True)),
        (DROP, None, (1, 2, Decimal("50.00"), False)),
    ],
)
def test_each_way_scores_again_as_it_says(
    sit: Sit, decide: Any, how: str, right: int | None, expected: tuple[int, int, Decimal, bool]
) -> None:
    attempt = sit(2, 1, 2)
    assert figures(attempt) == (1, 3, Decimal("33.33"), False)
    decide(how, right)
    assert figures(attempt) == expected


def test_a_new_key_takes_the_point_of_the_old_one(sit: Sit, decide: Any) -> None:
    attempt = sit(1, 1, 2)
    decide(NEW, 2)
    assert figures(attempt) == (1, 3, Decimal("33.33"), False)


def test_an_unanswered_question_stays_worth_nothing_unless_all_is_right(sit: Sit, decide: Any) -> None:
    attempt = sit(None, 1, 2)
    decide(ALSO, 2)
    assert current(attempt).correct == 1
    decide(ALL, hours=2)
    assert current(attempt).correct == 2


def test_a_result_is_whole_and_the_first_one_stays(sit: Sit, decide: Any, doubted: QuestionRevision) -> None:
    attempt = sit(2, 1, 2)
    first = current(attempt)
    before = list(first.results.order_by("item").values("item", "response", "points", "is_correct", "detail"))
    correction = decide(ALSO, 2)
    second = current(attempt)
    assert (second.correction, second.pk > first.pk) == (correction, True)
    kept = Score.objects.get(pk=first.pk)
    assert (kept.correct, kept.is_current, kept.correction) == (1, False, None)
    after = list(second.results.order_by("item").values("item", "response", "points", "is_correct", "detail"))
    assert list(first.results.order_by("item").values(*before[0])) == before
    doubtful = AttemptItem.objects.get(attempt=attempt, question_revision=doubted).pk
    for old, new in zip(before, after, strict=True):
        if old["item"] == doubtful:
            assert (old["points"], new["points"], new["is_correct"]) == (0, 1, True)
            assert new["response"] == old["response"]
        else:
            assert new == old


def test_scoring_again_equals_scoring_under_the_corrected_key(sit: Sit, decide: Any) -> None:
    early = [sit(*answers) for answers in ((1, 1, 1), (2, 1, 2), (3, 2, None), (None, None, None))]
    decide(ALSO, 2)
    late = [sit(*answers) for answers in ((1, 1, 1), (2, 1, 2), (3, 2, None), (None, None, None))]
    assert [figures(one) for one in early] == [figures(one) for one in late]
    assert [current(one).domains for one in early] == [current(one).domains for one in late]


def test_a_correction_in_force_counts_in_later_first_results(sit: Sit, decide: Any) -> None:
    correction = decide(ALSO, 2)
    attempt = sit(2, 1, 2, when=correction.applied_at + timedelta(minutes=1))
    assert figures(attempt) == (2, 3, Decimal("66.66"), True)
    rescore(correction=correction, at=correction.applied_at + timedelta(hours=1))
    assert Score.objects.filter(attempt=attempt).count() == 1


def test_an_attempt_under_way_is_scored_by_it_once(sit: Sit, decide: Any, at: datetime) -> None:
    attempt = sit(2, 1, 2, hand_in=False)
    correction = decide(ALSO, 2, hours=0)
    finish_attempt(attempt_id=attempt.pk, user=attempt.user, at=at + timedelta(minutes=2))
    rescore(correction=correction, at=at + timedelta(hours=3))
    assert figures(attempt)[0] == 2
    assert Score.objects.get(attempt=attempt).correction is None


def test_a_result_counted_by_the_old_key_in_the_same_moment_is_found(
    sit: Sit, decide: Any, at: datetime
) -> None:
    """Handed in while the correction was being applied: its stamp is later, its result is not."""
    attempt = sit(2, 1, 2)
    correction = decide(ALSO, 2, run=False)
    Score.objects.filter(attempt=attempt).update(scored_at=correction.applied_at + timedelta(seconds=1))
    rescore(correction=correction, at=at + timedelta(hours=3))
    assert figures(attempt)[0] == 2


def test_the_newest_decision_counts(sit: Sit, decide: Any, at: datetime) -> None:
    attempt = sit(2, 1, 2)
    first = decide(NEW, 3, hours=1)
    decide(NEW, 2, hours=2)
    assert figures(attempt)[0] == 2
    rescore(correction=first, at=at + timedelta(hours=5))
    assert figures(attempt)[0] == 2
    assert Score.objects.filter(attempt=attempt).count() == 3


def test_two_questions_of_one_attempt_are_corrected_one_after_the_other(
    sit: Sit, bank: list[QuestionRevision], editor: User, second: User, at: datetime
) -> None:
    attempt = sit(2, 1, 2)
    for number, revision in enumerate((bank[0], bank[2]), start=1):
        moment = at + timedelta(hours=number)
        correction = propose_correction(
            revision=revision, how=ALSO, source=source(revision, 2), reason="So.", by=editor, at=moment
        )
        apply_correction(correction=correction, by=second, at=moment)
        rescore(correction=correction, at=moment)
    assert figures(attempt) == (3, 3, Decimal(100), True)
    assert current(attempt).results.count() == 3


def test_doing_it_again_changes_nothing(sit: Sit, decide: Any, second: User, at: datetime) -> None:
    attempt = sit(2, 1, 2)
    correction = decide(ALSO, 2)
    before = list(Score.objects.order_by("pk").values()), ItemResult.objects.count()
    counts = (correction.attempts, correction.changed, correction.crossed)
    apply_correction(correction=correction, by=second, at=at + timedelta(days=1))
    run_due_jobs(at=at + timedelta(days=1))
    correction.refresh_from_db()
    assert (list(Score.objects.order_by("pk").values()), ItemResult.objects.count()) == before
    assert (correction.attempts, correction.changed, correction.crossed) == counts == (1, 1, 1)
    assert correction.applied_at == at + timedelta(hours=1)
    assert figures(attempt)[0] == 2


def test_it_goes_on_where_it_stopped(
    sit: Sit, decide: Any, monkeypatch: pytest.MonkeyPatch, at: datetime
) -> None:
    monkeypatch.setattr(correcting, "BATCH", 2)
    attempts = [sit(2, 1, 2) for _ in range(5)]
    correction = decide(ALSO, 2, run=False)

    class Killed(Exception):
        pass

    def die(done: int, total: int | None, message: str) -> None:
        if done == 4:
            raise Killed

    with pytest.raises(Killed):
        rescore(correction=correction, at=at + timedelta(hours=2), report=die)
    assert Score.objects.filter(correction=correction).count() == 4
    told: list[tuple[int, int | None]] = []
    done = rescore(
        correction=correction, at=at + timedelta(hours=3), report=lambda n, of, _m: told.append((n, of))
    )
    assert [figures(one)[0] for one in attempts] == [2] * 5
    assert (done.attempts, done.changed, done.crossed) == (5, 5, 5)
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_the_job_does_it_and_says_so(sit: Sit, decide: Any, at: datetime) -> None:
    attempt = sit(2, 1, 2), sit(1, 1, 1)
    decide(ALSO, 2, run=False)
    assert run_due_jobs(at=at + timedelta(hours=2)) == 1
    job = Job.objects.get(kind="exams.rescore")
    assert (job.state, job.done, job.total) == ("done", 2, 2)
    assert job.message == "Attempts scored again: 2. Results changed: 1. Crossed the pass line: 1."
    assert figures(attempt[0])[0] == 2


def test_a_gained_pass_meets_the_requirement(sit: Sit, decide: Any, exam: Blueprint) -> None:
    attempt = sit(2, 1, 2)
    assert not RequirementMet.objects.filter(kind="exam_passed").exists()
    decide(ALSO, 2)
    met = RequirementMet.objects.get(kind="exam_passed")
    assert (met.user, met.key) == (attempt.user, exam.key)


def test_a_lost_pass_takes_nothing_back(sit: Sit, decide: Any) -> None:
    attempt = sit(1, 1, 2)
    correction = decide(NEW, 2)
    assert (current(attempt).passed, correction.crossed) == (False, 1)
    assert RequirementMet.objects.filter(user=attempt.user, kind="exam_passed").count() == 1


def test_what_was_met_first_is_worth_what_the_new_key_says(sit: Sit, decide: Any) -> None:
    attempt = sit(2, 1, 2)
    met = Exposure.objects.filter(user=attempt.user, question__key="q-1")
    assert met.values_list("first_points", "last_points").get() == (0, 0)
    decide(ALSO, 2)
    assert met.values_list("first_points", "last_points").get() == (1, 1)
    assert Exposure.objects.get(user=attempt.user, question__key="q-3").first_points == 0


def test_the_report_says_what_it_was_and_why(sit: Sit, decide: Any) -> None:
    attempt = sit(2, 1, 2)
    decide(ALSO, 2)
    shown = report(attempt)
    assert (shown.before.correct, shown.score.correct) == (1, 2)  # type: ignore[union-attr]
    assert shown.history[0].reason == "The guideline says otherwise."
    assert [one.correction.how for one in shown.questions if one.correction] == ["also"]


def test_dry_run_counts_without_writing(
    sit: Sit, doubted: QuestionRevision, editor: User, at: datetime
) -> None:
    for chosen in ((2, 1, 2), (2, 2, 2), (1, 1, 1), (3, 1, 2)):
        sit(*chosen)
    sit(2, 1, 2, hand_in=False)
    correction = propose_correction(
        revision=doubted,
        how=ALSO,
        source=source(doubted, 2),
        reason="So.",
        by=editor,
        at=at + timedelta(days=1),
    )
    before = list(Score.objects.values())
    found = dry_run(correction)
    assert (found.attempts, found.changed, found.passing, found.failing, found.running) == (4, 2, 1, 0, 1)
    assert [(one.change.told.correct, one.change.outcome.correct) for one in found.found] == [(1, 2), (0, 1)]
    assert list(Score.objects.values()) == before


@pytest.mark.parametrize("people", [1, 3])
def test_a_page_of_attempts_takes_the_same_statements_for_any_number(
    sit: Sit, decide: Any, doubted: QuestionRevision, at: datetime, people: int, count_sql: CountSql
) -> None:
    for _ in range(people):
        sit(2, 2, 2)
    correction = decide(ALSO, 2, run=False)
    doubted = QuestionRevision.objects.select_related("domain").get(pk=doubted.pk)
    attempts = list(Attempt.objects.values_list("pk", flat=True))
    with count_sql(12):
        correcting._rescore_page(correction, doubted, attempts, at=at + timedelta(hours=2))


# --- who decides -------------------------------------------------------------------------------------------
def test_who_proposes_does_not_apply(doubted: QuestionRevision, editor: User, at: datetime) -> None:
    correction = propose_correction(revision=doubted, how=DROP, reason="So.", by=editor, at=at)
    with pytest.raises(SecondPersonNeeded):
        apply_correction(correction=correction, by=editor, at=at)
    assert not Job.objects.exists()
    with pytest.raises(IntegrityError, match=r"by_two|CHECK"):
        KeyCorrection.objects.filter(pk=correction.pk).update(applied_at=at, applied_by=editor)


def test_one_proposal_at_a_time(doubted: QuestionRevision, editor: User, at: datetime) -> None:
    first = propose_correction(revision=doubted, how=DROP, reason="So.", by=editor, at=at)
    with pytest.raises(CorrectionOpen):
        propose_correction(revision=doubted, how=ALL, reason="So.", by=editor, at=at)
    withdraw_correction(correction=first, at=at)
    assert propose_correction(revision=doubted, how=ALL, reason="So.", by=editor, at=at).pk != first.pk


def test_what_was_withdrawn_is_not_applied(
    doubted: QuestionRevision, editor: User, second: User, at: datetime
) -> None:
    correction = propose_correction(revision=doubted, how=DROP, reason="So.", by=editor, at=at)
    withdraw_correction(correction=correction, at=at)
    with pytest.raises(CorrectionClosed):
        apply_correction(correction=correction, by=second, at=at)


@pytest.mark.parametrize(
    ("how", "right", "reason", "words"),
    [
        (NEW, 1, "So.", "This is the key that the question has already."),
        (NEW, 9, "So.", "Exactly one option must be correct."),
        (DROP, None, " ", "A reason is needed"),
    ],
)
def test_what_is_no_correction_is_refused(
    doubted: QuestionRevision,
    editor: User,
    at: datetime,
    how: str,
    right: int | None,
    reason: str,
    words: str,
) -> None:
    with pytest.raises(CorrectionRefused, match=words):
        propose_correction(
            revision=doubted,
            how=how,
            source=source(doubted, right) if right else None,
            reason=reason,
            by=editor,
            at=at,
        )


def test_a_draft_is_edited_and_not_corrected(make_question: MakeQuestion, editor: User, at: datetime) -> None:
    with pytest.raises(CorrectionRefused, match="edit the draft"):
        propose_correction(revision=make_question(live=False), how=DROP, reason="So.", by=editor, at=at)


# --- the arithmetic ----------------------------------------------------------------------------------------
_outcomes = st.builds(
    scoring.ItemOutcome,
    id=st.just(1),
    answer=st.none(),
    points=st.integers(0, 1000).map(lambda n: Decimal(n) / 1000),
    is_correct=st.booleans(),
    is_dropped=st.booleans(),
)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), _outcomes), min_size=1), _outcomes, st.data()
)
def test_exchanging_one_question_equals_adding_up_again(
    given_items: list[tuple[str, bool, scoring.ItemOutcome]], after: scoring.ItemOutcome, data: st.DataObject
) -> None:
    items = [
        scoring.Item(id=n, domain=domain, kind="single", answer_key={"right": [1]}, is_scored=is_scored)
        for n, (domain, is_scored, _one) in enumerate(given_items)
    ]
    before = [one for _domain, _scored, one in given_items]
    place = data.draw(st.integers(0, len(items) - 1))
    changed = [*before[:place], after, *before[place + 1 :]]
    whole = scoring.tally(items, changed, pass_percent=70)
    again = scoring.tally_again(
        scoring.tally(items, before, pass_percent=70).domains,
        items[place].domain,
        before=before[place],
        after=after,
        is_scored=items[place].is_scored,
        pass_percent=70,
    )
    assert (again.domains, again.points, again.total, again.correct) == (
        whole.domains,
        whole.points,
        whole.total,
        whole.correct,
    )
    assert (again.percent, again.is_passed) == (whole.percent, whole.is_passed)
