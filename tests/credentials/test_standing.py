from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from courses.credentials.cycles import Period
from courses.credentials.rules import Bucket, Required, Rule
from courses.credentials.standing import Earned, Held, Standing, standing
from tests.credentials.conftest import rule

FULL = Period(date(2025, 4, 1), date(2027, 4, 1))
TODAY = date(2026, 11, 23)
LONG_HELD = date(2020, 5, 4)


def did(
    ceus: str | int,
    *topics: str,
    on: date = date(2026, 1, 10),
    provider: str = "AHIMA",
    index_number: str = "A1",
    **fields: Any,
) -> Earned:
    return Earned(on, Decimal(ceus), frozenset(topics), provider, index_number=index_number, **fields)


def stand(held: Iterable[str], *credits: Earned, key: str = "aapc-2015", period: Period = FULL) -> Standing:
    return standing(rule(key), [Held(one, LONG_HELD) for one in held], credits, period, TODAY)


def parts(of: Standing) -> dict[str, tuple[Decimal, Decimal]]:
    return {bucket.key: (bucket.earned, bucket.required) for bucket in of.buckets}


def test_cpc_and_cpma_ask_40_with_16_auditing() -> None:
    found = stand(["cpc", "cpma"], did(24), did(10, "auditing"))

    assert (found.required, found.earned, found.short) == (40, 34, 6)
    assert parts(found) == {"auditing": (10, 16)}
    assert found.fewest == 6
    assert found.days_left == 128 and found.ends_on == date(2027, 4, 1)


def test_ccs_and_cdip_ask_40_with_32_hiim_and_16_ahima() -> None:
    found = stand(["ccs", "cdip"], did(16, "hiim", "ahima"), key="ahima-2025")

    assert (found.required, found.short) == (40, 24)
    assert parts(found) == {"hiim": (16, 32), "ahima": (16, 16)}


def test_total_reached_is_not_met_while_a_part_is_short() -> None:
    found = stand(["cpc", "cpma"], did(40))

    assert found.short == 0 and not found.is_met
    assert found.fewest == 16


def test_met_when_all_is_there() -> None:
    assert stand(["cpc", "cpma"], did(24), did(16, "auditing")).is_met


def test_days_count_to_the_last_day() -> None:
    def left(today: date) -> int:
        return standing(rule("aapc-2015"), [Held("cpc", LONG_HELD)], [], FULL, today).days_left

    assert left(date(2027, 3, 31)) == 0
    assert left(date(2027, 3, 30)) == 1
    assert left(date(2027, 4, 1)) == -1


def test_only_what_was_completed_in_the_period_counts() -> None:
    days = [date(2025, 3, 31), date(2025, 4, 1), date(2027, 3, 31), date(2027, 4, 1)]

    found = stand(["cpc"], *(did(10**i, on=day) for i, day in enumerate(days)))

    assert found.earned == 110


def test_nothing_counts_before_certification() -> None:
    held = [Held("cpc", date(2026, 1, 10))]
    credits = [did(1, on=date(2026, 1, 9)), did(2, on=date(2026, 1, 10))]

    assert standing(rule("aapc-2015"), held, credits, FULL, TODAY).earned == 2


def test_part_counts_from_the_day_its_credential_was_earned() -> None:
    held = [Held("cpc", LONG_HELD), Held("cpma", date(2026, 6, 1))]
    credits = [did(4, "auditing", on=date(2026, 5, 31)), did(2, "auditing", on=date(2026, 6, 1))]

    found = standing(rule("aapc-2015"), held, credits, FULL, TODAY)

    assert found.earned == 6
    assert parts(found) == {"auditing": (2, 16)}


def test_first_short_cycle_is_reduced_in_proportion_and_rounded_up() -> None:
    short = Period(date(2026, 3, 10), date(2027, 4, 1))

    found = standing(rule("aapc-2015"), [Held("cpc", short.starts_on)], [], short, TODAY)

    assert (found.required, found.reduced_to_months) == (20, 13)


