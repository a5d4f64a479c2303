import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from courses.reminders import kinds
from courses.reminders.actions import Limits, save_settings, start_again, suppress_address
from courses.reminders.forms import PreferencesForm
from courses.reminders.kinds import Group
from courses.reminders.models import Channel, Preference, Reminder, ReminderSettings, Suppression
from courses.reminders.queries import next_moments, turned_off
from courses.reminders.queries.people import FORESIGHT, Choice, kinds_for, suppression_of
from courses.reminders.timing import Hours
from tests.reminders.conftest import Queue
from tests.reminders.drill import Drill

pytestmark = pytest.mark.django_db
PAGE = reverse("reminders:reminders")
#: What the form sends with every kind off.
FORM = {
    "hour": 18,
    "quiet_from": 21,
    "quiet_until": 7,
    "most_a_day": 3,
    "digest_day": 4,
    "digest_hour": 8,
    "paused_until": "",
}
ON = {"on_drill_email": "on", "on_drill_inbox": "on"}
#: Session, person, settings, preferences, rows known already, suppression; where kinds need one, the roles.
BASE = 6


@pytest.fixture
def drilled(drill: Drill, only_kinds: Callable[..., None]) -> Drill:
    """The only kind there is."""
    only_kinds("drill")
    return drill


def settings_of(user: User) -> ReminderSettings:
    return ReminderSettings.objects.get(user=user)


# --- the page --------------------------------------------------------------------------------------------
def test_page_shows_the_next_moment_on_the_persons_clock(
    drilled: Drill, student: User, as_student: Client
) -> None:
    User.objects.filter(pk=student.pk).update(time_zone="America/New_York")
    drilled.facts["a"] = (student.pk, timezone.now().date() + timedelta(days=100))

    page = as_student.get(PAGE).content.decode()

    assert "Fire drill" in page and "7 days and 1 day before" in page
    assert "09:00 E" in page  # EST or EDT
    assert "America/New_York" in page


def test_page_asks_a_stranger_to_sign_in(client: Client) -> None:
    assert client.get(PAGE).status_code == 302


@pytest.mark.parametrize("count", [1, 3])
def test_page_asks_the_same_number_of_questions(
    count: int,
    drilled: Drill,
    student: User,
    as_student: Client,
    queue: Queue,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(count):
        drilled.facts[str(number)] = (student.pk, timezone.now().date() + timedelta(days=90 + number))
    queue(student, count, state="cancelled", reason="done")
    as_student.get(PAGE)

    with django_assert_num_queries(BASE):
        as_student.get(PAGE)


def test_page_with_every_kind_asks_no_more_than_their_candidates(student: User, as_student: Client) -> None:
    for kind in kinds_for(student):
        for channel in Channel:
            Preference.objects.create(
                user=student, kind=kind.key, channel=channel, is_on=True, changed_at=timezone.now()
            )
    as_student.get(PAGE)
    now, offered = timezone.now(), kinds_for(student)
    with CaptureQueriesContext(connection) as theirs:
        for kind in offered:
            list(kind.candidates(at=now, until=now + FORESIGHT, user_id=student.pk))

    with CaptureQueriesContext(connection) as ours:
        as_student.get(PAGE)

    assert len(ours) <= BASE + 1 + len(theirs)
    assert len(theirs) <= len(offered)


def test_kind_that_is_off_is_not_asked_for_its_moments(
    drilled: Drill, student: User, as_student: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(drilled, "candidates", lambda **_words: asked.append(1) or iter(()))
    as_student.post(PAGE, FORM)

    page = as_student.get(PAGE).content.decode()

    assert asked == []
    assert ">off</span>" in page


def test_kinds_of_editors_are_shown_to_editors_alone(
    student: User, editor: User, as_student: Client, as_editor: Client
) -> None:
    work = [kind for kind in kinds.registered() if kind.group == Group.WORK]
    assert work
    assert not {*work} & {*kinds_for(student)}
    assert {*work} <= {*kinds_for(editor)}
    assert str(work[0].label) not in as_student.get(PAGE).content.decode()


# --- saving ----------------------------------------------------------------------------------------------
def test_saving_keeps_everything(drilled: Drill, student: User, as_student: Client) -> None:
    until = timezone.now().date() + timedelta(days=9)

    answer = as_student.post(PAGE, FORM | {"on_drill_inbox": "on", "paused_until": until.isoformat()})

    assert answer.status_code == 302
    saved = settings_of(student)
    assert saved.hours == Hours(hour=18, quiet_from=21, quiet_until=7, weekends=False)
    assert (saved.most_a_day, saved.digest_day, saved.digest_hour) == (3, 4, 8)
    assert saved.paused_until == until
    assert turned_off([student.pk]) == {(student.pk, "drill", "email")}


def test_saving_writes_only_what_differs(drilled: Drill, student: User, as_student: Client) -> None:
    as_student.post(PAGE, FORM | ON)
    assert Preference.objects.count() == 0  # as the kind does by itself

    as_student.post(PAGE, FORM)
    first = set(Preference.objects.values_list("channel", "is_on", "changed_at"))
    as_student.post(PAGE, FORM)

    assert {(channel, is_on) for channel, is_on, _at in first} == {("email", False), ("inbox", False)}
    assert set(Preference.objects.values_list("channel", "is_on", "changed_at")) == first


def test_saving_asks_the_same_number_of_questions_for_all_kinds(
    student: User, at: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    off = {Choice(kind.key, channel): False for kind in kinds_for(student) for channel in Channel}
    save_settings(user=student, hours=Hours(), is_on={}, at=at)

    # a savepoint around, the settings with one of their own, what was wanted before, all at once, what waits
    with django_assert_num_queries(9):
        save_settings(user=student, hours=Hours(hour=10), is_on=off, at=at)


def test_hours_alone_leave_limits_as_they_were(student: User, at: datetime) -> None:
    save_settings(user=student, hours=Hours(), limits=Limits(most_a_day=7), is_on={}, at=at)

    save_settings(user=student, hours=Hours(hour=10), is_on={}, at=at)

    assert settings_of(student).most_a_day == 7


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"hour": 22}, "This hour is in your quiet hours"),
        ({"digest_hour": 6}, "This hour is in your quiet hours"),
        ({"digest_day": 5}, "You take no mail on weekends"),
        ({"paused_until": "2020-01-01"}, "Choose a day after today"),
        ({"paused_until": "2099-01-01"}, "Choose a day within a year"),
        ({"paused_until": "soon"}, "Enter a valid date"),
        ({"most_a_day": 11}, "Select a valid choice"),
    ],
)
def test_wrong_value_is_refused_and_everything_typed_stays(
    change: dict[str, Any], says: str, drilled: Drill, student: User, as_student: Client
) -> None:
    answer = as_student.post(PAGE, FORM | {"on_drill_inbox": "on"} | change)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert says in page
    assert ReminderSettings.objects.count() == Preference.objects.count() == 0
    form = answer.context["form"]
    assert form["on_drill_inbox"].value() is True
    assert form["on_drill_email"].value() is False
    assert {name: str(form[name].value()) for name in FORM} == {
        name: str(value) for name, value in (FORM | change).items()
    }


