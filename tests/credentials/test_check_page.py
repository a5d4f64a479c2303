"""I6: the public page of a certificate shows what is printed and nothing else, and cannot be searched."""

import random
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.credentials.actions import (
    issue_certificate,
    reissue_certificate,
    revoke_certificate,
    withdraw_certificates,
)
from courses.credentials.certifying import check_number, grouped, to_base64
from courses.credentials.models import Certificate, CourseApproval
from tests.credentials.test_certificates import Complete, approve, complete, facts_of

__all__ = ["approve", "complete"]

pytestmark = pytest.mark.django_db

#: Six for the counter of the limit in its table, the certificate, its issues.
_COST = 8


@pytest.fixture(autouse=True)
def _no_checks_yet() -> None:
    cache.clear()


@pytest.fixture
def certificate(complete: Complete, approve: Any, student: User, at: datetime) -> Certificate:
    completion = complete()
    approve(completion.course, "AAPC", "AB-123")
    approve(completion.course, "AHIMA", "")
    return issue_certificate(completion=completion, at=at)


def words(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def page_of(certificate: Certificate) -> str:
    return words(Client().get(certificate.get_absolute_url()))


# --- what it shows ----------------------------------------------------------------------------------------
def test_page_shows_everything_that_is_printed(certificate: Certificate) -> None:
    answer = Client().get(certificate.get_absolute_url())

    shown = words(answer)
    for fact in (
        *("This certificate is valid", "Sam Lee", "Basics", "Crosswalk", "23 November 2026", "AB-123"),
        *("AHIMA: no index number", "2 CEUs", "95 minutes", "does not expire", grouped(certificate.check_id)),
        *(certificate.key_id, certificate.signature),
    ):
        assert fact in shown, fact


def test_page_tells_nothing_of_the_person_but_the_name(certificate: Certificate, student: User) -> None:
    html = Client().get(certificate.get_absolute_url()).content.decode()

    assert student.email not in html
    assert "@" not in html
    assert "/admin/" not in html
    assert f"/{student.pk}/" not in html


@pytest.mark.parametrize("name", ["check_form", "check"])
def test_page_is_for_no_search_engine_and_no_cache(name: str, certificate: Certificate) -> None:
    address = certificate.get_absolute_url() if name == "check" else reverse("credentials:check_form")

    answer = Client().get(address)

    assert answer["X-Robots-Tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in answer.content.decode()
    assert answer["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer["Cache-Control"]


def test_revocation_shows_at_once(certificate: Certificate, editor: User, at: datetime) -> None:
    assert "This certificate is valid" in page_of(certificate)

    revoke_certificate(certificate=certificate, reason="Given in error", by=editor, at=at)

    shown = page_of(certificate)
    assert "This certificate was revoked on 23 November 2026" in shown
    assert "Reason: Given in error" in shown
    assert "is valid" not in shown
    assert "Sam Lee" in shown


def test_replaced_certificate_leads_to_the_new_one_and_both_show_the_history(
    certificate: Certificate, student: User, editor: User, at: datetime
) -> None:
    User.objects.filter(pk=student.pk).update(name="Sam Ortiz")

    new = reissue_certificate(certificate=certificate, reason="Name corrected", by=editor, at=at)

    old_page = Client().get(certificate.get_absolute_url())
    assert "This certificate was replaced on 23 November 2026" in words(old_page)
    assert f'href="{new.get_absolute_url()}"' in old_page.content.decode()
    assert "Sam Lee" in words(old_page)
    for page in (words(old_page), page_of(new)):
        assert "History" in page and "Name corrected" in page
    assert "Sam Ortiz" in page_of(new) and "This certificate is valid" in page_of(new)
    assert f"2, replaces number {grouped(certificate.check_id)}" in page_of(new)


def test_expired_certificate_says_its_last_day(complete: Complete, approve: Any, at: datetime) -> None:
    completion = complete(completed_on=(at - timedelta(days=800)).date())
    approve(completion.course, certificate_months=12, valid_from=(at - timedelta(days=900)).date())

    certificate = issue_certificate(completion=completion, at=at)

    assert f"its last day was {facts_of(certificate).expires_on:%-d %B %Y}" in page_of(certificate)


def test_withdrawn_certificate_shows_nothing_of_the_person(certificate: Certificate, student: User) -> None:
    document = certificate.document
    withdraw_certificates(user=student)

    shown = page_of(certificate)

    assert "This certificate was withdrawn" in shown
    for gone in ("Sam Lee", "Basics", "AB-123", document):
        assert gone not in shown


def test_deleted_account_leaves_a_withdrawn_certificate(certificate: Certificate, student: User) -> None:
    student.delete()

    shown = page_of(Certificate.objects.get())

    assert "This certificate was withdrawn" in shown
    assert "Sam Lee" not in shown


def test_tampered_row_is_not_shown(certificate: Certificate) -> None:
    document = certificate.document.replace("Sam Lee", "Sam Lea")
    Certificate.objects.update(document=document)

    shown = page_of(certificate)

    assert "This certificate does not verify" in shown
    assert "Sam Lea" not in shown


def test_name_with_markup_is_words(complete: Complete, student: User, at: datetime) -> None:
    student.name = "<script>alert(1)</script>{{ 1 }}"
    student.save()

    answer = Client().get(issue_certificate(completion=complete(), at=at).get_absolute_url())

    assert b"<script>alert" not in answer.content
    assert b"&lt;script&gt;alert(1)" in answer.content


# --- the number -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "spell",
    [
        lambda number: number,
        lambda number: grouped(number).lower(),
        lambda number: " ".join(number).replace("0", "o").replace("1", "I"),
        lambda number: f"http://testserver/check/{number}/",
    ],
)
def test_number_may_be_typed_in_any_way(spell: Any, certificate: Certificate) -> None:
    answer = Client().get(reverse("credentials:check_form"), {"number": spell(certificate.check_id)})

    assert (answer.status_code, answer["Location"]) == (302, certificate.get_absolute_url())


def test_address_with_another_spelling_leads_to_the_page(certificate: Certificate) -> None:
    answer = Client().get(f"/check/{grouped(certificate.check_id).lower()}/")

    assert (answer.status_code, answer["Location"]) == (302, certificate.get_absolute_url())


def test_what_is_no_number_is_said_beside_the_field() -> None:
    answer = Client().get(reverse("credentials:check_form"), {"number": "12345"})

    assert answer.status_code == 422
    assert "26 letters and digits, such as" in words(answer)


def test_unknown_numbers_get_one_answer_whatever_they_are(certificate: Certificate) -> None:
    near = certificate.check_id[:-1] + ("A" if certificate.check_id[-1] != "A" else "B")
    answers = [
        Client().get(f"/check/{number}/")
        for number in ("0" * 26, near, "abc", "x" * 300, str(certificate.pk))
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert (
        len({tuple(sorted(answer.headers.items() - {("Expires", answer["Expires"])})) for answer in answers})
        == 1
    )


def test_random_numbers_find_nothing(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    # reduced; 128 random bits: with a million certificates a hit takes 10**32 tries
    rng = random.Random(6)
    known = {check_number(rng.getrandbits(128)) for _ in range(20_000)}

    assert not Certificate.objects.filter(check_id__in=list(known)[:20_000:20]).exists()
    assert len(known) == 20_000


def test_one_address_checks_thirty_times_a_minute(certificate: Certificate) -> None:
    client = Client()
    statuses = [client.get(certificate.get_absolute_url()).status_code for _ in range(15)]
    statuses += [client.get(f"/check/{check_number(number)}/").status_code for number in range(15)]

    refused = client.get(certificate.get_absolute_url())

    assert statuses == [200] * 15 + [404] * 15
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    assert "Sam Lee" not in words(refused)
    assert client.get(reverse("credentials:check_form")).status_code == 200


def test_check_numbers_of_two_people_have_nothing_in_common(
    complete: Complete, other: User, at: datetime
) -> None:
    one = issue_certificate(completion=complete(), at=at)
    two = issue_certificate(completion=complete(user=other), at=at)

    assert sum(a == b for a, b in zip(one.check_id, two.check_id, strict=True)) < 13


def test_page_costs_the_same_with_and_without_history(
    certificate: Certificate, editor: User, at: datetime, django_assert_num_queries: Any
) -> None:
    Client().get(certificate.get_absolute_url())
    with django_assert_num_queries(_COST):
        Client().get(certificate.get_absolute_url())
    new = reissue_certificate(certificate=certificate, reason="Name corrected", by=editor, at=at)

    with django_assert_num_queries(_COST):
        Client().get(new.get_absolute_url())


def test_planted_key_of_somebody_else_makes_nothing_valid(certificate: Certificate, settings: Any) -> None:
    # the planted fault: a ring that no longer holds the key that signed
    settings.CERTIFICATE_KEYS = [to_base64(b"9" * 32)]

    assert "This certificate does not verify" in page_of(certificate)


def test_approval_after_the_completion_changes_no_page(certificate: Certificate) -> None:
    before = page_of(certificate)

    CourseApproval.objects.update(index_number="ZZ-9")

    assert page_of(certificate) == before
