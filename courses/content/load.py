"""Writing a pack: idempotent by key and digest, all of it or nothing, and never over a person's change."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import models, transaction

from courses.catalog.actions import (
    CitationText,
    LessonRefused,
    write_guide_revision,
    write_lesson_revision,
)
from courses.catalog.models import (
    Body,
    Certification,
    Course,
    CourseSystem,
    EducationPath,
    Fact,
    Figure,
    GuideRevision,
    GuideSection,
    Lesson,
    LessonRevision,
    Module,
    PathStage,
    Requirement,
)
from courses.codesets.models import GuidelineSection
from courses.content.pieces import (
    BlueprintPiece,
    CoursePiece,
    FactPiece,
    GuidePiece,
    LessonPiece,
    MailPiece,
    NeedPiece,
    Outline,
    Pack,
    PathPiece,
    Piece,
    QuestionPiece,
)
from courses.content.reading import PackError, Problem
from courses.content.shelf import Known
from courses.credentials.actions import Saved, save_rule_set
from courses.credentials.models import RuleSet
from courses.credentials.rules import BadTerms
from courses.exams.actions import (
    ChoiceText,
    QuestionRefused,
    publish_question,
    write_question_revision,
)
from courses.exams.models import Blueprint, BlueprintDomain, Domain, Question, QuestionRevision
from courses.reminders.actions import write_template_revision
from courses.reminders.kinds import UnknownKind
from courses.reminders.models import MailTemplate, MailTemplateRevision
from courses.reminders.rendering import TemplateRefused
from portal.lib.markdown import render
from portal.lib.revisions import Revision, publish_revision
from portal.lib.sourced import PackRow


class Outcome(StrEnum):
    """What became of a part of the pack."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    KEPT = "kept local change"


