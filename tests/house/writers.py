"""Many writers on one SQLite file, through Django's own wrapper: how often is the database locked?"""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import OperationalError, transaction
from django.db import connections as django_connections
from django.db.backends.sqlite3.base import DatabaseWrapper

WRITERS, TURNS = 8, 12


def locked_writes(folder: Path, options: Mapping[str, Any]) -> tuple[int, int]:
    """How many of ``WRITERS * TURNS`` read-then-write transactions met a locked database, and the sum."""
    database = django_connections["default"].settings_dict | {
        "NAME": folder / "writers.sqlite3",
        "OPTIONS": dict(options),
    }
    first = _connect(database, "first")
    with first.cursor() as cursor:
        cursor.execute("CREATE TABLE counter (value integer NOT NULL)")
        cursor.execute("INSERT INTO counter VALUES (0)")

    def write(number: int) -> int:
        alias, locked = f"writer-{number}", 0
        connection = _connect(database, alias)
        try:
            for _ in range(TURNS):
                try:
                    with transaction.atomic(using=alias), connection.cursor() as cursor:
                        cursor.execute("SELECT value FROM counter")
                        value = cursor.fetchone()[0]
                        time.sleep(0.001)  # what an action thinks between reading and writing
                        cursor.execute("UPDATE counter SET value = %s", [value + 1])
                except OperationalError as error:
                    if "locked" not in str(error):
                        raise
                    locked += 1
            return locked
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        locked = sum(pool.map(write, range(WRITERS)))
    with first.cursor() as cursor:
        cursor.execute("SELECT value FROM counter")
        total = cursor.fetchone()[0]
    first.close()
    return locked, total


def our_options(**changes: Any) -> dict[str, Any]:
    return settings.DATABASES["default"]["OPTIONS"] | changes


def _connect(database: Mapping[str, Any], alias: str) -> DatabaseWrapper:
    # known to this thread alone, so that ``transaction.atomic`` finds it by its name
    connection = DatabaseWrapper(dict(database), alias)
    django_connections[alias] = connection
    return connection
