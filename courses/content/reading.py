"""Reading YAML with the line of every value, so that each mistake can be named where it stands."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from hashlib import sha256
from typing import Any

import yaml

KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,8})")
_KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "nothing",
}
_WRITTEN = ("str", "int", "float", "bool", "timestamp")
_TRUE = ("true", "yes", "on")
_KINDS |= {"timestamp": "a date", "seq": "a list", "map": "keys with values"}


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in a pack: the file, its line counted from 1, and why it is refused."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class PackError(Exception):
    """The pack is refused and nothing of it is loaded; ``problems`` lists all that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass
class Sheet:
    """One YAML text: a file, or the front matter of one."""

    file: str
    text: str
    problems: list[Problem]
    lines_before: int = 0
    root: yaml.Node | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        try:
            self.root = yaml.compose(self.text, Loader=yaml.CSafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.refuse(mark.line + 1 if mark else 1, f"not YAML: {error.problem}")
        except yaml.YAMLError as error:
            self.refuse(1, f"not YAML: {error}")
        else:
            if self.root is None:
                self.refuse(1, "the file is empty")

    def refuse(self, line: int, reason: str) -> None:
        self.problems.append(Problem(self.file, self.lines_before + line, reason))

    def fields(self) -> "Fields":
        """The keys of the whole text; a problem is noted when it is not a mapping."""
        return Fields(self, self.root)

    def items(self) -> "list[Fields]":
        """The entries of the whole text, which must be a list of mappings."""
        if self.root is None:
            return []
        if not isinstance(self.root, yaml.SequenceNode):
            self.refuse(_line(self.root), f"a list is needed here, not {_kind(self.root)}")
            return []
        return [Fields(self, node) for node in self.root.value]


class Fields:
    """One mapping, asked for its keys one by one; ``close`` refuses what nobody asked for.

    A missing or wrong value is noted as a problem and read as an empty one of its type, so that reading goes
    on and all mistakes of a pack come out in one run.
    """

    def __init__(self, sheet: Sheet, node: yaml.Node | None) -> None:
        self.sheet = sheet
        self.node = node
        self.file = sheet.file
        self.line = sheet.lines_before + (_line(node) if node is not None else 1)
        self._values: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        self._asked: list[str] = []
        self._is_map = isinstance(node, yaml.MappingNode)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                name = str(key.value)
                if name in self._values:
                    sheet.refuse(_line(key), f"key `{name}` is given twice")
                self._values[name] = (key, value)
        elif node is not None:
            sheet.refuse(_line(node), f"keys with values are needed here, not {_kind(node)}")

    @property
    def digest(self) -> str:
        """sha256 over all that is said here, whatever its layout, order of keys and comments."""
        return digest_of(_plain(self.node))

    @property
    def lines(self) -> tuple[int, int]:
        """First line in the file, and the line after the last."""
        if self.node is None:
            return self.line, self.line
        end = self.node.end_mark
        return self.line, self.sheet.lines_before + end.line + (1 if end.column else 0)

    def has(self, name: str) -> bool:
        return name in self._values

    def is_null(self, name: str) -> bool:
        """Whether the pack says null for ``name``."""
        if name in self._values and _tag(self._values[name][1]) == "null":
            self._asked.append(name)
            return True
        return False

    def may_have(self, name: str) -> None:
        """Let the key stand here, whether it is read or not."""
        self._asked.append(name)

    def line_of(self, name: str) -> int:
        """The line in the file on which the value of ``name`` begins; of the mapping when there is none."""
        return self.sheet.lines_before + _line(self._values[name][0]) if name in self._values else self.line

    def lines_before(self, name: str) -> int:
        """Lines of the file before the first line of the text ``name``."""
        if name not in self._values:
            return self.line
        return self._lines_before(self._values[name][1])

    def _lines_before(self, node: yaml.Node) -> int:
        is_block = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")  # begins on the next line
        return self.sheet.lines_before + _line(node) - (0 if is_block else 1)

    def refuse(self, name: str, reason: str) -> None:
        """Note a problem at the key ``name``."""
        self.sheet.problems.append(Problem(self.file, self.line_of(name), reason))

    def close(self) -> None:
        """Refuse every key that was not asked for."""
        for name, (key, _value) in self._values.items():
            if name not in self._asked:
                near = get_close_matches(name, self._asked, n=1)
                hint = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(self._asked)}"
                self.sheet.refuse(_line(key), f"unknown key `{name}`; {hint}")

    def text(self, name: str, *, limit: int | None = None, optional: bool = False) -> str:
        """Text of at most ``limit`` characters; empty only when optional and left out."""
        node = self._take(name, "str", optional=optional)
        value = node.value.strip() if isinstance(node, yaml.ScalarNode) else ""
        if node is not None and not value:
            self.refuse(name, f"`{name}` is empty")
        if limit is not None and len(value) > limit:
            self.refuse(name, f"`{name}` has {len(value)} characters; {limit} are possible")
        return value

    def key(self, name: str = "key") -> str:
        """A key: lower-case words joined by hyphens."""
        value = self.text(name, limit=80)
        if value and not KEY.fullmatch(value):
            self.refuse(name, f"`{value}` is not a key: lower-case words joined by hyphens")
        return value

    def choice(self, name: str, allowed: Sequence[str]) -> str:
        """One of ``allowed``."""
        value = self.text(name)
        if value and value not in allowed:
            self.refuse(name, f"`{name}` is `{value}`; allowed are {', '.join(allowed)}")
        return value

    def integer(self, name: str, *, low: int = 0, high: int = 32767) -> int:
        """A whole number from ``low`` to ``high``."""
        node = self._take(name, "int")
        return self._whole(name, node, low, high) or 0

    def maybe_integer(
        self, name: str, *, low: int = 0, high: int = 32767, optional: bool = False
    ) -> int | None:
        """A whole number, or None where the pack says null or, when optional, nothing."""
        node = self._take(name, "int", nullable=True, optional=optional)
        return self._whole(name, node, low, high)

    def decimal(self, name: str) -> Decimal:
        """An exact decimal, not negative and below 1000."""
        node = self._take(name, "float", "int")
        if not isinstance(node, yaml.ScalarNode):
            return Decimal(0)
        try:
            value = Decimal(node.value)
        except ArithmeticError:
            value = Decimal(-1)
        if not 0 <= value < 1000:
            self.refuse(name, f"`{name}` must be a decimal from 0 to below 1000")
        return value

    def written(self, name: str) -> str | list[str]:
        """A text, or a list of texts, as it is written: a number stays its digits and True stays a word."""
        node = self._take(name, *_WRITTEN, "seq")
        if isinstance(node, yaml.SequenceNode):
            for item in node.value:
                if _tag(item) not in _WRITTEN:
                    self.sheet.refuse(_line(item), f"`{name}` is a list of texts; {_kind(item)} stands here")
            return [item.value.strip() for item in node.value if isinstance(item, yaml.ScalarNode)]
        return node.value.strip() if isinstance(node, yaml.ScalarNode) else ""

    def plain(self, name: str) -> Any:
        """Whatever stands there, as JSON has it; a fraction stays the text that it is, exact."""
        self._asked.append(name)
        return self._plain(self._values[name][1]) if name in self._values else None

    def _plain(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return {str(key.value): self._plain(value) for key, value in node.value}
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(item) for item in node.value]
        if _tag(node) == "null":
            self.sheet.refuse(_line(node), "nothing stands here; leave the key out")
            return None
        if _tag(node) == "int":
            return self._whole_of(node)
        return node.value.lower() in _TRUE if _tag(node) == "bool" else node.value.strip()

    def each_text(self, name: str, see: Callable[[str, int], None]) -> None:
        """Call ``see`` with every text at ``name``, however deep, and the lines of the file before it."""
        if name in self._values:
            self._each_text(self._values[name][1], see)

    def _each_text(self, node: yaml.Node, see: Callable[[str, int], None]) -> None:
        if isinstance(node, yaml.MappingNode):
            for _key, value in node.value:
                self._each_text(value, see)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                self._each_text(item, see)
        elif _tag(node) == "str":
            see(node.value, self._lines_before(node))

    def boolean(self, name: str, *, optional: bool = False) -> bool:
        node = self._take(name, "bool", optional=optional)
        return isinstance(node, yaml.ScalarNode) and node.value.lower() in _TRUE

    def day(self, name: str) -> date:
        """A date, year-month-day."""
        return self._date(name, self._take(name, "timestamp")) or date.min

    def maybe_day(self, name: str) -> date | None:
        """A date, or None where the pack says null."""
        return self._date(name, self._take(name, "timestamp", nullable=True))

    def texts(self, name: str, *, optional: bool = False) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(value for value, _line_ in self.placed(name, optional=optional))

    def placed(self, name: str, *, optional: bool = False) -> list[tuple[str, int]]:
        """A list of different texts, each with its line."""
        node = self._take(name, "seq", optional=optional)
        found: list[tuple[str, int]] = []
        for item in node.value if isinstance(node, yaml.SequenceNode) else []:
            if _tag(item) != "str" or not item.value.strip():
                self.sheet.refuse(_line(item), f"`{name}` is a list of texts; {_kind(item)} stands here")
            elif any(item.value.strip() == value for value, _at in found):
                self.sheet.refuse(_line(item), f"`{item.value.strip()}` is in `{name}` twice")
            else:
                found.append((item.value.strip(), self.sheet.lines_before + _line(item)))
        return found

    def maps(self, name: str, *, optional: bool = False) -> "list[Fields]":
        """A list of mappings."""
        node = self._take(name, "seq", optional=optional)
        return (
            [Fields(self.sheet, item) for item in node.value] if isinstance(node, yaml.SequenceNode) else []
        )

    def map(self, name: str) -> "Fields":
        """A mapping within this one."""
        return Fields(self.sheet, self._take(name, "map"))

    def names(self) -> list[str]:
        """All keys here, for a mapping whose keys are not fixed; they count as asked for."""
        self._asked = list(self._values)
        return list(self._values)

    def whole_numbers(self, name: str, *, optional: bool = False) -> tuple[int, ...]:
        """A list of whole numbers."""
        node = self._take(name, "seq", optional=optional)
        found = []
        for item in node.value if isinstance(node, yaml.SequenceNode) else []:
            value = self._whole_of(item) if _tag(item) == "int" else None
            if isinstance(value, int):
                found.append(value)
            else:
                self.sheet.refuse(
                    _line(item), f"`{name}` is a list of whole numbers; {_kind(item)} stands here"
                )
        return tuple(found)

    def _take(
        self, name: str, *tags: str, optional: bool = False, nullable: bool = False
    ) -> yaml.Node | None:
        self._asked.append(name)
        if name not in self._values:
            if not optional and self._is_map:
                self.sheet.problems.append(Problem(self.file, self.line, f"key `{name}` is missing"))
            return None
        node = self._values[name][1]
        if nullable and _tag(node) == "null":
            return None
        if _tag(node) not in tags:
            self.refuse(name, f"`{name}` must be {_KINDS[tags[0]]}, not {_kind(node)}")
            return None
        return node

    def _whole(self, name: str, node: yaml.Node | None, low: int, high: int) -> int | None:
        if not isinstance(node, yaml.ScalarNode):
            return None
        try:
            value = int(node.value)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            self.refuse(name, f"`{name}` must be a whole number from {low} to {high}")
        return value

    def _whole_of(self, node: yaml.Node) -> int | str:
        """A whole number; what only YAML takes for one (0210, 0x1F, 1_000) stays a text."""
        return int(node.value) if _WHOLE.fullmatch(node.value) else str(node.value)

    def _date(self, name: str, node: yaml.Node | None) -> date | None:
        if not isinstance(node, yaml.ScalarNode):
            return None
        try:
            return date.fromisoformat(node.value)
        except ValueError:
            self.refuse(name, f"`{name}` must be a date like 2026-10-01, not {node.value}")
            return None


def digest_of(what: Any) -> str:
    """sha256 of plain lists, dictionaries and texts, the same on every machine."""
    return sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def _plain(node: yaml.Node | None) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {str(name.value): _plain(value) for name, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return [_tag(node), node.value] if isinstance(node, yaml.ScalarNode) else None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _tag(node: yaml.Node) -> str:
    return str(node.tag).rpartition(":")[2]


def _kind(node: yaml.Node) -> str:
    return _KINDS.get(_tag(node), f"`{_tag(node)}`")
