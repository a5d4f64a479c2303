"""The language of mails: what is filled in, what vanishes, what an editor is told."""

import re
from typing import Any

import pytest

from courses.reminders.actions import write_template_revision
from courses.reminders.models import MailTemplate, MailTemplateRevision
from courses.reminders.rendering import (
    Footer,
    Letter,
    Source,
    TemplateRefused,
    Why,
    check_source,
    fill_line,
    is_in_language,
    names_in,
    render_bundle,
    render_letter,
    shortened,
)
from tests.reminders.drill import LONG_AGO, Drill
from tests.reminders.pages import Page

SITE = "https://learn.example.org"
SAMPLE = {
    "name": "Sam",
    "what": "Drill",
    "days": "7 days",
    "extra": "",
    "url": f"{SITE}/today/",
    "why": "You asked.",
}
SOURCE = Source("{what}: {days} left", "{what} is due, {days} left.", "Hello {name},\n\n[Open it]({url})\n")
FOOTER = Footer(SITE, f"{SITE}/reminders/", (Why("Fire drill", "You asked.", f"{SITE}/stop/t/"),))


def letter(body: str = SOURCE.body, *, footer: Footer = FOOTER, **values: str) -> Letter:
    return render_letter(Source(SOURCE.subject, SOURCE.summary, body), SAMPLE | values, footer=footer)


def said(letter: Letter) -> str:
    """The text part without its footer."""
    return letter.text.partition("\n\n-- \n")[0]


def test_letter_has_text_and_html_with_one_button() -> None:
    done = letter()

    page = Page(done.html)
    assert done.subject == "Drill: 7 days left"
    assert done.text == (
        f"Hello Sam,\n\nOpen it:\n{SITE}/today/\n\n-- \nYou asked.\n"
        f"Stop “Fire drill”: {SITE}/stop/t/\nChoose what you get and when: {SITE}/reminders/\n"
    )
    assert page.buttons == [f"{SITE}/today/"]
    assert page.links == [f"{SITE}/today/", f"{SITE}/stop/t/", f"{SITE}/reminders/"]
    assert "Drill is due, 7 days left." in page.words  # what a list of mails shows


def test_paragraph_that_says_nothing_but_empty_values_vanishes() -> None:
    body = "A {name}\n\n**{extra}** {days}.\n\nSo: {extra}\n\n[Open it]({url})"

    full, empty = letter(body, extra="x"), letter(body, days="")

    assert said(full) == f"A Sam\n\nx 7 days.\n\nSo: x\n\nOpen it:\n{SITE}/today/"
    assert said(empty) == f"A Sam\n\nSo:\n\nOpen it:\n{SITE}/today/"
    assert (Page(full.html).tags.count("p"), Page(empty.html).tags.count("p")) == (7, 6)


def test_item_of_a_list_vanishes_alone_and_an_empty_list_with_its_items() -> None:
    body = "Courses\n\n- [{what}]({url}), {days}\n- [{extra}]({extra_url})\n\n[Open it]({url})"

    some, none = letter(body), letter(body, what="", days="")

    assert said(some) == f"Courses\n\n- Drill ({SITE}/today/), 7 days\n\nOpen it:\n{SITE}/today/"
    assert Page(some.html).tags.count("li") == 1
    assert said(none) == f"Courses\n\nOpen it:\n{SITE}/today/"
    assert {"ul", "li"}.isdisjoint(Page(none.html).tags)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("{days} {extra} left", "7 days left"),
        ("{{name}}", "{name}"),
        ("{{{name}}}", "{Sam}"),
        ("100 % {name} %s", "100 % Sam %s"),
        ("**Bold** and *soft* and _low_, {name}", "Bold and soft and low, Sam"),
        ("## Heading of {name}", "Heading of Sam"),
        ("See [[icd10cm:E11.9]] and [[guideline:I.C.4.a]].", "See E11.9 and I.C.4.a."),
        ("See [the guide](/guide/).", f"See the guide ({SITE}/guide/)."),
        ("See [CMS](https://www.cms.gov/).", "See CMS (https://www.cms.gov/)."),
        ("one\ntwo", "one two"),
        ("- {name}\n- b", "- Sam\n- b"),
        (r"2 \* 3", "2 * 3"),
    ],
)
def test_text_part_is_a_plain_letter(body: str, text: str) -> None:
    assert said(letter(f"{body}\n\n[Open it]({{url}})")).removesuffix(f"\n\nOpen it:\n{SITE}/today/") == text


