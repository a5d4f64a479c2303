"""What may be told of a question once it is answered: the key, the rationales and the sources."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from courses.codesets.models import Citation
from courses.exams.models import Attempt, QuestionCitation


@dataclass(frozen=True)
class CitationShown:
    """Where the rule behind a question is written."""

    kind: str
    kind_label: str
    ref: str
    edition: str


def citations_of(revisions: Iterable[int]) -> dict[int, list[CitationShown]]:
    """The citations of each of these revisions, in their order: one query."""
    return _by_revision(QuestionCitation.objects.filter(revision__in=revisions))


def citations_in(attempt: Attempt) -> dict[int, list[CitationShown]]:
    """The citations of each revision that an attempt asks, as ``citations_of``."""
    return _by_revision(QuestionCitation.objects.filter(revision__attempt_items__attempt=attempt))


def _by_revision(citations: QuerySet[QuestionCitation]) -> dict[int, list[CitationShown]]:
    found: dict[int, list[CitationShown]] = {}
    labels = {one.value: str(one.label) for one in Citation.Kind}
    rows = citations.order_by("revision", "position", "pk")
    for pk, kind, ref, edition in rows.values_list("revision", "kind", "ref", "edition"):
        found.setdefault(pk, []).append(CitationShown(kind, labels[kind], ref, edition))
    return found
