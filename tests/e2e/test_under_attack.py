"""Faults against a running demo: many writers on SQLite, and guessing passwords over several processes.

The last file of its folder: the guesses use up what this machine's address may try.
"""

import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.pages.demo import DEMO_PASSWORD, DEMO_PEOPLE, STUDENT
from tests.e2e.conftest import Demo

pytestmark = [pytest.mark.fault, pytest.mark.broker, pytest.mark.xdist_group("demo")]


class Session:
    """A browser without JavaScript: cookies, forms, nothing else."""

    def __init__(self, base: str) -> None:
        self.base = base
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar)

    def get(self, path: str) -> tuple[int, str]:
        return self._open(urllib.request.Request(self.base + path))

    def post(self, path: str, form: str, **fields: str) -> tuple[int, str]:
        """Send ``fields`` to ``path`` with the token of the page ``form``."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(form)[1])
        assert token, form
        data = urllib.parse.urlencode(fields | {"csrfmiddlewaretoken": token[1]}).encode()
        return self._open(urllib.request.Request(self.base + path, data, {"Referer": self.base + form}))

    def _open(self, request: urllib.request.Request) -> tuple[int, str]:
        try:
            with self.opener.open(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read().decode()


def test_many_writers_never_see_a_locked_database(demo: Demo) -> None:
    """D1: sixteen tabs write at once on SQLite, through two web processes; nobody sees an error."""
    lesson = "/courses/what-coders-do/a-day-of-coding-work/"
    student = Session(demo.url)  # one sign-in: sixteen would meet the limit on sign-ins, not the database
    student.post("/account/login/", "/account/login/", login=STUDENT.email, password=DEMO_PASSWORD)
    assert student.get("/today/")[0] == 200

    def write(number: int) -> list[int]:
        return [student.post(f"{lesson}note/", lesson, text=f"note {number}.{n}")[0] for n in range(6)]

    with ThreadPoolExecutor(16) as pool:
        statuses = [status for found in pool.map(write, range(16)) for status in found]

    assert set(statuses) == {200}
    assert "database is locked" not in (demo.var / "log" / "web.log").read_text()


def test_password_guessing_is_limited_over_all_processes(demo: Demo) -> None:
    """H1: the limit is 5 failures in 5 minutes an account, whichever process answers."""
    address = next(p.email for p in DEMO_PEOPLE if "manager" in p.email)

    def guess(number: int) -> str:
        form = "/account/login/"
        return Session(demo.url).post(form, form, login=address, password=f"wrong guess number {number}")[1]

    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(guess, range(24)))
    right = Session(demo.url).post(
        "/account/login/", "/account/login/", login=address, password=DEMO_PASSWORD
    )

    # refused by the account's limit, or by that of the address once it is reached
    processed = [page for page in pages if "Too many" not in page]
    assert len(processed) <= 5 + 2  # the limiter is not atomic: an overrun of two is allowed
    assert "Too many" in right[1]
