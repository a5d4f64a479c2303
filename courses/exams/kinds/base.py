"""What a kind of question knows: the whole protocol, and the few things that kinds share.

A kind is one module with one object ``KIND``; nothing else names it. Kinds are pure: no database, no request.

``source`` is what the writer gave, in Markdown. From it a kind makes three documents, once, on write:
``asked`` is all that the exam room shows and holds nothing of the key, ``answer_key`` all that scoring reads,
``explained`` the words for afterwards. An option's id is the writer's position (1, 2, 3 …); an attempt keeps
the order in which it shows them.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from hashlib import sha256
from typing import Any, Literal, NamedTuple, Protocol

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

Doc = Mapping[str, Any]
"""A JSON object."""

Value = Any
"""An answer as JSON, in the form of its kind; None is no answer."""

Fields = Mapping[str, Sequence[str]]
"""What a browser sent for one question: the values of each field."""

Known = Callable[[str, str], bool]
"""Whether a code of that system exists in the edition: ``known("icd10cm", "E11.9")``."""

ONE, NONE = Decimal(1), Decimal(0)

_SMALLEST = Decimal("0.001")
_UNTYPABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class BadAnswer(ValueError):
    """What was sent cannot be an answer to this question; the text says why."""


class Texts(Protocol):
    """The Markdown of a question, rendered and sanitised."""

    def bare(self, markdown: str) -> str:
        """For the exam: a code stands without its title and leads nowhere."""
        ...

    def linked(self, markdown: str) -> str:
        """For afterwards: a code opens its entry."""
        ...


class Documents(NamedTuple):
    """What a kind makes of a source."""

    asked: dict[str, Any]
    answer_key: dict[str, Any]
    explained: dict[str, Any]


@dataclass(frozen=True)
class Grade:
    """What an answer is worth, from 0 to 1, and what to say of each of its parts."""

    points: Decimal
    #: JSON of the kind's own, for ``Kind.explain``.
    detail: list[Any] = field(default_factory=list)

    @property
    def is_correct(self) -> bool:
        return self.points == ONE


@dataclass(frozen=True)
class Blank:
    """A field of the editor's form."""

    name: str
    label: str | Promise
    widget: Literal["line", "area", "check", "number", "choice", "yaml"] = "area"
    help_text: str | Promise = ""
    is_required: bool = True
    choices: tuple[tuple[str, str | Promise], ...] = ()


class Kind(Protocol):
    """A kind of question."""

    #: Stored; never changes.
    key: str
    label: str | Promise
    #: The editor's form: fields that stand once, and fields of each row of ``rows_name``.
    blanks: tuple[Blank, ...]
    rows_name: str
    rows_label: str | Promise
    #: Fewest and most rows; a kind without rows has (0, 0).
    row_count: tuple[int, int]

    @property
    def row_blanks(self) -> tuple[Blank, ...]: ...

    # --- writing
    def problems(self, source: Doc) -> list[str]:
        """Why the source cannot even be a draft, a sentence each."""
        ...

    def gaps(self, source: Doc) -> list[str]:
        """What is still missing before the question may be ready, such as rationales."""
        ...

    def texts(self, source: Doc) -> Iterator[str]:
        """Every piece of Markdown in the source."""
        ...

    def codes(self, source: Doc) -> Iterator[tuple[str, str]]:
        """Codes that the key names outside of its texts, as (system, code)."""
        ...

    def make(self, source: Doc, texts: Texts) -> Documents:
        """The three documents of a source without problems."""
        ...

    def fits(self, asked: Doc, answer_key: Doc) -> bool:
        """Whether a key, made of a corrected source, can judge answers to what was asked before."""
        ...

    # --- asking
    def order(self, asked: Doc) -> list[int]:
        """Ids of the options that an attempt may show in an order of its own; empty where it may not."""
        ...

    def gives_away(self, answer_key: Doc, order: Sequence[int]) -> bool:
        """Whether the options in this order are the answer already: then another order is drawn."""
        ...

    def form(
        self, asked: Doc, order: Sequence[int], value: Value, struck: Sequence[int] = (), name: str = ""
    ) -> SafeString:
        """The fields of the answer, filled in with ``value``; their names begin with ``name``."""
        ...

    def clean(self, asked: Doc, fields: Fields, name: str = "") -> Value:
        """The answer that the fields hold, None when they are empty. Raises ``BadAnswer``."""
        ...

    # --- afterwards
    def grade(self, answer_key: Doc, value: Value, known: Known) -> Grade:
        """What an answer is worth; None is worth nothing."""
        ...

    def entered(self, value: Value) -> Iterator[tuple[str, str]]:
        """Codes that were typed as an answer, as (system, code): scoring asks whether they exist."""
        ...

    def chosen(self, value: Value) -> list[int] | None:
        """Ids of the options chosen, for the count of distractors; None where there are no options."""
        ...

    def explain(
        self, explained: Doc, answer_key: Doc, order: Sequence[int], value: Value, detail: Sequence[Any]
    ) -> SafeString:
        """The answer beside the key, with the rationale of every part."""
        ...

    def say(self, explained: Doc, value: Value) -> str:
        """An answer in a few plain words, for lists, spreadsheets and the log of corrections."""
        ...


