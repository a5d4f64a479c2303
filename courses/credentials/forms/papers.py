"""Choosing the days and the body of a paper."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from courses.catalog.models import Body
from courses.credentials.forms.fields import RefusableForm, date_field


class DaysForm(RefusableForm):
    """A range of days, both included."""

    first_on = date_field(_("First day"))
    last_on = date_field(_("Last day"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("first_on"), cleaned.get("last_on")
        if first and last and last < first:
            self.add_error("last_on", _("The last day lies before the first."))
        return cleaned


class BodyField(forms.ModelChoiceField):
    """Bodies of the person, by their keys."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Body.objects.none(), to_field_name="key", label=_("Body"), **options)

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.short)


class TranscriptForm(DaysForm):
    """What a transcript is about; without a body, everything counts with every body."""

    body = BodyField(required=False, empty_label=_("All bodies"))

    def __init__(self, *args: Any, bodies: Sequence[Body], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["body"], bodies)


class PacketForm(DaysForm):
    """What an audit packet is about."""

    body = BodyField(empty_label=None)

    field_order = ("body", "first_on", "last_on")

    def __init__(self, *args: Any, bodies: Sequence[Body], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["body"], bodies)


def _offer(field: forms.Field, bodies: Sequence[Body]) -> None:
    assert isinstance(field, BodyField)
    field.queryset = Body.objects.filter(pk__in=[one.pk for one in bodies]).order_by("short")
