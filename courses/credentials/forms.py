"""Forms of credentials. What an action refuses is shown beside the input that it names."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.dates import MONTHS
from django.utils.translation import gettext_lazy as _

from courses.catalog.models import Certification
from courses.credentials.models import CredentialHeld
from courses.credentials.rules import Bucket

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


class CertificationField(forms.ModelChoiceField):
    """Certifications under the body that grants them."""

    def grouped(self) -> list[tuple[str, Any]]:
        rows = self.queryset.select_related("body").order_by("body__short", "abbreviation")  # type: ignore[union-attr]  # set by the form
        groups: list[tuple[str, Any]] = [("", _("Choose one"))]
        for body, found in groupby(rows, key=lambda row: row.body.short):
            groups.append((body, [(row.pk, f"{row.abbreviation}: {row.name}") for row in found]))
        return groups


class CredentialForm(RefusableForm):
    """A credential and what fixes the dates of its cycle."""

    certification = CertificationField(label=_("Credential"), queryset=Certification.objects.none())
    number = forms.CharField(label=_("Number"), max_length=40, required=False)
    earned_on = date_field(_("Certified on"))
    status = forms.ChoiceField(
        label=_("Status"), choices=CredentialHeld.Status.choices, initial=CredentialHeld.Status.ACTIVE
    )
    renewal_month = forms.TypedChoiceField(
        label=_("Membership expires in"),
        coerce=int,
        empty_value=None,
        required=False,
        choices=[("", _("not an AAPC credential")), *MONTHS.items()],
        help_text=_("AAPC: an odd month falls due in odd years, an even month in even years."),
    )
    last_on = date_field(
        _("Last day of the running cycle"),
        required=False,
        help_text=_(
            "As the body's site shows it. Leave it empty when the month or the day certified fixes it."
        ),
    )
    required = forms.DecimalField(
        label=_("CEUs asked for"),
        required=False,
        min_value=0,
        max_value=999,
        decimal_places=2,
        help_text=_("Only if the body told you another number than its rules."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["certification"]
        assert isinstance(field, CertificationField)
        field.queryset = Certification.objects.all()
        field.choices = field.grouped()

    def values(self) -> dict[str, Any]:
        """What ``record_credential`` takes: the first day after the cycle instead of its last."""
        values = dict(self.cleaned_data)
        last_on = values.pop("last_on")
        return values | {"ends_on": last_on + timedelta(days=1) if last_on else None}


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
