"""The file of an index: named arrays behind a header, mapped and never copied. Pure.

``magic | version | length of the directory | checksum | directory as JSON | arrays``. All numbers are
little-endian, so that the file that one host builds is every other host's file.
"""

import json
import zlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from struct import Struct, error
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

MAGIC: Final = b"XWFIND\r\n"
VERSION: Final = 1
_HEAD: Final = Struct("<8sIII")
#: Arrays begin at multiples of this, so that every number is aligned.
_ALIGN: Final = 8


def pack(arrays: Mapping[str, Array]) -> bytes:
    directory, chunks, offset = {}, [], 0
    for name, array in arrays.items():
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        data = little.tobytes()
        directory[name] = (little.dtype.str, offset, len(little))
        chunks.append(data + b"\0" * (-len(data) % _ALIGN))
        offset += len(chunks[-1])
    names = json.dumps(directory).encode()
    names += b" " * (-(_HEAD.size + len(names)) % _ALIGN)
    body = names + b"".join(chunks)
    return _HEAD.pack(MAGIC, VERSION, len(names), zlib.crc32(body, len(names))) + body


def unpack(buffer: Any) -> dict[str, Array]:
    """The arrays, as views of ``buffer``. Raises ValueError unless every byte is as it was packed."""
    view = memoryview(buffer)
    try:
        magic, version, names, checksum = _HEAD.unpack_from(view)
    except error:
        raise ValueError("not an index of codes: too short") from None
    if magic != MAGIC:
        raise ValueError("not an index of codes")
    if version != VERSION:
        raise ValueError(f"an index of version {version}, not {VERSION}")
    if zlib.crc32(view[_HEAD.size :], names) != checksum:
        raise ValueError("the index is damaged or cut off")
    start = _HEAD.size + names
    directory = json.loads(bytes(view[_HEAD.size : start]))
    return {
        name: np.frombuffer(view, dtype, count, start + offset)
        for name, (dtype, offset, count) in directory.items()
    }


class Strings:
    """A list of strings in two arrays: the bytes, and where each begins."""

    def __init__(self, ends: Array, data: Array) -> None:
        # memoryviews give single items three times faster than arrays
        self._ends, self._data = ends.data, data.data

    @staticmethod
    def packed(name: str, strings: Iterable[str]) -> dict[str, Array]:
        encoded = [string.encode() for string in strings]
        ends = np.zeros(len(encoded) + 1, np.uint32)
        np.cumsum([len(one) for one in encoded], out=ends[1:])
        return {f"{name}_ends": ends, name: np.frombuffer(b"".join(encoded), np.uint8)}

    @classmethod
    def of(cls, arrays: Mapping[str, Array], name: str) -> "Strings":
        return cls(arrays[f"{name}_ends"], arrays[name])

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, index: int) -> str:
        return str(self._data[self._ends[index] : self._ends[index + 1]], "utf-8")

    def __iter__(self) -> Iterator[str]:
        return (self[index] for index in range(len(self)))

    def find(self, string: str) -> int:
        """Where ``string`` is in a sorted list, or -1."""
        at = bisect_left(self, string)
        return at if at < len(self) and self[at] == string else -1

    def beginning_with(self, prefix: str) -> range:
        """The stretch of a sorted list that begins with ``prefix``."""
        return range(bisect_left(self, prefix), bisect_left(self, prefix + "\U0010ffff"))


class Lists:
    """For each term a sorted list of members (codes, or categories), all in one array."""

    def __init__(self, first: Array, members: Array) -> None:
        self._first, self.members = first, members

    def of(self, term: int) -> slice:
        return slice(int(self._first[term]), int(self._first[term + 1]))

    def size(self, term: int) -> int:
        return int(self._first[term + 1]) - int(self._first[term])

    def places(self, term: int, wanted: Array) -> tuple[Array, Array]:
        """Which of ``wanted`` are in the list of ``term``, and where these stand among all members."""
        where = self.of(term)
        having = self.members[where]
        if not len(having):
            return np.zeros(len(wanted), bool), np.zeros(len(wanted), np.int64)
        at = np.minimum(np.searchsorted(having, wanted), len(having) - 1)
        return having[at] == wanted, at + where.start

    def sure(self, terms: Mapping[int, float], wanted: Array, count: int) -> Array:
        """How surely each of ``wanted`` has one of ``terms``; there are ``count`` members in all."""
        if len(terms) == 1:
            ((term, sure),) = terms.items()
            return self.places(term, wanted)[0] * np.float32(sure)
        having = np.zeros(count, np.float32)
        for term, sure in sorted(terms.items(), key=lambda item: item[1]):
            having[self.members[self.of(term)]] = sure
        return having[wanted]
