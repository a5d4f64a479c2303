"""The official files that can be loaded: what each is, its name inside a zip, and who reads it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final

from courses.codesets.books import Book
from courses.codesets.formats import icd10cm_tabular
from courses.codesets.records import CodeList, Definitions, Index, Members, PcsTables
from courses.codesets.systems import System

Record = CodeList | Index | PcsTables | Definitions | Members


@dataclass(frozen=True)
class Format:
    """An official file: the book it brings, the name of it inside the zip it is published in, its reader."""

    system: System
    book: Book
    #: What the member's name looks like, lower case; a file given bare may have any name.
    member: str
    parse: Callable[[BinaryIO], Record]
    title: str


FORMATS: Final = {
    "icd10cm-tabular": Format(
        System.ICD10CM, Book.CODES, r"icd10c.*tabular.*\.xml", icd10cm_tabular.parse, "tabular list, XML"
    ),
}
