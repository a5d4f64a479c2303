"""Codes to type, with modifiers and units where the code system has them.

A code is compared as its book prints it, so ``e11.9``, ``E119`` and `` E11.9 `` are one. The value keeps
empty lines between others: in an ordered question the place counts.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.codesets.systems import System, is_well_formed, label_of, normalise
from courses.exams import paper
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
    refuse_others,
    rows_of,
    share,
    text_of,
    typed,
    words_of,
    wrong_count,
)
from portal.lib.markdown import code_chip

SYSTEMS = (System.ICD10CM, System.ICD10PCS, System.HCPCS, System.CPT)
WITH_MODIFIERS = (System.HCPCS, System.CPT)
OPEN_LINES = 12
LONGEST_CODE, LONGEST_MODIFIERS, LONGEST_UNITS, MOST_MODIFIERS = 20, 40, 4, 8

_MODIFIER = re.compile(r"[0-9A-Z]{2}")
_TYPED_MODIFIER = re.compile(r"[0-9A-Z]{1,5}")
_UNITS = re.compile(r"0*[1-9][0-9]{0,3}")
_BETWEEN = re.compile(r"[\s,;./–—-]+")

Verdict = Literal[
    "right",  # a line of the key
    "alternative",  # accepted instead of a line of the key
    "partly",  # the code, but not its modifiers or units: half
    "optional",  # a line that may be there
    "misplaced",  # a code of the key, at another place
    "duplicate",  # there already
    "invalid",  # no code at all
    "wrong",
    # of lines of the key
    "missed",
    "left_out",  # an optional one
]


def is_code(system: str, code: str) -> bool:
    """Whether a normalised code can be a whole code: no range, chapter or modifier."""
    return len(code) >= 3 and "-" not in code and is_well_formed(system, code)


def bare(code: str) -> str:
    """A code without what only its print has."""
    return code.replace(".", "")


@dataclass(frozen=True)
class _Line:
    """A line of the key."""

    id: int
    codes: tuple[str, ...]
    rest: tuple[frozenset[str], str]
    is_optional: bool


@dataclass(frozen=True)
class _Typed:
    """A line of the answer: its place from 0, its code without point, modifiers and units."""

    place: int
    code: str
    rest: tuple[frozenset[str], str]

    def halves(self, line: _Line) -> int:
        """What it is worth as ``line``: 2 for all of it, 1 for the code alone."""
        return 0 if self.code not in line.codes else 2 if self.rest == line.rest else 1


_Pairs = tuple[tuple[_Typed, _Line], ...]


def _worth(pairs: _Pairs, entered: int, required: int) -> Decimal:
    """Points of an answer whose lines belong to lines of the key in this way."""
    halves = sum(one.halves(line) for one, line in pairs if not line.is_optional)
    counted = entered - sum(line.is_optional for _one, line in pairs)
    return share(halves, 2 * max(counted, required))


def _best(ways: Iterator[_Pairs], entered: int, required: int) -> tuple[Decimal, _Pairs]:
    return max(
        ((_worth(pairs, entered, required), pairs) for pairs in ways),
        key=lambda one: (one[0], sum(typed.halves(line) for typed, line in one[1])),
    )


def _by_place(entries: Sequence[_Typed], lines: Sequence[_Line]) -> Iterator[_Pairs]:
    """The pairs place by place, once for each choice of optional lines that were left out."""
    optional = [line for line in lines if line.is_optional]
    by_place = {one.place: one for one in entries}
    for count in range(len(optional) + 1):
        for left_out in combinations(optional, count):
            wanted = [line for line in lines if line not in left_out]
            yield tuple(
                (by_place[place], line)
                for place, line in enumerate(wanted)
                if place in by_place and by_place[place].halves(line)
            )


def _any_way(entries: Sequence[_Typed], lines: Sequence[_Line]) -> Iterator[_Pairs]:
    """For each set of lines that can be met at once, the pairs that are worth most."""
    best: dict[int, tuple[int, _Pairs]] = {0: (0, ())}
    for one in entries:
        fits = [(1 << bit, line) for bit, line in enumerate(lines) if one.halves(line)]
        for met, (halves, pairs) in list(best.items()) if fits else ():
            for bit, line in fits:
                if not met & bit:
                    now = halves + one.halves(line)
                    if now > best.get(met | bit, (-1, ()))[0]:
                        best[met | bit] = (now, (*pairs, (one, line)))
    for _halves, pairs in best.values():
        yield pairs


class Entry(Common):
    key = "entry"
    label: str | Promise = gettext_lazy("codes to type")
    blanks: tuple[Blank, ...] = (
        Blank("ordered", gettext_lazy("The order counts"), "check", is_required=False),
        Blank(
            "open",
            gettext_lazy("Do not tell how many codes"),
            "check",
            gettext_lazy("The room then shows twelve lines."),
            is_required=False,
        ),
    )
    rows_name = "lines"
    rows_label: str | Promise = gettext_lazy("Code")
    row_count = (1, OPEN_LINES)

    @property
    def row_blanks(self) -> tuple[Blank, ...]:
        return (
            Blank(
                "system",
                gettext_lazy("Code system"),
                "choice",
                choices=tuple((one.value, one.label) for one in SYSTEMS),
            ),
            Blank("code", gettext_lazy("Code"), "line"),
            Blank("alternatives", gettext_lazy("Also accepted"), "line", is_required=False),
            Blank("modifiers", gettext_lazy("Modifiers"), "line", is_required=False),
            Blank("units", gettext_lazy("Units"), "number", is_required=False),
            Blank("optional", gettext_lazy("It may be there and need not be"), "check", is_required=False),
            Blank("rationale", gettext_lazy("Why this code"), is_required=False),
        )

    # --- writing
    def problems(self, source: Doc) -> list[str]:
        lines = rows_of(source, "lines")
        problems = wrong_count(len(lines), self.row_count, _("Codes"))
        for number, one in enumerate(lines, start=1):
            problems += [
                _("Code %(number)d: %(problem)s") % {"number": number, "problem": problem}
                for problem in self._line_problems(one)
            ]
        if lines and all(one.get("optional") for one in lines):
            problems.append(_("At least one code must be required."))
        if not problems:
            meant = [(one["system"], one["code"], tuple(one["modifiers"])) for one in self._key_lines(source)]
            if len(set(meant)) != len(meant):
                problems.append(_("Two lines are the same code."))
        return problems

    def _line_problems(self, line: Doc) -> Iterator[str]:
        system = text_of(line, "system")
        if system not in SYSTEMS:
            yield _("the code system must be one of %(systems)s.") % {"systems": ", ".join(SYSTEMS)}
            return
        code = normalise(system, text_of(line, "code"))
        also = [normalise(system, one) for one in words_of(line, "alternatives")]
        for one in (code, *also):
            if not is_code(system, one):
                yield _("“%(code)s” cannot be a code of %(system)s.") % {
                    "code": one,
                    "system": label_of(system),
                }
        if len({code, *also}) != 1 + len(also):
            yield _("a code stands twice among what is accepted.")
        modifiers, units = words_of(line, "modifiers", apart=_BETWEEN.pattern), text_of(line, "units")
        if (modifiers or units not in ("", "1")) and system not in WITH_MODIFIERS:
            yield _("%(system)s has no modifiers and no units.") % {"system": label_of(system)}
        if len(modifiers) > MOST_MODIFIERS or not all(_MODIFIER.fullmatch(one.upper()) for one in modifiers):
            yield _("a modifier has two letters or digits; there are at most %(most)d.") % {
                "most": MOST_MODIFIERS
            }
        if units and not _UNITS.fullmatch(units):
            yield _("units are a whole number from 1 to 9999.")

    def gaps(self, source: Doc) -> list[str]:
        return missing(rows_of(source, "lines"), "rationale", _("Code %(number)d has no rationale."))

    def texts(self, source: Doc) -> Iterator[str]:
        for one in rows_of(source, "lines"):
            yield text_of(one, "rationale")

    def codes(self, source: Doc) -> Iterator[tuple[str, str]]:
        for one in self._key_lines(source):
            for code in (one["code"], *one["alternatives"]):
                yield one["system"], code

    def _key_lines(self, source: Doc) -> list[dict[str, Any]]:
        return [
            {
                "id": number,
                "system": system,
                "code": normalise(system, text_of(one, "code")),
                "alternatives": [normalise(system, also) for also in words_of(one, "alternatives")],
                "modifiers": sorted(
                    {also.upper() for also in words_of(one, "modifiers", apart=_BETWEEN.pattern)}
                ),
                "units": text_of(one, "units").lstrip("0") or "1",
                "optional": bool(one.get("optional")),
            }
            for number, one in enumerate(rows_of(source, "lines"), start=1)
            if (system := text_of(one, "system")) in SYSTEMS
        ]

    def make(self, source: Doc, texts: Texts) -> Documents:
        lines, is_open = self._key_lines(source), bool(source.get("open"))
        systems = {one["system"] for one in lines}
        has_rest = bool(systems.intersection(WITH_MODIFIERS)) and (
            is_open or any(one["modifiers"] or one["units"] != "1" for one in lines)
        )
        return Documents(
            asked={
                "lines": OPEN_LINES if is_open else len(lines),
                "open": is_open,
                "ordered": bool(source.get("ordered")),
                "system": systems.pop() if len(systems) == 1 else "",
                "rest": has_rest,
            },
            answer_key={"ordered": bool(source.get("ordered")), "lines": lines},
            explained={
                "lines": {
                    str(number): {"code": line["code"], "why": texts.linked(text_of(one, "rationale"))}
                    for number, (one, line) in enumerate(zip(rows_of(source, "lines"), lines, strict=True), 1)
                }
            },
        )

    # --- asking
    def form(
        self, asked: Doc, order: Sequence[int], value: Value, struck: Sequence[int] = (), name: str = ""
    ) -> SafeString:
        lines = list(value or ())
        inputs = []
        for number in range(1, asked["lines"] + 1):
            line = lines[number - 1] if number <= len(lines) else {}
            label = _("Code %(number)d") % {"number": number}
            inputs.append(
                paper.Input(f"{name}code-{number}", label, line.get("code", ""), LONGEST_CODE, "code")
            )
            if asked["rest"]:
                said = ", ".join(line.get("modifiers", ()))
                label = _("Modifiers of code %(number)d") % {"number": number}
                inputs.append(
                    paper.Input(f"{name}modifiers-{number}", label, said, LONGEST_MODIFIERS, "code")
                )
                label = _("Units of code %(number)d") % {"number": number}
                units = line.get("units", "")
                inputs.append(paper.Input(f"{name}units-{number}", label, units, LONGEST_UNITS, "numeric"))
        return paper.told(*self._told(asked)) + paper.inputs(inputs, a_line=3 if asked["rest"] else 1)

    def _told(self, asked: Doc) -> Iterator[str]:
        if asked["system"]:
            yield _("Codes of %(system)s.") % {"system": label_of(asked["system"])}
        if asked["lines"] > 1:
            yield _("The order counts.") if asked["ordered"] else _("The order does not count.")
        if asked["open"]:
            yield _("Leave the lines empty that you do not need.")
        if asked["rest"]:
            yield _("Empty units are 1.")

    def clean(self, asked: Doc, fields: Fields, name: str = "") -> Value:
        columns = ("code", "modifiers", "units") if asked["rest"] else ("code",)
        numbers = range(1, asked["lines"] + 1)
        names = {f"{name}{column}-{number}" for column in columns for number in numbers}
        refuse_others(fields, names, *(f"{name}{column}-" for column in ("code", "modifiers", "units")))
        lines = [self._clean_line(asked, fields, name, number) for number in numbers]
        while lines and not any(lines[-1].values()):
            lines.pop()
        return lines or None

    def _clean_line(self, asked: Doc, fields: Fields, name: str, number: int) -> dict[str, Any]:
        sent = typed(fields, f"{name}code-{number}", most=LONGEST_CODE)
        code = self._normalised(asked["system"], sent)
        if sent and not code:
            raise BadAnswer(_("Line %(number)d: a code has letters or digits.") % {"number": number})
        if not asked["rest"]:
            return {"code": code, "modifiers": [], "units": "1" if code else ""}
        sent = typed(fields, f"{name}modifiers-{number}", most=LONGEST_MODIFIERS)
        modifiers = {one for one in _BETWEEN.split(sent.upper()) if one}
        if len(modifiers) > MOST_MODIFIERS or not all(_TYPED_MODIFIER.fullmatch(one) for one in modifiers):
            raise BadAnswer(_("Line %(number)d: modifiers are short codes such as LT.") % {"number": number})
        units = typed(fields, f"{name}units-{number}", most=LONGEST_UNITS)
        if units and not _UNITS.fullmatch(units):
            raise BadAnswer(_("Line %(number)d: units are a whole number from 1.") % {"number": number})
        return {
            "code": code,
            "modifiers": sorted(modifiers),
            "units": units.lstrip("0") or ("1" if code else ""),
        }

    def _normalised(self, system: str, sent: str) -> str:
        """The code as its book prints it; where several systems are asked, as it was typed."""
        text = re.sub(r"[^0-9A-Z.]", "", sent.upper()) if not system else normalise(system, sent)
        return text if bare(text) else ""

    # --- afterwards
    def grade(self, answer_key: Doc, value: Value, known: Known) -> Grade:
        lines = [
            _Line(
                one["id"],
                tuple(map(bare, (one["code"], *one["alternatives"]))),
                (frozenset(one["modifiers"]), one["units"]),
                one["optional"],
            )
            for one in answer_key["lines"]
        ]
        entries = [
            _Typed(place, bare(one["code"]), (frozenset(one["modifiers"]), one["units"]))
            for place, one in enumerate(value or ())
            if one["code"]
        ]
        required = sum(not line.is_optional for line in lines)
        ways = (_by_place if answer_key["ordered"] else _any_way)(entries, lines)
        points, pairs = _best(ways, len(entries), required)
        met = {one.place: line for one, line in pairs}
        detail: list[dict[str, Any]] = []
        systems = {one["system"] for one in answer_key["lines"]}
        for one in entries:
            line = met.get(one.place)
            verdict = self._verdict_met(one, line) if line else self._verdict_else(one, entries, lines, met)
            if verdict == "wrong" and not any(
                known(system, normalise(system, one.code)) for system in systems
            ):
                verdict = "invalid"
            detail.append({"entry": one.place, "verdict": verdict, **({"line": line.id} if line else {})})
        met_ids = {line.id for line in met.values()}
        detail += [
            {"line": line.id, "verdict": "left_out" if line.is_optional else "missed"}
            for line in lines
            if line.id not in met_ids
        ]
        return Grade(points if entries else NONE, detail)

    def _verdict_met(self, one: _Typed, line: _Line) -> Verdict:
        if line.is_optional:
            return "optional"
        if one.halves(line) < 2:
            return "partly"
        return "right" if one.code == line.codes[0] else "alternative"

    def _verdict_else(
        self, one: _Typed, entries: Sequence[_Typed], lines: Sequence[_Line], met: Mapping[int, _Line]
    ) -> Verdict:
        others = [other for other in entries if other.code == one.code and other is not one]
        if any(other.place in met or other.place < one.place for other in others):
            return "duplicate"
        met_ids = {line.id for line in met.values()}
        if any(one.code in line.codes and line.id not in met_ids for line in lines):
            return "misplaced"
        return "wrong"

    def entered(self, value: Value) -> Iterator[tuple[str, str]]:
        for one in value if isinstance(value, list) else ():
            if isinstance(one, Mapping) and one.get("code"):
                for system in SYSTEMS:
                    code = normalise(system, one["code"])
                    if is_code(system, code):
                        yield system.value, code

    def explain(
        self, explained: Doc, answer_key: Doc, order: Sequence[int], value: Value, detail: Sequence[Any]
    ) -> SafeString:
        typed_lines, lines = list(value or ()), {one["id"]: one for one in answer_key["lines"]}
        shown = detail or self.grade(answer_key, value, lambda system, code: True).detail
        rows = []
        for one in shown:
            line = lines.get(one.get("line"))
            given = typed_lines[one["entry"]] if "entry" in one else None
            why = explained["lines"].get(str(line["id"])) if line else None
            rows.append(
                [
                    f'<span class="mono">{paper.text(self._say_line(given))}</span>' if given else "–",
                    self._state(one["verdict"]),
                    self._key_html(line) if line else "–",
                    # a key that was corrected may hold a line that the rationale was not written for
                    why["why"] if line and why and why["code"] == line["code"] else "–",
                ]
            )
        return paper.table(
            [_("Your entry"), _("Result"), _("Key"), _("Why")], rows, label=_("Your codes and the key")
        )

    def _state(self, verdict: Verdict) -> str:
        name, words = {
            "right": ("met", _("Right")),
            "alternative": ("met", _("Right, accepted too")),
            "partly": ("due", _("Right code; modifiers or units differ")),
            "optional": ("met", _("May be added, need not be")),
            "misplaced": ("late", _("Right code, wrong place")),
            "duplicate": ("late", _("Entered twice")),
            "invalid": ("late", _("Not a valid code")),
            "wrong": ("late", _("Not right")),
            "missed": ("short", _("Missed")),
            "left_out": ("draft", _("May be added, need not be")),
        }[verdict]
        return paper.state(name, words, is_long=True)

    def _key_html(self, line: Doc) -> str:
        chips = _(" or ").join(
            code_chip(line["system"], one) for one in (line["code"], *line["alternatives"])
        )
        return f"{chips} {paper.text(self._say_rest(line))}".strip()

    def _say_rest(self, line: Doc) -> str:
        units = f"× {line['units']}" if line["units"] not in ("", "1") else ""
        return " ".join(filter(None, ("-".join(line["modifiers"]), units)))

    def _say_line(self, line: Doc) -> str:
        modifiers = "".join(f"-{one}" for one in line["modifiers"])
        units = f" × {line['units']}" if line["units"] not in ("", "1") else ""
        return f"{line['code']}{modifiers}{units}"

    def say(self, explained: Doc, value: Value) -> str:
        return "; ".join(self._say_line(one) for one in value or () if one["code"])


KIND: Kind = Entry()
