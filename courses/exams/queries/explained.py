"""What may be told of a question once it is answered: the key, the rationales and the sources."""

from collections.abc import Iterable
from dataclasses import dataclass

from courses.codesets.models import Citation
from courses.exams.models import QuestionCitation


@dataclass(frozen=True)
class CitationShown:
    """Where the rule behind a question is written."""

    kind: str
    kind_label: str
    ref: str
    edition: str


def citations_of(revisions: Iterable[int]) -> dict[int, list[CitationShown]]:
    """The citations of each of these revisions, in their order: one query."""
    found: dict[int, list[CitationShown]] = {}
    rows = QuestionCitation.objects.filter(revision__in=revisions).order_by("revision", "position", "pk")
    for pk, kind, ref, edition in rows.values_list("revision", "kind", "ref", "edition"):
        label = str(Citation.Kind(kind).label)
        found.setdefault(pk, []).append(CitationShown(kind, label, ref, edition))
    return found
