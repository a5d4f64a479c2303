"""Codes that the notes of the tabular list name, cut out so that they can be links. Pure."""

import re
from dataclasses import dataclass
from typing import Final

_CODE: Final = r"[A-Z](?:[0-9][0-9A-Z]|[A-Z][0-9])(?:\.[0-9A-Z]{1,4})?"
_LIST: Final = re.compile(rf"\(({_CODE}[0-9A-Z.,\- ]*)\)")
_NAMED: Final = re.compile(_CODE)


@dataclass(frozen=True)
class Piece:
    """A part of a note; ``code`` where the part names one."""

    text: str
    code: str = ""


def pieces(text: str) -> tuple[Piece, ...]:
    """``text`` with the codes in parentheses apart: ``(E11.-)`` names E11. Joined, they are the text."""
    parts: list[Piece] = []
    end = 0
    for group in _LIST.finditer(text):
        for name in _NAMED.finditer(text, group.start(1), group.end(1)):
            parts += [Piece(text[end : name.start()]), Piece(name[0], name[0])]
            end = name.end()
    parts.append(Piece(text[end:]))
    return tuple(piece for piece in parts if piece.text)
