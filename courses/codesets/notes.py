"""Codes that the notes of the tabular list name, cut out so that they can be links. Pure."""

import re
from dataclasses import dataclass
from typing import Final

#: The 2nd character may be a letter since FY2026 (QA0); a gene (GH1) must not pass for a code.
_CODE: Final = r"(?<![\w.])[A-Z](?:[0-9][0-9A-Z]|A[0-9])(?:\.[0-9A-Z]{1,4})?(?!\w)"
_NAMED: Final = re.compile(_CODE)
_JOINED: Final = r"(?:\.?-|\.)?(?:\s?[,;]?\s?(?:and |or |to )?|-)"
#: In a sentence a code of three characters is one only after a word that announces it.
_ANNOUNCED: Final = re.compile(
    rf"\b(?:[Cc]ategor(?:y|ies)|[Ss]ubcategor(?:y|ies)|[Cc]odes?|in|to|from|under)\s(?:{_CODE}{_JOINED})+"
)
_BRACKETED: Final = re.compile(rf"\((?:i\.e\.,? |e\.g\.,? |see )?{_CODE}[^()]*\)")
_DOTTED: Final = re.compile(r"(?<![\w.])[A-Z][0-9A][0-9A-Z]\.(?:[0-9A-Z]{1,4}(?!\w)|-)")


@dataclass(frozen=True)
class Piece:
    """A part of a note; ``code`` where the part names one."""

    text: str
    code: str = ""


def pieces(text: str) -> tuple[Piece, ...]:
    """``text`` with the codes in it apart. Joined, the pieces are the text.

    ``(E11.-)`` names E11, ``(C00-C96)`` both its ends, ``(J00-J06; J20-J22)`` four; outside of parentheses a
    code is known by its dot (``classified to A74.-``) or by the word before it (``in categories B90-B94``).
    """
    spans: dict[int, int] = {}
    for group in (*_BRACKETED.finditer(text), *_ANNOUNCED.finditer(text), *_DOTTED.finditer(text)):
        for name in _NAMED.finditer(text, group.start(), group.end()):
            spans[name.start()] = name.end()
    parts: list[Piece] = []
    end = 0
    for start in sorted(spans):
        parts += [Piece(text[end:start]), Piece(text[start : spans[start]], text[start : spans[start]])]
        end = spans[start]
    parts.append(Piece(text[end:]))
    return tuple(piece for piece in parts if piece.text)
