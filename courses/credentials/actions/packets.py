"""Audit packets: asked for, made once in the background, kept for a week."""

import logging
import secrets
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from hashlib import sha256
from io import SEEK_END
from tempfile import TemporaryFile
from typing import Any, Final

from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from courses.catalog.models import Body
from courses.credentials.actions.refusals import Refused
from courses.credentials.models import Packet
from courses.credentials.models.storage import evidence_storage
from courses.credentials.packet import chunks_of, write_packet
from courses.credentials.queries.papers import papers_of
from courses.jobs.actions import enqueue_job
from courses.jobs.kinds import JobRefused, Report

logger = logging.getLogger(__name__)

PACKET_KIND: Final = "credentials.audit_packet"
#: How long a packet is kept, and how many of a person.
KEPT = timedelta(days=7)
NEWEST = 5
_FOLDER = "packets"
#: A file that no row names belongs to work that was killed, once it is older than any work lasts.
_ORPHAN = timedelta(days=1)


class DaysInWrongOrder(Refused):
    """The last day lies before the first."""

    field = "last_on"


class PacketDamaged(Exception):
    """The stored packet is away, or is not what was made."""


@transaction.atomic
def ask_packet(*, user: User, body: Body, first_on: date, last_on: date, at: datetime) -> Packet:
    """Ask for the packet of these days, both included; the one that is being made is returned when it is.

    Of a person the newest five are kept: what is older goes with its file.
    """
    if last_on < first_on:
        raise DaysInWrongOrder(_("The last day lies before the first."))
    User.objects.select_for_update().get(pk=user.pk)  # two requests at once ask for one
    mine = Packet.objects.owned_by(user).select_related("job")
    for waiting in mine.filter(body=body, first_on=first_on, last_on=last_on, made_at=None):
        if waiting.job is not None and waiting.job.is_open:
            return waiting
    packet = Packet.objects.create(user=user, body=body, first_on=first_on, last_on=last_on, asked_at=at)
    packet.job = enqueue_job(kind=PACKET_KIND, subject=str(packet.pk), by=user, at=at)
    packet.save(update_fields=["job"])
    for old in list(mine.exclude(pk=packet.pk)[NEWEST - 1 :]):
        old.delete()  # the receiver takes the file away
    return packet


def make_packet(*, packet: Packet, at: datetime, report: Report) -> int:
    """Make the ZIP and keep it; returns how many files of evidence are in it, 0 when it was made before.

    Harmless when repeated or done twice at once: one is kept. Nothing is written once ``report`` says that
    the lease is lost. The file is written outside any transaction.
    """
    if packet.made_at is not None:
        return 0
    papers = papers_of(packet)

    steps = 1

    def step(done: int, total: int) -> None:
        nonlocal steps
        steps = total
        report(done, total, _("Putting the files together."))

    with TemporaryFile() as made:
        count = write_packet(papers, made, evidence_storage(), step)
        size = made.seek(0, SEEK_END)
        made.seek(0)
        digest = _sha256(made)
        made.seek(0)
        report(steps, steps, _("Keeping the packet."))
        path = evidence_storage().save(f"{_FOLDER}/{packet.pk}-{secrets.token_hex(16)}.zip", File(made))
    kept = Packet.objects.filter(pk=packet.pk, made_at=None).update(
        path=path, size=size, sha256=digest, made_at=at, expires_at=at + KEPT
    )
    if not kept:  # another was quicker, or it is wanted no more
        evidence_storage().delete(path)
        if not Packet.objects.filter(pk=packet.pk).exists():
            raise JobRefused(_("This packet is not wanted any more."))
    return count


def _sha256(stream: Any) -> str:
    found = sha256()
    for chunk in chunks_of(stream):
        found.update(chunk)
    return found.hexdigest()


def read_packet(packet: Packet) -> Iterator[bytes]:
    """The ZIP a little at a time, after its hash was checked. Raises ``PacketDamaged`` at once.

    The file is open only while it is read, so that a request that ends before leaves nothing behind.
    """
    storage = evidence_storage()
    try:
        with storage.open(packet.path) as stored:
            found = _sha256(stored)
    except FileNotFoundError as away:
        raise PacketDamaged(str(packet.pk)) from away
    if found != packet.sha256:
        raise PacketDamaged(str(packet.pk))

    def read() -> Iterator[bytes]:
        with storage.open(packet.path) as stored:
            yield from chunks_of(stored)

    return read()


def packet_words(count: int) -> str:
    """What the job's page says at the end."""
    return ngettext(
        "The packet is ready, with %(n)d file of evidence.",
        "The packet is ready, with %(n)d files of evidence.",
        count,
    ) % {"n": count}


def sweep_packets(*, at: datetime) -> int:
    """Take away the files of packets whose week is over, and files that no packet names; returns how many."""
    storage, gone = evidence_storage(), 0
    for packet in Packet.objects.filter(expires_at__lte=at).exclude(path="").iterator():
        storage.delete(packet.path)
        Packet.objects.filter(pk=packet.pk, path=packet.path).update(path="")
        gone += 1
    try:
        _folders, names = storage.listdir(_FOLDER)
    except (FileNotFoundError, NotImplementedError):  # none was made yet, or the storage lists nothing
        return gone
    known = set(Packet.objects.exclude(path="").values_list("path", flat=True))
    for path in (f"{_FOLDER}/{name}" for name in names):
        if path not in known and storage.get_modified_time(path) < at - _ORPHAN:
            storage.delete(path)
            gone += 1
    return gone


def drop_file(packet: Packet) -> None:
    """Take the file away when the deletion of its row is certain."""
    if path := packet.path:
        transaction.on_commit(lambda: evidence_storage().delete(path))
