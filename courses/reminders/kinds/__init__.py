"""The kinds of reminders. A kind is one small object; a new one touches one file.

Kinds about lower rooms live here, a higher room registers its own in its ``AppConfig.ready``.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from django.db.models import Model, QuerySet
from django.utils.functional import Promise

if TYPE_CHECKING:
    from courses.reminders.models import Reason, Reminder

M = TypeVar("M", bound=Model)

#: Rows read at once: memory stays flat, and no cursor stays open while rows are written.
BATCH = 500


@dataclass(frozen=True, slots=True)
class Candidate:
    """A reminder that a kind asks for; the planner turns the date into a moment on the person's clock."""

    subject: str
    user_id: int
    due_on: date
    step: int
    #: The person's local date on which it should go.
    send_on: date
    #: The person's local date from whose start it is pointless.
    expires_on: date | None = None
    #: A moment to go at, where the kind has one of its own instead of the person's hour.
    not_before: datetime | None = None


class Kind(Protocol):
    """What a kind of reminder knows. ``key`` is stored and never changes."""

    @property
    def key(self) -> str: ...

    @property
    def label(self) -> str | Promise: ...

    @property
    def rhythm(self) -> str | Promise:
        """When it reminds, in words for the person."""
        ...

    @property
    def steps(self) -> tuple[int, ...]:
        """Days before the deadline."""
        ...

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        """What should go until ``until``, streamed; of steps already past only the nearest."""
        ...

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        """The present deadline of each subject; what has none any more is left out."""
        ...

    def still_true(self, reminder: "Reminder", *, at: datetime) -> "Reason | None":
        """Why the reminder must not go now, or None."""
        ...

    def context(self, reminder: "Reminder", *, at: datetime) -> dict[str, Any]:
        """Values for the template: texts, numbers and dates, never model objects."""
        ...

    def sample_context(self) -> dict[str, Any]:
        """Values like those of ``context``: a template must render with them to be accepted."""
        ...


class UnknownKind(LookupError):
    """No kind of that key is registered."""


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind known; the last one of a key counts."""
    _kinds[kind.key] = kind


def get(key: str) -> Kind:
    """The kind of that key; raises ``UnknownKind``."""
    try:
        return _kinds[key]
    except KeyError:
        raise UnknownKind(key) from None


def registered() -> tuple[Kind, ...]:
    """All kinds, in the order of their registration."""
    return tuple(_kinds.values())


def in_batches(rows: QuerySet[M], size: int = BATCH) -> Iterator[list[M]]:
    """``rows`` by primary key, ``size`` at a time.

    Not ``iterator()``: on SQLite an open cursor holds an old snapshot, and a write beside it fails with
    "database is locked" as soon as another process has written.
    """
    last: Any = None
    while True:
        page = list((rows if last is None else rows.filter(pk__gt=last)).order_by("pk")[:size])
        if page:
            yield page
        if len(page) < size:
            return
        last = page[-1].pk
