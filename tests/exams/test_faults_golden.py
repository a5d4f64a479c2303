"""A15: 200 attempts whose results anybody can check by hand, and a second reckoning that shares no code.

A line of ``golden_scores.txt`` is: pass line, questions, ``->``, right, points in thousandths, questions that
count, pass or fail, scaled. A question is its domain, its kind (``s`` one answer, ``m`` several, all or
nothing, ``p`` several with part credit), its key, ``:``, the answer (``-`` is none), and how it counts: ``u``
pretest, ``d`` dropped, ``a`` every answer is right, ``+12`` this key too, ``=12`` this key instead.
"""

import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from courses.exams.scoring import Correction, Item, scaled, score

GOLDEN = Path(__file__).with_name("golden_scores.txt").read_text().splitlines()
QUESTION = re.compile(r"([abc])([smp])(\d+):(\d+|-)([uda+=]?)(\d*)")
HOW = {"d": "drop", "a": "all", "+": "also", "=": "new"}
SCALE = {"min": 100, "max": 400, "pass": 300}


def thousandths(kind: str, key: str, answer: str) -> int:
    """The reference: what an answer is worth under a key."""
    right, chosen = set(key), set(answer) - {"-"}
    if kind != "p" or not chosen:
        return 1000 * (chosen == right)
    good = len(chosen & right) - len(chosen - right)
    return 1000 if chosen == right else max(0, good) * 1000 // len(right)


def reckon(line: str) -> str:
    """The reference: a result in whole numbers and fractions."""
    passing, *questions = line.split()
    right = points = total = 0
    for one in questions:
        _domain, kind, key, answer, how, other = QUESTION.fullmatch(one).groups()  # type: ignore[union-attr]
        if how in {"u", "d"}:
            continue
        worth = [thousandths(kind, other if how == "=" else key, answer)]
        worth += [thousandths(kind, other, answer)] if how == "+" else []
        worth += [1000] if how == "a" else []
        right, points, total = right + (max(worth) == 1000), points + max(worth), total + 1
    is_passed = total > 0 and points >= 10 * int(passing) * total
    share, wanted = Fraction(points, 1000 * total or 1), Fraction(int(passing), 100)
    if is_passed:  # from 300 to 400, the nearest whole number
        scaled_score = int(
            300 + (100 * (share - wanted) / (1 - wanted) if wanted < 1 else 100) + Fraction(1, 2)
        )
    else:  # from 100 up to 299, rounded down
        scaled_score = int(100 + 200 * share / wanted)
    return f"{right} {points} {total} {'pass' if is_passed else 'fail'} {scaled_score}"


def item(number: int, text: str) -> Item:
    domain, kind, key, answer, how, other = QUESTION.fullmatch(text).groups()  # type: ignore[union-attr]
    value = None if answer == "-" else int(answer) if kind == "s" else [int(one) for one in answer]

    def document(digits: str) -> dict[str, object]:
        right = [int(one) for one in digits]
        return {"right": right} if kind == "s" else {"right": right, "partial": kind == "p"}

    return Item(
        id=number,
        domain=domain,
        kind="single" if kind == "s" else "multiple",
        answer_key=document(key),
        answer=None if value is None else number,
        value=value,
        is_scored=how != "u",
        correction=Correction(HOW[how], document(other) if other else None) if how in HOW else None,
    )


@pytest.mark.parametrize("line", GOLDEN)
def test_golden_attempt(line: str) -> None:
    given, expected = line.split(" -> ")
    passing, *questions = given.split()
    exam = [item(number, text) for number, text in enumerate(questions, start=1)]
    found = score(exam, pass_percent=int(passing), known=lambda system, code: True)
    at = scaled(found.points, found.total, pass_percent=int(passing), scale=SCALE)
    verdict = "pass" if found.is_passed else "fail"
    assert f"{found.correct} {int(found.points * 1000)} {found.total} {verdict} {at}" == expected
    assert expected == reckon(given)
    assert found.percent == (Decimal(100) * found.points / max(1, found.total)).quantize(
        Decimal("0.01"), rounding="ROUND_DOWN"
    )


def test_golden_file_is_whole() -> None:
    assert len(GOLDEN) == 200
    assert {how for line in GOLDEN for how in re.findall(r"[uda+=](?=[\d ]|$)", line)} >= set("ud+=")
