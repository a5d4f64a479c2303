"""What a course or an activity would change: nothing of it is written."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.catalog.models import Body, Course
from courses.credentials.actions import add_credit
from courses.credentials.models import CourseApproval
from courses.progress.models import CourseCompletion
from tests.credentials.conftest import Record

URL = "credentials:what_if"
#: Session, person; cycles, their credentials, rules; the ledger, reviews, files; courses, done, approvals.
QUERIES = 11

MakeCourse = Callable[..., Course]


@pytest.fixture(autouse=True)
def clock(time_machine: Any, at: datetime) -> None:
    """Views read the real clock: let it be that of the tests."""
    time_machine.move_to(at, tick=False)


@pytest.fixture
def three(record: Record) -> None:
    """A CPC with a CPMA in one cycle, and a CCS in another."""
    record()
    record("cpma")
    record("ccs", earned_on=date(2025, 2, 1))


@pytest.fixture
def audits(make_course: MakeCourse) -> Course:
    """A course of 2 CEUs that AAPC approved for auditing with 3."""
    course = make_course("audits", ceus="2.00")
    CourseApproval.objects.create(
        course=course,
        body=Body.objects.get(key="aapc"),
        index_number="CW-1",
        topics=["auditing"],
        ceus=Decimal(3),
        valid_from=date(2026, 1, 1),
    )
    return course


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def rows() -> dict[str, int]:
    """How many rows each table of the project holds."""
    return {
        model._meta.label: model._default_manager.count()
        for label in ("credentials", "progress", "catalog")
        for model in apps.get_app_config(label).get_models()
    }


def test_course_is_seen_as_each_body_approved_it(as_student: Client, three: None, audits: Course) -> None:
    page = text_of(as_student.get(reverse(URL), {"course": "audits"}))

    assert "Counts 2 for CCS (AHIMA), 3 for CPC, CPMA (AAPC)." in page
    assert "3 CEUs for CPC, CPMA: 3 in “Auditing”." in page
    assert "40 CEUs are short now, 37 with it." in page
    assert "To the course" in page


def test_course_without_an_index_number_does_not_count_where_one_is_asked(
    as_student: Client, record: Record, make_course: MakeCourse
) -> None:
    record()
    make_course()

    page = text_of(as_student.get(reverse(URL), {"course": "basics"}))

    assert "It would not count anywhere." in page
    assert "AAPC has given this course no index number" in page


def test_least_names_the_parts_and_courses_that_fill_them(
    as_student: Client, three: None, audits: Course, make_course: MakeCourse
) -> None:
    make_course()

    gaps = as_student.get(reverse(URL)).context["gaps"]

    told = {
        one.of.names: [(gap.amount, gap.where, [c.course.key for c in gap.courses]) for gap in one.gaps]
        for one in gaps
    }
    assert told["CPC, CPMA"] == [("16 CEUs", ["Auditing"], ["audits"]), ("24 CEUs", [], ["audits"])]
    assert told["CCS"][-1] == ("4 CEUs", [], ["audits", "basics"])


def test_approval_holds_only_on_its_days(as_student: Client, three: None, audits: Course) -> None:
    CourseApproval.objects.update(valid_until=date(2026, 11, 22))

    assert "no index number" in text_of(as_student.get(reverse(URL), {"course": "audits"}))


def test_completed_course_is_not_proposed_again(
    as_student: Client, three: None, audits: Course, student: User, at: datetime
) -> None:
    CourseCompletion.objects.create(
        user=student,
        course=audits,
        title="Audits",
        ceus=Decimal(2),
        minutes_read=60,
        completed_at=at,
        completed_on=date(2026, 11, 23),
    )

    answer = as_student.get(reverse(URL), {"course": "audits"})

    assert "it counts once and would not count again" in text_of(answer)
    assert all(not gap.courses for one in answer.context["gaps"] for gap in one.gaps)


def test_activity_that_is_thought_of_is_tried(as_student: Client, three: None) -> None:
    typed = {"try": "1", "ceus": "2", "has_number": "on", "parts_aapc": "auditing", "provider": "AHIMA"}

    page = text_of(as_student.get(reverse(URL), typed))

    assert "2 CEUs for CPC, CPMA: 2 in “Auditing”." in page
    assert "2 CEUs for CCS: 2 in “From AHIMA" in page
    without = text_of(as_student.get(reverse(URL), {"try": "1", "ceus": "2"}))
    assert "Waits for an index number" in without


def test_day_of_an_activity_may_lie_ahead(as_student: Client, three: None) -> None:
    typed = {"try": "1", "minutes": "60", "completed_on": "2027-01-15", "has_number": "on"}

    assert "Counts 1 for" in text_of(as_student.get(reverse(URL), typed))


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"try": "1"}, 200),
        ({"try": "1", "ceus": "-1"}, 422),
        ({"try": "1", "ceus": "1", "completed_on": "1019-01-01"}, 422),
        ({"try": "1", "ceus": "1", "completed_on": "2019-01-01"}, 200),
        ({"course": "nothing"}, 200),
        ({"course": "'", "try": "1", "ceus": "NaN"}, 422),
    ],
)
def test_what_cannot_be_tried_is_said(
    as_student: Client, three: None, query: dict[str, str], status: int
) -> None:
    answer = as_student.get(reverse(URL), query)

    assert answer.status_code == status
    assert "preview" not in answer.context


def test_nothing_is_written(
    as_student: Client, three: None, audits: Course, student: User, at: datetime
) -> None:
    add_credit(user=student, title="Talk", completed_on=date(2026, 6, 1), ceus=Decimal(1), by=student, at=at)
    before = rows()

    as_student.get(reverse(URL), {"course": "audits"})
    as_student.get(reverse(URL), {"try": "1", "ceus": "2"})

    assert rows() == before


def test_page_without_a_cycle_teaches_what_to_do(as_student: Client, rules: None) -> None:
    assert "No cycle is running" in text_of(as_student.get(reverse(URL)))


@pytest.mark.parametrize("number", [1, 3])
def test_page_is_the_same_queries_for_one_course_and_three(
    as_student: Client, record: Record, make_course: MakeCourse, number: int, django_assert_num_queries: Any
) -> None:
    for key in ("cpc", "ccs", "crcr")[:number]:
        record(key, **({"ends_on": date(2028, 1, 1), "required": Decimal(10)} if key == "crcr" else {}))
        make_course(f"course-{key}")
    as_student.get(reverse(URL))  # the session remembers that the terms are accepted

    with django_assert_num_queries(QUERIES):
        as_student.get(reverse(URL))
