"""Opening an official file: as it is, or inside the zip in which it is published. Pure; nothing is written.

A zip comes from outside, so nothing in it is believed: no member is extracted, names are only compared, and
what a member unpacks to is counted while it is read, whatever its headers say.
"""

import io
import re
import stat
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Final, cast
from unicodedata import normalize
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from courses.codesets.errors import LoadRefused

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: Official files have up to 30 MB, shrink to a thirtieth at most and come by the dozen.
MAX_BYTES: Final = 100_000_000
MAX_RATIO: Final = 100
MAX_MEMBERS: Final = 500
#: Below this a ratio says nothing: a form of blanks shrinks to nearly nothing and harms nobody.
_RATIO_FROM: Final = 1_000_000
#: The most that may be read at once of a zip; its directory is, so this bounds what opening it can cost.
_MAX_READ: Final = 1_000_000
_BUFFER: Final = 1 << 16
_LOCAL_HEADER: Final = 30
#: encrypted, strongly encrypted, directory encrypted
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08", b"PK00")
_ARCHIVES: Final = {".7z", ".bz2", ".gz", ".jar", ".rar", ".tar", ".tgz", ".xz", ".z", ".zip", ".zst"}
#: A spreadsheet is a zip too, and wanted whole.
_SPREADSHEET: Final = "[Content_Types].xml"
#: What zipfile lets out when it meets a broken archive.
_BROKEN: Final = (
    BadZipFile,
    EOFError,
    IndexError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
    zlib.error,
)


