"""Faults of RELIABILITY A8 to A15 on whichever database the suite runs; A1 to A3 are in ``test_races``.

Each gate prints what it counted. The planted faults are in ``test_faults_planted``.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.exams import clock
from courses.exams.actions import (
    AttemptClosed,
    NoSuchItem,
    NotOpenYet,
    NoWayBack,
    Step,
    TooManyAnswers,
    add_time,
    enter_section,
    finish_attempt,
    mark_item,
    pause_attempt,
    record_trace,
    resume_attempt,
    reveal_item,
    start_attempt,
    submit_answer,
    sweep_overdue,
    take_break,
)
from courses.exams.models import Attempt, AttemptItem, Blueprint, Question, Response, Score
from tests.conftest import MakePerson
from tests.exams.conftest import MakeBlueprint, MakeQuestion, right, wrong
from tests.exams.test_races import client_of

Say = Callable[[str], None]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Print the line of a gate."""

    def out(line: str) -> None:
        with capsys.disabled():
            print(f"\n{line} [{connection.vendor}]", end=" ")

    return out


def answer(attempt: Attempt, position: int, at: datetime, *, seq: int = 1, rightly: bool = True) -> Any:
    item = attempt.items.get(position=position)
    return submit_answer(
        user=attempt.user,
        attempt_id=attempt.pk,
        position=position,
        fields=(right if rightly else wrong)(item),
        client_id="a" * 16,
        seq=seq,
        received_at=at,
    )


def sent(client: Client, attempt: Attempt, position: int, choice: str, seq: int = 1) -> Any:
    document = {"position": position, "client_id": "b" * 16, "seq": seq, "answer": {"choice": [choice]}}
    place = reverse("exams:answer", args=[attempt.pk])
    return client.post(place, json.dumps(document), content_type="application/json")


# --- A8: whoever waits for a slow server is not late -------------------------------------------------
@contextmanager
def busy_database(attempt: Attempt, seconds: float) -> Iterator[None]:
    """Another transaction holds the attempt, or all of SQLite, for so long."""
    held = threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                Attempt.objects.select_for_update().get(pk=attempt.pk)
                Attempt.objects.filter(pk=attempt.pk).update(title="Held")
                held.set()
                time.sleep(seconds)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    yield
    thread.join()


@pytest.mark.django_db(transaction=True)
def test_a8_answer_that_waited_is_judged_by_its_receipt(
    student: User, blueprint: Blueprint, monkeypatch: pytest.MonkeyPatch, say: Say
) -> None:
    monkeypatch.setattr(clock, "GRACE", timedelta(seconds=0.3))
    attempt = start_attempt(user=student, blueprint=blueprint, at=timezone.now() - timedelta(minutes=1))
    client = client_of(student)
    key = str(attempt.items.get(position=1).question_revision.answer_key["right"][0])
    end = timezone.now() + timedelta(seconds=0.2)
    Attempt.objects.filter(pk=attempt.pk).update(deadline_at=end)

    with busy_database(attempt, 1.5):
        in_time = sent(client, attempt, 1, key)
        took = timezone.now() - end
    late = sent(client, attempt, 2, key)
    score = finish_attempt(attempt_id=attempt.pk, user=student, at=timezone.now())

    say(f"A8: an answer of T-0.2 s, served at T+{took.total_seconds():.1f} s: {in_time.status_code};")
    assert took > timedelta(seconds=1)
    assert (in_time.status_code, late.status_code) == (200, 409)
    assert list(Response.objects.order_by("item__position").values_list("late", flat=True)) == [False, True]
    assert (score.correct, score.results.filter(response=None).count()) == (1, 2)


# --- A9: what nobody closes, the sweeper does --------------------------------------------------------
@pytest.mark.django_db
def test_a9_attempt_that_cannot_be_closed_keeps_no_other_waiting(
    make_person: MakePerson, blueprint: Blueprint, at: datetime, caplog: pytest.LogCaptureFixture, say: Say
) -> None:
    attempts = [
        start_attempt(user=make_person(f"p{n}@example.com"), blueprint=blueprint, at=at) for n in range(4)
    ]
    revision = attempts[0].items.all()[0].question_revision
    broken = Attempt.objects.filter(items__question_revision=revision).distinct().count()
    revision.kind = "unheard-of"
    revision.save(update_fields=["kind"])

    closed = sweep_overdue(at=at + timedelta(hours=1))

    say(f"A9: {broken} of 4 attempts cannot be scored: {closed} closed")
    assert closed == Score.objects.count() == 4 - broken
    assert Attempt.objects.open().count() == broken
    assert len(caplog.records) == broken


