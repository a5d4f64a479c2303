"""A11: nothing of a key is told before the end, by any page or answer, for any kind of question."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver

from accounts.models import User
from courses.exams import actions, kinds
from courses.exams.models import Attempt, Blueprint, Domain, QuestionRevision
from tests.exams.conftest import CANARY, MakeQuestion
from tests.exams.kinds.samples import RIGHT, SAMPLES

pytestmark = pytest.mark.django_db

#: Keys of their own, which no page has a reason to name.
SECRET_CODE, SECRET_NUMBER = "Z77.29", "73519"


def with_canaries(source: Any) -> Any:
    """The source with a canary in everything that explains, and keys that stand out."""
    if isinstance(source, list):
        return [with_canaries(one) for one in source]
    if not isinstance(source, dict):
        return source
    marked = {name: with_canaries(value) for name, value in source.items()}
    for name in ("rationale", "mistake"):
        if marked.get(name):
            marked[name] = f"{CANARY} {marked[name]}"
    if "code" in marked:
        marked |= {"system": "icd10cm", "code": SECRET_CODE, "alternatives": []}
        for name in ("modifiers", "units"):
            marked.pop(name, None)
    if "answer" in marked:
        marked["answer"] = SECRET_NUMBER
    return marked


@pytest.fixture
def every_kind(make_question: MakeQuestion, make_exam: Callable[..., Blueprint], domain: Domain) -> Blueprint:
    """An exam of one question of each kind."""
    blueprint = make_exam(
        {"kinds": sorted(kinds.registered()), "domains": [{"domain": domain, "count": len(SAMPLES)}]}
    )
    # the fixture's own questions are of one kind
    QuestionRevision.objects.update(published_at=None)
    for kind, source in SAMPLES.items():
        source = with_canaries(deepcopy(source))
        for part in [source, *source.get("parts", ())]:
            if "lines" in part:  # the same code twice is no key
                part["lines"] = part["lines"][:1]
                part["lines"][0].pop("optional", None)
        make_question(
            f"kind-{kind}", kind=kind, source=source, stem=f"A question of the kind {kind.replace('_', ' ')}?"
        )
    return blueprint


def leaks(body: str) -> list[str]:
    """What of a key stands in a page, comments, scripts and attributes included."""
    found = [CANARY] if CANARY in body else []
    found += [
        secret for secret in (SECRET_CODE, SECRET_CODE.replace(".", ""), SECRET_NUMBER) if secret in body
    ]
    for word in ("answer_key", "rationale", "is_correct", "explained"):
        found += [word] if re.search(rf"\b{word}\b", body) else []
    return found


def plain_pages() -> list[str]:
    """Every URL of the site that needs no arguments."""

    def walk(patterns: list[Any], space: str = "") -> list[str]:
        names: list[str] = []
        for one in patterns:
            if isinstance(one, URLResolver) and one.app_name != "admin":
                names += walk(one.url_patterns, f"{space}{one.namespace}:" if one.namespace else space)
            elif isinstance(one, URLPattern) and one.name and not one.pattern.converters:
                names.append(space + one.name)
        return names

    found = []
    for name in walk(get_resolver().url_patterns):
        with suppress(NoReverseMatch):  # it stands below a pattern that needs arguments
            found.append(reverse(name))
    return found


def crawl(client: Client, start: list[str]) -> dict[str, str]:
    """Pages by their address, following every link of ours; pages of attempts all, others once a kind."""
    bodies: dict[str, str] = {}
    waiting, shapes = list(start), set()
    while waiting:
        path = waiting.pop(0).split("#")[0]
        if path in bodies or not path.startswith("/") or "logout" in path or path.startswith("/static/"):
            continue
        shape = re.sub(r"\d+", "n", path.split("?")[0]) if "/attempts/" not in path else path
        if shape in shapes:
            continue
        shapes.add(shape)
        answer = client.get(path)
        body = b"".join(answer) if answer.streaming else answer.content
        bodies[path] = f"{body.decode(errors='replace')}\n{answer.headers}"
        waiting += re.findall(r'(?:href|action|src|data-[a-z-]+)="(/[^"]*)"', bodies[path])
        if location := answer.headers.get("Location"):
            waiting.append(location)
    return bodies


def test_a11_nothing_of_a_key_is_told_while_an_exam_runs(
    student: User, as_student: Client, every_kind: Blueprint, at: datetime, time_machine: Any, capsys: Any
) -> None:
    time_machine.move_to(at)
    attempt = actions.start_attempt(user=student, blueprint=every_kind, at=at)
    place = {name: reverse(f"exams:{name}", args=[attempt.pk]) for name in ("attempt", "answer", "finish")}
    answers = []
    for item in attempt.items.select_related("question_revision"):
        fields = RIGHT.get(item.question_revision.kind, {})
        for document in (
            {"position": item.position, "client_id": "a" * 16, "seq": item.position, "answer": fields},
            {"position": item.position, "flagged": True},
            {"position": item.position, "note": "Mine"},
        ):
            answers.append(
                as_student.post(place["answer"], json.dumps(document), content_type="application/json")
            )
        answers.append(as_student.post(reverse("exams:reveal", args=[attempt.pk, item.position])))
        answers.append(as_student.post(place["answer"], {"position": item.position, **fields}))

    bodies = crawl(as_student, [*place.values(), *plain_pages()])

    told = {path: leaks(body) for path, body in bodies.items() if leaks(body)}
    told |= {f"answer {n}": leaks(one.content.decode()) for n, one in enumerate(answers)}
    told = {path: found for path, found in told.items() if found}
    with capsys.disabled():
        print(
            f"\nA11: {len(SAMPLES)} kinds, {len(bodies)} pages, {len(answers)} answers: {len(told)} tell",
            end=" ",
        )
    assert attempt.items.count() == len(SAMPLES)
    assert all(
        f"A question of the kind {kind.replace('_', ' ')}?" in bodies[place["attempt"]] for kind in SAMPLES
    )
    assert len(bodies) > 30
    assert told == {}


def test_a11_gate_is_red_when_a_page_tells(
    student: User, as_student: Client, every_kind: Blueprint, at: datetime, time_machine: Any
) -> None:
    # the planted fault: the same crawl a moment after the end
    time_machine.move_to(at)
    attempt = actions.start_attempt(user=student, blueprint=every_kind, at=at)
    actions.finish_attempt(attempt_id=attempt.pk, user=student, at=at)
    report = crawl(as_student, [reverse("exams:report", args=[attempt.pk])])
    assert CANARY in leaks(report[reverse("exams:report", args=[attempt.pk])])
    assert SECRET_NUMBER in leaks(report[reverse("exams:report", args=[attempt.pk])])


def test_a11_tutored_set_tells_only_what_was_revealed(
    student: User, as_student: Client, every_kind: Blueprint, at: datetime, time_machine: Any
) -> None:
    time_machine.move_to(at)
    attempt: Attempt = actions.start_attempt(user=student, blueprint=every_kind, at=at, mode="tutor")
    room = reverse("exams:attempt", args=[attempt.pk])
    before = as_student.get(room).content.decode()
    single = attempt.items.get(question_revision__kind="numeric")
    shown = as_student.post(reverse("exams:reveal", args=[attempt.pk, single.position])).content.decode()
    after = as_student.get(room).content.decode()
    assert leaks(before) == []
    assert CANARY in shown and SECRET_NUMBER in shown
    assert after.count(CANARY) == shown.count(CANARY)
    assert SECRET_CODE not in after
