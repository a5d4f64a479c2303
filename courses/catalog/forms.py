"""Forms of the catalog."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from courses.catalog.models import Level
from courses.codesets.systems import System


class CatalogFilter(forms.Form):
    """What to look for in the catalog; every field may stay empty, an unknown value is ignored."""

    path = forms.ChoiceField(label=_("Path"), required=False)
    certification = forms.ChoiceField(label=_("Prepares for"), required=False)
    system = forms.ChoiceField(
        label=_("Code system"), required=False, choices=[("", _("Any")), *System.choices]
    )
    level = forms.ChoiceField(label=_("Level"), required=False, choices=[("", _("Any")), *Level.choices])
    hours = forms.DecimalField(label=_("At most hours"), required=False, min_value=0, max_value=999)
    ceus = forms.DecimalField(label=_("At least CEUs"), required=False, min_value=0, max_value=999)

    def __init__(self, *args: Any, choices: dict[str, list[tuple[str, str]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, options in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", _("Any")), *options]
