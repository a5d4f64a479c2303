"""Readiness: calibrated by simulation, equal to brute force, and silent without enough data."""

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courses.exams.readiness import CENTRES, ENOUGH, STRENGTHS, Estimate, Exposures, Readiness, readiness

#: A CPC-like exam of 100 questions.
WEIGHTS = {"surgery": 33.0, "e-m": 6.0, "icd": 10.0, "hcpcs": 6.0, "terms": 8.0, "rules": 37.0}


def ready(exposures: dict[str, Exposures], weights: dict[str, float] | None = None) -> Readiness:
    return readiness(weights or WEIGHTS, exposures, pass_percent=70, questions=100)


def estimate(exposures: dict[str, Exposures], weights: dict[str, float] | None = None) -> Estimate:
    found = ready(exposures, weights).estimate
    assert found is not None
    return found


def evenly(share: float, n: int) -> dict[str, Exposures]:
    return {domain: Exposures(share * n, n) for domain in WEIGHTS}


def answer(rng: Random, share: float, questions: int) -> int:
    return sum(rng.random() < share for _question in range(questions))


def test_nothing_is_estimated_below_thirty_questions() -> None:
    few = ready({"surgery": Exposures(20, ENOUGH - 1)})
    assert (few.n, few.missing, few.estimate) == (29, 1, None)
    enough = ready({"surgery": Exposures(20, ENOUGH)})
    assert (enough.n, enough.missing) == (30, 0)
    assert enough.estimate is not None


def test_exposures_in_other_domains_count_for_nothing() -> None:
    seen = {"surgery": Exposures(20, 29)}
    assert ready(seen | {"astrology": Exposures(40, 40)}) == ready(seen)
    assert ready(seen | {"icd": Exposures(40, 40)}, WEIGHTS | {"icd": 0}).n == 29


def test_weights_are_proportions_of_any_unit() -> None:
    seen = evenly(0.75, 10)
    halves = {domain: Decimal(str(weight)) / 2 for domain, weight in WEIGHTS.items()}
    found = readiness(halves, seen, pass_percent=Decimal(70), questions=100)
    assert found.estimate == estimate(seen)


def test_whoever_is_good_everywhere_is_not_pulled_towards_the_middle() -> None:
    # a flat prior in each of twenty domains would say (0.9 * 2 + 1) / 4 = 70 %
    weights = {f"d{number}": 5.0 for number in range(20)}
    seen = {domain: Exposures(1.8, 2) for domain in weights}
    assert estimate(seen, weights).percent > 85


def test_a_domain_without_data_leans_on_the_others_and_widens() -> None:
    full = evenly(0.8, 20)
    gap = {domain: one for domain, one in full.items() if domain != "surgery"}
    unseen = next(one for one in ready(gap).domains if one.domain == "surgery")
    assert 70 < unseen.percent < 85
    assert (unseen.n, unseen.points) == (0, 0)
    wide, narrow = estimate(gap).interval, estimate(full).interval
    assert wide.high - wide.low > 1.1 * (narrow.high - narrow.low)


def test_the_chance_rises_with_the_points_through_one_half_at_the_line() -> None:
    chances = [estimate(evenly(share, 50)).chance for share in (0.5, 0.6, 0.7, 0.8, 0.9)]
    assert chances == sorted(chances)
    assert chances[0] < 0.01
    assert chances[2] == pytest.approx(0.5, abs=0.06)
    assert chances[4] > 0.99


def test_what_would_move_it_most() -> None:
    seen = {domain: Exposures(16, 20) for domain in WEIGHTS} | {
        "icd": Exposures(2, 20),
        "rules": Exposures(0, 0),
    }
    found = ready(seen)
    # half of what is wrong in a tenth of the exam against the fifth of a third
    assert [one.domain for one in found.by_gain[:3]] == ["rules", "icd", "surgery"]
    doubts = [one.doubt for one in found.by_doubt]
    assert found.by_doubt[0].domain == "rules"
    assert doubts == sorted(doubts, reverse=True)
    icd = next(one for one in found.domains if one.domain == "icd")
    assert icd.weight == pytest.approx(0.10)
    assert icd.gain == pytest.approx(icd.weight * (100 - icd.percent))
    assert [one.domain for one in found.domains] == list(WEIGHTS)


@pytest.mark.parametrize(
    ("weights", "points", "questions"),
    [
        ({}, 1.0, 100),
        ({"a": 0}, 1.0, 100),
        ({"a": 2, "b": -1}, 1.0, 100),
        ({"a": 1}, 5.0, 100),
        ({"a": 1}, 1.0, 0),
    ],
)
def test_readiness_refuses_what_is_no_exam(weights: dict[str, float], points: float, questions: int) -> None:
    with pytest.raises(ValueError, match=r"An exam has|Points lie"):
        readiness(weights, {"a": Exposures(points, 4)}, pass_percent=70, questions=questions)


