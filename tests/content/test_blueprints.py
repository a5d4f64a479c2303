"""Exams in a pack: sections, counts and ranges that come to their whole, and what of them is stored."""

from datetime import date
from pathlib import Path

import pytest

from courses.content.load import load_pack
from courses.content.parse import read_pack
from courses.content.pieces import BlueprintPiece, SharePiece
from courses.content.reading import PackError
from courses.exams.models import Blueprint, BlueprintDomain
from tests.content.test_load import AT, LATER

EXAM = """\
- key: mock
  title: Mock exam
  certification: cpc
  minutes: 240
  pass_percent: 67
  scale: {min: 100, max: 400, pass: 300}
  books: Any ICD-10-CM
  valid_from: 2026-01-01
  valid_until: 2027-01-01
  edition: "ICD-10-CM FY2026 April"
  as_of: 2026-11-01
  source: A guide
  confidence: memory
  sections:
    - title: Multiple choice
      kinds: [single, multiple]
      count: 97
      pretest: 18
      minutes: 120
      no_return: true
      break_minutes: 10
      domains:
        - {domain: law, percent: [18, 22]}
        - {domain: icd10cm}
        - {domain: hcpcs}
    - title: Cases
      kinds: [case_set]
      domains:
        - {domain: cases, count: 7}
"""


@pytest.fixture
def exams(tiny: Path) -> Path:
    """The tiny pack with the exam of ``EXAM`` beside its own."""
    domains = "".join(f"- {{key: {key}, title: {key}}}\n" for key in ("icd10cm", "law", "hcpcs", "cases"))
    (tiny / "domains.yaml").write_text(domains)
    (tiny / "blueprints.yaml").write_text(EXAM + (tiny / "blueprints.yaml").read_text())
    return tiny


def exam_of(folder: Path, key: str = "mock") -> BlueprintPiece:
    return next(one for one in read_pack(folder).blueprints if one.key == key)


def test_exam_is_read_with_its_sections(exams: Path) -> None:
    mock = exam_of(exams)
    first, cases = mock.sections

    assert (mock.scale, mock.books, mock.valid_until) == ((100, 400, 300), "Any ICD-10-CM", date(2027, 1, 1))
    assert (first.kinds, first.count, first.pretest) == (("single", "multiple"), 97, 18)
    assert (first.minutes, first.no_return, first.break_minutes) == (120, True, 10)
    assert [(one.domain, one.count, one.percent) for one in first.domains] == [
        ("law", None, (18, 22)),
        ("icd10cm", None, None),
        ("hcpcs", None, None),
    ]
    assert (cases.count, cases.minutes, cases.no_return, cases.pretest) == (None, None, False, 0)


def test_exam_that_names_domains_has_one_section(exams: Path) -> None:
    (only,) = exam_of(exams, "short-exam").sections

    assert (only.title, only.kinds, only.count) == ("Questions", (), None)
    assert only.domains == (SharePiece(domain="icd10cm", count=1, percent=None),)


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("  sections:", "  domains: []\n  sections:", 15, "exactly one of `sections` and `domains`"),
        ("    - title: Cases\n", "    - ttle: Cases\n", 26, "unknown key `ttle`; did you mean `title`?"),
        ("[single, multiple]", "[single, essay]", 16, "`essay` is no kind of question"),
        ("domain: cases", "domain: law-suits", 29, "there is no domain `law-suits`"),
        ("domain: hcpcs}", "domain: icd10cm}", 25, "domain `icd10cm` is there twice"),
        ("percent: [18, 22]", "percent: [22, 18]", 23, "the lowest and the highest percentage"),
        ("percent: [18, 22]", "percent: [18]", 23, "the lowest and the highest percentage"),
        ("percent: [18, 22]", "percent: [18, 22], count: 3", 23, "a count or a percentage, not both"),
        ("percent: [18, 22]", "percent: [0x12, 22]", 23, "`percent` is a list of whole numbers"),
        ("{domain: hcpcs}", "{domain: hcpcs, count: 3}", 22, "do not stand together"),
        ("      count: 97\n", "", 21, "need `count` in the section"),
        (
            "domains:\n        - {domain: cases",
            "count: 8\n      domains:\n        - {domain: cases",
            28,
            "have 7",
        ),
        ("pretest: 18", "pretest: 97", 18, "97 of 97 questions would not count"),
        ("minutes: 120", "minutes: 241", 4, "the sections have 241 minutes in all"),
        ("pass: 300", "pass: 500", 6, "`pass` must lie above `min`"),
        ("2027-01-01", "2026-01-01", 9, "the first day it is not valid"),
    ],
)
def test_mistake_in_an_exam_is_named_with_its_line(
    exams: Path, old: str, new: str, line: int, reason: str
) -> None:
    assert EXAM.count(old) == 1
    path = exams / "blueprints.yaml"
    path.write_text(path.read_text().replace(old, new, 1))

    with pytest.raises(PackError) as caught:
        read_pack(exams)

    found = [(one.line, one.reason) for one in caught.value.problems]
    assert [at for at, why in found if reason in why] == [line], found


