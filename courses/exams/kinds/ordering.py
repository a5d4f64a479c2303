"""Steps to put into the right order."""

from collections.abc import Iterator, Sequence
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
    numbered,
    option_id,
    refuse_others,
    rows_of,
    single,
    text_of,
    wrong_count,
)


class Ordering(Common):
    """A step's id says nothing of its place: it comes from its text, not from where the writer put it."""

    key = "ordering"
    label: str | Promise = gettext_lazy("put into order")
    rows_label: str | Promise = gettext_lazy("Step, in the right order")
    row_count = (3, 8)

    @property
    def row_blanks(self) -> tuple[Blank, ...]:
        return (
            Blank("text", gettext_lazy("Text")),
            Blank("rationale", gettext_lazy("Why it stands here"), is_required=False),
        )

    # --- writing
    def problems(self, source: Doc) -> list[str]:
        steps = rows_of(source, "choices")
        problems = wrong_count(len(steps), self.row_count, _("Steps"))
        problems += missing(steps, "text", _("Step %(number)d has no text."))
        texts = [text_of(one, "text") for one in steps if text_of(one, "text")]
        if len(set(texts)) != len(texts):
            problems.append(_("Two steps have the same text."))
        return problems

    def gaps(self, source: Doc) -> list[str]:
        return missing(rows_of(source, "choices"), "rationale", _("Step %(number)d has no rationale."))

    def texts(self, source: Doc) -> Iterator[str]:
        for one in rows_of(source, "choices"):
            yield from (text_of(one, "text"), text_of(one, "rationale"))

    def make(self, source: Doc, texts: Texts) -> Documents:
        steps = {text_of(one, "text"): text_of(one, "rationale") for one in rows_of(source, "choices")}
        ids = numbered(steps)
        return Documents(
            asked={"options": {str(pk): paper.in_line(texts.bare(text)) for text, pk in ids.items()}},
            answer_key={"order": [ids[text] for text in steps]},
            explained={
                "options": {
                    str(pk): {"html": paper.in_line(texts.linked(text)), "why": texts.linked(steps[text])}
                    for text, pk in ids.items()
                }
            },
        )

    def fits(self, asked: Doc, answer_key: Doc) -> bool:
        return sorted(answer_key["order"]) == self.order(asked)

    # --- asking
    def order(self, asked: Doc) -> list[int]:
        return sorted(map(int, asked["options"]))

    def gives_away(self, answer_key: Doc, order: Sequence[int]) -> bool:
        return list(order) == list(answer_key["order"])

    def form(
        self, asked: Doc, order: Sequence[int], value: Value, struck: Sequence[int] = (), name: str = ""
    ) -> SafeString:
        steps, places = asked["options"], value or {}
        numbers = [(str(place), str(place)) for place in range(1, len(steps) + 1)]
        return paper.selects(
            (
                paper.Select(
                    f"{name}place-{pk}",
                    steps[str(pk)],
                    numbers,
                    str(places.get(str(pk), "")),
                    before=_("Place of:"),
                )
                for pk in order or self.order(asked)
            ),
            empty=_("no place"),
        )

    def clean(self, asked: Doc, fields: Fields, name: str = "") -> Value:
        steps = asked["options"]
        names = {pk: f"{name}place-{pk}" for pk in steps}
        refuse_others(fields, names.values(), f"{name}place-")
        # there are as many places as steps, numbered alike
        sent = {pk: single(fields, field) for pk, field in names.items()}
        return {pk: option_id(place, steps) for pk, place in sent.items() if place} or None

    # --- afterwards
    def grade(self, answer_key: Doc, value: Value, known: Known) -> Grade:
        places = value or {}
        detail = [
            {"step": pk, "place": places.get(str(pk)), "is_right": places.get(str(pk)) == place}
            for place, pk in enumerate(answer_key["order"], start=1)
        ]
        return Grade(ONE if all(one["is_right"] for one in detail) else NONE, detail)

    def explain(
        self, explained: Doc, answer_key: Doc, order: Sequence[int], value: Value, detail: Sequence[Any]
    ) -> SafeString:
        places = value or {}
        rows = []
        for place, pk in enumerate(answer_key["order"], start=1):
            step, given = explained["options"][str(pk)], places.get(str(pk))
            if given == place:
                said = paper.state("met", _("In its place"))
            elif given is None:
                said = paper.state("short", _("You gave it no place"))
            else:
                said = paper.state("late", _("You put it at place %(place)d") % {"place": given})
            rows.append(paper.Part(str(place), step["html"], said, step["why"], given == place))
        return paper.parts(rows)

    def say(self, explained: Doc, value: Value) -> str:
        places = sorted((value or {}).items(), key=lambda one: (one[1], int(one[0])))
        return "; ".join(f"{place}. {paper.plain(explained['options'][pk]['html'])}" for pk, place in places)


KIND: Kind = Ordering()
