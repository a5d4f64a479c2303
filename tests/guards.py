"""Taking the triggers of the ledger away for a moment, as only a test may."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from django.db import connection, transaction
from django.db.backends.base.operations import BaseDatabaseOperations

from courses.credentials.guards import SINCE, triggers

guards = import_module(f"courses.credentials.migrations.{SINCE}")


def take_guards_away() -> None:
    """The ledger as somebody has it who owns the database; a rollback brings its guards back."""
    with connection.cursor() as cursor:
        _settle(cursor)
        guards.unguard(None, _editor(cursor))


@contextmanager
def unguarded() -> Iterator[None]:
    """Without the triggers, and then with them again; inside a transaction."""
    if not guards.names(connection.vendor) & triggers(connection):  # migrated back to before they came
        yield
        return
    take_guards_away()
    yield
    with connection.cursor() as cursor:
        _settle(cursor)
        guards.guard(None, _editor(cursor))


def _editor(cursor: Any) -> Any:
    """As much of a schema editor as the migration asks for; SQLite's own refuses to work in a transaction."""
    return SimpleNamespace(
        connection=connection, execute=lambda sql, params=None: cursor.execute(sql, params)
    )


def _settle(cursor: Any) -> None:
    """PostgreSQL alters no table while a foreign key of it waits to be checked."""
    if connection.vendor == "postgresql":
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def let_tests_flush() -> None:
    """Let the emptying of all tables after a transactional test through; everything else stays refused."""
    flush = BaseDatabaseOperations.execute_sql_flush

    def execute_sql_flush(self: Any, sql_list: Any) -> None:
        with transaction.atomic(), unguarded():
            flush(self, sql_list)

    BaseDatabaseOperations.execute_sql_flush = execute_sql_flush  # type: ignore[method-assign]
