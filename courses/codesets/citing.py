"""Citations as an editor types them, one a line: ``guideline I.B.13``, ``tabular E11.6``."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from courses.codesets.models import Citation


def cited(text: str) -> list[tuple[str, str]]:
    """``(kind, ref)`` of each line; raises ``ValidationError`` naming the line that is no citation."""
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        kind, _space, ref = line.partition(" ")
        if kind not in Citation.Kind.values or not ref.strip():
            raise ValidationError(
                _("“%(line)s” must begin with guideline, index, tabular or source."), params={"line": line}
            )
        found.append((kind, ref.strip()))
    return found


class CitationsField(forms.CharField):
    """A text field of citations, one a line."""

    widget = forms.Textarea

    def validate(self, value: str) -> None:
        super().validate(value)
        cited(value)
