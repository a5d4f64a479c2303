"""A statement that is true or false."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.exams import paper
from courses.exams.kinds.base import Doc, Kind, rows_of, text_of
from courses.exams.kinds.single import Single


class TrueFalse(Single):
    key = "true_false"
    label: str | Promise = gettext_lazy("true or false")
    row_count = (2, 2)

    def problems(self, source: Doc) -> list[str]:
        problems = super().problems(source)
        if {text_of(one, "text") for one in rows_of(source, "choices")} != {"True", "False"}:
            problems.append(_("The options must be “True” and “False”."))
        return problems

    def order(self, asked: Doc) -> list[int]:
        return []

    def _as_written(self, options: Mapping[str, Any]) -> list[int]:
        # True comes first whatever the writer put first: many write the right one first
        words = {
            int(pk): paper.plain(one if isinstance(one, str) else one["html"]) for pk, one in options.items()
        }
        return sorted(words, key=lambda pk: words[pk] != "True")


KIND: Kind = TrueFalse()
