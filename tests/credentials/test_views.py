from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from courses.catalog.models import Certification
from courses.credentials.actions import add_credit, reverse_credit
from courses.credentials.models import CredentialHeld, Credit, Cycle, RuleSet
from tests.conftest import MakePerson
from tests.credentials.conftest import Record

LIST, NEW = "credentials:credentials", "credentials:record"
#: Session, person; cycles, their credentials with certifications, the ledger; what is held.
LIST_QUERIES = 7
#: The same, the row itself and the earlier cycles.
DETAIL_QUERIES = 9


@pytest.fixture(autouse=True)
def clock(time_machine: Any, at: datetime) -> None:
    """Views read the real clock: let it be that of the tests."""
    time_machine.move_to(at, tick=False)


@pytest.fixture
def held(record: Record) -> CredentialHeld:
    return record()


@pytest.fixture
def credit(held: CredentialHeld, at: datetime) -> Credit:
    return add_credit(
        user=held.user,
        title="Audit webinar",
        completed_on=date(2026, 6, 1),
        ceus=Decimal("2.50"),
        by=held.user,
        at=at,
    )


def pages_of(held: CredentialHeld, credit: Credit) -> list[str]:
    return [
        reverse("credentials:credential", args=[held.pk]),
        reverse("credentials:add_credit", args=[held.pk]),
        reverse("credentials:withdraw_credit", args=[held.pk, credit.pk]),
    ]


def test_empty_list_teaches_what_to_do(as_student: Client) -> None:
    page = as_student.get(reverse(LIST)).content.decode()

    assert "No credential on record" in page
    assert reverse(NEW) in page


def test_list_says_what_is_short_and_by_when(
    as_student: Client, held: CredentialHeld, credit: Credit
) -> None:
    page = as_student.get(reverse(LIST)).content.decode()

    assert "33.5 CEUs short, 128 days left." in page
    assert "Wed 31 Mar 2027" in page
    assert "AAPC, CEU policies" in page  # the source of the rule


def test_list_without_a_running_cycle_still_names_the_credential(as_student: Client, record: Record) -> None:
    record(status=CredentialHeld.Status.RETIRED)

    page = as_student.get(reverse(LIST)).content.decode()

    assert "No running cycle" in page and "Retired" in page


def test_form_starts_with_the_certification_of_the_link(as_student: Client, rules: None) -> None:
    page = as_student.get(reverse(NEW), {"certification": "ccs"})

    chosen = page.context["form"]["certification"].value()
    assert chosen == Certification.objects.get(key="ccs").pk


def data(key: str = "cpc", **fields: Any) -> dict[str, Any]:
    return {
        "certification": Certification.objects.get(key=key).pk,
        "number": "0123",
        "earned_on": "2020-05-04",
        "status": "active",
        "renewal_month": "3",
    } | fields


def test_record_opens_the_cycle_and_shows_it(as_student: Client, rules: None) -> None:
    answer = as_student.post(reverse(NEW), data())

    held = CredentialHeld.objects.get()
    assert answer.headers["Location"] == held.get_absolute_url()
    assert held.cycles.get().due_on == date(2027, 3, 31)


def test_record_takes_the_last_day_of_the_cycle(as_student: Client, rules: None) -> None:
    as_student.post(reverse(NEW), data(renewal_month="", last_on="2026-11-30"))

    assert Cycle.objects.get().due_on == date(2026, 11, 30)


def test_refused_record_keeps_what_was_typed(as_student: Client, rules: None) -> None:
    answer = as_student.post(reverse(NEW), data("crcr", renewal_month="", number="XYZ-77"))

    assert answer.status_code == 422
    assert answer.context["form"].errors["last_on"]
    assert "XYZ-77" in answer.content.decode()
    assert not CredentialHeld.objects.exists()


def test_detail_shows_the_ledger_and_where_each_row_is_from(
    as_student: Client, held: CredentialHeld, credit: Credit
) -> None:
    page = as_student.get(held.get_absolute_url()).content.decode()

    assert ("Audit webinar" in page and "2.50" in page) or "2.5" in page
    assert "Entered by yourself" in page


