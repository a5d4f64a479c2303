"""Two lists of which each line on the left belongs to one on the right."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.exams import paper
from courses.exams.kinds.base import (
    Blank,
    Common,
    Doc,
    Documents,
    Fields,
    Grade,
    Kind,
    Known,
    Texts,
    Value,
    missing,
    numbered,
    option_id,
    refuse_others,
    rows_of,
    share,
    single,
    text_of,
    words_of,
    wrong_count,
)

#: Longer answers stand in a list with letters above, for a closed select cuts them off on a phone.
SHORT = 32


class Matching(Common):
    """The answers' ids come from their texts, so that they do not tell which pairs the writer wrote."""

    key = "matching"
    label: str | Promise = gettext_lazy("matching")
    blanks: tuple[Blank, ...] = (
        Blank(
            "extra_pairs",
            gettext_lazy("Answers that belong to nothing"),
            "area",
            gettext_lazy("One a line."),
            is_required=False,
        ),
    )
    rows_label: str | Promise = gettext_lazy("Pair")
    row_count = (3, 8)

    @property
    def row_blanks(self) -> tuple[Blank, ...]:
        return (
            Blank("text", gettext_lazy("Left side")),
            Blank("pair", gettext_lazy("What it belongs to")),
            Blank("rationale", gettext_lazy("Why"), is_required=False),
        )

    # --- writing
    def problems(self, source: Doc) -> list[str]:
        pairs, extra = rows_of(source, "choices"), self._extra(source)
        problems = wrong_count(len(pairs), self.row_count, _("Pairs"))
        problems += missing(pairs, "text", _("Pair %(number)d has no left side."))
        problems += missing(pairs, "pair", _("Pair %(number)d has no answer."))
        lefts = [text_of(one, "text") for one in pairs if text_of(one, "text")]
        answers = {text_of(one, "pair") for one in pairs}
        if len(set(lefts)) != len(lefts):
            problems.append(_("Two pairs have the same left side."))
        if len(set(extra)) != len(extra) or answers & set(extra):
            problems.append(_("An answer that belongs to nothing stands twice or belongs to a pair."))
        if len(answers | set(extra)) < 2:
            problems.append(_("There is only one answer to choose."))
        if len(answers | set(extra)) > len(paper.LETTERS):
            problems.append(_("There are more than %(most)d answers.") % {"most": len(paper.LETTERS)})
        return problems

    def _extra(self, source: Doc) -> list[str]:
        return words_of(source, "extra_pairs", apart=r"\s*\n\s*")

    def gaps(self, source: Doc) -> list[str]:
        return missing(rows_of(source, "choices"), "rationale", _("Pair %(number)d has no rationale."))

    def texts(self, source: Doc) -> Iterator[str]:
        for one in rows_of(source, "choices"):
            yield from (text_of(one, "text"), text_of(one, "pair"), text_of(one, "rationale"))
        yield from self._extra(source)

    def make(self, source: Doc, texts: Texts) -> Documents:
        pairs = {str(number): one for number, one in enumerate(rows_of(source, "choices"), start=1)}
        ids = numbered([*(text_of(one, "pair") for one in pairs.values()), *self._extra(source)])
        return Documents(
            asked={
                "left": {pk: paper.in_line(texts.bare(text_of(one, "text"))) for pk, one in pairs.items()},
                "right": {str(pk): paper.plain(texts.bare(text)) for text, pk in ids.items()},
            },
            answer_key={"pairs": {pk: ids[text_of(one, "pair")] for pk, one in pairs.items()}},
            explained={
                "left": {
                    pk: {
                        "html": paper.in_line(texts.linked(text_of(one, "text"))),
                        "why": texts.linked(text_of(one, "rationale")),
                    }
                    for pk, one in pairs.items()
                },
                "right": {str(pk): paper.in_line(texts.linked(text)) for text, pk in ids.items()},
            },
        )

    def fits(self, asked: Doc, answer_key: Doc) -> bool:
        pairs = answer_key["pairs"]
        return set(pairs) == set(asked["left"]) and set(pairs.values()) <= set(self.order(asked))

    # --- asking
    def order(self, asked: Doc) -> list[int]:
        return sorted(map(int, asked["right"]))

    def form(
        self, asked: Doc, order: Sequence[int], value: Value, struck: Sequence[int] = (), name: str = ""
    ) -> SafeString:
        answers = [(str(pk), asked["right"][str(pk)]) for pk in order or self.order(asked)]
        above, choices = SafeString(), answers
        if any(len(text) > SHORT for _pk, text in answers):
            above = paper.lettered(text for _pk, text in answers)
            choices = [
                (pk, f"{letter}: {text}") for letter, (pk, text) in zip(paper.LETTERS, answers, strict=False)
            ]
        chosen = value or {}
        return above + paper.selects(
            (
                paper.Select(f"{name}match-{pk}", html, choices, str(chosen.get(pk, "")))
                for pk, html in asked["left"].items()
            ),
            empty=_("no answer"),
        )

    def clean(self, asked: Doc, fields: Fields, name: str = "") -> Value:
        names = {pk: f"{name}match-{pk}" for pk in asked["left"]}
        refuse_others(fields, names.values(), f"{name}match-")
        sent = {pk: single(fields, field) for pk, field in names.items()}
        return {pk: option_id(answer, asked["right"]) for pk, answer in sent.items() if answer} or None

    # --- afterwards
    def grade(self, answer_key: Doc, value: Value, known: Known) -> Grade:
        chosen, pairs = value or {}, answer_key["pairs"]
        detail = [
            {"left": int(pk), "right": chosen.get(pk), "is_right": chosen.get(pk) == right}
            for pk, right in pairs.items()
        ]
        return Grade(share(sum(one["is_right"] for one in detail), len(detail)), detail)

    def explain(
        self, explained: Doc, answer_key: Doc, order: Sequence[int], value: Value, detail: Sequence[Any]
    ) -> SafeString:
        chosen, answers = value or {}, explained["right"]
        rows = []
        for pk, right in answer_key["pairs"].items():
            left, given = explained["left"][pk], chosen.get(pk)
            if given == right:
                said = paper.state("met", _("Right"))
            elif given is None:
                said = paper.state("short", _("Not answered"))
            else:
                said = paper.state("late", _("Not right"))
            rows.append(
                [left["html"], said, answers[str(given)] if given else "–", answers[str(right)], left["why"]]
            )
        return paper.table(
            [_("Left side"), _("Result"), _("Your answer"), _("Right answer"), _("Why")],
            rows,
            label=_("Pairs"),
        )

    def say(self, explained: Doc, value: Value) -> str:
        return "; ".join(
            f"{paper.plain(explained['left'][pk]['html'])} → {paper.plain(explained['right'][str(right)])}"
            for pk, right in sorted((value or {}).items(), key=lambda one: int(one[0]))
        )


KIND: Kind = Matching()
