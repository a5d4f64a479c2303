"""Loading an official file as a release: read whole, written aside, made visible in one short transaction."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from courses.codesets import writing
from courses.codesets.books import CODE_BOOKS, LISTS, READ_BESIDE, Book
from courses.codesets.comparing import compare_releases
from courses.codesets.editions import fiscal_year, fiscal_year_start
from courses.codesets.errors import LoadRefused
from courses.codesets.formats.opening import open_official
from courses.codesets.indexing import build_search_index, searchable
from courses.codesets.licensing import check_loadable
from courses.codesets.models import Release
from courses.codesets.official import FORMATS, Format, Record
from courses.codesets.records import Members
from courses.codesets.signals import release_loaded
from courses.codesets.systems import System
from courses.jobs.kinds import Report

#: A load that began so long ago is dead, and the next one clears it away. The same file never waits.
DEAD_AFTER: Final = timedelta(minutes=15)
#: Order files say their year in their name only: ``icd10cm-order-2026.txt``, ``…-April-1-2026.txt``.
_YEAR_IN_NAME: Final = re.compile(r"icd10(?:cm|pcs).?order.*?(?<!\d)(20\d\d)(?!\d)", re.IGNORECASE)


@dataclass(frozen=True)
class Source:
    """A file to load and what is known of it."""

    format: str
    path: Path
    name: str
    label: str
    effective_from: date


def package_source() -> Source:
    """The tabular list that comes with the portal: a data file of a package that is never imported."""
    name = "icd10c-tabular-April-1-2026.xml"
    located = distribution("simple-icd-10-cm").locate_file(f"simple_icd_10_cm/data/{name}")
    return Source("icd10cm-tabular", Path(str(located)), name, "FY2026 April", date(2026, 4, 1))


@dataclass(frozen=True)
class Loaded:
    """The release of a file; ``created`` is false when the same file had been loaded before."""

    release: Release
    created: bool


def load_release(
    *,
    source: Source,
    by: User | None,
    at: datetime,
    report: Report = lambda done, total, message: None,
) -> Loaded:
    """Make an official file a release of its book; all of it or nothing, and the same file again is harmless.

    The rows are written aside in many short transactions, so that nobody who answers a question meanwhile
    waits for a lock; a last short one makes the release visible and ends the one before it on its first day.
    An older release than those loaded takes its place among them. Raises ``LoadRefused``, and then nothing
    has changed.
    """
    form = FORMATS[source.format]
    check_loadable(form.system, at.date())
    report(0, None, _("Reading %(file)s") % {"file": source.name})
    digest = _digest(source.path)
    if same := Release.objects.of_book(form.system, form.book).filter(sha256=digest).first():
        if form.book in READ_BESIDE:  # the load before may have been killed before it came to this
            rebuild_search_index(same, at=at, report=report, only_older=True)
        return Loaded(same, created=False)
    with open_official(source.path, wants=form.member) as stream:
        record = form.parse(stream)
        names = (source.name, stream.name)
    _check_year(form, record, source.effective_from, names)
    _check_list(form, record)
    release = _begin(form, source, digest, record, by=by, at=at)
    try:
        writing.write(record, release, report)
        if form.book in CODE_BOOKS:
            report(0, None, _("Comparing with the release before"))
            compare_releases(release)
        if form.book == Book.CODES:
            report(0, None, _("Building the index of the look-up"))
            build_search_index(release, at=at)
        _publish(release, at=at)
    except IntegrityError as error:
        release.delete()
        raise LoadRefused(_("Another load of the same book took over.")) from error
    except BaseException:
        release.delete()  # whatever went wrong: what was loaded before stays as it was
        raise
    if form.book in READ_BESIDE:
        rebuild_search_index(release, at=at, report=report)
    return Loaded(release, created=True)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check_year(form: Format, record: Record, first_day: date, names: Iterable[str]) -> None:
    """Refuse a file of another year than it is loaded for.

    Where it does not say its year, one of ``names`` may: its own, and the one that it has inside its zip.
    """
    year = fiscal_year(first_day)
    told = getattr(record, "version", "")
    if not told:
        told = next((match[1] for name in names if (match := _YEAR_IN_NAME.search(name))), "")
    if form.system in (System.ICD10CM, System.ICD10PCS) and told.isdecimal() and int(told) != year:
        raise LoadRefused(
            _("The file says it is of %(named)s; %(day)s belongs to fiscal year %(year)d.")
            % {"named": told, "day": first_day.isoformat(), "year": year}
        )


def _check_list(form: Format, record: Record) -> None:
    """Refuse a list whose codes are mostly those of another one: many have no heading to tell them apart."""
    if not isinstance(record, Members):
        return
    for other in Release.objects.loaded().filter(system=form.system, book__in=LISTS).exclude(book=form.book):
        known = set(other.listed.values_list("code", flat=True))
        if 2 * len(known.intersection(record.codes)) > len(record.codes):
            raise LoadRefused(
                _("Most of its codes are those of %(release)s: is it that list?") % {"release": other}
            )


def _begin(
    form: Format, source: Source, digest: str, record: Record, *, by: User | None, at: datetime
) -> Release:
    """The release that nobody reads yet. A dead load of the same book is cleared away first."""
    loading = Release.objects.filter(system=form.system, book=form.book, loaded_at=None)
    if loading.filter(begun_at__gt=at - DEAD_AFTER).exclude(sha256=digest).exists():
        raise LoadRefused(_("Another load is running; try again when it has ended."))
    loading.delete()
    placed = Release.objects.of_book(form.system, form.book)
    if (
        placed.filter(effective_from=source.effective_from).exists()
        or placed.filter(label=source.label).exists()
    ):
        raise LoadRefused(
            _("There is a release “%(label)s” or one of the same day already.") % {"label": source.label}
        )
    try:
        return Release.objects.create(
            system=form.system,
            book=form.book,
            label=source.label,
            effective_from=source.effective_from,
            covers_from=source.effective_from,
            source_name=source.name[:200],
            sha256=digest,
            counts=writing.counts(record),
            columns=dict(getattr(record, "columns", {})),
            begun_at=at,
            loaded_by=by,
        )
    except IntegrityError as error:
        raise LoadRefused(_("Another load is running; try again when it has ended.")) from error


@transaction.atomic
def _publish(release: Release, *, at: datetime) -> None:
    """Give the release its place among the others of its book, and say so to the rooms above."""
    if Release.objects.select_for_update().filter(pk=release.pk).first() is None:
        raise LoadRefused(_("Another load of the same book took over."))
    before, after = release.neighbours()
    release.covers_from = _covers_from(release, before)
    if before is not None:
        before.effective_until = release.covers_from
        before.save(update_fields=["effective_until"])
    if after is not None:
        release.effective_until = after.covers_from = _covers_from(after, release)
        after.save(update_fields=["covers_from"])
    release.loaded_at = at
    release.save(update_fields=["covers_from", "effective_until", "loaded_at"])
    if release.book in CODE_BOOKS:
        release_loaded.send(sender=Release, release=release)


def _covers_from(release: Release, before: Release | None) -> date:
    """The first day that a release answers for.

    The first of a fiscal year answers from the start of that year: an April update is a full list and differs
    from October's by a few codes, while last year's does by hundreds. Load October's too and each answers for
    its own days.
    """
    start = fiscal_year_start(release.effective_from)
    return start if before is None or before.effective_from < start else release.effective_from


def rebuild_search_index(
    release: Release,
    *,
    at: datetime,
    report: Report = lambda done, total, message: None,
    only_older: bool = False,
) -> None:
    """Build the look-up's indexes anew for every code list that shares a day with ``release``.

    With ``only_older`` those that were built before it was loaded, and so know nothing of it.
    """
    books = Release.objects.sharing_days_with(release).filter(book=Book.CODES)
    if only_older:
        books = books.exclude(search_index__built_at__gte=release.loaded_at)
    for codes in books:
        report(0, None, _("Building the index of the look-up for %(label)s") % {"label": codes.label})
        build_search_index(codes, at=at)


def build_missing_indexes(
    *, at: datetime, report: Report = lambda done, total, message: None, anew: bool = False
) -> int:
    """Build the look-up's index of every code list that has none that can be read, or of all; how many."""
    codes = Release.objects.loaded().filter(book=Book.CODES)
    wanted = codes if anew else codes.exclude(pk__in=searchable(codes))
    for release in wanted:
        report(0, None, _("Building the index of the look-up for %(label)s") % {"label": release})
        build_search_index(release, at=at)
    return len(wanted)
