from django.apps import AppConfig


class PagesConfig(AppConfig):
    """Pages that no single room owns."""

    name = "portal.pages"
    label = "pages"
