"""Writing the rows of a pack that have no revisions, and what hangs on them."""

from collections.abc import Iterable
from typing import Any

from django.db import models

from courses.catalog.models import (
    Certification,
    Course,
    CourseSystem,
    EducationPath,
    Fact,
    Lesson,
    Module,
    PathStage,
    Requirement,
)
from courses.codesets.models import GuidelineSection, Synonym
from courses.content.deciding import Outcome, row_outcome
from courses.content.pieces import (
    BlueprintPiece,
    CoursePiece,
    FactPiece,
    NeedPiece,
    Outline,
    PathPiece,
    Piece,
    SynonymPiece,
)
from courses.exams.models import Blueprint, BlueprintDomain, BlueprintSection
from portal.lib.markdown import render


def write_outline(outline: Outline) -> list[Outcome]:
    """Add or correct the sections of an edition, and let it end and be ended by its neighbours."""
    same = {row.ref: row for row in GuidelineSection.objects.filter(effective_from=outline.effective_from)}
    later = GuidelineSection.objects.filter(effective_from__gt=outline.effective_from)
    until = later.aggregate(first=models.Min("effective_from"))["first"]
    outcomes, new = [], []
    for position, (ref, title) in enumerate(outline.sections, start=1):
        values = {"title": title, "edition": outline.key, "position": position}
        row = same.get(ref)
        if row is None:
            new.append(
                GuidelineSection(
                    ref=ref, effective_from=outline.effective_from, effective_until=until, **values
                )
            )
        elif any(getattr(row, name) != value for name, value in values.items()):
            GuidelineSection.objects.filter(pk=row.pk).update(**values)
            outcomes.append(Outcome.UPDATED)
        else:
            outcomes.append(Outcome.UNCHANGED)
    if new:
        GuidelineSection.objects.bulk_create(new)
        GuidelineSection.objects.filter(
            effective_from__lt=outline.effective_from, effective_until=None
        ).update(effective_until=outline.effective_from)
    return outcomes + [Outcome.CREATED] * len(new)


def by_key(model: type[models.Model], pieces: Iterable[Piece]) -> models.QuerySet[Any]:
    return model._default_manager.filter(key__in=[piece.key for piece in pieces])


def replace_facts(pieces: Iterable[FactPiece], **owner: Any) -> None:
    """Put these facts in the place of those that ``owner`` has."""
    Fact.objects.filter(**owner).delete()
    Fact.objects.bulk_create(
        Fact(
            **owner,
            kind=fact.kind,
            label=fact.label,
            value=fact.value,
            as_of=fact.as_of,
            source=fact.source,
            confidence=fact.confidence,
            position=position,
        )
        for position, fact in enumerate(pieces, start=1)
    )


def write_body_facts(row: Any, piece: Any) -> None:
    replace_facts(piece.facts, body=row)


def write_certification_facts(row: Any, piece: Any) -> None:
    replace_facts(piece.facts, certification=row)


def figure_values(piece: Any) -> dict[str, Any]:
    return {
        name: getattr(piece, name) for name in ("label", "value", "year", "as_of", "source", "confidence")
    }


def course_values(piece: CoursePiece) -> dict[str, Any]:
    names = ("title", "summary", "level", "hours", "ceus", "position")
    return {**{name: getattr(piece, name) for name in names}, "outcomes": list(piece.outcomes)}


def set_systems(course: Course, piece: CoursePiece) -> None:
    """Make the course teach the pack's code systems, and no other."""
    have = set(course.systems.values_list("system", flat=True))
    course.systems.exclude(system__in=piece.systems).delete()
    CourseSystem.objects.bulk_create(
        CourseSystem(course=course, system=system) for system in piece.systems if system not in have
    )


def place_lessons(course: Course, piece: CoursePiece) -> None:
    """Put modules and lessons into the pack's order; a lesson that the pack dropped keeps its module."""
    modules = {module.position: module for module in course.modules.all()}
    keys = [key for module in piece.modules for key in module.lessons]
    lessons = {lesson.key: lesson for lesson in Lesson.objects.filter(key__in=keys)}
    for number, wanted in enumerate(piece.modules, start=1):
        module = modules.pop(number, None) or Module(course=course, position=number)
        if module.title != wanted.title:
            module.title = wanted.title
            module.save()
        for position, key in enumerate(wanted.lessons, start=1):
            lesson = lessons.get(key) or Lesson(key=key)
            place = (module.pk, position, key == piece.preview)
            if (lesson.module_id, lesson.position, lesson.is_preview) != place:
                lesson.module_id, lesson.position, lesson.is_preview = place
                lesson.save()
    for module in modules.values():
        if not module.lessons.exists():
            module.delete()


