"""Building an ICD-10-PCS code in a table: which values may still stand together. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from courses.codesets.records import Axis

#: The characters that a row of a table gives; the first three name the table.
PLACES: Final = (4, 5, 6, 7)

#: The four axes of a row, each with the values that may be combined with those of the others.
Row = Sequence[Axis]


@dataclass(frozen=True)
class Choice:
    """A value of a character. ``blocked_by`` names the characters whose choice keeps it out of every row."""

    value: str
    #: More than one where rows give the value different meanings; another choice tells them apart.
    labels: tuple[str, ...]
    is_chosen: bool = False
    blocked_by: tuple[int, ...] = ()


@dataclass(frozen=True)
class Column:
    """A character, what it says in this table, and its values in the order of the book."""

    place: int
    heading: str
    choices: tuple[Choice, ...]
    #: Not chosen by anyone: the rows that are left allow no other value.
    is_settled: bool = False

    @property
    def chosen(self) -> Choice | None:
        return next((choice for choice in self.choices if choice.is_chosen), None)

    @property
    def open(self) -> tuple[Choice, ...]:
        """Values that may be chosen, without the chosen one."""
        return tuple(one for one in self.choices if not one.blocked_by and not one.is_chosen)

    @property
    def blocked(self) -> tuple[Choice, ...]:
        return tuple(one for one in self.choices if one.blocked_by and not one.is_chosen)


@dataclass(frozen=True)
class Build:
    """How far a code is built. ``values`` holds what is chosen, asked for or settled by the rows."""

    columns: tuple[Column, ...]
    values: Mapping[int, str]
    #: Values asked for that stand nowhere in the table, by character.
    unknown: Mapping[int, str]
    #: Positions of the rows that allow everything that is chosen.
    rows: tuple[int, ...]

    @property
    def tail(self) -> str:
        """Characters 4 to 7, empty until all four are there."""
        return "".join(self.values[place] for place in PLACES) if len(self.values) == len(PLACES) else ""


def build(rows: Sequence[Row], asked: Mapping[int, str]) -> Build:
    """The state of a code whose characters ``asked`` are chosen, place (4 to 7) -> value.

    A character that has one value left is settled: it needs no choice. Values that no row allows together
    with the others stay in the answer with the characters that block them, so that nobody has to guess.
    """
    known = {
        place: value
        for place, value in asked.items()
        if any(value in row[place - PLACES[0]].values for row in rows)
    }
    unknown = {place: value for place, value in asked.items() if place not in known}
    columns = tuple(_column(rows, known, place, settles=place not in asked) for place in PLACES)
    settled = {column.place: column.chosen.value for column in columns if column.chosen}
    return Build(
        columns=columns,
        values={place: (unknown | settled)[place] for place in PLACES if place in unknown | settled},
        unknown=unknown,
        rows=() if unknown else tuple(n for n, row in enumerate(rows) if _allows(row, known)),
    )


def _column(rows: Sequence[Row], known: Mapping[int, str], place: int, *, settles: bool) -> Column:
    others = {other: value for other, value in known.items() if other != place}
    at = place - PLACES[0]
    labels: dict[str, dict[str, bool]] = {}
    open_values: set[str] = set()
    for row in rows:
        allowed = _allows(row, others)
        for value, label in row[at].values.items():
            told = labels.setdefault(value, {})
            told[label] = told.get(label, False) or allowed
            if allowed:
                open_values.add(value)
    only = next(iter(open_values)) if len(open_values) == 1 and settles else ""
    chosen = known.get(place, only)
    choices = tuple(
        Choice(
            value,
            # of several meanings, those that the other choices leave
            tuple(label for label, fits in told.items() if fits or value not in open_values),
            is_chosen=value == chosen,
            blocked_by=() if value in open_values else _blockers(rows, others, at, value),
        )
        for value, told in sorted(labels.items())
    )
    return Column(place, rows[0][at].title if rows else "", choices, is_settled=bool(only))


def _blockers(rows: Sequence[Row], others: Mapping[int, str], at: int, value: str) -> tuple[int, ...]:
    """The characters that never stand in a row with ``value``; all, where only together they do not."""
    here = [row for row in rows if value in row[at].values]
    alone = tuple(
        place for place, other in others.items() if not any(_allows(row, {place: other}) for row in here)
    )
    return alone or tuple(others)


def _allows(row: Row, values: Mapping[int, str]) -> bool:
    return all(value in row[place - PLACES[0]].values for place, value in values.items())


def tails(rows: Sequence[Row]) -> set[str]:
    """Characters 4 to 7 of every code that the rows make."""
    return {"".join(values) for row in rows for values in product(*(axis.values for axis in row))}


def label_at(rows: Sequence[Row], section: str, values: Mapping[int, str], place: int) -> str:
    """What the value at ``place`` means beside the other ``values``, empty where the rows do not tell.

    The rows that allow all of them say it. Where none does, the value counts only if all its rows agree, and
    a device or substance of New Technology (section X) only beside the same 7th character, because the same
    value stands there for another one every year.
    """
    at, value = place - PLACES[0], values[place]
    own = [row for row in rows if _allows(row, values)]
    if not own:
        beside = {p: v for p, v in values.items() if p == place or (p == 7 and place == 6 and section == "X")}
        own = [row for row in rows if _allows(row, beside)]
    found = {row[at].values[value] for row in own}
    return found.pop() if len(found) == 1 else ""
