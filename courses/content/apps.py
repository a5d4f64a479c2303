from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContentConfig(AppConfig):
    """The starter curriculum as files, and the command that loads it; no tables of its own."""

    name = "courses.content"
    label = "content"
    verbose_name = _("Content packs")
