"""A kind of reminder whose facts a test holds in its hand."""

import os
import signal
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from courses.reminders.actions import write_template_revision
from courses.reminders.kinds import Candidate, Group, Kind
from courses.reminders.models import MailTemplate, MailTemplateRevision, Reason, Reminder
from courses.reminders.timing import steps_due
from portal.lib.revisions import publish_revision

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SUMMARY = "{what} is due, {days} left."
SUBJECT = "{what}: {days} left"
BODY = "Hello {name},\n\n**{days}** left.\n\n{extra}\n\n[Open it]({url})\n"


class Drill(Kind):
    """Reminds 7 and 1 days before each deadline in ``facts``."""

    key = "drill"
    label = "Fire drill"
    rhythm = "7 days and 1 day before"
    group = Group.STUDY
    steps = (7, 1)

    def __init__(self) -> None:
        #: subject -> (person, deadline)
        self.facts: dict[str, tuple[int, date]] = {}
        self.untrue: dict[str, Reason] = {}
        #: Subjects that are not there any more.
        self.gone: set[str] = set()
        #: Their text cannot be made; their sender ends, or hangs for that many seconds, over them.
        self.poisoned: set[str] = set()
        self.deadly: set[str] = set()
        self.hangs: dict[str, float] = {}
        self.name = "Sam"

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        for subject, (person, due_on) in self.facts.items():
            if user_id not in (None, person):
                continue
            days_left = (due_on - at.date()).days
            ahead = (until.date() - at.date()).days
            for step in steps_due(days_left=days_left, ahead=ahead, back=7, steps=self.steps):
                yield Candidate(
                    subject, person, due_on, step, due_on - timedelta(days=step), due_on + timedelta(days=1)
                )

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        return {subject: due_on for subject, (_person, due_on) in self.facts.items() if subject in subjects}

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, str]:
        return {one.pk: one.subject for one in reminders if one.subject not in self.gone}

    def still_true(self, reminder: Reminder, fact: str, *, at: datetime) -> Reason | None:
        return self.untrue.get(reminder.subject)

    def context(self, reminder: Reminder, fact: str, *, at: datetime) -> dict[str, Any]:
        if reminder.subject in self.poisoned:
            raise ValueError("poisoned by sam@example.com")
        if reminder.subject in self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        if reminder.subject in self.hangs:
            time.sleep(self.hangs[reminder.subject])
        return self.sample_context() | {"name": self.name, "what": f"Drill {reminder.subject}"}

    def sample_context(self) -> dict[str, Any]:
        return {
            "name": "Sam",
            "what": "Drill",
            "days": "7 days",
            "extra": "",
            "url": "http://localhost:8000/today/",
            "why": "You asked for it.",
        }


def publish_template(
    kind: str, subject: str = SUBJECT, body: str = BODY, summary: str = SUMMARY
) -> MailTemplateRevision:
    template, _created = MailTemplate.objects.get_or_create(kind=kind)
    revision = write_template_revision(
        template=template, subject=subject, summary=summary, body=body, by=None, at=LONG_AGO, pack_digest="x"
    )
    return publish_revision(revision=revision, by=None, live_from=LONG_AGO)
