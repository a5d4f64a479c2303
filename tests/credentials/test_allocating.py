from collections.abc import Mapping, Sequence
from itertools import combinations
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from courses.credentials.allocating import Ask, Given, Offer, allocate
from courses.credentials.maximizing import maximize

#: Auditing, compliance, and a specialty that shares with both.
AAPC = Ask((16, 16, 8), frozenset({(0, 2), (1, 2)}))


def test_what_two_parts_may_share_fills_both_at_once() -> None:
    found = allocate(AAPC, [Offer(10, (0, 2))], {})

    assert found.pieces == [[(10, (0, 2))]]
    assert found.earned == [10, 0, 10]
    assert found.lacks == [(6, (0,)), (16, (1,))]


def test_what_rivals_want_goes_to_one_of_them() -> None:
    found = allocate(AAPC, [Offer(10, (0, 1))], {})

    assert found.earned == [10, 0, 0]


def test_later_offer_moves_an_earlier_one_only_where_that_fills_more() -> None:
    first, second = Offer(16, (0, 1)), Offer(16, (0,))

    assert allocate(AAPC, [first, second], {}).pieces == [[(16, (1,))], [(16, (0,))]]
    assert allocate(AAPC, [second, first], {}).pieces == [[(16, (0,))], [(16, (1,))]]
    assert allocate(AAPC, [first, Offer(16, (1,))], {}).pieces == [[(16, (0,))], [(16, (1,))]]


def test_what_is_over_stays_in_the_first_part_that_it_fits() -> None:
    assert allocate(AAPC, [Offer(40, (0, 1))], {}).earned == [24, 16, 0]


def test_exceeded_cap_lets_the_useful_count() -> None:
    offers = [Offer(10, (), "teaching"), Offer(10, (0,), "teaching")]

    found = allocate(AAPC, offers, {"teaching": 12})

    assert found.counts == [2, 10]
    assert found.earned == [10, 0, 0]


def test_cap_that_is_not_exceeded_changes_nothing() -> None:
    offers = [Offer(10, (0, 1), "teaching"), Offer(16, (0,))]

    assert allocate(AAPC, offers, {"teaching": 10}) == allocate(AAPC, offers, {})


def test_capped_ceus_go_where_they_serve_two_parts_at_once() -> None:
    offers = [Offer(8, (0,), "teaching"), Offer(8, (0, 2), "teaching")]

    found = allocate(AAPC, offers, {"teaching": 8})

    assert found.counts == [0, 8]
    assert found.earned == [8, 0, 8]


def test_parts_that_share_in_no_groups_are_filled_too() -> None:
    """A third part shares with neither of two that share with each other."""
    ask = Ask((4, 4, 4), frozenset({(0, 1)}))

    found = allocate(ask, [Offer(8, (0, 1, 2))], {})

    assert found.earned == [4, 4, 4]
    assert found.lacks == []


def test_fewest_further_may_be_less_than_what_a_part_is_short_of_now() -> None:
    """One further CEU that fills both parts lets the capped ones be shared out anew."""
    ask = Ask((2, 3), frozenset({(0, 1)}))

    found = allocate(ask, [Offer(2, (0,), "quiz"), Offer(3, (1,), "quiz")], {"quiz": 3})

    assert sum(found.counts) == 3
    assert found.lacks == [(1, (0, 1))]


# --- the proof: as good as trying everything ----------------------------------------------------------------
PARTS = st.lists(st.integers(0, 4), min_size=0, max_size=3)
KINDS = st.sampled_from(["quiz", "teaching", "course"])
CAPS = st.dictionaries(st.sampled_from(["quiz", "teaching"]), st.integers(0, 6), max_size=2)


@st.composite
def cases(draw: st.DrawFn, most: int = 5) -> tuple[Ask, list[Offer], dict[str, int]]:
    wanted = tuple(draw(PARTS))
    numbers = range(len(wanted))
    pairs = list(combinations(numbers, 2))
    shares = draw(st.frozensets(st.sampled_from(pairs))) if pairs else frozenset()
    fits = st.lists(st.sampled_from(numbers), unique=True).map(sorted).map(tuple) if wanted else st.just(())
    offers = draw(st.lists(st.builds(Offer, st.integers(1, 4), fits, KINDS), max_size=most))
    return Ask(wanted, shares), offers, draw(CAPS)


def ways_of(ask: Ask, fits: Sequence[int]) -> list[tuple[int, ...]]:
    """Every set of parts that one CEU may fill at once."""
    return [
        way
        for size in range(len(fits) + 1)
        for way in combinations(fits, size)
        if all(pair in ask.shares for pair in combinations(way, 2))
    ]


def reachable(ask: Ask, offers: Sequence[Offer], caps: Mapping[str, int]) -> set[tuple[int, tuple[int, ...]]]:
    """By trying everything, unit by unit: every total together with what each part then has."""
    kinds = sorted(caps)
    states = {(0, (0,) * len(kinds), (0,) * len(ask.wanted))}
    for offer in offers:
        for _ in range(offer.amount):
            further = set(states)
            for total, used, has in states:
                spent = tuple(n + (kind == offer.kind) for n, kind in zip(used, kinds, strict=True))
                if any(n > caps[kind] for n, kind in zip(spent, kinds, strict=True)):
                    continue
                for way in ways_of(ask, offer.fits):
                    now = tuple(min(n + (i in way), ask.wanted[i]) for i, n in enumerate(has))
                    further.add((total + 1, spent, now))
            states = further
    return {(total, has) for total, _, has in states}


