"""Forms of activities that earned CEUs."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from courses.credentials.forms.fields import RefusableForm, date_field
from courses.credentials.rules import Bucket


class CreditForm(RefusableForm):
    """An activity that earned CEUs."""

    title = forms.CharField(label=_("What"), max_length=200)
    completed_on = date_field(_("Completed on"))
    ceus = forms.DecimalField(
        label=_("CEUs"),
        required=False,
        min_value=0,
        max_value=999,
        decimal_places=2,
        help_text=_("As the certificate states them. Leave empty to work them out from the minutes."),
    )
    minutes = forms.IntegerField(label=_("Minutes"), required=False, min_value=1, max_value=10_000)
    provider = forms.CharField(label=_("Provider"), max_length=120, required=False)
    index_number = forms.CharField(
        label=_("Index number"), max_length=60, required=False, help_text=_("AAPC asks for it.")
    )
    topics = forms.MultipleChoiceField(
        label=_("Counts for"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, buckets: Sequence[Bucket], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.buckets = buckets
        field = self.fields["topics"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(bucket.key, bucket.title) for bucket in buckets]
        if not buckets:
            del self.fields["topics"]

    def clean(self) -> dict[str, Any]:
        """Say at once when a part ticked would not count, because it is not from one of its providers."""
        cleaned = super().clean() or self.cleaned_data
        for bucket in self.buckets:
            ticked = bucket.key in cleaned.get("topics", ())
            if ticked and not bucket.admits_provider(cleaned.get("provider", "")):
                self.add_error(
                    "provider",
                    _("“%(title)s” counts only what %(providers)s offer: name one of them, or untick it.")
                    % {"title": bucket.title, "providers": ", ".join(bucket.providers)},
                )
        return cleaned


class WithdrawForm(RefusableForm):
    """Why an own entry is taken back."""

    reason = forms.CharField(label=_("Why do you withdraw it?"), max_length=300)
