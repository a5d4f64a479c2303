"""Finding codes by a part of the code or by words."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from heapq import nsmallest
from typing import Final

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from courses.codesets.models import Code, CodeQuerySet, Release, Word
from courses.codesets.systems import System, normalise
from courses.codesets.wordindex import STOP, unpack, words_of

#: What is read of a question, in characters and words; the rest of a pasted page says little about a code.
MAX_TEXT: Final = 200
MAX_WORDS: Final = 12
#: Shorter beginnings stand in front of too many words to mean anything.
MIN_PREFIX: Final = 3
#: With fewer codes that have all words, those that have most of them follow.
ENOUGH: Final = 5
#: More than all rarities of one question together: having one word more always wins.
_WORD_POINTS: Final = 2_000
_FRAGMENT: Final = re.compile(r"[A-Z](?=.*[0-9])[0-9A-Z]{1,6}")


@dataclass(frozen=True)
class Hit:
    """A code that was found, and why. One that needs a 7th character stands for all that differ in it."""

    system: str
    code: str
    title: str
    billable: bool
    reason: str
    takes_seventh: bool = False

    @property
    def url(self) -> str:
        return reverse("codesets:code", args=[self.system, self.code])


def find(
    query: str, *, system: str = System.ICD10CM, on_date: date | None = None, limit: int = 20
) -> list[Hit]:
    """Codes for what someone typed, best first; any text is answered, at worst with nothing.

    ``on_date`` None is the newest release. At most four queries, whatever the text.
    """
    text = query[:MAX_TEXT]
    releases = Release.objects.of_system(system)
    release = (releases.current() if on_date is None else releases.on(on_date)).first()
    if release is None:
        return []
    codes = Code.objects.of_system(system).filter(valid_from=release.covers_from)
    return _by_code(codes, text, limit) or _by_words(codes, release, text, limit)


def _by_code(codes: CodeQuerySet, text: str, limit: int) -> list[Hit]:
    bare = re.sub(r"[\s.\-]+", "", text.upper())
    if not _FRAGMENT.fullmatch(bare):
        return []
    start = normalise(System.ICD10CM, bare)
    # rows that differ only in the 7th character are found through the one above, unless typed in full
    found = codes.beginning_with(start).filter(Q(search_rank__isnull=False) | Q(code=start))[:limit]
    exactly, begins = _("This is the code"), _("The code begins with %(start)s") % {"start": start}
    return [_hit(row, exactly if row.code == start else begins) for row in found]


def _by_words(codes: CodeQuerySet, release: Release, text: str, limit: int) -> list[Hit]:
    words = list(dict.fromkeys(words_of(text)))
    words = [word for word in words if word not in STOP][:MAX_WORDS]
    if not words:
        return []
    ranked = _ranked(words, _Lists(release, words), limit)
    rows = {row.search_rank: row for row in codes.filter(search_rank__in=ranked)}
    return [_hit(rows[rank], reason) for rank, reason in ranked.items() if rank in rows]


class _Lists:
    """The index's lists for the words of one question: each word itself, and each as a beginning."""

    def __init__(self, release: Release, words: Sequence[str]) -> None:
        wanted = Q(word__in=words)
        for word in words:
            if len(word) >= MIN_PREFIX:
                # the upper end lets SQLite use the index, the pattern decides
                wanted |= Q(word__gte=word, word__lt=word + "zzzz", word__startswith=word)
        self.titles: dict[str, set[int]] = {word: set() for word in words}
        self.anywhere: dict[str, set[int]] = {word: set() for word in words}
        self.prefixes: dict[str, set[int]] = {word: set() for word in words}
        rows = Word.objects.filter(wanted, release=release).values_list("word", "in_titles", "in_terms")
        for stored, in_titles, in_terms in rows:
            titles, terms = unpack(in_titles), unpack(in_terms)
            for word in words:
                if stored == word:
                    self.titles[word].update(titles)
                    self.anywhere[word].update(titles, terms)
                if stored == word or (len(word) >= MIN_PREFIX and stored.startswith(word)):
                    self.prefixes[word].update(titles, terms)


def _ranked(words: Sequence[str], lists: _Lists, limit: int) -> dict[int, str]:
    """Ranks to show with the reason of each, in the order to show them.

    All words before some of them, whole words before beginnings, titles before inclusion terms.
    """
    shown: dict[int, str] = {}
    tiers = (
        (lists.titles, _("All words in the title")),
        (lists.anywhere, _("All words in the title and its inclusion terms")),
        (lists.prefixes, _("Words that begin so")),
    )
    for by_word, reason in tiers:
        for rank in sorted(set.intersection(*(by_word[word] for word in words)) - shown.keys()):
            if len(shown) == limit:
                return shown
            shown[rank] = reason
    if len(shown) < ENOUGH and len(words) > 1:
        least = 2 if shown else 1
        for rank, matched in _some_words(words, lists, limit):
            if len(shown) < limit and matched >= least:
                shown.setdefault(rank, _("Some of the words"))
    return shown


def _some_words(words: Sequence[str], lists: _Lists, limit: int) -> list[tuple[int, int]]:
    """Ranks with most of the words, rare words counting more, each with the number of words it has."""
    score: Counter[int] = Counter()
    for word in words:
        ranks = lists.anywhere[word] or lists.prefixes[word]
        worth = _WORD_POINTS + 1_000 // (len(ranks) + 10)
        for rank in ranks:
            score[rank] += worth
    best = nsmallest(limit, score.items(), key=lambda item: (-item[1], item[0]))
    return [(rank, points // _WORD_POINTS) for rank, points in best]


def _hit(row: Code, reason: str) -> Hit:
    return Hit(row.system, row.code, row.title, row.is_billable, reason, row.takes_seventh)
