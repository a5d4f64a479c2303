"""The authorization matrix: every URL × method × role and state gives the status that its rule promises.

The table ``RULES`` says for each view which rule it has; a view that is missing from it fails the first
test, so a new URL cannot escape. Objects in the URLs belong to ``student``.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.house.test_walls import own_views
from tests.worlds import World

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
WHO = (
    *("anonymous", "student", "other", "instructor", "editor", "manager", "administrator"),
    *("unverified", "suspended", "no_factor", "no_terms", "expired"),
)
#: States in which a person counts as a stranger: there is no valid session.
SIGNED_OUT = {"anonymous", "suspended", "expired"}

# rule -> who may enter; everybody else signed in gets 404
PUBLIC, MEMBER, OWNER, EDITOR = "public", "member", "owner", "editor"
READ, WRITE, BOTH = {"GET", "HEAD"}, {"POST"}, {"GET", "HEAD", "POST"}

Rule = tuple[str, set[str], Callable[[World], list[Any]]]


def nothing(world: World) -> list[Any]:
    return []


RULES: dict[str, Rule] = {
    "pages:home": (PUBLIC, READ, nothing),
    "pages:guide": (PUBLIC, READ, nothing),
    "pages:search": (PUBLIC, READ, nothing),
    "pages:notices": (PUBLIC, READ, nothing),
    "pages:paths": (PUBLIC, READ, nothing),
    "pages:path": (PUBLIC, READ, lambda w: [w.path.key]),
    "pages:course": (PUBLIC, READ, lambda w: [w.course.key]),
    "pages:lesson": (PUBLIC, READ, lambda w: [w.course.key, w.preview.key]),
    "pages:preview_lesson": (EDITOR, READ, lambda w: [w.draft.pk]),
    "pages:styleguide": (EDITOR, READ, nothing),
    "pages:today": (MEMBER, READ, nothing),
    "pages:healthz": (PUBLIC, READ, nothing),
    "pages:readyz": (PUBLIC, READ, nothing),
    # not there without a token, and the mailbox not outside a demo
    "pages:worker_health": ("nowhere", READ, nothing),
    "pages:mailbox": ("nowhere", READ, nothing),
    "pages:mail": ("nowhere", READ, lambda w: ["0"]),
    "pages:mail_raw": ("nowhere", READ, lambda w: ["0"]),
    "pages:mail_html": ("nowhere", READ, lambda w: ["0"]),
    "catalog:courses": (PUBLIC, READ, nothing),
    "catalog:certifications": (PUBLIC, READ, nothing),
    "catalog:certification": (PUBLIC, READ, lambda w: [w.certification.key]),
    "codesets:lookup": (PUBLIC, READ, nothing),
    "codesets:code": (PUBLIC, READ, lambda w: ["icd10cm", w.code]),
    "codesets:panel": (PUBLIC, READ, lambda w: ["icd10cm", w.code]),
    "progress:follow_path": (MEMBER, WRITE, lambda w: [w.path.key]),
    "progress:tick_task": (MEMBER, WRITE, lambda w: [w.path.key, w.task]),
    "progress:enrol": (MEMBER, WRITE, lambda w: [w.course.key]),
    "progress:complete_lesson": (MEMBER, WRITE, lambda w: [w.course.key, w.preview.key]),
    "progress:save_note": (MEMBER, WRITE, lambda w: [w.course.key, w.preview.key]),
    "progress:reading_beat": (MEMBER, WRITE, lambda w: [w.course.key, w.preview.key]),
    "progress:report_lesson": (MEMBER, BOTH, lambda w: [w.course.key, w.preview.key]),
    "exams:practice": (MEMBER, READ, nothing),
    "exams:start": (MEMBER, WRITE, lambda w: [w.blueprint.key]),
    "exams:attempt": (OWNER, READ, lambda w: [w.attempt.pk]),
    "exams:answer": (OWNER, WRITE, lambda w: [w.attempt.pk]),
    "exams:finish": (OWNER, BOTH, lambda w: [w.attempt.pk]),
    "exams:report": (OWNER, READ, lambda w: [w.finished.pk]),
    "exams:answer_checkpoint": (MEMBER, WRITE, lambda w: [w.checkpoint.pk]),
    "credentials:credentials": (MEMBER, READ, nothing),
    "credentials:record": (MEMBER, BOTH, nothing),
    "credentials:credential": (OWNER, READ, lambda w: [w.held.pk]),
    "credentials:add_credit": (OWNER, BOTH, lambda w: [w.held.pk]),
    "credentials:withdraw_credit": (OWNER, BOTH, lambda w: [w.held.pk, w.credit.pk]),
    "reminders:reminders": (MEMBER, BOTH, nothing),
    "reminders:stop": (PUBLIC, BOTH, lambda w: [w.stop_token]),
    "jobs:job": (OWNER, READ, lambda w: [w.job.pk]),
    "accounts:profile": (MEMBER, BOTH, nothing),
    "accounts:terms": (MEMBER, BOTH, nothing),
}
#: Owner pages that staff of a role may see too.
ALSO = {"jobs:job": {"editor", "administrator"}}
#: Open to staff before they have a second factor, and to people before they accept the terms.
BEFORE_TERMS = {"accounts:terms"}


def expected(name: str, who: str, method: str) -> set[int]:
    """The statuses that the rule of a view allows."""
    rule, methods, _args = RULES[name]
    served = {200, 204, 302, 422} if method == "POST" else {200}
    if who == "no_factor":
        return {302}
    if rule == "nowhere":
        return {404} if method in methods else {404, 405}
    if rule == PUBLIC:
        return served if method in methods else {405}
    if who in SIGNED_OUT:
        return {302}
    if who == "no_terms" and name not in BEFORE_TERMS:
        return {302}
    stranger = (rule == EDITOR and who not in {"editor", "administrator"}) or (
        rule == OWNER and who not in {"student"} | ALSO.get(name, set())
    )
    if stranger:
        return {404, 405} if method not in methods else {404}
    return served if method in methods else {405}


def test_table_names_every_view() -> None:
    assert set(RULES) == set(own_views())


@pytest.mark.django_db
@pytest.mark.parametrize("who", WHO)
def test_every_url_answers_as_its_rule_says(who: str, world: World) -> None:
    client = world.client(who)
    wrong = []
    for name, (_rule, _methods, args) in RULES.items():
        url = reverse(name, args=args(world))
        for method in METHODS:
            with world.untouched():
                status = client.generic(method, url).status_code
            if status not in expected(name, who, method):
                wrong.append(f"{method} {url} as {who}: {status}, not {expected(name, who, method)}")
    assert wrong == []


@pytest.mark.django_db
def test_signed_out_people_are_sent_to_sign_in(world: World) -> None:
    for name, (rule, methods, args) in RULES.items():
        if rule in {PUBLIC, "nowhere"}:
            continue
        url = reverse(name, args=args(world))
        answer = Client().generic(sorted(methods)[0], url)
        assert answer["Location"].startswith(reverse("account_login")), name


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["anonymous", "student", "editor"])
def test_get_changes_nothing(who: str, world: World) -> None:
    client = world.client(who)
    before = world.rows()
    for name, (_rule, methods, args) in RULES.items():
        if "GET" in methods:
            client.get(reverse(name, args=args(world)))
    assert world.rows() == before


@pytest.mark.django_db
def test_post_without_csrf_token_is_refused(world: World) -> None:
    client = world.client("student", enforce_csrf_checks=True)
    for name, (_rule, methods, args) in RULES.items():
        if (
            "POST" not in methods or name == "reminders:stop"
        ):  # one-click stop: RFC 8058, its token is the proof
            continue
        assert client.post(reverse(name, args=args(world))).status_code == 403, name


@pytest.mark.django_db
def test_unguarded_view_is_caught(world: World) -> None:
    # the planted fault: an owner's page served to a stranger must be red
    assert 200 not in expected("exams:report", "other", "GET")
    assert 200 not in expected("pages:preview_lesson", "student", "GET")
    assert expected("exams:report", "anonymous", "GET") == {302}


@pytest.mark.django_db
def test_signed_in_pages_are_never_cached(world: World) -> None:
    client = world.client("student")
    for name, (_rule, methods, args) in RULES.items():
        if "GET" in methods:
            answer = client.get(reverse(name, args=args(world)))
            assert answer["Cache-Control"] == "private, no-store", name
            assert "default-src 'none'" in answer["Content-Security-Policy"], name
            assert answer["X-Content-Type-Options"] == "nosniff", name
