"""What stands in an audit packet: its opening page, cover sheets, ledger, evidence, manifest and sums."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from tempfile import TemporaryFile
from typing import IO, Any

from django.core.files.storage import Storage
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from courses.credentials import sealing
from courses.credentials.models import CredentialHeld, Evidence, StoredFile
from courses.credentials.packing import SUMS, Packed, Packer, evidence_name
from courses.credentials.queries.papers import Line, Papers, Total, check_url, number
from courses.credentials.transcript import transcript_csv, transcript_pdf
from portal.lib.pdf import blocks_of, typeset

_CHUNK = 256 * 1024
_SUFFIX = {StoredFile.Kind.PDF: "pdf", StoredFile.Kind.PNG: "png", StoredFile.Kind.JPEG: "jpg"}

#: Says that so many of so many files are done, and stops the work by raising.
Step = Callable[[int, int], None]


@dataclass(frozen=True)
class FileInPacket:
    """A file of evidence: where it lies in the packet, or why it is not there."""

    line: Line
    evidence: Evidence
    packed: Packed | None = None
    #: Why the portal could not put it in, though it was not removed.
    lost: str = ""

    @property
    def why_absent(self) -> str:
        """Why it is not in the packet: lost, or of an activity that is claimed no more."""
        return self.lost or ("" if self.packed else _("the activity was withdrawn"))


@dataclass(frozen=True)
class Sheet:
    """The cover sheet of a credential."""

    held: CredentialHeld
    total: Total
    packed: Packed


def write_packet(papers: Papers, into: IO[bytes], storage: Storage, step: Step) -> int:
    """Write the ZIP of ``papers`` to ``into``, file by file, and return how many files of evidence it holds.

    The same papers give the same bytes. A file that is away, or is no longer what was given, is left out and
    named in the packet; it does not stop the rest.
    """
    with Packer(into, at=papers.packet.asked_at) as packer:
        files = _write(papers, packer, storage, step)
    return sum(one.packed is not None for one in files)


def _write(papers: Papers, packer: Packer, storage: Storage, step: Step) -> list[FileInPacket]:
    wanted = [(line, one) for line in papers.transcript.standing_lines for one in line.files]
    covers = [(total, held) for total in papers.transcript.totals for held in total.of.credentials]
    steps = len(wanted) + len(covers) + 2
    files = [
        FileInPacket(line, one) for line in papers.transcript.lines if line.withdrawal for one in line.files
    ]
    for place, (line, evidence) in enumerate(wanted, 1):
        step(place - 1, steps)
        files.append(_pack_evidence(packer, storage, place, line, evidence))
    sheets: list[Sheet] = []
    for place, (total, held) in enumerate(covers, len(wanted)):
        step(place, steps)
        name = f"cover-sheets/{held.certification.key}-{total.cycle.starts_on:%Y-%m-%d}.pdf"
        packed = packer.add(name, _cover_pdf(papers, held, total), is_compressed=True)
        sheets.append(Sheet(held, total, packed))
    step(steps - 2, steps)
    packer.add("ledger.csv", transcript_csv(papers.transcript))
    title = _("Ledger of continuing education for %(body)s") % {"body": papers.packet.body.short}
    packer.add("ledger.pdf", transcript_pdf(papers.transcript, title=title), is_compressed=True)
    packer.add("packet.css", render_to_string("credentials/papers/packet.css").encode())
    packer.add("manifest.json", _manifest(papers, files, packer.packed))
    step(steps - 1, steps)
    packer.add("index.html", _index(papers, files, sheets))
    return files


def _pack_evidence(
    packer: Packer, storage: Storage, place: int, line: Line, evidence: Evidence
) -> FileInPacket:
    """One file, copied once from the storage: only what still has the hash of the ledger goes in."""
    suffix = _SUFFIX[StoredFile.Kind(evidence.kind)]
    name = evidence_name(place, line.credit.completed_on, line.credit.detail.title, suffix)
    try:
        with _checked_copy(storage, evidence) as copy:
            if copy is None:
                lost = _("the stored file is no longer what was given; it was left out")
                return FileInPacket(line, evidence, lost=lost)
            return FileInPacket(line, evidence, packer.add(name, chunks_of(copy), is_compressed=True))
    except FileNotFoundError:
        return FileInPacket(line, evidence, lost=_("the stored file could not be found"))


@contextmanager
def _checked_copy(storage: Storage, evidence: Evidence) -> Iterator[IO[bytes] | None]:
    """A local copy to read from its beginning; nothing when its hash is not that of the ledger."""
    with TemporaryFile() as copy:
        found = sha256()
        with storage.open(evidence.path) as stored:
            for chunk in chunks_of(stored):
                found.update(chunk)
                copy.write(chunk)
        copy.seek(0)
        yield copy if found.hexdigest() == evidence.sha256 else None


def chunks_of(stream: Any) -> Iterator[bytes]:
    """What a stream holds, a little at a time."""
    while chunk := stream.read(_CHUNK):
        yield chunk


def _language() -> str:
    return (get_language() or "en").split("-")[0]


def _cover_pdf(papers: Papers, held: CredentialHeld, total: Total) -> bytes:
    title = _("Continuing education for %(credential)s") % {"credential": held.certification.abbreviation}
    context = {"papers": papers, "of": papers.transcript, "held": held, "total": total, "title": title}
    return typeset(
        blocks_of(render_to_string("credentials/papers/cover.html", context)),
        title=title,
        language=_language(),
        footer=_("Crosswalk · %(name)s · cover sheet") % {"name": papers.transcript.name},
        at=papers.packet.asked_at,
    )


def _index(papers: Papers, files: Iterable[FileInPacket], sheets: Iterable[Sheet]) -> bytes:
    by_line: dict[int, list[FileInPacket]] = {}
    files = list(files)
    for one in files:
        by_line.setdefault(one.line.number, []).append(one)
    context = {
        "papers": papers,
        "of": papers.transcript,
        "checked": papers.checked,
        "sheets": list(sheets),
        "lines": [(line, by_line.get(line.number, [])) for line in papers.transcript.lines],
        "lost": [one for one in files if one.lost],
        "language": _language(),
        "sums": SUMS,
    }
    return render_to_string("credentials/papers/index.html", context).encode()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _manifest(papers: Papers, files: Iterable[FileInPacket], packed: Iterable[Packed]) -> bytes:
    """Everything that the pages say, for a program: activities, files with hashes, links of the chain."""
    of, packet = papers.transcript, papers.packet
    by_line: dict[int, list[dict[str, Any]]] = {}
    for one in files:
        by_line.setdefault(one.line.number, []).append(
            {
                "name": one.packed.name if one.packed else None,
                "sha256": one.evidence.sha256,
                "original_sha256": one.evidence.original_sha256,
                "bytes": one.evidence.size,
                "missing": one.why_absent or None,
            }
        )
    said = {
        "format": "crosswalk-audit-packet",
        "version": 1,
        "person": of.name,
        "body": {"key": packet.body.key, "name": packet.body.name},
        "first_on": of.first_on.isoformat(),
        "last_on": of.last_on.isoformat(),
        "asked_at": _moment(packet.asked_at),
        "cycles": [
            {
                "first_on": total.cycle.starts_on.isoformat(),
                "last_on": total.cycle.due_on.isoformat(),
                "credentials": [held.certification.abbreviation for held in total.of.credentials],
                "asked_for": None if (asked := total.of.standing.required) is None else number(asked),
                "ceus": number(total.ceus),
                "parts": [
                    {"title": title, "ceus": number(ceus), "asked_for": number(required)}
                    for title, ceus, required in total.parts
                ],
            }
            for total in of.totals
        ],
        "activities": [_activity(line, by_line.get(line.number, [])) for line in of.lines],
        "not_complete": [
            {"activity": one.row.title, "lacks": [str(gap) for gap in one.gaps]}
            for one in papers.checked.result.findings
        ],
        "chain": {
            "ledger": str(of.ledger.key) if of.ledger else None,
            "length": of.ledger.length if of.ledger else 0,
            "head": of.ledger.head if of.ledger else "",
            "links": [
                {
                    "number": link.number,
                    "what": link.what,
                    "row": link.row,
                    "digest": link.digest,
                    "previous": link.previous,
                    "at": sealing.moment(link.linked_at),
                    "hash": link.hash,
                }
                for link in papers.links
            ],
        },
        "files": [{"name": one.name, "bytes": one.size, "sha256": one.sha256} for one in packed],
    }
    return json.dumps(said, indent=1, ensure_ascii=False).encode()


def _activity(line: Line, files: list[dict[str, Any]]) -> dict[str, Any]:
    credit, detail = line.credit, line.credit.detail
    return {
        "number": line.number,
        "title": detail.title,
        "provider": detail.provider,
        "index_numbers": line.index_numbers,
        "completed_on": credit.completed_on.isoformat(),
        "minutes": credit.minutes,
        "ceus": number(credit.ceus),
        "counts": [
            {
                "body": one.body.key,
                "ceus": number(one.ceus),
                "parts": {title: number(ceus) for title, ceus in one.parts},
                "why_not": str(one.why_not) if one.why_not else None,
            }
            for one in line.counted
        ],
        "withdrawn": line.withdrawal.detail.reason if line.withdrawal else None,
        "certificate": check_url(line.certificate) or line.certificate.check_id if line.certificate else None,
        "link": line.link.number if line.link else None,
        "evidence": files,
        "evidence_removed": [
            {
                "sha256": one.sha256,
                "removed_at": _moment(one.removal.removed_at),
                "reason": one.removal.reason,
            }
            for one in line.removed
        ],
    }
