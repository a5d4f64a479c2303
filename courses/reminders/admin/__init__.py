"""Editing mails, and looking after what goes and what did not."""

from courses.reminders.admin.outbox import ReminderAdmin, SuppressionAdmin
from courses.reminders.admin.templates import MailTemplateAdmin

__all__ = ["MailTemplateAdmin", "ReminderAdmin", "SuppressionAdmin"]
