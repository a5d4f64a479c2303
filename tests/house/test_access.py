"""The authorization matrix: every URL × method × role and state gives the status that its rule promises.

The table ``RULES`` says for each view which rule it has; a view that is missing from it fails the first
test, so a new URL cannot escape. Objects in the URLs belong to ``student``. What packages bring (accounts,
the admin) is swept by address. That each gate turns red is proved in ``test_planted``.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.http import parse_http_date_safe

from tests.house.test_walls import own_views, sample_urls
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
ADMINISTRATOR = "administrator"
READ, WRITE, BOTH = {"GET", "HEAD"}, {"POST"}, {"GET", "HEAD", "POST"}

Rule = tuple[str, set[str], Callable[[World], list[Any]]]
Rules = Mapping[str, Rule]


def nothing(world: World) -> list[Any]:
    return []


RULES: Rules = {
    "pages:home": (PUBLIC, READ, nothing),
    "pages:guide": (PUBLIC, READ, nothing),
    "pages:search": (PUBLIC, READ, nothing),
    "pages:notices": (PUBLIC, READ, nothing),
    "pages:certification": (PUBLIC, READ, lambda w: [w.certification.key]),
    "pages:compare_certifications": (PUBLIC, READ, nothing),
    "pages:paths": (PUBLIC, READ, nothing),
    "pages:path": (PUBLIC, READ, lambda w: [w.path.key]),
    "pages:course": (PUBLIC, READ, lambda w: [w.course.key]),
    "pages:lesson": (PUBLIC, READ, lambda w: [w.course.key, w.preview.key]),
    "pages:preview_lesson": (EDITOR, READ, lambda w: [w.draft.pk]),
    "pages:stale_codes": (EDITOR, BOTH, nothing),
    "pages:styleguide": (EDITOR, READ, nothing),
    "pages:today": (MEMBER, READ, nothing),
    "pages:healthz": (PUBLIC, READ, nothing),
    "pages:readyz": (PUBLIC, READ, nothing),
    # not there without a token, without a mail service, and the mailbox not outside a demo
    "reminders:mail_events": ("nowhere", WRITE | {"HEAD"}, lambda w: ["mailgun"]),
    "pages:worker_health": ("nowhere", READ, nothing),
    "pages:mailbox": ("nowhere", READ, nothing),
    "pages:mail": ("nowhere", READ, lambda w: ["0"]),
    "pages:mail_raw": ("nowhere", READ, lambda w: ["0"]),
    "pages:mail_html": ("nowhere", READ, lambda w: ["0"]),
    "catalog:courses": (PUBLIC, READ, nothing),
    "catalog:certifications": (PUBLIC, READ, nothing),
    "codesets:lookup": (PUBLIC, READ, nothing),
    "codesets:search_json": (PUBLIC, READ, nothing),
    "codesets:pcs": (PUBLIC, READ, nothing),
    "codesets:pcs_table": (PUBLIC, READ, lambda w: ["0DT"]),
    "codesets:browse": (PUBLIC, READ, lambda w: ["hcpcs"]),
    "codesets:browse_group": (PUBLIC, READ, lambda w: ["hcpcs", "A"]),
    "codesets:code": (PUBLIC, READ, lambda w: ["icd10cm", w.code]),
    "codesets:releases": (PUBLIC, READ, nothing),
    "codesets:release": (PUBLIC, READ, lambda w: [w.release.pk]),
    "codesets:release_csv": (PUBLIC, READ, lambda w: [w.release.pk]),
    "codesets:index_books": (PUBLIC, READ, nothing),
    "codesets:index_book": (PUBLIC, READ, lambda w: ["icd10cm", "index"]),
    "codesets:index_letter": (PUBLIC, READ, lambda w: ["icd10cm", "index", "D"]),
    "codesets:index_term": (PUBLIC, READ, lambda w: ["icd10cm", "index", 1]),
    "codesets:panel": (PUBLIC, READ, lambda w: ["icd10cm", w.code]),
    "codesets:saved": (MEMBER, READ, nothing),
    "codesets:save_code": (MEMBER, WRITE, lambda w: ["icd10cm", w.code]),
    "codesets:edit_saved": (OWNER, BOTH, lambda w: [w.saved.pk]),
    "codesets:remove_saved": (OWNER, WRITE, lambda w: [w.saved.pk]),
    "progress:follow_path": (MEMBER, WRITE, lambda w: [w.path.key]),
    "progress:tick_task": (MEMBER, WRITE, lambda w: [w.path.key, w.task]),
    "progress:enrol": (MEMBER, WRITE, lambda w: [w.course.key]),
    "progress:complete_lesson": (MEMBER, WRITE, lambda w: [w.course.key, w.preview.key]),
    "progress:save_note": (MEMBER, WRITE, lambda w: [w.course.key, w.preview.key]),
    "progress:reading_beat": (MEMBER, WRITE, lambda w: [w.course.key, w.preview.key]),
    "progress:report_lesson": (MEMBER, BOTH, lambda w: [w.course.key, w.preview.key]),
    "exams:practice": (MEMBER, READ, nothing),
    "exams:set_new": (MEMBER, BOTH, nothing),
    "exams:review": (MEMBER, BOTH, nothing),
    "exams:rate_card": (MEMBER, WRITE, nothing),
    "exams:cards": (MEMBER, READ, nothing),
    "exams:suspend_card": (OWNER, WRITE, lambda w: [w.card.pk]),
    "exams:daily_question": (MEMBER, BOTH, nothing),
    "exams:practice_settings": (MEMBER, BOTH, nothing),
    "exams:progress": (MEMBER, READ, nothing),
    "exams:readiness": (MEMBER, READ, lambda w: [w.certification.key]),
    "exams:plan": (MEMBER, READ, nothing),
    "exams:plan_today": (MEMBER, READ, nothing),
    "exams:edit_plan": (MEMBER, BOTH, nothing),
    "exams:stop_plan": (MEMBER, BOTH, nothing),
    "pages:calendar": (MEMBER, BOTH, nothing),
    "pages:calendar_feed": (PUBLIC, READ, lambda w: [w.calendar_token]),
    "exams:your_reports": (MEMBER, READ, nothing),
    "exams:changes": (PUBLIC, READ, nothing),
    "exams:report_question": (OWNER, BOTH, lambda w: [w.finished.pk, 1]),
    "exams:preview_question": (EDITOR, READ, lambda w: [w.revision.pk]),
    "exams:triage": (EDITOR, READ, nothing),
    "exams:question_statistics": (EDITOR, READ, lambda w: [w.revision.question.key]),
    "exams:answer_reports": (EDITOR, WRITE, lambda w: [w.revision.pk]),
    "exams:propose_correction": (EDITOR, BOTH, lambda w: [w.revision.pk]),
    "exams:corrections": (EDITOR, READ, nothing),
    "exams:correction": (EDITOR, READ, lambda w: [w.correction.pk]),
    "exams:apply_correction": (EDITOR, WRITE, lambda w: [w.correction.pk]),
    "exams:withdraw_correction": (EDITOR, WRITE, lambda w: [w.correction.pk]),
    "exams:start": (MEMBER, WRITE, lambda w: [w.blueprint.key]),
    "exams:attempt": (OWNER, READ, lambda w: [w.attempt.pk]),
    "exams:start_sitting": (MEMBER, WRITE, lambda w: [w.sitting.pk]),
    "exams:section": (OWNER, BOTH, lambda w: [w.attempt.pk, 1]),
    "exams:take_break": (OWNER, WRITE, lambda w: [w.sectioned.pk, 1]),
    "exams:reveal": (OWNER, WRITE, lambda w: [w.tutored.pk, 1]),
    "exams:trace": (OWNER, WRITE, lambda w: [w.attempt.pk]),
    "exams:reference": (OWNER, BOTH, lambda w: [w.attempt.pk]),
    "exams:pause": (OWNER, WRITE, lambda w: [w.attempt.pk]),
    "exams:resume": (OWNER, WRITE, lambda w: [w.attempt.pk]),
    "exams:answer": (OWNER, WRITE, lambda w: [w.attempt.pk]),
    "exams:finish": (OWNER, BOTH, lambda w: [w.attempt.pk]),
    "exams:report": (OWNER, READ, lambda w: [w.finished.pk]),
    "exams:report_pdf": (OWNER, READ, lambda w: [w.finished.pk]),
    "exams:compare": (OWNER, READ, lambda w: [w.finished.pk]),
    "exams:answer_checkpoint": (MEMBER, WRITE, lambda w: [w.checkpoint.pk]),
    "credentials:credentials": (MEMBER, READ, nothing),
    "credentials:record": (MEMBER, BOTH, nothing),
    "credentials:credential": (OWNER, READ, lambda w: [w.held.pk]),
    "credentials:start": (MEMBER, BOTH, nothing),
    "credentials:edit": (OWNER, BOTH, lambda w: [w.held.pk]),
    "credentials:cycle": (OWNER, READ, lambda w: [w.held.cycles.get().pk]),
    "credentials:edit_cycle": (OWNER, BOTH, lambda w: [w.held.cycles.get().pk]),
    "credentials:extend_cycle": (OWNER, WRITE, lambda w: [w.held.cycles.get().pk]),
    "credentials:report_cycle": (OWNER, WRITE, lambda w: [w.held.cycles.get().pk]),
    "credentials:tick_step": (OWNER, WRITE, lambda w: [w.held.cycles.get().pk]),
    "credentials:apprentice": (OWNER, READ, lambda w: [w.held.pk]),
    "credentials:add_proof": (OWNER, WRITE, lambda w: [w.held.pk, "work"]),
    "credentials:remove_proof": (OWNER, WRITE, lambda w: [w.proof.pk]),
    "credentials:remove_apprentice_mark": (OWNER, WRITE, lambda w: [w.held.pk]),
    "credentials:rules": (PUBLIC, READ, nothing),
    "credentials:rule_set": (PUBLIC, READ, lambda w: [w.rule_set.key]),
    "credentials:activities": (MEMBER, READ, nothing),
    "credentials:add_credit": (MEMBER, BOTH, nothing),
    "credentials:import_credits": (MEMBER, BOTH, nothing),
    "credentials:import_template": (MEMBER, READ, nothing),
    "credentials:credit": (OWNER, READ, lambda w: [w.credit.pk]),
    "credentials:place": (OWNER, WRITE, lambda w: [w.credit.pk]),
    "credentials:withdraw_credit": (OWNER, BOTH, lambda w: [w.credit.pk]),
    "credentials:what_if": (MEMBER, READ, nothing),
    "credentials:add_evidence": (OWNER, BOTH, lambda w: [w.credit.pk]),
    "credentials:evidence": (OWNER, READ, lambda w: [w.evidence.pk]),
    "credentials:remove_evidence": (OWNER, BOTH, lambda w: [w.evidence.pk]),
    "credentials:proof_file": (OWNER, READ, lambda w: [w.proof_file.pk]),
    "credentials:reviews": (ADMINISTRATOR, READ, nothing),
    "credentials:review": (ADMINISTRATOR, BOTH, lambda w: [w.credit.pk]),
    "credentials:check_form": (PUBLIC, READ, nothing),
    "credentials:check": (PUBLIC, READ, lambda w: [w.certificate.check_id]),
    "credentials:badge_issuer": (PUBLIC, READ, nothing),
    "credentials:badge_keys": (PUBLIC, READ, nothing),
    "credentials:badge_key": (PUBLIC, READ, lambda w: [w.certificate.key_id]),
    "credentials:badge_achievement": (PUBLIC, READ, lambda w: [w.course.key]),
    "credentials:badge_status": (PUBLIC, READ, lambda w: [0]),
    "credentials:certificates": (MEMBER, READ, nothing),
    "credentials:certificate_pdf": (OWNER, READ, lambda w: [w.certificate.check_id]),
    "credentials:certificate_badge": (OWNER, READ, lambda w: [w.certificate.check_id]),
    "credentials:revoke_certificate": (ADMINISTRATOR, BOTH, lambda w: [w.certificate.check_id]),
    "credentials:reissue_certificate": (ADMINISTRATOR, BOTH, lambda w: [w.certificate.check_id]),
    "credentials:transcript": (MEMBER, READ, nothing),
    "credentials:transcript_pdf": (MEMBER, READ, nothing),
    "credentials:transcript_csv": (MEMBER, READ, nothing),
    "credentials:packets": (MEMBER, BOTH, nothing),
    "credentials:packet": (OWNER, READ, lambda w: [w.packet.pk]),
    "credentials:download_packet": (OWNER, READ, lambda w: [w.packet.pk]),
    "reminders:reminders": (MEMBER, BOTH, nothing),
    "reminders:start_again": (MEMBER, WRITE, nothing),
    "reminders:write_again": (MEMBER, WRITE, nothing),
    "reminders:history": (MEMBER, READ, nothing),
    "reminders:sent": (OWNER, READ, lambda w: [w.mailed.pk]),
    "reminders:sent_html": (OWNER, READ, lambda w: [w.mailed.pk]),
    "reminders:inbox": (MEMBER, READ, nothing),
    "reminders:mark": (OWNER, WRITE, lambda w: [w.told.pk]),
    "reminders:mark_all": (MEMBER, WRITE, nothing),
    "reminders:unmark_all": (MEMBER, WRITE, nothing),
    "reminders:stop": (PUBLIC, BOTH, lambda w: [w.stop_token]),
    "reminders:undo_stop": (OWNER, WRITE, lambda w: [w.stop_token]),
    "jobs:job": (OWNER, READ, lambda w: [w.job.pk]),
    "accounts:profile": (MEMBER, BOTH, nothing),
    "accounts:terms": (MEMBER, BOTH, nothing),
}
#: Owner pages that staff of a role may see too.
ALSO = {"jobs:job": {"editor", "administrator"}, "credentials:evidence": {"administrator"}}
#: Open to staff before they have a second factor, and to people before they accept the terms.
BEFORE_TERMS = {"accounts:terms"}
#: Takes a POST without a CSRF token: one-click stop of RFC 8058, whose own token is the proof, and the mail
#: service, whose signature is.
NO_CSRF = {"reminders:stop", "reminders:mail_events"}


def expected(name: str, who: str, method: str, rules: Rules = RULES) -> set[int]:
    """The statuses that the rule of a view allows."""
    rule, methods, _args = rules[name]
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
    stranger = (
        (rule == EDITOR and who not in {"editor", "administrator"})
        or (rule == ADMINISTRATOR and who != "administrator")
        or (rule == OWNER and who not in {"student"} | ALSO.get(name, set()))
    )
    if stranger:
        return {404, 405} if method not in methods else {404}
    return served if method in methods else {405}


# --- the gates -----------------------------------------------------------------------------------------
def unlisted(rules: Rules = RULES) -> set[str]:
    """Views without a rule, and rules without a view."""
    return set(rules) ^ set(own_views())


def wrong_answers(client: Client, who: str, rules: Rules, world: World) -> list[str]:
    """Every URL of ``rules`` by every method; the answers that their rule does not allow."""
    wrong = []
    for name, (_rule, _methods, args) in rules.items():
        url = reverse(name, args=args(world))
        for method in METHODS:
            allowed = expected(name, who, method, rules)
            with world.untouched():
                status = client.generic(method, url).status_code
            if status not in allowed:
                wrong.append(f"{method} {name} as {who}: {status}, not {sorted(allowed)}")
    return wrong


def pages(rules: Rules, world: World) -> list[str]:
    return [reverse(n, args=args(world)) for n, (_rule, methods, args) in rules.items() if "GET" in methods]


def written_by_get(client: Client, urls: Iterable[str], world: World) -> list[str]:
    """Tables in which opening the pages, each twice, changed a row."""
    before = world.rows()
    for url in urls:
        client.get(url)
        client.get(url)
    after = world.rows()
    return [table for table in before if before[table] != after[table]]


def taken_without_token(client: Client, urls: Iterable[str]) -> list[str]:
    """Addresses that take a POST without the right CSRF token from a browser that checks it."""
    wrong = {"X-CSRFToken": "x" * 32}
    return [
        url
        for url in urls
        if {client.post(url).status_code, client.post(url, headers=wrong).status_code} != {403}
    ]


def kept_by_caches(client: Client, urls: Iterable[str]) -> list[str]:
    """Pages that a cache, a browser's, a proxy's or our own, may keep of what a signed-in person saw."""
    kept = []
    for url in urls:
        answer = client.get(url)
        # cache_page leaves Expires: the page would be served to the next person from our own cache
        expires = parse_http_date_safe(answer.get("Expires", "")) or 0
        if answer.get("Cache-Control") != "private, no-store" or expires > time.time() + 1:
            kept.append(url)
    return kept


# --- our own views ---------------------------------------------------------------------------------------
def test_table_names_every_view() -> None:
    assert unlisted() == set()


@pytest.mark.django_db
@pytest.mark.parametrize("who", WHO)
def test_every_url_answers_as_its_rule_says(who: str, world: World) -> None:
    assert wrong_answers(world.client(who), who, RULES, world) == []


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
    assert written_by_get(world.client(who), pages(RULES, world), world) == []


@pytest.mark.django_db
def test_signed_in_pages_are_never_cached(world: World) -> None:
    client, urls = world.client("student"), pages(RULES, world)

    assert kept_by_caches(client, urls) == []
    for url in urls:
        answer = client.get(url)
        assert "default-src 'none'" in answer["Content-Security-Policy"], url
        assert answer["X-Content-Type-Options"] == "nosniff", url


# --- every address, those of packages too ----------------------------------------------------------------
@pytest.mark.django_db
def test_post_without_csrf_token_is_refused_everywhere(world: World) -> None:
    urls = [reverse(name, args=args(world)) for name, (_r, _m, args) in RULES.items() if name not in NO_CSRF]
    packages = [url for url in sample_urls() if url.startswith(("/account/", "/admin/"))]

    assert taken_without_token(world.client("student", enforce_csrf_checks=True), urls + packages) == []


@pytest.mark.django_db
@pytest.mark.parametrize(("who", "closed"), [("anonymous", {302}), ("student", {404, 405})])
def test_admin_is_closed_by_every_method(who: str, closed: set[int], world: World) -> None:
    client = world.client(who)
    urls = [url for url in sample_urls() if url.startswith("/admin/")]

    answers = {(method, url): client.generic(method, url).status_code for url in urls for method in METHODS}

    assert len(urls) > 200
    assert {key: got for key, got in answers.items() if got not in closed} == {}


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["anonymous", "student", "no_factor"])
def test_account_pages_never_break(who: str, world: World) -> None:
    client = world.client(who)
    for url in sample_urls():
        if url.startswith("/account/"):
            for method in METHODS:
                with world.untouched():
                    assert client.generic(method, url).status_code < 500, f"{method} {url}"


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["student", "administrator"])
def test_account_and_admin_pages_are_never_cached(who: str, world: World) -> None:
    client = world.client(who)
    for url in sample_urls():
        if url.startswith(("/account/", "/admin/")):
            with world.untouched():
                answer = client.get(url)
            assert answer["Cache-Control"] == "private, no-store", url
