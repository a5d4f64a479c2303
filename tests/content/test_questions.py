"""Questions of every kind in a pack: what a kind knows is taken, anything else is named where it stands."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from courses.content.load import load_pack
from courses.content.parse import read_pack
from courses.content.pieces import QuestionPiece
from courses.content.reading import PackError
from courses.exams import kinds
from courses.exams.models import QuestionRevision
from tests.content.test_load import AT
from tests.exams.kinds.samples import SAMPLES

QUESTIONS = "questions/first-course.yaml"
MORE = "questions/more.yaml"
HEAD = """\
- key: q-01
  kind: {kind}
  domain: icd10cm
  difficulty: 2
  difficulty_reason: One rule.
  stem: What is it?
  citations: [{{kind: guideline, ref: I.B.13}}]
"""
ENTRY = HEAD.format(kind="entry") + (
    """\
  ordered: true
  lines:
    - {system: icd10cm, code: E11.621, rationale: First.}
    - {system: icd10pcs, code: 0210093, alternatives: [0210098], rationale: A bypass.}
    - {system: hcpcs, code: J1100, modifiers: [JZ], units: 2, optional: true, rationale: A drug.}
"""
)
CASE = HEAD.format(kind="case_set") + (
    """\
  parts:
    - prompt: Which ulcer?
      kind: entry
      lines:
        - {system: icd10cm, code: E11.621, rationale: First.}
    - prompt: Is it listed first?
      kind: true_false
      points: 2
      choices:
        - {text: True, correct: true, rationale: "It is, by [[guideline:I.B.1]]."}
        - {text: False, rationale: It is not.}
