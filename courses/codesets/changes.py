"""The difference report of a release: what it changed against the release before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db.models import Count, QuerySet
from django.urls import reverse

from courses.codesets.models import CodeChange, CodeNote, Release
from courses.codesets.wording import Part, revised

Kind = CodeChange.Kind


@dataclass(frozen=True)
class Tally:
    """How many changes of a kind there are, codes and headings apart."""

    kind: str
    label: str
    codes: int
    headings: int


@dataclass(frozen=True)
class Line:
    """A change as a page shows it. Of what may not be read only code and kind are known."""

    change: CodeChange
    title: tuple[Part, ...]
    notes: tuple[Part, ...]
    #: The code in the book where it is, or was, printed.
    url: str
    day: date


@dataclass(frozen=True)
class Report:
    """All changes of a release against ``before``, counted."""

    release: Release
    before: Release | None
    tallies: tuple[Tally, ...] = field(default=())

    @property
    def codes(self) -> dict[str, int]:
        return {tally.kind: tally.codes for tally in self.tallies}

    @property
    def deleted(self) -> int:
        """Codes that can no longer be reported, as an addenda file counts them: gone, or now a header."""
        return self.codes.get(Kind.GONE, 0) + self.codes.get(Kind.HEADER, 0)

    @property
    def added(self) -> int:
        """Codes that can be reported from now on: new ones, and headers that became codes."""
        return self.codes.get(Kind.ADDED, 0) + self.codes.get(Kind.BILLABLE, 0)


def report_of(release: Release) -> Report:
    """The report's counts. Two queries."""
    book = Release.objects.of_book(release.system, release.book)
    before = book.filter(effective_from__lt=release.effective_from).order_by("-effective_from").first()
    found = dict.fromkeys(((kind, heading) for kind in Kind.values for heading in (False, True)), 0)
    rows = release.changes.order_by().values_list("kind", "is_heading").annotate(n=Count("pk"))
    found |= {(kind, heading): n for kind, heading, n in rows}
    tallies = (Tally(k.value, str(k.label), found[k.value, False], found[k.value, True]) for k in Kind)
    return Report(release, before, tuple(tally for tally in tallies if tally.codes or tally.headings))


def lines_of(report: Report, changes: Sequence[CodeChange], *, with_words: bool) -> list[Line]:
    """The changes of a page with what became of their words. One query, for notes that changed."""
    release, before = report.release, report.before
    noted = [change.code for change in changes if change.kind == Kind.NOTES] if with_words else []
    notes = _notes(release, before, noted) if noted and before else {}
    last_day_before = release.covers_from - timedelta(days=1)
    lines = []
    for change in changes:
        title = revised(change.before, change.after) if change.kind == Kind.REVISED else _plain(change)
        address = reverse("codesets:code", args=[release.system, change.code])
        day = last_day_before if change.kind == Kind.GONE else release.covers_from
        lines.append(Line(change, title if with_words else (), notes.get(change.code, ()), address, day))
    return lines


def _plain(change: CodeChange) -> tuple[Part, ...]:
    text = change.after or change.before
    return (Part("same", text),) if text else ()


def _notes(release: Release, before: Release, codes: Iterable[str]) -> dict[str, tuple[Part, ...]]:
    """The lines of notes that went and came, code by code."""
    texts: dict[tuple[int, str], dict[str, None]] = {}
    rows = CodeNote.objects.filter(code__release__in=(release, before), code__code__in=codes)
    rows = rows.exclude(code__kind="block").order_by("position").select_related("code")
    for note in rows:
        line = f"{note.get_kind_display()}: {note.text}"
        texts.setdefault((note.code.release_id, note.code.code), {})[line] = None
    found = {}
    for code in codes:
        old, new = texts.get((before.pk, code), {}), texts.get((release.pk, code), {})
        found[code] = (
            *(Part("gone", line) for line in old if line not in new),
            *(Part("new", line) for line in new if line not in old),
        )
    return found


@dataclass(frozen=True)
class Asked:
    """Which changes to show; None for ``headings`` brings codes and headings together."""

    kind: str = ""
    begins: str = ""
    headings: bool | None = None


def chosen(report: Report, asked: Asked) -> QuerySet[CodeChange]:
    """The changes that a filter leaves, in the order of the codes."""
    changes = report.release.changes.all()
    if asked.headings is not None:
        changes = changes.filter(is_heading=asked.headings)
    if asked.kind:
        changes = changes.filter(kind=asked.kind)
    return changes.filter(code__startswith=asked.begins) if asked.begins else changes
