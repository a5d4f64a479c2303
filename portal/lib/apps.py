from django.apps import AppConfig


class LibConfig(AppConfig):
    """The floor: no tables; imports nothing of ours."""

    name = "portal.lib"
    label = "lib"

    def ready(self) -> None:
        from django.db.backends.sqlite3 import base

        from portal.lib import checks  # noqa: F401  # registers them

        # what SQLite takes since 3.32; Django counts on 999 and would write a long exam in two statements
        base.DatabaseFeatures.max_query_params = 32_766