def test_made_up_kind_is_not_written(drilled: Drill, student: User, as_student: Client) -> None:
    as_student.post(PAGE, FORM | ON | {"on_other_email": "on", "all": "work:email:on"})
    assert Preference.objects.count() == 0


# --- a whole group ---------------------------------------------------------------------------------------
def test_group_is_turned_off_and_on_by_one_button_without_a_script(student: User, as_student: Client) -> None:
    mine = {kind.key for kind in kinds_for(student) if kind.group == Group.CREDENTIALS}
    page = as_student.get(PAGE)
    data = {
        field.html_name: "on" if field.value() is True else "" if field.value() is None else field.value()
        for field in page.context["form"]
        if field.value() is not False
    }

    as_student.post(PAGE, data | {"all": "credentials:email:off"})
    off = turned_off([student.pk])
    as_student.post(PAGE, data | {"all": "credentials:email:on"})

    by_default = {kind.key for kind in kinds_for(student) if "email" in kind.on_by_default}
    assert {(kind, channel) for _user, kind, channel in off} == {(k, "email") for k in mine & by_default}
    assert turned_off([student.pk]) == frozenset()
    assert set(Preference.objects.filter(is_on=True).values_list("kind", flat=True)) == mine


def test_enter_in_a_field_presses_no_button_of_a_group(drilled: Drill, as_student: Client) -> None:
    page = as_student.get(PAGE).content.decode()
    form = page[page.index("data-guard") :]
    assert form.index("<button") < form.index('name="all"')
    assert 'name="all"' not in form[form.index("<button") : form.index("</button>")]


@pytest.mark.parametrize("value", ["", "x", "study:email", "study:fax:off", "none:email:off", ":::"])
def test_unknown_button_saves_the_form_as_it_is(
    value: str, drilled: Drill, student: User, as_student: Client
) -> None:
    assert as_student.post(PAGE, FORM | ON | {"all": value}).status_code == 302
    assert Preference.objects.count() == 0


# --- a pause ---------------------------------------------------------------------------------------------
def test_pause_moves_the_next_mail_and_not_the_inbox(drilled: Drill, student: User, at: datetime) -> None:
    drilled.facts["a"] = (student.pk, date(2026, 12, 6))  # seven days before: 29 November
    Preference.objects.create(user=student, kind="drill", channel="inbox", is_on=False, changed_at=at)
    mail, both = {Choice("drill", "email")}, {Choice("drill", "email"), Choice("drill", "inbox")}
    save_settings(user=student, hours=Hours(), limits=Limits(paused_until=date(2026, 12, 2)), is_on={}, at=at)

    assert next_moments(student, at=at, wanted=mail)["drill"] == datetime(2026, 12, 2, 9, tzinfo=UTC)
    assert next_moments(student, at=at, wanted=both)["drill"] == datetime(2026, 11, 29, 9, tzinfo=UTC)


