"""Reading a pack: what comes out of a good one, and that every mistake is named where it stands."""

from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest

from courses.content.parse import read_pack
from courses.content.reading import PackError
from tests.content.conftest import FILES, Rewrite

COURSE = "courses/first-course/course.yaml"
LESSON = "courses/first-course/find-it.md"
QUESTIONS = "questions/first-course.yaml"
PATH = "paths/start.yaml"
GUIDE = "guide/01-what-it-is.md"


def problems_of(folder: Path) -> list[tuple[str, int, str]]:
    with pytest.raises(PackError) as caught:
        read_pack(folder)
    return [(problem.file, problem.line, problem.reason) for problem in caught.value.problems]


def test_read_pack_gives_every_part(tiny: Path) -> None:
    pack = read_pack(tiny)

    assert (pack.key, pack.edition) == ("tiny", "ICD-10-CM FY2026 April")
    assert [(c.key, c.position, c.hours) for c in pack.courses] == [
        ("first-course", 1, Decimal("1.5")),
        ("second-course", 2, Decimal(1)),
    ]
    assert [lesson.key for lesson in pack.lessons] == ["check-it", "find-it", "go-on"]
    choices = pack.questions[0].source["choices"]
    assert [choice.get("correct", False) for choice in choices] == [False, True, False, False]
    assert pack.guide[0].compare == ("cpc",)
    needs = [(need.kind, need.key, need.text) for stage in pack.paths[0].stages for need in stage.needs]
    assert needs == [
        ("course", "first-course", "First course"),
        ("exam_passed", "short-exam", "Short exam"),
        ("credential", "cpc", "Record your CPC"),
        ("task", "start.keep-log", "Keep a log"),
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "reason"),
    [
        (LESSON, "minutes: 10", "minuts: 10", 3, "unknown key `minuts`; did you mean `minutes`?"),
        (LESSON, "minutes: 10\n", "", 2, "key `minutes` is missing"),
        (LESSON, "minutes: 10", "minutes: ten", 3, "`minutes` must be a whole number, not text"),
        (LESSON, "minutes: 10", "minutes: 0", 3, "`minutes` must be a whole number from 1 to 600"),
        (LESSON, "title: Find it", "title: [a, b]", 2, "`title` must be text, not a list"),
        (LESSON, "title: Find it", "title: ''", 2, "`title` is empty"),
        (LESSON, "minutes: 10", "minutes: 10\nminutes: 11", 4, "key `minutes` is given twice"),
        (LESSON, "title: Find it", "title: Find: it", 2, "not YAML: mapping values are not allowed in this"),
        (LESSON, "ref: I.B.1}", "ref: I.Z.9}", 7, "there is no guideline `I.Z.9`"),
        (LESSON, "[[checkpoint:side-01]]", "[[checkpoint:gone]]", 11, "there is no question `gone`"),
        (LESSON, "[[checkpoint:side-01]]", "Now [[checkpoint:side-01]]", 11, "must stand alone on its line"),
        (LESSON, "[[S52.502A]]", "[[icd9:S52]]", 9, "`icd9` is no code system"),
        (LESSON, "[[S52.502A]]", "[[S52|heading]]", 9, "`heading` is no role of a code"),
        (LESSON, "---\ntitle", "title", 1, "the file must begin with front matter"),
        (COURSE, "level: foundation", "level: basic", 3, "`level` is `basic`; allowed are foundation"),
        (COURSE, "certifications: [cpc]", "certifications: [cpx]", 7, "there is no certification `cpx`"),
        (COURSE, "prerequisites: []", "prerequisites: [other]", 8, "there is no course `other`"),
        (COURSE, "preview: find-it", "preview: lost", 11, "there is no lesson `lost` in this course"),
        (COURSE, "find-it, check-it", "find-it, check-it, lost", 14, "there is no lesson `lost`"),
        (COURSE, "find-it, check-it", "find-it", 1, "this lesson stands in no module"),
        (COURSE, "hours: 1.5", "hours: -1", 4, "`hours` must be a decimal from 0"),
        (COURSE, "prerequisites: []", "prerequisites: [second-course]", 1, "ask for each other first"),
        (QUESTIONS, "domain: icd10cm", "domain: icd11", 3, "there is no domain `icd11`"),
        (QUESTIONS, "difficulty: 2", "difficulty: 6", 4, "`difficulty` must be a whole number from 1 to 5"),
        (QUESTIONS, "      correct: true\n", "", 9, "Exactly one option must be correct"),
        (QUESTIONS, "S52.503A", "S52.509A", 9, "Two options have the same text"),
        (QUESTIONS, "guideline:I.B.13", "guideline:I.B.14", 11, "there is no guideline `I.B.14`"),
        (QUESTIONS, "right wrist", "right [[checkpoint:side-01]]", 7, "can stand in a lesson only"),
        (QUESTIONS, "    - {kind: guideline, ref: I.B.13}", "    []", 20, "at least one citation is needed"),
        (PATH, "course: first-course", "course: no-course", 10, "there is no course `no-course`"),
        (PATH, "exam: short-exam", "exam: long-exam", 15, "there is no practice exam `long-exam`"),
        (PATH, "kind: learn", "kind: apply", 4, "a path has the six stages in order"),
        (PATH, "{task: keep-log, text", "{chore: keep-log, text", 25, "exactly one of course, exam,"),
        (PATH, "exam: short-exam", "course: first-course", 15, "`first-course` is asked for twice"),
        (COURSE, "[find-it, check-it]", "[find-it, find-it]", 14, "`find-it` is in `lessons` twice"),
        (
            QUESTIONS,
            "      correct: true\n",
            "      correct: true\n      mistake: none\n",
            13,
            "Option 2 is correct and names a mistake",
        ),
        (GUIDE, "path:start", "path:finish", 4, "there is no path `finish`"),
        (GUIDE, "path:start", "lesson:find-it", 4, "must be path:, course:, certification: or page:"),
        (GUIDE, "median-pay-2024", "mean-pay", 6, "there is no figure `mean-pay`"),
        (GUIDE, "compare: [cpc]", "compare: [ccs]", 7, "there is no certification `ccs`"),
        ("figures.yaml", "as_of: 2026-11-01", "as_of: 2026-13-01", 7, "`as_of` must be a date"),
        ("figures.yaml", "third_party", "sure", 6, "`confidence` is `sure`; allowed are verified"),
        ("certifications.yaml", "https://www", "www", 5, "`url` must begin with https://"),
        ("certifications.yaml", "body: aapc", "body: ahima", 9, "there is no body `ahima`"),
        ("rules.yaml", "percent: null", "percent: 40", 29, "exactly one of `minimum` and `percent`"),
        ("rules.yaml", "base: {}", "base: {ccs: 20}", 18, "there is no certification `ccs`"),
        ("blueprints.yaml", "domain: icd10cm", "domain: icd11", 13, "there is no domain `icd11`"),
        ("domains.yaml", "- {key: icd10cm, title", "- {key: ICD 10, title", 1, "`ICD 10` is not a key"),
        ("mail/ce_cycle_end.md", "kind: ce_cycle_end", "kind: other", 2, "but its kind is `other`"),
    ],
)
def test_read_pack_names_file_line_and_reason(
    tiny: Path, rewrite: Rewrite, file: str, old: str, new: str, line: int, reason: str
) -> None:
    rewrite(file, old, new)

    found = problems_of(tiny)

    at = [(where, number) for where, number, why in found if reason in why]
    where = "courses/first-course/check-it.md" if reason.startswith("this lesson stands in no") else file
    assert (where, line) in at, found


