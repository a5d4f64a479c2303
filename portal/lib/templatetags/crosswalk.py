"""Tags and filters that every template has without loading them (a builtin of the template engine)."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.core.paginator import Paginator
from django.template.base import NodeList, Parser, Token
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from lucide.templatetags.lucide import lucide

register = template.Library()

THEMES = ("light", "dark")
STATE_WORDS = {
    "draft": _("Draft"),
    "live": _("Live"),
    "due": _("Due"),
    "late": _("Late"),
    "short": _("Short"),
    "met": _("Met"),
}
NOTICE_ICONS = {
    "success": "circle-check",
    "warning": "triangle-alert",
    "error": "circle-x",
    "info": "info",
    "debug": "info",
}
NOTICE_CLASSES = {"success": "notice-success", "warning": "notice-warn", "error": "notice-danger"}


@lru_cache(maxsize=256)
def _drawn(name: str, label: str) -> SafeString:
    says = {"role": "img", "aria-label": label} if label else {"aria-hidden": "true", "focusable": "false"}
    return mark_safe(lucide(name, size=None, **{"class": "icon"}, **says))  # the package escapes attributes


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A Lucide icon: decorative, or with ``label`` an image of that name. Its size follows the text."""
    return _drawn(str(name), str(label))


@register.simple_tag(takes_context=True)
def theme(context: dict[str, Any]) -> str:
    """The theme a person forced by the footer's choice, or an empty text: follow the system."""
    request = context.get("request")
    chosen = request.COOKIES.get("theme", "") if request else ""
    return chosen if chosen in THEMES else ""


@register.simple_tag(takes_context=True)
def navlink(context: dict[str, Any], name: str, label: str, *also: str) -> SafeString:
    """A link of the main navigation, current on its own page and on every page under ``also``."""
    url, request = reverse(name), context.get("request")
    here = request.path if request else ""
    current = ""
    if here == url:
        current = "page"
    elif any(here.startswith(prefix) for prefix in (url, *also) if prefix != "/"):
        current = "true"
    if current:
        return format_html('<a href="{}" aria-current="{}">{}</a>', url, current, label)
    return format_html('<a href="{}">{}</a>', url, label)


class CaptureNode(template.Node):
    def __init__(self, nodelist: NodeList, name: str) -> None:
        self.nodelist = nodelist
        self.name = name

    def render(self, context: template.Context) -> SafeString:
        context[self.name] = mark_safe(self.nodelist.render(context).strip())  # rendered, thus escaped above
        return mark_safe("")


@register.tag
def capture(parser: Parser, token: Token) -> CaptureNode:
    """``{% capture name %}…{% endcapture %}``: the rendered part as a variable, empty if it is only space."""
    bits = token.split_contents()
    if len(bits) != 2:
        raise template.TemplateSyntaxError("capture takes the name of a variable")
    nodelist = parser.parse(("endcapture",))
    parser.delete_first_token()
    return CaptureNode(nodelist, bits[1])


@register.filter
def after_dot(text: str) -> str:
    """What follows the first dot: the task of ``path.task``."""
    return text.partition(".")[2]


@register.filter
def words(text: str) -> list[str]:
    """The words of a text, to loop over."""
    return text.split()


@register.filter
def percent(value: Any, maximum: Any) -> int:
    """``value`` as a share of ``maximum`` in whole percent from 0 to 100; 100 only when it is reached."""
    part, whole = float(value or 0), float(maximum or 0)
    if whole <= 0 or part >= whole:
        return 100
    return max(0, min(99, round(100 * part / whole)))


@register.filter
def amount(value: Any) -> str:
    """A number as people write it, to the hundredth: 6, 6.5, 0.25."""
    return f"{round(Decimal(str(value or 0)), 2).normalize():f}"


@register.filter
def span(value: timedelta) -> str:
    """How long, in its two largest units at most: 45 s, 3 min, 2 h 5 min, 3 d 4 h."""
    seconds = max(round(value.total_seconds()), 0)
    if seconds < 60:
        return str(_("%(n)d s") % {"n": seconds})
    minutes, hours, days = seconds // 60 % 60, seconds // 3600 % 24, seconds // 86400
    parts = [
        (_("%(n)d d"), days),
        (_("%(n)d h"), hours),
        (_("%(n)d min"), 0 if days else minutes),
    ]
    return " ".join(str(unit % {"n": number}) for unit, number in parts if number)


@register.filter
def state_word(state: str) -> Any:
    """The word that a state has when the page names no better one."""
    return STATE_WORDS.get(state, state)


@register.filter
def notice_class(tags: str) -> str:
    """The class of a message, by the level in its tags."""
    return next((NOTICE_CLASSES[tag] for tag in (tags or "").split() if tag in NOTICE_CLASSES), "")


@register.filter
def notice_icon(tags: str) -> SafeString:
    """The icon of a message, by the level in its tags."""
    return icon(next((NOTICE_ICONS[tag] for tag in (tags or "").split() if tag in NOTICE_ICONS), "info"))


@register.filter
def elided(paginator: "Paginator[Any]", number: int) -> Iterator[int | str]:
    """The page numbers to link to around ``number``, with gaps."""
    return paginator.get_elided_page_range(number, on_each_side=2, on_ends=1)
