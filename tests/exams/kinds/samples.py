"""One good source of every kind, for the tests of everything that stores or shows questions."""

from collections.abc import Mapping
from typing import Any

from portal.lib.markdown import render

_LATERALITY = {
    "choices": [
        {"text": "[[H25.11]]", "correct": True, "rationale": "Right eye, as the note says."},
        {"text": "[[H25.12]]", "rationale": "The left eye.", "mistake": "wrong laterality"},
        {
            "text": "[[H25.13]]",
            "rationale": "Both eyes.",
            "mistake": "bilateral where one side is documented",
        },
        {"text": "[[H25.10]]", "rationale": "No side.", "mistake": "unspecified where documented"},
    ]
}

_SECONDARY = {
    "ordered": False,
    "lines": [
        {"system": "icd10cm", "code": "E11.22", "rationale": "Diabetes **with** CKD is linked."},
        {"system": "icd10cm", "code": "N18.31", "alternatives": ["N18.30"], "rationale": "Stage 3a."},
        {"system": "icd10cm", "code": "Z79.4", "optional": True, "rationale": "Insulin at home."},
    ],
}

SAMPLES: dict[str, dict[str, Any]] = {
    "single": _LATERALITY,
    "true_false": {
        "choices": [
            {
                "text": "True",
                "rationale": "Only in inpatient records.",
                "mistake": "inpatient rule outpatient",
            },
            {"text": "False", "correct": True, "rationale": "An outpatient “probable” is not coded."},
        ]
    },
    "multiple": {
        "partial": True,
        "choices": [
            {"text": "The operative note", "correct": True, "rationale": "The surgeon wrote it."},
            {"text": "The discharge summary", "correct": True, "rationale": "The attending wrote it."},
            {
                "text": "The pathology report",
                "rationale": "No provider signed it.",
                "mistake": "pathologist coded",
            },
            {"text": "The nurse's note", "rationale": "No diagnosis from a nurse.", "mistake": "nurse coded"},
            {"text": "The progress notes", "correct": True, "rationale": "A provider wrote them."},
        ],
    },
    "ordering": {
        "choices": [
            {"text": "Find the main term in the Index", "rationale": "Guideline I.B.1 begins there."},
            {"text": "Verify the code in the Tabular List", "rationale": "The Index alone is never enough."},
            {"text": "Read the notes of the chapter", "rationale": "Notes above count too."},
            {"text": "Add the missing characters", "rationale": "A header is no code: [[E11|header]]."},
        ]
    },
    "matching": {
        "choices": [
            {
                "text": "Excision",
                "pair": "Cutting out a portion of a body part",
                "rationale": "Not all of it.",
            },
            {"text": "Resection", "pair": "Cutting out all of a body part", "rationale": "All of it."},
            {"text": "Extirpation", "pair": "Taking solid matter out", "rationale": "A clot or a stone."},
        ],
        "extra_pairs": ["Taking fluid out & away"],
    },
    "entry": {
        "ordered": False,
        "lines": [
            {
                "system": "hcpcs",
                "code": "J1100",
                "alternatives": ["J1094"],
                "units": 4,
                "rationale": "Four times 1 mg.",
            },
            {"system": "hcpcs", "code": "L3908", "modifiers": ["LT"], "rationale": "Left wrist."},
            {"system": "hcpcs", "code": "A4550", "optional": True, "rationale": "Some payers take it."},
        ],
    },
    "numeric": {
        "answer": "12.5",
        "tolerance": "0.1",
        "unit": "%",
        "rationale": "5 of 40 claims were denied: 5 / 40 = 12.5 %.",
    },
    "case_set": {
        "parts": [
            {
                "prompt": "Which code is the *first-listed* diagnosis?",
                "kind": "entry",
                "points": 2,
                "ordered": True,
                "lines": [{"system": "icd10cm", "code": "I13.0", "rationale": "Heart and kidney together."}],
            },
            {
                "prompt": "Which secondary diagnoses do you report?\n\nLeave out what is not met.",
                "kind": "entry",
            }
            | _SECONDARY,
            {"prompt": "Which eye was treated?", "kind": "single"} | _LATERALITY,
        ]
    },
}

#: What a browser sends for the right answer to each sample.
RIGHT: dict[str, dict[str, list[str]]] = {
    "single": {"choice": ["1"]},
    "true_false": {"choice": ["2"]},
    "multiple": {"choice": ["1", "2", "5"]},
    "entry": {
        "code-1": ["l3908"],
        "modifiers-1": ["lt"],
        "units-1": [""],
        "code-2": [" j1100 "],
        "units-2": ["4"],
    },
    "numeric": {"number": ["12,5 %"]},
    "case_set": {
        "p1-code-1": ["I130"],
        "p2-code-1": ["n18.30"],
        "p2-code-2": ["E1122"],
        "p3-choice": ["1"],
    },
}


class Rendered:
    """The texts of a question as the bank renders them."""

    def bare(self, markdown: str) -> str:
        return render(markdown, bare_codes=True).html

    def linked(self, markdown: str) -> str:
        return render(markdown).html


def right_fields(kind: str, made: Any) -> Mapping[str, list[str]]:
    """The fields of the right answer; ids of steps and answers are known only once they are made."""
    if kind == "ordering":
        return {f"place-{pk}": [str(place)] for place, pk in enumerate(made.answer_key["order"], start=1)}
    if kind == "matching":
        return {f"match-{left}": [str(right)] for left, right in made.answer_key["pairs"].items()}
    return RIGHT[kind]
