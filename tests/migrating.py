"""Tables as an older release had them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def migrate(*to: tuple[str, str]) -> Any:
    """The models of all apps after these migrations, each an app and a name."""
    executor = MigrationExecutor(connection)
    executor.migrate(to)
    return executor.loader.project_state(to).apps


def latest(app: str) -> list[tuple[str, str]]:
    """The last migrations of an app."""
    return MigrationExecutor(connection).loader.graph.leaf_nodes(app)


@contextmanager
def tables_after(app: str, name: str) -> Iterator[Any]:
    """The models after a migration of an app; at the end the tables are as they are."""
    yield migrate((app, name))
    migrate(*latest(app))
