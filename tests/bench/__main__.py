"""``make bench [NAME=pages|exams|credentials|reminders|memory|demo|search]``: prints ``name value unit``
lines and writes ``var/bench.json``.

Times are CPU milliseconds of one request straight into the WSGI handler, the median of five rounds; each
round measures the page and its floor (a bare Django view that runs the same SQL) one after the other,
because machine time is noisy. What counts is the ratio.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

from tests.bench.databases import ROOT, Line, on_both_databases

VAR = ROOT / "var" / "bench"
ROUNDS, TIMES = 5, 40

#: What the box in the header asks, and what people have typed so far; two in five mean something else.
SUGGEST = "/codes/search.json?system=all&limit=4&typing=1&q="
BEGUN = "diab diabetic+foot+ul heart+att frac fracture+of+fem chest+p e11 copd otitis+me broken+h".split()

#: page -> (SQL allowed, ratio to the floor allowed), see docs/measurements.md
BUDGETS = {
    "login": (0, 12.5),
    "catalog": (4, 1.3),
    "course": (6, 3.6),
    "lesson": (6, 2.5),
    "today": (8, 4.3),
    "suggest": (3, 2.5),
}


def prepare() -> None:
    """A database with the real codes, the starter content and the demo people."""
    os.environ.update(DEMO="1", VAR=str(VAR), LOG_LEVEL="WARNING", DJANGO_SETTINGS_MODULE="portal.settings")
    os.environ.pop("TESTING", None)
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.ROOT_URLCONF = "tests.bench.floor"
    # in place of Redis, which costs no SQL either; without it a table would stand in
    settings.CACHES["default"] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    for command in (
        ["migrate", "-v0"],
        ["createcachetable"],
        ["load_codes", "icd10cm"],
        ["index_codes"],
        ["load_content"],
        ["load_demo"],
        ["collectstatic", "--noinput", "-v0"],
    ):
        call_command(*command)


def signed_in(email: str) -> tuple[Any, dict[str, str]]:
    """A person and the cookies of a session of theirs."""
    from django.test import Client

    from accounts.models import User

    user = User.objects.get(email=email)
    client = Client()
    client.force_login(user)
    client.get("/today/")  # the session now knows that the terms are accepted
    return user, {name: morsel.value for name, morsel in client.cookies.items()}


def demo_address(label: str) -> str:
    from portal.pages.demo import DEMO_PEOPLE

    return next(str(person.email) for person in DEMO_PEOPLE if label in str(person.email))


def pages() -> Iterator[Line]:
    """CPU, SQL and bytes of the pages with a budget."""
    from django.db import connection

    from tests.bench import floor

    _user, cookies = signed_in(demo_address("student"))
    lesson = "/courses/what-coders-do/a-day-of-coding-work/"
    for name, url, jar in (
        ("login", "/account/login/", {}),
        ("catalog", "/catalog/", cookies),
        ("course", "/courses/what-coders-do/", cookies),
        ("lesson", lesson, cookies),
        ("today", "/today/", cookies),
        ("suggest", f"{SUGGEST}diab", cookies),
    ):
        floor.call(url, jar)  # what a process reads once, such as an index to map, is not the page's
        recorder = floor.Recorder()
        with connection.execute_wrapper(recorder):
            status, body = floor.call(url, jar)
        assert status == 200, f"{url}: {status}"
        floor.STATEMENTS[:] = recorder.statements

        urls = cycle([f"{SUGGEST}{begun}" for begun in BEGUN] if name == "suggest" else [url])

        def page(urls: Iterator[str] = urls, jar: dict[str, str] = jar) -> None:
            floor.call(next(urls), jar)

        def bare() -> None:
            floor.call("/bench/floor/", {})

        mine, floors = interleaved(page, bare)
        allowed_sql, allowed_ratio = BUDGETS[name]
        yield f"{name}_cpu", mine, "ms"
        yield f"{name}_floor_cpu", floors, "ms"
        yield f"{name}_ratio", mine / floors, f"x (budget {allowed_ratio})"
        yield f"{name}_sql", len(recorder.statements), f"queries (budget {allowed_sql})"
        yield from weight(name, body)


def interleaved(mine: Callable[[], None], bare: Callable[[], None]) -> tuple[float, float]:
    """Medians of five rounds, each measuring one after the other."""
    from tests.bench.floor import cpu_ms

    mine(), bare()
    rounds = [(cpu_ms(mine, TIMES), cpu_ms(bare, TIMES)) for _ in range(ROUNDS)]
    return statistics.median(r[0] for r in rounds), statistics.median(r[1] for r in rounds)


def weight(name: str, body: bytes) -> Iterator[Line]:
    """What a first visit transfers: the page and its files, compressed, and the number of requests."""
    import gzip
    import re

    import brotli
    from django.contrib.staticfiles import finders

    assets = set(re.findall(rb'(?:href|src)="/static/([^"]+\.(?:css|js|svg|png))"', body))
    total = len(gzip.compress(body))
    for asset in assets:
        plain = re.sub(r"\.[0-9a-f]{12}(\.\w+)$", r"\1", asset.decode())
        found = finders.find(plain)
        assert isinstance(found, str), plain
        total += len(brotli.compress(Path(found).read_bytes()))
    yield f"{name}_weight", total / 1024, "kB cold (budget 60)"
    yield f"{name}_requests", 1 + len(assets), "requests cold (budget 6)"


def exams() -> Iterator[Line]:
    """Starting, sitting, saving, finishing and reading an exam, on both databases."""
    yield from on_both_databases("exams")


def credentials() -> Iterator[Line]:
    """A person's standing, everybody's, an audit packet and the page of cards, on both databases."""
    yield from on_both_databases("credentials")


def memory() -> Iterator[Line]:
    """PSS of the web server with two workers after visits of the pages with the most data."""
    import urllib.request

    import psutil

    port = 18765
    command = [
        "-m",
        "gunicorn",
        "portal.wsgi",
        "-w",
        "2",
        "--preload",
        "-b",
        f"127.0.0.1:{port}",
        "--log-level",
        "error",
    ]
    server = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=os.environ | {"PORT": str(port)})
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        for url in ("/", "/guide/", "/catalog/", "/codes/?q=diabetes", "/codes/icd10cm/E11.621/") * 8:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{url}", timeout=30).close()
        parent = psutil.Process(server.pid)
        processes = [parent, *parent.children(recursive=True)]
        yield "web_pss", sum(p.memory_full_info().pss for p in processes) / 2**20, "MB (budget 180)"
    finally:
        server.terminate()
        server.wait(10)


def demo() -> Iterator[Line]:
    """First and second start of ``make demo`` with the packages installed."""
    import tempfile

    from tests.e2e.conftest import start_demo

    with tempfile.TemporaryDirectory() as folder:
        for name in ("demo_first_start", "demo_second_start"):
            begun = time.monotonic()
            running = start_demo(Path(folder) / "var")
            yield name, time.monotonic() - begun, "s"
            begun = time.monotonic()
            code = running.stop()
            yield f"{name}_stop", time.monotonic() - begun, f"s (exit {code})"


def search() -> Iterator[Line]:
    """The engine of code sets: quality, speed, memory."""
    from tests.bench.search import search as measured

    yield from measured()


def reminders() -> Iterator[Line]:
    """Planning for a million people and delivery of many mails, on both databases."""
    yield from on_both_databases("reminders")


GROUPS: dict[str, Callable[[], Iterator[Line]]] = {
    "pages": pages,
    "exams": exams,
    "credentials": credentials,
    "reminders": reminders,
    "memory": memory,
    "demo": demo,
    "search": search,
}


def main(names: list[str]) -> None:
    unknown = set(names) - set(GROUPS)
    if unknown:
        sys.exit(f"No bench named {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}.")
    if not names or set(names) - {"exams", "credentials", "reminders"}:  # these make rows of their own
        prepare()
    lines: list[Line] = []
    for name in names or list(GROUPS):
        for line in GROUPS[name]():
            print(f"{line[0]} {line[1]:.2f} {line[2]}", flush=True)
            lines.append(line)
    out = ROOT / "var" / "bench.json"
    kept = {row["name"]: row for row in json.loads(out.read_text())} if out.exists() else {}
    kept |= {name: {"name": name, "value": round(value, 3), "unit": unit} for name, value, unit in lines}
    out.write_text(json.dumps(list(kept.values()), indent=1))


if __name__ == "__main__":
    main([name for name in sys.argv[1:] if name])
