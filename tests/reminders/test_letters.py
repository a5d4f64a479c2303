"""The mail as a mailbox gets it: headers, the one-click stop of RFC 8058, what a signature must cover."""

import base64
import re
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage as Parsed
from email.message import MIMEPart

import dkim
import pytest
import time_machine
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.signing import Signer
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from courses.reminders import kinds
from courses.reminders.addresses import (
    STOP_WORKS,
    BadToken,
    TokenTooOld,
    message_id,
    read_stop_token,
    stop_token,
)
from courses.reminders.letters import can_be_written, letter_that_went
from courses.reminders.models import MailTemplateRevision, Preference, Reminder
from courses.reminders.rendering import check_source
from tests.reminders.letterbox import AT, KEYS, PACK, mail, pack_source, part
from tests.reminders.pages import Page

SITE = "https://learn.example.org"
HEADERS = [
    *("Auto-Submitted", "Content-Type", "Date", "From", "List-Id", "List-Unsubscribe"),
    *("List-Unsubscribe-Post", "MIME-Version", "Message-ID", "Subject", "To"),
]
#: Every kind alone, and three of them in one mail.
MAILS = [*((key,) for key in KEYS), tuple(KEYS[:3])]


@pytest.fixture(autouse=True)
def site(settings: Settings) -> None:
    settings.SITE_URL = SITE


def parsed(message: EmailMessage) -> Parsed:
    read = message_from_bytes(message.message().as_bytes(), policy=policy.default)
    assert isinstance(read, Parsed)
    return read


def texts(message: Parsed) -> tuple[str, str]:
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert isinstance(plain, MIMEPart) and isinstance(html, MIMEPart)
    return plain.get_content(), html.get_content()


# --- RFC 8058 and what goes with it ----------------------------------------------------------------------
def stop_path(message: Parsed) -> str:
    """The path of the one-click address; asserts what RFC 8058 says of the headers."""
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    [address] = re.findall(r"<([^>]*)>", message["List-Unsubscribe"])
    assert address.startswith(f"{SITE}/stop/")
    assert address.isascii() and not re.search(r"\s", address)
    return str(address).removeprefix(SITE)


def one_click(path: str) -> int:
    """What a mail program does: POST without cookies, with no page read before."""
    client = Client(enforce_csrf_checks=True)
    return client.post(path, {"List-Unsubscribe": "One-Click"}).status_code


def turned_off() -> set[tuple[int, str, str]]:
    return set(Preference.objects.filter(is_on=False).values_list("user_id", "kind", "channel"))