@contextmanager
def open_official(path: Path, *, wants: str) -> Iterator[BinaryIO]:
    """The file at ``path``, or the one member of that zip whose name is like ``wants``: a regular expression
    for the whole of its last part, in lower case. Raises ``LoadRefused``, also while it is read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise LoadRefused(f"{path.name} is not a file")
        file = path.open("rb", buffering=0)
    except OSError as error:
        raise LoadRefused(f"{path.name} cannot be opened: {error.strerror}") from error
    with file:
        if path.stat().st_size > MAX_BYTES:
            raise LoadRefused(f"{path.name} is longer than {MAX_BYTES // 1_000_000} MB")
        head = file.read(4)
        file.seek(0)
        if head in _ZIP and not is_spreadsheet(cast(BinaryIO, file)):
            with open_member(cast(BinaryIO, file), wants=wants) as stream:
                yield stream
        else:
            file.seek(0)
            yield _counted(cast(BinaryIO, file), path.name)


def is_spreadsheet(file: BinaryIO) -> bool:
    """Whether the zip is a document of an office program rather than a parcel of files."""
    with _archive(file) as archive:
        return any(info.filename == _SPREADSHEET for info in archive.infolist())


@contextmanager
def open_member(file: BinaryIO, *, wants: str) -> Iterator[BinaryIO]:
    """The one member of the zip in ``file`` whose name is like ``wants``, see ``open_official``."""
    with _archive(file) as archive:
        info = _chosen(archive.infolist(), wants)
        name = _last_part(info)
        try:
            member = archive.open(info)
        except _BROKEN as error:
            raise LoadRefused(f"{name} in the zip is broken ({error})") from error
        with member:
            stream = _counted(cast(BinaryIO, member), name, info)
            if stream.peek(4)[:4] in _ZIP and not name.lower().endswith(".xlsx"):
                raise LoadRefused(f"{name} in the zip is a zip itself")
            yield stream


@contextmanager
def _archive(file: BinaryIO) -> Iterator[ZipFile]:
    """The opened zip, once all that its directory says has been found harmless."""
    try:
        archive = ZipFile(cast(BinaryIO, _Bounded(file)))
    except _BROKEN as error:
        raise LoadRefused(f"the zip is broken ({error})") from error
    with archive:
        _check(archive.infolist(), length=file.seek(0, io.SEEK_END))
        yield archive


def _check(infos: list[ZipInfo], *, length: int) -> None:
    if len(infos) > MAX_MEMBERS:
        raise LoadRefused(f"there are {len(infos)} files in the zip, more than {MAX_MEMBERS}")
    names: set[str] = set()
    for info in infos:
        shown = _shown(info.orig_filename)
        if fault := _fault_of_name(info) or _fault_of_content(info):
            raise LoadRefused(f"{shown} in the zip {fault}")
        name = normalize("NFC", info.orig_filename.replace("\\", "/")).casefold()
        if name in names:
            raise LoadRefused(f"{shown} is in the zip twice")
        names.add(name)
    extents = sorted((i.header_offset, i.header_offset + _LOCAL_HEADER + i.compress_size) for i in infos)
    if any(end > start for (_start, end), (start, _end) in pairwise([*extents, (length, length)])):
        raise LoadRefused("files in the zip overlap")


def _fault_of_name(info: ZipInfo) -> str:
    name = info.orig_filename.replace("\\", "/")
    if not name.isprintable() or not 0 < len(name) <= 255:
        return "has a name that no file has"
    if name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in name.split("/"):
        return "has a name that leads out of it"
    if PurePosixPath(name).suffix.lower() in _ARCHIVES:
        return "is an archive itself"
    return ""


def _fault_of_content(info: ZipInfo) -> str:
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device"
    if info.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        return "is packed in a way that official files never are"
    if info.file_size > MAX_BYTES:
        return f"is longer than {MAX_BYTES // 1_000_000} MB"
    if info.file_size > max(_RATIO_FROM, MAX_RATIO * info.compress_size):
        return f"unpacks to more than {MAX_RATIO} times its length"
    if info.compress_type == ZIP_STORED and info.file_size != info.compress_size:
        return "has two lengths"
    return ""


def _chosen(infos: list[ZipInfo], wants: str) -> ZipInfo:
    files = [info for info in infos if not info.is_dir() and not info.filename.startswith("__MACOSX/")]
    found = [info for info in files if re.fullmatch(wants, _last_part(info).lower())]
    if len(found) > 1:
        raise LoadRefused(f"more than one file in the zip may be meant: {_listed(found)}")
    if not found:
        raise LoadRefused(f"the file wanted is not in the zip; in it: {_listed(files) or 'nothing'}")
    return found[0]


def _last_part(info: ZipInfo) -> str:
    return info.filename.replace("\\", "/").rpartition("/")[2]


def _listed(infos: list[ZipInfo]) -> str:
    names = [_shown(_last_part(info)) for info in infos[:20]]
    return ", ".join(names) + (f" and {len(infos) - 20} more" if len(infos) > 20 else "")


def _shown(name: str) -> str:
    return "".join(char if char.isprintable() else "�" for char in name[:80]) or "“”"


class _Bounded:
    """The file of a zip, of which no single read takes more than the directory of an honest one needs."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        if 0 <= size <= _MAX_READ:
            return self.file.read(size)
        data = self.file.read(_MAX_READ + 1)
        if len(data) > _MAX_READ:
            raise LoadRefused(f"there are more than {MAX_MEMBERS} files in the zip")
        return data


class _Counted(io.RawIOBase):
    """What a file really gives, up to the cap; a member must give exactly what its zip announces."""

    def __init__(self, source: BinaryIO, name: str, info: ZipInfo | None) -> None:
        self.source = source
        self.name = name
        self.info = info
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        try:
            data = self.source.read(len(view))
        except _BROKEN as error:
            raise LoadRefused(f"{self.name} cannot be read: {error}") from error
        self.count += len(data)
        if self.count > MAX_BYTES:
            raise LoadRefused(f"{self.name} is longer than {MAX_BYTES // 1_000_000} MB")
        if self.info is not None and not data and self.count != self.info.file_size:
            raise LoadRefused(f"{self.name} is not as long as the zip says")
        view[: len(data)] = data
        return len(data)


def _counted(source: BinaryIO, name: str, info: ZipInfo | None = None) -> io.BufferedReader:
    return io.BufferedReader(_Counted(source, name, info), _BUFFER)
