"""What stands in a person's inbox and what went to them, and how many they did not read."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db.models import Exists, Func, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from courses.reminders import kinds
from courses.reminders.kinds import Kind
from courses.reminders.models import Reason, Reminder, ReminderQuerySet
from courses.reminders.rendering import fill_line, fill_subject


def unread_of_person() -> Combinable:
    """The number of unread ones of a person, as a part of the statement that reads the person."""
    mine = Reminder.objects.filter(user=OuterRef("pk")).unread().order_by()
    # not Count: that would group, and say nothing instead of 0
    number = Func("pk", function="COUNT", output_field=IntegerField())
    return Subquery(mine.annotate(number=number).values("number"))


# --- the inbox -------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Note:
    """One reminder as it stands in the inbox."""

    reminder: Reminder
    subject: str
    summary: str
    #: Where its task is; empty where it names none.
    url: str

    @property
    def kind(self) -> str:
        """The kind in words; its key where nobody knows it any more."""
        return str(self._kind.label) if self._kind else self.reminder.kind

    @property
    def deadline(self) -> date | None:
        """The day that it counts down to; news counts down to nothing."""
        return None if self._kind and self._kind.is_news else self.reminder.due_on

    @property
    def _kind(self) -> Kind | None:
        try:
            return kinds.get(self.reminder.kind)
        except kinds.UnknownKind:
            return None

    @property
    def title(self) -> str:
        return self.subject or self.kind

    @property
    def is_unread(self) -> bool:
        return self.reminder.read_at is None


def note_of(reminder: Reminder) -> Note:
    """What a reminder said in one line and one sentence; it carries its template's revision."""
    revision, said = reminder.template_revision, reminder.said or {}
    if revision is None:
        return Note(reminder, "", "", "")
    return Note(
        reminder,
        fill_subject(revision.subject_source, said),
        fill_line(revision.summary_source, said),
        own_path(said.get("url", "")),
    )


def inbox_of(user: User, *, only_unread: bool = False) -> ReminderQuerySet:
    """What stands in the person's inbox, the newest first, with what ``note_of`` needs."""
    mine = Reminder.objects.owned_by(user)
    return (mine.unread() if only_unread else mine.in_inbox()).select_related("template_revision")


def own_path(url: str) -> str:
    """The address as a path of this site where it is one, else an https address, else nothing."""
    if url.startswith(f"{settings.SITE_URL}/"):
        return url.removeprefix(settings.SITE_URL)
    return url if url.startswith("https://") else ""


# --- what went, and what did not -------------------------------------------------------------------------
#: Reasons whose own words speak about the person to others.
TO_THE_PERSON = {
    Reason.INACTIVE: _("your account was suspended"),
    Reason.UNVERIFIED: _("your e-mail address was not verified"),
    Reason.SUPPRESSED: _("your e-mail address did not take mail"),
    Reason.OFF: _("you turned it off"),
    Reason.STAFF: _("our staff took it back"),
    Reason.QUIET: _("outside your hours: goes when they begin"),
    Reason.PAUSED: _("you paused: goes when the pause ends"),
    Reason.CAP: _("enough mails for a day: goes with the next"),
    Reason.NO_TEMPLATE: _("its text is being written"),
}


@dataclass(frozen=True)
class Entry:
    """One mail or one line of the inbox in a person's history, or one that did not go."""

    reminder: Reminder
    #: What it told: one thing, or all of a mail with several.
    notes: Sequence[Note]

    @property
    def at(self) -> datetime:
        return self.reminder.sent_at or self.reminder.not_before

    @property
    def why(self) -> str:
        """Why it did not go or why it waits, said to the person."""
        reason = Reason(self.reminder.reason)
        return str(TO_THE_PERSON.get(reason, reason.label))

    @property
    def lead(self) -> Note:
        return self.notes[0]

    @property
    def can_be_opened(self) -> bool:
        return self.reminder.state == Reminder.State.SENT and was_kept(n.reminder for n in self.notes)


def was_kept(reminders: Iterable[Reminder]) -> bool:
    """Whether what these said can be shown again; the oldest ones were sent before that was kept."""
    return all(one.template_revision_id is not None and one.said is not None for one in reminders)


def history_of(
    user: User, *, states: Sequence[str], kind: str = "", channel: str = ""
) -> QuerySet[Reminder, Reminder]:
    """The person's reminders in these states, the newest first; of those that went as one mail only one."""
    rows = Reminder.objects.owned_by(user).filter(state__in=states)
    if kind:
        rows = rows.filter(kind=kind)
    if channel:
        rows = rows.filter(channel=channel)
    # the same choice inside: of a mail with several things, the one that was asked for stands for it
    before = rows.filter(message_id=OuterRef("message_id"), pk__lt=OuterRef("pk")).exclude(message_id="")
    newest = rows.exclude(Exists(before)).select_related("template_revision")
    return newest.order_by(Coalesce("sent_at", "not_before").desc(), "-pk")


def entries_of(reminders: Sequence[Reminder]) -> list[Entry]:
    """The rows of a page of the history with all that their mails told, in one query."""
    parts: dict[str, list[Reminder]] = {}
    for one in parts_of_mails({one.message_id for one in reminders} - {""}):
        parts.setdefault(one.message_id, []).append(one)
    return [Entry(one, [note_of(part) for part in parts.get(one.message_id, [one])]) for one in reminders]


def parts_of_mails(message_ids: Collection[str]) -> ReminderQuerySet:
    """All reminders that went as these mails, in the order in which the mails tell them."""
    if not message_ids:
        return Reminder.objects.none()
    rows = Reminder.objects.exclude(message_id="").filter(message_id__in=message_ids)
    return rows.select_related("template_revision", "user").order_by("urgency", "not_before", "pk")
