import re
from datetime import date, datetime
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.actions import accept_terms, give_role
from accounts.models import TermsAcceptance, User
from accounts.roles import Role
from accounts.terms import TERMS_VERSION
from accounts.validators import LengthValidator
from courses.progress.models import LessonCompletion
from tests.conftest import PASSWORD, MakePerson

pytestmark = pytest.mark.django_db

SIGN_UP = {
    "email": "New.Person@example.com",
    "name": "New Person",
    "password1": PASSWORD,
    "time_zone": "America/Chicago",
    "terms": "on",
}


def code_in_last_mail() -> str:
    found = re.search(r"^([A-Z0-9]{3,}(?:-[A-Z0-9]{3,})?)$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found, mail.outbox[-1].body
    return found[1]


def sign_up(client: Client, **changes: str) -> Any:
    # mails leave on commit, which a test's transaction never reaches by itself
    return client.post("/account/signup/", SIGN_UP | changes)


def test_sign_up_by_code_opens_today(client: Client, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = sign_up(client)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(answer["Location"], {"code": code_in_last_mail()})

    user = User.objects.get()
    assert (user.email, user.name, user.time_zone) == (
        "new.person@example.com",
        "New Person",
        "America/Chicago",
    )
    assert user.has_role(Role.STUDENT) and not user.has_role(Role.EDITOR)
    assert EmailAddress.objects.get().verified
    assert TermsAcceptance.objects.get().version == TERMS_VERSION
    assert client.get("/today/").status_code == 200


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("terms", "", "This field is required"),
        ("time_zone", "Mars/Olympus", "Select a valid choice"),
        ("password1", "short", "10 characters too short"),
        ("password1", "x" * 257, "at most 256"),
        ("email", "nonsense", "valid email"),
        ("name", "", "This field is required"),
    ],
)
def test_sign_up_with_mistake_keeps_what_was_typed(
    client: Client, field: str, value: str, message: str
) -> None:
    answer = sign_up(client, **{field: value})

    page = answer.content.decode()
    assert message in page
    assert ("New Person" in page) or field == "name"
    assert not User.objects.exists()


def test_sign_up_with_known_address_tells_nothing(
    client: Client, student: User, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        known = sign_up(client, email=student.email)
    unknown = sign_up(Client(), email="somebody@example.com")

    assert known["Location"] == unknown["Location"]
    assert "already" in str(mail.outbox[0].body)


def test_unverified_person_is_not_let_in(client: Client, make_person: MakePerson) -> None:
    user = make_person()
    EmailAddress.objects.update(verified=False)

    client.post("/account/login/", {"login": user.email, "password": PASSWORD})

    assert client.get("/today/").status_code == 302


def test_suspended_person_is_out_at_the_next_request(as_student: Client, student: User) -> None:
    assert as_student.get("/today/").status_code == 200
    User.objects.update(is_active=False)

    assert as_student.get("/today/").status_code == 302


def test_staff_without_second_factor_sees_only_its_set_up(client: Client, make_person: MakePerson) -> None:
    editor = make_person("bare@example.com")
    give_role(user=editor, role=Role.EDITOR)
    client.force_login(editor)

    assert client.get("/admin/")["Location"] == "/account/2fa/"
    assert client.get("/today/")["Location"] == "/account/2fa/"
    assert client.get("/account/2fa/").status_code == 200


def test_admin_has_no_sign_in_of_its_own(client: Client, student: User) -> None:
    answer = client.post("/admin/login/", {"username": student.email, "password": PASSWORD})

    assert answer["Location"].startswith("/account/login/")


def test_admin_is_not_there_for_students(as_student: Client) -> None:
    assert as_student.get("/admin/").status_code == 404
    assert as_student.get("/admin/login/").status_code == 404


def test_terms_are_asked_once_per_version(as_student: Client, student: User) -> None:
    TermsAcceptance.objects.update(version="2000-01-01")

    asked = as_student.get("/today/")
    accepted = as_student.post("/account/terms/", {"terms": "on", "next": "/practice/"})

    assert asked["Location"] == "/account/terms/?next=%2Ftoday%2F"
    assert accepted["Location"] == "/practice/"
    assert as_student.get("/today/").status_code == 200


def test_terms_never_lead_off_the_site(as_student: Client) -> None:
    answer = as_student.post("/account/terms/", {"terms": "on", "next": "https://elsewhere.example/"})

    assert answer["Location"] == "/today/"


def test_accept_terms_twice_keeps_the_first_moment(student: User, at: datetime) -> None:
    accept_terms(user=student, version="v", at=at)
    accept_terms(user=student, version="v", at=at.replace(year=2030))

    assert TermsAcceptance.objects.get(version="v").accepted_at == at


def test_profile_saves_and_drops_exam_date_of_other_purpose(as_student: Client) -> None:
    typed = {"name": "Sam", "time_zone": "Asia/Tokyo", "purpose": "exam", "exam_on": "2027-03-01"}
    as_student.post("/account/profile/", typed)
    first = User.objects.get().exam_on
    as_student.post("/account/profile/", typed | {"purpose": "keep"})

    user = User.objects.get()
    assert (first, user.exam_on, user.time_zone) == (date(2027, 3, 1), None, "Asia/Tokyo")


def test_profile_cannot_raise_a_role(as_student: Client) -> None:
    as_student.post(
        "/account/profile/",
        {
            "name": "Sam",
            "time_zone": "UTC",
            "is_staff": "on",
            "is_superuser": "on",
            "time_multiplier": "4",
            "groups": "3",
        },
    )

    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, user.time_multiplier) == (False, False, 1)
    assert user.role_names == {"student"}


