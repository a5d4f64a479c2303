"""One chart and several questions about it, each of a kind of its own."""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.exams import kinds, paper
from courses.exams.kinds.base import (
    NONE,
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
    missing,
    rows_of,
    share,
    text_of,
    wrong_count,
)

_POINTS = re.compile(r"[0-9]{1,2}(\.[0-9])?")


def _simple() -> dict[str, Kind]:
    return {key: kind for key, kind in kinds.registered().items() if key != CaseSet.key}


class CaseSet(Common):
    key = "case_set"
    label: str | Promise = gettext_lazy("case with several questions")
    rows_name = "parts"
    rows_label: str | Promise = gettext_lazy("Part")
    row_count = (2, 12)

    @property
    def row_blanks(self) -> tuple[Blank, ...]:
        return (
            Blank("prompt", gettext_lazy("Question")),
            Blank(
                "kind",
                gettext_lazy("Kind"),
                "choice",
                choices=tuple((key, kind.label) for key, kind in _simple().items()),
            ),
            Blank("points", gettext_lazy("Points"), "number", gettext_lazy("Empty: 1."), is_required=False),
            Blank(
                "fields",
                gettext_lazy("Options or lines, with the key"),
                "yaml",
                gettext_lazy("As in a content pack: choices or lines, with rationales."),
            ),
        )

    # --- writing
    def _parts(self, source: Doc) -> Iterator[tuple[int, Kind | None, Doc]]:
        """Number, kind if there is one of that key, and source of each part."""
        for number, row in enumerate(rows_of(source, "parts"), start=1):
            given = row.get("fields")
            yield (
                number,
                _simple().get(text_of(row, "kind")),
                {**(given if isinstance(given, Mapping) else {}), **row},
            )

    def problems(self, source: Doc) -> list[str]:
        rows = rows_of(source, "parts")
        problems = wrong_count(len(rows), self.row_count, _("Parts"))
        problems += missing(rows, "prompt", _("Part %(number)d has no question."))
        for number, kind, part in self._parts(source):
            if kind is None:
                problems.append(_("Part %(number)d has no kind that there is.") % {"number": number})
                continue
            points = text_of(part, "points")
            if points and (not _POINTS.fullmatch(points) or not Decimal(points)):
                problems.append(
                    _("Part %(number)d: points are a number above 0 such as 2.") % {"number": number}
                )
            problems += [self._of_part(number, one) for one in kind.problems(part)]
        return problems

    def _of_part(self, number: int | str, sentence: object) -> str:
        return _("Part %(number)s: %(sentence)s") % {"number": number, "sentence": sentence}

    def gaps(self, source: Doc) -> list[str]:
        return [
            self._of_part(number, gap)
            for number, kind, part in self._parts(source)
            if kind
            for gap in kind.gaps(part)
        ]

    def texts(self, source: Doc) -> Iterator[str]:
        for _number, kind, part in self._parts(source):
            yield text_of(part, "prompt")
            if kind:
                yield from kind.texts(part)

    def codes(self, source: Doc) -> Iterator[tuple[str, str]]:
        for _number, kind, part in self._parts(source):
            if kind:
                yield from kind.codes(part)

    def make(self, source: Doc, texts: Texts) -> Documents:
        documents = Documents(asked={"parts": []}, answer_key={"parts": []}, explained={"parts": []})
        for _number, kind, part in self._parts(source):
            if kind is None:
                raise kinds.UnknownKind(text_of(part, "kind"))
            made, prompt = kind.make(part, texts), text_of(part, "prompt")
            common = {"kind": kind.key, "points": text_of(part, "points") or "1"}
            documents.asked["parts"].append({**common, "html": texts.bare(prompt), "asked": made.asked})
            documents.answer_key["parts"].append({**common, "answer_key": made.answer_key})
            documents.explained["parts"].append(
                {"kind": kind.key, "html": texts.linked(prompt), "explained": made.explained}
            )
        return documents

    def fits(self, asked: Doc, answer_key: Doc) -> bool:
        parts, keys = asked["parts"], answer_key["parts"]
        return [one["kind"] for one in parts] == [one["kind"] for one in keys] and all(
            kinds.get(part["kind"]).fits(part["asked"], key["answer_key"])
            for part, key in zip(parts, keys, strict=True)
        )

    # --- asking
    def form(
        self, asked: Doc, order: Sequence[int], value: Value, struck: Sequence[int] = (), name: str = ""
    ) -> SafeString:
        parts, values = asked["parts"], value or {}
        tells_points = len({one["points"] for one in parts}) > 1
        return paper.sheets(
            paper.Sheet(
                self._heading(number, len(parts), part["points"] if tells_points else ""),
                part["html"],
                kinds.get(part["kind"]).form(
                    part["asked"], [], values.get(str(number)), name=f"{name}p{number}-"
                ),
            )
            for number, part in enumerate(parts, start=1)
        )

    def _heading(self, number: int, count: int, points: str) -> str:
        heading = _("Part %(number)d of %(count)d") % {"number": number, "count": count}
        return f"{heading} ({_('points: %(points)s') % {'points': points}})" if points else heading

    def clean(self, asked: Doc, fields: Fields, name: str = "") -> Value:
        parts = {str(number): part for number, part in enumerate(asked["parts"], start=1)}
        of_a_part = re.compile(rf"{re.escape(name)}p([0-9]+)-")
        for field in fields:
            if (match := of_a_part.match(field)) and match[1] not in parts:
                raise BadAnswer(_("This question has no such part."))
        value = {}
        for number, part in parts.items():
            try:
                value[number] = kinds.get(part["kind"]).clean(part["asked"], fields, f"{name}p{number}-")
            except BadAnswer as problem:
                raise BadAnswer(self._of_part(number, problem)) from problem
        return {number: one for number, one in value.items() if one is not None} or None

    # --- afterwards
    def grade(self, answer_key: Doc, value: Value, known: Known) -> Grade:
        values, earned, total, detail = value or {}, NONE, NONE, []
        for number, part in enumerate(answer_key["parts"], start=1):
            grade = kinds.get(part["kind"]).grade(part["answer_key"], values.get(str(number)), known)
            points = Decimal(part["points"])
            earned, total = earned + grade.points * points, total + points
            detail.append({"points": str(grade.points), "detail": grade.detail})
        return Grade(share(earned, total), detail)

    def entered(self, value: Value) -> Iterator[tuple[str, str]]:
        for part in (value or {}).values():
            for kind in _simple().values():
                yield from kind.entered(part)

    def explain(
        self, explained: Doc, answer_key: Doc, order: Sequence[int], value: Value, detail: Sequence[Any]
    ) -> SafeString:
        values, count = value or {}, len(answer_key["parts"])
        # what counts as right for everybody was not looked at part by part
        graded = detail or self.grade(answer_key, value, lambda system, code: True).detail
        sheets = []
        for number, (part, key) in enumerate(
            zip(explained["parts"], answer_key["parts"], strict=True), start=1
        ):
            one = values.get(str(number))
            worth = Decimal(graded[number - 1]["points"])
            if one is None:
                said = paper.state("short", _("Not answered"))
            elif worth == 1:
                said = paper.state("met", _("Right"))
            else:
                said = (
                    paper.state("late", _("Not right"))
                    if not worth
                    else paper.state("due", _("Partly right"))
                )
            body = kinds.get(key["kind"]).explain(
                part["explained"], key["answer_key"], [], one, graded[number - 1]["detail"]
            )
            sheets.append(paper.Sheet(self._heading(number, count, ""), part["html"], body, said))
        return paper.sheets(sheets, is_form=False)

    def say(self, explained: Doc, value: Value) -> str:
        parts = explained["parts"]
        said = (
            (number, kinds.get(parts[int(number) - 1]["kind"]).say(parts[int(number) - 1]["explained"], one))
            for number, one in sorted((value or {}).items(), key=lambda one: int(one[0]))
        )
        return " | ".join(self._of_part(number, words) for number, words in said)


KIND: Kind = CaseSet()
