"""A real demo: the supervisor of ``make demo`` on a free port, and a real Chromium."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from portal.pages.demo import DEMO_PASSWORD, DEMO_PEOPLE

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_ARGS = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update "
    "--disable-sync --no-first-run"
).split()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Demo:
    """A running demo."""

    def __init__(self, port: int, process: "subprocess.Popen[bytes]", log: Path, var: Path) -> None:
        self.url, self.process, self.log, self.var = f"http://localhost:{port}", process, log, var

    def stop(self) -> int:
        """Ctrl-C, as a person would; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=30)


def start_demo(var: Path, port: int | None = None) -> Demo:
    """Start the demo on ``var`` and wait until it answers."""
    port = port or free_port()
    log = var.parent / f"{var.name}.log"
    environment = {
        k: v for k, v in os.environ.items() if k not in {"TESTING", "DJANGO_SETTINGS_MODULE", "REDIS_URL"}
    }
    environment |= {"DEMO": "1", "VAR": str(var), "PORT": str(port), "PYTHONWARNINGS": "default"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.embedded"],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the demo ended: {log.read_text()[-4000:]}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return Demo(port, process, log, var)
        except OSError:
            time.sleep(0.3)
    process.kill()
    raise AssertionError(f"the demo did not get ready: {log.read_text()[-4000:]}")


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo for the browser tests."""
    running = start_demo(tmp_path_factory.mktemp("demo") / "var")
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture(scope="package")
def generated(demo: Demo) -> Demo:
    """The demo with the exams of ``tests.e2e.bank``."""
    environment = {name: value for name, value in os.environ.items() if name != "TESTING"}
    environment |= {"DEMO": "1", "VAR": str(demo.var), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    subprocess.run([sys.executable, "-m", "tests.e2e.bank"], cwd=ROOT, env=environment, check=True)
    return demo


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Ends with the last browser test: its event loop lets no test after it use the database."""
    binary = next(
        (b for n in ("chromium", "chromium-browser", "google-chrome") if (b := shutil.which(n))), None
    )
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=binary, args=CHROMIUM_ARGS)
        yield launched
        launched.close()


class Visit:
    """A browser page that fails the test on any console error, CSP message or failed request."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.context, self.base = context, base
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))

    def _console(self, message: ConsoleMessage) -> None:
        # a status the server chose (404, 422) is the page's answer, not a fault of the page; and htmx calls
        # a request that the next one or the next page replaced by these two names
        ours = ("Failed to load resource", "htmx:sendAbort", "htmx:afterRequest")
        if message.type in {"error", "warning"} and not any(text in message.text for text in ours):
            self.complaints.append(f"{self.page.url}: {message.text}")

    def go(self, path: str) -> Page:
        answer = self.page.goto(path if path.startswith("http") else self.base + path)
        assert answer is not None and answer.status < 500, f"{path}: {answer and answer.status}"
        return self.page

    def check_rules(self) -> None:
        """No axe violation in the page as it is now."""
        # a panel that is still fading in has too little contrast for a moment
        self.page.evaluate(
            "Promise.allSettled(document.getAnimations()"
            ".filter((one) => one.effect.getComputedTiming().endTime < 5000).map((one) => one.finished))"
        )
        rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
        if "/admin/" not in self.page.url:  # stock Django is held to the standard, ours to good practice too
            rules.append("best-practice")
        # without preload: axe would try to read style sheets in a way that the policy refuses
        result = Axe().run(self.page, options={"runOnly": rules, "preload": False})
        found = [
            f"{v['id']}: {node['html'][:160]}"
            for v in result.response["violations"]
            for node in v["nodes"][:3]
        ]
        assert not found, f"{self.page.url}\n" + "\n".join(found)

    def check(self) -> None:
        """No complaint so far, no axe violation, no sideways scroll at 320 px."""
        assert not self.complaints, self.complaints
        self.check_rules()
        size = self.page.viewport_size
        self.page.set_viewport_size({"width": 320, "height": 640})
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 320, f"{self.page.url} is {wide} px wide on a 320 px screen"
        if size:
            self.page.set_viewport_size(size)


@pytest.fixture
def visit(browser: Browser, demo: Demo) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    visiting = Visit(context, demo.url)
    yield visiting
    context.close()
    assert not visiting.complaints, visiting.complaints


def code_in(text: str) -> str:
    """The one-time code of an account mail."""
    found = re.search(r"\b([A-Z0-9]{4,5}-?[A-Z0-9]{3,5}|\d{6})\b", text)
    assert found, text
    return found[1]


def sign_in(visit: Visit, role: str) -> Page:
    """Sign in as the demo person of a role."""
    address = next(person.email for person in DEMO_PEOPLE if role in person.email)
    page = visit.go("/account/login/")
    page.get_by_label("Email").fill(address)
    page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
    page.locator("main").get_by_role("button", name="Sign In").first.click()
    page.wait_for_url("**/today/")
    return page
