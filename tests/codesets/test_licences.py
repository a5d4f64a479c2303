"""Words that belong to somebody else: one gate, never more seats than the licence has."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.codesets.actions import Source, load_release
from courses.codesets.actions.licences import NoSeatLeft, give_seat, take_seat
from courses.codesets.errors import LoadRefused
from courses.codesets.licensing import hidden_systems, may_read
from courses.codesets.models import Code, LicencePack, LicenceSeat, Release
from courses.codesets.systems import System
from tests.conftest import MakePerson

AT = datetime(2026, 11, 1, tzinfo=UTC)
TODAY = date(2026, 11, 23)
MakePack = Callable[..., LicencePack]


@pytest.fixture
def make_pack(editor: User) -> MakePack:
    def make(users: int = 2, **changes: Any) -> LicencePack:
        return LicencePack.objects.create(
            **{
                "system": "cpt",
                "number": "A-1",
                "licensee": "School of Coding",
                "users": users,
                "starts_on": date(2026, 1, 1),
                "expires_on": date(2027, 1, 1),
                "recorded_at": AT,
                "recorded_by": editor,
            }
            | changes
        )

    return make


# --- the gate --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("system", [s for s in System.values if s != "cpt"])
def test_systems_of_everybody_ask_nothing(system: str, django_assert_num_queries: Any, db: None) -> None:
    with django_assert_num_queries(0):
        assert may_read(None, system, TODAY)
        assert may_read(AnonymousUser(), system, TODAY)


@pytest.mark.parametrize(
    ("day", "allowed"),
    [
        (date(2025, 12, 31), False),
        (date(2026, 1, 1), True),
        (date(2026, 12, 31), True),
        (date(2027, 1, 1), False),
    ],
)
def test_seat_counts_while_its_licence_does(
    make_pack: MakePack, student: User, day: date, allowed: bool
) -> None:
    give_seat(pack=make_pack(), user=student, at=AT)

    assert may_read(student, "cpt", day) is allowed


def test_words_need_a_seat_of_ones_own(
    make_pack: MakePack, student: User, other: User, make_person: MakePerson
) -> None:
    give_seat(pack=make_pack(), user=student, at=AT)

    assert may_read(student, "cpt", TODAY)
    assert not may_read(other, "cpt", TODAY)
    assert not may_read(make_person("boss@example.com", role="administrator"), "cpt", TODAY)
    assert not may_read(AnonymousUser(), "cpt", TODAY)
    assert not may_read(None, "cpt", TODAY)
    assert (hidden_systems(student, TODAY), hidden_systems(other, TODAY)) == ([], ["cpt"])
    student.is_active = False
    assert not may_read(student, "cpt", TODAY)


def test_gate_asks_once(make_pack: MakePack, student: User, django_assert_num_queries: Any) -> None:
    give_seat(pack=make_pack(), user=student, at=AT)

    with django_assert_num_queries(1):
        assert may_read(student, "cpt", TODAY)


# --- seats -----------------------------------------------------------------------------------------------
def test_seats_end_at_the_number_of_users(
    make_pack: MakePack, student: User, other: User, editor: User
) -> None:
    pack = make_pack(users=2)
    give_seat(pack=pack, user=student, at=AT)
    give_seat(pack=pack, user=other, at=AT)

    with pytest.raises(NoSeatLeft):
        give_seat(pack=pack, user=editor, at=AT)

    assert give_seat(pack=pack, user=student, at=AT).user == student  # who has one keeps it
    assert pack.seats.count() == 2


def test_seat_that_was_taken_back_is_free(make_pack: MakePack, student: User, other: User) -> None:
    pack = make_pack(users=1)
    give_seat(pack=pack, user=student, at=AT)

    assert take_seat(pack=pack, user=student) is True
    assert take_seat(pack=pack, user=student) is False
    give_seat(pack=pack, user=other, at=AT)

    assert not may_read(student, "cpt", TODAY)


@pytest.mark.parametrize(
    "wrong",
    [
        {"users": 0},
        {"expires_on": date(2026, 1, 1)},
        {"system": "hcpcs"},
    ],
)
def test_licence_that_cannot_be_is_refused(make_pack: MakePack, wrong: dict[str, Any]) -> None:
    with pytest.raises((IntegrityError, ValidationError)), transaction.atomic():
        make_pack(**wrong)


@pytest.mark.django_db(transaction=True)
def test_race_never_gives_more_seats_than_there_are(make_pack: MakePack, make_person: MakePerson) -> None:
    pack = make_pack(users=3)
    people = [make_person(f"p{n}@example.com") for n in range(12)]

    def give(user: User) -> bool:
        try:
            give_seat(pack=LicencePack.objects.get(pk=pack.pk), user=user, at=AT)
        except NoSeatLeft:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(12) as pool:
        given = list(pool.map(give, people))

    assert sum(given) == 3
    assert LicenceSeat.objects.filter(pack=pack).count() == 3


# --- loading ---------------------------------------------------------------------------------------------
def cpt_file(folder: Path) -> Source:
    path = folder / "cpt.csv"
    path.write_text("code,long,short\n99213,Office visit of an old friend,Visit\n")
    return Source("cpt", path, path.name, "2026", date(2026, 1, 1))


def test_cpt_is_loaded_under_a_valid_licence_only(tmp_path: Path, make_pack: MakePack) -> None:
    with pytest.raises(LoadRefused, match="record a licence"):
        load_release(source=cpt_file(tmp_path), by=None, at=AT)
    make_pack(expires_on=date(2026, 6, 1))
    with pytest.raises(LoadRefused, match="record a licence"):
        load_release(source=cpt_file(tmp_path), by=None, at=AT)
    assert not Release.objects.exists()

    make_pack(number="A-2")

    assert load_release(source=cpt_file(tmp_path), by=None, at=AT).release.counts["billable"] == 1


# --- the editing pages -----------------------------------------------------------------------------------
@pytest.fixture
def words(tmp_path: Path, make_pack: MakePack) -> LicencePack:
    pack = make_pack()
    load_release(source=cpt_file(tmp_path), by=None, at=AT)
    return pack


def test_editing_lists_hide_words_from_who_has_no_seat(
    words: LicencePack, as_boss: Client, time_machine: Any
) -> None:
    time_machine.move_to(AT)
    boss = User.objects.get(email="boss@example.com")
    row = Code.objects.get(code="99213")
    listed = reverse("admin:codesets_code_changelist")
    opened = reverse("admin:codesets_code_change", args=[row.pk])

    def seen() -> bool:
        pages = [as_boss.get(listed), as_boss.get(listed, {"q": "friend"}), as_boss.get(opened, follow=True)]
        return any("Office visit of an old" in page.content.decode() for page in pages)

    assert not seen()
    give_seat(pack=words, user=boss, at=AT)
    assert seen()


@pytest.mark.parametrize("page", ["licencepack", "licenceseat"])
def test_licences_are_for_administrators(as_editor: Client, as_boss: Client, page: str) -> None:
    for name in ("changelist", "add"):
        address = reverse(f"admin:codesets_{page}_{name}")
        assert as_editor.get(address).status_code == 403
        assert as_boss.get(address).status_code == 200


def test_administrator_records_a_licence_and_gives_seats(
    as_boss: Client, student: User, other: User, time_machine: Any
) -> None:
    time_machine.move_to(AT, tick=False)
    add_pack, add_seat = (reverse(f"admin:codesets_{name}_add") for name in ("licencepack", "licenceseat"))
    paper = {
        "system": "cpt",
        "number": "A-1",
        "licensee": "School",
        "users": "1",
        "starts_on": "2026-01-01",
        "expires_on": "2027-01-01",
    }
    assert as_boss.post(add_pack, paper).status_code == 302
    pack = LicencePack.objects.get()
    assert (pack.recorded_at, pack.recorded_by.email) == (AT, "boss@example.com")

    assert as_boss.post(add_seat, {"pack": pack.pk, "email": "Sam@example.com"}).status_code == 302
    assert may_read(student, "cpt", TODAY)

    full = as_boss.post(add_seat, {"pack": pack.pk, "email": other.email}).content.decode()
    twice = as_boss.post(add_seat, {"pack": pack.pk, "email": student.email}).content.decode()
    nobody = as_boss.post(add_seat, {"pack": pack.pk, "email": "x@example.com"}).content.decode()
    assert "All 1 seats of this licence are taken" in full
    assert "This person has a seat" in twice
    assert "Nobody with this address" in nobody
    seat = LicenceSeat.objects.get()
    assert as_boss.get(reverse("admin:codesets_licenceseat_change", args=[seat.pk])).status_code == 200
    as_boss.post(reverse("admin:codesets_licenceseat_delete", args=[seat.pk]), {"post": "yes"})
    assert not LicenceSeat.objects.exists()


def test_licence_is_never_for_fewer_than_have_a_seat(
    as_boss: Client, make_pack: MakePack, student: User, other: User
) -> None:
    pack = make_pack(users=2)
    give_seat(pack=pack, user=student, at=AT)
    give_seat(pack=pack, user=other, at=AT)
    paper = {
        "system": "cpt",
        "number": "A-1",
        "licensee": "School",
        "users": "1",
        "starts_on": "2026-01-01",
        "expires_on": "2027-01-01",
    }

    answer = as_boss.post(reverse("admin:codesets_licencepack_change", args=[pack.pk]), paper)

    assert "2 people have a seat" in answer.content.decode()
    pack.refresh_from_db()
    assert pack.users == 2
