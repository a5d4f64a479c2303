"""Documents as tagged PDF (PDF/UA-1) by typst, made of the HTML that a page shows.

The HTML is read into plain blocks of words, and those reach typst as JSON: whatever people typed is data and
never typst's markup. Its own embedded fonts are used, and those of packages for other scripts, so a document
looks the same on every machine.
"""

import json
import logging
import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typst

log = logging.getLogger(__name__)

_TEMPLATES = Path(__file__).parent / "typst"
_TEMPLATE = _TEMPLATES / "document.typ"
#: Packages with fonts for scripts that the embedded ones lack.
_FONT_PACKAGES = (
    *("fontpkg_noto_sans_arabic", "fontpkg_noto_sans_devanagari", "fontpkg_noto_sans_tamil"),
    *("fontpkg_noto_sans_telugu", "fontpkg_noto_sans_thai", "fontpkg_noto_sans_khmer"),
    *("fontpkg_frank_ruhl_libre", "fontpkg_hind_siliguri", "noto_cjk_sans_jp_regular"),
)

#: A block: ``t`` is its kind (p, h, l, t, q), the rest depends on it; see ``document.typ``.
Block = dict[str, Any]

_VOID = {"br", "hr", "img", "input", "wbr"}
_LEFT_OUT = {"svg", "script", "style", "button", "form", "template", "nav", "select"}
_HIDDEN = {"visually-hidden", "no-print"}
_IN_LINE = {
    **dict.fromkeys(("strong", "b", "dt"), "b"),
    **dict.fromkeys(("em", "i"), "i"),
    **dict.fromkeys(("code", "kbd"), "m"),
    **dict.fromkeys(("s", "del"), "x"),
    "mark": "h",
}
_BY_CLASS = {
    "mono": "m",
    "code-bare": "m",
    "chip": "m",
    "state": "b",
    "muted": "c",
    "quiet-heading": "b",
    "callout-title": "b",
    "case-number": "b",
}
_WORDS = {"a", "abbr", "span", "small", "sub", "sup", "time", "dd", *_IN_LINE}
_OF_BOXES = {"pre": "m", "summary": "b", **dict.fromkeys(("h2", "h3", "h4", "h5", "h6"), "b")}


