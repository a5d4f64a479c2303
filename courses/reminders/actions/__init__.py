"""Writing to reminders; the other rooms and the pages import from here."""

from courses.reminders.actions.planning import Planned, plan
from courses.reminders.actions.preferences import save_preference, save_settings
from courses.reminders.actions.staff import NotFailed, requeue
from courses.reminders.actions.suppression import suppress_address
from courses.reminders.actions.templates import write_template_revision

__all__ = [
    "NotFailed",
    "Planned",
    "plan",
    "requeue",
    "save_preference",
    "save_settings",
    "suppress_address",
    "write_template_revision",
]
