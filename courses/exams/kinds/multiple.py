"""Several right answers; how many is told."""

from collections.abc import Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.exams import paper
from courses.exams.kinds.base import (
    NONE,
    ONE,
    BadAnswer,
    Blank,
    Doc,
    Fields,
    Grade,
    Kind,
    Known,
    Value,
    option_id,
    share,
)
from courses.exams.kinds.single import Single


class Multiple(Single):
    key = "multiple"
    label: str | Promise = gettext_lazy("several right answers")
    blanks: tuple[Blank, ...] = (
        Blank(
            "partial",
            gettext_lazy("Part credit"),
            "check",
            gettext_lazy("A wrong choice takes away what a right one gives. Otherwise it is all or nothing."),
            is_required=False,
        ),
    )
    row_count = (4, 6)

    def _wants_right(self) -> str:
        return _("At least two options must be correct.")

    def _right_count_fits(self, count: int) -> bool:
        return count >= 2

    def _told(self, right: list[int]) -> dict[str, Any]:
        return {"choose": len(right)}

    def _key(self, source: Doc, right: list[int]) -> dict[str, Any]:
        return {"right": right, "partial": bool(source.get("partial"))}

    def form(
        self, asked: Doc, order: Sequence[int], value: Value, struck: Sequence[int] = (), name: str = ""
    ) -> SafeString:
        options = asked["options"]
        shown = [(pk, options[str(pk)]) for pk in order or self._as_written(options)]
        boxes = paper.options(
            shown, chosen=self.chosen(value) or [], struck=struck, name=f"{name}choice", many=True
        )
        return paper.told(_("Choose %(count)d.") % {"count": asked["choose"]}) + boxes

    def clean(self, asked: Doc, fields: Fields, name: str = "") -> Value:
        sent = fields.get(f"{name}choice", ())
        if len(sent) > len(asked["options"]):
            raise BadAnswer(_("This is not one of the options."))
        chosen = {option_id(one.strip(), asked["options"]) for one in sent if one.strip()}
        return sorted(chosen) or None

    def grade(self, answer_key: Doc, value: Value, known: Known) -> Grade:
        chosen, right = set(value or ()), set(answer_key["right"])
        if chosen == right:
            return Grade(ONE)
        if not answer_key.get("partial"):
            return Grade(NONE)
        return Grade(share(max(0, len(chosen & right) - len(chosen - right)), len(right)))

    def chosen(self, value: Value) -> list[int] | None:
        return list(value or ())


KIND: Kind = Multiple()
