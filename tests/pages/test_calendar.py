"""The calendar feed: what stands in it, its form to the octet, and who may read it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.actions import FEED_LASTS, make_calendar_feed, revoke_calendar_feed
from accounts.models import CalendarFeed, User
from courses.catalog.models import Body, Certification, Course
from courses.credentials.actions import record_credential
from courses.credentials.models import Cycle
from courses.exams.actions.plans import save_study_plan
from courses.exams.models import Blueprint, BlueprintDomain, BlueprintSection, Domain, StudyPlan
from portal.lib.logs import scrubbed
from portal.pages.calendar import Entry, as_ical
from tests.conftest import MakePerson
from tests.worlds import make_question

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
STAMP = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def now(time_machine: Any) -> datetime:
    time_machine.move_to(MONDAY, tick=False)
    cache.clear()
    return MONDAY


@pytest.fixture
def cpc(db: None) -> Certification:
    body = Body.objects.create(key="aapc", name="AAPC", short="AAPC")
    return Certification.objects.create(key="cpc", body=body, abbreviation="CPC", name="CPC", purpose="x")


@pytest.fixture
def plan(student: User, cpc: Certification, make_course: Callable[..., Course]) -> StudyPlan:
    """Lessons of ten minutes, a set and mocks of four hours until Friday, 29 January 2027."""
    make_course("basics", lessons=2).certifications.add(cpc)
    domain = Domain.objects.create(key="terms", title="Terms")
    make_question("q", domain)
    exam = Blueprint.objects.create(
        key="cpc-mock",
        title="CPC mock exam",
        certification=cpc,
        minutes=240,
        pass_percent=70,
        valid_from=date(2020, 1, 1),
        as_of=date(2020, 1, 1),
        source="Ours",
        confidence="verified",
    )
    section = BlueprintSection.objects.create(blueprint=exam, title="Questions")
    BlueprintDomain.objects.create(section=section, domain=domain, count=3)
    return save_study_plan(
        user=student,
        blueprint=exam,
        exam_on=date(2027, 1, 29),
        hours_per_week=Decimal(5),
        study_days=range(5),
        at=MONDAY,
    )


def hold(
    user: User, certification: Certification, *, ends_on: date, required: Decimal = Decimal(36)
) -> Cycle:
    """A credential whose cycle has run for some months."""
    held = record_credential(
        user=user,
        certification=certification,
        earned_on=date(2025, 3, 1),
        starts_on=date(2026, 3, 1),
        ends_on=ends_on,
        required=required,
        at=MONDAY,
    )
    return held.cycles.get()


def feed_of(user: User, at: datetime = MONDAY) -> str:
    return f"/calendar/{make_calendar_feed(user=user, at=at)}.ics"


def parsed(body: bytes) -> icalendar.Calendar:
    calendar = icalendar.Calendar.from_ical(body)
    assert isinstance(calendar, icalendar.Calendar)
    assert all(not component.errors for component in calendar.walk())
    return calendar


def unfolded(body: bytes) -> list[str]:
    """The lines of a calendar by RFC 5545 alone, no library asked."""
    return body.decode().replace("\r\n ", "").split("\r\n")


# --- the form ------------------------------------------------------------------------------------------
def test_calendar_is_exactly_so() -> None:
    body = as_ical(
        [
            Entry("plan-1-2028-02-29-mock-1", "Mock exam; part 1, long", date(2028, 2, 29), text="One\nTwo"),
            Entry(
                "session-1",
                "Live session",
                datetime(2027, 3, 14, 1, 30, tzinfo=ZoneInfo("America/New_York")),
                datetime(2027, 3, 14, 3, 30, tzinfo=ZoneInfo("America/New_York")),
                path="/today/",
            ),
        ],
        stamp=STAMP,
    )

    assert body.decode().split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Crosswalk//Calendar//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "NAME:Crosswalk",
        "X-WR-CALNAME:Crosswalk",
        "REFRESH-INTERVAL;VALUE=DURATION:PT6H",
        "X-PUBLISHED-TTL:PT6H",
        "BEGIN:VEVENT",
        "SUMMARY:Mock exam\\; part 1\\, long",
        "DTSTART;VALUE=DATE:20280229",
        "DTEND;VALUE=DATE:20280301",
        "DTSTAMP:20261123T000000Z",
        "UID:plan-1-2028-02-29-mock-1@localhost",
        "DESCRIPTION:One\\nTwo",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "BEGIN:VEVENT",
        "SUMMARY:Live session",
        # half past one in the morning before the clock jumps from two to three, and one hour later
        "DTSTART:20270314T063000Z",
        "DTEND:20270314T073000Z",
        "DTSTAMP:20261123T000000Z",
        "UID:session-1@localhost",
        "DESCRIPTION:http://localhost:8000/today/",
        "URL:http://localhost:8000/today/",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


@pytest.mark.parametrize("title", ["x" * 300, "ä" * 200, "日本語の題名" * 40, "🦴" * 90, "a" + "é🦴" * 60])
def test_lines_are_folded_at_75_octets_between_characters(title: str) -> None:
    body = as_ical([Entry("one", title, date(2027, 1, 1))], stamp=STAMP)

    lines = body.split(b"\r\n")
    assert b"\n" not in body.replace(b"\r\n", b"") and b"\r" not in body.replace(b"\r\n", b"")
    assert max(map(len, lines)) <= 75
    assert all(line.decode() is not None for line in lines)  # no character is cut in two
    assert f"SUMMARY:{title}" in unfolded(body)


@pytest.mark.parametrize(
    "title", ["a\r\nBEGIN:VEVENT", "a\nUID:evil", 'quote " and \\ back', "tab\tand ; , :", "END:VCALENDAR"]
)
def test_title_stays_a_title(title: str) -> None:
    body = as_ical([Entry("one", title, date(2027, 1, 1), text=title)], stamp=STAMP)

    (event,) = parsed(body).events
    assert str(event["SUMMARY"]).replace("\r\n", "\n") == title.replace("\r\n", "\n")
    assert [line for line in unfolded(body) if line.startswith("UID")] == ["UID:one@localhost"]


# --- what stands in it ---------------------------------------------------------------------------------
def test_feed_holds_the_plan_the_exam_and_itself(
    client: Client, student: User, plan: StudyPlan, now: datetime
) -> None:
    answer = client.get(feed_of(student))

    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    events = {str(event["UID"]): event for event in parsed(answer.content).events}
    assert [(uid, event.start, str(event["SUMMARY"])) for uid, event in events.items()] == [
        (
            f"plan-{plan.pk}-2026-11-23-lesson-basics-1@localhost",
            date(2026, 11, 23),
            "Lesson 1 of Basics (10 min)",
        ),
        (
            f"plan-{plan.pk}-2026-11-23-lesson-basics-2@localhost",
            date(2026, 11, 23),
            "Lesson 2 of Basics (10 min)",
        ),
        (
            f"plan-{plan.pk}-2026-11-23-set-terms-1@localhost",
            date(2026, 11, 23),
            "Practice: Terms (30 min)",
        ),
        *(
            (
                f"plan-{plan.pk}-2027-01-{day}-mock-{n}@localhost",
                date(2027, 1, day),
                "Mock exam: CPC mock exam (240 min)",
            )
            for n, day in ((1, 12), (2, 18), (3, 22))
        ),
        (f"plan-{plan.pk}-exam@localhost", date(2027, 1, 29), "Exam day: CPC"),
        (
            f"feed-{CalendarFeed.objects.get().pk}@localhost",
            (MONDAY + FEED_LASTS).date(),
            "This calendar address ends: make a new one",
        ),
    ]
    link = str(events[f"plan-{plan.pk}-2026-11-23-lesson-basics-1@localhost"]["URL"])
    assert link == "http://localhost:8000/courses/basics/basics-1/"
    assert "VTIMEZONE" not in answer.content.decode()


def test_feed_holds_the_last_day_of_a_cycle(
    client: Client, student: User, cpc: Certification, now: datetime
) -> None:
    cycle = hold(student, cpc, ends_on=date(2028, 3, 1))

    lines = unfolded(client.get(feed_of(student)).content)

    assert "DTSTART;VALUE=DATE:20280229" in lines  # a leap day is the last day of this cycle
    assert "SUMMARY:CPC: last day for CEUs" in lines
    assert f"URL:http://localhost:8000/credentials/cycles/{cycle.pk}/" in lines


def cycle_days(client: Client, address: str) -> dict[str, date]:
    """The events about cycles, by their stable names."""
    events = parsed(client.get(address).content).events
    return {
        str(event["UID"]).partition("@")[0]: event.start
        for event in events
        if str(event["UID"]).startswith("cycle-")
    }


def test_feed_holds_the_steps_before_the_last_day_that_are_still_to_come(
    client: Client, student: User, cpc: Certification, now: datetime
) -> None:
    cycle = hold(student, cpc, ends_on=date(2027, 2, 1))  # in 69 days
    address = feed_of(student)
    last = date(2027, 1, 31)

    expected = {f"cycle-{cycle.pk}": last} | {
        f"cycle-{cycle.pk}-{days}": last - timedelta(days=days) for days in (60, 30, 14, 7, 1)
    }
    assert cycle_days(client, address) == expected
    text = " ".join(unfolded(client.get(address).content))
    assert "SUMMARY:CPC: 60 days left for CEUs" in text
    assert "36 CEUs short\\, 69 days left." in text


def test_feed_moves_with_an_extension_and_keeps_its_names(
    client: Client, student: User, cpc: Certification, now: datetime
) -> None:
    cycle = hold(student, cpc, ends_on=date(2027, 2, 1))
    address = feed_of(student)
    before = cycle_days(client, address)

    Cycle.objects.update(extended_until=date(2027, 2, 28))

    after = cycle_days(client, address)
    assert after[f"cycle-{cycle.pk}"] == date(2027, 2, 28)
    assert before.keys() <= after.keys()


def test_feed_of_a_complete_cycle_has_its_last_day_alone(
    client: Client, student: User, cpc: Certification, now: datetime
) -> None:
    cycle = hold(student, cpc, ends_on=date(2027, 2, 1), required=Decimal(0))

    assert list(cycle_days(client, feed_of(student))) == [f"cycle-{cycle.pk}"]


@pytest.mark.parametrize("cycles", [1, 3])
def test_cycles_cost_the_same_however_many(
    client: Client,
    student: User,
    cpc: Certification,
    cycles: int,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Any,
) -> None:
    monkeypatch.setattr("portal.pages.calendar.is_within_limit", lambda *args, **kwargs: True)
    for number in range(cycles):
        body = Body.objects.create(key=f"b{number}", name=f"B{number}", short=f"B{number}")
        one = Certification.objects.create(
            key=f"c{number}", body=body, abbreviation=f"C{number}", name="C", purpose="x"
        )
        hold(student, one, ends_on=date(2027, 2, 1))
    address = feed_of(student)

    # the address with its person, the plan; cycles, their credentials, credits, reviews, files
    with django_assert_num_queries(7):
        client.get(address)


def test_feed_tells_nothing_about_the_person(
    client: Client, make_person: MakePerson, plan: StudyPlan, student: User, now: datetime
) -> None:
    User.objects.filter(pk=student.pk).update(name="Canary Bird", email="canary@example.com")

    text = client.get(feed_of(student)).content.decode().lower()

    assert "canary" not in text
    assert "student" not in text


@pytest.mark.parametrize(
    ("zone", "first"),
    [
        ("Pacific/Kiritimati", date(2026, 11, 24)),
        ("America/New_York", date(2026, 11, 23)),
        ("Pacific/Pago_Pago", date(2026, 11, 23)),
    ],
)
def test_days_are_those_of_the_persons_zone(
    zone: str, first: date, client: Client, student: User, plan: StudyPlan, now: datetime
) -> None:
    User.objects.filter(pk=student.pk).update(time_zone=zone)

    events = parsed(client.get(feed_of(student)).content).events

    assert min(event.start for event in events) == first


@pytest.mark.parametrize("day", [date(2026, 11, 1), date(2027, 3, 14), date(2027, 3, 28), date(2027, 4, 4)])
@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo"])
def test_whole_day_is_one_date_when_the_clock_changes(day: date, zone: str) -> None:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone))
    body = as_ical([Entry("day", "Day", day), Entry("noon", "Noon", noon, noon)], stamp=STAMP)

    whole, moment = parsed(body).events
    assert (whole.start, whole.end - whole.start) == (day, timedelta(days=1))
    assert moment.start == noon and moment.start.utcoffset() == timedelta(0)


def test_same_day_gives_the_same_bytes_and_a_change_gives_others(
    client: Client, student: User, plan: StudyPlan, time_machine: Any, now: datetime
) -> None:
    address = feed_of(student)
    first = client.get(address)
    time_machine.move_to(MONDAY + timedelta(hours=5), tick=False)
    again = client.get(address)
    unchanged = client.get(address, headers={"If-None-Match": first["ETag"]})
    StudyPlan.objects.update(exam_on=date(2027, 2, 1))
    moved = client.get(address, headers={"If-None-Match": first["ETag"]})

    assert (again.content, again["ETag"]) == (first.content, first["ETag"])
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert moved.status_code == 200


def test_uids_are_the_same_while_the_days_are(
    client: Client, student: User, plan: StudyPlan, now: datetime
) -> None:
    address = feed_of(student)
    uids = {str(event["UID"]) for event in parsed(client.get(address).content).events}
    StudyPlan.objects.update(hours_per_week=Decimal(6))

    changed = {str(event["UID"]) for event in parsed(client.get(address).content).events}

    assert len(uids) == 8
    assert changed == uids


@pytest.mark.parametrize("lessons", [1, 3])
def test_feed_takes_as_many_queries_for_more_lessons(
    lessons: int,
    client: Client,
    student: User,
    plan: StudyPlan,
    cpc: Certification,
    make_course: Callable[..., Course],
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Any,
) -> None:
    make_course("more", lessons=lessons).certifications.add(cpc)
    address = feed_of(student)
    monkeypatch.setattr("portal.pages.calendar.is_within_limit", lambda *args, **kwargs: True)

    with django_assert_num_queries(9):  # the address with its person, seven for the plan, one for cycles
        client.get(address)


# --- who may read it -----------------------------------------------------------------------------------
@pytest.mark.parametrize("token", ["x", "x" * 43, "x" * 500, "%00", "..", "0"])
def test_wrong_address_is_not_found(token: str, client: Client, student: User, now: datetime) -> None:
    feed_of(student)

    assert client.get(f"/calendar/{token}.ics").status_code == 404


def test_address_is_kept_as_a_digest_only(student: User) -> None:
    token = make_calendar_feed(user=student, at=MONDAY)
    row = CalendarFeed.objects.values().get()

    assert len(token) == 43
    assert all(token not in str(value) for value in row.values())
    assert not CalendarFeed.objects.of_token(row["digest"]).exists()


def test_new_address_ends_the_old_one(client: Client, student: User, now: datetime) -> None:
    old, new = feed_of(student), feed_of(student)

    assert (client.get(old).status_code, client.get(new).status_code) == (404, 200)


def test_revoked_and_expired_addresses_and_those_of_suspended_people_are_gone(
    client: Client, student: User, now: datetime
) -> None:
    address = feed_of(student)
    User.objects.filter(pk=student.pk).update(is_active=False)
    suspended = client.get(address).status_code
    User.objects.filter(pk=student.pk).update(is_active=True)
    CalendarFeed.objects.update(made_at=MONDAY - timedelta(days=2), expires_at=MONDAY)
    expired = client.get(address).status_code
    revoke_calendar_feed(user=student, at=MONDAY)

    assert (suspended, expired, client.get(address).status_code) == (404, 404, 404)


def test_one_address_a_person(student: User) -> None:
    make_calendar_feed(user=student, at=MONDAY)

    with pytest.raises(IntegrityError), transaction.atomic():
        CalendarFeed.objects.create(
            user=student, digest="x", made_at=MONDAY, expires_at=MONDAY + timedelta(days=1)
        )


def test_no_cache_in_between_and_no_search_engine_keeps_it(
    client: Client, student: User, now: datetime
) -> None:
    answer = client.get(feed_of(student))

    assert {part.strip() for part in answer["Cache-Control"].split(",")} == {"private", "no-cache"}
    assert (answer["Referrer-Policy"], answer["X-Robots-Tag"]) == ("no-referrer", "noindex")
    assert not answer.cookies


def test_feed_is_asked_for_at_most_sixty_times_an_hour(client: Client, student: User, now: datetime) -> None:
    address = feed_of(student)

    statuses = [client.get(address).status_code for _ in range(62)]

    assert statuses == [200] * 60 + [429] * 2
    assert client.get(address)["Retry-After"] == "3600"


def test_guesses_from_one_address_are_limited(client: Client, now: datetime) -> None:
    statuses = [client.get(f"/calendar/{n}.ics").status_code for n in range(122)]

    assert statuses == [404] * 120 + [429] * 2


def test_address_is_in_no_log(student: User) -> None:
    address = feed_of(student)

    assert scrubbed(f"GET {address}") == "GET /calendar/[token]"


# --- the page that gives the address -------------------------------------------------------------------
def test_address_is_shown_once_and_works(
    as_student: Client, student: User, plan: StudyPlan, now: datetime
) -> None:
    before = as_student.get("/account/calendar/").content.decode()
    made = as_student.post("/account/calendar/", {"make": ""})
    (line,) = [
        part
        for part in made.content.decode().split('"')
        if part.startswith("http://localhost:8000/calendar/")
    ]
    after = as_student.get("/account/calendar/").content.decode()

    assert "Get my calendar address" in before
    assert Client().get(line.removeprefix("http://localhost:8000")).status_code == 200
    assert f'href="webcal{line.removeprefix("http")}"' in made.content.decode()
    assert made["Cache-Control"] == "private, no-store"
    assert line not in after
    assert "It works until 28 December 2027" in after
    assert "Make a new address" in after


def test_address_is_revoked(as_student: Client, student: User, now: datetime) -> None:
    address = feed_of(student)

    page = as_student.post("/account/calendar/", {"revoke": ""}, follow=True).content.decode()

    assert "The address is revoked" in page
    assert Client().get(address).status_code == 404
    assert as_student.post("/account/calendar/", {"revoke": ""}).status_code == 302


def test_nobody_revokes_for_another(as_student: Client, other: User, now: datetime) -> None:
    address = feed_of(other)
    as_student.post("/account/calendar/", {"make": ""})
    as_student.post("/account/calendar/", {"revoke": ""})

    assert Client().get(address).status_code == 200


# --- Today ---------------------------------------------------------------------------------------------
def test_today_asks_the_plan_what_is_next(as_student: Client, plan: StudyPlan, now: datetime) -> None:
    page = as_student.get("/today/").content.decode()

    assert 'hx-get="/practice/plan/today/" hx-trigger="load"' in page
    assert "Your study plan for CPC mock exam" in page
    assert "Your exam is in 67 days, on Fri 29 Jan 2027." in page


def test_today_stays_within_eight_queries_with_a_plan(
    as_student: Client, plan: StudyPlan, now: datetime, django_assert_max_num_queries: Any
) -> None:
    as_student.get("/today/")

    # session, person, attempt, courses, path, cycles, reviews and the plan
    with django_assert_max_num_queries(8):
        as_student.get("/today/")