def test_readiness_equals_a_brute_force_of_its_model() -> None:
    """Draw persons from the prior, weigh each by the likelihood of the answers: no formula is shared."""
    rng = Random(4)
    weights = {"a": 3.0, "b": 1.0}
    shares, seen, questions = [0.75, 0.25], [Exposures(19, 25), Exposures(1, 5)], 20
    whole = mean = square = passed = 0.0
    for _person in range(150_000):
        centre, strength = rng.choice(CENTRES), rng.choice(STRENGTHS)
        knows = [rng.betavariate(strength * centre, strength * (1 - centre)) for _domain in seen]
        likelihood = 1.0
        for share, one in zip(knows, seen, strict=True):
            likelihood *= share**one.points * (1 - share) ** (one.n - one.points)
        if likelihood < 1e-12:  # of answers whose likelihood peaks near 1e-7
            continue
        score = sum(
            answer(rng, share, round(part * questions)) for share, part in zip(knows, shares, strict=True)
        )
        whole += likelihood
        mean += likelihood * score
        square += likelihood * score**2
        passed += likelihood * (score >= 14)
    mean, square, passed = mean / whole, square / whole, passed / whole
    found = readiness(weights, dict(zip(weights, seen, strict=True)), pass_percent=70, questions=questions)
    assert found.estimate is not None
    assert found.estimate.percent == pytest.approx(5 * mean, abs=0.5)
    half = 1.2816 * 5 * (square - mean**2) ** 0.5
    assert found.estimate.interval.high - found.estimate.percent == pytest.approx(half, abs=0.5)
    assert found.estimate.chance == pytest.approx(passed, abs=0.02)


@pytest.mark.parametrize(("asked", "strength"), [(40, 8), (120, 30)])
def test_the_interval_and_the_chance_are_honest(asked: int, strength: int) -> None:
    """Simulated people sit one exam each; none of them is drawn from the grid of the model."""
    rng, people = Random(asked), 200
    inside = passed = 0
    promised = 0.0
    for _person in range(people):
        centre = rng.uniform(0.45, 0.92)
        knows = {domain: rng.betavariate(strength * centre, strength * (1 - centre)) for domain in WEIGHTS}
        met = rng.choices(list(WEIGHTS), k=asked)
        found = estimate(
            {
                domain: Exposures(answer(rng, knows[domain], met.count(domain)), met.count(domain))
                for domain in WEIGHTS
            }
        )
        score = sum(answer(rng, knows[domain], int(weight)) for domain, weight in WEIGHTS.items())
        inside += found.interval.low <= score <= found.interval.high
        passed += score >= 70
        promised += found.chance
    assert 0.76 <= inside / people <= 0.88
    assert promised / people == pytest.approx(passed / people, abs=0.05)


seen_by_domain = st.fixed_dictionaries(
    {},
    optional={
        domain: st.integers(0, 60).flatmap(
            lambda n: st.builds(
                Exposures, st.integers(0, 4 * n).map(lambda quarters: quarters / 4), st.just(n)
            )
        )
        for domain in WEIGHTS
    },
)


@settings(max_examples=40)  # a case takes 10 ms
@given(seen_by_domain)
def test_readiness_stays_within_bounds(seen: dict[str, Exposures]) -> None:
    found = ready(seen)
    assert found.n == sum(one.n for one in seen.values())
    assert (found.estimate is None) == (found.n < ENOUGH)
    assert sum(one.weight for one in found.domains) == pytest.approx(1)
    for one in found.domains:
        assert 0 <= one.interval.low <= one.percent <= one.interval.high <= 100
        assert one.gain >= 0 and one.doubt > 0
    if found.estimate:
        assert (
            0 <= found.estimate.interval.low <= found.estimate.percent <= found.estimate.interval.high <= 100
        )
        assert 0 <= found.estimate.chance <= 1
        by_domain = sum(one.weight * one.percent for one in found.domains)
        assert found.estimate.percent == pytest.approx(by_domain)


@settings(max_examples=40)
@given(seen_by_domain, st.sampled_from(sorted(WEIGHTS)))
def test_one_more_right_answer_raises_its_domain_as_bayes_says(
    seen: dict[str, Exposures], domain: str
) -> None:
    """The mean after a right answer is E[p²] / E[p], whatever the prior: this checks the uncertainty too."""
    had = seen.get(domain, Exposures(0, 0))
    more = seen | {domain: Exposures(had.points + 1, had.n + 1)}
    before, after = (
        next(one for one in ready(answers).domains if one.domain == domain) for answers in (seen, more)
    )
    deviation = before.doubt / before.weight
    assert after.percent == pytest.approx(before.percent + deviation**2 / before.percent)
