"""The HTML of options, joined from what was rendered when the question was written: no database.

Templates would spend four times as long on the 400 options of a full exam; all that is joined here is either
a number or HTML that ``portal.lib.markdown`` has sanitised.
"""

from collections.abc import Collection, Iterable

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

LETTERS = "ABCDEFGH"

Option = tuple[int, str]
"""Id and rendered text."""


def in_line(html: str) -> str:
    """HTML without the paragraph around it: a label holds words, not blocks."""
    text = html.strip()
    if text.startswith("<p>") and text.endswith("</p>") and text.count("<p>") == 1:
        return text[3:-4]
    return text


def in_order(options: Iterable[Option], order: Iterable[int]) -> list[Option]:
    """The options in the order in which an attempt shows them."""
    by_id = dict(options)
    return [(pk, by_id[pk]) for pk in order]


def radios(options: Iterable[Option], *, chosen: int | None, struck: Collection[int] = ()) -> SafeString:
    """Options as radio buttons named ``choice``, one list."""
    lines = []
    for letter, (pk, html) in zip(LETTERS, options, strict=False):
        checked = " checked" if pk == chosen else ""
        names = "option is-struck" if pk in struck else "option"
        lines.append(
            f'<li class="{names}"><label><input type="radio" name="choice" value="{int(pk)}"{checked}>'
            f'<span class="option-letter">{letter}</span><span class="option-text">{html}</span></label></li>'
        )
    return mark_safe(f'<ol class="options">{"".join(lines)}</ol>')  # sanitised on write, see above


def cell(position: int, *, names: str, words: str, href: str) -> SafeString:
    """A cell of the grid of questions: its state in shape and in words."""
    number = int(position)
    return mark_safe(  # numbers, fixed class names and escaped words
        f'<li><a class="cell{names}" href="{conditional_escape(href)}" data-cell="{number}">{number}'
        f'<span class="visually-hidden">, {conditional_escape(words)}</span></a></li>'
    )
