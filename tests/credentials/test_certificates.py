"""Certificates from the completion on: once, as it was, on paper, revoked and issued again."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from accounts.models import User
from courses.catalog.models import Body, Course
from courses.credentials import keys
from courses.credentials.actions import (
    NotReissuable,
    NotRevocable,
    issue_certificate,
    issue_missing,
    reissue_certificate,
    revoke_certificate,
    withdraw_certificates,
)
from courses.credentials.certificate_pdf import certificate_pdf
from courses.credentials.certifying import Approved, Facts, grouped, read_document, read_keys
from courses.credentials.models import Certificate, CertificateRevocation, CourseApproval, Credit
from courses.credentials.queries.certificates import State, certificates_of, checked
from courses.progress.actions import complete_lesson
from courses.progress.models import CourseCompletion
from tests.credentials.test_certifying import DOCUMENT, FACTS, FIRST, SECOND

pytestmark = pytest.mark.django_db

Complete = Callable[..., CourseCompletion]


@pytest.fixture
def complete(at: datetime, make_course: Callable[..., Course], student: User) -> Complete:
    """A completion, as ``progress`` writes it, without its signal."""

    def make(
        key: str = "basics", *, user: User = student, ceus: str = "2.00", **fields: Any
    ) -> CourseCompletion:
        course = Course.objects.filter(key=key).first() or make_course(key, ceus=ceus)
        return CourseCompletion.objects.create(
            **{
                "user": user,
                "course": course,
                "title": course.title,
                "ceus": Decimal(ceus),
                "minutes_read": 95,
                "completed_at": at,
                "completed_on": user.local(at).date(),
            }
            | fields
        )

    return make


@pytest.fixture
def approve() -> Callable[..., CourseApproval]:
    def make(course: Course, body: str = "AAPC", number: str = "AB-1", **fields: Any) -> CourseApproval:
        found = Body.objects.get_or_create(key=body.lower(), defaults={"name": body, "short": body})[0]
        return CourseApproval.objects.create(
            **{"course": course, "body": found, "index_number": number, "valid_from": date(2026, 1, 1)}
            | fields
        )

    return make


def facts_of(certificate: Certificate) -> Facts:
    return read_document(certificate.document)


def finish(user: User, course: Course, at: datetime) -> None:
    for lesson in course.modules.get().lessons.order_by("position"):
        complete_lesson(user=user, lesson=lesson, revision=lesson.revisions.get(), at=at)


# --- issuing ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("ceus", ["2.00", "0.00"])
def test_completed_course_has_a_certificate_with_or_without_ceus(
    ceus: str, make_course: Callable[..., Course], student: User, at: datetime
) -> None:
    finish(student, make_course(ceus=ceus), at)
    finish(student, Course.objects.get(), at + timedelta(hours=1))

    certificate = Certificate.objects.get()
    assert (certificate.number, certificate.issued_at, certificate.user) == (1, at, student)
    assert facts_of(certificate).ceus == Decimal(ceus)
    assert Credit.objects.count() == (ceus != "0.00")


def test_certificate_says_what_is_true_of_the_completion(
    complete: Complete, approve: Callable[..., CourseApproval], student: User, at: datetime
) -> None:
    student.name, student.time_zone = "Zoë Müller-Łukasz", "America/Los_Angeles"
    student.save()
    completion = complete(completed_at=at)
    course = completion.course
    approve(course, "AAPC", "AB-123", certificate_months=24)
    approve(course, "AHIMA", "", ceus=Decimal("1.50"), certificate_months=36)
    approve(course, "NHA", "old", valid_until=date(2026, 6, 30))
    approve(course, "NHA", "next", valid_from=date(2027, 1, 1))

    certificate = issue_certificate(completion=completion, at=at)

    assert facts_of(certificate) == Facts(
        check_id=certificate.check_id,
        number=1,
        name="Zoë Müller-Łukasz",
        course_key="basics",
        course_title="Basics",
        provider="Crosswalk",
        ceus=Decimal("2.00"),
        approvals=(
            Approved("AAPC", "AB-123", Decimal("2.00")),
            Approved("AHIMA", "", Decimal("1.50")),
        ),
        hours=Decimal("2.0"),
        completed_on=date(2026, 11, 23),
        minutes=95,
        issued_at=at,
        expires_on=date(2028, 11, 23),
        site="http://localhost:8000",
    )
    assert certificate.expires_on == date(2028, 11, 23)
    assert student.email not in certificate.document


def test_newest_of_overlapping_approvals_counts(
    complete: Complete, approve: Callable[..., CourseApproval], at: datetime
) -> None:
    completion = complete()
    approve(completion.course, number="first")
    approve(completion.course, number="second", valid_from=date(2026, 11, 1))

    facts = facts_of(issue_certificate(completion=completion, at=at))

    assert [row.index_number for row in facts.approvals] == ["second"]
    assert facts.expires_on is None


def test_second_call_gives_the_first_certificate(complete: Complete, at: datetime) -> None:
    completion = complete()

    first = issue_certificate(completion=completion, at=at)

    assert issue_certificate(completion=completion, at=at + timedelta(days=1)) == first
    assert Certificate.objects.count() == 1


def test_database_refuses_a_second_certificate_of_a_completion(complete: Complete, at: datetime) -> None:
    first = issue_certificate(completion=complete(), at=at)

    with pytest.raises(IntegrityError), transaction.atomic():
        Certificate.objects.create(
            user=first.user, completion=first.completion, check_id="0" * 26, issued_at=at
        )


@pytest.mark.django_db(transaction=True)
def test_fifty_completions_at_once_give_one_certificate(
    make_course: Callable[..., Course], student: User, at: datetime
) -> None:
    course = make_course(lessons=1)
    lesson = course.modules.get().lessons.get()
    revision = lesson.revisions.get()

    def run(_number: int) -> None:
        try:
            complete_lesson(user=student, lesson=lesson, revision=revision, at=at)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(run, range(50)))

    assert Certificate.objects.count() == Credit.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_fifty_calls_at_once_give_one_certificate(complete: Complete, at: datetime) -> None:
    completion = complete()

    def run(_number: int) -> str:
        try:
            return issue_certificate(completion=completion, at=at).check_id
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(run, range(50)))

    assert set(found) == {Certificate.objects.get().check_id}


def test_failed_completion_leaves_no_certificate(
    make_course: Callable[..., Course], student: User, at: datetime
) -> None:
    class Broken(Exception):
        pass

    def complete_and_break() -> None:
        finish(student, make_course(), at)
        assert Certificate.objects.exists()
        raise Broken

    with pytest.raises(Broken), transaction.atomic():
        complete_and_break()

    assert not Certificate.objects.exists()


def test_sweep_issues_what_is_missing_and_nothing_twice(
    complete: Complete, other: User, at: datetime, django_assert_max_num_queries: Any
) -> None:
    issue_certificate(completion=complete("basics"), at=at)
    complete("further")
    complete("further", user=other)
    said = io.StringIO()

    call_command("issue_certificates", stdout=said)

    assert said.getvalue().strip() == "2 certificates issued"
    assert Certificate.objects.count() == 3
    with django_assert_max_num_queries(1):
        assert issue_missing(at=at) == 0


def test_start_ends_with_keys_that_cannot_be_read(settings: Any) -> None:
    settings.CERTIFICATE_KEYS = ["secret-but-short"]

    with pytest.raises(ImproperlyConfigured, match="CERTIFICATE_KEYS: key 1 is not 32 bytes") as refused:
        keys.key_ring()

    assert "secret" not in str(refused.value)


def test_command_shows_the_public_halves_alone(settings: Any) -> None:
    said = io.StringIO()
    settings.CERTIFICATE_KEYS = [FIRST, SECOND]

    call_command("certificate_keys", stdout=said)

    lines = said.getvalue().splitlines()
    assert [line.split()[2] for line in lines] == ["signs", "verifies"]
    assert FIRST not in said.getvalue() and SECOND not in said.getvalue()
    ring = read_keys([FIRST, *(line.split()[0] for line in lines)])
    assert [key.key_id for key in ring.keys[1:]] == [line.split()[1] for line in lines]


# --- a snapshot -------------------------------------------------------------------------------------------
def test_later_edits_change_no_byte(
    complete: Complete, approve: Callable[..., CourseApproval], student: User, at: datetime
) -> None:
    completion = complete()
    approval = approve(completion.course)
    certificate = issue_certificate(completion=completion, at=at)
    before = (certificate.document, certificate.signature, printed(certificate))

    student.name = "Another Name"
    student.save()
    Course.objects.update(title="Another title", hours=9, ceus=9)
    approval.index_number, approval.ceus = "ZZ-9", Decimal(9)
    approval.save()
    issue_certificate(completion=CourseCompletion.objects.get(), at=at + timedelta(days=1))

    after = Certificate.objects.get()
    assert (after.document, after.signature, printed(after)) == before


@pytest.mark.parametrize(
    "change",
    [
        {"document": DOCUMENT},
        {"signature": "A" * 86},
        {"key_id": "0" * 32},
        {"check_id": FACTS.check_id},
        {"expires_on": date(2099, 1, 1)},
        {"number": 2},
    ],
    ids=lambda change: next(iter(change)),
)
def test_row_that_was_changed_is_not_genuine(
    change: dict[str, Any], complete: Complete, at: datetime
) -> None:
    certificate = issue_certificate(completion=complete(), at=at)
    assert checked(certificate, at.date()).state is State.VALID

    for name, value in change.items():
        setattr(certificate, name, value)

    found = checked(certificate, at.date())
    assert (found.state, found.facts, found.is_printable) == (State.BROKEN, None, False)


def test_certificate_of_a_retired_key_verifies_after_two_rotations(
    complete: Complete, at: datetime, settings: Any
) -> None:
    certificate = issue_certificate(completion=complete(), at=at)
    old = settings.CERTIFICATE_KEYS[0]

    for new in ("B" * 42 + "A", "C" * 42 + "A"):
        settings.CERTIFICATE_KEYS = [new, *settings.CERTIFICATE_KEYS]

    assert settings.CERTIFICATE_KEYS[-1] == old
    assert checked(certificate, at.date()).state is State.VALID
    assert issue_certificate(completion=complete("further"), at=at).key_id != certificate.key_id
    settings.CERTIFICATE_KEYS = ["D" * 42 + "A"]
    assert checked(certificate, at.date()).state is State.BROKEN


# --- revoking and issuing again ---------------------------------------------------------------------------
def test_revoked_certificate_says_why_and_cannot_be_revoked_again(
    complete: Complete, student: User, editor: User, at: datetime
) -> None:
    certificate = issue_certificate(completion=complete(), at=at)
    with pytest.raises(NotRevocable):
        revoke_certificate(certificate=certificate, reason=" ", by=editor, at=at)

    revoke_certificate(certificate=certificate, reason=" Given in error ", by=editor, at=at)

    (one,) = certificates_of(student, at.date())
    assert (one.state, one.revocation and one.revocation.reason) == (State.REVOKED, "Given in error")
    with pytest.raises(NotRevocable):
        revoke_certificate(certificate=certificate, reason="Again", by=editor, at=at)


def test_reissued_certificate_carries_the_name_of_now_and_keeps_what_was_done(
    complete: Complete, student: User, editor: User, at: datetime
) -> None:
    old = issue_certificate(completion=complete(), at=at)
    student.name = "Sam Lee-Ortiz"
    student.save()
    Course.objects.update(hours=9, title="Another title")
    later = at + timedelta(days=3)

    new = reissue_certificate(certificate=old, reason="Name corrected", by=editor, at=later)

    was, now = facts_of(old), facts_of(new)
    assert (now.number, now.replaces, now.name, now.issued_at) == (2, old.check_id, "Sam Lee-Ortiz", later)
    assert (was.course_title, was.hours, was.completed_on, was.minutes, was.ceus) == (
        *(now.course_title, now.hours, now.completed_on, now.minutes, now.ceus),
    )
    assert [one.state for one in certificates_of(student, at.date())] == [State.VALID, State.REPLACED]
    assert CertificateRevocation.objects.get().certificate == old
    assert issue_certificate(completion=CourseCompletion.objects.get(), at=later) == old
    with pytest.raises(NotReissuable):
        reissue_certificate(certificate=old, reason="Again", by=editor, at=later)


def test_revoked_certificate_can_be_issued_again_with_the_first_reason(
    complete: Complete, editor: User, at: datetime
) -> None:
    old = issue_certificate(completion=complete(), at=at)
    revoke_certificate(certificate=old, reason="Wrong name", by=editor, at=at)

    reissue_certificate(certificate=old, reason="Name corrected", by=editor, at=at)

    assert CertificateRevocation.objects.get().reason == "Wrong name"


def test_withdrawn_certificate_says_nothing_any_more(
    complete: Complete, student: User, editor: User, at: datetime
) -> None:
    certificate = issue_certificate(completion=complete(), at=at)

    assert withdraw_certificates(user=student) == 1

    certificate.refresh_from_db()
    assert (certificate.user, certificate.document, certificate.signature) == (None, "", "")
    assert checked(certificate, at.date()).state is State.WITHDRAWN
    with pytest.raises(NotReissuable):
        reissue_certificate(certificate=certificate, reason="x", by=editor, at=at)


def test_certificate_is_valid_on_its_last_day_and_expired_after(
    complete: Complete, approve: Callable[..., CourseApproval], at: datetime
) -> None:
    completion = complete()
    approve(completion.course, certificate_months=12)

    certificate = issue_certificate(completion=completion, at=at)

    states = [checked(certificate, date(2027, 11, day)).state for day in (22, 23, 24)]
    assert states == [State.VALID, State.VALID, State.EXPIRED]


# --- on paper ---------------------------------------------------------------------------------------------
#: Names in sixteen scripts that a font can show.
NAMES = (
    *(
        "Zoë Müller-Łukasz Nguyễn",
        "Νίκος Παπαδόπουλος",
        "Дмитрий Шевченко",
        "Արամ Խաչատրյան",
        "გიორგი ბერიძე",
    ),
    *("محمد عبد الرحمن", "יעקב כהן", "प्रिया शर्मा", "অনিন্দিতা সেন", "கார்த்திக் ராஜா", "శ్రీనివాస్ రావు"),
    *("สมชาย ใจดี", "សុខា ចាន់", "李小龍", "山田 さくら カナ", "김민수"),
)


def printed(certificate: Certificate, **_fields: Any) -> bytes:
    return certificate_pdf(facts_of(certificate), document=certificate.document, key_id=certificate.key_id)


def words_of(pdf: bytes) -> str:
    reader = PdfReader(io.BytesIO(pdf))
    assert len(reader.pages) == 1
    return " ".join(reader.pages[0].extract_text().split())


def on_paper(facts: Facts) -> bytes:
    return certificate_pdf(facts, document=DOCUMENT, key_id="0" * 32)


def with_name(name: str) -> Facts:
    return replace(FACTS, name=name)


def test_every_fact_is_on_the_paper() -> None:
    words = words_of(on_paper(FACTS))

    for fact in (
        *(
            "Zoë Müller-Łukasz",
            "What medical coders do",
            "22 November 2026",
            "22 November 2028",
            "134 minutes",
        ),
        *("AAPC", "AB-123", "2 CEUs", "AHIMA", "no index number", "1.5 CEUs", "2.5", "23 November 2026"),
        *(grouped(FACTS.check_id), "https://learn.example.org/check/", "0" * 32),
    ):
        assert fact in words, fact
    assert words.startswith("Crosswalk Certificate of Completion This certifies that Zoë")


def test_paper_is_the_same_bytes_tagged_and_one_page() -> None:
    pdf = on_paper(FACTS)

    assert pdf == on_paper(FACTS)
    assert b"pdfuaid:part" in pdf
    catalog: Any = PdfReader(io.BytesIO(pdf)).trailer["/Root"]
    assert catalog["/MarkInfo"]["/Marked"] and catalog["/Lang"].startswith("en")


@pytest.mark.parametrize("name", NAMES)
def test_names_in_many_scripts_are_printed(name: str) -> None:
    pdf = on_paper(with_name(name))

    assert "cannot be printed" not in words_of(pdf)
    assert b"pdfuaid:part" in pdf


@pytest.mark.parametrize(
    "name",
    [
        "አበበ በቀለ",
        "Sam 😀 Lee",
        "👩‍👩‍👧 Lee",
        "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ",
        "\u200d\u200d",
        "x\u0301\u0302\ufe0f",
        "\x01",
        "\u202eeel",
        "".join(map(chr, range(0xA80, 0xAF8))),
    ],
    ids=ascii,
)
def test_glyph_that_no_font_has_breaks_nothing(name: str) -> None:
    assert on_paper(with_name(name)).startswith(b"%PDF")


def test_missing_glyph_is_said() -> None:
    words = words_of(on_paper(with_name("አበበ Lee")))

    assert "□□□ Lee" in words
    assert "cannot be printed here and shows as a box" in words


@pytest.mark.parametrize("name", ["x" * 120, "Wide " * 24, "李" * 120])
def test_longest_words_fit_on_one_page(name: str) -> None:
    rows = tuple(Approved(f"Body {n}", "N" * 60, Decimal("999.99")) for n in range(8))

    words = words_of(
        on_paper(replace(with_name(name.strip()), course_title="Long title " * 14, approvals=rows))
    )

    assert grouped(FACTS.check_id) in words


def test_markup_in_words_is_words() -> None:
    assert "#panic() *x* <script>" in words_of(on_paper(with_name("#panic() *x* <script>")))


# --- pages of the person ----------------------------------------------------------------------------------
def test_list_costs_the_same_at_one_and_at_three(
    complete: Complete, as_student: Client, at: datetime, django_assert_num_queries: Any
) -> None:
    issue_certificate(completion=complete("one"), at=at)
    as_student.get(reverse("credentials:certificates"))
    with django_assert_num_queries(3):
        as_student.get(reverse("credentials:certificates"))
    for key in ("two", "three"):
        issue_certificate(completion=complete(key), at=at)

    with django_assert_num_queries(3):
        page = as_student.get(reverse("credentials:certificates"))

    assert page.content.decode().count("PDF to print") == 3


def test_list_without_certificates_says_how_one_comes(as_student: Client) -> None:
    assert "No certificate yet" in as_student.get(reverse("credentials:certificates")).content.decode()


def test_files_are_the_owners_and_end_with_a_revocation(
    complete: Complete, as_student: Client, other: User, editor: User, at: datetime
) -> None:
    certificate = issue_certificate(completion=complete(), at=at)
    addresses = [
        reverse(f"credentials:certificate_{kind}", args=[certificate.check_id]) for kind in ("pdf", "badge")
    ]
    stranger = Client()
    stranger.force_login(other)

    pdf, badge = (as_student.get(address) for address in addresses)

    assert (pdf["Content-Type"], badge["Content-Type"]) == ("application/pdf", "application/jwt")
    assert pdf["Content-Disposition"] == 'attachment; filename="crosswalk-basics-2026-11-23.pdf"'
    assert pdf.content == as_student.get(addresses[0]).content
    assert [stranger.get(address).status_code for address in addresses] == [404, 404]
    revoke_certificate(certificate=certificate, reason="Given in error", by=editor, at=at)
    assert [as_student.get(address)["Location"] for address in addresses] == [
        certificate.get_absolute_url()
    ] * 2


# --- pages of an administrator ----------------------------------------------------------------------------
def test_administrator_revokes_with_a_reason(complete: Complete, as_boss: Client, at: datetime) -> None:
    certificate = issue_certificate(completion=complete(), at=at)
    address = reverse("credentials:revoke_certificate", args=[certificate.check_id])

    empty = as_boss.post(address, {"reason": " "})
    done = as_boss.post(address, {"reason": "Given in error"}, follow=True)
    again = as_boss.post(address, {"reason": "Twice"})

    assert (empty.status_code, again.status_code) == (422, 422)
    assert "revoked already" in again.content.decode()
    assert "Given in error" in done.content.decode()


def test_administrator_issues_again_after_a_name_correction(
    complete: Complete, as_boss: Client, student: User, at: datetime
) -> None:
    certificate = issue_certificate(completion=complete(), at=at)
    User.objects.filter(pk=student.pk).update(name="Sam Ortiz")
    address = reverse("credentials:reissue_certificate", args=[certificate.check_id])

    asked = as_boss.get(address).content.decode()
    done = as_boss.post(address, {"reason": "Name corrected"}, follow=True).content.decode()
    again = as_boss.post(address, {"reason": "Twice"})

    assert "Sam Lee" in asked and "Sam Ortiz" in asked
    assert "Sam Ortiz" in done and "Name corrected" in done
    assert again.status_code == 422
    assert Certificate.objects.count() == 2


def test_admin_lists_certificates_and_leads_to_what_can_be_done(
    complete: Complete, as_boss: Client, at: datetime
) -> None:
    certificate = issue_certificate(completion=complete(), at=at)

    page = as_boss.get(
        reverse("admin:credentials_certificate_change", args=[certificate.pk])
    ).content.decode()

    assert reverse("credentials:revoke_certificate", args=[certificate.check_id]) in page
    assert grouped(certificate.check_id) in page
    assert 'name="document"' not in page


def test_editor_records_an_index_number(complete: Complete, as_editor: Client, at: datetime) -> None:
    completion = complete()
    body = Body.objects.create(key="aapc", name="AAPC", short="AAPC")
    form = {
        "course": completion.course_id,
        "body": body.pk,
        "index_number": "AB-77",
        "topics": "[]",
        "valid_from": "2026-01-01",
    }

    saved = as_editor.post(reverse("admin:credentials_courseapproval_add"), form)

    assert saved.status_code == 302
    facts = facts_of(issue_certificate(completion=completion, at=at))
    assert [row.index_number for row in facts.approvals] == ["AB-77"]


def test_stamp_of_issue_is_utc(complete: Complete, at: datetime) -> None:
    certificate = issue_certificate(completion=complete(), at=at)

    assert facts_of(certificate).issued_at == at.astimezone(UTC)
