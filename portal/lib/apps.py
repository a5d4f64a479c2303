from django.apps import AppConfig


class LibConfig(AppConfig):
    """The floor: no tables; imports nothing of ours."""

    name = "portal.lib"
    label = "lib"

    def ready(self) -> None:
        from portal.lib import checks  # noqa: F401  # registers them
