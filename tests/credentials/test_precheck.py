from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from courses.credentials.precheck import Gap, Row, precheck
from tests.credentials.conftest import rule

WHOLE = Row(
    key="1",
    title="Auditing webinar",
    completed_on=date(2026, 3, 4),
    ceus=Decimal(2),
    minutes=120,
    provider="AAPC",
    index_number="ABC123",
    has_certificate=True,
)


def test_activity_with_all_fields_has_no_gap() -> None:
    found = precheck(rule("aapc-2015"), [WHOLE])

    assert found.is_known and found.is_complete
    assert found.looked_at == 1
    assert found.asked == (
        *(Gap.TITLE, Gap.PROVIDER, Gap.DATE, Gap.CEUS, Gap.INDEX_NUMBER),
        Gap.CERTIFICATE,
    )


@pytest.mark.parametrize(
    ("gap", "lacking"),
    [
        (Gap.TITLE, {"title": " "}),
        (Gap.PROVIDER, {"provider": ""}),
        (Gap.DATE, {"completed_on": None}),
        (Gap.CEUS, {"ceus": None}),
        (Gap.INDEX_NUMBER, {"index_number": "  "}),
        (Gap.CERTIFICATE, {"has_certificate": False}),
    ],
)
def test_each_field_that_aapc_asks_for_is_missed(gap: Gap, lacking: dict[str, object]) -> None:
    found = precheck(rule("aapc-2015"), [replace(WHOLE, **lacking)])  # type: ignore[arg-type]

    assert [one.gaps for one in found.findings] == [(gap,)]


def test_field_that_the_body_does_not_ask_for_is_not_missed() -> None:
    aapc = precheck(rule("aapc-2015"), [replace(WHOLE, minutes=None)])
    ahima = precheck(rule("ahima-2025"), [replace(WHOLE, index_number="")])

    assert aapc.is_complete and ahima.is_complete


def test_ahima_asks_for_minutes() -> None:
    found = precheck(rule("ahima-2025"), [replace(WHOLE, minutes=None)])

    assert [one.gaps for one in found.findings] == [(Gap.MINUTES,)]


def test_several_gaps_come_in_one_finding_and_the_oldest_activity_first() -> None:
    bare = replace(WHOLE, key="2", completed_on=date(2025, 1, 1), index_number="", has_certificate=False)

    found = precheck(rule("aapc-2015"), [replace(WHOLE, provider=""), bare])

    assert [(one.row.key, one.gaps) for one in found.findings] == [
        ("2", (Gap.INDEX_NUMBER, Gap.CERTIFICATE)),
        ("1", (Gap.PROVIDER,)),
    ]


def test_returned_activity_is_a_gap_though_all_fields_are_there() -> None:
    found = precheck(rule("aapc-2015"), [replace(WHOLE, returned="The date is cut off.")])

    assert [one.gaps for one in found.findings] == [(Gap.RETURNED,)]


def test_without_a_rule_nothing_is_known() -> None:
    found = precheck(None, [replace(WHOLE, provider="")])

    assert not found.is_known
    assert found.findings == ()


def test_field_that_the_portal_does_not_record_is_named() -> None:
    found = precheck(replace(rule("aapc-2015"), evidence_fields=("title", "signature")), [WHOLE])

    assert found.unrecorded == ("signature",)
    assert found.is_complete
