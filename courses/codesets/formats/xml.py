"""How every reader of an XML file reads: hardened, in one pass, refusing with the line. Pure."""

from codecs import lookup
from collections.abc import Callable, Collection, Mapping
from typing import Any, BinaryIO, ClassVar, Final
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from courses.codesets.errors import LoadRefused

#: No official file is half as deep; the readers may walk what they read by recursion.
MAX_DEPTH: Final = 40
MAX_TOKEN: Final = 1_000_000
#: The tabular list has 190,000, every other file fewer.
MAX_ELEMENTS: Final = 500_000
#: What the parser decodes itself; it hands every other encoding to whatever codec bears the name.
_ENCODINGS: Final = {"utf-8", "utf-16", "utf-16-le", "utf-16-be", "ascii", "iso8859-1", "cp1252"}


class Reader:
    """Base of the readers of one kind of file: takes care that elements stand where they may.

    A reader names in ``elements`` what the file may hold, each element with those that it may stand in (""
    for the document), and works in ``begin`` and ``finish``, which are called for known elements only.
    """

    #: What the file should be, as the refusal of another one says it: "an ICD-10-CM tabular list".
    what: ClassVar[str]
    elements: ClassVar[Mapping[str, Collection[str]]]
    #: Known elements that carry nothing that is read; they are passed over with all they hold.
    skipped: ClassVar[Collection[str]] = ()

    def __init__(self) -> None:
        #: The line that the parser has reached.
        self.line: Callable[[], int] = int
        #: The open elements, outermost first.
        self.path: list[str] = []
        self._texts: list[list[str]] = []
        self._skipping = 0
        self._count = 0

    def refuse(self, reason: str) -> LoadRefused:
        """The refusal to raise: ``reason``, in the line reached."""
        return LoadRefused(reason, line=self.line())

    def begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element opens; it is already the last of ``path``."""

    def finish(self, tag: str, text: str) -> None:
        """An element ends; ``text`` is its own without its children's, spaces collapsed, and ``path`` ends
        with the element around it."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise self.refuse(f"there are more than {MAX_ELEMENTS} elements in it")
        around = self.path[-1] if self.path else ""
        places = self.elements.get(tag, ())
        if not around and "" not in places:
            raise self.refuse(f"this is not {self.what}: it begins with <{tag[:60]}>")
        if self._skipping or tag in self.skipped:
            self._skipping += 1
            return
        if not places:
            raise self.refuse(f"the element <{tag[:60]}> is not known")
        if around not in places:
            raise self.refuse(f"a <{tag}> cannot stand inside <{around}>")
        if len(self.path) == MAX_DEPTH:
            raise self.refuse(f"elements stand {MAX_DEPTH} deep in each other")
        self.path.append(tag)
        self._texts.append([])
        self.begin(tag, attributes)

    def data(self, text: str) -> None:
        if not self._skipping and self._texts:
            self._texts[-1].append(text)

    def end(self, tag: str) -> None:
        if self._skipping:
            self._skipping -= 1
            return
        self.path.pop()
        self.finish(tag, " ".join("".join(self._texts.pop()).split()))

    def close(self) -> None:
        """Called by the parser at the end of the document."""


def read(stream: BinaryIO, reader: Reader) -> None:
    """Feed the file to ``reader``. Raises ``LoadRefused`` with the line for what is not well-formed or not
    safe: document type declarations, entities, encodings that no official file has."""
    parser: Any = XMLParser(target=reader, forbid_dtd=True)
    expat = parser.parser  # the parser lets go of it at the end, and refusals may come after
    reader.line = lambda: int(expat.CurrentLineNumber)

    def declared(_version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and not _is_known(encoding):
            raise reader.refuse(f"the encoding “{encoding[:40]}” is not known")

    expat.XmlDeclHandler = declared
    fed = 0
    try:
        while chunk := stream.read(1 << 16):
            parser.feed(chunk)
            fed += len(chunk)
            # the parser would look at the whole of it again with every chunk
            if fed - expat.CurrentByteIndex > MAX_TOKEN:
                raise reader.refuse("a tag or a comment is longer than any of an official file")
        parser.close()
    except ParseError as error:
        line, _column = error.position
        raise LoadRefused(f"the XML is malformed or cut off ({error.msg})", line=line) from error
    except DefusedXmlException as error:
        raise reader.refuse("document type declarations and entities are refused") from error


def _is_known(encoding: str) -> bool:
    try:
        return lookup(encoding).name in _ENCODINGS
    except LookupError:
        return False
