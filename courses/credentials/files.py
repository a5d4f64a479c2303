"""Files that prove something: what is taken, and in which form it is kept. No database and no request here.

A file is judged by what it holds, never by its name. It is looked into by ``inspecting.py`` in a process of
its own: starting one costs 0.1 s and 25 MB, and buys that a file which breaks a library, eats memory or
never comes to an end takes neither a web worker nor its secrets along. One at a time is looked into in each
web process, so that many who come at once wait and do not add up.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

#: The longest file that is taken.
MAX_BYTES: Final = 10 * 1024 * 1024
#: How long one file may be looked into, and how long one may wait for its turn.
SECONDS: Final = 15
PATIENCE: Final = 20
_INSPECTOR: Final = Path(__file__).with_name("inspecting.py")
_turn = threading.BoundedSemaphore(1)


class Reason(StrEnum):
    """Why a file is not taken."""

    LONG = "long"
    EMPTY = "empty"
    KIND = "kind"
    BROKEN = "broken"
    PASSWORD = "password"
    SCRIPT = "script"
    PROGRAM = "program"
    EMBEDDED = "embedded"
    REMOTE = "remote"
    FORM = "form"
    MEDIA = "media"
    LINK = "link"
    OPENING = "opening"
    PAGES = "pages"
    COMPLICATED = "complicated"
    TWO_FILES = "two_files"
    PIXELS = "pixels"
    LONG_AGAIN = "long_again"
    VIRUS = "virus"
    BUSY = "busy"
    UNCHECKED = "unchecked"


_print = _("Print it to a PDF, or take a picture of it, and give that.")
SENTENCES: Final[dict[Reason, Any]] = {
    Reason.LONG: _("The file is longer than 10 MB. Give a smaller copy of it."),
    Reason.EMPTY: _("The file is empty."),
    Reason.KIND: _("This is no PDF, PNG or JPEG file, whatever its name says. Give one of these."),
    Reason.BROKEN: _("The file is damaged or cut off. Save it again, or take a picture of it."),
    Reason.PASSWORD: _("The PDF asks for a password. Save it without one."),
    Reason.SCRIPT: _("The PDF holds a script."),
    Reason.PROGRAM: _("The PDF starts a program."),
    Reason.EMBEDDED: _("The PDF holds other files."),
    Reason.REMOTE: _("The PDF fetches something from another place."),
    Reason.FORM: _("The PDF holds a form that sends or loads something."),
    Reason.MEDIA: _("The PDF holds film, sound or a moving model."),
    Reason.LINK: _("The PDF holds a link that leads to no web page."),
    Reason.OPENING: _("The PDF does something as soon as it is opened."),
    Reason.PAGES: _("The PDF has more than 500 pages. Give the pages that prove the activity."),
    Reason.COMPLICATED: _("The PDF is too complicated to be looked through."),
    Reason.TWO_FILES: _("Behind the PDF there is another file."),
    Reason.PIXELS: _("The picture has more than 25 million pixels. Give a smaller copy of it."),
    Reason.LONG_AGAIN: _("The picture holds more detail than can be kept. Save it as a smaller JPEG."),
    Reason.VIRUS: _("The virus scanner found something in this file. It was not kept."),
    Reason.BUSY: _("Too many files are being checked just now. Try again in a minute."),
    Reason.UNCHECKED: _("Files cannot be checked just now. Try again in a few minutes."),
}
#: Where printing the document anew helps.
_REPRINTED: Final = frozenset(
    {
        *(Reason.SCRIPT, Reason.PROGRAM, Reason.EMBEDDED, Reason.REMOTE, Reason.FORM, Reason.MEDIA),
        *(Reason.LINK, Reason.OPENING, Reason.COMPLICATED, Reason.TWO_FILES),
    }
)
#: Nothing is wrong with the file: the same one may be taken later.
PASSING: Final = frozenset({Reason.BUSY, Reason.UNCHECKED})


class NotAccepted(Exception):
    """A file is not taken; the text says why and what to do."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        said = str(SENTENCES[reason])
        super().__init__(f"{said} {_print}" if reason in _REPRINTED else said)


@dataclass(frozen=True)
class Accepted:
    """A file that may be kept: ``path`` holds the bytes to keep until this goes out of use.

    ``kind`` is ``pdf``, ``png`` or ``jpeg``. A PDF is kept as it came; a picture is one that was made anew
    from the pixels, so its two hashes differ. The same picture makes the same bytes every time.
    """

    kind: str
    path: Path
    size: int
    original_sha256: str
    sha256: str
    _folder: Path = field(repr=False)

    def __post_init__(self) -> None:
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)


def accept(chunks: Iterable[bytes], *, scan: Any = None) -> Accepted:
    """Look into a file that arrives in ``chunks``; raises ``NotAccepted``.

    ``scan`` is called with the path of the file as it came and may raise ``NotAccepted`` too.
    """
    folder = Path(tempfile.mkdtemp(prefix="crosswalk-evidence-"))
    try:
        came, rebuilt = folder / "came", folder / "rebuilt"
        original = _keep(chunks, came)
        if scan is not None:
            scan(came)
        kind = _inspected(came, rebuilt)
        kept = came if kind == "pdf" else rebuilt
        sha256 = original if kept is came else sha256_of(kept)
        return Accepted(kind, kept, kept.stat().st_size, original, sha256, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def sha256_of(path: Path) -> str:
    """The hash of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _keep(chunks: Iterable[bytes], path: Path) -> str:
    """Write the file down while it arrives and stop at the cap; its hash."""
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > MAX_BYTES:
                raise NotAccepted(Reason.LONG)
            digest.update(chunk)
            file.write(chunk)
    if not size:
        raise NotAccepted(Reason.EMPTY)
    return digest.hexdigest()


def _inspected(came: Path, rebuilt: Path) -> str:
    """The kind of the file, said by a process that has neither our environment nor our memory."""
    if not _turn.acquire(timeout=PATIENCE):
        raise NotAccepted(Reason.BUSY)
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_INSPECTOR), str(came), str(rebuilt)],
            env={},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotAccepted(Reason.COMPLICATED) from None
    finally:
        _turn.release()
    try:
        said = json.loads(done.stdout)
    except ValueError:  # it died: by a limit, or by what the file did to a library
        raise NotAccepted(Reason.BROKEN) from None
    if "refused" in said:
        raise NotAccepted(Reason(said["refused"]))
    return str(said["kind"])
