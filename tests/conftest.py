"""Fixtures that every room's tests share: people, the clock, a small course."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import settings

from accounts.models import User
from accounts.roles import Role
from courses.catalog.models import Course, Lesson, Module
from tests import worlds
from tests.guards import let_tests_flush
from tests.worlds import LONG_AGO, PASSWORD, World

__all__ = ["LONG_AGO", "PASSWORD"]

MakePerson = Callable[..., User]

# a busy machine is no fault of the property
settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.fixture(scope="session", autouse=True)
def _ledgers_that_empty() -> None:
    let_tests_flush()


@pytest.fixture
def at() -> datetime:
    """The moment at which actions happen in a test."""
    return datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


@pytest.fixture
def make_person(db: None) -> MakePerson:
    """People as sign-up makes them: verified, terms accepted, in a role, staff with a second factor."""

    def make(email: str = "sam@example.com", *, role: Role = Role.STUDENT, **fields: Any) -> User:
        return worlds.make_person(email, role, **fields)

    return make


@pytest.fixture
def world(db: None, tmp_path: Path) -> World:
    """A row behind every URL."""
    return World(tmp_path)


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
def as_boss(make_person: MakePerson) -> Client:
    """Signed in as an administrator."""
    client = Client()
    client.force_login(make_person("boss@example.com", role=Role.ADMINISTRATOR))
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
            worlds.publish_lesson(
                lesson,
                f"## Heading\n\nText number {position}.",
                title=f"Lesson {position} of {course.title}",
            )
        return course

    return make


@pytest.fixture
def course(make_course: Callable[..., Course]) -> Course:
    return make_course()
