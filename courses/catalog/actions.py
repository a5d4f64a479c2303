"""Writing to the catalog."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from courses.catalog.models import (
    GuideRevision,
    GuideSection,
    Lesson,
    LessonCitation,
    LessonCodeRef,
    LessonReport,
    LessonRevision,
    Requirement,
)
from courses.catalog.signals import lesson_drafted
from courses.codesets.actions import check_citations, check_code_refs
from portal.lib.markdown import Rendered, render
from portal.lib.revisions import next_number


class LessonRefused(Exception):
    """The text cannot become a revision; ``problems`` says why, a sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class CitationText:
    """A citation as a writer gives it."""

    kind: str
    ref: str


def checked_references(
    rendered: Rendered, citations: Iterable[CitationText], *, edition: str, on: date
) -> tuple[list[LessonCodeRef], list[LessonCitation]]:
    """Rows for the codes and citations of a text, checked against the release in force ``on`` that day.

    Raises ``LessonRefused`` naming every code that does not exist or is not billable where it should be, and
    every citation that the outline does not hold.
    """
    refs = [LessonCodeRef(system=r.system, code=r.code, role=r.role, edition=edition) for r in rendered.codes]
    named = dict.fromkeys(
        [(c.kind, c.ref) for c in citations] + [("guideline", g) for g in rendered.guidelines]
    )
    rows = [
        LessonCitation(kind=kind, ref=ref, edition=edition, position=position)
        for position, (kind, ref) in enumerate(named)
    ]
    problems = [
        *rendered.problems,
        *check_code_refs(refs, on_date=on),
        *check_citations(rows, on_date=on),
    ]
    if problems:
        raise LessonRefused(problems)
    return refs, rows


@transaction.atomic
def write_lesson_revision(
    *,
    lesson: Lesson,
    title: str,
    source: str,
    minutes: int,
    objectives: Sequence[str] = (),
    citations: Sequence[CitationText] = (),
    edition: str = "",
    note: str = "",
    pack_digest: str = "",
    by: User | None,
    at: datetime,
) -> LessonRevision:
    """Add a draft revision with its code references, citations and requirements.

    Raises ``LessonRefused``; then nothing is written.
    """
    rendered = render(source, prefix="lesson")
    refs, cited = checked_references(rendered, citations, edition=edition, on=at.date())
    revision = LessonRevision.objects.create(
        lesson=lesson,
        number=next_number(lesson.revisions.all()),
        title=title,
        source=source,
        html=rendered.html,
        words=rendered.words,
        minutes=minutes,
        objectives=list(objectives),
        note=note,
        pack_digest=pack_digest,
        created_by=by,
        created_at=at,
    )
    for ref in refs:
        ref.revision = revision
    for row in cited:
        row.revision = revision
    LessonCodeRef.objects.bulk_create(refs)
    LessonCitation.objects.bulk_create(cited)
    Requirement.objects.bulk_create(
        Requirement(
            lesson_revision=revision,
            kind=Requirement.Kind.CHECKPOINT,
            key=key,
            text=_("Answer checkpoint question %(number)d correctly") % {"number": position},
            position=position,
        )
        for position, key in enumerate(rendered.checkpoints, start=1)
    )
    lesson_drafted.send(sender=LessonRevision, revision=revision, checkpoints=rendered.checkpoints)
    return revision


@transaction.atomic
def write_guide_revision(
    *,
    section: GuideSection,
    title: str,
    source: str,
    links: Sequence[dict[str, str]] = (),
    figures: Sequence[str] = (),
    compare: Sequence[str] = (),
    note: str = "",
    pack_digest: str = "",
    by: User | None,
    at: datetime,
) -> GuideRevision:
    """Add a draft revision of a section of the career guide. Raises ``LessonRefused``."""
    rendered = render(source, prefix=section.key)
    problems = [*rendered.problems]
    problems += _guide_problems(links, figures, compare)
    problems += [_("A guide section cannot hold a checkpoint question.")] if rendered.checkpoints else []
    problems += check_code_refs(
        [LessonCodeRef(system=r.system, code=r.code, role=r.role) for r in rendered.codes], on_date=at.date()
    )
    if problems:
        raise LessonRefused(problems)
    return GuideRevision.objects.create(
        section=section,
        number=next_number(section.revisions.all()),
        title=title,
        source=source,
        html=rendered.html,
        links=list(links),
        figures=list(figures),
        compare=list(compare),
        note=note,
        pack_digest=pack_digest,
        created_by=by,
        created_at=at,
    )


def _guide_problems(links: Any, figures: Any, compare: Any) -> list[str]:
    """What is wrong with the shape of the lists beside a guide section: they are typed by hand."""
    problems = []
    if not isinstance(links, list | tuple) or not all(
        isinstance(one, dict)
        and {"label", "to"} == set(one)
        and all(isinstance(v, str) for v in one.values())
        for one in links
    ):
        problems.append(_('Links must be a list of {"label": "…", "to": "course:KEY"}.'))
    for name, keys in ((_("Figures"), figures), (_("Certifications to compare"), compare)):
        if not isinstance(keys, list | tuple) or not all(isinstance(key, str) for key in keys):
            problems.append(_("%(name)s must be a list of keys.") % {"name": name})
    return problems


@transaction.atomic
def report_lesson(*, revision: LessonRevision, text: str, by: User, at: datetime) -> LessonReport:
    """Record a reader's word that something in a lesson is wrong; the same word twice is one report."""
    report, _created = LessonReport.objects.get_or_create(
        revision=revision, reporter=by, text=text, resolved_at=None, defaults={"reported_at": at}
    )
    return report


@transaction.atomic
def resolve_report(*, report: LessonReport, outcome: str, by: User, at: datetime) -> None:
    """Close a report with an answer to its reporter; the first answer stands."""
    LessonReport.objects.filter(pk=report.pk, resolved_at=None).update(
        outcome=outcome, resolved_by=by, resolved_at=at
    )
