"""What a person wants to get, and when."""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.reminders import kinds
from courses.reminders.timing import Hours


class PreferencesForm(forms.Form):
    """One tick for each kind, and the person's hours."""

    hour = forms.TypedChoiceField(
        label=gettext_lazy("Send at"),
        coerce=int,
        choices=[(h, f"{h:02}:00") for h in range(24)],
    )
    quiet_from = forms.TypedChoiceField(
        label=gettext_lazy("Never from"),
        coerce=int,
        choices=[(h, f"{h:02}:00") for h in range(24)],
    )
    quiet_until = forms.TypedChoiceField(
        label=gettext_lazy("Until"),
        coerce=int,
        choices=[(h, f"{h:02}:00") for h in range(24)],
        help_text=gettext_lazy("The same hour twice means no quiet hours."),
    )
    weekends = forms.BooleanField(label=gettext_lazy("Also on Saturdays and Sundays"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in kinds.registered():
            self.fields[self.name_of(kind.key)] = forms.BooleanField(label=str(kind.label), required=False)

    @staticmethod
    def name_of(kind: str) -> str:
        return f"on_{kind}"

    @property
    def hour_fields(self) -> list[BoundField]:
        return [self[name] for name in ("hour", "quiet_from", "quiet_until", "weekends")]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if {"hour", "quiet_from", "quiet_until"} <= cleaned.keys() and self.hours.are_quiet(cleaned["hour"]):
            self.add_error("hour", _("This hour is in your quiet hours: choose another, or change those."))
        return cleaned

    @property
    def hours(self) -> Hours:
        cleaned = self.cleaned_data
        return Hours(
            cleaned["hour"], cleaned["quiet_from"], cleaned["quiet_until"], cleaned.get("weekends", False)
        )

    @property
    def is_on(self) -> dict[str, bool]:
        return {kind.key: self.cleaned_data[self.name_of(kind.key)] for kind in kinds.registered()}
