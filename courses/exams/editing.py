"""The editor's form of a question: fields made of what its kind asks for, and the way back to a source."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import yaml
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from courses.exams.kinds.base import Blank, Doc, Kind, rows_of, text_of

#: Empty rows that are shown beyond those written, so that more can be added without a script.
SPARE = 2
#: Blanks that explain a key and are no part of it.
WORDS = frozenset({"rationale", "mistake"})
#: As long as a text may be.
LONGEST = 20_000


class TextField(forms.CharField):
    """Text as it was typed, with the line ends of the source whatever the browser sends."""

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n")


class YamlField(TextField):
    """A mapping as it stands in a content pack."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return {}
        try:
            found = yaml.safe_load(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else 1
            raise ValidationError(
                _("Line %(line)d cannot be read: %(problem)s."),
                params={"line": line, "problem": getattr(error, "problem", None) or _("this is not YAML")},
            ) from error
        if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
            raise ValidationError(
                _("This must be names with values, such as “choices:” and a list below it.")
            )
        return found


def field_of(blank: Blank, label: str) -> forms.Field:
    """The form field of a blank. None is required: the kind says what is missing, and a draft may lack it."""
    told: dict[str, Any] = {"label": label, "help_text": blank.help_text, "required": False}
    match blank.widget:
        case "check":
            return forms.BooleanField(**told)
        case "choice":
            return forms.ChoiceField(choices=[("", "–"), *blank.choices], **told)
        case "line" | "number":
            mode = {"inputmode": "numeric"} if blank.widget == "number" else {}
            return TextField(max_length=400, widget=forms.TextInput(attrs=mode), **told)
        case "yaml":
            area = forms.Textarea(attrs={"rows": 10, "class": "mono", "spellcheck": "false"})
            return YamlField(max_length=LONGEST, widget=area, **told)
        case _:
            area = forms.Textarea(attrs={"rows": 2, "class": "markdown-source"})
            return TextField(max_length=LONGEST, widget=area, **told)


def row_total(kind: Kind, source: Doc, posted: Mapping[str, Any] | None = None, *, spare: int = SPARE) -> int:
    """How many rows the form has: those written and a few more, or as many as came back from it."""
    fewest, most = kind.row_count
    sent = [int(name.split("_")[1]) for name in posted or () if _is_row(name)]
    return min(most, max(fewest, len(rows_of(source, kind.rows_name)) + spare, *sent, 0))


def _is_row(name: str) -> bool:
    head, _dash, rest = name.partition("_")
    return head == "row" and rest.partition("_")[0].isdecimal() and len(rest) < 40


def set_name(blank: Blank) -> str:
    return f"set_{blank.name}"


def row_name(number: int, blank: Blank) -> str:
    return f"row_{number}_{blank.name}"


def row_label(kind: Kind, number: int) -> str:
    return f"{kind.rows_label} {number}"


def fields_of(kind: Kind, rows: int, *, without: Collection[str] = ()) -> dict[str, forms.Field]:
    """All fields of a question of this kind, by their names; blanks of the names ``without`` are left out."""
    fields = {
        set_name(blank): field_of(blank, str(blank.label))
        for blank in kind.blanks
        if blank.name not in without
    }
    for number in range(1, rows + 1):
        for blank in kind.row_blanks:
            if blank.name in without:
                continue
            label = f"{row_label(kind, number)}: {blank.label}"
            fields[row_name(number, blank)] = field_of(blank, label)
    return fields


def initial_of(kind: Kind, source: Doc) -> dict[str, Any]:
    """What the fields show of a source."""
    shown = {set_name(blank): _shown(blank, source, ()) for blank in kind.blanks}
    others = {blank.name for blank in kind.row_blanks}
    for number, row in enumerate(rows_of(source, kind.rows_name), start=1):
        for blank in kind.row_blanks:
            shown[row_name(number, blank)] = _shown(blank, row, others)
    return shown


def _shown(blank: Blank, doc: Doc, others: Any) -> Any:
    value = doc.get(blank.name)
    if blank.widget == "check":
        return bool(value)
    if blank.widget == "yaml":
        given = value if isinstance(value, Mapping) else {}
        rest = {**given, **{name: one for name, one in doc.items() if name not in others}}
        return yaml.safe_dump(rest, sort_keys=False, allow_unicode=True, width=100).strip() if rest else ""
    if isinstance(value, list):
        return ("\n" if blank.widget == "area" else ", ").join(str(one) for one in value)
    return text_of(doc, blank.name)


def source_of(kind: Kind, cleaned: Mapping[str, Any], rows: int) -> dict[str, Any]:
    """The source that the fields hold; rows in which nothing was typed are left out."""
    once = {blank.name: cleaned.get(set_name(blank)) for blank in kind.blanks}
    source = dict(_given(kind.blanks, once))
    if kind.row_blanks:
        found = []
        for number in range(1, rows + 1):
            names = {blank.name: row_name(number, blank) for blank in kind.row_blanks}
            row = dict(_given(kind.row_blanks, {name: cleaned.get(field) for name, field in names.items()}))
            if row:
                found.append(row)
        source[kind.rows_name] = found
    return source


def _given(blanks: tuple[Blank, ...], values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for blank in blanks:
        value = values[blank.name]
        if not value:
            continue
        if blank.widget == "yaml":
            yield from value.items()
        else:
            yield blank.name, value
