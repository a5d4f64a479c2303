import re
from email import message_from_bytes, policy
from html.parser import HTMLParser

import pytest
from django.core.mail import EmailMessage

from accounts.models import User
from courses.reminders.actions import write_template_revision
from courses.reminders.delivery import deliver_due
from courses.reminders.models import MailTemplate, MailTemplateRevision
from courses.reminders.rendering import Letter, Source, TemplateRefused, check_source, names_in, render_letter
from tests.reminders.conftest import Queue
from tests.reminders.drill import BODY, LONG_AGO, SUBJECT, Drill

SAMPLE = Drill().sample_context()
FRAME = {
    "stop_url": "http://x/stop/t/",
    "preferences_url": "http://x/reminders/",
    "site_url": "http://x",
    "kind": "Drill",
}
NAUGHTY = [
    "Sam\r\nBcc: victim@example.com",
    "Sam\nContent-Type: text/html\n\n<b>x</b>",
    "Sam\x00\x0b\x1b[31m",
    "Sam\u2028Bcc: x",
    "{{7*7}}",
    "{{ name }}{% debug %}",
    "{user.password}",
    "%(name)s %s",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</p></div><a href=http://evil.example>x</a>",
    "[click](http://evil.example)",
    "![x](http://evil.example/p.png)",
    "<http://evil.example>",
    "[[E11.621]] [[checkpoint:x]]",
    "**bold** _under_ `code`",
    "# heading",
    "1. list",
    "- item",
    "> quote",
    "    indented",
    "::: trap",
    "a\\*b & c &lt; &amp;",
    "[^1] [x]: http://evil.example",
    "ปวดหัว 李 Ñandú 🙂",
    "' OR 1=1 --",
]


class Page(HTMLParser):
    """The links and the visible text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.words += data


def letter(body: str = BODY, **values: object) -> Letter:
    return render_letter(Source(SUBJECT, body), SAMPLE | values, frame=FRAME, why="Because.")


def test_letter_has_text_and_html_with_one_button() -> None:
    done = letter()
    assert done.subject == "Drill: 7 days left"
    assert "Hello Sam,\n\n7 left.\n\nOpen it:\nhttp://localhost:8000/today/" in done.text
    assert done.text.count("You asked for it.") == 1
    page = Page(done.html)
    assert page.links == ["http://localhost:8000/today/", "http://x/stop/t/", "http://x/reminders/"]
    assert len(re.findall(r'<a [^>]*class="button"', done.html)) == 1
    assert "background-color: #0A6464" in done.html.split("</style>")[1]  # inlined for readers without styles
    assert "prefers-color-scheme: dark" in done.html


def test_letter_whose_text_does_not_say_why_says_it_in_the_footer() -> None:
    done = letter("Hello.")
    assert "Because." in done.text and "Because." in done.html
    assert "Because." not in letter().text + letter().html


@pytest.mark.parametrize("name", NAUGHTY)
@pytest.mark.parametrize("field", ["name", "what", "why"])
def test_naughty_value_is_shown_as_it_is_and_does_nothing(field: str, name: str) -> None:
    done = letter(**{field: name})
    visible = " ".join("".join(" " if ord(c) < 32 or c == "\u2028" else c for c in name).split())
    page, plain = Page(done.html), Page(letter().html)
    assert visible in " ".join(page.words.split())
    assert visible in (done.subject if field == "what" else done.text)
    assert page.links == plain.links
    assert page.tags == plain.tags
    assert not re.search(r"[\x00-\x1f\u2028]", done.subject)


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAUGHTY)
def test_naughty_name_adds_no_header(
    name: str, drill: Drill, student: User, queue: Queue, at: object, mailoutbox: list[EmailMessage]
) -> None:
    MailTemplateRevision.objects.update(subject_source="{{ name }}: {{ what }}")
    drill.name = name
    queue(student)
    assert deliver_due(at=at).sent == 1  # type: ignore[arg-type]  # a fixture's moment
    parsed = message_from_bytes(mailoutbox[0].message().as_bytes(), policy=policy.default)
    assert sorted(parsed.keys()) == [
        *("Auto-Submitted", "Content-Type", "Date", "From", "List-Id", "List-Unsubscribe"),
        *("List-Unsubscribe-Post", "MIME-Version", "Message-ID", "Subject", "To"),
    ]


@pytest.mark.parametrize(
    ("subject", "body", "problem"),
    [
        ("", "x", "Subject is empty."),
        ("x", "  ", "Text is empty."),
        ("{{ nmae }}", "x", "Subject uses nmae; known names are days, name, url, what, why."),
        ("x", "{% if nmae %}a{% endif %}", "Text uses nmae"),
        ("x", "{{ days|default:nmae }}", "Text uses nmae"),
        ("x", "{{ name.password }}", "Text uses name.password"),
        ("x", "{{ name", ""),
        ("x", "{{ name|nofilter }}", "Text: Invalid filter: 'nofilter'."),
        ("x", "{{ name|safe }}", "Text: Invalid filter: 'safe'."),
        ("x", "{% load i18n %}", "Text: Invalid block tag on line 1: 'load'"),
        ("x", '{% include "base.html" %}', "Text: Invalid block tag on line 1: 'include'"),
        ("x", "{% debug %}", "Text: Invalid block tag on line 1: 'debug'"),
        ("x", "{% if days %}a", "Text: Unclosed tag on line 1: 'if'"),
        ("{% if not days %}x{% endif %}", "x", "Subject is empty once it is filled in."),
        ("x", "[[nosystem:E11]]", "names no code system"),
    ],
)
def test_text_that_cannot_become_a_mail_is_refused(subject: str, body: str, problem: str) -> None:
    if not problem:
        check_source(Source(subject, body), sample=SAMPLE)  # an open brace is just text
        return
    with pytest.raises(TemplateRefused) as refusal:
        check_source(Source(subject, body), sample=SAMPLE)
    assert problem in str(refusal.value)


def test_names_are_found_in_branches_not_taken() -> None:
    assert names_in("{% if a %}{{ b|default:c }}{% else %}{{ d }}{% endif %}{{ 'text' }}") == {
        "a",
        "b",
        "c",
        "d",
    }


@pytest.mark.django_db
def test_refused_text_writes_no_revision(bare_drill: Drill) -> None:
    template = MailTemplate.objects.create(kind="drill")
    with pytest.raises(TemplateRefused):
        write_template_revision(
            template=template, subject="{{ x }}", body="x", by=None, at=LONG_AGO, pack_digest="x"
        )
    assert MailTemplateRevision.objects.count() == 0
