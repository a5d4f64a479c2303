import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.lib.markdown import Reference, plain, render


def test_code_becomes_chip_with_panel() -> None:
    rendered = render("See [[E11.621]].")

    assert rendered.codes == (Reference("icd10cm", "E11.621", "code"),)
    assert 'href="/codes/icd10cm/E11.621/"' in rendered.html
    assert 'data-panel="/codes/icd10cm/E11.621/panel/"' in rendered.html
    assert ">E11.621</a>" in rendered.html


def test_bare_codes_have_no_link_whatever_their_role() -> None:
    rendered = render("[[E11.9]] [[E11|invalid]]", bare_codes=True)

    assert "<a" not in rendered.html
    assert "<s" not in rendered.html.replace("<span", "")


@pytest.mark.parametrize(
    ("source", "role"), [("[[E11.62|header]]", "header"), ("| a |\n|---|\n| [[E11\\|invalid]] |", "invalid")]
)
def test_role_is_read_in_text_and_in_tables(source: str, role: str) -> None:
    assert [r.role for r in render(source).codes] == [role]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("[[nonsense:E11.9]]", "names no code system"),
        ("[[E11.9|perhaps]]", "role must be one of"),
        ("Look: [[checkpoint:a-question]] here", "must stand alone"),
    ],
)
def test_mistake_is_named(source: str, problem: str) -> None:
    assert problem in render(source).problems[0]


def test_checkpoint_alone_is_found() -> None:
    rendered = render("One.\n\n[[checkpoint:a-question]]\n\nTwo.")

    assert rendered.checkpoints == ("a-question",)
    assert rendered.problems == ()


def test_table_alignment_is_a_class() -> None:
    html = render("| a | b |\n|---|--:|\n| 1 | 2 |").html

    assert 'class="align-right"' in html
    assert "style=" not in html


def test_ids_carry_the_prefix() -> None:
    html = render("## Why\n\nA note.[^1]\n\n[^1]: Here.", prefix="x").html

    assert 'id="x-why"' in html
    assert 'id="fn-x-1"' in html


def test_first_level_heading_is_lowered() -> None:
    assert "<h1" not in render("# Title").html


def test_plain_drops_markup() -> None:
    assert plain(":::rule A\n**Bold** [[E11.9|header]] [link](http://x.test)\n:::").split() == [
        "Bold",
        "E11.9",
        "link",
    ]


HOSTILE = [
    f"{before}{payload}{after}"
    for before, after in (
        ("", ""),
        ("## ", ""),
        ("| ", " |\n|---|\n| x |"),
        ("- ", ""),
        (":::rule ", "\n:::"),
    )
    for payload in (
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](javascript:alert(1))",
        "<a href='vbscript:x'>x</a>",
        '[[E11.9"onmouseover=alert(1)]]',
        "[x](<java\tscript:alert(1)>)",
        "<svg/onload=alert(1)>",
        "[x]: javascript:alert(1)\n[x]",
    )
]


class Attributes(HTMLParser):
    """Tags and attributes as a browser would read them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


@pytest.mark.parametrize("source", HOSTILE)
def test_hostile_text_is_inert(source: str) -> None:
    read = Attributes(render(source).html)

    assert not {"script", "svg", "iframe", "object", "style"} & set(read.tags)
    for name, value in read.attributes:
        assert not name.startswith("on")
        if name in {"href", "src"}:
            scheme = re.match(r"[\s\x00-\x1f]*([a-z][a-z0-9+.-]*):", value, re.IGNORECASE)
            assert scheme is None or scheme[1].lower() in {"http", "https", "mailto"}


@given(st.text(max_size=200))
def test_any_text_renders(source: str) -> None:
    assert "<script" not in render(source).html.lower()