class _Reader(HTMLParser):
    """Reads our own HTML; what it does not know it takes for a box around what is inside."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._into: list[list[Block]] = [self.blocks]
        self._runs: list[dict[str, str]] = []
        self._level = 0
        self._open: list[tuple[str, str, Callable[[], None] | None]] = []
        self._left_out = 0
        self._questions = 0
        self._lists: list[Block] = []
        self._tables: list[Block] = []

    # --- what HTMLParser calls
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        if self._left_out or tag in _LEFT_OUT or not _HIDDEN.isdisjoint(classes):
            self._left_out += tag not in _VOID
            return
        if tag == "br":
            self._runs.append({"s": "\n", "w": ""})
        if tag == "img" and given.get("alt"):
            self.handle_data(f"[{given['alt']}]")
        if tag in _VOID:
            return
        if tag not in _WORDS:
            self._end_paragraph()
        style = (_IN_LINE | _OF_BOXES).get(tag, "") + "".join(_BY_CLASS.get(one, "") for one in classes)
        close = self._opened(tag, classes)
        self._open.append((tag, style, close))

    def handle_endtag(self, tag: str) -> None:
        if self._left_out:
            self._left_out -= tag not in _VOID
            return
        if tag in _VOID or tag not in (one for one, _style, _close in self._open):
            return
        while True:
            name, _style, close = self._open.pop()
            if name not in _WORDS:
                self._end_paragraph()
            if close:
                close()
            if name == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._left_out:
            return
        style = "".join(sorted({letter for _tag, found, _close in self._open for letter in found}))
        if not any(tag == "pre" for tag, _style, _close in self._open):
            data = re.sub(r"\s+", " ", data)
            if not self._runs or self._runs[-1]["s"][-1:] in (" ", "\n"):
                data = data.lstrip(" ")
        for number, line in enumerate(data.split("\n")):
            if number:
                self._runs.append({"s": "\n", "w": ""})
            if line:
                self._runs.append({"s": line, "w": style})

    def close(self) -> None:
        super().close()
        self._end_paragraph()

    # --- blocks
    def _end_paragraph(self) -> None:
        runs, self._runs = self._runs, []
        while runs and not runs[-1]["s"].strip():
            runs.pop()
        if runs:
            runs[-1]["s"] = runs[-1]["s"].rstrip()
            block: Block = {"t": "h", "l": self._level, "r": runs} if self._level else {"t": "p", "r": runs}
            self._into[-1].append(block)

    def _opened(self, tag: str, classes: list[str]) -> Callable[[], None] | None:
        """Begin what a tag begins; what is to be done at its end."""
        if re.fullmatch("h[1-6]", tag):
            # within a question a heading stands in no outline: it is words
            self._level = 0 if self._questions else int(tag[1])
            return self._end_heading
        if tag == "dt":
            return self._end_term
        if tag in ("ol", "ul"):
            block: Block = {"t": "l", "o": tag == "ol", "i": []}
            self._into[-1].append(block)
            self._lists.append(block)
            return self._end_list
        if tag == "li" and self._lists:
            item: Block = {"m": "", "b": []}
            self._lists[-1]["i"].append(item)
            return self._box(item["b"])
        if "option-letter" in classes and self._lists and self._lists[-1]["i"]:
            return self._take_marker
        if tag == "table":
            table: Block = {"t": "t", "h": [], "b": []}
            self._into[-1].append(table)
            self._tables.append(table)
            return self._end_table
        if tag == "caption":
            caption: list[Block] = []
            return self._box(caption, at_end=lambda: self._before_table(caption))
        if tag == "tr" and self._tables:
            self._tables[-1][self._part()].append([])
        if tag in ("td", "th") and self._tables:
            cell: list[Block] = []
            self._tables[-1][self._part()][-1].append(cell)
            return self._box(cell)
        if tag in ("aside", "blockquote") or "notice" in classes:
            quoted: Block = {"t": "q", "b": []}
            self._into[-1].append(quoted)
            return self._box(quoted["b"])
        if "question" in classes:
            self._questions += 1
            return self._end_question
        return None

    def _box(self, blocks: list[Block], at_end: Callable[[], None] | None = None) -> Callable[[], None]:
        self._into.append(blocks)

        def leave() -> None:
            self._into.pop()
            if at_end:
                at_end()

        return leave

    def _part(self) -> str:
        return "h" if any(tag == "thead" for tag, _style, _close in self._open) else "b"

    def _before_table(self, caption: list[Block]) -> None:
        self._into[-1][-1:-1] = caption

    def _end_question(self) -> None:
        self._questions -= 1

    def _end_term(self) -> None:
        self._runs.append({"s": ": ", "w": "b"})

    def _end_heading(self) -> None:
        self._level = 0

    def _end_list(self) -> None:
        self._lists.pop()

    def _end_table(self) -> None:
        self._tables.pop()

    def _take_marker(self) -> None:
        words = "".join(run["s"] for run in self._runs).strip()
        self._runs = []
        self._lists[-1]["i"][-1]["m"] = words


def blocks_of(html: str) -> list[Block]:
    """What HTML of ours says, in blocks: headings, paragraphs, lists, tables and what is set apart."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.blocks


#: What the embedded fonts can show, in ranges; a test sets them all.
_SHOWN = (
    (0x20, 0x7E),
    (0xA0, 0x17F),
    (0x391, 0x3A1),
    (0x3A3, 0x3C9),
    (0x401, 0x40C),
    (0x40E, 0x44F),
    (0x451, 0x45C),
    (0x2010, 0x2015),
    (0x2018, 0x201E),
    (0x2020, 0x2022),
    (0x2026, 0x2026),
    (0x2030, 0x2030),
    (0x2032, 0x2033),
    (0x2039, 0x203A),
    (0x20AC, 0x20AC),
    (0x2122, 0x2122),
    (0x2190, 0x2193),
    (0x2212, 0x2212),
    (0x2260, 0x2260),
    (0x2264, 0x2265),
)
_NOT_SHOWN = re.compile(
    f"[^\\n{''.join(f'{chr(low)}-{chr(high)}' for low, high in _SHOWN).replace(']', chr(92) + ']')}]"
)


