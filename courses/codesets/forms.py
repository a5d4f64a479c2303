"""What someone may ask of the look-up."""

from datetime import date

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _


class LookupForm(forms.Form):
    """Words or a code, and the date of service that the answer is for."""

    q = forms.CharField(label=_("Words or a code"), required=False, max_length=20_000)
    on = forms.DateField(
        label=_("Date of service"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        # beyond these years no code system was or will be in force
        validators=[MinValueValidator(date(1990, 1, 1)), MaxValueValidator(date(2099, 12, 31))],
        error_messages={"invalid": _("Write the date like 2026-04-01; today's codes are shown instead.")},
    )
