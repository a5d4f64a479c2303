"""A generated bank for the exam room, written into a running demo: ``python -m tests.e2e.bank``.

The starter content has too few questions for an exam of full size, and a test must know the answers.
"""

from datetime import date
from typing import Any

#: key of the blueprint -> title, sections (title, kinds, count and what else a section may have)
EXAMS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "generated-mock": ("Generated mock", [{"title": "Questions", "kinds": ["single"], "count": 100}]),
    "generated-small": ("Generated small exam", [{"title": "Questions", "kinds": ["single"], "count": 10}]),
    "generated-cic": (
        "Generated CIC form",
        [
            {"title": "Multiple choice", "kinds": ["single"], "count": 40, "no_return": True},
            {"title": "Fill-in cases", "kinds": ["case_set"], "count": 7},
        ],
    ),
    "generated-kinds": (
        "Generated exam of every kind",
        [{"title": "Questions", "kinds": [], "count": 8}],
    ),
    "generated-clocks": (
        "Generated exam of three sections",
        [
            {"title": "First", "kinds": ["single"], "count": 2, "break_minutes": 10},
            {"title": "Second", "kinds": ["single"], "count": 2, "minutes": 5},
            {"title": "Third", "kinds": ["single"], "count": 2},
        ],
    ),
}
#: For the exam of every kind; ``single`` stands for all others.
KINDS = ("single", "true_false", "multiple", "ordering", "matching", "entry", "numeric", "case_set")


#: People of their own for those who sit at the same time.
PEOPLE, PERSON, PASSWORD = 8, "taker%d@example.com", "seven generated exam takers"


def single(number: int) -> dict[str, Any]:
    """The first option of the writer's is right."""
    return {
        "choices": [
            {
                "text": f"Option {n} of question {number}" + (", which is right" if n == 1 else ""),
                "rationale": f"Rationale {n} of question {number}",
                "correct": n == 1,
                "mistake": "" if n == 1 else "another one",
            }
            for n in range(1, 5)
        ]
    }


def sources() -> list[tuple[str, str, str, dict[str, Any]]]:
    """Domain, kind, stem and source of each question."""
    from tests.exams.kinds.samples import SAMPLES

    chart = "A patient of 64 years is seen for type 2 diabetes with a foot ulcer. The note is signed."
    found = [
        (
            "generated",
            "single",
            f"{chart}\n\nWhich option of generated question {number} fits [[E11.621]]?",
            single(number),
        )
        for number in range(1, 111)
    ]
    found += [
        ("generated", "case_set", f"{chart} Chart {number}.", SAMPLES["case_set"]) for number in range(1, 9)
    ]
    return found + [
        (f"generated-{kind}", kind, f"{chart}\n\nA question of the kind {kind}.", SAMPLES[kind])
        for kind in KINDS
    ]


def write_bank() -> None:
    """Everything once; harmless when repeated."""
    from courses.catalog.actions import CitationText
    from courses.exams.actions import publish_question, write_question_revision
    from courses.exams.models import Blueprint, BlueprintDomain, BlueprintSection, Domain, Question
    from tests.worlds import LONG_AGO, make_person

    if Blueprint.objects.filter(key="generated-mock").exists():
        return
    for number in range(PEOPLE):
        person = make_person(PERSON % number)
        person.set_password(PASSWORD)
        person.save()
    domains = {}
    for number, (domain, kind, stem, source) in enumerate(sources(), start=1):
        domains.setdefault(
            domain, Domain.objects.get_or_create(key=domain, defaults={"title": domain.title()})[0]
        )
        question = Question.objects.create(key=f"generated-{number}")
        revision = write_question_revision(
            question=question,
            kind=kind,
            domain=domains[domain],
            difficulty=2,
            difficulty_reason="Generated",
            stem=stem,
            source=source,
            citations=[CitationText("source", "Generated")],
            pack_digest="generated",
            by=None,
            at=LONG_AGO,
        )
        publish_question(revision=revision, by=None, at=LONG_AGO, live_from=LONG_AGO)
    for key, (title, sections) in EXAMS.items():
        blueprint = Blueprint.objects.create(
            key=key,
            title=title,
            minutes=240,
            pass_percent=70,
            books="Any ICD-10-CM book, own notes in it",
            edition="ICD-10-CM FY2026 April",
            valid_from=date(2020, 1, 1),
            as_of=date(2026, 11, 1),
            source="Generated",
            confidence="verified",
        )
        for position, section in enumerate(sections, start=1):
            of = [f"generated-{kind}" for kind in KINDS] if key == "generated-kinds" else ["generated"]
            fields = {name: value for name, value in section.items() if name != "count"}
            if key == "generated-kinds":
                fields["kinds"] = list(KINDS)
            made = BlueprintSection.objects.create(blueprint=blueprint, position=position, **fields)
            for domain in of:
                count = section["count"] if domain == "generated" else 1
                BlueprintDomain.objects.create(section=made, domain=domains[domain], count=count)


if __name__ == "__main__":
    import django

    django.setup()
    write_bank()
