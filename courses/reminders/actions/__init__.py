"""Writing to reminders; the other rooms and the pages import from here."""

from courses.reminders.actions.events import Told, record_events, record_returned
from courses.reminders.actions.inbox import mark_read, mark_unread, unmark_read
from courses.reminders.actions.planning import Planned, plan
from courses.reminders.actions.preferences import (
    Limits,
    save_preference,
    save_settings,
    start_again,
    turn_mails,
)
from courses.reminders.actions.staff import (
    NotFailed,
    NotOver,
    TooLate,
    approve_held,
    cancel_held,
    cancel_waiting,
    requeue,
    requeue_failed,
    send_again,
)
from courses.reminders.actions.suppression import (
    lift_suppression,
    lift_suppressions,
    suppress_address,
    turn_off_mail,
)
from courses.reminders.actions.templates import write_template_revision

__all__ = [
    "Limits",
    "NotFailed",
    "NotOver",
    "Planned",
    "Told",
    "TooLate",
    "approve_held",
    "cancel_held",
    "cancel_waiting",
    "lift_suppression",
    "lift_suppressions",
    "mark_read",
    "mark_unread",
    "plan",
    "record_events",
    "record_returned",
    "requeue",
    "requeue_failed",
    "save_preference",
    "save_settings",
    "send_again",
    "start_again",
    "suppress_address",
    "turn_mails",
    "turn_off_mail",
    "unmark_read",
    "write_template_revision",
]
