"""A bench on both databases: each time in a process of its own, with a database of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: What was measured, how much, and of what.
Line = tuple[str, float, str]


def on_both_databases(name: str) -> Iterator[Line]:
    """What ``python -m tests.bench.<name>`` prints on SQLite and on PostgreSQL, each line as it comes."""
    sys.path.insert(0, str(ROOT / "scripts"))
    import dev

    yield from _in_process("sqlite", name, {})
    with dev.postgres() as url:
        import psycopg

        with psycopg.connect(url.replace("/crosswalk", "/postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE crosswalk")
        yield from _in_process("postgresql", name, {"DATABASE_URL": url})


def set_up() -> None:
    """The portal in this process, with its tables and with ``floor`` among its pages."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.ROOT_URLCONF = "tests.bench.floor"
    # in place of Redis, which costs no SQL either; without it a table would stand in
    settings.CACHES["default"] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    call_command("migrate", "-v0")
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", "--noinput", "-v0")


def _in_process(database: str, name: str, extra: dict[str, str]) -> Iterator[Line]:
    var = ROOT / "var" / f"bench-{name}-{database}"
    environment = os.environ | {"VAR": str(var), "DEMO": "1", "LOG_LEVEL": "WARNING"} | extra
    environment.pop("TESTING", None)
    command = [sys.executable, "-m", f"tests.bench.{name}"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            what, value, unit = line.rstrip("\n").split(" ", 2)
            yield f"{database}_{what}", float(value), unit
    assert process.returncode == 0, f"the bench on {database} failed"
