from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.credentials.rules import BadTerms, Rule, ceus_from_minutes, demands, parse_terms, required_ceus
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


@pytest.mark.parametrize("key", shipped())
def test_every_shipped_rule_set_is_read(key: str) -> None:
    assert rule(key).cycle_months in (24, 36)


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_more_minutes_never_earn_less(one: int, more: int) -> None:
    for key in ("aapc-2015", "ahima-2025"):
        less, greater = ceus_from_minutes(one, rule(key)), ceus_from_minutes(one + more, rule(key))
        assert less is not None and greater is not None and less <= greater
