from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RemindersConfig(AppConfig):
    """Every mail about a deadline: planned once, sent at the right hour, stopped with one click."""

    name = "courses.reminders"
    label = "reminders"
    verbose_name = _("Reminders")

    def ready(self) -> None:
        from courses.reminders.kinds import register
        from courses.reminders.kinds.credentials import CeCycleEnd
        from courses.reminders.kinds.exams import AttemptRescored, QuestionReportAnswered
        from courses.reminders.kinds.study import StudyPlanBehind, StudyPlanExam

        register(CeCycleEnd())
        register(QuestionReportAnswered())
        register(AttemptRescored())
        register(StudyPlanExam())
        register(StudyPlanBehind())
