from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from courses.catalog.models import Body, Certification, Course
from courses.credentials import actions, sealing
from courses.credentials.actions import (
    Refused,
    Saved,
    add_credit,
    award_course,
    reverse_credit,
    save_rule_set,
)
from courses.credentials.actions.importing import Becomes, check_sheet
from courses.credentials.actions.refusals import DuplicateActivity
from courses.credentials.importing import Words, read
from courses.credentials.models import CourseApproval, CredentialHeld, Credit, Cycle, RuleSet
from courses.credentials.rules import BadTerms
from courses.credentials.signals import cycle_opened
from courses.progress.actions import complete_lesson
from courses.progress.models import CourseCompletion, RequirementMet
from tests.credentials.conftest import Record, shipped
from tests.credentials.histories import complete_course

AAPC = "aapc-2015"


# --- rule sets ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("bodies")
def test_rule_set_is_created_once_and_updated_by_a_new_digest() -> None:
    row = shipped()[AAPC]

    outcomes = [
        save_rule_set(key=AAPC, rule=row, pack_digest="one"),
        save_rule_set(key=AAPC, rule=row, pack_digest="one"),
        save_rule_set(key=AAPC, rule=row | {"title": "New"}, pack_digest="two"),
    ]

    assert outcomes == [Saved.CREATED, Saved.UNCHANGED, Saved.UPDATED]
    saved = RuleSet.objects.get()
    assert (saved.title, saved.pack_digest, saved.minutes_per_ceu) == ("New", "two", 60)
    assert saved.terms["required"]["by_count"] == [36, 40, 44, 48, 52]
    assert "title" not in saved.terms


@pytest.mark.usefixtures("rules")
def test_rule_set_that_a_person_changed_is_kept() -> None:
    RuleSet.objects.filter(key=AAPC).update(title="Ours", pack_digest="")

    assert save_rule_set(key=AAPC, rule=shipped()[AAPC], pack_digest="new") is Saved.KEPT
    assert RuleSet.objects.get(key=AAPC).title == "Ours"


@pytest.mark.usefixtures("bodies")
def test_rule_set_with_bad_terms_is_not_written() -> None:
    with pytest.raises(BadTerms):
        save_rule_set(key=AAPC, rule=shipped()[AAPC] | {"buckets": [{}]}, pack_digest="x")

    assert not RuleSet.objects.exists()


@pytest.mark.usefixtures("rules")
def test_rule_set_in_force_is_that_of_the_day() -> None:
    ahima = Body.objects.get(key="ahima")

    def found(on: date) -> str | None:
        row = actions.rule_set_for(ahima, "ccs", on)
        return row.key if row else None

    assert found(date(2020, 12, 31)) is None
    assert found(date(2021, 1, 1)) == "ahima-2021"
    assert found(date(2024, 12, 31)) == "ahima-2021"
    assert found(date(2025, 1, 1)) == "ahima-2025"


# --- credentials and cycles --------------------------------------------------------------------------


def test_march_renewal_opens_the_cycle_that_ends_in_an_odd_year(record: Record) -> None:
    heard: list[Cycle] = []

    def listen(cycle: Cycle, **_kwargs: Any) -> None:
        heard.append(cycle)

    cycle_opened.connect(listen)
    held = record(number=" 01234567 ")

    cycle = held.cycles.get()
    assert (cycle.starts_on, cycle.due_on) == (date(2025, 4, 1), date(2027, 3, 31))
    assert cycle.rule_set is not None and cycle.rule_set.key == AAPC
    assert held.number == "01234567"
    assert heard == [cycle]
    assert list(RequirementMet.objects.values_list("kind", "key")) == [("credential", "cpc")]


def test_further_credential_shares_the_running_cycle(record: Record) -> None:
    first = record()
    second = record("cpma", earned_on=date(2024, 2, 1), renewal_month=None)

    assert second.cycles.get() == first.cycles.get()
    assert Cycle.objects.count() == 1


def test_first_cycle_begins_on_the_day_of_certification(record: Record) -> None:
    cycle = record(earned_on=date(2026, 3, 10)).cycles.get()

    assert (cycle.starts_on, cycle.due_on) == (date(2026, 3, 10), date(2027, 3, 31))


