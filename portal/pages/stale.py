"""The editors' queue of codes that no longer hold: read from the references' states, stored nowhere else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from courses.codesets.models import CodeChange, CodeRef
from courses.codesets.wording import Part, revised
from courses.exams.queries.stale import STALE, stale_count, stale_lessons, stale_questions
from portal.lib.markdown import plain

__all__ = ["stale_count", "stale_lessons", "stale_questions", "stale_tasks", "with_changes"]

#: Which changes say why a reference is in its state.
_REASONS: Final = {
    CodeRef.State.GONE.value: (CodeChange.Kind.GONE,),
    CodeRef.State.NOT_BILLABLE.value: (CodeChange.Kind.HEADER,),
    CodeRef.State.CHANGED.value: (CodeChange.Kind.REVISED, CodeChange.Kind.NOTES, CodeChange.Kind.BILLABLE),
}
#: New codes named as a way out; the release's report lists them all.
_OFFERED: Final = 6


@dataclass(frozen=True)
class StaleCode:
    """A code that a text names and that no longer holds, with what became of it."""

    system: str
    code: str
    state: str
    sentence: str
    url: str
    wording: tuple[Part, ...] = ()
    change: CodeChange | None = None
    #: Codes that came where this one stood.
    offered: tuple[CodeChange, ...] = ()


@dataclass
class Task:
    """A lesson or a question to mend."""

    kind: str
    pk: int
    title: str
    edit_url: str
    refs: list[Any] = field(default_factory=list)
    codes: tuple[StaleCode, ...] = ()
    #: The newest revision, a draft, names none of these codes: it only waits to be published.
    mended_in: int | None = None

    @property
    def is_drawn(self) -> bool:
        """Whether exams go on drawing the question: yes while its codes can be reported."""
        return all(ref.state == CodeRef.State.CHANGED for ref in self.refs)

    @property
    def may_stay(self) -> bool:
        """Whether a changed code is among them, whose text may hold as it is."""
        return any(is_confirmable(ref) for ref in self.refs)


def is_confirmable(ref: CodeRef) -> bool:
    return ref.state == CodeRef.State.CHANGED and ref.role == CodeRef.Role.CODE


def stale_tasks(at: datetime) -> list[Task]:
    """Every lesson and question to mend, those first whose codes are gone. Two queries."""
    tasks: dict[tuple[str, int], Task] = {}
    lessons = stale_lessons(at).select_related("revision").order_by("revision__lesson__key", "code")
    for row in lessons:
        edit = reverse("admin:catalog_lesson_change", args=[row.revision.lesson_id])
        key = ("lesson", row.revision.lesson_id)
        task = tasks.setdefault(key, Task(*key, title=row.revision.title, edit_url=edit))
        task.refs.append(row)
    questions = stale_questions(at).select_related("revision").order_by("revision__question__key", "code")
    for one in questions:
        edit = reverse("admin:exams_question_change", args=[one.revision.question_id])
        key = ("question", one.revision.question_id)
        title = " ".join(plain(one.revision.stem_source).split())
        task = tasks.setdefault(key, Task(*key, title=title, edit_url=edit))
        task.refs.append(one)
    for task in tasks.values():
        if all(ref.revision_id != ref.newest for ref in task.refs):
            task.mended_in = task.refs[0].newest_number
    return sorted(tasks.values(), key=lambda task: min(STALE.index(ref.state) for ref in task.refs))


def with_changes(tasks: Sequence[Task]) -> Sequence[Task]:
    """Say of each code of these tasks what became of it and what came instead. Two queries.

    A release may be loaded before its first day; the states are those of that day already.
    """
    refs = [ref for task in tasks for ref in task.refs]
    changes: dict[tuple[str, str, str], CodeChange] = {}
    found = CodeChange.objects.filter(
        code__in={ref.code for ref in refs}, release__loaded_at__isnull=False
    ).select_related("release")
    for one in found.order_by("release__effective_from"):
        changes[one.release.system, one.code, one.kind] = one
    reasons = {id(ref): _reason(ref, changes) for ref in refs}
    offers = _offers(change for change in reasons.values() if change is not None)
    for task in tasks:
        codes = {}
        for ref in task.refs:
            change = reasons[id(ref)]
            codes[ref.system, ref.code, ref.role] = StaleCode(
                system=ref.system,
                code=ref.code,
                state=ref.state,
                sentence=_sentence(ref, change),
                url=reverse("codesets:code", args=[ref.system, ref.code]),
                wording=_wording(change),
                change=change,
                offered=tuple(offers.get(change.pk, ())) if change else (),
            )
        task.codes = tuple(codes.values())
    return tasks


def _reason(ref: CodeRef, changes: dict[tuple[str, str, str], CodeChange]) -> CodeChange | None:
    known = [changes.get((ref.system, ref.code, kind)) for kind in _REASONS[ref.state]]
    return max(filter(None, known), key=lambda change: change.release.effective_from, default=None)


def _wording(change: CodeChange | None) -> tuple[Part, ...]:
    if change is None:
        return ()
    if change.kind == CodeChange.Kind.REVISED:
        return revised(change.before, change.after)
    return (Part("same", change.before or change.after),) if change.before or change.after else ()


def _offers(changes: Iterable[CodeChange]) -> dict[int, list[CodeChange]]:
    """For each code that went the codes that came with the same release where it stood."""
    gone = [c for c in changes if c.kind in (CodeChange.Kind.GONE, CodeChange.Kind.HEADER)]
    if not gone:
        return {}
    near = Q()
    for change in gone:
        near |= Q(release=change.release_id, code__startswith=_place(change))
    added = list(
        CodeChange.objects.filter(near, kind=CodeChange.Kind.ADDED, is_heading=False).order_by("code")
    )
    return {change.pk: [one for one in added if _may_replace(one, change)][:_OFFERED] for change in gone}


def _place(change: CodeChange) -> str:
    """What the codes begin with that may stand for this one: a header's own, or the stem of what is gone."""
    if change.kind == CodeChange.Kind.HEADER:
        return change.code
    stem = change.code[:7].rstrip("X") if len(change.code) == 8 else change.code[:-1]
    return stem.rstrip(".") if len(stem) > 3 else change.code[:3]


def _may_replace(new: CodeChange, gone: CodeChange) -> bool:
    """Whether a new code stands where the other one stood, for the same encounter where both name one."""
    same_place = new.release_id == gone.release_id and new.code.startswith(_place(gone))
    both_sevenths = len(new.code) == len(gone.code) == 8
    return same_place and (not both_sevenths or new.code[-1] == gone.code[-1])


def _sentence(ref: CodeRef, change: CodeChange | None) -> str:
    told = {"release": change.release.label if change else "", "code": ref.code}
    if ref.role == CodeRef.Role.INVALID:
        return _("The text calls it invalid, and it is billable now.")
    if ref.role == CodeRef.Role.HEADER and ref.state == CodeRef.State.CHANGED:
        return _("The text calls it a heading, and it is a complete code now.")
    if ref.state == CodeRef.State.GONE:
        return (
            _("Gone since %(release)s.") % told if change else _("It is not in the book that answers today.")
        )
    if ref.state == CodeRef.State.NOT_BILLABLE:
        if change:
            return _("A header since %(release)s: more specific codes stand below it.") % told
        return _("It is a header and cannot be reported.")
    if change and change.kind == CodeChange.Kind.NOTES:
        return _("Its notes changed with %(release)s.") % told
    return _("Its words changed with %(release)s.") % told if change else _("Its words or notes changed.")