def test_pause_ends_by_a_button_and_what_waited_is_asked_again(
    student: User, as_student: Client, queue: Queue, drilled: Drill
) -> None:
    later = timezone.now() + timedelta(days=9)
    save_settings(
        user=student, hours=Hours(), limits=Limits(paused_until=later.date()), is_on={}, at=timezone.now()
    )
    queue(student, 1, reason="paused", not_before=later)
    queue(student, 1, first=1, not_before=later)
    assert "Paused until" in as_student.get(PAGE).content.decode()

    as_student.post(reverse("reminders:start_again"))

    assert settings_of(student).paused_until is None
    waited, planned = Reminder.objects.order_by("pk")
    assert waited.not_before <= timezone.now() and waited.reason == ""
    assert planned.not_before == later
    assert "Paused until" not in as_student.get(PAGE).content.decode()


def test_pause_of_one_person_ends_for_nobody_else(
    student: User, other: User, queue: Queue, at: datetime, drilled: Drill
) -> None:
    later = at + timedelta(days=9)
    queue(other, 1, reason="paused", not_before=later)
    save_settings(user=other, hours=Hours(), limits=Limits(paused_until=later.date()), is_on={}, at=at)
    queue(other, 1, first=1, reason="paused", not_before=later)

    start_again(user=student, at=at)

    assert settings_of(other).paused_until == later.date()
    assert Reminder.objects.filter(reason="paused", not_before=later).count() == 1


def test_pause_that_is_over_is_not_shown(student: User, as_student: Client, at: datetime) -> None:
    save_settings(user=student, hours=Hours(), limits=Limits(paused_until=date(2020, 1, 1)), is_on={}, at=at)
    page = as_student.get(PAGE)
    assert "Paused until" not in page.content.decode()
    assert page.context["form"]["paused_until"].value() is None


# --- what comes next -------------------------------------------------------------------------------------
def test_next_moment_skips_what_went_and_waits_with_what_waits(
    drilled: Drill, student: User, at: datetime, queue: Queue
) -> None:
    drilled.facts["drill-0"] = (student.pk, date(2026, 11, 30))  # seven days before is today, the 23rd
    wanted = {Choice("drill", "email")}
    queue(student, reason="cap", not_before=at + timedelta(hours=18))
    assert next_moments(student, at=at, wanted=wanted)["drill"] == at + timedelta(hours=18)

    Reminder.objects.update(state="cancelled", reason="done")

    assert next_moments(student, at=at, wanted=wanted)["drill"] == datetime(2026, 11, 29, 9, tzinfo=UTC)
    assert next_moments(student, at=at, wanted=set()) == {}


# --- an address that takes no mail -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("source", "says"),
    [
        (Suppression.Source.SERVER, "told us that it does not take mail for you"),
        (Suppression.Source.BOUNCE, "a mail to sam@example.com came back"),
        (Suppression.Source.COMPLAINT, "was marked as spam"),
    ],
)
def test_suppressed_address_is_told_why_since_when_and_how_to_mend_it(
    source: str, says: str, student: User, as_student: Client, at: datetime
) -> None:
    assert "No mail goes to your address" not in as_student.get(PAGE).content.decode()
    suppress_address(email=student.email, source=source, reason="550 <b>5.1.1</b>", at=at)

    page = as_student.get(PAGE).content.decode()

    assert "No mail goes to your address" in page and says in page and "Mon 23 Nov 2026" in page
    assert "<b>5.1.1" not in page
    assert (reverse("account_email") in page) is (source != Suppression.Source.COMPLAINT)


def test_complaint_is_taken_back_by_its_person(student: User, as_student: Client, at: datetime) -> None:
    suppress_address(email=student.email, source=Suppression.Source.COMPLAINT, reason="spam", at=at)

    as_student.post(reverse("reminders:write_again"))

    assert suppression_of(student) is None


def test_bounce_is_not_taken_back_without_a_code(student: User, as_student: Client, at: datetime) -> None:
    suppress_address(email=student.email, source=Suppression.Source.BOUNCE, reason="550", at=at)

    as_student.post(reverse("reminders:write_again"))

    assert suppression_of(student) is not None


def test_address_that_works_again_is_proved_by_a_code(
    student: User,
    as_student: Client,
    at: datetime,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Any,
) -> None:
    suppress_address(email=student.email, source=Suppression.Source.BOUNCE, reason="550", at=at)
    with django_capture_on_commit_callbacks(execute=True):
        asked = as_student.post(reverse("account_email"), {"email": student.email, "action_send": "1"})
    code = re.search(r"^([A-Z0-9]{3,}(?:-[A-Z0-9]{3,})?)$", str(mailoutbox[-1].body), re.MULTILINE)
    assert code is not None

    wrong = as_student.post(asked["Location"], {"code": "AAAA-AAAA"})
    assert wrong.status_code == 200 and suppression_of(student) is not None
    right = as_student.post(asked["Location"], {"code": code[1]}, follow=True)

    assert "You have confirmed sam@example.com" in right.content.decode()
    assert suppression_of(student) is None


# --- the form --------------------------------------------------------------------------------------------
def test_every_limit_of_the_form_is_in_the_settings() -> None:
    initial = PreferencesForm.initial_of(ReminderSettings(), {}, date(2026, 11, 23))
    assert set(initial) == set(FORM) | {"weekends"}
