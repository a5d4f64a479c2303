"""What the exam of a certification consists of, as far as it is known."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, OuterRef, Prefetch

from courses.exams import kinds
from courses.exams.models import Blueprint, BlueprintDomain, BlueprintSection, QuestionRevision
from courses.exams.wanted import places


@dataclass(frozen=True)
class DomainLine:
    """A domain of a section; it has a count, a range of percentages or neither."""

    title: str
    count: int | None
    percent: tuple[int, int] | None
    #: How many questions a whole form here has of it.
    drawn: int
    #: Whether the bank holds a question of it.
    has_questions: bool


@dataclass(frozen=True)
class SectionLine:
    """A section with the domains whose part is known and those that share what is left."""

    section: BlueprintSection
    domains: list[DomainLine]
    together: list[DomainLine]
    #: How many questions a whole form here has of ``together``.
    drawn_together: int

    @property
    def count(self) -> int:
        """How many questions it has."""
        return self.section.count or sum(one.count or 0 for one in self.domains)

    @property
    def is_weighted(self) -> bool:
        """Whether its outline gives percentages instead of counts."""
        return any(one.percent for one in self.domains)

    @property
    def kinds(self) -> list[str]:
        """The kinds that it asks for by name; empty where it takes them all."""
        return [str(kinds.get(key).label) for key in self.section.kinds]


@dataclass(frozen=True)
class ExamOutline:
    """An exam with its sections."""

    blueprint: Blueprint
    sections: list[SectionLine]

    @property
    def count(self) -> int:
        return sum(one.count for one in self.sections)

    @property
    def pretest(self) -> int:
        """How many of its questions do not count."""
        return sum(one.section.pretest for one in self.sections)

    @property
    def is_thin(self) -> bool:
        """Whether the bank holds nothing of one of its domains, so that its forms are shortened."""
        return not all(
            one.has_questions for section in self.sections for one in (*section.domains, *section.together)
        )


def exam_outlines(certifications: Iterable[int], *, day: date, at: datetime) -> dict[int, list[ExamOutline]]:
    """The exams valid on ``day`` that prepare for these certifications, by certification: three queries.

    The one with most questions, which is the nearest to the real exam, comes first.
    """
    live = QuestionRevision.objects.published(at).filter(domain=OuterRef("domain"), question__retired_at=None)
    domains = BlueprintDomain.objects.select_related("domain").annotate(has_questions=Exists(live))
    sections = BlueprintSection.objects.prefetch_related(Prefetch("domains", domains))
    found: dict[int, list[ExamOutline]] = {}
    blueprints = Blueprint.objects.valid_on(day).filter(certification__in=list(certifications))
    for blueprint in blueprints.prefetch_related(Prefetch("sections", sections)):
        outline = ExamOutline(blueprint, [_section(one) for one in blueprint.sections.all()])
        found.setdefault(blueprint.certification_id or 0, []).append(outline)
    for outlines in found.values():
        outlines.sort(key=lambda one: (-one.count, one.blueprint.title))
    return found


def _section(section: BlueprintSection) -> SectionLine:
    drawn = {place.domains: place.count for place in places(section)}
    lines = [
        DomainLine(
            title=one.domain.title,
            count=one.count,
            percent=None
            if one.percent_low is None
            else (one.percent_low, one.percent_high or one.percent_low),
            drawn=drawn.get((one.domain_id,), 0),
            has_questions=one.has_questions,  # type: ignore[attr-defined]  # annotated by exam_outlines
        )
        for one in section.domains.all()
    ]
    known = [line for line in lines if line.count or line.percent]
    open_lines = [line for line in lines if line not in known]
    return SectionLine(section, known, open_lines, sum(drawn.values()) - sum(line.drawn for line in known))
