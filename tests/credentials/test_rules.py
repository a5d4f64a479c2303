from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.credentials.rules import (
    BadTerms,
    Cap,
    Dues,
    Extension,
    Grace,
    Rule,
    ceus_from_minutes,
    demands,
    parse_terms,
    required_ceus,
)
from tests.credentials.conftest import rule, shipped

AAPC = ("cpc", "coc", "cic", "crc", "cpb", "cpma", "cdeo")


@pytest.mark.parametrize(("held", "asked"), [(1, 36), (2, 40), (3, 44), (4, 48), (5, 52), (7, 52)])
def test_aapc_asks_by_the_number_of_credentials(held: int, asked: int) -> None:
    assert required_ceus(rule("aapc-2015"), AAPC[:held]) == asked


@pytest.mark.parametrize(
    ("held", "asked"),
    [
        ({"ccs"}, 20),
        ({"rhia"}, 30),
        ({"ccs", "ccs-p"}, 30),
        ({"rhit", "chps"}, 40),
        ({"rhia", "cdip"}, 40),
        ({"ccs", "cdip"}, 40),
        ({"rhia", "ccs", "ccs-p"}, 50),
        ({"rhia", "ccs", "ccs-p", "cdip"}, 50),
        ({"rhia", "rhit"}, 30),
    ],
)
def test_ahima_asks_the_highest_and_ten_for_each_further(held: set[str], asked: int) -> None:
    assert required_ceus(rule("ahima-2025"), held) == asked


def test_required_is_unknown_where_the_rule_does_not_say() -> None:
    assert required_ceus(rule("hfma-crcr"), {"crcr"}) is None
    assert required_ceus(rule("ahima-2025"), {"new"}) is None
    assert required_ceus(rule("aapc-2015"), ()) is None


@pytest.mark.parametrize(
    ("minutes", "ceus"), [(44, 0), (45, 1), (60, 1), (104, 1), (105, 2), (150, 2), (164, 2), (165, 3)]
)
def test_ahima_minutes_count_by_the_remainder(minutes: int, ceus: int) -> None:
    assert ceus_from_minutes(minutes, rule("ahima-2025")) == ceus


def test_aapc_minutes_count_exactly() -> None:
    assert ceus_from_minutes(150, rule("aapc-2015")) == Decimal("2.5")
    assert ceus_from_minutes(50, rule("aapc-2015")) == Decimal("0.83")


def test_minutes_without_a_rule_are_unknown() -> None:
    assert ceus_from_minutes(60, rule("nha-cbcs")) is None


def test_demands_are_those_of_the_credentials_held() -> None:
    asked = demands(rule("aapc-2015"), {"cpc", "cpma", "cedc", "cemc"}, Decimal(48), 24)

    assert {d.key: d.required for d in asked} == {"auditing": 16, "specialty:cedc": 8, "specialty:cemc": 8}


def test_demands_in_percent_are_of_the_required_number() -> None:
    asked = demands(rule("ahima-2025"), {"ccs", "cdip"}, Decimal(40), 24)

    assert {d.key: d.required for d in asked} == {"hiim": 32, "ahima": 16}


def test_before_2025_ahima_asks_for_one_part_only() -> None:
    asked = demands(rule("ahima-2021"), {"ccs"}, Decimal(20), 24)

    assert {d.key: d.required for d in asked} == {"hiim": 16}


