"""What every reader of XML refuses, whatever the file is: entities, encodings, and what never ends."""

import socket
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given, settings

from courses.codesets.errors import LoadRefused
from courses.codesets.formats import icd10cm_index, icd10cm_tabular, pcs, xml
from courses.codesets.formats.xml import MAX_DEPTH, MAX_TOKEN
from tests.codesets.formats import test_icd10cm_index, test_pcs
from tests.codesets.formats.mutating import mutated, outcome
from tests.codesets.sample import SAMPLE

Parse = Callable[[BytesIO], object]

#: reader -> the sample that it reads
READERS: dict[str, tuple[Parse, str]] = {
    "tabular list": (icd10cm_tabular.parse, SAMPLE),
    "index": (partial(icd10cm_index.parse, kind="index"), test_icd10cm_index.INDEX),
    "PCS tables": (pcs.parse_tables, test_pcs.TABLES),
    "PCS index": (pcs.parse_index, test_pcs.INDEX),
    "PCS definitions": (pcs.parse_definitions, test_pcs.DEFINITIONS),
}


@pytest.fixture
def canary() -> Iterator[socket.socket]:
    """A server that nobody may call."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


DECLARATIONS = {
    "bare": "<!DOCTYPE x>",
    "empty": "<!DOCTYPE x []>",
    "with blanks": "\n\n <!DOCTYPE\tx\n>",
    "behind a comment": "<!-- official --><!DOCTYPE x>",
    "behind an instruction": "<?xml-stylesheet href='a.css'?><!DOCTYPE x>",
    "local file": '<!DOCTYPE x [<!ENTITY e SYSTEM "file://{file}">]>',
    "bare path": '<!DOCTYPE x [<!ENTITY e SYSTEM "{file}">]>',
    "network": '<!DOCTYPE x [<!ENTITY e SYSTEM "http://127.0.0.1:{port}/e">]>',
    "public": '<!DOCTYPE x PUBLIC "-//W3C//DTD" "http://127.0.0.1:{port}/x.dtd">',
    "external subset": '<!DOCTYPE x SYSTEM "http://127.0.0.1:{port}/x.dtd">',
    "parameter": '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:{port}/p"> %p;]>',
    "ftp": '<!DOCTYPE x [<!ENTITY e SYSTEM "ftp://127.0.0.1:{port}/e">]>',
    "laughs": '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">]>',
    "one long": '<!DOCTYPE x [<!ENTITY a "{long}">]>',
    "unused": '<!DOCTYPE x [<!ENTITY a "">]>',
    "attribute default": '<!DOCTYPE x [<!ATTLIST diag placeholder CDATA "true">]>',
    "notation": '<!DOCTYPE x [<!NOTATION n SYSTEM "file://{file}">]>',
    "unparsed": '<!DOCTYPE x [<!NOTATION n SYSTEM "n"><!ENTITY e SYSTEM "{file}" NDATA n>]>',
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("declaration", DECLARATIONS)
def test_declarations_are_refused_and_nothing_is_fetched(
    reader: str, declaration: str, canary: socket.socket, tmp_path: Path
) -> None:
    parse, sample = READERS[reader]
    (tmp_path / "secret").write_text("secret")
    told = DECLARATIONS[declaration]
    for key, value in {
        "file": tmp_path / "secret",
        "port": canary.getsockname()[1],
        "long": "a" * 9_000,
    }.items():
        told = told.replace(f"{{{key}}}", str(value))
    head, _newline, rest = sample.partition("\n")

    with pytest.raises(LoadRefused, match="document type declarations and entities are refused"):
        parse(BytesIO(f"{head}\n{told}\n{rest.replace('2026', '&e;', 1)}".encode()))

    with pytest.raises(BlockingIOError):
        canary.accept()


@pytest.mark.parametrize("reader", READERS)
def test_entity_without_declaration_is_refused(reader: str) -> None:
    parse, sample = READERS[reader]

    with pytest.raises(LoadRefused, match="undefined entity"):
        parse(BytesIO(sample.replace("2026", "&year;", 1).encode()))


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "latin-1", "windows-1252", "us-ascii"])
def test_usual_encodings_are_read(reader: str, encoding: str) -> None:
    parse, sample = READERS[reader]
    name = "utf-8" if encoding == "utf-8-sig" else encoding
    data = sample.replace('encoding="utf-8"', f'encoding="{name}"').encode(encoding, "xmlcharrefreplace")

    assert parse(BytesIO(data)) == parse(BytesIO(sample.encode()))


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["utf-7", "shift_jis", "rot13", "hex", "zlib", "idna", "cp037", "none-such"])
def test_other_encodings_are_refused_by_name(reader: str, name: str) -> None:
    parse, sample = READERS[reader]

    with pytest.raises(LoadRefused, match=f"the encoding “{name}” is not known") as refusal:
        parse(BytesIO(sample.replace('encoding="utf-8"', f'encoding="{name}"').encode()))

    assert refusal.value.line == 1


ENDLESS = {"comment": "<!--{}-->", "instruction": "<?x {}?>", "attribute": "<x a='{}'/>", "name": "<{}/>"}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("piece", ENDLESS)
def test_tag_without_an_end_is_refused_at_once(reader: str, piece: str) -> None:
    parse, sample = READERS[reader]
    head, _newline, rest = sample.partition("\n")
    data = f"{head}\n{ENDLESS[piece].format('a' * MAX_TOKEN * 20)}{rest}".encode()
    before = process_time()

    with pytest.raises(LoadRefused, match="a tag or a comment is longer than any") as refusal:
        parse(BytesIO(data))

    assert process_time() - before <= 5
    assert refusal.value.line == 2


@pytest.mark.parametrize(
    ("parse", "data"),
    [
        (
            icd10cm_tabular.parse,
            "<ICD10CM.tabular><version>2026</version><chapter><section id='A00'>" + "<diag>" * 100_000,
        ),
        (
            pcs.parse_index,
            "<ICD10PCS.index><version>2026</version><letter><title>A</title><mainTerm><title>a</title>"
            + "".join(f"<term level='{level}'><title>a</title>" for level in range(1, 100_000)),
        ),
    ],
    ids=["tabular list", "PCS index"],
)
def test_endless_depth_is_refused(parse: Parse, data: str) -> None:
    with pytest.raises(LoadRefused, match=f"elements stand {MAX_DEPTH} deep in each other"):
        parse(BytesIO(data.encode()))


def test_more_elements_than_any_book_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml, "MAX_ELEMENTS", 1_000)
    head = "<ICD10PCS.index><version>2026</version><letter><title>A</title>"
    data = head + "<mainTerm><title>a</title></mainTerm>" * 500

    with pytest.raises(LoadRefused, match="there are more than 1000 elements in it"):
        pcs.parse_index(BytesIO(data.encode()))


@pytest.mark.parametrize(
    "text", ["", " ", "\n\n", "\x00", "\ufeff", "<", "<>", "<a", "text", "\xff\xfe", "PK\x03\x04"]
)
@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_xml_is_refused(reader: str, text: str) -> None:
    with pytest.raises(LoadRefused):
        READERS[reader][0](BytesIO(text.encode("latin-1", "replace")))


@settings(max_examples=500, deadline=5_000)
@given(mutated(SAMPLE.encode()))
def test_mutated_tabular_list_is_refused_or_read(data: bytes) -> None:
    assert outcome(icd10cm_tabular.parse, data) in ("read", "refused")
