from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RemindersConfig(AppConfig):
    """Every mail about a deadline: planned once, sent at the right hour, stopped with one click."""

    name = "courses.reminders"
    label = "reminders"
    verbose_name = _("Reminders")

    def ready(self) -> None:
        from accounts.along import read_along
        from courses.reminders import checks  # noqa: F401  # registers
        from courses.reminders.kinds import register
        from courses.reminders.kinds.codes import KINDS as CODES
        from courses.reminders.kinds.credentials import KINDS as CREDENTIALS
        from courses.reminders.kinds.exams import KINDS as EXAMS
        from courses.reminders.kinds.overview import KINDS as OVERVIEW
        from courses.reminders.kinds.study import KINDS as STUDY
        from courses.reminders.kinds.work import KINDS as WORK
        from courses.reminders.queries.inbox import unread_of_person
        from courses.reminders.receivers import connect

        for kind in (*CREDENTIALS, *STUDY, *EXAMS, *CODES, *WORK, *OVERVIEW):
            register(kind())
        read_along("unread", unread_of_person())
        connect()
