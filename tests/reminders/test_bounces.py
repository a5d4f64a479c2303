"""Mails that came back: only the report of a mail of ours to that very address says something."""

import io
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import User
from courses.reminders.actions import lift_suppression, record_returned
from courses.reminders.addresses import message_id
from courses.reminders.bounces import (
    LONGEST,
    MOST_RECIPIENTS,
    Returned,
    is_address_at_fault,
    mails_in,
    read_report,
)
from courses.reminders.models import MailEvent, Suppression
from courses.reminders.queries import is_suppressed
from tests.reminders.conftest import Queue
from tests.reminders.drill import Drill
from tests.reminders.mailreports import as_mbox, report

OURS = "<ours@localhost>"
SENT = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)


# --- reading --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "is_bad"),
    [
        *(
            ("5.1.1", True),
            ("550 5.1.1 user unknown", True),
            ("5.1.2", True),
            ("5.1.3", True),
            ("5.1.6", True),
        ),
        *(("5.1.10 null MX", True), ("5.2.1 disabled", True)),
        *(("5.1.7", False), ("5.1.8 sender", False), ("5.2.2 full", False), ("5.2.0", False)),
        *(("4.1.1", False), ("4.2.1", False), ("5.7.1", False), ("5.7.26", False), ("5.4.1", False)),
        *(("550 unknown", False), ("", False), ("5.1", False), ("15.1.1", False), ("5.1.1111", False)),
        ("5.7.1 blocked, was 5.1.1 before", False),
    ],
)
def test_only_some_statuses_speak_against_an_address(text: str, is_bad: bool) -> None:
    assert is_address_at_fault(text) == is_bad


def test_report_is_read() -> None:
    assert read_report(report(message_id=OURS, email="Sam@Example.com", original="sam@old.example")) == [
        Returned(
            OURS,
            frozenset({"sam@example.com", "sam@old.example"}),
            "failed",
            "5.1.1",
            datetime(2026, 11, 23, 14, 0, tzinfo=UTC),
        )
    ]


@pytest.mark.parametrize(
    "returned", ["message/rfc822", "text/rfc822-headers", "message/rfc822-headers; charset=utf-8"]
)
def test_returned_mail_comes_whole_or_as_its_head(returned: str) -> None:
    found = read_report(report(message_id=OURS, returned=returned))

    assert found is not None and found[0].message_id == OURS


def test_report_of_several_recipients_is_read_and_limited() -> None:
    group = "Final-Recipient: rfc822; p{n}@example.com\nAction: failed\nStatus: 5.1.1\n"
    many = "\n".join(group.replace("{n}", str(n)) for n in range(500))

    found = read_report(report(message_id=OURS, groups=many))

    assert found is not None and len(found) == MOST_RECIPIENTS


def test_mbox_and_single_mail_are_split() -> None:
    one, two = report(message_id="<1@x>"), report(message_id="<2@x>")
    quoted = one.replace(b"I'm sorry", b">From the start I'm sorry")

    assert [read_report(mail)[0].message_id for mail in mails_in(io.BytesIO(as_mbox(quoted, two)))] == [  # type: ignore[index]  # both are reports
        "<1@x>",
        "<2@x>",
    ]
    assert list(mails_in(io.BytesIO(one))) == [one]
    assert list(mails_in(io.BytesIO(b""))) == []
    assert list(mails_in(io.BytesIO(b"From \nFrom \n\nFrom \n"))) == [b"From \n\n"]


def test_long_mail_is_read_in_constant_memory() -> None:
    long = b"From x\n" + report(message_id=OURS) + b"x" * 99 + b"\n" + b"y" * 999 + b"\n"
    endless = io.BytesIO(long + b"z" * (3 * LONGEST))

    (mail,) = mails_in(endless)

    assert len(mail) <= 2 * LONGEST
    assert read_report(mail) is not None


# --- hostile --------------------------------------------------------------------------------------------
GOOD = report(message_id=OURS)


