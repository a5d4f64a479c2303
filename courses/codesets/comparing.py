"""What changed from one release to the next, as rows of a report."""

import hashlib
from dataclasses import dataclass
from typing import Final
from unicodedata import combining, normalize

from django.db import transaction

from courses.codesets.models import Code, CodeChange, CodeNote, Release

_BATCH: Final = 2_000
Kind = CodeChange.Kind


@dataclass(frozen=True)
class Printed:
    """What a release prints of a code, as far as releases are compared by it."""

    title: str
    is_billable: bool
    #: Digest of its notes, None where the file of the release carries no notes at all.
    notes: str | None


@dataclass(frozen=True)
class Difference:
    kind: str
    code: str
    is_heading: bool
    before: str = ""
    after: str = ""


def differences(old: dict[str, Printed], new: dict[str, Printed]) -> list[Difference]:
    """Every code that came, went or changed, in the order of the codes. Pure.

    A code that stays and becomes a header is ``HEADER`` and not gone; its title may be revised as well.
    Capitals and accents revise nothing: the order file of ICD-10-CM has none, its tabular list has.
    """
    found = []
    for code in sorted(old.keys() | new.keys()):
        was, now = old.get(code), new.get(code)
        if was is None or now is None:
            kind, is_heading = (Kind.ADDED, not now.is_billable) if now else (Kind.GONE, not was.is_billable)  # type: ignore[union-attr]  # one of them is there
            texts = (was.title if was else "", now.title if now else "")
            found.append(Difference(kind, code, is_heading, *texts))
            continue
        if was.is_billable != now.is_billable:
            kind = Kind.HEADER if was.is_billable else Kind.BILLABLE
            found.append(Difference(kind, code, False, was.title, now.title))
        if was.title != now.title and _folded(was.title) != _folded(now.title):
            found.append(Difference(Kind.REVISED, code, not now.is_billable, was.title, now.title))
        if was.notes is not None and now.notes is not None and was.notes != now.notes:
            found.append(Difference(Kind.NOTES, code, not now.is_billable))
    return found


def _folded(title: str) -> str:
    letters = (char for char in normalize("NFKD", title) if not combining(char))
    return " ".join("".join(letters).casefold().split())


def compare_releases(release: Release) -> None:
    """Write the differences of ``release`` to its neighbours; repeated, it writes the same again."""
    before, after = release.neighbours()
    if before is not None:
        _write(release, differences(printed(before), printed(release)))
    if after is not None:
        _write(after, differences(printed(release), printed(after)))


def printed(release: Release) -> dict[str, Printed]:
    """The codes of a release by name. Chapters and blocks are left out: nobody reports them.

    A row that had ended by the first day of the release counts as gone: HCPCS goes on printing those.
    """
    notes: dict[int, hashlib._Hash] = {}
    lines = CodeNote.objects.filter(code__release=release).order_by("code_id", "position")
    for code, kind, text in lines.values_list("code_id", "kind", "text").iterator():
        notes.setdefault(code, hashlib.sha256()).update(f"{kind}\x1f{text}\x1e".encode())
    empty = "" if notes else None
    rows = Code.objects.filter(release=release, kind__in=Code.REPORTED).exclude(
        ends_on__lte=release.effective_from
    )
    return {
        code: Printed(title, is_billable, notes[pk].hexdigest() if pk in notes else empty)
        for pk, code, title, is_billable in rows.values_list("pk", "code", "title", "is_billable").iterator()
    }


@transaction.atomic
def _write(release: Release, found: list[Difference]) -> None:
    CodeChange.objects.filter(release=release).delete()
    CodeChange.objects.bulk_create(
        (
            CodeChange(
                release=release,
                kind=one.kind,
                code=one.code,
                is_heading=one.is_heading,
                before=one.before,
                after=one.after,
            )
            for one in found
        ),
        batch_size=_BATCH,
    )
