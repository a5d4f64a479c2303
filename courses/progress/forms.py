"""Forms of progress."""

from django import forms
from django.utils.translation import gettext_lazy as _


class NoteForm(forms.Form):
    """A person's own note beside a lesson."""

    text = forms.CharField(
        label=_("My note"), required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 5})
    )


class ReportForm(forms.Form):
    """What is wrong with a lesson."""

    text = forms.CharField(
        label=_("What is wrong?"),
        max_length=2000,
        help_text=_("Name the sentence or the code. An editor reads it and answers."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )
