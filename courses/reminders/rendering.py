"""From an editor's text and a kind's values to subject, text and HTML.

The language is ``{placeholder}`` and nothing else: no conditions, no filters, no ``str.format``. A text is
compiled once (Markdown, sanitised, on the frame, styles inlined) and cut at its placeholders; filling it is
joining strings. Values are data: escaped in the HTML, on one line everywhere, and an address among them leads
to this site or to its front page. No models, no clock.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import NamedTuple

import nh3
from django.utils.safestring import mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from portal.lib.mail import framed
from portal.lib.markdown import SYSTEMS, plain_references, references, render

#: A subject stays under 60 characters: telephones show no more.
SUBJECT_LENGTH = 59
#: Nothing that a kind says is longer.
VALUE_LENGTH = 4_000

_NAME = r"[a-z][a-z0-9_]*"
_BRACES = re.compile(rf"\{{\{{|\}}\}}|\{{({_NAME})\}}")
_LINK = re.compile(rf"\]\(\s*\{{({_NAME})\}}\s*\)")
_CODE = re.compile(r"\{%.*?%\}|\{#.*?#\}|(?<!\{)\{\{\s*[\w.]+\s*(?:\|[^{}]*)?\}\}|\{%|%\}")
# a placeholder on its way through Markdown: characters of nobody's alphabet around the name
_OPEN, _CLOSE, _LOW = "\ue000", "\ue001", "\ue002"
_TOKEN = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")
_SPOILT_TOKEN = re.compile(r"%EE%80%8[0-2]", re.IGNORECASE)
_STAND_IN = "https://placeholder.invalid/"
_TAGS = {
    *("a", "b", "blockquote", "br", "code", "del", "em", "h2", "h3", "h4", "hr", "i", "li", "ol", "p", "pre"),
    *("s", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
_UNIT = re.compile(r"<li[^>]*>(?:(?!</?li).)*</li>\n?|<p[^>]*>(?:(?!</?p).)*</p>\n?", re.DOTALL)
_MARKUP = re.compile(r"[&<>\"']")
_EMPTY_LIST = re.compile(r"<ul[^>]*>\s*</ul>\n?")
_LONE_LINK = re.compile(r'<p><a href="([^"]*)">((?:(?!</a>).)*)</a></p>', re.DOTALL)
_LONE_SOURCE = re.compile(r"^\[([^\]\n]+)\]\(([^)\n]+)\)$")
_HIDDEN = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
_JOINERS = "\u200c\u200d"


class TemplateRefused(Exception):
    """The text cannot become a mail; ``problems`` says where and what to do, a sentence each."""

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


class Why(NamedTuple):
    """Why a person gets this, and how it is stopped; without ``stop_url`` the mail is only looked at."""

    label: str
    sentence: str
    stop_url: str = ""


@dataclass(frozen=True)
class Footer:
    """What stands under every reminder."""

    site_url: str
    preferences_url: str
    reasons: tuple[Why, ...]


#: Literal, name, literal, name, … , literal.
_Cut = tuple[str, ...]


class _Unit(NamedTuple):
    """A part of a text; one that ``vanishes`` says nothing but its placeholders."""

    cut: _Cut
    vanishes: bool


@dataclass(frozen=True)
class _Body:
    """A text of an editor, compiled: its HTML with tokens, its plain units, and its button."""

    html: str
    plain: tuple[tuple[_Unit, ...], ...]
    button: _Cut
    names: frozenset[str]
    links: frozenset[str]


# --- filling ---------------------------------------------------------------------------------------------
def fill_line(text: str, values: Mapping[str, str]) -> str:
    """A subject or a summary with its values: one line, without control and direction characters."""
    return _one_line(_join(_line(text), {name: clean(value) for name, value in values.items()}))


def fill_subject(text: str, values: Mapping[str, str]) -> str:
    """A subject, cut at a word where it would be too long."""
    return _subject(fill_line(text, values))


def render_letter(source: Source, values: Mapping[str, str], *, footer: Footer) -> Letter:
    """The mail that ``source`` becomes with ``values``."""
    plain = {name: clean(value) for name, value in values.items()}
    body = _body(source.body)
    subject = _subject(_one_line(_join(_line(source.subject), plain)))
    summary = _one_line(_join(_line(source.summary), plain))
    return _finished(
        subject, summary, body.html, body.plain, plain, body.links, footer, says_why="why" in body.names
    )


def render_bundle(items: Sequence[tuple[Source, Mapping[str, str]]], *, footer: Footer) -> Letter:
    """One mail that tells several things, the first one in its subject."""
    shown: dict[str, str] = {}
    subjects, plain, links = [], [], []
    for number, (source, values) in enumerate(items):
        known = {name: clean(value) for name, value in values.items()}
        subject = _one_line(_join(_line(source.subject), known))
        summary = _one_line(_join(_line(source.summary), known))
        words = _one_line(_join(_body(source.body).button, known))
        subjects.append(subject)
        shown |= {f"!h{number}": subject, f"!s{number}": summary, f"!w{number}": words}
        shown[f"!u{number}"] = known.get("url", "")
        links.append(f"!u{number}")
        plain.append((_Unit((f"* {subject}",), False),))
        plain.append((_Unit((summary,), False),))
        plain.append((_Unit((f"{words}:\n", f"@!u{number}", ""), False),))
    more = len(items) - 1
    tail = ngettext(" and %(n)d more", " and %(n)d more", more) % {"n": more} if more else ""
    subject = _subject(subjects[0], tail)
    return _finished(subject, " · ".join(subjects), _bundle(len(items)), tuple(plain), shown, links, footer)


def clean(value: object) -> str:
    """A value as data: on one line, without what hides or turns the letters beside it."""
    text = str(value)
    if len(text) > VALUE_LENGTH:
        text = shortened(text[: VALUE_LENGTH + 1], VALUE_LENGTH)
    return _one_line(text)


def shortened(text: str, length: int) -> str:
    """``text``, cut at a word where it is longer than ``length``."""
    if len(text) <= length:
        return text
    head = text[: length - 1]
    words = head.rpartition(" ")[0]
    return (words if len(words) > length // 2 else head).rstrip(" ,;:.–—-") + "…"


def _subject(text: str, tail: str = "") -> str:
    """A line as a header: short, and nothing that a mail program would decode once more."""
    return shortened(text.replace("=?", "= ?"), SUBJECT_LENGTH - len(tail)) + tail


def _one_line(text: str) -> str:
    if not text.isprintable():  # the rule below, said in C for almost every value
        text = "".join(
            c if c in _JOINERS or (kind := unicodedata.category(c)) not in _HIDDEN else " " * (kind != "Cf")
            for c in text
        )
    return " ".join(text.split())


def _finished(
    subject: str,
    summary: str,
    html: str,
    plain: tuple[tuple[_Unit, ...], ...],
    values: dict[str, str],
    links: Iterable[str],
    footer: Footer,
    *,
    says_why: bool = False,
) -> Letter:
    """``says_why``: the text does, and the footer need not."""
    reasons = [
        Why(clean(why.label), "" if says_why else clean(why.sentence), why.stop_url) for why in footer.reasons
    ]
    own = {
        "!subject": subject,
        "!summary": summary,
        "!site": footer.site_url,
        "!preferences": footer.preferences_url,
    }
    for number, why in enumerate(reasons):
        own |= {f"!label{number}": why.label, f"!why{number}": why.sentence, f"!stop{number}": why.stop_url}
    known = own | values
    for name in links:
        known[f"@{name}"] = _own_address(values.get(name, ""), footer.site_url)
    stoppable = all(why.stop_url for why in reasons)
    language = get_language() or ""
    page = _page(html, len(reasons), stoppable, language)
    escaped = {name: escape(v) if _MARKUP.search(v) else v for name, v in known.items()}
    filled = "".join(_filled(page, escaped))
    filled = _EMPTY_LIST.sub("", filled) if "<ul" in filled else filled
    return Letter(subject, _as_text(plain, known, reasons, language), filled)


def _as_text(
    plain: tuple[tuple[_Unit, ...], ...], values: Mapping[str, str], reasons: Sequence[Why], language: str
) -> str:
    blocks = ["\n".join(map(_tidy, _filled(units, values))) for units in plain]
    stop, choose = _words_of_footer(language)
    foot = []
    for why in reasons:
        foot += [why.sentence] if why.sentence else []
        foot += [stop % {"kind": why.label, "url": why.stop_url}] if why.stop_url else []
    foot.append(choose % {"url": values["!preferences"]})
    return "\n\n".join(block for block in blocks if block) + "\n\n-- \n" + "\n".join(foot) + "\n"


@lru_cache(maxsize=16)
def _words_of_footer(language: str) -> tuple[str, str]:
    return _("Stop “%(kind)s”: %(url)s"), _("Choose what you get and when: %(url)s")


def _tidy(text: str) -> str:
    while "  " in text:
        text = text.replace("  ", " ")
    return text.strip(" ")


def _filled(units: Iterable[_Unit], values: Mapping[str, str]) -> Iterator[str]:
    for cut, vanishes in units:
        # an address without words is nothing to click on
        if vanishes and not any(values.get(name) for name in cut[1::2] if not name.startswith("@")):
            continue
        yield _join(cut, values)


def _join(cut: _Cut, values: Mapping[str, str]) -> str:
    if len(cut) == 1:
        return cut[0]
    parts = list(cut)
    parts[1::2] = [values.get(name, "") for name in cut[1::2]]
    return "".join(parts)


def _own_address(value: str, site_url: str) -> str:
    """An address of this site; whatever else a value holds leads to the front page."""
    if value.startswith(f"{site_url}/") and not re.search(r"[\s\\<>\"'`{}|^]", value):
        return value
    return f"{site_url}/"


# --- compiling -------------------------------------------------------------------------------------------
def _token(name: str) -> str:
    return f"{_OPEN}{name.replace('_', _LOW)}{_CLOSE}"


def _tokenised(text: str) -> str:
    """``text`` with tokens for its placeholders, and its doubled braces as single ones."""
    text = re.sub(f"[{_OPEN}{_CLOSE}{_LOW}]", "", text)
    return _BRACES.sub(lambda m: _token(m[1]) if m[1] else m[0][0], text)


def _cut(text: str) -> _Cut:
    parts = _TOKEN.split(text)
    parts[1::2] = [name.replace(_LOW, "_") for name in parts[1::2]]
    return tuple(parts)


def _unit(text: str) -> _Unit:
    cut = _cut(text)
    said = re.sub(r"<[^>]*>", "", "".join(cut[::2]))
    return _Unit(cut, len(cut) > 1 and not any(c.isalnum() for c in said))


@lru_cache(maxsize=512)
def _line(text: str) -> _Cut:
    return _cut(_tokenised(text))


@lru_cache(maxsize=256)
def _body(source: str) -> _Body:
    words, _url = _button_of(source)
    return _Body(
        html=_as_button(_html(source)),
        plain=tuple(_plain_units(source)),
        button=_cut(_tokenised(_unmarked(words))),
        names=names_in(source),
        links=frozenset(m[1] for m in _LINK.finditer(source)),
    )


def names_in(text: str) -> frozenset[str]:
    """The placeholders that a text uses."""
    return frozenset(m[1] for m in _BRACES.finditer(text) if m[1])


def _html(source: str) -> str:
    """The sanitised HTML of a body, with tokens."""
    text = _LINK.sub(lambda m: f"]({_STAND_IN}{m[1]})", source)
    html = nh3.clean(
        render(_tokenised(text), prefix="mail").html,
        tags=_TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        link_rel=None,
    )
    html = re.sub(rf'href="{_STAND_IN}({_NAME})"', lambda m: f'href="{_token("@" + m[1])}"', html)
    return re.sub(r'href="(?=/(?!/))', f'href="{_token("!site")}', html)


def _as_button(html: str) -> str:
    """A link that stands alone in its paragraph is the mail's button."""
    return _LONE_LINK.sub(r'<p class="action"><a class="button" href="\1">\2</a></p>', html)


