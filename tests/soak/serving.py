"""What the gates of exams share: a scratch database, the real web server on it, people who send at once."""

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts import dev
from tests.e2e.conftest import free_port

ROOT = Path(__file__).resolve().parents[2]
DATABASES = ("sqlite", "postgresql")
TOKEN = "c" * 32
#: Seconds that a server may take to answer again.
PATIENCE = 60.0


@contextmanager
def scratch(database: str, *, pages: bool = False) -> Iterator[Path]:
    """An empty, migrated database and Django set up on it as a demo has it: every commit reaches the disk.

    With ``pages`` the server can show pages too, which takes the static files.
    """
    with tempfile.TemporaryDirectory(prefix="crosswalk-soak-") as folder:
        environment = {"DEMO": "1", "VAR": folder, "LOG_LEVEL": "ERROR"}
        os.environ |= environment | {"DJANGO_SETTINGS_MODULE": "portal.settings"}
        for name in ("TESTING", "REDIS_URL", "DATABASE_URL"):
            os.environ.pop(name, None)
        if database == "sqlite":
            _set_up(pages)
            yield Path(folder)
            return
        with dev.postgres() as url:
            os.environ["DATABASE_URL"] = f"{url.rsplit('/', 1)[0]}/postgres"
            _set_up(pages)
            make_durable()
            yield Path(folder)


def _set_up(pages: bool) -> None:
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    # nobody types a password here: making hundreds of people should not take minutes
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    if pages:
        call_command("collectstatic", interactive=False, verbosity=0)


def make_durable() -> None:
    """Our PostgreSQL for tests never waits for the disk; here a commit must survive."""
    from django.db import connection

    with connection.cursor() as cursor:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            cursor.execute(f"ALTER SYSTEM SET {name} = on")
        cursor.execute("SELECT pg_reload_conf()")
    connection.close()


class Server:
    """gunicorn with two workers, as the demo runs it."""

    def __init__(self, folder: Path) -> None:
        self.port, self.log = free_port(), folder / "web.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--bind", f"127.0.0.1:{self.port}", "--workers", "2", "--threads", "4", "--preload"]
        options += ["--worker-class", "gthread", "--no-control-socket", "--log-level", "warning"]
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "portal.wsgi:application", *options],
                cwd=ROOT,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self) -> float:
        """Seconds until it answers."""
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE:
            if self.process is None or self.process.poll() is not None:
                raise AssertionError(f"the server ended: {self.log.read_text()[-2000:]}")
            try:
                probe = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                probe.request("GET", "/healthz")
                if probe.getresponse().status == 200:
                    return time.monotonic() - began
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"the server does not answer: {self.log.read_text()[-2000:]}")

    def kill(self) -> None:
        """SIGKILL for all of it, workers in the middle of whatever they do included."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def __enter__(self) -> "Server":
        self.start()
        self.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class Tab:
    """A signed-in browser that knows no more than to send."""

    def __init__(self, server: Server, cookie: str) -> None:
        self.port = server.port
        self.headers = {
            "Cookie": f"{cookie}; csrftoken={TOKEN}",
            "X-CSRFToken": TOKEN,
            "Host": f"localhost:{server.port}",
        }

    def get(self, path: str) -> tuple[int, str]:
        return self._send("GET", path, None, {})[:2]

    def post(self, path: str, **fields: str) -> tuple[int, str]:
        """Send a form; status and where it leads."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        status, _body, location = self._send("POST", path, urllib.parse.urlencode(fields), kind)
        return status, location

    def send(self, path: str, document: dict[str, Any]) -> tuple[int, str]:
        """Send JSON; 0 when nobody answered."""
        return self._send("POST", path, json.dumps(document), {"Content-Type": "application/json"})[:2]

    def _send(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, str, str]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            line.request(method, path, body, self.headers | headers)
            answer = line.getresponse()
            return answer.status, answer.read().decode(errors="replace"), answer.headers.get("Location", "")
        except (OSError, http.client.HTTPException):
            return 0, "", ""
        finally:
            line.close()


def signed_in(email: str) -> tuple[Any, str]:
    """A person and the cookie of their session."""
    from django.conf import settings
    from django.test import Client

    from tests.worlds import make_person

    person = make_person(email)
    client = Client()
    client.force_login(person)
    name = settings.SESSION_COOKIE_NAME
    return person, f"{name}={client.cookies[name].value}"


def parser_of_databases(parser: Any) -> None:
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")


def on_each(database: str, module: str, arguments: list[str]) -> list[str]:
    """Run a gate on each database in a process of its own: Django is set up once in a process."""
    failures = []
    for one in DATABASES:
        command = [sys.executable, "-m", "tests.soak", module, *arguments, "--database", one]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failures.append(f"{one} is red")
    return failures