# --- A10: what may be done in which state ------------------------------------------------------------
#: Section 1 leads over a break to section 2, which has a clock of its own; section 3 follows it.
PARTS: tuple[dict[str, Any], ...] = ({"break_minutes": 5}, {"minutes": 10, "no_return": True}, {})
DONE = "done"


def first_part(attempt: Attempt, at: datetime) -> datetime:
    return at


def on_a_break(attempt: Attempt, at: datetime) -> datetime:
    take_break(user=attempt.user, attempt_id=attempt.pk, position=1, at=at)
    return at


def second_part(attempt: Attempt, at: datetime) -> datetime:
    enter_section(user=attempt.user, attempt_id=attempt.pk, position=2, at=at)
    return at


def second_part_over(attempt: Attempt, at: datetime) -> datetime:
    return second_part(attempt, at) + timedelta(minutes=11)


def third_part(attempt: Attempt, at: datetime) -> datetime:
    second_part(attempt, at)
    enter_section(user=attempt.user, attempt_id=attempt.pk, position=3, at=at)
    return at


def in_the_grace(attempt: Attempt, at: datetime) -> datetime:
    return at + timedelta(minutes=60, seconds=20)


def overdue(attempt: Attempt, at: datetime) -> datetime:
    return at + timedelta(minutes=61)


def submitted(attempt: Attempt, at: datetime) -> datetime:
    finish_attempt(attempt_id=attempt.pk, user=attempt.user, at=at)
    return at


def swept(attempt: Attempt, at: datetime) -> datetime:
    sweep_overdue(at=at + timedelta(minutes=61))
    return at + timedelta(minutes=61)


STATES = (
    *(first_part, on_a_break, second_part, second_part_over, third_part, in_the_grace, overdue, submitted),
    swept,
)


def outcome_of(action: Callable[[], Any]) -> str:
    try:
        made = action()
    except (AttemptClosed, NoSuchItem, NotOpenYet, NoWayBack) as refusal:
        return type(refusal).__name__
    return "late" if getattr(made, "late", False) else DONE


OPEN, CLOSED, NOT_YET, NO_WAY, NONE = DONE, "AttemptClosed", "NotOpenYet", "NoWayBack", "NoSuchItem"
#: By action, what comes of it in each of ``STATES``.
ALLOWED: dict[str, tuple[str, ...]] = {
    # state:    first   break    second  over    third   grace    overdue  submit  swept
    "answer 1": (OPEN, CLOSED, CLOSED, CLOSED, CLOSED, OPEN, "late", CLOSED, "late"),
    "answer 3": (NOT_YET, NOT_YET, OPEN, "late", CLOSED, NOT_YET, NOT_YET, CLOSED, "late"),
    "answer 5": (NOT_YET, NOT_YET, NOT_YET, NOT_YET, OPEN, NOT_YET, NOT_YET, CLOSED, "late"),
    "mark": (OPEN, OPEN, OPEN, OPEN, OPEN, OPEN, OPEN, CLOSED, CLOSED),
    "trace": (OPEN,) * 9,
    "reveal": (NONE,) * 9,
    "pause": (OPEN,) * 9,
    "resume": (OPEN,) * 9,
    "enter 1": (OPEN, NO_WAY, NO_WAY, NO_WAY, NO_WAY, OPEN, CLOSED, CLOSED, CLOSED),
    "enter 2": (OPEN, OPEN, OPEN, NO_WAY, NO_WAY, OPEN, CLOSED, CLOSED, CLOSED),
    "enter 3": (NO_WAY, NO_WAY, OPEN, OPEN, OPEN, NO_WAY, CLOSED, CLOSED, CLOSED),
    "break 1": (OPEN, OPEN, NO_WAY, NO_WAY, NO_WAY, OPEN, CLOSED, CLOSED, CLOSED),
    "break 2": (NONE, NONE, NONE, NONE, NONE, NONE, CLOSED, CLOSED, CLOSED),
    "finish": (OPEN,) * 9,
    "more time": (OPEN, OPEN, OPEN, OPEN, OPEN, OPEN, CLOSED, CLOSED, CLOSED),
}


