"""Where the official files are that the readers are tested on, beside samples typed by us."""

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def code_data() -> Path:
    """The folder of official files; each test skips by name what is not in it."""
    return Path(os.environ.get("CODE_DATA") or PROJECT.parent / "shared" / "data")
