"""What holds for every kind about credentials: it tells its fact to its person alone, in few statements."""

from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from courses.reminders import kinds
from courses.reminders.actions import plan
from courses.reminders.kinds.credentials import KINDS
from courses.reminders.models import Reminder
from courses.reminders.rendering import Footer, Source, Why, check_source, fill_line, render_letter
from tests.conftest import MakePerson
from tests.reminders.held import SITUATIONS, coming, planned, said, verdicts

pytestmark = pytest.mark.django_db
MAILS = Path(__file__).parents[2] / "courses/content/packs/starter/mail"
KEYS = [kind.key for kind in KINDS]
#: Statements of ``candidates`` where there are rows, and of ``read``.
ASKS = {
    "ce_cycle_end": (7, 9),
    "ce_pace": (5, 6),
    "ce_submission_opens": (2, 6),
    "ce_grace_begins": (2, 6),
    "membership_due": (6, 4),
    "evidence_missing": (3, 6),
    "credit_returned": (1, 1),
    "credit_approved": (1, 1),
    "certificate_ready": (1, 1),
    "packet_ready": (1, 1),
    "apprentice_step": (1, 3),
}


def source_of(key: str) -> Source:
    _, head, body = (MAILS / f"{key}.md").read_text().split("---\n", 2)
    lines = yaml.safe_load(head)
    return Source(lines["subject"], lines["summary"], body)


def test_every_kind_has_a_situation() -> None:
    assert set(SITUATIONS) == set(KEYS) == set(ASKS)


@pytest.mark.parametrize("key", KEYS)
def test_kind_tells_its_fact(key: str, student: User) -> None:
    of = SITUATIONS[key]
    of.arrange(student)

    (row,) = planned(key, of.planned_at)

    assert verdicts(key, [row], of.told_at) == ["goes"]
    values = said(key, row, of.told_at)
    assert values.keys() == kinds.get(key).sample_context().keys()
    assert {type(value) for value in values.values()} == {str}
    assert values["url"].startswith("http://localhost:8000/credentials/")
    assert values["why"].startswith("You get this because")
    source = source_of(key)
    footer = Footer("http://localhost:8000", "http://localhost:8000/reminders/", (Why("x", "y"),))
    assert render_letter(source, values, footer=footer).text.startswith("Hello Sam,")
    assert len(fill_line(source.subject, values)) < 60


@pytest.mark.parametrize("key", KEYS)
def test_shipped_mail_of_a_kind_is_accepted(key: str) -> None:
    check_source(source_of(key), sample=kinds.get(key).sample_context())


@pytest.mark.parametrize("key", KEYS)
def test_fact_of_another_is_not_read(key: str, student: User, other: User) -> None:
    of = SITUATIONS[key]
    of.arrange(student)
    (row,) = planned(key, of.planned_at)

    assert coming(key, of.planned_at, other) == []
    assert [one.user_id for one in coming(key, of.planned_at, student)] == [student.pk]
    row.user = other
    assert verdicts(key, [row], of.told_at) == ["closed"]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("count", [1, 3])
def test_kind_asks_the_same_number_of_questions(key: str, count: int, make_person: MakePerson) -> None:
    of = SITUATIONS[key]
    for n in range(count):
        of.arrange(make_person(f"p{n}@example.com"))
    rows = planned(key, of.planned_at)
    assert len(rows) == count

    with CaptureQueriesContext(
        connection,
    ) as candidates:
        coming(key, of.planned_at)
    with CaptureQueriesContext(connection) as read:
        kinds.get(key).read(rows, at=of.told_at)

    assert (len(candidates), len(read)) == ASKS[key]


@pytest.mark.parametrize("key", KEYS)
def test_deadline_of_what_is_planned_is_known(key: str, student: User) -> None:
    of = SITUATIONS[key]
    of.arrange(student)
    (one,) = coming(key, of.planned_at)

    assert kinds.get(key).deadlines([one.subject]) == {one.subject: one.due_on}


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
@pytest.mark.parametrize("key", [key for key in KEYS if not kinds.get(key).is_news])
def test_reminder_goes_at_nine_of_the_person_s_own_day(key: str, zone: str, make_person: MakePerson) -> None:
    of = SITUATIONS[key]
    person = make_person(time_zone=zone)
    of.arrange(person)

    for hours in range(-36, 24, 12):
        plan(at=of.planned_at + timedelta(hours=hours))

    rows = Reminder.objects.filter(kind=key, channel="email")
    local = [person.local(row.not_before) for row in rows.order_by("not_before")]
    assert (local[0].date(), local[0].hour) == (of.send_on, 9)
    assert len({row.due_on for row in rows}) == len(rows)
