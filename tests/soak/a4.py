"""A4 at full size: answers sent while the web server is killed or PostgreSQL crashes; none may be lost."""

import argparse
import random
import subprocess
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from tests.soak.serving import Server, Tab, on_each, parser_of_databases, scratch, signed_in

#: Seconds after the database is up within which every browser must have been answered again.
RECOVERY = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kills", type=int, default=50, help="kills of the whole web server")
    parser.add_argument("--answers", type=int, default=100, help="questions of the exam that is replayed")
    parser.add_argument("--crashes", type=int, default=15, help="immediate restarts of PostgreSQL")
    parser.add_argument("--takers", type=int, default=50, help="people who answer while it crashes")
    parser.add_argument(
        "--fault", choices=["", "planted"], default="", help="planted: commit without the disk"
    )
    parser_of_databases(parser)


def run(options: argparse.Namespace) -> list[str]:
    """What is wrong: an acknowledged answer that is not there, one that is there twice, no recovery."""
    if options.database == "both":
        named = ("kills", "answers", "crashes", "takers")
        arguments = [word for name in named for word in (f"--{name}", str(getattr(options, name)))]
        return on_each(options.database, "A4", arguments)
    with scratch(options.database) as folder, Server(folder) as server:
        from courses.exams.models import Domain
        from tests.exams.banks import fill_bank, make_mock

        domain = Domain.objects.create(key="anatomy", title="Anatomy")
        fill_bank(domain, options.answers * 2)
        exam = make_mock(domain, options.answers)
        failures = _web(server, exam, options) if options.kills else []
        if options.database == "postgresql" and options.crashes:
            failures += _database(server, exam, options)
        return failures


@dataclass
class Taker:
    """Someone who answers until all is acknowledged, as the script of the page does: the same again."""

    tab: Tab
    attempt: int
    client: str
    to_send: list[tuple[int, int, str]]
    acknowledged: dict[tuple[int, int], str] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    #: When it was last acknowledged, and the longest that it waited from a moment on.
    last: float = 0.0

    def work(self, stop: threading.Event, pace: float = 0.0) -> None:
        for position, seq, choice in self.to_send:
            document = {"position": position, "client_id": self.client, "seq": seq}
            while not stop.is_set():
                status, _body = self.tab.send(
                    f"/attempts/{self.attempt}/answer/", document | {"answer": {"choice": [choice]}}
                )
                self.statuses[status] += 1
                if status == 200:
                    self.acknowledged[position, seq] = choice
                    self.last = time.monotonic()
                    break
                time.sleep(0.05)
            time.sleep(pace)


def _taker(server: Server, exam: Any, number: int, answers: int, rounds: int) -> Taker:
    from django.utils import timezone

    from courses.exams.actions import start_attempt

    person, cookie = signed_in(f"taker-{answers}-{rounds}-{number}@example.com")
    attempt = start_attempt(user=person, blueprint=exam, at=timezone.now())
    dice = random.Random(number)
    places = [position for position in range(1, answers + 1) for _ in range(rounds)]
    dice.shuffle(places)
    to_send = [(position, seq, dice.choice("1234")) for seq, position in enumerate(places, start=1)]
    return Taker(Tab(server, cookie), attempt.pk, f"{number:016x}", to_send)


def _missing(takers: list[Taker]) -> tuple[int, int]:
    """Acknowledged answers that are not stored as they were sent, and answers stored twice."""
    from courses.exams.models import Response

    lost = twice = 0
    for one in takers:
        rows = list(
            Response.objects.filter(attempt=one.attempt).values_list("item__position", "seq", "value")
        )
        stored = {(position, seq): str(value) for position, seq, value in rows}
        twice += len(rows) - len(stored)
        lost += sum(stored.get(key) != choice for key, choice in one.acknowledged.items())
    return lost, twice


