"""Many requests at once, on whichever database the suite runs: RELIABILITY A1, A2, A3, A9."""

import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar

import pytest
from django.db import IntegrityError, connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from courses.exams.actions import (
    AttemptClosed,
    apply_correction,
    correcting,
    finish_attempt,
    propose_correction,
    rescore,
    start_attempt,
    submit_answer,
    sweep_overdue,
)
from courses.exams.models import (
    Attempt,
    AttemptItem,
    Blueprint,
    ItemResult,
    KeyCorrection,
    QuestionRevision,
    Response,
    Score,
)
from tests.conftest import MakePerson
from tests.exams.conftest import right, wrong

T, R = TypeVar("T"), TypeVar("R")

pytestmark = pytest.mark.django_db(transaction=True)


def together(work: Callable[[T], R], loads: Iterable[T], *, threads: int = 16) -> list[R]:
    """``work`` on every load by many threads, each with a connection of its own."""

    def run(load: T) -> R:
        try:
            return work(load)
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, loads))


def client_of(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    client.get(reverse("exams:practice"))
    return client


def browser(origin: Client) -> Client:
    """Another tab of the same session: a test client is no more than one thread's."""
    client = Client(raise_request_exception=False)
    client.cookies = origin.cookies
    return client


def test_parallel_submits_score_once(attempt: Attempt, time_machine: Any, at: datetime) -> None:
    time_machine.move_to(at)
    session = client_of(attempt.user)
    finish, report = (reverse(f"exams:{name}", args=[attempt.pk]) for name in ("finish", "report"))

    answers = together(lambda _: browser(session).post(finish), range(100))

    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, report)}
    assert Score.objects.count() == 1
    assert ItemResult.objects.count() == 3


def test_parallel_starts_open_one_attempt_each(
    make_person: MakePerson, blueprint: Blueprint, at: datetime
) -> None:
    people = [make_person(f"p{number}@example.com") for number in range(5)]

    opened = together(
        lambda user: start_attempt(user=user, blueprint=blueprint, at=at).pk,
        Random(1).sample(people * 20, 100),
    )

    assert len(set(opened)) == 5
    assert Attempt.objects.count() == 5
    assert AttemptItem.objects.count() == 15
    assert set(Attempt.objects.values_list("number", flat=True)) == {1}


