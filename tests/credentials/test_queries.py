from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from courses.catalog.models import Body, Course
from courses.credentials.actions import add_credit, award_course, remove_evidence, reverse_credit
from courses.credentials.actions.changing import change_credential, extend_cycle
from courses.credentials.actions.cycling import open_next_cycles
from courses.credentials.actions.placing import place_credit
from courses.credentials.models import (
    CourseApproval,
    CredentialHeld,
    Credit,
    CreditPlacement,
    Cycle,
    EvidenceReview,
)
from courses.credentials.queries import (
    CycleStanding,
    NextKind,
    explain,
    standing_for_cycle,
    standings,
    standings_of,
)
from courses.credentials.queries.cards import cards
from courses.credentials.standing import WhyNot
from tests.credentials.conftest import Record
from tests.credentials.histories import complete_course, give_file

ON = date(2027, 2, 18)  # 41 days before the end of March


@pytest.fixture
def earn(student: User, at: datetime) -> Callable[..., Any]:
    def make(
        credential: CredentialHeld,
        ceus: str,
        *topics: str,
        title: str = "Webinar",
        index: str | None = None,
        on: date = date(2026, 6, 1),
        **fields: Any,
    ) -> Any:
        return add_credit(
            user=credential.user,
            title=title,
            provider="AHIMA",
            index_number=f"X {title}" if index is None else index,
            completed_on=on,
            ceus=Decimal(ceus),
            topics=topics,
            by=student,
            at=at,
            **fields,
        )

    return make


Earn = Callable[..., Any]


def said(user: User, on: date = ON) -> str:
    return standings(user, on)[0].sentence


def test_sentence_names_the_part_that_is_short(record: Record, earn: Earn, student: User) -> None:
    record()
    earn(record("cpma"), "30")
    earn(record("cpco"), "10", "auditing", title="Audits")
    CredentialHeld.objects.filter(certification__key="cpco").update(status="retired")

    assert said(student) == "6 auditing CEUs short, 41 days left."


@pytest.mark.parametrize(
    ("ceus", "on", "expected"),
    [
        ("26.5", ON, "9.5 CEUs short, 41 days left."),
        ("35", date(2027, 3, 30), "1 CEU short, 1 day left."),
        ("36", date(2027, 3, 19), "36 of 36 CEUs recorded, nothing is short, 12 days left."),
        ("40", date(2027, 3, 31), "40 of 36 CEUs recorded, nothing is short, today is the last day."),
    ],
)
def test_sentence_is_plural_correct(
    record: Record, earn: Earn, student: User, ceus: str, on: date, expected: str
) -> None:
    earn(record(), ceus)

    assert said(student, on) == expected


def test_sentence_says_the_whole_and_its_parts(record: Record, student: User) -> None:
    record("ccs", earned_on=date(2025, 4, 1))

    assert said(student) == (
        "20 CEUs short, of them 16 in “Health informatics and information management domains” and "
        "8 in “From AHIMA, HCPro or a component state association”, 41 days left."
    )


def test_sentence_admits_what_is_not_known(record: Record, earn: Earn, student: User) -> None:
    earn(record("crcr", ends_on=date(2027, 4, 1), required=Decimal(5)), "2")
    Cycle.objects.update(required_override=None)

    assert said(student) == "2 CEUs recorded; what the body asks is not known, 41 days left."


def test_cycle_that_is_over_is_in_the_past(record: Record, student: User) -> None:
    record()
    after = date(2027, 4, 2)

    assert standings(student, after) == []
    (past,) = standings(student, after, past=True)
    assert past.sentence == "36 CEUs short, over for 2 days."


def test_withdrawn_credits_do_not_count(record: Record, earn: Earn, student: User, at: datetime) -> None:
    reverse_credit(credit=earn(record(), "9"), reason="Wrong", by=student, at=at)

    assert standings(student, ON)[0].standing.earned == 0


def test_only_own_credits_and_cycles_are_read(
    record: Record, earn: Earn, student: User, other: User, at: datetime
) -> None:
    earn(record(), "9")
    theirs = record(user=other)

    (found,) = standings(other, ON)

    assert found.credentials == [theirs]
    assert found.standing.earned == 0


