"""System checks: what must not be true of the machine that we run on."""

import re
import sqlite3
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

#: The first SQLite with the WAL-reset bug and the first without it.
WAL_FROM, WAL_MENDED = (3, 7, 0), (3, 51, 3)
_JOURNAL = re.compile(r"journal_mode\s*=\s*['\"]?(\w+)", re.IGNORECASE)


def may_corrupt(version: tuple[int, ...], journal: str) -> bool:
    """Whether two processes that write may corrupt the file. An unnamed journal may be an old WAL."""
    return WAL_FROM <= version < WAL_MENDED and journal.lower() in {"wal", ""}


def journal_of(database: dict[str, Any]) -> str:
    """The journal that a connection of ``database`` asks for, or nothing."""
    found = _JOURNAL.search(database.get("OPTIONS", {}).get("init_command") or "")
    return found[1] if found else ""


@register()
def sqlite_keeps_its_file(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Refuse the write-ahead log on a SQLite that may corrupt it."""
    return [
        Error(
            f"SQLite {sqlite3.sqlite_version} may corrupt the database {alias!r} with its journal"
            f" {journal_of(database).upper() or 'WAL, which is not ruled out'}.",
            hint="Install pysqlite3 (SQLite 3.51.3 or newer) or set journal_mode=DELETE in init_command.",
            id="lib.E001",
        )
        for alias, database in settings.DATABASES.items()
        if database["ENGINE"].endswith("sqlite3")
        and may_corrupt(sqlite3.sqlite_version_info, journal_of(database))
    ]
