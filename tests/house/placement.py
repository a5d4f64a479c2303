"""A pytest plugin for ``test_databases``: writes which tests would run here, and under which marks."""

import json
import os
from pathlib import Path

import pytest


def pytest_collection_finish(session: pytest.Session) -> None:
    found = {
        item.nodeid: {
            "marks": sorted({mark.name for mark in item.iter_markers()}),
            "runs": not any(mark.args and mark.args[0] is True for mark in item.iter_markers("skipif")),
        }
        for item in session.items
    }
    Path(os.environ["PLACEMENT"]).write_text(json.dumps(found))
