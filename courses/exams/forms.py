"""What a browser may send while an exam runs."""

from typing import Any

from django import forms

#: PostgreSQL's integer: ``Response.seq`` and positions.
_MAX = 2**31 - 1


class AnswerForm(forms.Form):
    """An answer, or a mark on a question, as JSON or as a form.

    JSON brings ``client_id`` and ``seq`` of its tab; a plain form has neither.
    """

    position = forms.IntegerField(min_value=1, max_value=_MAX)
    choice = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    client_id = forms.RegexField(r"^[0-9a-f]{16,32}$", required=False)
    seq = forms.IntegerField(min_value=1, max_value=_MAX, required=False)
    flagged = forms.NullBooleanField(required=False)
    struck = forms.JSONField(required=False)

    def clean_struck(self) -> list[int] | None:
        struck = self.cleaned_data["struck"]
        if struck is not None and not (isinstance(struck, list) and all(type(one) is int for one in struck)):
            raise forms.ValidationError("a list of ids")
        return struck

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if (cleaned.get("seq") is None) != (not cleaned.get("client_id")):
            raise forms.ValidationError("client_id and seq come together")
        if all(cleaned.get(name) is None for name in ("choice", "flagged", "struck")):
            raise forms.ValidationError("nothing to save")
        return cleaned
