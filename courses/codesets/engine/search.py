"""Answers questions from an index file: by the beginning of a code, or by words. Pure.

Words are answered in two steps. The posting lists of the question's words give the few hundred codes worth a
closer look; then each of their phrases is compared with the question, and a handful of weights, learned from
the Alphabetic Index, makes one score of it. Ties go by the code, so every machine gives the same answer.
"""

import mmap
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from courses.codesets.engine import text
from courses.codesets.engine.indexing import KINDS, OPTIONAL, SCALE, bare
from courses.codesets.engine.layout import Array, Lists, Strings, unpack
from courses.codesets.engine.spelling import Speller
from courses.codesets.engine.synonyms import Synonyms

#: What is read of a question; the rest of a pasted page says little about a code.
MAX_TEXT: Final = 200
MAX_WORDS: Final = 14
#: Codes that get the closer look.
_CANDIDATES: Final = 200
#: With this many codes found by rarer words, a commoner word only adds to their score.
_ENOUGH: Final = 2_000
_MUCH_COMMONER: Final = 4
#: Words of the book that a beginning stands for, the commonest first.
_MOST_COMPLETIONS: Final = 32
#: What a word that is only begun, or spelled with one or two errors, keeps of its worth.
_COMPLETED: Final = 0.75
_MISSPELLED: Final = (1.0, 0.85, 0.7)
#: Words that the book lacks cost the most; of a question that has more of them, the first ones are read.
_MOST_UNKNOWN: Final = 5
#: Rarity of a word that the book does not have.
_UNKNOWN: Final = 0.9
_NO_SYNONYMS: Final = Synonyms()
_FRAGMENT: Final = re.compile(r"(?=.*[0-9])[0-9A-Z]{1,7}")
_BILLABLE, _TAKES_SEVENTH, _IS_SEVENTH = 1, 2, 4

#: What makes a code likely, learned on the training terms of the index (docs/decisions/0008): the words of
#: the first step, by the best; the best phrase, as the share of the words of question and phrase that both
#: have; the same of the title; the share of the question that any code of its category has; each word that
#: neither the code nor the rows above it have.
WEIGHTS: Final = np.array([[2.1], [6.0], [2.8], [4.7], [-1.4]], np.float32)
#: An index phrase counts so much of a phrase of the book, unless it is the question itself.
_INDEX: Final = 0.45
#: A question read by a synonym counts so much less.
_MEANT: Final = 0.3


@dataclass(frozen=True)
class Reason:
    """Why a code was found: a kind of ``indexing.KINDS``, ``code`` or ``synonym``, and its text."""

    kind: str
    text: str = ""


@dataclass(frozen=True)
class Result:
    """A code that was found; ``row`` is its place among the entries that the index was built from."""

    row: int
    code: str
    title: str
    kind: str
    is_billable: bool
    takes_seventh: bool
    score: float
    reasons: tuple[Reason, ...]
    #: stems to mark in the texts shown, for ``text.pieces``
    stems: frozenset[str]
    #: share of the question's words that the code or the rows above it have
    share: float = 1.0


@dataclass
class _Slot:
    """A word of the question and the terms of the book that it may mean, each with how surely."""

    terms: dict[int, float]
    rarity: float = _UNKNOWN
    seen: int = 0


@dataclass
class _Found:
    """Docs with their scores, and of each the phrase that fits best."""

    docs: Array
    scores: Array
    phrases: Array
    shares: Array
    terms: list[int]
    synonym: str = ""


