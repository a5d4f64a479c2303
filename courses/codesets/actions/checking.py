"""Checking what other rooms say about codes."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from courses.codesets.books import CODE_BOOKS, Book
from courses.codesets.models import Citation, Code, CodeChange, CodeRef, GuidelineSection, Release
from courses.codesets.systems import System, is_well_formed, normalise

#: Rows a statement.
BATCH: Final = 2_000
BookKey = tuple[str, str]
RefKey = tuple[BookKey, str, str, str]


def check_code_refs(refs: Iterable[CodeRef], *, on_date: date) -> list[str]:
    """Set state and edition of each reference, not saved, and say in a sentence what is wrong with it.

    A code must be written as its book prints it, exist on that day and, unless it is named as a heading, be
    complete; one named as an invalid example must not be. A reference without an edition, or with that of
    another code system, is written for the book of that day. Codes of books of which no release covers the
    day stay unchecked. What a release changes that is loaded before its first day is the state already, and
    no problem.
    """
    refs = list(refs)
    loaded = _loaded()
    releases = _on(loaded, on_date)
    for ref in refs:
        if _book(ref) in releases and (not ref.edition or _is_of_another(ref.edition, ref.system)):
            ref.edition = releases[_book(ref)][-1].label
    states = _states(refs, on_date, releases)
    problems = []
    for ref in refs:
        ref.state = states.get(_key(ref), CodeRef.State.UNCHECKED)
        release = releases[_book(ref)][-1] if _book(ref) in releases else None
        if problem := _problem(ref, release, on_date):
            problems.append(problem)
    ahead = max((release.covers_from for release in loaded), default=on_date)
    if ahead > on_date:
        states = _states(refs, ahead, _on(loaded, ahead))
        for ref in refs:
            if ref.state == CodeRef.State.OK:
                ref.state = states.get(_key(ref), ref.state)
    return problems


def reevaluate(refs: QuerySet[Any], *, on_date: date) -> int:
    """Recompute the saved states of code references and return how many changed; harmless when repeated."""
    rows: list[CodeRef] = list(refs)
    states = _states(rows, on_date, _on(_loaded(), on_date))
    changed = []
    for row in rows:
        state = states.get(_key(row), CodeRef.State.UNCHECKED)
        if row.state != state:
            row.state = state
            changed.append(row)
    refs.model._default_manager.bulk_update(changed, ["state"], batch_size=BATCH)
    return len(changed)


def confirm_refs(refs: QuerySet[Any], *, on_date: date) -> int:
    """Note that texts still hold after their codes changed: they count as written for the book of that day.

    What is gone or no longer billable stays as it is, since only a new text mends it. Returns how many hold.
    """
    releases = _on(_loaded(), on_date)
    rows: list[CodeRef] = [row for row in refs if _book(row) in releases]
    for row in rows:
        row.edition = releases[_book(row)][-1].label
    states = _states(rows, on_date, releases)
    held = [row for row in rows if states.get(_key(row)) == CodeRef.State.OK]
    for row in held:
        row.state = CodeRef.State.OK
    refs.model._default_manager.bulk_update(held, ["edition", "state"], batch_size=BATCH)
    return len(held)


def _book(ref: CodeRef) -> BookKey:
    """The book that prints the code: modifiers of HCPCS, of two characters, have one of their own."""
    is_modifier = ref.system == System.HCPCS and len(ref.code) == 2
    return ref.system, Book.MODIFIERS if is_modifier else Book.CODES


def _is_of_another(edition: str, system: str) -> bool:
    """Whether an edition names another code system: a case has diagnoses and procedures, and one edition."""
    return any(edition.startswith(f"{label} ") for one, label in System.choices if one != system)


def _key(ref: CodeRef) -> RefKey:
    return _book(ref), ref.code, ref.role, ref.edition


def _loaded() -> list[Release]:
    """The releases of all books of codes, the oldest first. One query."""
    return list(Release.objects.loaded().filter(book__in=CODE_BOOKS).order_by("covers_from"))


def _on(loaded: Iterable[Release], day: date) -> dict[BookKey, list[Release]]:
    """The releases of each book up to a day, the one that answers for it last, if there is one."""
    found: dict[BookKey, list[Release]] = {}
    for release in loaded:
        if release.covers_from <= day:
            found.setdefault((release.system, release.book), []).append(release)
    answering = {key: rows for key, rows in found.items() if (rows[-1].effective_until or date.max) > day}
    for (system, book), held in list(answering.items()):
        if book == Book.CODES and held[-1].counts.get("modifier"):  # some files bring both
            answering.setdefault((system, Book.MODIFIERS), held)
    return answering


def _states(
    refs: Iterable[CodeRef], day: date, releases: dict[BookKey, list[Release]]
) -> dict[RefKey, CodeRef.State]:
    """The state of each reference whose book has a release for the day; at most two queries."""
    wanted = {_key(ref) for ref in refs if _book(ref) in releases}
    names = {code for _of, code, _role, _edition in wanted}
    systems = {system for system, _of in releases}
    printed: dict[tuple[str, str], Code] = {}
    rows = Code.objects.filter(system__in=systems, code__in=names, release__covers_from__lte=day)
    rows = rows.filter(release__loaded_at__isnull=False).select_related("release")
    for row in rows.order_by("release__covers_from"):
        if row.kind != Code.Kind.BLOCK or "-" in row.code:
            printed[row.system, row.code] = row
    written = {(book, edition): _written_for(edition, releases[book]) for book, _c, _r, edition in wanted}
    changed: dict[tuple[str, str], date] = {}
    if any(since < releases[book][-1].effective_from for (book, _edition), since in written.items()):
        changes = CodeChange.objects.filter(
            release__system__in=systems,
            release__covers_from__lte=day,
            release__loaded_at__isnull=False,
            code__in=names,
            kind__in=(CodeChange.Kind.REVISED, CodeChange.Kind.NOTES),
        ).order_by("release__effective_from")
        for change in changes.select_related("release").only(
            "code", "release__system", "release__effective_from"
        ):
            changed[change.release.system, change.code] = change.release.effective_from
    return {
        (book, code, role, edition): _state(
            printed.get((book[0], code)),
            role,
            day,
            is_changed=changed.get((book[0], code), date.min) > written[book, edition],
        )
        for book, code, role, edition in wanted
    }


def _written_for(edition: str, releases: list[Release]) -> date:
    """The first day of the release that a text was written for.

    One that is not known here counts as the release before: whatever the newest one changed is news to it.
    """
    for release in releases:
        if edition in (release.label, str(release)):
            return release.effective_from
    return releases[-1].effective_from - timedelta(days=1)


def _state(row: Code | None, role: str, day: date, *, is_changed: bool) -> CodeRef.State:
    """The state by the newest row of a code up to the day."""
    now = row if row is not None and (row.release.effective_until or date.max) > day else None
    complete = now is not None and now.is_reportable_on(day)
    if role == CodeRef.Role.INVALID:
        return CodeRef.State.CHANGED if complete else CodeRef.State.OK
    if now is None or (now.is_billable and not complete):
        return CodeRef.State.GONE
    if role == CodeRef.Role.HEADER:
        return CodeRef.State.CHANGED if complete else CodeRef.State.OK
    if not complete:
        return CodeRef.State.NOT_BILLABLE
    return CodeRef.State.CHANGED if is_changed else CodeRef.State.OK


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