def nested(depth: int) -> bytes:
    head = b"".join(
        f'Content-Type: multipart/report; boundary="b{n}"\n\n--b{n}\n'.encode() for n in range(depth)
    )
    return head + b"Content-Type: text/plain\n\nx\n"


def wrapped(depth: int) -> bytes:
    return b"Content-Type: message/rfc822\n\n" * depth + b"\nx\n"


HOSTILE: dict[str, bytes] = {
    "empty": b"",
    "one newline": b"\n",
    "zeros": b"\0" * 5000,
    "binary": bytes(range(256)) * 40,
    "only a From line": b"From nobody\n",
    "plain text": b"Subject: hello\n\nFinal-Recipient: rfc822; sam@example.com\nStatus: 5.1.1\n",
    "headers without end": b"A: b\n" * 20_000,
    "one endless header": b"Subject: " + b"a" * 500_000,
    "folded for ever": b"Subject: a\n" + b" a\n" * 100_000,
    "colons": b":" * 100_000,
    "header without a name": b": x\n\ny",
    "no boundary": GOOD.replace(b'; boundary="B"', b""),
    "empty boundary": GOOD.replace(b'boundary="B"', b'boundary=""'),
    "boundary never opened": GOOD.replace(b"--B\n", b""),
    "boundary of ten thousand": GOOD.replace(b'"B"', b'"' + b"B" * 10_000 + b'"'),
    "boundary in pieces": GOOD.replace(b'boundary="B"', b'boundary*0="B"; boundary*1=x; boundary*9=y'),
    "two content types": GOOD.replace(b"MIME-Version", b"Content-Type: text/plain\nMIME-Version"),
    "not a report": GOOD.replace(b"multipart/report", b"multipart/mixed"),
    "alternative": GOOD.replace(b"multipart/report", b"multipart/alternative"),
    "report of a disposition": GOOD.replace(b"message/delivery-status", b"message/disposition-notification"),
    "status as plain text": GOOD.replace(b"message/delivery-status", b"text/plain"),
    "no status": GOOD.replace(b"Status: 5.1.1", b""),
    "words for a status": GOOD.replace(b"Status: 5.1.1", b"Status: gone for good"),
    "status too long": GOOD.replace(b"Status: 5.1.1", b"Status: 5.1.11111"),
    "status of another class": GOOD.replace(b"Status: 5.1.1", b"Status: 9.1.1"),
    "status in Arabic figures": GOOD.replace(b"Status: 5.1.1", "Status: ٥.١.١".encode()),
    "no recipient": GOOD.replace(b"Final-Recipient", b"Nobody"),
    "recipient without @": GOOD.replace(b"rfc822; sam@example.com", b"rfc822; sam"),
    "recipient is a list": GOOD.replace(b"rfc822; sam@example.com", b"rfc822; , , ;@ ,"),
    "recipient of a megabyte": GOOD.replace(b"sam@example.com", b"a@" * 300_000),
    "no returned mail": GOOD.replace(b"text/rfc822-headers", b"text/plain"),
    "returned mail without Message-ID": GOOD.replace(b"Message-ID", b"X-Other"),
    "Message-ID without brackets": report(message_id="ours@localhost"),
    "empty Message-ID": report(message_id="<>"),
    "Message-ID with spaces": report(message_id="<a b@localhost>"),
    "Message-ID of a megabyte": report(message_id="<" + "a" * 900_000 + ">"),
    "Message-ID of the report itself": GOOD.replace(b"Message-ID", b"X-Other").replace(
        b"Subject: Und", b"Message-ID: <ours@localhost>\nSubject: Und"
    ),
    "returned head with an encoding nobody knows": GOOD.replace(
        b"text/rfc822-headers", b"text/rfc822-headers; charset=klingon\nContent-Transfer-Encoding: rot13"
    ).replace(b"Message-ID", b"X-Other"),
    "nested 50": nested(50),
    "nested 2000": nested(2000),
    "wrapped 2000": wrapped(2000),
    "a million parts": b'Content-Type: multipart/report; boundary="B"\n\n' + b"--B\n\n" * 180_000,
    "a report in a report": GOOD.replace(
        b"message/delivery-status", b'multipart/report; boundary="C"\n\n--C\nContent-Type: text/plain'
    ),
    "encoded words": GOOD.replace(b"Final-Recipient: rfc822; sam@example.com", b"Final-Recipient: =?x?y?z?="),
    "header injected": GOOD.replace(b"Message-ID: <ours@localhost>", b"Message-ID:\r\r\n <"),
}
#: What is odd and still a report: nothing more must come of it than of the good one.
STILL_READ: dict[str, bytes] = {
    "status in base64": GOOD.replace(
        b"Content-Type: message/delivery-status",
        b"Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64",
    ),
    "boundary with an encoding nobody knows": GOOD.replace(b'boundary="B"', b"boundary*=klingon''B"),
    "eight bits": GOOD.replace(b"I'm sorry", "Je suis désolé".encode("latin-1")),
    "carriage returns": GOOD.replace(b"\n", b"\r\n"),
    "year 99999": report(message_id=OURS, date="Mon, 23 Nov 99999 14:00:00 +0000"),
    "date of words": report(message_id=OURS, date="yesterday, I think"),
    "date of no zone": report(message_id=OURS, date="Mon, 23 Nov 2026 14:00:00 -0000"),
    "zone of a hundred hours": report(message_id=OURS, date="Mon, 23 Nov 2026 14:00:00 +9999"),
    "cut off": GOOD[: GOOD.rindex(b"--B--")],
    "action in capitals": GOOD.replace(b"Action: failed", b"ACTION:   FAILED  "),
    "comments": GOOD.replace(b"Status: 5.1.1", b"Status: 5.1.1 (no such user)"),
}