class Engine:
    """The index of one release, mapped into memory; any number of threads may ask it."""

    def __init__(self, source: Path | str | bytes | memoryview) -> None:
        """Raises ValueError for a file that is damaged, cut off or of another version."""
        arrays = unpack(_mapped(source) if isinstance(source, (Path, str)) else source)
        self._rows, self._flags, self._kind, self._doc = (arrays[n] for n in ("row", "flags", "kind", "doc"))
        self._kinds = [*Strings.of(arrays, "kinds")]
        self._bare, self._codes, self._titles = (Strings.of(arrays, n) for n in ("bare", "code", "title"))
        self._words, self._stems = Strings.of(arrays, "word"), Strings.of(arrays, "stem")
        self._word_term, self._rarity, self._prior = (arrays[n] for n in ("word_term", "rarity", "prior"))
        self._postings = Lists(arrays["posting_first"], arrays["posting_doc"])
        self._worth = arrays["posting_worth"]
        self._categories = Lists(arrays["category_first"], arrays["category_list"])
        self._category = arrays["category"]
        self._category_count = int(self._category.max(initial=0)) + 1
        self._phrase_first, self._phrase_kind = arrays["phrase_first"], arrays["phrase_kind"]
        self._phrase_token, self._phrase_mass = arrays["phrase_token"], arrays["phrase_mass"]
        self._token, self._phrase_text = arrays["token"], Strings.of(arrays, "phrase_text")
        self._speller = Speller(arrays["letters"])

    def search(
        self, query: str, *, synonyms: Synonyms = _NO_SYNONYMS, limit: int = 20, typing: bool = False
    ) -> list[Result]:
        """Codes for what someone typed, best first; any text is answered, at worst with nothing.

        With ``typing`` the last word is only begun.
        """
        query = query[:MAX_TEXT]
        by_code = self._by_code(query, limit)
        if len(by_code) >= limit or any(_is_code(query, found.code) for found in by_code):
            return by_code
        known = {result.row for result in by_code}
        by_words = self._by_words(query, synonyms, limit, typing and not query.endswith(" "))
        return (by_code + [result for result in by_words if result.row not in known])[:limit]

    def lacks(self, query: str, *, synonyms: Synonyms = _NO_SYNONYMS, typing: bool = False) -> int:
        """How many words of the question this book does not have, of the reading that it knows best; -1 where
        codes begin so. Much cheaper than the search.
        """
        query = query[:MAX_TEXT]
        start = bare(query)
        if _FRAGMENT.fullmatch(start) and self._bare.beginning_with(start):
            return -1
        typing = typing and not query.endswith(" ")
        words = text.words(query)[:MAX_WORDS]
        words = [word for word in words if word not in text.STOP] or words
        readings = [words, *(reading for reading, _synonym in synonyms.readings(words, typing=typing))]
        return min(sum(not self._knows(word) for word in reading) for reading in readings)

    # -- by code ------------------------------------------------------------------------------------------

    def _by_code(self, query: str, limit: int) -> list[Result]:
        start = bare(query)
        if not _FRAGMENT.fullmatch(start):
            return []
        found = []
        for place in self._bare.beginning_with(start):
            # rows that differ only in the 7th character are found through the one above, unless typed in full
            if self._flags[place] & _IS_SEVENTH and self._bare[place] != start:
                continue
            code = self._codes[place]
            reason = Reason("code", code[: _shown(code, start)])
            found.append(self._result(place, 0.0, (reason,), frozenset()))
            if len(found) == limit:
                break
        return found

    # -- by words -----------------------------------------------------------------------------------------

    def _by_words(self, query: str, synonyms: Synonyms, limit: int, typing: bool) -> list[Result]:
        words = text.words(query)[:MAX_WORDS]
        words = self._repaired([word for word in words if word not in text.STOP] or words, synonyms, typing)
        readings = [(words, ""), *synonyms.readings(words, typing=typing)]
        readings += [(joined, "") for joined in self._joined(words)][:1]
        found = [
            one
            for reading, synonym in readings
            if (one := self._read(reading, typing and not synonym, synonym)) is not None
        ]
        if not found:
            return []
        docs = np.concatenate([one.docs for one in found])
        scores = np.concatenate([one.scores for one in found])
        source = np.repeat(np.arange(len(found)), [len(one.docs) for one in found])
        phrases = np.concatenate([one.phrases for one in found])
        shares = np.concatenate([one.shares for one in found])
        stems = frozenset(self._stems[term] for one in found for term in one.terms)
        order = np.lexsort((docs, -scores))[: limit * len(found)]
        results: dict[int, Result] = {}
        columns = (docs, scores, phrases, shares, source)
        for doc, score, phrase, share, one in zip(*(c[order].tolist() for c in columns), strict=True):
            if doc not in results and len(results) < limit:
                reasons = self._reasons(phrase, found[one].synonym)
                results[doc] = self._result(int(self._doc[doc]), score, reasons, stems, share)
        return list(results.values())

    def _read(self, words: Sequence[str], typing: bool, synonym: str) -> _Found | None:
        slots = self._slots(words, typing)
        known = [slot for slot in slots if slot.terms]
        if not known:
            return None
        docs, features, phrases = self._features(slots, known)
        scores = (WEIGHTS * features).sum(axis=0) + self._prior[docs] - (_MEANT if synonym else 0)
        terms = [term for slot in known for term in slot.terms]
        shares = 1 - features[-1] / len(slots)
        return _Found(docs, np.round(scores, 4), phrases, shares, terms, synonym)

    def _features(self, slots: Sequence[_Slot], known: Sequence[_Slot]) -> tuple[Array, Array, Array]:
        """The candidates, a row for each of ``WEIGHTS``, and the best phrase of each candidate."""
        docs, scores = self._candidates(known)
        wanted = sum(slot.rarity for slot in slots)
        having = [self._postings.sure(slot.terms, docs, len(self._doc)) for slot in known]
        missing = len(slots) - sum(has > 0 for has in having)
        categories = self._category[docs]
        in_category = sum(
            self._categories.sure(slot.terms, categories, self._category_count) * slot.rarity
            for slot in known
        )
        fit, title, phrases = self._compare(docs, known, wanted)
        return docs, np.stack((scores / scores.max(), fit, title, in_category / wanted, missing)), phrases

    # -- what the words mean ------------------------------------------------------------------------------

    def _repaired(self, words: Sequence[str], synonyms: Synonyms, typing: bool) -> list[str]:
        """``words`` as the book or the synonyms write them: parted, joined, without typing errors."""
        repaired: list[str] = []
        rest = list(words)
        unknown = 0
        while rest:
            word = rest.pop(0)
            begun = typing and not rest
            if begun or self._knows(word) or word in synonyms or text.parts(word):
                repaired.append(word)
            elif rest and self._knows(joined := text.spelling(word + rest[0])):
                repaired.append(joined)
                rest.pop(0)
            elif repaired and self._knows(joined := text.spelling(repaired[-1] + word)):
                repaired[-1] = joined
            elif (unknown := unknown + 1) <= _MOST_UNKNOWN:
                repaired += self._parted(word, synonyms) or [synonyms.corrected(word) or word]
        return repaired

    def _joined(self, words: Sequence[str]) -> Iterator[list[str]]:
        """``words`` with two written as the one word that the book has too: ``chicken pox``."""
        for at in range(len(words) - 1):
            if self._words.find(both := text.spelling(words[at] + words[at + 1])) >= 0:
                yield [*words[:at], both, *words[at + 2 :]]

    def _knows(self, word: str) -> bool:
        return self._stems.find(text.stem(word)) >= 0 or bool(self._words.beginning_with(word))

    def _parted(self, word: str, synonyms: Synonyms) -> list[str]:
        """Two words written as one."""
        for cut in range(len(word) - 3, 2, -1):
            both = [word[:cut], word[cut:]]
            if all(self._words.find(part) >= 0 or part in synonyms for part in both):
                return both
        return []

    def _slots(self, words: Sequence[str], typing: bool) -> list[_Slot]:
        slots: dict[tuple[int, ...] | str, _Slot] = {}
        for at, word in enumerate(words):
            for terms in self._meaning(word, typing and at == len(words) - 1) or [{}]:
                slots.setdefault(tuple(terms) or word, self._slot(terms))
        return list(slots.values())

    def _meaning(self, word: str, begun: bool) -> list[dict[int, float]]:
        """The terms a word may mean, and how surely; of a compound, those of each of its parts."""
        term = self._stems.find(text.stem(word))
        spelled_out = self._words.find(word) >= 0
        completed = {} if spelled_out and not begun else self._completions(word)
        if term >= 0:
            return [completed | {term: 1.0 if spelled_out or not completed else _COMPLETED}]
        if completed:
            return [completed]
        if parts := [t for stem in text.parts(word) if (t := self._stems.find(stem)) >= 0]:
            return [{part: 1.0} for part in parts]
        near = self._speller.near(word, begun)
        return [{int(self._word_term[at]): _MISSPELLED[errors] for at, errors in near}] if near else []

    def _slot(self, terms: dict[int, float]) -> _Slot:
        if not terms:
            return _Slot(terms)
        best = max(terms.values())
        # a beginning of many words tells as little as the commonest of them
        rarity = min(float(self._rarity[term]) for term, sure in terms.items() if sure == best)
        return _Slot(terms, rarity, seen=sum(map(self._postings.size, terms)))

    def _completions(self, word: str) -> dict[int, float]:
        stretch = self._words.beginning_with(word)
        terms = np.unique(self._word_term[stretch.start : stretch.stop])
        if len(terms) > _MOST_COMPLETIONS:
            common = np.array([self._postings.size(int(term)) for term in terms])
            terms = terms[np.argsort(-common, kind="stable")[:_MOST_COMPLETIONS]]
        return {int(term): _COMPLETED for term in terms}

    # -- step one: posting lists --------------------------------------------------------------------------

    def _candidates(self, slots: Sequence[_Slot]) -> tuple[Array, Array]:
        """The docs whose words weigh most, in order, and their weights."""
        scores = np.zeros(len(self._doc), np.float32)
        touched = 0
        for slot in sorted(slots, key=lambda slot: slot.seen):
            if touched > _ENOUGH and slot.seen > _MUCH_COMMONER * touched:
                self._add(slot, scores, np.flatnonzero(scores).astype(np.uint32))
            else:
                self._add(slot, scores)
                touched += slot.seen
        docs = _largest(scores, _CANDIDATES)
        return docs, scores[docs]

    def _add(self, slot: _Slot, scores: Array, only: Array | None = None) -> None:
        """Adds what the best meaning of a word is worth to each doc that has it, or to ``only`` some."""
        found = []
        for term, sure in slot.terms.items():
            where: Array | slice = self._postings.of(term)
            if only is None:
                docs = self._postings.members[where]
            else:
                has, where = self._postings.places(term, only)
                docs, where = only[has], where[has]
            found.append((docs, self._worth[where] * np.float32(slot.rarity * sure / SCALE)))
        if len(found) == 1:
            ((docs, worth),) = found
            scores[docs] += worth
        else:
            best = np.zeros(len(scores), np.float32)
            np.maximum.at(best, np.concatenate([d for d, _ in found]), np.concatenate([w for _, w in found]))
            scores += best

    # -- step two: phrases --------------------------------------------------------------------------------

    def _compare(self, docs: Array, slots: Sequence[_Slot], wanted: float) -> tuple[Array, Array, Array]:
        """Of each doc: how well its best phrase fits, how well its title does, and which phrase that is."""
        weight = np.zeros(len(self._rarity), np.float32)
        for slot in slots:
            for term, sure in slot.terms.items():
                weight[term] = max(weight[term], slot.rarity * sure)
        first, last = self._phrase_first[docs], self._phrase_first[docs + 1]
        phrases = _ranges(first, last)
        begin, end = self._phrase_token[phrases], self._phrase_token[phrases + 1]
        tokens = self._token[_ranges(begin, end)]
        terms = tokens & (OPTIONAL - 1)
        matched_each = weight[terms]
        owner = np.repeat(np.arange(len(phrases)), end - begin)
        matched = np.minimum(np.bincount(owner, matched_each, len(phrases)), wanted)
        required = (matched_each > 0) & (tokens < OPTIONAL)
        unmatched = self._phrase_mass[phrases] - np.bincount(
            owner, self._rarity[terms] * required, len(phrases)
        )
        fit = matched / (wanted + np.maximum(unmatched, 0))
        kind = self._phrase_kind[phrases]
        worth = np.where((kind == len(KINDS) - 1) & (fit < 0.99), fit * _INDEX, fit)
        starts = np.concatenate(([0], np.cumsum(last - first)[:-1])).astype(np.int64)
        best = np.maximum.reduceat(worth, starts)
        # the first phrase of a doc is its title
        at_best = np.flatnonzero(worth == np.repeat(best, last - first))
        _docs, chosen = np.unique(np.repeat(np.arange(len(docs)), last - first)[at_best], return_index=True)
        return best, fit[starts], phrases[at_best[chosen]]

    # -- results ------------------------------------------------------------------------------------------

    def _reasons(self, phrase: int, synonym: str) -> tuple[Reason, ...]:
        kind = KINDS[self._phrase_kind[phrase]]
        reason = Reason(kind, self._phrase_text[phrase])
        return (reason, Reason("synonym", synonym)) if synonym else (reason,)

    def _result(
        self,
        place: int,
        score: float,
        reasons: tuple[Reason, ...],
        stems: frozenset[str],
        share: float = 1.0,
    ) -> Result:
        flags = int(self._flags[place])
        return Result(
            row=int(self._rows[place]),
            code=self._codes[place],
            title=self._titles[place],
            kind=self._kinds[self._kind[place]],
            is_billable=bool(flags & _BILLABLE),
            takes_seventh=bool(flags & _TAKES_SEVENTH),
            score=score,
            reasons=reasons,
            stems=stems,
            share=share,
        )


