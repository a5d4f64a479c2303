"""The number that somebody checks, and why a certificate is taken back."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.credentials.certifying import read_number
from courses.credentials.forms.fields import RefusableForm


class NumberForm(forms.Form):
    """A check number, however it was copied."""

    number = forms.CharField(
        label=gettext_lazy("Number of the certificate"),
        max_length=200,
        help_text=gettext_lazy(
            "26 letters and digits, as printed. Hyphens, spaces and small letters do not matter."
        ),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}
        ),
    )

    def clean_number(self) -> str:
        found = read_number(self.cleaned_data["number"])
        if found is None:
            raise forms.ValidationError(
                _("A number has 26 letters and digits, such as 0A1B2-C3D4E-5F6G7-H8J9K-M0N1P2.")
            )
        return found


class ReasonForm(RefusableForm):
    reason = forms.CharField(
        label=gettext_lazy("Reason, shown to everybody"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("It stands on the public page of the certificate. No names, no addresses."),
    )
