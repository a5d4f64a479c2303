"""The demo's people: made once through the rooms' actions, and refused outside the demo."""

from datetime import UTC, datetime
from io import StringIO

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.auth.password_validation import validate_password
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from courses.content.load import load_pack
from courses.content.management.commands.load_content import PACKS
from courses.content.parse import read_pack
from courses.credentials.models import Credit, Cycle
from courses.progress.models import CourseCompletion, LessonCompletion
from courses.reminders.actions import plan
from courses.reminders.delivery import deliver_due
from courses.reminders.models import Reminder
from portal.pages.demo import CODER, DEMO_PASSWORD, DEMO_PEOPLE, STUDENT

#: Three in the morning in New York, when everybody else's mail waits.
NIGHT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def load_demo() -> str:
    out = StringIO()
    call_command("load_demo", stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_load_demo_outside_the_demo_is_refused() -> None:
    with pytest.raises(CommandError, match="DEMO=1 only"):
        call_command("load_demo")

    assert not User.objects.exists()


@pytest.mark.django_db
def test_load_demo_without_content_says_what_to_run(settings: Settings) -> None:
    settings.DEMO = True

    with pytest.raises(CommandError, match="Run load_content first"):
        call_command("load_demo")


def test_demo_password_is_one_that_sign_up_takes() -> None:
    validate_password(DEMO_PASSWORD)


@pytest.mark.django_db
def test_load_demo_makes_people_with_a_past_and_a_mail_due_now(settings: Settings) -> None:
    settings.DEMO = True
    with time_machine.travel(NIGHT, tick=False):
        load_pack(pack=read_pack(PACKS / "starter"), at=timezone.now())
        load_demo()
        before = {model._meta.label: model._default_manager.count() for model in apps.get_models()}

        assert load_demo().count("is there") == len(DEMO_PEOPLE)

    assert before == {model._meta.label: model._default_manager.count() for model in apps.get_models()}
    roles = {user.email: set(user.role_names) for user in User.objects.all()}
    assert roles == {person.email: {person.role} for person in DEMO_PEOPLE}
    assert EmailAddress.objects.filter(verified=True, primary=True).count() == len(DEMO_PEOPLE)
    assert LessonCompletion.objects.filter(user__email=STUDENT.email).count() == 2
    assert CourseCompletion.objects.get().user.email == CODER.email
    assert sorted(Credit.objects.values_list("ceus", flat=True)) == [2, 3, 4, 5, 6]
    assert str(Cycle.objects.get().due_on) == "2027-01-22"  # sixty days from the day of loading

    plan(at=NIGHT)
    deliver_due(at=NIGHT)

    sent = Reminder.objects.filter(state="sent")
    assert set(sent.values_list("user__email", "kind", "channel")) >= {
        (CODER.email, "ce_cycle_end", "email"),
        (CODER.email, "ce_cycle_end", "inbox"),
    }
    assert not Reminder.objects.exclude(last_error="").exists()
    [first] = mail.outbox
    assert first.to == [CODER.email] and ": 60 days left, 16 CEUs short" in first.body
