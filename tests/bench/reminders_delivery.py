"""Delivery of the ``reminders`` bench: four workers send 20,000 mails to a mail server on this machine.

The floor sends the same mails, already rendered, by four processes over one connection each: half of them
before and half after, because machine time is noisy. Each server, worker and floor is a process of its own.
"""

import asyncio
import json
import os
import pickle
import re
import smtplib
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MAILS = int(os.environ.get("BENCH_MAILS", 20_000))
WORKERS = 4
#: Before anything else in the bench's world is due.
AT = datetime(2026, 6, 1, 15, tzinfo=UTC)
CLOCK_TICK = os.sysconf("SC_CLK_TCK")

Line = tuple[str, float, str]


def delivery() -> Iterator[Line]:
    """Rates, what was lost or came twice, and the CPU of a mail."""
    from django.db import connection, connections

    with TemporaryDirectory() as folder:
        letters = _prepare(Path(folder))
        connections.close_all()
        before = _bare(letters[:WORKERS])
        ours, seconds, told = _ours()
        after = _bare(letters[WORKERS:])
    counts = Counter(ours)
    bare_rate, rate = MAILS / (before + after), MAILS / seconds
    is_judged = connection.vendor == "postgresql"
    yield "delivery_lost", MAILS - len(counts), "mails (budget 0)"
    yield "delivery_twice", sum(counts.values()) - len(counts), "mails (budget 0)"
    yield "delivery_not_stamped", _unsent(), "rows (budget 0)"
    yield "delivery_rate", rate, "mails/s"
    yield "delivery_bare_rate", bare_rate, "mails/s"
    share = "% of a bare loop" + (" (budget >= 50)" if is_judged else "")
    yield "delivery_share", 100 * rate / bare_rate, share
    yield "delivery_cpu", 1000 * sum(one["cpu"] for one in told) / MAILS, "ms a mail (budget 1.5)"
    if is_judged:
        yield "delivery_database_cpu", 1000 * sum(one["backend"] for one in told) / MAILS, "ms a mail"
    statements = sum(one["statements"] for one in told)
    yield "delivery_sql", statements / MAILS, "statements a mail (budget 1.5)"


# --- the world ---------------------------------------------------------------------------------------------
def _prepare(folder: Path) -> list[Path]:
    """A mail for each of many people, and rendered in files: one for each process of the floor."""
    from courses.reminders import kinds
    from courses.reminders.letters import Part, write_letter
    from courses.reminders.models import MailTemplate, Reminder
    from courses.reminders.queries.judging import facts_about
    from tests.reminders.crowd import drill_rows, make_crowd
    from tests.reminders.drill import Drill, publish_template

    drill = Drill()
    kinds.register(drill)
    if not MailTemplate.objects.filter(kind="drill").exists():
        publish_template("drill")
    from accounts.models import User

    people = list(User.objects.filter(email__regex=r"^p\d+@example\.com$").order_by("pk")[:MAILS])
    people += make_crowd(MAILS - len(people), first=len(people), never_quiet=True)
    Reminder.objects.filter(kind="drill").delete()
    rows = drill_rows(people, at=AT)
    parts, files = MAILS // (2 * WORKERS), []
    for number in range(2 * WORKERS):
        last = None if number == 2 * WORKERS - 1 else (number + 1) * parts
        letters = []
        some = rows[number * parts : last]
        facts = facts_about(some[:1], at=AT)
        for row in some:
            said = drill.context(row, row.subject, at=AT)
            message = write_letter([Part(row, facts.templates["drill"], said)], at=AT)
            letters.append((row.user.email, message.message().as_bytes(linesep="\r\n")))  # type: ignore[call-arg]
        files.append(folder / f"letters-{number}")
        files[-1].write_bytes(pickle.dumps(letters))
    return files


def _unsent() -> int:
    from courses.reminders.models import Reminder

    return Reminder.objects.filter(kind="drill").exclude(state=Reminder.State.SENT).count()


# --- running ------------------------------------------------------------------------------------------------
def _process(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.bench.reminders_delivery", *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ
    )


def _line(process: "subprocess.Popen[str]") -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def _go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def _together(commands: Sequence[Sequence[str]]) -> tuple[list[str], float, list[Any]]:
    """Run a mail server and these processes, all ready before the clock runs: ids taken, seconds, answers."""
    sink = _process("sink")
    port = str(_line(sink))
    workers = [_process(*command, port) for command in commands]
    for worker in workers:
        assert _line(worker) == "ready"
    began = time.monotonic()
    for worker in workers:
        _go(worker)
    told = [_line(worker) for worker in workers]
    seconds = time.monotonic() - began
    for worker in workers:
        worker.wait()
    _go(sink)
    taken = _line(sink)
    sink.wait()
    return taken, seconds, told


def _bare(files: Sequence[Path]) -> float:
    return _together([["bare", str(file)] for file in files])[1]


def _ours() -> tuple[list[str], float, list[Any]]:
    return _together([["work"]] * WORKERS)


# --- the processes ------------------------------------------------------------------------------------------
_MESSAGE_ID = re.compile(rb"(?im)^Message-ID:\s*(\S+)")


def sink() -> None:
    """A mail server that keeps the Message-IDs of what it takes."""
    from aiosmtpd.smtp import SMTP

    taken: list[str] = []

    class Keeper:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            found = _MESSAGE_ID.search(envelope.content)
            taken.append(found[1].decode() if found else "")
            return "250 OK"

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(Keeper(), hostname="sink"), "127.0.0.1", 0)
        print(json.dumps(server.sockets[0].getsockname()[1]), flush=True)
        await loop.run_in_executor(None, sys.stdin.readline)
        server.close()

    asyncio.run(serve())
    print(json.dumps(taken), flush=True)


def bare(file: str, port: str) -> None:
    """Send what is in a file over one connection."""
    letters = pickle.loads(Path(file).read_bytes())  # noqa: S301  # we wrote it a moment ago
    print(json.dumps("ready"), flush=True)
    sys.stdin.readline()
    line = smtplib.SMTP("127.0.0.1", int(port))
    line.ehlo()
    for address, letter in letters:
        line.sendmail("portal@example.com", [address], letter)
    line.quit()
    print(json.dumps({}), flush=True)


def work(port: str) -> None:
    """Deliver until nothing is due, as a worker does."""
    import django
    from django.conf import settings

    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", int(port), 30
    django.setup()
    from django.db import connection

    from courses.reminders import kinds
    from courses.reminders.delivery import deliver_due
    from courses.reminders.tasks import DRAIN_LIMIT
    from tests.reminders.drill import Drill

    kinds.register(Drill())
    statements = 0

    def count(execute: Any, *arguments: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*arguments)

    deliver_due(at=AT, people=[0])  # what a process reads once
    backend = _backend_ticks(connection)
    print(json.dumps("ready"), flush=True)
    sys.stdin.readline()
    cpu = time.process_time()
    with connection.execute_wrapper(count):
        # the last ones may be in others' hands
        while deliver_due(at=AT, limit=DRAIN_LIMIT).claimed:
            pass
    told = {
        "cpu": time.process_time() - cpu,
        "backend": (_backend_ticks(connection) - backend) / CLOCK_TICK,
        "statements": statements,
    }
    print(json.dumps(told), flush=True)


def _backend_ticks(connection: Any) -> int:
    """CPU that the database spent for this connection so far."""
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    {"sink": sink, "bare": bare, "work": work}[sys.argv[1]](*sys.argv[2:])
