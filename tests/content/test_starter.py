"""The pack that ships: complete, and every code in it is in the book as the text says."""

from collections.abc import Iterator

import pytest
from django.utils import timezone

from courses.codesets.actions import package_source
from courses.codesets.formats import icd10cm_tabular
from courses.content.deciding import Outcome
from courses.content.load import load_pack
from courses.content.management.commands.load_content import PACKS
from courses.content.parse import read_pack
from courses.content.pieces import Pack
from courses.exams import kinds
from courses.exams.actions.starting import draw_blueprint
from courses.exams.models import Blueprint
from courses.exams.wanted import places
from portal.lib.markdown import plain, references
from portal.pages.links import link_target
from tests.conftest import LONG_AGO


@pytest.fixture(scope="module")
def pack() -> Pack:
    return read_pack(PACKS / "starter")


@pytest.fixture(scope="module")
def billable() -> dict[str, bool]:
    """Every code of the book, and whether it may be reported."""
    with package_source().path.open("rb") as stream:
        entries = icd10cm_tabular.parse(stream).entries
    book = {entry.code: False for entry in entries if entry.kind in ("chapter", "block")}
    return book | {entry.code: entry.is_billable for entry in entries if entry.kind in ("category", "code")}


def codes_in(pack: Pack) -> Iterator[tuple[str, str, str]]:
    """Each ICD-10-CM code as (where, code, role)."""
    for lesson in pack.lessons:
        yield from (
            (lesson.file, code, role)
            for _l, system, code, role in references(lesson.source)
            if system == "icd10cm"
        )
    for section in pack.guide:
        yield from (
            (section.file, code, role)
            for _l, system, code, role in references(section.source)
            if system == "icd10cm"
        )
    for question in pack.questions:
        kind = kinds.get(question.kind)
        for text in (question.stem, *kind.texts(question.source)):
            yield from (
                (question.key, code, role)
                for _l, system, code, role in references(text)
                if system == "icd10cm"
            )
        yield from (
            (question.key, code, "code")
            for system, code in kind.codes(question.source)
            if system == "icd10cm"
        )


def test_every_code_exists_and_is_billable_where_the_text_says_so(
    pack: Pack, billable: dict[str, bool]
) -> None:
    named = list(codes_in(pack))

    gone = [(where, code) for where, code, role in named if role != "invalid" and code not in billable]
    incomplete = [(where, code) for where, code, role in named if role == "code" and not billable.get(code)]
    complete = [(where, code) for where, code, role in named if role != "code" and billable.get(code)]
    assert len({code for _where, code, _role in named}) > 200
    assert (gone, incomplete, complete) == ([], [], [])


def test_every_tabular_citation_is_in_the_book(pack: Pack, billable: dict[str, bool]) -> None:
    texts = [(p.key, p.citations) for p in pack.lessons] + [(p.key, p.citations) for p in pack.questions]
    cited = [(key, ref) for key, citations in texts for kind, ref in citations if kind == "tabular"]

    assert [(key, ref) for key, ref in cited if ref not in billable] == []


def test_starter_has_the_lessons_it_promises(pack: Pack) -> None:
    long = [lesson.key for lesson in pack.lessons if len(plain(lesson.source).split()) >= 600]

    assert len(pack.courses) == 3 and len(long) >= 9
    assert [lesson.key for lesson in pack.lessons if "[[checkpoint:" not in lesson.source] == []
    assert [lesson.key for lesson in pack.lessons if "\n|" not in lesson.source] == []


def test_starter_has_the_questions_it_promises(pack: Pack) -> None:
    assert len(pack.questions) >= 60
    assert [q.key for q in pack.questions if not q.citations or kinds.get(q.kind).gaps(q.source)] == []


def test_practice_exam_finds_enough_questions(pack: Pack) -> None:
    practice = next(one for one in pack.blueprints if one.key == "foundations-practice")
    for share in practice.sections[0].domains:
        assert sum(question.domain == share.domain for question in pack.questions) >= (share.count or 0)


@pytest.mark.parametrize(
    ("key", "counts", "pretest"),
    [
        ("cpc-mock", [90, 10], 0),
        ("coc-mock", [90, 10], 0),
        ("cic-mock", [40, 7], 0),
        ("ccs-mock", [97, 8], 20),
        ("crc-mock", [90, 10], 0),
        ("cpb-mock", [135], 0),
        ("cpma-mock", [99], 0),  # what is published comes to 99
        ("cdeo-mock", [90, 10], 0),
        ("cppm-mock", [135], 0),
        ("cca-mock", [105], 15),
        ("ccs-p-mock", [121], 24),
        ("rhit-mock", [150], 20),
        ("rhia-mock", [150], 20),
        ("cdip-mock", [140], 0),
    ],
)
def test_mock_exam_is_as_long_as_the_real_one(pack: Pack, key: str, counts: list[int], pretest: int) -> None:
    exam = next(one for one in pack.blueprints if one.key == key)

    found = [one.count or sum(share.count or 0 for share in one.domains) for one in exam.sections]
    assert (found, sum(one.pretest for one in exam.sections)) == (counts, pretest)


def test_every_exam_and_every_fact_says_where_it_is_from(pack: Pack) -> None:
    facts = [fact for one in (*pack.certifications, *pack.bodies) for fact in one.facts]

    assert [one.key for one in pack.blueprints if not (one.source and one.confidence and one.as_of)] == []
    assert [one.label for one in facts if not (one.source and one.confidence and one.as_of)] == []


def test_guide_has_its_sections_and_every_link_leads_somewhere(pack: Pack) -> None:
    assert [section.position for section in pack.guide] == list(range(1, 10))
    assert [to for section in pack.guide for _label, to in section.links if not link_target(to)] == []


@pytest.mark.django_db
def test_starter_loads_once_and_then_changes_nothing(pack: Pack) -> None:
    first = load_pack(pack=pack, at=timezone.now())
    second = load_pack(pack=pack, at=timezone.now())

    assert first.total(Outcome.CREATED) == sum(counter.total() for counter in first.counts.values())
    assert second.total(Outcome.UNCHANGED) == first.total(Outcome.CREATED)


@pytest.mark.django_db
def test_every_mock_exam_can_be_drawn_and_the_cic_is_whole(pack: Pack) -> None:
    load_pack(pack=pack, at=LONG_AGO)
    lacking = {}
    for blueprint in Blueprint.objects.all():
        parts, short = draw_blueprint(None, blueprint, seed=7, at=timezone.now())
        asked = sum(place.count for section in blueprint.sections.all() for place in places(section))
        lacking[blueprint.key] = sum(one["count"] for one in short)
        assert sum(len(part.picks) for part in parts) == asked - lacking[blueprint.key]

    assert (lacking["foundations-practice"], lacking["cic-mock"]) == (0, 0)
    assert lacking["cpc-mock"] >= 64  # CPT is not here
