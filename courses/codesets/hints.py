"""What the titles around a code give away: its other side, a more exact one, what is still missing. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_WORD: Final = re.compile(r"[\w'-]+")
_SIDES: Final = {"right": "right", "left": "left", "bilateral": "bilateral", "both": "bilateral"}
#: Words that one title of a pair has and the other lacks, without meaning another thing.
_FILLERS: Final = {"of", "the", "unilateral", "in", "affecting"}
_UNSPECIFIED: Final = "unspecified"
#: What merely causes a disease (B95) is “the cause of diseases classified elsewhere” and no manifestation.
_MANIFESTATION: Final = re.compile(r"\bin\b[^,;]*\bclassified elsewhere", re.IGNORECASE)
#: A difference begins with them: what is without something is another thing than what is with it.
_KEPT: Final = frozenset({"with", "without"})
#: What begins with one of these was cut in the middle of a thought.
_TORN: Final = frozenset("of in due to for by at on from and or".split())


@dataclass(frozen=True)
class Title:
    """A code and its words."""

    code: str
    title: str


@dataclass(frozen=True)
class SideCode:
    """The code of a side: ``right``, ``left``, ``bilateral``, or what else the title says of it."""

    code: str
    title: str
    side: str


def words(title: str) -> list[str]:
    """The words of a title, lower case, in their order."""
    return _WORD.findall(title.casefold())


# --- manifestations ------------------------------------------------------------------------------------
def is_manifestation(title: str) -> bool:
    """Whether the title says “in diseases classified elsewhere”: a manifestation, never first-listed."""
    return _MANIFESTATION.search(title) is not None


# --- sides ---------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Sided:
    """A title with its one side taken out; ``short`` lacks the word after it too (``right eye``)."""

    side: str
    full: tuple[str, ...]
    short: tuple[str, ...]


def _bag(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(word for word in found if word not in _FILLERS))


def _sided(title: str) -> _Sided | None:
    found = words(title)
    places = [place for place, word in enumerate(found) if word in _SIDES]
    if len(places) != 1:
        return None
    place = places[0]
    before, after = found[:place], found[place + 1 :]
    side = _SIDES[found[place]]
    if len(after) > 1 and after[1] == "side":  # “right dominant side” and “right nondominant side” are two
        side = f"{side} {after[0]}"
    return _Sided(side, _bag(before + after), _bag(before + after[1:]))


def has_side(title: str) -> bool:
    """Whether the title names the one side that it is about."""
    return _sided(title) is not None


def _leaves_open(title: str, sided: _Sided) -> bool:
    """Whether ``title`` is the one of ``sided`` with “unspecified” for its side."""
    found = words(title)
    places = [place for place, word in enumerate(found) if word == _UNSPECIFIED]
    if sided.full in [_bag(found[:place] + found[place + 1 :]) for place in places]:
        return True
    if " " in sided.side:  # “unspecified side” stands for “right dominant side”
        return sided.short in [_bag(found[:place] + found[place + 1 :]) for place in places]
    # “bilateral” stands for “unspecified eye”
    return sided.side == "bilateral" and sided.full in [
        _bag(found[:place] + found[place + 2 :]) for place in places
    ]


def side_codes(own: Title, others: Iterable[Title]) -> tuple[SideCode, ...]:
    """The codes of the other sides of ``own``, which is sided or leaves its side open; () when it has none.

    Right and left must have the same title but for that word; bilateral may lack the word after it.
    """
    mine = _sided(own.title)
    found: list[SideCode] = []
    for other in others:
        theirs = _sided(other.title)
        if other.code == own.code:
            continue
        if mine and theirs:
            if mine.side != theirs.side and _is_same_but_side(mine, theirs):
                found.append(SideCode(other.code, other.title, theirs.side))
        elif mine and _leaves_open(other.title, mine):
            found.append(SideCode(other.code, other.title, _UNSPECIFIED))
        elif theirs and _leaves_open(own.title, theirs):
            found.append(SideCode(other.code, other.title, theirs.side))
    return tuple(found) if any(one.side != _UNSPECIFIED for one in found) else ()


def _is_same_but_side(one: _Sided, other: _Sided) -> bool:
    if one.full == other.full:
        return True
    if " " in one.side and " " in other.side:
        return one.short == other.short
    return "bilateral" in (one.side, other.side) and bool({one.full, one.short} & {other.full, other.short})


# --- unspecified ---------------------------------------------------------------------------------------
def vagueness(title: str) -> int:
    """How often a title says that something is not known."""
    return words(title).count(_UNSPECIFIED)


def more_specific(own: Title, beside: Sequence[Title]) -> tuple[Title, ...]:
    """Those beside ``own`` that say what its “unspecified” leaves open; “Other …” last."""
    better = [one for one in beside if one.code != own.code and vagueness(one.title) < vagueness(own.title)]
    return tuple(sorted(better, key=lambda one: one.title.casefold().startswith("other")))


# --- what is missing -----------------------------------------------------------------------------------
def differences(titles: Sequence[str]) -> list[str]:
    """Of titles that stand beside each other, the words by which each differs; where none would be left, all.

    ``right femur``, ``left femur`` and ``unspecified femur`` of three fractures: the noun after a side stays.
    """
    split = [title.split() for title in titles]
    if len(split) < 2:
        return list(titles)
    shortest = min(map(len, split))
    head = 0
    while head < shortest and len({_plain(one[head]) for one in split}) == 1:
        head += 1
    tail = 0
    while tail < shortest - head and len({_plain(one[-1 - tail]) for one in split}) == 1:
        tail += 1
    if head and _plain(split[0][head - 1]) in _KEPT:
        head -= 1
    if tail and any(_plain(one[len(one) - tail - 1]) in {*_SIDES, _UNSPECIFIED} for one in split):
        tail -= 1
    cut = [" ".join(one[head : len(one) - tail]).strip(" ,;") for one in split]
    is_torn = any(not label or _plain(label.split()[0]) in _TORN for label in cut)
    return list(titles) if is_torn else cut


def _plain(word: str) -> str:
    return word.strip(",;").casefold()


#: What a level asks for, by words that most of its choices have; the first that fits.
_ASKED: Final[tuple[tuple[str, Promise], ...]] = (
    ("right left bilateral both", _("side")),
    ("trimester", _("trimester")),
    ("displaced nondisplaced", _("displaced or not")),
    ("stage", _("stage")),
    ("mild moderate severe", _("severity")),
    ("eyelid", _("eyelid")),
    ("male female", _("sex")),
    ("accidental intentional assault undetermined", _("intent: accident, self-harm, assault or other")),
    ("driver passenger occupant person rider pedestrian", _("who was hurt")),
    ("fracture", _("type of fracture")),
)
_ASKED_LAST: Final[tuple[tuple[str, Promise], ...]] = (
    ("encounter sequela", _("encounter (7th character)")),
    ("fetus", _("fetus (7th character)")),
)


def asked_for(labels: Sequence[str], *, is_seventh: bool) -> str:
    """In plain words what a level asks for, told by the differing words of its choices."""
    found = [set(words(label)) for label in labels]
    for signs, name in (*(_ASKED_LAST if is_seventh else ()), *_ASKED):
        if sum(bool(one & set(signs.split())) for one in found) * 2 > len(labels):
            return str(name)
    if is_seventh:
        return str(_("7th character"))
    leading = sum(label.startswith(tuple(_KEPT)) for label in labels)
    return str(_("what comes with it") if leading * 2 > len(labels) else _("kind or site"))


@dataclass(frozen=True)
class Node:
    """A row of the tree below a heading."""

    code: str
    title: str
    parent: str
    is_billable: bool
    takes_seventh: bool
    seventh: str = ""


@dataclass(frozen=True)
class Choice:
    """One answer: its differing words and the code it leads to."""

    code: str
    label: str
    is_billable: bool
    is_chosen: bool = False


@dataclass(frozen=True)
class Level:
    """A question on the way to a complete code; ``chosen`` is its answer, None while it is asked."""

    asks: str
    choices: tuple[Choice, ...]
    chosen: Choice | None
    #: The code at which it is asked: choosing anew begins there.
    at: str


@dataclass(frozen=True)
class Completion:
    """How far the way from a heading to a billable code is gone."""

    levels: tuple[Level, ...]
    #: What is asked after the open level, on at least one way down.
    later: tuple[str, ...]
    #: Where the answers lead.
    reached: Node

    @property
    def answered(self) -> tuple[Level, ...]:
        return tuple(level for level in self.levels if level.chosen)

    @property
    def open(self) -> Level | None:
        """The question to answer now; None when the code is complete."""
        return self.levels[-1] if self.levels and self.levels[-1].chosen is None else None

    @property
    def then(self) -> tuple[str, ...]:
        """What is asked later, and is another thing than what is asked now."""
        return tuple(asks for asks in self.later if self.open is None or asks != self.open.asks)


def complete(root: Node, below: Iterable[Node], to: str = "") -> Completion:
    """The questions from ``root`` down to ``to`` and the next one; a level with one choice answers itself.

    ``to`` that is not below ``root`` is as if nothing was chosen. Rows that differ in the 7th character need
    only be there below the row that is reached.
    """
    children: dict[str, list[Node]] = {}
    rows = {root.code: root}
    for node in below:
        children.setdefault(node.parent, []).append(node)
        rows[node.code] = node
    way: list[str] = []
    step = rows.get(to)
    while step is not None and step.code != root.code:
        way.insert(0, step.code)
        step = rows.get(step.parent)
    chosen = set(way if step is not None else ())
    levels: list[Level] = []
    here = root
    while here.code in children:
        level = _level(here, children[here.code], chosen)
        if len(level.choices) > 1:
            levels.append(level)
        next_code = level.choices[0].code if len(level.choices) == 1 else level.chosen and level.chosen.code
        if not next_code:
            break
        here = rows[next_code]
    return Completion(tuple(levels), _later(here, children), here)


def _level(parent: Node, nodes: Sequence[Node], chosen: set[str]) -> Level:
    labels = differences([node.title for node in nodes])
    choices = tuple(
        Choice(node.code, label, node.is_billable, node.code in chosen)
        for node, label in zip(nodes, labels, strict=True)
    )
    asks = asked_for(labels, is_seventh=any(node.seventh for node in nodes))
    return Level(asks, choices, next((one for one in choices if one.is_chosen), None), parent.code)


def _later(here: Node, children: dict[str, list[Node]]) -> tuple[str, ...]:
    """What the levels below the open one ask for, breadth first."""
    found: dict[str, None] = {}
    seventh = here.takes_seventh and here.code not in children
    waiting = list(children.get(here.code, ()))
    while waiting:
        deeper: list[Node] = []
        for node in waiting:
            below = children.get(node.code, [])
            if len(below) > 1:
                labels = differences([one.title for one in below])
                found[asked_for(labels, is_seventh=any(one.seventh for one in below))] = None
            seventh |= node.takes_seventh
            deeper += below
        waiting = deeper
    if seventh:
        found[str(_("7th character"))] = None
    return tuple(found)
