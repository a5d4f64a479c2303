from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CatalogConfig(AppConfig):
    """Certifications, education paths, courses, lessons and the career guide."""

    name = "courses.catalog"
    label = "catalog"
    verbose_name = _("Content")

    def ready(self) -> None:
        from courses.catalog import receivers  # noqa: F401  (connects them)
