"""Markdown of lessons, questions, guide sections and mails: rendered once, on write, then sanitised.

The grammar is documented in ``docs/packs.md``. Rendering and sanitising are pure: what a reference means
(does the code exist, is the question there) is checked by the room that stores the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html import escape
from typing import Any
from urllib.parse import quote

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.footnote import footnote_plugin

CALLOUTS = {"rule": "Rule", "trap": "Trap", "case": "Case"}
SYSTEMS = {
    "icd10cm": "ICD-10-CM",
    "icd10pcs": "ICD-10-PCS",
    "hcpcs": "HCPCS",
    "cpt": "CPT",
    "msdrg": "MS-DRG",
}
CITATIONS = ("guideline", "index", "tabular", "source")
ROLES = ("code", "header", "invalid")

_REFERENCE = re.compile(
    r"\[\[(?:(?P<prefix>[a-z0-9]+):)?(?P<target>[^\]|\n]{1,120})(?:\|(?P<role>[a-z]+))?\]\]"
)
_CHECKPOINT = re.compile(r"^\[\[checkpoint:(?P<key>[a-z0-9-]+)\]\]$")
_TAGS = {
    *("a", "abbr", "aside", "b", "blockquote", "br", "caption", "code", "dd", "del", "div", "dl", "dt", "em"),
    *("figcaption", "figure", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "li", "mark", "ol", "p", "pre"),
    *(
        "s",
        "section",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ),
}
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"class", "id"},
    "a": {"href", "title", "data-panel", "data-system"},
    "img": {"src", "alt", "width", "height", "loading"},
    "th": {"scope"},
    "table": {"tabindex"},
    "div": {"data-checkpoint", "role", "tabindex", "aria-label"},
    "ol": {"start"},
    "aside": {"aria-label"},
}


@dataclass(frozen=True)
class Reference:
    """A code that a text names: its system, the code as typed and the role it plays there."""

    system: str
    code: str
    role: str


@dataclass(frozen=True)
class Rendered:
    """Safe HTML and all that the text refers to."""

    html: str
    codes: tuple[Reference, ...] = ()
    guidelines: tuple[str, ...] = ()
    checkpoints: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    words: int = 0


@dataclass
class _Found:
    codes: list[Reference] = field(default_factory=list)
    guidelines: list[str] = field(default_factory=list)
    checkpoints: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    words: int = 0


def render(source: str, *, prefix: str = "t", bare_codes: bool = False) -> Rendered:
    """Render ``source``. Heading and footnote ids start with ``prefix``, so two texts can share a page.

    ``bare_codes`` shows codes without a link or title (options of an exam question). Whatever is wrong with a
    reference is listed in ``problems`` with its line; the text is still rendered.
    """
    found = _Found()
    md = _parser()
    html = md.render(source, {"found": found, "prefix": prefix, "bare": bare_codes, "docId": prefix})
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    return Rendered(
        clean,
        tuple(dict.fromkeys(found.codes)),
        tuple(dict.fromkeys(found.guidelines)),
        tuple(found.checkpoints),
        tuple(found.problems),
        found.words,
    )


def plain(source: str) -> str:
    """The words of ``source`` without markup: for search and for mail's text part."""
    text = _REFERENCE.sub(lambda m: m["target"], source)
    text = re.sub(r"^:::.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\[([^\]]*)\]\(([^)]*)\)", r"\1", text)
    return re.sub(r"[*_`#>|]+", " ", text)


def plain_references(source: str) -> str:
    """``source`` with the bare target of each ``[[prefix:target|role]]`` in its place."""
    return _REFERENCE.sub(lambda m: m["target"].strip(), source)


def references(source: str) -> Iterator[tuple[int, str, str, str]]:
    """Each ``[[prefix:target|role]]`` as (line from 1, prefix, target, role), without rendering.

    For whoever must name the line of a mistake; a missing prefix is ICD-10-CM, a missing role is ``code``.
    """
    for number, line in enumerate(source.splitlines(), start=1):
        for match in _REFERENCE.finditer(line):
            yield number, match["prefix"] or "icd10cm", match["target"].strip(), match["role"] or "code"


def code_chip(system: str, code: str) -> str:
    """A code as it looks everywhere: a link to its entry that the side panel takes over."""
    where = f"/codes/{system}/{quote(code)}/"
    return (
        f'<a class="chip tab-{system}" href="{where}" data-panel="{where}panel/"'
        f' data-system="{SYSTEMS[system]}">'
        f"{escape(code)}</a>"
    )


