"""Finding codes as a coder does: by a part of the code, by words of the book, by words of one's own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from django.db.models import Count, Max, Subquery, Value
from django.urls import reverse
from django.utils.translation import gettext as _

from courses.codesets.engine import Reason, Result, Synonyms, text
from courses.codesets.indexing import open_index, searchable
from courses.codesets.models import Release, Synonym
from courses.codesets.systems import System

#: The most that may be asked for at once.
MAX_LIMIT: Final = 100


@dataclass(frozen=True)
class Hit:
    """A code that was found, and why. One that needs a 7th character stands for all that differ in it."""

    system: str
    code: str
    title: str
    billable: bool
    reason: str
    takes_seventh: bool = False
    #: The title and the reason's text in pieces, each with whether it matched.
    title_pieces: Sequence[tuple[str, bool]] = ()

    @property
    def url(self) -> str:
        return reverse("codesets:code", args=[self.system, self.code])


def find(
    query: str, *, system: str = System.ICD10CM, on_date: date | None = None, limit: int = 20
) -> list[Hit]:
    """Codes of one system for what someone typed, best first; any text is answered, at worst with nothing.

    ``on_date`` None is the newest release. One query, whatever the text.
    """
    return find_in([system], query, on_date=on_date, limit=limit).get(system, [])


def find_in(
    systems: Iterable[str],
    query: str,
    *,
    on_date: date | None = None,
    limit: int = 20,
    typing: bool = False,
) -> dict[str, list[Hit]]:
    """The same for several systems in the order given, ``limit`` for each; those without a hit are left out.

    With ``typing`` the last word may be only begun. Licensed systems are the caller's to leave out.
    """
    systems = list(systems)
    if not query.strip():
        return {}
    releases = searchable(Release.objects.filter(system__in=systems))
    releases = releases.current() if on_date is None else releases.on(on_date)
    all_synonyms = Synonym.objects.order_by().annotate(one=Value(1)).values("one")
    rows = releases.annotate(
        synonyms=Subquery(all_synonyms.annotate(n=Count("pk")).values("n")),
        changed_at=Subquery(all_synonyms.annotate(at=Max("changed_at")).values("at")),
    ).values_list("system", "pk", "search_index__sha256", "synonyms", "changed_at")
    found = {}
    for system, release, digest, count, changed_at in sorted(rows, key=lambda row: systems.index(row[0])):
        engine = open_index(release, digest)
        results = engine.search(
            query, synonyms=_synonyms(count or 0, changed_at), limit=limit, typing=typing
        )
        if results:
            found[system] = [_hit(system, result) for result in results]
    return found


@lru_cache(maxsize=1)
def _synonyms(count: int, changed_at: datetime | None) -> Synonyms:
    """The table of synonyms as it was when it had ``count`` rows, the last of them changed then."""
    return Synonyms(Synonym.objects.order_by("pk").values_list("phrase", "means")) if count else Synonyms()


def releases_asked(systems: Sequence[str], day: date) -> str:
    """The labels of the releases that answer for a day, each with its system when several are asked."""
    found = searchable(Release.objects.filter(system__in=systems)).on(day)
    return ", ".join(release.label if len(systems) == 1 else str(release) for release in found)


def _hit(system: str, result: Result) -> Hit:
    return Hit(
        system=system,
        code=result.code,
        title=result.title,
        billable=result.is_billable,
        reason="; ".join(filter(None, map(_told, result.reasons))),
        takes_seventh=result.takes_seventh,
        title_pieces=text.pieces(result.title, result.stems),
    )


def _told(reason: Reason) -> str:
    """The reason in words; nothing where the title itself says it."""
    told = {
        "code": _("the code begins with %s"),
        "inclusion_term": _("inclusion term: %s"),
        "includes": _("includes: %s"),
        "excludes": _("called so in a note: %s"),
        "instruction": _("called so in a note: %s"),
        "index": _("index: %s"),
        "synonym": _("read for “%s”"),
    }.get(reason.kind)
    return told % reason.text if told else ""
