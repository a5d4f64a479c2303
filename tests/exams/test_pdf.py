"""Reports as tagged PDF: what is in it, that words are data, and that nothing makes it fail."""

import io
import json
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pypdf
import pytest
import typst
from django.test import Client
from django.urls import reverse

from courses.exams.actions import finish_attempt, mark_item
from courses.exams.models import Attempt
from portal.lib import pdf
from portal.lib.pdf import Block, blocks_of, typeset

AT = datetime(2026, 11, 23, tzinfo=UTC)


def words(blocks: list[Block]) -> str:
    """All that the blocks say, in order."""
    said: list[str] = []

    def read(one: Any) -> None:
        if isinstance(one, dict):
            if "s" in one:
                said.append(one["s"])
            for value in one.values():
                read(value)
        elif isinstance(one, list):
            for inner in one:
                read(inner)

    read(blocks)
    return " ".join("".join(said).split())


def made(blocks: list[Block], **fields: Any) -> bytes:
    return typeset(blocks, **{"title": "T", "language": "en", "footer": "f", "at": AT} | fields)


def paragraph(text: str) -> list[Block]:
    return [{"t": "p", "r": [{"s": text, "w": ""}]}]


# --- HTML to blocks ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("html", "blocks"),
    [
        ("<p>a <b>b</b></p>", [{"t": "p", "r": [{"s": "a ", "w": ""}, {"s": "b", "w": "b"}]}]),
        ("<h2>a</h2>b", [{"t": "h", "l": 2, "r": [{"s": "a", "w": "b"}]}, *paragraph("b")]),
        ('<a class="chip" href="/x">E11.9</a>', [{"t": "p", "r": [{"s": "E11.9", "w": "m"}]}]),
        ("<ul><li>a</li></ul>", [{"t": "l", "o": False, "i": [{"m": "", "b": paragraph("a")}]}]),
        (
            '<ol><li><span class="option-letter">A</span><div>a</div></li></ol>',
            [{"t": "l", "o": True, "i": [{"m": "A", "b": paragraph("a")}]}],
        ),
        (
            "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b</td></tr></tbody></table>",
            [{"t": "t", "h": [[paragraph("a")]], "b": [[paragraph("b")]]}],
        ),
        ("<aside>a</aside>", [{"t": "q", "b": paragraph("a")}]),
        ('a<svg><path/><text>no</text></svg><p class="no-print">no<br>no</p>', paragraph("a")),
        ("&lt;b&gt; &amp;", paragraph("<b> &")),
        ("<p>a  \n b</p>", paragraph("a b")),
        # never ours, and never fails
        ("</p></div><p>a<li>b</ol>", [*paragraph("a"), *paragraph("b")]),
    ],
)
def test_html_is_read_into_blocks(html: str, blocks: list[Block]) -> None:
    assert blocks_of(html) == blocks


def test_headings_within_a_question_stand_in_no_outline() -> None:
    html = '<h3>Question 1</h3><div class="question"><h2>Chart</h2><p>a</p></div><h3>Question 2</h3>'
    assert [one["t"] for one in blocks_of(html)] == ["h", "p", "p", "h"]


# --- blocks to PDF ----------------------------------------------------------------------------------------
EVERY_BLOCK = """<h1>a</h1><h2>b</h2><h3>c</h3><p>d <b>e</b> <i>f</i> <code>g</code> <s>h</s>
<mark>i</mark></p><ul><li>j<ul><li>k</li></ul></li></ul><ol><li>l</li></ol><table><thead><tr><th>m</th></tr></thead><tbody><tr>
<td>n</td></tr></tbody></table><blockquote>o</blockquote>"""


def test_every_block_is_tagged_by_the_standard() -> None:
    file = made(blocks_of(EVERY_BLOCK))
    assert file.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in file and b"pdfuaid" in file


def test_words_reach_the_document_as_they_are() -> None:
    tricky = '#panic("x") $x$ *no* _no_ `no` = no \\ @ref <label> // no #import "x"'
    said = {"title": "T", "language": "en", "footer": "f", "blocks": paragraph(tricky)}
    compiler = typst.Compiler(
        input=str(pdf._TEMPLATE), root=str(pdf._TEMPLATE.parent), sys_inputs={"data": json.dumps(said)}
    )
    assert tricky in compiler.query("par", format="json").replace('\\"', '"').replace("\\\\", "\\")


@pytest.mark.parametrize(
    "text", ["漢字", "\x00\x07", "\ud800", "\u202eabc", "a\u0301", "🙂", "عربى", "\ufffe", "]\\^-"]
)
def test_no_character_makes_it_fail(text: str) -> None:
    assert b"pdfuaid" in made(paragraph(text), title=text, footer=text)


def test_what_counts_as_shown_is_shown() -> None:
    shown = "".join(chr(one) for low, high in pdf._SHOWN for one in range(low, high + 1))
    for style in ("", "m", "b", "i"):
        said = {
            "title": "T",
            "language": "en",
            "footer": "f",
            "blocks": [{"t": "p", "r": [{"s": shown, "w": style}]}],
        }
        assert pdf._compiled(said, AT)


def test_same_words_make_the_same_bytes() -> None:
    assert made(paragraph("a")) == made(paragraph("a"))


# --- the file ---------------------------------------------------------------------------------------------
@pytest.fixture
def finished(attempt: Attempt, at: Any) -> Attempt:
    mark_item(user=attempt.user, attempt_id=attempt.pk, position=1, note="#strong[mine] 漢字")
    finish_attempt(attempt_id=attempt.pk, user=attempt.user, at=at)
    return attempt


def test_row_longer_than_a_page_loses_nothing() -> None:
    rows = "".join(f"<tr><td>{n}</td><td>{'word ' * (2500 if n == 3 else 5)}</td></tr>" for n in range(60))

    made = typeset(
        blocks_of(f"<table><tbody>{rows}</tbody></table>"),
        title="Table",
        language="en",
        footer="",
        at=datetime(2026, 11, 23, tzinfo=UTC),
    )

    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(made)).pages]
    assert "".join(pages).count("word") == 2500 + 59 * 5


def test_report_is_a_file_of_its_own_name(as_student: Client, finished: Attempt) -> None:
    answer = as_student.get(reverse("exams:report_pdf", args=[finished.pk]))
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="crosswalk-mock-exam-2026-11-23.pdf"'
    assert b"/StructTreeRoot" in answer.content


def test_report_is_made_thirty_times_an_hour(
    as_student: Client, finished: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the package has a view of the same name
    monkeypatch.setattr(import_module("courses.exams.views.report"), "_PDFS", 1)
    first, second = (as_student.get(reverse("exams:report_pdf", args=[finished.pk])) for _ in range(2))
    assert (first.status_code, second.status_code, second["Retry-After"]) == (200, 429, "3600")


def test_report_says_what_its_page_says(as_student: Client, finished: Attempt) -> None:
    html = as_student.get(reverse("exams:report", args=[finished.pk])).content.decode()
    said = words(blocks_of(html[html.index("<main") : html.index("</main")]))
    for sentence in (
        "0 of 3 right, 0 %.",
        "The pass line is 70 %.",
        "Right answer",
        "#strong[mine] 漢字",
        "0 to 56 %",
    ):
        assert sentence in said
    assert "What to study next" not in said