@pytest.mark.parametrize(
    ("percents", "reason"),
    [
        ("[60, 70], [50, 60]", "lowest percentages come to 110"),
        ("[20, 30], [30, 40]", "highest percentages come to 70"),
    ],
)
def test_ranges_that_cannot_come_to_a_hundred_are_refused(exams: Path, percents: str, reason: str) -> None:
    first, second = percents.split("], ")
    path = exams / "blueprints.yaml"
    text = path.read_text().replace("percent: [18, 22]", f"percent: {first}]")
    text = text.replace("        - {domain: icd10cm}\n", "")
    path.write_text(text.replace("{domain: hcpcs}", f"{{domain: hcpcs, percent: {second}}}", 1))

    with pytest.raises(PackError, match=reason):
        read_pack(exams)


# --- outlines that follow each other -------------------------------------------------------------------
def newer(text: str, since: str) -> str:
    return text.replace("2027-01-01", "null").replace("2026-01-01", since).replace("count: 7}", "count: 9}")


@pytest.mark.django_db
def test_new_outline_stands_beside_the_old_one(exams: Path) -> None:
    (exams / "blueprints.yaml").write_text(EXAM + newer(EXAM, "2027-01-01"))
    path = exams / "paths/start.yaml"
    path.write_text(path.read_text().replace("short-exam", "mock"))

    load_pack(pack=read_pack(exams), at=AT)

    def cases(day: date) -> list[int | None]:
        rows = BlueprintDomain.objects.filter(section__blueprint__in=Blueprint.objects.valid_on(day))
        return list(rows.filter(domain__key="cases").values_list("count", flat=True))

    assert (cases(date(2026, 12, 31)), cases(date(2027, 1, 1))) == ([7], [9])


@pytest.mark.parametrize(
    ("since", "reason"),
    [
        ("2026-12-31", "practice exam `mock` is still valid when it begins anew on 2026-12-31"),
        ("2026-01-01", "practice exam `mock from 2026-01-01` is there twice"),
    ],
)
def test_two_outlines_at_once_are_refused(exams: Path, since: str, reason: str) -> None:
    (exams / "blueprints.yaml").write_text(EXAM + newer(EXAM, since))

    with pytest.raises(PackError, match=reason):
        read_pack(exams)


@pytest.mark.django_db
def test_exam_is_stored_and_a_second_load_changes_nothing(exams: Path) -> None:
    load_pack(pack=read_pack(exams), at=AT)
    load_pack(pack=read_pack(exams), at=LATER)

    mock = Blueprint.objects.get(key="mock")
    assert (mock.scale_min, mock.scale_max, mock.scale_pass) == (100, 400, 300)
    assert list(
        mock.sections.values_list("position", "title", "kinds", "count", "minutes", "no_return", "pretest")
    ) == [
        (1, "Multiple choice", ["single", "multiple"], 97, 120, True, 18),
        (2, "Cases", ["case_set"], None, None, False, 0),
    ]
    shares = BlueprintDomain.objects.filter(section__blueprint=mock).order_by("pk")
    assert list(shares.values_list("domain__key", "count", "percent_low", "percent_high")) == [
        ("law", None, 18, 22),
        ("icd10cm", None, None, None),
        ("hcpcs", None, None, None),
        ("cases", 7, None, None),
    ]


@pytest.mark.django_db
def test_changed_exam_gets_its_sections_anew(exams: Path) -> None:
    load_pack(pack=read_pack(exams), at=AT)
    path = exams / "blueprints.yaml"
    path.write_text(path.read_text().replace("count: 7}", "count: 9}"))

    load_pack(pack=read_pack(exams), at=LATER)

    mock = Blueprint.objects.get(key="mock")
    assert mock.sections.count() == 2
    assert mock.sections.get(position=2).domains.get().count == 9
