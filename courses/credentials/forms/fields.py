"""What the forms of credentials share."""

from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

#: No living coder was certified before, and no cycle that runs now ends after.
EARLIEST, LATEST = date(1940, 1, 1), date(2099, 12, 31)


def date_field(label: Any, **options: Any) -> forms.DateField:
    """A date between the years in which a date of a credential can lie."""
    limits = [MinValueValidator(EARLIEST), MaxValueValidator(LATEST)]
    return forms.DateField(label=label, widget=date_input(), validators=limits, **options)


def date_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class RefusableForm(forms.Form):
    """A form that can show what an action refused."""

    def refuse(self, refusal: Exception) -> None:
        """Put the refusal beside its input, or above the form when it names none of this form's."""
        field = getattr(refusal, "field", "")
        self.add_error(field if field in self.fields else None, str(refusal))