def test_read_pack_lists_all_mistakes_at_once(tiny: Path, rewrite: Rewrite) -> None:
    rewrite(LESSON, "minutes: 10", "minutes: ten")
    rewrite(COURSE, "level: foundation", "level: basic")
    rewrite(GUIDE, "path:start", "path:finish")

    assert [(file, line) for file, line, _reason in problems_of(tiny)] == [
        (COURSE, 3),
        (LESSON, 3),
        (GUIDE, 4),
    ]


def test_read_pack_with_key_twice_names_the_second(tiny: Path) -> None:
    questions = tiny / QUESTIONS
    questions.write_text(questions.read_text() * 2)

    assert problems_of(tiny) == [(QUESTIONS, 22, "question `side-01` is there twice")]


def test_read_pack_with_unknown_file_refuses_it(tiny: Path) -> None:
    (tiny / "courses/first-course/draft.txt").write_text("?")

    assert problems_of(tiny) == [
        ("courses/first-course/draft.txt", 1, "no pack has a file of this name here")
    ]


def test_read_pack_that_is_not_utf8_names_the_line(tiny: Path) -> None:
    (tiny / GUIDE).write_bytes(b"---\ntitle: caf\xe9\n---\nText\n")

    assert problems_of(tiny) == [(GUIDE, 2, "the file is not UTF-8 text")]


def test_read_pack_without_head_is_no_pack(tiny: Path) -> None:
    (tiny / "pack.yaml").unlink()

    assert problems_of(tiny) == [("pack.yaml", 1, "the file is missing; it makes a folder a pack")]


def test_read_pack_may_name_what_another_pack_brought(tiny: Path) -> None:
    (tiny / "figures.yaml").unlink()

    assert read_pack(tiny, known={"figure": {"median-pay-2024"}}).figures == ()


def test_digest_ignores_layout_and_sees_words(tiny: Path, rewrite: Rewrite) -> None:
    before = read_pack(tiny).figures[0].digest
    rewrite("figures.yaml", '"$50,250 a year"', "$50,250 a year  # the middle")
    layout = read_pack(tiny).figures[0].digest
    rewrite("figures.yaml", "$50,250", "$50,251")

    assert layout == before
    assert read_pack(tiny).figures[0].digest != before


def test_title_of_a_course_is_part_of_the_path_that_quotes_it(tiny: Path, rewrite: Rewrite) -> None:
    before = read_pack(tiny).paths[0].digest
    rewrite(COURSE, "title: First course", "title: Course one")

    assert read_pack(tiny).paths[0].digest != before


@pytest.mark.parametrize("file", sorted(FILES))
def test_read_pack_without_any_one_line_is_read_or_refused(tiny: Path, file: str) -> None:
    lines = FILES[file].splitlines(keepends=True)
    for number in range(len(lines)):
        (tiny / file).write_text("".join(lines[:number] + lines[number + 1 :]))
        with suppress(PackError):  # anything else would be a crash
            read_pack(tiny)
