"""Whether the database still refuses to change the ledger."""

from importlib import import_module

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

#: The migration that says which triggers there are; a later one that changes them is named here instead.
SINCE = "0005_rows_are_guarded"


def missing_guards(alias: str = "default") -> list[str]:
    """The triggers of the ledger that the database should have and has not; none before they came."""
    connection = connections[alias]
    if ("credentials", SINCE) not in MigrationRecorder(connection).applied_migrations():
        return []
    wanted: set[str] = import_module(f"courses.credentials.migrations.{SINCE}").names(connection.vendor)
    return sorted(wanted - triggers(connection))


def triggers(connection: BaseDatabaseWrapper) -> set[str]:
    """The names of the triggers that fire."""
    asked = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'",
    }
    with connection.cursor() as cursor:
        cursor.execute(asked[connection.vendor])
        return {name for (name,) in cursor.fetchall()}