def do(name: str, attempt: Attempt, user: User, at: datetime) -> Any:
    verb, _, which = name.partition(" ")
    mine = {"user": user, "attempt_id": attempt.pk}
    match verb:
        case "answer":
            fields = right(attempt.items.get(position=int(which)))
            return submit_answer(
                **mine, position=int(which), fields=fields, client_id="a" * 16, seq=1, received_at=at
            )
        case "mark":
            return mark_item(**mine, position=1, flagged=True)
        case "trace":
            return record_trace(**mine, client_id="a" * 16, steps=[Step(1, "view", 1)], at=at)
        case "reveal":
            return reveal_item(**mine, position=1, at=at)
        case "pause":
            return pause_attempt(**mine, at=at)
        case "resume":
            return resume_attempt(**mine, at=at)
        case "enter":
            return enter_section(**mine, position=int(which), at=at)
        case "break":
            return take_break(**mine, position=int(which), at=at)
        case "finish":
            return finish_attempt(**mine, at=at)
        case _:
            return add_time(attempt=attempt, minutes=5, reason="Why", by=attempt.user, at=at)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ALLOWED)
def test_a10_every_action_in_every_state(
    name: str, student: User, other: User, make_exam: Callable[..., Blueprint], at: datetime, say: Say
) -> None:
    blueprint = make_exam(*(dict(part) for part in PARTS))
    found, strangers = [], set()
    for bring in STATES:
        with transaction.atomic():
            attempt = start_attempt(user=student, blueprint=blueprint, at=at)
            now = bring(attempt, at)
            if name != "more time":
                try:
                    do(name, attempt, other, now)
                    strangers.add(DONE if name not in {"pause", "resume"} else "nothing")
                except (NoSuchItem, Attempt.DoesNotExist):
                    strangers.add("nothing")
            found.append(outcome_of(lambda attempt=attempt, now=now: do(name, attempt, student, now)))
            attempt.refresh_from_db()
            assert attempt.paused_at is None  # the clock of an exam is never stopped
            transaction.set_rollback(True)
    say(f"A10: {name} in {len(STATES)} states: {dict(Counter(found))};")
    assert tuple(found) == ALLOWED[name]
    assert strangers <= {"nothing"}


def test_a10_the_table_is_long_enough() -> None:
    assert len(ALLOWED) * len(STATES) >= 60


# --- A12: what is edited in the meantime ---------------------------------------------------------------
@pytest.mark.django_db
def test_a12_edits_and_retirement_reach_no_open_attempt(
    make_person: MakePerson, blueprint: Blueprint, make_question: MakeQuestion, at: datetime, say: Say
) -> None:
    people = [make_person(f"p{n}@example.com") for n in range(12)]
    attempts = [start_attempt(user=one, blueprint=blueprint, at=at) for one in people]
    for attempt in attempts[::2]:
        for position in (1, 2, 3):
            answer(attempt, position, at)
    before = list(AttemptItem.objects.order_by("pk").values())

    for number in range(1, 6):
        make_question(f"q-{number}", right=2, stem="Something else?")
    Question.objects.update(retired_at=at)
    blueprint.sections.all().delete()
    Blueprint.objects.update(pass_percent=100, minutes=1, title="Another")
    for attempt in attempts[1::2]:
        for position in (1, 2, 3):
            answer(attempt, position, at)
    scores = [finish_attempt(attempt_id=one.pk, user=one.user, at=at) for one in attempts]

    say(f"A12: {len(attempts)} attempts, 5 keys changed, all retired: {Counter(s.correct for s in scores)}")
    assert list(AttemptItem.objects.order_by("pk").values()) == before
    assert {(one.correct, one.passed) for one in scores} == {(3, True)}
    assert {one.pass_percent for one in attempts} == {70}


