from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.backends import SignInBackend
from accounts.models import User
from courses.reminders.models import MailTemplateRevision, Reminder
from courses.reminders.queries.inbox import own_path
from tests.reminders.drill import Drill

pytestmark = pytest.mark.django_db
PAGE = reverse("reminders:inbox")
Told = Callable[..., list[Reminder]]


@pytest.fixture
def told(drill: Drill, at: datetime) -> Told:
    """Lines in somebody's inbox, one an hour, the last the newest."""

    def make(user: User, count: int = 1, **fields: object) -> list[Reminder]:
        begun = Reminder.objects.count()
        rows = [
            Reminder(
                **{
                    "key": f"drill:drill-{n}:{user.pk}:2026-11-30:7:inbox",
                    "kind": "drill",
                    "subject": f"drill-{n}",
                    "user": user,
                    "due_on": at.date(),
                    "step": 7,
                    "channel": "inbox",
                    "state": "sent",
                    "not_before": at,
                    "created_at": at,
                    "sent_at": at + timedelta(hours=n),
                    "template_revision": MailTemplateRevision.objects.get(template__kind="drill"),
                    "said": drill.sample_context() | {"what": f"Drill {n}"},
                }
                | fields
            )
            for n in range(begun, begun + count)
        ]
        return Reminder.objects.bulk_create(rows)

    return make


def mark_of(row: Reminder) -> str:
    return reverse("reminders:mark", args=[row.pk])


def titles(page: object) -> list[str]:
    return [note.title for note in page.context["notes"]]  # type: ignore[attr-defined]


# --- the bell --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("unread", "label", "shown"),
    [
        (0, 'aria-label="Inbox"', None),
        (3, 'aria-label="Inbox, 3 unread"', ">3</span>"),
        (100, 'aria-label="Inbox, more than 99 unread"', ">99+</span>"),
    ],
)
def test_bell_counts_what_was_not_read(
    unread: int, label: str, shown: str | None, student: User, other: User, as_student: Client, told: Told
) -> None:
    told(student, unread)
    told(student, 2, read_at=timezone.now())
    told(student, 1, state="planned", sent_at=None)
    told(other, 4)

    page = as_student.get(reverse("pages:guide")).content.decode()

    assert label in page
    assert ("bell-count" in page) is (shown is not None)
    assert shown is None or shown in page