def _button_of(source: str) -> tuple[str, str]:
    """The words and the address of the first lone link as they are written."""
    for paragraph in _paragraphs(source):
        if match := _LONE_SOURCE.match(paragraph.strip()):
            return match[1], match[2]
    return _("Open"), "{url}"


def _paragraphs(source: str) -> list[str]:
    return re.split(r"\n\s*\n", source.replace("\r\n", "\n").strip())


def _plain_units(source: str) -> Iterator[tuple[_Unit, ...]]:
    """The paragraphs of the text part; a list is one whose lines vanish one by one."""
    for paragraph in _paragraphs(source):
        if match := _LONE_SOURCE.match(paragraph.strip()):
            yield (_unit(f"{_tokenised(_unmarked(match[1]))}:\n{_address(match[2])}"),)
            continue
        paragraph = re.sub(
            r"(?<!!)\[([^\]\[]*)\]\(([^)\n]*)\)",
            lambda m: f"{m[1]} ({_OPEN}{m[2]}{_CLOSE})",
            _without_tokens(paragraph),
        )
        lines = []
        for line in paragraph.split("\n"):
            pieces = re.split(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}", line)
            pieces[::2] = [_tokenised(_unmarked(piece)) for piece in pieces[::2]]
            pieces[1::2] = [_address(piece) for piece in pieces[1::2]]
            lines.append("".join(pieces))
        if any(re.match(r"\s*(?:[-*+]|\d+[.)])\s", line) for line in lines):
            yield tuple(_unit(line) for line in lines)
        elif text := " ".join(line.strip() for line in lines if line.strip()):
            yield (_unit(text),)


