import tracemalloc
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from courses.reminders.models import MailGate, Reminder
from tests.reminders.conftest import Queue
from tests.reminders.drill import Drill

pytestmark = pytest.mark.django_db
AT = datetime(2027, 3, 1, 9, tzinfo=UTC)


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("reminders", *arguments, stdout=out)
    return out.getvalue()


def foretold(*arguments: str) -> list[str]:
    return said("--at", "2027-03-01T09:00", "--dry-run", *arguments).splitlines()


def everything() -> dict[str, list[Any]]:
    """All rows of all tables."""
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values_list())
        for model in apps.get_models()
        if model._meta.managed
    }


def test_dry_run_says_what_would_go_and_why_not_and_changes_nothing(
    drill: Drill, student: User, other: User, queue: Queue, mailoutbox: list[EmailMessage]
) -> None:
    queue(other, not_before=AT)
    User.objects.filter(pk=other.pk).update(is_active=False)
    drill.facts = {
        "now": (student.pk, AT.date() + timedelta(days=7)),
        "soon": (student.pk, AT.date() + timedelta(days=9)),
    }
    MailGate.objects.create(closed_until=AT + timedelta(days=1), closed_at=timezone.now(), error="535")
    before = everything()

    lines = foretold()

    assert "would plan 4, move 0, cancel 0" in lines
    assert f"drill:now:{student.pk}:2027-03-08:7:email to person {student.pk}: would go" in lines
    assert f"drill:now:{student.pk}:2027-03-08:7:inbox to person {student.pk}: would go" in lines
    soon = f"drill:soon:{student.pk}:2027-03-10:7:email to person {student.pk}"
    assert f"{soon}: waits until 2027-03-03T09:00:00+00:00" in lines
    assert "         1  would not go: the account is suspended" in lines
    assert "         1  would go: e-mails" in lines
    assert "         1  would go: inbox" in lines
    assert "         2  waits for its time" in lines
    assert "@" not in "".join(lines)
    assert mailoutbox == []
    assert everything() == before


def test_dry_run_shows_things_of_one_mail_together(drill: Drill, student: User) -> None:
    for name in ("a", "b", "c"):
        drill.facts[name] = (student.pk, AT.date() + timedelta(days=7))
    lines = foretold()
    head = lines.index(f"one e-mail about 3 things to person {student.pk}: would go")
    assert sorted(lines[head + 1 : head + 4]) == [
        f"  drill:{name}:{student.pk}:2027-03-08:7:email" for name in ("a", "b", "c")
    ]
    assert "         1  would go: e-mails" in lines
    assert "         2  would go: reminders beside the first" in lines


def test_dry_run_for_one_person_leaves_the_others_out(drill: Drill, student: User, other: User) -> None:
    for person in (student, other):
        drill.facts[f"f{person.pk}"] = (person.pk, AT.date() + timedelta(days=7))
    lines = foretold("--user", "OTHER@example.com")
    assert "would plan 2, move 0, cancel 0" in lines
    assert any(f"to person {other.pk}: would go" in line for line in lines)
    assert not any(f"person {student.pk}:" in line for line in lines)
    with pytest.raises(CommandError, match="Nobody has this address"):
        foretold("--user", "nobody@example.com")


def test_dry_run_of_one_kind_prints_no_other(drill: Drill, student: User) -> None:
    drill.facts["a"] = (student.pk, AT.date() + timedelta(days=7))
    assert any(line.startswith("drill:a:") for line in foretold("--kind", "drill"))
    assert foretold("--kind", "ce_cycle_end")[1:] == ["total", "         0  reminders"]
    with pytest.raises(CommandError, match="There is no kind 'dril'"):
        foretold("--kind", "dril")


def test_dry_run_takes_no_more_memory_for_more_reminders(
    drill: Drill, student: User, queue: Queue, settings: Settings
) -> None:
    class Nowhere(StringIO):
        def write(self, text: str) -> int:
            return len(text)

    def peak() -> int:
        tracemalloc.start()
        try:
            call_command("reminders", "--at", "2026-11-20T09:00", "--dry-run", stdout=Nowhere())
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def grow(first: int, count: int) -> None:
        rows = queue(student, count, first=first, not_before=datetime(2026, 11, 24, tzinfo=UTC))
        drill.facts |= {row.subject: (student.pk, row.due_on) for row in rows}

    grow(0, 2_500)
    peak()
    before = peak()
    grow(2_500, 5_000)
    assert peak() - before < 1_500_000


def test_run_plans_and_sends(drill: Drill, student: User, mailoutbox: list[EmailMessage]) -> None:
    drill.facts = {"now": (student.pk, date(2027, 3, 8))}
    assert "planned 2 moved 0 cancelled 0\nsent " in said("--at", "2027-03-01T09:00")
    assert len(mailoutbox) == 1
    assert set(Reminder.objects.values_list("state", flat=True)) == {"sent"}


def test_run_for_one_person_sends_nothing_to_others(
    drill: Drill, student: User, other: User, mailoutbox: list[EmailMessage]
) -> None:
    for person in (student, other):
        drill.facts[f"f{person.pk}"] = (person.pk, AT.date() + timedelta(days=7))
    said("--at", "2027-03-01T09:00")
    drill.facts = {f"g{person.pk}": (person.pk, AT.date() + timedelta(days=8)) for person in (student, other)}
    mailoutbox.clear()
    said("--at", "2027-03-02T09:00", "--user", other.email)
    assert [mail.to for mail in mailoutbox] == [[other.email]]
    assert not Reminder.objects.filter(user=student, subject__startswith="g").exists()


def test_another_moment_is_refused_outside_a_demo(db: None, settings: Settings) -> None:
    settings.TESTING = False
    with pytest.raises(CommandError, match="--dry-run"):
        said("--at", "2027-03-01T09:00")
    with pytest.raises(CommandError, match="--dry-run"):
        said("--kind", "drill")