def test_code_and_page_of_ours_are_linked_with_the_site() -> None:
    done = letter("See [[icd10cm:E11.9]] and [the guide](/guide/).\n\n[Open it]({url})")

    assert Page(done.html).links[:2] == [f"{SITE}/codes/icd10cm/E11.9/", f"{SITE}/guide/"]
    assert not re.search(r"data-|<aside|id=", done.html)


def test_reason_stands_once_where_the_text_says_it_itself() -> None:
    done = letter("{why}\n\n[Open it]({url})")

    assert done.text.count("You asked.") == Page(done.html).words.count("You asked.") == 1


def test_mail_that_is_only_looked_at_stops_nothing() -> None:
    done = letter(footer=Footer(SITE, f"{SITE}/reminders/", (Why("Fire drill", "You asked."),)))

    assert "Stop" not in done.text + done.html
    assert Page(done.html).links == [f"{SITE}/today/", f"{SITE}/reminders/"]


def test_subject_is_cut_at_a_word_under_60_characters() -> None:
    done = letter(what="A name that somebody made much too long for the line it stands in")

    assert done.subject == "A name that somebody made much too long for the line it…"
    assert len(done.subject) < 60


@pytest.mark.parametrize(
    ("text", "length", "short"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("one two, three", 10, "one two…"), ("x" * 99, 5, "xxxx…")],
)
def test_shortened(text: str, length: int, short: str) -> None:
    assert shortened(text, length) == short


def test_line_is_one_line() -> None:
    assert fill_line("{a} {b}\nc", {"a": "x\r\ny", "b": "\u202ez\u200b"}) == "x y z c"


# --- several things in one mail --------------------------------------------------------------------------
def bundle(*subjects: str) -> Letter:
    sources = [Source(subject, SOURCE.summary, SOURCE.body) for subject in subjects]
    whys = tuple(Why(f"Kind {n}", f"Because {n}.", f"{SITE}/stop/{n}/") for n in range(len(subjects)))
    return render_bundle(
        [(source, SAMPLE | {"url": f"{SITE}/{n}/"}) for n, source in enumerate(sources)],
        footer=Footer(SITE, f"{SITE}/reminders/", whys),
    )


def test_bundle_says_each_thing_with_its_button_and_its_stop() -> None:
    done = bundle("First {what}", "Second", "Third")

    page = Page(done.html)
    assert done.subject == "First Drill and 2 more"
    assert page.buttons == [f"{SITE}/0/"]
    assert page.tags.count("h2") == 3
    assert page.links[:3] == [f"{SITE}/0/", f"{SITE}/1/", f"{SITE}/2/"]
    assert page.links[3:] == [*(f"{SITE}/stop/{n}/" for n in range(3)), f"{SITE}/reminders/"]
    assert f"* Second\n\nDrill is due, 7 days left.\n\nOpen it:\n{SITE}/1/" in done.text
    assert [done.text.count(f"Because {n}.") for n in range(3)] == [1, 1, 1]
    assert [page.words.count(f"Stop “Kind {n}”") for n in range(3)] == [1, 1, 1]


def test_subject_of_a_bundle_stays_under_60_characters() -> None:
    done = bundle("A subject that fills the line to the very last of its characters", "x")

    assert done.subject == "A subject that fills the line to the very last… and 1 more"
    assert len(done.subject) < 60


def test_bundle_without_a_summary_leaves_the_line_out() -> None:
    done = render_bundle([(Source("a", "", SOURCE.body), SAMPLE)] * 2, footer=FOOTER)

    assert "<p></p>" not in re.sub(r' style="[^"]*"', "", done.html)
    assert f"* a\n\nOpen it:\n{SITE}/today/\n\n* a" in done.text


# --- what an editor is told ------------------------------------------------------------------------------
BUTTON = "\n\n[Open]({url})"


