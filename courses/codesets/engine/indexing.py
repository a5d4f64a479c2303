"""Builds the index of one release: what is found by which words, and how likely each code is. Pure.

A code is found by its *phrases*: its title, its inclusion terms, what notes elsewhere call it ("Excludes1:
chronic bronchitis NOS (J42)" is a phrase of J42), and the terms of an index where one is loaded. Around them
stand the phrases of the codes above it, its *context*.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from courses.codesets.engine import layout, text
from courses.codesets.engine.layout import Array, Strings
from courses.codesets.engine.spelling import letters_of
from courses.codesets.records import Entry

#: kinds of phrases, the reason shown, in the order of their numbers in the file; an index's are "index"
KINDS: Final = ("title", "inclusion_term", "includes", "excludes", "instruction", "index")
#: How much a word counts for the code whose phrase it stands in, by kind.
_WORTH: Final = (1.0, 0.9, 0.8, 0.8, 0.6, 0.9)
#: A word in parentheses is one that may be there or not.
_OPTIONAL_WORTH: Final = 0.7
#: A word that stands in a further phrase of the same code too counts this much more.
_AGAIN: Final = 0.15
#: What is left of a word's worth below: for words of the title above, of other phrases above, of the block.
_ABOVE_TITLE, _ABOVE_OTHER, _ABOVE_BLOCK = 0.6, 0.45, 0.25
#: Long entries match more by chance: words count 1 / (0.8 + 0.2 * length by the average, at most 3).
_LENGTH_SHARE, _LENGTH_CAP = 0.2, 3.0
#: Words of the book's own language keep this much of their rarity.
_LIGHT: Final = 0.35
#: Highest bit of a token: the word is optional in its phrase.
OPTIONAL: Final = 1 << 31
#: Worth of a word in a posting, as a byte.
SCALE: Final = 80
_NOTES: Final = {"inclusion_term": 1, "includes": 2}
_CITING: Final = {
    "excludes1": 3, "excludes2": 3, "includes": 3, "inclusion_term": 3,
    "code_first": 4, "use_additional": 4, "code_also": 4,
}  # fmt: skip
#: Text and the parenthesised codes that end it, as often as a note has them.
_CITED: Final = re.compile(r"((?:[^()]|\([^()]*\))*?)\(([^()]*\b(?=\w*[0-9])[A-Z][0-9A-Z]{2}\b[^()]*)\)")
_CODE: Final = re.compile(r"(?=\w*[0-9])[A-Z][0-9A-Z]{2}(?:\.[0-9A-Z]{1,4})?(?:\.?-)?")
#: A note that leads to more codes than this names no one thing.
_MOST_CITED: Final = 3
_CONJUNCTION: Final = re.compile(r"^[\s,;]*(?:(?:or|and|such as:?)\b)?[\s,;]*")
_PARENTHESES: Final = re.compile(r"([()])")
_HYPHENATED: Final = re.compile(r"\b([A-Za-z]+)-([A-Za-z]+)\b")
_SIDED: Final = re.compile(r"\b(?:left|right|bilateral)\b")

#: What makes a code likelier before any word is read (learned, see docs/decisions/0008): each row below it
#: and each phrase that leads to it, by the logarithm; a side in its title; more than five characters; 8 or 9
#: at its end, the residual codes that a term without details leads to.
_PER_LOG_CHILD, _PER_LOG_PHRASE, _SIDE, _SIX_CHARACTERS, _RESIDUAL = -3.3, 0.4, -1.1, -0.8, 0.45


@dataclass(frozen=True)
class Phrase:
    """A term of an index that leads to ``code``, main term first; ``nonessential`` words may be missing."""

    text: str
    code: str
    nonessential: str = ""


def build(entries: Sequence[Entry], phrases: Iterable[Phrase] = ()) -> bytes:
    """The index of a code book and of what leads into it. The same input gives the same bytes."""
    return layout.pack(_Builder(entries).arrays(phrases))


def bare(code: str) -> str:
    """A code as it is compared: without its dot and dashes, in capitals."""
    return re.sub(r"[\s.\-]+", "", code).upper()


class _Builder:
    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        #: rows that words find, in the order of their codes; rows that a 7th character makes stand behind one
        self.docs = sorted(
            (r for r, e in enumerate(entries) if e.kind not in ("chapter", "block") and not e.seventh),
            key=lambda row: (bare(entries[row].code), row),
        )
        self.doc_of_row = {row: doc for doc, row in enumerate(self.docs)}
        self.doc_of_code = {bare(entries[row].code): doc for doc, row in enumerate(self.docs)}
        self.term_of_stem: dict[str, int] = {}
        self.stem_of_word: dict[str, str] = {}

    # -- phrases ------------------------------------------------------------------------------------------

    def phrases(self, index: Iterable[Phrase]) -> list[tuple[int, int, str, str]]:
        """(doc, kind, text, optional words) of every phrase, once each, doc by doc."""
        found: dict[tuple[int, int, str], str] = {}
        for doc, row in enumerate(self.docs):
            found[doc, 0, self.entries[row].title] = ""
            for note in self.entries[row].notes:
                if note.kind in _NOTES:
                    found.setdefault((doc, _NOTES[note.kind], note.text), "")
        for entry in self.entries:
            for note in entry.notes:
                for words, code in cited(note.text) if note.kind in _CITING and "(" in note.text else ():
                    if (target := self.doc(code)) is not None:
                        found.setdefault((target, _CITING[note.kind], words), "")
        for phrase in index:
            if (target := self.doc(phrase.code)) is not None:
                found.setdefault((target, len(KINDS) - 1, phrase.text), phrase.nonessential)
        return sorted((*key, optional) for key, optional in found.items())  # the title of a doc comes first

    def doc(self, code: str) -> int | None:
        """The row of words that stands for ``code``: of a code of seven characters, the one above it."""
        plain = bare(code)
        while len(plain) > 2:
            if (doc := self.doc_of_code.get(plain)) is not None:
                return doc
            if len(plain) < 7 and not plain.endswith("X"):
                return None
            plain = plain[:-1]
        return None

    def tokens(self, phrase: str, optional: str = "") -> dict[int, bool]:
        """The terms of a phrase in order, and whether each is optional."""
        found: dict[int, bool] = {}
        depth = 0
        for part in _PARENTHESES.split(phrase):
            depth = depth + 1 if part == "(" else max(0, depth - 1) if part == ")" else depth
            for word in text.words(part):
                if word not in text.STOP:
                    self.add(found, word, depth > 0)
                    for stem in text.parts(word):
                        found.setdefault(self.term(stem), True)
        for word in text.words(optional):
            if word not in text.STOP:
                self.add(found, word, True)
        for first, second in _HYPHENATED.findall(phrase):
            for word in text.words(first + second):
                self.add(found, word, True)
        return found

    def add(self, found: dict[int, bool], word: str, optional: bool) -> None:
        """A word is optional in a phrase that has it in parentheses only."""
        stem = self.stem_of_word.setdefault(word, text.stem(word))
        term = self.term(stem)
        found[term] = found.get(term, True) and optional

    def term(self, stem: str) -> int:
        return self.term_of_stem.setdefault(stem, len(self.term_of_stem))

    # -- words of codes -----------------------------------------------------------------------------------

    def own_words(
        self, phrases: Sequence[tuple[int, int, str, str]], tokens: Sequence[dict[int, bool]]
    ) -> list[dict[int, float]]:
        """The terms of each code's phrases, and what each is worth."""
        own: list[dict[int, float]] = [{} for _ in self.docs]
        for (doc, kind, _text, _optional), terms in zip(phrases, tokens, strict=True):
            words = own[doc]
            for term, optional in terms.items():
                worth = _WORTH[kind] * (_OPTIONAL_WORTH if optional else 1)
                before = words.get(term, 0.0)
                words[term] = max(before, worth) + _AGAIN * min(before, worth)
        return own

    def with_context(self, own: Sequence[Mapping[int, float]]) -> Iterator[dict[int, float]]:
        """The words of each code and, for less, those of the rows above it."""
        titles = {row: self.tokens(self.entries[row].title) for row in self.rows_above()}
        for doc, row in enumerate(self.docs):
            words = dict(own[doc])
            above = self.entries[row].parent
            while above is not None:
                if (parent := self.doc_of_row.get(above)) is None:
                    inherited = dict.fromkeys(titles[above], _ABOVE_BLOCK)
                else:
                    title = titles[above]
                    inherited = {
                        term: worth * (_ABOVE_TITLE if term in title else _ABOVE_OTHER)
                        for term, worth in own[parent].items()
                    }
                for term, worth in inherited.items():
                    if worth > words.get(term, 0.0):
                        words[term] = worth
                above = self.entries[above].parent
            yield words

    def rows_above(self) -> set[int]:
        return {entry.parent for entry in self.entries if entry.parent is not None}

    # -- the file -----------------------------------------------------------------------------------------

    def arrays(self, index: Iterable[Phrase]) -> dict[str, Array]:
        phrases = self.phrases(index)
        tokens = [self.tokens(words, optional) for _doc, _kind, words, optional in phrases]
        own = self.own_words(phrases, tokens)
        contexts = list(self.with_context(own))
        rarity = self.rarity(own)
        renumber = self.sorted_terms()
        lengths = np.array(
            [sum(rarity[t] * worth for t, worth in words.items()) for words in own], np.float32
        )
        lengths = np.minimum(lengths / max(float(lengths.mean()), 1e-6), _LENGTH_CAP) if len(own) else lengths
        by_doc = np.bincount([doc for doc, *_ in phrases], minlength=len(self.docs))
        sizes = np.array([len(terms) for terms in tokens], np.int64)
        flat = np.array([t for terms in tokens for t in terms], np.int64)
        optional = np.array([o for terms in tokens for o in terms.values()], bool)
        return {
            **self.rows(),
            **self.vocabulary(renumber),
            **self.postings(contexts, lengths, renumber),
            **self.categories(own, renumber),
            "rarity": rarity[np.argsort(renumber)] if len(renumber) else rarity,
            "prior": self.prior(by_doc),
            "phrase_first": _ends(by_doc),
            "phrase_kind": np.array([kind for _doc, kind, *_ in phrases], np.uint8),
            "phrase_token": _ends(sizes),
            "phrase_mass": np.bincount(
                np.repeat(np.arange(len(tokens)), sizes), np.where(optional, 0, rarity[flat]), len(tokens)
            ).astype(np.float32),
            "token": renumber[flat].astype(np.uint32) | np.where(optional, OPTIONAL, 0).astype(np.uint32),
            **Strings.packed("phrase_text", (t if kind else "" for _doc, kind, t, _optional in phrases)),
        }

    def rows(self) -> dict[str, Array]:
        """Every row, in the order of the codes, and which of them the words find."""
        by_code = sorted(range(len(self.entries)), key=lambda row: (bare(self.entries[row].code), row))
        by_code = [row for row in by_code if self.entries[row].kind not in ("chapter", "block")]
        ordered = [self.entries[row] for row in by_code]
        place = {row: at for at, row in enumerate(by_code)}
        flags = [e.is_billable | e.takes_seventh << 1 | bool(e.seventh) << 2 for e in ordered]
        kinds = sorted({entry.kind for entry in ordered})
        return {
            "row": np.array(by_code, np.uint32),
            "flags": np.array(flags, np.uint8),
            "kind": np.array([kinds.index(entry.kind) for entry in ordered], np.uint8),
            "doc": np.array([place[row] for row in self.docs], np.uint32),
            **Strings.packed("kinds", kinds),
            **Strings.packed("bare", (bare(entry.code) for entry in ordered)),
            **Strings.packed("code", (entry.code for entry in ordered)),
            **Strings.packed("title", (entry.title for entry in ordered)),
        }

    def sorted_terms(self) -> Array:
        """Old number of a term -> its place among the sorted stems."""
        order = sorted(self.term_of_stem)
        renumber = np.zeros(len(order), np.int64)
        for place, stem in enumerate(order):
            renumber[self.term_of_stem[stem]] = place
        return renumber

    def vocabulary(self, renumber: Array) -> dict[str, Array]:
        words = sorted(self.stem_of_word)
        return {
            **Strings.packed("word", words),
            "word_term": np.array(
                [renumber[self.term_of_stem[self.stem_of_word[word]]] for word in words], np.uint32
            ),
            "letters": letters_of(words).reshape(-1),
            **Strings.packed("stem", sorted(self.term_of_stem)),
        }

    def rarity(self, own: Sequence[Mapping[int, float]]) -> Array:
        """How much each term tells, 0 to 1: the rarer, the more."""
        having = np.zeros(len(self.term_of_stem))
        for words in own:
            having[list(words)] += 1
        count = max(len(own), 2)
        told = np.log(1 + (count - having + 0.5) / (having + 0.5)).clip(0.3) / math.log(count)
        for word in text.LIGHT:
            if (term := self.term_of_stem.get(text.stem(word))) is not None:
                told[term] *= _LIGHT
        return told.astype(np.float32)

    def postings(
        self, contexts: Sequence[Mapping[int, float]], lengths: Array, renumber: Array
    ) -> dict[str, Array]:
        """Which codes have a term, themselves or above them, and what it is worth there."""
        sizes = np.array([len(words) for words in contexts], np.int64)
        terms = renumber[np.array([term for words in contexts for term in words], np.int64)]
        worth = np.array([worth for words in contexts for worth in words.values()])
        worth /= np.repeat(1 - _LENGTH_SHARE + _LENGTH_SHARE * lengths, sizes)
        docs = np.repeat(np.arange(len(contexts)), sizes)
        order = np.argsort(terms, kind="stable")
        return {
            "posting_first": _ends(np.bincount(terms, minlength=len(renumber))),
            "posting_doc": docs[order].astype(np.uint32),
            "posting_worth": np.clip(np.rint(worth[order] * SCALE), 1, 255).astype(np.uint8),
        }

    def categories(self, own: Sequence[Mapping[int, float]], renumber: Array) -> dict[str, Array]:
        """The topmost code above each code, and which of these have a term in any phrase below them."""
        number: dict[int, int] = {}
        category = np.zeros(len(self.docs), np.uint32)
        for doc, row in enumerate(self.docs):
            while (above := self.entries[row].parent) in self.doc_of_row:
                row = above
            category[doc] = number.setdefault(row, len(number))
        terms = renumber[np.array([term for words in own for term in words], np.int64)]
        pairs = np.unique(terms * len(number) + np.repeat(category, [len(words) for words in own]))
        return {
            "category": category,
            "category_first": _ends(np.bincount(pairs // max(len(number), 1), minlength=len(renumber))),
            "category_list": (pairs % max(len(number), 1)).astype(np.uint32),
        }

    def prior(self, phrases: Array) -> Array:
        """How likely each code is before any word is read; ``phrases`` are counted by code."""
        children = np.zeros(len(self.docs))
        for row in self.docs:
            if (parent := self.entries[row].parent) in self.doc_of_row:
                children[self.doc_of_row[parent]] += 1
        codes = [bare(self.entries[row].code) for row in self.docs]
        titles = [self.entries[row].title.lower() for row in self.docs]
        prior = _PER_LOG_CHILD * np.log1p(children) + _PER_LOG_PHRASE * np.log1p(phrases)
        prior += _SIDE * np.array([bool(_SIDED.search(title)) for title in titles])
        prior += _SIX_CHARACTERS * np.array([len(code) > 5 for code in codes])
        prior += _RESIDUAL * np.array([len(code) > 3 and code[-1] in "89" for code in codes])
        return prior.astype(np.float32)


def cited(note: str) -> Iterator[tuple[str, str]]:
    """What a note calls other codes: ``angina (I20.-)`` is ("angina", "I20")."""
    for words, inside in _CITED.findall(note):
        codes = [part.strip() for part in re.split(r"[,;]|\band\b|\bor\b", inside)]
        codes = [code.rstrip("-.") for code in codes if _CODE.fullmatch(code)]
        words = _CONJUNCTION.sub("", words).strip(" ,;")
        if words and len(codes) <= _MOST_CITED:
            for code in codes:
                yield words, code


def _ends(sizes: Array) -> Array:
    return np.concatenate(([0], np.cumsum(sizes))).astype(np.uint32)
