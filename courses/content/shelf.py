"""The folder of a pack while it is read, and what is noted on the way."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from courses.content.reading import KEY, Fields, Problem, Sheet, digest_of
from portal.lib.markdown import ROLES, SYSTEMS, references

#: Keys that are there already, by the word a mistake calls them; a pack may refer to them.
Known = Mapping[str, Collection[str]]


@dataclass(frozen=True)
class Want:
    """A reference that must lead somewhere."""

    what: str
    key: str
    file: str
    line: int


@dataclass
class Shelf:
    """A pack's folder while it is read: its files, and every key, reference and problem noted so far."""

    folder: Path
    known: Known
    problems: list[Problem] = field(default_factory=list)
    wants: list[Want] = field(default_factory=list)
    have: dict[str, set[str]] = field(default_factory=dict)
    read: set[Path] = field(default_factory=set)

    # --- the whole ---------------------------------------------------------------------------------
    def refuse(self, file: str, line: int, reason: str) -> None:
        self.problems.append(Problem(file, line, reason))

    def want(self, what: str, key: str, file: str, line: int) -> None:
        if key:
            self.wants.append(Want(what, key, file, line))

    def define(self, what: str, key: str, file: str, line: int) -> None:
        """Note that the pack holds this key; a second one of the kind is refused."""
        keys = self.have.setdefault(what, set())
        if key and key in keys:
            self.refuse(file, line, f"{what} `{key}` is there twice")
        keys.add(key)

    def resolve(self) -> None:
        """Refuse every reference that leads nowhere."""
        for want in self.wants:
            if want.key not in self.have.get(want.what, ()) and want.key not in self.known.get(want.what, ()):
                self.refuse(want.file, want.line, f"there is no {want.what} `{want.key}`")

    def refuse_strangers(self) -> None:
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and path not in self.read and not path.name.startswith("."):
                self.refuse(
                    path.relative_to(self.folder).as_posix(), 1, "no pack has a file of this name here"
                )

    def files(self, below: str, kind: str) -> list[str]:
        return [p.relative_to(self.folder).as_posix() for p in sorted(self.folder.glob(f"{below}/*.{kind}"))]

    def content(self, name: str) -> str | None:
        """The text of a file; None when it is not there or cannot be read."""
        path = self.folder / name
        if not path.is_file():
            return None
        self.read.add(path)
        try:
            return path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            line = path.read_bytes()[: error.start].count(b"\n") + 1
            self.refuse(name, line, "the file is not UTF-8 text")
            return None

    def sheet(self, name: str) -> Sheet | None:
        text = self.content(name)
        return None if text is None else Sheet(name, text, self.problems)

    def list_of(self, name: str) -> list[Fields]:
        sheet = self.sheet(name)
        return sheet.items() if sheet else []

    def page(self, name: str) -> tuple[Fields, str, int] | None:
        """Front matter, the Markdown under it and the line before which that begins."""
        text = self.content(name)
        if text is None:
            return None
        lines = text.split("\n")
        if lines[0].rstrip() != "---" or "---" not in (line.rstrip() for line in lines[1:]):
            self.refuse(name, 1, "the file must begin with front matter between two lines of `---`")
            return None
        end = next(number for number, line in enumerate(lines[1:], start=1) if line.rstrip() == "---")
        sheet = Sheet(name, "\n".join(lines[1:end]) + "\n", self.problems, lines_before=1)
        body = "\n".join(lines[end + 1 :])
        if not body.strip():
            self.refuse(name, end + 1, "there is no text under the front matter")
        return sheet.fields(), body, end + 1

    def piece(self, what: str, key: str, fields: Fields) -> dict[str, Any]:
        """What every part has, and its key is noted."""
        self.define(what, key, fields.file, fields.line)
        first, after = fields.lines
        text = fields.sheet.text.split("\n")[first - 1 : after] if fields.sheet.lines_before == 0 else []
        return {
            "key": key,
            "digest": fields.digest,
            "file": fields.file,
            "line": fields.line,
            "text": "\n".join(text),
        }

    def whole_file(self, what: str, key: str, name: str, fields: Fields) -> dict[str, Any]:
        self.define(what, key, name, 1)
        text = (self.folder / name).read_text(encoding="utf-8-sig", errors="replace")
        return {"key": key, "digest": digest_of(text), "file": name, "line": 1, "text": text}

    def stem_key(self, name: str, stem: str | None = None) -> str:
        """The key that a file's name gives."""
        key = Path(name).stem if stem is None else stem
        if not KEY.fullmatch(key) or len(key) > 80:
            self.refuse(name, 1, f"`{key}` is not a key: lower-case words joined by hyphens")
        return key

    def references(self, file: str, source: str, lines_before: int, *, checkpoints: bool = False) -> None:
        """Check what ``[[...]]`` in a text lead to; codes are checked when the text is stored."""
        seen = set()
        lines = source.splitlines()
        for number, prefix, target, role in references(source):
            line = lines_before + number
            if prefix == "guideline":
                self.want("guideline", target, file, line)
            elif prefix == "checkpoint" and not checkpoints:
                self.refuse(file, line, "a checkpoint question can stand in a lesson only")
            elif prefix == "checkpoint":
                self.want("question", target, file, line)
                if target in seen:
                    self.refuse(file, line, f"checkpoint `{target}` stands twice in this lesson")
                seen.add(target)
                if lines[number - 1].strip() != f"[[checkpoint:{target}]]":
                    self.refuse(file, line, f"[[checkpoint:{target}]] must stand alone on its line")
            elif prefix not in SYSTEMS:
                self.refuse(file, line, f"`{prefix}` is no code system; known are {', '.join(SYSTEMS)}")
            elif role not in ROLES:
                self.refuse(file, line, f"`{role}` is no role of a code; known are {', '.join(ROLES)}")