def met(ask: Ask, found: Given) -> int:
    return sum(map(min, found.earned, ask.wanted))


@given(cases())
@example((Ask((2, 3), frozenset({(0, 1)})), [Offer(2, (0,), "quiz"), Offer(3, (1,), "quiz")], {"quiz": 3}))
@example((Ask((2, 2, 2), frozenset({(0, 1), (1, 2)})), [Offer(4, (0, 1, 2))], {}))
def test_nothing_better_is_found_by_trying_everything(case: tuple[Ask, list[Offer], dict[str, int]]) -> None:
    ask, offers, caps = case

    found = allocate(ask, offers, caps)

    best = max((total, sum(has)) for total, has in reachable(ask, offers, caps))
    assert (sum(found.counts), met(ask, found)) == best


@given(cases(most=4))
def test_fewest_further_are_found_by_trying_everything(case: tuple[Ask, list[Offer], dict[str, int]]) -> None:
    ask, offers, caps = case

    found = allocate(ask, offers, caps)

    ways = ways_of(ask, range(len(ask.wanted)))
    states = {has for _, has in reachable(ask, offers, caps)}
    further = 0
    while ask.wanted not in states:
        further += 1
        states |= {
            tuple(min(n + (i in way), ask.wanted[i]) for i, n in enumerate(has))
            for has in states
            for way in ways
        }
    assert sum(n for n, _ in found.lacks) == further


@given(cases())
def test_nothing_is_given_that_is_not_there_or_not_allowed(
    case: tuple[Ask, list[Offer], dict[str, int]],
) -> None:
    ask, offers, caps = case

    found = allocate(ask, offers, caps)

    earned = [0] * len(ask.wanted)
    for offer, counts, pieces in zip(offers, found.counts, found.pieces, strict=True):
        assert 0 <= counts <= offer.amount
        assert sum(n for n, _ in pieces) <= counts
        for n, parts in pieces:
            assert n > 0 and parts and parts in ways_of(ask, offer.fits)
            for part in parts:
                earned[part] += n
    assert earned == found.earned
    for kind, cap in caps.items():
        assert sum(n for n, o in zip(found.counts, offers, strict=True) if o.kind == kind) <= cap


@given(cases(), st.integers(1, 4), st.randoms())
def test_further_offer_moves_nothing_unless_it_fills_more(
    case: tuple[Ask, list[Offer], dict[str, int]], amount: int, random: Random
) -> None:
    ask, offers, caps = case
    fits = tuple(part for part in range(len(ask.wanted)) if random.random() < 0.6)
    further = Offer(amount, fits, random.choice(["quiz", "teaching", "course"]))

    before, after = allocate(ask, offers, caps), allocate(ask, [*offers, further], caps)

    assert met(ask, after) >= met(ask, before)
    if met(ask, after) == met(ask, before):
        assert after.counts[:-1] == before.counts
        assert after.pieces[:-1] == before.pieces
    done = {kind: sum(o.amount for o in [*offers, further] if o.kind == kind) for kind in caps}
    if ask.groups() is not None and all(done[kind] <= cap for kind, cap in caps.items()):
        assert all(new >= old for new, old in zip(after.earned, before.earned, strict=True))


@pytest.mark.parametrize(
    ("goal", "limits", "best"),
    [
        ([1, 1], [({0: 2, 1: 1}, 3), ({0: 1, 1: 2}, 3)], [1, 1]),
        ([1, 1], [({0: 2, 1: 2}, 3)], [1, 0]),  # half of a unit is no answer
        ([5, 4], [({0: 6, 1: 4}, 24), ({0: 1, 1: 2}, 6)], [4, 0]),
        ([1], [({0: 1}, 0)], [0]),
        ([], [], []),
    ],
)
def test_whole_numbers_are_found(
    goal: list[int], limits: list[tuple[dict[int, int], int]], best: list[int]
) -> None:
    found = maximize(goal, limits, len(goal))

    assert sum(g * x for g, x in zip(goal, found, strict=True)) == sum(
        g * x for g, x in zip(goal, best, strict=True)
    )
    assert all(sum(n * found[v] for v, n in of.items()) <= limit for of, limit in limits)


@given(st.data())
def test_whole_numbers_are_as_good_as_trying_everything(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 3))
    numbers = st.integers(-2, 3)
    limits = [({v: 1}, data.draw(st.integers(0, 4))) for v in range(size)]
    for _ in range(data.draw(st.integers(0, 3))):
        limits.append(({v: data.draw(numbers) for v in range(size)}, data.draw(st.integers(0, 6))))
    goal = [data.draw(st.integers(0, 4)) for _ in range(size)]
    points: list[list[int]] = [[]]
    for v in range(size):
        points = [[*point, x] for point in points for x in range(limits[v][1] + 1)]
    best = max(
        sum(g * x for g, x in zip(goal, point, strict=True))
        for point in points
        if all(sum(n * point[v] for v, n in of.items()) <= limit for of, limit in limits)
    )

    found = maximize(goal, limits, size)

    assert sum(g * x for g, x in zip(goal, found, strict=True)) == best
