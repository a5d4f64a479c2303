"""What someone may ask of the look-up."""

from datetime import date
from typing import Any, Final

from django import forms
from django.core.files import File
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from courses.codesets.actions.files import loaded_from
from courses.codesets.errors import LoadRefused
from courses.codesets.licensing import LICENSED, check_loadable
from courses.codesets.models import CodeChange, LicencePack, LicenceSeat, Release, Synonym
from courses.codesets.official import FORMATS
from courses.codesets.systems import System
from portal.lib.uploads import MAX_BYTES, too_long

#: Beyond these years no code system was or will be in force.
_YEARS: Final = (MinValueValidator(date(1990, 1, 1)), MaxValueValidator(date(2099, 12, 31)))


class LookupForm(forms.Form):
    """Words or a code, the system they belong to, and the date of service that the answer is for."""

    q = forms.CharField(label=_("Words or a code"), required=False, max_length=20_000)
    system = forms.ChoiceField(
        label=_("Code system"), required=False, choices=[("", _("All systems")), *System.choices]
    )
    on = forms.DateField(
        label=_("Date of service"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=_YEARS,
        error_messages={"invalid": _("Write the date like 2026-04-01; today's codes are shown instead.")},
    )


class ChangesForm(forms.Form):
    """Which differences of a release to show."""

    kind = forms.ChoiceField(
        label=_("Change"), required=False, choices=[("", _("all changes")), *CodeChange.Kind.choices]
    )
    begins = forms.CharField(
        label=_("Code begins with"),
        required=False,
        max_length=10,
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
    )
    rows = forms.ChoiceField(
        label=_("Rows"), required=False, choices=[("", _("codes")), ("headings", _("headings"))]
    )


def _formats() -> list[tuple[str, list[tuple[str, str]]]]:
    """The files that can be loaded, system by system."""
    return [
        (label, [(name, f"{label}: {form.title}") for name, form in FORMATS.items() if form.system == system])
        for system, label in System.choices
        if any(form.system == system for form in FORMATS.values())
    ]


class LoadFileForm(forms.Form):
    """An official file and what it does not say of itself: which it is, its name and its first day.

    ``today`` decides about licences; ``meta`` is the request's, which knows of a file that was cut off.
    """

    format = forms.ChoiceField(label=_("What the file is"), choices=_formats)
    file = forms.FileField(
        label=_("File"),
        max_length=200,
        widget=forms.FileInput,
        help_text=_("As it was published, or the zip it came in; at most %(n)d MB.")
        % {"n": MAX_BYTES // (1024 * 1024)},
    )
    label = forms.CharField(
        label=_("Label"),
        max_length=40,
        help_text=_("Its name among releases, such as FY2027 or 2027 January."),
    )
    effective_from = forms.DateField(
        label=_("In force from"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=_YEARS,
        help_text=_("The first date of service that it counts for: 1 October for a fiscal year."),
    )

    def __init__(
        self, *args: Any, today: date, meta: dict[str, Any], may_license: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.may_license = today, may_license
        self.fields["file"].error_messages["required"] = (
            _("The file is longer than %(n)d MB; nothing of it was kept.") % {"n": MAX_BYTES // (1024 * 1024)}
            if too_long(meta) == self.add_prefix("file")
            else _("Choose the file.")
        )

    def clean_label(self) -> str:
        return " ".join(self.cleaned_data["label"].split())

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if "format" not in cleaned:
            return cleaned
        form = FORMATS[cleaned["format"]]
        if form.system in LICENSED and not self.may_license:
            self.add_error("format", _("Only an administrator loads files of a licensed code system."))
        try:
            check_loadable(form.system, self.today)
        except LoadRefused as refusal:
            self.add_error("format", str(refusal))
            return cleaned
        file: File[bytes] | None = cleaned.get("file")
        same = loaded_from(file, format=cleaned["format"]) if file else None
        if same is not None:
            self.add_error("file", _("This very file is loaded already, as %(release)s.") % {"release": same})
            return cleaned
        placed = Release.objects.of_book(form.system, form.book)
        label, first_day = cleaned.get("label"), cleaned.get("effective_from")
        if label and placed.filter(label=label).exists():
            self.add_error("label", _("There is a release of this label already."))
        if first_day and placed.filter(effective_from=first_day).exists():
            self.add_error("effective_from", _("There is a release of this day already."))
        return cleaned


class LicencePackForm(forms.ModelForm):
    """A licence as its paper says; it is never for fewer people than have a seat."""

    class Meta:
        model = LicencePack
        fields = ("system", "number", "licensee", "users", "starts_on", "expires_on")

    def clean_users(self) -> int:
        users: int = self.cleaned_data["users"]
        if self.instance.pk and (taken := self.instance.seats_taken()) > users:
            raise forms.ValidationError(
                _("%(n)d people have a seat; take some back first."), params={"n": taken}
            )
        return users


class LicenceSeatForm(forms.ModelForm):
    """A person, by the address they sign in with, and the licence that counts them."""

    email = forms.EmailField(label=_("E-mail of the person"))

    class Meta:
        model = LicenceSeat
        fields = ("pack",)

    def clean_email(self) -> str:
        found = User.objects.filter(email__iexact=self.cleaned_data["email"], is_active=True).first()
        if found is None:
            raise forms.ValidationError(_("Nobody with this address has an account."))
        self.instance.user = found
        return found.email

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        pack: LicencePack | None = cleaned.get("pack")
        if pack is None or "email" not in cleaned:
            return cleaned
        if pack.seats.filter(user=self.instance.user).exists():
            self.add_error("email", _("This person has a seat of this licence."))
        elif pack.seats_taken() >= pack.users:
            self.add_error(
                "pack",
                _("All %(n)d seats of this licence are taken; take one back first.") % {"n": pack.users},
            )
        return cleaned


class SynonymForm(forms.ModelForm):
    """What people type and what the books call it, without regard to case."""

    class Meta:
        model = Synonym
        fields = ("phrase", "means")

    def clean_phrase(self) -> str:
        return " ".join(self.cleaned_data["phrase"].casefold().split())

    def clean_means(self) -> str:
        return " ".join(self.cleaned_data["means"].casefold().split())


class SavedNoteForm(forms.Form):
    """What a person notes at a code they keep."""

    note = forms.CharField(
        label=_("Your note"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Only you see it."),
    )
