"""Finding codes as a coder does: by a part of the code, by words of the book, by words of one's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Final

from django.db.models import Count, Max, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from courses.codesets.engine import Result, Synonyms, asked_about, text
from courses.codesets.indexing import open_index, searchable
from courses.codesets.models import Release, ReleaseQuerySet, Synonym
from courses.codesets.systems import System

#: The most that may be asked for at once.
MAX_LIMIT: Final = 100
#: Of several systems, a code that has no more of the question's words than this is not what was meant.
_HALF: Final = 0.5


#: Why a code was found, in words; nothing where the title itself says it.
_TOLD: Final = {
    "code": _("the code begins with %s"),
    "inclusion_term": _("inclusion term: %s"),
    "includes": _("includes: %s"),
    "excludes": _("called so in a note: %s"),
    "instruction": _("called so in a note: %s"),
    "index": _("index: %s"),
    "synonym": _("for “%s”"),
}


@dataclass(frozen=True)
class Hit:
    """A code that was found, and why. One that needs a 7th character stands for all that differ in it."""

    system: str
    code: str
    title: str
    billable: bool
    takes_seventh: bool
    reason: str
    stems: frozenset[str]

    @property
    def title_pieces(self) -> list[tuple[str, bool]]:
        """The title in pieces, each with whether it is a word that matched."""
        return text.pieces(self.title, self.stems)

    @property
    def url(self) -> str:
        return reverse("codesets:code", args=[self.system, self.code])


@dataclass(frozen=True)
class Answer:
    """What was found in each system that has something, best first, and the labels of the releases asked."""

    hits: dict[str, list[Hit]]
    releases: dict[str, str]


def find(
    query: str, *, system: str = System.ICD10CM, on_date: date | None = None, limit: int = 20
) -> list[Hit]:
    """Codes of one system for what someone typed, best first; any text is answered, at worst with nothing.

    ``on_date`` None is the newest release. One query, whatever the text.
    """
    return find_in([system], query, on_date=on_date, limit=limit).hits.get(system, [])


def find_in(
    systems: Sequence[str],
    query: str,
    *,
    on_date: date | None = None,
    limit: int = 20,
    typing: bool = False,
) -> Answer:
    """The same in several systems, ``limit`` codes of each, in the order given.

    Only the systems that the question is about are asked: a heart attack is no procedure. With ``typing`` the
    last word may be only begun. Licensed systems are the caller's to leave out.
    """
    releases = _searchable().filter(system__in=systems)
    releases = releases.current() if on_date is None else releases.on(on_date)
    fields = ("system", "label", "pk", "search_index__sha256", "synonyms", "changed_at")
    rows = list(releases.values_list(*fields))
    rows.sort(key=lambda row: systems.index(row[0]))
    labels = {system: label for system, label, *_rest in rows}
    if not rows or not query.strip():
        return Answer({}, labels)
    synonyms = _synonyms(*rows[0][-2:])
    engines = {system: open_index(release, digest) for system, _label, release, digest, *_rest in rows}
    found = {
        system: engines[system].search(query, synonyms=synonyms, limit=limit, typing=typing)
        for system in asked_about(engines, query, synonyms=synonyms, typing=typing)
    }
    if len(engines) > 1:
        good = {s: [result for result in found[s] if result.share > _HALF] for s in found}
        found = good if any(good.values()) else dict(list(found.items())[:1])
    return Answer({s: [_hit(s, one) for one in results] for s, results in found.items() if results}, labels)


@cache
def _searchable() -> ReleaseQuerySet:
    """The releases that can be searched, with the state of the synonyms. Made once: half of what such a query
    costs is making it.
    """
    synonyms = Synonym.objects.order_by().annotate(one=Value(1)).values("one")
    return searchable(Release.objects.order_by()).annotate(
        synonyms=Coalesce(Subquery(synonyms.annotate(n=Count("pk")).values("n")), 0),
        changed_at=Subquery(synonyms.annotate(at=Max("changed_at")).values("at")),
    )


@lru_cache(maxsize=1)
def _synonyms(count: int, changed_at: datetime | None) -> Synonyms:
    """The table of synonyms as it was when it had ``count`` rows, the last of them changed then."""
    return Synonyms(Synonym.objects.order_by("pk").values_list("phrase", "means") if count else ())


def _hit(system: str, result: Result) -> Hit:
    return Hit(
        system=system,
        code=result.code,
        title=result.title,
        billable=result.is_billable,
        takes_seventh=result.takes_seventh,
        reason="; ".join(
            str(_TOLD[one.kind]) % one.text
            for one in result.reasons
            if one.kind in _TOLD and one.text != result.code  # a whole code speaks for itself
        ),
        stems=result.stems,
    )
