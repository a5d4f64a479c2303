"""Codes: a release changes what people keep; editors hear of releases and of reports that wait."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.mail import EmailMessage
from django.db.models import QuerySet
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.roles import Role
from courses.codesets.actions.saving import save_code
from courses.codesets.models import CodeRef, Release, SavedCode
from courses.exams.actions import answer_reports, report_question
from courses.exams.models import Domain, QuestionCodeRef, QuestionRevision
from courses.reminders import kinds
from courses.reminders.actions import plan
from courses.reminders.delivery import deliver_due
from courses.reminders.kinds import Kind
from courses.reminders.kinds.codes import CodeSetChanges
from courses.reminders.kinds.work import ReleaseLoaded, ReportsWaiting
from courses.reminders.models import Preference, Reminder
from tests.codesets.test_releases import code, typed
from tests.conftest import LONG_AGO, MakePerson
from tests.reminders.shipped import publish_shipped
from tests.worlds import make_question

pytestmark = pytest.mark.django_db
CHANGES, LOADED, WAITING = "code_set_changes", "release_loaded", "reports_waiting"
FIRST_DAY = date(2027, 4, 1)
#: A Monday, a month before.
LOADED_AT = datetime(2027, 3, 1, 15, tzinfo=UTC)
DAY = timedelta(days=1)
MakeRelease = Callable[..., Release]


@pytest.fixture(autouse=True)
def shipped(db: None) -> None:
    publish_shipped(CHANGES, LOADED, WAITING)


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch, shipped: None) -> Callable[[Kind], None]:
    def only(kind: Kind) -> None:
        monkeypatch.setattr(kinds, "_kinds", {kind.key: kind})

    return only


@pytest.fixture
def changes(only: Callable[[Kind], None]) -> CodeSetChanges:
    kind = CodeSetChanges()
    only(kind)
    return kind


@pytest.fixture
def make_release(db: None) -> MakeRelease:
    """A second release after a first one, with a revised, a deleted and a new code."""

    def make(day: date = FIRST_DAY, loaded_at: datetime = LOADED_AT, system: str = "hcpcs") -> Release:
        typed(
            code("A0010", "Stays as it is"),
            code("A0020", "Ambulance, per mile"),
            code("A0030", "Goes away"),
            until=day,
            system=system,
        )
        release = typed(
            code("A0010", "Stays as it is"),
            code("A0020", "Ambulance, per kilometre"),
            code("A0041", "Comes new"),
            label="2027 April",
            day=day,
            system=system,
        )
        Release.objects.filter(pk=release.pk).update(loaded_at=loaded_at)
        release.refresh_from_db()
        return release

    return make


@pytest.fixture
def york(make_person: MakePerson) -> User:
    return make_person(time_zone="America/New_York")


def keep(user: User, *codes: str, system: str = "hcpcs") -> None:
    for one in codes:
        save_code(user=user, system=system, code=one, note="", at=LONG_AGO)


def live_through(first: datetime, days: int) -> None:
    """Plan and deliver three times a day, once of them in anybody's daytime."""
    for hour in range(0, days * 24, 8):
        now = first + timedelta(hours=hour)
        plan(at=now)
        deliver_due(at=now)


def sent(channel: str = "email") -> QuerySet[Reminder]:
    return Reminder.objects.filter(state="sent", channel=channel).order_by("sent_at")


# --- saved codes change --------------------------------------------------------------------------------
def test_whose_saved_codes_change_hears_of_it_three_times(
    changes: CodeSetChanges,
    york: User,
    make_person: MakePerson,
    make_release: MakeRelease,
    mailoutbox: list[EmailMessage],
) -> None:
    release = make_release()
    keep(york, "A0010", "A0020", "A0030")
    keep(make_person("stays@example.com"), "A0010")
    keep(make_person("elsewhere@example.com"), "A00.20", system="icd10cm")

    live_through(LOADED_AT + 14 * DAY, 20)

    assert [(row.user_id, row.step, row.not_before) for row in sent()] == [
        (york.pk, 14, datetime(2027, 3, 18, 13, tzinfo=UTC)),
        (york.pk, 1, datetime(2027, 3, 31, 13, tzinfo=UTC)),
        (york.pk, 0, datetime(2027, 4, 1, 13, tzinfo=UTC)),
    ]
    assert [mail.subject for mail in mailoutbox] == [
        "2 of your saved codes change on 1 Apr",
        "2 of your saved codes change on 1 Apr",
        "2 of your saved codes change today",
    ]
    text = str(mailoutbox[0].body)
    assert "HCPCS 2027 April takes effect on 1 Apr 2027" in text
    assert "Your codes in it: A0020 (title revised) and A0030 (deleted)." in text
    assert f"/codes/releases/{release.pk}/?begins=A00" in text
    page = Client().get(f"/codes/releases/{release.pk}/?begins=A00").content.decode()
    assert "A0020" in page and "A0030" in page


