from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CodesetsConfig(AppConfig):
    """Code systems, their releases, codes and notes, the guideline outline and the look-up."""

    name = "courses.codesets"
    label = "codesets"
    verbose_name = _("Code sets")

    def ready(self) -> None:
        from courses.codesets.jobs import FILE_KIND, LOAD_KIND, run_file_job, run_load_job
        from courses.jobs.kinds import register

        register(LOAD_KIND, run_load_job)
        register(FILE_KIND, run_file_job)
