from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from courses.reminders import kinds
from courses.reminders.actions import suppress_address
from courses.reminders.addresses import BadToken, read_stop_token, stop_token
from courses.reminders.delivery import deliver_due
from courses.reminders.models import Preference, ReminderSettings
from courses.reminders.queries import turned_off
from tests.reminders.conftest import Queue
from tests.reminders.drill import Drill

pytestmark = pytest.mark.django_db
PAGE = reverse("reminders:reminders")
HOURS = {"hour": 18, "quiet_from": 21, "quiet_until": 7}


def sent_mail(student: User, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]) -> EmailMessage:
    queue(student)
    deliver_due(at=at)
    return mailoutbox.pop()


def test_one_click_stop_as_rfc_8058_asks(
    drill: Drill, student: User, queue: Queue, at: datetime, mailoutbox: list[EmailMessage]
) -> None:
    mail = sent_mail(student, queue, at, mailoutbox)
    headers = mail.extra_headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["List-Id"] == "Fire drill <drill.localhost>"
    url = headers["List-Unsubscribe"].removeprefix("<").removesuffix(">")
    assert url.startswith("http://localhost:8000/stop/")
    assert url in mail.body
    # a mail program: no cookies, no CSRF token
    answer = Client(enforce_csrf_checks=True).post(
        url.removeprefix("http://localhost:8000"), {"List-Unsubscribe": "One-Click"}
    )
    assert answer.status_code == 200
    assert turned_off([student.pk]) == {(student.pk, "drill", "email")}
    queue(student, first=1)
    assert deliver_due(at=at).cancelled == 1
    assert mailoutbox == []


def test_every_kind_has_a_stop_link_of_its_own(drill: Drill, student: User, other: User) -> None:
    for kind in kinds.registered():
        token = stop_token(user_id=student.pk, kind=kind.key)
        assert read_stop_token(token) == (student.pk, kind.key)
        Client().post(reverse("reminders:stop", args=[token]))
        assert (student.pk, kind.key, "email") in turned_off([student.pk, other.pk])
    assert turned_off([other.pk]) == frozenset()


def test_link_scanner_changes_nothing(drill: Drill, student: User, client: Client) -> None:
    url = reverse("reminders:stop", args=[stop_token(user_id=student.pk, kind="drill")])
    for _ in range(50):
        assert client.get(url).status_code == 200
        assert client.head(url).status_code == 200
    page = client.get(url)
    assert 'method="post"' in page.content.decode()
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in page.headers["Cache-Control"]
    assert Preference.objects.count() == 0


@pytest.mark.parametrize("token", ["x", "WzEsImRyaWxsIl0:AAAA", "12:drill:x", "%00"])
def test_made_up_token_is_a_page_that_helps(token: str, drill: Drill, student: User, client: Client) -> None:
    answer = client.post(reverse("reminders:stop", args=[token]))
    assert answer.status_code == 404
    assert PAGE in answer.content.decode()
    assert Preference.objects.count() == 0


def test_token_cannot_be_turned_to_another_person(student: User, other: User) -> None:
    mine = stop_token(user_id=student.pk, kind="drill").partition(":")
    theirs = stop_token(user_id=other.pk, kind="drill").partition(":")
    with pytest.raises(BadToken):
        read_stop_token(f"{theirs[0]}:{mine[2]}")


def test_reminders_page_shows_next_moment_and_history(
    drill: Drill, student: User, as_student: Client, queue: Queue, at: datetime
) -> None:
    drill.facts["a"] = (student.pk, datetime.now().date() + timedelta(days=100))
    User.objects.filter(pk=student.pk).update(time_zone="America/New_York")
    queue(student)
    deliver_due(at=at)
    page = as_student.get(PAGE).content.decode()
    assert "Fire drill" in page
    assert "09:00 E" in page  # EST or EDT
    assert "Mon 23 Nov 2026, 10:00 EST" in page


def test_reminders_page_shows_only_ones_own(
    drill: Drill, other: User, as_student: Client, queue: Queue, at: datetime
) -> None:
    queue(other, 3)
    deliver_due(at=at)
    assert "Mon 23 Nov 2026" not in as_student.get(PAGE).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_reminders_page_asks_the_same_number_of_questions(
    count: int,
    drill: Drill,
    student: User,
    as_student: Client,
    queue: Queue,
    at: datetime,
    only_kinds: Callable[..., None],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    only_kinds("ce_cycle_end", "drill")
    queue(student, count, state="cancelled", reason="done")
    as_student.get(PAGE)
    with django_assert_num_queries(PAGE_QUERIES):
        as_student.get(PAGE)


PAGE_QUERIES = 8


def test_saving_keeps_hours_and_kinds(
    drill: Drill, student: User, as_student: Client, only_kinds: Callable[..., None]
) -> None:
    only_kinds("ce_cycle_end", "drill")
    answer = as_student.post(PAGE, HOURS | {"on_ce_cycle_end": "on"})
    assert answer.status_code == 302
    saved = ReminderSettings.objects.get(user=student)
    assert (saved.hour, saved.quiet_from, saved.quiet_until, saved.weekends) == (18, 21, 7, False)
    assert turned_off([student.pk]) == {(student.pk, "drill", "email")}


def test_hour_inside_quiet_hours_is_refused_beside_the_field(student: User, as_student: Client) -> None:
    answer = as_student.post(PAGE, HOURS | {"hour": 22})
    assert answer.status_code == 422
    assert "This hour is in your quiet hours" in answer.content.decode()
    assert ReminderSettings.objects.count() == 0


def test_suppressed_address_is_told_with_how_to_fix_it(
    student: User, as_student: Client, at: datetime
) -> None:
    assert "stopped writing to your address" not in as_student.get(PAGE).content.decode()
    suppress_address(email=student.email, reason="550 5.1.1", at=at)
    page = as_student.get(PAGE).content.decode()
    assert "stopped writing to your address" in page
    assert reverse("account_email") in page


def test_reminders_page_asks_a_stranger_to_sign_in(client: Client) -> None:
    assert client.get(PAGE).status_code == 302


def test_history_is_paged(
    student: User, as_student: Client, queue: Queue, at: datetime, drill: Drill
) -> None:
    queue(student, 45, state="cancelled", reason="done")
    assert as_student.get(PAGE).content.decode().count("it is done") == 20
    assert as_student.get(PAGE + "?page=3").content.decode().count("it is done") == 5
