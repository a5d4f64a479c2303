"""What would go to whom, and why not; or, in a demo, plan and deliver as of a moment."""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from courses.reminders import kinds
from courses.reminders.actions import plan
from courses.reminders.delivery import deliver_due
from courses.reminders.models import MailGate, Reason, Reminder, ReminderQuerySet

#: Reminders delivered between two looks at what is left.
ROUND = 1000
NOWHERE = "django.core.mail.backends.dummy.EmailBackend"
#: What the rows carry that were waiting when a dry run began: nothing else says which they were afterwards.
WAITED = datetime(9999, 1, 1, tzinfo=UTC)


class Command(BaseCommand):
    help = "Plan and deliver reminders; with --dry-run print what would go to whom and why not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--at", type=_moment, help="A moment such as 2027-03-01T09:00 (UTC unless it says)."
        )
        parser.add_argument("--dry-run", action="store_true", help="Change nothing and send nothing.")
        parser.add_argument("--user", metavar="EMAIL", help="Only this person.")
        parser.add_argument("--kind", help="With --dry-run: print only this kind.")

    def handle(self, *args: Any, **options: Any) -> None:
        at = options["at"] or timezone.now()
        people = None if options["user"] is None else [_person(options["user"])]
        if options["dry_run"]:
            kind = None if options["kind"] is None else _kind(options["kind"])
            with transaction.atomic():
                self._tell(at, people, kind)
                transaction.set_rollback(True)
            return
        if options["kind"]:
            raise CommandError("--kind chooses what is printed: it needs --dry-run.")
        if options["at"] and not (settings.DEMO or settings.TESTING):
            raise CommandError("--at sends before or after its time: outside a demo it needs --dry-run.")
        planned = plan(at=at, people=people)
        self.stdout.write(f"planned {planned.inserted} moved {planned.moved} cancelled {planned.cancelled}")
        done = deliver_due(at=at, limit=ROUND, people=people)
        self.stdout.write(
            f"sent {done.sent} cancelled {done.cancelled} postponed {done.postponed} "
            f"retried {done.retried} failed {done.failed}"
            + (" (paused: the mail server is away)" if done.is_paused else "")
        )

    def _tell(self, at: datetime, people: Collection[int] | None, kind: str | None) -> None:
        """Do it all, without a mail server, and print what became of the rows; the caller takes it back."""
        planned = plan(at=at, people=people)
        self.stdout.write(f"would plan {planned.inserted}, move {planned.moved}, cancel {planned.cancelled}")
        rows = Reminder.objects.all()
        if people is not None:
            rows = rows.filter(user__in=people)
        rows.waiting().update(created_at=WAITED)
        MailGate.objects.all().delete()  # whether the server is away now says nothing about then
        with _sending_nothing():
            while deliver_due(at=at, limit=ROUND, people=people).claimed:
                pass
        rows = rows.filter(created_at=WAITED)
        if kind is not None:
            rows = rows.filter(kind=kind)
        totals: Counter[str] = Counter()
        for lines, counted in _mails(rows, at):
            self.stdout.write("\n".join(lines))
            totals.update(counted)
        self.stdout.write("total")
        for what, count in sorted(totals.items(), key=lambda item: (-item[1], item[0])):
            self.stdout.write(f"{count:>10}  {what}")
        if not totals:
            self.stdout.write("         0  reminders")


def _mails(rows: ReminderQuerySet, at: datetime) -> Iterator[tuple[list[str], Counter[str]]]:
    """The lines about each mail, or about a reminder that goes in none, and how it counts; streamed."""
    in_order = rows.order_by("user_id", F("message_id").asc(nulls_last=True), "urgency", "not_before", "pk")
    # one cursor for all: nobody writes beside the caller's transaction
    streamed = in_order.iterator(chunk_size=ROUND)
    for mail, grouped in groupby(streamed, key=lambda row: row.message_id or row.pk):
        parts = list(grouped)
        first = parts[0]
        if isinstance(mail, int):
            words, total = _fate(first, at)
            yield [f"{first.key} to person {first.user_id}: {words}"], Counter({total: 1})
        elif len(parts) == 1:
            yield [f"{first.key} to person {first.user_id}: would go"], Counter({"would go: e-mails": 1})
        else:
            head = f"one e-mail about {len(parts)} things to person {first.user_id}: would go"
            counted = Counter(
                {"would go: e-mails": 1, "would go: reminders beside the first": len(parts) - 1}
            )
            yield [head, *(f"  {part.key}" for part in parts)], counted


def _fate(row: Reminder, at: datetime) -> tuple[str, str]:
    """What would become of a reminder, for its own line and for the totals."""
    reason = str(Reason(row.reason).label) if row.reason else ""
    moment = row.not_before.isoformat()
    match row.state:
        case Reminder.State.SENT:
            return "would go", "would go: inbox"
        case Reminder.State.CANCELLED:
            return f"would not go: {reason}", f"would not go: {reason}"
        case Reminder.State.FAILED:
            return f"would fail: {row.last_error or reason}", f"would fail: {reason}"
        case Reminder.State.HELD:
            return "waits for approval", "waits for approval"
        case Reminder.State.LEASED:
            return "is being sent now", "is being sent now"
    if row.last_error:
        return f"would be tried again at {moment}: {row.last_error}", "would be tried again"
    if reason:
        return f"would wait until {moment}: {reason}", f"would wait: {reason}"
    return f"waits until {moment}", "waits for its time"


@contextmanager
def _sending_nothing() -> Iterator[None]:
    """Every mail of this process goes nowhere."""
    before = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = NOWHERE
    try:
        yield
    finally:
        settings.EMAIL_BACKEND = before


def _person(email: str) -> int:
    pk = User.objects.filter(email__iexact=email).values_list("pk", flat=True).first()
    if pk is None:
        raise CommandError("Nobody has this address.")
    return pk


def _kind(key: str) -> str:
    known = sorted(kind.key for kind in kinds.registered())
    if key not in known:
        raise CommandError(f"There is no kind {key!r}. There are: {', '.join(known)}.")
    return key


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
