"""One best answer of four."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.exams import paper
from courses.exams.kinds.base import (
    NONE,
    ONE,
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
    option_id,
    rows_of,
    single,
    text_of,
    wrong_count,
)


class Single(Common):
    key = "single"
    label: str | Promise = gettext_lazy("one best answer")
    rows_label: str | Promise = gettext_lazy("Option")
    row_count = (4, 4)

    @property
    def row_blanks(self) -> tuple[Blank, ...]:
        return (
            Blank("text", gettext_lazy("Text")),
            Blank("correct", gettext_lazy("This is a right answer"), "check", is_required=False),
            Blank("rationale", gettext_lazy("Why it is right or wrong"), is_required=False),
            Blank("mistake", gettext_lazy("The mistake it shows"), "line", is_required=False),
        )

    # --- writing
    def problems(self, source: Doc) -> list[str]:
        choices = rows_of(source, "choices")
        problems = wrong_count(len(choices), self.row_count, _("Options"))
        if not self._right_count_fits(sum(bool(one.get("correct")) for one in choices)):
            problems.append(self._wants_right())
        problems += missing(choices, "text", _("Option %(number)d has no text."))
        for number, one in enumerate(choices, start=1):
            if one.get("correct") and text_of(one, "mistake"):
                problems.append(_("Option %(number)d is correct and names a mistake.") % {"number": number})
        texts = [text_of(one, "text") for one in choices if text_of(one, "text")]
        if len(set(texts)) != len(texts):
            problems.append(_("Two options have the same text."))
        return problems

    def _wants_right(self) -> str:
        return _("Exactly one option must be correct.")

    def _right_count_fits(self, count: int) -> bool:
        return count == 1

    def gaps(self, source: Doc) -> list[str]:
        return missing(rows_of(source, "choices"), "rationale", _("Option %(number)d has no rationale."))

    def texts(self, source: Doc) -> Iterator[str]:
        for one in rows_of(source, "choices"):
            yield from (text_of(one, "text"), text_of(one, "rationale"))

    def make(self, source: Doc, texts: Texts) -> Documents:
        choices = {str(number): one for number, one in enumerate(rows_of(source, "choices"), start=1)}
        right = [int(pk) for pk, one in choices.items() if one.get("correct")]
        shown = {pk: paper.in_line(texts.bare(text_of(one, "text"))) for pk, one in choices.items()}
        return Documents(
            asked={"options": shown, **self._told(right)},
            answer_key=self._key(source, right),
            explained={
                "options": {
                    pk: {
                        "html": paper.in_line(texts.linked(text_of(one, "text"))),
                        "why": texts.linked(text_of(one, "rationale")),
                        "mistake": text_of(one, "mistake"),
                    }
                    for pk, one in choices.items()
                }
            },
        )

    def _told(self, right: list[int]) -> dict[str, Any]:
        """What the room says about the key."""
        return {}

    def _key(self, source: Doc, right: list[int]) -> dict[str, Any]:
        return {"right": right}

    def fits(self, asked: Doc, answer_key: Doc) -> bool:
        return set(answer_key["right"]) <= set(map(int, asked["options"]))

    # --- asking
    def order(self, asked: Doc) -> list[int]:
        return self._as_written(asked["options"])

    def _as_written(self, options: Mapping[str, Any]) -> list[int]:
        return sorted(map(int, options))

    def form(
        self, asked: Doc, order: Sequence[int], value: Value, struck: Sequence[int] = (), name: str = ""
    ) -> SafeString:
        options = asked["options"]
        shown = [(pk, options[str(pk)]) for pk in order or self._as_written(options)]
        return paper.options(shown, chosen=self.chosen(value) or [], struck=struck, name=f"{name}choice")

    def clean(self, asked: Doc, fields: Fields, name: str = "") -> Value:
        sent = single(fields, f"{name}choice")
        return option_id(sent, asked["options"]) if sent else None

    # --- afterwards
    def grade(self, answer_key: Doc, value: Value, known: Known) -> Grade:
        return Grade(ONE if value in answer_key["right"] else NONE)

    def chosen(self, value: Value) -> list[int] | None:
        return [] if value is None else [value]

    def explain(
        self, explained: Doc, answer_key: Doc, order: Sequence[int], value: Value, detail: Sequence[Any]
    ) -> SafeString:
        options = explained["options"]
        shown = [(pk, options[str(pk)]) for pk in order or self._as_written(options)]
        return paper.explained(shown, right=answer_key["right"], chosen=self.chosen(value) or [])

    def say(self, explained: Doc, value: Value) -> str:
        return "; ".join(
            paper.plain(explained["options"][str(pk)]["html"]) for pk in self.chosen(value) or []
        )


KIND: Kind = Single()
