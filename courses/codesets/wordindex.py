"""The words of the look-up: how text is cut into words, and lists of ranks as bytes. Pure.

A rank is the place of a code among all that can be found, best first, so the best hits of a list are its
smallest numbers and nothing has to be scored when someone types.
"""

import re
import sys
import unicodedata
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

MAX_WORD: Final = 60
#: Too common to help; a search of nothing else keeps them.
STOP: Final = frozenset("a an and as at by for from in is of on or other than that the to with".split())
_WORD: Final = re.compile(r"[a-z]+|[0-9]+")


def words_of(text: str) -> list[str]:
    """The words of ``text``: lower case, without accents, plural s and possessive s.

    Letters and digits part, so that ``covid19`` and ``COVID-19`` are the same two words.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower().replace("'s", "")
    return [_singular(word[:MAX_WORD]) for word in _WORD.findall(plain)]


def _singular(word: str) -> str:
    """``fractures`` is ``fracture``; ``pancreatitis``, ``virus`` and ``abscess`` stay."""
    if len(word) > 4 and word.endswith("s") and word[-2] not in "sui":
        return word[:-1]
    return word


def pack(ranks: Iterable[int]) -> bytes:
    """Sorted ranks as little-endian 32-bit numbers, so that any host reads any host's rows."""
    packed = array("I", sorted(ranks))
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def unpack(packed: bytes | memoryview) -> "array[int]":
    ranks = array("I")
    ranks.frombytes(bytes(packed))
    if sys.byteorder == "big":
        ranks.byteswap()
    return ranks


@dataclass
class Postings:
    """Where a word stands: in titles, and in inclusion terms only."""

    titles: list[int] = field(default_factory=list)
    terms: list[int] = field(default_factory=list)


def build(texts: Iterable[tuple[str, Iterable[str]]]) -> dict[str, Postings]:
    """The index of (title, inclusion terms) in the order of their ranks."""
    index: dict[str, Postings] = {}
    for rank, (title, terms) in enumerate(texts):
        in_title = set(words_of(title)) - STOP
        for word in in_title:
            index.setdefault(word, Postings()).titles.append(rank)
        for word in {w for term in terms for w in words_of(term)} - STOP - in_title:
            index.setdefault(word, Postings()).terms.append(rank)
    return index
