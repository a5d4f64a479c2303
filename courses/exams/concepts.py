"""What a question is about, so that several questions share one review card: pure."""

import re
from typing import NamedTuple

_SECTION = re.compile(r"(I\.[A-D]\.\d+|(?:IV|I{1,3})\.[A-Z]|IV|I{1,3}|Appendix [IVX]+)(?![A-Za-z0-9])")
#: The characters of a code that make its category: the table in PCS, in other systems the whole code.
_CATEGORY = {"icd10cm": 3, "icd10pcs": 3}


class Concept(NamedTuple):
    """A guideline section, the category of a code, or a single question."""

    kind: str
    ref: str


def section_of(ref: str) -> str:
    """The section that a guideline reference stands in: ``I.C.4`` of ``I.C.4.a.3``, ``IV.H`` of itself."""
    found = _SECTION.match(ref.strip())
    return found[1] if found else ref.strip()


def category_of(system: str, code: str) -> str:
    """The category of a code with its system: ``icd10cm E11``."""
    return f"{system} {code.replace('.', '')[: _CATEGORY.get(system)]}"


def concept_of(
    question_key: str, *, guideline: str | None, tabular: str | None, first: str | None, last: str | None
) -> Concept:
    """What a question is about: the guideline section it cites first, else a category, else itself.

    A category is one that it cites, or that all its codes share. ``tabular`` is the entry of the tabular
    list that it cites first, ``first`` and ``last`` are its codes at the ends of the alphabet, each with its
    system before a space. Where codes of several categories are named most of them stand in wrong answers:
    then the question is a concept of its own.
    """
    if guideline:
        return Concept("guideline", section_of(guideline)[:80])
    if tabular:
        return Concept("category", category_of("icd10cm", tabular)[:80])
    if first and last and category_of(*first.split(" ", 1)) == category_of(*last.split(" ", 1)):
        return Concept("category", category_of(*first.split(" ", 1))[:80])
    return Concept("question", question_key[:80])
