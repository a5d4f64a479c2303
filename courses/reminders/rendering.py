"""From an editor's template and a kind's values to subject, text and HTML.

Values are data: in the HTML part they are escaped as Markdown before they meet it, so that a name cannot
become a link, markup or a header, and the text part shows them as they are. No models, no clock.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from django.template import Context, Engine, TemplateSyntaxError
from django.template.base import UNKNOWN_SOURCE, FilterExpression, Lexer, Origin, Parser, Template
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from portal.lib.mail import framed
from portal.lib.markdown import render

_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\n]*)\)")
_LONE_LINK = re.compile(r"<p>(<a )((?:(?!</a>).)*</a>)</p>", re.DOTALL)
SUBJECT_LENGTH = 150


class TemplateRefused(Exception):
    """The text cannot become a mail; ``problems`` says why, a sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Source:
    """What an editor wrote."""

    subject: str
    summary: str
    body: str


@dataclass(frozen=True)
class Letter:
    """What goes out, without headers."""

    subject: str
    text: str
    html: str


class _MailEngine(Engine):
    """Templates from nowhere but the string given, with the tags and filters of ``mailtags`` alone."""

    default_builtins = ["courses.reminders.mailtags"]


class _NamingParser(Parser):
    """Notes every name that the template reads, in branches not taken too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names: set[str] = set()

    def compile_filter(self, token: str) -> FilterExpression:
        expression = super().compile_filter(token)
        variables = [
            expression.var,
            *(arg for _f, args in expression.filters for is_var, arg in args if is_var),
        ]
        for variable in variables:
            lookups = getattr(variable, "lookups", None)
            if lookups:
                self.names.add(".".join(lookups))
        return expression


@cache
def _engine() -> Engine:
    # no autoescape: the text part is no HTML, and Markdown values are escaped before they come here
    return _MailEngine(dirs=[], app_dirs=False, libraries={}, autoescape=False)


@lru_cache(maxsize=128)
def names_in(source: str) -> frozenset[str]:
    """The names that a template reads; raises ``TemplateSyntaxError``."""
    engine = _engine()
    tokens = Lexer(source).tokenize()
    parser = _NamingParser(
        tokens, engine.template_libraries, engine.template_builtins, Origin(UNKNOWN_SOURCE)
    )
    parser.parse()
    return frozenset(parser.names)


def check_source(source: Source, *, sample: Mapping[str, Any]) -> None:
    """Raise ``TemplateRefused`` unless both texts compile and render with ``sample``, all names known."""
    problems = []
    parts = ((_("Subject"), source.subject), (_("Summary"), source.summary), (_("Text"), source.body))
    for label, text in parts:
        if not text.strip():
            problems.append(_("%(part)s is empty.") % {"part": label})
            continue
        try:
            unknown = sorted(names_in(text) - sample.keys())
        except TemplateSyntaxError as error:
            problems.append(_("%(part)s: %(error)s.") % {"part": label, "error": str(error).rstrip(".")})
            continue
        if unknown:
            problems.append(
                _("%(part)s uses %(unknown)s; known names are %(known)s.")
                % {"part": label, "unknown": ", ".join(unknown), "known": ", ".join(sorted(sample))}
            )
    if not problems:
        rendered = _fill(source.subject, {name: _text(value) for name, value in sample.items()})
        if not one_line(rendered):
            problems.append(_("Subject is empty once it is filled in."))
        problems += render(_fill(source.body, _for_markdown(sample))).problems
    if problems:
        raise TemplateRefused(problems)


def render_letter(source: Source, values: Mapping[str, Any], *, frame: Mapping[str, Any], why: str) -> Letter:
    """The mail that ``source`` becomes with ``values``; ``frame`` is for the page around the HTML.

    ``why`` goes into the footer unless the text says it itself.
    """
    plain = {name: _text(value) for name, value in values.items()}
    around = {**frame, "why": "" if "why" in names_in(source.body) else why}
    subject = one_line(_fill(source.subject, plain))[:SUBJECT_LENGTH]
    body = _as_button(render(_fill(source.body, _for_markdown(values)), prefix="mail").html)
    text = _fill(_as_text(source.body), plain)
    return Letter(
        subject=subject,
        text=render_to_string(
            "emails/frame.txt", {**around, "body": re.sub(r"\n{3,}", "\n\n", text).strip()}
        ),
        html=framed(subject=subject, body=mark_safe(body), around=around),
    )


def one_line(text: str) -> str:
    """``text`` on one line without control characters: it cannot start a second header."""
    visible = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    return " ".join(visible.split())


def _fill(source: str, values: Mapping[str, Any]) -> str:
    return str(_compiled(source).render(Context(dict(values), autoescape=False)))


@lru_cache(maxsize=128)
def _compiled(source: str) -> Template:
    return Template(source, engine=_engine())


def _text(value: Any) -> Any:
    """A value as data: texts lose line breaks and control characters, numbers stay numbers."""
    return one_line(str(value)) if isinstance(value, str | Promise) else value


def _for_markdown(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values in which no character means anything to Markdown or HTML."""
    plain = {name: _text(value) for name, value in values.items()}
    return {n: _MARKDOWN.sub(r"\\\1", v) if isinstance(v, str) else v for n, v in plain.items()}


def _as_text(source: str) -> str:
    """Markdown source as a plain letter. The template's own tags and the values in it stay untouched."""
    source = _LINK.sub(r"\1:\n\2", source)
    source = re.sub(r"^#+ *", "", source, flags=re.MULTILINE)
    return re.sub(r"\*\*?(?=\S)|(?<=\S)\*\*?", "", source)


def _as_button(html: str) -> str:
    """A link that stands alone in its paragraph is the mail's button."""
    return _LONE_LINK.sub(r'<p class="action">\1class="button" \2</p>', html)
