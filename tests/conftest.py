"""Fixtures that every room's tests share: people, the clock, a small course."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from accounts.actions import accept_terms, give_role
from accounts.models import User
from accounts.roles import STAFF_ROLES, Role
from accounts.terms import TERMS_VERSION
from courses.catalog.actions import write_lesson_revision
from courses.catalog.models import Course, Lesson, Module
from portal.lib.revisions import publish_revision

#: Long before any test runs, so that what is published then is live for views on the real clock.
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PASSWORD = "correct horse battery staple"

MakePerson = Callable[..., User]


@pytest.fixture
def at() -> datetime:
    """The moment at which actions happen in a test."""
    return datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


@pytest.fixture
def make_person(db: None) -> MakePerson:
    """People as sign-up makes them: verified, terms accepted, in a role, staff with a second factor."""

    def make(email: str = "sam@example.com", *, role: Role = Role.STUDENT, **fields: Any) -> User:
        user = User.objects.create_user(email, PASSWORD, **({"name": "Sam Lee"} | fields))
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
        accept_terms(user=user, version=TERMS_VERSION, at=LONG_AGO)
        give_role(user=user, role=role)
        if role in STAFF_ROLES:
            TOTP.activate(user, generate_totp_secret())
        return user

    return make


@pytest.fixture
def student(make_person: MakePerson) -> User:
    return make_person()


@pytest.fixture
def other(make_person: MakePerson) -> User:
    return make_person("other@example.com", name="Other Student")


@pytest.fixture
def editor(make_person: MakePerson) -> User:
    return make_person("editor@example.com", role=Role.EDITOR, name="Edith Editor")


@pytest.fixture
def as_student(student: User) -> Client:
    client = Client()
    client.force_login(student)
    return client


@pytest.fixture
def as_editor(editor: User) -> Client:
    client = Client()
    client.force_login(editor)
    return client


@pytest.fixture
def make_course(db: None) -> Callable[..., Course]:
    """A published course of one module whose lessons are live."""

    def make(key: str = "basics", *, lessons: int = 2, ceus: str = "2.00", **fields: Any) -> Course:
        course = Course.objects.create(
            **{
                "key": key,
                "title": key.replace("-", " ").title(),
                "summary": "A course for a test.",
                "level": "foundation",
                "hours": Decimal(2),
                "ceus": Decimal(ceus),
                "published_at": LONG_AGO,
                "pack_digest": "x",
            }
            | fields
        )
        module = Module.objects.create(course=course, title="First module", position=1)
        for position in range(1, lessons + 1):
            lesson = Lesson.objects.create(
                key=f"{key}-{position}", module=module, position=position, is_preview=position == 1
            )
            revision = write_lesson_revision(
                lesson=lesson,
                title=f"Lesson {position} of {course.title}",
                source=f"## Heading\n\nText number {position}.",
                minutes=10,
                by=None,
                at=LONG_AGO,
                pack_digest="x",
            )
            publish_revision(revision=revision, by=None, live_from=LONG_AGO)
        return course

    return make


@pytest.fixture
def course(make_course: Callable[..., Course]) -> Course:
    return make_course()
