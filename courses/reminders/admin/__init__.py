"""Editing mails, and looking after what goes and what did not."""

from courses.reminders.admin.addresses import MailEventAdmin, SuppressionAdmin
from courses.reminders.admin.outbox import PlanTallyAdmin, ReminderAdmin
from courses.reminders.admin.templates import MailTemplateAdmin

__all__ = ["MailEventAdmin", "MailTemplateAdmin", "PlanTallyAdmin", "ReminderAdmin", "SuppressionAdmin"]
