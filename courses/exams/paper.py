"""The HTML of questions, joined from what was rendered when they were written: no database, no template.

Templates would spend four times as long on the 400 options of a full exam. All that is joined here is either
a number, a fixed word, text escaped here, or HTML that ``portal.lib.markdown`` has sanitised.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from html import escape, unescape
from itertools import islice
from typing import Any, Literal, NamedTuple

from django.utils.html import conditional_escape, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

LETTERS = "ABCDEFGHIJKL"

Option = tuple[int, str]
"""Id and rendered text."""


def in_line(html: str) -> str:
    """HTML without the paragraph around it: a label holds words, not blocks."""
    text = html.strip()
    if text.startswith("<p>") and text.endswith("</p>") and text.count("<p>") == 1:
        return text[3:-4]
    return text


def plain(html: str) -> str:
    """The words of a piece of HTML. They are no HTML any more: whoever shows them escapes them."""
    return " ".join(unescape(strip_tags(html.replace("</p>", "</p> "))).split())


def text(words: str) -> SafeString:
    """Plain words as HTML."""
    return conditional_escape(words)


def state(name: str, label: str, *, is_long: bool = False) -> str:
    """A state in shape, word and colour, as ``components/state.html``; a long label may wrap."""
    names = f"state-{name} state-long" if is_long else f"state-{name}"
    return f'<span class="state {names}">{conditional_escape(label)}</span>'


def told(*sentences: str) -> SafeString:
    """What the room says of how to answer."""
    return mark_safe(f'<p class="told">{conditional_escape(" ".join(sentences))}</p>')  # escaped


def options(
    options: Iterable[Option],
    *,
    chosen: Collection[int],
    struck: Collection[int] = (),
    name: str = "choice",
    many: bool = False,
) -> SafeString:
    """Options as one list of radio buttons, or of check boxes when ``many`` may be chosen."""
    lines = []
    box = "checkbox" if many else "radio"
    for letter, (pk, html) in zip(LETTERS, options, strict=False):
        checked = " checked" if pk in chosen else ""
        names = "option is-struck" if pk in struck else "option"
        lines.append(
            f'<li class="{names}"><label><input type="{box}" name="{name}" value="{int(pk)}"{checked}>'
            f'<span class="option-letter">{letter}</span><span class="option-text">{html}</span></label></li>'
        )
    return mark_safe(f'<ol class="options">{"".join(lines)}</ol>')  # sanitised on write, see above


class _Words(NamedTuple):
    """What ``explained`` says, in HTML."""

    right: str
    chosen_right: str
    chosen_wrong: str
    mistake: str


@cache
def _words(language: str | None) -> _Words:
    """In a language: to ask for each word at each option of an exam would take a fifth of its report."""
    return _Words(
        f"<p>{state('met', _('Right answer'))}</p>",
        f"<p>{state('met', _('Your answer, right'))}</p>",
        f"<p>{state('late', _('Your answer, not right'))}</p>",
        f"<p>{conditional_escape(_('The mistake: %(mistake)s.'))}</p>",
    )


def explained(
    options: Iterable[tuple[int, Mapping[str, Any]]], *, right: Collection[int], chosen: Collection[int]
) -> SafeString:
    """Options with what was chosen, what is right, and why: ``html``, ``why`` and ``mistake`` of each."""
    words, lines = _words(get_language()), []
    for letter, (pk, one) in zip(LETTERS, options, strict=False):
        is_right, is_chosen = pk in right, pk in chosen
        names, said = "option", ""
        if is_right:
            names, said = "option is-right", words.chosen_right if is_chosen else words.right
        elif is_chosen:
            names, said = "option is-wrong", words.chosen_wrong
        mistake = one.get("mistake")
        told = words.mistake % {"mistake": escape(mistake)} if mistake else ""
        lines.append(
            f'<li class="{names}{" is-chosen" if is_chosen else ""}"><div class="option-line">'
            f'<span class="option-letter">{letter}</span><div class="option-text"><p>{one["html"]}</p>'
            f'{said}<div class="rationale">{one["why"]}{told}</div></div></div></li>'
        )
    return mark_safe(f'<ol class="options">{"".join(lines)}</ol>')  # sanitised on write, see above


class Select(NamedTuple):
    """A closed list of plain texts. ``html`` is its label, ``before`` words of it that are only heard."""

    name: str
    html: str
    choices: Sequence[tuple[str, str]]
    chosen: str
    before: str = ""


def selects(lines: Iterable[Select], *, empty: str) -> SafeString:
    """Lines of which each has something to choose; ``empty`` is the choice of nothing."""
    items = []
    for one in lines:
        heard = (
            f'<span class="visually-hidden">{conditional_escape(one.before)} </span>' if one.before else ""
        )
        choices = [f'<option value="">{conditional_escape(empty)}</option>']
        for pk, words in one.choices:
            selected = " selected" if pk == one.chosen else ""
            choices.append(
                f'<option value="{conditional_escape(pk)}"{selected}>{conditional_escape(words)}</option>'
            )
        items.append(
            f'<li class="choosing"><label><span class="choosing-text">{heard}{one.html}</span>'
            f'<select name="{conditional_escape(one.name)}" autocomplete="off">{"".join(choices)}</select>'
            "</label></li>"
        )
    return mark_safe(
        f'<ul class="choosings">{"".join(items)}</ul>'
    )  # labels sanitised on write, the rest escaped


def lettered(texts: Iterable[str]) -> SafeString:
    """Plain texts with the letters by which selects name them."""
    lines = (
        f'<li><span class="option-letter">{letter}</span> <span>{conditional_escape(words)}</span></li>'
        for letter, words in zip(LETTERS, texts, strict=False)
    )
    return mark_safe(f'<ul class="answers">{"".join(lines)}</ul>')  # escaped


class Input(NamedTuple):
    """A field of one line to type into; ``after`` stands behind it and is part of its label."""

    name: str
    label: str
    value: str
    most: int
    mode: Literal["code", "numeric", "decimal"]
    after: str = ""


_MODES = {
    "code": 'class="mono" autocapitalize="characters"',
    "numeric": 'inputmode="numeric"',
    "decimal": 'inputmode="decimal"',
}


def inputs(fields: Iterable[Input], *, a_line: int = 1) -> SafeString:
    """Fields to type into, so many a line."""
    drawn = iter(
        f'<label class="field"><span class="legend">{conditional_escape(one.label)}'
        f"{f', {conditional_escape(one.after)}' if one.after else ''}</span>"
        f'<input type="text" name="{conditional_escape(one.name)}" value="{conditional_escape(one.value)}"'
        f' maxlength="{int(one.most)}" autocomplete="off" spellcheck="false" {_MODES[one.mode]}></label>'
        for one in fields
    )
    lines = []
    while line := "".join(islice(drawn, a_line)):
        lines.append(f"<li>{line}</li>")
    wide = " typings-wide" if a_line > 1 else ""
    return mark_safe(f'<ul class="typings{wide}">{"".join(lines)}</ul>')  # escaped above


class Sheet(NamedTuple):
    """A part of a case: its heading, its question, and what is below."""

    heading: str
    html: str
    body: SafeString
    said: str = ""


def sheets(parts: Iterable[Sheet], *, is_form: bool = True) -> SafeString:
    """The parts of a case, each a group of fields, or of what is said of them afterwards."""
    drawn = []
    for one in parts:
        heading, prompt = conditional_escape(one.heading), in_line(one.html)
        stem = f'<div class="stem">{one.html}</div>'
        if not is_form:
            drawn.append(
                f'<div class="case-part" role="group" aria-label="{heading}">'
                f'<p class="case-number">{heading} {one.said}</p>{stem}{one.body}</div>'
            )
        elif prompt != one.html.strip():  # short: it is read out with each of its fields
            drawn.append(
                f'<fieldset class="case-part"><legend><span class="case-number">{heading}</span>'
                f' <span class="stem">{prompt}</span></legend>{one.body}</fieldset>'
            )
        else:
            drawn.append(
                f'<fieldset class="case-part"><legend class="case-number">{heading}</legend>'
                f"{stem}{one.body}</fieldset>"
            )
    return mark_safe(f'<div class="case-parts">{"".join(drawn)}</div>')  # sanitised on write or escaped


class Part(NamedTuple):
    """A part of an answer beside the key, in HTML."""

    letter: str
    html: str
    said: str
    why: str
    is_right: bool


def parts(rows: Iterable[Part]) -> SafeString:
    """Parts of an answer in the look of options."""
    lines = [
        f'<li class="option {"is-right" if one.is_right else "is-wrong"}"><div class="option-line">'
        f'<span class="option-letter">{conditional_escape(one.letter)}</span><div class="option-text">'
        f'<p>{one.html}</p><p>{one.said}</p><div class="rationale">{one.why}</div></div></div></li>'
        for one in rows
    ]
    return mark_safe(f'<ol class="options">{"".join(lines)}</ol>')  # sanitised on write


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, label: str) -> SafeString:
    """Rows of HTML under headings of plain words; on a phone each row is a card."""
    words = [conditional_escape(heading) for heading in headings]
    head = "".join(f'<th scope="col">{heading}</th>' for heading in words)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td data-label="{one}"><div>{html}</div></td>' for one, html in zip(words, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return mark_safe(  # cells sanitised on write or escaped by the kind
        f'<div class="table-scroll" role="group" tabindex="0" aria-label="{conditional_escape(label)}">'
        f'<table class="table table-stacked"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        "</div>"
    )


def cell(position: int, *, names: str, words: str, href: str) -> SafeString:
    """A cell of the grid of questions: its state in shape and in words."""
    number = int(position)
    return mark_safe(  # numbers, fixed class names and escaped words
        f'<li><a class="cell{names}" href="{conditional_escape(href)}" data-cell="{number}">{number}'
        f'<span class="visually-hidden">, {conditional_escape(words)}</span></a></li>'
    )
