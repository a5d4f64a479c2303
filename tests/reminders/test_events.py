"""B15: what a mail service reports, forged, repeated, late and broken."""

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from django.core.checks import run_checks
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from courses.reminders.mailservices import SERVICES
from courses.reminders.models import MailEvent, Preference, Suppression
from tests.reminders.drill import Drill
from tests.reminders.mailreports import EVENTS, SECRET, as_json, headers, payload, signature

pytestmark = pytest.mark.django_db

WHEN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
Post = Callable[..., Any]


@pytest.fixture
def configure(settings: Settings) -> Callable[[str], None]:
    def to(service: str) -> None:
        settings.MAIL_EVENTS_SERVICE, settings.MAIL_EVENTS_SECRET = service, SECRET

    return to


@pytest.fixture
def post(configure: Callable[[str], None]) -> Post:
    """Post what a service says as it would: without cookies, before a browser's checks."""

    def send(service: str, value: Any, *, secret: str = SECRET, **more: str) -> Any:
        configure(service)
        body = value if isinstance(value, bytes) else as_json(value)
        return Client(enforce_csrf_checks=True).post(
            f"/mail/events/{service}/",
            body,
            content_type="application/json",
            headers=headers(service, body, secret) | more,
        )

    return send


def test_every_service_is_tried() -> None:
    assert set(SERVICES) == set(EVENTS)


# --- what each event does -------------------------------------------------------------------------------
@pytest.mark.parametrize("service", sorted(SERVICES))
@pytest.mark.parametrize(
    ("event", "what", "source"),
    [
        ("hard", "bounced", "bounce"),
        ("full", None, None),  # a service calls it delayed or come back: either way the address stands
        ("policy", "refused", None),
        ("complaint", "complained", "complaint"),
        ("delivered", "delivered", None),
    ],
)
def test_event_of_each_service(
    service: str, event: str, what: str | None, source: str | None, post: Post, student: User
) -> None:
    answer = post(service, payload(service, event, "Sam@Example.com", WHEN))

    assert answer.status_code == 200
    recorded = MailEvent.objects.get()
    assert recorded.happened_at == WHEN
    assert recorded.what == what if what else recorded.what in {"deferred", "refused"}
    assert list(Suppression.objects.values_list("source", "at")) == ([(source, WHEN)] if source else [])
    assert "sam" not in f"{recorded.event_id} {recorded.detail}".lower()


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_unsubscribing_at_a_service_turns_mail_off(
    service: str, post: Post, drill: Drill, student: User
) -> None:
    post(service, payload(service, "unsubscribe", student.email, WHEN))

    wishes = Preference.objects.filter(user=student)
    assert set(wishes.values_list("channel", "is_on", "changed_at")) == {("email", False, WHEN)}
    assert wishes.filter(kind="drill").exists()
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_opened_mail_is_nobodys_business(service: str, post: Post) -> None:
    assert post(service, payload(service, "opened", "sam@example.com", WHEN)).status_code == 200
    assert not MailEvent.objects.exists()


def test_event_names_the_mail_and_hides_addresses_in_its_words(post: Post) -> None:
    said = payload("mailgun", "hard", "sam@example.com", WHEN)
    said["event-data"]["delivery-status"]["message"] = (
        "5.1.1 <sam@example.com>:\r\n user unknown " + "x" * 300
    )

    post("mailgun", said)

    recorded = MailEvent.objects.get()
    assert recorded.message_id == "<abc@example.org>"
    assert recorded.detail.startswith("5.1.1 <[email]>: user unknown xxx") and len(recorded.detail) == 200
    assert Suppression.objects.get().reason == recorded.detail


