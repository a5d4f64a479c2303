"""Phrases that mean another phrase: lay words and abbreviations, which editors keep as data. Pure."""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from courses.codesets.engine import text
from courses.codesets.engine.spelling import Speller, letters_of

#: Meanings of one question that are looked up, the question itself included.
MOST: Final = 4
#: The same while someone types: the answer is looked at for a moment, and must be there in one.
MOST_TYPING: Final = 3
#: A beginning shorter than this stands for no phrase yet.
_MIN_BEGINNING: Final = 3


class Synonyms:
    """What phrases mean. A phrase is found in a question by its stems, the longest first."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._meanings: dict[tuple[str, ...], list[tuple[str, str]]] = {}
        for phrase, meaning in pairs:
            if key := _key(phrase):
                self._meanings.setdefault(key, []).append((phrase, meaning))
        self._longest = max(map(len, self._meanings), default=0)
        self._begun = sorted(
            (" ".join(_plain(pair[0])), *pair) for v in self._meanings.values() for pair in v
        )
        self._words = sorted({word for spelled, _phrase, _meaning in self._begun for word in spelled.split()})
        self._stems = {text.stem(word) for word in self._words}
        self._speller = Speller(letters_of(self._words).reshape(-1))

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and text.stem(word) in self._stems

    def corrected(self, word: str) -> str:
        """The one word of the phrases, in any form, that ``word`` is one typing error away from, or ""."""
        near = [self._words[at] for at, errors in self._speller.near(word) if errors == 1]
        return near[0] if len({text.stem(one) for one in near}) == 1 else ""

    def readings(self, words: list[str], *, typing: bool = False) -> list[tuple[list[str], str]]:
        """Other ways to say ``words``, each with the phrase it replaces; at most ``MOST`` - 1.

        While someone is typing, the beginning of a phrase stands for the phrase.
        """
        readings = self._beginning(words) if typing else []
        spans = list(self._spans(words))
        if not spans:
            return readings
        widest = max(len(meanings) for _start, _end, meanings in spans)
        for choice in range(min(widest, MOST - 1)):
            reading, done, phrases = [], 0, []
            for start, end, meanings in spans:
                phrase, meaning = meanings[min(choice, len(meanings) - 1)]
                reading += [*words[done:start], *_plain(meaning)]
                phrases.append(phrase)
                done = end
            readings.append((reading + words[done:], ", ".join(phrases)))
        return readings[: MOST_TYPING - 1 if typing else MOST - 1]

    def _spans(self, words: list[str]) -> Iterable[tuple[int, int, list[tuple[str, str]]]]:
        stems = [text.stem(word) for word in words]
        start = 0
        while start < len(stems):
            for end in range(min(len(stems), start + self._longest), start, -1):
                if meanings := self._meanings.get(tuple(stems[start:end])):
                    yield start, end, meanings
                    start = end
                    break
            else:
                start += 1

    def _beginning(self, words: list[str]) -> list[tuple[list[str], str]]:
        begun = " ".join(words)
        if len(begun) < _MIN_BEGINNING:
            return []
        at = bisect_left(self._begun, (begun,))
        near = self._begun[at : at + MOST_TYPING - 1]
        return [
            (text.words(meaning), phrase) for spelled, phrase, meaning in near if spelled.startswith(begun)
        ]


def _plain(phrase: str) -> list[str]:
    """The words of a phrase that mean something, or all where none does."""
    words = text.words(phrase)
    return [word for word in words if word not in text.STOP] or words


def _key(phrase: str) -> tuple[str, ...]:
    return tuple(text.stem(word) for word in _plain(phrase))
