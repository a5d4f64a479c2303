"""Certifications side by side, each figure with how sure it is and where it is from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from courses.catalog.models import Certification, Fact, FactKind
from portal.lib.sourced import Confidence


@dataclass(frozen=True)
class Source:
    """Where figures are from, once for all that name the same page on the same day."""

    number: int
    source: str
    as_of: date
    confidence: str

    def get_confidence_display(self) -> str:
        return str(Confidence(self.confidence).label)


@dataclass(frozen=True)
class Figure:
    """A value with the number of its source; ``doubt`` is empty when it is sure."""

    label: str
    value: str
    doubt: str
    source: int


@dataclass(frozen=True)
class Cell:
    """What is known of one certification in one respect."""

    certification: Certification
    figures: list[Figure]


@dataclass(frozen=True)
class Row:
    """A kind of fact, with a cell for each certification in order."""

    label: str
    cells: list[Cell]


@dataclass(frozen=True)
class Comparison:
    certifications: list[Certification]
    rows: list[Row]
    sources: list[Source]


def compare(certifications: Sequence[Certification]) -> Comparison:
    """A row for each kind of fact that any of them has, those of its body included: one query."""
    bodies = {one.body_id for one in certifications}
    facts = list(Fact.objects.filter(Q(certification__in=certifications) | Q(body__in=bodies)))
    sources: dict[tuple[str, date, str], Source] = {}

    def figure(fact: Fact, label: str) -> Figure:
        key = (fact.source, fact.as_of, fact.confidence)
        source = sources.setdefault(key, Source(len(sources) + 1, *key))
        doubt = "" if fact.confidence == Confidence.VERIFIED else str(fact.get_confidence_display())
        return Figure(label, fact.value, doubt, source.number)

    def cell(kind: FactKind, certification: Certification) -> Cell:
        own = [one for one in facts if one.kind == kind and one.certification_id == certification.pk]
        common = [one for one in facts if one.kind == kind and one.body_id == certification.body_id]
        # the first is what the row is about; whatever stands beside it says what it is
        figures = [figure(one, "") for one in own[:1]] + [figure(one, one.label) for one in own[1:] + common]
        return Cell(certification, figures)

    rows = [Row(str(kind.label), [cell(kind, one) for one in certifications]) for kind in FactKind]
    known = [row for row in rows if any(one.figures for one in row.cells)]
    return Comparison(list(certifications), known, list(sources.values()))