@pytest.mark.parametrize(
    ("zone", "moments"),
    [
        ("Pacific/Kiritimati", ["03-17 19:00", "03-30 19:00", "03-31 19:00"]),
        ("America/Los_Angeles", ["03-18 16:00", "03-31 16:00", "04-01 16:00"]),
        # its clock goes back on 4 April
        ("Australia/Lord_Howe", ["03-17 22:00", "03-30 22:00", "03-31 22:00"]),
    ],
)
def test_release_takes_effect_on_the_persons_own_calendar(
    zone: str, moments: list[str], changes: CodeSetChanges, make_person: MakePerson, make_release: MakeRelease
) -> None:
    make_release()
    keep(make_person(time_zone=zone), "A0020")

    live_through(LOADED_AT + 14 * DAY, 20)

    assert [f"{row.not_before:%m-%d %H:%M}" for row in sent()] == moments


@pytest.mark.parametrize(
    ("loaded_after", "told"),
    [(-20, [14, 1, 0]), (-10, [14, 1, 0]), (-1, [1, 0]), (0, [0]), (6, [0]), (40, [])],
)
def test_release_loaded_late_is_told_of_as_soon_as_it_is_here(
    loaded_after: int,
    told: list[int],
    changes: CodeSetChanges,
    york: User,
    make_release: MakeRelease,
    mailoutbox: list[EmailMessage],
) -> None:
    loaded_at = datetime(2027, 4, 1, 12, tzinfo=UTC) + loaded_after * DAY
    make_release(loaded_at=loaded_at)
    keep(york, "A0020")

    live_through(loaded_at, max(4, 4 - loaded_after))

    assert [row.step for row in sent()] == told
    if loaded_after == 6:
        assert mailoutbox[0].subject == "1 of your saved codes changed on 1 Apr"
        assert "took effect on 1 Apr 2027" in str(mailoutbox[0].body)
        assert sent().get().sent_at >= loaded_at


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda _new: SavedCode.objects.filter(code="A0020").delete(), "closed"),
        (lambda new: new.update(loaded_at=None), "closed"),
        (lambda new: new.update(effective_from=date(2027, 4, 3)), "moved"),
    ],
    ids=["code kept no more", "release withdrawn", "first day moved"],
)
def test_what_changed_after_planning_is_not_told(
    change: Callable[[QuerySet[Release]], object],
    reason: str,
    changes: CodeSetChanges,
    york: User,
    make_release: MakeRelease,
) -> None:
    release = make_release()
    keep(york, "A0010", "A0020")
    plan(at=datetime(2027, 3, 17, 13, tzinfo=UTC))
    change(Release.objects.filter(pk=release.pk))

    deliver_due(at=datetime(2027, 3, 18, 13, tzinfo=UTC))

    assert set(Reminder.objects.values_list("state", "reason")) == {("cancelled", reason)}


def test_old_releases_that_are_loaded_now_tell_nobody(
    changes: CodeSetChanges, york: User, make_release: MakeRelease
) -> None:
    make_release(day=date(2026, 4, 1))
    keep(york, "A0020")

    live_through(LOADED_AT, 3)

    assert not Reminder.objects.exists()


# --- editors -------------------------------------------------------------------------------------------
@pytest.fixture
def make_stale(db: None) -> Callable[..., QuestionRevision]:
    """A question whose code is gone."""

    def make(key: str = "q-1", system: str = "hcpcs") -> QuestionRevision:
        domain, _created = Domain.objects.get_or_create(key="anatomy", defaults={"title": "Anatomy"})
        revision = make_question(key, domain).revisions.get()
        QuestionCodeRef.objects.create(
            revision=revision, system=system, code="A0030", state=CodeRef.State.GONE, edition="x"
        )
        return revision

    return make


def test_editors_learn_of_a_release_and_how_many_texts_need_a_look(
    only: Callable[[Kind], None],
    york: User,
    editor: User,
    make_person: MakePerson,
    make_release: MakeRelease,
    make_stale: Callable[..., QuestionRevision],
    mailoutbox: list[EmailMessage],
) -> None:
    only(ReleaseLoaded())
    boss = make_person("boss@example.com", role=Role.ADMINISTRATOR)
    make_person("teacher@example.com", role=Role.INSTRUCTOR)
    make_release()
    make_stale("q-1")
    make_stale("q-2")
    make_stale("q-3", "icd10cm")

    live_through(LOADED_AT, 12)

    # the first release was loaded as well, and is replaced
    assert {row.user_id for row in sent()} == {editor.pk, boss.pk}
    assert sent().count() == 2
    assert {mail.subject for mail in mailoutbox} == {"HCPCS 2027 April was loaded"}
    text = str(mailoutbox[0].body)
    assert "2 lessons and questions name codes that no longer hold" in text
    assert "See the texts:\n" in text
    assert "/review/codes/" in text


