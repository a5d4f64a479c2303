"""People with credentials under the rules as they ship, and a situation for every kind about them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

from accounts.models import User
from courses.catalog.models import Body, Certification, Course
from courses.credentials.actions import add_credit, issue_certificate, record_credential, save_rule_set
from courses.credentials.models import (
    Certificate,
    CredentialHeld,
    Credit,
    Cycle,
    Evidence,
    EvidenceReview,
    Packet,
    RuleSet,
)
from courses.reminders import kinds
from courses.reminders.kinds import Candidate
from courses.reminders.models import Channel, Reminder
from courses.reminders.queries import reminder_key
from tests.credentials.conftest import shipped
from tests.credentials.histories import complete_course
from tests.worlds import LONG_AGO

#: When credentials are recorded: the cycle of a CPC that renews in March began two months before.
RECORDED = datetime(2025, 6, 2, 12, tzinfo=UTC)
LAST_DAY = date(2027, 3, 31)
HORIZON = timedelta(hours=48)


def noon(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 12, tzinfo=UTC)


def make_rules(**terms: Any) -> RuleSet:
    """AAPC with a CPC and a CPMA under the rules that ship; ``terms`` are other values of these."""
    body, _ = Body.objects.get_or_create(key="aapc", defaults={"name": "AAPC", "short": "AAPC"})
    for key in ("cpc", "cpma"):
        Certification.objects.get_or_create(
            key=key,
            defaults={"body": body, "abbreviation": key.upper(), "name": key.upper(), "purpose": "x"},
        )
    rule = shipped()["aapc-2015"] | terms
    save_rule_set(key="aapc-2015", rule=rule, pack_digest=sha256(repr(terms).encode()).hexdigest())
    return RuleSet.objects.get(key="aapc-2015")


def hold(user: User, key: str = "cpc", *, at: datetime = RECORDED, **fields: Any) -> CredentialHeld:
    """A credential in a cycle that asks for 36 CEUs until ``LAST_DAY``."""
    if not RuleSet.objects.exists():
        make_rules()
    return record_credential(
        **{
            "user": user,
            "certification": Certification.objects.get(key=key),
            "earned_on": date(2020, 5, 4),
            "renewal_month": 3,
            "at": at,
        }
        | fields
    )


def cycle_of(user: User) -> Cycle:
    return Cycle.objects.get(user=user)


def earn(user: User, ceus: int | str, *, on: date = date(2025, 5, 5), **fields: Any) -> Credit:
    """An activity with an index number, unless said otherwise, and without a file."""
    number = Credit.objects.count() + 1
    return add_credit(
        **{
            "user": user,
            "title": f"Webinar {number}",
            "provider": "AAPC",
            "index_number": f"W{number}",
            "completed_on": on,
            "ceus": Decimal(ceus),
            "by": user,
            "at": max(RECORDED, datetime(on.year, on.month, on.day, 23, tzinfo=UTC)),
        }
        | fields
    )


def give_file(credit: Credit, *, at: datetime = RECORDED) -> Evidence:
    digest = sha256(b"x").hexdigest()
    return Evidence.objects.create(
        credit=credit,
        kind="pdf",
        path=f"evidence/{credit.pk}-{Evidence.objects.count()}.pdf",
        size=1,
        original_sha256=digest,
        sha256=digest,
        added_at=at,
    )


def review(credit: Credit, verdict: str, *, at: datetime, reason: str = "") -> EvidenceReview:
    return EvidenceReview.objects.create(credit=credit, verdict=verdict, reason=reason, reviewed_at=at)


def certify(user: User, *, at: datetime) -> Certificate:
    course, _ = Course.objects.get_or_create(
        key="basics",
        defaults={
            "title": "Basics",
            "summary": "x",
            "level": "foundation",
            "hours": Decimal(2),
            "ceus": Decimal(2),
            "published_at": LONG_AGO,
            "pack_digest": "x",
        },
    )
    return issue_certificate(completion=complete_course(user, course, at), at=at)


def pack(user: User, *, at: datetime, took: timedelta = timedelta(minutes=9)) -> Packet:
    """A packet that became ready ``at``."""
    if not Body.objects.exists():
        make_rules()
    return Packet.objects.create(
        user=user,
        body=Body.objects.get(key="aapc"),
        first_on=date(2025, 4, 1),
        last_on=LAST_DAY,
        asked_at=at - took,
        made_at=at,
        expires_at=at + timedelta(days=7),
        path="packets/x.zip",
        size=1,
        sha256="0" * 64,
    )


# --- what a kind says ------------------------------------------------------------------------------------
def coming(key: str, at: datetime, user: User | None = None) -> list[Candidate]:
    """What the kind asks for in the two days after ``at``."""
    found = kinds.get(key).candidates(at=at, until=at + HORIZON, user_id=user.pk if user else None)
    return sorted(found, key=lambda one: (one.user_id, one.send_on, one.subject))


def planned(key: str, at: datetime) -> list[Reminder]:
    """The same as rows of the outbox."""
    return [
        Reminder.objects.create(
            key=reminder_key(key, one, Channel.EMAIL),
            kind=key,
            subject=one.subject,
            user=User.objects.get(pk=one.user_id),
            due_on=one.due_on,
            step=one.step,
            channel=Channel.EMAIL,
            not_before=at,
            created_at=at,
        )
        for one in coming(key, at)
    ]


def verdicts(key: str, rows: list[Reminder], at: datetime) -> list[str]:
    """For each row why it must not go, or ``goes``."""
    kind, found = kinds.get(key), []
    facts = kind.read(rows, at=at)
    for row in rows:
        if row.pk not in facts:
            found.append("closed")
            continue
        reason = kind.still_true(row, facts[row.pk], at=at)
        found.append(reason.value if reason is not None else "goes")
    return found


def said(key: str, row: Reminder, at: datetime) -> dict[str, str]:
    """The values of a row's mail."""
    kind = kinds.get(key)
    return kind.context(row, kind.read([row], at=at)[row.pk], at=at)


