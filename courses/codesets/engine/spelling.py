"""Words of the book that are one or two typing errors away. Pure."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from courses.codesets.engine.layout import Array

#: Letters of a word that are compared.
WIDTH: Final = 20
#: Shorter words are near too many others; with just so many letters, one may only be missing.
_MIN_LETTERS: Final = 4
#: From this length on a second error is forgiven when nothing is one error away.
_TWO_ERRORS: Final = 6
_MOST: Final = 6
_ONE: Final = np.uint64(1)


class Speller:
    """Compares a word with the whole vocabulary at once.

    Hyyrö's bit-parallel distance (a letter wrong, missing, too many, or two exchanged), where each step runs
    over all words in one array operation: 13,000 words take about a millisecond.
    """

    def __init__(self, letters: Array) -> None:
        self._letters = letters.reshape(-1, WIDTH)
        present = np.zeros(len(self._letters), np.uint32)
        for column in self._letters.T:
            present |= _bit(column)
        self._present = present
        self._length = np.count_nonzero(self._letters, axis=1)

    def near(self, word: str, begun: bool = False) -> list[tuple[int, int]]:
        """(place in the vocabulary, errors) of the nearest words; with ``begun``, of words that begin so."""
        size = len(word)
        if size < _MIN_LETTERS or size > WIDTH or not word.isalpha():
            return []
        most = 2 if size >= _TWO_ERRORS else 1
        wanted = np.bitwise_or.reduce(_bit(np.frombuffer(word.encode(), np.uint8)))
        near_enough = np.bitwise_count(wanted & ~self._present) <= most
        near_enough &= self._length >= (size - most if size > _MIN_LETTERS else size + 1)
        if not begun:
            near_enough &= self._length <= size + most
            near_enough &= np.bitwise_count(self._present & ~wanted) <= most
        places = np.flatnonzero(near_enough)
        errors = self._errors(word, places, begun)
        for allowed in range(1, most + 1):
            if len(found := np.flatnonzero(errors <= allowed)):
                order = found[np.argsort(errors[found], kind="stable")[:_MOST]]
                return [(int(places[at]), int(errors[at])) for at in order]
        return []

    def _errors(self, word: str, places: Array, begun: bool) -> Array:
        size = len(word)
        letters = self._letters[places]
        pattern = np.zeros(256, np.uint64)
        for at, letter in enumerate(word.encode()):
            pattern[letter] |= np.uint64(1 << at)
        last = np.uint64(size - 1)
        plus = np.full(len(places), (1 << size) - 1, np.uint64)
        minus = np.zeros(len(places), np.uint64)
        before = np.zeros(len(places), np.uint64)
        zeros = np.zeros(len(places), np.uint64)
        distance = np.full(len(places), size, np.int8)
        best = np.full(len(places), size, np.int8)
        length = self._length[places]
        for column in range(min(WIDTH, size + 2)):
            match = pattern[letters[:, column]]
            exchanged = ((~zeros & match) << _ONE) & before
            zeros = (((match & plus) + plus) ^ plus) | match | minus | exchanged
            up = minus | ~(zeros | plus)
            down = zeros & plus
            distance += ((up >> last) & _ONE).astype(np.int8)
            distance -= ((down >> last) & _ONE).astype(np.int8)
            up = (up << _ONE) | _ONE
            minus = up & zeros
            plus = (down << _ONE) | ~(zeros | up)
            before = match
            if begun:
                np.minimum(best, distance, out=best, where=column < length)
            else:
                np.copyto(best, distance, where=column == length - 1)
        return best


def letters_of(words: Sequence[str]) -> Array:
    """A row of ``WIDTH`` letters for each word, as ``Speller`` reads them."""
    letters = np.zeros((len(words), WIDTH), np.uint8)
    for row, word in enumerate(words):
        encoded = word[:WIDTH].encode()
        letters[row, : len(encoded)] = list(encoded)
    return letters


def _bit(letters: Array) -> Array:
    """One bit for each letter a to z; none for what is no letter."""
    is_letter = (letters >= ord("a")) & (letters <= ord("z"))
    return np.where(is_letter, np.uint32(1) << (letters.astype(np.uint32) - ord("a")) % 32, 0).astype(
        np.uint32
    )
