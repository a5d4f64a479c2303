"""Words of medical English: how text becomes stems. Pure.

Both sides, the book and the question, go through the same rules, so a rule may lose a little of a word as
long as it brings the forms of one word together: ``oedemas``, ``edema`` and ``edematous`` are one stem.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from courses.codesets.engine import lore

#: Words that carry no meaning of their own. "without", "no" and "not" do.
STOP: Final = frozenset(
    "a an and any are as at be been being both by can classifiable code codes for from had has have having "
    "he her his i in into is it its nec of on or patient pt s she so such than that the their them there "
    "these they this those to upon was were which while who with due my".split()
)
#: Words of the book's own language, which tell little apart.
LIGHT: Final = frozenset(
    "unspecified other specified type form elsewhere classified disease disorder condition syndrome".split()
)
#: A word ends here; the longest of the official codes' names has 40 letters.
MAX_WORD: Final = 40
_ROMAN: Final = {
    roman: str(number)
    for number, roman in enumerate("i ii iii iv v vi vii viii ix x xi xii".split(), 1)
    if roman != "x"  # X is a placeholder, a chromosome and a ray
}
_TOKEN: Final = re.compile(r"[a-z]+|[0-9]+")
_POSSESSIVE: Final = re.compile(r"['’]s\b")
_BRITISH: Final = tuple(
    (re.compile(pattern), american)
    for pattern, american in (
        (r"^oe|(?<=[a-z])oe(?=a|[a-z]{2})", "e"),
        (r"ae(?=[a-z])", "e"),
        (r"(?<=[a-z]{2})our(?=$|s$|ed$|ing$|al$|less$)", "or"),
        (r"is(?=ed$|es?$|ing$|ations?$)", "iz"),
        (r"ys(?=ed$|es?$|ing$)", "yz"),
        (r"(?<=[tb])re(?=s?$)", "er"),
        (r"sulph", "sulf"),
        (r"^hemato(?=[a-z]{3})", "hemo"),
    )
)
_DOUBLED: Final = re.compile(r"([b-df-hj-np-tv-z])\1")
#: Endings that name the kind of trouble stay, in one form: anemia is not ``an``, arthritis is not ``arthr``.
_KINDS: Final = tuple(
    (re.compile(pattern), kept)
    for pattern, kept in (
        (r"it(is|ides|ic|ises)$", "it"),
        (r"em(ia|ias|ic)$", "em"),
        (r"path(y|ies|ic|ia)$", "path"),
        (r"iz(ed|ing|e|es|ations?)$", ""),
        (r"om(atosis|atoses)$", "omatos"),
        (r"om(a|as|ata|atous)$", "om"),
        (r"os(is|es)$", "os"),
        (r"otics?$", "os"),
        (r"mat(ic|ics|ous|ism|a)$", "m"),
    )
)
_ENDINGS: Final = tuple(
    sorted(
        """
        s es ed ing ly ness ment ments y ies ic ics ical ia ias iac ial ian al a e ae as um i us uses is
        ous ious eous ose ion ions ional ation ations ational ated ating ate ates ative atory ator ators
        ive ives ory ary aries ar ance ances ancy ancies ant ants ence ency encies ent ents ential iency
        ity ities ism isms ist oses omas ean eal able ible iz ize ized izing ization
        """.split(),
        key=len,
        reverse=True,
    )
)


def words(text: str) -> list[str]:
    """Lower-case words and numbers of ``text``: without accents, in one spelling, doubled letters single."""
    plain = (
        unicodedata.normalize("NFKD", _POSSESSIVE.sub("", text)).encode("ascii", "ignore").decode().lower()
    )
    return [spelling(word[:MAX_WORD]) for word in _TOKEN.findall(plain)]


@lru_cache(maxsize=8192)
def spelling(word: str) -> str:
    """American spelling, and doubled consonants single: there typing errs and the two Englishes differ."""
    if len(word) < 3:
        return word
    for pattern, american in _BRITISH:
        word = pattern.sub(american, word)
    return _DOUBLED.sub(r"\1", word)


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """What the forms of a word share, and the words of one family (``renal`` and ``kidney``)."""
    bare = _bare(word)
    return _FAMILY.get(bare, bare)


def _bare(word: str) -> str:
    if word in _ROMAN:
        return _ROMAN[word]
    if len(word) < 4 or word.isdigit():
        return word
    for pattern, kept in _KINDS:
        shorter, found = pattern.subn(kept, word)
        if found and len(shorter) >= 3:
            return shorter
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= (3 if len(ending) == 1 else 4):
            return word[: -len(ending)]
    return word


def stems(text: str) -> list[str]:
    """The stems of ``text`` in order, without the words that mean nothing."""
    return [stem(word) for word in words(text) if word not in STOP]


@lru_cache(maxsize=8192)
def parts(word: str) -> tuple[str, ...]:
    """Stems of what a compound names: ``nephrolithiasis`` is calculus and kidney. Empty for other words."""
    if len(word) < 7:
        return ()
    for ending, meaning in _ENDS.items():
        if word.endswith(ending) and (begun := _beginnings(word[: -len(ending)])):
            return (*meaning, *begun)
    return ()


def _beginnings(rest: str) -> tuple[str, ...]:
    found: tuple[str, ...] = ()
    while rest:
        size = next((n for n in range(len(rest), 2, -1) if rest[:n] in _BEGINS), 0)
        if not size:
            return ()
        found += _BEGINS[rest[:size]]
        rest = rest[size:]
    return found


def pieces(text: str, wanted: frozenset[str]) -> list[tuple[str, bool]]:
    """``text`` cut into words and what is between, each with whether its stem is ``wanted``: for marking."""
    cut = re.split(r"([^\W_]+)", text)
    return [(piece, any(stem(w) in wanted for w in words(piece))) for piece in cut if piece]


def _table(lines: str) -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for line in lines.replace("\n", " ").split(";"):
        form, *meaning = line.split()
        table[_DOUBLED.sub(r"\1", form)] = tuple(stem(spelling(word)) for word in meaning)
    return table


_FAMILY: Final[dict[str, str]] = {}
for _line in lore.FAMILIES:
    _first, *_others = (_bare(spelling(_word)) for _word in _line.split())
    for _other in _others:
        _FAMILY.setdefault(_other, _first)
_ENDS: Final = dict(sorted(_table(lore.ENDINGS).items(), key=lambda item: -len(item[0])))
_WITH_VOWEL: Final = _table(lore.BEGINNINGS)
_BEGINS: Final = _WITH_VOWEL | {form.removesuffix("o"): meaning for form, meaning in _WITH_VOWEL.items()}
