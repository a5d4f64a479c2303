from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CodesetsConfig(AppConfig):
    """Code systems, their releases, codes and notes, the guideline outline and the look-up."""

    name = "courses.codesets"
    label = "codesets"
    verbose_name = _("Code sets")

    def ready(self) -> None:
        from courses.codesets.jobs import FILE_KIND, LOAD_KIND, run_file_job, run_load_job
        from courses.jobs.kinds import Words, register

        register(LOAD_KIND, run_load_job, Words(_("Load the package's code list"), "codesets:releases"))
        register(FILE_KIND, run_file_job, Words(_("Load a code file"), "codesets:releases"))
