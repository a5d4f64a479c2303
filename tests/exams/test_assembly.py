"""Drawing a form: exact, repeatable, never two questions that give each other away."""

from datetime import UTC, datetime, timedelta
from random import Random

from courses.exams.assembly import Candidate, draw

SEEN = datetime(2026, 1, 1, tzinfo=UTC)
COUNTS = {1: 4, 2: 3, 3: 2}


def bank_with_a_form(rng: Random) -> list[Candidate]:
    """A thin bank that holds a complete form for ``COUNTS``, with groups that span domains."""
    pool = []
    for domain, count in COUNTS.items():
        for number in range(count):
            pool.append(Candidate(len(pool) + 1, domain, group=f"g{domain}{number}"))
    groups = [one.group for one in pool]
    for _number in range(rng.randrange(8)):
        seen = SEEN + timedelta(days=rng.randrange(9)) if rng.random() < 0.5 else None
        pool.append(Candidate(len(pool) + 1, rng.choice([1, 2, 3]), rng.choice([*groups, ""]), seen))
    rng.shuffle(pool)
    return pool


def test_draw_over_a_thousand_seeds_is_exact() -> None:
    for seed in range(1000):
        pool = bank_with_a_form(Random(seed))
        form = draw(COUNTS, pool, seed=seed)
        by_id = {one.id: one for one in pool}
        drawn = [by_id[pick] for pick in form.picks]
        groups = [one.group for one in drawn if one.group]
        assert form.short == {}
        assert len(set(form.picks)) == len(form.picks)
        assert {d: sum(one.domain == d for one in drawn) for d in COUNTS} == COUNTS
        assert len(set(groups)) == len(groups)


def test_draw_is_the_same_for_the_same_seed_whatever_the_order_of_the_pool() -> None:
    pool = bank_with_a_form(Random(1))
    assert draw(COUNTS, pool, seed=7) == draw(COUNTS, pool[::-1], seed=7)
    assert len({draw(COUNTS, pool, seed=seed).picks for seed in range(20)}) > 1


def test_draw_takes_unseen_questions_first_then_those_seen_longest_ago() -> None:
    pool = [Candidate(n, 1, last_seen=SEEN + timedelta(days=n)) for n in range(1, 6)]
    pool += [Candidate(n, 1) for n in range(6, 8)]
    for seed in range(50):
        assert set(draw({1: 4}, pool, seed=seed).picks) == {6, 7, 1, 2}


def test_draw_names_short_domains_and_pads_nothing() -> None:
    pool = [Candidate(1, 1), Candidate(2, 1), Candidate(3, 2, "g"), Candidate(4, 2, "g")]
    form = draw({1: 2, 2: 3, 3: 1}, pool, seed=0)
    assert form.short == {2: 2, 3: 1}
    assert len(form.picks) == 3


def test_draw_of_nothing_is_empty() -> None:
    assert draw({}, [], seed=0).picks == ()
