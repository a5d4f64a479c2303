"""News about papers: reviews, certificates, packets, each once."""

from datetime import datetime, timedelta

import pytest

from accounts.models import User
from courses.credentials.actions import reverse_credit, revoke_certificate
from courses.credentials.models import Packet
from courses.reminders import kinds
from courses.reminders.actions import plan
from courses.reminders.models import Channel, Reminder, Urgency
from tests.reminders.held import (
    certify,
    coming,
    earn,
    give_file,
    hold,
    noon,
    pack,
    planned,
    review,
    said,
    verdicts,
)

pytestmark = pytest.mark.django_db
AT = noon(2027, 1, 5)
NEXT_DAY = noon(2027, 1, 6)


def test_returned_activity_is_told_with_its_reason(student: User) -> None:
    hold(student)
    credit = earn(student, "1.5")
    give_file(credit)
    review(credit, "returned", reason="The certificate shows no date.", at=AT)
    (row,) = planned("credit_returned", AT)

    values = said("credit_returned", row, NEXT_DAY)

    assert kinds.get("credit_returned").urgency(0) == Urgency.NEWS
    assert (values["title"], values["ceus"]) == ("Webinar 1", "1.5 CEUs")
    assert values["reason"] == "The certificate shows no date."
    assert values["url"] == f"http://localhost:8000/credentials/activities/{credit.pk}/#evidence"
    assert coming("credit_approved", AT) == []


def test_returned_activity_that_was_mended_is_not_told(student: User) -> None:
    hold(student)
    credit = earn(student, 2)
    give_file(credit)
    review(credit, "returned", reason="No date.", at=AT)
    (row,) = planned("credit_returned", AT)

    give_file(credit, at=AT + timedelta(hours=1))

    assert verdicts("credit_returned", [row], NEXT_DAY) == ["done"]


def test_returned_activity_that_was_approved_since_is_not_told(student: User) -> None:
    hold(student)
    credit = earn(student, 2)
    give_file(credit)
    review(credit, "returned", reason="No date.", at=AT)
    (row,) = planned("credit_returned", AT)

    review(credit, "approved", at=AT + timedelta(hours=1))

    assert verdicts("credit_returned", [row], NEXT_DAY) == ["done"]
    (approved,) = planned("credit_approved", AT)
    assert verdicts("credit_approved", [approved], NEXT_DAY) == ["goes"]


def test_returned_activity_that_was_withdrawn_is_not_told(student: User) -> None:
    hold(student)
    credit = earn(student, 2)
    give_file(credit)
    review(credit, "returned", reason="No date.", at=AT)
    (row,) = planned("credit_returned", AT)

    reverse_credit(credit=credit, reason="Typed twice", by=student, at=AT)

    assert verdicts("credit_returned", [row], NEXT_DAY) == ["closed"]
    assert coming("credit_returned", AT) == []


def test_activity_returned_twice_is_told_twice(student: User) -> None:
    hold(student)
    credit = earn(student, 2)
    give_file(credit)
    review(credit, "returned", reason="No date.", at=AT)
    (first,) = planned("credit_returned", AT)
    give_file(credit, at=AT + timedelta(days=1))
    review(credit, "returned", reason="No name.", at=AT + timedelta(days=2))

    second = planned("credit_returned", AT + timedelta(days=30))
    assert second == []  # too long ago
    found = coming("credit_returned", AT + timedelta(days=2))

    assert len({one.subject for one in found}) == 2
    assert verdicts("credit_returned", [first], AT + timedelta(days=2)) == ["done"]


def test_approval_stays_in_the_inbox_unless_asked_for() -> None:
    assert kinds.get("credit_approved").on_by_default == ("inbox",)
    assert kinds.get("credit_returned").on_by_default == ("email", "inbox")


def test_certificate_is_told_once_it_is_issued(student: User) -> None:
    certificate = certify(student, at=AT)
    (row,) = planned("certificate_ready", AT)

    values = said("certificate_ready", row, NEXT_DAY)

    assert (values["course"], values["ceus_sentence"]) == ("Basics", "It carries 2 CEUs.")
    assert values["number"].replace("-", "") == certificate.check_id
    assert values["url"].endswith(f"/credentials/certificates/#certificate-{certificate.pk}")
    assert coming("certificate_ready", AT + timedelta(days=8)) == []


@pytest.mark.parametrize(
    ("issued", "goes"),
    [
        ("2027-01-05T09:10", "2027-01-05T09:10"),
        ("2027-01-05T17:30", "2027-01-05T17:30"),  # already the next day in UTC
        ("2027-01-05T22:00", "2027-01-06T08:00"),
        ("2027-01-06T03:00", "2027-01-06T08:00"),
    ],
)
def test_news_goes_as_soon_as_the_hours_allow(issued: str, goes: str, student: User) -> None:
    student.time_zone = "America/Los_Angeles"
    student.save(update_fields=["time_zone"])
    at = datetime.fromisoformat(issued).replace(tzinfo=student.zone)
    certify(student, at=at)

    plan(at=at)

    row = Reminder.objects.get(kind="certificate_ready", channel=Channel.EMAIL)
    assert f"{student.local(row.not_before):%Y-%m-%dT%H:%M}" == goes


def test_certificate_that_was_revoked_is_not_told(student: User, editor: User) -> None:
    certificate = certify(student, at=AT)
    (row,) = planned("certificate_ready", AT)

    revoke_certificate(certificate=certificate, reason="Issued by mistake", by=editor, at=AT)

    assert verdicts("certificate_ready", [row], NEXT_DAY) == ["closed"]


def test_certificate_of_somebody_erased_is_nobodys(student: User) -> None:
    certificate = certify(student, at=AT)
    certificate.user = None
    certificate.save(update_fields=["user"])

    assert coming("certificate_ready", AT) == []


def test_packet_that_took_long_is_told_while_it_is_kept(student: User) -> None:
    pack(student, at=AT)
    (row,) = planned("packet_ready", AT)

    assert verdicts("packet_ready", [row], NEXT_DAY) == ["goes"]
    assert said("packet_ready", row, NEXT_DAY)["kept_until"] == "Tue 12 Jan 2027"
    assert verdicts("packet_ready", [row], AT + timedelta(days=7)) == ["expired"]
    Packet.objects.all().delete()
    assert verdicts("packet_ready", [row], NEXT_DAY) == ["closed"]


def test_packet_that_was_ready_at_once_is_no_news(student: User) -> None:
    pack(student, at=AT, took=timedelta(seconds=20))
    assert coming("packet_ready", AT) == []