@cache  # it keeps nothing of a text, and making one costs more than most texts
def _parser() -> MarkdownIt:
    md = MarkdownIt("commonmark", {"html": False, "typographer": True}).enable(["table", "strikethrough"])
    md.use(footnote_plugin)
    for name, label in CALLOUTS.items():
        md.use(container_plugin, name, render=_callout(name, label))
    md.inline.ruler.before("link", "reference", _reference_rule)
    md.add_render_rule("reference", _render_reference)
    md.add_render_rule("heading_open", _render_heading)
    for kind in ("th_open", "td_open"):
        md.add_render_rule(kind, _render_cell)
    md.add_render_rule("table_open", _render_table_open)
    md.add_render_rule("table_close", lambda *_: "</table></div>\n")
    md.add_render_rule("text", _render_text)
    return md


def _reference_rule(state: StateInline, silent: bool) -> bool:
    match = _REFERENCE.match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        token = state.push("reference", "", 0)
        token.meta = match.groupdict()
        token.content = match.group()
    state.pos = match.end()
    return True


def _render_reference(
    self: RendererHTML, tokens: list[Token], index: int, options: Any, env: dict[str, Any]
) -> str:
    token, found = tokens[index], env["found"]
    prefix, target, role = token.meta["prefix"] or "icd10cm", token.meta["target"].strip(), token.meta["role"]
    if prefix == "checkpoint":
        if not _CHECKPOINT.match(token.content) or len(tokens) > 1:
            found.problems.append(f"{token.content} must stand alone in its paragraph")
            return escape(token.content)
        found.checkpoints.append(target)
        return f'<span class="checkpoint-here" id="checkpoint-{target}"></span>'
    if prefix == "guideline":
        found.guidelines.append(target)
        return f'<span class="citation">Guidelines {escape(target)}</span>'
    if prefix not in SYSTEMS:
        found.problems.append(f"{token.content} names no code system")
        return escape(token.content)
    if role is not None and role not in ROLES:
        found.problems.append(f"{token.content}: the role must be one of {', '.join(ROLES)}")
    found.codes.append(Reference(prefix, target, role or "code"))
    found.words += 1
    if env["bare"]:
        return f'<span class="code-bare">{escape(target)}</span>'
    if role == "invalid":
        return f'<s class="code-bare">{escape(target)}</s>'
    return code_chip(prefix, target)


def _render_heading(
    self: RendererHTML, tokens: list[Token], index: int, options: Any, env: dict[str, Any]
) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", tokens[index + 1].content.lower()).strip("-")[:60]
    level = max(2, int(tokens[index].tag[1]))  # the page's title is the only h1
    tokens[index].tag = f"h{level}"
    for later in tokens[index + 1 :]:
        if later.type == "heading_close":
            later.tag = f"h{level}"
            break
    return f'<h{level} id="{env["prefix"]}-{words}">'


def _render_cell(
    self: RendererHTML, tokens: list[Token], index: int, options: Any, env: dict[str, Any]
) -> str:
    # alignment comes as an inline style, which the content security policy refuses
    token = tokens[index]
    align = re.search(r"text-align:(left|center|right)", str(token.attrs.get("style", "")))
    names = f' class="align-{align[1]}"' if align else ""
    return f"<{token.tag}{names}" + (' scope="col">' if token.tag == "th" else ">")


def _render_table_open(*_: Any) -> str:
    return '<div class="table-scroll" role="group" tabindex="0" aria-label="Table"><table class="table">'


def _render_text(
    self: RendererHTML, tokens: list[Token], index: int, options: Any, env: dict[str, Any]
) -> str:
    env["found"].words += len(tokens[index].content.split())
    return escape(tokens[index].content, quote=False)


def _callout(name: str, label: str) -> Any:
    def render_callout(
        self: RendererHTML, tokens: list[Token], index: int, options: Any, env: dict[str, Any]
    ) -> str:
        if tokens[index].nesting == -1:
            return "</aside>\n"
        title = tokens[index].info.strip()[len(name) :].strip()
        heading = f"{label}: {escape(title)}" if title else label
        opening = f'<aside class="callout callout-{name}" aria-label="{heading}">'
        return f'{opening}<p class="callout-title">{heading}</p>\n'

    return render_callout
