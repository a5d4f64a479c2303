"""The apprentice mark: the next step, once a month and then once a quarter, until it is gone."""

from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.models import User
from courses.credentials.actions.apprentice import remove_apprentice_mark
from courses.credentials.models import ApprenticeProof, CredentialHeld
from courses.reminders import kinds
from courses.reminders.models import Urgency
from tests.reminders.held import RECORDED, coming, hold, make_rules, noon, planned, said, verdicts

pytestmark = pytest.mark.django_db
AT = noon(2025, 7, 1)


def work(held: CredentialHeld, first: date, last: date | None) -> ApprenticeProof:
    return ApprenticeProof.objects.create(
        held=held, need="work", text="A clinic", starts_on=first, ends_on=last, added_at=RECORDED
    )


def test_step_names_what_is_left_on_the_nearest_route(student: User) -> None:
    held = hold(student, status="apprentice")
    work(held, date(2024, 1, 1), date(2024, 10, 31))
    (row,) = planned("apprentice_step", AT)

    values = said("apprentice_step", row, AT)

    assert values["credential"] == "CPC-A"
    assert values["headline"] == "14 months of work to go"
    assert values["nearest_sentence"].startswith("You are nearest to “")
    assert values["next_sentence"].startswith("Next: ")
    assert values["url"] == f"http://localhost:8000/credentials/{held.pk}/apprentice/"
    assert kinds.get("apprentice_step").urgency(0) == Urgency.ORDINARY


def test_step_before_anything_is_entered_says_how_to_begin(student: User) -> None:
    hold(student, status="apprentice")
    (row,) = planned("apprentice_step", AT)

    values = said("apprentice_step", row, AT)

    assert values["headline"] == "the way to lose the A"
    assert values["nearest_sentence"].startswith("Nothing is entered here yet.")
    assert values["next_sentence"] == ""


def test_step_when_everything_is_there_sends_the_papers(student: User) -> None:
    held = hold(student, status="apprentice")
    work(held, date(2022, 1, 1), date(2024, 12, 31))
    (row,) = planned("apprentice_step", AT)

    values = said("apprentice_step", row, AT)

    assert values["headline"] == "everything is there"
    assert values["nearest_sentence"] == "You have all of “Two years of work”: send the papers to the body."


def test_steps_come_monthly_and_then_quarterly(student: User) -> None:
    hold(student, status="apprentice", at=datetime(2025, 8, 31, 12, tzinfo=UTC))

    told = {
        one.send_on
        for days in range(0, 480, 2)
        for one in coming("apprentice_step", noon(2025, 8, 31) + timedelta(days=days))
    }

    assert sorted(told) == [
        *(date(2025, 9, 30), date(2025, 10, 31), date(2025, 11, 30)),
        *(date(2026, 2, 28), date(2026, 5, 31), date(2026, 8, 31), date(2026, 11, 30)),
    ]


def test_steps_end_with_the_mark(student: User) -> None:
    held = hold(student, status="apprentice")
    (row,) = planned("apprentice_step", AT)

    remove_apprentice_mark(held=held, on=date(2025, 6, 30), by=student, at=AT)

    assert verdicts("apprentice_step", [row], AT) == ["closed"]
    assert coming("apprentice_step", AT) == []
    assert kinds.get("apprentice_step").deadlines([row.subject]) == {}


def test_steps_end_where_the_rules_know_no_mark(student: User) -> None:
    hold(student, status="apprentice")
    (row,) = planned("apprentice_step", AT)

    make_rules(apprentice=None)

    assert verdicts("apprentice_step", [row], AT) == ["closed"]