def test_ahima_cycle_runs_from_the_pass_date(record: Record) -> None:
    cycle = record("ccs", earned_on=date(2021, 5, 4)).cycles.get()

    assert (cycle.starts_on, cycle.ends_on) == (date(2025, 5, 4), date(2027, 5, 4))
    assert cycle.rule_set is not None and cycle.rule_set.key == "ahima-2025"


def test_running_cycle_keeps_the_rule_of_its_first_day(record: Record) -> None:
    cycle = record("ccs", starts_on=date(2024, 12, 31), ends_on=date(2026, 12, 31)).cycles.get()

    assert cycle.rule_set is not None and cycle.rule_set.key == "ahima-2021"


def test_last_day_alone_fixes_the_cycle(record: Record) -> None:
    cycle = record(ends_on=date(2026, 12, 1)).cycles.get()

    assert (cycle.starts_on, cycle.due_on) == (date(2024, 12, 1), date(2026, 11, 30))


def test_unknown_requirement_is_what_the_person_enters(record: Record) -> None:
    cycle = record(
        "crcr", starts_on=date(2026, 1, 1), ends_on=date(2028, 1, 1), required=Decimal(18)
    ).cycles.get()

    assert cycle.required_override == 18


def test_number_given_with_a_further_credential_is_that_of_the_cycle(record: Record) -> None:
    record()
    record("cpma", required=Decimal(42))

    assert Cycle.objects.get().required_override == 42


def test_lapsed_credential_opens_no_cycle(record: Record) -> None:
    assert not record(status=CredentialHeld.Status.LAPSED).cycles.exists()


def test_today_is_the_persons_own_day(record: Record, student: User) -> None:
    student.time_zone = "Pacific/Kiritimati"  # 14 hours ahead: there it is tomorrow
    student.save()

    assert record(earned_on=date(2026, 11, 24)).earned_on == date(2026, 11, 24)


@pytest.mark.parametrize(
    ("key", "fields", "refusal", "field"),
    [
        ("cpc", {"earned_on": date(2026, 11, 24)}, actions.FutureDate, "earned_on"),
        ("cpc", {"renewal_month": None}, actions.DatesRefused, "renewal_month"),
        ("cpc", {"renewal_year": 2028}, actions.DatesRefused, "renewal_year"),
        ("cpc", {"renewal_year": 2025}, actions.DatesRefused, "renewal_year"),
        ("cpc", {"ends_on": date(2026, 11, 23)}, actions.DatesRefused, "last_on"),
        (
            "cpc",
            {"starts_on": date(2026, 2, 1), "ends_on": date(2026, 2, 1)},
            actions.DatesRefused,
            "last_on",
        ),
        ("crcr", {}, actions.DatesUnknown, "last_on"),
        ("crcr", {"ends_on": date(2028, 1, 1)}, actions.RequirementUnknown, "required"),
        (
            "ccs",
            {"starts_on": date(2020, 6, 1), "ends_on": date(2028, 1, 1)},
            actions.RequirementUnknown,
            "required",
        ),
    ],
)
def test_credential_that_cannot_be_right_is_refused_whole(
    record: Record, key: str, fields: dict[str, Any], refusal: type[Refused], field: str
) -> None:
    with pytest.raises(refusal) as refused:
        record(key, **fields)

    assert refused.value.field == field
    assert not CredentialHeld.objects.exists()
    assert not Cycle.objects.exists()
    assert not RequirementMet.objects.exists()


def test_credential_is_recorded_once(record: Record) -> None:
    record()

    with pytest.raises(actions.AlreadyRecorded):
        record()


def test_further_credential_with_other_dates_is_refused(record: Record) -> None:
    record()

    with pytest.raises(actions.DatesRefused):
        record("cpma", ends_on=date(2027, 6, 1))


def test_overlapping_cycles_of_a_body_are_refused(record: Record) -> None:
    record("ccs", starts_on=date(2027, 1, 1), ends_on=date(2029, 1, 1))

    with pytest.raises(actions.DatesRefused):
        record("cdip", starts_on=date(2026, 1, 1), ends_on=date(2028, 1, 1))


def test_person_may_hold_credentials_of_two_bodies(record: Record) -> None:
    record()
    record("ccs", earned_on=date(2021, 5, 4))

    assert Cycle.objects.count() == 2


def test_cycles_ending_between_are_those_whose_last_day_is(record: Record) -> None:
    cycle = record().cycles.get()
    last, day = date(2027, 3, 31), timedelta(days=1)

    assert list(Cycle.objects.ending_between(last, last + day)) == [cycle]
    assert not Cycle.objects.ending_between(last - day, last).exists()
    assert not Cycle.objects.ending_between(last + day, last + 2 * day).exists()


