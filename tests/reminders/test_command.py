from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import User
from courses.reminders.models import Reminder
from tests.reminders.conftest import Queue
from tests.reminders.drill import Drill

pytestmark = pytest.mark.django_db


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("reminders", *arguments, stdout=out)
    return out.getvalue()


def test_dry_run_says_what_would_go_and_why_not_and_changes_nothing(
    drill: Drill, student: User, other: User, queue: Queue, mailoutbox: list[EmailMessage]
) -> None:
    at = datetime(2027, 3, 1, 9, tzinfo=UTC)
    queue(other, not_before=at)
    User.objects.filter(pk=other.pk).update(is_active=False)
    drill.facts = {
        "now": (student.pk, at.date() + timedelta(days=7)),
        "soon": (student.pk, at.date() + timedelta(days=8)),
    }
    text = said("--at", "2027-03-01T09:00", "--dry-run")
    assert "would plan 2, move 0, cancel 0" in text
    assert f"drill:now:{student.pk}:2027-03-08:7:email to person {student.pk}: would go" in text
    assert "waits until 2027-03-02T09:00:00+00:00" in text
    assert "would not go: the account is suspended" in text
    assert "@" not in text
    assert mailoutbox == []
    assert Reminder.objects.values_list("state", flat=True).get() == "planned"


def test_run_plans_and_sends(drill: Drill, student: User, mailoutbox: list[EmailMessage]) -> None:
    drill.facts = {"now": (student.pk, datetime(2027, 3, 8).date())}
    assert "planned 1 moved 0 cancelled 0\nsent 1 " in said("--at", "2027-03-01T09:00")
    assert len(mailoutbox) == 1


def test_another_moment_is_refused_outside_a_demo(db: None, settings: Settings) -> None:
    settings.TESTING = False
    with pytest.raises(CommandError, match="--dry-run"):
        said("--at", "2027-03-01T09:00")