class Common:
    """What most kinds have in common: no order of their own, no codes typed, no options chosen."""

    blanks: tuple[Blank, ...] = ()
    rows_name = "choices"
    row_count = (0, 0)

    @property
    def row_blanks(self) -> tuple[Blank, ...]:
        return ()

    def codes(self, source: Doc) -> Iterator[tuple[str, str]]:
        yield from ()

    def fits(self, asked: Doc, answer_key: Doc) -> bool:
        return True

    def order(self, asked: Doc) -> list[int]:
        return []

    def gives_away(self, answer_key: Doc, order: Sequence[int]) -> bool:
        return False

    def entered(self, value: Value) -> Iterator[tuple[str, str]]:
        yield from ()

    def chosen(self, value: Value) -> list[int] | None:
        return None


# --- reading a source, which people write by hand ---------------------------------------------------------


def text_of(doc: Doc, name: str) -> str:
    """A text of the source without blanks around it; a number or a yes is the text that YAML took it from."""
    value = doc.get(name)
    return str(value).strip() if isinstance(value, str | int | float | Decimal) else ""


def rows_of(doc: Doc, name: str) -> list[Doc]:
    """The rows of that name. What is no row is an empty one, so that it is refused like one."""
    value = doc.get(name)
    return [one if isinstance(one, Mapping) else {} for one in value] if isinstance(value, list) else []


def words_of(doc: Doc, name: str, *, apart: str = r"[\s,;]+") -> list[str]:
    """Several short texts: a list in a pack, one text with separators in the editor's form."""
    value = doc.get(name)
    if isinstance(value, str):
        value = re.split(apart, value)
    found = value if isinstance(value, list) else []
    return [str(one).strip() for one in found if isinstance(one, str | int) and str(one).strip()]


def numbered(texts: Iterable[str]) -> dict[str, int]:
    """An id for each text that tells nothing of where the writer put it."""
    by_digest = sorted(set(texts), key=lambda text: sha256(text.encode(errors="replace")).digest())
    return {text: number for number, text in enumerate(by_digest, start=1)}


def wrong_count(count: int, row_count: tuple[int, int], what: str) -> list[str]:
    """The sentence about too few or too many rows, if there are."""
    fewest, most = row_count
    if fewest <= count <= most:
        return []
    wanted = str(fewest) if fewest == most else _("%(fewest)d to %(most)d") % {"fewest": fewest, "most": most}
    return [
        _("%(what)s: here are %(count)d, not %(wanted)s.") % {"what": what, "count": count, "wanted": wanted}
    ]


def missing(rows: Iterable[Doc], name: str, sentence: str) -> list[str]:
    """``sentence``, which holds ``%(number)d``, for each row without a text of that name."""
    return [
        sentence % {"number": number} for number, row in enumerate(rows, start=1) if not text_of(row, name)
    ]


# --- reading what a browser sent, which anybody may have made ---------------------------------------------


def single(fields: Fields, name: str) -> str:
    """The last value of a field, without blanks around it; empty when it was not sent."""
    values = fields.get(name, ())
    return values[-1].strip() if values else ""


def option_id(text: str, known: Mapping[str, Any]) -> int:
    """The id of an option that exists. Raises ``BadAnswer``."""
    if text not in known:
        raise BadAnswer(_("This is not one of the options."))
    return int(text)


def typed(fields: Fields, name: str, *, most: int) -> str:
    """What was typed into a field of one line, with single blanks. Raises ``BadAnswer``."""
    text = single(fields, name)
    if len(text) > most:
        raise BadAnswer(_("This is too long: at most %(most)d characters.") % {"most": most})
    text = " ".join(text.split())
    if _UNTYPABLE.search(text):
        raise BadAnswer(_("This holds a character that cannot be typed."))
    return text


def refuse_others(fields: Fields, names: Collection[str], *prefixes: str) -> None:
    """Raise ``BadAnswer`` for a field that begins like one of this question's but is none of them."""
    for sent in fields:
        if sent.startswith(prefixes) and sent not in names:
            raise BadAnswer(_("This question has no such field."))


# --- worth ------------------------------------------------------------------------------------------------


def share(part: Decimal | int, of: Decimal | int) -> Decimal:
    """``part`` of ``of`` from 0 to 1, to the thousandth below: what is not all right is never 1."""
    return (Decimal(part) / Decimal(of)).quantize(_SMALLEST, ROUND_DOWN) if part < of else ONE