def test_every_kind_has_its_mail_and_every_mail_its_kind() -> None:
    assert {path.stem for path in PACK.glob("*.md")} == set(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_mail_of_the_pack_is_a_text_that_an_editor_could_save(key: str) -> None:
    sample = kinds.get(key).sample_context()

    check_source(pack_source(key), sample=sample)
    assert {"name", "url", "why"} <= sample.keys()
    assert all(isinstance(value, str) for value in sample.values())


@pytest.mark.django_db
@pytest.mark.parametrize("keys", MAILS, ids="+".join)
def test_mail_has_every_header_once_and_stops_with_one_click(
    keys: tuple[str, ...], student: User, other: User
) -> None:
    message = parsed(mail([part(key, student) for key in keys]))

    assert sorted(message.keys()) == HEADERS
    assert len(message["Subject"]) < 60
    assert message["To"] == student.email
    assert message["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"[^<>]+ <[a-z0-9-]+\.learn\.example\.org>", message["List-Id"])
    assert re.fullmatch(r"<[a-z2-7]{32}@learn\.example\.org>", message["Message-ID"])
    path = stop_path(message)
    assert Client().get(path).status_code == 200
    assert turned_off() == set()  # a GET only asks
    assert one_click(path) == 200
    assert turned_off() == {(student.pk, key, "email") for key in keys}


@pytest.mark.django_db
@pytest.mark.parametrize("keys", MAILS, ids="+".join)
def test_links_in_the_mail_stop_one_kind_each_and_lead_nowhere_else(
    keys: tuple[str, ...], student: User
) -> None:
    parts = [part(key, student) for key in keys]
    text, html = texts(parsed(mail(parts)))

    page = Page(html)
    stops = [link.removeprefix(SITE) for link in page.links if "/stop/" in link]
    assert [read_stop_token(path.split("/")[2]) for path in stops] == [(student.pk, (key,)) for key in keys]
    assert all(link.startswith((f"{SITE}/", "https://")) for link in page.links)
    assert all(link in text for link in page.links)  # the text part leads to the same places
    assert len(page.buttons) == 1 and page.fetched == []
    assert "h1" not in page.tags
    for given in parts:
        assert given.values["why"] in text and given.values["why"] in page.words


@pytest.mark.django_db
def test_link_scanner_that_follows_everything_1000_times_changes_nothing(student: User) -> None:
    message = parsed(mail([part(key, student) for key in KEYS[:3]]))
    links = [link for link in Page(texts(message)[1]).links if "/stop/" in link]
    paths = [stop_path(message), *(link.removeprefix(SITE) for link in links)]

    client = Client()
    for n in range(1_000):
        path = paths[n % len(paths)]
        answer = client.get(path) if n % 4 else client.head(path)
        assert answer.status_code == 200

    assert Preference.objects.count() == 0


@pytest.mark.django_db
def test_token_of_one_person_cannot_stop_another(student: User, other: User) -> None:
    mine, theirs = stop_token(student.pk, ["drill"]).split(":"), stop_token(other.pk, ["drill"]).split(":")

    forged = [
        ":".join([theirs[0], *mine[1:]]),
        ":".join([theirs[0], mine[1], theirs[2]]),
        ":".join([*mine[:2], theirs[2]]),
        Signer(salt="another").sign_object([other.pk, ["drill"]]),
    ]

    if mine[1] == theirs[1]:  # made in the same second
        forged.pop(1)
    for token in forged:
        with pytest.raises(BadToken):
            read_stop_token(token)
        assert one_click(f"/stop/{token}/") == 404
    assert turned_off() == set()


def test_token_ends_after_its_time() -> None:
    with time_machine.travel(AT, tick=False):
        token = stop_token(7, ["drill", "drill_two"])
    with time_machine.travel(AT + STOP_WORKS, tick=False):
        assert read_stop_token(token) == (7, ("drill", "drill_two"))
    with time_machine.travel(AT + STOP_WORKS + timedelta(seconds=2), tick=False), pytest.raises(TokenTooOld):
        read_stop_token(token)


def test_token_of_the_first_mails_still_stops() -> None:
    token = Signer(salt="courses.reminders.stop").sign_object([7, "drill"])

    assert read_stop_token(token) == (7, ("drill",))


def test_token_of_an_old_key_still_stops(settings: Settings) -> None:
    token = stop_token(7, ["drill"])
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-that-is-long-enough-for-this-test-0123456789"

    assert read_stop_token(token) == (7, ("drill",))


# --- headers -----------------------------------------------------------------------------------------------
def test_message_id_is_the_same_in_whatever_order_and_another_for_other_keys() -> None:
    assert message_id(["a", "b"]) == message_id(["b", "a"])
    assert len({message_id(["a", "b"]), message_id(["a"]), message_id(["b"]), message_id(["ab"])}) == 4


@pytest.mark.django_db
def test_second_attempt_is_the_same_mail(student: User) -> None:
    with time_machine.travel(AT, tick=False):
        first, second = (mail([part(key, student) for key in KEYS[:2]]) for _ in range(2))

    assert first.extra_headers == second.extra_headers
    assert (first.subject, first.body) == (second.subject, second.body)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("setting", "answer"), [("", None), ("Crosswalk <help@example.org>", "Crosswalk <help@example.org>")]
)
def test_answers_go_where_the_setting_says(
    setting: str, answer: str | None, student: User, settings: Settings
) -> None:
    settings.REMINDERS_REPLY_TO = setting

    message = parsed(mail([part(KEYS[0], student)]))

    assert message["Reply-To"] == answer
    assert message["From"] == settings.REMINDERS_FROM_EMAIL


@pytest.mark.django_db
@pytest.mark.parametrize("keys", MAILS, ids="+".join)
def test_signature_covers_both_headers_of_the_one_click_stop(
    keys: tuple[str, ...], student: User, signing: tuple[bytes, bytes]
) -> None:
    private, record = signing
    sent = mail([part(key, student) for key in keys]).message()
    wire = re.sub(rb"\r?\n", b"\r\n", sent.as_bytes())
    covered = [b"From", b"To", b"Subject", b"Message-ID", b"List-Unsubscribe", b"List-Unsubscribe-Post"]

    head = dkim.sign(wire, b"test", b"learn.example.org", private, include_headers=covered)

    def verified(message: bytes) -> bool:
        return bool(dkim.DKIM(message, minkey=1024).verify(dnsfunc=lambda *_args, **_given: record))

    assert {b"list-unsubscribe", b"list-unsubscribe-post"} <= set(
        re.sub(rb"\s", b"", head).partition(b"h=")[2].partition(b";")[0].lower().split(b":")
    )
    assert verified(head + wire)
    assert not verified(head + wire.replace(b"/stop/", b"/stap/", 1))
    assert not verified(head + wire.replace(b"=One-Click", b"=Two-Click", 1))


@pytest.fixture(scope="module")
def signing() -> tuple[bytes, bytes]:
    """A private key and the DNS record of its public one."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


# --- what went ---------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize("keys", MAILS, ids="+".join)
def test_mail_that_went_is_shown_as_it_went_without_its_stop_links(
    keys: tuple[str, ...], student: User
) -> None:
    parts = [part(key, student) for key in keys]
    went = mail(parts)
    assert isinstance(went, EmailMultiAlternatives)
    rows = [
        Reminder(kind=p.reminder.kind, user=student, template_revision=p.revision, said=p.values)
        for p in parts
    ]

    shown = letter_that_went(rows)

    stop = re.compile(r"^Stop “.*\n", re.MULTILINE)
    assert shown.subject == went.subject
    assert shown.text == stop.sub("", str(went.body))
    assert "/stop/" not in shown.html + shown.text
    assert Page(shown.html).words.split() == Page(_without_stops(str(went.alternatives[0][0]))).words.split()


def _without_stops(html: str) -> str:
    return re.sub(r'<a href="[^"]*/stop/[^"]*"[^>]*>[^<]*</a>', "", html)


def test_kind_that_is_gone_is_shown_by_its_key() -> None:
    revision = MailTemplateRevision(subject_source="S", summary_source="s", body_source="Hello {name}")
    row = Reminder(kind="gone", template_revision=revision, said={"name": "Ana", "why": "You asked."})

    shown = letter_that_went([row])

    assert (shown.subject, "Hello Ana" in shown.text, "You asked." in shown.text) == ("S", True, True)


def test_mail_from_before_values_were_kept_is_not_guessed() -> None:
    with pytest.raises(LookupError):
        letter_that_went([Reminder(kind="drill", said=None)])


def test_text_with_older_template_code_cannot_be_written() -> None:
    old = MailTemplateRevision(subject_source="{% if a %}b{% endif %}", summary_source="", body_source="c")
    new = MailTemplateRevision(subject_source="{name}", summary_source="s", body_source="c")

    assert (can_be_written(old), can_be_written(new)) == (False, True)