def test_there_are_enough_broken_mails() -> None:
    assert len(HOSTILE) + len(STILL_READ) >= 50


@pytest.mark.parametrize("name", HOSTILE)
def test_broken_mail_is_no_report(name: str) -> None:
    began = time.process_time()

    assert read_report(HOSTILE[name]) is None
    assert time.process_time() - began < 5  # a wide limit: what grows with the square takes minutes


@pytest.mark.parametrize("name", STILL_READ)
def test_odd_report_is_read_as_the_good_one(name: str) -> None:
    (found,) = read_report(STILL_READ[name]) or [None]

    assert found is not None
    assert (found.message_id, found.addresses, found.status) == (OURS, {"sam@example.com"}, "5.1.1")
    assert found.at is None or found.at.tzinfo is not None


def test_reader_that_believed_the_reports_own_id_would_be_noticed() -> None:
    """The planted fault: a reader that takes any Message-ID in the mail."""
    forged = HOSTILE["Message-ID of the report itself"]

    assert OURS.encode() in forged
    assert read_report(forged) is None


def test_message_id_cannot_be_computed_by_who_knows_the_fact(settings: Settings) -> None:
    keys = ["ce_cycle_end:cycle-12:5:2026-11-30:7:email"]
    ours = message_id(keys)

    settings.SECRET_KEY = "another-key-" + "y" * 50

    assert message_id(keys) != ours


# --- believing ------------------------------------------------------------------------------------------
@pytest.fixture
def sent(drill: Drill, student: User, queue: Queue) -> str:
    """The Message-ID of a mail that went to the student."""
    (row,) = queue(
        student, state="sent", sent_at=SENT, message_id=message_id(["drill:drill-0"]), not_before=SENT
    )
    return row.message_id


def returned(mail: str, **fields: object) -> Returned:
    return Returned(
        **{  # type: ignore[arg-type]  # a test names what it changes
            "message_id": mail,
            "addresses": frozenset({"sam@example.com"}),
            "action": "failed",
            "status": "5.1.1",
            "at": SENT + timedelta(minutes=1),
        }
        | fields
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "counted", "is_held"),
    [
        ({}, "bounced", True),
        ({"status": "5.2.1"}, "bounced", True),
        ({"status": "5.7.1"}, "refused", False),
        ({"status": "5.2.2"}, "refused", False),
        ({"status": "4.2.2"}, "deferred", False),
        ({"action": "delayed", "status": "4.4.1"}, "deferred", False),
        ({"action": "delivered", "status": "2.0.0"}, "other", False),
        ({"action": "relayed"}, "other", False),
        ({"action": "expanded"}, "other", False),
        ({"message_id": "<forged@localhost>"}, "foreign", False),
        ({"addresses": frozenset({"eve@example.com"})}, "foreign", False),
    ],
)
def test_report_counts_as_what_it_is(
    fields: dict[str, object], counted: str, is_held: bool, sent: str, student: User, at: datetime
) -> None:
    done = record_returned(returned=[returned(sent, **fields)], at=at)

    assert done == {counted: 1}
    assert is_suppressed(student) == is_held
    assert MailEvent.objects.count() == (counted in {"bounced", "refused", "deferred"})


