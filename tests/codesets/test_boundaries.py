"""I7: one second before a release takes effect the old codes count, at that second the new ones do."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from courses.codesets.models import Release
from tests.codesets.sample import SAMPLE

pytestmark = pytest.mark.django_db

OLD, NEW = "with hyperglycemia", "with high sugar"
DAYS = [date(2025, 10, 1), date(2026, 4, 1), date(2026, 10, 1)]


@pytest.fixture
def three_releases(load: Callable[..., Any]) -> list[Release]:
    """October, April, October; each calls E11.65 by its own year."""
    return [
        load(SAMPLE.replace(OLD, f"of {day:%B %Y}"), label=f"{day:%B %Y}", effective_from=day).release
        for day in DAYS
    ]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Auckland"])
@pytest.mark.parametrize("boundary", DAYS[1:])
def test_release_changes_at_midnight_of_the_person_s_own_zone(
    three_releases: list[Release], student: User, as_student: Client, zone: str, boundary: date
) -> None:
    User.objects.filter(pk=student.pk).update(time_zone=zone)
    midnight = datetime(boundary.year, boundary.month, boundary.day, tzinfo=ZoneInfo(zone))
    before = DAYS[DAYS.index(boundary) - 1]

    for moment, counts in ((midnight - timedelta(seconds=1), before), (midnight, boundary)):
        with time_machine.travel(moment, tick=False):
            for url in ("/codes/icd10cm/E11.65/", "/codes/icd10cm/E11.65/panel/", "/codes/?q=E11.65"):
                page = as_student.get(url).content.decode()
                named = [day for day in DAYS if f"of {day:%B %Y}" in page.replace("<mark>", "")]
                assert counts in named, url
            assert f"Shown: {counts:%B %Y}" in as_student.get("/codes/icd10cm/E11.65/").content.decode()


def test_stranger_s_day_is_utc_s(three_releases: list[Release], client: Client) -> None:
    for moment, counts in (("2026-09-30 23:59:59Z", "April 2026"), ("2026-10-01 00:00:00Z", "October 2026")):
        with time_machine.travel(moment, tick=False):
            assert client.get("/codes/search.json?q=E11.65").json()["release"] == counts
