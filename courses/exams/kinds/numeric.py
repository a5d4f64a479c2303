"""A number, right within a tolerance."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.exams import paper
from courses.exams.kinds.base import (
    NONE,
    ONE,
    BadAnswer,
    Blank,
    Common,
    Doc,
    Documents,
    Fields,
    Grade,
    Kind,
    Known,
    Texts,
    Value,
    text_of,
    typed,
)

LONGEST = 40

_WRITTEN = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,8})?")
_PLAIN = re.compile(r"[0-9]{1,12}([.,][0-9]{0,16})?|[.,][0-9]{1,16}")
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(,[0-9]{3}){1,3}(\.[0-9]{0,12})?")
_GROUPED_BY_POINT = re.compile(r"[1-9][0-9]{0,2}(\.[0-9]{3}){1,3},[0-9]{0,12}")
_BLANK_IN_NUMBER = re.compile(r"(?<=[0-9])['’ ](?=[0-9]{3}(?![0-9]))")


class NotANumber(ValueError):
    """No number can be read from a text."""


def number_of(text: str, unit: str = "") -> Decimal:
    """The number that a person means: ``12,5``, ``12.5 %`` and ``1,234.5`` too. Raises ``NotANumber``.

    One comma before three digits groups thousands, as in the United States: ``1,234`` is 1234.
    """
    bare = text.strip().replace("−", "-")
    if unit and bare.casefold().endswith(unit.casefold()):
        bare = bare[: -len(unit)]
    bare = bare.strip(" %$€£")
    sign = -1 if bare.startswith("-") else 1
    bare = _BLANK_IN_NUMBER.sub("", bare.removeprefix("-" if sign < 0 else "+").lstrip(" $"))
    if _GROUPED.fullmatch(bare):
        bare = bare.replace(",", "")
    elif _GROUPED_BY_POINT.fullmatch(bare):
        bare = bare.replace(".", "").replace(",", ".")
    elif _PLAIN.fullmatch(bare):
        bare = bare.replace(",", ".")
    else:
        raise NotANumber(text)
    return sign * Decimal(bare)


def shown(number: Decimal) -> str:
    """The shortest way to write a number: ``12.50`` is ``12.5``, minus nothing is ``0``."""
    return f"{number.normalize() + 0:f}"


class Numeric(Common):
    key = "numeric"
    label: str | Promise = gettext_lazy("a number")
    rows_label: str | Promise = ""
    blanks: tuple[Blank, ...] = (
        Blank("answer", gettext_lazy("Right answer"), "line"),
        Blank(
            "tolerance",
            gettext_lazy("Tolerance"),
            "line",
            gettext_lazy("So far away, up or down, is still right. Empty: exactly."),
            is_required=False,
        ),
        Blank("unit", gettext_lazy("Unit"), "line", is_required=False),
        Blank("rationale", gettext_lazy("How it is reckoned"), is_required=False),
    )

    # --- writing
    def problems(self, source: Doc) -> list[str]:
        problems = []
        if not _WRITTEN.fullmatch(text_of(source, "answer")):
            problems.append(_("The answer must be a number such as 12.5."))
        tolerance = text_of(source, "tolerance")
        if tolerance and (not _WRITTEN.fullmatch(tolerance) or tolerance.startswith("-")):
            problems.append(_("The tolerance must be a number such as 0.1, and not below nothing."))
        unit = text_of(source, "unit")
        if len(unit) > 20 or re.search(r"[0-9]", unit):
            problems.append(_("A unit has at most 20 characters and no digits."))
        return problems

    def gaps(self, source: Doc) -> list[str]:
        return [] if text_of(source, "rationale") else [_("The answer has no rationale.")]

    def texts(self, source: Doc) -> Iterator[str]:
        yield text_of(source, "rationale")

    def make(self, source: Doc, texts: Texts) -> Documents:
        unit = text_of(source, "unit")
        return Documents(
            asked={"unit": unit},
            answer_key={
                "answer": shown(Decimal(text_of(source, "answer"))),
                "tolerance": shown(Decimal(text_of(source, "tolerance") or 0)),
            },
            explained={"unit": unit, "why": texts.linked(text_of(source, "rationale"))},
        )

    # --- asking
    def form(
        self, asked: Doc, order: Sequence[int], value: Value, struck: Sequence[int] = (), name: str = ""
    ) -> SafeString:
        return paper.inputs(
            [
                paper.Input(
                    f"{name}number", _("Your answer"), value or "", LONGEST, "decimal", after=asked["unit"]
                )
            ]
        )

    def clean(self, asked: Doc, fields: Fields, name: str = "") -> Value:
        sent = typed(fields, f"{name}number", most=LONGEST)
        try:
            return shown(number_of(sent, asked["unit"])) if sent else None
        except NotANumber:
            raise BadAnswer(_("This is not a number.")) from None

    # --- afterwards
    def grade(self, answer_key: Doc, value: Value, known: Known) -> Grade:
        if value is None:
            return Grade(NONE)
        away = abs(Decimal(value) - Decimal(answer_key["answer"]))
        return Grade(ONE if away <= Decimal(answer_key["tolerance"]) else NONE)

    def explain(
        self, explained: Doc, answer_key: Doc, order: Sequence[int], value: Value, detail: Sequence[Any]
    ) -> SafeString:
        right = self.say(explained, answer_key["answer"])
        if answer_key["tolerance"] != "0":
            right = _("%(answer)s, give or take %(tolerance)s") % {
                "answer": right,
                "tolerance": answer_key["tolerance"],
            }
        if value is None:
            said = paper.state("short", _("Not answered"))
        elif self.grade(answer_key, value, lambda system, code: True).is_correct:
            said = paper.state("met", _("Right"))
        else:
            said = paper.state("late", _("Not right"))
        return paper.table(
            [_("Result"), _("Your answer"), _("Right answer"), _("Why")],
            [[said, paper.text(self.say(explained, value) or "–"), paper.text(right), explained["why"]]],
            label=_("The number"),
        )

    def say(self, explained: Doc, value: Value) -> str:
        return "" if value is None else f"{value} {explained['unit']}".strip()


KIND: Kind = Numeric()