def path_values(piece: PathPiece) -> dict[str, Any]:
    return {"title": piece.title, "summary": piece.summary, "for_whom": piece.for_whom}


def write_stages(path: EducationPath, piece: PathPiece) -> None:
    """Write the six stages and, anew, what each of them asks for."""
    for position, stage in enumerate(piece.stages, start=1):
        html = render(stage.source, prefix=f"stage-{position}").html
        row, _created = PathStage.objects.update_or_create(
            path=path,
            kind=stage.kind,
            defaults={"position": position, "title": stage.title, "source": stage.source, "html": html},
        )
        row.requirements.all().delete()
        Requirement.objects.bulk_create(
            Requirement(stage=row, kind=need.kind, key=need.key, text=need_text(need), position=number)
            for number, need in enumerate(stage.needs, start=1)
        )


def need_text(need: NeedPiece) -> str:
    """The words for a need whose title came with another pack."""
    if need.text:
        return need.text
    if need.kind == Requirement.Kind.COURSE:
        return Course.objects.get(key=need.key).title
    if need.kind == Requirement.Kind.CREDENTIAL:
        return f"Record your {Certification.objects.get(key=need.key).abbreviation}"
    return Blueprint.objects.filter(key=need.key).order_by("-valid_from")[0].title


def write_blueprint(
    row: Blueprint, piece: BlueprintPiece, domains: dict[str, int], certifications: dict[str, int]
) -> None:
    """Write an exam and, anew, its sections with what each domain gives to them."""
    row.certification_id = certifications[piece.certification]
    names = ("title", "minutes", "pass_percent", "books", "valid_from", "valid_until", "edition")
    for name in (*names, "as_of", "source", "confidence"):
        setattr(row, name, getattr(piece, name))
    row.scale_min, row.scale_max, row.scale_pass = piece.scale or (None, None, None)
    row.pack_digest = piece.digest
    row.save()
    row.sections.all().delete()
    sections = BlueprintSection.objects.bulk_create(
        BlueprintSection(
            blueprint=row,
            position=position,
            title=section.title,
            kinds=list(section.kinds),
            count=section.count,
            minutes=section.minutes,
            no_return=section.no_return,
            break_minutes=section.break_minutes,
            pretest=section.pretest,
        )
        for position, section in enumerate(piece.sections, start=1)
    )
    BlueprintDomain.objects.bulk_create(
        BlueprintDomain(
            section=section,
            domain_id=domains[share.domain],
            count=share.count,
            percent_low=share.percent[0] if share.percent else None,
            percent_high=share.percent[1] if share.percent else None,
        )
        for section, written in zip(sections, piece.sections, strict=True)
        for share in written.domains
    )


def write_synonyms(pieces: Iterable[SynonymPiece]) -> list[tuple[SynonymPiece, Outcome]]:
    """Write what is new or changed of a long list in a handful of statements, and say what became of each.

    A row that a person changed stays, and so does one that a person wrote before the pack thought of it.
    """
    stored = {row.key: row.pack_digest for row in Synonym.objects.only("key", "pack_digest")}
    said = {(row.phrase, row.means): row.key for row in Synonym.objects.filter(pack_digest="")}
    found, rows = [], []
    for piece in pieces:
        outcome = row_outcome(stored.get(piece.key), piece.digest)
        if outcome in (Outcome.CREATED, Outcome.UPDATED) and (piece.phrase, piece.means) in said:
            outcome = Outcome.KEPT
        elif outcome in (Outcome.CREATED, Outcome.UPDATED):
            rows.append(
                Synonym(key=piece.key, phrase=piece.phrase, means=piece.means, pack_digest=piece.digest)
            )
        found.append((piece, outcome))
    # anew instead of in place: two rows may have exchanged their words, which no order of updates survives
    Synonym.objects.filter(key__in=[row.key for row in rows]).delete()
    Synonym.objects.bulk_create(rows, batch_size=500)
    return found