def _without_tokens(text: str) -> str:
    return re.sub(f"[{_OPEN}{_CLOSE}{_LOW}]", "", text)


def _address(written: str) -> str:
    """The address of a link as the text part shows it."""
    written = written.strip().partition(" ")[0].strip("<>")
    if match := re.fullmatch(rf"\{{({_NAME})\}}", written):
        return _token("@" + match[1])
    return (_token("!site") if written.startswith("/") else "") + written


def _unmarked(source: str) -> str:
    """Markdown as words: placeholders stay as they are written."""
    source = re.sub(r"^(?:#+ +|> ?|:::.*$)", "", plain_references(source))
    source = re.sub(
        r"\\([!-/:-@\[-`{-~])|\*\*?(?=\S)|(?<=\S)\*\*?", lambda m: m[1] or "", source.replace("`", "")
    )
    return re.sub(r"(?<![\w{])_(?=\S)([^_]+)(?<=\S)_(?![\w}])", r"\1", source)


@lru_cache(maxsize=64)
def _bundle(size: int) -> str:
    """The body of a mail of several things, with tokens; the first has the button, the others a link."""
    things = [
        f"<h2>{_token(f'!h{n}')}</h2>\n<p>{_token(f'!s{n}')}</p>\n"
        f'<p><a href="{_token(f"@!u{n}")}">{_token(f"!w{n}")}</a></p>'
        for n in range(size)
    ]
    return "\n".join([_as_button(things[0]), *things[1:]])