@dataclass
class Summary:
    """How many parts of each kind met which outcome, and what a person should look at."""

    counts: dict[str, Counter[Outcome]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def count(self, kind: str, outcome: Outcome) -> None:
        self.counts.setdefault(kind, Counter())[outcome] += 1

    def total(self, outcome: Outcome) -> int:
        return sum(counter[outcome] for counter in self.counts.values())


def known_keys() -> Known:
    """What is in the database already, so that one pack may refer to what another one brought."""
    return {
        "guideline": set(GuidelineSection.objects.values_list("ref", flat=True)),
        "domain": set(Domain.objects.values_list("key", flat=True)),
        "body": set(Body.objects.values_list("key", flat=True)),
        "certification": set(Certification.objects.values_list("key", flat=True)),
        "figure": set(Figure.objects.values_list("key", flat=True)),
        "question": set(Question.objects.values_list("key", flat=True)),
        "course": set(Course.objects.values_list("key", flat=True)),
        "path": set(EducationPath.objects.values_list("key", flat=True)),
        "practice exam": set(Blueprint.objects.values_list("key", flat=True)),
    }


def load_pack(*, pack: Pack, at: datetime) -> Summary:
    """Write what is new or changed in ``pack``; texts go live ``at`` once.

    A text whose newest revision a person made stays, and the pack's text is offered as a draft. A row that a
    person changed stays. Raises ``PackError`` with everything that an action refused; then nothing of the
    pack is written.
    """
    with transaction.atomic():
        loading = _Loading(pack, at)
        loading.run()
        if loading.problems:
            raise PackError(loading.problems)
    return loading.summary


@dataclass(frozen=True)
class _Seen:
    """A stored revision, as far as a pack cares."""

    pack_digest: str
    is_published: bool


class _Step(StrEnum):
    """What to do with a text."""

    CREATE = "create"
    UPDATE = "update"
    SKIP = "skip"
    KEEP = "keep"
    OFFER = "offer"


def next_step(history: Sequence[_Seen], digest: str) -> _Step:
    """What a pack's text with ``digest`` does to an identity with these revisions, oldest first.

    Drafts that were only offered stand aside: they neither hand the identity back to the pack nor come twice.
    """
    standing = [seen for seen in history if seen.is_published or not seen.pack_digest]
    if not history:
        return _Step.CREATE
    if standing and not standing[-1].pack_digest:
        return _Step.KEEP if any(seen.pack_digest == digest for seen in history) else _Step.OFFER
    newest = standing[-1] if standing else history[-1]
    return _Step.SKIP if newest.pack_digest == digest else _Step.UPDATE


class _Loading:
    """One run: the pack, the moment and what came of it."""

    def __init__(self, pack: Pack, at: datetime) -> None:
        self.pack = pack
        self.at = at
        self.summary = Summary()
        self.problems: list[Problem] = []

    def run(self) -> None:
        pack = self.pack
        for outline in pack.outlines:
            self.outline(outline)
        self.rows("domains", Domain, pack.domains, lambda p: {"title": p.title})
        self.rows(
            "bodies",
            Body,
            pack.bodies,
            lambda p: {"name": p.name, "short": p.short, "url": p.url},
            _body_facts,
        )
        self.certifications()
        self.rule_sets()
        self.rows("figures", Figure, pack.figures, _figure_values)
        self.questions()
        self.courses()
        self.lessons()
        self.rows("paths", EducationPath, pack.paths, self.path_values, self.stages)
        self.blueprints()
        self.guide()
        self.mails()

    # --- rows without revisions ----------------------------------------------------------------------
    def rows(
        self,
        kind: str,
        model: type[PackRow],
        pieces: Iterable[Any],
        values: Callable[[Any], dict[str, Any]],
        below: Callable[[Any, Any], None] = lambda row, piece: None,
    ) -> None:
        """Write the rows that are new or changed, and what hangs on each of them with ``below``."""
        pieces = list(pieces)
        manager = model._default_manager
        stored = {row.key: row for row in manager.filter(key__in=[piece.key for piece in pieces])}
        for piece in pieces:
            row = stored.get(piece.key)
            outcome = _row_outcome(row.pack_digest if row else None, piece.digest)
            self.summary.count(kind, outcome)
            if outcome is Outcome.KEPT:
                self.note_kept(piece)
            if outcome in (Outcome.UNCHANGED, Outcome.KEPT):
                continue
            row = row or model(key=piece.key)
            for name, value in values(piece).items():
                setattr(row, name, value)
            if row._state.adding and hasattr(row, "published_at"):
                row.published_at = self.at
            row.pack_digest = piece.digest
            row.save()
            below(row, piece)

    def note_kept(self, piece: Piece, offered: bool = False) -> None:
        draft = "; the pack's text is there as a draft" if offered else ""
        self.summary.notes.append(f"kept local change: {piece.key} ({piece.file}:{piece.line}){draft}")

    def refused(self, piece: Piece, reasons: Iterable[object]) -> None:
        for reason in map(str, reasons):
            self.problems.append(Problem(piece.file, piece.line_for(reason), reason))

    def outline(self, outline: Outline) -> None:
        """Add or correct the sections of an edition, and let it end and be ended by its neighbours."""
        same = {
            row.ref: row for row in GuidelineSection.objects.filter(effective_from=outline.effective_from)
        }
        later = GuidelineSection.objects.filter(effective_from__gt=outline.effective_from)
        until = later.aggregate(first=models.Min("effective_from"))["first"]
        new = []
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
                self.summary.count("guideline sections", Outcome.UPDATED)
            else:
                self.summary.count("guideline sections", Outcome.UNCHANGED)
        for _row in GuidelineSection.objects.bulk_create(new):
            self.summary.count("guideline sections", Outcome.CREATED)
        if new:
            GuidelineSection.objects.filter(
                effective_from__lt=outline.effective_from, effective_until=None
            ).update(effective_until=outline.effective_from)

    def certifications(self) -> None:
        bodies = dict(Body.objects.values_list("key", "pk"))
        self.rows(
            "certifications",
            Certification,
            self.pack.certifications,
            lambda p: {
                "body_id": bodies[p.body],
                "abbreviation": p.abbreviation,
                "name": p.name,
                "purpose": p.purpose,
            },
            _certification_facts,
        )

    def rule_sets(self) -> None:
        outcomes = {
            Saved.CREATED: Outcome.CREATED,
            Saved.UPDATED: Outcome.UPDATED,
            Saved.UNCHANGED: Outcome.UNCHANGED,
            Saved.KEPT: Outcome.KEPT,
        }
        stored = dict(RuleSet.objects.values_list("key", "pack_digest"))
        for piece in self.pack.rules:
            outcome = _row_outcome(stored.get(piece.key), piece.digest)
            if outcome in (Outcome.CREATED, Outcome.UPDATED):
                try:
                    outcome = outcomes[
                        save_rule_set(key=piece.key, rule=piece.rule, pack_digest=piece.digest)
                    ]
                except BadTerms as refusal:
                    self.refused(piece, [refusal])
            self.summary.count("rule sets", outcome)
            if outcome is Outcome.KEPT:
                self.note_kept(piece)

    def blueprints(self) -> None:
        """An exam by key and first day: a later first day is a new row beside the old one."""
        stored = {(row.key, row.valid_from): row for row in Blueprint.objects.all()}
        domains = dict(Domain.objects.values_list("key", "pk"))
        certifications = dict(Certification.objects.values_list("key", "pk"))
        for piece in self.pack.blueprints:
            row = stored.get((piece.key, piece.valid_from))
            outcome = _row_outcome(row.pack_digest if row else None, piece.digest)
            self.summary.count("practice exams", outcome)
            if outcome is Outcome.KEPT:
                self.note_kept(piece)
            if outcome in (Outcome.CREATED, Outcome.UPDATED):
                _write_blueprint(row or Blueprint(key=piece.key), piece, domains, certifications)

    # --- texts with revisions ------------------------------------------------------------------------
    def texts(
        self,
        kind: str,
        model: type[Revision],
        identity: str,
        pieces: Iterable[Any],
        write: Callable[[Any], Revision],
        publish: Callable[[Any], object] | None = None,
    ) -> None:
        """Write the texts that are new or changed; ``identity`` is the look-up from a revision to the key."""
        pieces = list(pieces)
        histories: dict[str, list[_Seen]] = {}
        stored = model._default_manager.filter(**{f"{identity}__in": [piece.key for piece in pieces]})
        for key, digest, published_at in stored.order_by("number").values_list(
            identity, "pack_digest", "published_at"
        ):
            histories.setdefault(key, []).append(_Seen(digest, published_at is not None))
        for piece in pieces:
            step = next_step(histories.get(piece.key, ()), piece.digest)
            if step in (_Step.KEEP, _Step.OFFER):
                self.note_kept(piece, offered=step is _Step.OFFER)
            self.summary.count(kind, _OUTCOMES[step])
            if step in (_Step.SKIP, _Step.KEEP):
                continue
            try:
                revision = write(piece)
                if step is not _Step.OFFER:
                    (publish or self.publish)(revision)
            except (LessonRefused, QuestionRefused, TemplateRefused) as refusal:
                self.refused(piece, refusal.problems)
            except UnknownKind:
                self.refused(piece, [f"there is no kind of reminder `{piece.key}`"])

    def publish(self, revision: Revision) -> None:
        publish_revision(revision=revision, by=None, live_from=self.at)

    def questions(self) -> None:
        domains = {row.key: row for row in Domain.objects.all()}
        stored = {row.key: row for row in _by_key(Question, self.pack.questions)}

        def write(piece: QuestionPiece) -> Revision:
            return write_question_revision(
                question=stored.get(piece.key) or Question.objects.create(key=piece.key),
                kind=piece.kind,
                domain=domains[piece.domain],
                difficulty=piece.difficulty,
                difficulty_reason=piece.difficulty_reason,
                stem=piece.stem,
                choices=[
                    ChoiceText(
                        text=choice.text,
                        rationale=choice.rationale,
                        mistake=choice.mistake,
                        is_correct=choice.is_correct,
                    )
                    for choice in piece.choices
                ],
                citations=[CitationText(kind, ref) for kind, ref in piece.citations],
                edition=self.pack.edition,
                pack_digest=piece.digest,
                by=None,
                at=self.at,
            )

        self.texts(
            "questions",
            QuestionRevision,
            "question__key",
            self.pack.questions,
            write,
            lambda revision: publish_question(revision=revision, by=None, at=self.at, live_from=self.at),
        )

    def courses(self) -> None:
        certifications = dict(Certification.objects.values_list("key", "pk"))

        def below(course: Course, piece: CoursePiece) -> None:
            course.certifications.set([certifications[key] for key in piece.certifications])
            course.prerequisites.set(Course.objects.filter(key__in=piece.prerequisites))
            _set_systems(course, piece)
            _place_lessons(course, piece)

        self.rows("courses", Course, self.pack.courses, _course_values, below)

    def lessons(self) -> None:
        stored = {row.key: row for row in _by_key(Lesson, self.pack.lessons)}
        placed = [piece for piece in self.pack.lessons if piece.key in stored]
        for piece in self.pack.lessons:
            if piece.key not in stored:
                self.summary.count("lessons", Outcome.KEPT)
                self.summary.notes.append(
                    f"kept local change: lesson {piece.key} has no place, since the course was changed here"
                )

        def write(piece: LessonPiece) -> Revision:
            return write_lesson_revision(
                lesson=stored[piece.key],
                title=piece.title,
                source=piece.source,
                minutes=piece.minutes,
                objectives=piece.objectives,
                citations=[CitationText(kind, ref) for kind, ref in piece.citations],
                edition=self.pack.edition,
                pack_digest=piece.digest,
                by=None,
                at=self.at,
            )

        self.texts("lessons", LessonRevision, "lesson__key", placed, write)
        gone = Lesson.objects.filter(
            module__course__key__in=[course.key for course in self.pack.courses], retired_at=None
        ).exclude(key__in=[piece.key for piece in self.pack.lessons])
        for key in gone.values_list("key", flat=True):
            self.summary.notes.append(
                f"not in the pack any more: lesson {key}; it stays until a person retires it"
            )

    def guide(self) -> None:
        stored = {row.key: row for row in _by_key(GuideSection, self.pack.guide)}

        def write(piece: GuidePiece) -> Revision:
            section = stored.get(piece.key) or GuideSection(key=piece.key)
            if section.position != piece.position:
                section.position = piece.position
                section.save()
            return write_guide_revision(
                section=section,
                title=piece.title,
                source=piece.source,
                links=[{"label": label, "to": to} for label, to in piece.links],
                figures=piece.figures,
                compare=piece.compare,
                pack_digest=piece.digest,
                by=None,
                at=self.at,
            )

        self.texts("guide sections", GuideRevision, "section__key", self.pack.guide, write)

    def mails(self) -> None:
        def write(piece: MailPiece) -> Revision:
            return write_template_revision(
                template=MailTemplate.objects.get_or_create(kind=piece.key)[0],
                subject=piece.subject,
                body=piece.source,
                pack_digest=piece.digest,
                by=None,
                at=self.at,
            )

        self.texts("mail templates", MailTemplateRevision, "template__kind", self.pack.mails, write)

    # --- paths ---------------------------------------------------------------------------------------
    def path_values(self, piece: PathPiece) -> dict[str, Any]:
        return {"title": piece.title, "summary": piece.summary, "for_whom": piece.for_whom}

    def stages(self, path: EducationPath, piece: PathPiece) -> None:
        for position, stage in enumerate(piece.stages, start=1):
            rendered = render(stage.source, prefix=f"stage-{position}")
            row, _created = PathStage.objects.update_or_create(
                path=path,
                kind=stage.kind,
                defaults={
                    "position": position,
                    "title": stage.title,
                    "source": stage.source,
                    "html": rendered.html,
                },
            )
            row.requirements.all().delete()
            Requirement.objects.bulk_create(
                Requirement(stage=row, kind=need.kind, key=need.key, text=_need_text(need), position=number)
                for number, need in enumerate(stage.needs, start=1)
            )


_OUTCOMES = {
    _Step.CREATE: Outcome.CREATED,
    _Step.UPDATE: Outcome.UPDATED,
    _Step.SKIP: Outcome.UNCHANGED,
    _Step.KEEP: Outcome.KEPT,
    _Step.OFFER: Outcome.KEPT,
}


def _row_outcome(stored: str | None, digest: str) -> Outcome:
    """By the digest on the row, None when there is no row; an empty one says that a person changed it."""
    if stored is None:
        return Outcome.CREATED
    if not stored:
        return Outcome.KEPT
    return Outcome.UNCHANGED if stored == digest else Outcome.UPDATED


def _by_key(model: type[models.Model], pieces: Iterable[Piece]) -> models.QuerySet[Any]:
    return model._default_manager.filter(key__in=[piece.key for piece in pieces])


def _facts(pieces: Iterable[FactPiece], **owner: Any) -> None:
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


def _body_facts(row: Any, piece: Any) -> None:
    _facts(piece.facts, body=row)


def _certification_facts(row: Any, piece: Any) -> None:
    _facts(piece.facts, certification=row)


def _figure_values(piece: Any) -> dict[str, Any]:
    return {
        name: getattr(piece, name) for name in ("label", "value", "year", "as_of", "source", "confidence")
    }


def _course_values(piece: CoursePiece) -> dict[str, Any]:
    names = ("title", "summary", "level", "hours", "ceus", "position")
    return {**{name: getattr(piece, name) for name in names}, "outcomes": list(piece.outcomes)}


def _set_systems(course: Course, piece: CoursePiece) -> None:
    have = set(course.systems.values_list("system", flat=True))
    course.systems.exclude(system__in=piece.systems).delete()
    CourseSystem.objects.bulk_create(
        CourseSystem(course=course, system=system) for system in piece.systems if system not in have
    )


def _place_lessons(course: Course, piece: CoursePiece) -> None:
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


def _need_text(need: NeedPiece) -> str:
    """The words for a need whose title came with another pack."""
    if need.text:
        return need.text
    if need.kind == Requirement.Kind.COURSE:
        return Course.objects.get(key=need.key).title
    if need.kind == Requirement.Kind.CREDENTIAL:
        return f"Record your {Certification.objects.get(key=need.key).abbreviation}"
    return Blueprint.objects.filter(key=need.key).order_by("-valid_from")[0].title


def _write_blueprint(
    row: Blueprint, piece: BlueprintPiece, domains: dict[str, int], certifications: dict[str, int]
) -> None:
    row.certification_id = certifications[piece.certification]
    for name in ("title", "minutes", "pass_percent", "valid_from", "valid_until", "edition"):
        setattr(row, name, getattr(piece, name))
    row.as_of, row.source, row.confidence = piece.as_of, piece.source, piece.confidence
    row.pack_digest = piece.digest
    row.save()
    row.domains.all().delete()
    BlueprintDomain.objects.bulk_create(
        BlueprintDomain(blueprint=row, domain_id=domains[domain], count=count)
        for domain, count in piece.domains
    )
