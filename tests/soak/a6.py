"""A6: browsers lose the network for a while and their renderer is killed; no answer is lost.

Each run sits an exam in a Chromium of its own: some answers with a network, some without; then SIGKILL of
what draws the page, the network, and a new page. Counted are answers that the page called saved, and those
given more than a second before the kill.
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.bank import PASSWORD, PEOPLE, PERSON
from tests.e2e.conftest import CHROMIUM_ARGS, ROOT, Demo, Visit, start_demo
from tests.e2e.exams import attempt_of, counting, ready, start, submit, wait_until_nothing_waits

#: An answer younger than this when the renderer dies may be lost.
SETTLED = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", type=int, default=40, help="runs of 1 to 20 seconds without a network")
    parser.add_argument("--long", type=int, default=3, help="runs of 300 seconds")
    parser.add_argument("--contexts", type=int, default=8, help="browsers at once")
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--fault", choices=["", "planted"], default="", help="planted: nothing is kept")


@dataclass
class Counted:
    """What the runs came to."""

    answers: int = 0
    waited: int = 0
    too_young: int = 0
    kills: int = 0
    lost: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def run(arguments: argparse.Namespace) -> list[str]:
    """The failures, one sentence each."""
    dice = random.Random(arguments.seed)
    lengths = [dice.uniform(1, 20) for _ in range(arguments.runs)] + [300.0] * arguments.long
    lengths.sort(reverse=True)  # the long ones begin first
    counted = Counted()
    contexts = min(arguments.contexts, PEOPLE)
    with tempfile.TemporaryDirectory() as folder:
        demo = start_demo(Path(folder) / "var")
        try:
            environment = {k: v for k, v in os.environ.items() if k != "TESTING"}
            environment |= {"DEMO": "1", "VAR": str(demo.var), "DJANGO_SETTINGS_MODULE": "portal.settings"}
            bank = [sys.executable, "-m", "tests.e2e.bank"]
            subprocess.run(bank, cwd=ROOT, env=environment, check=True)
            free = list(range(contexts))
            with ThreadPoolExecutor(contexts) as pool:
                runs = [
                    pool.submit(_one, demo, free, seconds, arguments.seed + number, counted, arguments.fault)
                    for number, seconds in enumerate(lengths)
                ]
                failures = [str(error) for one in runs if (error := one.exception())]
        finally:
            demo.stop()
    print(
        f"A6 runs={len(lengths)} contexts={contexts} pages killed={counted.kills}"
        f" answers={counted.answers} offline={counted.waited}"
        f" within the last second={counted.too_young} lost={len(counted.lost)}"
    )
    if not counted.waited or not counted.kills:
        failures.append("nothing was answered without a network, or nothing was killed: this proves nothing")
    return failures + counted.lost


def _one(demo: Demo, free: list[int], seconds: float, seed: int, counted: Counted, fault: str) -> None:
    with counted.lock:
        person = free.pop()
    try:
        with sync_playwright() as playwright:
            binary = shutil.which("chromium") or shutil.which("chromium-browser")
            browser = playwright.chromium.launch(executable_path=binary, args=CHROMIUM_ARGS)
            _sit(browser, demo, PERSON % person, seconds, random.Random(seed), counted, fault)
            browser.close()
    finally:
        free.append(person)


def _sit(
    browser: Browser,
    demo: Demo,
    email: str,
    seconds: float,
    dice: random.Random,
    counted: Counted,
    fault: str,
) -> None:
    context = browser.new_context()
    if fault:
        context.add_init_script("Storage.prototype.setItem = () => {}")
    context.set_default_timeout(60_000)
    visit = Visit(context, demo.url)
    page = visit.go("/account/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign In").first.click()
    page.wait_for_url(re.compile("/today/"))
    page = start(visit, "generated-small")
    attempt, url = attempt_of(page), page.url

    given: list[tuple[float, int, int]] = []  # when, question, value
    saved: dict[int, int] = {}
    for _turn in range(3):
        given.append(_answer(page, dice))
    wait_until_nothing_waits(page)
    saved = {position: value for _at, position, value in given}
    context.set_offline(True)
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        given.append(_answer(page, dice))
        page.wait_for_timeout(1000 * min(left, dice.uniform(0.1, max(0.5, seconds / 15))))
    killed_at = time.monotonic()
    for process in browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]:
        if process["type"] == "renderer":
            os.kill(process["id"], signal.SIGKILL)
    page.close()
    context.set_offline(False)
    visit.page = context.new_page()
    page = visit.go(url)
    ready(page)
    wait_until_nothing_waits(page)
    _count(demo, attempt, given, saved, killed_at, counted)
    submit(visit, attempt)


def _answer(page: Page, dice: random.Random) -> tuple[float, int, int]:
    """Choose an option of some question."""
    page.locator(f"[data-cell='{dice.randint(1, 10)}']").click()
    form = page.locator("form[data-question]:not([hidden])")
    option = form.locator(".option input").nth(dice.randrange(4))
    value = int(str(option.get_attribute("value")))
    option.check()
    expect(option).to_be_checked()
    return time.monotonic(), int(str(form.get_attribute("data-question"))), value


def _count(
    demo: Demo,
    attempt: int,
    given: list[tuple[float, int, int]],
    saved: dict[int, int],
    killed_at: float,
    counted: Counted,
) -> None:
    stored: dict[int, Any] = counting(demo, attempt)
    due: dict[int, set[int]] = {position: {value} for position, value in saved.items()}
    young = 0
    for at, position, value in given:
        if at <= killed_at - SETTLED:
            due[position] = {value}
        else:  # it may have been kept or not
            young += 1
            due.setdefault(position, set()).add(value)
    settled = {position for at, position, _value in given if at <= killed_at - SETTLED}
    with counted.lock:
        counted.kills += 1
        counted.answers += len(given)
        counted.waited += len(given) - 3
        counted.too_young += young
        counted.lost += [
            f"attempt {attempt}, question {position}:"
            f" stored {stored.get(position)}, given {sorted(due[position])}"
            for position in sorted(settled)
            if stored.get(position) not in due[position]
        ]
