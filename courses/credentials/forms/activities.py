"""Forms of activities that earned CEUs."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from courses.credentials.forms.evidence import evidence_field
from courses.credentials.forms.fields import RefusableForm, date_field
from courses.credentials.models import Credit
from courses.credentials.queries.activities import BodyParts


class CreditForm(RefusableForm):
    """An activity that earned CEUs; the parts of each body are a field of their own."""

    title = forms.CharField(label=_("What"), max_length=200)
    completed_on = date_field(_("Completed on"))
    minutes = forms.IntegerField(
        label=_("Minutes"),
        required=False,
        min_value=1,
        max_value=10_000,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    ceus = forms.DecimalField(
        label=_("CEUs"),
        required=False,
        min_value=0,
        max_value=999,
        decimal_places=2,
        widget=forms.NumberInput(attrs={"inputmode": "decimal"}),
        help_text=_("As the certificate states them. Leave empty to work them out from the minutes."),
    )
    provider = forms.CharField(
        label=_("Provider"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"list": "providers", "autocomplete": "off"}),
    )
    index_number = forms.CharField(
        label=_("Index number"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "mono"}),
        help_text=_("AAPC counts nothing without one. It stands on the certificate."),
    )
    activity = forms.ChoiceField(
        label=_("Kind of activity"),
        choices=Credit.Activity.choices,
        initial=Credit.Activity.OTHER,
        required=False,
    )

    def __init__(self, *args: Any, bodies: Sequence[BodyParts], today: date, **kwargs: Any) -> None:
        initial = {"completed_on": today} | (kwargs.get("initial") or {})
        topics = set(initial.pop("topics", ()))
        kwargs["initial"] = initial
        super().__init__(*args, **kwargs)
        self.fields["completed_on"].widget.attrs["max"] = today.isoformat()
        self.bodies = [body for body in bodies if body.demands]
        for body in self.bodies:
            offered = [(one.key, one.title) for one in body.demands]
            self.fields[f"parts_{body.key}"] = forms.MultipleChoiceField(
                label=_("What it was about, for %(body)s") % {"body": body.name},
                required=False,
                choices=offered,
                initial=[key for key, _title in offered if key in topics],
                widget=forms.CheckboxSelectMultiple,
            )
        self.fields["file"] = evidence_field()

    @property
    def topics(self) -> list[str]:
        """Keys of the parts that are ticked, of every body."""
        names = [f"parts_{body.key}" for body in self.bodies]
        return sorted({key for name in names for key in self.cleaned_data.get(name, ())})

    def values(self) -> dict[str, Any]:
        """What ``add_credit`` takes of a valid form."""
        own = ("title", "completed_on", "minutes", "ceus", "provider", "index_number")
        values = {name: self.cleaned_data[name] for name in own}
        return values | {
            "activity": self.cleaned_data["activity"] or Credit.Activity.OTHER,
            "topics": self.topics,
        }

    def clean(self) -> dict[str, Any]:
        """Say at once when a part ticked would not count, because it is not from one of its providers."""
        cleaned = super().clean() or self.cleaned_data
        for body in self.bodies:
            for demand in body.demands:
                ticked = demand.key in cleaned.get(f"parts_{body.key}", ())
                if ticked and not demand.bucket.admits_provider(cleaned.get("provider", "")):
                    self.add_error(
                        "provider",
                        _("“%(title)s” counts only what %(providers)s offer: name one of them, or untick it.")
                        % {"title": demand.title, "providers": ", ".join(demand.bucket.providers)},
                    )
        return cleaned


class WhatIfForm(CreditForm):
    """An activity that is only thought of: its amount and kind decide, it needs no name."""

    has_number = forms.BooleanField(label=_("It has an index number of AAPC"), required=False, initial=True)
    field_order = ("ceus", "minutes", "completed_on", "provider", "has_number", "activity")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("title", "index_number", "file"):
            del self.fields[name]
        self.fields["completed_on"].required = False
        del self.fields["completed_on"].widget.attrs["max"]  # it may lie ahead


class WithdrawForm(RefusableForm):
    """Why an own entry is taken back."""

    reason = forms.CharField(label=_("Why do you withdraw it?"), max_length=300)


class LedgerFilter(forms.Form):
    """Which lines of the ledger are shown; what cannot be read is as if it were not asked."""

    body = forms.ChoiceField(label=_("Body"), required=False)
    cycle = forms.ChoiceField(label=_("Cycle"), required=False)
    year = forms.ChoiceField(label=_("Year"), required=False)
    state = forms.ChoiceField(label=_("State"), required=False)

    def __init__(self, *args: Any, choices: Mapping[str, Sequence[tuple[str, Any]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, offered in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", _("all")), *offered]

    def chosen(self) -> dict[str, str]:
        """The choices that are known here."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