"""
)


def question_of(tiny: Path, text: str) -> QuestionPiece:
    (tiny / MORE).write_text(text)
    return next(one for one in read_pack(tiny).questions if one.file == MORE)


def problems_of(tiny: Path, text: str) -> list[tuple[int, str]]:
    (tiny / MORE).write_text(text)
    with pytest.raises(PackError) as caught:
        read_pack(tiny)
    assert {one.file for one in caught.value.problems} == {MORE}
    return [(one.line, one.reason) for one in caught.value.problems]


def as_in_a_pack(kind: str, source: dict[str, Any]) -> str:
    return HEAD.format(kind=kind) + "".join(
        f"  {line}\n" for line in yaml.safe_dump(source, sort_keys=False).splitlines()
    )


# --- what is good --------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_question_of_each_kind_is_read_as_it_is_written(tiny: Path, kind: str) -> None:
    (tiny / "guidelines.yaml").write_text(
        (tiny / "guidelines.yaml").read_text() + '  - {ref: "I.C.4.a", title: "Diabetes"}\n'
    )
    found = question_of(tiny, as_in_a_pack(kind, SAMPLES[kind]))

    assert (found.kind, found.edition, found.exclusion_group) == (kind, "", "")
    assert as_read(found.source) == as_read(SAMPLES[kind])


def as_read(source: Any) -> Any:
    """Without what layout adds: blanks around a text."""
    if isinstance(source, dict):
        return {name: as_read(value) for name, value in source.items()}
    if isinstance(source, list):
        return [as_read(value) for value in source]
    return source.strip() if isinstance(source, str) else source


def test_entry_keeps_codes_that_yaml_takes_for_numbers(tiny: Path) -> None:
    found = question_of(tiny, ENTRY).source

    assert found["ordered"] is True
    assert [line["code"] for line in found["lines"]] == ["E11.621", "0210093", "J1100"]
    assert found["lines"][1]["alternatives"] == ["0210098"]
    assert (found["lines"][2]["modifiers"], found["lines"][2]["units"]) == (["JZ"], 2)
    assert list(kinds.get("entry").codes(found))[:1] == [("icd10cm", "E11.621")]


def test_case_set_keeps_its_parts_with_the_fields_of_their_kinds(tiny: Path) -> None:
    found = question_of(tiny, CASE).source

    assert [part["kind"] for part in found["parts"]] == ["entry", "true_false"]
    assert found["parts"][1]["points"] == 2
    assert [choice["text"] for choice in found["parts"][1]["choices"]] == ["True", "False"]


def test_question_may_have_an_edition_and_a_group_of_its_own(tiny: Path) -> None:
    found = question_of(tiny, ENTRY + '  edition: "ICD-10-PCS FY2026"\n  exclusion_group: bypass\n')

    assert (found.edition, found.exclusion_group) == ("ICD-10-PCS FY2026", "bypass")


# --- what is not ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "old", "new", "line", "reason"),
    [
        (ENTRY, "kind: entry", "kind: essay", 2, "`kind` is `essay`; allowed are case_set, entry"),
        (ENTRY, "  ordered: true", "  orderd: true", 8, "unknown key `orderd`; did you mean `ordered`?"),
        (ENTRY, "ordered: true", "ordered: 1", 8, "`ordered` must be true or false"),
        (ENTRY, "code: J1100, ", "cod: J1100, ", 12, "unknown key `cod`; did you mean `code`?"),
        (ENTRY, "code: J1100, ", "", 12, "Code 3"),
        (ENTRY, "rationale: First.", "optional: false", 10, "Code 1 has no rationale"),
        (ENTRY, "system: hcpcs", "system: loinc", 12, "`system` is `loinc`; allowed are icd10cm"),
        (ENTRY, "code: E11.621", "code: [E11.621, x]", 10, "Code 1"),
        (ENTRY, "[0210098]", "[{a: b}]", 11, "`alternatives` is a list of texts; keys with values stands"),
        (ENTRY, "rationale: A bypass.", 'rationale: "[[icd9:1]]"', 11, "`icd9` is no code system"),
        (CASE, "points: 2", "point: 2", 15, "unknown key `point`; did you mean `points`?"),
        (CASE, "points: 2", "points: 0", 13, "Part 2: points are a number"),
        (CASE, "kind: true_false", "kind: case_set", 14, "`kind` is `case_set`; allowed are entry"),
        (CASE, ", rationale: It is not.", "", 18, "Part 2: Option 2 has no rationale"),
        (CASE, ", rationale: First.", "", 12, "Part 1: Code 1 has no rationale"),
        (CASE, "I.B.1]]", "I.Z.1]]", 17, "there is no guideline `I.Z.1`"),
        (CASE, "prompt: Which ulcer?", "prompt: ''", 9, "`prompt` is empty"),
        (CASE, "correct: true, ", "", 13, "Part 2: Exactly one option must be correct"),
    ],
)
def test_mistake_is_named_with_the_line_of_its_row(
    tiny: Path, text: str, old: str, new: str, line: int, reason: str
) -> None:
    assert text.count(old) == 1

    found = problems_of(tiny, text.replace(old, new))

    assert [at for at, why in found if reason in why] == [line], found


def test_kind_is_not_asked_about_a_shape_that_it_cannot_know(tiny: Path) -> None:
    found = problems_of(tiny, HEAD.format(kind="single") + "  choices: {text: 1}\n")

    assert found == [(8, "`choices` must be a list, not keys with values")]


@pytest.mark.parametrize("text", [ENTRY, CASE])
def test_question_without_any_one_line_is_read_or_refused(tiny: Path, text: str) -> None:
    lines = text.splitlines(keepends=True)
    for number in range(len(lines)):
        (tiny / MORE).write_text("".join(lines[:number] + lines[number + 1 :]))
        with suppress(PackError):  # anything else would be a crash
            read_pack(tiny)


# --- writing -------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_question_is_stored_with_its_source_edition_and_group(tiny: Path) -> None:
    question_of(tiny, CASE + '  edition: "ICD-10-PCS FY2026"\n  exclusion_group: ulcers\n')

    load_pack(pack=read_pack(tiny), at=AT)

    stored = QuestionRevision.objects.live(AT).get(question__key="q-01")
    assert (stored.kind, stored.edition, stored.exclusion_group) == (
        "case_set",
        "ICD-10-PCS FY2026",
        "ulcers",
    )
    assert stored.source["parts"][0]["lines"][0]["code"] == "E11.621"
    assert stored.code_refs.get(code="E11.621").state == "unchecked"  # no release is loaded here
    assert QuestionRevision.objects.live(AT).get(question__key="side-01").edition == "ICD-10-CM FY2026 April"


def test_what_is_refused_of_a_code_of_a_key_finds_its_line(tiny: Path) -> None:
    question = question_of(tiny, "# Questions.\n" + ENTRY)

    assert question.line_for("0210098 is not in ICD-10-PCS FY2026.") == 12
    assert question.line_for("E11.621 is a heading.") == 11
    assert question.line_for("Something else.") == 2
