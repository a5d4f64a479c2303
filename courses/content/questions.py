"""Reading the questions of a pack. What a question of a kind may say, its kind alone knows."""

import re
from collections.abc import Iterable
from typing import Any

from courses.content.pieces import QuestionPiece
from courses.content.reading import Fields
from courses.content.shelf import Shelf
from courses.exams import kinds
from courses.exams.kinds.base import Blank
from portal.lib.markdown import CITATIONS

#: The rows of a question of several questions: each names the kind that its other fields belong to.
_PARTS = "parts"
#: Where a kind speaks of a row: "Option 3 has no rationale", "Part 2, line 1: …".
_PLACE = re.compile(r"(?:^|[,:] )[^\W\d]+ (\d+)\b")


def read_citations(shelf: Shelf, fields: Fields, *, needed: bool) -> tuple[tuple[str, str], ...]:
    found = []
    for entry in fields.maps("citations", optional=not needed):
        kind, ref = entry.choice("kind", CITATIONS), entry.text("ref", limit=200)
        if kind == "guideline":
            shelf.want("guideline", ref, entry.file, entry.line_of("ref"))
        found.append((kind, ref))
        entry.close()
    if needed and fields.has("citations") and not found:
        fields.refuse("citations", "at least one citation is needed")
    return tuple(found)


def read_question(shelf: Shelf, fields: Fields) -> QuestionPiece:
    """A question of any kind, checked by its kind down to what may not be missing when it goes live."""
    kind = fields.choice("kind", list(kinds.registered()))
    question = QuestionPiece(
        **shelf.piece("question", fields.key(), fields),
        kind=kind,
        domain=fields.key("domain"),
        difficulty=fields.integer("difficulty", low=1, high=5),
        difficulty_reason=fields.text("difficulty_reason", limit=200),
        stem=fields.text("stem"),
        source={},
        citations=read_citations(shelf, fields, needed=True),
        edition=fields.text("edition", limit=40, optional=True),
        exclusion_group=fields.key("exclusion_group") if fields.has("exclusion_group") else "",
    )
    shelf.want("domain", question.domain, fields.file, fields.line_of("domain"))
    shelf.references(fields.file, question.stem, fields.lines_before("stem"))
    if kind in kinds.registered():
        _read_source(shelf, fields, kinds.get(kind), question.source)
        fields.close()
    return question


def _read_source(shelf: Shelf, fields: Fields, kind: kinds.Kind, source: dict[str, Any]) -> None:
    """Fill ``source`` with the kind's own fields; what cannot be read or asked is noted where it stands."""
    before = len(shelf.problems)
    rows: dict[str, list[Fields]] = {}
    source.update(_source(shelf, fields, kind, rows, ""))
    if len(shelf.problems) > before:  # a kind may count on the shape of what it is given
        return
    for reason in (*kind.problems(source), *kind.gaps(source)):
        line = fields.line_of(kind.rows_name)
        shelf.refuse(fields.file, _line_of(reason, line, rows), reason)


def _source(
    shelf: Shelf, fields: Fields, kind: kinds.Kind, rows: dict[str, list[Fields]], place: str
) -> dict[str, Any]:
    """The kind's own fields as JSON; ``rows`` notes the rows of each place in a question, for messages."""
    names = {blank.name for blank in kind.blanks} | {kind.rows_name}
    source = _values(shelf, fields, [b for b in kind.blanks if b.name not in (_PARTS, kind.rows_name)])
    if _PARTS in names:
        rows[place] = fields.maps(_PARTS)
        source[_PARTS] = [
            _part(shelf, entry, rows, f"{place}{number}.")
            for number, entry in enumerate(rows[place], start=1)
        ]
    elif kind.rows_name and kind.row_blanks:
        rows[place] = fields.maps(kind.rows_name)
        source[kind.rows_name] = [_row(shelf, entry, kind.row_blanks) for entry in rows[place]]
    return source


def _part(shelf: Shelf, entry: Fields, rows: dict[str, list[Fields]], place: str) -> dict[str, Any]:
    simple = [key for key, kind in kinds.registered().items() if _PARTS not in _names(kind)]
    part: dict[str, Any] = {"kind": entry.choice("kind", simple), "prompt": entry.text("prompt")}
    shelf.references(entry.file, part["prompt"], entry.lines_before("prompt"))
    entry.may_have("points")
    if entry.has("points"):
        part["points"] = entry.plain("points")
    if part["kind"] in simple:
        part |= _source(shelf, entry, kinds.get(part["kind"]), rows, place)
        entry.close()
    return part


def _names(kind: kinds.Kind) -> set[str]:
    return {blank.name for blank in kind.blanks} | {kind.rows_name}


def _row(shelf: Shelf, entry: Fields, blanks: Iterable[Blank]) -> dict[str, Any]:
    row = _values(shelf, entry, blanks)
    entry.close()
    return row


def _values(shelf: Shelf, fields: Fields, blanks: Iterable[Blank]) -> dict[str, Any]:
    """What is given of these fields; whether one may be missing is for the kind to say."""
    found: dict[str, Any] = {}
    for blank in blanks:
        fields.may_have(blank.name)
        if not fields.has(blank.name):
            continue
        if blank.widget in ("line", "area"):
            found[blank.name] = fields.written(blank.name)
        elif blank.widget == "choice":
            found[blank.name] = fields.choice(blank.name, [str(value) for value, _label in blank.choices])
        elif blank.widget == "check":
            found[blank.name] = fields.boolean(blank.name)
        else:
            found[blank.name] = fields.plain(blank.name)
        fields.each_text(
            blank.name, lambda text, lines_before: shelf.references(fields.file, text, lines_before)
        )
    return found


def _line_of(reason: str, line: int, rows: dict[str, list[Fields]]) -> int:
    """The line of the row that a kind speaks of, as deep as it names one; ``line`` when it names none."""
    place = ""
    for match in _PLACE.finditer(reason):
        here, number = rows.get(place, ()), int(match[1])
        if not 1 <= number <= len(here):
            break
        line, place = here[number - 1].line, f"{place}{number}."
    return line