# --- twice, late, shuffled ------------------------------------------------------------------------------
def test_posts_shuffled_and_thrice_end_in_the_same_state(post: Post) -> None:
    kinds = ("hard", "full", "policy", "complaint", "delivered")
    posts = [
        payload("mailgun", kind, f"p{n % 4}@example.com", WHEN + timedelta(minutes=37 * n % 100), number=n)
        for n, kind in enumerate(kinds * 4)
    ]

    def state() -> tuple[list[Any], list[Any]]:
        return (
            sorted(MailEvent.objects.values_list("event_id", "what", "happened_at")),
            sorted(Suppression.objects.values_list("email_hmac", "source", "reason", "at")),
        )

    for one in posts:
        post("mailgun", one)
    wanted = state()
    MailEvent.objects.all().delete()
    Suppression.objects.all().delete()
    shuffled = posts * 3
    random.Random(15).shuffle(shuffled)

    assert {post("mailgun", one).status_code for one in shuffled} == {200}
    assert state() == wanted
    assert len(wanted[0]) == 20 and len(wanted[1]) == 4


def test_proof_used_again_with_another_body_says_nothing_new(post: Post) -> None:
    # Mailgun signs its token and not the body: whoever got hold of one post must gain nothing by it
    post("mailgun", payload("mailgun", "delivered", "sam@example.com", WHEN))

    answer = post("mailgun", payload("mailgun", "hard", "victim@example.com", WHEN))

    assert answer.status_code == 200
    assert MailEvent.objects.count() == 1 and not Suppression.objects.exists()


def test_event_from_the_future_counts_from_now(post: Post) -> None:
    post("mailgun", payload("mailgun", "hard", "sam@example.com", timezone.now() + timedelta(days=400)))

    assert Suppression.objects.get().at <= timezone.now()


def test_service_without_numbers_is_told_apart_by_what_it_says(post: Post) -> None:
    for _ in range(2):
        post("brevo", payload("brevo", "hard", "sam@example.com", WHEN))
    post("brevo", payload("brevo", "hard", "sam@example.com", WHEN + timedelta(seconds=1)))

    assert MailEvent.objects.count() == 2


# --- forged ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("service", sorted(SERVICES))
def test_wrong_proof_is_refused_and_changes_nothing(service: str, post: Post) -> None:
    said = payload(service, "hard", "sam@example.com", WHEN)
    if service == "mailgun":
        said["signature"] = signature("token-1", secret="robot:guessed-it")

    assert post(service, said, secret="robot:guessed-it").status_code == 401
    assert not MailEvent.objects.exists() and not Suppression.objects.exists()


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_missing_proof_is_refused(service: str, configure: Callable[[str], None]) -> None:
    configure(service)
    said = payload(service, "hard", "sam@example.com", WHEN)
    if service == "mailgun":
        del said["signature"]

    answer = Client().post(f"/mail/events/{service}/", as_json(said), content_type="application/json")

    assert answer.status_code == 401
    assert not MailEvent.objects.exists()


@pytest.mark.parametrize("service", ["mailersend", "mailtrap"])
def test_body_that_was_changed_on_the_way_is_refused(service: str, configure: Callable[[str], None]) -> None:
    configure(service)
    body = as_json(payload(service, "hard", "sam@example.com", WHEN))

    answer = Client().post(
        f"/mail/events/{service}/",
        body.replace(b"sam@", b"eve@"),
        content_type="application/json",
        headers=headers(service, body),
    )

    assert answer.status_code == 401


