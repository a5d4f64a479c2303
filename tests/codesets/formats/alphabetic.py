"""Makes an Alphabetic Index in the official shape out of its flat list, for tests and measurements.

``python -m tests.codesets.formats.alphabetic PAIRS OUT [--splits train dev] [--see SEE]``
"""

import gzip
from argparse import ArgumentParser
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

HEAD = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index>
  <version>2025</version>
  <title>ICD-10-CM INDEX TO DISEASES and INJURIES</title>
"""
SPLITS = ("train", "dev")


@dataclass
class Node:
    """A term, its codes and references, and the terms under it by their titles."""

    codes: dict[str, None] = field(default_factory=dict)
    refs: dict[tuple[str, str], None] = field(default_factory=dict)
    nonessential: str = ""
    children: dict[str, "Node"] = field(default_factory=dict)

    def at(self, path: tuple[str, ...]) -> "Node":
        """The term of that path, made where it is missing."""
        node = self
        for title in path:
            node = node.children.setdefault(title, Node())
        return node


def rows(path: Path) -> Iterator[list[str]]:
    """The rows of a packed table without its header."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            yield line.rstrip("\n").split("\t")


def titles(path: str) -> tuple[str, ...]:
    """The titles of a path ``A > b > c``, spaces as a reader of the index leaves them."""
    return tuple(" ".join(title.split()).replace(" ,", ",") for title in path.split(" > "))


def pairs_of(pairs: Path, splits: Collection[str] = SPLITS) -> set[tuple[str, str, bool]]:
    """Path, code and whether more characters follow: what an index made of ``pairs`` must give."""
    return {
        (" > ".join(titles(path)), code.rstrip("-").rstrip("."), code.endswith("-"))
        for path, code, split, *_rest in rows(pairs)
        if split in splits
    }


def tree(pairs: Path, splits: Collection[str] = SPLITS, see: Path | None = None) -> Node:
    """The terms of the chosen splits and, where given, all references."""
    root = Node()
    for path, code, split, _query, nonessential in rows(pairs):
        if split in splits:
            node = root.at(titles(path))
            node.codes[code] = None
            # of a nested term the list does not say which words belong to it, but where nothing else is left
            if " > " not in path or not titles(path)[-1]:
                node.nonessential = nonessential.rpartition(" | ")[2]
    if see is not None:
        for path, kind, target in rows(see):
            root.at(titles(path)).refs["seeAlso" if kind == "see also" else "see", target] = None
    return root


def written(out: Path, pairs: Path, *, splits: Collection[str] = SPLITS, see: Path | None = None) -> None:
    """Write the index to ``out``."""
    letters: dict[str, list[tuple[str, Node]]] = {}
    for title, node in sorted(tree(pairs, splits, see).children.items(), key=lambda item: item[0].casefold()):
        first = title[0].upper()
        letters.setdefault(first if first.isalpha() else "#", []).append((title, node))
    with out.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        for letter, terms in letters.items():
            file.write(f"<letter>\n<title>{escape(letter)}</title>\n")
            for title, node in terms:
                file.writelines(lines_of(title, node, 0))
            file.write("</letter>\n")
        file.write("</ICD10CM.index>\n")


def lines_of(title: str, node: Node, level: int) -> Iterator[str]:
    """The element of a term, line by line."""
    name = "term" if level else "mainTerm"
    nonessential = f"<nemod>{escape(node.nonessential)}</nemod>" if node.nonessential else ""
    yield f'<term level="{level}">\n' if level else "<mainTerm>\n"
    yield f"<title>{escape(title)}{nonessential}</title>\n"
    for code in node.codes:
        yield f"<code>{escape(code)}</code>\n"
    for kind, target in node.refs:
        yield f"<{kind}>{escape(target)}</{kind}>\n"
    for below, child in node.children.items():
        yield from lines_of(below, child, level + 1)
    yield f"</{name}>\n"


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--splits", nargs="+", choices=SPLITS, default=SPLITS)
    parser.add_argument("--see", type=Path)
    options = parser.parse_args()
    written(options.out, options.pairs, splits=options.splits, see=options.see)


if __name__ == "__main__":
    main()