def test_activity_is_added(as_student: Client, held: CredentialHeld) -> None:
    answer = as_student.post(
        reverse("credentials:add_credit", args=[held.pk]),
        {"title": "Webinar", "completed_on": "2026-06-01", "minutes": "90", "topics": ["auditing"]},
    )

    assert answer.status_code == 302
    assert Credit.objects.get().ceus == Decimal("1.5")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"completed_on": "2026-11-24"}, "completed_on"),
        ({"ceus": ""}, "ceus"),
        ({"minutes": "60000", "ceus": ""}, "minutes"),
        ({"topics": ["interventional"], "provider": "Somebody"}, "provider"),
        ({"topics": ["nothing"]}, "topics"),
    ],
)
def test_refused_activity_is_explained_beside_its_input(
    as_student: Client, held: CredentialHeld, fields: dict[str, Any], field: str
) -> None:
    typed = {"title": "Webinar", "completed_on": "2026-06-01", "ceus": "2"} | fields

    answer = as_student.post(reverse("credentials:add_credit", args=[held.pk]), typed)

    assert answer.status_code == 422
    assert answer.context["form"].errors[field]
    assert answer.context["form"]["title"].value() == "Webinar"
    assert not Credit.objects.exists()


def test_own_entry_is_withdrawn_with_a_reason(
    as_student: Client, held: CredentialHeld, credit: Credit
) -> None:
    url = reverse("credentials:withdraw_credit", args=[held.pk, credit.pk])

    assert as_student.post(url, {"reason": ""}).status_code == 422
    assert as_student.post(url, {"reason": "Typed twice"}).status_code == 302
    assert as_student.post(url, {"reason": "Again"}).status_code == 422

    assert "Typed twice" in as_student.get(held.get_absolute_url()).content.decode()
    assert Credit.objects.standing().count() == 0


def test_reading_writes_nothing(as_student: Client, held: CredentialHeld, credit: Credit) -> None:
    for url in [reverse(LIST), reverse(NEW), *pages_of(held, credit)]:
        assert as_student.get(url).status_code == 200

    assert Credit.objects.count() == 1


def test_rows_of_another_person_are_not_found(
    other: User, held: CredentialHeld, credit: Credit, record: Record
) -> None:
    stranger = Client()
    stranger.force_login(other)

    for url in pages_of(held, credit):
        assert stranger.get(url).status_code == 404
        assert stranger.post(url, {"reason": "Mine?"}).status_code in (404, 405)
    theirs = record(user=other)
    crossed = reverse("credentials:withdraw_credit", args=[theirs.pk, credit.pk])
    assert stranger.post(crossed, {"reason": "Mine?"}).status_code == 404
    assert "Audit webinar" not in stranger.get(theirs.get_absolute_url()).content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_pages_are_the_same_queries_for_one_row_and_three(
    as_student: Client, record: Record, rows: int, at: datetime, django_assert_num_queries: Any
) -> None:
    held = [record(key) for key in ("cpc", "cpma", "cpco")[:rows]]
    for number in range(rows):
        credit = add_credit(
            user=held[0].user,
            title=f"Webinar {number}",
            completed_on=date(2026, 6, 1) + timedelta(days=number),
            ceus=Decimal(1),
            by=held[0].user,
            at=at,
        )
        reverse_credit(credit=credit, reason="Test", by=held[0].user, at=at)
    as_student.get(reverse(LIST))  # the session remembers that the terms are accepted

    with django_assert_num_queries(LIST_QUERIES):
        as_student.get(reverse(LIST))
    with django_assert_num_queries(DETAIL_QUERIES):
        as_student.get(held[0].get_absolute_url())


def test_editor_saves_a_rule_set_and_takes_it_from_the_pack(make_person: MakePerson, rules: None) -> None:
    client = Client()
    client.force_login(make_person("ed@example.com", role=Role.EDITOR))
    row = RuleSet.objects.get(key="hfma-crcr")
    url = reverse("admin:credentials_ruleset_change", args=[row.pk])
    form = client.get(url).context["adminform"].form
    typed = {name: form[name].value() for name in form.fields}
    typed = {name: "" if value is None else value for name, value in typed.items()} | {"title": "Ours"}

    assert client.post(url, typed).status_code == 302
    row.refresh_from_db()
    assert (row.title, row.pack_digest) == ("Ours", "")
    assert client.post(url, typed | {"terms": "{}"}).status_code == 200  # not the schema: shown again
