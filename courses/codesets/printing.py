"""Lines of indexes and rows of tables as HTML.

Strings instead of templates, because a main term may have 1,500 lines and a template takes ten times as long.
Whatever comes from a book is escaped here.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from html import escape
from typing import Final
from urllib.parse import quote

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.codesets.books import Book
from courses.codesets.models import IndexRef, Release
from courses.codesets.reading import TABLES, Goal, Line, Ref, frame, target_url
from courses.codesets.systems import System, tab_class

#: Under a term with so many lines, those under each of its terms are folded away.
MANY: Final = 150
#: So few lines are not worth a fold.
FEW: Final = 3
_CODE: Final = re.compile(r"\b[A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?(?![0-9A-Za-z])")
#: How the books of ICD-10-CM name one another.
_BOOKS: Final = (
    (re.compile(r"table of drugs", re.IGNORECASE), Book.DRUGS),
    (re.compile(r"table of neoplasms|neoplasm table", re.IGNORECASE), Book.NEOPLASMS),
    (re.compile(r"external causes?", re.IGNORECASE), Book.EXTERNAL),
    (re.compile(r"index to diseases?", re.IGNORECASE), Book.INDEX),
)


class Printer:
    """Prints lines of one release; ``on`` is the query that its links carry, such as ``?on=2026-01-31``."""

    def __init__(self, release: Release, on: str) -> None:
        self.release, self.on = release, on
        self.system = release.system
        self.tab = tab_class(release.system)
        self.panel = frame("codesets:panel", release.system)
        self.term = frame("codesets:index_term", release.system, release.book)

    # a page has hundreds of these words, and each look-up of a translation counts
    @cached_property
    def _follow(self) -> str:
        return escape(_("more characters follow"))

    @cached_property
    def _kinds(self) -> Mapping[str, str]:
        return {kind.value: escape(str(kind.label)) for kind in IndexRef.Kind}

    # --- pieces ---------------------------------------------------------------------------------------
    def url(self, position: int) -> str:
        start, end = self.term
        return f"{start}{position}{end}{self.on}#t{position}"

    def chip(self, goal: Goal) -> str:
        """A code as a link: with a dash where more characters follow, in brackets where it comes second."""
        code = escape(goal.code)
        address = target_url(self.system, goal.code, goal.is_partial)
        panel = ""
        if not (goal.is_partial and self.system == System.ICD10PCS):  # a table does not fit into the panel
            start, end = self.panel
            panel = f' data-panel="{start}{code}{end}{self.on}"'
        dash = f'-<span class="visually-hidden"> {self._follow}</span>' if goal.is_partial else ""
        chip = f'<a class="chip {self.tab}" href="{address}{self.on}"{panel}>{code}{dash}</a>'
        return f'<span class="nowrap">[{chip}]</span>' if goal.is_manifestation else chip

    def ref(self, ref: Ref) -> str:
        """A reference, leading to its line, to its book or to the codes that it names."""
        text = escape(ref.text)
        if ref.place is not None:
            text = f'<a href="{self.url(ref.place)}">{text}</a>'
        elif self.system == System.ICD10CM:
            text = self._elsewhere(ref.text)
        return f"<em>{self._kinds[ref.kind]}</em> {text}"

    def _elsewhere(self, words: str) -> str:
        """A reference to codes, to another book, or to a main term that goes by another name."""
        text = escape(words)
        linked, codes = _CODE.subn(self._code, text)
        if codes:
            return linked
        book = next((book for named, book in _BOOKS if named.search(words)), None)
        if book is not None and book != self.release.book:
            address = reverse("codesets:index_book", args=[self.system, book])
            return f'<a href="{address}{self.on}">{text}</a>'
        if not words[:1].isupper():  # "the specified substance" is no main term
            return text
        # the tables refer to the Alphabetic Index; its box takes the beginning of a main term
        box = Book.INDEX if self.release.book in TABLES else self.release.book
        address = reverse("codesets:index_book", args=[self.system, box])
        query = f"{self.on}&" if self.on else "?"
        asked = quote(words.partition(",")[0])
        return f'<a href="{address}{escape(query)}q={asked}">{text}</a>'

    def _code(self, match: re.Match[str]) -> str:
        (start, end), code = self.panel, match[0]
        address = target_url(self.system, code, False)
        panel = f"{start}{code}{end}{self.on}"
        return f'<a class="code-bare" href="{address}{self.on}" data-panel="{panel}">{code}</a>'

    def words(self, line: Line, start: str = "", end: str = "") -> str:
        """The title, with what stands around it, and its nonessential modifiers."""
        words = f"{start}{escape(line.title)}{end}"
        if line.nonessential:
            words += f' <span class="muted">{escape(line.nonessential)}</span>'
        return words

    def _body(self, line: Line, title: str) -> str:
        codes = [self.chip(goal) for goal in sorted(line.goals, key=_order)] if line.goals else []
        refs = [self.ref(ref) for ref in line.refs] if line.refs else []
        # PCS prints the beginning of a code behind the words that lead there
        rest = [*refs, *codes] if self.system == System.ICD10PCS else [*codes, *refs]
        return " ".join([title, *rest])

    # --- an index -------------------------------------------------------------------------------------
    def main_terms(self, lines: Sequence[Line]) -> SafeString:
        """The main terms of a letter, each a link to all its lines."""
        items = []
        for line in lines:
            link = f'<a href="{self.url(line.position)}"><strong>'
            body = self._body(line, self.words(line, link, "</strong></a>"))
            if line.below:
                count = ngettext("%(n)d line below", "%(n)d lines below", line.below) % {"n": line.below}
                body += f' <span class="muted nowrap">· {escape(count)}</span>'
            items.append(f"<li>{body}</li>")
        return mark_safe(f'<ul class="index-lines">{"".join(items)}</ul>')  # all texts were escaped above

    def nested(self, lines: Sequence[Line], asked: int, *, is_folded: bool) -> SafeString:
        """A main term with its lines as lists in lists; the line at ``asked`` is marked and never folded.

        Folded are the lines below each of many.
        """
        out = ['<ul class="index-lines">']
        above: list[tuple[Line, str]] = []
        for line in lines:
            while above and above[-1][0].level >= line.level:
                out.append(above.pop()[1])
            mark = ' aria-current="true"' if line.position == asked else ""
            title = self.words(line) if above else self.words(line, "<strong>", "</strong>")
            out.append(f'<li><p id="t{line.position}"{mark}>{self._body(line, title)}</p>')
            end = "</li>"
            if is_folded and line.below > FEW and above and above[-1][0].below >= MANY:
                is_open = " open" if line.position <= asked <= line.position + line.below else ""
                out.append(f"<details{is_open}><summary>{self._summary(line)}</summary><ul>")
                end = "</ul></details></li>"
            elif line.below:
                out.append("<ul>")
                end = "</ul></li>"
            above.append((line, end))
        out += [end for _line, end in reversed(above)]
        return mark_safe("".join([*out, "</ul>"]))  # all texts were escaped above

    def _summary(self, line: Line) -> str:
        text = ngettext("%(n)d line under “%(term)s”", "%(n)d lines under “%(term)s”", line.below)
        return escape(text % {"n": line.below, "term": line.title})

    # --- a table --------------------------------------------------------------------------------------
    @cached_property
    def columns(self) -> list[tuple[int, str]]:
        """The columns of codes with their headings; the first column is the title's."""
        return [(int(n), heading) for n, heading in sorted(self.release.columns.items()) if int(n) > 1]

    @property
    def heading(self) -> str | Promise:
        """The heading of the first column."""
        return str(self.release.columns.get("1", "")) or self.release.get_book_display()

    def rows(self, lines: Sequence[Line], asked: int | None = None) -> SafeString:
        """Rows of a table; dashes say how deep a row stands, as in the book."""
        above: list[Line] = []
        labels = [(column, escape(heading)) for column, heading in self.columns]
        out = []
        for line in lines:
            while above and above[-1].level >= line.level:
                above.pop()
            title = self.words(line)
            if line.level:
                under = _("under %(term)s:") % {"term": above[-1].title} if above else ""
                title = (
                    f'<span class="muted" aria-hidden="true">{"– " * line.level}</span>'
                    f'<span class="visually-hidden">{escape(under)} </span>{title}'
                )
            refs = "".join(f' <span class="muted">{self.ref(ref)}</span>' for ref in line.refs)
            mark = ' aria-current="true"' if line.position == asked else ""
            muted = ' class="muted"' if line.is_context else ""
            # one element: what is stacked on a phone is laid out child by child
            head = f'<th scope="row"><span>{title}{refs}</span></th>'
            out.append(f'<tr id="t{line.position}"{mark}{muted}>{head}')
            out.append(self._cells(line, labels))
            above.append(line)
        return mark_safe("".join(out))  # all texts were escaped above

    def _cells(self, line: Line, labels: Sequence[tuple[int, str]]) -> str:
        if not line.goals:
            return f'<td colspan="{len(labels)}"></td></tr>'
        chips: dict[int, list[str]] = {}
        for goal in line.goals:
            chips.setdefault(goal.column, []).append(self.chip(goal))
        cells = [
            f'<td data-label="{label}">{" ".join(chips[column]) if column in chips else "–"}</td>'
            for column, label in labels
        ]
        return "".join([*cells, "</tr>"])


def _order(goal: Goal) -> tuple[int, bool]:
    return goal.column, goal.is_manifestation
