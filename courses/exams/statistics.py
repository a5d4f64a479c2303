"""What the answers say about a question: classical item statistics, pure arithmetic.

Scores run from 0 to 1. The rest of an attempt is its score without the question, so that a question cannot
agree with itself (the corrected item-rest correlation; Henrysson 1963, Crocker & Algina 1986, chapter 14).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import StatisticsError, correlation, fmean

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: Below so many answers the figures move too much to judge a question by them.
ENOUGH = 30
#: Facility above which a question is too easy, and below which too hard: one in five is guessing.
TOO_EASY = 0.95
TOO_HARD = 0.20
#: Discrimination below which a question does not tell those who know from those who do not.
LEAST_DISCRIMINATION = 0.10
#: A wrong option is looked at from so many choosers on, and from that share of all answers.
LEAST_CHOOSERS = 5
LEAST_SHARE = 0.05
#: Means of equal numbers may differ by the last binary digit.
LAST_DIGIT = 1e-9


@dataclass(frozen=True, slots=True)
class Answered:
    """One person's graded answer; ``rest`` is ``None`` when the attempt had no other question.

    ``chosen`` holds option ids and is ``None`` when the question was omitted; a kind without options gives
    an empty set.
    """

    score: float
    rest: float | None
    chosen: frozenset[int] | None = frozenset()


@dataclass(frozen=True, slots=True)
class OptionFigures:
    """How many chose an option, and their mean rest score (``None`` when nobody with a rest did)."""

    option: int
    is_key: bool
    chosen: int
    rest_mean: float | None


class Verdict(StrEnum):
    """What an editor should know about a question, in plain words."""

    NOT_ENOUGH = "not_enough"
    WRONG_DRAWS_STRONG = "wrong_draws_strong"
    TOO_EASY = "too_easy"
    TOO_HARD = "too_hard"
    DOES_NOT_TELL_APART = "does_not_tell_apart"
    SOUND = "sound"

    @property
    def words(self) -> Promise:
        """The verdict itself."""
        return _WORDS[self]

    @property
    def rule(self) -> Promise:
        """The rule by which it was reached."""
        return _RULES[self]


_WORDS = {
    Verdict.NOT_ENOUGH: _("not enough answers"),
    Verdict.WRONG_DRAWS_STRONG: _("a wrong option draws the strong"),
    Verdict.TOO_EASY: _("too easy"),
    Verdict.TOO_HARD: _("too hard"),
    Verdict.DOES_NOT_TELL_APART: _("does not tell apart"),
    Verdict.SOUND: _("sound"),
}
_RULES = {
    Verdict.NOT_ENOUGH: _("Fewer than 30 answers."),
    Verdict.WRONG_DRAWS_STRONG: _(
        "Those who chose a wrong option (at least 5 people and 5 % of the answers) did better on the rest of "
        "the exam than those who were right. Check the key."
    ),
    Verdict.TOO_EASY: _("More than 95 % of the points were earned."),
    Verdict.TOO_HARD: _("Less than 20 % of the points were earned."),
    Verdict.DOES_NOT_TELL_APART: _(
        "The discrimination is below 0.10: whoever is right here is hardly better on the rest of the exam."
    ),
    Verdict.SOUND: _("At least 30 answers, and no rule is broken."),
}


@dataclass(frozen=True, slots=True)
class ItemFigures:
    """The statistics of one question over ``n`` answers, omitted ones included.

    ``facility`` is the mean score of the question, ``None`` without answers. ``discrimination`` is the
    Pearson correlation of the question's score with the rest, -1 to 1 (for a question that is right or wrong:
    the corrected point-biserial), ``None`` where one of them does not vary. ``drawing`` names the wrong
    options that draw the strong, however few answers there are.
    """

    n: int
    omitted: int
    facility: float | None
    discrimination: float | None
    options: tuple[OptionFigures, ...]
    drawing: tuple[int, ...]
    verdict: Verdict


def item_figures(
    rows: Sequence[Answered], *, options: Sequence[int] = (), key: Collection[int] = ()
) -> ItemFigures:
    """The statistics of a question whose right options are ``key``, options in the order given.

    An omitted answer counts with its score, which is 0. Raises ``ValueError`` for a score outside 0 to 1.
    """
    if not all(0 <= value <= 1 for row in rows for value in (row.score, row.rest or 0)):
        raise ValueError("Scores run from 0 to 1.")
    figures = tuple(_option(option, option in key, rows) for option in options)
    facility = fmean(row.score for row in rows) if rows else None
    discrimination = _discrimination(rows)
    drawing = _drawing(rows, figures)
    return ItemFigures(
        n=len(rows),
        omitted=sum(row.chosen is None for row in rows),
        facility=facility,
        discrimination=discrimination,
        options=figures,
        drawing=drawing,
        verdict=_verdict(len(rows), facility, discrimination, drawing),
    )


def _option(option: int, is_key: bool, rows: Sequence[Answered]) -> OptionFigures:
    choosers = [row for row in rows if row.chosen is not None and option in row.chosen]
    return OptionFigures(option, is_key, len(choosers), _rest_mean(choosers))


def _rest_mean(rows: Sequence[Answered]) -> float | None:
    rests = [row.rest for row in rows if row.rest is not None]
    return fmean(rests) if rests else None


def _discrimination(rows: Sequence[Answered]) -> float | None:
    pairs = [(row.score, row.rest) for row in rows if row.rest is not None]
    scores, rests = [score for score, _rest in pairs], [rest for _score, rest in pairs]
    # equal numbers first: the mean of many 0.1 is not 0.1, and the correlation of what is left is noise
    if len(set(scores)) < 2 or len(set(rests)) < 2:
        return None
    try:
        return max(-1.0, min(1.0, correlation(scores, rests)))
    except StatisticsError:  # they differ by less than the squares can hold
        return None


def _drawing(rows: Sequence[Answered], options: Sequence[OptionFigures]) -> tuple[int, ...]:
    """Wrong options whose choosers do better on the rest than who was right (if none was: than all)."""
    strong = _rest_mean([row for row in rows if row.score == 1])
    bar = _rest_mean(rows) if strong is None else strong
    least = max(LEAST_CHOOSERS, LEAST_SHARE * len(rows))
    return tuple(
        figures.option
        for figures in options
        if not figures.is_key and figures.chosen >= least
        if figures.rest_mean is not None and bar is not None and figures.rest_mean > bar + LAST_DIGIT
    )


def _verdict(n: int, facility: float | None, discrimination: float | None, drawing: Sequence[int]) -> Verdict:
    """The gravest finding: a doubtful key first, then why a discrimination could not be high anyway."""
    if facility is None or n < ENOUGH:
        return Verdict.NOT_ENOUGH
    if drawing:
        return Verdict.WRONG_DRAWS_STRONG
    if facility > TOO_EASY:
        return Verdict.TOO_EASY
    if facility < TOO_HARD:
        return Verdict.TOO_HARD
    if discrimination is not None and discrimination < LEAST_DISCRIMINATION:
        return Verdict.DOES_NOT_TELL_APART
    return Verdict.SOUND