# --- a situation for every kind --------------------------------------------------------------------------
class Situation(NamedTuple):
    """Facts about which a kind tells a person, planned and told at these moments."""

    planned_at: datetime
    told_at: datetime
    arrange: Callable[[User], object]
    send_on: date


def _submission() -> dict[str, int | None]:
    return {"opens_days_before": 60, "closes_days_after": None}


def _reviewed(user: User, verdict: str, reason: str) -> None:
    hold(user)
    credit = earn(user, 2)
    give_file(credit)
    review(credit, verdict, reason=reason, at=noon(2027, 1, 5))


def _opening(user: User) -> None:
    make_rules(submission=_submission())
    hold(user)


def _bare(user: User) -> None:
    hold(user)
    earn(user, 2)


SITUATIONS: dict[str, Situation] = {
    "ce_cycle_end": Situation(noon(2027, 3, 23), noon(2027, 3, 24), hold, date(2027, 3, 24)),
    "ce_pace": Situation(noon(2026, 4, 4), noon(2026, 4, 5), hold, date(2026, 4, 5)),
    "ce_submission_opens": Situation(noon(2027, 1, 29), noon(2027, 1, 30), _opening, date(2027, 1, 30)),
    "ce_grace_begins": Situation(noon(2027, 3, 31), noon(2027, 4, 1), hold, date(2027, 4, 1)),
    "membership_due": Situation(noon(2026, 3, 23), noon(2026, 3, 24), hold, date(2026, 3, 24)),
    "evidence_missing": Situation(noon(2027, 1, 29), noon(2027, 1, 30), _bare, date(2027, 1, 30)),
    "credit_returned": Situation(
        noon(2027, 1, 5),
        noon(2027, 1, 6),
        lambda user: _reviewed(user, "returned", "The certificate shows no date."),
        date(2027, 1, 5),
    ),
    "credit_approved": Situation(
        noon(2027, 1, 5), noon(2027, 1, 6), lambda user: _reviewed(user, "approved", ""), date(2027, 1, 5)
    ),
    "certificate_ready": Situation(
        noon(2027, 1, 5),
        noon(2027, 1, 6),
        lambda user: certify(user, at=noon(2027, 1, 5)),
        date(2027, 1, 5),
    ),
    "packet_ready": Situation(
        noon(2027, 1, 5), noon(2027, 1, 6), lambda user: pack(user, at=noon(2027, 1, 5)), date(2027, 1, 5)
    ),
    "apprentice_step": Situation(
        noon(2025, 7, 1), noon(2025, 7, 2), lambda user: hold(user, status="apprentice"), date(2025, 7, 2)
    ),
}
