"""What staff see of delivery and do about it."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.reminders.actions import (
    NotOver,
    TooLate,
    approve_held,
    cancel_held,
    cancel_waiting,
    plan,
    send_again,
    suppress_address,
)
from courses.reminders.delivery import deliver_due
from courses.reminders.letters import letter_that_went
from courses.reminders.models import MailEvent, MailGate, PlanTally, Reminder, Suppression
from courses.reminders.queries.log import Lag, delivery_log, held_runs
from tests.conftest import LONG_AGO, MakePerson
from tests.reminders.conftest import Queue
from tests.reminders.drill import Drill

pytestmark = pytest.mark.django_db

LIST = "/admin/reminders/reminder/"
DELIVERY = "/admin/reminders/reminder/delivery/"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def boss(make_person: MakePerson) -> User:
    return make_person("root@example.com", role="administrator", name="Rosa Root")


@pytest.fixture
def as_root(boss: User) -> Client:
    client = Client()
    client.force_login(boss)
    return client


def do(client: Client, action: str, *rows: Reminder, **more: str) -> Any:
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(LIST, chosen | more, follow=True)


def page(answer: Any) -> str:
    words: str = answer.content.decode()
    return words


# --- the list -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("rows", [1, 3])
def test_list_costs_seven_statements(
    rows: int,
    drill: Drill,
    make_person: MakePerson,
    as_root: Client,
    queue: Queue,
    django_assert_num_queries: Any,
) -> None:
    for number in range(rows):
        queue(make_person(f"p{number}@example.com"))
    as_root.get(LIST)

    with django_assert_num_queries(7):  # session, person, second factor, permissions twice, how many, rows
        answer = as_root.get(LIST)

    assert page(answer).count(">drill-0<") == rows


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "sent failed held coming"),
        ({"state__exact": "failed"}, "failed"),
        ({"kind": "drill"}, "sent failed held coming"),
        ({"kind": "ce_cycle_end"}, ""),
        ({"channel__exact": "inbox"}, "held"),
        ({"urgency__exact": "0"}, "coming"),
        ({"reason__exact": "exhausted"}, "failed"),
        ({"late": "1"}, "late"),
        ({"goes": "coming"}, "coming"),
        ({"goes": "day"}, "sent failed held"),
        ({"q": "sam@"}, "sent failed held coming"),
        ({"q": "SAM@EXAMPLE.COM"}, "sent failed held coming"),
        ({"q": "nobody@example.com"}, ""),
        ({"q": "<abc@localhost>"}, "sent"),
        ({"q": "abc@localhost"}, "sent"),
        ({"q": "drill-1"}, "failed"),
        ({"q": "example"}, "sent failed held coming"),
        ({"q": "   "}, "sent failed held coming"),
    ],
    ids=str,
)
def test_list_is_filtered_and_searched(
    query: dict[str, str], found: str, drill: Drill, student: User, as_root: Client, queue: Queue
) -> None:
    now = timezone.now()
    rows = {
        "sent": {"state": "sent", "message_id": "<abc@localhost>", "sent_at": now, "not_before": now - HOUR},
        "failed": {"state": "failed", "reason": "exhausted", "not_before": now - HOUR},
        "held": {"state": "held", "channel": "inbox", "not_before": now - HOUR},
        "coming": {"urgency": 0, "not_before": now + HOUR},
    }
    if "late" in query:
        rows = {"late": {"not_before": now - 16 * MINUTE}, "soon": {"not_before": now - MINUTE}}
    for number, fields in enumerate(rows.values()):
        queue(student, first=number, **fields)

    words = page(as_root.get(LIST, query))

    shown = [name for number, name in enumerate(rows) if f">drill-{number}<" in words]
    assert shown == found.split()


def test_editor_sees_nothing_of_what_people_were_told(
    drill: Drill, student: User, as_editor: Client, queue: Queue
) -> None:
    (row,) = queue(student, state="held")

    addresses = [LIST, DELIVERY, f"{DELIVERY}drill/", f"{LIST}{row.pk}/change/", f"{LIST}{row.pk}/mail/"]
    assert [as_editor.get(url).status_code for url in addresses] == [403] * 5
    assert as_editor.post(f"{DELIVERY}drill/", {"do": "approve"}).status_code == 403
    assert do(as_editor, "cancel", row, confirmed="1").status_code == 403
    for table in ("suppression", "mailevent", "plantally"):
        assert as_editor.get(f"/admin/reminders/{table}/").status_code == 403
    row.refresh_from_db()
    assert row.state == "held"


# --- what staff do --------------------------------------------------------------------------------------
def test_send_again_asks_first_and_then_goes_as_a_row_of_its_own(
    drill: Drill,
    student: User,
    boss: User,
    as_root: Client,
    queue: Queue,
    at: datetime,
    mailoutbox: list[Any],
) -> None:
    (row,) = queue(student, state="sent", sent_at=at, message_id="<abc@localhost>")

    asked = do(as_root, "send_again", row)
    assert "Send these again?" in page(asked) and Reminder.objects.count() == 1
    assert "1 goes again." in page(do(as_root, "send_again", row, confirmed="1"))

    again = Reminder.objects.get(key=f"{row.key}:again-1")
    assert (again.state, again.urgency, again.user, again.due_on) == ("planned", 0, student, row.due_on)
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.change_message) == (
        boss,
        str(row.pk),
        f"Sent again as {again.pk}.",
    )
    deliver_due(at=(again.not_before + 24 * HOUR).replace(hour=15))
    assert len(mailoutbox) == 1
    again.refresh_from_db()
    assert again.state == "sent" and again.message_id != row.message_id


def test_again_counts_on_and_waits_for_the_one_before(
    drill: Drill, student: User, boss: User, queue: Queue, at: datetime
) -> None:
    (row,) = queue(student, state="cancelled", reason="staff")

    again = send_again(reminder=row, by=boss, at=at)
    for one in (row, again):
        with pytest.raises(NotOver):
            send_again(reminder=one, by=boss, at=at)
    Reminder.objects.filter(pk=again.pk).update(state="failed", reason="exhausted")
    again.refresh_from_db()

    assert send_again(reminder=again, by=boss, at=at).key == f"{row.key}:again-2"


def test_reminder_whose_time_is_over_is_not_sent_again(
    drill: Drill, student: User, boss: User, as_root: Client, queue: Queue, at: datetime
) -> None:
    (row,) = queue(student, state="cancelled", reason="expired", expires_at=at)

    with pytest.raises(TooLate):
        send_again(reminder=row, by=boss, at=at)
    Reminder.objects.update(expires_at=LONG_AGO)
    (waiting,) = queue(student, first=1)

    said = page(do(as_root, "send_again", row, waiting, confirmed="1"))

    assert "0 go again. 1 still waits. 1 is too late." in said


def test_again_keeps_to_what_is_asked_of_every_reminder(
    drill: Drill, student: User, boss: User, queue: Queue, at: datetime, mailoutbox: list[Any]
) -> None:
    (row,) = queue(student, state="cancelled", reason="suppressed")
    suppress_address(email=student.email, reason="550 5.1.1", at=at)

    again = send_again(reminder=row, by=boss, at=at)
    deliver_due(at=at)

    again.refresh_from_db()
    assert (again.state, again.reason, mailoutbox) == ("cancelled", "suppressed", [])


def test_planner_leaves_what_is_sent_again_alone(
    drill: Drill, student: User, boss: User, queue: Queue, at: datetime
) -> None:
    drill.facts = {"drill-0": (student.pk, date(2026, 11, 30))}
    (row,) = queue(student, state="cancelled", reason="staff")

    again = send_again(reminder=row, by=boss, at=at)
    plan(at=at)

    again.refresh_from_db()
    row.refresh_from_db()
    assert (again.state, row.state) == ("planned", "cancelled")


def test_too_many_are_not_sent_again_at_once(
    drill: Drill, student: User, as_root: Client, queue: Queue, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("courses.reminders.admin.outbox.MOST_AGAIN", 2)
    rows = queue(student, 3, state="cancelled", reason="staff")

    assert "At most 2 are sent again at once; 3 were chosen." in page(do(as_root, "send_again", *rows))


def test_cancel_asks_first_and_leaves_what_went_or_is_going(
    drill: Drill, student: User, boss: User, as_root: Client, queue: Queue, at: datetime
) -> None:
    token = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
    queue(student, 2)
    queue(student, first=2, state="held")
    queue(student, first=3, state="sent", sent_at=at, message_id="<abc@localhost>")
    queue(student, first=4, state="leased", lease_token=token, lease_until=at)
    rows = list(Reminder.objects.all())

    asked = page(do(as_root, "cancel", *rows))
    assert "Fire drill, planned: 2" in asked and "Fire drill, waits for approval: 1" in asked
    assert Reminder.objects.filter(state="cancelled").count() == 0
    assert "3 reminders are cancelled." in page(do(as_root, "cancel", *rows, confirmed="1"))

    states = Reminder.objects.order_by("subject").values_list("state", "reason")
    assert list(states) == [("cancelled", "staff")] * 3 + [("sent", ""), ("leased", "")]
    assert LogEntry.objects.filter(user=boss, change_message="Cancelled.").count() == 3
    assert "None of the chosen ones" in page(do(as_root, "cancel", *rows))


def test_cancelled_by_staff_stays_cancelled_when_the_planner_comes_by(
    drill: Drill, student: User, boss: User, queue: Queue, at: datetime
) -> None:
    drill.facts = {"drill-0": (student.pk, date(2026, 11, 30))}
    plan(at=at)
    cancel_waiting(rows=Reminder.objects.all(), by=boss, at=at)

    plan(at=at + HOUR)

    assert set(Reminder.objects.values_list("state", "reason")) == {("cancelled", "staff")}


def test_all_of_a_list_are_cancelled_with_one_line_in_the_history(
    drill: Drill, student: User, as_root: Client, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("courses.reminders.admin.outbox.MOST_NAMED", 2)
    (first, *_others) = queue(student, 4)

    asked = page(do(as_root, "cancel", first, select_across="1"))
    assert "planned: 4" in asked and 'name="select_across" value="1"' in asked
    do(as_root, "cancel", first, select_across="1", confirmed="1")

    assert Reminder.objects.filter(state="cancelled").count() == 4
    assert LogEntry.objects.get().object_repr == "4 reminders"


def test_failed_reminders_are_put_back_and_others_left(
    drill: Drill, student: User, as_root: Client, queue: Queue
) -> None:
    failed = queue(student, 2, state="failed", reason="exhausted", attempts=8)
    queue(student, 1, first=2, state="cancelled", reason="off")
    rows = list(Reminder.objects.all())

    assert "Fire drill, failed: 2" in page(do(as_root, "requeue_failed", *rows))
    do(as_root, "requeue_failed", *rows, confirmed="1")

    again = Reminder.objects.filter(state="planned", attempts=0, reason="")
    assert {row.pk for row in again} == {row.pk for row in failed}
    assert LogEntry.objects.count() == 2


def test_reminders_are_read_only(drill: Drill, student: User, as_root: Client, queue: Queue) -> None:
    (row,) = queue(student)
    url = reverse("admin:reminders_reminder_change", args=[row.pk])

    assert as_root.get(url).status_code == 200
    assert as_root.post(url, {"state": "sent"}).status_code == 403


# --- what waits for approval ----------------------------------------------------------------------------
@pytest.fixture
def storm(drill: Drill, student: User, other: User, queue: Queue, at: datetime) -> None:
    """Three held rows of two people, one of them coming; four on an ordinary day."""
    queue(student, 2, state="held", not_before=at - HOUR)
    queue(other, first=2, state="held", not_before=at + 30 * HOUR, channel="inbox")
    for days, rows in ((1, 3), (2, 4), (3, 90), (40, 9000)):
        PlanTally.objects.create(kind="drill", on=at.date() - timedelta(days), rows=rows)
    PlanTally.objects.create(kind="drill", on=at.date(), rows=9000)


def test_held_run_is_shown_with_its_numbers(storm: None, at: datetime) -> None:
    (held,) = held_runs(at=at)

    assert (held.label, held.rows, held.people, held.mails, held.usual) == ("Fire drill", 3, 2, 2, 4)
    assert (held.goes_at, held.planned_at) == (at - HOUR, at)
    assert held_runs(at=at, kind="other") == ()


def test_approved_rows_go_at_their_moment_or_now(storm: None, boss: User, at: datetime) -> None:
    assert approve_held(kind="other", by=boss, at=at) == 0
    assert approve_held(kind="drill", by=boss, at=at) == 3

    rows = Reminder.objects.order_by("subject").values_list("state", "not_before")
    assert list(rows) == [("planned", at), ("planned", at), ("planned", at + 30 * HOUR)]
    assert held_runs(at=at) == ()


def test_cancelled_rows_never_go(storm: None, boss: User, at: datetime) -> None:
    assert cancel_held(kind="drill", by=boss, at=at) == 3

    assert set(Reminder.objects.values_list("state", "reason")) == {("cancelled", "staff")}


@pytest.mark.parametrize(("word", "state"), [("approve", "planned"), ("cancel", "cancelled")])
def test_page_asks_and_does_it_once(word: str, state: str, storm: None, boss: User, as_root: Client) -> None:
    url = f"{DELIVERY}drill/"
    asked = page(as_root.get(url))
    assert "Let 3 reminders go" in asked and Reminder.objects.filter(state="held").count() == 3
    assert as_root.post(url, {"do": "something"}).status_code == 404

    done = as_root.post(url, {"do": word}, follow=True)

    assert done.redirect_chain == [(DELIVERY, 302)]
    assert set(Reminder.objects.values_list("state", flat=True)) == {state}
    assert LogEntry.objects.get().object_repr == "3 drill"
    assert as_root.get(url).status_code == 404


# --- how delivery does ----------------------------------------------------------------------------------
def test_log_counts_by_kind_and_says_how_late(
    drill: Drill, student: User, queue: Queue, at: datetime, only_kinds: Callable[..., None]
) -> None:
    only_kinds("drill")
    for number in range(20):
        sent = {"state": "sent", "message_id": f"<{number}@x>", "not_before": at - HOUR}
        queue(student, first=number, **sent, sent_at=at - HOUR + number * MINUTE)
    queue(student, first=20, state="sent", message_id="<o@x>", sent_at=at, not_before=at - 29 * 24 * HOUR)
    queue(student, 2, first=21, state="sent", channel="inbox", sent_at=at, not_before=at)
    queue(student, 2, first=23, state="cancelled", reason="off")
    queue(student, 1, first=25, state="cancelled", reason="done")
    queue(student, 1, first=26, state="failed", reason="exhausted")
    queue(student, 1, first=27, not_before=at - 16 * MINUTE)
    queue(student, 1, first=28, not_before=at + HOUR)
    queue(student, 1, first=29, kind="gone", not_before=at + HOUR)
    suppress_address(email="a@example.com", reason="x", at=at)
    Suppression.objects.create(email_hmac="b" * 64, reason="x", at=at, lifted_at=at)

    log = delivery_log(at=at)

    line, gone = log.lines
    assert (line.label, line.mails, line.inbox, line.failed, line.waiting) == ("Fire drill", 20, 2, 1, 2)
    assert line.cancelled == (("turned off by the person", 2), ("it is done", 1)) and line.not_sent == 3
    assert (gone.label, gone.waiting, gone.lag) == ("gone", 1, None)
    assert line.lag is not None and line.lag.median == 10 * MINUTE
    assert (log.waiting, log.failed, log.suppressed, log.is_late) == (3, 1, 1, True)
    assert log.oldest is not None and log.oldest.subject == "drill-27" and log.late_by == 16 * MINUTE


def test_lag_is_the_middle_and_all_but_one_in_twenty(
    drill: Drill, student: User, queue: Queue, at: datetime
) -> None:
    for number in range(100):
        sent_at = at + number * MINUTE - MINUTE  # the first went along with another, a minute before its time
        queue(student, first=number, state="sent", message_id=f"<{number}@x>", sent_at=sent_at)

    assert delivery_log(at=at + 2 * HOUR).lag == Lag(49 * MINUTE, 94 * MINUTE)


@pytest.mark.parametrize("rows", [1, 3])
def test_log_costs_eight_statements(
    rows: int, drill: Drill, student: User, queue: Queue, at: datetime, django_assert_num_queries: Any
) -> None:
    queue(student, rows)
    queue(student, rows, first=10, state="held")
    queue(student, rows, first=20, state="failed")

    with django_assert_num_queries(8):
        delivery_log(at=at)


def test_page_shows_a_server_that_is_away_and_what_waits(
    storm: None, student: User, as_root: Client, queue: Queue, at: datetime
) -> None:
    MailGate.objects.create(failures=2, closed_at=at, closed_until=at + MINUTE, error="Connection refused")
    queue(student, first=9, state="failed", reason="exhausted")

    words = page(as_root.get(DELIVERY))

    assert "Connection refused" in words and "3 reminders wait for approval: Fire drill" in words
    assert f'href="{DELIVERY}drill/"' in words
    assert "?state__exact=failed" in words


def test_desk_counts_what_only_staff_can_bring_forward(
    drill: Drill, student: User, as_root: Client, as_editor: Client, queue: Queue
) -> None:
    assert "Delivery of reminders" in page(as_root.get("/admin/"))
    assert DELIVERY not in page(as_editor.get("/admin/"))
    queue(student, 2, state="failed")
    queue(student, 1, first=2, state="held")

    words = page(as_root.get("/admin/"))

    assert "2 reminders failed, 1 waits for approval" in words


# --- one row --------------------------------------------------------------------------------------------
def test_row_shows_the_mail_as_it_went_and_sends_nothing(
    drill: Drill, student: User, as_root: Client, queue: Queue, at: datetime, mailoutbox: list[Any]
) -> None:
    queue(student, 2)
    deliver_due(at=at)
    mailoutbox.clear()
    rows = list(Reminder.objects.filter(state="sent").order_by("pk"))
    MailEvent.objects.create(
        event_id="x:1",
        what="delivered",
        message_id=rows[0].message_id,
        email_hmac="x",
        detail="250 OK",
        happened_at=at,
        received_at=at,
    )
    letter = letter_that_went(rows)

    words = page(as_root.get(f"{LIST}{rows[0].pk}/change/"))
    html = as_root.get(f"{LIST}{rows[0].pk}/mail/")

    assert letter.subject in words and "was delivered" in words and "250 OK" in words
    assert f'src="{LIST}{rows[0].pk}/mail/"' in words
    assert f'href="{LIST}{rows[1].pk}/change/"' in words  # in the same mail
    assert page(html) == letter.html
    assert set(html["Content-Security-Policy"].split("; ")) == {
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "frame-ancestors 'self'",
        "sandbox",
    }
    assert html["X-Frame-Options"] == "SAMEORIGIN"
    assert mailoutbox == []


def test_row_of_an_inbox_shows_what_stands_there(
    drill: Drill, student: User, as_root: Client, queue: Queue, at: datetime
) -> None:
    (row,) = queue(student, channel="inbox")
    deliver_due(at=at)

    words = page(as_root.get(f"{LIST}{row.pk}/change/"))

    assert "Drill drill-0 is due, 7 days left." in words
    assert as_root.get(f"{LIST}{row.pk}/mail/").status_code == 404


@pytest.mark.parametrize(
    ("fields", "offered"),
    [
        ({"state": "failed"}, {"requeue_failed", "send_again"}),
        ({"state": "cancelled"}, {"send_again"}),
        ({"state": "held"}, {"cancel"}),
        ({}, {"cancel"}),
    ],
)
def test_row_offers_what_can_be_done(
    fields: dict[str, str], offered: set[str], drill: Drill, student: User, as_root: Client, queue: Queue
) -> None:
    (row,) = queue(student, **fields)

    words = page(as_root.get(f"{LIST}{row.pk}/change/"))

    actions = ("requeue_failed", "send_again", "cancel")
    assert {name for name in actions if f'name="action" value="{name}"' in words} == offered


def test_mail_that_went_before_words_were_kept_says_so(
    drill: Drill, student: User, as_root: Client, queue: Queue, at: datetime
) -> None:
    (row,) = queue(student, state="sent", sent_at=at, message_id="<abc@localhost>")

    assert "It went before mails were kept." in page(as_root.get(f"{LIST}{row.pk}/change/"))
    assert as_root.get(f"{LIST}{row.pk}/mail/").status_code == 404
    assert as_root.get(f"{LIST}999999/mail/").status_code == 404


# --- addresses ------------------------------------------------------------------------------------------
def test_suppressed_address_is_found_by_itself_and_lifted_after_asking(
    boss: User, as_root: Client, at: datetime
) -> None:
    url = "/admin/reminders/suppression/"
    row = suppress_address(email="gone@example.com", source="bounce", reason="5.1.1", at=at - 400 * 24 * HOUR)
    suppress_address(email="spam@example.com", source="complaint", reason="abuse", at=at)

    found = page(as_root.get(url, {"q": "Gone@Example.com"}))
    assert (
        "5.1.1" in found
        and "abuse" not in found
        and "gone@" not in found.lower().replace('value="gone@example.com"', "")
    )
    chosen = {"action": "lift", "_selected_action": [row.pk]}
    assert "Write to these addresses again?" in page(as_root.post(url, chosen, follow=True))
    row.refresh_from_db()
    assert row.lifted_at is None
    said = page(as_root.post(url, chosen | {"confirmed": "1"}, follow=True))

    row.refresh_from_db()
    assert "1 address takes mail again." in said and row.lifted_at is not None
    assert LogEntry.objects.get(user=boss).object_id == str(row.pk)
    assert "5.1.1" in page(as_root.get(url, {"holds": "0"}))
    assert "5.1.1" not in page(as_root.get(url, {"holds": "1"}))
    assert "All of these take mail already." in page(as_root.post(url, chosen, follow=True))


def test_suppression_can_be_neither_made_nor_deleted_by_hand(as_root: Client, at: datetime) -> None:
    row = suppress_address(email="gone@example.com", reason="550", at=at)

    assert as_root.get("/admin/reminders/suppression/add/").status_code == 403
    url = f"/admin/reminders/suppression/{row.pk}/delete/"
    assert as_root.post(url, {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("table", ["suppression", "mailevent", "plantally"])
@pytest.mark.parametrize("rows", [1, 3])
def test_small_lists_cost_the_same(
    table: str, rows: int, as_root: Client, at: datetime, django_assert_num_queries: Any
) -> None:
    for number in range(rows):
        suppress_address(email=f"p{number}@example.com", reason="x", at=at)
        PlanTally.objects.create(kind=f"k{number}", on=at.date(), rows=1)
        MailEvent.objects.create(
            event_id=f"{number}", what="bounced", email_hmac="x", happened_at=at, received_at=at
        )
    as_root.get(f"/admin/reminders/{table}/")

    with django_assert_num_queries(7):
        as_root.get(f"/admin/reminders/{table}/")
