from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExamsConfig(AppConfig):
    """The question bank, checkpoints in lessons, and timed practice exams."""

    name = "courses.exams"
    label = "exams"
    verbose_name = _("Question bank and exams")

    def ready(self) -> None:
        from courses.exams import receivers  # noqa: F401  # connects to catalog's signal
        from courses.exams.jobs import RESCORE_KIND, run_rescore_job
        from courses.jobs.kinds import Words, register

        register(
            RESCORE_KIND, run_rescore_job, Words(_("Score again by a corrected key"), "exams:corrections")
        )
