"""A file in a form: looked into when everything else is right, and what was typed is kept when it is not."""

from typing import Final

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.requests import person_of
from courses.credentials.files import MAX_BYTES, SENTENCES, Accepted, NotAccepted, Reason, accept
from courses.credentials.forms.fields import RefusableForm
from courses.credentials.scanning import scan
from portal.lib.limits import is_within_limit
from portal.lib.uploads import most_uploaded, too_long

#: Files that one person may give in an hour.
PER_HOUR: Final = 20
#: For views that take evidence: a longer file is let go while it arrives.
takes_evidence = most_uploaded(MAX_BYTES)


def evidence_field(*, required: bool = False) -> forms.FileField:
    """The input for a file of evidence; ``accepted_from`` reads it."""
    return forms.FileField(
        label=_("Certificate or other proof"),
        required=required,
        help_text=_("PDF, PNG or JPEG, up to 10 MB. Only you and those who review it can open it."),
        widget=forms.FileInput(attrs={"accept": "application/pdf,image/png,image/jpeg"}),
        error_messages={"required": _("Choose a file."), "empty": SENTENCES[Reason.EMPTY]},
    )


def accepted_from(form: forms.Form, *, request: HttpRequest, name: str = "file") -> Accepted | None:
    """The file of a bound form, looked into; ``None`` without one, or when the form now has an error.

    Call it on every POST before ``form.is_valid()``. The file is looked into only when the rest is right.
    """
    if too_long(request.META) == form.add_prefix(name):
        form.errors.pop(name, None)
        _refuse(form, name, NotAccepted(Reason.LONG))
        return None
    given = form.files.get(form.add_prefix(name))
    if given is None:
        return None
    if form.errors:
        if name not in form.errors:
            form.add_error(name, _("Choose the file again: a browser does not keep it."))
        return None
    if not is_within_limit(request, "evidence", amount=PER_HOUR, seconds=3600, who=person_of(request).pk):
        message = _("You gave %(n)d files within an hour. Try again later.")
        form.add_error(name, ValidationError(message, code="often", params={"n": PER_HOUR}))
        return None
    address = settings.CLAMAV_ADDRESS
    try:
        return accept(given.chunks(), scan=(lambda path: scan(path, address)) if address else None)
    except NotAccepted as refusal:
        _refuse(form, name, refusal)
        return None


def _refuse(form: forms.Form, name: str, refusal: NotAccepted) -> None:
    form.add_error(name, ValidationError(str(refusal), code=refusal.reason.value))


def status_of(form: forms.Form) -> int:
    """The status of the page that shows ``form``: 200, or what was wrong with it."""
    codes = {error.code for errors in form.errors.as_data().values() for error in errors}
    if Reason.LONG.value in codes:
        return 413
    if "often" in codes:
        return 429
    return 422 if form.errors else 200


class EvidenceForm(RefusableForm):
    """A file for an activity that is in the ledger, or for a proof."""

    file = evidence_field(required=True)


class RemovalForm(RefusableForm):
    """Why a file is taken out."""

    reason = forms.CharField(label=_("Why do you remove it?"), max_length=300)


class ReviewForm(RefusableForm):
    """What a reviewer decides, about the files up to ``seen``."""

    seen = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("What is missing or wrong"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The person reads it. Needed only to return the activity."),
    )
