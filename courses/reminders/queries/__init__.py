"""What is asked about reminders; the other rooms and the pages import from here."""

from courses.reminders.queries.judging import (
    Facts,
    Verdict,
    facts_about,
    hours_of,
    is_suppressed,
    judge,
    reminder_key,
    settings_of,
    turned_off,
)
from courses.reminders.queries.log import LATE, Punctuality, for_staff, punctuality
from courses.reminders.queries.people import next_moments

__all__ = [
    "LATE",
    "Facts",
    "Punctuality",
    "Verdict",
    "facts_about",
    "for_staff",
    "hours_of",
    "is_suppressed",
    "judge",
    "next_moments",
    "punctuality",
    "reminder_key",
    "settings_of",
    "turned_off",
]