def test_bell_costs_no_statement(
    student: User, told: Told, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    told(student, 2)
    with django_assert_num_queries(1):
        user = SignInBackend().get_user(student.pk)
        assert user is not None and user.unread == 2


def test_bell_of_a_person_read_otherwise_asks_once(
    student: User, told: Told, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    told(student, 2)
    user = User.objects.get(pk=student.pk)
    with django_assert_num_queries(1):
        assert user.unread == user.unread == 2


def test_strangers_see_no_bell(client: Client) -> None:
    assert "bell" not in client.get(reverse("pages:guide")).content.decode()


def test_nobody_is_behind_a_session_of_a_person_who_is_gone_or_suspended(student: User) -> None:
    User.objects.filter(pk=student.pk).update(is_active=False)
    assert SignInBackend().get_user(student.pk) is None
    assert SignInBackend().get_user(0) is None


# --- the page --------------------------------------------------------------------------------------------
def test_inbox_shows_ones_own_the_newest_first(
    student: User, other: User, as_student: Client, told: Told
) -> None:
    told(student, 3)
    told(other, 1)

    page = as_student.get(PAGE)

    assert [title.partition(":")[0] for title in titles(page)] == ["Drill 2", "Drill 1", "Drill 0"]
    assert 'href="/today/"' in page.content.decode()
    assert page.content.decode().count("Unread:") == 3


@pytest.mark.parametrize("count", [1, 3])
def test_inbox_asks_the_same_number_of_questions(
    count: int,
    student: User,
    as_student: Client,
    told: Told,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    told(student, count)
    as_student.get(PAGE)
    with django_assert_num_queries(4):  # session, person, count, page
        as_student.get(PAGE)


def test_inbox_is_paged_and_filtered(student: User, as_student: Client, told: Told) -> None:
    told(student, 25)
    told(student, 3, read_at=timezone.now())

    assert len(titles(as_student.get(PAGE))) == 20
    assert len(titles(as_student.get(PAGE + "?page=2"))) == 8
    assert len(titles(as_student.get(PAGE + "?show=unread&page=2"))) == 5


def test_empty_inbox_teaches(as_student: Client) -> None:
    page = as_student.get(PAGE).content.decode()
    assert "Nothing in your inbox yet" in page
    assert reverse("reminders:reminders") in page


def test_what_was_said_is_text_and_leads_nowhere_else(
    student: User, as_student: Client, told: Told, drill: Drill
) -> None:
    told(student, said=drill.sample_context() | {"what": "<script>1</script>", "url": "javascript:alert(1)"})

    page = as_student.get(PAGE).content.decode()

    assert "<script>1" not in page and "&lt;script&gt;1" in page
    assert "javascript:" not in page


def test_row_from_before_values_were_kept_is_shown_by_its_kind(
    student: User, as_student: Client, told: Told
) -> None:
    told(student, said=None, template_revision=None)
    assert titles(as_student.get(PAGE)) == ["Fire drill"]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://localhost:8000/today/?a=1", "/today/?a=1"),
        ("http://localhost:8000.evil.example/", ""),
        ("https://example.com/", "https://example.com/"),
        ("http://example.com/", ""),
        ("//example.com/", ""),
        ("", ""),
    ],
)
def test_own_addresses_are_paths(url: str, path: str) -> None:
    assert own_path(url) == path


# --- marks -----------------------------------------------------------------------------------------------
def test_line_is_marked_as_read_and_back(student: User, as_student: Client, told: Told) -> None:
    row, *_rest = told(student, 2)

    as_student.post(mark_of(row))
    assert [note.is_unread for note in as_student.get(PAGE).context["notes"]] == [True, False]

    as_student.post(mark_of(row), {"unread": "1"})
    assert [note.is_unread for note in as_student.get(PAGE).context["notes"]] == [True, True]


def test_script_that_follows_a_link_gets_no_page(student: User, as_student: Client, told: Told) -> None:
    [row] = told(student)
    answer = as_student.post(mark_of(row), headers={"accept": "application/json"})
    assert (answer.status_code, answer.content) == (204, b"")
    row.refresh_from_db()
    assert row.read_at is not None


def test_reading_again_keeps_the_first_moment(
    student: User, as_student: Client, told: Told, at: datetime
) -> None:
    [row] = told(student, read_at=at)
    as_student.post(mark_of(row))
    row.refresh_from_db()
    assert row.read_at == at


def test_page_and_filter_stay_after_a_mark(student: User, as_student: Client, told: Told) -> None:
    [row] = told(student)
    answer = as_student.post(mark_of(row), {"show": "unread", "page": "2"})
    assert answer["Location"] == PAGE + "?show=unread&page=2"


def test_stranger_marks_nothing(student: User, other: User, as_student: Client, told: Told) -> None:
    [theirs] = told(other)
    [mail] = told(student, state="planned", sent_at=None, channel="email")

    assert as_student.post(mark_of(theirs)).status_code == 404
    assert as_student.post(mark_of(mail)).status_code == 404
    as_student.post(reverse("reminders:mark_all"))

    theirs.refresh_from_db()
    assert theirs.read_at is None


def test_opening_pages_reads_nothing(student: User, as_student: Client, told: Told) -> None:
    [row] = told(student)
    for url in (PAGE, PAGE + "?show=unread", mark_of(row), reverse("reminders:mark_all")):
        as_student.get(url)
    assert Reminder.objects.unread().count() == 1


def test_all_are_marked_and_that_is_taken_back_alone(
    student: User, as_student: Client, told: Told, at: datetime
) -> None:
    told(student, 3)
    told(student, 1, read_at=at)

    page = as_student.post(reverse("reminders:mark_all"), follow=True)
    assert Reminder.objects.unread().count() == 0
    assert "Everything is marked as read" in page.content.decode()

    as_student.post(reverse("reminders:unmark_all"), {"marked": page.context["marked"]})
    assert Reminder.objects.unread().count() == 3


def test_undoing_with_an_empty_inbox_or_a_made_up_moment_changes_nothing(
    student: User, as_student: Client, told: Told, at: datetime
) -> None:
    assert as_student.post(reverse("reminders:mark_all"))["Location"] == PAGE
    told(student, 1, read_at=at)
    for marked in ("", "x", "-1", "0", "9" * 17, "9" * 40, "١٢٣"):
        assert as_student.post(reverse("reminders:unmark_all"), {"marked": marked}).status_code == 302
        assert as_student.get(PAGE, {"marked": marked}).status_code == 200
    assert Reminder.objects.unread().count() == 0
