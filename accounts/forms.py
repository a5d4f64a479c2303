"""Forms of accounts."""

from zoneinfo import available_timezones

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.actions import accept_terms
from accounts.models import Purpose, User
from accounts.terms import TERMS_VERSION


def zone_choices() -> list[tuple[str, str]]:
    """IANA zones by region, as a person looks for theirs."""
    return [(z, z.replace("_", " ")) for z in sorted(available_timezones()) if "/" in z or z == "UTC"]


def _terms_link() -> str:
    return format_html(
        '<a href="{}" target="_blank">{}</a>', reverse("pages:notices"), _("Read them in a new tab")
    )


terms_link = lazy(_terms_link, str)()


class SignupForm(forms.Form):
    """What sign-up asks beside e-mail and password."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=120,
        help_text=_("As it should stand on certificates."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=zone_choices,
        initial="UTC",
        help_text=_("Due dates and reminders follow it. You can change it later."),
        widget=forms.Select(attrs={"data-guess-zone": ""}),
    )
    terms = forms.BooleanField(label=_("I have read and accept the terms and notices"), help_text=terms_link)

    field_order = ("email", "name", "password1", "time_zone", "terms")

    def signup(self, request: HttpRequest, user: User) -> None:
        """allauth calls this when the account is made."""
        user.name = self.cleaned_data["name"]
        user.time_zone = self.cleaned_data["time_zone"]
        user.save(update_fields=["name", "time_zone"])
        accept_terms(user=user, version=TERMS_VERSION, at=timezone.now())


class ProfileForm(forms.ModelForm):
    """What a person tells about themself."""

    class Meta:
        model = User
        fields = ("name", "time_zone", "purpose", "exam_on")
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "exam_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "purpose": forms.RadioSelect,
        }
        help_texts = {"exam_on": _("Only if you have booked one or know roughly when.")}

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # ModelForm's own signature
        self.fields["time_zone"] = forms.ChoiceField(
            label=_("Time zone"),
            choices=zone_choices,
            help_text=_("Due dates and reminders follow it."),
            widget=forms.Select(attrs={"data-guess-zone": ""}),
        )
        self.fields["name"].required = True
        purpose = self.fields["purpose"]
        assert isinstance(purpose, forms.TypedChoiceField)
        purpose.choices = Purpose.choices  # without the empty one: a radio nobody could name

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if cleaned.get("purpose") != "exam":
            cleaned["exam_on"] = None
        return cleaned


class TermsForm(forms.Form):
    """One box that must be ticked."""

    terms = forms.BooleanField(label=_("I have read and accept the terms and notices"))
