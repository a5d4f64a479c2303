"""What the gates of delivery share: people to write to, a mail server that counts, a deployment's workers."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_MESSAGE_ID = re.compile(rb"(?im)^Message-ID:\s*(\S+)")


@contextmanager
def mail_server(**fields: Any) -> Iterator[Any]:
    """A real mail server; ``port`` says where, the script's fields how it behaves."""
    from tests.reminders.smtp import AnyPort, Script

    script = Script()
    for name, value in fields.items():
        setattr(script, name, value)
    server = AnyPort(script, hostname="127.0.0.1", port=0, **script.options)
    server.start()
    script.port = server.port  # type: ignore[attr-defined]
    try:
        yield script
    finally:
        server.stop()


def drill(rows: int, *, at: datetime, first: int = 0) -> None:
    """So many due reminders: two of three people have one, the third has two, which go as one mail."""
    from courses.reminders import kinds
    from courses.reminders.models import MailTemplate
    from tests.reminders.crowd import drill_rows, make_crowd
    from tests.reminders.drill import publish_template
    from tests.soak.drilling import standing

    kinds.register(standing())
    if not MailTemplate.objects.filter(kind="drill").exists():
        publish_template("drill")
    people = make_crowd(rows - rows // 4, first=first, never_quiet=True)
    drill_rows(people, at=at)
    for person in people[: rows // 4]:
        drill_rows([person], at=at, key=f"drill:second:{person.pk}", subject=f"second-{person.pk}")


@dataclass
class Count:
    """What was accepted, set beside what the database says."""

    rows: int
    lost: int
    twice: int
    most: int
    unsent: int


def count(script: Any) -> Count:
    """What is lost: said to be sent and never accepted, or not sent; what is twice: copies, under any id."""
    from courses.reminders.models import Reminder

    copies = Counter(found[1].decode() for raw in script.accepted if (found := _MESSAGE_ID.search(raw)))
    rows = Reminder.objects.filter(kind="drill", channel="email")
    said = set(rows.filter(state=Reminder.State.SENT).values_list("message_id", flat=True))
    unsent = rows.exclude(state=Reminder.State.SENT).count()
    lost = rows.filter(state=Reminder.State.SENT).exclude(message_id__in=list(copies)).count() if said else 0
    return Count(
        rows=rows.count(),
        lost=lost,
        twice=sum(copies.values()) - len(said & set(copies)),
        most=max(copies.values(), default=0),
        unsent=unsent,
    )


def unsent() -> int:
    from courses.reminders.models import Reminder

    return Reminder.objects.filter(kind="drill").exclude(state=Reminder.State.SENT).count()


class Workers:
    """Celery as a deployment runs it, with beat, or ``manage.py worker``; mail goes to the given server."""

    def __init__(
        self, folder: Path, port: int, *, broker: str = "", processes: int = 2, **extra: str
    ) -> None:
        self.folder, self.processes = folder, processes
        self.log = folder / "worker.log"
        self.env = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.soak.worker_settings",
            "SOAK_SMTP_PORT": str(port),
            "LOG_LEVEL": "ERROR",
            **extra,
        }
        if broker:
            self.env["REDIS_URL"] = broker
        self.broker = broker
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self.broker:
            command = [sys.executable, "-m", "celery", "--quiet", "-A", "portal", "worker", "-B"]
            command += ["-c", str(self.processes), "--without-gossip", "--without-mingle", "-l", "ERROR"]
            command += ["--schedule", str(self.folder / "beat")]
        else:
            command = [sys.executable, "manage.py", "worker"]
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.env, stdout=out, stderr=out, start_new_session=True
            )

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ask_to_end(self, patience: float) -> bool:
        """SIGTERM, and SIGKILL for all of it after so many seconds; whether it ended by itself."""
        assert self.process is not None
        self.process.terminate()
        try:
            self.process.wait(patience)
            ended = True
        except subprocess.TimeoutExpired:
            ended = False
        self.kill()
        return ended

    def kill(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def __enter__(self) -> "Workers":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def wait_for(condition: Any, seconds: float) -> float:
    """Seconds until it is so; infinity where it never is."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if condition():
            return time.monotonic() - began
        time.sleep(0.1)
    return float("inf")
