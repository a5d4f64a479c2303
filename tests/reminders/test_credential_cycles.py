"""A running cycle: what it still takes, at what pace, and which certificates are missing."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import User
from courses.catalog.models import Body, Course
from courses.credentials.actions.changing import extend_cycle, submit_cycle
from courses.credentials.models import CourseApproval, CredentialHeld, Cycle
from tests.reminders.held import (
    LAST_DAY,
    LONG_AGO,
    RECORDED,
    coming,
    cycle_of,
    earn,
    give_file,
    hold,
    make_rules,
    noon,
    planned,
    said,
    verdicts,
)

pytestmark = pytest.mark.django_db


def make_course(key: str, title: str, ceus: int, *, topics: list[str] | None = None) -> Course:
    """A course of ours with an index number of AAPC."""
    course = Course.objects.create(
        key=key,
        title=title,
        summary="x",
        level="foundation",
        hours=Decimal(2),
        ceus=Decimal(ceus),
        published_at=LONG_AGO,
        pack_digest="x",
    )
    CourseApproval.objects.create(
        course=course,
        body=Body.objects.get(key="aapc"),
        index_number=f"CW-{key}",
        topics=topics or [],
        valid_from=date(2025, 1, 1),
    )
    return course


# --- the end -----------------------------------------------------------------------------------------------
def test_end_names_the_two_courses_that_bring_the_cycle_furthest(student: User) -> None:
    hold(student)
    make_course("small", "A small course", 1)
    make_course("large", "A large course", 5)
    make_course("middle", "A course between", 3)
    (row,) = planned("ce_cycle_end", noon(2027, 3, 23))

    values = said("ce_cycle_end", row, noon(2027, 3, 24))

    assert values["headline"] == "7 days left, 36 CEUs short"
    assert values["courses_intro"] == "These courses of ours would bring you furthest:"
    assert [values[f"course_{n}"] for n in (1, 2)] == ["A large course", "A course between"]
    assert values["course_1_url"] == "http://localhost:8000/courses/large/"
    assert [values[f"course_{n}_brings"] for n in (1, 2)] == ["(5 CEUs)", "(3 CEUs)"]
    assert values["url"] == f"http://localhost:8000/credentials/cycles/{cycle_of(student).pk}/"


def test_end_names_one_course_where_one_is_enough(student: User) -> None:
    hold(student)
    earn(student, 34)
    make_course("large", "A large course", 5)
    make_course("middle", "A course between", 3)
    (row,) = planned("ce_cycle_end", noon(2027, 3, 23))

    values = said("ce_cycle_end", row, noon(2027, 3, 24))

    assert values["courses_intro"] == "This course of ours would fill it:"
    assert [values["course_1"], values["course_2"]] == ["A course between", ""]
    assert values["course_1_brings"] == "(2 CEUs)"
    assert values["recorded"] == "So far 34 of 36 CEUs are recorded."


def test_end_prefers_the_course_that_fills_the_part_that_is_short(student: User) -> None:
    hold(student)
    hold(student, "cpma")
    earn(student, 30)
    make_course("any", "About anything", 4)
    make_course("audit", "About auditing", 2, topics=["auditing"])
    (row,) = planned("ce_cycle_end", noon(2027, 3, 23))

    values = said("ce_cycle_end", row, noon(2027, 3, 24))

    assert values["standing_sentence"] == "16 auditing CEUs short, 7 days left."
    assert [values["course_1"], values["course_2"]] == ["About auditing", ""]


def test_end_says_where_to_look_when_no_course_would_count(student: User) -> None:
    hold(student)
    Course.objects.create(
        key="bare",
        title="Without an index number",
        summary="x",
        level="foundation",
        hours=Decimal(2),
        ceus=Decimal(2),
        published_at=LONG_AGO,
        pack_digest="x",
    )
    (row,) = planned("ce_cycle_end", noon(2027, 3, 23))

    values = said("ce_cycle_end", row, noon(2027, 3, 24))

    assert values["courses_intro"].startswith("None of our courses would count")
    assert {values[f"course_{n}{part}"] for n in (1, 2) for part in ("", "_url", "_brings")} == {""}


def test_end_moves_with_an_extension_and_back(student: User) -> None:
    hold(student)
    (row,) = planned("ce_cycle_end", noon(2027, 3, 23))
    cycle = cycle_of(student)

    extend_cycle(cycle=cycle, until=date(2027, 6, 30), by=student, at=noon(2027, 3, 23))

    assert verdicts("ce_cycle_end", [row], noon(2027, 3, 24)) == ["moved"]
    assert coming("ce_cycle_end", noon(2027, 3, 23)) == []
    (later,) = coming("ce_cycle_end", noon(2027, 6, 22))
    assert (later.due_on, later.step, later.send_on) == (date(2027, 6, 30), 7, date(2027, 6, 23))
    extend_cycle(cycle=cycle, until=None, by=student, at=noon(2027, 3, 23))
    assert verdicts("ce_cycle_end", [row], noon(2027, 3, 24)) == ["goes"]


@pytest.mark.parametrize(("key", "at"), [("ce_cycle_end", noon(2027, 3, 23)), ("ce_pace", noon(2026, 4, 4))])
def test_cycle_that_was_reported_is_not_told(key: str, at: datetime, student: User) -> None:
    hold(student)
    (row,) = planned(key, at)

    submit_cycle(cycle=cycle_of(student), on=at.date(), by=student, at=at)

    assert verdicts(key, [row], at) == ["done"]
    assert coming(key, at) == []


@pytest.mark.parametrize("key", ["ce_cycle_end", "ce_pace", "evidence_missing"])
def test_cycle_of_a_credential_given_up_is_not_told(key: str, student: User) -> None:
    at = {"ce_pace": noon(2026, 4, 4), "evidence_missing": noon(2027, 1, 29)}.get(key, noon(2027, 3, 23))
    hold(student)
    earn(student, 2)
    (row,) = planned(key, at)

    CredentialHeld.objects.update(status=CredentialHeld.Status.RETIRED)

    assert verdicts(key, [row], at) == ["retired"]
    assert coming(key, at) == []


# --- the pace ----------------------------------------------------------------------------------------------
def test_pace_names_the_part_that_is_behind_and_what_it_takes(student: User) -> None:
    hold(student)
    hold(student, "cpma")
    earn(student, 24)
    (row,) = planned("ce_pace", noon(2026, 4, 4))

    values = said("ce_pace", row, noon(2026, 4, 5))

    assert verdicts("ce_pace", [row], noon(2026, 4, 5)) == ["goes"]
    assert row.step == 360
    assert values["parts_sentence"] == "“Auditing” is 16 CEUs short: that takes 1.4 CEUs a month."
    assert values["headline"] == "1.4 CEUs a month from now on"
    assert values["pace_sentence"] == "You collect 1.97 CEUs a month, none of it for “Auditing”."


def test_pace_names_the_whole_where_there_are_no_parts(student: User) -> None:
    hold(student)
    earn(student, 6)
    (row,) = planned("ce_pace", noon(2026, 4, 4))

    assert said("ce_pace", row, noon(2026, 4, 5))["parts_sentence"] == (
        "In all 30 CEUs are missing: that takes 2.6 CEUs a month."
    )


def test_pace_that_is_enough_is_not_told(student: User) -> None:
    hold(student)
    earn(student, 20)
    (row,) = planned("ce_pace", noon(2026, 4, 4))

    assert verdicts("ce_pace", [row], noon(2026, 4, 5)) == ["done"]


def test_pace_is_told_twice_in_the_second_half_of_two_years(student: User) -> None:
    hold(student)

    told = {
        (one.step, one.send_on)
        for days in range(700)
        for one in coming("ce_pace", RECORDED + timedelta(days=days))
    }

    assert told == {(360, date(2026, 4, 5)), (270, date(2026, 7, 4))}


def test_pace_of_a_cycle_that_was_recorded_just_now_waits(student: User) -> None:
    hold(student, at=noon(2026, 3, 30))

    assert coming("ce_pace", noon(2026, 4, 4)) == []
    assert [one.step for one in coming("ce_pace", noon(2026, 7, 3))] == [270]


# --- the certificates --------------------------------------------------------------------------------------
def test_missing_certificates_are_counted_and_named(student: User) -> None:
    hold(student)
    for _ in range(5):
        earn(student, 2)
    (row,) = planned("evidence_missing", noon(2027, 1, 29))

    values = said("evidence_missing", row, noon(2027, 1, 30))

    cycle = Cycle.objects.get()
    assert values["headline"] == "5 activities without a certificate"
    assert values["count_sentence"] == "5 activities that count for CPC have no certificate yet."
    assert values["titles"] == "“Webinar 5”, “Webinar 4”, “Webinar 3” and 2 more"
    assert values["url"].endswith(f"/credentials/activities/?cycle={cycle.pk}&state=unproven")


def test_certificates_that_are_there_are_not_asked_for(student: User) -> None:
    hold(student)
    for _ in range(2):
        give_file(earn(student, 2))
    earn(student, 2, on=date(2025, 3, 5), at=RECORDED)  # in the cycle before
    earn(student, 2, index_number="")  # counts nothing
    (row,) = planned("evidence_missing", noon(2027, 1, 29))

    assert verdicts("evidence_missing", [row], noon(2027, 1, 30)) == ["done"]


def test_certificates_are_not_asked_for_where_the_body_wants_none(student: User) -> None:
    make_rules(evidence_fields=["title", "date", "ceus"])
    hold(student)
    earn(student, 2)
    (row,) = planned("evidence_missing", noon(2027, 1, 29))

    assert verdicts("evidence_missing", [row], noon(2027, 1, 30)) == ["done"]


def test_certificates_are_asked_for_at_sixty_and_fourteen_days(student: User) -> None:
    hold(student)

    told = {
        (one.step, one.send_on, one.expires_on)
        for days in range(100)
        for one in coming("evidence_missing", noon(2027, 1, 1) + timedelta(days=days))
    }

    assert told == {
        (60, date(2027, 1, 30), date(2027, 3, 17)),
        (14, date(2027, 3, 17), LAST_DAY + timedelta(days=1)),
    }
