from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    """Long work started from the web, and the ticks of whoever does it."""

    name = "courses.jobs"
    label = "jobs"
    verbose_name = _("System")
