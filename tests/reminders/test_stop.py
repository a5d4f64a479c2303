from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.reminders import kinds
from courses.reminders.addresses import STOP_WORKS, stop_token
from courses.reminders.delivery import deliver_due
from courses.reminders.models import Preference
from courses.reminders.queries import turned_off
from tests.reminders.conftest import Queue
from tests.reminders.drill import Drill

pytestmark = pytest.mark.django_db
PAGE = reverse("reminders:reminders")


def stop_page(user: User, *keys: str) -> str:
    return reverse("reminders:stop", args=[stop_token(user.pk, keys)])


def undo(user: User, *keys: str) -> str:
    return reverse("reminders:undo_stop", args=[stop_token(user.pk, keys)])


# --- stopping --------------------------------------------------------------------------------------------
def test_one_click_of_a_mail_program_stops_what_the_mail_told_of(
    drill: Drill, student: User, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    queue(student)
    deliver_due(at=at)
    url = mailoutbox.pop().extra_headers["List-Unsubscribe"].strip("<>")

    # a mail program: no cookies, no CSRF token
    answer = Client(enforce_csrf_checks=True).post(
        url.removeprefix("http://localhost:8000"), {"List-Unsubscribe": "One-Click"}
    )

    assert answer.status_code == 200
    assert turned_off([student.pk]) == {(student.pk, "drill", "email")}
    queue(student, first=1)
    assert deliver_due(at=at).cancelled == 1
    assert mailoutbox == []


def test_every_kind_of_a_mail_with_several_things_is_stopped_at_once(
    drill: Drill, student: User, other: User
) -> None:
    keys = [kind.key for kind in kinds.registered()][:3]

    page = Client().post(stop_page(student, *keys)).content.decode()

    assert turned_off([student.pk, other.pk]) == {(student.pk, key, "email") for key in keys}
    assert all(str(kinds.get(key).label) in page for key in keys)


def test_kind_that_is_gone_does_not_keep_the_others_from_stopping(drill: Drill, student: User) -> None:
    assert Client().post(stop_page(student, "gone", "drill")).status_code == 200
    assert turned_off([student.pk]) == {(student.pk, "drill", "email")}


def test_stopping_leaves_the_inbox_and_works_twice(drill: Drill, student: User) -> None:
    for _ in range(2):
        assert Client().post(stop_page(student, "drill")).status_code == 200
    assert Preference.objects.get().channel == "email"


# --- asking ----------------------------------------------------------------------------------------------
def test_link_scanner_changes_nothing(drill: Drill, student: User, client: Client) -> None:
    url = stop_page(student, "drill", "ce_cycle_end")
    for _ in range(50):
        assert client.get(url).status_code == 200
        assert client.head(url).status_code == 200

    page = client.get(url)

    assert "Stop these mails?" in page.content.decode() and "Fire drill" in page.content.decode()
    assert 'method="post"' in page.content.decode()
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert "no-store" in page.headers["Cache-Control"]
    assert Preference.objects.count() == 0


# --- tokens that do not work -----------------------------------------------------------------------------
@pytest.mark.parametrize("token", ["x", "WzEsImRyaWxsIl0:AAAA", "12:drill:x", "%00", "a" * 2000])
@pytest.mark.parametrize("method", ["get", "post"])
def test_made_up_token_is_a_page_that_helps(
    token: str, method: str, drill: Drill, student: User, client: Client
) -> None:
    answer = getattr(client, method)(reverse("reminders:stop", args=[token]))

    assert answer.status_code == 404
    assert "Sign in and choose" in answer.content.decode() and PAGE in answer.content.decode()
    assert Preference.objects.count() == 0


def test_expired_token_says_that_it_is_too_old(
    drill: Drill, student: User, client: Client, time_machine: Any
) -> None:
    url = stop_page(student, "drill")
    time_machine.move_to(timezone.now() + STOP_WORKS + timedelta(seconds=2), tick=False)

    answer = client.post(url)

    assert answer.status_code == 404
    assert "This link is too old" in answer.content.decode()
    assert Preference.objects.count() == 0


def test_token_of_a_person_who_is_gone_stops_nothing(drill: Drill, student: User, client: Client) -> None:
    url = stop_page(student, "drill")
    student.delete()
    assert client.post(url).status_code == 404


def test_token_of_kinds_that_are_gone_stops_nothing(student: User, client: Client) -> None:
    assert client.post(stop_page(student, "gone")).status_code == 404


# --- undoing ---------------------------------------------------------------------------------------------
def test_owner_undoes_it_with_one_click(drill: Drill, student: User, as_student: Client) -> None:
    page = as_student.post(stop_page(student, "drill")).content.decode()
    assert "/undo/" in page

    answer = as_student.post(undo(student, "drill"))

    assert answer["Location"] == PAGE
    assert turned_off([student.pk]) == frozenset()


def test_nobody_else_undoes_it(
    drill: Drill, student: User, other: User, as_student: Client, client: Client
) -> None:
    as_student.post(stop_page(other, "drill"))

    page = as_student.get(stop_page(other, "drill")).content.decode()
    assert "/undo/" not in page
    assert as_student.post(undo(other, "drill")).status_code == 404
    assert as_student.get(undo(student, "drill")).status_code == 405
    assert client.post(undo(other, "drill"))["Location"].startswith(reverse("account_login"))
    assert as_student.post(reverse("reminders:undo_stop", args=["x"])).status_code == 404

    assert turned_off([other.pk]) == {(other.pk, "drill", "email")}
    assert Preference.objects.filter(changed_at__lte=timezone.now()).count() == 1
