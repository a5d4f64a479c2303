from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from courses.credentials.actions import add_credit, reverse_credit
from courses.credentials.models import CredentialHeld, Cycle
from courses.credentials.queries import standing_for_cycle, standings
from tests.credentials.conftest import Record

ON = date(2027, 2, 18)  # 41 days before the end of March


@pytest.fixture
def earn(student: User, at: datetime) -> Callable[..., Any]:
    def make(
        credential: CredentialHeld, ceus: str, *topics: str, title: str = "Webinar", index: str | None = None
    ) -> Any:
        return add_credit(
            user=credential.user,
            title=title,
            provider="AHIMA",
            index_number=f"X {title}" if index is None else index,
            completed_on=date(2026, 6, 1),
            ceus=Decimal(ceus),
            topics=topics,
            by=student,
            at=at,
        )

    return make


Earn = Callable[..., Any]


def said(user: User, on: date = ON) -> str:
    return standings(user, on)[0].sentence


def test_sentence_names_the_part_that_is_short(record: Record, earn: Earn, student: User) -> None:
    record()
    earn(record("cpma"), "30")
    earn(record("cpco"), "10", "auditing", title="Audits")
    CredentialHeld.objects.filter(certification__key="cpco").update(status="retired")

    assert said(student) == "6 auditing CEUs short, 41 days left."


@pytest.mark.parametrize(
    ("ceus", "on", "expected"),
    [
        ("26.5", ON, "9.5 CEUs short, 41 days left."),
        ("35", date(2027, 3, 30), "1 CEU short, 1 day left."),
        ("36", date(2027, 3, 19), "36 of 36 CEUs recorded, nothing is short, 12 days left."),
        ("40", date(2027, 3, 31), "40 of 36 CEUs recorded, nothing is short, today is the last day."),
    ],
)
def test_sentence_is_plural_correct(
    record: Record, earn: Earn, student: User, ceus: str, on: date, expected: str
) -> None:
    earn(record(), ceus)

    assert said(student, on) == expected


def test_sentence_says_the_whole_and_its_parts(record: Record, student: User) -> None:
    record("ccs", earned_on=date(2025, 4, 1))

    assert said(student) == (
        "20 CEUs short, of them 16 in “Health informatics and information management domains” and "
        "8 in “From AHIMA, HCPro or a component state association”, 41 days left."
    )


def test_sentence_admits_what_is_not_known(record: Record, earn: Earn, student: User) -> None:
    earn(record("crcr", ends_on=date(2027, 4, 1), required=Decimal(5)), "2")
    Cycle.objects.update(required_override=None)

    assert said(student) == "2 CEUs recorded; what the body asks is not known, 41 days left."


def test_cycle_that_is_over_is_in_the_past(record: Record, student: User) -> None:
    record()
    after = date(2027, 4, 2)

    assert standings(student, after) == []
    (past,) = standings(student, after, past=True)
    assert past.sentence == "36 CEUs short, over for 2 days."


def test_withdrawn_credits_do_not_count(record: Record, earn: Earn, student: User, at: datetime) -> None:
    reverse_credit(credit=earn(record(), "9"), reason="Wrong", by=student, at=at)

    assert standings(student, ON)[0].standing.earned == 0


def test_only_own_credits_and_cycles_are_read(
    record: Record, earn: Earn, student: User, other: User, at: datetime
) -> None:
    earn(record(), "9")
    theirs = record(user=other)

    (found,) = standings(other, ON)

    assert found.credentials == [theirs]
    assert found.standing.earned == 0


def test_standing_for_one_cycle_is_that_of_the_list(record: Record, earn: Earn, student: User) -> None:
    earn(record(), "9")

    assert standing_for_cycle(Cycle.objects.get(), ON) == standings(student, ON)[0]


@pytest.mark.parametrize("keys", [("cpc",), ("cpc", "ccs", "crcr")])
def test_standings_are_six_queries_whatever_is_held(
    record: Record, earn: Earn, student: User, keys: tuple[str, ...], django_assert_num_queries: Any
) -> None:
    for key in keys:
        held = record(key, ends_on=date(2027, 4, 1), required=Decimal(36))
        for number in range(len(keys)):
            earn(held, "1", title=f"{key} {number}")

    with django_assert_num_queries(6):  # cycles, rules, credentials; reviews, files, the ledger
        found = standings(student, ON)

    assert len(found) == len(keys)
