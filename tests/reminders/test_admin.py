from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from courses.reminders.models import MailTemplate, Reminder, Suppression
from tests.conftest import MakePerson
from tests.reminders.conftest import Queue
from tests.reminders.drill import BODY, Drill

pytestmark = pytest.mark.django_db


def test_editor_writes_a_draft_and_publishes_it(drill: Drill, as_editor: Client) -> None:
    template = MailTemplate.objects.get()
    url = reverse("admin:reminders_mailtemplate_change", args=[template.pk])
    page = as_editor.get(url).content.decode()
    assert "{{ days }}" in page
    as_editor.post(url, {"subject_source": "New {{ what }}", "body_source": BODY, "note": "shorter"})
    draft = template.revisions.get(number=2)
    assert (draft.subject_source, draft.published_at, draft.created_by) == (
        "New {{ what }}",
        None,
        User.objects.get(email="editor@example.com"),
    )
    as_editor.post(reverse("admin:reminders_mailtemplate_publish", args=[template.pk, draft.pk]))
    draft.refresh_from_db()
    assert draft.published_at is not None


def test_text_that_cannot_become_a_mail_is_shown_with_its_reason(drill: Drill, as_editor: Client) -> None:
    template = MailTemplate.objects.get()
    answer = as_editor.post(
        reverse("admin:reminders_mailtemplate_change", args=[template.pk]),
        {"subject_source": "x", "body_source": "{{ nmae }}", "note": ""},
    )
    assert "Text uses nmae" in answer.content.decode()
    assert template.revisions.count() == 1


def test_failed_reminders_are_put_back_and_others_left(
    drill: Drill, student: User, as_boss: Client, queue: Queue, at: datetime
) -> None:
    failed = queue(student, 2, state="failed", reason="exhausted", attempts=8)
    queue(student, 1, first=2, state="cancelled", reason="off")
    url = reverse("admin:reminders_reminder_changelist")
    assert as_boss.get(url, {"state": "failed"}).content.decode().count("drill-") >= 2
    as_boss.post(
        url,
        {"action": "requeue_failed", "_selected_action": [row.pk for row in Reminder.objects.all()]},
    )
    again = Reminder.objects.filter(state="planned", attempts=0)
    assert {row.pk for row in again} == {row.pk for row in failed}


def test_reminders_are_read_only(drill: Drill, student: User, as_boss: Client, queue: Queue) -> None:
    (row,) = queue(student)
    url = reverse("admin:reminders_reminder_change", args=[row.pk])
    assert as_boss.get(url).status_code == 200
    assert as_boss.post(url, {"state": "sent"}).status_code == 403


def test_administrator_lifts_a_suppression(make_person: MakePerson, at: datetime) -> None:
    row = Suppression.objects.create(email_hmac="a" * 64, reason="550 5.1.1", at=at)
    client = Client()
    client.force_login(make_person("root@example.com", role=Role.ADMINISTRATOR))
    client.post(reverse("admin:reminders_suppression_delete", args=[row.pk]), {"post": "yes"})
    assert Suppression.objects.count() == 0