@pytest.mark.django_db
def test_report_twice_changes_nothing_not_even_after_a_proof(sent: str, student: User, at: datetime) -> None:
    record_returned(returned=[returned(sent)], at=at)
    lift_suppression(user=student, at=at)

    assert record_returned(returned=[returned(sent)], at=at + timedelta(days=1)) == {"known": 1}
    assert not is_suppressed(student)


@pytest.mark.django_db
@pytest.mark.parametrize("moment", [None, SENT - timedelta(days=3), SENT + timedelta(days=4000)])
def test_report_with_an_impossible_date_counts_from_the_mail(
    moment: datetime | None, sent: str, at: datetime
) -> None:
    record_returned(returned=[returned(sent, at=moment)], at=at)

    assert Suppression.objects.get().at == SENT


@pytest.mark.django_db
def test_person_who_changed_the_address_is_not_touched(sent: str, student: User, at: datetime) -> None:
    User.objects.filter(pk=student.pk).update(email="new@example.com")

    assert record_returned(returned=[returned(sent)], at=at) == {"foreign": 1}
    assert not Suppression.objects.exists()


# --- the command ----------------------------------------------------------------------------------------
@pytest.fixture
def export(sent: str, tmp_path: Path) -> Path:
    path = tmp_path / "bounces.mbox"
    path.write_bytes(
        as_mbox(
            b"Subject: out of office\n\nBack on Monday.\n",
            report(message_id=sent),
            report(message_id=sent),
            report(message_id=sent, status="5.7.1"),
            report(message_id="<forged@localhost>", email="victim@example.com"),
            *(mail for mail in HOSTILE.values() if len(mail) < 50_000),
        )
    )
    return path


def run(*arguments: str) -> dict[str, int]:
    out = io.StringIO()
    call_command("bounces", *arguments, stdout=out)
    said = out.getvalue()
    assert "@" not in said  # nobody's address
    return {line[7:]: int(line[:6]) for line in said.splitlines()[1:]}


@pytest.mark.django_db
def test_command_says_what_it_did_and_is_harmless_twice(export: Path, student: User) -> None:
    first, again = run(str(export)), run(str(export))

    assert first["addresses at fault, which take no mail from now on"] == 1
    assert first["refused for another reason"] == 1
    assert first["known before"] == 1
    assert first["not about a mail of ours to that address"] == 1
    assert again["known before"] == 3 and again["addresses at fault, which take no mail from now on"] == 0
    assert Suppression.objects.count() == 1 and is_suppressed(student)


@pytest.mark.django_db
def test_dry_run_says_the_same_and_changes_nothing(export: Path) -> None:
    planned = run(str(export), "--dry-run")

    assert not MailEvent.objects.exists() and not Suppression.objects.exists()
    assert run(str(export)) == planned


@pytest.mark.django_db
def test_command_reads_one_mail_and_standard_input(
    sent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    single = tmp_path / "one.eml"
    single.write_bytes(report(message_id=sent))
    stdin = io.TextIOWrapper(io.BytesIO(report(message_id=sent)))
    monkeypatch.setattr("sys.stdin", stdin)

    assert run("-")["addresses at fault, which take no mail from now on"] == 1
    assert run(str(single))["known before"] == 1


@pytest.mark.django_db
def test_command_without_its_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        call_command("bounces", str(tmp_path / "nothing.mbox"))