def test_standing_for_one_cycle_is_that_of_the_list(record: Record, earn: Earn, student: User) -> None:
    earn(record(), "9")

    assert standing_for_cycle(Cycle.objects.get(), ON) == standings(student, ON)[0]


@pytest.mark.parametrize("keys", [("cpc",), ("cpc", "ccs", "crcr")])
def test_standings_are_six_queries_whatever_is_held(
    record: Record, earn: Earn, student: User, keys: tuple[str, ...], django_assert_num_queries: Any
) -> None:
    for key in keys:
        held = record(key, ends_on=date(2027, 4, 1), required=Decimal(36))
        for number in range(len(keys)):
            earn(held, "1", title=f"{key} {number}")

    with django_assert_num_queries(6):  # cycles, rules, credentials; reviews, files, the ledger
        found = standings(student, ON)

    assert len(found) == len(keys)


def now(user: User, on: date = ON) -> CycleStanding:
    return standings(user, on)[0]


def told(user: User, credit: Credit, on: date = ON) -> list[str]:
    return [one.text for one in explain(standings(user, on)).get(credit.pk, [])]


def todo(user: User, on: date = ON) -> list[tuple[str, str]]:
    return [(one.kind.value, one.text) for one in now(user, on).next_actions]


def put_back(credit: Credit, at: datetime) -> None:
    EvidenceReview.objects.create(credit=credit, verdict="returned", reason="Blurred", reviewed_at=at)


def test_what_lacks_an_index_number_waits_and_is_told(record: Record, earn: Earn, student: User) -> None:
    held = record()
    earn(held, "30", title="Counts")
    waits = earn(held, "3", title="Waits", index="")

    assert said(student) == "6 CEUs short, 3 CEUs wait for an index number, 41 days left."
    assert told(student, waits) == ["Waits for an index number: without one AAPC counts nothing."]
    first = now(student).next_actions[0]
    assert (first.kind, first.credits) == (NextKind.ADD_INDEX_NUMBER, (waits.pk,))
    assert first.text == "Add the index number of “Waits”: 3 CEUs wait for it."
    assert first.args == (waits.pk,)


def test_returned_activity_counts_again_when_a_new_file_came(
    record: Record, earn: Earn, student: User, at: datetime
) -> None:
    credit = earn(record(), "3")
    give_file(credit, b"%PDF-1.7 first", at=at)
    put_back(credit, at + timedelta(hours=1))

    assert said(student) == "36 CEUs short, 3 CEUs were returned, 41 days left."
    assert todo(student)[0] == ("mend_returned", "Mend “Webinar”, which a reviewer returned: 3 CEUs.")

    Credit.objects.get(pk=credit.pk).evidence.create(
        kind="pdf",
        path="evidence/second.pdf",
        size=1,
        original_sha256="0" * 64,
        sha256="0" * 64,
        added_at=at + timedelta(hours=2),
    )

    assert said(student) == "33 CEUs short, 41 days left."


def test_returned_activity_counts_when_it_was_approved_after_all(
    record: Record, earn: Earn, student: User, at: datetime
) -> None:
    credit = earn(record(), "3")
    put_back(credit, at)
    EvidenceReview.objects.create(credit=credit, verdict="approved", reviewed_at=at + timedelta(hours=1))

    assert now(student).standing.earned == 3


def test_course_of_ours_counts_where_the_body_approved_it(
    record: Record, course: Course, student: User, at: datetime
) -> None:
    record()
    completion = complete_course(student, course, at, ceus=Decimal(2))
    credit = award_course(completion=completion, at=at)
    assert credit is not None

    assert said(student) == "36 CEUs short, 41 days left."
    assert told(student, credit) == [
        "AAPC has given this course no index number, so it does not count there."
    ]

    CourseApproval.objects.create(
        course=course,
        body=Body.objects.get(key="aapc"),
        index_number="CW1",
        ceus=Decimal("1.5"),
        valid_from=completion.completed_on,
        valid_until=completion.completed_on,
    )

    assert now(student).standing.earned == Decimal("1.5")


