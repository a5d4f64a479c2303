"""The kinds of questions. A kind is one module here; a new one touches one file."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from random import Random

from courses.exams.kinds.base import BadAnswer, Doc, Fields, Grade, Kind, Known, Value

__all__ = [
    "BadAnswer",
    "Doc",
    "Fields",
    "Grade",
    "Kind",
    "Known",
    "UnknownKind",
    "Value",
    "get",
    "registered",
    "shuffled",
]


class UnknownKind(LookupError):
    """There is no kind of that key."""


@cache
def registered() -> dict[str, Kind]:
    """All kinds by their key."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    kinds: list[Kind] = [module.KIND for module in modules if hasattr(module, "KIND")]
    return {kind.key: kind for kind in sorted(kinds, key=lambda kind: str(kind.key))}


def get(key: str) -> Kind:
    """The kind of that key. Raises ``UnknownKind``."""
    try:
        return registered()[key]
    except KeyError:
        raise UnknownKind(key) from None


def shuffled(kind: Kind, asked: Doc, answer_key: Doc, dice: Random) -> list[int]:
    """An order in which an attempt shows the options: never one that is the answer already."""
    order = kind.order(asked)
    dice.shuffle(order)
    if kind.gives_away(answer_key, order):
        order = [*order[1:], order[0]]
    return order
