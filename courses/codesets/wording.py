"""What a revised wording changed, word by word. Pure."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

_WORDS: Final = re.compile(r"\s+|[^\s\w]|\w+")
#: Matching is quadratic in the words; the longest official title has a third as many.
_MOST: Final = 600


@dataclass(frozen=True)
class Part:
    """A stretch of two wordings: ``same``, ``gone`` or ``new``."""

    kind: str
    text: str

    @property
    def pieces(self) -> tuple[str, str, str]:
        """The text with the spaces before and after it apart, which no mark should cover."""
        core = self.text.strip()
        before, _core, after = self.text.partition(core) if core else (self.text, "", "")
        return before, core, after


def revised(before: str, after: str) -> tuple[Part, ...]:
    """Both wordings in one line: ``same`` and ``gone`` make the old one, ``same`` and ``new`` the new one."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if len(old) + len(new) > _MOST:
        return tuple(part for part in (Part("gone", before), Part("new", after)) if part.text)
    parts: list[Part] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            parts.append(Part("same", "".join(old[a:b])))
            continue
        if a < b:
            parts.append(Part("gone", "".join(old[a:b])))
        if c < d:
            parts.append(Part("new", "".join(new[c:d])))
    return tuple(parts)
