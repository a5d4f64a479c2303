"""The look-up's index of a release: built from its rows, kept in the database, mapped from a file.

The database holds the index as one blob, so every host has it; each host keeps a copy in a file that its
processes map, so they share the memory and a new process answers at once.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Collection, Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings

from courses.codesets.books import INDEX_BOOKS, Book
from courses.codesets.engine import Engine, Phrase, build
from courses.codesets.engine.layout import VERSION
from courses.codesets.models import Code, CodeNote, IndexTarget, Release, ReleaseQuerySet, SearchIndex
from courses.codesets.records import Entry, Note

#: Indexes that a process keeps mapped: a release or two of every system.
_KEPT: Final = 16
#: Seconds after which a copy is nobody's work under way.
_OLD: Final = 24 * 3_600


def build_search_index(release: Release, *, at: datetime) -> None:
    """Build the index of a code list from its codes, notes and index terms and store it; harmless twice."""
    content = build(_entries(release), _phrases(release))
    digest = hashlib.sha256(content).hexdigest()
    SearchIndex.objects.update_or_create(
        release=release,
        defaults={"content": content, "sha256": digest, "version": VERSION, "built_at": at},
    )


def searchable(releases: ReleaseQuerySet) -> ReleaseQuerySet:
    """Those of the releases that have an index which this version of the portal can read."""
    return releases.filter(search_index__version=VERSION)


def _beside(release: Release, books: Collection[Book]) -> list[Release]:
    """The newest release of each of the books that shares a day with ``release``."""
    shared = Release.objects.sharing_days_with(release).filter(book__in=books).order_by("covers_from")
    return list({book.book: book for book in shared}.values())


def _entries(release: Release) -> list[Entry]:
    """The codes of the release in the order of the book, as their reader handed them over, and the modifiers
    that come in a book of their own.
    """
    notes: dict[int, list[Note]] = {}
    lines = CodeNote.objects.filter(code__release=release).order_by("code_id", "position")
    for code, kind, text in lines.values_list("code_id", "kind", "text").iterator():
        notes.setdefault(code, []).append(Note(kind, text))
    places: dict[int, int] = {}
    entries: dict[tuple[str, str], Entry] = {}
    for book in (release, *_beside(release, [Book.MODIFIERS])):
        for row in Code.objects.filter(release=book).order_by("position").iterator():
            places[row.pk] = len(entries)
            entry = Entry(
                kind=row.kind,
                code=row.code,
                title=row.title,
                parent=places[row.parent_id] if row.parent_id is not None else None,
                is_billable=row.is_billable,
                notes=tuple(notes.get(row.pk, ())),
                seventh=row.seventh,
                takes_seventh=row.takes_seventh,
            )
            entries.setdefault((row.kind, row.code), entry)  # the code list may hold its modifiers itself
    return list(entries.values())


def _phrases(release: Release) -> Iterator[Phrase]:
    """What the newest indexes that share a day with the release call its codes.

    A cell of a table is called by its line and the heading of its column: aspirin, underdosing.
    """
    books = _beside(release, INDEX_BOOKS)
    targets = IndexTarget.objects.filter(term__release__in=books)
    headings = {
        (book.pk, int(number)): f", {text}" for book in books for number, text in book.columns.items()
    }
    fields = ("term__release_id", "term__path", "term__nonessential", "code", "column")
    rows = targets.order_by("term_id", "column", "pk").values_list(*fields)
    for book, path, nonessential, code, column in rows.iterator():
        yield Phrase(f"{path}{headings.get((book, column), '')}", code, nonessential)


def open_index(release_id: int, digest: str) -> Engine:
    """The index of a release, mapped; it is fetched from the database when this host has no copy yet."""
    return _mapped(Path(settings.VAR) / "search" / f"{digest}.idx", release_id)


@lru_cache(maxsize=_KEPT)
def _mapped(path: Path, release_id: int) -> Engine:
    try:
        return Engine(path)
    except (FileNotFoundError, ValueError):  # not there yet, or damaged: the database's counts
        _copy(release_id, path)
    return Engine(path)


def _copy(release_id: int, path: Path) -> None:
    """Write the blob beside its place and move it there, so that nobody maps half a file."""
    content = SearchIndex.objects.values_list("content", flat=True).get(release=release_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    _sweep(path.parent)


def _sweep(folder: Path) -> None:
    """Remove old copies that the database no longer holds; whoever has one mapped keeps it."""
    held = {f"{digest}.idx" for digest in SearchIndex.objects.values_list("sha256", flat=True)}
    for copy in folder.iterdir():
        if copy.name not in held and copy.stat().st_mtime < time.time() - _OLD:
            copy.unlink(missing_ok=True)
