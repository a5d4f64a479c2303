"""What an older version planned, sent and wrote is the same afterwards."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from courses.reminders.letters import can_be_written, source_of
from courses.reminders.models import MailTemplateRevision, Reminder, Suppression
from courses.reminders.rendering import Footer, render_letter
from tests.migrating import latest, migrate, tables_after

FIRST = ("reminders", "0001_initial")
BEFORE, AFTER = ("reminders", "0005_tried_rows"), ("reminders", "0006_plain_placeholders")
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
CODE = "{% if name %}Hello {{ name|upper }}{% endif %}"


@pytest.fixture
def old(transactional_db: None) -> Iterator[Any]:
    """The tables as they were, and at the end as they are."""
    with tables_after(*BEFORE) as models:
        yield models


def test_bare_names_are_turned_and_template_code_stays(old: Any) -> None:
    template = old.get_model("reminders", "MailTemplate").objects.create(kind="ce_cycle_end")
    texts = [
        ("{{ credential }} ends {{due}}", "", "Hello {{ name }}, {so} it is.\n\n[Open]({{ url }})"),
        ("{{ credential }}", "", CODE),
        (CODE, "", "Hello {{ name }}"),
        ("{{ credential.name }}", "", "Hello"),
    ]
    for number, (subject, summary, body) in enumerate(texts, start=1):
        old.get_model("reminders", "MailTemplateRevision").objects.create(
            template=template,
            number=number,
            subject_source=subject,
            summary_source=summary,
            body_source=body,
            created_at=AT,
            published_at=AT,
            pack_digest="x",
        )

    migrate(AFTER)

    first, *others = MailTemplateRevision.objects.order_by("number")
    assert (first.subject_source, first.summary_source) == ("{credential} ends {due}", "")
    assert first.body_source == "Hello {name}, {{so} it is.\n\n[Open]({url})"
    assert [can_be_written(first), *map(can_be_written, others)] == [True, False, False, False]
    assert [(r.subject_source, r.summary_source, r.body_source) for r in others] == texts[1:]
    values = {"credential": "CPC", "due": "31 Mar", "name": "Ana", "url": "https://x.example/a"}
    letter = render_letter(
        source_of(first), values, footer=Footer("https://x.example", "https://x.example/", ())
    )
    assert letter.subject == "CPC ends 31 Mar"
    assert letter.text.startswith("Hello Ana, {so} it is.\n\nOpen:\nhttps://x.example/a\n")


@pytest.fixture
def first(transactional_db: None) -> Iterator[Any]:
    """The tables of the first version, and at the end as they are."""
    with tables_after(*FIRST) as models:
        yield models


def test_outbox_of_the_first_version_goes_on(first: Any) -> None:
    user = first.get_model("accounts", "User").objects.create(email="ana@example.com")
    states: dict[str, dict[str, Any]] = {
        "planned": {},
        "leased": {"lease_token": uuid4(), "lease_until": AT},
        "sent": {"sent_at": AT, "message_id": "<1@example.com>"},
        "cancelled": {"reason": "done"},
        "failed": {"reason": "exhausted", "last_error": "450 Not now", "attempts": 8},
    }
    for state, fields in states.items():
        first.get_model("reminders", "Reminder").objects.create(
            key=f"ce_cycle_end:{state}",
            kind="ce_cycle_end",
            subject="cycle-1",
            user=user,
            due_on=AT.date(),
            step=7,
            state=state,
            not_before=AT,
            created_at=AT,
            **fields,
        )
    first.get_model("reminders", "Suppression").objects.create(email_hmac="0" * 64, reason="550", at=AT)

    migrate(*latest("reminders"))

    assert set(Reminder.objects.values_list("state", "channel", "message_id", "reason", "attempts")) == {
        ("planned", "email", "", "", 0),
        ("leased", "email", "", "", 0),
        ("sent", "email", "<1@example.com>", "", 0),
        ("cancelled", "email", "", "done", 0),
        ("failed", "email", "", "exhausted", 8),
    }
    (suppression,) = Suppression.objects.all()
    assert (suppression.reason, suppression.lifted_at) == ("550", None)
