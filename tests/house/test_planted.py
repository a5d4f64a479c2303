"""Planted faults: each gate of the house turns red when what it guards against is really there."""

import pytest
from django.urls import reverse
from pytest_django import Settings

from tests.house.test_access import (
    EDITOR,
    MEMBER,
    OWNER,
    READ,
    RULES,
    WRITE,
    Rule,
    kept_by_caches,
    nothing,
    pages,
    taken_without_token,
    unlisted,
    written_by_get,
    wrong_answers,
)
from tests.house.test_walls import PUBLIC, open_views, undeclared
from tests.worlds import World

#: What the planted views should do; each does otherwise.
REPORT: dict[str, Rule] = {"planted:report_of_anybody": (OWNER, READ, lambda w: [w.finished.pk])}
DRAFT: dict[str, Rule] = {"planted:draft_for_everybody": (EDITOR, READ, nothing)}
ENROLLED: dict[str, Rule] = {"planted:enrolled_by_link": (MEMBER, READ, nothing)}
TAKEN: dict[str, Rule] = {"planted:taken_from_anywhere": (MEMBER, WRITE, nothing)}
KEPT: dict[str, Rule] = {"planted:kept": (MEMBER, READ, nothing)}


@pytest.fixture
def planted(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.house.planted_urls"


# --- E1 ----------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("planted")
def test_view_missing_from_the_table_is_reported() -> None:
    assert unlisted() == {"planted:undeclared", *REPORT, *DRAFT, *ENROLLED, *TAKEN, *KEPT}


@pytest.mark.usefixtures("planted")
def test_view_without_a_rule_is_reported() -> None:
    assert undeclared() == ["planted:undeclared"]


@pytest.mark.usefixtures("planted")
def test_view_open_to_strangers_is_reported() -> None:
    assert open_views() - PUBLIC == {"planted:draft_for_everybody"}


@pytest.mark.usefixtures("planted")
def test_owners_page_shown_to_a_stranger_is_reported(world: World) -> None:
    assert wrong_answers(world.client("student"), "student", REPORT, world) == []
    assert wrong_answers(world.client("other"), "other", REPORT, world)[0] == (
        "GET planted:report_of_anybody as other: 200, not [404]"
    )


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("who", ["anonymous", "student", "suspended"])
def test_editors_page_shown_to_everybody_is_reported(who: str, world: World) -> None:
    wrong = wrong_answers(world.client(who), who, DRAFT, world)

    assert [line.split(" ")[0] for line in wrong][:2] == ["GET", "HEAD"]


def test_owners_page_that_lost_its_owner_is_reported(world: World) -> None:
    # the real view, the real row: only the table says that it should be the other student's
    stolen = {"exams:report": RULES["exams:report"]}

    assert wrong_answers(world.client("student"), "other", stolen, world) != []


# --- F4 ----------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("planted")
def test_get_that_writes_is_reported(world: World) -> None:
    written = written_by_get(world.client("other"), pages(ENROLLED, world), world)

    assert written == ["progress_enrolment"]


@pytest.mark.usefixtures("planted")
def test_post_from_elsewhere_is_reported(world: World) -> None:
    client = world.client("student", enforce_csrf_checks=True)
    urls = [reverse(name) for name in TAKEN]

    assert taken_without_token(client, [*urls, reverse("reminders:reminders")]) == urls


def test_every_post_is_reported_without_the_csrf_middleware(world: World, settings: Settings) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Csrf" not in name]
    client = world.client("student", enforce_csrf_checks=True)
    urls = [reverse("reminders:reminders"), reverse("account_login"), reverse("account_logout")]

    assert taken_without_token(client, urls) == urls


# --- F10 ---------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("planted")
def test_page_kept_by_our_own_cache_is_reported(world: World) -> None:
    urls = pages(KEPT, world)

    assert kept_by_caches(world.client("student"), urls) == urls
    # the fault is a real one: the other student reads the first one's address
    assert world.student.email in world.client("other").get(urls[0]).content.decode()


def test_every_page_is_reported_without_the_header_middleware(world: World, settings: Settings) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.endswith("security_headers")]
    urls = [reverse("pages:today"), reverse("credentials:credentials")]

    assert kept_by_caches(world.client("student"), urls) == urls
