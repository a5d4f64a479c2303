"""Checking what other rooms say about codes."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from courses.codesets.models import Citation, Code, CodeRef, GuidelineSection, Release
from courses.codesets.systems import System, is_well_formed, normalise

#: Rows a statement.
BATCH: Final = 2_000


def check_code_refs(refs: Iterable[CodeRef], *, on_date: date) -> list[str]:
    """Set state and edition of each reference, not saved, and say in a sentence what is wrong with it.

    A code must be written as its book prints it, exist on that day and, unless it is named as a heading, be
    complete; one named as an invalid example must not be. Systems of which no release covers the day stay
    unchecked.
    """
    refs = list(refs)
    releases = {release.system: release for release in Release.objects.on(on_date)}
    states = _states(refs, on_date, set(releases))
    problems = []
    for ref in refs:
        ref.state = states.get((ref.system, ref.code, ref.role), CodeRef.State.UNCHECKED)
        release = releases.get(ref.system)
        if release is not None and not ref.edition:
            ref.edition = release.label
        if problem := _problem(ref, release, on_date):
            problems.append(problem)
    return problems


def reevaluate(refs: QuerySet[Any], *, on_date: date) -> int:
    """Recompute the saved states of code references and return how many changed; harmless when repeated."""
    rows: list[CodeRef] = list(refs)
    states = _states(rows, on_date, set(Release.objects.on(on_date).values_list("system", flat=True)))
    changed = []
    for row in rows:
        state = states.get((row.system, row.code, row.role), CodeRef.State.UNCHECKED)
        if row.state != state:
            row.state = state
            changed.append(row)
    refs.model._default_manager.bulk_update(changed, ["state"], batch_size=BATCH)
    return len(changed)


def _states(
    refs: Iterable[CodeRef], day: date, systems: set[str]
) -> dict[tuple[str, str, str], CodeRef.State]:
    """The state of each (system, code, role) whose system has a release for the day."""
    wanted = {(ref.system, ref.code, ref.role) for ref in refs if ref.system in systems}
    names = {code for _system, code, _role in wanted}
    editions: dict[tuple[str, str], list[Code]] = {}
    rows = Code.objects.filter(system__in=systems, code__in=names, release__covers_from__lte=day)
    rows = rows.filter(release__loaded_at__isnull=False).select_related("release")
    for row in rows.order_by("release__covers_from"):
        if row.kind != Code.Kind.BLOCK or "-" in row.code:
            editions.setdefault((row.system, row.code), []).append(row)
    return {
        (system, code, role): _state(editions.get((system, code), []), role, day)
        for system, code, role in wanted
    }


def _state(editions: list[Code], role: str, day: date) -> CodeRef.State:
    """The state by all rows of a code up to the day, oldest first."""
    now = editions[-1] if editions and (editions[-1].release.effective_until or date.max) > day else None
    complete = now is not None and now.is_reportable_on(day)
    if role == CodeRef.Role.INVALID:
        return CodeRef.State.CHANGED if complete else CodeRef.State.OK
    if now is None or (now.is_billable and not complete):
        return CodeRef.State.GONE
    if role == CodeRef.Role.HEADER:
        return CodeRef.State.CHANGED if complete else CodeRef.State.OK
    if not complete:
        return CodeRef.State.NOT_BILLABLE
    retitled = len(editions) > 1 and editions[-2].title != now.title
    return CodeRef.State.CHANGED if retitled else CodeRef.State.OK


def _problem(ref: CodeRef, release: Release | None, day: date) -> str:
    """What a writer must mend, or nothing."""
    told = {
        "code": ref.code,
        "system": System(ref.system).label,
        "day": date_format(day),
        "release": release.label if release else "",
    }
    if len(ref.code) > 10:
        return _("“%(code)s” is too long for a %(system)s code.") % told
    if ref.role != CodeRef.Role.INVALID:
        told["written"] = normalise(ref.system, ref.code)
        if not is_well_formed(ref.system, told["written"]):
            return _("“%(code)s” does not look like a %(system)s code.") % told
        if told["written"] != ref.code:
            return _("Write %(written)s instead of %(code)s, as the book prints it.") % told
    if release is None:
        return ""
    if ref.state == CodeRef.State.GONE:
        return _("%(code)s is not in %(system)s %(release)s on %(day)s.") % told
    if ref.state == CodeRef.State.NOT_BILLABLE:
        return (
            _("%(code)s is a heading in %(release)s and not billable; write [[%(code)s|header]] if meant so.")
            % told
        )
    if ref.state == CodeRef.State.CHANGED and ref.role == CodeRef.Role.HEADER:
        return _("%(code)s is no heading in %(release)s but a complete code.") % told
    if ref.state == CodeRef.State.CHANGED and ref.role == CodeRef.Role.INVALID:
        return _("%(code)s is called invalid and is billable in %(release)s.") % told
    return ""


def check_citations(citations: Iterable[Citation], *, on_date: date) -> list[str]:
    """Say in a sentence what is wrong with each citation: a section or code that does not exist.

    Without a guideline outline or a release for the day there is nothing to check against.
    """
    citations = list(citations)
    outline = set(
        GuidelineSection.objects.filter(effective_from__lte=on_date)
        .exclude(effective_until__lte=on_date)
        .values_list("ref", flat=True)
    )
    tabular = {normalise(System.ICD10CM, c.ref) for c in citations if c.kind == Citation.Kind.TABULAR}
    loaded = Release.objects.of_system(System.ICD10CM).on(on_date).exists() if tabular else False
    known = set(
        Code.objects.of_system(System.ICD10CM)
        .on(on_date)
        .filter(code__in=tabular)
        .values_list("code", flat=True)
    )
    problems = []
    for citation in citations:
        if not citation.ref.strip():
            problems.append(_("A citation of kind %(kind)s names nothing.") % {"kind": citation.kind})
        elif citation.kind == Citation.Kind.GUIDELINE and outline and citation.ref not in outline:
            problems.append(
                _("The guideline outline has no section %(ref)s on %(day)s.")
                % {"ref": citation.ref, "day": date_format(on_date)}
            )
        elif (
            citation.kind == Citation.Kind.TABULAR
            and loaded
            and normalise(System.ICD10CM, citation.ref) not in known
        ):
            problems.append(_("The tabular list has no entry %(ref)s.") % {"ref": citation.ref})
    return problems