# --- the ledger --------------------------------------------------------------------------------------


@pytest.fixture
def add(student: User, at: datetime) -> Callable[..., Credit]:
    def make(credential: CredentialHeld, **fields: Any) -> Credit:
        given = {
            "title": "Webinar",
            "completed_on": date(2026, 6, 1),
            "ceus": Decimal(2),
            "provider": "AHIMA",
        }
        return add_credit(**{"user": credential.user, "by": student, "at": at} | given | fields)

    return make


Add = Callable[..., Credit]


def test_150_minutes_at_ahima_are_2_ceus(record: Record, add: Add) -> None:
    credit = add(record("ccs"), ceus=None, minutes=150, topics=["hiim", "ahima", "hiim"])

    assert (credit.ceus, credit.minutes, credit.topics) == (2, 150, ["ahima", "hiim"])


def test_ceus_of_the_certificate_go_before_minutes(record: Record, add: Add) -> None:
    assert add(record("ccs"), ceus=Decimal("2.5"), minutes=150).ceus == Decimal("2.5")


def test_duplicate_index_number_is_refused(record: Record, add: Add) -> None:
    held = record()
    add(held, index_number="AAPC-2026 001")

    with pytest.raises(actions.DuplicateActivity) as refusal:
        add(held, title="Other", completed_on=date(2026, 7, 1), index_number="aapc2026001")

    assert refusal.value.field == "index_number"
    assert Credit.objects.count() == 1


def test_same_activity_of_a_day_is_refused(record: Record, add: Add) -> None:
    held = record()
    add(held)

    with pytest.raises(actions.DuplicateActivity) as refusal:
        add(held, title=" webinar ", ceus=Decimal(5))

    assert refusal.value.field == "title"


def test_number_of_a_course_completed_here_is_refused(
    record: Record, add: Add, course: Course, student: User, at: datetime
) -> None:
    held = record()
    CourseApproval.objects.create(
        course=course,
        body=Body.objects.get(key="aapc"),
        index_number="CW-2026 1",
        valid_from=date(2026, 1, 1),
    )
    add(held, index_number="CW-2027 1")
    award_course(completion=complete_course(student, course, at, ceus=Decimal(2)), at=at)

    with pytest.raises(DuplicateActivity) as refused:
        add(held, index_number="cw20261")

    assert refused.value.field == "index_number"
    sheet = read(
        "Title,Completed on,CEUs,Index number\nMine,2026-06-01,2,CW 2026-1\n", Words(kinds={}, parts={})
    )
    (line,) = check_sheet(user=student, sheet=sheet, at=at)
    assert line.becomes is Becomes.THERE


def test_index_number_may_repeat_where_the_body_does_not_ask_for_one(record: Record, add: Add) -> None:
    held = record("ccs")

    add(held, index_number="1")
    add(held, index_number="1", completed_on=date(2026, 7, 1))

    assert Credit.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"completed_on": date(2026, 11, 24)}, actions.FutureDate),
        ({"completed_on": date(2020, 5, 3)}, actions.BeforeCertification),
        ({"ceus": None}, actions.AmountUnknown),
        ({"ceus": None, "minutes": 44}, actions.AmountUnknown),
        ({"ceus": Decimal(0)}, actions.AmountUnknown),
    ],
)
def test_activity_that_cannot_count_is_refused(
    record: Record, add: Add, fields: dict[str, Any], refusal: type[Refused]
) -> None:
    held = record("ccs")

    with pytest.raises(refusal):
        add(held, **fields)

    assert not Credit.objects.exists()


def test_minutes_without_a_rule_ask_for_ceus(record: Record, add: Add) -> None:
    held = record("crcr", ends_on=date(2028, 1, 1), required=Decimal(10))

    with pytest.raises(actions.AmountUnknown):
        add(held, ceus=None, minutes=60)


def test_activity_counts_from_the_first_credential_of_the_body(record: Record, add: Add) -> None:
    record()
    late = record("cpma", earned_on=date(2026, 9, 1))

    assert add(late).completed_on == date(2026, 6, 1)


