"""The report, the day after the deadline, and the dues."""

from datetime import date, timedelta
from typing import Any

import pytest

from accounts.models import User
from courses.catalog.models import Body, Fact, FactKind
from courses.credentials.actions.changing import extend_cycle, submit_cycle, tick_step
from courses.credentials.models import CredentialHeld, Cycle
from courses.reminders import kinds
from courses.reminders.kinds.credentials.dues import dues_days
from courses.reminders.models import Urgency
from tests.reminders.held import (
    LAST_DAY,
    RECORDED,
    coming,
    cycle_of,
    earn,
    hold,
    make_rules,
    noon,
    planned,
    said,
    verdicts,
)

pytestmark = pytest.mark.django_db


def opens(days: int | None, closes: int | None = None) -> dict[str, Any]:
    return {"submission": {"opens_days_before": days, "closes_days_after": closes}}


# --- the report --------------------------------------------------------------------------------------------
def test_report_is_told_on_the_day_it_opens(student: User) -> None:
    make_rules(**opens(60, 30))
    hold(student)
    (row,) = planned("ce_submission_opens", noon(2027, 1, 29))

    values = said("ce_submission_opens", row, noon(2027, 1, 30))

    assert row.due_on == date(2027, 1, 30)
    assert values["opens"] == "Sat 30 Jan 2027"
    assert values["closes_sentence"] == "It takes it until Fri 30 Apr 2027."
    assert values["url"].endswith(f"/credentials/cycles/{cycle_of(student).pk}/#renewal")
    assert kinds.get("ce_submission_opens").urgency(0) == Urgency.ORDINARY


def test_report_that_was_made_is_not_told(student: User) -> None:
    make_rules(**opens(60))
    hold(student)
    (row,) = planned("ce_submission_opens", noon(2027, 1, 29))

    submit_cycle(cycle=cycle_of(student), on=date(2027, 1, 29), by=student, at=noon(2027, 1, 29))

    assert verdicts("ce_submission_opens", [row], noon(2027, 1, 30)) == ["done"]
    assert coming("ce_submission_opens", noon(2027, 1, 29)) == []


def test_report_is_not_told_where_nobody_knows_when_it_opens(student: User) -> None:
    hold(student)
    assert [coming("ce_submission_opens", RECORDED + timedelta(days=n)) for n in range(0, 660, 2)] == [
        []
    ] * 330


def test_report_moves_with_the_rules(student: User) -> None:
    make_rules(**opens(60))
    hold(student)
    (row,) = planned("ce_submission_opens", noon(2027, 1, 29))

    make_rules(**opens(30))
    assert verdicts("ce_submission_opens", [row], noon(2027, 1, 30)) == ["moved"]
    assert kinds.get("ce_submission_opens").deadlines([row.subject]) == {row.subject: date(2027, 3, 1)}
    make_rules()
    assert verdicts("ce_submission_opens", [row], noon(2027, 1, 30)) == ["closed"]
    assert kinds.get("ce_submission_opens").deadlines([row.subject]) == {}


# --- the day after -----------------------------------------------------------------------------------------
def test_end_that_was_short_is_told_with_the_days_of_grace(student: User) -> None:
    make_rules(grace={"days": 30})
    hold(student)
    earn(student, 28)
    (row,) = planned("ce_grace_begins", noon(2027, 3, 31))

    values = said("ce_grace_begins", row, noon(2027, 4, 1))

    assert (row.due_on, row.step) == (LAST_DAY, 0)
    assert values["headline"] == "8 CEUs short"
    assert values["standing_sentence"] == "8 CEUs short, over for 1 day."
    assert values["what_now"].startswith(
        "AAPC gives 30 days of grace: the credential can be saved until Fri 30 Apr 2027."
    )
    assert (
        values["still_counts"]
        == "What you completed up to Wed 31 Mar 2027 still counts when you enter it now."
    )
    assert values["extension_sentence"].startswith("An extension costs $50.")


def test_end_that_was_short_is_told_where_no_grace_is_known(student: User) -> None:
    hold(student)
    (row,) = planned("ce_grace_begins", noon(2027, 3, 31))

    assert verdicts("ce_grace_begins", [row], noon(2027, 4, 1)) == ["goes"]
    assert said("ce_grace_begins", row, noon(2027, 4, 1))["what_now"] == (
        "Whether AAPC gives days of grace is not known here. Ask there today what is still possible."
    )


@pytest.mark.parametrize(("terms", "verdict"), [({}, "done"), ({"grace": {"days": 30}}, "goes")])
def test_complete_end_is_told_only_where_it_can_still_be_reported(
    terms: dict[str, Any], verdict: str, student: User
) -> None:
    make_rules(**terms)
    hold(student)
    earn(student, 36)
    (row,) = planned("ce_grace_begins", noon(2027, 3, 31))

    assert verdicts("ce_grace_begins", [row], noon(2027, 4, 1)) == [verdict]
    if verdict == "goes":
        values = said("ce_grace_begins", row, noon(2027, 4, 1))
        assert values["headline"] == "is it reported?"
        assert values["what_now"].endswith("report it to AAPC by Fri 30 Apr 2027.")


