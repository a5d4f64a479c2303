"""The ledger's pages: adding an activity, all of them, one of them traced, and taking one back."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts.models import User
from courses.credentials.actions import add_credit, award_course, reverse_credit
from courses.credentials.models import CredentialHeld, Credit, CreditPlacement, Cycle, Evidence
from courses.progress.models import CourseCompletion
from tests.credentials.conftest import Record

ADD, LEDGER = "credentials:add_credit", "credentials:activities"
#: Session, person; cycles, their credentials, rules; the ledger, reviews, files; all lines, files, reviews.
LEDGER_QUERIES = 11
#: Session, person, the line; cycles, their credentials, rules; the ledger, reviews, files; files, reviews
#: and link of the line.
CREDIT_QUERIES = 12
#: Session, person; cycles, their credentials, rules; the ledger, reviews, files; first credential, cycles,
#: rules.
ADD_QUERIES = 10

Add = Callable[..., Credit]


def png() -> SimpleUploadedFile:
    """A picture as a phone takes it, only smaller."""
    content = BytesIO()
    Image.new("RGB", (40, 30), "white").save(content, "PNG")
    return SimpleUploadedFile("certificate.png", content.getvalue())


@pytest.fixture(autouse=True)
def clock(time_machine: Any, at: datetime) -> None:
    """Views read the real clock: let it be that of the tests."""
    time_machine.move_to(at, tick=False)


@pytest.fixture
def three(record: Record) -> CredentialHeld:
    """A CPC with a CPMA in one cycle, and a CCS in another."""
    cpc = record()
    record("cpma")
    record("ccs", earned_on=date(2025, 2, 1))
    return cpc


@pytest.fixture
def add(student: User, at: datetime) -> Add:
    def make(**fields: Any) -> Credit:
        given = {"title": "Audit webinar", "completed_on": date(2026, 6, 1), "ceus": Decimal("2.5")}
        return add_credit(**{"user": student, "by": student, "at": at} | given | fields)

    return make


def typed(**fields: Any) -> dict[str, Any]:
    return {"title": "Audit webinar", "completed_on": "2026-06-01", "ceus": "2"} | fields


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


# --- adding ------------------------------------------------------------------------------------------


def test_today_and_own_providers_are_offered(as_student: Client, three: CredentialHeld, add: Add) -> None:
    add(provider="NAMAS", index_number="A1")

    answer = as_student.get(reverse(ADD))

    assert answer.context["form"]["completed_on"].value() == date(2026, 11, 23)
    assert '<option value="NAMAS">' in text_of(answer)


def test_parts_of_each_body_are_a_group_of_their_own(as_student: Client, three: CredentialHeld) -> None:
    form = as_student.get(reverse(ADD)).context["form"]

    choices = {name: form.fields[name].choices for name in form.fields if name.startswith("parts_")}
    assert choices == {
        "parts_aapc": [("auditing", "Auditing")],
        "parts_ahima": [("hiim", "Health informatics and information management domains")],
    }


def test_without_a_credential_the_form_says_what_is_first(as_student: Client, rules: None) -> None:
    page = text_of(as_student.get(reverse(ADD)))

    assert "No credential on record" in page
    assert "<textarea" not in page
    assert as_student.post(reverse(ADD), typed()).status_code == 422


def test_activity_is_added_for_all_bodies_at_once(as_student: Client, three: CredentialHeld) -> None:
    answer = as_student.post(
        reverse(ADD),
        typed(
            minutes="150",
            ceus="",
            activity="webinar",
            index_number="AAPC 77",
            parts_aapc=["auditing"],
            parts_ahima=["hiim"],
        ),
        follow=True,
    )

    credit = Credit.objects.with_words().get()
    assert answer.redirect_chain == [(credit.get_absolute_url(), 302)]
    assert (credit.ceus, credit.is_stated, credit.topics) == (Decimal("2.5"), False, ["auditing", "hiim"])
    assert (credit.activity, credit.detail.index_number) == ("webinar", "AAPC 77")
    told = [str(message) for message in answer.context["messages"]]
    assert told == [
        "“Audit webinar” is in your ledger. CCS: 18 CEUs short, of them 14 in “Health informatics and "
        "information management domains” and 8 in “From AHIMA, HCPro or a component state association”, "
        "69 days left. CPC, CPMA: 37.5 CEUs short, of them 13.5 in “Auditing”, 128 days left."
    ]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"completed_on": "2026-11-24"}, "completed_on"),
        ({"completed_on": "2019-01-01"}, "completed_on"),
        ({"ceus": ""}, "ceus"),
        ({"minutes": "60000", "ceus": ""}, "minutes"),
        ({"parts_aapc": ["nothing"]}, "parts_aapc"),
        ({"activity": "nothing"}, "activity"),
        ({"title": "x" * 201}, "title"),
    ],
)
def test_refused_activity_is_explained_beside_its_input(
    as_student: Client, three: CredentialHeld, fields: dict[str, Any], field: str
) -> None:
    answer = as_student.post(reverse(ADD), typed(provider="Somebody") | fields)

    assert answer.status_code == 422
    assert answer.context["form"].errors[field]
    assert answer.context["form"]["provider"].value() == "Somebody"
    assert not Credit.objects.exists()


def test_same_index_number_is_refused_and_all_is_kept(
    as_student: Client, three: CredentialHeld, add: Add
) -> None:
    add(index_number="A-77")

    answer = as_student.post(reverse(ADD), typed(title="Other", index_number="a77"))

    assert answer.status_code == 422
    assert answer.context["form"].errors["index_number"]
    assert answer.context["form"]["title"].value() == "Other"


def test_certificate_is_given_in_the_same_form(
    as_student: Client, three: CredentialHeld, private: Path
) -> None:
    as_student.post(reverse(ADD), typed(file=png()))

    assert Evidence.objects.get().credit == Credit.objects.get()


def test_refused_certificate_keeps_what_was_typed(
    as_student: Client, three: CredentialHeld, private: Path
) -> None:
    answer = as_student.post(reverse(ADD), typed(file=SimpleUploadedFile("certificate.pdf", b"<html>")))

    assert answer.status_code == 422
    assert answer.context["form"].errors["file"]
    assert answer.context["form"]["title"].value() == "Audit webinar"
    assert not Credit.objects.exists()


# --- what it would count for -------------------------------------------------------------------------


def checked(client: Client, **fields: Any) -> str:
    """The fragment that says where what was typed counts."""
    before = Credit.objects.count()
    answer = client.post(reverse(ADD), typed(**fields), headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert Credit.objects.count() == before
    return text_of(answer)


def test_preview_says_where_it_counts_and_why(as_student: Client, three: CredentialHeld) -> None:
    page = checked(
        as_student,
        ceus="2.5",
        minutes="150",
        index_number="77",
        parts_aapc=["auditing"],
        parts_ahima=["hiim"],
    )

    assert "Counts 2 of 2.5 for CCS (AHIMA), 2.5 for CPC, CPMA (AAPC)." in page
    assert "2.5 CEUs for CPC, CPMA: 2.5 in “Auditing”." in page
    assert "150 min are 2 CEUs: the 30 min over are under 45 and earn nothing." in page
    assert "40 CEUs are short now, 37.5 with it." in page
    assert "<html" not in page


def test_preview_says_what_keeps_it_from_counting(as_student: Client, three: CredentialHeld) -> None:
    page = checked(as_student, completed_on="2024-12-01")

    assert "It would not count anywhere." in page
    assert "No cycle of yours at AAPC holds this day." in page
    assert "No cycle of yours at AHIMA holds this day." in page
    assert "Waits for an index number" in checked(as_student)


def test_preview_names_what_is_in_the_ledger_already(
    as_student: Client, three: CredentialHeld, add: Add
) -> None:
    add(title="Old", index_number="A-77")

    assert "This index number is in your ledger: “Old” of 1 Jun 2026." in checked(
        as_student, index_number="a77"
    )
    assert "“Old” of 1 Jun 2026 is in your ledger already." in checked(as_student, title="old")


def test_preview_proposes_the_part_that_is_short(as_student: Client, three: CredentialHeld) -> None:
    hint = "“Auditing” is 16 short at AAPC: tick it if the activity was about that."

    assert hint in checked(as_student, index_number="77")
    assert hint not in checked(as_student, index_number="77", parts_aapc=["auditing"])


def test_part_that_goes_by_the_name_of_the_provider_says_so(record: Record, as_student: Client) -> None:
    record("ccs", earned_on=date(2025, 4, 1))
    told = "goes by the name of the provider: write “AHIMA” or “HCPro” or “Component state association”"

    assert told in checked(as_student, provider="CHIA")
    assert told not in checked(as_student, provider="CHIA (component state association)")
    assert told not in checked(as_student)


def test_preview_waits_for_day_and_amount(as_student: Client, three: CredentialHeld) -> None:
    assert "Enter the day and the CEUs or minutes" in checked(as_student, ceus="")
    assert "This day is still to come." in checked(as_student, completed_on="2026-11-24")


def test_preview_needs_no_title(as_student: Client, three: CredentialHeld) -> None:
    assert "Counts 2 for" in checked(as_student, title="", index_number="7")


def test_check_button_does_the_same_without_script(as_student: Client, three: CredentialHeld) -> None:
    answer = as_student.post(reverse(ADD), typed(index_number="7", check="1"))

    assert answer.status_code == 200
    assert "Counts 2 for" in text_of(answer)
    assert answer.context["form"]["index_number"].value() == "7"
    assert not Credit.objects.exists()


def test_day_of_the_renewal_month_says_that_there_is_a_choice(
    as_student: Client, record: Record, student: User, at: datetime
) -> None:
    record(renewal_month=11, renewal_year=2027)
    first = Cycle.objects.get()
    Cycle.objects.create(
        user=student,
        body=first.body,
        rule_set=first.rule_set,
        starts_on=date(2023, 12, 1),
        ends_on=first.starts_on,
        opened_at=at,
    )

    page = checked(as_student, completed_on="2025-11-20", index_number="7")

    assert "this day may also go to the cycle of 1 Dec 2025 to 30 Nov 2027" in page


# --- the whole ledger --------------------------------------------------------------------------------


def test_empty_ledger_teaches_what_to_do(as_student: Client, three: CredentialHeld) -> None:
    page = text_of(as_student.get(reverse(LEDGER)))

    assert "No activity yet" in page and reverse(ADD) in page


def test_ledger_says_of_every_line_where_it_counts(
    as_student: Client, three: CredentialHeld, add: Add
) -> None:
    add(minutes=150, index_number="77", topics=["auditing", "hiim"])
    add(title="Without number")

    page = text_of(as_student.get(reverse(LEDGER)))

    assert "2.5 CEUs for CPC, CPMA: 2.5 in “Auditing”." in page
    assert "2 CEUs for CCS" in page
    assert "Waits for an index number: without one AAPC counts nothing." in page
    assert "2 activities with 5 CEUs · counting: 2.5 for AAPC, 4.5 for AHIMA" in page
    assert "add a certificate" in page


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ({}, ["Both", "Only AHIMA", "Old", "Gone"]),
        ({"state": "counts"}, ["Both", "Only AHIMA"]),
        ({"state": "not"}, ["Old"]),
        ({"state": "withdrawn"}, ["Gone"]),
        ({"state": "unproven"}, ["Both", "Only AHIMA", "Old"]),
        ({"year": "2023"}, ["Old", "Gone"]),
        ({"body": "ahima"}, ["Both", "Only AHIMA"]),
        ({"body": "ahima", "year": "2023"}, []),
        (
            {"body": "nobody", "year": "x", "state": "'", "cycle": "9", "page": "99"},
            ["Both", "Only AHIMA", "Old", "Gone"],
        ),
    ],
)
def test_ledger_is_filtered(
    as_student: Client,
    three: CredentialHeld,
    add: Add,
    student: User,
    at: datetime,
    query: dict[str, str],
    titles: list[str],
) -> None:
    add(title="Both", index_number="1")
    add(title="Only AHIMA", completed_on=date(2026, 5, 1))
    add(title="Old", completed_on=date(2023, 5, 1), index_number="2")
    gone = add(title="Gone", completed_on=date(2023, 4, 1), index_number="3")
    reverse_credit(credit=gone, reason="Typed twice", by=student, at=at)

    answer = as_student.get(reverse(LEDGER), query)

    assert [row.credit.detail.title for row in answer.context["page"]] == titles


def test_ledger_is_filtered_by_period_and_sums_what_counts_there(
    as_student: Client, three: CredentialHeld, add: Add
) -> None:
    add(minutes=150)

    cycle = Cycle.objects.get(body__key="ahima")
    answer = as_student.get(reverse(LEDGER), {"cycle": cycle.pk})

    assert "1 activity with 2.5 CEUs · counting: 2 for AHIMA" in text_of(answer)


def test_ledger_has_fifty_lines_a_page(as_student: Client, three: CredentialHeld, add: Add) -> None:
    for number in range(51):
        add(title=f"Talk {number}", completed_on=date(2026, 6, 1) + timedelta(days=number))

    first, second = (as_student.get(reverse(LEDGER), {"page": page}) for page in (1, 2))

    assert [len(answer.context["page"]) for answer in (first, second)] == [50, 1]
    assert "51 activities" in text_of(second)


@pytest.mark.parametrize("rows", [1, 3])
def test_pages_are_the_same_queries_for_one_line_and_three(
    as_student: Client,
    record: Record,
    add: Add,
    rows: int,
    at: datetime,
    student: User,
    django_assert_num_queries: Any,
) -> None:
    for key in ("cpc", "ccs", "crcr")[:rows]:
        record(key, **({"ends_on": date(2028, 1, 1), "required": Decimal(10)} if key == "crcr" else {}))
    for number in range(rows):
        gone = add(title=f"Gone {number}", completed_on=date(2026, 6, 1) + timedelta(days=number))
        reverse_credit(credit=gone, reason="Test", by=student, at=at)
        credit = add(title=f"Talk {number}", completed_on=date(2026, 6, 1) + timedelta(days=number))
    as_student.get(reverse(LEDGER))  # the session remembers that the terms are accepted

    with django_assert_num_queries(LEDGER_QUERIES):
        as_student.get(reverse(LEDGER))
    with django_assert_num_queries(CREDIT_QUERIES):
        as_student.get(credit.get_absolute_url())
    with django_assert_num_queries(ADD_QUERIES):
        as_student.get(reverse(ADD))


# --- one activity ------------------------------------------------------------------------------------


def test_every_number_of_an_activity_is_traced(as_student: Client, three: CredentialHeld, add: Add) -> None:
    credit = add(ceus=None, minutes=150, index_number="AAPC-77", topics=["auditing"], provider="AHIMA")

    page = text_of(as_student.get(credit.get_absolute_url()))

    assert "worked out from 150 minutes: each body by its own rule" in page
    assert "150 min at 60 min a CEU are 2.5 CEUs." in page
    assert "150 min are 2 CEUs: the 30 min over are under 45 and earn nothing." in page
    assert "2.5 CEUs for CPC, CPMA: 2.5 in “Auditing”." in page
    assert "AAPC-77" in page
    assert "Link 1" in page
    assert credit.ledger.links.get().hash[:12] in page


def test_course_of_ours_shows_its_proof(
    as_student: Client, three: CredentialHeld, student: User, at: datetime, make_course: Callable[..., Any]
) -> None:
    course = make_course()
    completion = CourseCompletion.objects.create(
        user=student,
        course=course,
        title="Basics",
        ceus=Decimal(2),
        minutes_read=95,
        completed_at=at,
        completed_on=date(2026, 11, 23),
    )
    credit = award_course(completion=completion, at=at)
    assert credit is not None

    page = text_of(as_student.get(credit.get_absolute_url()))

    assert "95 minutes of reading on record" in page
    assert "AAPC has given this course no index number" in page
    assert "Withdraw or correct it" not in page
    assert course.get_absolute_url() in page


def test_reversal_leads_to_what_it_takes_back(
    as_student: Client, three: CredentialHeld, add: Add, student: User, at: datetime
) -> None:
    credit = add()
    back = reverse_credit(credit=credit, reason="Typed twice", by=student, at=at)

    answer = as_student.get(reverse("credentials:credit", args=[back.pk]), follow=True)

    assert answer.redirect_chain == [(credit.get_absolute_url(), 302)]
    assert "Typed twice" in text_of(answer)
    assert "Enter it again, corrected" in text_of(answer)


def test_own_entry_is_withdrawn_with_a_reason(as_student: Client, three: CredentialHeld, add: Add) -> None:
    credit = add()
    url = reverse("credentials:withdraw_credit", args=[credit.pk])

    assert as_student.post(url, {"reason": ""}).status_code == 422
    assert as_student.post(url, {"reason": "Typed twice"}).headers["Location"] == credit.get_absolute_url()
    assert as_student.post(url, {"reason": "Again"}).status_code == 422

    assert Credit.objects.standing().count() == 0


def test_withdrawn_entry_is_entered_again_corrected(
    as_student: Client, three: CredentialHeld, add: Add
) -> None:
    credit = add(index_number="A1", topics=["auditing"], provider="NAMAS", minutes=90)
    url = reverse("credentials:withdraw_credit", args=[credit.pk])

    answer = as_student.post(url, {"reason": "Wrong CEUs", "again": "1"}, follow=True)

    form = answer.context["form"]
    held = {
        name: form[name].value()
        for name in ("title", "completed_on", "minutes", "index_number", "parts_aapc")
    }
    assert held == {
        "title": "Audit webinar",
        "completed_on": date(2026, 6, 1),
        "minutes": 90,
        "index_number": "A1",
        "parts_aapc": ["auditing"],
    }
    assert as_student.post(reverse(ADD), typed(index_number="A1")).status_code == 302


def test_another_like_it_is_of_today_and_without_number(
    as_student: Client, three: CredentialHeld, add: Add
) -> None:
    credit = add(index_number="A1", provider="NAMAS")

    form = as_student.get(reverse(ADD), {"like": credit.pk}).context["form"]

    assert (form["title"].value(), form["provider"].value()) == ("Audit webinar", "NAMAS")
    assert (form["completed_on"].value(), form["index_number"].value()) == (date(2026, 11, 23), None)


def test_form_for_an_ended_period_begins_with_its_last_day(
    as_student: Client, record: Record, student: User, at: datetime
) -> None:
    record()
    cycle = Cycle.objects.get()
    Cycle.objects.update(starts_on=date(2023, 4, 1), ends_on=date(2025, 4, 1))

    form = as_student.get(reverse(ADD), {"cycle": cycle.pk}).context["form"]

    assert form["completed_on"].value() == date(2025, 3, 31)


@pytest.mark.parametrize("query", [{"like": "x"}, {"again": "9" * 30}, {"cycle": "-1"}, {"like": "0"}])
def test_form_begins_empty_when_the_link_means_nothing(
    as_student: Client, three: CredentialHeld, query: dict[str, str]
) -> None:
    assert as_student.get(reverse(ADD), query).context["form"]["title"].value() is None


def test_rows_of_another_person_are_not_found(
    other: User, three: CredentialHeld, add: Add, record: Record
) -> None:
    credit = add()
    record(user=other)
    stranger = Client()
    stranger.force_login(other)

    for name in ("credit", "withdraw_credit"):
        assert stranger.get(reverse(f"credentials:{name}", args=[credit.pk])).status_code == 404
    for name in ("place", "withdraw_credit"):
        answer = stranger.post(reverse(f"credentials:{name}", args=[credit.pk]), {"reason": "Mine?"})
        assert answer.status_code == 404
    assert "Audit webinar" not in stranger.get(reverse(LEDGER)).content.decode()
    for name in ("like", "again"):
        assert stranger.get(reverse(ADD), {name: credit.pk}).context["form"]["title"].value() is None


def test_reading_writes_nothing(as_student: Client, three: CredentialHeld, add: Add) -> None:
    credit = add()

    for url in (reverse(ADD), reverse(LEDGER), credit.get_absolute_url()):
        assert as_student.get(url).status_code == 200

    assert (Credit.objects.count(), CreditPlacement.objects.count()) == (1, 0)
