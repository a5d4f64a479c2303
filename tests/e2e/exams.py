"""What the browser tests of the exam room have in common."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.e2e.conftest import Demo, Visit

SAVED = re.compile(r"Saved \d\d:\d\d:\d\d")
WAITING = "Object.keys(localStorage).filter((key) => key.startsWith('crosswalk.q.')).length"


def start(visit: Visit, key: str, mode: str = "exam", *, is_scripted: bool = True) -> Page:
    """Start a generated exam as the page of practice does, and open its room."""
    cookies = visit.context.cookies()
    token = next(str(cookie.get("value")) for cookie in cookies if "csrf" in str(cookie.get("name")))
    sent = {"mode": mode, "csrfmiddlewaretoken": token}
    answer = visit.context.request.post(f"{visit.base}/practice/{key}/start/", form=sent)
    assert answer.ok, answer.status
    page = visit.go(answer.url)
    if is_scripted:
        ready(page)
    return page


def ready(page: Page) -> None:
    """Wait until the script is at work."""
    expect(page.locator("[data-where]")).to_have_text(re.compile("^Question"))


def attempt_of(page: Page) -> int:
    found = re.search(r"/attempts/(\d+)/", page.url)
    assert found, page.url
    return int(found[1])


def submit(visit: Visit, attempt: int) -> Page:
    """Finish it, whatever its state."""
    visit.context.set_offline(False)
    page = visit.go(f"/attempts/{attempt}/finish/")
    button = page.get_by_role("button", name=re.compile("^Submit the|^See the result"))
    if button.count():
        button.click()
    return page


def current(page: Page) -> str:
    return page.locator("[data-where]").inner_text()


def cell(page: Page, number: int, words: str) -> Locator:
    """The grid's link to a question in a state, as a screen reader names it."""
    return page.get_by_role("link", name=re.compile(rf"^{number} ?, {words}$"))


def wait_until_nothing_waits(page: Page) -> None:
    """Until every answer of the browser's queue was acknowledged; the policy forbids polling by eval."""
    for _ in range(150):
        if not page.evaluate(WAITING):
            return
        page.wait_for_timeout(100)
    raise AssertionError("answers still wait in the browser")


def tab_to(page: Page, words: str, *, most: int = 400) -> None:
    """Press Tab until what has the focus says ``words``."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if words in str(page.evaluate("document.activeElement?.innerText ?? ''")):
            return
    raise AssertionError(f"no way to “{words}” by Tab")


def signed_in_again(browser: Browser, visit: Visit, **options: Any) -> BrowserContext:
    """Another browser of the same person."""
    context = browser.new_context(storage_state=visit.context.storage_state(), **options)
    context.set_default_timeout(15_000)
    return context


# --- behind the page -------------------------------------------------------------------------------------
def rows(demo: Demo, sql: str, *values: Any) -> list[Any]:
    """Read, or change, the demo's database."""
    path = demo.var / "crosswalk.sqlite3"
    with closing(sqlite3.connect(path, timeout=20)) as connection, connection:
        return connection.execute(sql, values).fetchall()


def ends_in(demo: Demo, attempt: int, seconds: float) -> None:
    """Move the end of an exam: only the server's row decides."""
    end = datetime.now(UTC) + timedelta(seconds=seconds)
    begun = end - timedelta(hours=4)
    moved = "UPDATE exams_attempt SET started_at = ?, deadline_at = ? WHERE id = ?"
    rows(demo, moved, *(f"{one:%Y-%m-%d %H:%M:%S.%f}" for one in (begun, end)), attempt)


def responses(demo: Demo, attempt: int) -> list[tuple[int, Any, int, bool]]:
    """Position, value, sequence and lateness of each answer in the order in which it came."""
    found = rows(
        demo,
        "SELECT item.position, response.value, response.seq, response.late FROM exams_response response"
        " JOIN exams_attemptitem item ON item.id = response.item_id"
        " WHERE response.attempt_id = ? ORDER BY response.id",
        attempt,
    )
    return [(position, json.loads(value), seq, bool(late)) for position, value, seq, late in found]


def counting(demo: Demo, attempt: int) -> dict[int, Any]:
    """The answer that counts, by question."""
    found = rows(
        demo,
        "SELECT item.position, response.value FROM exams_response response"
        " JOIN exams_attemptitem item ON item.id = response.item_id"
        " WHERE response.attempt_id = ? AND NOT response.late ORDER BY response.seq, response.client_id",
        attempt,
    )
    return {position: json.loads(value) for position, value in found}


def chosen(page: Page) -> Iterator[int]:
    """The places of the options that are chosen in the question shown."""
    options = page.locator("form[data-question]:not([hidden]) .option input")
    for place in range(options.count()):
        if options.nth(place).is_checked():
            yield place
