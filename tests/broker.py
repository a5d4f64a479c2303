"""A real Valkey for a test."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portal import embedded


@contextmanager
def running_broker(folder: Path) -> Iterator[str]:
    """Start the broker of the demo in ``folder``; its URL."""
    binary = embedded.find_broker()
    if binary is None:
        pytest.skip("no Valkey or Redis server for this system")
    child, url = embedded.broker(binary, folder / "valkey", folder / "broker.log")
    try:
        embedded.start_broker(child, url, folder / "valkey")
        yield url
    finally:
        child.stop()
