"""Writing a pack: idempotent by key and digest, all of it or nothing, and never over a person's change."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

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
    EducationPath,
    Figure,
    GuideRevision,
    GuideSection,
    Lesson,
    LessonRevision,
)
from courses.codesets.models import GuidelineSection
from courses.content.deciding import Outcome, Seen, Step, next_step, row_outcome
from courses.content.pieces import CoursePiece, GuidePiece, LessonPiece, MailPiece, Pack, Piece, QuestionPiece
from courses.content.reading import PackError, Problem
from courses.content.rows import (
    by_key,
    course_values,
    figure_values,
    path_values,
    place_lessons,
    set_systems,
    write_blueprint,
    write_body_facts,
    write_certification_facts,
    write_outline,
    write_stages,
    write_synonyms,
)
from courses.content.shelf import Known
from courses.credentials.actions import Saved, save_rule_set
from courses.credentials.models import RuleSet
from courses.credentials.rules import BadTerms
from courses.exams.actions import QuestionRefused, publish_question, write_question_revision
from courses.exams.models import Blueprint, Domain, Question, QuestionRevision
from courses.reminders.actions import write_template_revision
from courses.reminders.kinds import UnknownKind
from courses.reminders.models import MailTemplate, MailTemplateRevision
from courses.reminders.rendering import TemplateRefused
from portal.lib.revisions import Revision, publish_revision
from portal.lib.sourced import PackRow


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


_OUTCOMES = {
    Step.CREATE: Outcome.CREATED,
    Step.UPDATE: Outcome.UPDATED,
    Step.SKIP: Outcome.UNCHANGED,
    Step.KEEP: Outcome.KEPT,
    Step.OFFER: Outcome.KEPT,
}


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
            for outcome in write_outline(outline):
                self.summary.count("guideline sections", outcome)
        self.rows("domains", Domain, pack.domains, lambda p: {"title": p.title})
        self.rows(
            "bodies",
            Body,
            pack.bodies,
            lambda p: {"name": p.name, "short": p.short, "url": p.url},
            write_body_facts,
        )
        self.certifications()
        self.rule_sets()
        self.rows("figures", Figure, pack.figures, figure_values)
        self.questions()
        self.courses()
        self.lessons()
        self.rows("paths", EducationPath, pack.paths, path_values, write_stages)
        self.blueprints()
        self.guide()
        self.mails()
        self.synonyms()

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
            outcome = row_outcome(row.pack_digest if row else None, piece.digest)
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
            write_certification_facts,
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
            outcome = row_outcome(stored.get(piece.key), piece.digest)
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
            outcome = row_outcome(row.pack_digest if row else None, piece.digest)
            self.summary.count("practice exams", outcome)
            if outcome is Outcome.KEPT:
                self.note_kept(piece)
            if outcome in (Outcome.CREATED, Outcome.UPDATED):
                write_blueprint(row or Blueprint(key=piece.key), piece, domains, certifications)

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
        histories: dict[str, list[Seen]] = {}
        stored = model._default_manager.filter(**{f"{identity}__in": [piece.key for piece in pieces]})
        for key, digest, published_at in stored.order_by("number").values_list(
            identity, "pack_digest", "published_at"
        ):
            histories.setdefault(key, []).append(Seen(digest, published_at is not None))
        for piece in pieces:
            step = next_step(histories.get(piece.key, ()), piece.digest)
            if step in (Step.KEEP, Step.OFFER):
                self.note_kept(piece, offered=step is Step.OFFER)
            self.summary.count(kind, _OUTCOMES[step])
            if step in (Step.SKIP, Step.KEEP):
                continue
            try:
                revision = write(piece)
                if step is not Step.OFFER:
                    (publish or self.publish)(revision)
            except (LessonRefused, QuestionRefused, TemplateRefused) as refusal:
                self.refused(piece, refusal.problems)
            except UnknownKind:
                self.refused(piece, [f"there is no kind of reminder `{piece.key}`"])

    def publish(self, revision: Revision) -> None:
        publish_revision(revision=revision, by=None, live_from=self.at)

    def questions(self) -> None:
        domains = {row.key: row for row in Domain.objects.all()}
        stored = {row.key: row for row in by_key(Question, self.pack.questions)}

        def write(piece: QuestionPiece) -> Revision:
            return write_question_revision(
                question=stored.get(piece.key) or Question.objects.create(key=piece.key),
                kind=piece.kind,
                domain=domains[piece.domain],
                difficulty=piece.difficulty,
                difficulty_reason=piece.difficulty_reason,
                stem=piece.stem,
                source=piece.source,
                citations=[CitationText(kind, ref) for kind, ref in piece.citations],
                edition=piece.edition or self.pack.edition,
                exclusion_group=piece.exclusion_group,
                pack_digest=piece.digest,
                must_be_ready=True,
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
            set_systems(course, piece)
            place_lessons(course, piece)

        self.rows("courses", Course, self.pack.courses, course_values, below)

    def lessons(self) -> None:
        stored = {row.key: row for row in by_key(Lesson, self.pack.lessons)}
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
        stored = {row.key: row for row in by_key(GuideSection, self.pack.guide)}

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
                summary=piece.summary,
                body=piece.source,
                pack_digest=piece.digest,
                by=None,
                at=self.at,
            )

        self.texts("mail templates", MailTemplateRevision, "template__kind", self.pack.mails, write)

    def synonyms(self) -> None:
        for piece, outcome in write_synonyms(self.pack.synonyms):
            self.summary.count("synonyms", outcome)
            if outcome is Outcome.KEPT:
                self.note_kept(piece)