def test_withdrawal_is_a_second_row(record: Record, add: Add, student: User, at: datetime) -> None:
    credit = add(record())

    reversal = reverse_credit(credit=credit, reason=" Typed twice ", by=student, at=at)

    assert (reversal.ceus, reversal.reverses, reversal.detail.reason) == (-2, credit, "Typed twice")
    assert list(Credit.objects.standing()) == []
    assert Credit.objects.count() == 2


def test_withdrawn_activity_may_be_entered_again_once(
    record: Record, add: Add, student: User, at: datetime
) -> None:
    held = record()
    reverse_credit(credit=add(held, index_number="A1"), reason="Wrong CEUs", by=student, at=at)

    again = add(held, index_number="A1", ceus=Decimal(3))

    assert again.activity_key == sealing.activity_key(str(again.ledger.key), "index:a1#2")
    with pytest.raises(actions.DuplicateActivity):
        add(held, index_number="A1")


def test_withdrawal_needs_a_reason_and_happens_once(
    record: Record, add: Add, student: User, at: datetime
) -> None:
    credit = add(record())

    with pytest.raises(actions.NotWithdrawable):
        reverse_credit(credit=credit, reason=" ", by=student, at=at)
    reversal = reverse_credit(credit=credit, reason="Twice", by=student, at=at)
    for row in (credit, reversal):
        with pytest.raises(actions.NotWithdrawable):
            reverse_credit(credit=row, reason="Again", by=student, at=at)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ceus": Decimal(-1)},
        {"ceus": Decimal(0)},
        {"kind": "reversal", "ceus": Decimal(-1)},
    ],
)
def test_database_refuses_a_row_that_is_neither_award_nor_reversal(
    record: Record, add: Add, wrong: dict[str, Any]
) -> None:
    credit = add(record())
    credit.pk, credit.activity_key = None, "own:other"
    for name, value in wrong.items():
        setattr(credit, name, value)

    with pytest.raises(IntegrityError), transaction.atomic():
        credit.save(force_insert=True)


# --- courses of ours ---------------------------------------------------------------------------------


def complete(course: Course, student: User, at: datetime) -> None:
    for lesson in course.modules.get().lessons.all():
        complete_lesson(user=student, lesson=lesson, revision=lesson.revisions.get(), at=at)


def test_completed_course_enters_the_ledger(student: User, course: Course, at: datetime) -> None:
    complete(course, student, at)

    credit = Credit.objects.get()
    assert (credit.ledger.user, credit.activity_key, credit.ceus) == (student, "course:basics", 2)
    words = credit.detail
    assert (words.title, words.provider, credit.completed_on) == ("Basics", "Crosswalk", date(2026, 11, 23))
    assert credit.source == Credit.Source.OUR_COURSE and words.recorded_by is None


def test_award_repeated_is_the_first_one(student: User, course: Course, at: datetime) -> None:
    complete(course, student, at)

    again = award_course(completion=CourseCompletion.objects.get(), at=at)

    assert again == Credit.objects.get()


def test_course_without_ceus_earns_no_row(
    student: User, make_course: Callable[..., Course], at: datetime
) -> None:
    complete(make_course(ceus="0"), student, at)

    assert not Credit.objects.exists()


def test_award_of_the_portal_is_not_withdrawn(student: User, course: Course, at: datetime) -> None:
    complete(course, student, at)

    with pytest.raises(actions.NotWithdrawable):
        reverse_credit(credit=Credit.objects.get(), reason="Why not", by=student, at=at)


def together(work: Callable[[int], Any], times: int) -> list[Any]:
    def run(number: int) -> Any:
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        return list(pool.map(run, range(times)))


@pytest.mark.django_db(transaction=True)
def test_award_by_parallel_threads_is_one(student: User, course: Course, at: datetime) -> None:
    completion = CourseCompletion.objects.create(
        user=student,
        course=course,
        title="Basics",
        ceus=Decimal(2),
        minutes_read=20,
        completed_at=at,
        completed_on=at.date(),
    )

    awards = together(lambda _n: award_course(completion=completion, at=at), 50)

    assert len({award.pk for award in awards}) == 1
    assert Credit.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_credentials_recorded_in_parallel_share_one_cycle(record: Record) -> None:
    keys = ("cpc", "cpma", "cpco", "cedc")

    together(lambda number: record(keys[number]), 4)

    assert Cycle.objects.get().credentials.count() == 4


def test_certification_with_holders_is_not_deleted(record: Record) -> None:
    record()

    with pytest.raises(IntegrityError):
        Certification.objects.get(key="cpc").delete()
