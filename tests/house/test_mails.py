"""Every mail that can go out has a text and an HTML part, whole, in the house's look and without a spy."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import allauth
import pytest
import yaml
from allauth.account.adapter import get_adapter
from django.apps import apps
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.test import Client

from accounts.models import User
from courses.reminders import kinds
from courses.reminders.rendering import Footer, Source, Why, render_letter

ALLAUTH = Path(allauth.__file__).parent / "templates"
STARTER = Path(__file__).resolve().parents[2] / "courses/content/packs/starter/mail"
SITE = "https://learn.example.org"
CODE = "XK4-9TZ"
HOSTILE = '<b>Sam</b> & "Co" https://evil.example/ <img src=x>'
SAMPLE = {
    "activate_url": f"{SITE}/account/confirm-email/key/",
    "code": CODE,
    "current_site": SimpleNamespace(name="learn.example.org", domain="learn.example.org"),
    "deleted_email": "old@example.com",
    "email": "sam@example.com",
    "from_email": "old@example.com",
    "ip": "203.0.113.7",
    "password_reset_url": f"{SITE}/account/password/reset/?a=1&b=2",
    "signup_url": f"{SITE}/account/signup/",
    "timestamp": "23 November 2026, 15:00",
    "to_email": "new@example.com",
    "user_agent": HOSTILE,
    "username": HOSTILE,
}


def account_mails() -> Iterator[str]:
    """The prefix of every mail of the packages for accounts that are installed."""
    for path in sorted(ALLAUTH.glob("*/email/*_message.txt")):
        package = path.relative_to(ALLAUTH).parts[0]
        if apps.is_installed(f"allauth.{package}") and path.name != "base_message.txt":
            yield str(path.relative_to(ALLAUTH)).removesuffix("_message.txt")


class Page(HTMLParser):
    """What a mail's HTML shows and what it would fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.lang = self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.lang = given.get("lang") or "" if tag == "html" else self.lang
        self.links += [given["href"] or ""] if tag == "a" else []
        self.fetched += [
            f"{tag} {name}" for name in given if name in ("src", "srcset", "background", "poster")
        ]
        self.fetched += [f"{tag} {given.get('href')}"] if tag == "link" else []

    def handle_data(self, data: str) -> None:
        self.words += data


class Mail(NamedTuple):
    subject: str
    text: str
    html: str


def account_mail(prefix: str, **values: Any) -> Mail:
    sam = User(pk=1, email="sam@example.com", name=HOSTILE)
    message = get_adapter().render_mail(prefix, "sam@example.com", SAMPLE | {"user": sam} | values)
    return parts(message)


def parts(message: EmailMessage) -> Mail:
    assert isinstance(message, EmailMultiAlternatives)
    [(html, kind)] = message.alternatives
    assert kind == "text/html"
    return Mail(str(message.subject), str(message.body), str(html))


def reminder_mail(key: str) -> Mail:
    kind = kinds.get(key)
    _before, head, body = (STARTER / f"{key}.md").read_text().split("---\n", 2)
    fields, values = yaml.safe_load(head), kind.sample_context()
    why = Why(str(kind.label), values["why"], f"{SITE}/stop/token/")
    footer = Footer(SITE, f"{SITE}/reminders/", (why,))
    letter = render_letter(Source(fields["subject"], fields["summary"], body), values, footer=footer)
    return Mail(letter.subject, letter.text, letter.html)


def assert_whole(mail: Mail) -> None:
    page = Page(mail.html)
    assert mail.subject.strip() and "\n" not in mail.subject and "\r" not in mail.subject
    assert mail.text.strip() and page.words.strip()
    assert not re.search(r"\{\{|\}\}|\{%|%\}|\{#", "".join(mail))
    assert "&lt;p" not in mail.html and "&amp;amp;" not in mail.html  # escaped once
    assert page.lang == "en"
    assert all(re.match(r"https?://[^/]+/", link) for link in page.links), page.links
    assert page.fetched == []
    assert not re.search(r"url\(|@import|<script|<iframe|<object", mail.html, re.IGNORECASE)
    assert 'class="brand"' in mail.html


ACCOUNT_MAILS = list(account_mails())


def test_the_sweep_finds_the_mails_of_every_package() -> None:
    assert {"account/email/login_code", "account/email/unknown_account"} < set(ACCOUNT_MAILS)
    assert {"mfa/email/totp_activated", "mfa/email/webauthn_removed"} < set(ACCOUNT_MAILS)
    assert len(ACCOUNT_MAILS) >= 18


@pytest.mark.parametrize("prefix", ACCOUNT_MAILS)
def test_account_mail_is_whole_in_both_parts(prefix: str) -> None:
    mail = account_mail(prefix)
    page = Page(mail.html)

    assert_whole(mail)
    assert mail.subject.startswith("Crosswalk: ")
    assert set(page.links) <= {SAMPLE["activate_url"], SAMPLE["password_reset_url"], SAMPLE["signup_url"]}
    assert not {"b", "img"} & set(page.tags)  # what a stranger typed stays text
    assert [url in mail.text for url in page.links] == [True] * len(page.links)


@pytest.mark.parametrize("prefix", [p for p in ACCOUNT_MAILS if p.endswith(("_code", "confirmation_signup"))])
def test_one_time_code_stands_alone_and_large(prefix: str) -> None:
    mail = account_mail(prefix)

    assert re.search(rf"^{CODE}$", mail.text, re.MULTILINE)
    assert re.search(rf'<p class="code" style="[^"]*font-size: 28px[^"]*">{CODE}</p>', mail.html)


def test_confirmation_of_an_address_does_not_carry_the_name_of_who_asked() -> None:
    assert "evil" not in "".join(account_mail("account/email/email_confirmation_signup"))


def test_notification_shows_a_hostile_browser_as_text_in_a_list() -> None:
    mail = account_mail("account/email/password_changed")

    assert f"Browser: {HOSTILE}" in Page(mail.html).words
    assert f"Browser: {HOSTILE}" in mail.text
    assert mail.html.count("<li") == 3


def test_mail_with_an_address_has_one_button() -> None:
    mail = account_mail("account/email/unknown_account")

    assert re.findall(r'<a class="button" href="([^"]+)"', mail.html) == [SAMPLE["signup_url"]]


@pytest.mark.parametrize("key", sorted(kind.key for kind in kinds.registered()))
def test_reminder_is_whole_in_both_parts(key: str) -> None:
    assert_whole(reminder_mail(key))


@pytest.mark.django_db
def test_mail_that_really_goes_out_has_both_parts(
    student: User, mailoutbox: list[EmailMessage], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        Client().post("/account/login/code/", {"email": student.email})

    [message] = mailoutbox
    mail = parts(message)
    assert_whole(mail)
    assert 'class="code"' in mail.html
