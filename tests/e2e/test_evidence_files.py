"""G1: whatever was taken as evidence, opened by its address in a browser, runs nothing and shows nothing.

The answers are those of the view itself, given again by a small server, so that hostile bytes can be opened
beside a control: the same bytes as a careless portal would serve them.
"""

import hashlib
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import File
from django.test import RequestFactory
from playwright.sync_api import Browser, Error, Page

from courses.credentials.files import NotAccepted, accept
from courses.credentials.models import Evidence
from courses.credentials.models.storage import evidence_storage
from courses.credentials.views.evidence import served
from tests.credentials.hostile import HTML, SVG, drawing, hostile, pdf, pictures, saved
from tests.credentials.ordinary import ordinary

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

Answer = tuple[dict[str, str], bytes]
#: Opened by every way that a page of the same origin has.
FRAME = b"""<!doctype html><title>page</title><iframe src="/f/%s"></iframe><object data="/f/%s"></object>
<embed src="/f/%s"><script src="/f/%s"></script><link rel="stylesheet" href="/f/%s">"""


class Served(BaseHTTPRequestHandler):
    """Gives the answers of ``server.answers``, and pages that open them."""

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        if self.path.startswith("/page/"):
            headers, content = {"Content-Type": "text/html"}, FRAME.replace(b"%s", name.encode())
        else:
            headers, content = self.server.answers.get(name, ({}, b""))  # type: ignore[attr-defined]  # ours
        self.send_response(200)
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def origin() -> Iterator[tuple[str, dict[str, Answer]]]:
    answers: dict[str, Answer] = {}
    with ThreadingHTTPServer(("127.0.0.1", 0), Served) as server:
        server.answers = answers  # type: ignore[attr-defined]  # read by Served
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", answers
        server.shutdown()


def shows_or_runs(page: Page, origin: str, name: str) -> bool:
    """Whether opening the file, alone or inside a page, gave a document or ran a script."""
    page.goto("about:blank")
    try:
        page.goto(f"{origin}/f/{name}", wait_until="load")
        shown = True
    except Error as error:  # a download is no page
        shown = "Download is starting" not in str(error) and "ERR_ABORTED" not in str(error)
    if shown or page.title() == "pwned":
        return True
    page.goto(f"{origin}/page/{name}", wait_until="load")
    return page.title() == "pwned" or any(
        frame is not page.main_frame and frame.url.startswith(f"{origin}/f/") for frame in page.frames
    )


def kept(content: bytes) -> bytes | None:
    """What is kept of a file; nothing when it is refused."""
    try:
        file = accept([content])
        return file.path.read_bytes()
    except NotAccepted:
        return None


def test_files_that_were_taken_run_nothing_and_show_nothing(
    browser: Browser, origin: tuple[str, dict[str, Answer]], tmp_path: Path, settings: Any
) -> None:
    settings.STORAGES = settings.STORAGES | {
        "evidence": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path},
        }
    }
    base, answers = origin
    polyglots = {"page in a note": pdf(b"/A (" + HTML + b")"), "page behind its end": pdf() + b"%" + HTML}
    names = [*list(pictures().items())[::3], *list(ordinary().items())[::6], *polyglots.items()]
    for number, (_name, content) in enumerate(names):
        bytes_kept = kept(content)
        if bytes_kept is None:
            continue
        _store(number, bytes_kept, answers)
    assert len(answers) >= 18

    page = browser.new_page()
    caught = [name for name in list(answers) if shows_or_runs(page, base, name)]
    page.close()

    assert caught == []


def _store(number: int, content: bytes, answers: dict[str, Answer]) -> None:
    path = evidence_storage().save(f"evidence/{number}", File(io.BytesIO(content)))
    row = Evidence(
        pk=number, kind="pdf", path=path, size=len(content), sha256=hashlib.sha256(content).hexdigest()
    )
    answer = served(RequestFactory().get("/"), row, f"evidence-{number}")
    body = b"".join(answer.streaming_content)  # type: ignore[attr-defined]  # it streams
    answers[str(number)] = dict(answer.items()), body


def test_careless_portal_would_be_caught(browser: Browser, origin: tuple[str, dict[str, Answer]]) -> None:
    # the planted faults: the same bytes shown by the type that their name or their beginning suggests
    base, answers = origin
    answers["svg"] = {"Content-Type": "image/svg+xml"}, SVG
    answers["page"] = {"Content-Type": "text/html"}, HTML
    answers["polyglot"] = {"Content-Type": "text/html"}, hostile()["PDF behind a page"][0]
    answers["behind"] = {"Content-Type": "text/html"}, pictures()["PNG and a page"]
    answers["sniffed"] = {}, HTML
    answers["picture"] = {"Content-Type": "image/png"}, saved(drawing(), "PNG")

    page = browser.new_page()
    caught = {name for name in list(answers) if shows_or_runs(page, base, name)}
    page.close()

    assert caught == set(answers)
