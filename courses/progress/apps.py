from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProgressConfig(AppConfig):
    """What a person has started, read, met and completed."""

    name = "courses.progress"
    label = "progress"
    verbose_name = _("Progress")
