"""The kinds of reminders. A kind is one small object; a new one touches one file.

Kinds about lower rooms live here, a higher room registers its own in its ``AppConfig.ready``.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

from django.db.models import Model, QuerySet, TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from courses.reminders.models import Reason, Reminder

M = TypeVar("M", bound=Model)

#: Rows read at once: memory stays flat, and no cursor stays open while rows are written.
BATCH = 500
#: A step so close to its deadline is urgent: it goes alone if it must, and the daily limit does not hold it.
URGENT_STEP = 2


class Group(TextChoices):
    """Under which heading a person finds a kind."""

    CREDENTIALS = "credentials", _("Credentials and continuing education")
    STUDY = "study", _("Study and exams")
    CODES = "codes", _("Codes")
    WORK = "work", _("Editing and review")
    DIGEST = "digest", _("Overview")


class Candidate(NamedTuple):
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


class Kind(ABC):
    """What a kind of reminder knows. ``key`` is stored and never changes.

    Planning asks ``candidates`` of everybody and only looks at dates; what costs, such as how a cycle stands,
    is read at the moment of sending, for a whole batch at once, by ``read``.
    """

    key: ClassVar[str]
    label: ClassVar[str | Promise]
    #: When it reminds, in words for the person.
    rhythm: ClassVar[str | Promise]
    group: ClassVar[Group]
    #: Days before the deadline.
    steps: ClassVar[tuple[int, ...]] = (0,)
    #: It tells of something that happened and not of a deadline: the daily limit does not hold it back.
    is_news: ClassVar[bool] = False
    #: The channels that it uses unless the person says otherwise.
    on_by_default: ClassVar[tuple[str, ...]] = ("email", "inbox")

    def urgency(self, step: int) -> int:
        """The ``Urgency`` of a step."""
        from courses.reminders.models import Urgency

        if self.is_news:
            return Urgency.NEWS
        return Urgency.URGENT if step <= URGENT_STEP else Urgency.ORDINARY

    @abstractmethod
    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        """What should go until ``until``, streamed; of steps already past only the nearest."""

    @abstractmethod
    def deadlines(self, subjects: Collection[str]) -> Mapping[str, date]:
        """The present deadline of each subject; what has none any more is left out."""

    @abstractmethod
    def read(self, reminders: "Sequence[Reminder]", *, at: datetime) -> Mapping[int, Any]:
        """What the reminders are about, by their primary key, in a constant number of queries.

        What is not there any more is left out. The reminders carry their ``user``.
        """

    @abstractmethod
    def still_true(self, reminder: "Reminder", fact: Any, *, at: datetime) -> "Reason | None":
        """Why the reminder must not go now, or None; ``fact`` is what ``read`` found."""

    @abstractmethod
    def context(self, reminder: "Reminder", fact: Any, *, at: datetime) -> dict[str, str]:
        """What the template's placeholders say: texts, ready to be shown, some of them empty.

        ``url`` is the address of the very task and ``why`` the sentence that says why the person gets this.
        """

    @abstractmethod
    def sample_context(self) -> dict[str, str]:
        """Values like those of ``context``: a template may name these and no others."""


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
