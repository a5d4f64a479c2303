"""The official files of the data folder, unpacked from how they are kept there."""

import gzip
import lzma
from pathlib import Path

import pytest


def official(folder: Path, name: str) -> bytes:
    """What is in the file; skips the test by name where it is missing."""
    path = folder / name
    if not path.exists():
        pytest.skip(f"{name} is not in the data folder")
    data = path.read_bytes()
    if path.suffix == ".xz":
        return lzma.decompress(data)
    return gzip.decompress(data) if path.suffix == ".gz" else data
