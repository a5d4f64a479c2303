"""Forms of credentials held. What an action refuses is shown beside the input that it names."""

from datetime import timedelta
from itertools import groupby
from typing import Any

from django import forms
from django.utils.dates import MONTHS
from django.utils.translation import gettext_lazy as _

from courses.catalog.models import Certification
from courses.credentials.forms.fields import RefusableForm, date_field
from courses.credentials.models import CredentialHeld


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
