"""The HTML part of every mail: the house's page around a body, and a plain letter as such a body."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from csp.decorators import csp
from css_inline import CSSInliner
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.clickjacking import xframe_options_sameorigin

from portal.lib.access import View

_FRAME = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["data:"],
    "frame-ancestors": ["'self'"],
    "sandbox": [True],
}
_ITEM = re.compile(r"^- ", re.MULTILINE)


def framed(*, subject: str, body: SafeString, around: Mapping[str, Any] | None = None) -> str:
    """``body`` on the page that all mails share, complete in itself: styles inlined, nothing to fetch.

    ``around`` fills the footer: ``why``, and for what can be stopped ``kind``, ``stop_url`` and
    ``preferences_url``.
    """
    page = render_to_string("emails/frame.html", {**(around or {}), "subject": subject, "body": body})
    return str(_inliner().inline(page))


def in_frame(view: View) -> View:
    """Let a view answer with a mail for a frame on our page: sandboxed, its own styles and nothing else."""
    return xframe_options_sameorigin(csp(_FRAME)(view))


def letter_as_html(text: str, *, code: str = "", actions: Mapping[str, str | Promise]) -> SafeString:
    """A plain letter as HTML, escaped: paragraphs, lists of ``- `` lines, ``code`` large and alone.

    Only the addresses in ``actions`` (address -> what the button says) become links: what a stranger typed
    into a name stays text.
    """
    blocks = [block.strip() for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n"))]
    return mark_safe(
        "\n".join(_block(block, code, actions) for block in blocks if block)
    )  # escaped by _block


def _block(block: str, code: str, actions: Mapping[str, str | Promise]) -> str:
    if code and block == code:
        return format_html('<p class="code">{}</p>', block)
    if block in actions:
        return format_html('<p class="action"><a class="button" href="{}">{}</a></p>', block, actions[block])
    head, *items = _ITEM.split(block)
    if items and not head.strip():
        return format_html(
            "<ul>{}</ul>", format_html_join("", "<li>{}</li>", ([" ".join(i.split())] for i in items))
        )
    html = str(escape(" ".join(block.split())))
    for url in sorted(actions, key=len, reverse=True):
        html = html.replace(escape(url), format_html('<a href="{0}">{0}</a>', url))
    return f"<p>{html}</p>"


@cache
def _inliner() -> CSSInliner:
    # the style element stays for what cannot be inlined: dark mode and narrow screens
    return CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)