def test_endpoint_that_checked_no_proof_would_be_noticed(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: the check does nothing."""
    from anymail.webhooks.base import AnymailCoreWebhookView

    monkeypatch.setattr(AnymailCoreWebhookView, "run_validators", lambda self, request: None)

    said = payload("postmark", "hard", "sam@example.com", WHEN)
    assert post("postmark", said, secret="robot:guessed-it").status_code == 200
    assert Suppression.objects.exists()


# --- not there ------------------------------------------------------------------------------------------
def test_endpoint_is_not_there_unless_it_is_configured(settings: Settings) -> None:
    url, said = "/mail/events/mailgun/", as_json(payload("mailgun", "hard", "sam@example.com", WHEN))

    def status() -> int:
        return Client().post(url, said, content_type="application/json").status_code

    settings.MAIL_EVENTS_SERVICE, settings.MAIL_EVENTS_SECRET = "", ""
    assert status() == 404
    settings.MAIL_EVENTS_SERVICE = "mailgun"  # without a secret
    assert status() == 404
    settings.MAIL_EVENTS_SECRET = SECRET
    assert status() == 200
    assert Client().head(url).status_code == 200
    assert Client().get(url).status_code == 405
    settings.MAIL_EVENTS_SERVICE = "postmark"
    assert status() == 404


def test_endpoint_is_not_there_without_the_extra(
    configure: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure("mailgun")
    monkeypatch.setattr("courses.reminders.views.events.find_spec", lambda name: None)

    assert Client().head("/mail/events/mailgun/").status_code == 404


@pytest.mark.parametrize(
    ("service", "secret", "problem"),
    [
        ("", "", []),
        ("mailgun", "k" * 40, []),
        ("postmark", SECRET, []),
        ("postmark", "no-colon-in-this-one", ["reminders.E002"]),
        ("pigeon", SECRET, ["reminders.E001"]),
    ],
)
def test_configuration_that_could_never_work_ends_the_start(
    service: str, secret: str, problem: list[str], settings: Settings
) -> None:
    settings.MAIL_EVENTS_SERVICE, settings.MAIL_EVENTS_SECRET = service, secret

    assert [one.id for one in run_checks() if (one.id or "").startswith("reminders.")] == problem


# --- broken ---------------------------------------------------------------------------------------------
BROKEN = [
    *(b"", b"null", b"[]", b"{}", b"1", b'"x"', b"{", b"\xff\xfe", b"[[]]", b"[null]", b'{"event": null}'),
    *(b'{"signature": 1}', b'{"signature": {"token": [], "timestamp": {}, "signature": 5}}'),
    *(b'{"signature": {"token": "\xc3\xa9", "timestamp": "1", "signature": "\xc3\xa9"}}',),
    *(b'{"events": [1]}', b'{"events": {"a": 1}}', b'[{"msys": 1}]', b'[{"msys": {"a": 1, "b": 2}}]'),
    *(b'{"RecordType": "Inbound"}', b'{"items": []}', b'{"type": "inbound.message"}'),
    *(b'{"data": {"type": "hard_bounced", "email": {"recipient": {"email": 5}}}}',),
    *(b'{"event": "hard_bounce", "email": ["a@b.c"], "ts_epoch": "x"}',),
    *(b'{"event": "hard_bounce", "email": "no address", "ts_epoch": 1e300}', b"[" * 2000),
]


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_broken_post_is_answered_and_never_an_error_of_ours(service: str, post: Post) -> None:
    answers = [post(service, body).status_code for body in BROKEN]
    if service != "mailgun":  # there the proof is part of the body
        assert {200, 400} >= set(answers)
    assert max(answers) < 500
    assert not Suppression.objects.exists()


def test_broken_event_with_a_good_proof_is_a_bad_request(post: Post) -> None:
    for said in ({}, {"event-data": []}, {"event-data": {"event": []}}, {"event-data": {"event": "failed"}}):
        answer = post("mailgun", {"signature": signature("t")} | said)
        assert answer.status_code in {200, 400}
    assert not MailEvent.objects.exists()


def test_body_beyond_the_limit_is_refused(post: Post, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    assert post("mailersend", b'"' + b"x" * 2000 + b'"').status_code == 413


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.mark.parametrize("broken", [False, True])
def test_nothing_of_the_body_or_the_proof_is_logged(
    broken: bool, post: Post, logged: list[Any], caplog
) -> None:
    said = payload("mailgun", "hard", "sam@example.com", WHEN)
    if broken:
        said["event-data"]["timestamp"] = "canary-timestamp"
    said["event-data"]["canary"] = "canary-value"

    post("mailgun", said)
    post("mailgun", b'{"canary": "canary-value", "signature": {}}')

    words = json.dumps([*logged, *(record.getMessage() for record in caplog.records)], default=str)
    assert "mail events" in words
    for secret in ("canary", "sam@", SECRET, said["signature"]["signature"]):
        assert secret not in words