def test_number_of_the_body_replaces_the_rule() -> None:
    held = [Held("crcr", LONG_HELD)]

    assert standing(rule("hfma-crcr"), held, [], FULL, TODAY).required is None
    assert standing(rule("hfma-crcr"), held, [], FULL, TODAY, required=Decimal(18)).short == 18
    assert standing(None, held, [did(3)], FULL, TODAY, required=Decimal(18)).short == 15


def test_only_listed_providers_enter_a_part() -> None:
    ours = did(4, "ahima", provider="AHIMA Press")
    theirs = did(4, "ahima", provider="Somebody")

    assert parts(stand(["ccs"], ours, theirs, key="ahima-2025"))["ahima"] == (4, 8)


def test_one_ceu_fills_one_core_part_and_one_specialty() -> None:
    found = stand(["cpma", "cpco", "cedc"], did(16, "auditing", "compliance", "specialty"))

    filled = parts(found)
    assert filled["auditing"][0] + filled["compliance"][0] == 16
    assert filled["specialty:cedc"][0] == 16


def test_specialty_is_owed_once_for_each_credential() -> None:
    assert parts(stand(["cedc", "cemc"], did(16, "specialty"))) == {
        "specialty:cedc": (8, 8),
        "specialty:cemc": (8, 8),
    }


def test_ceus_that_fit_two_parts_go_where_they_are_needed() -> None:
    found = stand(["cpma", "cpco"], did(16, "auditing", "compliance"), did(16, "auditing"))

    assert parts(found) == {"auditing": (16, 16), "compliance": (16, 16)}


TOPICS = st.frozensets(st.sampled_from(["auditing", "compliance", "specialty", "documentation"]))
CREDITS = st.lists(
    st.builds(
        Earned,
        st.dates(FULL.starts_on - timedelta(days=2), FULL.ends_on + timedelta(days=2)),
        st.integers(1, 30).map(Decimal),
        TOPICS,
        index_number=st.just("A1"),
    ),
    max_size=8,
)
HELD = st.lists(st.sampled_from(["cpc", "cpma", "cpco", "cdeo", "cedc", "cemc"]), min_size=1, unique=True)


@given(HELD, CREDITS, CREDITS)
def test_more_credits_never_increase_the_shortfall(
    held: list[str], some: list[Earned], more: list[Earned]
) -> None:
    before, after = stand(held, *some), stand(held, *some, *more)

    assert after.short <= before.short
    assert after.fewest <= before.fewest
    assert sum(b.short for b in after.buckets) <= sum(b.short for b in before.buckets)


@given(HELD, CREDITS)
def test_no_core_ceu_is_counted_twice(held: list[str], credits: list[Earned]) -> None:
    found = stand(held, *credits)

    core = sum((b.earned for b in found.buckets if not b.key.startswith("specialty")), Decimal(0))
    assert core <= found.earned


@given(st.lists(st.tuples(st.integers(1, 3), st.frozensets(st.sampled_from("abc"), min_size=1)), max_size=3))
def test_parts_are_filled_as_far_as_brute_force_can(activities: list[tuple[int, frozenset[str]]]) -> None:
    wanted = {"a": 2, "b": 2, "c": 1}
    small = Rule(
        required=Required(by_count=(Decimal(5),)),
        buckets=tuple(Bucket(key, key, minimum=Decimal(n)) for key, n in wanted.items()),
    )
    credits = [Earned(FULL.starts_on, Decimal(n), topics) for n, topics in activities]
    units = [topics for n, topics in activities for _ in range(n)]
    best = max(
        sum(min(n, way.count(key)) for key, n in wanted.items())
        for way in product(*(sorted(topics) for topics in units))
    )

    found = standing(small, [Held("x", LONG_HELD)], credits, FULL, TODAY)

    assert sum(min(b.earned, b.required) for b in found.buckets) == best
    assert sum(b.earned for b in found.buckets) == len(units)