def parsed(**changes: Any) -> Rule:
    return parse_terms(
        shipped()["aapc-2015"] | changes,
        cycle_months=24,
        anchor="renewal_month",
        minutes_per_ceu=60,
        min_remainder_minutes=None,
        carry_over=None,
    )


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"required": {"by_count": [36]}}, "base"),
        ({"required": shipped()["aapc-2015"]["required"] | {"by_count": ["many"]}}, "many"),
        ({"buckets": [shipped()["aapc-2015"]["buckets"][1] | {"percent": 10}]}, "bucket.auditing"),
        ({"buckets": [shipped()["aapc-2015"]["buckets"][1]]}, "specialty"),
        ({"buckets": None}, "NoneType"),
    ],
)
def test_terms_outside_the_schema_are_refused_by_name(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(BadTerms, match=named):
        parsed(**changes)


STEP = {"key": "dues", "text": "Pay.", "confidence": "verified"}
NEED = {"key": "work", "text": "Work.", "unit": "months", "amount": 24, "evidence": "A letter."}
ROUTE = {"key": "two-years", "title": "Two years", "needs": [NEED]}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"must_have": ["signature"]}, "must_have: signature"),
        ({"must_have": "index_number"}, "must_have"),
        ({"caps": [{"activity": "quiz", "title": "Q", "ceus": 4, "percent": 10}]}, "caps.quiz"),
        ({"caps": [{"activity": "quiz", "title": "Q", "ceus": -1}]}, "caps.quiz.ceus"),
        ({"caps": [{"activity": "quiz", "title": "Q"}] * 2}, "caps: quiz stands there twice"),
        ({"caps": [{"title": "Q"}]}, "caps: activity is missing"),
        ({"caps": {"quiz": 4}}, "caps: a list"),
        ({"submission": {"closes_days_after": "soon"}}, "submission.closes_days_after: 'soon'"),
        ({"submission": 30}, "submission: keys"),
        ({"extension": {"fee": "much"}}, "extension.fee"),
        ({"grace": {"days": 1.5}}, "grace.days: 1.5 is not a whole"),
        ({"dues": "monthly"}, "dues: 'monthly' is not one of yearly, none, unknown"),
        ({"checklist": [STEP, STEP]}, "checklist: dues stands there twice"),
        ({"checklist": [{"key": "dues"}]}, "checklist: text is missing"),
        ({"apprentice": []}, "apprentice: keys"),
        ({"apprentice": {"certifications": ["cpc"], "routes": [ROUTE | {"needs": []}]}}, "needs is empty"),
        (
            {"apprentice": {"certifications": [], "routes": [ROUTE | {"needs": [NEED | {"unit": "years"}]}]}},
            "apprentice.work.unit: 'years'",
        ),
        ({"apprentice": {"certifications": [], "routes": [ROUTE, ROUTE]}}, "two-years stands there twice"),
        (
            {"buckets": [shipped()["aapc-2015"]["buckets"][5] | {"shares_with": [], "by_provider": True}]},
            "by_p",
        ),
        ({"buckets": [{"key": "auditing"}]}, "buckets: title is missing"),
    ],
)
def test_new_terms_outside_the_schema_are_refused_by_name(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(BadTerms) as refusal:
        parsed(**changes)

    assert named in str(refusal.value)


NEW = ("must_have", "caps", "submission", "extension", "grace", "dues", "takes_over_running", "checklist")


def test_row_from_before_the_newer_terms_is_read_with_nothing_known() -> None:
    old = {key: value for key, value in shipped()["aapc-2015"].items() if key not in (*NEW, "apprentice")}
    old["buckets"] = [
        {name: value for name, value in bucket.items() if name != "by_provider"} for bucket in old["buckets"]
    ]

    found = parse_terms(
        old,
        cycle_months=24,
        anchor="renewal_month",
        minutes_per_ceu=60,
        min_remainder_minutes=None,
        carry_over=None,
    )

    assert (found.must_have, found.caps, found.checklist, found.apprentice) == (frozenset(), (), (), None)
    assert (found.dues, found.extension, found.grace) == (Dues.UNKNOWN, Extension(), Grace())
    assert not any(bucket.by_provider for bucket in found.buckets)


@pytest.mark.parametrize("key", shipped())
def test_every_shipped_row_says_all_there_is_to_say(key: str) -> None:
    assert set(NEW) <= set(shipped()[key]) and "apprentice" in shipped()[key]


def test_aapc_asks_for_index_numbers_yearly_dues_and_fifty_dollars_for_more_time() -> None:
    found = rule("aapc-2015")

    assert found.must_have == {"index_number"}
    assert found.dues is Dues.YEARLY
    assert found.extension == Extension(fee=Decimal(50), days=None)
    assert [(cap.activity, cap.limit(Decimal(36)), cap.confidence) for cap in found.caps] == [
        ("teaching", None, "memory"),
        ("writing", None, "memory"),
    ]
    assert [step.key for step in found.checklist] == ["dues", "report", "upload", "keep"]


def test_aaham_takes_reports_for_thirty_days() -> None:
    assert rule("aaham-cct").submission.closes_days_after == 30


def test_apprentice_mark_goes_by_work_or_course_or_practicode() -> None:
    found = rule("aapc-2015").apprentice

    assert found is not None and found.certifications == {"cpc", "coc"}
    assert [[(n.key, n.unit.value, int(n.amount)) for n in route.needs] for route in found.routes] == [
        [("work", "months", 24)],
        [("work", "months", 12), ("course", "hours", 80)],
        [("work", "months", 12), ("practicode", "cases", 600)],
        [("course", "hours", 80), ("practicode", "cases", 600)],
    ]


def test_limit_in_percent_is_cut_and_unknown_without_a_requirement() -> None:
    cap = Cap("quiz", "Quizzes", percent=Decimal(33))

    assert cap.limit(Decimal(10)) == Decimal("3.30")
    assert cap.limit(None) is None


@pytest.mark.parametrize("key", shipped())
def test_every_shipped_rule_set_is_read(key: str) -> None:
    assert rule(key).cycle_months in (24, 36)


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_more_minutes_never_earn_less(one: int, more: int) -> None:
    for key in ("aapc-2015", "ahima-2025"):
        less, greater = ceus_from_minutes(one, rule(key)), ceus_from_minutes(one + more, rule(key))
        assert less is not None and greater is not None and less <= greater