def test_activity_of_the_renewal_month_counts_where_it_was_placed(
    record: Record, earn: Earn, student: User, at: datetime
) -> None:
    held = record()
    after = Cycle.objects.create(
        user=student,
        body=held.certification.body,
        rule_set=Cycle.objects.get().rule_set,
        starts_on=date(2027, 4, 1),
        ends_on=date(2029, 4, 1),
        opened_at=at,
    )
    after.credentials.add(held)
    credit = earn(held, "5", on=date(2026, 11, 20))
    Cycle.objects.filter(pk=after.pk).update(starts_on=date(2026, 12, 1))
    Cycle.objects.exclude(pk=after.pk).update(ends_on=date(2026, 12, 1))
    day = date(2026, 12, 5)

    assert now(student, day).standing.earned == 0
    assert ("move_here", "“Webinar” may count in this cycle instead of the one beside it: 5 CEUs.") in todo(
        student, day
    )

    CreditPlacement.objects.create(credit=credit, cycle=after, placed_at=at)

    assert now(student, day).standing.earned == 5
    (past,) = standings(student, day, past=True)
    assert past.standing.earned == 0
    assert [v.why_not for _, v in past.counting] == [WhyNot.OTHER_PERIOD]


def test_choice_that_the_dates_no_longer_allow_is_none(
    record: Record, earn: Earn, student: User, at: datetime
) -> None:
    held = record()
    credit = earn(held, "5", on=date(2026, 6, 1))
    after = Cycle.objects.create(
        user=student,
        body=held.certification.body,
        required_override=Decimal(36),
        starts_on=date(2027, 4, 1),
        ends_on=date(2029, 4, 1),
        opened_at=at,
    )
    CreditPlacement.objects.create(credit=credit, cycle=after, placed_at=at)

    assert now(student).standing.earned == 5


def test_activity_is_told_with_the_parts_that_it_fills_at_once(
    record: Record, earn: Earn, student: User
) -> None:
    record("cpma")
    credit = earn(record("cedc"), "2", "auditing", "specialty")

    assert told(student, credit) == [
        "2 CEUs for CPMA, CEDC: 2 in “Auditing” and at once in “The specialty of the credential (CEDC)”."
    ]


def test_activity_of_two_bodies_is_told_for_each(record: Record, earn: Earn, student: User) -> None:
    held = record()
    record("ccs", earned_on=date(2025, 4, 1))
    credit = earn(held, "2.5", minutes=150)

    assert sorted(told(student, credit)) == [
        "2 CEUs for CCS: 2 in “From AHIMA, HCPro or a component state association”."
        " AHIMA counts by the minutes and leaves out 0.5 CEUs.",
        "2.5 CEUs for CPC.",
    ]


def test_what_to_do_names_what_to_earn_and_what_to_prove(record: Record, earn: Earn, student: User) -> None:
    record()
    earn(record("cpma"), "30")

    assert todo(student) == [
        ("earn", "Earn 16 CEUs in “Auditing”."),
        ("add_evidence", "Add the certificate of “Webinar”: 30 CEUs."),
    ]


def test_nothing_is_to_do_when_all_is_there_and_proven(
    record: Record, earn: Earn, student: User, at: datetime
) -> None:
    give_file(earn(record(), "36"), b"%PDF-1.7", at=at)

    assert todo(student) == []


def test_cycle_with_more_time_runs_on(record: Record, student: User) -> None:
    record()
    Cycle.objects.update(extended_until=date(2027, 5, 31))

    assert said(student, date(2027, 5, 1)) == "36 CEUs short, 30 days left of the extension."
    assert standings(student, date(2027, 6, 1)) == []


def test_cycle_that_ended_long_ago_says_its_day(record: Record, student: User) -> None:
    record()

    (past,) = standings(student, date(2028, 1, 1), past=True)

    assert past.sentence == "36 CEUs short, ended on 31 Mar 2027."


def test_standings_of_many_people_are_four_queries(
    record: Record, earn: Earn, student: User, other: User, django_assert_num_queries: Any
) -> None:
    earn(record(), "9")
    record(user=other)
    cycles = list(
        Cycle.objects.select_related("body").prefetch_related("rule_set", "credentials__certification")
    )

    with django_assert_num_queries(3):  # reviews, files, ledgers; a fourth for approvals of our courses
        found = standings_of(cycles, {student.pk: ON, other.pk: ON})

    assert {one.cycle.user_id: one.standing.earned for one in found} == {student.pk: 9, other.pk: 0}


