"""The way out of apprenticeship: months without double counting, routes, and the end of the mark."""

import io
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts.models import User
from courses.credentials.actions.apprentice import add_proof, remove_apprentice_mark
from courses.credentials.actions.refusals import Refused
from courses.credentials.apprenticeship import Proof, months_worked, nearest, routes_of
from courses.credentials.models import ApprenticeProof, CredentialChange, CredentialHeld
from courses.credentials.rules import Apprentice, Need
from tests.credentials.conftest import Record, rule

TODAY = date(2026, 11, 23)


def terms() -> Apprentice:
    found = rule("aapc-2015").apprentice
    assert found is not None
    return found


def need(key: str) -> Need:
    return next(n for route in terms().routes for n in route.needs if n.key == key)


# --- the arithmetic --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("periods", "months"),
    [
        ([], 0),
        ([(date(2024, 1, 1), date(2025, 12, 31))], 24),
        ([(date(2024, 1, 1), date(2025, 12, 30))], 23),
        # the same days at two employers count once
        ([(date(2024, 1, 1), date(2024, 12, 31)), (date(2024, 6, 1), date(2025, 6, 30))], 18),
        ([(date(2024, 1, 1), date(2024, 12, 31)), (date(2024, 3, 1), date(2024, 4, 30))], 12),
        # one ends on the day before the other begins
        ([(date(2024, 1, 1), date(2024, 6, 15)), (date(2024, 6, 16), date(2024, 12, 31))], 12),
        # with a gap, the broken months make whole ones
        ([(date(2024, 1, 1), date(2024, 1, 20)), (date(2024, 3, 1), date(2024, 3, 20))], 1),
        ([(date(2024, 2, 29), date(2025, 2, 28))], 12),
        ([(date(2024, 5, 2), date(2024, 5, 1))], 0),
    ],
)
def test_months_of_work(periods: list[tuple[date, date]], months: int) -> None:
    assert months_worked(periods) == months
    assert months_worked(reversed(periods)) == months


def test_work_that_goes_on_counts_to_this_day_and_what_is_to_come_does_not() -> None:
    going_on = [Proof("work", starts_on=date(2025, 11, 24))]
    to_come = [Proof("work", starts_on=date(2025, 11, 24), ends_on=date(2030, 1, 1))]

    for proofs in (going_on, to_come):
        assert routes_of(terms(), proofs, TODAY)[0].needs[0].done == 12


def test_a_proof_counts_on_every_route_that_needs_it() -> None:
    proofs = [
        Proof("work", starts_on=date(2025, 11, 24)),
        Proof("course", amount=Decimal(50)),
        Proof("course", amount=Decimal(30)),
    ]

    routes = {one.route.key: one for one in routes_of(terms(), proofs, TODAY)}

    assert not routes["two-years"].is_met
    assert routes["one-year-and-course"].is_met
    assert not routes["course-and-practicode"].is_met
    best = nearest(list(routes.values()))
    assert best is not None
    assert best.route.key == "one-year-and-course"


def test_no_route_is_nearest_before_anything_is_there() -> None:
    assert nearest(routes_of(terms(), [], TODAY)) is None


# --- what is written -------------------------------------------------------------------------------------
@pytest.fixture
def held(record: Record) -> CredentialHeld:
    return record(status="apprentice")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("key", "fields", "field"),
    [
        ("work", {}, "starts_on"),
        ("work", {"starts_on": date(2027, 1, 1)}, "starts_on"),
        ("work", {"starts_on": date(2026, 1, 1), "ends_on": date(2027, 1, 1)}, "ends_on"),
        ("work", {"starts_on": date(2026, 1, 1), "ends_on": date(2025, 1, 1)}, "ends_on"),
        ("course", {}, "amount"),
    ],
)
def test_a_proof_that_proves_nothing_is_refused(
    held: CredentialHeld, at: datetime, key: str, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refused) as refused:
        add_proof(held=held, need=need(key), text="Clinic", by=held.user, at=at, **fields)

    assert refused.value.field == field
    assert not ApprenticeProof.objects.exists()


@pytest.mark.django_db
def test_the_mark_goes_on_the_day_the_body_says(held: CredentialHeld, at: datetime) -> None:
    remove_apprentice_mark(held=held, on=date(2026, 11, 1), by=held.user, at=at)

    held.refresh_from_db()
    assert held.status == CredentialHeld.Status.ACTIVE
    assert "2026-11-01" in CredentialChange.objects.get().reason
    with pytest.raises(Refused):
        remove_apprentice_mark(held=held, on=date(2026, 11, 1), by=held.user, at=at)
    with pytest.raises(Refused):
        add_proof(held=held, need=need("work"), text="Late", starts_on=date(2026, 1, 1), by=held.user, at=at)