def test_answers_of_four_tabs_shuffled_and_repeated_are_all_there(
    attempt: Attempt, time_machine: Any, at: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    time_machine.move_to(at)
    session = client_of(attempt.user)
    items = {item.position: item for item in attempt.items.all()}
    place = reverse("exams:answer", args=[attempt.pk])
    rng = Random(4)
    sent = [
        {
            "position": rng.choice(list(items)),
            "client_id": f"{tab:016x}",
            "seq": seq,
            "answer": {"choice": [rng.choice("1234")]},
        }
        for tab in range(4)
        for seq in range(1, 51)
    ]
    order = [one for one in sent for _ in range(2 if rng.random() < 0.1 else 1)]
    order = [one for _, one in sorted(enumerate(order), key=lambda pair: pair[0] + rng.uniform(0, 6))]

    answers = together(
        lambda one: browser(session).post(place, json.dumps(one), content_type="application/json"), order
    )

    missing = len(sent) - Response.objects.count()
    with capsys.disabled():
        print(f"\nA3: {len(sent)} answers of 4 tabs in {len(order)} messages: {missing} missing", end=" ")
    assert {answer.status_code for answer in answers} == {200}
    assert missing == 0
    for position, item in items.items():
        newest = max(
            (one for one in sent if one["position"] == position),
            key=lambda one: (one["seq"], one["client_id"]),
        )
        assert [str(item.responses.newest_first()[0].value)] == newest["answer"]["choice"]


def test_an_acknowledged_answer_is_scored_however_close_the_submit(
    make_person: MakePerson, blueprint: Blueprint, at: datetime
) -> None:
    attempts = [
        start_attempt(user=make_person(f"p{n}@example.com"), blueprint=blueprint, at=at) for n in range(12)
    ]
    items = {one.pk: one.items.get(position=1) for one in attempts}
    choices = {one.pk: (wrong(items[one.pk]), right(items[one.pk])) for one in attempts}

    def race(load: tuple[Attempt, int]) -> None:
        one, role = load
        if role == 4:
            time.sleep(0.004)
            finish_attempt(attempt_id=one.pk, user=one.user, at=at)
            return
        for seq in range(1, 6):
            try:
                submit_answer(
                    user=one.user,
                    attempt_id=one.pk,
                    position=1,
                    fields=choices[one.pk][seq % 2],
                    client_id=f"{role:016x}",
                    seq=seq,
                    received_at=at,
                )
            except AttemptClosed:
                return

    together(race, [(one, role) for one in attempts for role in range(5)], threads=5)

    for one in attempts:
        newest = items[one.pk].responses.newest_first().first()
        assert ItemResult.objects.get(item=items[one.pk]).response == newest


def test_sweepers_and_a_late_submit_close_once(
    make_person: MakePerson, blueprint: Blueprint, at: datetime
) -> None:
    attempts = [
        start_attempt(user=make_person(f"p{n}@example.com"), blueprint=blueprint, at=at) for n in range(10)
    ]
    later = at + timedelta(hours=1)

    def close(role: int) -> int:
        if role < 3:
            return sweep_overdue(at=later)
        for one in attempts:
            finish_attempt(attempt_id=one.pk, user=one.user, at=later)
        return 0

    closed = together(close, range(4), threads=4)

    assert sum(closed) == Attempt.objects.filter(submitted_by_system=True).count()
    assert Score.objects.count() == 10
    assert not Attempt.objects.open().exists()


def test_without_the_guard_a_second_score_is_refused_by_the_database(attempt: Attempt, at: datetime) -> None:
    # the planted fault: whoever forgets the guarded update meets the constraint
    finish_attempt(attempt_id=attempt.pk, user=attempt.user, at=at)
    with pytest.raises(IntegrityError):
        Score.objects.create(
            attempt=attempt, correct=0, total=3, points=0, percent=0, passed=False, domains=[], scored_at=at
        )


def test_two_workers_score_again_once(
    make_person: MakePerson, blueprint: Blueprint, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lease may be lost while its worker goes on: both write, and an attempt gets one result more."""
    monkeypatch.setattr(correcting, "BATCH", 3)
    for number in range(10):
        person = make_person(f"p{number}@example.com")
        attempt = start_attempt(user=person, blueprint=blueprint, at=at)
        finish_attempt(attempt_id=attempt.pk, user=person, at=at + timedelta(minutes=1))
    revision = AttemptItem.objects.values_list("question_revision", flat=True).order_by("pk")[0]
    correction = propose_correction(
        revision=QuestionRevision.objects.get(pk=revision),
        how="all",
        reason="So.",
        by=make_person("e1@example.com", role=Role.EDITOR),
        at=at,
    )
    later = at + timedelta(hours=1)
    second = make_person("e2@example.com", role=Role.EDITOR)
    apply_correction(correction=correction, by=second, at=later)

    together(
        lambda _: rescore(correction=KeyCorrection.objects.get(pk=correction.pk), at=later),
        range(6),
        threads=6,
    )

    asked = AttemptItem.objects.filter(question_revision=revision).count()
    correction.refresh_from_db()
    assert Score.objects.filter(correction=correction, is_current=True).count() == asked
    assert (correction.attempts, correction.changed) == (asked, asked)
    assert Score.objects.count() == 10 + asked
    assert ItemResult.objects.count() == 3 * (10 + asked)


def test_handing_in_while_a_key_is_corrected_ends_under_the_new_key(
    make_person: MakePerson, blueprint: Blueprint, at: datetime
) -> None:
    attempts = []
    for number in range(12):
        person = make_person(f"p{number}@example.com")
        attempts.append(start_attempt(user=person, blueprint=blueprint, at=at))
    revision = AttemptItem.objects.values_list("question_revision", flat=True).order_by("pk")[0]
    correction = propose_correction(
        revision=QuestionRevision.objects.get(pk=revision),
        how="all",
        reason="So.",
        by=make_person("e1@example.com", role=Role.EDITOR),
        at=at,
    )
    second, later = make_person("e2@example.com", role=Role.EDITOR), at + timedelta(minutes=1)

    def work(one: Attempt | None) -> None:
        if one is not None:
            finish_attempt(attempt_id=one.pk, user=one.user, at=later)
            return
        mine = KeyCorrection.objects.get(pk=correction.pk)
        apply_correction(correction=mine, by=second, at=later)
        rescore(correction=mine, at=later)

    together(work, [*attempts[:6], None, *attempts[6:]], threads=13)

    # who handed in after the work went by was counted by the new key at once
    results = ItemResult.objects.filter(score__is_current=True, item__question_revision=revision)
    assert results.exists()
    assert set(results.values_list("points", flat=True)) == {1}
