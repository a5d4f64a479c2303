"""Drawing a form: exact, repeatable, never two questions that give each other away."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from courses.exams.actions.starting import draw_blueprint, draw_places
from courses.exams.assembly import Candidate, Form, draw
from courses.exams.models import (
    Attempt,
    Blueprint,
    Domain,
    Exposure,
    Question,
    QuestionCodeRef,
    QuestionRevision,
)
from courses.exams.models.bank import RANKS
from courses.exams.wanted import Place, places
from tests.exams.conftest import MakeBank

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


# --- from the bank -----------------------------------------------------------------------------------
@pytest.fixture
def domains(db: None) -> list[Domain]:
    return [Domain.objects.create(key=f"d{n}", title=f"Domain {n}") for n in range(4)]


def drawn(user: User | None, places: list[Place], at: datetime, seed: int = 1) -> Form:
    return draw_places(user, places, seed=seed, at=at)


def place(domain: Domain, count: int, *others: Domain, kinds: tuple[str, ...] = ("single",)) -> Place:
    return Place((domain.pk, *(one.pk for one in others)), count, kinds, domain.title)


def met(user: User, revisions: Iterable[QuestionRevision], attempt: Attempt, at: datetime) -> None:
    Exposure.objects.bulk_create(
        Exposure(
            user=user,
            question_id=one.question_id,
            first_item=attempt.items.all()[0],
            first_mode="exam",
            first_points=1,
            first_at=at,
            last_points=1,
            last_at=at + timedelta(days=number),
        )
        for number, one in enumerate(revisions)
    )


def test_draw_places_over_fifty_seeds_is_exact(
    make_bank: MakeBank, domains: list[Domain], at: datetime
) -> None:
    for number, domain in enumerate(domains):
        make_bank(
            40, domain=domain, prefix=f"b{number}", exclusion_group=lambda n: f"g{n % 15}" if n % 3 else ""
        )
    where = dict(QuestionRevision.objects.values_list("pk", "domain"))
    group = dict(QuestionRevision.objects.values_list("pk", "exclusion_group"))
    places = [place(domain, count) for domain, count in zip(domains, (7, 5, 3, 1), strict=True)]
    seen = set()
    for seed in range(50):
        form = drawn(None, places, at, seed)
        groups = [group[pick] for pick in form.picks if group[pick]]
        assert form.short == {}
        assert [len(form.by_domain[n]) for n in range(4)] == [7, 5, 3, 1]
        assert all({where[pick] for pick in form.by_domain[n]} == {domains[n].pk} for n in range(4))
        assert len(set(groups)) == len(groups)
        assert form == drawn(None, places, at, seed)
        seen.add(form.picks)
    assert len(seen) == 50


def test_draw_places_reads_on_when_a_group_fills_what_was_read(
    make_bank: MakeBank, domains: list[Domain], at: datetime
) -> None:
    # eleven may stand beside each other, and they lie anywhere among ninety that give each other away
    make_bank(100, domain=domains[0], exclusion_group=lambda n: "same" if n >= 10 else "")
    for seed in range(20):
        assert drawn(None, [place(domains[0], 11)], at, seed).short == {}
    assert drawn(None, [place(domains[0], 12)], at).short == {0: 1}


def test_draw_places_gives_no_question_two_places(
    make_bank: MakeBank, domains: list[Domain], at: datetime
) -> None:
    make_bank(60, domain=domains[0])
    form = drawn(None, [place(domains[0], 20)] * 3, at)
    assert form.short == {}
    assert len(set(form.picks)) == 60


def test_draw_places_fills_a_section_from_several_domains_together(
    make_bank: MakeBank, domains: list[Domain], at: datetime
) -> None:
    make_bank(50, domain=domains[0], prefix="large")
    make_bank(3, domain=domains[1], prefix="small")
    where = dict(QuestionRevision.objects.values_list("pk", "domain"))
    form = drawn(None, [place(domains[0], 30, *domains[1:])], at)
    counts = Counter(where[pick] for pick in form.picks)
    assert (form.short, len(form.picks)) == ({}, 30)
    assert counts[domains[0].pk] >= 27
    assert drawn(None, [place(domains[0], 60, *domains[1:])], at).short == {0: 7}


def test_draw_places_takes_what_the_person_has_not_met_then_what_was_met_longest_ago(
    make_bank: MakeBank, domains: list[Domain], attempt: Attempt, other: User, at: datetime
) -> None:
    bank = make_bank(30, domain=domains[0])
    known = bank[:25]
    met(attempt.user, known, attempt, at)
    met(other, bank[25:], attempt, at)
    for seed in range(20):
        form = drawn(attempt.user, [place(domains[0], 9)], at, seed)
        assert set(form.picks) == {one.pk for one in [*bank[25:], *known[:4]]}


def test_draw_places_never_takes_what_is_no_longer_asked(
    make_bank: MakeBank, domains: list[Domain], at: datetime
) -> None:
    bank = make_bank(12, domain=domains[0])
    Question.objects.filter(revisions=bank[0]).update(retired_at=at)
    Question.objects.filter(revisions=bank[1]).update(retired_at=at + timedelta(days=1))  # not yet
    states = ("gone", "not_billable", "ok")
    QuestionCodeRef.objects.bulk_create(
        QuestionCodeRef(revision=one, system="icd10cm", code="E11.9", role="code", state=state)
        for one, state in zip(bank[2:5], states, strict=True)
    )
    QuestionRevision.objects.filter(pk=bank[5].pk).update(published_at=at + timedelta(days=1))
    QuestionRevision.objects.filter(pk=bank[6].pk).update(published_at=None)
    QuestionRevision.objects.filter(pk=bank[7].pk).update(kind="multiple")
    newer = QuestionRevision.objects.get(pk=bank[8].pk)
    newer.pk, newer.number = None, newer.number + 1
    newer.save()
    form = drawn(None, [place(domains[0], 12)], at)
    assert set(form.picks) == {*(bank[n].pk for n in (1, 4, 9, 10, 11)), newer.pk}
    assert form.short == {0: 6}
    other_kind = drawn(None, [place(domains[0], 1, kinds=("multiple", "entry"))], at)
    assert other_kind.picks == (bank[7].pk,)


def test_draw_places_reads_a_large_bank_by_its_index(
    make_bank: MakeBank, domains: list[Domain], at: datetime, student: User
) -> None:
    for number, domain in enumerate(domains):
        make_bank(400, domain=domain, prefix=f"b{number}")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with CaptureQueriesContext(connection) as captured:
        drawn(student, [place(domain, 5) for domain in domains], at)
    assert len(captured) == 1
    explain = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
    read: list[str] = []

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        execute(explain + sql, params, many, context)
        read.extend(str(row[-1]) for row in context["cursor"].fetchall())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        drawn(student, [place(domain, 5) for domain in domains], at)
    # PostgreSQL plans all domains as one
    times = 1 if connection.vendor == "postgresql" else 4
    assert sum("exams_question_drawn" in line for line in read) == times, "\n".join(read)
    assert not any("Seq Scan on exams_questionrevision" in line for line in read)


def test_ranks_made_in_one_bulk_do_not_cluster(make_bank: MakeBank, domains: list[Domain]) -> None:
    make_bank(800, domain=domains[0])
    eighths = Counter(rank * 8 // RANKS for rank in QuestionRevision.objects.values_list("rank", flat=True))
    assert set(eighths) == set(range(8))
    assert max(eighths.values()) < 160 and min(eighths.values()) > 50


# --- what a section asks for -------------------------------------------------------------------------
def asked(
    make_exam: Callable[..., Blueprint], *, key: str = "a", **section: Any
) -> list[tuple[int, int, tuple[str, ...]]]:
    """Domains, count and kinds of each place of a section."""
    blueprint = make_exam(section, key=key)
    found = places(blueprint.sections.prefetch_related("domains__domain").get())
    return [(len(one.domains), one.count, one.kinds) for one in found]


def test_places_of_counts_shares_and_the_rest(
    make_exam: Callable[..., Blueprint], domains: list[Domain]
) -> None:
    share = {"percent_low": 20, "percent_high": 30}
    only = {"kinds": ["single"], "count": 20}
    counted = [{"domain": domains[0], "count": 6}]
    shared = [{"domain": one, "percent_low": 25, "percent_high": 25} for one in domains]
    unknown = [{"domain": one} for one in domains]
    mixed = [{"domain": domains[0]} | share, {"domain": domains[1]}]

    assert asked(make_exam, **only, domains=counted) == [(1, 6, ("single",))]
    assert asked(make_exam, **only, key="b", domains=shared) == [(1, 5, ("single",))] * 4
    assert asked(make_exam, **only, key="c", domains=unknown) == [(4, 20, ("single",))]
    found = asked(make_exam, **only, key="d", domains=mixed)
    assert sum(count for _domains, count, _kinds in found) == 20
    assert 4 <= found[0][1] <= 6


def test_section_without_kinds_asks_all_but_case_sets(make_exam: Callable[..., Blueprint]) -> None:
    ((_domains, count, kinds),) = asked(make_exam, count=3)
    assert count == 3
    assert "case_set" not in kinds and {"single", "multiple", "entry"} <= set(kinds)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**48))
def test_start_attempt_has_exactly_the_counts_of_its_blueprint(
    seed: int, student: User, make_exam: Callable[..., Blueprint], domains: list[Domain], at: datetime
) -> None:
    if not Blueprint.objects.exists():
        make_exam(
            {"domains": [{"domain": domains[0], "count": 3}, {"domain": domains[1], "count": 2}]},
            {"domains": [{"domain": domains[2], "count": 4}]},
        )
        for number, domain in enumerate(domains):
            QuestionRevision.objects.filter(
                question__key__in=[f"exam-{n}" for n in range(number, 9, 4)]
            ).update(domain=domain)
    parts, lacking = draw_blueprint(student, Blueprint.objects.get(), seed=seed, at=at)
    again, _lacking = draw_blueprint(student, Blueprint.objects.get(), seed=seed, at=at)
    assert parts == again
    assert [len(part.picks) for part in parts] == [5, 2]
    assert lacking == [{"title": "Domain 2", "count": 2}]
