"""A ZIP whose bytes follow from what is put into it: order, dates and rights are fixed; no database here.

Files go in as streams, so that memory does not grow with them. The last member is ``SHA256SUMS``, which
``sha256sum -c`` checks.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import IO, Self
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

SUMS = "SHA256SUMS"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
#: What ZIP can say: earlier years are not representable.
_FIRST_YEAR = 1980


def ascii_slug(text: str, fallback: str, *, length: int = 60) -> str:
    """``text`` as the name of a file on any system: small letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:length].strip("-") or fallback


def evidence_name(number: int, completed_on: date, title: str, suffix: str) -> str:
    """Where a file lies in the packet: sorted as the ledger is, and named by its day and activity."""
    return f"evidence/{number:03d}-{completed_on:%Y-%m-%d}-{ascii_slug(title, 'activity')}.{suffix}"


@dataclass(frozen=True, slots=True)
class Packed:
    """A member of the ZIP."""

    name: str
    size: int
    sha256: str


class Packer:
    """Writes a ZIP while it is entered; ``at`` is the date of every member."""

    def __init__(self, into: IO[bytes], *, at: datetime) -> None:
        self.packed: list[Packed] = []
        self._zip = ZipFile(into, "w", strict_timestamps=True)
        moment = at.astimezone(UTC)
        self._moment = (max(moment.year, _FIRST_YEAR), *moment.timetuple()[1:6])

    def add(self, name: str, content: bytes | Iterable[bytes], *, is_compressed: bool = False) -> Packed:
        """Put a file in. ``is_compressed``: it is a picture or a PDF, which gets no smaller.

        Raises ``ValueError`` for a name that is not plain or was used before.
        """
        if not _NAME.fullmatch(name) or any(name.casefold() == one.name.casefold() for one in self.packed):
            raise ValueError(f"not a name of a member: {name}")
        info = ZipInfo(name, self._moment)
        info.compress_type = ZIP_STORED if is_compressed else ZIP_DEFLATED
        info.create_system, info.external_attr = 3, 0o644 << 16  # one system's rights wherever it is made
        size, found = 0, sha256()
        with self._zip.open(info, "w") as member:
            for chunk in (content,) if isinstance(content, bytes) else content:
                member.write(chunk)
                size += len(chunk)
                found.update(chunk)
        self.packed.append(Packed(name, size, found.hexdigest()))
        return self.packed[-1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        """Finish the ZIP; the sums of all members come last, unless the work was stopped."""
        if kind is None:
            self.add(SUMS, "".join(f"{one.sha256}  {one.name}\n" for one in self.packed).encode())
        self._zip.close()
