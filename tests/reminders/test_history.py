from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from courses.reminders.models import MailTemplateRevision, Reminder
from tests.reminders.conftest import Queue
from tests.reminders.drill import Drill

pytestmark = pytest.mark.django_db
PAGE = reverse("reminders:history")
#: Mails that went, each with so many things.
Went = Callable[..., list[Reminder]]


@pytest.fixture
def went(drill: Drill, queue: Queue, at: datetime) -> Went:
    def make(user: User, parts: int = 1, *, mail: str = "one", **fields: object) -> list[Reminder]:
        rows = queue(
            user,
            parts,
            first=Reminder.objects.count(),
            **{
                "state": "sent",
                "sent_at": at,
                "message_id": f"<{mail}@localhost>",
                "template_revision": MailTemplateRevision.objects.get(template__kind="drill"),
            }
            | fields,
        )
        for row in rows:
            row.said = drill.sample_context() | {"what": f"Drill {row.subject}"}
        Reminder.objects.bulk_update(rows, ["said"])
        return rows

    return make


def shown(client: Client, query: str = "") -> list[str]:
    return [entry.lead.title.partition(":")[0] for entry in client.get(PAGE + query).context["entries"]]


def sent_page(row: Reminder, as_: str = "") -> str:
    return reverse("reminders:sent", args=[row.pk]) + (f"?as={as_}" if as_ else "")


def html_of(row: Reminder) -> str:
    return reverse("reminders:sent_html", args=[row.pk])


# --- the list --------------------------------------------------------------------------------------------
def test_history_shows_what_went_and_what_did_not_with_the_reason(
    student: User, as_student: Client, went: Went, queue: Queue, at: datetime
) -> None:
    User.objects.filter(pk=student.pk).update(time_zone="America/New_York")
    went(student)
    queue(student, 1, first=7, state="cancelled", reason="done")
    queue(student, 1, first=8)

    page = as_student.get(PAGE)

    assert shown(as_student) == ["Fire drill", "Drill drill-0"]
    assert "it is done" in page.content.decode()
    assert "Mon 23 Nov 2026, 10:00 EST" in page.content.decode()


def test_mail_with_several_things_shows_once_with_its_parts(
    student: User, as_student: Client, went: Went
) -> None:
    went(student, 3)
    went(student, 1, mail="two")

    page = as_student.get(PAGE)

    assert [len(entry.notes) for entry in page.context["entries"]] == [1, 3]
    assert page.content.decode().count(f'href="{PAGE}') >= 2
    assert "Drill drill-2" in page.content.decode()


def test_urgent_part_leads_the_mail(student: User, as_student: Client, went: Went) -> None:
    rows = went(student, 2)
    Reminder.objects.filter(pk=rows[1].pk).update(urgency=0)
    assert shown(as_student) == ["Drill drill-1"]


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", 4),
        ("?state=sent", 2),
        ("?state=not", 2),
        ("?state=waiting", 1),
        ("?kind=drill&state=sent&channel=email", 1),
        ("?channel=inbox", 1),
        ("?kind=ce_cycle_end", 0),
        ("?state=nonsense&kind=%00&channel=x", 4),
    ],
)
def test_history_is_filtered(
    query: str, titles: int, student: User, as_student: Client, went: Went, queue: Queue
) -> None:
    went(student, 2)
    went(student, 1, channel="inbox", message_id="", key="inbox")
    queue(student, 1, first=10, state="cancelled", reason="off")
    queue(student, 1, first=11, state="failed", reason="exhausted")
    queue(student, 1, first=12, reason="paused")
    assert len(shown(as_student, query)) == titles


def test_filter_by_kind_finds_the_mail_in_which_it_was_told(
    student: User, as_student: Client, went: Went
) -> None:
    first, _second = went(student, 2)
    Reminder.objects.filter(pk=first.pk).update(kind="ce_cycle_end")
    assert [len(e.notes) for e in as_student.get(PAGE + "?kind=drill").context["entries"]] == [2]
    assert [len(e.notes) for e in as_student.get(PAGE + "?kind=ce_cycle_end").context["entries"]] == [2]


def test_history_is_paged(student: User, as_student: Client, queue: Queue, drill: Drill) -> None:
    queue(student, 45, state="cancelled", reason="done")
    assert len(shown(as_student)) == 20
    assert len(shown(as_student, "?page=3")) == 5


def test_history_shows_only_ones_own(other: User, as_student: Client, went: Went) -> None:
    went(other, 2)
    page = as_student.get(PAGE)
    assert shown(as_student) == []
    assert "Nothing went yet" in page.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_history_asks_the_same_number_of_questions(
    count: int,
    student: User,
    as_student: Client,
    went: Went,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(count):
        went(student, 2, mail=str(number))
    as_student.get(PAGE)
    with django_assert_num_queries(6):  # session, person, roles, count, page, parts of the mails
        as_student.get(PAGE)


# --- the mail itself -------------------------------------------------------------------------------------
def test_mail_is_shown_as_it_went(student: User, as_student: Client, went: Went, drill: Drill) -> None:
    [row] = went(student)

    page = as_student.get(sent_page(row)).content.decode()
    text = as_student.get(sent_page(row, "text")).content.decode()
    html = as_student.get(html_of(row))

    assert "Drill drill-0" in page
    assert f'sandbox src="{html_of(row)}"' in page
    assert "Hello Sam" in text and "/stop/" not in text
    assert "Hello Sam" in html.content.decode() and "/stop/" not in html.content.decode()
    policy = html["Content-Security-Policy"]
    assert "sandbox" in policy and "default-src 'none'" in policy and "script-src" not in policy
    assert "frame-ancestors 'self'" in policy and html["X-Frame-Options"] == "SAMEORIGIN"


def test_mail_with_several_things_is_shown_whole_from_any_part(
    student: User, as_student: Client, went: Went
) -> None:
    for row in went(student, 3):
        html = as_student.get(html_of(row)).content.decode()
        assert all(f"drill-{number}" in html for number in range(3))


def test_line_of_the_inbox_is_shown_without_a_frame(student: User, as_student: Client, went: Went) -> None:
    [row] = went(student, channel="inbox", message_id="")

    page = as_student.get(sent_page(row)).content.decode()

    assert "Drill drill-0" in page and 'href="/today/"' in page and "<iframe" not in page
    assert as_student.get(html_of(row)).status_code == 404


def test_what_was_not_kept_is_said(student: User, as_student: Client, went: Went) -> None:
    [row] = went(student)
    Reminder.objects.update(said=None, template_revision=None)

    assert "was not kept" in as_student.get(sent_page(row)).content.decode()
    assert as_student.get(html_of(row)).status_code == 404
    assert sent_page(row) not in as_student.get(PAGE).content.decode()


def test_mails_of_others_and_what_did_not_go_are_not_there(
    student: User, other: User, as_student: Client, went: Went, queue: Queue
) -> None:
    [theirs] = went(other)
    [planned] = queue(student, 1, first=9)
    for row in (theirs, planned):
        for url in (sent_page(row), sent_page(row, "text"), html_of(row)):
            assert as_student.get(url).status_code == 404


def test_newest_mail_stands_first_by_when_it_went(
    student: User, as_student: Client, went: Went, at: datetime
) -> None:
    went(student, mail="late", not_before=at - timedelta(days=2), sent_at=at + timedelta(days=1))
    went(student, mail="soon", not_before=at, sent_at=at)
    assert shown(as_student) == ["Drill drill-0", "Drill drill-1"]
