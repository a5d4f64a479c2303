"""Official files that people give to be loaded: kept as bytes until the job has ended, and never served."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from django.core.files import File
from django.db import transaction

from accounts.models import User
from courses.codesets.actions.loading import Source
from courses.codesets.models import CodeFile, Release
from courses.codesets.official import FORMATS
from courses.jobs.actions import enqueue_job
from courses.jobs.models import Job
from portal.lib.uploads import MAX_BYTES

FILE_KIND: Final = "codesets.load_file"
#: A job ends in minutes; bytes that are older belong to one that a dying machine took along.
_FORGOTTEN: Final = timedelta(days=1)


def loaded_from(file: "File[bytes]", *, format: str) -> Release | None:
    """The release that was loaded from the very same file, if there is one."""
    form = FORMATS[format]
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return Release.objects.of_book(form.system, form.book).filter(sha256=digest.hexdigest()).first()


def give_file(
    *, file: "File[bytes]", name: str, format: str, label: str, effective_from: date, by: User, at: datetime
) -> Job:
    """Keep a file and ask for the job that loads it; bytes that a dead job left behind are dropped."""
    file.seek(0)
    content = file.read(MAX_BYTES)
    with transaction.atomic():
        drop_bytes(CodeFile.objects.filter(given_at__lt=at - _FORGOTTEN).values_list("pk", flat=True))
        kept = CodeFile.objects.create(
            format=format,
            name=name[:200],
            label=label,
            effective_from=effective_from,
            content=content,
            given_at=at,
            given_by=by,
        )
        return enqueue_job(kind=FILE_KIND, subject=str(kept.pk), by=by, at=at)


def drop_bytes(pks: Iterable[int]) -> None:
    """Forget what the files hold; that somebody gave them is kept."""
    CodeFile.objects.filter(pk__in=pks).exclude(content=b"").update(content=b"")


@contextmanager
def unpacked(kept: CodeFile) -> Iterator[Source]:
    """A file that was given, as a source: on disk under a name that a refusal can say, gone at the end."""
    with TemporaryDirectory(prefix="crosswalk-") as folder:
        path = Path(folder) / "the file"
        path.write_bytes(kept.content)
        yield Source(kept.format, path, kept.name, kept.label, kept.effective_from)