def test_email_is_unique_whatever_its_case(student: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email=student.email.upper())


def test_administrator_has_every_role(make_person: MakePerson) -> None:
    boss = make_person("boss@example.com", role=Role.ADMINISTRATOR)

    assert boss.has_role("editor") and boss.has_role("manager")
    boss.is_active = False
    assert not boss.has_role("editor")


def test_editor_may_change_content_but_not_people(editor: User) -> None:
    assert editor.has_perm("catalog.change_lesson")
    assert not editor.has_perm("catalog.delete_lesson")
    assert not editor.has_perm("accounts.change_user")


@pytest.mark.parametrize(
    ("password", "ok"), [("x" * 14, False), ("x" * 15, True), ("🦴" * 256, True), ("x" * 257, False)]
)
def test_password_length(password: str, ok: bool) -> None:
    if ok:
        LengthValidator().validate(password)
    else:
        with pytest.raises(ValidationError):
            LengthValidator().validate(password)


def test_times_are_shown_in_the_persons_zone(as_student: Client, student: User, course: Any) -> None:
    User.objects.update(time_zone="Asia/Tokyo")
    as_student.post("/courses/basics/basics-1/complete/")

    LessonCompletion.objects.update(completed_at=datetime.fromisoformat("2026-11-23T20:00:00+00:00"))

    assert "24 November 2026, 05:00" in as_student.get("/courses/basics/basics-1/").content.decode()


def test_password_guessing_is_limited_per_account(client: Client, student: User) -> None:
    statuses = [
        client.post(
            "/account/login/", {"login": student.email, "password": f"wrong {n} wrong wrong"}
        ).status_code
        for n in range(7)
    ]
    blocked = client.post("/account/login/", {"login": student.email, "password": PASSWORD})

    assert statuses[:5] == [200] * 5
    assert "Too many failed login attempts" in blocked.content.decode()
    assert client.get("/today/").status_code == 302


def test_second_factor_that_was_removed_closes_the_admin_at_once(as_editor: Client, editor: User) -> None:
    before = as_editor.get("/admin/").status_code
    Authenticator.objects.filter(user=editor).delete()

    assert (before, as_editor.get("/admin/")["Location"]) == (200, "/account/2fa/")


def test_editor_sees_no_persons_exams_or_credentials(editor: User) -> None:
    for permission in ("exams.view_attempt", "exams.view_score", "credentials.view_credentialheld"):
        assert not editor.has_perm(permission)
    for permission in ("credentials.view_credit", "reminders.view_reminder"):
        assert not editor.has_perm(permission)
    assert editor.has_perm("exams.change_question")


def test_address_is_not_changed_in_the_admin(make_person: MakePerson, student: User) -> None:
    client = Client()
    client.force_login(make_person("boss@example.com", role=Role.ADMINISTRATOR))

    added = client.get("/admin/accounts/user/add/").status_code
    client.post(
        f"/admin/accounts/user/{student.pk}/change/",
        {
            "email": "new@example.com",
            "name": "Renamed",
            "time_zone": "UTC",
            "time_multiplier": "1",
            "is_active": "on",
        },
    )

    student.refresh_from_db()
    assert (added, student.email, student.name) == (403, "sam@example.com", "Renamed")


def test_terms_asked_in_the_middle_of_a_post_lead_to_today(as_student: Client) -> None:
    TermsAcceptance.objects.update(version="2000-01-01")

    assert as_student.post("/courses/x/enrol/")["Location"] == "/account/terms/?next=%2Ftoday%2F"


def test_too_many_sign_ups_get_a_page_that_helps(client: Client) -> None:
    answers = [sign_up(client, name="") for _ in range(22)]

    assert answers[-1].status_code == 429
    assert "Too many tries from here" in answers[-1].content.decode()