@pytest.mark.django_db
@pytest.mark.parametrize("on", [date(2026, 11, 24), date(2019, 1, 1)])
def test_the_mark_does_not_go_tomorrow_or_before_the_exam(
    held: CredentialHeld, at: datetime, on: date
) -> None:
    with pytest.raises(Refused):
        remove_apprentice_mark(held=held, on=on, by=held.user, at=at)


# --- the page --------------------------------------------------------------------------------------------
@pytest.fixture
def page(held: CredentialHeld, time_machine: Any, at: datetime) -> str:
    time_machine.move_to(at, tick=False)
    return reverse("credentials:apprentice", args=[held.pk])


def test_page_names_the_routes_and_what_a_letter_must_hold(as_student: Client, page: str) -> None:
    text = as_student.get(page).content.decode()

    assert all(title in text for title in ("Two years of work", "An 80-hour course and Practicode"))
    assert "on letterhead, dated and signed by hand" in text
    assert "One of these routes is enough" in text


def test_work_is_added_counted_and_removed(as_student: Client, page: str, held: CredentialHeld) -> None:
    add = reverse("credentials:add_proof", args=[held.pk, "work"])

    bad = as_student.post(add, {"work-text": "Clinic", "work-starts_on": "2030-01-01"})
    assert bad.status_code == 422
    assert "Clinic" in bad.content.decode()
    assert as_student.post(add, {"work-text": "Clinic", "work-starts_on": "2025-11-24"}).status_code == 302

    text = as_student.get(page).content.decode()
    assert "12 of 24" in text
    assert "You are nearest to" in text
    proof = ApprenticeProof.objects.get()
    as_student.post(reverse("credentials:remove_proof", args=[proof.pk]))
    assert not ApprenticeProof.objects.exists()


def test_a_letter_is_kept_with_the_work_and_goes_with_it(
    as_student: Client, page: str, held: CredentialHeld
) -> None:
    add = reverse("credentials:add_proof", args=[held.pk, "work"])
    typed = {"work-text": "Clinic", "work-starts_on": "2025-11-24"}
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(picture, "PNG")

    bad = as_student.post(add, typed | {"work-file": SimpleUploadedFile("a.pdf", b"<html>no letter</html>")})
    assert bad.status_code == 422
    assert "Clinic" in bad.content.decode()
    assert not ApprenticeProof.objects.exists()

    as_student.post(add, typed | {"work-file": SimpleUploadedFile("a.png", picture.getvalue())})
    file = ApprenticeProof.objects.get().files.get()
    link = reverse("credentials:proof_file", args=[file.pk])
    assert link in as_student.get(page).content.decode()
    answer = as_student.get(link)
    assert "attachment" in answer["Content-Disposition"]
    answer.close()


def test_the_end_of_the_mark_is_said_on_the_page(as_student: Client, page: str, held: CredentialHeld) -> None:
    url = reverse("credentials:remove_apprentice_mark", args=[held.pk])

    assert as_student.post(url, {"removed_on": "2030-01-01"}).status_code == 422
    assert as_student.post(url, {"removed_on": "2026-11-20"}).status_code == 302
    assert "no mark to lose" in as_student.get(page).content.decode()


def test_proofs_of_another_person_are_not_found(
    page: str, held: CredentialHeld, other: User, at: datetime
) -> None:
    proof = add_proof(
        held=held, need=need("work"), text="Clinic", starts_on=date(2026, 1, 1), by=held.user, at=at
    )
    stranger = Client()
    stranger.force_login(other)

    assert stranger.get(page).status_code == 404
    for name, args in (
        ("add_proof", [held.pk, "work"]),
        ("remove_proof", [proof.pk]),
        ("remove_apprentice_mark", [held.pk]),
    ):
        assert stranger.post(reverse(f"credentials:{name}", args=args)).status_code == 404
    assert ApprenticeProof.objects.exists()


@pytest.mark.parametrize("rows", [1, 3])
def test_page_is_the_same_queries_for_one_proof_and_three(
    as_student: Client,
    page: str,
    held: CredentialHeld,
    rows: int,
    at: datetime,
    django_assert_num_queries: Any,
) -> None:
    for number in range(rows):
        add_proof(
            held=held, need=need("course"), text=f"Course {number}", amount=Decimal(5), by=held.user, at=at
        )
    as_student.get(page)

    with django_assert_num_queries(6):  # session, person; the credential; its rules; proofs and their files
        as_student.get(page)
