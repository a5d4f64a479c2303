"""What several reminders about credentials say."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from courses.reminders.kinds.shared import days_left_words, listed

#: Titles that a sentence names before it counts the rest.
MOST_TITLES = 3


def left_words(days: int) -> str:
    """How much time is left, for a subject line."""
    return days_left_words(days) if days > 0 else _("last day")


def titles(several: Sequence[str]) -> str:
    """“A”, “B” and 2 more."""
    named = [_("“%(title)s”") % {"title": title} for title in several[:MOST_TITLES]]
    if rest := len(several) - len(named):
        named.append(_("%(n)d more") % {"n": rest})
    return listed(named)


def because_held(credential: str) -> str:
    """Why somebody gets what has to do with a cycle."""
    return _("You get this because you recorded %(credential)s here.") % {"credential": credential}
