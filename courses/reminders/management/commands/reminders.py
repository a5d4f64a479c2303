"""What would go to whom, and why not; or, in a demo, plan and deliver as of a moment."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from courses.reminders import kinds
from courses.reminders.actions import plan
from courses.reminders.delivery import deliver_due
from courses.reminders.models import Reminder
from courses.reminders.queries import facts_about, judge


class Command(BaseCommand):
    help = "Plan and deliver reminders; with --dry-run print what would go to whom and why not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--at", type=_moment, help="A moment such as 2027-03-01T09:00 (UTC unless it says)."
        )
        parser.add_argument("--dry-run", action="store_true", help="Change nothing and send nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        at = options["at"] or timezone.now()
        if options["dry_run"]:
            with transaction.atomic():
                self._tell(at)
                transaction.set_rollback(True)
            return
        if options["at"] and not (settings.DEMO or settings.TESTING):
            raise CommandError("--at sends before or after its time: outside a demo it needs --dry-run.")
        planned = plan(at=at)
        self.stdout.write(f"planned {planned.inserted} moved {planned.moved} cancelled {planned.cancelled}")
        done = deliver_due(at=at, limit=1000)
        self.stdout.write(
            f"sent {done.sent} cancelled {done.cancelled} postponed {done.postponed} "
            f"retried {done.retried} failed {done.failed}"
            + (" (paused: the mail server is away)" if done.is_paused else "")
        )

    def _tell(self, at: datetime) -> None:
        planned = plan(at=at)
        self.stdout.write(f"would plan {planned.inserted}, move {planned.moved}, cancel {planned.cancelled}")
        open_states = (Reminder.State.PLANNED, Reminder.State.LEASED)
        rows = Reminder.objects.filter(state__in=open_states).select_related("user__reminder_settings")
        due = set(Reminder.objects.due(at).values_list("pk", flat=True))
        for page in kinds.in_batches(rows):
            facts = facts_about(page, at=at)
            for reminder in page:
                self.stdout.write(f"{reminder.key} to person {reminder.user_id}: ", ending="")
                if reminder.pk not in due:
                    self.stdout.write(f"waits until {reminder.not_before.isoformat()}")
                    continue
                verdict = judge(reminder, facts, at=at)
                if verdict.reason is None:
                    self.stdout.write("would go")
                elif verdict.until is None:
                    self.stdout.write(f"would not go: {verdict.reason.label}")
                else:
                    self.stdout.write(f"would wait until {verdict.until.isoformat()}: {verdict.reason.label}")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