def test_release_that_breaks_nothing_leads_to_what_changed(
    only: Callable[[Kind], None], editor: User, make_release: MakeRelease, mailoutbox: list[EmailMessage]
) -> None:
    only(ReleaseLoaded())
    release = make_release()

    live_through(LOADED_AT, 2)

    assert "See what changed:\n" in str(mailoutbox[0].body)
    assert f"/codes/releases/{release.pk}/" in str(mailoutbox[0].body)


def test_whoever_is_no_editor_any_more_is_not_told(
    only: Callable[[Kind], None], editor: User, make_release: MakeRelease
) -> None:
    only(ReleaseLoaded())
    make_release()
    plan(at=LOADED_AT)
    editor.groups.remove(Group.objects.get(name=Role.EDITOR))

    deliver_due(at=LOADED_AT + DAY)

    assert set(Reminder.objects.values_list("state", "reason")) == {("cancelled", "closed")}


def test_reports_that_wait_are_spoken_of_on_mondays_while_they_do(
    only: Callable[[Kind], None],
    york: User,
    editor: User,
    make_stale: Callable[..., QuestionRevision],
    mailoutbox: list[EmailMessage],
) -> None:
    only(ReportsWaiting())
    revision = make_stale()
    report = report_question(revision=revision, user=york, reason="key", comment="x", at=LOADED_AT + 3 * DAY)

    live_through(LOADED_AT, 23)

    # by the 8th it waits too long; mail only for who wants it
    assert [row.due_on for row in sent("inbox")] == [date(2027, 3, 8), date(2027, 3, 15), date(2027, 3, 22)]
    first = sent("inbox").first()
    assert first is not None and first.user_id == editor.pk
    assert first.said["reports"] == "1 report waits"
    assert first.said["url"].endswith("/review/questions/")
    assert mailoutbox == []

    plan(at=datetime(2027, 3, 28, tzinfo=UTC))
    answer_reports(
        revision=revision, reports=[report.pk], outcome="declined", answer="No.", by=editor,
        at=datetime(2027, 3, 28, 1, tzinfo=UTC),
    )  # fmt: skip
    deliver_due(at=datetime(2027, 3, 29, 14, tzinfo=UTC))
    assert Reminder.objects.get(due_on=date(2027, 3, 29)).reason == "done"


# --- all -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [1, 3])
def test_kinds_ask_the_same_number_of_questions(
    count: int,
    make_person: MakePerson,
    make_release: MakeRelease,
    make_stale: Callable[..., QuestionRevision],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    make_release()
    for number in range(count):
        person = make_person(f"e{number}@example.com", role=Role.EDITOR)
        keep(person, "A0020", "A0030")
        report_question(
            revision=make_stale(f"q-{number}"), user=person, reason="key", comment="x", at=LONG_AGO
        )
    asked: list[tuple[Kind, datetime, int, int]] = [
        (CodeSetChanges(), datetime(2027, 3, 17, 13, tzinfo=UTC), 2, 3),
        (ReleaseLoaded(), LOADED_AT, 2, 4),
        (ReportsWaiting(), LOADED_AT, 2, 2),
    ]
    for kind, now, asks, reads in asked:
        with django_assert_num_queries(asks):
            found = list(kind.candidates(at=now, until=now + 2 * DAY))
        assert len(found) == count
        assert [one.user_id for one in kind.candidates(at=now, until=now + 2 * DAY, user_id=person.pk)] == [
            person.pk
        ]
        reminders = [
            Reminder(
                pk=pk,
                user=User.objects.get(pk=one.user_id),
                kind=kind.key,
                subject=one.subject,
                due_on=one.due_on,
                step=one.step,
            )
            for pk, one in enumerate(found)
        ]
        deadlines = {one.subject: one.due_on for one in found}
        with django_assert_num_queries(1):
            assert kind.deadlines(list(deadlines)) == deadlines
        with django_assert_num_queries(reads):
            facts: Any = kind.read(reminders, at=now)
            for reminder in reminders:
                assert kind.still_true(reminder, facts[reminder.pk], at=now) is None
                context = kind.context(reminder, facts[reminder.pk], at=now)
                assert context.keys() == kind.sample_context().keys()
                assert {type(value) for value in context.values()} == {str}


def test_mail_of_reports_goes_to_an_editor_who_wants_it(
    only: Callable[[Kind], None],
    york: User,
    editor: User,
    make_stale: Callable[..., QuestionRevision],
    mailoutbox: list[EmailMessage],
) -> None:
    only(ReportsWaiting())
    Preference.objects.create(user=editor, kind=WAITING, channel="email", is_on=True, changed_at=LONG_AGO)
    report_question(revision=make_stale(), user=york, reason="key", comment="x", at=LONG_AGO)

    live_through(LOADED_AT, 2)

    (mail,) = mailoutbox
    assert mail.subject == "1 report waits for an answer"
    assert "about 1 question." in str(mail.body)
