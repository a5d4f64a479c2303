"""The cards, setting up, one credential and its corrections, and one cycle."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.catalog.models import Certification, Course
from courses.credentials.actions import add_credit, award_course
from courses.credentials.actions.changing import change_credential, submit_cycle
from courses.credentials.models import ChecklistTick, CredentialChange, CredentialHeld, Credit, Cycle
from courses.credentials.queries.cards import cards, pace_words, required_words
from courses.credentials.queries.standing import standing_for_cycle
from tests.credentials.conftest import Record
from tests.credentials.histories import complete_course

LIST, NEW, START = "credentials:credentials", "credentials:record", "credentials:start"
#: Session, person; cycles, their rules and credentials; credits, reviews, files; what is held.
LIST_QUERIES = 9
#: The tenth, and the last that issue 5 allows, asks for approvals when a course of ours is in the ledger.


@pytest.fixture(autouse=True)
def clock(time_machine: Any, at: datetime) -> None:
    """Views read the real clock: let it be that of the tests."""
    time_machine.move_to(at, tick=False)


@pytest.fixture
def held(record: Record) -> CredentialHeld:
    return record()


@pytest.fixture
def cycle(held: CredentialHeld) -> Cycle:
    return held.cycles.get()


def earn(user: User, at: datetime, ceus: str = "2.50", **fields: Any) -> Credit:
    words: dict[str, Any] = {"title": "Audit webinar", "completed_on": date(2026, 6, 1), "index_number": "A1"}
    return add_credit(**{"user": user, "ceus": Decimal(ceus), "by": user, "at": at} | words | fields)


@pytest.fixture
def credit(held: CredentialHeld, at: datetime) -> Credit:
    return earn(held.user, at)


def text_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


# --- the cards -------------------------------------------------------------------------------------------
def test_empty_list_teaches_what_to_do(as_student: Client, db: None) -> None:
    page = text_of(as_student, reverse(LIST))

    assert "No credential on record" in page
    assert reverse(START) in page


def test_card_says_what_is_short_by_when_and_at_what_pace(as_student: Client, credit: Credit) -> None:
    page = text_of(as_student, reverse(LIST))

    assert "33.5 CEUs short, 128 days left." in page
    assert "Wed 31 Mar 2027" in page
    assert "At this rate, 0.13 CEUs a month, you finish in" in page
    assert "Earn 33.5 CEUs of any kind." in page


def test_card_shows_every_value_of_the_rules_with_its_mark(as_student: Client, held: CredentialHeld) -> None:
    page = text_of(as_student, reverse(LIST))

    assert "AAPC, CEU policies" in page  # the source of the row
    assert "1 credential: 36, 2 credentials: 40" in page
    assert "seen in a primary source" in page
    assert "not checked against a source" in page  # the mark of a single value: minutes for one CEU
    assert "there is a limit, and we do not know it" in page


def test_card_names_what_waits(as_student: Client, held: CredentialHeld, at: datetime) -> None:
    earn(held.user, at, ceus="3", index_number="")

    page = text_of(as_student, reverse(LIST))

    assert "Add the index number of “Audit webinar”: 3 CEUs wait for it." in page


def test_retired_and_lapsed_stand_below(as_student: Client, record: Record) -> None:
    record(status=CredentialHeld.Status.RETIRED)

    page = text_of(as_student, reverse(LIST))

    assert "No running cycle" in page
    assert "Retired" in page


def test_a_cycle_that_ended_short_stays_until_it_is_dealt_with(cycle: Cycle, time_machine: Any) -> None:
    after = datetime.fromisoformat("2028-09-01T12:00+00:00")
    time_machine.move_to(after, tick=False)
    client = Client()
    client.force_login(cycle.user)

    page = text_of(client, reverse(LIST))
    assert "This cycle is over and short" in page
    assert "gives days of grace is not known" in page

    submit_cycle(cycle=cycle, on=date(2027, 4, 2), by=cycle.user, at=after)
    assert cards(cycle.user, after.date()).ended == []


def test_a_complete_cycle_asks_to_be_reported_for_a_while(held: CredentialHeld, at: datetime) -> None:
    earn(held.user, at, ceus="36")

    assert len(cards(held.user, date(2027, 4, 1)).ended) == 1
    assert cards(held.user, date(2027, 7, 1)).ended == []


def test_an_extended_cycle_is_not_over_before_its_new_last_day(cycle: Cycle) -> None:
    Cycle.objects.update(extended_until=date(2027, 5, 31))

    assert len(cards(cycle.user, date(2027, 5, 31)).running) == 1
    assert len(cards(cycle.user, date(2027, 6, 1)).ended) == 1


def test_a_given_up_credential_leaves_its_card(held: CredentialHeld, at: datetime) -> None:
    change_credential(
        held=held, number="", earned_on=held.earned_on, status="retired", reason="x", by=held.user, at=at
    )

    found = cards(held.user, at.date())
    assert found.running == []
    assert found.others == [held]


@pytest.mark.parametrize("cycles", [1, 3])
@pytest.mark.parametrize("credits", [3, 300])
def test_cards_are_the_same_queries_whatever_the_history(
    as_student: Client,
    student: User,
    record: Record,
    cycles: int,
    credits: int,
    at: datetime,
    django_assert_num_queries: Any,
) -> None:
    made = [
        record("cpc"),
        record("ccs", earned_on=date(2025, 5, 4)),
        record("crcr", ends_on=date(2027, 2, 1), required=Decimal(10)),
    ]
    for one in made[cycles:]:
        one.cycles.all().delete()
        one.delete()
    for number in range(credits):
        earn(student, at, title=f"Webinar {number}", index_number=f"A{number}", ceus="0.10")
    as_student.get(reverse(LIST))  # the session remembers that the terms are accepted

    with django_assert_num_queries(LIST_QUERIES):
        as_student.get(reverse(LIST))


def test_cards_are_ten_queries_with_a_course_of_ours(
    as_student: Client, held: CredentialHeld, course: Course, at: datetime, django_assert_num_queries: Any
) -> None:
    award_course(completion=complete_course(held.user, course, at), at=at)
    as_student.get(reverse(LIST))

    with django_assert_num_queries(LIST_QUERIES + 1):
        as_student.get(reverse(LIST))


# --- in words --------------------------------------------------------------------------------------------
def test_pace_says_in_which_month_and_how_late(held: CredentialHeld, cycle: Cycle, at: datetime) -> None:
    earn(held.user, at, ceus="26")

    # 26 of 36 in 602 days: the rest takes 232 more
    words = pace_words(standing_for_cycle(cycle, at.date()))
    assert words == "At this rate, 1.31 CEUs a month, you finish in July 2027, 4 months late."


@pytest.mark.parametrize(
    ("day", "ceus", "words"),
    [
        (date(2025, 4, 20), None, "It is too early to say at what rate you collect."),
        (date(2026, 11, 23), None, "Nothing counts yet."),
        (date(2026, 11, 23), "35", "in time."),
        (date(2026, 11, 23), "36", ""),
        (date(2027, 4, 1), "2", ""),
    ],
)
def test_pace_is_said_when_it_can_be(
    cycle: Cycle, at: datetime, day: date, ceus: str | None, words: str
) -> None:
    if ceus:
        earn(cycle.user, at, ceus=ceus)

    said = pace_words(standing_for_cycle(cycle, day))
    assert said.endswith(words) if words else said == ""


def test_the_number_asked_is_explained_step_by_step(record: Record, at: datetime) -> None:
    held = record("cdip", earned_on=date(2025, 5, 4))
    record("ccs", earned_on=date(2025, 5, 4))
    first = record("cpc", earned_on=date(2026, 4, 1))

    assert required_words(standing_for_cycle(held.cycles.get(), at.date())) == [
        "CDIP asks 30 CEUs, the most of those held.",
        "Each further credential: 10 CEUs, so 30 + 1 × 10 = 40.",
    ]
    assert required_words(standing_for_cycle(first.cycles.get(), at.date())) == [
        "1 credential of AAPC (CPC): 36 CEUs in a full cycle.",
        "A first cycle of 12 of 24 months: 36 × 12 ÷ 24, rounded up to 18 CEUs.",
    ]


def test_an_absorbed_credential_and_a_number_of_ones_own_are_said(record: Record, at: datetime) -> None:
    held = record("rhia", earned_on=date(2025, 5, 4))
    record("rhit", earned_on=date(2025, 5, 4))

    assert required_words(standing_for_cycle(held.cycles.get(), at.date()))[0].startswith(
        "RHIT is not counted"
    )
    Cycle.objects.update(required_override=Decimal(12))
    assert required_words(standing_for_cycle(held.cycles.get(), at.date())) == [
        "12 CEUs: you entered this number."
    ]


# --- setting up ------------------------------------------------------------------------------------------
def rows(*keys: str, **fields: str) -> dict[str, str]:
    """What the page of several sends: a row for each key, the rest empty."""
    sent = {"rows": "3", "body-aapc-renewal_month": "3"}
    for number in range(3):
        key = keys[number] if number < len(keys) else ""
        sent |= {
            f"row-{number}-certification": str(Certification.objects.get(key=key).pk) if key else "",
            f"row-{number}-earned_on": "2025-05-04" if key else "",
            f"row-{number}-number": "",
            f"row-{number}-status": "active",
        }
    return sent | fields


@pytest.mark.usefixtures("rules")
def test_three_credentials_are_set_up_in_one_go(as_student: Client) -> None:
    answer = as_student.post(reverse(START), rows("cpc", "cpma", "ccs"), follow=True)

    page = answer.content.decode()
    assert "CPC, CPMA, CCS are recorded." in page
    assert "of them 16 in “Auditing”" in page
    assert Cycle.objects.count() == 2


@pytest.mark.usefixtures("rules")
def test_another_row_keeps_what_was_typed_and_complains_of_nothing(as_student: Client) -> None:
    answer = as_student.post(reverse(START), rows("cpc", **{"more": "1", "row-1-number": "77"}))

    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'name="row-3-earned_on"' in page
    assert 'value="77"' in page
    assert 'value="2025-05-04"' in page
    assert "mend this" not in page
    assert not CredentialHeld.objects.exists()


@pytest.mark.usefixtures("rules")
def test_a_missing_month_is_asked_for_together_with_a_missing_day(as_student: Client, record: Record) -> None:
    sent = rows("cpc", "ccs", **{"row-1-earned_on": "", "body-aapc-renewal_month": ""})

    first = as_student.post(reverse(START), sent).context["form"]
    record("cpma", renewal_month=3)
    joins = as_student.post(reverse(START), sent).context["form"]

    assert [list(form.errors) for form in first.forms if form.errors] == [["earned_on"], ["renewal_month"]]
    assert [list(form.errors) for form in joins.forms if form.errors] == [["earned_on"]]
    assert not first.is_wrong_elsewhere


@pytest.mark.usefixtures("rules")
@pytest.mark.parametrize(
    ("sent", "name", "words"),
    [
        ({"body-aapc-renewal_month": ""}, "renewal_month", "Choose the month"),
        ({"row-0-earned_on": "2030-01-01"}, "earned_on", "still to come"),
        ({"row-0-earned_on": ""}, "earned_on", "required"),
        ({"row-2-number": "123"}, "certification", "required"),
        ({"row-1-status": "apprentice"}, "status", "no apprentice mark"),
        ({"body-ahima-last_on": "2020-01-01", "row-2-certification": "ccs"}, "last_on", "ended on"),
    ],
)
def test_what_is_wrong_stands_beside_its_input_and_nothing_is_lost(
    as_student: Client, sent: dict[str, str], name: str, words: str
) -> None:
    if sent.get("row-2-certification") == "ccs":
        key = str(Certification.objects.get(key="ccs").pk)
        sent = sent | {"row-2-certification": key, "row-2-earned_on": "2019-05-04"}
    answer = as_student.post(reverse(START), rows("cpc", "cpma", **{"row-1-number": "0815"}) | sent)

    assert answer.status_code == 422
    errors = {key: list(found) for form in answer.context["form"].forms for key, found in form.errors.items()}
    assert words in errors[name][0]
    assert "0815" in answer.content.decode()
    assert not CredentialHeld.objects.exists()


@pytest.mark.usefixtures("rules")
def test_nothing_chosen_is_said(as_student: Client) -> None:
    answer = as_student.post(reverse(START), rows())

    assert answer.status_code == 422
    assert "Choose at least one credential." in answer.content.decode()


@pytest.mark.usefixtures("rules")
@pytest.mark.parametrize("number", ["-1", "0", "1000000", "x", "²", ""])
def test_a_strange_number_of_rows_breaks_nothing(as_student: Client, number: str) -> None:
    answer = as_student.post(reverse(START), {"rows": number, "more": "1"})

    assert answer.status_code == 200
    assert len(answer.context["form"].rows) <= 12


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


# --- one credential --------------------------------------------------------------------------------------
def edit(client: Client, held: CredentialHeld, **fields: str) -> Any:
    sent = {"number": held.number, "earned_on": held.earned_on.isoformat(), "status": held.status}
    return client.post(reverse("credentials:edit", args=[held.pk]), sent | fields)


def test_a_correction_is_shown_in_the_history(as_student: Client, held: CredentialHeld) -> None:
    assert edit(as_student, held, number="99").status_code == 302

    page = text_of(as_student, held.get_absolute_url())
    assert "99" in page
    assert "Sam Lee" in page


def test_giving_up_is_asked_once_more_and_needs_a_reason(as_student: Client, held: CredentialHeld) -> None:
    without = edit(as_student, held, status="lapsed")
    assert without.status_code == 422
    assert without.context["form"].errors["reason"]

    asked = edit(as_student, held, status="lapsed", reason="No dues paid")
    assert asked.status_code == 200
    assert "Mark CPC as lapsed?" in asked.content.decode()
    held.refresh_from_db()
    assert held.status == "active"

    assert edit(as_student, held, status="lapsed", reason="No dues paid", confirmed="1").status_code == 302
    page = text_of(as_student, held.get_absolute_url())
    assert "No dues paid" in page
    assert "It asks for no CEUs now" in page


def test_kept_again_asks_for_the_month_where_no_cycle_runs(as_student: Client, record: Record) -> None:
    held = record(status="retired")

    refused = edit(as_student, held, status="active")
    assert refused.status_code == 422
    assert refused.context["form"].errors["renewal_month"]
    assert edit(as_student, held, status="active", renewal_month="3").status_code == 302
    assert held.cycles.get().due_on == date(2027, 3, 31)


# --- one cycle -------------------------------------------------------------------------------------------
def url_of(cycle: Cycle, name: str = "cycle") -> str:
    return reverse(f"credentials:{name}", args=[cycle.pk])


def test_cycle_shows_each_activity_with_its_place_and_the_sum(
    as_student: Client, record: Record, cycle: Cycle, at: datetime
) -> None:
    record("cpma")
    earn(cycle.user, at, ceus="2", topics=["auditing"])
    earn(cycle.user, at, ceus="3", title="Without a number", index_number="", completed_on=date(2026, 7, 1))
    earn(cycle.user, at, ceus="1", title="Later", index_number="A9", completed_on=date(2026, 8, 1))

    page = as_student.get(url_of(cycle))

    assert [(row.credit.detail.title, row.verdict.ceus, row.total) for row in page.context["rows"]] == [
        ("Audit webinar", 2, 2),
        ("Without a number", 0, 2),
        ("Later", 1, 3),
    ]
    text = page.content.decode()
    assert "2 in “Auditing”" in text
    assert "without one AAPC counts nothing" in text
    assert "2 credentials of AAPC (CPC, CPMA): 40 CEUs in a full cycle." in text
    assert "An extension costs $50." in text
    assert "How many days it gives is not known" in text
    assert "There is a limit and we do not know it" in text


def test_an_activity_of_the_renewal_month_may_be_moved(
    as_student: Client, cycle: Cycle, at: datetime
) -> None:
    Cycle.objects.filter(pk=cycle.pk).update(starts_on=date(2024, 4, 1), ends_on=date(2026, 4, 1))
    Cycle.objects.create(
        user=cycle.user,
        body=cycle.body,
        rule_set=cycle.rule_set,
        starts_on=date(2026, 4, 1),
        ends_on=date(2028, 4, 1),
        opened_at=at,
    )
    earn(cycle.user, at, completed_on=date(2026, 3, 5))
    earn(cycle.user, at, completed_on=date(2026, 2, 5), title="Before", index_number="B1")

    page = as_student.get(url_of(cycle))

    assert [row.is_either for row in page.context["rows"]] == [False, True]


def test_steps_are_ticked_and_taken_back(as_student: Client, cycle: Cycle) -> None:
    as_student.post(url_of(cycle, "tick_step"), {"key": "dues"})
    assert ChecklistTick.objects.get().key == "dues"
    assert "23 Nov 2026" in text_of(as_student, url_of(cycle))

    as_student.post(url_of(cycle, "tick_step"), {"key": "dues", "undo": "1"})
    assert not ChecklistTick.objects.exists()
    answer = as_student.post(url_of(cycle, "tick_step"), {"key": "strange"}, follow=True)
    assert "no such step" in answer.content.decode()


def test_the_portal_ticks_what_it_knows(as_student: Client, cycle: Cycle, at: datetime) -> None:
    earn(cycle.user, at, ceus="36")
    submit_cycle(cycle=cycle, on=date(2026, 11, 1), by=cycle.user, at=at)

    steps = as_student.get(url_of(cycle)).context["steps"]

    assert [step.is_done for step in steps if not step.key] == [True, False, True]  # no certificate yet


def test_more_time_is_entered_and_taken_back(as_student: Client, cycle: Cycle) -> None:
    assert as_student.post(url_of(cycle, "extend_cycle"), {"extended_until": "2027-03-01"}).status_code == 422
    assert as_student.post(url_of(cycle, "extend_cycle"), {"extended_until": "2027-04-30"}).status_code == 302
    assert "Extended until Fri 30 Apr 2027." in text_of(as_student, url_of(cycle))
    as_student.post(url_of(cycle, "extend_cycle"), {"extended_until": ""})
    assert Cycle.objects.get().extended_until is None


def test_the_report_is_entered_and_taken_back(as_student: Client, cycle: Cycle) -> None:
    assert as_student.post(url_of(cycle, "report_cycle"), {"submitted_on": "2030-03-01"}).status_code == 422
    assert as_student.post(url_of(cycle, "report_cycle"), {"submitted_on": "2026-11-01"}).status_code == 302
    assert Cycle.objects.get().submitted_on == date(2026, 11, 1)
    as_student.post(url_of(cycle, "report_cycle"), {"submitted_on": ""})
    assert Cycle.objects.get().submitted_on is None


@pytest.mark.parametrize(
    ("month", "first", "last"),
    [(5, date(2025, 6, 1), date(2027, 5, 31)), (2, date(2026, 3, 1), date(2028, 2, 29)), (3, None, None)],
)
def test_another_renewal_month_moves_both_days(
    as_student: Client, cycle: Cycle, month: int, first: date | None, last: date | None
) -> None:
    answer = as_student.post(url_of(cycle, "edit_cycle"), {"renewal_month": str(month)})

    assert answer.status_code == 302
    moved = Cycle.objects.get()
    assert (moved.starts_on, moved.due_on) == (first or cycle.starts_on, last or cycle.due_on)


def test_days_and_number_are_corrected_and_refused_beside_their_input(
    as_student: Client, cycle: Cycle
) -> None:
    url = url_of(cycle, "edit_cycle")

    refused = as_student.post(url, {"starts_on": "2025-04-01", "last_on": "2025-03-01", "reason": "Mine"})
    assert refused.status_code == 422
    assert "Mine" in refused.content.decode()
    sent = {"starts_on": "2025-04-01", "last_on": "2027-02-28", "required": "30", "reason": "As AAPC says"}
    assert as_student.post(url, sent).status_code == 302

    page = text_of(as_student, url_of(cycle))
    assert "As AAPC says" in page
    assert "30 CEUs: you entered this number." in page
    assert CredentialChange.objects.count() == 2


@pytest.mark.parametrize("rows", [1, 3])
def test_pages_are_the_same_queries_for_one_row_and_three(
    as_student: Client,
    record: Record,
    cycle: Cycle,
    held: CredentialHeld,
    rows: int,
    at: datetime,
    django_assert_num_queries: Any,
) -> None:
    for key in ("cpma", "cpco")[: rows - 1]:
        record(key)
    for number in range(rows):
        earn(cycle.user, at, title=f"W {number}", index_number=f"A{number}")
        change_credential(
            held=held, number=str(number), earned_on=held.earned_on, status="active", by=held.user, at=at
        )
        held.refresh_from_db()
    as_student.get(reverse(LIST))

    with django_assert_num_queries(13):
        as_student.get(held.get_absolute_url())
    with django_assert_num_queries(20):  # ten of them for the pre-check, which reads what a transcript would
        as_student.get(url_of(cycle))


# --- whose it is -----------------------------------------------------------------------------------------
def test_reading_writes_nothing(
    as_student: Client, held: CredentialHeld, cycle: Cycle, credit: Credit
) -> None:
    pages = [held.get_absolute_url(), url_of(cycle), url_of(cycle, "edit_cycle")]
    for url in [reverse(LIST), reverse(NEW), reverse(START), *pages]:
        assert as_student.get(url).status_code == 200

    assert not CredentialChange.objects.exists()


def test_rows_of_another_person_are_not_found(other: User, held: CredentialHeld, cycle: Cycle) -> None:
    stranger = Client()
    stranger.force_login(other)

    for name in ("credential", "edit"):
        assert stranger.get(reverse(f"credentials:{name}", args=[held.pk])).status_code == 404
    for name in ("cycle", "edit_cycle"):
        assert stranger.get(url_of(cycle, name)).status_code == 404
    for name in ("edit_cycle", "extend_cycle", "report_cycle", "tick_step"):
        assert stranger.post(url_of(cycle, name), {"key": "dues", "renewal_month": "5"}).status_code == 404
    assert edit(stranger, held, number="9").status_code == 404
    assert not CredentialChange.objects.exists()
    assert Cycle.objects.get().due_on == cycle.due_on
