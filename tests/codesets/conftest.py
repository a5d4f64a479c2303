"""The sample release, loaded as the real one would be."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from courses.codesets.actions import Loaded, Source, load_release
from courses.codesets.editions import fiscal_year
from courses.codesets.models import Release
from tests.codesets.sample import SAMPLE

Load = Callable[..., Loaded]


def of_year(text: str, day: date) -> str:
    """The sample as a file of the fiscal year of ``day``."""
    return text.replace("<version>2026</version>", f"<version>{fiscal_year(day)}</version>")


@pytest.fixture
def load(db: None, tmp_path: Path) -> Load:
    """Loads a text as FY2026 April, or as what is said."""

    def load(
        text: str = SAMPLE,
        *,
        label: str = "FY2026 April",
        effective_from: date = date(2026, 4, 1),
        at: datetime = datetime(2026, 11, 1, tzinfo=UTC),
        **options: Any,
    ) -> Loaded:
        path = tmp_path / "tabular.xml"
        path.write_text(of_year(text, effective_from), encoding="utf-8")
        source = Source("icd10cm-tabular", path, path.name, label, effective_from)
        return load_release(source=source, by=None, at=at, **options)

    return load


@pytest.fixture
def release(load: Load) -> Release:
    return load().release
