"""Zips that lie, climb, link, overlap and explode, built byte by byte. Each says how it must be refused."""

import lzma
import struct
import zlib
from bz2 import compress as bzip2
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14


@dataclass
class Member:
    """An entry of a zip of which every field may be forged; what is None is told as it is."""

    name: bytes
    content: bytes = b"00001 A00\n"
    method: int = DEFLATED
    packed: bytes | None = None
    flags: int = 0x800
    mode: int = 0o100644
    size: int | None = None
    packed_size: int | None = None
    crc: int | None = None
    local_name: bytes | None = None
    #: Where its directory entry points; None for its own place.
    offset: int | None = None
    #: Only an entry of the directory: what it is of is that of another member.
    is_ghost: bool = False


def packed(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def zeros(megabytes: int) -> tuple[bytes, int, int]:
    """Packed zeros, their length and their checksum, without ever holding them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = bytes(1_000_000)
    data = []
    crc = 0
    for _ in range(megabytes):
        data.append(packer.compress(piece))
        crc = zlib.crc32(piece, crc)
    return b"".join([*data, packer.flush()]), megabytes * 1_000_000, crc


def archive(*members: Member, directory_size: int | None = None, directory_at: int | None = None) -> bytes:
    body = bytearray()
    directory = bytearray()
    for member in members:
        data = member.packed
        if data is None:
            data = member.content if member.method == STORED else packed(member.content)
        size = len(member.content) if member.size is None else member.size
        packed_size = len(data) if member.packed_size is None else member.packed_size
        crc = zlib.crc32(member.content) if member.crc is None else member.crc
        common = struct.pack("<HHHHHIII", 20, member.flags, member.method, 0, 0x5A21, crc, packed_size, size)
        offset = len(body) if member.offset is None else member.offset
        if not member.is_ghost:
            name = member.name if member.local_name is None else member.local_name
            body += b"PK\x03\x04" + common + struct.pack("<HH", len(name), 0) + name + data
        directory += (
            b"PK\x01\x02\x14\x03"
            + common
            + struct.pack("<HHHHHII", len(member.name), 0, 0, 0, 0, member.mode << 16, offset)
            + member.name
        )
    length = len(directory) if directory_size is None else directory_size
    at = len(body) if directory_at is None else directory_at
    count = min(len(members), 0xFFFF)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, length, at, 0)
    return bytes(body + directory + end)


def _named(*names: str) -> Callable[[], bytes]:
    return lambda: archive(*(Member(name.encode()) for name in names))


def _one(**forged: object) -> Callable[[], bytes]:
    return lambda: archive(Member(b"codes.txt", **forged))  # type: ignore[arg-type]  # fields by name


def _bomb(megabytes: int, size: int | None = None) -> Callable[[], bytes]:
    def build() -> bytes:
        data, length, crc = zeros(megabytes)
        return archive(Member(b"codes.txt", packed=data, size=length if size is None else size, crc=crc))

    return build


def _many(count: int) -> Callable[[], bytes]:
    names: Iterable[bytes] = (f"{number}.md".encode() for number in range(count))
    return lambda: archive(*(Member(name, b"", STORED) for name in names))


def _ghosts(count: int) -> Callable[[], bytes]:
    """One content under many names: small on disk, huge when all of it is unpacked."""
    return lambda: archive(
        Member(b"codes.txt", bytes(90_000), STORED),
        *(Member(f"{n}.md".encode(), bytes(90_000), STORED, offset=0, is_ghost=True) for n in range(count)),
    )


def _zip64() -> bytes:
    """A directory of eight exabytes."""
    honest = archive(Member(b"codes.txt"))
    at = len(honest) - 22
    record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 1 << 63, 0)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, at, 1)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return honest[:at] + record + locator + end


#: name -> how it is built, and what the refusal says
HOSTILE: Final[dict[str, tuple[Callable[[], bytes], str]]] = {
    # names that lead out
    "parent": (_named("../codes.txt"), "leads out"),
    "parent deeper": (_named("a/b/../../../codes.txt"), "leads out"),
    "parent of Windows": (_named("..\\codes.txt"), "leads out"),
    "parent in another member": (_named("codes.txt", "../../etc/cron.d/job"), "leads out"),
    "parent alone": (_named(".."), "leads out"),
    "absolute": (_named("/etc/codes.txt"), "leads out"),
    "drive": (_named("C:\\codes.txt"), "leads out"),
    "drive without a slash": (_named("c:codes.txt"), "leads out"),
    "share": (_named("\\\\host\\share\\codes.txt"), "leads out"),
    # names that no file has
    "nothing": (_named(""), "a name that no file has"),
    "NUL": (_named("codes.txt\0.exe"), "a name that no file has"),
    "line break": (_named("codes\n.txt"), "a name that no file has"),
    "text direction": (_named("codes\u202etxt.exe"), "a name that no file has"),
    "endless": (_named(f"{'a' * 300}.txt"), "a name that no file has"),
    # what is no file
    "symbolic link": (_one(mode=0o120777, content=b"/etc/passwd"), "link or a device"),
    "link beside": (
        lambda: archive(Member(b"codes.txt"), Member(b"x", b"/", mode=0o120777)),
        "link or a device",
    ),
    "character device": (_one(mode=0o020666), "link or a device"),
    "block device": (_one(mode=0o060666), "link or a device"),
    "pipe": (_one(mode=0o010666), "link or a device"),
    "socket": (_one(mode=0o140666), "link or a device"),
    # encrypted
    "encrypted": (_one(flags=0x801), "encrypted"),
    "strongly encrypted": (_one(flags=0x841), "encrypted"),
    "encrypted directory": (_one(flags=0x2800), "encrypted"),
    # packed otherwise
    "bzip2": (_one(method=BZIP2, packed=bzip2(b"x")), "packed in a way"),
    "lzma": (_one(method=LZMA, packed=lzma.compress(b"x")), "packed in a way"),
    "deflate64": (_one(method=9), "packed in a way"),
    "AES": (_one(method=99), "packed in a way"),
    # the same name twice
    "twice": (_named("codes.txt", "codes.txt"), "is in the zip twice"),
    "twice but for case": (_named("codes.txt", "CODES.TXT"), "is in the zip twice"),
    "twice but for slashes": (_named("a/codes.txt", "a\\codes.txt"), "is in the zip twice"),
    "twice but for the form of a letter": (_named("é.txt", "e\u0301.txt"), "is in the zip twice"),
    # zips in zips
    "nested": (_named("codes.zip"), "archive itself"),
    "nested tar": (_named("codes.txt", "more.tar.gz"), "archive itself"),
    "nested under another name": (_one(content=archive(Member(b"codes.txt"))), "is a zip itself"),
    # too much
    "501 files": (_many(501), "501 files"),
    "60,000 files": (_many(60_000), "more than 500 files"),
    "120 MB": (_bomb(120), "longer than 100 MB"),
    "60 MB of zeros": (_bomb(60), "more than 100 times"),
    "bomb of overlapping files": (_ghosts(200), "overlap"),
    "eight exabytes": (_zip64, "broken|more than"),
    # headers that lie
    "says 10 bytes, holds 60 MB": (_bomb(60, size=10), "CRC"),
    "says more than it holds": (_one(size=5_000), "not as long"),
    "two lengths": (_one(method=STORED, size=5_000), "two lengths"),
    "longer than the zip": (_one(packed_size=10_000), "overlap"),
    "packed data cut": (_one(packed_size=5), "cannot be read|not as long"),
    "other checksum": (_one(crc=1), "CRC"),
    "other local name": (_one(local_name=b"bills.txt"), "broken"),
    "content is noise": (_one(packed=b"\xff" * 40), "cannot be read"),
    "content elsewhere": (_one(offset=3), "broken"),
    "content behind the end": (_one(offset=1 << 30), "overlap"),
    "directory elsewhere": (lambda: archive(Member(b"codes.txt"), directory_at=1 << 30), "broken"),
    "directory too long": (lambda: archive(Member(b"codes.txt"), directory_size=1 << 20), "broken"),
    "cut off": (lambda: archive(Member(b"codes.txt"))[:-30], "broken"),
    "only its beginning": (lambda: b"PK\x03\x04" + bytes(60), "broken"),
    # nothing to choose, or too much
    "empty": (lambda: archive(), "not in the zip; in it: nothing"),
    "folder of that name": (lambda: archive(Member(b"codes.txt/", b"", STORED)), "not in the zip"),
    "leftovers of another system": (_named("__MACOSX/._codes.txt"), "not in the zip"),
    "another file": (_named("readme.pdf"), "not in the zip; in it: readme.pdf"),
    "two that may be meant": (_named("codes.txt", "old/codes.txt"), "may be meant: codes.txt, codes.txt"),
}
