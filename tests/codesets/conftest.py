"""The sample release, loaded as the real one would be."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from courses.codesets.actions import Loaded, load_release
from courses.codesets.models import Release
from tests.codesets.sample import SAMPLE

Load = Callable[..., Loaded]


@pytest.fixture
def load(db: None, tmp_path: Path) -> Load:
    """Loads a text as FY2026 April, or as what is said."""

    def load(text: str = SAMPLE, **changes: Any) -> Loaded:
        path = tmp_path / "tabular.xml"
        path.write_text(text, encoding="utf-8")
        known: dict[str, Any] = {
            "system": "icd10cm",
            "label": "FY2026 April",
            "effective_from": date(2026, 4, 1),
            "source_name": "tabular.xml",
            "path": path,
            "by": None,
            "at": datetime(2026, 11, 1, tzinfo=UTC),
        }
        return load_release(**known | changes)

    return load


@pytest.fixture
def release(load: Load) -> Release:
    return load().release
