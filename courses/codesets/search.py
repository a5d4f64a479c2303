"""Finding codes by a part of the code or by words."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from courses.codesets.models import Code, CodeQuerySet, Release
from courses.codesets.systems import System, normalise

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
    codes = Code.objects.filter(release=release)
    return _by_code(codes, text, limit) or _by_words(codes, release, text, limit)


def _by_code(codes: CodeQuerySet, text: str, limit: int) -> list[Hit]:
    bare = re.sub(r"[\s.\-]+", "", text.upper())
    if not _FRAGMENT.fullmatch(bare):
        return []
    start = normalise(System.ICD10CM, bare)
    # rows that differ only in the 7th character are found through the one above, unless typed in full
    found = codes.beginning_with(start).filter(Q(seventh="") | Q(code=start))[:limit]
    exactly, begins = _("This is the code"), _("The code begins with %(start)s") % {"start": start}
    return [_hit(row, exactly if row.code == start else begins) for row in found]


def _by_words(codes: CodeQuerySet, release: Release, text: str, limit: int) -> list[Hit]:
    words = text.split()[:MAX_WORDS]
    if not words:
        return []
    for word in words:
        codes = codes.filter(title__icontains=word)
    return [_hit(row, "") for row in codes.filter(kind__in=Code.CODES, seventh="")[:limit]]


def _hit(row: Code, reason: str) -> Hit:
    return Hit(row.system, row.code, row.title, row.is_billable, reason, row.takes_seventh)