def test_pace_and_what_if_are_those_of_the_cycle(record: Record, earn: Earn, student: User) -> None:
    earn(record(), "9")
    found = now(student)

    before, after = found.what_if(found.earned[0])

    assert found.pace.is_behind and found.pace.a_month is not None
    assert (before.earned, after.earned) == (9, 18)
    assert [lack.ceus for lack in found.least] == [27]


def test_number_of_another_body_is_none_here(
    record: Record, course: Course, student: User, at: datetime
) -> None:
    record()
    CourseApproval.objects.create(
        course=course, body=Body.objects.get(key="ahima"), index_number="AHIMA-1", valid_from=date(2026, 1, 1)
    )
    credit = award_course(completion=complete_course(student, course, at, ceus=Decimal(2)), at=at)

    assert credit is not None
    assert credit.detail.index_number == "AHIMA-1"
    assert now(student).standing.earned == 0
    assert told(student, credit) == [
        "AAPC has given this course no index number, so it does not count there."
    ]


def test_file_that_was_taken_out_again_answers_no_review(
    record: Record, earn: Earn, student: User, at: datetime
) -> None:
    credit = earn(record(), "3")
    put_back(credit, at)
    file = give_file(credit, b"%PDF-1.7 new", at=at + timedelta(hours=1))
    assert now(student).standing.earned == 3

    remove_evidence(evidence=file, reason="Wrong file", by=student, at=at + timedelta(hours=2))

    assert now(student).standing.earned == 0


@pytest.mark.parametrize(
    ("given_up_on", "required"),
    [(datetime(2027, 3, 31, 12, tzinfo=UTC), 36), (datetime(2027, 4, 1, 12, tzinfo=UTC), 40)],
)
def test_cycle_that_is_over_still_counts_what_was_given_up_later(
    record: Record, student: User, given_up_on: datetime, required: int
) -> None:
    record()
    held = record("cpma")
    change_credential(
        held=held,
        number="",
        earned_on=held.earned_on,
        status="retired",
        reason="No more audits",
        by=student,
        at=given_up_on,
    )
    day = date(2027, 6, 1)

    (past,) = standings(student, day, past=True)

    assert past.standing.required == required
    assert standing_for_cycle(past.cycle, day).standing.required == required
    shown = cards(student, day)
    assert [held.certification.key for held in shown.others] == ["cpma"]


def test_cards_leave_out_a_cycle_whose_credentials_are_all_given_up(record: Record, student: User) -> None:
    held = record()
    change_credential(
        held=held,
        number="",
        earned_on=held.earned_on,
        status="retired",
        reason="Enough",
        by=student,
        at=datetime(2027, 5, 1, tzinfo=UTC),
    )

    assert not cards(student, date(2027, 6, 1)).ended


def test_activity_in_the_extension_is_proposed_for_the_cycle_that_is_short(
    record: Record, earn: Earn, student: User
) -> None:
    held = record()
    cycle = Cycle.objects.get()
    earn(held, "30")
    extend_cycle(cycle=cycle, until=date(2027, 6, 30), by=student, at=datetime(2027, 4, 2, 12, tzinfo=UTC))
    open_next_cycles(at=datetime(2027, 4, 2, 12, tzinfo=UTC))
    at = datetime(2027, 5, 11, 12, tzinfo=UTC)
    late = add_credit(
        user=student,
        title="Late",
        completed_on=date(2027, 5, 10),
        ceus=Decimal(6),
        index_number="L1",
        by=student,
        at=at,
    )

    extended, following = standings(student, at.date())

    assert (extended.standing.earned, following.standing.earned) == (30, 6)
    assert ("move_here", "“Late” may count in this cycle instead of the one beside it: 6 CEUs.") in [
        (one.kind.value, one.text) for one in extended.next_actions
    ]
    assert not any(one.kind is NextKind.MOVE_HERE for one in following.next_actions)

    place_credit(credit=late, cycle=extended.cycle, at=at)

    extended, following = standings(student, at.date())
    assert (extended.standing.earned, following.standing.earned) == (36, 0)
    assert extended.standing.is_met
