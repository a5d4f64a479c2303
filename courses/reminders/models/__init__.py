"""Templates of mails as revisions, the planned reminders (the outbox), what each person wants, and which
addresses take no mail."""

from courses.reminders.models.addresses import MailEvent, MailGate, Suppression
from courses.reminders.models.outbox import Channel, PlanTally, Reason, Reminder, ReminderQuerySet, Urgency
from courses.reminders.models.people import Preference, ReminderSettings
from courses.reminders.models.templates import MailTemplate, MailTemplateRevision

__all__ = [
    "Channel",
    "MailEvent",
    "MailGate",
    "MailTemplate",
    "MailTemplateRevision",
    "PlanTally",
    "Preference",
    "Reason",
    "Reminder",
    "ReminderQuerySet",
    "ReminderSettings",
    "Suppression",
    "Urgency",
]