@pytest.mark.parametrize(
    ("part", "text", "problem"),
    [
        ("subject", "", "Subject is empty."),
        ("summary", " ", "Summary is empty."),
        ("body", "  ", "Text is empty."),
        ("subject", "{nmae}", "Subject: {nmae} is not known; known are {days}, {extra}, {name}, {url}"),
        ("body", "a\n\nb {nmae}", "Text, line 3: {nmae} is not known"),
        ("body", "a\n{% if days %}b{% endif %}", "Text, line 2: {% if days %} is template code"),
        ("body", "{{ name }}" + BUTTON, "Text, line 1: {{ name }} is template code"),
        ("body", "{{name|upper}}" + BUTTON, "is template code, which does not work here; write {name}."),
        ("body", "{{ name.password }}", "is template code"),
        ("body", "{# x #}", "is template code"),
        ("subject", "{{ name }}", "Subject: {{ name }} is template code"),
        ("body", "{name.password}" + BUTTON, "line 1: a brace begins a placeholder"),
        ("body", "{name!r} {0} {Name}" + BUTTON, "line 1: a brace begins a placeholder"),
        ("subject", "a { b", "for the brace itself write {{."),
        ("subject", "{extra}", "Subject is empty once it is filled in."),
        ("summary", "{extra}", "Summary is empty once it is filled in."),
        ("body", "{extra}\n\n[{extra}]({url})", "Text is empty once it is filled in."),
        ("subject", "x" * 60, "Subject has 60 characters once it is filled in; it must stay under 60: xxx"),
        ("subject", "**x**", "Subject is plain text"),
        ("summary", "see [x](/y/)", "Summary is plain text"),
        ("body", "no button", "the button; here 0 do."),
        ("body", f"two{BUTTON}{BUTTON}", "the button; here 2 do."),
        ("body", f"two{BUTTON}\n\n[x](/guide/)", "the button; here 2 do."),
        ("body", "[x](/guide/)", "is the button and leads to {url}."),
        ("body", "[x]({name})\n\n[Open]({url})", "Text: {name} is no address; a link leads to {url}."),
        (
            "body",
            f"see [x](http://cms.gov/).{BUTTON}",
            "the link to http://cms.gov/ must begin with https://",
        ),
        ("body", f"see [x](//evil.example/).{BUTTON}", "the link to //evil.example/ must begin"),
        ("body", f"see [x](guide/).{BUTTON}", "the link to guide/ must begin"),
        ("body", f"see [x](/codes/{{name}}/).{BUTTON}", "the address of a link is one placeholder alone"),
        ("body", f"see [x](https://x.example/?a={{name}}).{BUTTON}", "is one placeholder alone"),
        ("body", f"see [x](/guide/ '{{name}}').{BUTTON}", ""),
        ("body", f"![x](https://x.example/p.png){BUTTON}", "a mail holds no pictures"),
        ("body", f"[[nosystem:E11]]{BUTTON}", "names no code system"),
        ("body", f"[[checkpoint:x]]{BUTTON}", "does not work in a mail"),
        ("body", f"a\n\n[[{{name}}]]{BUTTON}", "Text, line 3: [[{name}]] does not work in a mail"),
    ],
)
def test_text_that_cannot_become_a_mail_is_refused(part: str, text: str, problem: str) -> None:
    texts: dict[str, Any] = vars(SOURCE) | {part: text}
    if not problem:
        check_source(Source(**texts), sample=SAMPLE)
        return
    with pytest.raises(TemplateRefused) as refusal:
        check_source(Source(**texts), sample=SAMPLE)
    assert problem in str(refusal.value)


@pytest.mark.parametrize(
    "body",
    [
        "See [CMS](https://www.cms.gov/), [mail us](mailto:help@example.org), [x](/guide/).",
        "[[icd10cm:E11.9]] and [[guideline:I.C.4.a]]",
        "{{{name}} in braces, an open {{ too",
        "- {extra}\n- [{what}]({url})",
    ],
)
def test_text_that_can_is_taken(body: str) -> None:
    check_source(Source(SOURCE.subject, SOURCE.summary, body + BUTTON), sample=SAMPLE)


@pytest.mark.parametrize(
    ("text", "is_ours"),
    [("{name} {{x {100 %}", True), ("{{ name }}", False), ("{% if x %}", False), ("{{name|upper}}", False)],
)
def test_older_template_code_is_known(text: str, is_ours: bool) -> None:
    if "%}" in text and is_ours:
        text = text.replace("%}", "% }")
    assert is_in_language(Source("a", "b", text)) is is_ours


def test_names_in() -> None:
    assert names_in("{a} {{b} {c_1}{c_1} {D} {e.f}") == {"a", "c_1"}


@pytest.mark.django_db
def test_refused_text_writes_no_revision(bare_drill: Drill) -> None:
    template = MailTemplate.objects.create(kind="drill")
    with pytest.raises(TemplateRefused):
        write_template_revision(
            template=template, subject="{x}", summary="x", body="x", by=None, at=LONG_AGO, pack_digest="x"
        )
    assert MailTemplateRevision.objects.count() == 0
