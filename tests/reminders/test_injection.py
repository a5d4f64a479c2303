"""What people and packs wrote is data in a mail: it adds no header, no link, no element and no error.

Every string of ``naughty`` in every placeholder of every kind's mail, and in several things at once.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from email import message_from_bytes, policy
from urllib.parse import urlsplit

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives
from pytest_django import Settings

from accounts.models import User
from courses.reminders import kinds, rendering
from courses.reminders.letters import Part
from tests.reminders.letterbox import KEYS, mail, part
from tests.reminders.naughty import NAUGHTY
from tests.reminders.pages import Page
from tests.reminders.test_letters import HEADERS

SITE = "https://learn.example.org"
SAM = User(pk=7, email="sam@example.com", name="Sam")
#: What a header must not hold: control characters, and those that turn or hide the letters beside them.
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


@pytest.fixture(autouse=True)
def site(settings: Settings) -> None:
    settings.SITE_URL = SITE


def html_of(message: EmailMessage) -> str:
    assert isinstance(message, EmailMultiAlternatives)
    return str(message.alternatives[0][0])


class Plain:
    """What the mail of a kind is made of when all its placeholders say something harmless."""

    def __init__(self, parts: Sequence[Part]) -> None:
        html = html_of(mail(parts))
        self.page = Page(html)
        self.markup = set(markup(html))


def plain_of(keys: Sequence[str]) -> Plain:
    samples = [kinds.get(key).sample_context() for key in keys]
    return Plain(
        [
            part(key, SAM, {name: value or "x" for name, value in sample.items()})
            for key, sample in zip(keys, samples, strict=True)
        ]
    )


def markup(html: str) -> list[str]:
    """Everything between angle brackets, our own addresses aside."""
    return re.findall(r"<[^>]*>?", re.sub(r'href="https://learn\.example\.org/[^"<>\s]*"', 'href=""', html))


def wrongs(message: EmailMessage, plain: Plain) -> Iterator[str]:
    """What is wrong with a mail before it is on the wire."""
    html = html_of(message)
    if more := set(markup(html)) - plain.markup:
        yield f"element {more}"
    if html.count("<a ") > len(plain.page.links):
        yield "one link more"
    for link in re.findall(r":\n(\w+:\S*)$", str(message.body), re.MULTILINE):
        if urlsplit(link).netloc != "learn.example.org":
            yield f"link {link!r}"
    if "\ue000" in html or "\ue000" in str(message.body):
        yield "a token is left"
    if UNSEEN.search(str(message.subject)) or len(message.subject) > 59:
        yield f"subject {message.subject!r}"


def wrongs_on_the_wire(message: EmailMessage, plain: Plain) -> Iterator[str]:
    """What is wrong with a mail as a mailbox reads it."""
    read = message_from_bytes(message.message().as_bytes(), policy=policy.default)
    if sorted(read.keys()) != HEADERS:
        yield f"headers {sorted(read.keys())}"
    if UNSEEN.search(str(read["Subject"])):
        yield f"subject {read['Subject']!r}"
    leaves = [leaf.get_content_type() for leaf in read.walk()]
    if leaves != ["multipart/alternative", "text/plain", "text/html"]:
        yield "another part"
    page = Page(html_of(message))
    for link in page.links:
        if urlsplit(link).netloc != "learn.example.org" and link not in plain.page.links:
            yield f"link {link!r}"
    if not {*page.tags, *page.attributes} <= {*plain.page.tags, *plain.page.attributes}:
        yield f"element {({*page.tags, *page.attributes}) - {*plain.page.tags, *plain.page.attributes}}"
    if len(page.buttons) > 1 or page.fetched:
        yield f"buttons {page.buttons}, fetches {page.fetched}"


def found(key: str) -> list[str]:
    """All that is wrong with a kind's mail: a string in one placeholder after the other, then in all."""
    plain, wrong = plain_of([key]), []
    names = kinds.get(key).sample_context().keys()
    for naughty in NAUGHTY:
        for name in names:
            message = mail([part(key, SAM, {name: naughty})])
            wrong += [f"{name}={naughty[:40]!r}: {what}" for what in wrongs(message, plain)]
        message = mail([part(key, SAM, dict.fromkeys(names, naughty))])
        all_wrong = (*wrongs(message, plain), *wrongs_on_the_wire(message, plain))
        wrong += [f"all={naughty[:40]!r}: {what}" for what in all_wrong]
    return wrong


def test_there_are_enough_of_them() -> None:
    assert len(set(NAUGHTY)) >= 200


@pytest.mark.parametrize("key", KEYS)
def test_naughty_value_does_nothing_in_any_placeholder(key: str) -> None:
    assert found(key) == []


def test_naughty_values_do_nothing_in_a_mail_of_several_things() -> None:
    keys, wrong = KEYS[:3], []
    plain = plain_of(keys)
    for naughty in NAUGHTY:
        message = mail(
            [part(key, SAM, dict.fromkeys(kinds.get(key).sample_context(), naughty)) for key in keys]
        )
        all_wrong = (*wrongs(message, plain), *wrongs_on_the_wire(message, plain))
        wrong += [f"{naughty[:40]!r}: {what}" for what in all_wrong]
    assert wrong == []


@pytest.mark.parametrize("naughty", NAUGHTY)
def test_naughty_value_is_shown_as_it_is(naughty: str) -> None:
    message = mail([part("drill", SAM, **TEXTS, values={"name": naughty})])
    visible = rendering.clean(naughty)

    assert f"Hello ‹{visible}›." in str(message.body)
    assert f"Hello ‹{visible}›." in Page(html_of(message)).words
    if "\ud800" not in naughty and "\udfff" not in naughty:
        assert set(visible.replace("…", "")) <= set(naughty) | {" "}


TEXTS = {"subject": "S", "summary": "s", "body": "Hello ‹{name}›.\n\n[Open]({url})"}


@pytest.fixture(autouse=True)
def bare(bare_drill: object) -> None:
    """The kind of tests."""


def test_the_list_finds_what_an_escaping_left_out_lets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted fault each: without what makes values data, the sweep must be red."""
    key = "question_report_answered"

    def red(name: str, replacement: Callable[..., str]) -> str:
        with monkeypatch.context() as planted:
            planted.setattr(rendering, name, replacement)
            try:
                return " ".join(found(key))
            except Exception as error:  # an error is red as well
                return f"error {error!r}"

    assert "element" in (wrong := red("escape", str)) and "one link more" in wrong
    assert "link 'https://evil.example" in red("_own_address", lambda value, _site: value)
    assert "error" in (wrong := red("_one_line", str)) or "headers" in wrong
