"""Loading releases and checking what other rooms say about codes."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from courses.codesets import wordindex
from courses.codesets.editions import fiscal_year_start
from courses.codesets.errors import LoadRefused
from courses.codesets.formats import icd10cm_tabular
from courses.codesets.models import Citation, Code, CodeNote, CodeRef, GuidelineSection, Release, Word
from courses.codesets.records import CodeList, Entry
from courses.codesets.signals import release_loaded
from courses.codesets.systems import System, is_well_formed, normalise
from courses.jobs.kinds import JobRefused, Report
from courses.jobs.models import Job

LOAD_KIND: Final = "codesets.load_release"
#: Rows a statement: SQLite would take more, but memory and the progress line want an end in sight.
BATCH: Final = 2_000

Progress = Callable[[int, int | None, str], None]


# --- loading -----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Source:
    """A file to load and what is known of it."""

    path: Path
    name: str
    label: str
    effective_from: date


def package_source() -> Source:
    """The tabular list that comes with the portal: a data file of a package that is never imported."""
    name = "icd10c-tabular-April-1-2026.xml"
    located = distribution("simple-icd-10-cm").locate_file(f"simple_icd_10_cm/data/{name}")
    return Source(Path(str(located)), name, "FY2026 April", date(2026, 4, 1))


@dataclass(frozen=True)
class Loaded:
    """The release of a file; ``created`` is false when the same file had been loaded before."""

    release: Release
    created: bool


def load_release(
    *,
    system: str,
    label: str,
    effective_from: date,
    source_name: str,
    path: Path,
    by: User | None,
    at: datetime,
    report: Progress = lambda done, total, message: None,
) -> Loaded:
    """Make a file the newest release of ``system``; all of it or nothing.

    The same file again changes nothing. Every release brings all its rows, and the rows of the one before end
    on its first day, so a date of service always meets one whole book. Raises ``LoadRefused``.
    """
    if system != System.ICD10CM:
        raise LoadRefused(_("There is no importer for %(system)s yet.") % {"system": System(system).label})
    report(0, None, _("Reading %(file)s") % {"file": source_name})
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if same := Release.objects.filter(system=system, sha256=digest).first():
        return Loaded(same, created=False)
    with path.open("rb") as stream:
        tabular = icd10cm_tabular.parse(stream)
    report(0, len(tabular.entries), _("Writing %(n)d rows") % {"n": len(tabular.entries)})
    release = Release(
        system=system,
        label=label,
        effective_from=effective_from,
        source_name=source_name[:200],
        sha256=digest,
        counts=_counts(tabular),
        loaded_at=at,
        loaded_by=by,
    )
    try:
        with transaction.atomic():
            if same := Release.objects.filter(system=system, sha256=digest).first():
                return Loaded(same, created=False)  # another load of the same file was faster
            _open_release(release)
            _write_rows(release, tabular.entries, report)
            release_loaded.send(sender=Release, release=release)
    except IntegrityError as error:
        if same := Release.objects.filter(system=system, sha256=digest).first():
            return Loaded(same, created=False)  # the other load committed during this one
        raise LoadRefused(
            _("There is a release “%(label)s” already, or another load ended meanwhile.") % {"label": label}
        ) from error
    except OperationalError as error:
        if "lock" in str(error):
            raise LoadRefused(_("Another load is running; try again when it has ended.")) from error
        raise
    return Loaded(release, created=True)


def _counts(tabular: CodeList) -> dict[str, int]:
    counts = {"rows": len(tabular.entries), "billable": sum(e.is_billable for e in tabular.entries)}
    for kind in Code.Kind.values:
        counts[kind] = sum(entry.kind == kind for entry in tabular.entries)
    return counts | {"notes": sum(len(entry.notes) for entry in tabular.entries)}


def _open_release(release: Release) -> None:
    """Insert the release and end the one before it.

    The first release of a system answers from the October 1 that opened its fiscal year: an April update is a
    full list, differs little from October's, and otherwise no date of service between the two would find a
    code. What April added is then shown a few months too early; load the October list first to avoid it.
    """
    before = Release.objects.of_system(release.system).current().first()
    release.covers_from = release.effective_from
    if before is None:
        release.covers_from = fiscal_year_start(release.effective_from)
    elif before.effective_from >= release.effective_from:
        raise LoadRefused(
            _("%(before)s is loaded and is not older than %(label)s; releases are loaded in order.")
            % {"before": before, "label": release.label}
        )
    else:
        Release.objects.filter(pk=before.pk).update(effective_until=release.covers_from)
        Code.objects.of_system(release.system).filter(valid_until=None).update(
            valid_until=release.covers_from
        )
    release.save(force_insert=True)


def _write_rows(release: Release, entries: Sequence[Entry], report: Progress) -> None:
    ranked = _ranked(entries)
    ranks = {index: rank for rank, index in enumerate(ranked)}
    rows = [
        Code(
            system=release.system,
            kind=entry.kind,
            code=entry.code,
            title=entry.title,
            is_billable=entry.is_billable,
            takes_seventh=entry.takes_seventh,
            seventh=entry.seventh,
            position=position,
            search_rank=ranks.get(position),
            valid_from=release.covers_from,
        )
        for position, entry in enumerate(entries)
    ]
    written = 0
    for generation in _generations(entries):
        for index in generation:
            parent = entries[index].parent
            rows[index].parent = rows[parent] if parent is not None else None
        for batch in _batches(generation):
            Code.objects.bulk_create([rows[index] for index in batch])
            written += len(batch)
            report(written, len(rows), _("Writing codes"))
    notes = [
        CodeNote(code=row, kind=note.kind, text=note.text, position=place)
        for row, entry in zip(rows, entries, strict=True)
        for place, note in enumerate(entry.notes)
    ]
    report(written, len(rows), _("Writing notes and the index of the look-up"))
    CodeNote.objects.bulk_create(notes, batch_size=BATCH)
    _write_words(release, [entries[index] for index in ranked])


def _generations(entries: Sequence[Entry]) -> list[list[int]]:
    """Indexes by depth: a row is written after the row that it stands under."""
    depth: list[int] = []
    generations: list[list[int]] = []
    for index, entry in enumerate(entries):
        depth.append(0 if entry.parent is None else depth[entry.parent] + 1)
        if depth[index] == len(generations):
            generations.append([])
        generations[depth[index]].append(index)
    return generations


def _batches(indexes: list[int]) -> Iterator[list[int]]:
    return (indexes[start : start + BATCH] for start in range(0, len(indexes), BATCH))


def _ranked(entries: Sequence[Entry]) -> list[int]:
    """What the look-up can find, best first: complete codes before headings, short titles before long ones.

    Half of all rows differ from another only in the 7th character and are found through it.
    """
    found = [
        index
        for index, entry in enumerate(entries)
        if entry.kind in ("category", "code") and not entry.seventh
    ]
    return sorted(
        found,
        key=lambda i: (
            not (entries[i].is_billable or entries[i].takes_seventh),
            len(wordindex.words_of(entries[i].title)),
            i,
        ),
    )


def _write_words(release: Release, ranked: Sequence[Entry]) -> None:
    terms = ("inclusion_term", "includes")
    index = wordindex.build(
        (entry.title, [note.text for note in entry.notes if note.kind in terms]) for entry in ranked
    )
    Word.objects.bulk_create(
        (
            Word(
                release=release,
                word=word,
                in_titles=wordindex.pack(postings.titles),
                in_terms=wordindex.pack(postings.terms),
            )
            for word, postings in sorted(index.items())
        ),
        batch_size=BATCH,
    )


def run_load_job(job_id: int, subject: str, report: Report, at: datetime) -> dict[str, Any]:
    """The job behind the admin's button: load the list that comes with the portal."""
    source = package_source()
    by = Job.objects.select_related("requested_by").get(pk=job_id).requested_by
    try:
        loaded = load_release(
            system=System.ICD10CM,
            label=source.label,
            effective_from=source.effective_from,
            source_name=source.name,
            path=source.path,
            by=by,
            at=at,
            report=report,
        )
    except LoadRefused as refusal:
        raise JobRefused(str(refusal)) from refusal
    text = _("%(release)s is loaded.") if loaded.created else _("%(release)s had been loaded before.")
    return {
        "release": loaded.release.pk,
        "created": loaded.created,
        "message": text % {"release": loaded.release},
    }


# --- checking ----------------------------------------------------------------------------------------
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
    rows = Code.objects.filter(system__in=systems, code__in=names, valid_from__lte=day)
    for row in rows.order_by("valid_from"):
        if row.kind in Code.CODES or "-" in row.code:
            editions.setdefault((row.system, row.code), []).append(row)
    return {
        (system, code, role): _state(editions.get((system, code), []), role, day)
        for system, code, role in wanted
    }


def _state(editions: list[Code], role: str, day: date) -> CodeRef.State:
    """The state by all rows of a code up to the day, oldest first."""
    now = editions[-1] if editions and (editions[-1].valid_until or date.max) > day else None
    complete = now is not None and now.is_billable
    if role == CodeRef.Role.INVALID:
        return CodeRef.State.CHANGED if complete else CodeRef.State.OK
    if now is None:
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
