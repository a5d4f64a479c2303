"""Many uploads of 10 MB at once, in a process whose memory is watched: prints how many were taken, and MB.

``python -m tests.credentials.uploader NUMBER [planted]``
"""

import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil

from courses.credentials import files
from tests.credentials.hostile import pdf, stream

SIZE = files.MAX_BYTES


def upload() -> Iterator[bytes]:
    """A PDF of 10 MB, a piece at a time, as a network brings it."""
    filler = SIZE - 2000
    whole = pdf(b"", b"", stream(b"", b"/Filler true"))
    head, tail = whole[:9], pdf(b"", b"", stream(b"x" * filler))[9:]
    del whole
    yield head
    for start in range(0, len(tail), 64 * 1024):
        yield tail[start : start + 64 * 1024]


def memory(process: psutil.Process) -> int:
    """MB of a process and of those that it started."""
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            total += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total // 2**20


def main(number: int, fault: str) -> tuple[int, int]:
    held: list[object] = []
    source = list(upload())  # one for all, as the network is not ours

    def give() -> object:
        if fault:
            held.append(b"".join(source) * 1)
            return files.accept([held[-1]])  # type: ignore[list-item]  # the bytes just joined
        return files.accept(iter(source))

    files.PATIENCE = 600  # type: ignore[misc]  # nobody is sent away here: all are to be weighed
    process, most, done = psutil.Process(), 0, threading.Event()
    before = memory(process)

    def watch() -> None:
        nonlocal most
        while not done.is_set():
            most = max(most, memory(process))
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(number) as people:
        taken = sum(1 for _ in people.map(lambda _n: give(), range(number)))
    done.set()
    watcher.join()
    return taken, most - before


if __name__ == "__main__":
    print(*main(int(sys.argv[1]), "".join(sys.argv[2:])))
