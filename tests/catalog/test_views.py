from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from courses.catalog.models import Body, Certification, Course, CourseSystem

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("number", [1, 3])
def test_catalog_signed_in_takes_four_queries(
    as_student: Client, make_course: Callable[..., Course], number: int, django_assert_num_queries: Any
) -> None:
    for n in range(number):
        CourseSystem.objects.create(course=make_course(f"course-{n}"), system="icd10cm")
    as_student.get("/catalog/")  # the session learns that the terms are accepted

    with django_assert_num_queries(4):
        page = as_student.get("/catalog/").content.decode()

    assert page.count('class="thumb-tab tab-icd10cm"') == number


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("level=advanced", ["Hard"]),
        ("level=foundation", ["Easy"]),
        ("hours=3", ["Easy"]),
        ("ceus=3", ["Hard"]),
        ("system=hcpcs", ["Hard"]),
        ("certification=cpc", ["Easy"]),
        ("level=nonsense", ["Easy", "Hard"]),
        ("hours=abc", ["Easy", "Hard"]),
        ("", ["Easy", "Hard"]),
    ],
)
def test_catalog_filter(
    client: Client, make_course: Callable[..., Course], query: str, found: list[str]
) -> None:
    easy = make_course("easy")
    hard = make_course("hard", level="advanced", hours=Decimal(9), ceus="4.00")
    CourseSystem.objects.create(course=hard, system="hcpcs")
    body = Body.objects.create(key="aapc", name="AAPC", short="AAPC")
    cpc = Certification.objects.create(key="cpc", body=body, abbreviation="CPC", name="x", purpose="x")
    easy.certifications.add(cpc)

    page = client.get(f"/catalog/?{query}").content.decode()

    assert [title for title in ("Easy", "Hard") if f">{title}</a>" in page] == found


def test_unpublished_course_is_nowhere(client: Client, make_course: Callable[..., Course]) -> None:
    make_course("secret", published_at=None)

    assert "Secret" not in client.get("/catalog/").content.decode()
    assert client.get("/courses/secret/").status_code == 404
    assert client.get("/courses/secret/secret-1/").status_code == 404


def test_certifications_lead_to_each_and_to_the_comparison(client: Client) -> None:
    body = Body.objects.create(key="aapc", name="AAPC", short="AAPC")
    Certification.objects.create(key="cpc", body=body, abbreviation="CPC", name="x", purpose="x")

    page = client.get("/certifications/").content.decode()

    assert 'href="/certifications/cpc/"' in page
    assert 'href="/certifications/compare/"' in page