def test_end_that_was_reported_is_not_told(student: User) -> None:
    hold(student)
    (row,) = planned("ce_grace_begins", noon(2027, 3, 31))
    submit_cycle(cycle=cycle_of(student), on=date(2027, 3, 31), by=student, at=noon(2027, 3, 31))

    assert verdicts("ce_grace_begins", [row], noon(2027, 4, 1)) == ["done"]
    assert coming("ce_grace_begins", noon(2027, 3, 31)) == []


def test_end_is_told_after_the_extension(student: User) -> None:
    hold(student)
    (row,) = planned("ce_grace_begins", noon(2027, 3, 31))
    extend_cycle(cycle=cycle_of(student), until=date(2027, 5, 31), by=student, at=noon(2027, 3, 31))

    assert verdicts("ce_grace_begins", [row], noon(2027, 4, 1)) == ["moved"]
    assert [one.send_on for one in coming("ce_grace_begins", noon(2027, 5, 31))] == [date(2027, 6, 1)]


def test_end_of_a_credential_given_up_before_is_not_told(student: User) -> None:
    hold(student)
    (row,) = planned("ce_grace_begins", noon(2027, 3, 31))
    CredentialHeld.objects.update(status=CredentialHeld.Status.RETIRED)

    assert verdicts("ce_grace_begins", [row], noon(2027, 4, 1)) == ["retired"]


# --- dues --------------------------------------------------------------------------------------------------
def test_dues_fall_due_every_year_of_the_cycle(student: User) -> None:
    hold(student)

    told = [
        (one.subject.rpartition("-")[2], one.step, one.send_on)
        for days in range(0, 680, 2)
        for one in coming("membership_due", RECORDED + timedelta(days=days))
    ]

    assert sorted(set(told), key=lambda one: one[2]) == [
        (str(year), step, date(year, 3, 31) - timedelta(days=step))
        for year in (2026, 2027)
        for step in (30, 7, 1)
    ]


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "days"),
    [
        (date(2025, 4, 1), date(2027, 4, 1), (date(2026, 3, 31), date(2027, 3, 31))),
        (date(2026, 3, 10), date(2027, 4, 1), (date(2027, 3, 31),)),  # joined in the renewal month
        (date(2026, 2, 10), date(2028, 3, 1), (date(2027, 2, 28), date(2028, 2, 29))),
        (date(2025, 3, 16), date(2027, 3, 16), (date(2026, 3, 31), date(2027, 3, 31))),
        (date(2027, 3, 16), date(2029, 3, 16), (date(2028, 3, 31), date(2029, 3, 31))),  # the one after it
    ],
)
def test_dues_days_are_the_ends_of_the_renewal_month(
    starts_on: date, ends_on: date, days: tuple[date, ...]
) -> None:
    assert dues_days(starts_on, ends_on) == days


def test_dues_that_were_ticked_off_are_not_told(student: User) -> None:
    hold(student)
    (row,) = planned("membership_due", noon(2026, 3, 23))
    tick_step(cycle=cycle_of(student), key="dues", is_done=True, at=noon(2026, 3, 2))

    assert verdicts("membership_due", [row], noon(2026, 3, 24)) == ["done"]
    (next_year,) = planned("membership_due", noon(2027, 3, 23))
    assert verdicts("membership_due", [next_year], noon(2027, 3, 24)) == ["goes"]


def test_dues_move_with_the_cycle(student: User) -> None:
    hold(student)
    (row,) = planned("membership_due", noon(2026, 3, 23))

    Cycle.objects.update(ends_on=date(2027, 6, 1))

    assert verdicts("membership_due", [row], noon(2026, 3, 24)) == ["moved"]
    assert kinds.get("membership_due").deadlines([row.subject]) == {row.subject: date(2026, 5, 31)}
    assert [one.due_on for one in coming("membership_due", noon(2026, 5, 23))] == [date(2026, 5, 31)]


@pytest.mark.parametrize("terms", [{"dues": "unknown"}, {"dues": "none"}])
def test_dues_are_told_only_where_they_are_owed_every_year(terms: dict[str, Any], student: User) -> None:
    hold(student)
    (row,) = planned("membership_due", noon(2026, 3, 23))
    make_rules(**terms)

    assert coming("membership_due", noon(2026, 3, 23)) == []
    assert verdicts("membership_due", [row], noon(2026, 3, 24)) == ["closed"]


def test_amount_of_the_dues_is_told_with_its_source_or_not_at_all(student: User) -> None:
    hold(student)
    (row,) = planned("membership_due", noon(2026, 3, 23))

    assert said("membership_due", row, noon(2026, 3, 24))["amount_sentence"] == (
        "The amount is not known here: your AAPC account says it."
    )
    Fact.objects.create(
        body=Body.objects.get(key="aapc"),
        kind=FactKind.FEE,
        label="Membership",
        value="$222 professional, $157 student",
        as_of=date(2026, 11, 1),
        source="Third-party pages, 2026",
        confidence="third_party",
    )
    values = said("membership_due", row, noon(2026, 3, 24))
    assert values["amount_sentence"] == (
        "As of 1 Nov 2026: $222 professional, $157 student (Third-party pages, 2026). "
        "What counts is what your AAPC account says."
    )
    assert (values["due_short"], values["from_now"]) == ("31 Mar 2026", "7 days from now")