@lru_cache(maxsize=512)
def _page(html: str, reasons: int, stoppable: bool, language: str) -> tuple[_Unit, ...]:
    """The whole page around ``html``, cut at its placeholders; ``language`` is the one it is made in."""
    around = {
        "summary": _token("!summary"),
        "reasons": [
            {
                "why": _token(f"!why{n}"),
                "kind": _token(f"!label{n}"),
                "stop_url": _token(f"!stop{n}") if stoppable else "",
            }
            for n in range(reasons)
        ],
        "preferences_url": _token("!preferences"),
    }
    page = framed(subject=_token("!subject"), body=mark_safe(html), around=around)
    units, end = [], 0
    for match in _UNIT.finditer(page):
        unit = _unit(match[0])
        if unit.vanishes:
            units += [_Unit(_cut(page[end : match.start()]), False), unit]
            end = match.end()
    return (*units, _Unit(_cut(page[end:]), False))


# --- checking --------------------------------------------------------------------------------------------
def check_source(source: Source, *, sample: Mapping[str, str]) -> None:
    """Raise ``TemplateRefused`` unless the texts can become a mail with values like those of ``sample``."""
    parts = ((_("Subject"), source.subject), (_("Summary"), source.summary), (_("Text"), source.body))
    problems = [problem for part, text in parts for problem in _problems_of_words(part, text, sample)]
    if not problems:
        values = {name: clean(value) for name, value in sample.items()}
        problems = [*_problems_of_lines(source, values), *_problems_of_body(source.body, values)]
    if problems:
        raise TemplateRefused(problems)