def _web(server: Server, exam: Any, options: argparse.Namespace) -> list[str]:
    """The whole server is killed again and again while one exam is replayed."""
    dice = random.Random(4)
    kills = replays = 0
    takers: list[Taker] = []
    stop = threading.Event()
    statuses: Counter[int] = Counter()
    while kills < options.kills and replays < options.kills:
        taker = _taker(server, exam, 1000 + replays, options.answers, 1)
        takers.append(taker)
        replays += 1
        thread = threading.Thread(target=taker.work, args=(stop,))
        thread.start()
        while thread.is_alive() and kills < options.kills:
            # in the middle of an answer, not in the pause of a server that starts
            time.sleep(dice.uniform(0.005, 0.15))
            if not thread.is_alive():
                break
            server.kill()
            kills += 1
            server.start()
            server.wait()
        thread.join()
        statuses += taker.statuses
    lost, twice = _missing(takers)
    sent = sum(len(one.acknowledged) for one in takers)
    print(
        f"A4 {options.database}: {kills} kills of the web server while {replays} exams of {options.answers}"
        f" answers were replayed: {sent} acknowledged, {lost} lost, {twice} twice; {dict(statuses)}",
        flush=True,
    )
    found = {
        f"only {kills} kills": kills < options.kills,
        f"{lost} acknowledged answers were lost": lost > 0,
        f"{twice} are stored twice": twice > 0,
        "not every answer was acknowledged in the end": sent != replays * options.answers,
        f"statuses {dict(statuses)}": bool(set(statuses) - {0, 200, 500, 502, 503}),
    }
    return [what for what, is_true in found.items() if is_true]


class Cluster:
    """The PostgreSQL that the gate runs on, to be crashed as its owner may."""

    def __init__(self) -> None:
        import psutil
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SHOW data_directory")
            self.folder = cursor.fetchone()[0]
            cursor.execute("SELECT pg_backend_pid()")
            postmaster = psutil.Process(cursor.fetchone()[0]).parent()
        connection.close()
        assert postmaster is not None
        self.control = postmaster.exe().replace("/postgres", "/pg_ctl")
        self.owner = {"user": postmaster.uids().real, "group": postmaster.gids().real, "extra_groups": []}

    def crash(self) -> None:
        """Stop it without a checkpoint, as a power cut would; it recovers from its log when it starts."""
        command = [self.control, "-D", self.folder, "-m", "immediate", "-w", "-t", "60", "-s", "restart"]
        log = ["-l", f"{self.folder}/../log"]
        subprocess.run(
            [*command, *log],
            check=True,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self.owner,
        )


def _database(server: Server, exam: Any, options: argparse.Namespace) -> list[str]:
    """PostgreSQL crashes again and again while many answer."""
    takers = [_taker(server, exam, number, options.answers, 20) for number in range(options.takers)]
    cluster = Cluster()
    if options.fault == "planted":
        _commit_to_memory()
    dice = random.Random(15)
    stop = threading.Event()
    recoveries = []
    with ThreadPoolExecutor(options.takers) as pool:
        working = [pool.submit(one.work, stop, 0.1) for one in takers]
        for _crash in range(options.crashes):
            time.sleep(dice.uniform(0.5, 3))
            cluster.crash()
            up = time.monotonic()
            while min(one.last for one in takers) < up and time.monotonic() - up < 30:
                time.sleep(0.05)
            recoveries.append(time.monotonic() - up)
        stop.set()
        for one in working:
            one.result()
    lost, twice = _missing(takers)
    sent = sum(len(one.acknowledged) for one in takers)
    statuses = sum((one.statuses for one in takers), Counter[int]())
    print(
        f"A4 {options.database}: {options.crashes} crashes while {options.takers} people answered:"
        f" {sent} acknowledged, {lost} lost, {twice} twice; all were answered again within"
        f" {max(recoveries):.1f} s; {dict(statuses)}",
        flush=True,
    )
    found = {
        f"{lost} acknowledged answers were lost": lost > 0,
        f"{twice} are stored twice": twice > 0,
        f"{max(recoveries):.1f} s until all were answered again": max(recoveries) > RECOVERY,
        f"only {sent} answers": sent < 10 * options.crashes,
    }
    return [what for what, is_true in found.items() if is_true]


def _commit_to_memory() -> None:
    """The planted fault: what many do for speed."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ALTER SYSTEM SET synchronous_commit = off")
        cursor.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
        cursor.execute("SELECT pg_reload_conf()")
    connection.close()