# --- A13: no calendar stops an exam --------------------------------------------------------------------
MONTH_ENDS = [
    datetime(2026 + month // 12, month % 12 + 1, 1, tzinfo=UTC) - timedelta(minutes=5)
    for month in range(1, 37)
]
LEAP_DAY = datetime(2028, 2, 29, 23, 55, tzinfo=UTC)


@pytest.mark.django_db
def test_a13_an_exam_runs_over_every_month_end(
    student: User, make_question: MakeQuestion, make_blueprint: MakeBlueprint, time_machine: Any, say: Say
) -> None:
    for number in range(3):
        make_question(f"q-{number}")
    exam = make_blueprint(count=3)
    moments = sorted({*MONTH_ENDS, LEAP_DAY})
    found: Counter[str] = Counter()
    for now in moments:
        time_machine.move_to(now, tick=False)
        client = Client()
        client.force_login(student)
        room = client.post(reverse("exams:start", args=[exam.key]))["Location"]
        attempt = Attempt.objects.open().get()
        assert client.get(room).status_code == 200
        for position in (1, 2, 3):
            time_machine.move_to(now + timedelta(minutes=3 * position), tick=False)
            key = attempt.items.get(position=position).question_revision.answer_key["right"][0]
            saved = sent(client, attempt, position, str(key))
            found["answers"] += saved.status_code == 200
        done = client.post(reverse("exams:finish", args=[attempt.pk]))
        found["reports"] += client.get(done["Location"]).status_code == 200
        attempt.refresh_from_db()
        assert attempt.deadline_at == now + timedelta(minutes=10)
        assert Score.objects.current().get(attempt=attempt).correct == 3
    say(f"A13: {len(moments)} month ends of 2026 to 2028 and Feb 29: {dict(found)}")
    assert found == {"answers": 3 * len(moments), "reports": len(moments)}
    assert len(moments) == 37 - (LEAP_DAY in MONTH_ENDS)


# --- A14: time that a person needs, and a sign-in that lasts -------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize("multiplier", ["1.00", "1.25", "1.50", "2.00", "3.00"])
def test_a14_end_is_exact_whether_time_was_granted_before_or_during(
    make_person: MakePerson, blueprint: Blueprint, at: datetime, multiplier: str, say: Say
) -> None:
    Blueprint.objects.update(minutes=240)
    blueprint.refresh_from_db()
    before = make_person("before@example.com", time_multiplier=Decimal(multiplier))
    during = make_person("during@example.com")
    ends = []
    for person in (before, during):
        attempt = start_attempt(user=person, blueprint=blueprint, at=at)
        if person == during and multiplier != "1.00":
            extra = int(240 * (Decimal(multiplier) - 1))
            add_time(attempt=attempt, minutes=extra, reason="Accommodation", by=before, at=at)
        attempt.refresh_from_db()
        ends.append(attempt.deadline_at - at)
    say(f"A14: {multiplier} x 240 minutes, before and during: {[str(end) for end in ends]}")
    assert ends == [timedelta(seconds=int(14400 * float(multiplier)))] * 2


@pytest.mark.django_db
@pytest.mark.parametrize(("age", "kept"), [(600, True), (14 * 24 * 3600, False)])
def test_a14_sign_in_outlives_the_exam(
    student: User, blueprint: Blueprint, settings: Any, age: int, kept: bool, time_machine: Any, say: Say
) -> None:
    settings.SESSION_COOKIE_AGE = age
    Blueprint.objects.update(minutes=240)
    User.objects.update(time_multiplier=Decimal(2))
    signed_in = timezone.now()
    time_machine.move_to(signed_in, tick=False)
    client = Client()
    client.force_login(student)
    # a sign-in that is almost over
    time_machine.move_to(signed_in + timedelta(seconds=age - 60), tick=False)
    client.post(reverse("exams:start", args=[blueprint.key]))
    attempt = Attempt.objects.get()
    ends = Session.objects.get(pk=client.session.session_key).expire_date
    time_machine.move_to(attempt.deadline_at - timedelta(seconds=1), tick=False)
    last = sent(client, attempt, 1, "1")
    say(f"A14: a sign-in of {age} s ends {ends - attempt.deadline_at} after the exam")
    assert ends >= attempt.deadline_at + timedelta(hours=1)
    assert last.status_code == 200


# --- floods --------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_floods_of_answers_are_refused_for_a_minute(attempt: Attempt, at: datetime) -> None:
    item = attempt.items.get(position=1)
    Response.objects.bulk_create(
        Response(item=item, attempt=attempt, value=1, client_id="f" * 16, seq=seq, received_at=at)
        for seq in range(1, 601)
    )
    with pytest.raises(TooManyAnswers):
        answer(attempt, 2, at + timedelta(seconds=59))
    assert answer(attempt, 2, at + timedelta(seconds=61)).is_answered


@pytest.mark.django_db
def test_flood_is_told_when_to_come_again(attempt: Attempt, at: datetime, time_machine: Any) -> None:
    time_machine.move_to(at, tick=False)
    item = attempt.items.get(position=1)
    Response.objects.bulk_create(
        Response(item=item, attempt=attempt, value=1, client_id="f" * 16, seq=seq, received_at=at)
        for seq in range(1, 601)
    )
    refused = sent(client_of(attempt.user), attempt, 2, "1")
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    assert Response.objects.count() == 600
