from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from pytest_django import Settings

from accounts.models import User
from courses.reminders import kinds
from courses.reminders.models import Reminder
from tests.reminders.drill import Drill, publish_template
from tests.reminders.smtp import AnyPort, Script

Queue = Callable[..., list[Reminder]]


@pytest.fixture
def bare_drill(monkeypatch: pytest.MonkeyPatch) -> Drill:
    """The drill kind without a template."""
    kind = Drill()
    monkeypatch.setitem(kinds._kinds, kind.key, kind)
    return kind


@pytest.fixture
def drill(bare_drill: Drill, db: None) -> Drill:
    publish_template(bare_drill.key)
    return bare_drill


@pytest.fixture
def only_kinds(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Kinds by name and no others: a literal count of statements is then theirs."""

    def only(*keys: str) -> None:
        monkeypatch.setattr(kinds, "_kinds", {key: kinds.get(key) for key in keys})

    return only


@pytest.fixture
def queue(at: datetime) -> Queue:
    """Rows that are due at ``at``."""

    def make(user: User, count: int = 1, *, first: int = 0, **fields: object) -> list[Reminder]:
        rows = [
            Reminder(
                **{
                    "key": f"drill:drill-{n}:{user.pk}:2026-11-30:7:email",
                    "kind": "drill",
                    "subject": f"drill-{n}",
                    "user": user,
                    "due_on": at.date().replace(day=30),
                    "step": 7,
                    "not_before": at,
                    "created_at": at,
                }
                | fields
            )
            for n in range(first, first + count)
        ]
        return Reminder.objects.bulk_create(rows)

    return make


@pytest.fixture
def smtp(settings: Settings) -> Iterator[Script]:
    """A real mail server on this machine that does what its script says; mail goes to it."""
    script = Script()
    controller = AnyPort(script, hostname="127.0.0.1", port=0, **script.options)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = controller.port
    settings.EMAIL_TIMEOUT = 15  # a busy machine is no fault of the sender
    yield script
    controller.stop()