def typeset(blocks: list[Block], *, title: str, language: str, footer: str, at: datetime) -> bytes:
    """A document of these blocks as PDF/UA-1, the same bytes for the same blocks; ``at`` is its date.

    A character that no font has is replaced by a question mark; a document that even then cannot be tagged
    by the standard is made without it rather than not at all.
    """
    said: dict[str, Any] = {"title": title, "language": language, "footer": footer, "blocks": blocks}
    try:
        return _compiled(said, at)
    except (typst.TypstError, UnicodeError) as problem:
        log.info("PDF of %s: %s", title, str(problem)[:300])
    said = _narrowed(said)
    try:
        return _compiled(said, at)
    except typst.TypstError as problem:
        log.warning("PDF of %s is not tagged by the standard: %s", title, str(problem)[:300])
    return _compiled(said, at, is_ua=False)


def _narrowed(said: Any) -> Any:
    """The same with question marks for what no font shows."""
    if isinstance(said, str):
        return _NOT_SHOWN.sub("?", said)
    if isinstance(said, list):
        return [_narrowed(one) for one in said]
    if isinstance(said, dict):
        return {name: _narrowed(one) for name, one in said.items()}
    return said


#: What typst says of words that no font can show; what stands in their place on a page.
_NO_GLYPH = re.compile(r'the text `?("(?:[^"\\]|\\.)*")`? could not be displayed', re.DOTALL)
_BOX = "□"
_JOINED = re.compile(f"[\u200c\u200d\ufe0e\ufe0f]*{_BOX}[\u200c\u200d\ufe0e\ufe0f]*")


def print_page(template: str, said: dict[str, Any], *, at: datetime) -> bytes:
    """A page of its own template as PDF/UA-1, the same bytes for the same words.

    A character that no font has becomes a box, and the template is told by ``missing``: it never happens
    silently.
    """
    said = said | {"missing": False}
    for _again in range(_MOST_BOXES):
        try:
            return _compiled(said, at, template=_TEMPLATES / template)
        except typst.TypstError as problem:
            found = _NO_GLYPH.search(str(problem))
            if found is None:
                raise
            missing = _unquoted(found[1])
            said = _boxed(said, missing) | {"missing": True}
    return _compiled(_narrowed(said), at, template=_TEMPLATES / template)


#: Different characters that are sought one after the other; then whatever is unusual is replaced.
_MOST_BOXES = 40


def _unquoted(quoted: str) -> str:
    """The words that typst quotes as Rust does."""
    words = re.sub(r"\\u\{([0-9a-f]+)\}", lambda code: chr(int(code[1], 16)), quoted[1:-1])
    return words.replace('\\"', '"').replace("\\\\", "\\")


def _boxed(said: Any, words: str) -> Any:
    """The same with a box for some words, and for what joined them to the next ones."""
    if isinstance(said, str):
        return _JOINED.sub(_BOX, said.replace(words, _BOX)) if words in said else said
    if isinstance(said, list):
        return [_boxed(one, words) for one in said]
    if isinstance(said, dict):
        return {name: _boxed(one, words) for name, one in said.items()}
    return said


def _compiled(said: Block, at: datetime, *, is_ua: bool = True, template: Path = _TEMPLATE) -> bytes:
    made = typst.compile(
        template,
        root=template.parent,
        font_paths=_fonts(),
        sys_inputs={"data": json.dumps(said, ensure_ascii=False)},
        pdf_standards="ua-1" if is_ua else None,
        timestamp=int(at.timestamp()),
    )
    if not isinstance(made, bytes):  # several pages come as one document; only pictures come as a list
        raise TypeError("typst gave no document")
    return made


@cache
def _fonts() -> typst.Fonts:
    specs = [find_spec(name) for name in _FONT_PACKAGES]
    folders = [folder for spec in specs if spec for folder in spec.submodule_search_locations or ()]
    return typst.Fonts(include_system_fonts=False, font_paths=[Path(folder) for folder in folders])
