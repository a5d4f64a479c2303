"""Synonyms of a pack: a long list, written at once, never over a person's."""

import time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from courses.codesets.models import Synonym
from courses.content.deciding import Outcome
from courses.content.load import Summary
from courses.content.parse import read_pack
from courses.content.reading import PackError
from tests.content.test_load import load

pytestmark = pytest.mark.django_db

TWO = """\
- {key: heart-attack, phrase: Heart  Attack, means: acute myocardial infarction}
- {key: stroke, phrase: stroke, means: cerebral infarction}
"""


def write(folder: Path, text: str) -> Path:
    (folder / "synonyms.yaml").write_text(text)
    return folder


def outcomes(summary: Summary) -> dict[Outcome, int]:
    return dict(summary.counts.get("synonyms", {}))


def rows() -> dict[str, tuple[str, str]]:
    return {row.key: (row.phrase, row.means) for row in Synonym.objects.all()}


def test_synonyms_are_loaded_once(tiny: Path) -> None:
    first = load(write(tiny, TWO))
    before = list(Synonym.objects.values())
    second = load(tiny)

    assert outcomes(first) == {Outcome.CREATED: 2}
    assert outcomes(second) == {Outcome.UNCHANGED: 2}
    assert rows()["heart-attack"] == ("heart attack", "acute myocardial infarction")
    assert list(Synonym.objects.values()) == before


def test_changed_synonym_is_written_over(tiny: Path) -> None:
    load(write(tiny, TWO))

    summary = load(write(tiny, TWO.replace("cerebral infarction", "stroke nos")))

    assert outcomes(summary) == {Outcome.UNCHANGED: 1, Outcome.UPDATED: 1}
    assert rows()["stroke"] == ("stroke", "stroke nos")


def test_two_synonyms_may_exchange_their_words(tiny: Path) -> None:
    load(write(tiny, "- {key: a, phrase: x, means: y}\n- {key: b, phrase: y, means: x}\n"))

    load(write(tiny, "- {key: a, phrase: y, means: x}\n- {key: b, phrase: x, means: y}\n"))

    assert rows() == {"a": ("y", "x"), "b": ("x", "y")}


def test_changed_by_an_editor_stays(tiny: Path, as_editor: Client) -> None:
    load(write(tiny, TWO))
    mine = Synonym.objects.get(key="stroke")
    as_editor.post(
        reverse("admin:codesets_synonym_change", args=[mine.pk]), {"phrase": "STROKE", "means": "Mine"}
    )

    summary = load(write(tiny, TWO.replace("cerebral infarction", "stroke nos")))

    assert rows()["stroke"] == ("stroke", "mine")
    assert outcomes(summary)[Outcome.KEPT] == 1
    assert any("kept local change: stroke" in note for note in summary.notes)


def test_written_by_an_editor_before_the_pack_stays(tiny: Path, as_editor: Client) -> None:
    words = {"phrase": "stroke", "means": "cerebral infarction"}
    as_editor.post(reverse("admin:codesets_synonym_add"), words)

    summary = load(write(tiny, TWO))

    assert list(rows()) == ["heart-attack", "own-stroke-cerebral-infarction"]
    assert outcomes(summary) == {Outcome.CREATED: 1, Outcome.KEPT: 1}


def test_editor_adds_finds_and_deletes(as_editor: Client) -> None:
    add, listed = reverse("admin:codesets_synonym_add"), reverse("admin:codesets_synonym_changelist")
    for means in ("one", "two"):
        assert as_editor.post(add, {"phrase": "Water on the  knee", "means": means}).status_code == 302
    twice = as_editor.post(add, {"phrase": "water on the knee", "means": "ONE"}).content.decode()

    found = as_editor.get(listed, {"q": "knee"}).content.decode()
    assert "already exists" in twice
    assert found.count('class="field-means">') == 2
    row = Synonym.objects.get(means="one")
    as_editor.post(reverse("admin:codesets_synonym_delete", args=[row.pk]), {"post": "yes"})
    assert [one.means for one in Synonym.objects.all()] == ["two"]


def test_key_is_free_even_without_a_letter_in_it(as_editor: Client) -> None:
    add = reverse("admin:codesets_synonym_add")
    for means in ("†", "‡"):
        assert as_editor.post(add, {"phrase": "†", "means": means}).status_code == 302

    assert sorted(rows()) == ["own", "own-1"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TWO + "- {key: stroke, phrase: a, means: b}\n", "synonym `stroke` is there twice"),
        (TWO + "- {key: again, phrase: STROKE, means: cerebral infarction}\n", "is there twice"),
        ("- {key: a, phrase: b}\n", "`means` is missing"),
        ("- {key: a, phrase: b, means: c, more: d}\n", "unknown key `more`"),
        (f"- {{key: a, phrase: {'x' * 81}, means: c}}\n", "80 are possible"),
        ("a: b\n", "a list is needed here"),
    ],
)
def test_mistake_is_named_with_its_line(tiny: Path, text: str, reason: str) -> None:
    with pytest.raises(PackError, match=reason) as refused:
        read_pack(write(tiny, text))

    assert refused.value.problems[0].file == "synonyms.yaml"


def test_long_list_is_a_handful_of_statements(tiny: Path, django_assert_max_num_queries: Any) -> None:
    def text(number: int) -> str:
        return "".join(f"- {{key: k{n}, phrase: phrase {n}, means: words {n}}}\n" for n in range(number))

    load(write(tiny, TWO))
    write(tiny, text(1_400))
    started = time.process_time()
    with django_assert_max_num_queries(200):
        load(tiny)

    assert time.process_time() - started < 15
    assert Synonym.objects.count() == 1_402
