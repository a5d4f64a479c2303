"""What a pack holds, read and checked: frozen, without a database."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from portal.lib.markdown import references

#: The codes that a question's key names without brackets.
_KEYED = re.compile(r"\b(?:code|alternatives):([^}\]]*)")
_CODE = re.compile(r"[A-Z0-9][A-Z0-9.]{3,9}")


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of a pack that becomes one row or one identity."""

    key: str
    digest: str
    file: str
    line: int
    #: The text of the file from ``line`` on, to find the line of what an action refuses.
    text: str = ""

    def line_for(self, reason: str) -> int:
        """The line that ``reason`` speaks of: the first one naming a code or a reference that it quotes."""
        quoted = [(at, target) for at, _prefix, target, _role in references(self.text)]
        for number, line in enumerate(self.text.splitlines(), start=1):
            if "ref:" in line:
                quoted.append((number, line.rpartition("ref:")[2].strip(" }\"'")))
            quoted += [(number, code) for of_line in _KEYED.findall(line) for code in _CODE.findall(of_line)]
        found = [(len(target), -at) for at, target in quoted if target and target in reason]
        return self.line - max(found)[1] - 1 if found else self.line


@dataclass(frozen=True, kw_only=True)
class Outline(Piece):
    """The outline of one edition of the Official Guidelines."""

    effective_from: date
    source: str
    confidence: str
    sections: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class FactPiece:
    kind: str
    label: str
    value: str
    as_of: date
    source: str
    confidence: str


@dataclass(frozen=True, kw_only=True)
class DomainPiece(Piece):
    title: str


@dataclass(frozen=True, kw_only=True)
class BodyPiece(Piece):
    name: str
    short: str
    url: str
    facts: tuple[FactPiece, ...]


@dataclass(frozen=True, kw_only=True)
class CertificationPiece(Piece):
    body: str
    abbreviation: str
    name: str
    purpose: str
    facts: tuple[FactPiece, ...]


@dataclass(frozen=True, kw_only=True)
class RuleSetPiece(Piece):
    """A continuing-education rule set; ``rule`` has the keys of ``rules.yaml`` as its head explains them."""

    rule: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class FigurePiece(Piece):
    label: str
    value: str
    year: int | None
    as_of: date
    source: str
    confidence: str


@dataclass(frozen=True, kw_only=True)
class QuestionPiece(Piece):
    """A question; ``source`` has the fields of its kind. An empty ``edition`` is that of the pack."""

    kind: str
    domain: str
    difficulty: int
    difficulty_reason: str
    stem: str
    source: dict[str, Any]
    citations: tuple[tuple[str, str], ...]
    edition: str
    exclusion_group: str


@dataclass(frozen=True, kw_only=True)
class ModulePiece:
    title: str
    lessons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CoursePiece(Piece):
    title: str
    summary: str
    level: str
    hours: Decimal
    ceus: Decimal
    systems: tuple[str, ...]
    certifications: tuple[str, ...]
    prerequisites: tuple[str, ...]
    outcomes: tuple[str, ...]
    preview: str
    modules: tuple[ModulePiece, ...]
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class LessonPiece(Piece):
    course: str
    title: str
    minutes: int
    objectives: tuple[str, ...]
    citations: tuple[tuple[str, str], ...]
    source: str


@dataclass(frozen=True, kw_only=True)
class NeedPiece:
    """What a stage of a path asks for; an empty ``text`` is the title of what ``key`` names."""

    kind: str
    key: str
    text: str


@dataclass(frozen=True, kw_only=True)
class StagePiece:
    kind: str
    title: str
    source: str
    needs: tuple[NeedPiece, ...]


@dataclass(frozen=True, kw_only=True)
class PathPiece(Piece):
    title: str
    summary: str
    for_whom: str
    stages: tuple[StagePiece, ...]


@dataclass(frozen=True, kw_only=True)
class SharePiece:
    """A domain of a section: a count, a range of percentages, or neither."""

    domain: str
    count: int | None
    percent: tuple[int, int] | None


@dataclass(frozen=True, kw_only=True)
class SectionPiece:
    title: str
    kinds: tuple[str, ...]
    count: int | None
    minutes: int | None
    no_return: bool
    break_minutes: int
    pretest: int
    domains: tuple[SharePiece, ...]


@dataclass(frozen=True, kw_only=True)
class BlueprintPiece(Piece):
    title: str
    certification: str
    minutes: int
    pass_percent: int
    #: Lowest and highest scaled score and the one that passes, where the body reports one.
    scale: tuple[int, int, int] | None
    books: str
    valid_from: date
    valid_until: date | None
    edition: str
    as_of: date
    source: str
    confidence: str
    sections: tuple[SectionPiece, ...]


@dataclass(frozen=True, kw_only=True)
class GuidePiece(Piece):
    position: int
    title: str
    source: str
    links: tuple[tuple[str, str], ...]
    figures: tuple[str, ...]
    compare: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class MailPiece(Piece):
    """The text of a reminder; its key is the kind."""

    subject: str
    summary: str
    source: str


@dataclass(frozen=True, kw_only=True)
class SynonymPiece(Piece):
    """What people type and what the code books call it."""

    phrase: str
    means: str


@dataclass(frozen=True, kw_only=True)
class Pack:
    """One whole pack; every reference between its parts is good."""

    key: str
    title: str
    edition: str
    outlines: tuple[Outline, ...] = ()
    domains: tuple[DomainPiece, ...] = ()
    bodies: tuple[BodyPiece, ...] = ()
    certifications: tuple[CertificationPiece, ...] = ()
    rules: tuple[RuleSetPiece, ...] = ()
    figures: tuple[FigurePiece, ...] = ()
    questions: tuple[QuestionPiece, ...] = ()
    courses: tuple[CoursePiece, ...] = ()
    lessons: tuple[LessonPiece, ...] = ()
    paths: tuple[PathPiece, ...] = ()
    blueprints: tuple[BlueprintPiece, ...] = ()
    guide: tuple[GuidePiece, ...] = ()
    mails: tuple[MailPiece, ...] = ()
    synonyms: tuple[SynonymPiece, ...] = ()