def is_in_language(source: Source) -> bool:
    """Whether none of the texts holds template code, as texts written for an older version may."""
    return not any(_CODE.search(text) for text in (source.subject, source.summary, source.body))


def _problems_of_words(part: str, text: str, sample: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the placeholders of a text."""
    if not text.strip():
        yield _("%(part)s is empty.") % {"part": part}
    for number, line in enumerate(text.splitlines(), start=1):
        where = _("%(part)s, line %(number)d") % {"part": part, "number": number} if "\n" in text else part
        if code := _CODE.search(line):
            yield _("%(where)s: %(code)s is template code, which does not work here; write {name}.") % {
                "where": where,
                "code": code[0],
            }
            continue
        for name in sorted(names_in(line) - sample.keys()):
            yield _("%(where)s: {%(name)s} is not known; known are %(known)s.") % {
                "where": where,
                "name": name,
                "known": ", ".join(f"{{{known}}}" for known in sorted(sample)),
            }
        if "{" in _BRACES.sub("", line):
            yield _("%(where)s: a brace begins a placeholder like {name}; for the brace itself write {{.") % {
                "where": where
            }


def _problems_of_lines(source: Source, sample: Mapping[str, str]) -> Iterator[str]:
    for part, text in ((_("Subject"), source.subject), (_("Summary"), source.summary)):
        if re.search(r"\*\*|\]\(|\[\[|^#", text):
            yield _("%(part)s is plain text: take the Markdown out.") % {"part": part}
        if not fill_line(text, sample):
            yield _("%(part)s is empty once it is filled in.") % {"part": part}
    subject = fill_line(source.subject, sample)
    if len(subject) > SUBJECT_LENGTH:
        yield _(
            "Subject has %(length)d characters once it is filled in; it must stay under 60: %(subject)s"
        ) % {
            "length": len(subject),
            "subject": subject,
        }


def _problems_of_body(body: str, sample: Mapping[str, str]) -> Iterator[str]:
    text = _LINK.sub(lambda m: f"]({_STAND_IN}{m[1]})", body)
    rendered = render(_tokenised(text), prefix="mail")
    yield from (_("Text: %(problem)s.") % {"problem": problem} for problem in rendered.problems)
    for number, prefix, target, _role in references(body):
        if "{" in target or (prefix not in SYSTEMS and prefix != "guideline"):
            yield _(
                "Text, line %(number)d: [[%(target)s]] does not work in a mail; name the code itself."
            ) % {
                "number": number,
                "target": target,
            }
    if "<img" in rendered.html:
        yield _("Text: a mail holds no pictures; say it in words.")
    if _SPOILT_TOKEN.search(rendered.html):
        yield _("Text: the address of a link is one placeholder alone, as in [Open]({url}), or has none.")
    html = _html(body)
    for name in sorted(set(re.findall(rf'href="{_OPEN}@([^{_CLOSE}]*){_CLOSE}"', html))):
        if not sample.get(name.replace(_LOW, "_"), "").startswith(("https://", "http://")):
            yield _("Text: {%(name)s} is no address; a link leads to {url}.") % {
                "name": name.replace(_LOW, "_")
            }
    for address in re.findall(r'href="([^"]*)"', html):
        if not address.startswith(("https://", "mailto:", _OPEN)) and not _SPOILT_TOKEN.search(address):
            yield _("Text: the link to %(address)s must begin with https:// or, on this site, with /.") % {
                "address": address
            }
    buttons = [address for address, _words in _LONE_LINK.findall(html)]
    if len(buttons) != 1:
        yield _(
            "Text: one link stands alone in its paragraph, [What to do]({url}): the button; here %(n)d do."
        ) % {"n": len(buttons)}
    elif buttons != [_token("@url")]:
        yield _("Text: the link that stands alone in its paragraph is the button and leads to {url}.")
    words = " ".join(line for units in _plain_units(body) for line in _filled(units, sample))
    if not any(c.isalnum() for c in re.sub(r"https?://\S+", "", words)):
        yield _("Text is empty once it is filled in.")
