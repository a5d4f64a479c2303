"""A log line helps to find a fault and names nobody: what is planted here never reaches one."""

import json
import logging
import re
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
import structlog
from django.test import Client

from portal.lib.logs import scrubbed

ROOT = Path(__file__).resolve().parents[2]
PLANTED = "student@example.com"
TOKEN = "dG9rZW4tdGhhdC1zdG9wcw"


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What the handler of the project writes, from level INFO up."""
    root = logging.getLogger()
    handler = next(h for h in root.handlers if isinstance(h.formatter, structlog.stdlib.ProcessorFormatter))
    assert isinstance(handler, logging.StreamHandler)
    level, stream = root.level, StringIO()
    before = handler.setStream(stream)
    root.setLevel(logging.INFO)
    yield stream
    root.setLevel(level)
    handler.setStream(before or handler.stream)


def lines(log: StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        (f"to {PLANTED}: refused", "to [email]: refused"),
        ("GET /admin/student%40example.com/", "GET /admin/[email]/"),
        ("path /x/STUDENT%2540example.com end", "path /x/[email] end"),
        ("GET /admin/accounts/user/?q=student%40example.com", "GET /admin/accounts/user/"),
        ("GET /search/?q=sam&next=/a/?b=c HTTP/1.1", "GET /search/ HTTP/1.1"),
        (f"https://portal.example.org/x?a=1 and {PLANTED}", "https://portal.example.org/x and [email]"),
        (f"POST /stop/{TOKEN}/?again=1", "POST /stop/[token]/"),
        ("first.last+tag@mail.example.co.uk", "[email]"),
        ("Müller.ñ@例え.example", "[email]"),
        ("Is it so? Yes.", "Is it so? Yes."),
        ("VALUES (?, ?)", "VALUES (?, ?)"),
        ("ICD-10-CM E11.621 at 99%", "ICD-10-CM E11.621 at 99%"),
    ],
)
def test_text_is_scrubbed_of_addresses_queries_and_tokens(said: str, logged: str) -> None:
    assert scrubbed(said) == logged


def test_scrubbing_reaches_into_everything() -> None:
    class Person:
        def __repr__(self) -> str:
            return f"<Person {PLANTED}>"

    event = {"a": [PLANTED, (1, {PLANTED: {"b": Person()}})], "c": ValueError(PLANTED), "n": 7, "no": None}

    assert scrubbed(event) == {
        "a": ["[email]", [1, {"[email]": {"b": "<Person [email]>"}}]],
        "c": "ValueError('[email]')",
        "n": 7,
        "no": None,
    }


def test_scrubbing_of_a_long_hostile_text_is_quick() -> None:
    begun = time.perf_counter()
    for piece in ("a", "/", "?", "%40", "a@", "a.", "%25"):
        scrubbed(piece * 20_000)
    assert time.perf_counter() - begun < 10


def test_planted_address_is_in_no_line_of_either_logger(log: StringIO) -> None:
    try:
        raise LookupError(f"no row for {PLANTED} in /x/?q=student%40example.com")
    except LookupError:
        logging.getLogger("courses").exception("failed for %s", PLANTED, extra={"row": [PLANTED]})
        structlog.get_logger("courses").exception("failed", who=[{"mail": PLANTED}], url=f"/a?b={PLANTED}")

    assert len(lines(log)) == 2
    assert "LookupError: no row for [email]" in str(lines(log)[0]["exception"])
    assert (lines(log)[1]["who"], lines(log)[1]["url"]) == ([{"mail": "[email]"}], "/a")
    assert "student" not in log.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("url", "logged"),
    [
        ("/healthz?q=student%40example.com", "GET /healthz"),
        ("/search/?q=student@example.com%20'pain", "GET /search/"),
        (f"/stop/{TOKEN}/?x=student%40example.com", "GET /stop/[token]/"),
        ("/nothing/student%40example.com/?q=1", "GET /nothing/[email]/"),
    ],
)
def test_request_is_logged_by_its_path_alone(log: StringIO, client: Client, url: str, logged: str) -> None:
    client.get(url, headers={"user-agent": PLANTED})

    assert {line["request"] for line in lines(log) if "request" in line} == {logged}
    assert "student" not in log.getvalue() and TOKEN not in log.getvalue()


def test_nginx_logs_paths_without_queries_and_nothing_of_the_stop_links() -> None:
    text = re.sub(r"#.*", "", (ROOT / "deploy/nginx.conf").read_text())
    servers = text.split("server {")[1:]
    [logged] = re.findall(r"log_format\s+crosswalk\s+([^;]+);", text)
    [stop] = re.findall(r"location \^~ /stop/ \{([^}]+)\}", text)

    assert "$uri" in logged
    assert not re.search(r"\$(request\b|request_uri|args|arg_\w+|query_string|http_\w+|cookie_\w+)", logged)
    assert [re.findall(r"^    access_log ([^;]+);", server, re.MULTILINE) for server in servers] == [
        ["off"],
        ["/var/log/nginx/access.log crosswalk"],
    ]
    assert "access_log off;" in stop and "proxy_pass http://crosswalk;" in stop
    assert "proxy_set_header" not in "".join(re.findall(r"location [^{]*\{[^}]*\}", text))  # inherited by all
