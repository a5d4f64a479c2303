"""Requests that no page of ours makes: each is refused, none ends in an error of the server."""

import json
from datetime import datetime
from itertools import product
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from courses.exams.models import Attempt, AttemptItem, ItemMark, Response, TraceEvent

pytestmark = pytest.mark.django_db

TAB = "a" * 16
HUGE = 10**30
DEEP = "[" * 100_000
#: Texts that a database cannot keep, or should not.
UNKEEPABLE = ["\x00", "\ud800", "x" * 10_000, "9" * 5_000]
#: Those that a form can send.
TYPED = ["\x00", "x" * 10_000, "9" * 5_000, DEEP, "-1", str(HUGE)]


@pytest.fixture(autouse=True)
def now(at: datetime, time_machine: Any) -> Any:
    time_machine.move_to(at, tick=False)
    return time_machine


def send(client: Client, attempt: Attempt, body: Any, name: str = "answer") -> int:
    if not isinstance(body, str | bytes):
        body = json.dumps(body)
    url = reverse(f"exams:{name}", args=[attempt.pk])
    return client.post(url, body, content_type="application/json").status_code


def test_answer_of_any_shape_is_refused_or_kept_whole(as_student: Client, attempt: Attempt) -> None:
    for body in (
        "",
        "{",
        "null",
        "[]",
        "7",
        '"text"',
        b"\xff\xfe",
        DEEP,
        f'{{"position": 1, "answer": {DEEP}',
        '{"position": 1e999}',
        '{"position": ' + "9" * 5_000 + "}",
        {"position": HUGE, "answer": {"choice": ["1"]}},
        {"position": [], "answer": {"choice": ["1"]}},
        {"position": {}, "answer": {"choice": ["1"]}},
        {"position": True, "answer": {"choice": ["1"]}, "client_id": TAB},
        {"position": 1, "answer": {"choice": ["1"]}, "client_id": [], "seq": {}},
        {"position": 1, "answer": {"choice": ["1"]}, "client_id": TAB, "seq": HUGE},
        {"position": 1, "answer": {"choice": [1]}},
        {"position": 1, "answer": [["choice", "1"]]},
        {"position": 1, "answer": "choice"},
        {"position": 1, "answer": {"choice": ["1"] * 10_000}},
        {"position": 1, "flagged": []},
        {"position": 1, "flagged": {}},
        {"position": 1, "struck": [HUGE, "1"]},
        {"position": 1, "struck": {"1": 1}},
        {"position": 1, "highlights": [[-1, 2]]},
        {"position": 1, "highlights": [[0, HUGE]]},
        {"position": 1, "highlights": [[[0], 2]]},
        {"position": 1, "note": {"a": 1}},
        *({"position": 1, "note": text} for text in UNKEEPABLE),
        *({"position": 1, "answer": {"choice": [text]}, "client_id": TAB, "seq": 1} for text in UNKEEPABLE),
        *({"position": 1, "answer": {text: ["1"]}, "client_id": text, "seq": 1} for text in UNKEEPABLE),
    ):
        assert send(as_student, attempt, body) in (200, 404, 422), str(body)[:80]
    assert {one.value for one in Response.objects.all()} <= {1, None}
    assert not ItemMark.objects.exclude(highlights=[]).exists()
    assert ItemMark.objects.get().note == "?"


def test_steps_of_any_shape_are_refused(as_student: Client, attempt: Attempt) -> None:
    for body in (
        DEEP,
        [],
        {"client_id": TAB, "steps": {}},
        {"client_id": TAB, "steps": [[]]},
        {"client_id": TAB, "steps": [{"seq": HUGE, "position": 1, "seconds": 1}]},
        {"client_id": "\x00", "steps": []},
        {"client_id": [], "steps": [{"seq": 1, "position": 1, "seconds": 1}]},
    ):
        assert send(as_student, attempt, body, "trace") == 422, str(body)[:80]
    assert not TraceEvent.objects.exists()