def asked_about(
    engines: Mapping[str, Engine], query: str, *, synonyms: Synonyms = _NO_SYNONYMS, typing: bool = False
) -> list[str]:
    """Which of the books the question is about: those where codes begin so, or those that lack fewest of its
    words. A word that nobody has, as it may be misspelled, counts against none.
    """
    if len(engines) == 1:
        return list(engines)
    lacking = {name: engines[name].lacks(query, synonyms=synonyms, typing=typing) for name in engines}
    return [name for name in engines if lacking[name] == min(lacking.values())]


def _mapped(path: Path | str) -> Any:
    with Path(path).open("rb") as stream:
        if not stream.seek(0, 2):
            raise ValueError("the index is empty")
        return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)


def _is_code(query: str, found: str) -> bool:
    """Whether the question is a code or the beginning of one, and no words: ``E11``, ``e11 9`` for E11.9."""
    return len(query.split()) == 1 or bare(query) == bare(found)


def _shown(code: str, start: str) -> int:
    """How many characters of ``code`` as printed are the fragment ``start``."""
    length = len(start)
    return length + (1 if "." in code and length > code.index(".") else 0)


def _largest(scores: Array, count: int) -> Array:
    """Where the largest are, in order of place; a few more than ``count`` where the last ones tie."""
    top = float(scores.max())
    if top <= 0:
        return np.zeros(0, np.uint32)
    for share in (0.6, 0.3, 0.1, 0.0):
        found = np.flatnonzero(scores > top * share)
        if len(found) >= count:
            break
    if len(found) > count:
        cut = np.partition(scores[found], len(found) - count)[len(found) - count]
        found = found[scores[found] >= cut]
    return found[: 2 * count].astype(np.uint32)


def _ranges(first: Array, last: Array) -> Array:
    """All numbers of the half-open ranges, one range after the other."""
    sizes = (last - first).astype(np.int64)
    ends = np.cumsum(sizes)
    return np.repeat(last.astype(np.int64) - ends, sizes) + np.arange(int(ends[-1]) if len(ends) else 0)
