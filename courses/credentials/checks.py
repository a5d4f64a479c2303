"""System checks of credentials."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Tags, Warning, register

from courses.credentials.guards import missing_guards


@register(Tags.database)
def ledger_is_guarded(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Say which trigger a migration took away; a warning, or the migration that mends it could not run."""
    return [
        Warning(
            f"The database {alias!r} lets the ledger of continuing education be changed: no trigger {name}.",
            hint="End the migration that remade the table as courses/credentials/migrations/0005 says.",
            id="credentials.W001",
        )
        for alias in databases or ()
        for name in missing_guards(alias)
    ]