def test_form_of_any_content_is_no_error(as_student: Client, attempt: Attempt) -> None:
    for field, text in product(("position", "struck", "note", "flagged", "choice", "highlights"), TYPED):
        sent = {"position": "1", "choice": "1"} | {field: text}
        status = as_student.post(reverse("exams:answer", args=[attempt.pk]), sent).status_code
        assert status in (302, 422), (field, text[:80])


@pytest.mark.parametrize("text", TYPED, ids=["nul", "long", "digits", "deep", "negative", "huge"])
def test_query_of_any_content_is_no_error(as_student: Client, attempt: Attempt, text: str) -> None:
    for name, field in (
        *[
            ("set_new", field)
            for field in ("from", "missed", "of_attempt", "domain", "count", "kind", "mode")
        ],
        *[("practice", "page"), ("cards", "q"), ("cards", "page"), ("edit_plan", "exam"), ("progress", "by")],
        *[("your_reports", "page"), ("changes", "page")],
    ):
        status = as_student.get(reverse(f"exams:{name}"), {field: text}).status_code
        assert status in (200, 404), (name, field, status)
    for field in ("at", "section"):
        assert as_student.get(reverse("exams:reference", args=[attempt.pk]), {field: text}).status_code == 200


@pytest.mark.parametrize("text", TYPED, ids=["nul", "long", "digits", "deep", "negative", "huge"])
def test_posts_of_any_content_are_no_error(as_student: Client, attempt: Attempt, text: str) -> None:
    reference = reverse("exams:reference", args=[attempt.pk])
    for url, sent in (
        (reference, {"q": text}),
        (reference, {"code": f"icd10cm {text}"}),
        (reference, {"code": f"{text} A00"}),
        (reference, {"q": "fever", "position": text}),
        (reverse("exams:set_new"), {"token": text, "count": "5"}),
        (reverse("exams:set_new"), {"token": "t", "count": text}),
        (reverse("exams:set_new"), {"token": "t", "of_attempt": text, "domain": text, "mode": text}),
        (reverse("exams:set_new"), {"recount": "1", "domain": text}),
        (reverse("exams:rate_card"), {"ticket": text, "rating": "1"}),
        (reverse("exams:review"), {"ticket": text}),
        (reverse("exams:daily_question"), {"ticket": text}),
        (reverse("exams:edit_plan"), {"exam": text, "exam_on": text, "hours_per_week": text}),
        (reverse("exams:practice_settings"), {"daily_cap": text, "easy_days": text}),
        (reverse("exams:start", args=["mock"]), {"mode": text}),
    ):
        status = as_student.post(url, sent).status_code
        # 400: Django makes no redirect to an address of 100,000 characters
        allowed = (200, 302, 404, 422, 400) if text == DEEP else (200, 302, 404, 422)
        assert status in allowed, (url, list(sent), status)


def test_number_beyond_any_row_is_not_found(as_student: Client, attempt: Attempt) -> None:
    body = json.dumps({"position": 1, "answer": {"choice": ["1"]}, "client_id": TAB, "seq": 1, "steps": []})
    for number in (HUGE, 10**18 - 1):
        for end in ("", "finish/", "report/", "report.pdf", "compare/", "reference/"):
            assert as_student.get(f"/attempts/{number}/{end}").status_code == 404, end
        for end in ("answer/", "trace/", "pause/", "resume/", "finish/", "items/1/reveal/"):
            url = f"/attempts/{number}/{end}"
            assert as_student.post(url, body, content_type="application/json").status_code == 404, end
        for url in (f"/practice/review/cards/{number}/suspend/", f"/practice/sittings/{number}/start/"):
            assert as_student.post(url).status_code == 404, url
        assert as_student.post(f"/checkpoints/{number}/").status_code == 404
    for name in ("section", "report_question"):
        assert as_student.get(reverse(f"exams:{name}", args=[attempt.pk, HUGE])).status_code == 404, name
    for name in ("reveal", "take_break", "section"):
        assert as_student.post(reverse(f"exams:{name}", args=[attempt.pk, HUGE])).status_code == 404, name
    assert not AttemptItem.objects.exclude(revealed_at=None).exists()
