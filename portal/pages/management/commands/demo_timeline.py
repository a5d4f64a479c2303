"""``manage.py demo_timeline``: plays a year of reminders into the demo's mailbox in about a minute."""

import json
import time
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall_time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from courses.catalog.models import EducationPath
from courses.reminders import kinds
from courses.reminders.actions import plan
from courses.reminders.delivery import deliver_due
from courses.reminders.models import Channel, Reminder
from portal.pages.timeline import CAST, HOUR, SCENES, Timeline, address

ONE_DAY = timedelta(days=1)
#: A scene is over by then.
LASTS = timedelta(hours=1)
#: Seconds between two lines that say how far it is.
TELLS_EVERY = 2.0


class Command(BaseCommand):
    """Plays day after day: what happens, then planner and delivery at every moment at which something is due.

    Only reminders of the timeline's own people are planned and sent. How far it came is kept beside the
    database, so a run that was stopped goes on where it was, and one that is through adds nothing.
    """

    help = "Play a year of reminders for people of its own into /mailbox/. Refused outside the demo."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--from", dest="first", type=date.fromisoformat, help="The first day; today unless it says."
        )
        parser.add_argument("--days", type=int, default=365)

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("demo_timeline makes people with a known password. It runs with DEMO=1 only.")
        if not EducationPath.objects.exists():
            raise CommandError("There is no content yet. Start the demo once, or run load_content.")
        past = Past.read(settings.VAR / "timeline.json")
        if past.first is None and User.objects.filter(email=address("keeper")).exists():
            raise CommandError(f"{past.path} is away: nobody knows how far the timeline was played.")
        if past.first and options["first"] not in (None, past.first):
            raise CommandError(f"This demo plays from {past.first} on. Another first day needs another demo.")
        past.first = past.first or options["first"] or timezone.now().date()
        self._play(past, options["days"])
        self._tell(past)

    def _play(self, past: "Past", days: int) -> None:
        assert past.first is not None
        play, told = Timeline(past.first), 0.0
        began = time.monotonic()
        for number in range(past.days, days):
            midnight = datetime.combine(play.day(number), wall_time(), UTC)
            plan(at=midnight, people=self._people())
            if past.scenes < len(SCENES) and SCENES[past.scenes][0] <= number:
                at = datetime.combine(play.day(number), HOUR, UTC)
                self._deliver(midnight, at)
                while past.scenes < len(SCENES) and SCENES[past.scenes][0] <= number:
                    with transaction.atomic():
                        SCENES[past.scenes][1](play, at)
                    past.scenes += 1
                    past.write()
                plan(at=at + LASTS, people=self._people())
                self._deliver(at + LASTS, midnight + ONE_DAY)
            else:
                self._deliver(midnight, midnight + ONE_DAY)
            past.days = number + 1
            past.write()
            if time.monotonic() - told > TELLS_EVERY:
                told = time.monotonic()
                sent = self._sent().count()
                self.stdout.write(
                    f"  {play.day(number)}  {number + 1} of {days} days, {sent} sent, {told - began:.0f} s"
                )
                self.stdout.flush()

    def _people(self) -> list[int]:
        emails = [address(name) for name in CAST]
        return list(User.objects.filter(email__in=emails).values_list("pk", flat=True))

    def _deliver(self, at: datetime, end: datetime) -> None:
        """At each moment before ``end`` at which something is due, and at no other."""
        people = self._people()
        waiting = Reminder.objects.filter(user__in=people, state=Reminder.State.PLANNED)
        while True:
            coming = waiting.order_by("not_before").values_list("not_before", flat=True).first()
            if coming is None or max(at, coming) >= end:
                return
            at = max(at, coming)
            if not deliver_due(at=at, limit=1000, people=people).claimed:
                at += timedelta(minutes=5)  # whoever holds them, a lease or a closed gate, lets go of them

    def _sent(self) -> Any:
        emails = [address(name) for name in CAST]
        return Reminder.objects.filter(user__email__in=emails, state=Reminder.State.SENT)

    def _tell(self, past: "Past") -> None:
        """A line for each kind: mails, inbox rows, and the day on which it was seen first."""
        mails: dict[str, set[str]] = defaultdict(set)
        inbox: dict[str, int] = defaultdict(int)
        first: dict[str, date] = {}
        rows = self._sent().order_by("sent_at")
        for kind, channel, message_id, sent_at in rows.values_list(
            "kind", "channel", "message_id", "sent_at"
        ):
            first.setdefault(kind, sent_at.date())
            if channel == Channel.EMAIL:
                mails[kind].add(message_id)
            else:
                inbox[kind] += 1
        self.stdout.write(f"{past.days} days from {past.first}")
        self.stdout.write(f"{'kind':<26} {'mails':>6} {'inbox':>6}  first on")
        for kind in kinds.registered():
            day = first.get(kind.key)
            seen = str(day) if day else "not seen"
            self.stdout.write(f"{kind.key:<26} {len(mails[kind.key]):>6} {inbox[kind.key]:>6}  {seen}")
        everything = set().union(*mails.values())
        self.stdout.write(f"{'together':<26} {len(everything):>6} {sum(inbox.values()):>6}")
        unseen = [kind.key for kind in kinds.registered() if kind.key not in first]
        self.stdout.write(f"Not seen: {', '.join(unseen)}" if unseen else "Every kind was seen.")
        self.stdout.write(f"The mails are in {settings.SITE_URL}/mailbox/")


class Past:
    """How far the timeline was played, kept in a file."""

    def __init__(self, path: Path, first: date | None = None, days: int = 0, scenes: int = 0) -> None:
        self.path, self.first, self.days, self.scenes = path, first, days, scenes

    @classmethod
    def read(cls, path: Path) -> "Past":
        if not path.exists():
            return cls(path)
        kept = json.loads(path.read_text())
        return cls(path, date.fromisoformat(kept["first"]), kept["days"], kept["scenes"])

    def write(self) -> None:
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps({"first": str(self.first), "days": self.days, "scenes": self.scenes}))
        part.replace(self.path)
